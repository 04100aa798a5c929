import pytest

from autonas.errors import InputError
from autonas.estimators import proxy
from autonas.estimators.base import Budget
from autonas.estimators.proxy import Proxy
from autonas.testing.estimators import example

BUDGET = Budget(epochs=8, batch_size=16)


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
