from autonas.estimators.base import Budget
from autonas.estimators.full import Full
from autonas.testing.estimators import example
from autonas.training import train


def test_full_is_the_training_that_a_winner_gets():
    candidate, data = example()
    budget = Budget(epochs=2, batch_size=16, monitor="val_accuracy", mode="max")
    result = Full().evaluate(candidate, data, budget, seed=0)
    metrics = train(candidate, data, budget, seed=0).metrics
    assert {name: result[name] for name in metrics} == metrics
    assert result["epochs"] == 2
