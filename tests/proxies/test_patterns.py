"""What ReLUs and Jacobians tell, beside NumPy."""

import keras
import numpy as np
import pytest

from autonas.proxies.patterns import LEAST, Jacov, Nwot

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4)).astype("float32")


def model(activation="relu"):
    inputs = keras.Input((4,))
    x = keras.layers.Dense(9, activation=activation)(keras.layers.Dense(7, activation=activation)(inputs))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def codes(network, x):
    first, _, second, _, _, _ = network.get_weights()
    hidden = x @ first
    return np.concatenate([hidden > 0, np.maximum(hidden, 0) @ second > 0], axis=1)


def test_nwot_counts_the_units_that_two_examples_open_alike():
    keras.utils.set_random_seed(0)  # two examples that open the same units would have no finite answer to compare with
    network = model()
    code = codes(network, X)
    alike = (code[:, None] == code[None]).sum(axis=-1)
    assert Nwot().score(network, X, None, None) == pytest.approx(np.linalg.slogdet(alike)[1], rel=1e-5)


def test_equal_examples_take_the_same_from_every_network():
    twice = np.concatenate([X, X[:1]])
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        network = model()
        code = codes(network, twice)
        eigenvalues = np.linalg.eigvalsh((code[:, None] == code[None]).sum(axis=-1))
        expected = np.log(eigenvalues[1:]).sum() + np.log(LEAST)
        assert Nwot().score(network, twice, None, None) == pytest.approx(expected, rel=1e-4)


def jacobians(function, x, step=1e-3):
    """Of the sum of the outputs by the numbers of each example, (examples, numbers)."""
    found = []
    for place in np.ndindex(x.shape[1:]):
        moved = np.zeros(x.shape[1:])
        moved[place] = step
        found.append((function(x + moved) - function(x - moved)) / (2 * step))
    return np.stack(found, axis=1)


def likelihood(jacobians):
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(jacobians))
    return -np.sum(np.log(eigenvalues + 1e-5) + 1 / (eigenvalues + 1e-5))


def test_jacov_is_the_likelihood_of_the_correlations_of_jacobians():
    network = model("tanh")
    weights = [w.astype("float64") for w in network.get_weights()]

    def logits(x):
        return (np.tanh(np.tanh(x @ weights[0]) @ weights[2]) @ weights[4]).sum(axis=-1)

    x = X[:3]  # fewer examples than numbers: the correlations have no eigenvalue near zero
    assert Jacov().score(network, x, None, None) == pytest.approx(likelihood(jacobians(logits, x)), rel=1e-2)


def test_words_move_by_the_vectors_that_stand_for_them():
    inputs = keras.Input((3,))
    x = keras.layers.Flatten()(keras.layers.Embedding(5, 4)(inputs))
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dense(8, activation="tanh")(x)))
    words = np.array([[0, 1, 2], [3, 4, 1], [2, 2, 0]], "float32")
    table, first, _, second, _ = (w.astype("float64") for w in network.get_weights())

    def output(vectors):
        return (np.tanh(vectors.reshape(len(vectors), -1) @ first) @ second).sum(axis=-1)

    expected = likelihood(jacobians(output, table[words.astype(int)]))
    assert Jacov().score(network, words, None, None) == pytest.approx(expected, rel=1e-2)


def test_jacov_cannot_tell_where_nothing_moves_the_output():
    inputs = keras.Input((4,))
    steps = keras.ops.cast(keras.ops.greater(inputs, 0.0), "float32")
    network = keras.Model(inputs, keras.layers.Dense(2)(steps))
    assert np.isnan(Jacov().score(network, X, None, None))
