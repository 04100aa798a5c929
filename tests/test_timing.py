"""Timing: the interval covers what it says, turns are taken, and what is too uncertain is timed again."""

import numpy as np
import pytest

from autonas import timing
from autonas.errors import InputError
from autonas.timing import interval


@pytest.mark.parametrize(
    ("n", "low", "high"), [(6, 1, 6), (9, 2, 8), (20, 6, 15), (100, 40, 61)]
)  # Table of David & Nagaraja, Order Statistics, section 7.1
def test_the_interval_is_the_tabulated_pair_of_order_statistics(n, low, high):
    assert interval(np.random.default_rng(0).permutation(n) + 1) == ((n + 1) / 2, low, high)


@pytest.mark.parametrize("n", [6, 7, 50, 333, 1000, 5000])
def test_the_rank_is_the_quantile_of_scipys_binomial_distribution(n):
    from scipy.stats import binom

    assert timing._rank(n) == binom.ppf(0.025, n, 0.5)


def test_the_interval_covers_the_true_median_of_a_skewed_distribution():
    rng = np.random.default_rng(0)
    intervals = [interval(rng.exponential(size=51)) for _ in range(1000)]
    covered = np.mean([low <= np.log(2) <= high for _, low, high in intervals])
    assert 0.94 <= covered <= 0.985


def test_too_few_times_have_no_interval():
    with pytest.raises(InputError, match="at least 6"):
        interval([1.0] * 5)


def test_models_take_turns():
    calls = []
    timing.take_turns([lambda: calls.append("a"), lambda: calls.append("b")], 0.0, min_runs=4, rounds=2)
    assert "".join(calls) == "aaabbb" * 2


@pytest.mark.parametrize(("seconds", "runs"), [(0.0, 7), (1000.0, 9)])
def test_runs_stay_within_their_bounds(seconds, runs):
    assert [len(times) for times in timing.take_turns([int], seconds, 7, 9)] == [runs]


def test_only_what_is_too_uncertain_is_timed_again(monkeypatch):
    def take_turns(runs, *args):
        return [[1.0] * 20 if run == "steady" else list(np.linspace(1, 2, 20)) for run in runs]

    monkeypatch.setattr(timing, "take_turns", take_turns)
    steady, uneven = timing.settled(["steady", "uneven"], 0.1, 6, 100, width=0.05, repeats=3)
    assert (len(steady), len(uneven)) == (20, 80)
