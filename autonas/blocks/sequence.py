"""What stands around each network for sequences, and the one that takes all steps at once.

`SequenceBlock` joins categories to the steps and static columns to the features; the network inside it goes from steps and
a mask to features.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autonas import scaling
from autonas.blocks.base import MOMENTUM, Block, TimeBlock, choose

if TYPE_CHECKING:
    import keras_tuner

FEW = 1_000  # sequences: fewer do not say what is chance about the place or the person that they come from
FEW_DRIFT = 0.25  # standard deviations


class SequenceBlock(Block):
    """A network for sequences with all that belongs to them: categories of steps, static columns, length.

    Categories are embedded. Those of steps are put beside the steps, the rest beside the features that the network gives,
    and dense layers follow, so that they can act together.

    In training, the level and the gain of each number may drift at random from sequence to sequence, as those of another
    sensor, room or person would; where there are few sequences, they do by default. Few sequences come from few places, and
    cross-validation among them does not see what a network learned of the place.

    Args:
        sequence: Fitted.
        rows: How many training examples there are.
        network: From `{"steps", "mask", "numbers"}` and perhaps `"embedded"` to features: `steps` are `numbers` and
            `embedded`, the categories, side by side.

    Example:

    >>> block = SequenceBlock(sequences, 2_000, RecurrentBlock(sequences.length, 2_000))

    References:
    - Um et al., 2017, https://arxiv.org/abs/1706.00527 (augmentation of readings of sensors)
    """

    def __init__(self, sequence: Any, rows: int, network: Block) -> None:
        self.network = network
        self.sizes = dict(sequence.sizes)
        self.widths = [32, 64] if rows < 5_000 else [32, 64, 128, 256]
        self.drift = FEW_DRIFT if rows < FEW else 0.0
        self.edges = sequence.edges
        self.has_static = bool({"static", "static_categories"} & set(sequence.shape))

    def float_choices(self) -> dict[str, list[Any]] | None:
        return self.network.float_choices()

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        dense = hp.Choice("join_layers", [0, 1, 2], default=1 if self.has_static else 0)
        width = hp.Choice("join_units", self.widths, default=64)
        normal = hp.Choice("join_normal", [0, 1], default=0)
        dropout = hp.Choice("join_dropout", [0.0, 0.1, 0.25, 0.5], default=0.1)
        drift = hp.Choice("drift", [0.0, 0.1, 0.25, 0.5], default=self.drift)
        mask = keras.ops.expand_dims(x["mask"], -1)
        numbers = _drifted(x["steps"], drift, len(self.edges["steps"])) if drift else x["steps"]
        parts = {"mask": x["mask"], "numbers": numbers * mask, "steps": numbers * mask}
        if "step_categories" in x:
            parts["embedded"] = self._embedded(x["step_categories"], "step_categories") * mask
            parts["steps"] = keras.layers.Concatenate()([parts["numbers"], parts["embedded"]])
        beside = [x["summary"], *([x["static"]] if "static" in x else [])]
        if hp.Choice("join_numbers", ["piecewise", "plain"]) == "piecewise":
            beside += [_binned(x[part], self.edges[part]) for part in ("summary", "static") if _vary(self.edges[part])]
        if "static_categories" in x:
            beside.append(self._embedded(x["static_categories"], "static_categories"))
        features = keras.layers.Concatenate()([self.network.build(hp, parts), *beside])
        for _ in range(dense):
            features = keras.layers.Dense(width)(features)
            features = keras.layers.BatchNormalization(momentum=MOMENTUM)(features) if normal else features
            features = keras.layers.Activation("relu")(features)
            features = keras.layers.Dropout(dropout)(features) if dropout else features
        return features

    def starting_points(self) -> list[dict[str, Any]]:
        return self.network.starting_points()

    def late_choices(self) -> dict[str, list[Any]]:
        return self.network.late_choices()

    def _embedded(self, numbers: Any, part: str) -> Any:
        import keras

        found = []
        for column, size in enumerate(self.sizes[part]):
            width = min(16, math.ceil(1.6 * size**0.5))
            found.append(keras.layers.Embedding(size, width)(numbers[..., column]))
        return found[0] if len(found) == 1 else keras.layers.Concatenate()(found)


class FlatBlock(TimeBlock):
    """All steps side by side, for short sequences, each number a column as in a table; dense layers come after it.

    Args:
        length: Steps of a preprocessed sequence.
        rows: How many training examples there are.
        edges: Of the bins of each number of a step; None leaves numbers as they are.

    Example:

    >>> features = FlatBlock(6, 20_000, sequences.edges["steps"]).build(hp, {"steps": steps, "numbers": steps, "mask": mask})

    References:
    - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (piecewise-linear encoding)
    """

    name = "flat"

    def __init__(self, length: int, rows: int, edges: list[list[float]] | None = None) -> None:
        super().__init__(length, rows)
        self.edges = edges if _vary(edges or []) else None
        self.units = 64 if rows < 5_000 else 256

    def float_choices(self) -> dict[str, list[Any]]:
        return {"flat_numbers": ["embedded"]}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        dropout = hp.Choice("flat_dropout", [0.0, 0.1, 0.25, 0.5], default=0.0)
        column = keras.ops.expand_dims(x["mask"], -1)
        parts = [keras.layers.Flatten()(x["steps"] * column), x["mask"]]
        if self.edges is not None:
            edges = self.edges
            numbers = keras.layers.Flatten()(x["numbers"][:, :, : len(edges)])
            bins = scaling.piecewise(numbers, edges * self.length)
            real = keras.ops.repeat(column, len(edges), axis=1)

            def embedded(bins: Any) -> Any:
                size = hp.Choice("flat_embedded_size", [4, 8, 16], default=8)
                dense = keras.layers.EinsumDense(
                    "nkb,kbd->nkd", (bins.shape[1], size), activation="relu", bias_axes="kd"
                )
                return [keras.layers.Flatten()(dense(bins) * real)]

            ways = {
                "embedded": embedded,
                "piecewise": lambda bins: [keras.layers.Flatten()(bins * real)],
                "plain": lambda bins: [],
            }
            parts += choose(hp, "flat_numbers", ways, bins)
        features = keras.layers.Concatenate()(parts)
        return keras.layers.Dropout(dropout)(features) if dropout else features

    def starting_points(self) -> list[dict[str, Any]]:
        return [{"join_layers": 2, "join_units": self.units}]


def _drifted(steps: Any, spread: float, numbers: int) -> Any:
    """Steps of which each number has another level and another gain in training, each sequence its own.

    Args:
        steps: (batch, time, channels), standardised.
        spread: Standard deviation of the level, and of the gain around 1.
        numbers: How many channels are numbers; flags after them stay as they are.
    """
    import keras

    nothing = steps[:, :1, :numbers] * 0.0
    level = keras.layers.GaussianNoise(spread)(nothing)
    gain = keras.layers.GaussianDropout(spread**2 / (1 + spread**2))(nothing + 1.0)
    drifted = steps[:, :, :numbers] * gain + level
    return drifted if numbers == steps.shape[-1] else keras.ops.concatenate([drifted, steps[:, :, numbers:]], axis=-1)


def _vary(edges: list[list[float]]) -> bool:
    """Whether some number has a bin at all: one that never changes has a single edge."""
    return any(len(borders) > 1 for borders in edges)


def _binned(numbers: Any, edges: list[list[float]]) -> Any:
    """How far numbers have come through their bins, side by side in the last axis; flags after the numbers are left out."""
    import keras

    return keras.layers.Flatten()(scaling.piecewise(numbers[:, : len(edges)], edges))
