"""What proxies look at is the network itself: the same outputs, without chance, and the model stays as it was."""

import keras
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.proxies import Network
from autonas.proxies.base import Proxy, copied, kernels


def dense(activation=None, layer=None, width=3):
    inputs = keras.Input((4,))
    x = keras.layers.Dense(width, activation=activation)(inputs)
    x = x if layer is None else layer(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


def batch(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


X, Y = batch(8, 4), np.eye(2, dtype="float32")[np.arange(8) % 2]


def nested():
    inner_inputs = keras.Input((3,))
    x = keras.layers.Dense(5, activation="relu")(inner_inputs)
    inner = keras.Model(inner_inputs, keras.layers.Dropout(0.9)(x))
    inputs = keras.Input((4,))
    twice = inner(inner(keras.layers.Dense(3)(inputs))[:, :3])
    last = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, activation="softmax")])
    return keras.Model(inputs, last(twice))


def with_dropout_inside():
    inputs = keras.Input((4,))
    steps = keras.layers.Reshape((2, 2))(inputs)
    steps = keras.layers.MultiHeadAttention(2, 3, dropout=0.9)(steps, steps)
    x = keras.layers.LSTM(3, dropout=0.9, recurrent_dropout=0.9)(steps)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


@pytest.mark.parametrize("make", [dense, lambda: dense("relu", keras.layers.Dropout(0.5)), nested, with_dropout_inside])
def test_the_copy_answers_as_the_model_does_when_it_predicts(make):
    model = make()
    found = copied(model)(X, training=True)
    np.testing.assert_allclose(found["outputs"], model(X, training=False), rtol=1e-5)
    (logits,) = found["logits"]
    np.testing.assert_allclose(keras.ops.softmax(logits), found["outputs"], rtol=1e-5)


def test_a_sequential_model_is_copied_too():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)])
    found = copied(model)(X)
    np.testing.assert_allclose(found["outputs"], model(X), rtol=1e-5)
    assert [tuple(gate.shape) for gate in found["gates"]] == [(8, 3)]


@pytest.mark.parametrize("last", [keras.layers.Softmax(), keras.layers.Activation("softmax"), keras.ops.softmax])
def test_logits_are_what_a_softmax_of_its_own_takes(last):
    inputs = keras.Input((4,))
    before = keras.layers.Dense(2)(inputs)
    found = copied(keras.Model(inputs, last(before)))(X)
    np.testing.assert_allclose(keras.ops.softmax(found["logits"][0]), found["outputs"], rtol=1e-5)
    assert not np.allclose(found["logits"][0], found["outputs"])


@pytest.mark.parametrize(
    ("activation", "layer"),
    [
        ("relu", None),
        ("swish", None),
        ("gelu", None),
        ("leaky_relu", None),
        ("relu6", None),
        ("hard_silu", None),
        (None, keras.layers.ReLU()),
        (None, keras.layers.PReLU()),
        (None, keras.layers.Activation("elu")),
        (None, keras.ops.relu),
        (None, keras.ops.silu),
    ],
)
def test_relus_and_their_like_are_found(activation, layer):
    assert Network(dense(activation, layer), X).has_gates


def test_relus_inside_of_models_are_found_at_each_call():
    assert [tuple(gate.shape) for gate in copied(nested())(X)["gates"]] == [(8, 5), (8, 5)]


@pytest.mark.parametrize(
    ("activation", "layer"), [(None, None), ("tanh", None), ("sigmoid", None), (None, keras.layers.Softmax())]
)
def test_other_activations_are_not_taken_for_relus(activation, layer):
    assert not Network(dense(activation, layer), X).has_gates


def test_the_activation_inside_of_a_gated_layer_is_none():
    inputs = keras.Input((3, 2))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GRU(3, activation="relu")(inputs)))
    assert not Network(model, batch(4, 3, 2)).has_gates


