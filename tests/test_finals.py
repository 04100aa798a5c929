"""Full trainings: what each is given, and what happens where one goes wrong or the time is up."""

import dataclasses
import time

import numpy as np
import pytest

from autonas import finals, stopwatch
from autonas.errors import SearchError, TrialError
from autonas.progress import View
from autonas.stopwatch import TooSlow
from autonas.trials import Trial
from tests.test_retrain import BUDGET, run, setting


def test_the_last_training_is_from_scratch_on_more_data(monkeypatch):
    candidate, data, everything = setting()
    everything = dataclasses.replace(everything, x=np.repeat(data.x, 2, 0), y=np.repeat(data.y, 2, 0))
    calls = []
    train = finals.train
    monkeypatch.setattr(finals, "train", lambda *a: calls.append(len(a[1])) or train(*a))
    run([Trial(0, candidate.values, score=0.9)], candidate, data, everything, BUDGET)
    assert calls == [64, 128]


@pytest.mark.slow
@pytest.mark.parametrize("others", [1, 2])
def test_when_time_is_up_the_best_is_trained_as_long_as_in_its_trial(monkeypatch, others):
    """A machine that became slow leaves no time; a network of some steps is no answer. Augmented or not."""
    monkeypatch.setattr(stopwatch, "TIMED", 10_000)  # how fast the machine of this test is does not matter
    candidate, data, everything = setting()
    budgets = []
    train = finals.train
    monkeypatch.setattr(finals, "train", lambda *a: budgets.append(a[2]) or train(*a))
    costs = {"startup_seconds": 1.0, "step_seconds": 0.1}
    same = {**candidate.values, "adamw_learning_rate": 1e-3}
    trials = [Trial(0, values, score=0.9, costs=costs, seconds=30.0) for values in (candidate.values, same)[:others]]
    now = time.monotonic()
    budget = dataclasses.replace(BUDGET, epochs=60, deadline=now - 1)
    outcome = run(trials, candidate, data, everything, budget)
    assert budgets[0].deadline > now + 29
    assert outcome.epochs > 50  # of 4 steps of a tenth of a second


def test_no_time_for_all_the_data_leaves_the_model_of_the_training_part(monkeypatch):
    candidate, data, everything = setting()
    calls = []
    train, now = finals.train, time.monotonic()

    def slow(candidate, data, budget, seed):
        calls.append(data.validation is None)
        training = train(candidate, data, dataclasses.replace(budget, deadline=None), seed)
        monkeypatch.setattr(time, "monotonic", lambda: now + 99.0)
        return dataclasses.replace(training, timings={"startup_seconds": 1.0, "step_seconds": 1.0})

    monkeypatch.setattr(finals, "train", slow)
    trial = Trial(0, candidate.values, score=0.9, costs={"startup_seconds": 1.0, "step_seconds": 1.0})
    outcome = run([trial], candidate, data, everything, dataclasses.replace(BUDGET, deadline=now + 100.0))
    assert calls == [False]
    assert outcome.epochs == outcome.finalists[0].epochs


@pytest.mark.parametrize("bias", [None, 50.0, np.nan])
def test_a_last_training_that_went_wrong_leaves_the_model_of_the_training_part(bias, monkeypatch):
    candidate, data, everything = setting()
    trained, said = [], []
    train = finals.train

    def train_and_spoil(candidate, data, *rest):
        training = train(candidate, data, *rest)
        if bias is not None and data.validation is None:
            *weights, last = training.model.get_weights()
            training.model.set_weights([*weights, np.array([bias] + [0.0] * (len(last) - 1))])
        trained.append(training.model)
        return training

    monkeypatch.setattr(finals, "train", train_and_spoil)
    monkeypatch.setattr(View, "say", lambda self, text: said.append(text))
    outcome = run([Trial(0, candidate.values, score=0.9)], candidate, data, everything, BUDGET)
    assert outcome.core is trained[1 if bias is None else 0]
    assert any("all the data went wrong" in text for text in said) is (bias is not None)


