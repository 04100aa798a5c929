"""Several finalists as one: those there is time for, on the folds there is time for, joined by what each adds."""

import dataclasses
import time
import types

import numpy as np
import pytest

from autonas import committee, ensemble, finals, timetable
from autonas.committee import Committee, Together
from autonas.errors import TrialError
from autonas.finals import Finals
from autonas.testing.estimators import example
from autonas.trials import Trial
from tests.test_ensemble import everything_of
from tests.test_retrain import BUDGET, run, setting


def ensemble_of(folds, trials, budget=BUDGET, fits=lambda core: True):
    candidate, data, _ = setting()
    return run(trials(candidate), candidate, data, everything_of(data), budget, together=Together(folds, fits))


def two(candidate):
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


@pytest.mark.slow
def test_with_one_split_those_that_were_chosen_are_trained_on_all_the_data(monkeypatch):
    monkeypatch.setattr(ensemble, "select", lambda outputs, loss: [2, 1])
    calls = []
    on_everything = Finals.on_everything

    def counted(self, entry, data):
        calls.append(len(self.everything))
        return on_everything(self, entry, data)

    monkeypatch.setattr(Finals, "on_everything", counted)
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


@pytest.mark.slow
def test_time_that_is_left_trains_further_finalists(monkeypatch):
    monkeypatch.setattr(committee, "QUICK", 0.0)
    monkeypatch.setattr(timetable, "affordable", lambda *a, **k: 1)  # as if trainings took as long as was planned
    budget = dataclasses.replace(BUDGET, deadline=time.monotonic() + 1e4)
    outcome = ensemble_of(2, two, budget)
    assert [len(finalist.scores) for finalist in outcome.finalists] == [2, 2]
    monkeypatch.setattr(timetable, "MARGIN", 1e6)
    assert len(ensemble_of(2, two, budget).finalists) == 1


def test_no_time_for_folds_leaves_the_winner_alone(monkeypatch):
    monkeypatch.setattr(timetable, "MARGIN", 1e9)
    budget = dataclasses.replace(BUDGET, deadline=time.monotonic() + 60)
    outcome = ensemble_of(3, two, budget)
    assert ensemble_count(outcome) == 0
    assert [finalist.share for finalist in outcome.finalists] == [1.0, 0.0]


def short_of_time(monkeypatch, seconds, shares, deadline):
    """An ensemble of two networks with so many seconds for a training, by the number of the trial, and such shares."""
    clock, train = [0.0], finals.train

    def trained(candidate, data, budget, seed):
        training = train(candidate, data, dataclasses.replace(budget, deadline=None), seed)
        clock[0] += seconds[rates.index(candidate.values["adamw_learning_rate"])]  # not before: steps are watched
        return training

    candidate, _ = example()
    rates = [trial.values["adamw_learning_rate"] for trial in two(candidate)]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(finals, "train", trained)
    monkeypatch.setattr(timetable, "affordable", lambda *a, **k: 2)
    monkeypatch.setattr(Committee, "_plan", lambda *a: (1, 1))  # all folds of the best are too much
    monkeypatch.setattr(ensemble, "select", lambda outputs, loss: shares)
    outcome = ensemble_of(3, two, dataclasses.replace(BUDGET, deadline=deadline))
    assert clock[0] <= deadline
    return outcome


@pytest.mark.parametrize("shares", [[1, 9], pytest.param([9, 1], marks=pytest.mark.slow)])
def test_where_time_is_short_more_folds_go_where_the_answer_comes_from(shares, monkeypatch):
    outcome = short_of_time(monkeypatch, {1: 3.0, 0: 2.0}, shares, 5 + 2 * 1.2 * 3.0)
    most, least = sorted(outcome.finalists, key=lambda finalist: -finalist.share)
    assert (most.share, least.share) == (pytest.approx(0.9), pytest.approx(0.1))
    assert len(most.scores) == 3
    assert len(least.scores) < 3


@pytest.mark.slow
def test_where_time_is_short_the_cheap_network_has_more_folds(monkeypatch):
    outcome = short_of_time(monkeypatch, {1: 10.0, 0: 2.0}, [1, 1], 12 + 2 * 1.2 * 2.0)
    assert {finalist.trial: len(finalist.scores) for finalist in outcome.finalists} == {0: 3, 1: 1}
    assert [finalist.share for finalist in outcome.finalists] == [0.5, 0.5]
    assert ensemble_count(outcome) == 4


def first_folds(monkeypatch, steps, count, seconds=1000.0):
    """Whom the first folds are trained of in so many seconds, by what a step takes of each, and the seconds that are kept."""
    candidate, data, _ = setting()
    trained = []

    def first_fold(self, trials, data, alone=False, kept=0.0):
        trained.append(([trial.number for trial in trials], alone, kept))
        return [types.SimpleNamespace(trial=t, fold_seconds=10.0, rank=0.0, found=None) for t in trials]

    monkeypatch.setattr(Finals, "first_fold", first_fold)
    monkeypatch.setattr(committee, "best_first", list)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    trials = [
        Trial(n, candidate.values, score=1.0 - n, costs={"step_seconds": seconds}) for n, seconds in enumerate(steps)
    ]
    budget = dataclasses.replace(BUDGET, deadline=seconds)
    finals = Finals(candidate.space, everything_of(data), budget, None, 0, None, True)
    Committee(finals, data, Together(5)).entries(trials, count)
    return trained


def test_before_networks_that_take_all_the_time_come_those_that_take_next_to_none(monkeypatch):
    steps = [80.0, 40.0, 0.2, 0.5]  # a training has 12 steps, each 1.15 times as long as in the search; five folds
    quick = [([2], False, 0.0), ([3], False, 0.0)]
    assert first_folds(monkeypatch, steps, 0)[:3] == [*quick, ([0], True, 80.0)]
    assert first_folds(monkeypatch, steps, 1)[:3] == [*quick, ([0], False, 80.0)]
    assert first_folds(monkeypatch, steps, 2) == [*quick, ([0, 1], False, 80.0)]
    assert first_folds(monkeypatch, steps, 4) == [([0, 1, 2, 3], False, 0)]


def test_nobody_comes_in_who_would_be_trained_for_next_to_no_epochs(monkeypatch):
    """The estimate of folds that stop early says that there is time, and the schedule that there is none."""
    assert len(first_folds(monkeypatch, [8.0, 4.0, 20.0], 2, 400.0)) == 1
    assert len(first_folds(monkeypatch, [8.0, 4.0, 20.0], 2, 2000.0)) == 2


@pytest.mark.slow
def test_a_fold_that_diverges_leaves_what_is_complete(monkeypatch):
    train = finals.train

    def diverging(candidate, data, budget, seed):
        if diverging.calls == 4:  # two finalists, a second fold of each, then trouble
            raise TrialError("The training diverged")
        diverging.calls += 1
        return train(candidate, data, budget, seed)

    diverging.calls = 0
    monkeypatch.setattr(finals, "train", diverging)
    outcome = ensemble_of(4, two)
    assert {len(finalist.scores) for finalist in outcome.finalists if finalist.share} == {2}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_ensemble(outcome):
    again = ensemble_of(3, two).core
    for first, second in zip(outcome.core.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
