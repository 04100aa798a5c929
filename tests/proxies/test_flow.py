"""Synaptic flow, beside the sum over the paths."""

import keras
import numpy as np
import pytest

from autonas.proxies.flow import SynFlow

RNG = np.random.default_rng(0)


def flow(model, x):
    return np.expm1(SynFlow().score(model, x, None, None))


def test_each_layer_of_a_chain_has_the_whole_flow():
    inputs = keras.Input((4,))
    x = keras.layers.Dense(3, activation="relu")(inputs)
    x = keras.layers.Dense(5, activation="relu")(keras.layers.BatchNormalization()(x))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    first, second, third = (np.abs(w) for w in model.get_weights() if w.ndim == 2)
    paths = np.ones(4) @ first @ second @ third @ np.ones(2)
    assert flow(model, np.zeros((6, 4), "float32")) == pytest.approx(3 * paths, rel=1e-5)


def test_a_weight_counts_on_the_paths_that_it_is_on():
    inputs = keras.Input((4,))
    side = keras.layers.Dense(3)(keras.layers.LayerNormalization()(inputs))
    around = keras.layers.Dense(3)(keras.layers.Dense(3)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Add()([side, around])))
    alone, one, two, last = (np.abs(layer.get_weights()[0]) for layer in layers(model, [side, around]))
    short, long = np.ones(4) @ alone @ last, np.ones(4) @ one @ two @ last
    assert flow(model, np.zeros((6, 4), "float32")) == pytest.approx(float(2 * short[0] + 3 * long[0]), rel=1e-5)


def layers(model, ends):
    """The dense layers: the one of the short path, those of the long one in their order, the last."""
    from autonas.graph import maker

    short, second = (maker(end) for end in ends)
    last = model.layers[-1]
    first = next(
        layer for layer in model.layers if isinstance(layer, keras.layers.Dense) and layer not in (short, second, last)
    )
    return short, first, second, last


def test_it_does_not_overflow_where_many_weights_are_multiplied():
    inputs = x = keras.Input((64,))
    for _ in range(60):
        x = keras.layers.Dense(64)(x)
    score = SynFlow().score(keras.Model(inputs, x), np.zeros((1, 64), "float32"), None, None)
    assert 89 < score < 700  # e^89 is past the end of float32


def test_the_data_do_not_matter():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Dense(3, activation="relu")(inputs)))
    assert flow(model, RNG.normal(size=(5, 4))) == flow(model, np.zeros((9, 4)))
