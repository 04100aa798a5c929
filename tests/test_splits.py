"""Splits by time and by group: nothing later in the first part, no group in both, and what is refused."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from autonas import splits
from autonas.errors import InputError

ORDER = np.random.default_rng(0).permutation(10)
DAYS = pd.Timestamp("2024-01-25") + pd.to_timedelta(ORDER, unit="D")
TIMES = {
    "integers": ORDER,
    "large integers": (2**62 + ORDER).astype("int64"),
    "floats": ORDER / 10,
    "list": ORDER.tolist(),
    "datetime64": DAYS.to_numpy(),
    "column": pd.Series(DAYS, index=ORDER),
    "column with a zone": pd.Series(DAYS.tz_localize("Europe/Berlin")),
    "column of nullable integers": pd.Series(ORDER, dtype="Int64"),
    "column of strings": pd.Series(DAYS.strftime("%Y-%m-%d")),
    "objects": [datetime.datetime(2024, 1, 25) + datetime.timedelta(days=int(day)) for day in ORDER],
    "dates": [datetime.date(2024, 1, 25) + datetime.timedelta(days=int(day)) for day in ORDER],
    "ISO": DAYS.strftime("%Y-%m-%dT%H:%M").tolist(),
    "ISO with and without a time": [str(day)[: 10 if i % 2 else 16] for i, day in enumerate(DAYS)],
    "day first": DAYS.strftime("%d/%m/%Y").tolist(),
    "month first": np.array(DAYS.strftime("%m/%d/%Y")),
    "names of months": DAYS.strftime("%d %b %Y").tolist(),
    "years": [str(2000 + year) for year in ORDER],
    "one column": ORDER[:, None],
}


@pytest.mark.parametrize("kind", TIMES)
def test_the_latest_rows_validate_whatever_the_form_of_the_times(kind):
    train, valid = splits.by_time(TIMES[kind], 0.3)
    assert ORDER[train].tolist() == list(range(7))
    assert ORDER[valid].tolist() == [7, 8, 9]


@pytest.mark.parametrize(
    ("time", "fraction", "train", "valid"),
    [
        ([1, 2, 2, 2, 3], 0.4, [1, 2, 2, 2], [3]),
        ([1, 2, 2, 2, 3], 0.7, [1], [2, 2, 2, 3]),
        ([1, 1, 1, 2], 0.9, [1, 1, 1], [2]),
        ([2, 1], 0.01, [1], [2]),
        ([0.0, np.float64(1)], 0.99, [0], [1]),
    ],
)
def test_rows_of_equal_time_stay_together_and_no_part_is_empty(time, fraction, train, valid):
    first, second = splits.by_time(time, fraction)
    assert np.array(time)[first].tolist() == train
    assert np.array(time)[second].tolist() == valid


def test_each_row_is_in_one_part_at_the_share_that_was_asked_for():
    time = np.random.default_rng(1).random(1_000)
    train, valid = splits.by_time(time, 0.2)
    assert sorted([*train, *valid]) == list(range(1_000))
    assert len(valid) == 200
    assert time[train].max() < time[valid].min()


def test_zones_are_compared_as_moments():
    time = ["2024-01-01T12:00+05:00", "2024-01-01T10:00+00:00", "2024-01-01T08:00Z"]
    train, valid = splits.by_time(time, 0.3)
    assert (train.tolist(), valid.tolist()) == ([0, 2], [1])


@pytest.mark.parametrize(
    ("time", "match"),
    [
        ([1.0, np.nan, 3.0], r"1 missing .*, the first at 1"),
        ([1.0, np.inf], "missing"),
        (["2024-01-01", None], "missing"),
        (np.array(["2024-01-01", "NaT"], "datetime64[D]"), "missing"),
        (pd.Series([1, pd.NA], dtype="Int64"), "missing"),
        (["soon", "later"], "that are dates"),
        (["2024-01-01", "02/03/2024"], "of one format"),
        (["02/01/2024", "03/01/2024"], "in one way only. Got '02/01/2024', which is 2024-02-01 or 2024-01-02"),
        (["2024-01-01", 3], "several types"),
        ([True, False], "booleans"),
        (np.array([True, False]), "booleans"),
        ([5, 5, 5], "two different times"),
        ([7], "two different times"),
        ([], "one for each row"),
        (3, "one for each row"),
        ([[1, 2], [3, 4]], r"shape \(2, 2\)"),
        ([[1, 2], [3]], "time must be"),
    ],
)
def test_times_that_cannot_be_used_are_refused(time, match):
    with pytest.raises(InputError, match=match):
        splits.by_time(time, 0.5)


def unequal_groups(seed, n=2_000):
    rng = np.random.default_rng(seed)
    return rng.choice(60, n, p=rng.dirichlet(np.full(60, 0.7)))


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.33, 0.5])
def test_no_group_is_in_both_parts_and_the_fraction_is_of_the_rows(fraction):
    for seed in range(5):
        groups = unequal_groups(seed)
        train, valid = splits.by_group(groups, fraction, seed)
        assert not set(groups[train]) & set(groups[valid])
        assert sorted([*train, *valid]) == list(range(len(groups)))
        assert abs(len(valid) / len(groups) - fraction) < 0.01


def test_classes_are_kept_in_proportion_as_well_as_by_scikit_learn():
    from sklearn.model_selection import StratifiedGroupKFold

    ours, theirs = [], []
    for seed in range(5):
        groups = unequal_groups(seed)
        rare = np.random.default_rng(seed).random(60) < 0.15  # of which whole groups are, as compromised cards
        strata = rare[groups].astype(int)
        if not 0 < strata.mean() < 1:
            continue
        _, valid = splits.by_group(groups, 0.2, seed, strata)
        _, by_sklearn = next(StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(groups, strata, groups))
        ours.append(abs(strata[valid].sum() / strata.sum() - 0.2) + abs(len(valid) / len(groups) - 0.2))
        theirs.append(abs(strata[by_sklearn].sum() / strata.sum() - 0.2) + abs(len(by_sklearn) / len(groups) - 0.2))
    assert np.mean(ours) <= np.mean(theirs) + 0.01
    assert np.mean(ours) < 0.1


def test_a_class_of_two_groups_has_one_in_each_part():
    groups = np.repeat(np.arange(40), 5)
    strata = np.isin(groups, (3, 17)).astype(int)
    for seed in range(20):
        train, valid = splits.by_group(groups, 0.1, seed, np.array(["no", "yes"])[strata])
        assert strata[train].any()
        assert strata[valid].any()


def test_the_seed_decides():
    groups = np.repeat(np.arange(50), 4)
    one, same, other = (splits.by_group(groups, 0.2, seed)[1].tolist() for seed in (0, 0, 1))
    assert one == same
    assert set(one) != set(other)


@pytest.mark.parametrize(
    "groups",
    [["a", "a", "b"], pd.Series(["a", "a", "b"]), np.array([[1], [1], [2]]), [True, True, False], [b"a", b"a", b"b"]],
)
def test_groups_of_every_type_are_taken(groups):
    train, valid = splits.by_group(groups, 0.3, seed=0)
    assert (sorted(train), valid.tolist()) == ([0, 1], [2])


@pytest.mark.parametrize(
    ("groups", "strata", "match"),
    [
        (["a", "a"], None, "two groups at least.*only 'a'"),
        (["a", None, "b"], None, "missing"),
        ([1.0, np.nan], None, "missing"),
        (["a", 1], None, "mixed"),
        (["a", "b"], np.array([0, 1, 0]), "strata must be one class for each row"),
        ([[1, 2], [3, 4]], None, "one for each row"),
        ([], None, "at least one"),
    ],
)
def test_groups_that_cannot_be_used_are_refused(groups, strata, match):
    with pytest.raises(InputError, match=match):
        splits.by_group(groups, 0.5, 0, strata)


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1, -0.1, "0.2", None, float("nan")])
def test_a_fraction_that_is_none_is_refused(fraction):
    with pytest.raises(InputError, match="validation_split"):
        splits.by_time([1, 2, 3], fraction)
    with pytest.raises(InputError, match="validation_split"):
        splits.by_group([1, 2, 3], fraction, 0)
