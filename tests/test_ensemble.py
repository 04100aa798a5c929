"""Folds share nothing, the selection is greedy, and the joined network is the mean of its members."""

import dataclasses

import keras
import numpy as np
import pytest

from autonas import ensemble
from autonas.estimators.base import train
from autonas.heads.classification import ClassificationHead
from autonas.testing.estimators import example
from tests.test_retrain import BUDGET, run, setting


def everything_of(data):
    x = np.concatenate([data.x, data.validation[0]])
    y = np.concatenate([data.y, data.validation[1]])
    judging = np.arange(len(x), dtype="float32")
    return dataclasses.replace(data, x=x, y=y, validation=None, weights=2 * judging, judging=judging)


def test_each_example_is_judged_once():
    _, data = example()
    everything = everything_of(data)
    parts = ensemble.folds(data, everything, 4)
    assert parts[0] is data
    held = np.concatenate([part.validation[2] for part in parts[1:]])
    np.testing.assert_array_equal(np.sort(held), np.arange(len(data)))  # the first fold holds the others
    for part in parts[1:]:
        assert len(part) + len(part.validation[0]) == len(everything)
        assert not set(part.weights / 2) & set(part.validation[2])
        rows = part.validation[2].astype(int)
        np.testing.assert_array_equal(part.validation[0], everything.x[rows])
        np.testing.assert_array_equal(part.validation[1], everything.y[rows])
        np.testing.assert_array_equal(part.x[:, 0], everything.x[(part.weights / 2).astype(int), 0])


def test_folds_keep_the_classes_in_proportion():
    _, data = example()
    shares = [part.validation[1].mean(axis=0) for part in ensemble.folds(data, everything_of(data), 3)[1:]]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.05)


TRUTH = np.array([0.0, 1.0, 0.0, 1.0])


def squares(mean):
    return float(np.square(mean - TRUTH).sum())


def test_those_that_help_each_other_are_chosen():
    low, high, bad = TRUTH - 0.2, TRUTH + 0.3, 1 - TRUTH
    counts = ensemble.select([low, high, bad], squares)
    assert counts[2] == 0
    # 3 of -0.2 and 2 of +0.3 cancel
    assert counts[0] / sum(counts) == pytest.approx(0.6, abs=0.1)
    assert squares(ensemble.mean([low, high, bad], counts)) < squares(low) / 4


def test_what_does_not_help_is_left_out():
    assert ensemble.select([TRUTH, TRUTH + 0.1], squares) == [1, 0]


def test_the_mean_of_dicts_is_taken_by_name():
    one, other = {"a": np.zeros(2), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)}
    mean = ensemble.mean([one, other], [3, 1])
    np.testing.assert_allclose(mean["a"], 0.25)
    np.testing.assert_allclose(mean["b"], 1.0)


def test_the_loss_is_that_of_keras():
    head = ClassificationHead()
    head.fit(head.check(["a", "b", "a", "b"]))
    y, outputs, weights = TRUTH[:, None], np.array([[0.2], [0.7], [0.4], [0.9]]), np.array([1.0, 2.0, 1.0, 0.0])
    loss = ensemble.loss_of(head, y, weights, outputs)
    each = -np.log(np.abs(1 - TRUTH - outputs[:, 0]))
    assert loss(outputs) == pytest.approx(float(np.mean(weights * each)), rel=1e-5)


def test_the_joined_network_is_the_mean_of_its_members():
    candidate, data = example()
    cores = [train(candidate, data, BUDGET, seed).model for seed in range(3)]
    outputs = [core.predict(data.x, verbose=0) for core in cores]
    joined = ensemble.joined(cores, [1, 1, 2])
    expected = (outputs[0] + outputs[1] + 2 * outputs[2]) / 4
    np.testing.assert_allclose(joined.predict(data.x, verbose=0), expected, atol=1e-6)
    assert ensemble.joined(cores[:1], [1]) is cores[0]


def test_networks_with_several_outputs_are_joined_by_name():
    def core(value):
        tensor = keras.Input((2,), name="inputs")
        outputs = {
            name: keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(value + extra), name=name)(
                tensor
            )
            for name, extra in (("a", 0), ("b", 5))
        }
        return keras.Model(tensor, outputs)

    joined = ensemble.joined([core(1), core(3)], [1, 1])
    told = joined.predict(np.ones((1, 2)), verbose=0)
    assert {name: float(value) for name, value in ((n, v[0, 0]) for n, v in told.items())} == {"a": 4.0, "b": 14.0}


def ensemble_of(folds, trials, budget=BUDGET, fits=lambda core: True):
    from autonas.retrain import Together

    candidate, data, _ = setting()
    return run(trials(candidate), candidate, data, everything_of(data), budget, together=Together(folds, fits))


def two(candidate):
    from autonas.trials import Trial

    slow = {**candidate.values, "adamw_learning_rate": 1e-3}
    return [Trial(0, candidate.values, score=0.9), Trial(1, slow, score=0.8)]


def one(candidate):
    return two(candidate)[:1]


@pytest.fixture(scope="module")
def outcome():
    return ensemble_of(3, two)