def test_numbers_can_be_moved_and_marks_and_words_cannot():
    words, mask = keras.Input((5,), name="words"), keras.Input((5,), name="mask")
    one_hot = keras.ops.one_hot(keras.ops.cast(words, "int32"), 7) * keras.ops.expand_dims(mask, -1)
    model = keras.Model({"words": words, "mask": mask}, keras.layers.Dense(1)(keras.layers.Flatten()(one_hot)))
    ones = np.ones((4, 5), "float32")
    assert not Network(model, {"words": np.arange(20).reshape(4, 5) % 7, "mask": ones}).has_directions
    assert Network(model, {"words": np.arange(20).reshape(4, 5) % 7, "mask": ones / 2}).has_directions


def test_kernels_are_what_multiplies():
    inputs = keras.Input((6,))
    x = keras.layers.Embedding(7, 4)(inputs)
    x = keras.layers.EinsumDense("nkb,kbd->nkd", (6, 3), bias_axes="kd")(x)
    x = keras.layers.LayerNormalization()(x)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.GRU(2)(x)))
    shapes = [tuple(kernel.shape) for kernel in kernels(copied(model))]
    assert sorted(shapes) == sorted([(7, 4), (6, 4, 3), (3, 6), (2, 6), (2, 1)])


def test_the_copy_normalises_by_the_batch():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.BatchNormalization()(100 * inputs + 7)))
    found = Network(model, X).run.found
    np.testing.assert_allclose(found["normalised"][0], 100 * X + 7, rtol=1e-5)
    np.testing.assert_allclose(found["outputs"], Network(model, X / 3).run.found["outputs"], atol=1e-3)


def test_without_normalisation_what_is_left_is_linear_in_float64():
    inputs = keras.Input((4,))
    x = keras.layers.LayerNormalization()(keras.layers.BatchNormalization()(keras.layers.Dense(3)(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(1)(x))
    copy = copied(model, linear=True)
    made = copy(X, training=True)["outputs"]
    assert keras.backend.standardize_dtype(made.dtype) == "float64"
    first, second = (layer.get_weights()[0] for layer in model.layers if isinstance(layer, keras.layers.Dense))
    np.testing.assert_allclose(made, X @ first @ second, rtol=1e-5)


def test_the_loss_of_several_outputs_is_their_sum():
    inputs = keras.Input((4,))
    outputs = {
        "number": keras.layers.Dense(1)(inputs),
        "kind": keras.layers.Dense(2, activation="softmax")(keras.layers.Dense(3, activation="relu")(inputs)),
    }
    model = keras.Model(inputs, outputs)
    loss = {"number": keras.losses.Huber(0.3), "kind": "categorical_crossentropy"}
    y = {"number": batch(8, 1), "kind": Y}
    model.compile(loss=loss)
    run = Network(model, X, y, loss).run
    np.testing.assert_allclose(run.loss, model.evaluate(X, y, verbose=0, return_dict=True)["loss"], rtol=1e-5)
    assert len(run.found["logits"]) == 2
    with pytest.raises(InputError, match="loss"):
        _ = Network(dense(), X, Y, loss).run


@pytest.mark.parametrize("need", ["needs_labels", "needs_gates", "needs_directions", "needs_images"])
def test_a_proxy_without_what_it_needs_cannot_tell(need):
    class Fixed(Proxy):
        def measure(self, network):
            return 1.0

    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    ones = np.ones((8, 4), "float32")
    assert Fixed().score(model, ones, None, None) == 1.0
    setattr(Fixed, need, True)
    assert np.isnan(Fixed().score(model, ones, None, None))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_a_score_that_is_not_finite_tells_nothing(value):
    class Fixed(Proxy):
        def measure(self, network):
            return value

    assert np.isnan(Fixed().score(dense(), X, None, None))


def test_a_model_without_a_graph_is_an_error():
    class Subclassed(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(InputError, match="functional"):
        copied(Subclassed())
