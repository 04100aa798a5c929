"""The finished model is preprocessor and core as one; a device gets it without what LiteRT has no operations for."""

from __future__ import annotations

import copy

import keras
import numpy as np
import pandas as pd
import pytest

from autonas import assembly, data, export, generators, inputs, lite
from autonas.blocks import Block
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.space import SearchSpace, seeded

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("uint8")
NUMBERS = 1e3 + 50 * np.random.default_rng(1).normal(size=12)


def fitted(part, given):
    checked = part.check(given)
    part.fit(checked)
    return part, checked


class Flat(Block):
    """All parts side by side, with a random layer."""

    def build(self, hp, x):
        flat = [keras.layers.Flatten()(part) for part in _leaves(x)]
        joined = keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0]
        return keras.layers.Dropout(0.5)(keras.layers.Dense(4)(joined))


def _leaves(x):
    return [leaf for part in x.values() for leaf in _leaves(part)] if isinstance(x, dict) else [x]


def core(shape, head):
    with seeded(0):
        return SearchSpace(Flat(), head, shape).candidate({}).core()


@pytest.fixture(scope="module")
def numbers():
    images, x = fitted(inputs.get("image"), IMAGES)
    head, _ = fitted(RegressionHead(), NUMBERS)
    preprocessor, network = images.preprocessor(), core(images.shape, head)
    return images, head, x, preprocessor, network, assembly.finished(preprocessor, network, head, "r2_score", "mine")


def test_the_finished_model_is_all_parts_one_after_another(numbers):
    _, _, x, preprocessor, network, model = numbers
    units = NUMBERS.mean() + NUMBERS.std() * network.predict(preprocessor.predict(x, verbose=0), verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), units, rtol=1e-5)
    assert (model.name, model.get_layer(assembly.CORE).output_shape) == ("mine", (None, 1))


def test_it_has_weights_of_its_own_and_no_random_layers(numbers):
    _, _, x, _, network, model = numbers
    before = model.predict(x, verbose=0)
    weights = network.get_weights()
    network.set_weights([weight + 1 for weight in weights])
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)
    network.set_weights(weights)
    assert [layer.name for layer in model.get_layer(assembly.CORE).layers if "dropout" in layer.name] == []
    np.testing.assert_allclose(np.asarray(model(x, training=True)), before, rtol=1e-5)


def test_it_is_compiled_with_the_loss_and_the_metrics_and_the_one_that_is_asked_for(numbers):
    _, head, x, _, _, model = numbers
    told = model.evaluate(x, head.finished_targets(NUMBERS), verbose=0, return_dict=True)
    assert set(told) == {"loss", "mse", "mae", "r2_score"}
    off = model.predict(x, verbose=0)[:, 0] - NUMBERS
    assert told["loss"] == pytest.approx(np.mean(off**2), rel=1e-4)
    assert told["mae"] == pytest.approx(np.mean(np.abs(off)), rel=1e-4)


def test_where_a_class_is_rare_it_is_compiled_with_the_crossentropy():
    images, _ = fitted(inputs.get("image"), np.repeat(IMAGES, 5, axis=0))
    head, _ = fitted(ClassificationHead(), np.arange(60) < 3)
    model = assembly.finished(images.preprocessor(), core(images.shape, head), head, None, "mine")
    assert model.loss == "binary_crossentropy"


def test_a_device_gets_the_finished_model_where_it_can_run_all_of_it(numbers):
    images, head, _, _, _, model = numbers
    assert assembly.on_device(model, images, head) is model


def test_a_device_gets_numbers_in_the_place_of_strings():
    texts, x = fitted(inputs.get("text"), generators.reviews(12, 0)[0])
    head, _ = fitted(RegressionHead(), NUMBERS)
    model = assembly.finished(texts.preprocessor(), core(texts.shape, head), head, None, "mine")
    device = assembly.on_device(model, texts, head)
    assert set(device.input) == set(texts.shape)
    assert all(tensor.dtype == "float32" for tensor in device.input.values())
    answers = device.predict(texts.numbers(x), verbose=0)
    np.testing.assert_allclose(answers, model.predict(keras.ops.convert_to_tensor(x), verbose=0), rtol=1e-4)


