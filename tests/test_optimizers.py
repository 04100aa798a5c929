"""The optimisers of trainings, against Keras's own, which they are to agree with number by number."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas import optimizers
from autonas.schedules import warm_cosine

OURS_AND_KERAS = {
    "adamw": (
        lambda rate: optimizers.adam(rate, weight_decay=0.05),
        lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.05),
    ),
    "adam": (optimizers.adam, keras.optimizers.Adam),
    "sgd": (lambda rate: optimizers.sgd(rate, 0.9), lambda rate: keras.optimizers.SGD(rate, 0.9, nesterov=True)),
}


def trained(optimizer):
    """A network of words, some of them several times in a batch, after 60 steps; and its optimiser's state."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4),
            layers.Conv1D(5, 3),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    network.compile(optimizer, "mse")
    rng = np.random.default_rng(0)
    network.fit(
        rng.integers(0, 9, (320, 6)), rng.normal(size=(320, 2)), batch_size=16, epochs=3, shuffle=False, verbose=0
    )
    return network.get_weights(), [variable.numpy() for variable in optimizer.variables]


@pytest.mark.parametrize(
    "rate", [pytest.param(0.02, marks=pytest.mark.slow), warm_cosine(0.02, 50)], ids=["constant", "cosine"]
)
@pytest.mark.parametrize("name", list(OURS_AND_KERAS))
def test_the_weights_and_the_state_are_those_of_keras(name, rate):
    made, known = OURS_AND_KERAS[name]
    for one, other in zip(trained(made(rate)), trained(known(rate)), strict=True):
        for number, expected in zip(one, other, strict=True):
            np.testing.assert_allclose(number, expected, rtol=1e-4, atol=1e-5)


def operations_of_a_step(optimizer):
    """How many operations a step of a small network has."""
    import tensorflow as tf

    network = keras.Sequential([keras.Input((4,)), *(keras.layers.Dense(4) for _ in range(8))])
    network.compile(optimizer, "mse", jit_compile=False)
    optimizer.build(network.trainable_variables)
    x = tf.zeros((2, 4))
    step = tf.function(lambda: network.train_step((x, x))).get_concrete_function()
    return len(step.graph.get_operations())


@pytest.mark.parametrize("name", list(OURS_AND_KERAS))
def test_a_step_has_fewer_operations_to_trace(name):
    ours, known = (make(warm_cosine(0.02, 50)) for make in OURS_AND_KERAS[name])
    assert operations_of_a_step(ours) < 0.8 * operations_of_a_step(known)


def test_a_callback_of_keras_sets_the_rate():
    optimizer = optimizers.adam(0.5)
    optimizer.learning_rate = 0.0
    weights, _ = trained(optimizer)
    untrained, _ = trained(optimizers.sgd(0.0, 0.9))
    for one, other in zip(weights, untrained, strict=True):
        np.testing.assert_array_equal(one, other)
