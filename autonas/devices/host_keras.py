"""This machine as a server: the Keras model runs in TensorFlow, a batch at once, and is timed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import timing
from autonas.data import mapped
from autonas.devices.base import Device, Latency

if TYPE_CHECKING:
    import keras


class HostKeras(Device):
    """Times a Keras model on this machine: a compiled call of a batch, the median of many after a warm-up.

    TensorFlow uses the threads that the process allows it (`tf.config.threading`).

    Args:
        batch_size: Examples in one call; latencies are those of a call.
        seconds: Aimed length of the timed part, in seconds.
        min_runs: Timed calls, also where they take longer than `seconds`; at least 6.
        max_runs: Timed calls of one measurement at most.
        warmup: Untimed seconds before; at least one call, which traces the model.
        width: Of the interval, as a share of the median, above which the measurement goes on.
        repeats: How many times it goes on at most, each as long as the first.

    Raises:
        InputError: If an argument is out of range.

    Example:

    >>> HostKeras(batch_size=64).latency(model)
    Latency(median_ms=5.1, low_ms=5.0, high_ms=5.2)
    """

    takes: ClassVar[str] = "model"

    def __init__(
        self,
        batch_size: int = 32,
        seconds: float = 0.2,
        min_runs: int = 20,
        max_runs: int = 1000,
        warmup: float = 0.05,
        width: float = 0.1,
        repeats: int = 2,
    ) -> None:
        timing.check(seconds, min_runs, max_runs, warmup, batch_size, width, repeats)
        self.batch_size = batch_size
        self.seconds = seconds
        self.min_runs = min_runs
        self.max_runs = max_runs
        self.warmup = warmup
        self.width = width
        self.repeats = repeats

    def latency(self, model: keras.Model, /) -> Latency:
        """Times one call on random inputs, the same ones each time.

        Args:
            model: A functional or a built sequential model of numeric inputs.

        Returns:
            The median and its 95 % confidence interval, in milliseconds.
        """
        run = self._call(model)
        timing.take_turns([run], self.warmup, 1, self.max_runs, rounds=1)
        times = timing.settled([run], self.seconds, self.min_runs, self.max_runs, self.width, self.repeats)
        return Latency(*timing.interval(times[0]))

    def _call(self, model: keras.Model) -> timing.Run:
        import keras
        import tensorflow as tf

        rng = np.random.default_rng(0)

        def batch(tensor: Any) -> Any:
            shape = [self.batch_size, *(1 if size is None else size for size in tensor.shape[1:])]
            return tf.cast(tf.constant(rng.random(shape)), tensor.dtype)

        inputs = mapped(batch, model.inputs[0] if isinstance(model, keras.Sequential) else model.input)
        call = tf.function(lambda given: model(given, training=False), jit_compile=False)
        return lambda: tf.nest.map_structure(lambda tensor: tensor.numpy(), call(inputs))
