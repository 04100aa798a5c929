"""What every zero-cost proxy has to keep to."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.proxies.base import Network, Proxy
from autonas.settings import described

if TYPE_CHECKING:
    import keras


def check_proxy(proxy: Proxy) -> None:
    """Checks a proxy: one number, the same each time and in any order, NaN where it does not apply, the model as it was.

    Args:
        proxy: What to check.

    Raises:
        AssertionError: If it does not keep to the contract.

    Example:

    >>> check_proxy(Nwot())
    """
    _check_description(proxy)
    _check_images(proxy)
    for model, x in (_linear(), _tokens()):
        network = Network(model, x, np.eye(2, dtype="float32")[np.arange(len(x)) % 2], "categorical_crossentropy")
        score = proxy.judge(network)
        _expect(not np.isinf(score), f"a score is infinite: {score}")
        _expect(proxy.applies(network) or np.isnan(score), f"it does not apply, and says {score}")
    unlabelled = proxy.score(*_linear(), None, None)
    _expect(not proxy.needs_labels or np.isnan(unlabelled), "it needs labels, and scores without")


def _check_images(proxy: Proxy) -> None:
    model, x, y = _images()
    before = [np.array(variable) for variable in _variables(model)]
    state = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()
    score = proxy.score(model, x, y, "categorical_crossentropy")
    _expect(
        isinstance(score, float) and np.isfinite(score), f"the score of a convolutional network is no number: {score}"
    )
    _expect(
        (random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()) == state,
        "it draws from a global generator",
    )
    for old, variable in zip(before, _variables(model), strict=True):
        np.testing.assert_array_equal(old, np.array(variable), err_msg="it changes the model")
    network = Network(model, x, y, "categorical_crossentropy")
    again = [proxy.judge(network), proxy.judge(network)]
    _expect([score, score] == again, f"the score changes: {score}, then {again}")
    outputs = [np.asarray(network.copy(x, training=True)["outputs"]) for _ in range(2)]
    fresh = np.asarray(Network(model, x, y).copy(x, training=True)["outputs"])
    for output in outputs:
        np.testing.assert_array_equal(output, fresh, err_msg="it leaves the copy changed for the proxies after it")


def _images() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """A network with batch normalisation and dropout, seeded, and a batch."""
    import keras

    from autonas.space import seeded

    with seeded(0):
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.RandomTranslation(0.1, 0.1)(inputs)
        x = keras.layers.Conv2D(4, 3, padding="same")(x)
        x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
        x = keras.layers.Dropout(0.5)(keras.layers.GlobalAveragePooling2D()(x))
        model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(8, 8, 8, 1)).astype("float32"), np.eye(2, dtype="float32")[rng.integers(2, size=8)]


def _linear() -> tuple[keras.Model, np.ndarray]:
    """A network without anything that ReLUs or Jacobians could tell."""
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(inputs))
    return model, np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def _tokens() -> tuple[keras.Model, np.ndarray]:
    """A network whose input are the numbers of words."""
    import keras

    inputs = keras.Input((5,))
    x = keras.layers.Conv1D(4, 3, activation="relu")(keras.layers.Embedding(7, 3)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalMaxPooling1D()(x)))
    return model, np.random.default_rng(0).integers(0, 7, (6, 5)).astype("float32")


def _variables(model: Any) -> list[Any]:
    """All that a model remembers, the seeds of its random layers too."""
    return list(model.variables) + [v for layer in model.layers for v in layer.variables]


def _check_description(proxy: Proxy) -> None:
    """Checks that a project can tell it from others, and knows it again in another process."""
    told = json.dumps(described(proxy))
    _expect(json.dumps(described(copy.deepcopy(proxy))) == told, f"two alike are described differently: {told}")
    _expect(" at 0x" not in told, f"a place in memory is in its description: {told}")


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
