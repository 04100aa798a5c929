"""Which steps of a sequence a network takes, where it has more of them: in Keras and in NumPy alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas.sequences import LONGEST, real_steps

USUAL = 0.95  # of the sequences are taken as a whole


@dataclasses.dataclass(frozen=True)
class Window:
    """The last steps of sequences, several of which may be one: their mean.

    Attributes:
        steps: How many a network takes.
        pace: How many are one, counted from the first.
    """

    steps: int = 0
    pace: int = 1

    @classmethod
    def of(cls, x: Mapping[str, np.ndarray], whole: bool) -> Window:
        """Learns it from training sequences.

        Args:
            x: Checked.
            whole: Whether several steps become one where more than one in twenty sequences is too long. How many is the same
                for all: what happens in a second has to look alike in a long and in a short one. It does not follow the
                longest, for where a few are a hundred times as long as the others, of those nothing would be left.
        """
        real = real_steps(x).sum(1)
        pace = int(np.ceil(np.quantile(real, USUAL, method="higher") / LONGEST)) if whole else 1
        return cls(int(min(LONGEST, np.ceil(real.max() / pace))), pace)

    def places(self, length: Any, time: Any, ops: Any = np) -> tuple[Any, Any]:
        """Which steps are taken: all, or the last if there are more.

        Args:
            length: Of the sequences, (n, 1), floats.
            time: Steps of their array.
            ops: `numpy`, or `keras.ops` for tensors.

        Returns:
            Their places in the array, floats (n, steps * pace); and which of them are none of the padding, 1 or 0.
        """
        real = ops.minimum(length, time)
        skipped = ops.maximum(ops.ceil(real / float(self.pace)) - float(self.steps), 0.0)
        at = skipped * float(self.pace) + np.arange(self.steps * self.pace, dtype=np.float32)[None]
        return ops.minimum(at, time - 1), ops.where(ops.less(at, real), ops.ones_like(at), ops.zeros_like(at))

    def mask(self, real: Any) -> Any:
        """Which of the steps that a network takes are real, (n, steps).

        Args:
            real: As `places` returns it.
        """
        return real[:, :: self.pace]

    def take(self, x: Any, places: Any, real: Any, ops: Any = np) -> Any:
        """Takes them; of several that become one, the mean of those that are neither missing nor padding.

        Args:
            x: (n, time, features), NaN where missing.
            places: As integers.
            real: As `places` returns it.
            ops: `numpy`, or `keras.ops` for tensors.

        Returns:
            (n, steps, features), NaN where there is nothing; where there is padding, anything.
        """
        taken = ops.take_along_axis(x, places[:, :, None], axis=1)
        if self.pace == 1:
            return taken
        shape = (-1, self.steps, self.pace)
        taken, real = ops.reshape(taken, (*shape, x.shape[2])), ops.reshape(real, (*shape, 1))
        missing = ops.isnan(taken)
        known = ops.where(missing, ops.zeros_like(taken), ops.ones_like(taken)) * real
        total = ops.sum(ops.where(missing, ops.zeros_like(taken), taken) * real, axis=2)
        with np.errstate(invalid="ignore"):
            return total / ops.sum(known, axis=2)  # of nothing, 0 / 0

    def told(self, lengths: np.ndarray, unit: str) -> str:
        """What is done with sequences of more steps than a network takes; empty if there are none.

        Args:
            lengths: Of the training sequences.
            unit: What their steps are called.
        """
        most, told = LONGEST * self.pace, []
        if self.pace > 1:
            told.append(f"Sequences have up to {int(lengths.max())} {unit}: the mean of each {self.pace} becomes one.")
        if cut := int((lengths > most).sum()):
            told.append(
                f"Of {cut} of {len(lengths)} sequences, which have more than {most} {unit}, the last {most} count."
            )
        return " ".join(told)
