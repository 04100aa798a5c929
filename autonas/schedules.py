"""The learning rate over a training."""

from __future__ import annotations

import functools
import math
from typing import Any


def warm_cosine(peak: float, steps: int) -> Any:
    """Rises from a tenth of `peak` to `peak` in a twentieth of the steps, then falls to zero as half a cosine wave.

    The values are those of Keras's `CosineDecay` with a warm-up. That one chooses between rise and fall by a condition, and
    AdamW reads the learning rate once for each weight: hundreds of conditions to trace before the first step of a training.
    Here it is the lesser of the two curves.

    Args:
        peak: The highest learning rate.
        steps: How many batches the training has; the rate is zero after them.

    Returns:
        A `keras.optimizers.schedules.LearningRateSchedule`.

    Example:

    >>> [round(float(warm_cosine(0.01, 100)(step)), 4) for step in (0, 5, 100)]
    [0.001, 0.01, 0.0]

    References:
        Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, eq. 5.
        Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, section 2.2 (the warm-up).
    """
    warmup = max(1, steps // 20)
    return _schedule()(peak / 10, max(1, steps - warmup), warmup_target=peak, warmup_steps=warmup)


@functools.cache
def _schedule() -> type:
    import keras
    from keras import ops

    class WarmCosine(keras.optimizers.schedules.CosineDecay):
        def __call__(self, step: Any) -> Any:
            step = ops.cast(step, "float32")
            rise = (
                self.initial_learning_rate
                + (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
            )
            done = ops.clip((step - self.warmup_steps) / self.decay_steps, 0.0, 1.0)
            fall = self.warmup_target * 0.5 * (1.0 + ops.cos(math.pi * done))
            return ops.minimum(rise, fall)

    return WarmCosine
