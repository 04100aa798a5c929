"""Networks for tables: how columns become features, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import scaling
from autonas.blocks.base import Block, choose

if TYPE_CHECKING:
    import keras_tuner

FLOAT_NUMBERS = ["embedded", "periodic"]  # have no kernels of the Edge TPU
SPREAD = 0.75  # deviation of periodic frequencies before training, in waves in a unit
FEW = 2_000  # rows: fewer get narrow networks and strong dropout


class TableBlock(Block):
    """A network on the columns of a table.

    Args:
        table: A fitted `autonas.inputs.table.TableInput`: its bins and categories shape the first layer.
        rows: How many training examples there are.
    """

    kind = "table"

    def __init__(self, table: Any, rows: int) -> None:
        self.edges: list[list[float]] = table.edges
        self.cardinalities: list[int] = table.cardinalities
        self.few = rows < FEW
        self.widths = [16, 32, 64] if self.few else [64, 128, 256]

    def dropout(self, hp: keras_tuner.HyperParameters, name: str, x: Any) -> Any:
        """Drops out a searched share."""
        import keras

        share = hp.Choice(name, [0.0, 0.1, 0.25, 0.5], default=0.25 if self.few else 0.1)
        return keras.layers.Dropout(share)(x) if share else x

    def features(self, hp: keras_tuner.HyperParameters, name: str, x: Mapping[str, Any]) -> Any:
        """All columns as one vector of features, (batch, features).

        References:
        - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (piecewise-linear encoding, periodic activations)
        - Guo & Berkhahn, 2016, https://arxiv.org/abs/1604.06737 (embeddings of categories)
        """
        import keras

        parts = []
        if "numbers" in x:
            numbers = x["numbers"]
            parts.append(numbers)
            encoded = choose(
                hp,
                f"{name}_numbers",
                {
                    "piecewise": lambda x: _flat(scaling.piecewise(x, self.edges)),
                    "embedded": lambda x: _flat(
                        _embedded(hp, f"{name}_embedded_size", scaling.piecewise(x, self.edges))
                    ),
                    "periodic": lambda x: _flat(_embedded(hp, f"{name}_periodic_size", periodic(x))),
                    "plain": lambda x: None,
                },
                numbers,
            )
            parts += [] if encoded is None else [encoded]
        if "missing" in x:
            parts.append(x["missing"])
        if "categories" in x:
            size = hp.Choice(f"{name}_category_size", [2, 4, 8, 16], default=4 if self.few else 8)
            parts.append(_flat(self.category_vectors(x["categories"], size)))
        return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)

    def category_vectors(self, categories: Any, size: int) -> Any:
        """A vector for each category, (batch, columns, size); number 0 of each column is for what is unknown."""
        import keras

        starts = np.cumsum([0, *self.cardinalities])
        numbers = keras.ops.add(categories, starts[:-1].astype("float32"))
        return keras.layers.Embedding(int(starts[-1]), size)(numbers)


class DenseTableBlock(TableBlock):
    """Dense layers, each with normalisation, activation and dropout; beside them a straight way for what is linear.

    Example:

    >>> features = DenseTableBlock(table, 10_000).build(hp, inputs)

    References:
    - Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959 (the MLP, strong once tuned)
    - Cheng et al., 2016, https://arxiv.org/abs/1606.07792 (wide and deep)
    """

    def float_choices(self) -> dict[str, list[Any]]:
        """Layer normalisation and swish, and dense layers of each number by itself."""
        return {"dense_activation": ["swish"], "dense_normal": [1], "dense_numbers": FLOAT_NUMBERS}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        features = self.features(hp, "dense", x)
        width = hp.Choice("dense_width", self.widths, default=self.widths[1])
        activation = hp.Choice("dense_activation", ["relu", "swish"])
        deep = features
        for _ in range(hp.Choice("dense_depth", [1, 2, 3], default=2)):
            deep = keras.layers.Dense(width)(deep)
            deep = keras.layers.LayerNormalization()(deep) if hp.Choice("dense_normal", [0, 1], default=0) else deep
            deep = self.dropout(hp, "dense_dropout", keras.layers.Activation(activation)(deep))
        return choose(
            hp,
            "dense_wide",
            {"no": lambda x: x[0], "yes": lambda x: keras.layers.Concatenate()(x)},
            [deep, features],
        )

    def starting_points(self) -> list[dict[str, Any]]:
        if self.few:
            return [{"dense_numbers": "plain", "dense_depth": 1, "dense_wide": "yes"}, {"dense_numbers": "piecewise"}]
        return [{"dense_numbers": "embedded", "dense_width": self.widths[-1]}, {"dense_numbers": "piecewise"}]


class ResidualTableBlock(TableBlock):
    """Residual blocks of two dense layers.

    Example:

    >>> features = ResidualTableBlock(table, 10_000).build(hp, inputs)

    References:
    - Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959 (ResNet for tables)
    """

    def float_choices(self) -> None:
        """Layer normalisation has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("residual_table_width", self.widths, default=self.widths[1])
        features = keras.layers.Dense(width)(self.features(hp, "residual_table", x))
        for _ in range(hp.Choice("residual_table_depth", [1, 2, 3], default=2)):
            inner = keras.layers.Dense(2 * width, activation="relu")(keras.layers.LayerNormalization()(features))
            inner = keras.layers.Dense(width)(self.dropout(hp, "residual_table_dropout", inner))
            features = keras.layers.Add()([features, inner])
        return keras.layers.Activation("relu")(keras.layers.LayerNormalization()(features))

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"residual_table_numbers": "embedded"}]


