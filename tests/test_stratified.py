"""How rows are split and drawn."""

from __future__ import annotations

import numpy as np
import pytest

from autonas.errors import InputError
from autonas.stratified import split, subsample

Y = np.arange(12) % 3


def is_partition(n, *parts):
    return sorted(np.concatenate(parts).tolist()) == list(range(n))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_a_split_keeps_the_classes_in_proportion(fraction):
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    train, valid = split(1000, strata, fraction, 0)
    assert is_partition(1000, train, valid)
    assert len(valid) == round(1000 * fraction)
    assert np.bincount(strata[valid]) == pytest.approx(np.bincount(strata) * fraction, abs=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("counts", "fraction"), [([2, 2, 2], 0.1), ([2] * 10, 0.9), ([500, 2], 0.01), ([500, 3, 2], 0.99), ([2, 2], 0.5)]
)
def test_a_class_with_two_rows_has_one_in_each_part(counts, fraction, seed):
    strata = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    train, valid = split(len(strata), strata, fraction, seed)
    assert is_partition(len(strata), train, valid)
    for part in train, valid:
        assert set(strata[part]) == set(range(len(counts)))


def test_a_class_with_a_single_row_stays_where_it_is():
    strata = np.array([0] * 10 + [1])
    for seed in range(5):
        train, valid = split(11, strata, 0.3, seed)
        assert is_partition(11, train, valid)
        assert len(valid) == 3


@pytest.mark.parametrize("strata", [None, Y])
def test_a_split_follows_its_seed(strata):
    for seed in (0, 1, 2**40):
        first, again = split(12, strata, 0.5, seed), split(12, strata, 0.5, seed)
        assert [part.tolist() for part in first] == [part.tolist() for part in again]
    assert len({str(split(12, strata, 0.5, seed)) for seed in range(5)}) == 5


def test_a_split_does_not_touch_the_global_generator():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    split(12, Y, 0.5, 0)
    assert np.random.random() == expected


def test_a_split_of_two_rows_has_one_in_each_part():
    assert is_partition(2, *split(2, None, 0.01, 0))
    assert [len(part) for part in split(2, None, 0.99, 0)] == [1, 1]


@pytest.mark.parametrize("fraction", [0, 1, 0.0, 1.0, -0.1, 1.5, float("nan"), "0.2", None, True])
def test_a_fraction_that_is_none_is_told(fraction):
    with pytest.raises(InputError, match=r"validation_split must be a share in \(0, 1\)"):
        split(12, None, fraction, 0)


def test_one_row_cannot_be_split():
    with pytest.raises(InputError, match="at least 2 examples"):
        split(1, None, 0.5, 0)


def test_a_sample_keeps_the_classes_in_proportion():
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    rows = subsample(1000, strata, 0.2, 0)
    assert np.bincount(strata[rows]).tolist() == [120, 60, 20]
    assert len(set(rows.tolist())) == 200


def test_a_sample_leaves_no_class_out():
    strata = np.repeat(np.arange(50), 2)
    for seed in range(5):
        assert set(strata[subsample(100, strata, 0.1, seed)]) == set(range(50))


def test_a_class_with_a_single_row_is_in_every_sample():
    strata = np.array([0] * 19 + [1])
    assert all(19 in subsample(20, strata, 0.1, seed) for seed in range(5))


@pytest.mark.parametrize(("n", "fraction", "size"), [(100, 0.07, 7), (100, 0.071, 8), (10, 0.01, 1), (3, 0.99, 3)])
def test_a_sample_has_at_least_its_share(n, fraction, size):
    assert len(subsample(n, None, fraction, 0)) == size


def test_a_whole_sample_is_everything_in_its_order():
    assert subsample(12, Y, 1, 0).tolist() == list(range(12))


def test_a_sample_follows_its_seed():
    drawn = [subsample(12, Y, 0.5, seed).tolist() for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len({str(rows) for rows in drawn}) == 3


@pytest.mark.parametrize("fraction", [0, -1, 1.1])
def test_a_share_that_is_none_is_told(fraction):
    with pytest.raises(InputError, match=r"in \(0, 1\]"):
        subsample(12, None, fraction, 0)
