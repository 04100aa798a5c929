"""Plain convolutional networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import DEFAULT_WIDTH, MOMENTUM, ImageBlock, choose

if TYPE_CHECKING:
    import keras_tuner


class ConvBlock(ImageBlock):
    """Stages of convolution, normalisation and activation, with pooling between them.

    Example:

    >>> features = ConvBlock(resolution=28, rows=10_000).build(hp, keras.Input((28, 28, 1)))

    References:
    - Simonyan & Zisserman, 2015, https://arxiv.org/abs/1409.1556 (the plain stages)
    - Ioffe & Szegedy, 2015, https://arxiv.org/abs/1502.03167 (batch normalisation)
    """

    def float_choices(self) -> dict[str, list[Any]]:
        return {"conv_activation": ["swish"]}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("conv_width", self.widths, default=DEFAULT_WIDTH)
        growth = hp.Choice("conv_growth", [1.0, 1.5, 2.0], default=2.0)
        depth = hp.Choice("conv_depth", [1, 2, 3], default=2)
        kernel = hp.Choice("conv_kernel", [3, 5], default=3)
        activation = hp.Choice("conv_activation", ["relu", "swish"])

        def convolve(x: Any, filters: int) -> Any:
            x = keras.layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=MOMENTUM)(x)
            return keras.layers.Activation(activation)(x)

        def pool(x: Any) -> Any:
            return choose(
                hp,
                "conv_pool",
                {
                    "max": keras.layers.MaxPooling2D(2, padding="same"),
                    "average": keras.layers.AveragePooling2D(2, padding="same"),
                },
                x,
            )

        x = keras.layers.Activation(activation)(self.stem(hp, "conv_stride", x, width))
        for stage in range(self.stages):
            x = pool(x) if stage else x
            for _ in range(depth):
                x = convolve(x, round(width * growth**stage))
        return x

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"conv_depth": 2, "conv_growth": 2.0}]
