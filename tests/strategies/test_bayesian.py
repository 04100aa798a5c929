import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies.bayesian import Bayesian
from autonas.testing.strategies import check_strategy, p_value_against_random, smooth_score, smooth_space
from autonas.trials import FAILED, Trial

SURROGATES = ["forest", "gaussian_process"]


def run(strategy, space, score, trials, seed=0):
    history = []
    for number in range(trials):
        values = strategy.propose(history, space, np.random.default_rng([seed, number]))
        history.append(Trial(number, values, score=score(values)))
    return history


def slope():
    space = keras_tuner.HyperParameters()
    space.Float("x", 0.0, 1.0)
    space.Choice("label", ["a", "b"])
    return space


@pytest.mark.parametrize(
    ("surrogate", "trials"), [("forest", 25), pytest.param("gaussian_process", 35, marks=pytest.mark.slow)]
)
def test_it_beats_random_search(surrogate, trials):
    assert p_value_against_random(Bayesian(surrogate), trials) < 0.01


def test_the_other_surrogate_keeps_to_the_contract_too():
    check_strategy(Bayesian("gaussian_process", initial=5, pool=40), trials=12)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_it_looks_where_the_best_is_to_be_expected(surrogate):
    xs = np.linspace(0, 1, 12)
    trials = [Trial(n, {"x": float(x), "label": "ab"[n % 2]}, score=-abs(x - 0.7) + n % 2) for n, x in enumerate(xs)]
    found = [Bayesian(surrogate).propose(trials, slope(), np.random.default_rng(seed)) for seed in range(5)]
    assert {values["label"] for values in found} == {"b"}
    assert all(0.5 < values["x"] < 0.9 for values in found)


def test_what_failed_is_kept_away_from():
    trials = [Trial(n, {"x": n / 30, "label": "a"}, FAILED) for n in range(20)]
    trials += [Trial(20 + n, {"x": n / 12, "label": "b"}, score=n % 3 / 3) for n in range(12)]
    found = [Bayesian().propose(trials, slope(), np.random.default_rng(seed)) for seed in range(10)]
    assert [values["label"] for values in found].count("b") >= 9


def test_scores_count_by_their_order_alone():
    history = run(Bayesian(initial=5), smooth_space(), smooth_score, 8)
    bent = [Trial(t.number, t.values, score=1e6 * np.exp(3 * t.score)) for t in history]
    one, other = (
        Bayesian(initial=5).propose(trials, smooth_space(), np.random.default_rng(1)) for trials in (history, bent)
    )
    assert one == other


def test_before_the_first_scores_it_draws_at_random():
    trials = [Trial(n, {"x": 0.9 + n / 1_000, "label": "b"}, score=float(n)) for n in range(9)]
    found = [Bayesian(initial=10).propose(trials, slope(), np.random.default_rng(seed))["x"] for seed in range(20)]
    assert min(found) < 0.3


def test_a_long_history_is_fitted_in_part():
    """What is neither among the best nor among the latest changes nothing, until there is memory for it."""
    history = [Trial(n, {"x": n / 60, "label": "a"}, score=float(n % 7)) for n in range(60)]
    forgotten = [n for n in range(45) if n % 7 < 5]
    other = [
        Trial(n, {"x": n / 60, "label": "b" if n in forgotten else "a"}, score=t.score) for n, t in enumerate(history)
    ]

    def after(trials, memory):
        return [Bayesian(memory=memory).propose(trials, slope(), np.random.default_rng(seed)) for seed in range(4)]

    assert after(history, 20) == after(other, 20)
    assert after(history, 60) != after(other, 60)


@pytest.mark.parametrize(
    "arguments", [{"surrogate": "tree"}, {"surrogate": ["forest"]}, {"initial": 1}, {"pool": 1}, {"memory": 0}]
)
def test_impossible_arguments(arguments):
    with pytest.raises(InputError, match="Bayesian's"):
        Bayesian(**arguments)
