import dataclasses
import math

import keras
import pytest

from autonas.errors import InputError
from autonas.estimators import proxy
from autonas.estimators.base import Budget
from autonas.estimators.proxy import Proxy
from autonas.testing.estimators import example
from autonas.trials import Trial

BUDGET = Budget(epochs=8, batch_size=16)
LONG = Budget(epochs=40, batch_size=16)


@pytest.fixture
def trained_on(monkeypatch):
    """What a proxy hands to the training: the data and the budget."""
    calls = []

    def evaluate(candidate, data, budget, seed):
        calls.append((data, budget))
        return {"step_seconds": 0.5}

    monkeypatch.setattr(proxy, "evaluate", evaluate)
    return calls


def test_the_three_dials(trained_on):
    candidate, data = example()
    result = Proxy(data=0.5, epochs=0.25, resolution=0.5, least=10).evaluate(candidate, data, BUDGET, 0)
    ((used, budget),) = trained_on
    assert len(used) == 32
    assert used.x.shape[1:] == (4, 4, 1)
    assert budget.epochs == 2
    assert result["step_seconds"] == 2.0  # as the full resolution would take


def test_little_data_is_not_made_less(trained_on):
    candidate, data = example()
    Proxy(data=0.1).evaluate(candidate, data, BUDGET, 0)
    assert len(trained_on[0][0]) == 64


def test_all_candidates_are_measured_on_the_same_part(trained_on):
    candidate, data = example()
    estimator = Proxy(data=0.5, least=10)
    for seed in (0, 1):
        estimator.evaluate(candidate, data, BUDGET, seed)
    assert trained_on[0][0] is trained_on[1][0]


def test_at_least_one_epoch(trained_on):
    candidate, data = example()
    Proxy(epochs=0.01).evaluate(candidate, data, BUDGET, 0)
    assert trained_on[0][1].epochs == 1


def test_a_lower_resolution_trains_for_real():
    candidate, data = example()
    assert "val_accuracy" in Proxy(resolution=0.5).evaluate(candidate, data, BUDGET, 0)


@pytest.mark.parametrize("dial", ["data", "epochs", "resolution"])
@pytest.mark.parametrize("share", [0, -0.5, 1.5, "half", True])
def test_what_is_no_share_is_an_error(dial, share):
    with pytest.raises(InputError, match=rf"Proxy\({dial}=\) must be a share"):
        Proxy(**{dial: share})


def test_what_is_no_number_of_examples_is_an_error():
    with pytest.raises(InputError, match="least"):
        Proxy(least=0)


@pytest.fixture
def any_steps(monkeypatch):
    monkeypatch.setattr(proxy, "_LEAST_STEPS", 1)


@pytest.mark.slow
def test_where_the_time_is_short_the_first_trial_begins_anew_with_less(any_steps):
    """Of 64 examples in 4 batches and 10 of 40 epochs there is time for no step: the least that is measured is left."""
    candidate, data = example()
    begun = []
    count = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: begun.append(1))
    budget = dataclasses.replace(LONG, callbacks=[count])
    estimator = Proxy(data=None, epochs=None, least=24).paced(0.0, [])
    first, second = (estimator.evaluate(candidate, data, budget, 0) for _ in range(2))
    assert first["epochs"] == second["epochs"] == 2
    assert first["proxy_epochs"] * 40 == 2
    assert first["proxy_data"] * 64 == 24
    assert estimator.steps(data, budget) == 4
    assert len(begun) == 3
    assert {name: first[name] for name in ("loss", "val_loss")} == {name: second[name] for name in ("loss", "val_loss")}


@pytest.fixture
def steps_taken(monkeypatch):
    """What a proxy trains for, without a training: the callbacks see the steps."""
    calls = []

    def evaluate(candidate, data, budget, seed):
        count = math.ceil(len(data) / budget.batch_size) * budget.epochs
        for step in range(count):
            for callback in budget.callbacks:
                callback.on_train_batch_end(step)
        calls.append((len(data), budget.epochs))
        return {"step_seconds": 0.5}

    monkeypatch.setattr(proxy, "evaluate", evaluate)
    return calls


def test_where_there_is_time_nothing_changes(steps_taken):
    candidate, data = example()
    metrics = Proxy(least=24).paced(1e6, []).evaluate(candidate, data, LONG, 0)
    assert steps_taken == [(32, 10)]
    assert (metrics["proxy_data"], metrics["proxy_epochs"]) == (0.5, 0.25)


def test_shares_that_were_said_stay(steps_taken, any_steps):
    candidate, data = example()
    for shares in ({"data": 0.5, "epochs": 0.25}, {"epochs": 0.25}, {"data": 0.5}):
        Proxy(**shares, least=24).paced(0.0, []).evaluate(candidate, data, LONG, 0)
    assert steps_taken == [(32, 10), (24, 10), (32, 2)]


def test_a_search_that_goes_on_has_the_shares_of_its_trials(steps_taken, any_steps):
    candidate, data = example()
    short = Trial(0, {}, score=0.5, metrics={"proxy_data": 0.5, "proxy_epochs": 0.1})
    metrics = Proxy(least=24).paced(1e6, [short]).evaluate(candidate, data, LONG, 0)
    assert (metrics["proxy_data"], metrics["proxy_epochs"]) == (0.5, 0.1)
    long = Trial(0, {}, score=0.5, metrics={"proxy_data": 0.5, "proxy_epochs": 0.25})
    cut = Trial(0, {}, score=0.5)
    for known in (long, cut):
        Proxy(least=24).paced(0.0, [known]).evaluate(candidate, data, LONG, 0)
    assert steps_taken == [(32, 4), (32, 10), (24, 2)]


def test_some_steps_are_always_taken(steps_taken):
    """Of little data, whose start is what takes the time: 400 epochs of 4 steps become 25, of a proxy of 100."""
    candidate, data = example()
    long = Budget(epochs=400, batch_size=16)
    Proxy(data=1.0).paced(0.0, []).evaluate(candidate, data, long, 0)
    Proxy().paced(0.0, []).evaluate(candidate, data, long, 0)
    Proxy().paced(0.0, []).evaluate(candidate, data, Budget(epochs=80, batch_size=16), 0)
    assert steps_taken == [(64, 25), (64, 25), (64, 20)]


def test_a_smaller_part_is_validated_on_a_smaller_part():
    _, data = example()
    assert data.validated_on(1_000) is data
    smaller = data.validated_on(10)
    assert len(smaller.validation[0]) == len(smaller.validation[1]) == 10
    assert len(smaller) == len(data)
