"""A training that times its first steps, and says so where all of them would take too long."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from typing import Any

TIMED = 10  # steps


class TooSlow(Exception):
    """A training would take longer than it may.

    Args:
        steps: For how many there is time.
        step: The seconds that one takes.
    """

    def __init__(self, steps: float, step: float) -> None:
        super().__init__(f"There is time for {steps:.0f} steps of {step:.2g} s.")
        self.steps, self.step = steps, step


def watch(seconds: float, steps: float, slowest: float = math.inf) -> Any:
    """Makes a callback that raises `TooSlow` after ten steps, if all of them would take longer than there is time for.

    Where Keras runs several steps at once, it is ten times as many.

    Args:
        seconds: From now on, until the last step has to have ended; what comes before the first one counts.
        steps: Of the whole training.
        slowest: Seconds that a step may take, however few there are.

    Returns:
        A Keras callback, for one call of `fit`.

    Example:

    >>> model.fit(x, y, epochs=100, callbacks=[watch(60.0, steps=100 * batches)])
    """
    import keras

    class Watch(keras.callbacks.Callback):
        counts_steps = True

        def __init__(self) -> None:
            super().__init__()
            self.begun = time.monotonic()
            self.first, self.at_once = 0, 1
            self.ends: list[float] = []

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.first = batch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if len(self.ends) > TIMED:
                return
            self.at_once = max(self.at_once, batch - self.first + 1)
            self.ends.append(time.monotonic())
            if len(self.ends) > TIMED:
                took = statistics.median(after - before for before, after in itertools.pairwise(self.ends))
                step = took / self.at_once
                most = max(1.0, (seconds - (self.ends[0] - self.begun)) / max(step, 1e-9))
                if most < steps or step > slowest:
                    raise TooSlow(min(most, steps), step)

    return Watch()
