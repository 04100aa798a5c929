"""What every screen has to keep to."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras_tuner
import numpy as np

from autonas.devices.base import Device, Latency
from autonas.objectives.base import BuiltModel
from autonas.screens.base import Candidate, Screen
from autonas.settings import described
from autonas.trials import COMPLETED, FAILED, Trial

if TYPE_CHECKING:
    import keras


class _Still(Device):
    """A device that always takes a millisecond."""

    def latency(self, tflite: bytes) -> Latency:
        return Latency(1.0, 1.0, 1.0)


def space() -> keras_tuner.HyperParameters:
    """The space of the candidates that screens are checked with: small convolutional networks."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("width", [2, 4, 8, 16, 64])
    hp.Choice("depth", [1, 2])
    hp.Choice("activation", ["relu", "gelu"])
    return hp


def candidate(width: int, depth: int = 1, activation: str = "relu", trial: Trial | None = None) -> Candidate:
    """A candidate of `space`: convolutions, batch normalisation, a dense layer for two classes of 8x8 images."""

    def core() -> keras.Model:
        import keras

        from autonas.space import seeded

        with seeded(0):
            inputs = x = keras.Input((8, 8, 1))
            for _ in range(depth):
                x = keras.layers.Conv2D(width, 3, padding="same")(x)
                x = keras.layers.Activation(activation)(keras.layers.BatchNormalization()(x))
            outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
            model = keras.Model(inputs, outputs, name="core")
        model.compile(loss="sparse_categorical_crossentropy")
        return model

    def batch() -> tuple[Any, Any]:
        rng = np.random.default_rng(0)
        return rng.normal(size=(16, 8, 8, 1)).astype("float32"), rng.integers(2, size=16).astype("float32")

    values = {"width": width, "depth": depth, "activation": activation}
    return Candidate(values, space(), trial, lambda: BuiltModel(core(), _Still()), core, batch)


def finished(count: int) -> list[Candidate]:
    """Candidates of `space` that were evaluated, up to 20 of them: a wider one is better, and some failed."""
    grid = [(w, d, a) for w in (2, 4, 8, 16, 64) for d in (1, 2) for a in ("relu", "gelu")]
    chosen = []
    for number, place in enumerate(np.random.default_rng(0).permutation(len(grid))[:count]):
        width, depth, activation = grid[place]
        values = {"width": width, "depth": depth, "activation": activation}
        failed = number % 7 == 3
        trial = Trial(number, values, FAILED if failed else COMPLETED, None if failed else float(np.log(width) + depth))
        chosen.append(candidate(width, depth, activation, trial))
    return chosen


def check_screen(screen: Screen, most_finished: int = 20) -> None:
    """Checks a screen: one score a candidate, the same each time, from its arguments alone, and nothing changed by it.

    A project keeps what it is described as (`autonas.settings.described`), so that has to be the same in another process.

    Args:
        screen: What to check.
        most_finished: How many finished trials there are where there are most.

    Raises:
        AssertionError: If it does not keep to the contract.

    Example:

    >>> check_screen(Limits(autonas.objectives.limits({"params": 1_000})))
    """
    _check_description(screen)
    _expect(screen.pool >= 0 and screen.warm >= 0 and screen.proposals >= 1, "its pool, warm or proposals is negative")
    for count in (0, 1, most_finished):
        _check_scores(screen, finished(count))
    _expect(_are_floats(screen.score([], []), 0), "no candidates have no scores")
    if not screen.needs_network:
        bare = [Candidate(one.values, one.space) for one in _candidates()]
        _expect(_are_floats(screen.score(bare, []), len(bare)), "it needs networks, and does not say so")


def _check_scores(screen: Screen, history: Sequence[Candidate]) -> None:
    candidates = _candidates()
    weights = [one.built.model.get_weights() for one in candidates if one.built is not None]
    before = copy.deepcopy([(one.values, one.trial) for one in [*candidates, *history]])
    random.seed(0)
    np.random.seed(0)
    state = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()
    scores = screen.score(candidates, history)
    _expect(
        (random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()) == state,
        "it draws from a global generator",
    )
    random.seed(1)
    again = screen.score(_candidates(), history)
    _expect(_are_floats(scores, 3), f"the scores are no array of three floats: {scores!r}")
    _expect(not np.isposinf(scores).any(), f"a score is infinite: {scores}")
    _expect(np.array_equal(scores, again, equal_nan=True), f"the scores change: {scores}, then {again}")
    _expect([(one.values, one.trial) for one in [*candidates, *history]] == before, "it changes a candidate")
    for old, one in zip(weights, candidates, strict=True):
        if "built" in vars(one) and one.built is not None:
            for weight, other in zip(old, one.built.model.get_weights(), strict=True):
                np.testing.assert_array_equal(weight, other)


def _candidates() -> list[Candidate]:
    return [candidate(2), candidate(8, 2), candidate(64, 1, "gelu")]


def _are_floats(scores: Any, count: int) -> bool:
    return isinstance(scores, np.ndarray) and scores.dtype.kind == "f" and scores.shape == (count,)


def _check_description(screen: Screen) -> None:
    """Checks that a project can tell it from others, and knows it again in another process."""
    told = json.dumps(described(screen))
    _expect(json.dumps(described(copy.deepcopy(screen))) == told, f"two alike are described differently: {told}")
    _expect(" at 0x" not in told, f"a place in memory is in its description: {told}")


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
