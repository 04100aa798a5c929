"""What every cost has to do. Call `check_cost` on yours, in your own tests."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autonas.devices.base import Device, Latency
from autonas.objectives.base import BuiltModel, Cost

if TYPE_CHECKING:
    import keras


class _SizeAsLatency(Device):
    """Answers the same each time, so that a cost that asks a device can be held to the same rules as the others."""

    def latency(self, tflite: bytes) -> Latency:
        return Latency(len(tflite) / 1e6, len(tflite) / 1e6, len(tflite) / 1e6)


def check_cost(cost: Cost) -> None:
    """Checks that a cost is one: positive, finite, repeatable, larger for a wider network, and bounded from below.

    Raises:
        AssertionError: Names what does not hold.
    """
    _check(isinstance(cost.name, str) and cost.name.isidentifier(), "its name is an identifier", cost.name)
    _check(cost.direction == "min", "its direction is 'min'", cost.direction)
    _check(cost.cheap is True, "it is cheap", cost.cheap)
    _check(cost.score(1.0) > cost.score(2.0), "less scores higher", (cost.score(1.0), cost.score(2.0)))
    narrow, wide = (BuiltModel(_network(width), _SizeAsLatency()) for width in (4, 64))
    for built in narrow, wide:
        value, again = cost.measure(built), cost.measure(BuiltModel(built.model, built.device))
        _check(isinstance(value, float), "it is a float", value)
        _check(math.isfinite(value) and value > 0, "it is positive and finite", value)
        _check(value == again, "the same model costs the same", (value, again))
        bound = cost.at_least(built.graph)
        _check(0 <= bound <= value, "0 <= at_least <= measure", (bound, value))
    _check(cost.measure(narrow) < cost.measure(wide), "a wider network costs more", None)


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of a cost it must hold that {what}. Got {got} instead.")


def _network(width: int) -> keras.Model:
    import keras

    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(inputs)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.SeparableConv2D(width, 3, padding="same")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(x))
