import math

import keras
import numpy as np
import pytest

from autonas import objectives
from autonas.devices.base import Device, Latency
from autonas.errors import InputError, TrialError
from autonas.objectives import COSTS
from autonas.objectives.base import BuiltModel
from autonas.objectives.costs import LatencyMs
from autonas.objectives.quality import Quality


@pytest.mark.parametrize("name", COSTS)
def test_costs_by_name(name):
    cost = objectives.get(name)
    assert (cost.name, cost.direction, cost.cheap) == (name, "min", True)


def test_metrics_by_name():
    assert isinstance(objectives.get("val_auc"), Quality)


def test_the_metric_of_an_output_has_the_direction_of_the_metric():
    outputs = ["price", "price_b"]
    assert objectives.get("val_price_b_r2_score", outputs).direction == "max"
    assert [one.direction for one in objectives.several(["val_price_mae", "params"], outputs)] == ["min", "min"]
    assert objectives.get("val_auc", outputs).direction == "max"
    with pytest.raises(InputError, match="val_profit"):
        objectives.get("val_price_profit", outputs)


def test_an_instance_is_taken_as_it_is():
    cost = LatencyMs()
    assert objectives.get(cost) is cost


def test_an_objective_of_keras_tuner_says_its_direction():
    import keras_tuner

    quality = objectives.get(keras_tuner.Objective("val_profit", "max"))
    assert (quality.name, quality.direction) == ("val_profit", "max")


def test_several_objectives_of_keras_tuner_are_several():
    import keras_tuner

    given = [keras_tuner.Objective("val_auc", "max"), keras_tuner.Objective("params", "min")]
    joined = keras_tuner.oracles.RandomSearchOracle(objective=given).objective
    assert [(one.name, one.direction) for one in objectives.several(joined)] == [("val_auc", "max"), ("params", "min")]


def test_a_cost_is_not_maximised():
    import keras_tuner

    with pytest.raises(InputError, match="'min' for a cost"):
        objectives.get(keras_tuner.Objective("params", "max"))


@pytest.mark.parametrize("name", ["latency", "speed", 3, None])
def test_an_unknown_objective_lists_the_costs(name):
    with pytest.raises(InputError, match=r"flops.*latency_ms.*val_accuracy"):
        objectives.get(name)


def test_several_objectives_are_read():
    found = objectives.several(["val_accuracy", "latency_ms"])
    assert [(objective.name, objective.sign) for objective in found] == [("val_accuracy", 1), ("latency_ms", -1)]
    found = objectives.several({"val_profit": "max", "size_kb": "min"})
    assert [(objective.name, objective.sign) for objective in found] == [("val_profit", 1), ("size_kb", -1)]
    assert objectives.lead(found) is found[0]
    assert objectives.lead(objectives.several("params")) is None


@pytest.mark.parametrize("wrong", [[], ["params", "params"], {}])
def test_several_objectives_have_names_of_their_own(wrong):
    with pytest.raises(InputError, match="each of another name"):
        objectives.several(wrong)


def test_what_was_kept_is_restored():
    for name, direction in (("val_profit", "max"), ("val_loss", "min"), ("size_kb", "min")):
        objective = objectives.restore(name, direction)
        assert (objective.name, objective.direction) == (name, direction)


def test_limits_are_read():
    read = objectives.limits({"latency_ms": 2, "size_kb": np.float32(0.5), "params": np.int64(5)})
    assert {name: limit for name, (_, limit) in read.items()} == {"latency_ms": 2.0, "size_kb": 0.5, "params": 5.0}
    assert isinstance(read["latency_ms"][0], LatencyMs)


@pytest.mark.parametrize("limit", [0, -1, math.nan, math.inf, "2", None, True])
def test_what_is_no_limit(limit):
    with pytest.raises(InputError, match=r"limits\['params'\] must be a positive number"):
        objectives.limits({"params": limit})


@pytest.mark.parametrize("limits", [{"latency": 2}, {"val_accuracy": 0.9}])
def test_limits_are_on_costs(limits):
    with pytest.raises(InputError, match="on one of the costs"):
        objectives.limits(limits)


def test_limits_come_in_a_dict():
    with pytest.raises(InputError, match="a dict"):
        objectives.limits([("params", 3)])


class Uncertain(Device):
    """Says that a model takes 2 ms, give or take 0.5, or nothing at all."""

    answers = True

    def latency(self, tflite):
        if not self.answers:
            raise TrialError("It is not there.")
        return Latency(2.0, 1.5, 2.5)


def test_a_finished_model_breaks_what_it_costs_more_than_for_sure():
    built = BuiltModel(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]), Uncertain())
    assert objectives.broken(objectives.limits({"params": 15, "latency_ms": 1.6}), built) is None
    assert objectives.broken(objectives.limits({"params": 14}), built) == "params is 15, over the limit of 14"
    assert (
        objectives.broken(objectives.limits({"latency_ms": 1.4}), built) == "latency_ms is 1.5, over the limit of 1.4"
    )
    built = BuiltModel(built.model, Uncertain())
    built.device.answers = False
    assert objectives.broken(objectives.limits({"latency_ms": 1.4}), built) is None
