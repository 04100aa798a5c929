"""Mobile inverted bottlenecks, their width, depth and resolution scaled together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import DEFAULT_WIDTH, MOMENTUM, ImageBlock, choose

if TYPE_CHECKING:
    import keras_tuner

DEPTH, WIDTH, RESOLUTION = 1.2, 1.1, 1.15  # EfficientNet's alpha, beta and gamma
BASE_DEPTH = 1.8


class MBConvBlock(ImageBlock):
    """Stages of mobile inverted bottlenecks with squeeze-and-excitation.

    One number, the compound coefficient phi, scales the network: depth by 1.2^phi, width by 1.1^phi and the resolution by
    1.15^phi, so that the cost about doubles with each step.

    Example:

    >>> features = MBConvBlock(resolution=28, rows=10_000).build(hp, keras.Input((28, 28, 1)))

    References:
    - Tan & Le, 2019, https://arxiv.org/abs/1905.11946 (equation 3, compound scaling)
    - Sandler et al., 2018, https://arxiv.org/abs/1801.04381 (inverted bottlenecks)
    - Hu et al., 2018, https://arxiv.org/abs/1709.01507 (squeeze-and-excitation)
    """

    def float_choices(self) -> dict[str, list[Any]]:
        return {"mbconv_activation": ["swish"], "mbconv_attention": ["squeeze_excite"]}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        phi = hp.Choice("mbconv_phi", [-2, -1, 0, 1, 2], default=0)
        width = hp.Choice("mbconv_width", self.widths, default=DEFAULT_WIDTH)
        expansion = hp.Choice("mbconv_expansion", [2, 4, 6], default=2)
        kernel = hp.Choice("mbconv_kernel", [3, 5], default=3)
        activation = hp.Choice("mbconv_activation", ["swish", "relu6"])

        def normal(x: Any) -> Any:
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)

        def active(x: Any) -> Any:
            return keras.layers.Activation(activation)(normal(x))

        def squeeze_and_excite(x: Any, inputs: int) -> Any:
            pooled = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
            inner = keras.layers.Conv2D(max(4, inputs // 4), 1, activation=activation)(pooled)
            return keras.layers.Multiply()([x, keras.layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(inner)])

        def bottleneck(x: Any, filters: int, stride: int) -> Any:
            inputs = x.shape[-1]
            y = active(keras.layers.Conv2D(inputs * expansion, 1, use_bias=False)(x))
            y = active(keras.layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False)(y))
            y = choose(
                hp,
                "mbconv_attention",
                {"squeeze_excite": lambda y: squeeze_and_excite(y, inputs), "none": lambda y: y},
                y,
            )
            y = normal(keras.layers.Conv2D(filters, 1, use_bias=False)(y))
            return keras.layers.Add()([x, y]) if stride == 1 and inputs == filters else y

        x = _resized(x, RESOLUTION**phi)
        filters = _multiple_of_4(width * WIDTH**phi)
        x = keras.layers.Activation(activation)(self.stem(hp, "mbconv_stride", x, filters))
        for stage in range(self.stages):
            for number in range(max(1, round(BASE_DEPTH * DEPTH**phi))):
                x = bottleneck(x, _multiple_of_4(filters * 1.6**stage), stride=2 if stage and not number else 1)
        return active(keras.layers.Conv2D(_multiple_of_4(filters * 1.6**self.stages), 1, use_bias=False)(x))


def _resized(x: Any, factor: float) -> Any:
    import keras

    height, width = (max(4, round(side * factor)) for side in x.shape[1:3])
    if (height, width) == tuple(x.shape[1:3]):
        return x
    return keras.layers.Resizing(height, width, interpolation="bilinear")(x)


def _multiple_of_4(filters: float) -> int:
    return max(4, 4 * round(filters / 4))
