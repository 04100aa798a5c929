"""Networks for tables: their features are what they say, and they run on a device."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from autonas import generators
from autonas.blocks import of
from autonas.blocks.table import periodic
from autonas.export import to_tflite
from autonas.hyperparameters import discover
from autonas.inputs.table import TableInput
from autonas.testing.blocks import check_block
from autonas.values import complete

BLOCKS = of("table")


def example(columns=None):
    """A fitted table and some of its prepared rows."""
    frame, _ = generators.houses(60, 0)
    table = TableInput()
    rows = table.check(frame if columns is None else frame[columns])
    table.fit(rows)
    return table, table.numbers(rows)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("rows", [60, 60_000])
def test_every_block_keeps_to_the_contract(name, rows, tmp_path):
    table, x = example()
    check_block(BLOCKS[name](table, rows), table.shape, tmp_path, samples=2, examples=x)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("columns", [["area"], ["district", "heating"], ["distance"]])
def test_kinds_of_columns_may_be_missing(name, columns):
    table, x = example(columns)
    inputs = {part: keras.Input(shape, name=part) for part, shape in table.shape.items()}
    model = keras.Model(inputs, BLOCKS[name](table, 60).build(keras_tuner.HyperParameters(), inputs))
    assert model.predict(x, verbose=0).shape[0] == 60


@pytest.mark.parametrize("name", BLOCKS)
def test_every_choice_runs_on_a_device(name):
    table, _ = example()
    block = BLOCKS[name](table, 60)

    def build(hp):
        inputs = {part: keras.Input(shape, name=part) for part, shape in table.shape.items()}
        return keras.Model(inputs, block.build(hp, inputs))

    hp = discover(build)
    numbers = next((h for h in hp.space if h.name.endswith("_numbers")), None)
    for value in numbers.values if numbers else [None]:
        hp.values = complete(hp, lambda h, value=value: value if h is numbers else h.default)
        assert to_tflite(build(hp))


def test_periodic_features_have_frequencies_that_are_trained():
    inputs = keras.Input((3,))
    outputs = periodic(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(outputs)))
    waves = model.trainable_weights[0]
    assert waves.shape == (3, 1, 8)
    x = np.array([[0.1, 0.2, -0.3]], "float32")
    angles = x[..., None] * np.asarray(waves)[:, 0]
    np.testing.assert_allclose(
        keras.Model(inputs, outputs)(x), np.concatenate([np.sin(angles), np.cos(angles)], -1), atol=1e-5
    )
    before = np.array(waves)
    model.compile("sgd", "mse")
    model.fit(x, np.ones((1, 1)), verbose=0)
    assert not np.allclose(before, waves)


def test_periodic_features_are_sines_and_cosines():
    features = np.asarray(periodic(np.zeros((2, 3), "float32")))
    np.testing.assert_array_equal(features[..., :8], 0)
    np.testing.assert_array_equal(features[..., 8:], 1)


def test_equal_categories_of_two_columns_have_vectors_of_their_own():
    table, _ = example(["district", "heating"])
    inputs = keras.Input((2,))
    model = keras.Model(inputs, BLOCKS["table_dense"](table, 60).category_vectors(inputs, 4))
    vectors = model.predict(np.array([[1.0, 1.0]]), verbose=0)[0]
    assert not np.allclose(vectors[0], vectors[1])
    assert model.layers[-1].input_dim == sum(table.cardinalities)
