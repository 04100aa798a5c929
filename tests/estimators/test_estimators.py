import pytest

from autonas import estimators
from autonas.errors import InputError
from autonas.estimators import ESTIMATORS, Full
from autonas.estimators.base import Budget
from autonas.testing.estimators import check_estimator, example


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_keeps_to_the_contract(name):
    check_estimator(lambda: estimators.get(name))


def test_a_name_a_class_and_an_instance_are_taken():
    full = Full()
    assert estimators.get(full) is full
    assert isinstance(estimators.get("full"), Full)
    assert isinstance(estimators.get(Full), Full)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"full.*proxy"):
        estimators.get("half")


@pytest.mark.parametrize("kind", ESTIMATORS.values())
def test_hopeless_trainings_are_stopped_where_that_is_asked_for(kind, monkeypatch):
    asked = []

    def evaluate(candidate, data, budget, seed):
        asked.append(budget.beat)
        return {"step_seconds": 1.0}

    monkeypatch.setattr(f"autonas.estimators.{kind.__name__.lower()}.evaluate", evaluate)
    candidate, data = example()
    for stop in (True, False):
        estimator = kind(stop_hopeless=stop)
        estimator.evaluate(candidate, data, Budget(epochs=4, batch_size=16, beat=0.5), 0)
        assert ("stop_hopeless" in estimator.get_config()) is stop
    assert asked == [0.5, None]
    with pytest.raises(InputError, match="stop_hopeless"):
        kind(stop_hopeless=1)
