import dataclasses
import time

import numpy as np
import pytest

from autonas import finals, retrain
from autonas.errors import SearchError
from autonas.estimators.base import Budget
from autonas.progress import View
from autonas.testing.estimators import example
from autonas.trials import Trial


def setting():
    candidate, data = example()
    everything = dataclasses.replace(data, validation=None)
    return candidate, data, everything


def run(trials, candidate, data, everything, budget, view=None, together=None, **options):
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
        **options,
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


@pytest.mark.slow
def test_time_shortens_the_epochs_and_is_kept():
    candidate, data, everything = setting()
    costs = {"startup_seconds": 1.0, "step_seconds": 0.01}
    budget = dataclasses.replace(BUDGET, epochs=200, deadline=time.monotonic() + 20)
    outcome = run([Trial(0, candidate.values, score=0.9, costs=costs)], candidate, data, everything, budget)
    assert 1 <= outcome.finalists[0].epochs < 200


def test_nothing_to_retrain_is_said():
    with pytest.raises(SearchError, match="No candidate was trained"):
        run([], *setting(), BUDGET)


def test_a_finalist_that_breaks_a_limit_once_it_is_trained_leaves_the_place_to_the_next(monkeypatch):
    candidate, data, everything = setting()
    trained, said = [], []
    monkeypatch.setattr(View, "say", lambda self, text: said.append(text))
    train = finals.train
    monkeypatch.setattr(finals, "train", lambda *a: trained.append(a[0].values["conv_width"]) or train(*a))
    trials = [Trial(n, {**candidate.values, "conv_width": w}, score=0.9) for n, w in enumerate((8, 16))]
    least = min(network(trial, candidate).count_params() for trial in trials)

    def broken(core):
        return "params is too much" if core.count_params() > least else None

    budget = dataclasses.replace(BUDGET, epochs=1)
    outcome = run(trials[::-1], candidate, data, everything, budget, broken=broken)
    assert outcome.trial.number == 0
    assert trained.count(8) == 2
    with pytest.raises(SearchError, match="breaks a limit now that it is trained"):
        run(trials[1:], candidate, data, everything, budget, broken=broken)
    assert said[-1] == "Trial 2 is not taken: now that it is trained, params is too much."


def network(trial, candidate):
    return candidate.space.candidate(trial.values).core()
