import json

import numpy as np
import pytest

import autonas
from autonas import objectives
from autonas.errors import InputError
from autonas.testing.objectives import check_objective


def tradeoff(quality="val_accuracy", target=2.0, weight=-0.07):
    return autonas.Tradeoff(quality, "latency_ms", target=target, weight=weight)


@pytest.mark.parametrize("quality", ["val_accuracy", "val_loss", "val_r2_score"])
def test_it_is_an_objective(quality):
    check_objective(tradeoff(quality))


def test_the_reward_of_the_paper_by_hand():
    costs = {"latency_ms": 4.0}
    assert tradeoff().value({"val_accuracy": 0.8}, {"latency_ms": 2.0}) == 0.8
    assert tradeoff(weight=-1.0).value({"val_accuracy": 0.8}, costs) == pytest.approx(0.4)
    # twice the latency for 5 % more of the accuracy is about as good
    assert tradeoff().value({"val_accuracy": 0.8 * 1.05}, costs) == pytest.approx(0.8, rel=1e-3)


def test_of_a_loss_and_of_what_is_below_zero_less_cost_is_better_too():
    fast, slow = {"latency_ms": 1.0}, {"latency_ms": 4.0}
    loss, negative = tradeoff("val_loss"), tradeoff("val_r2_score")
    assert loss.score(loss.value({"val_loss": 0.5}, fast)) > loss.score(loss.value({"val_loss": 0.5}, slow))
    assert negative.value({"val_r2_score": -0.5}, fast) > negative.value({"val_r2_score": -0.5}, slow)


def test_it_is_restored_from_plain_data():
    for quality in ("val_accuracy", "val_loss"):
        one = tradeoff(quality)
        other = objectives.restore(*json.loads(json.dumps(one.plain())))
        assert repr(other) == repr(one)
        assert other.direction == one.direction


def test_numpy_s_numbers_are_numbers():
    assert repr(tradeoff(target=np.float32(2.0), weight=np.float32(-0.5))) == repr(tradeoff(weight=-0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("params", "latency_ms", 1.0), "quality"),
        (("val_accuracy", "val_auc", 1.0), "cost"),
        (("val_accuracy", "latency_ms", 0.0), "target"),
        (("val_accuracy", "latency_ms", True), "target"),
        (("val_accuracy", "latency_ms", 1.0, 0.07), "weight"),
        (("val_accuracy", "latency_ms", 1.0, float("-inf")), "weight"),
    ],
)
def test_impossible_arguments(arguments, message):
    with pytest.raises(InputError, match=rf"Tradeoff\({message}=\)"):
        autonas.Tradeoff(*arguments)
