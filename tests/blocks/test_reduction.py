import keras
import keras_tuner
import numpy as np
import pytest

from autonas.blocks.reduction import ReductionBlock


def build(shape, **values):
    hp = keras_tuner.HyperParameters()
    hp.values = values
    inputs = keras.Input(shape)
    return keras.Model(inputs, ReductionBlock().build(hp, inputs))


@pytest.mark.parametrize(
    ("choice", "expected"), [("average", [1.5]), ("max", [3.0]), ("flatten", [0.0, 1.0, 2.0, 3.0])]
)
def test_a_map_becomes_features(choice, expected):
    x = np.arange(4, dtype="float32").reshape(1, 2, 2, 1)
    np.testing.assert_allclose(build((2, 2, 1), reduction=choice).predict(x, verbose=0)[0], expected)


@pytest.mark.parametrize("shape", [(1, 1, 8), (4, 4, 8), (7, 7, 8), (8, 40, 8), (64, 64, 8)])
def test_a_flat_map_stays_small(shape):
    assert build(shape, reduction="flatten").output_shape[1] <= 4 * 4 * 8


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_the_rate_of_dropout_is_the_chosen_one(rate):
    layers = [layer for layer in build((2, 2, 1), dropout=rate).layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.rate for layer in layers] == ([rate] if rate else [])
