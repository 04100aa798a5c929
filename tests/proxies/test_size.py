import keras
import numpy as np

from autonas.proxies.size import Flops, Parameters


def test_sizes_are_counted():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    x = np.zeros((2, 4), "float32")
    assert Parameters().score(model, x, None, None) == 15
    assert Flops().score(model, x, None, None) == 2 * 12 + 3