def test_a_last_candidate_that_cannot_be_trained_is_said(monkeypatch):
    def diverging(*_):
        raise TrialError("The training diverged")

    candidate, data, everything = setting()
    monkeypatch.setattr(finals, "train", diverging)
    slow = Trial(0, candidate.values, score=0.9, costs={"step_seconds": 100.0})
    with pytest.raises(SearchError, match="diverged"):
        run([slow], candidate, data, everything, dataclasses.replace(BUDGET, deadline=time.monotonic() + 1))


def test_a_finalist_that_diverges_leaves_the_others(monkeypatch):
    candidate, data, everything = setting()
    train = finals.train

    def diverging(candidate, *rest):
        if candidate.values["conv_width"] == 16:
            raise TrialError("The training diverged")
        return train(candidate, *rest)

    monkeypatch.setattr(finals, "train", diverging)
    bad = Trial(0, {**candidate.values, "conv_width": 16}, score=0.9)
    outcome = run([bad, Trial(1, candidate.values, score=0.8)], candidate, data, everything, BUDGET)
    assert outcome.trial.number == 1
    with pytest.raises(SearchError, match="diverged"):
        run([bad], candidate, data, everything, BUDGET)


def test_callbacks_of_the_user_are_copied_but_for_the_last_training():
    import keras

    class Count(keras.callbacks.Callback):
        trainings = 0

        def on_train_begin(self, logs=None):
            self.trainings += 1

    candidate, data, everything = setting()
    count = Count()
    run(
        [Trial(0, candidate.values, score=0.9)],
        candidate,
        data,
        everything,
        dataclasses.replace(BUDGET, callbacks=[count]),
    )
    assert count.trainings == 1


def test_a_network_that_learned_by_heart_has_a_shorter_schedule_on_all_the_data(monkeypatch):
    candidate, data, everything = setting()
    budgets = []
    train = finals.train

    def early(candidate, data, budget, seed):
        budgets.append(budget)
        training = train(candidate, data, budget, seed)
        return dataclasses.replace(training, best_epoch=2)

    monkeypatch.setattr(finals, "train", early)
    outcome = run(
        [Trial(0, candidate.values, score=0.9)], candidate, data, everything, dataclasses.replace(BUDGET, epochs=6)
    )
    assert (budgets[1].epochs, budgets[1].stop_after) == (2, 1.0)
    assert outcome.epochs == 2


def test_a_schedule_that_turns_out_too_long_begins_anew(monkeypatch):
    """Planned with 60 epochs of 4 steps; the first steps leave time for 120 of the 240. What says so is left out then."""
    candidate, data, everything = setting()
    calls = []
    train = finals.train

    def slower(candidate, data, budget, seed):
        calls.append((budget.epochs, len(budget.callbacks)))
        if len(calls) == 1:
            raise TooSlow(120, 0.1)
        return train(candidate, data, dataclasses.replace(budget, epochs=1, callbacks=()), seed)

    monkeypatch.setattr(finals, "train", slower)
    trial = Trial(0, candidate.values, score=0.9, costs={"startup_seconds": 0.0, "step_seconds": 1e-3})
    run([trial], candidate, data, everything, dataclasses.replace(BUDGET, epochs=60, deadline=time.monotonic() + 600))
    assert calls[:2] == [(60, 1), (int(60 * 0.5 / finals.SLACK), 0)]


def test_without_a_deadline_nothing_is_timed(monkeypatch):
    candidate, data, everything = setting()
    seen = []
    train = finals.train
    monkeypatch.setattr(finals, "train", lambda *a: seen.append(len(a[2].callbacks)) or train(*a))
    run([Trial(0, candidate.values, score=0.9)], candidate, data, everything, BUDGET)
    assert seen == [0, 0]
