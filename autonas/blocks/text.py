"""Networks for texts: bags of words, and words in their order with what networks for sequences make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autonas.blocks.base import Block, choose

if TYPE_CHECKING:
    import keras_tuner

SPREAD = 0.05  # of what a word adds to a feature before training
WEIGHTS = {"pairs": "weights", "grams": "gram_weights"}  # of each bag


class BagBlock(Block):
    """Bags of n-grams: the tf-idf weights of a text, and what follows linearly from them.

    It never makes the wide matrix of all n-grams. With a head on it, it is a linear model on tf-idf, which is hard to beat on
    texts that are few or short. Adam divides each step by the size of the gradients, so that rare n-grams move as far as
    frequent ones: what a linear model gets from weighing n-grams by what they say of the classes (Wang & Manning, 2012).

    Args:
        text: A fitted `autonas.inputs.text.TextInput`.
        rows: How many training examples there are.
        bags: Which ones: of `"pairs"`, words and pairs of words, and of `"grams"`, n-grams of characters.

    Example:

    >>> features = BagBlock(texts, 5_000, ["pairs", "grams"]).build(hp, inputs)

    References:
    - Joulin et al., 2017, https://arxiv.org/abs/1607.01759 (fastText: bags of n-grams, embedded)
    - Wang & Manning, 2012, https://aclanthology.org/P12-2018 (n-grams weighed by classes, in linear models)
    """

    kind = "text"

    def __init__(self, text: Any, rows: int, bags: Sequence[str] = ("pairs",)) -> None:
        self.name = "_".join(bags)
        self.sizes = {bag: getattr(text, bag) for bag in bags}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        units = hp.Choice(f"{self.name}_units", [4, 8, 16], default=4)
        # Adam moves the vectors of rare words as far as those of frequent ones; a gain below one makes all steps smaller
        gain = hp.Choice(f"{self.name}_gain", [0.1, 0.3, 1.0], default=1.0)
        start = keras.initializers.RandomUniform(-SPREAD / gain, SPREAD / gain)
        parts = []
        for bag, size in self.sizes.items():
            vectors = keras.layers.Embedding(size, units, embeddings_initializer=start.clone())(x[bag])
            parts.append(keras.ops.sum(vectors * keras.ops.expand_dims(gain * x[WEIGHTS[bag]], -1), axis=1))
        features = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
        features = choose(
            hp,
            f"{self.name}_activation",
            {"linear": lambda x: x, "relu": lambda x: keras.layers.Activation("relu")(x)},
            features,
        )
        dropout = hp.Choice(f"{self.name}_dropout", [0.0, 0.25, 0.5], default=0.0)
        return keras.layers.Dropout(dropout)(features) if dropout else features


class WordsBlock(Block):
    """Words in their order, embedded, and a network for sequences on them.

    Args:
        text: A fitted `autonas.inputs.text.TextInput`.
        rows: How many training examples there are.
        network: From `{"steps", "mask"}` to features, with a name of its own.

    Example:

    >>> features = WordsBlock(texts, 5_000, ConvolutionBlock(texts.length, 5_000)).build(hp, inputs)
    """

    def __init__(self, text: Any, rows: int, network: Any) -> None:
        self.words, self.network = text.words, network
        self.sizes = [16, 32] if rows < 5_000 else [16, 32, 64]

    def float_choices(self) -> dict[str, list[Any]] | None:
        return self.network.float_choices()

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        size = hp.Choice(f"{self.network.name}_word_size", self.sizes, default=self.sizes[1])
        mask = keras.ops.cast(keras.ops.greater(x["words"], 0.0), "float32")
        steps = keras.layers.Embedding(self.words, size)(x["words"])
        dropout = hp.Choice(f"{self.network.name}_word_dropout", [0.0, 0.25, 0.5], default=0.25)
        steps = keras.layers.SpatialDropout1D(dropout)(steps) if dropout else steps
        steps = steps * keras.ops.expand_dims(mask, -1)
        return self.network.build(hp, {"steps": steps, "mask": mask, "numbers": steps})

    def starting_points(self) -> list[dict[str, Any]]:
        return list(self.network.starting_points())


class TextBlock(Block):
    """A network for texts with the counts of characters beside it: capitals, digits, punctuation, length.

    Args:
        network: From the arrays of a `TextInput` to features.

    Example:

    >>> block = TextBlock(OneOf("family", {"bag": BagBlock(texts, 5_000)}))
    """

    def __init__(self, network: Block) -> None:
        self.network = network

    def float_choices(self) -> dict[str, list[Any]] | None:
        return self.network.float_choices()

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        features = self.network.build(hp, x)
        units = hp.Choice("character_units", [8, 16, 32], default=16)

        def beside(features: Any) -> Any:
            dense = keras.layers.Dense(units, activation="relu")(x["characters"])
            return keras.layers.Concatenate()([features, keras.layers.Dropout(0.25)(dense)])

        return choose(hp, "characters", {"no": lambda features: features, "yes": beside}, features)

    def starting_points(self) -> list[dict[str, Any]]:
        """The first design also with characters."""
        points = self.network.starting_points()
        return [points[0], {**points[0], "characters": "yes"}, *points[1:]]