def test_a_device_keeps_the_parts_of_a_preprocessor_that_it_can_run():
    both, x = fitted(
        inputs.get({"picture": "image", "review": "text"}), {"picture": IMAGES, "review": generators.reviews(12, 0)[0]}
    )
    head, _ = fitted(RegressionHead(), NUMBERS)
    model = assembly.finished(both.preprocessor(), core(both.shape, head), head, None, "mine")
    device = assembly.on_device(model, both, head)
    given = both.numbers(x)
    np.testing.assert_array_equal(given["picture"], IMAGES)  # as they came
    expected = model.predict({**x, "review": keras.ops.convert_to_tensor(x["review"])}, verbose=0)
    np.testing.assert_allclose(device.predict(given, verbose=0), expected, rtol=1e-4)


@pytest.mark.parametrize("kind", ["image", "table"])
def test_a_file_of_a_network_as_if_trained_is_as_large_as_once_it_is_trained(kind):
    """Biases of zero and scales of one would be folded away, and names grow with the number of networks before."""
    given = {"image": IMAGES, "table": {"a": NUMBERS, "b": NUMBERS**2}}[kind]
    part, x = fitted(inputs.get(kind), pd.DataFrame(given) if kind == "table" else given)
    head, y = fitted(RegressionHead(), NUMBERS)
    preprocessor = part.preprocessor()

    def size(network):
        model = assembly.finished(preprocessor, network, head, None, "mine")
        return len(export.to_tflite(assembly.on_device(model, part, head)))

    fresh, network = (normalised(part.shape, head) for _ in range(2))
    network.compile("adam", "mse", jit_compile=False)
    network.fit(preprocessor.predict(data.feed(x), verbose=0), head.encode(y), verbose=0)
    trained = size(network)
    assert size(fresh) < trained == size(assembly.as_if_trained(fresh))


def normalised(shape, head):
    """A network with biases and a normalisation between layers that it cannot be folded into."""

    def build(self, hp, x):
        flat = [keras.layers.Flatten()(leaf) for leaf in _leaves(x)]
        x = keras.layers.Dense(4)(keras.layers.Concatenate()(flat) if len(flat) > 1 else flat[0])
        x = keras.layers.BatchNormalization()(keras.layers.ReLU()(x))
        return keras.layers.Dense(4)(keras.layers.ReLU()(x))

    with seeded(0):
        return SearchSpace(type("Normalised", (Block,), {"build": build})(), head, shape).candidate({}).core()


def test_what_no_training_changes_stays_as_it_is():
    fixed = keras.layers.Dense(3, trainable=False)
    inner = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])
    network = keras.Sequential([keras.Input((2,)), fixed, inner])
    before = network.get_weights()
    after = assembly.as_if_trained(network).get_weights()
    assert [bool((one != other).all()) for one, other in zip(before, after, strict=True)] == [False] * 2 + [True] * 4
    assert (inner.layers[0].moving_variance.numpy() > 0).all()


def test_the_file_of_a_candidate_has_room_for_a_threshold():
    part, _ = fitted(inputs.get("image"), IMAGES)
    head, y = fitted(ClassificationHead(), np.arange(200) % 20 == 0)  # one class is rare
    chosen = assembly.as_if_calibrated(head, (None, head.encode(y), None))
    assert head.threshold is None

    def size(head):
        return sum(map(len, lite.files(part, head).values()))

    trained = copy.deepcopy(head)
    trained.calibrate(np.random.default_rng(1).random((200, 1)), head.encode(y), None)
    assert size(head) + 100 < size(chosen) == pytest.approx(size(trained), abs=60)
    plain, y = fitted(ClassificationHead(), np.arange(200) % 2)
    assert assembly.as_if_calibrated(plain, (None, plain.encode(y), None)) is plain
