"""What is computed once: the same answers and the same training as of the whole network."""

import keras
import numpy as np
import pytest

from autonas import frozen


def network(dropout_first: bool = False, trainable: bool = False) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = {"steps": keras.Input((12, 2), name="steps"), "beside": keras.Input((3,), name="beside")}
    x = keras.layers.Dropout(0.5)(inputs["steps"]) if dropout_first else inputs["steps"]
    x = keras.layers.Conv1D(8, 3, trainable=trainable)(x)
    x = keras.ops.mean(keras.ops.cast(keras.ops.greater(x, 0.0), "float32"), axis=1)
    x = keras.layers.Dense(4, activation="relu")(keras.layers.Concatenate()([x, inputs["beside"]]))
    return keras.Model(inputs, keras.layers.Dense(1)(x))


@pytest.fixture
def examples() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"steps": rng.normal(size=(20, 12, 2)).astype("float32"), "beside": np.ones((20, 3), "float32")}


def test_features_and_the_rest_answer_as_the_network(examples):
    core = network()
    split = frozen.apart(core)
    answers = split.rest.predict(split.features(examples), verbose=0)
    np.testing.assert_allclose(answers, core.predict(examples, verbose=0), rtol=1e-6)


def test_what_is_fixed_is_not_computed_again(examples):
    split = frozen.apart(network())
    kinds = {type(layer).__name__ for layer in split.rest.layers}
    assert not kinds & {"Conv1D", "Concatenate"}
    assert [part.shape for part in split.features(examples).values()] == [(20, 11)]


def test_training_the_rest_trains_the_network_in_the_same_way(examples):
    y = examples["steps"].mean((1, 2))
    whole, core = network(), network()
    split = frozen.apart(core)
    for model, x in ((whole, examples), (split.rest, split.features(examples))):
        model.compile("adam", "mse")
        model.fit(x, y, epochs=3, batch_size=5, shuffle=False, verbose=0)
    for one, other in zip(whole.get_weights(), core.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [{"dropout_first": True}, {"trainable": True}])
def test_what_is_random_or_trained_stays_whole(options):
    assert frozen.apart(network(**options)) is None


def test_a_network_without_fixed_weights_stays_whole():
    inputs = keras.Input((3,))
    assert frozen.apart(keras.Model(inputs, keras.layers.Dense(1)(inputs * 2.0))) is None


def test_features_that_would_fill_the_memory_are_not_kept():
    split = frozen.apart(network())
    assert split.fits(1_000)
    assert not split.fits(frozen.MOST_BYTES // 4 // 11 + 1)
