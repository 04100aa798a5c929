"""What every screen has to keep to."""

from __future__ import annotations

import numpy as np

from autonas.devices.base import Device, Latency
from autonas.objectives.base import BuiltModel
from autonas.screens.base import Screen


class _Still(Device):
    """A device that always takes a millisecond."""

    def latency(self, tflite: bytes) -> Latency:
        return Latency(1.0, 1.0, 1.0)


def check_screen(screen: Screen) -> None:
    """Checks a screen: one score a candidate, the same each time, and the candidates' weights as they were.

    Args:
        screen: What to check.

    Raises:
        AssertionError: If it does not keep to the contract.

    Example:

    >>> check_screen(Limits(autonas.objectives.limits({"params": 1_000})))
    """
    import keras

    def model(width: int) -> keras.Model:
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(width, 3, activation="relu")(inputs)
        return keras.Model(inputs, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x)))

    candidates = [BuiltModel(model(width), _Still()) for width in (2, 8, 64)]
    weights = [candidate.model.get_weights() for candidate in candidates]
    scores, again = screen.score(candidates), screen.score(candidates)
    if scores.shape != (3,) or scores.dtype.kind != "f":
        raise AssertionError(f"the scores are no array of three floats: {scores!r}")
    if not np.array_equal(scores, again, equal_nan=True):
        raise AssertionError(f"the scores change: {scores}, then {again}")
    if screen.score([]).shape != (0,):
        raise AssertionError("no candidates have no scores")
    for before, candidate in zip(weights, candidates, strict=True):
        for one, other in zip(before, candidate.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
