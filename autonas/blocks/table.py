"""Networks for tables: how columns become features, and what is stacked on them.

All of them take what `autonas.inputs.table.TableInput` prepares, a dict of numbers, flags of missing ones, and categories.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.blocks.base import MOMENTUM, Block, choose
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras_tuner

    from autonas.inputs.table import TableInput

FEW_CATEGORIES = 8  # up to which one unit for each is as good as an embedding
FREQUENCIES = 16  # of a column, for periodic features


class TableBlock(Block):
    """A network for a table, its sizes made for the columns and for how many rows there are.

    Args:
        table: Fitted.
        rows: How many training examples there are.

    Raises:
        InputError: If `rows` is not positive.

    Attributes:
        units: Widths to choose from; few rows get narrow networks.
    """

    def __init__(self, table: TableInput, rows: int) -> None:
        if rows < 1:
            raise InputError.of("rows", "a positive integer", rows)
        self.table = table
        self.groups = list(table.shape)
        self.units = [16, 32, 64, 128] if rows < 2_000 else [64, 128, 256, 512] if rows > 10_000 else [32, 64, 128, 256]

    def features(self, hp: keras_tuner.HyperParameters, name: str, x: Mapping[str, Any]) -> Any:
        """All columns as one vector: numbers and categories encoded as is chosen, flags as they are.

        Args:
            hp: Where the choices come from.
            name: What the names of the hyperparameters begin with.
            x: What the input prepared.

        Returns:
            A tensor of the shape (batch, features).
        """
        parts = []
        if "numbers" in self.groups:
            encodings = {"piecewise": self.piecewise, "plain": _as_they_are, "periodic": self.periodic}
            parts.append(choose(hp, f"{name}_numbers", encodings, x["numbers"]))
        if "categories" in self.groups:
            encodings = {"embedding": self.embedded, "one_hot": self.one_hot}
            parts.append(choose(hp, f"{name}_categories", encodings, x["categories"]))
        return _joined([*parts, *([x["missing"]] if "missing" in self.groups else [])])

    def piecewise(self, numbers: Any) -> Any:
        """Each number beside its piecewise linear encoding: how much of each bin between two quantiles lies under it.

        References:
        - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556
        """
        low, width, columns = self._bins()
        return _joined([numbers, _shares(_picked(numbers, columns), low, width)])

    def periodic(self, numbers: Any) -> Any:
        """Sines and cosines of trained frequencies of each number, and a small layer of its own on them.

        References:
        - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (PLR)
        """
        import keras

        count = numbers.shape[-1]
        start = keras.initializers.RandomNormal(stddev=2 * math.pi * 0.1)
        waves = keras.layers.EinsumDense("bk,kf->bkf", (count, FREQUENCIES), kernel_initializer=start)(numbers)
        x = keras.layers.Concatenate()([keras.ops.sin(waves), keras.ops.cos(waves), _column(numbers)])
        x = keras.layers.EinsumDense("bkf,kfe->bke", (count, 8), bias_axes="ke", activation="relu")(x)
        return keras.layers.Flatten()(x)

    def one_hot(self, categories: Any) -> Any:
        """One unit for each category; an unknown one is none of them."""
        return self._one_hot(categories, range(len(self.table.cardinalities)))

    def embedded(self, categories: Any) -> Any:
        """One unit for each category where they are few, and a trained vector where they are many."""
        import keras

        sizes = self.table.cardinalities
        few = [column for column, size in enumerate(sizes) if size <= FEW_CATEGORIES + 1]
        parts = [self._one_hot(categories, few)] if few else []
        for column, size in enumerate(sizes):
            if column not in few:
                dimension = min(32, round(1.6 * size**0.56))  # as fastai has it
                vector = keras.layers.Embedding(size, dimension)(categories[:, column])
                parts.append(vector)
        return _joined(parts)

    def _one_hot(self, categories: Any, columns: Any) -> Any:
        from keras import ops

        pairs = [(column, code) for column in columns for code in range(1, self.table.cardinalities[column])]
        where, codes = np.array(pairs).T
        return ops.cast(ops.equal(_picked(categories, where), codes.astype("float32")), "float32")

    def _bins(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each bin of each number: where it begins, how wide it is, and the number's position."""
        bins = [
            (low, high - low, column)
            for column, edges in enumerate(self.table.edges)
            for low, high in zip(edges, edges[1:])
        ]
        low, width, columns = np.array(bins).T
        return low.astype("float32"), width.astype("float32"), columns.astype("int32")


