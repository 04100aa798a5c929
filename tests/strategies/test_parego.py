import keras_tuner
import numpy as np
import pytest
from scipy.stats import wilcoxon

from autonas import strategies
from autonas.errors import InputError
from autonas.pareto import hypervolume
from autonas.strategies.parego import ParEGO, scalarised
from autonas.strategies.random import Random
from autonas.trials import FAILED, Trial


def front(strategy, seed, trials=40):
    """The volume that a search finds where each label has an effect on a quality and on a cost, drawn by the seed."""
    hp, effects, history = keras_tuner.HyperParameters(), np.random.default_rng(seed).random((2, 5, 6)), []
    for number in range(5):
        hp.Choice(f"c{number}", [str(label) for label in range(6)])
    for number in range(trials):
        values = strategy.propose(history, hp, np.random.default_rng([seed, number]))
        places = [int(values[f"c{n}"]) for n in range(5)]
        quality, cost = (effects[k, range(5), places].sum() for k in range(2))
        history.append(Trial(number, values, score=quality, scores=[quality, -float(np.exp(cost))]))
    return hypervolume([trial.scores for trial in history], [0.0, -60.0])


@pytest.mark.parametrize("name", ["evolution", "local"])
def test_a_strategy_for_one_objective_covers_more_than_random_search(name):
    gains = [front(ParEGO(name), seed) - front(Random(), seed) for seed in range(8)]
    assert wilcoxon(gains, alternative="greater").pvalue < 0.05


def test_the_weighing_by_hand():
    scores = np.array([[10.0, -4.0], [0.0, 0.0], [5.0, -1.0]])
    found = scalarised(scores, np.array([0.5, 0.5]))
    np.testing.assert_allclose(found, [-(0.5 + 0.05 * 0.5), -(0.5 + 0.05 * 0.5), -(0.25 + 0.05 * 0.375)])
    assert scalarised(scores, np.array([1.0, 0.0])).argmax() == 0


def test_with_one_objective_it_is_the_strategy_itself():
    space = keras_tuner.HyperParameters()
    space.Float("x", 0.0, 1.0)
    history = [Trial(n, {"x": n / 9}, score=float(n)) for n in range(8)] + [Trial(8, {"x": 0.999}, FAILED)]
    one, other = (s.propose(history, space, np.random.default_rng(1)) for s in (ParEGO(), strategies.get("bayesian")))
    assert one == other


@pytest.mark.parametrize("name", ["nsga2", "asha", "random", "parego"])
def test_what_knows_several_objectives_or_shares_out_budgets_is_not_wrapped(name):
    with pytest.raises(InputError, match="one for one objective that shares out no budgets"):
        ParEGO(name)


def test_who_knows_several_objectives_stays_as_it_is():
    several = strategies.get("nsga2")
    assert strategies.of_several(several) is several
    assert repr(strategies.of_several(strategies.get("local"))) == "ParEGO(strategy=Local(samples=10))"
