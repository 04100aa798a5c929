import dataclasses
import math

import keras_tuner
import numpy as np
import pytest
from scipy.stats import spearmanr

from autonas import analysis
from autonas.analysis import favoured, importance, importance_table, rank_correlation
from autonas.trials import BUDGET, FAILED, Trial
from autonas.values import sample

# --- correlations


@pytest.mark.parametrize("seed", range(3))
def test_the_correlation_is_scipys(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(6, size=40)  # with ties
    second = first + rng.normal(size=40)
    found = rank_correlation(first, second)
    assert math.isclose(found.value, spearmanr(first, second).statistic)
    assert found.low < found.value < found.high
    assert found.count == 40


def test_the_interval_holds_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(0)
    truth = 6 / math.pi * math.asin(0.6 / 2)  # Spearman's of a normal pair with a correlation of 0.6
    inside = 0
    for _ in range(100):
        one = rng.normal(size=60)
        other = 0.6 * one + 0.8 * rng.normal(size=60)
        found = rank_correlation(one, other)
        inside += found.low <= truth <= found.high
    assert 89 <= inside <= 99


def test_few_pairs_have_no_interval():
    found = rank_correlation([1, 2, 3, 4], [10, 30, 20, 40])
    assert math.isclose(found.value, 0.8)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert math.isnan(rank_correlation([1], [2]).value)
    assert rank_correlation([], []).count == 0


def test_what_is_all_alike_has_no_correlation():
    assert math.isnan(rank_correlation([1] * 9, range(9)).value)


def test_equal_seeds_give_equal_intervals():
    pairs = np.random.default_rng(0).normal(size=(2, 12))
    assert rank_correlation(*pairs, seed=1) == rank_correlation(*pairs, seed=1)


# --- importance


def space():
    hp = keras_tuner.HyperParameters()
    hp.Float("strong", 0.0, 1.0)
    hp.Float("weak", 1e-4, 1.0, sampling="log")
    hp.Choice("none", ["a", "b", "c"])
    hp.Choice("kind", ["plain", "rich"])
    with hp.conditional_scope("kind", ["rich"]):
        hp.Int("inner", 1, 20)
    return hp


def trials(count, score, seed=0):
    rng, hp = np.random.default_rng(seed), space()
    drawn = [sample(hp, rng) for _ in range(count)]
    return [Trial(number, values, score=float(score(values))) for number, values in enumerate(drawn)]


def test_shares_of_the_variance_are_found():
    # two uniform numbers with factors of 2 and 1: 80 % and 20 % of the variance
    def score(values):
        return 2 * values["strong"] + (1 + math.log10(values["weak"]) / 4)

    found = importance(space(), trials(400, score))
    assert list(found.shares)[:2] == ["strong", "weak"]
    assert math.isclose(found.shares["strong"], 0.8, abs_tol=0.05)
    assert math.isclose(found.shares["weak"], 0.2, abs_tol=0.05)
    assert sum(list(found.shares.values())[2:]) < 0.05
    assert found.correlation > 0.9
    assert found.trials == 400


def test_the_shares_are_less_than_one_where_hyperparameters_act_together():
    def score(values):
        return (values["strong"] - 0.5) * (math.log10(values["weak"]) + 2)

    found = importance(space(), trials(400, score))
    assert sum(found.shares.values()) < 0.4


def test_a_conditional_one_counts_where_it_is_active():
    # "plain" is the lower half of all ranks, "rich" the upper one, told apart by the number: in normal deviates a point at
    # the lower quartile against the upper half of a normal distribution
    half, lower = math.sqrt(2 / math.pi), -0.674
    between, within = ((half - lower) / 2) ** 2, (1 - half**2) / 2
    found = importance(space(), trials(400, lambda values: values.get("inner", 0)))
    assert set(list(found.shares)[:2]) == {"kind", "inner"}
    assert math.isclose(found.shares["kind"], between / (between + within), abs_tol=0.05)
    assert math.isclose(found.shares["inner"], within / (between + within), abs_tol=0.05)


def test_no_share_is_more_than_all_of_the_variance():
    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["a", "b"])
    space.Float("x", 0.0, 1.0, parent_name="kind", parent_values=["a"])
    rng = np.random.default_rng(0)
    drawn = [sample(space, rng) for _ in range(200)]
    trials = [Trial(number, values, score=values.get("x", 0.5)) for number, values in enumerate(drawn)]
    assert 0.9 < importance(space, trials).shares["x"] <= 1


def test_one_that_never_varied_and_a_diverged_trial_do_no_harm():
    done = trials(60, lambda values: values["strong"])
    done[7] = Trial(7, done[7].values, score=-1e30)
    done += [Trial(60, done[0].values, FAILED)]
    found = importance(space(), done)
    assert next(iter(found.shares)) == "strong"
    assert found.trials == 60


def test_noise_is_not_foreseen():
    rng = np.random.default_rng(1)
    assert importance(space(), trials(60, lambda values: rng.normal())).correlation < 0.3


def test_scores_of_several_budgets_are_not_mixed():
    low = trials(40, lambda values: values["strong"])
    low = [dataclasses.replace(one, values={**one.values, BUDGET: 1 / 3}) for one in low]
    far = [Trial(one.number + 40, {**one.values, BUDGET: 1.0}, score=9 - one.score) for one in low[:20]]
    assert importance(space(), low + far) == importance(space(), low)
    assert favoured(space(), low + far) == favoured(space(), low)


def test_too_few_or_equal_trials_tell_nothing():
    assert importance(space(), trials(9, lambda values: values["strong"])) is None
    assert importance(space(), trials(30, lambda values: 1.0)) is None


def test_a_range_of_many_numbers_is_seen_at_some_of_them():
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1_000, sampling="log")
    values = analysis._spread_out(hp.space[0])
    assert 8 <= len(values) <= 12
    assert values == sorted(values)
    assert values[-1] > 500


# --- what the best have


def test_the_best_quarter_beside_all():
    done = trials(80, lambda values: values["strong"] + (values["none"] == "b"))
    found = {one.name: one for one in favoured(space(), done)}
    assert found["none"].best == "b 100%"
    share = sum(trial.values["none"] == "b" for trial in done) / 80
    assert found["none"].all == f"b {share:.0%}"
    best = sorted(trial.score for trial in done)[-20:]
    assert found["strong"].best.startswith(f"{np.median(best) - 1:.3g} (")


def test_one_that_is_never_active_in_the_best_says_so_and_a_constant_is_left_out():
    done = trials(80, lambda values: values["kind"] == "plain")
    done = [Trial(t.number, {**t.values, "none": "a"}, score=t.score) for t in done]
    found = {one.name: one for one in favoured(space(), done)}
    assert found["inner"].best == "not in it"
    assert found["kind"].best == "plain 100%"
    assert "none" not in found


def test_the_table_has_the_most_important_first():
    done = trials(80, lambda values: values["strong"])
    table = importance_table(importance(space(), done), favoured(space(), done))
    assert list(table.columns) == ["hyperparameter", "importance", "best_quarter", "all"]
    assert table.hyperparameter[0] == "strong"
    assert table.importance.is_monotonic_decreasing
