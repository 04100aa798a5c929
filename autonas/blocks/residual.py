"""Residual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import DEFAULT_WIDTH, MOMENTUM, ImageBlock, choose

if TYPE_CHECKING:
    import keras_tuner


class ResidualBlock(ImageBlock):
    """Stages of residual units with their activations before the convolutions.

    Example:

    >>> features = ResidualBlock(resolution=28, rows=10_000).build(hp, keras.Input((28, 28, 1)))

    References:
    - He et al., 2016, https://arxiv.org/abs/1603.05027 (pre-activation units, figure 1b)
    """

    def float_choices(self) -> dict[str, list[Any]]:
        return {"residual_activation": ["swish"]}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("residual_width", self.widths, default=DEFAULT_WIDTH)
        growth = hp.Choice("residual_growth", [1.0, 1.5, 2.0], default=2.0)
        depth = hp.Choice("residual_depth", [1, 2, 3], default=1)
        activation = hp.Choice("residual_activation", ["relu", "swish"])

        def active(x: Any) -> Any:
            return keras.layers.Activation(activation)(keras.layers.BatchNormalization(momentum=MOMENTUM)(x))

        def convolve(x: Any, filters: int, kernel: int = 3, stride: int = 1) -> Any:
            return keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)

        def branch(x: Any, filters: int, stride: int) -> Any:
            def basic(x: Any) -> Any:
                return convolve(active(convolve(x, filters, 3, stride)), filters)

            def bottleneck(x: Any) -> Any:
                inner = max(4, filters // 2)
                x = active(convolve(x, inner, 1))
                return convolve(active(convolve(x, inner, 3, stride)), filters, 1)

            return choose(hp, "residual_unit", {"basic": basic, "bottleneck": bottleneck}, x)

        def unit(x: Any, filters: int, stride: int) -> Any:
            before = active(x)
            same = stride == 1 and x.shape[-1] == filters
            shortcut = x if same else convolve(before, filters, 1, stride)
            return keras.layers.Add()([shortcut, branch(before, filters, stride)])

        x = self.stem(hp, "residual_stride", x, width)
        for stage in range(self.stages):
            for number in range(depth):
                x = unit(x, round(width * growth**stage), stride=2 if stage and not number else 1)
        return active(x)

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"residual_depth": 1, "residual_growth": 2.0}, {"residual_depth": 2, "residual_growth": 2.0}]
