"""Networks for sequences in which each step attends to all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.blocks.base import TimeBlock, choose

if TYPE_CHECKING:
    import keras_tuner

ATTENDED = 128  # steps that attention sees, about; of more, neighbours are averaged


class AttentionBlock(TimeBlock):
    """Layers in which each step attends to all: a Transformer's encoder, or with convolutions between, as a Conformer's.

    Example:

    >>> features = AttentionBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - Vaswani et al., 2017, https://arxiv.org/abs/1706.03762 (the encoder)
    - Xiong et al., 2020, https://arxiv.org/abs/2002.04745 (normalisation before each part)
    - Gulati et al., 2020, https://arxiv.org/abs/2005.08100 (convolutions between)
    """

    name = "attention"

    def float_choices(self) -> None:
        """Layer normalisation has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width, depth = self.width(hp), hp.Choice("attention_depth", [1, 2, 3], default=2)
        heads = hp.Choice("attention_heads", [2, 4], default=4)
        dropout = hp.Choice("attention_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        layers, ops = keras.layers, keras.ops
        column = ops.expand_dims(x["mask"], -1)

        def convolved(x: Any) -> Any:
            narrow = layers.Conv1D(width, 5, padding="same", use_bias=False)(x)
            return layers.Activation("swish")(layers.LayerNormalization()(narrow))

        stems = {"convolution": convolved, "linear": layers.Dense(width)}
        steps = choose(hp, "attention_stem", stems, x["steps"] * column)
        steps, mask = self.shortened(steps, x["mask"], ATTENDED)
        column = ops.expand_dims(mask, -1)
        # counted from the end, for the latest steps matter most
        place = ops.sum(mask, axis=1, keepdims=True) - ops.cumsum(mask, axis=1)
        steps = steps + layers.Embedding(self.length + 1, width)(ops.maximum(place, 0.0))
        seen = ops.cast(ops.expand_dims(mask, 1), "bool")

        def dropped(x: Any) -> Any:
            return layers.Dropout(dropout)(x) if dropout else x

        def attend(steps: Any) -> Any:
            y = layers.LayerNormalization()(steps)
            y = layers.MultiHeadAttention(heads, max(4, width // heads))(y, y, attention_mask=seen)
            return steps + dropped(y)

        def forward(steps: Any) -> Any:
            y = layers.Dense(2 * width, activation="swish")(layers.LayerNormalization()(steps))
            return steps + dropped(layers.Dense(width)(y))

        def convolve(steps: Any) -> Any:
            y = layers.LayerNormalization()(steps)
            y = layers.Dense(width)(y) * layers.Dense(width, activation="sigmoid")(y)
            y = layers.DepthwiseConv1D(7, padding="same")(y * column)
            y = layers.Activation("swish")(layers.LayerNormalization()(y))
            return steps + dropped(layers.Dense(width)(y))

        kinds = {
            "transformer": lambda steps: forward(attend(steps)),
            "conformer": lambda steps: forward(convolve(attend(steps))),
        }
        for _ in range(depth):
            steps = choose(hp, "attention_layer", kinds, steps)
        return self.pool(hp, layers.LayerNormalization()(steps), mask, "all")

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"attention_layer": "transformer"}, {"attention_layer": "conformer"}]


class EvolvedBlock(TimeBlock):
    """The encoder cell that an evolutionary search found: a gated linear unit, wide and separable convolutions in branches,
    self-attention, and a wide dense layer.

    Example:

    >>> features = EvolvedBlock(128, 2_000).build(hp, {"steps": steps, "mask": mask})

    References:
    - So, Liang & Le, 2019, https://arxiv.org/abs/1901.11117 (Evolved Transformer, figure 3)
    """

    name = "evolved"

    def float_choices(self) -> None:
        """Layer normalisation has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        layers, ops = keras.layers, keras.ops
        width, heads = self.width(hp), hp.Choice("evolved_heads", [2, 4], default=4)
        dropout = hp.Choice("evolved_inner_dropout", [0.0, 0.1, 0.2], default=0.1)
        steps, mask = self.shortened(x["steps"], x["mask"], ATTENDED)
        column = ops.expand_dims(mask, -1)
        seen = ops.cast(ops.expand_dims(mask, 1), "bool")
        place = ops.cumsum(mask, axis=1) * mask
        steps = layers.Dense(width)(steps) + layers.Embedding(self.length + 1, width)(place)

        def dropped(x: Any) -> Any:
            return layers.Dropout(dropout)(x) if dropout else x

        for _ in range(hp.Choice("evolved_depth", [1, 2], default=1)):
            y = layers.LayerNormalization()(steps)
            steps = steps + dropped(layers.Dense(width)(y) * layers.Dense(width, activation="sigmoid")(y))
            y = layers.LayerNormalization()(steps) * column
            left = layers.Dense(2 * width, activation="relu")(y)
            right = layers.Conv1D(width // 2, 3, padding="same", activation="relu")(y)
            right = layers.Dense(2 * width, use_bias=False)(right)  # as wide as the left; the paper pads with zeros
            y = layers.LayerNormalization()(dropped(left) + dropped(right)) * column
            steps = steps + layers.SeparableConv1D(width, 9, padding="same")(y)
            y = layers.LayerNormalization()(steps)
            y = layers.MultiHeadAttention(heads, max(4, width // heads))(y, y, attention_mask=seen)
            steps = steps + dropped(y)
            y = layers.Dense(2 * width, activation="swish")(layers.LayerNormalization()(steps))
            steps = steps + dropped(layers.Dense(width)(y))
        return self.pool(hp, layers.LayerNormalization()(steps), mask, "all")
