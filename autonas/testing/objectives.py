"""What every objective and every cost has to do. Call `check_objective` or `check_cost` on yours, in your own tests."""

from __future__ import annotations

import functools
import json
import math
from typing import TYPE_CHECKING

from autonas import objectives
from autonas.devices.base import Device, Energy, Latency
from autonas.objectives.base import BuiltModel, Cost, Objective

if TYPE_CHECKING:
    import keras


class _SizeAsLatency(Device):
    """Answers the same each time, so that a cost that asks a device can be held to the same rules as the others."""

    def latency(self, tflite: bytes) -> Latency:
        return Latency(len(tflite) / 1e6, len(tflite) / 1e6, len(tflite) / 1e6)

    counts_energy = True

    def energy(self, tflite: bytes) -> Energy:
        return Energy(len(tflite) / 1e6, len(tflite) / 1e6, len(tflite) / 1e6)


def check_objective(objective: Objective) -> None:
    """Checks that an objective is one: a value from what it names, a score that is turned, less cost better, and restored.

    Raises:
        AssertionError: Names what does not hold.
    """
    _check(
        isinstance(objective.name, str) and objective.name.isidentifier(), "its name is an identifier", objective.name
    )
    _check(objective.direction in ("max", "min"), "its direction is 'max' or 'min'", objective.direction)
    _check(objective.score(2.0) == objective.sign * 2.0, "the score is the turned value", objective.score(2.0))
    _check(objective.cheap == (objective.quality is None), "it is cheap if no training shows it", objective.cheap)
    made = objectives.restore(*json.loads(json.dumps(objective.plain())))
    for quality in (0.5, -0.5):
        metrics = {} if objective.quality is None else {objective.quality.name: quality}
        scores = []
        for cost in (1.0, 4.0):
            costs = dict.fromkeys(objective.costs, cost)
            value = objective.value(metrics, costs)
            _check(math.isfinite(value), "its value is finite", value)
            _check(
                made.value(metrics, costs) == value, "what is restored has the same value", made.value(metrics, costs)
            )
            scores.append(objective.score(value))
        _check(scores[0] > scores[1] or not objective.costs, "less cost scores higher", scores)
    if objective.quality is not None:
        worse, better = (
            objective.score(objective.value({objective.quality.name: q}, dict.fromkeys(objective.costs, 1.0)))
            for q in sorted((0.25, 0.5), key=objective.quality.score)
        )
        _check(worse < better, "more of the quality scores higher", (worse, better))


def check_cost(cost: Cost) -> None:
    """Checks that a cost is one: positive, finite, repeatable, larger for a wider network, and bounded from below.

    Raises:
        AssertionError: Names what does not hold.
    """
    check_objective(cost)
    _check(cost.direction == "min", "its direction is 'min'", cost.direction)
    _check(cost.cheap is True, "it is cheap", cost.cheap)
    _check(cost.score(1.0) > cost.score(2.0), "less scores higher", (cost.score(1.0), cost.score(2.0)))
    (narrow, _), (wide, _) = _networks()
    for built, same in _networks():
        value, again = cost.measure(built), cost.measure(same)
        _check(isinstance(value, float), "it is a float", value)
        _check(math.isfinite(value) and value > 0, "it is positive and finite", value)
        _check(value == again, "the same model costs the same", (value, again))
        bound = cost.at_least(built.graph)
        _check(0 <= bound <= value, "0 <= at_least <= measure", (bound, value))
    _check(cost.measure(narrow) < cost.measure(wide), "a wider network costs more", None)


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of a cost it must hold that {what}. Got {got} instead.")


@functools.cache
def _networks() -> list[tuple[BuiltModel, BuiltModel]]:
    """A narrow and a wide model, each twice, for all costs: what one of these has converted, the next finds."""
    pairs = []
    for width in (4, 64):
        model = _network(width)
        pairs.append((BuiltModel(model, _SizeAsLatency()), BuiltModel(model, _SizeAsLatency())))
    return pairs


def _network(width: int) -> keras.Model:
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.SeparableConv2D(width, 3, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))
