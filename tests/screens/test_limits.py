import keras
import numpy as np

from autonas import objectives
from autonas.devices.base import Device, Latency
from autonas.objectives.base import BuiltModel
from autonas.screens.base import Candidate
from autonas.screens.limits import Limits
from autonas.testing.screens import check_screen


class Clock(Device):
    def latency(self, tflite):
        raise AssertionError("nothing was to be measured")


def built(units):
    inputs = keras.Input((10,))
    return BuiltModel(keras.Model(inputs, keras.layers.Dense(units)(inputs)), Clock())


def test_candidates_over_a_limit_are_never_trained():
    limits = Limits(objectives.limits({"params": 100}))
    candidates = [Candidate({}, None, make=lambda units=units: built(units)) for units in (5, 50)]
    np.testing.assert_array_equal(limits.score(candidates, []), [0.0, -np.inf])
    np.testing.assert_array_equal(limits.score([Candidate({}, None)], []), [np.nan])
    assert limits.refusal(built(5)) is None
    assert limits.refusal(built(50)) == "params is at least 550, over the limit of 100"


def test_the_graph_answers_before_anything_is_measured():
    limits = Limits(objectives.limits({"latency_ms": 1.0, "size_kb": 1.0}))
    assert limits.refusal(built(500)).startswith("size_kb is at least")


def test_limits_keep_to_the_contract():
    check_screen(Limits(objectives.limits({"params": 100})))


def test_a_latency_over_the_limit():
    class Slow(Device):
        def latency(self, tflite):
            return Latency(3.0, 2.9, 3.1)

    candidate = BuiltModel(built(5).model, Slow())
    assert Limits(objectives.limits({"latency_ms": 2.0})).refusal(candidate) == "latency_ms is 3, over the limit of 2"