def test_the_best_are_trained_on_all_folds(outcome):
    assert [len(finalist.scores) for finalist in outcome.finalists] == [3, 3]
    assert sum(finalist.share for finalist in outcome.finalists) == pytest.approx(1)
    means = [np.mean(finalist.scores) for finalist in outcome.finalists]
    assert means == sorted(means, reverse=True)
    members = [layer for layer in outcome.core.layers if layer.name.startswith("member_")]
    assert len(members) == 3 * sum(finalist.share > 0 for finalist in outcome.finalists)


def test_the_ensemble_is_judged_by_what_it_was_not_trained_on(outcome):
    _, data = example()
    assert len(outcome.unseen.outputs) == len(outcome.unseen.y) == len(data) + 32
    np.testing.assert_array_equal(outcome.unseen.y[:32], data.validation[1])
    told = outcome.core.predict(data.validation[0], verbose=0)  # most members saw these
    assert np.abs(told - outcome.unseen.outputs[:32]).max() > 1e-3


def test_with_one_split_those_that_were_chosen_are_trained_on_all_the_data(monkeypatch):
    from autonas import retrain

    monkeypatch.setattr(ensemble, "select", lambda outputs, loss: [2, 1])
    calls = []
    on_everything = retrain._on_everything
    monkeypatch.setattr(retrain, "_on_everything", lambda *a: calls.append(len(a[3])) or on_everything(*a))
    outcome = ensemble_of(1, two)
    assert calls == [96, 96]
    assert sorted(finalist.share for finalist in outcome.finalists) == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


@pytest.mark.slow
def test_an_ensemble_over_the_limits_gets_smaller_until_it_fits():
    def at_most(most):
        return lambda core: sum(layer.name.startswith("member_") for layer in core.layers) <= most

    assert ensemble_count(ensemble_of(3, two, fits=at_most(3))) == 3
    assert ensemble_count(ensemble_of(3, one, fits=at_most(2))) == 2
    assert ensemble_count(ensemble_of(3, one, fits=at_most(1))) == 0


def ensemble_count(outcome):
    return sum(layer.name.startswith("member_") for layer in outcome.core.layers)


def test_time_that_is_left_trains_further_finalists(monkeypatch):
    from autonas import retrain

    monkeypatch.setattr(retrain, "_affordable", lambda *a, **k: 1)  # as if trainings took as long as was planned
    budget = dataclasses.replace(BUDGET, deadline=retrain.time.monotonic() + 1e4)
    outcome = ensemble_of(2, two, budget)
    assert [len(finalist.scores) for finalist in outcome.finalists] == [2, 2]
    monkeypatch.setattr(retrain, "MARGIN", 1e6)
    assert len(ensemble_of(2, two, budget).finalists) == 1


def test_no_time_for_folds_leaves_the_winner_alone(monkeypatch):
    from autonas import retrain

    monkeypatch.setattr(retrain, "MARGIN", 1e9)
    budget = dataclasses.replace(BUDGET, deadline=retrain.time.monotonic() + 60)
    outcome = ensemble_of(3, two, budget)
    assert ensemble_count(outcome) == 0
    assert [finalist.share for finalist in outcome.finalists] == [1.0, 0.0]


def test_where_time_is_short_the_cheap_network_has_more_folds(monkeypatch):
    from autonas import retrain

    clock, train = [0.0], retrain.train
    seconds = {1: 10.0, 0: 2.0}  # of a training, by the number of the trial

    def trained(candidate, data, budget, seed):
        clock[0] += seconds[rates.index(candidate.values["adamw_learning_rate"])]
        return train(candidate, data, dataclasses.replace(budget, deadline=None), seed)

    candidate, _ = example()
    rates = [trial.values["adamw_learning_rate"] for trial in two(candidate)]
    monkeypatch.setattr(retrain.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(retrain, "train", trained)
    monkeypatch.setattr(retrain, "_affordable", lambda *a, **k: 2)
    monkeypatch.setattr(retrain._Finals, "_plan", lambda *a: (1, 1))  # all folds of the best are too much
    monkeypatch.setattr(ensemble, "select", lambda outputs, loss: [1, 1])
    outcome = ensemble_of(3, two, dataclasses.replace(BUDGET, deadline=12 + 2 * 1.2 * 2.0))
    assert {finalist.trial: len(finalist.scores) for finalist in outcome.finalists} == {0: 3, 1: 1}
    assert [finalist.share for finalist in outcome.finalists] == [0.5, 0.5]
    assert ensemble_count(outcome) == 4
    assert clock[0] <= 12 + 2 * 1.2 * 2.0


def test_a_fold_that_diverges_leaves_what_is_complete(monkeypatch):
    from autonas import retrain
    from autonas.errors import TrialError

    train = retrain.train

    def diverging(candidate, data, budget, seed):
        if diverging.calls == 4:  # two finalists, a second fold of each, then trouble
            raise TrialError("The training diverged")
        diverging.calls += 1
        return train(candidate, data, budget, seed)

    diverging.calls = 0
    monkeypatch.setattr(retrain, "train", diverging)
    outcome = ensemble_of(4, two)
    assert {len(finalist.scores) for finalist in outcome.finalists if finalist.share} == {2}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_ensemble(outcome):
    again = ensemble_of(3, two).core
    for first, second in zip(outcome.core.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
