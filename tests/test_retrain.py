import dataclasses
import math
import time

import numpy as np
import pytest

from autonas import retrain
from autonas.errors import SearchError
from autonas.estimators.base import Budget
from autonas.progress import View
from autonas.testing.estimators import example
from autonas.trials import Trial


def setting():
    candidate, data = example()
    everything = dataclasses.replace(data, validation=None)
    return candidate, data, everything


def run(trials, candidate, data, everything, budget, view=None, together=None):
    view = view or View("val_accuracy", 1, str)
    return retrain.retrain(
        trials,
        candidate.space,
        data,
        everything,
        budget,
        score=lambda metrics, trial: metrics["val_accuracy"],
        seed=0,
        view=view,
        together=together,
    )


BUDGET = Budget(epochs=3, batch_size=16, monitor="val_accuracy", mode="max")


def test_the_winner_by_validation_is_trained_on_everything():
    candidate, data, everything = setting()
    good, bad = candidate.values, {**candidate.values, "adamw_learning_rate": 1e-3 * 0.3}
    outcome = run([Trial(0, bad, score=0.9), Trial(1, good, score=0.8)], candidate, data, everything, BUDGET)
    scores = [finalist.score for finalist in outcome.finalists]
    assert scores == sorted(scores, reverse=True)
    assert outcome.trial.number == outcome.finalists[0].trial
    again = run([outcome.trial], candidate, data, everything, BUDGET)
    for one, other in zip(outcome.core.get_weights(), again.core.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_last_training_is_from_scratch_on_more_data(monkeypatch):
    candidate, data, everything = setting()
    everything = dataclasses.replace(everything, x=np.repeat(data.x, 2, 0), y=np.repeat(data.y, 2, 0))
    calls = []
    train = retrain.train
    monkeypatch.setattr(retrain, "train", lambda *a: calls.append((len(a[1]), a[2].epochs)) or train(*a))
    run([Trial(0, candidate.values, score=0.9)], candidate, data, everything, BUDGET)
    assert calls == [(64, 3), (128, 3)]


@pytest.mark.slow
def test_time_shortens_the_epochs_and_is_kept():
    candidate, data, everything = setting()
    costs = {"startup_seconds": 1.0, "step_seconds": 0.01}
    budget = dataclasses.replace(BUDGET, epochs=200, deadline=time.monotonic() + 20)
    outcome = run([Trial(0, candidate.values, score=0.9, costs=costs)], candidate, data, everything, budget)
    assert 1 <= outcome.finalists[0].epochs < 200


@pytest.mark.parametrize("others", [1, 2])
def test_when_time_is_up_the_best_is_trained_as_long_as_in_its_trial(monkeypatch, others):
    """A machine that became slow leaves no time; a network of some steps is no answer. Augmented or not."""
    candidate, data, everything = setting()
    budgets = []
    train = retrain.train
    monkeypatch.setattr(retrain, "train", lambda *a: budgets.append(a[2]) or train(*a))
    costs = {"startup_seconds": 1.0, "step_seconds": 0.1}
    same = {**candidate.values, "adamw_learning_rate": 1e-3}
    trials = [Trial(0, values, score=0.9, costs=costs, seconds=30.0) for values in (candidate.values, same)[:others]]
    now = time.monotonic()
    budget = dataclasses.replace(BUDGET, epochs=60, deadline=now - 1)
    outcome = run(trials, candidate, data, everything, budget)
    assert budgets[0].deadline > now + 29
    assert outcome.epochs > 50  # of 4 steps of a tenth of a second


def trainings(monkeypatch, seconds, *step_seconds, epochs=30):
    """Which (examples, epochs) are trained in so many seconds, for finalists of these step times."""
    candidate, data, everything = setting()
    calls = []
    train = retrain.train

    def short(candidate, data, budget, seed):
        calls.append((data.validation is None, budget.epochs))
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(retrain, "train", short)
    monkeypatch.setattr(retrain.time, "monotonic", lambda: 0.0)
    finalists = [
        Trial(number, candidate.values, score=0.9, costs={"startup_seconds": 0.0, "step_seconds": step})
        for number, step in enumerate(step_seconds)
    ]
    outcome = run(finalists, candidate, data, everything, dataclasses.replace(BUDGET, epochs=epochs, deadline=seconds))
    return calls, [finalist.trial for finalist in outcome.finalists]


def test_short_time_takes_the_same_share_of_the_epochs_from_each_finalist(monkeypatch):
    # 64 examples in batches of 16: 4 steps an epoch; each training would take 30 * 4 * step * MARGIN seconds
    needed = 30 * 4 * (0.1 + 0.3 + 0.3) * retrain.MARGIN
    calls, finalists = trainings(monkeypatch, 0.8 * needed, 0.1, 0.3)
    assert sorted(finalists) == [0, 1]
    (first, epochs), *_ = calls
    assert not first
    assert epochs in (23, 24)


def test_less_time_trains_fewer_finalists(monkeypatch):
    needed = 30 * 4 * (0.1 + 0.3 + 0.3) * retrain.MARGIN
    calls, finalists = trainings(monkeypatch, 0.4 * needed, 0.1, 0.3)
    assert finalists == [0]
    assert [everything for everything, _ in calls] == [False, True]


def test_hardly_any_time_is_for_the_best_alone_on_the_part_that_can_tell_when_to_stop(monkeypatch):
    needed = 30 * 4 * 0.1 * retrain.MARGIN
    calls, finalists = trainings(monkeypatch, 0.8 * needed, 0.1, 0.3)
    assert finalists == [0]
    assert calls[0] in ((False, 24), (False, 23))


def test_no_time_for_all_the_data_leaves_the_model_of_the_training_part(monkeypatch):
    candidate, data, everything = setting()
    calls = []
    train, now = retrain.train, time.monotonic()

    def slow(candidate, data, budget, seed):
        calls.append(data.validation is None)
        training = train(candidate, data, dataclasses.replace(budget, deadline=None), seed)
        monkeypatch.setattr(retrain.time, "monotonic", lambda: now + 99.0)
        return dataclasses.replace(training, timings={"startup_seconds": 1.0, "step_seconds": 1.0})

    monkeypatch.setattr(retrain, "train", slow)
    trial = Trial(0, candidate.values, score=0.9, costs={"startup_seconds": 1.0, "step_seconds": 1.0})
    outcome = run([trial], candidate, data, everything, dataclasses.replace(BUDGET, deadline=now + 100.0))
    assert calls == [False]
    assert outcome.epochs == outcome.finalists[0].epochs


def test_a_last_candidate_that_cannot_be_trained_is_said(monkeypatch):
    from autonas.errors import TrialError

    def diverging(*_):
        raise TrialError("The training diverged")

    candidate, data, everything = setting()
    monkeypatch.setattr(retrain, "train", diverging)
    slow = Trial(0, candidate.values, score=0.9, costs={"step_seconds": 100.0})
    with pytest.raises(SearchError, match="diverged"):
        run([slow], candidate, data, everything, dataclasses.replace(BUDGET, deadline=time.monotonic() + 1))


def test_a_finalist_that_diverges_leaves_the_others(monkeypatch):
    from autonas.errors import TrialError

    candidate, data, everything = setting()
    train = retrain.train

    def diverging(candidate, *rest):
        if candidate.values["conv_width"] == 16:
            raise TrialError("The training diverged")
        return train(candidate, *rest)

    monkeypatch.setattr(retrain, "train", diverging)
    bad = Trial(0, {**candidate.values, "conv_width": 16}, score=0.9)
    outcome = run([bad, Trial(1, candidate.values, score=0.8)], candidate, data, everything, BUDGET)
    assert outcome.trial.number == 1
    with pytest.raises(SearchError, match="diverged"):
        run([bad], candidate, data, everything, BUDGET)


def test_nothing_to_retrain_is_said():
    with pytest.raises(SearchError, match="No candidate was trained"):
        run([], *setting(), BUDGET)


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


def test_a_network_that_learned_by_heart_stops_early_on_all_the_data(monkeypatch):
    candidate, data, everything = setting()
    budgets = []
    train = retrain.train

    def early(candidate, data, budget, seed):
        budgets.append(budget)
        training = train(candidate, data, budget, seed)
        return dataclasses.replace(training, best_epoch=2)

    monkeypatch.setattr(retrain, "train", early)
    outcome = run(
        [Trial(0, candidate.values, score=0.9)], candidate, data, everything, dataclasses.replace(BUDGET, epochs=6)
    )
    assert (budgets[1].epochs, budgets[1].stop_after) == (6, pytest.approx(2 / 6))
    assert outcome.epochs == 2


def timed(values, number, step, origin="evolution"):
    return Trial(number, values, score=0.9, costs={"startup_seconds": 0.0, "step_seconds": step}, origin=origin)


def test_what_cannot_be_trained_in_time_is_no_finalist():
    candidate, _, everything = setting()
    quick, slow = timed(candidate.values, 0, 0.01), timed(candidate.values, 1, 10.0)
    budget = dataclasses.replace(BUDGET, epochs=30, deadline=time.monotonic() + 60)
    assert retrain.payable([slow, quick], everything, budget) == [quick]
    assert retrain.payable([slow], everything, budget) == [slow]
    once = timed(candidate.values, 2, 60 / (30 * 4))
    assert retrain.payable([slow, once], everything, budget) == [once]
    assert retrain.payable([slow, quick], everything, BUDGET) == [slow, quick]


@pytest.mark.parametrize(("time_for", "on_all_the_data"), [(1.6, True), (2.1, True), (0.4, False), (3.1, False)])
def test_time_for_one_training_is_for_all_the_data_if_it_can_be_augmented(monkeypatch, time_for, on_all_the_data):
    """`time_for` counts trainings of the least epochs that say something; under half of one there are too few to augment."""
    candidate, data, everything = setting()
    augmented = {**candidate.values, "adamw_learning_rate": 1e-3}  # stands for another way to train the same network
    calls, epochs = [], []
    train = retrain.train

    def short(candidate, data, budget, seed):
        epochs.append(budget.epochs)
        calls.append((data.validation is None, candidate.values == augmented, budget.patience))
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(retrain, "train", short)
    monkeypatch.setattr(retrain.time, "monotonic", lambda: 0.0)
    seconds = math.ceil(retrain.LEAST_EPOCHS * 30) * 4 * 0.1 * retrain.MARGIN
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
    [(1.1, 30, "augmented"), (9.0, 30, "plain"), (1.1, 10, "plain")],
)
def test_where_time_is_short_the_best_is_trained_with_augmentation_at_once(monkeypatch, time_for, epochs, first):
    candidate, data, everything = setting()
    plain = candidate.values
    augmented = {**plain, "adamw_learning_rate": 1e-3}  # stands for another way to train the same network
    other = {**plain, "adamw_learning_rate": 2e-3}
    calls = []
    train = retrain.train

    def short(candidate, data, budget, seed):
        calls.append("augmented" if candidate.values == augmented else "plain")
        return train(candidate, data, dataclasses.replace(budget, epochs=1, deadline=None), seed)

    monkeypatch.setattr(retrain, "train", short)
    monkeypatch.setattr(retrain.time, "monotonic", lambda: 0.0)
    seconds = retrain.LEAST_EPOCHS * epochs * 4 * 0.1 * retrain.MARGIN  # of one training that says something
    budget = dataclasses.replace(BUDGET, epochs=epochs, deadline=(1 + time_for) * seconds)
    run([timed(plain, 0, 0.1), timed(other, 1, 0.1), timed(augmented, 0, 0.1)], candidate, data, everything, budget)
    assert calls[0] == first
