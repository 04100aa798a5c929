import keras_tuner
import numpy as np
import pytest

from autonas.strategies import Asha
from autonas.testing.strategies import p_value_of_budgets
from autonas.trials import BUDGET, COMPLETED, FAILED, Trial


def space():
    hp = keras_tuner.HyperParameters()
    hp.Int("a", 0, 999)
    return hp


def follow(count):
    history = []
    for number in range(count):
        values = Asha().propose(history, space(), np.random.default_rng(number))
        history.append(Trial(number, values, score=float(values["a"])))
    return history


def test_one_in_three_goes_on_and_the_highest_rung_comes_first():
    trials = follow(40)
    lowest = [t for t in trials if t.values[BUDGET] == 1 / 9]
    assert [t.values[BUDGET] for t in trials[:4]] == [1 / 9] * 3 + [1 / 3]
    assert trials[3].values["a"] == max(t.values["a"] for t in trials[:3])
    for number, trial in enumerate(trials):
        rung = [t for t in trials[:number] if t.values[BUDGET] == trial.values[BUDGET] / 3]
        if trial.values[BUDGET] > 1 / 9:
            better = [t for t in rung if t.values["a"] > trial.values["a"]]
            assert len(better) < len(rung) // 3
        else:  # nobody could go on
            for low, high in ((1 / 9, 1 / 3), (1 / 3, 1.0)):
                rung = sorted(t.values["a"] for t in trials[:number] if t.values[BUDGET] == low)
                above = {t.values["a"] for t in trials[:number] if t.values[BUDGET] == high}
                assert set(rung[len(rung) - len(rung) // 3 :]) <= above
    assert len({t.values["a"] for t in lowest}) == len(lowest)
    assert any(t.values[BUDGET] == 1 for t in trials)


def test_who_failed_does_not_go_on():
    history = [Trial(n, {"a": n, BUDGET: 1 / 9}, FAILED) for n in range(6)]
    assert Asha().propose(history, space(), np.random.default_rng(0))[BUDGET] == 1 / 9


def finish(size, broken=lambda values: False):
    hp, history = keras_tuner.HyperParameters(), []
    hp.Int("a", 1, size)
    while (values := Asha().propose(history, hp, np.random.default_rng(len(history)))) is not None:
        failed = broken(values)
        history.append(Trial(len(history), values, FAILED if failed else COMPLETED, None if failed else values["a"]))
    return [(trial.values["a"], trial.values[BUDGET]) for trial in history[size:]]


@pytest.mark.parametrize("size", [1, 2])
def test_a_space_that_is_covered_ends_with_a_full_evaluation_of_the_best(size):
    assert finish(size) == [(size, 1 / 3), (size, 1.0)]


def test_the_next_best_goes_on_where_the_best_fails_on_a_larger_budget():
    assert finish(2, lambda values: values["a"] == 2 and values[BUDGET] == 1) == [
        (2, 1 / 3),
        (2, 1.0),
        (1, 1 / 3),
        (1, 1.0),
    ]
    assert finish(2, lambda values: values[BUDGET] > 1 / 9) == [(2, 1 / 3), (1, 1 / 3)]


def test_the_leaders_of_each_rung_are_unfinished():
    history = [Trial(n, {"a": n, BUDGET: 1 / 9}, score=float(n)) for n in range(12)]
    history.append(Trial(12, {"a": 11, BUDGET: 1 / 3}, score=11.0))
    assert [(t.values["a"], t.values[BUDGET]) for t in Asha().unfinished(history)] == [
        *((a, 1 / 9) for a in range(10, 3, -1)),
        (11, 1 / 3),
    ]


def test_it_beats_random_search_with_as_many_epochs():
    assert p_value_of_budgets(Asha()) < 0.01
