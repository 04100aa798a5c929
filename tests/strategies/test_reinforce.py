import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies.reinforce import Reinforce
from autonas.testing.strategies import p_value_against_random, spaces
from autonas.trials import FAILED, Trial


def two():
    space = keras_tuner.HyperParameters()
    space.Choice("label", ["a", "b", "c"])
    space.Float("rate", 0.0, 1.0)
    return space


def policy(strategy, trials, space):
    return strategy._policy(trials, space)


def test_it_beats_random_search():
    assert p_value_against_random(Reinforce(), trials=40) < 0.01


def test_without_a_history_all_values_are_as_likely():
    np.testing.assert_allclose(policy(Reinforce(bins=4), [], two()), [[1 / 3, 1 / 3, 1 / 3, 0], [1 / 4] * 4])


def test_one_step_is_that_of_the_gradient_by_hand():
    trials = [Trial(0, {"label": "a", "rate": 0.9}, score=1.0), Trial(1, {"label": "b", "rate": 0.1}, score=0.0)]
    reward = 0.6744897501960817  # the quantile of three quarters: the better one of two
    first = 0.5 * reward * (np.array([1, 0, 0]) - 1 / 3)
    shares = np.exp(first) / np.exp(first).sum()
    advantage = -reward - (0.1 * reward)  # the baseline is a tenth of the first reward
    second = first + 0.5 * advantage * (np.array([0, 1, 0]) - shares)
    found = policy(Reinforce(learning_rate=0.5, decay=0.9, bins=2), trials, two())
    np.testing.assert_allclose(found[0], np.exp(second) / np.exp(second).sum())
    assert found[1, 1] > found[1, 0]


def test_the_update_is_the_numerical_gradient_of_the_log_probability():
    rng = np.random.default_rng(0)
    preferences, taken, small = rng.normal(size=5), 3, 1e-6

    def log_probability(p):
        return p[taken] - np.log(np.exp(p).sum())

    numeric = [
        (log_probability(preferences + small * unit) - log_probability(preferences - small * unit)) / (2 * small)
        for unit in np.eye(5)
    ]
    shares = np.exp(preferences) / np.exp(preferences).sum()
    np.testing.assert_allclose(np.eye(5)[taken] - shares, numeric, atol=1e-8)


def test_a_conditional_one_learns_where_it_was_active_alone():
    space = spaces()["nested"]
    dense = [Trial(n, {"kind": "dense", "units": 5 + n}, score=float(n)) for n in range(6)]
    rows = dict(zip([hp.name for hp in space.space], policy(Reinforce(), dense, space), strict=True))
    np.testing.assert_allclose(rows["kernel"][:2], 0.5)
    conv = [Trial(6 + n, {"kind": "conv", "kernel": 3}, score=9.0 + n) for n in range(3)]
    rows = dict(zip([hp.name for hp in space.space], policy(Reinforce(), [*dense, *conv], space), strict=True))
    assert rows["kernel"][0] > 0.5
    assert rows["kind"][0] > 0.5


def test_failed_trials_teach_to_keep_away():
    trials = [Trial(n, {"label": "a", "rate": 0.5}, FAILED) for n in range(4)]
    trials += [Trial(4 + n, {"label": "b", "rate": 0.5}, score=0.1) for n in range(4)]
    shares = policy(Reinforce(), trials, two())[0]
    assert shares[0] < shares[2] < shares[1]


def test_what_the_policy_has_learned_is_what_is_drawn():
    trials = [Trial(n, {"label": "ab"[n % 2], "rate": n / 40}, score=float(n % 2)) for n in range(40)]
    drawn = [Reinforce().propose(trials, two(), np.random.default_rng(seed)) for seed in range(40)]
    labels = [values["label"] for values in drawn]
    assert labels.count("b") > 25 > 5 > labels.count("a")


@pytest.mark.parametrize("arguments", [{"learning_rate": 0}, {"decay": 1.5}, {"bins": 1}, {"learning_rate": True}])
def test_impossible_arguments(arguments):
    with pytest.raises(InputError, match="Reinforce's"):
        Reinforce(**arguments)


def test_it_learns_from_the_best_and_the_latest_it_remembers():
    history = [Trial(n, {"label": "abc"[n % 3], "rate": n / 100}, score=float(n * 37 % 101)) for n in range(60)]
    best = sorted(history, key=lambda trial: -trial.score)[:5]
    latest = [trial for trial in reversed(history) if trial not in best][:5]
    kept = [trial for trial in history if trial in best + latest]
    space = two()
    assert (policy(Reinforce(memory=10), history, space) == policy(Reinforce(), kept, space)).all()
