"""Batches through Keras: the batch is the user's, several inputs and whole numbers are fed."""

import keras
import pytest

from autonas.devices.host_keras import HostKeras
from autonas.errors import InputError
from autonas.testing.devices import network


def test_a_larger_batch_takes_longer():
    model = network(16, 16)
    one, many = (HostKeras(size, seconds=0.05).latency(model) for size in (1, 256))
    assert many.low_ms > one.high_ms


def test_the_batch_reaches_the_model():
    seen = []

    class Spy(keras.layers.Layer):
        def call(self, x):
            seen.append(x.shape[0])
            return x

    inputs = {"words": keras.Input((4,), dtype="int32", name="words"), "numbers": keras.Input((3,), name="numbers")}
    words = keras.layers.Flatten()(keras.layers.Embedding(5, 2)(inputs["words"]))
    outputs = Spy()(keras.layers.Concatenate()([words, inputs["numbers"]]))
    latency = HostKeras(7, seconds=0.0).latency(keras.Model(inputs, outputs))
    assert latency.median_ms > 0
    assert seen[-1] == 7


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"min_runs": 5}, {"seconds": -1.0}])
def test_arguments_out_of_range_are_named(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        HostKeras(**arguments)
