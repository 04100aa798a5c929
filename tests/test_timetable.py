"""The time that is left is shared out before the last trainings; `timetable` by itself, and as `retrain` goes by it."""

import dataclasses
import math
import time

import pytest

from autonas import finals, timetable
from autonas.trials import Trial
from tests.test_retrain import BUDGET, run, setting


def trainings(monkeypatch, seconds, *step_seconds, epochs=30):
    """Which (examples, epochs) are trained in so many seconds, for finalists of these step times."""
    candidate, data, everything = setting()
    calls = []
    train = finals.train

    def short(candidate, data, budget, seed):
        calls.append((data.validation is None, budget.epochs))
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(finals, "train", short)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    finalists = [
        Trial(number, candidate.values, score=0.9, costs={"startup_seconds": 0.0, "step_seconds": step})
        for number, step in enumerate(step_seconds)
    ]
    outcome = run(finalists, candidate, data, everything, dataclasses.replace(BUDGET, epochs=epochs, deadline=seconds))
    return calls, [finalist.trial for finalist in outcome.finalists]


def test_short_time_takes_the_same_share_of_the_epochs_from_each_finalist(monkeypatch):
    # 64 examples in batches of 16: 4 steps an epoch; each training would take 30 * 4 * step * MARGIN seconds
    needed = 30 * 4 * (0.1 + 0.3 + 0.3) * timetable.MARGIN
    calls, finalists = trainings(monkeypatch, 0.8 * needed, 0.1, 0.3)
    assert sorted(finalists) == [0, 1]
    (first, epochs), *_ = calls
    assert not first
    assert epochs in (23, 24)


def test_less_time_trains_fewer_finalists(monkeypatch):
    needed = 30 * 4 * (0.1 + 0.3 + 0.3) * timetable.MARGIN
    calls, finalists = trainings(monkeypatch, 0.4 * needed, 0.1, 0.3)
    assert finalists == [0]
    assert [everything for everything, _ in calls] == [False, True]


def test_hardly_any_time_is_for_the_best_alone_on_the_part_that_can_tell_when_to_stop(monkeypatch):
    needed = 30 * 4 * 0.1 * timetable.MARGIN
    calls, finalists = trainings(monkeypatch, 0.8 * needed, 0.1, 0.3)
    assert finalists == [0]
    assert calls[0] in ((False, 24), (False, 23))


def timed(values, number, step, origin="evolution"):
    return Trial(number, values, score=0.9, costs={"startup_seconds": 0.0, "step_seconds": step}, origin=origin)


def test_what_cannot_be_trained_in_time_is_no_finalist():
    candidate, _, everything = setting()
    quick, slow = timed(candidate.values, 0, 0.01), timed(candidate.values, 1, 10.0)
    budget = dataclasses.replace(BUDGET, epochs=30, deadline=time.monotonic() + 60)
    assert timetable.payable([slow, quick], everything, budget) == [quick]
    assert timetable.payable([slow], everything, budget) == [slow]
    once = timed(candidate.values, 2, 60 / (30 * 4))
    assert timetable.payable([slow, once], everything, budget) == [once]
    assert timetable.payable([slow, quick], everything, BUDGET) == [slow, quick]
    half = timed(candidate.values, 3, 2 * 60 / (30 * 4 * timetable.MARGIN))  # of its epochs would fit
    assert timetable.payable([half, quick], everything, budget) == [half, quick]
    rejected = Trial(4, candidate.values, status="rejected")
    assert timetable.payable([slow, rejected], everything, budget) == [slow]
    assert timetable.payable([rejected], everything, budget) == []


@pytest.mark.parametrize(("time_for", "on_all_the_data"), [(1.6, True), (2.1, True), (0.4, False), (3.1, False)])
def test_time_for_one_training_is_for_all_the_data_if_it_can_be_augmented(monkeypatch, time_for, on_all_the_data):
    """`time_for` counts trainings of the least epochs that say something; under half of one there are too few to augment."""
    candidate, data, everything = setting()
    augmented = {**candidate.values, "adamw_learning_rate": 1e-3}  # stands for another way to train the same network
    calls, epochs = [], []
    train = finals.train

    def short(candidate, data, budget, seed):
        epochs.append(budget.epochs)
        calls.append((data.validation is None, candidate.values == augmented, budget.patience))
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(finals, "train", short)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    seconds = math.ceil(timetable.LEAST_EPOCHS * 30) * 4 * 0.1 * timetable.MARGIN
    budget = dataclasses.replace(BUDGET, epochs=30, longest=60, deadline=time_for * seconds)
    outcome = run([timed(candidate.values, 0, 0.1), timed(augmented, 0, 0.1)], candidate, data, everything, budget)
    if on_all_the_data:
        assert calls == [(True, True, None)]
        assert epochs == [int(time_for * 23)]  # all of the time, also for more than the 30 that others get
        assert outcome.finalists[0].score is None
        assert outcome.finalists[0].share == 1.0
    else:
        assert not calls[0][0]
        assert outcome.finalists[0].score is not None


@pytest.mark.parametrize(
    ("time_for", "epochs", "first"),
    [(1.1, 30, "augmented"), pytest.param(9.0, 30, "plain", marks=pytest.mark.slow), (1.1, 10, "plain")],
)
def test_where_time_is_short_the_best_is_trained_with_augmentation_at_once(monkeypatch, time_for, epochs, first):
    candidate, data, everything = setting()
    plain = candidate.values
    augmented = {**plain, "adamw_learning_rate": 1e-3}  # stands for another way to train the same network
    other = {**plain, "adamw_learning_rate": 2e-3}
    calls = []
    train = finals.train

    def short(candidate, data, budget, seed):
        calls.append("augmented" if candidate.values == augmented else "plain")
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(finals, "train", short)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    seconds = timetable.LEAST_EPOCHS * epochs * 4 * 0.1 * timetable.MARGIN  # of one training that says something
    budget = dataclasses.replace(BUDGET, epochs=epochs, deadline=(1 + time_for) * seconds)
    run([timed(plain, 0, 0.1), timed(other, 1, 0.1), timed(augmented, 0, 0.1)], candidate, data, everything, budget)
    assert calls[0] == first