class DenseBlock(TableBlock):
    """Dense layers.

    Example:

    >>> features = DenseBlock(table, rows=10_000).build(hp, x)

    References:
    - Holzmueller et al., 2024, https://arxiv.org/abs/2407.04491 (what makes them strong)
    - Cheng et al., 2016, https://arxiv.org/abs/1606.07792 (the linear path beside them)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        features = self.features(hp, "mlp", x)
        layers = hp.Choice("mlp_layers", [1, 2, 3], default=2)
        units = hp.Choice("mlp_units", self.units, default=self.units[2])
        dropout = hp.Choice("mlp_dropout", [0.0, 0.1, 0.25, 0.5], default=0.1)
        activation = hp.Choice("mlp_activation", ["relu", "swish", "selu"])
        normalized = hp.Choice("mlp_normalization", ["none", "batch"])
        h = features
        for _ in range(layers):
            h = keras.layers.Dense(units)(h)
            h = keras.layers.BatchNormalization(momentum=MOMENTUM)(h) if normalized == "batch" else h
            h = keras.layers.Activation(activation)(h)
            h = keras.layers.Dropout(dropout)(h) if dropout else h
        return choose(hp, "mlp_beside", {"none": lambda x: x, "linear": lambda x: _joined([x, features])}, h)

    def starting_points(self) -> list[dict[str, Any]]:
        return [{}, {"mlp_layers": 3, "mlp_dropout": 0.25}]


class ResidualDenseBlock(TableBlock):
    """Dense layers with a path around every two of them.

    Example:

    >>> features = ResidualDenseBlock(table, rows=10_000).build(hp, x)

    References:
    - Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959 (the ResNet there)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        blocks = hp.Choice("residual_blocks", [1, 2, 3, 4], default=2)
        units = hp.Choice("residual_units", self.units, default=self.units[1])
        factor = hp.Choice("residual_factor", [1, 2], default=2)
        dropout = hp.Choice("residual_dropout", [0.0, 0.1, 0.25, 0.5], default=0.25)

        def norm(x: Any) -> Any:
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)

        h = keras.layers.Dense(units)(self.features(hp, "residual", x))
        for _ in range(blocks):
            change = keras.layers.Dense(factor * units, activation="relu")(norm(h))
            change = keras.layers.Dropout(dropout)(change) if dropout else change
            h = keras.layers.Add()([h, keras.layers.Dense(units)(change)])
        return keras.layers.Activation("relu")(norm(h))

    def starting_points(self) -> list[dict[str, Any]]:
        return [{}]