class AdditiveTableBlock(TableBlock):
    """No hidden layer: a head on it is a sum of one function for each column, the strongest where rows are few.

    Example:

    >>> features = AdditiveTableBlock(table, 500).build(hp, inputs)

    References:
    - Hastie & Tibshirani, 1986, https://doi.org/10.1214/ss/1177013604 (generalised additive models)
    """

    def float_choices(self) -> dict[str, list[Any]]:
        return {"additive_numbers": FLOAT_NUMBERS}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        return self.dropout(hp, "additive_dropout", self.features(hp, "additive", x))

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"additive_numbers": "piecewise"}]


class AttentionTableBlock(TableBlock):
    """Attention between the columns: each is a token.

    Example:

    >>> features = AttentionTableBlock(table, 10_000).build(hp, inputs)

    References:
    - Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959 (FT-Transformer)
    - Vaswani et al., 2017, https://arxiv.org/abs/1706.03762
    """

    def float_choices(self) -> None:
        """Layer normalisation has no int8 kernel."""

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("attention_table_width", [16, 32], default=16)
        tokens = []
        if "numbers" in x:
            bins = scaling.piecewise(x["numbers"], self.edges)
            tokens.append(keras.layers.EinsumDense("nkb,kbd->nkd", (bins.shape[1], width), bias_axes="kd")(bins))
        if "missing" in x:
            tokens.append(keras.layers.Reshape((1, width))(keras.layers.Dense(width)(x["missing"])))
        if "categories" in x:
            tokens.append(self.category_vectors(x["categories"], width))
        x = tokens[0] if len(tokens) == 1 else keras.layers.Concatenate(axis=1)(tokens)
        for _ in range(hp.Choice("attention_table_depth", [1, 2], default=1)):
            normal = keras.layers.LayerNormalization()(x)
            x = keras.layers.Add()([x, keras.layers.MultiHeadAttention(4, width // 4)(normal, normal)])
            inner = keras.layers.Dense(2 * width, activation="relu")(keras.layers.LayerNormalization()(x))
            x = keras.layers.Add()([x, keras.layers.Dense(width)(self.dropout(hp, "attention_table_dropout", inner))])
        return keras.layers.GlobalAveragePooling1D()(keras.layers.LayerNormalization()(x))


def periodic(numbers: Any, frequencies: int = 8) -> Any:
    """Sines and cosines of each number at frequencies of its own that are trained, (batch, numbers, 2 * frequencies).

    Before it, half of them are below 0.5 waves in a unit of the scaled numbers.

    References:
    - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (equation 2)
    """
    import keras

    normal = keras.initializers.RandomNormal(stddev=2 * np.pi * SPREAD)
    waves = keras.layers.EinsumDense("nkb,kbd->nkd", (numbers.shape[1], frequencies), kernel_initializer=normal)
    angles = waves(keras.ops.expand_dims(numbers, -1))
    return keras.ops.concatenate([keras.ops.sin(angles), keras.ops.cos(angles)], axis=-1)


def _embedded(hp: keras_tuner.HyperParameters, name: str, x: Any) -> Any:
    """A small dense layer for each number."""
    import keras

    size = hp.Choice(name, [4, 8, 16], default=8)
    return keras.layers.EinsumDense("nkb,kbd->nkd", (x.shape[1], size), activation="relu", bias_axes="kd")(x)


def _flat(x: Any) -> Any:
    import keras

    return keras.layers.Flatten()(x)
