import keras_tuner
import numpy as np
import pytest
from scipy.stats import wilcoxon

from autonas.errors import InputError
from autonas.pareto import hypervolume
from autonas.strategies import nsga2
from autonas.strategies.nsga2 import NSGA2
from autonas.strategies.random import Random
from autonas.testing.strategies import p_value_against_random
from autonas.trials import History, Trial, reading


def space():
    hp = keras_tuner.HyperParameters()
    for number in range(10):
        hp.Choice(f"c{number}", list(range(4)))
    return hp


def front(strategy, seed, trials=60):
    """The volume of what a search finds on ZDT1 (Zitzler, Deb & Thiele, 2000), whose front is at x1 = x2 = ... = 0."""
    hp, history = keras_tuner.HyperParameters(), []
    for number in range(5):
        hp.Float(f"x{number}", 0.0, 1.0)
    for number in range(trials):
        x = strategy.propose(history, hp, np.random.default_rng([seed, number]))
        g = 1 + 9 * np.mean([x[f"x{number}"] for number in range(1, 5)])
        scores = [-x["x0"], -float(g * (1 - np.sqrt(x["x0"] / g)))]
        history.append(Trial(number, x, score=scores[0], scores=scores))
    return hypervolume([trial.scores for trial in history], [-1.1, -6.0])


def test_it_covers_more_than_random_search():
    gains = [front(NSGA2(), seed) - front(Random(), seed) for seed in range(10)]
    assert wilcoxon(gains, alternative="greater").pvalue < 0.01


def test_with_one_objective_it_beats_random_search():
    assert p_value_against_random(NSGA2(population=10), trials=40) < 0.01


def test_parents_are_of_the_front_and_not_of_the_first_objective_alone():
    first = {f"c{n}": 0 for n in range(10)}
    second = {f"c{n}": 3 for n in range(10)}
    poor = [{f"c{n}": 1 + (n + shift) % 2 for n in range(10)} for shift in range(2)]
    trials = [
        Trial(0, first, score=9.0, scores=[9.0, 0.0]),
        Trial(1, second, score=0.0, scores=[0.0, 9.0]),
        Trial(2, poor[0], score=8.0, scores=[8.0, -1.0]),
        Trial(3, poor[1], score=-1.0, scores=[-1.0, 8.0]),
    ]
    found = set()
    for seed in range(30):
        child = NSGA2(population=2, crossover=0.0).propose(trials, space(), np.random.default_rng(seed))
        found.add(min(range(2), key=lambda n: sum(child[name] != (first, second)[n][name] for name in child)))
        assert min(sum(child[name] != parent[name] for name in child) for parent in (first, second)) == 1
    assert found == {0, 1}


def test_a_child_has_something_of_both_parents():
    trials = [
        Trial(0, {f"c{n}": 0 for n in range(10)}, score=1.0, scores=[1.0, 0.0]),
        Trial(1, {f"c{n}": 3 for n in range(10)}, score=0.0, scores=[0.0, 1.0]),
    ]
    children = [
        NSGA2(population=2, crossover=1.0).propose(trials, space(), np.random.default_rng(seed)) for seed in range(20)
    ]
    assert sum({0, 3} <= set(child.values()) for child in children) > 5


def test_a_trial_with_a_missing_objective_is_no_parent():
    good, bad = ({f"c{n}": value for n in range(10)} for value in (0, 3))
    trials = [Trial(n, {**good, "c0": n}, score=0.0, scores=[0.0, float(n)]) for n in range(3)]
    trials.append(Trial(3, bad, score=9.0, scores=[9.0, float("nan")]))
    for seed in range(20):
        child = NSGA2(population=4).propose(trials, space(), np.random.default_rng(seed))
        assert sum(value == 3 for value in child.values()) <= 1


@pytest.mark.parametrize("arguments", [{"population": 1}, {"crossover": -0.1}, {"crossover": True}])
def test_impossible_arguments(arguments):
    with pytest.raises(InputError, match="NSGA2's"):
        NSGA2(**arguments)


def test_who_is_far_behind_the_best_is_forgotten_and_no_parent():
    rng = np.random.default_rng(0)
    history = History(
        Trial(n, {"a": n}, score=float(s), scores=[float(s), float(-s)]) for n, s in enumerate(rng.random(900))
    )
    flat = History(Trial(n, {"a": n}, score=float(s)) for n, s in enumerate(rng.random(900)))
    for trials in (history, flat):
        elite = reading(trials, nsga2._Elite, 200).trials
        assert 200 <= len(elite) < 400
    best = sorted(flat, key=lambda trial: -trial.score)[:20]
    assert nsga2._best(elite, 20) == best