class FeatureAttentionBlock(TableBlock):
    """A token for each column, and layers of attention between them.

    Its cost grows with the square of the number of columns.

    Example:

    >>> features = FeatureAttentionBlock(table, rows=10_000).build(hp, x)

    References:
    - Gorishniy et al., 2021, https://arxiv.org/abs/2106.11959 (FT-Transformer)
    - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (tokens of piecewise linear encodings)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        width = hp.Choice("attention_width", [16, 32, 64], default=32)
        layers = hp.Choice("attention_layers", [1, 2, 3], default=2)
        heads = hp.Choice("attention_heads", [1, 2, 4], default=4)
        dropout = hp.Choice("attention_dropout", [0.0, 0.1, 0.25], default=0.1)

        h = self._tokens(hp, width, x)
        for layer in range(layers):
            normal = keras.layers.LayerNormalization()(h) if layer else h
            attend = keras.layers.MultiHeadAttention(heads, width // heads, dropout=dropout)
            h = keras.layers.Add()([h, attend(normal, normal)])
            normal = keras.layers.LayerNormalization()(h)
            change = keras.layers.Dense(2 * width, activation="relu")(normal)
            change = keras.layers.Dropout(dropout)(change) if dropout else change
            h = keras.layers.Add()([h, keras.layers.Dense(width)(change)])
        h = keras.layers.LayerNormalization()(h)
        reductions = {"mean": keras.layers.GlobalAveragePooling1D(), "flat": keras.layers.Flatten()}
        return keras.layers.Activation("relu")(choose(hp, "attention_reduction", reductions, h))

    def starting_points(self) -> list[dict[str, Any]]:
        return [{}]

    def _tokens(self, hp: keras_tuner.HyperParameters, width: int, x: Mapping[str, Any]) -> Any:
        """(batch, columns, width)."""
        import keras

        def linear(features: Any) -> Any:
            count, size = features.shape[1:]
            start = keras.initializers.VarianceScaling(1 / count, mode="fan_in")
            equation = "bkf,kfe->bke"
            layer = keras.layers.EinsumDense(equation, (count, width), bias_axes="ke", kernel_initializer=start)
            return layer(features) if size else features

        tokens = []
        if "numbers" in self.groups:
            encodings = {"piecewise": self._padded, "plain": _column}
            tokens.append(linear(choose(hp, "attention_numbers", encodings, x["numbers"])))
        if "missing" in self.groups:
            tokens.append(linear(_column(x["missing"])))
        if "categories" in self.groups:
            sizes = self.table.cardinalities
            first = np.cumsum([0, *sizes[:-1]]).astype("float32")
            tokens.append(keras.layers.Embedding(sum(sizes), width)(x["categories"] + first))
        return tokens[0] if len(tokens) == 1 else keras.layers.Concatenate(axis=1)(tokens)

    def _padded(self, numbers: Any) -> Any:
        """Each number and its piecewise linear encoding, (batch, numbers, 1 + most bins)."""
        import keras

        most = max(map(len, self.table.edges))
        edges = np.array([[*own, *[own[-1] + 1e6] * (most - len(own))] for own in self.table.edges], "float32")
        shares = _shares(_column(numbers), edges[:, :-1], np.diff(edges))
        return keras.layers.Concatenate()([_column(numbers), shares])


class WideBlock(TableBlock):
    """No hidden layer: a sum of one piecewise linear function of each number and one value of each category.

    Cheap, and strong where columns do not interact.

    Example:

    >>> features = WideBlock(table, rows=10_000).build(hp, x)

    References:
    - Hastie & Tibshirani, 1986, https://doi.org/10.1214/ss/1177013604 (additive models)
    """

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        numbers = {"piecewise": self.piecewise, "plain": _as_they_are}
        parts = [choose(hp, "wide_numbers", numbers, x["numbers"])] if "numbers" in self.groups else []
        parts += [self.one_hot(x["categories"])] if "categories" in self.groups else []
        parts += [x["missing"]] if "missing" in self.groups else []
        dropout = hp.Choice("wide_dropout", [0.0, 0.1, 0.25])
        features = _joined(parts)
        return keras.layers.Dropout(dropout)(features) if dropout else features

    def starting_points(self) -> list[dict[str, Any]]:
        return [{}]


Encoding = Callable[[Any], Any]


def _as_they_are(numbers: Any) -> Any:
    return numbers


def _column(numbers: Any) -> Any:
    """(batch, numbers, 1)."""
    import keras

    return keras.layers.Reshape((numbers.shape[-1], 1))(numbers)


def _picked(x: Any, columns: np.ndarray) -> Any:
    from keras import ops

    return ops.take(x, columns.astype("int32"), axis=1)


def _shares(x: Any, low: np.ndarray, width: np.ndarray) -> Any:
    """How much of each bin lies under `x`, from 0 to 1."""
    from keras import ops

    return ops.clip((x - low) * (1 / width), 0.0, 1.0)


def _joined(parts: list[Any]) -> Any:
    import keras

    return parts[0] if len(parts) == 1 else keras.layers.Concatenate()(parts)
