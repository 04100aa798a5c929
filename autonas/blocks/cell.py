"""Networks of one repeated cell, as NAS-Bench-201 has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import DEFAULT_WIDTH, MOMENTUM, ImageBlock, choose

if TYPE_CHECKING:
    import keras_tuner

EDGES = [(source, target) for target in range(1, 4) for source in range(target)]


class CellBlock(ImageBlock):
    """Stages of one cell, repeated, with residual units between the stages that halve the resolution.

    The cell has four nodes. Each node is the sum over its six edges of an operation on an earlier node: nothing, a skip
    connection, a 1x1 or 3x3 convolution (ReLU, convolution, normalisation), or 3x3 average pooling.

    Example:

    >>> features = CellBlock(resolution=28, rows=10_000).build(hp, keras.Input((28, 28, 1)))

    References:
    - Dong & Yang, 2020, https://arxiv.org/abs/2001.00326 (NAS-Bench-201, figure 1)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("cell_width", self.widths, default=DEFAULT_WIDTH)
        repeats = hp.Choice("cell_repeats", [1, 2, 3], default=1)
        x = self.stem(hp, "cell_stride", x, width)
        for stage in range(self.stages):
            x = _reduction(x, width * 2**stage) if stage else x
            for _ in range(repeats):
                x = self._cell(hp, x)
        return keras.layers.Activation("relu")(keras.layers.BatchNormalization(momentum=MOMENTUM)(x))

    def starting_points(self) -> list[dict[str, Any]]:
        """The benchmark's own residual cell: a skip connection around two 3x3 convolutions."""
        edges = dict.fromkeys(EDGES, "none")
        edges |= {(0, 1): "nor_conv_3x3", (1, 2): "nor_conv_3x3", (0, 3): "skip_connect", (2, 3): "skip_connect"}
        return [{_name(edge): operation for edge, operation in edges.items()}]

    def _cell(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        filters = x.shape[-1]
        operations = {
            "nor_conv_3x3": lambda x: _convolve(x, filters, 3),
            "nor_conv_1x1": lambda x: _convolve(x, filters, 1),
            "skip_connect": lambda x: x,
            "avg_pool_3x3": lambda x: keras.layers.AveragePooling2D(3, strides=1, padding="same")(x),
            "none": lambda x: None,
        }
        nodes = [x]
        for target in range(1, 4):
            arriving = [
                choose(hp, _name((source, target)), operations, nodes[source])
                for source in range(target)
                if nodes[source] is not None
            ]
            arriving = [tensor for tensor in arriving if tensor is not None]
            nodes.append(keras.layers.Add()(arriving) if len(arriving) > 1 else arriving[0] if arriving else None)
        return x * 0.0 if nodes[-1] is None else nodes[-1]


def _name(edge: tuple[int, int]) -> str:
    return f"cell_edge_{edge[0]}_{edge[1]}"


def _convolve(x: Any, filters: int, kernel: int, stride: int = 1) -> Any:
    import keras

    x = keras.layers.Activation("relu")(x)
    x = keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
    return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)


def _reduction(x: Any, filters: int) -> Any:
    """The residual unit between two stages: it halves the resolution and widens."""
    import keras

    shortcut = keras.layers.AveragePooling2D(2, strides=2, padding="same")(x)
    shortcut = keras.layers.Conv2D(filters, 1, use_bias=False)(shortcut)
    return keras.layers.Add()([shortcut, _convolve(_convolve(x, filters, 3, stride=2), filters, 3)])
