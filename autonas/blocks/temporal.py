"""Convolutions over the steps of a sequence, and what needs no order of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autonas.blocks.base import MOMENTUM, TimeBlock, padding_lowest

if TYPE_CHECKING:
    import keras_tuner


class TemporalBlock(TimeBlock):
    """Residual convolutions whose dilation doubles from one to the next, until they see the whole sequence.

    Example:

    >>> features = TemporalBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Bai, Kolter & Koltun, 2018, https://arxiv.org/abs/1803.01271 (TCN; layer normalisation instead of that of weights)
    """

    name = "temporal"

    def float_choices(self) -> None:
        """Layer normalisation has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = self.width(hp)
        kernel = hp.Choice("temporal_kernel", [3, 5, 7], default=3)
        dropout = hp.Choice("temporal_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        padding = hp.Choice("temporal_padding", ["same", "causal"])
        steps, mask = x["steps"], keras.ops.expand_dims(x["mask"], -1)
        for level in range(_levels(self.length, kernel)):
            before = steps
            for _ in range(2):
                steps = keras.layers.Conv1D(width, kernel, dilation_rate=2**level, padding=padding)(steps * mask)
                steps = keras.layers.LayerNormalization()(steps)
                steps = keras.layers.Activation("relu")(steps)
                steps = keras.layers.SpatialDropout1D(dropout)(steps) if dropout else steps
            before = before if before.shape[-1] == width else keras.layers.Conv1D(width, 1)(before)
            steps = keras.layers.Add()([before, steps])
        return self.pool(hp, steps, x["mask"], "all")


class InceptionBlock(TimeBlock):
    """Convolutions of several lengths side by side, with a residual connection over each three.

    Example:

    >>> features = InceptionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Fawaz et al., 2020, https://arxiv.org/abs/1909.04939 (InceptionTime)
    """

    name = "inception"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = max(8, self.width(hp) // 2)  # of each of the four branches
        depth = hp.Choice("inception_depth", [3, 6], default=6)
        longest = hp.Choice("inception_kernel", self._kernels(), default=self._kernels()[-1])
        kernels = sorted({max(3, longest // part) | 1 for part in (1, 2, 4)})
        real, mask = keras.ops.cast(x["mask"], "bool"), keras.ops.expand_dims(x["mask"], -1)

        def normal(steps: Any) -> Any:
            # padding does not count in the statistics; the product keeps the mask from layers that do not know masks
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(steps, mask=real) * mask

        def module(steps: Any) -> Any:
            narrow = keras.layers.Conv1D(width, 1, use_bias=False)(steps) * mask
            parts = [keras.layers.Conv1D(width, k, padding="same", use_bias=False)(narrow) for k in kernels]
            largest = keras.layers.MaxPooling1D(3, 1, padding="same")(padding_lowest(steps, mask)) * mask
            parts.append(keras.layers.Conv1D(width, 1, use_bias=False)(largest))
            return keras.layers.Activation("relu")(normal(keras.layers.Concatenate()(parts)))

        steps = before = x["steps"] * mask
        for number in range(depth):
            steps = module(steps)
            if number % 3 == 2:
                short = normal(keras.layers.Conv1D(steps.shape[-1], 1, use_bias=False)(before))
                steps = before = keras.layers.Activation("relu")(keras.layers.Add()([steps, short]))
        return self.pool(hp, steps, x["mask"], "mean")

    def _kernels(self) -> list[int]:
        """The longest kernel: that of the paper where sequences are long enough for it."""
        return sorted({min(longest, max(3, self.length // 2)) for longest in (20, 40)})


class ConvolutionBlock(TimeBlock):
    """Convolutions of several lengths side by side, and the largest response of each.

    Example:

    >>> features = ConvolutionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Kim, 2014, https://arxiv.org/abs/1408.5882 (convolutional networks for sentences)
    """

    name = "convolution"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        steps = x["steps"] * keras.ops.expand_dims(x["mask"], -1)
        kernels = [1, 2, 3] if hp.Choice("convolution_kernels", ["short", "long"]) == "short" else [3, 4, 5]
        width = self.width(hp)
        found = [keras.layers.Conv1D(width, kernel, padding="same", activation="relu")(steps) for kernel in kernels]
        return self.pool(hp, keras.layers.Concatenate()(found), x["mask"], "max")


class PooledBlock(TimeBlock):
    """No order: what the steps are on average, and at most.

    Example:

    >>> features = PooledBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})
    """

    name = "pooled"

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        return self.pool(hp, x["steps"], x["mask"], "mean")


def _levels(length: int, kernel: int) -> int:
    """How many dilations it takes, each with two convolutions, to see the whole sequence from each of its ends."""
    return max(1, min(7, math.ceil(math.log2(max(1.0, (length - 1) / (2 * (kernel - 1)) + 1)))))
