import dataclasses

import keras
import pytest

from autonas import estimators
from autonas.errors import InputError
from autonas.estimators import ESTIMATORS, Full, Proxy
from autonas.estimators.base import Budget, Estimator
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


@pytest.mark.parametrize(
    ("estimator", "part"),
    [(Full(), 1.0), (Full(), 0.5), (Proxy(data=0.5, epochs=0.5, least=1), 1.0)],
)
def test_the_steps_are_those_that_are_trained(estimator, part):
    batches = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
    candidate, data = example()
    budget = Budget(epochs=4, batch_size=10, stop_after=part, callbacks=[count])
    estimator.evaluate(candidate, data, budget, 0)
    assert estimator.steps(data, budget) == len(batches) > 0


def test_the_steps_of_a_training_that_goes_on_are_those_that_are_left(tmp_path):
    candidate, data = example()
    whole = Budget(epochs=4, batch_size=16, checkpoint=tmp_path / "a.npz")
    assert Full().steps(data, whole) == 16
    Full().evaluate(candidate, data, dataclasses.replace(whole, stop_after=0.25), 0)
    assert Full().steps(data, whole) == 12


def test_steps_at_a_lower_resolution_are_parts_of_a_step():
    _, data = example()
    budget = Budget(epochs=4, batch_size=16)
    assert Proxy(1.0, 1.0, resolution=0.5).steps(data, budget) == 16 / 4


def test_an_estimator_of_the_user_need_not_know_its_steps():
    class Own(Full):
        steps = Estimator.steps

    _, data = example()
    assert Own().steps(data, Budget(epochs=4, batch_size=16)) is None
