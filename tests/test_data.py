"""How rows are split and drawn, and in which order batches come."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from autonas import data
from autonas.errors import InputError

X = np.arange(12 * 8 * 9 * 3, dtype="float32").reshape(12, 8, 9, 3)
Y = np.arange(12) % 3
W = np.linspace(1, 2, 12)


@pytest.mark.parametrize(
    ("y", "weight", "told"),
    [
        (Y[1:], None, "y must be as long as x, 12. Got 11"),
        (Y, W[1:], "sample_weight must be as long as x, 12. Got 11"),
        (Y, 1.0, "sample_weight must be as long as x, 12. Got 1.0"),
        (Y, [], "sample_weight must be as long as x, 12. Got 0"),
    ],
)
def test_lengths_that_differ_are_told(y, weight, told):
    data.check_lengths(X, Y, W)
    with pytest.raises(InputError, match=told):
        data.check_lengths(X, y, weight)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ([1.0], r"3 finite numbers.* Got the type float64 and the shape \(1,\)"),
        (np.ones((3, 1)), r"shape \(3, 1\)"),
        (["1", "2", "3"], "the type <U1"),
        ([1, None, 2], "the type object"),
        ([1, np.nan, 2], "NaN or infinity"),
        ([1, -1, 2], "negative ones"),
        ([0, 0, 0], "zeros only"),
    ],
)
def test_weights_that_cannot_be_used_are_told(weights, told):
    with pytest.raises(InputError, match=told):
        data.read_weights(weights, 3)


def test_weights_become_float32():
    assert data.read_weights([0, 1, True], 3).dtype == np.float32


def is_partition(n, *parts):
    return sorted(np.concatenate(parts).tolist()) == list(range(n))


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_a_split_keeps_the_classes_in_proportion(fraction):
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    train, valid = data.split(1000, strata, fraction, 0)
    assert is_partition(1000, train, valid)
    assert len(valid) == round(1000 * fraction)
    assert np.bincount(strata[valid]) == pytest.approx(np.bincount(strata) * fraction, abs=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("counts", "fraction"), [([2, 2, 2], 0.1), ([2] * 10, 0.9), ([500, 2], 0.01), ([500, 3, 2], 0.99), ([2, 2], 0.5)]
)
def test_a_class_with_two_rows_has_one_in_each_part(counts, fraction, seed):
    strata = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    train, valid = data.split(len(strata), strata, fraction, seed)
    assert is_partition(len(strata), train, valid)
    for part in train, valid:
        assert set(strata[part]) == set(range(len(counts)))


def test_a_class_with_a_single_row_stays_where_it_is():
    strata = np.array([0] * 10 + [1])
    for seed in range(5):
        train, valid = data.split(11, strata, 0.3, seed)
        assert is_partition(11, train, valid)
        assert len(valid) == 3


@pytest.mark.parametrize("strata", [None, Y])
def test_a_split_follows_its_seed(strata):
    for seed in (0, 1, 2**40):
        first, again = data.split(12, strata, 0.5, seed), data.split(12, strata, 0.5, seed)
        assert [part.tolist() for part in first] == [part.tolist() for part in again]
    assert len({str(data.split(12, strata, 0.5, seed)) for seed in range(5)}) == 5


def test_a_split_does_not_touch_the_global_generator():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    data.split(12, Y, 0.5, 0)
    assert np.random.random() == expected


def test_a_split_of_two_rows_has_one_in_each_part():
    assert is_partition(2, *data.split(2, None, 0.01, 0))
    assert [len(part) for part in data.split(2, None, 0.99, 0)] == [1, 1]


@pytest.mark.parametrize("fraction", [0, 1, 0.0, 1.0, -0.1, 1.5, float("nan"), "0.2", None, True])
def test_a_fraction_that_is_none_is_told(fraction):
    with pytest.raises(InputError, match=r"validation_split must be a share in \(0, 1\)"):
        data.split(12, None, fraction, 0)


def test_one_row_cannot_be_split():
    with pytest.raises(InputError, match="at least 2 examples"):
        data.split(1, None, 0.5, 0)


def test_a_sample_keeps_the_classes_in_proportion():
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    rows = data.subsample(1000, strata, 0.2, 0)
    assert np.bincount(strata[rows]).tolist() == [120, 60, 20]
    assert len(set(rows.tolist())) == 200


def test_a_sample_leaves_no_class_out():
    strata = np.repeat(np.arange(50), 2)
    for seed in range(5):
        assert set(strata[data.subsample(100, strata, 0.1, seed)]) == set(range(50))


def test_a_class_with_a_single_row_is_in_every_sample():
    strata = np.array([0] * 19 + [1])
    assert all(19 in data.subsample(20, strata, 0.1, seed) for seed in range(5))


@pytest.mark.parametrize(("n", "fraction", "size"), [(100, 0.07, 7), (100, 0.071, 8), (10, 0.01, 1), (3, 0.99, 3)])
def test_a_sample_has_at_least_its_share(n, fraction, size):
    assert len(data.subsample(n, None, fraction, 0)) == size


def test_a_whole_sample_is_everything_in_its_order():
    assert data.subsample(12, Y, 1, 0).tolist() == list(range(12))


def test_a_sample_follows_its_seed():
    drawn = [data.subsample(12, Y, 0.5, seed).tolist() for seed in (0, 0, 1, 2)]
    assert drawn[0] == drawn[1]
    assert len({str(rows) for rows in drawn}) == 3


@pytest.mark.parametrize("fraction", [0, -1, 1.1])
def test_a_share_that_is_none_is_told(fraction):
    with pytest.raises(InputError, match=r"in \(0, 1\]"):
        data.subsample(12, None, fraction, 0)


def test_equal_arrays_have_equal_fingerprints():
    labels = np.array(["a", "bc"])
    known = data.fingerprint(X, labels, None)
    assert known == data.fingerprint(X.copy(), labels.astype(object), None)
    assert known == data.fingerprint(np.asfortranarray(X), labels.astype("<U9"), None)
    assert data.fingerprint(X[::2]) == data.fingerprint(X[::2].copy())
    assert len(known) == 16


def test_a_fingerprint_is_the_same_in_another_process():
    code = "import numpy as np; from autonas import data; print(data.fingerprint(np.arange(5), ['a', 'b'], None))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == data.fingerprint(np.arange(5), ["a", "b"], None)


def test_different_arrays_have_different_fingerprints():
    changed = X.copy()
    changed[-1, -1, -1, -1] += 1e-3
    others = [
        (X, Y),
        (Y, X),
        (changed, Y),
        (X.reshape(12, 9, 8, 3), Y),
        (X.view("int32"), Y),
        (X, None),
        (None, X),
        (X,),
        (np.array(["a", "b"]),),
        (np.array(["ab"]),),
        (np.array(["a\0b"]),),
        (np.array(["1"]),),
        (np.array([1]),),
        (np.array([True]),),
        (np.zeros((0, 3)),),
        (np.zeros((0, 4)),),
    ]
    assert len({data.fingerprint(*other) for other in others}) == len(others)


def epochs(seed, n=3, weights=None):
    dataset = data.dataset(X, Y, weights, 5, seed)
    return [[[np.asarray(part) for part in batch] for batch in dataset] for _ in range(n)]


def rows_of(epoch):
    return [int(x[0, 0, 0]) // 216 for batch in epoch for x in batch[0]]


def test_batches_hold_all_rows_together_with_their_targets_and_weights():
    for epoch in epochs(0, weights=W):
        assert [len(batch[0]) for batch in epoch] == [5, 5, 2]
        rows = rows_of(epoch)
        assert sorted(rows) == list(range(12))
        assert np.array_equal(np.concatenate([batch[1] for batch in epoch]), Y[rows])
        assert np.array_equal(np.concatenate([batch[2] for batch in epoch]), W[rows])


def test_each_epoch_has_an_order_of_its_own_and_the_seed_decides_it():
    orders = {seed: [rows_of(epoch) for epoch in epochs(seed)] for seed in (0, 1, 2**33 + 5)}
    for seed, order in orders.items():
        assert order == [rows_of(epoch) for epoch in epochs(seed)]
        assert len({str(epoch) for epoch in order}) == 3
    assert len({str(order) for order in orders.values()}) == 3


def test_the_order_is_that_of_the_epoch_that_it_is_said_to_be():
    whole, said = [rows_of(epoch) for epoch in epochs(0, n=4)], iter([2, 3, 0])
    dataset = data.dataset(X, Y, None, 5, 0, lambda: next(said))
    assert [rows_of(list(dataset)) for _ in range(3)] == [whole[2], whole[3], whole[0]]


def test_without_a_seed_the_order_stays():
    for epoch in epochs(None):
        assert rows_of(epoch) == list(range(12))
        assert len(epoch[0]) == 2


def test_two_datasets_do_not_disturb_each_other():
    first, second = data.dataset(X, Y, None, 5, 0), data.dataset(X, Y, None, 5, 0)
    orders = [[rows_of([batch]) for batch in dataset] for _ in range(2) for dataset in (first, second)]
    assert orders[0] == orders[1]
    assert orders[2] == orders[3]


def test_keras_sees_how_many_batches_there_are():
    assert int(data.dataset(X, Y, None, 5, 0).cardinality()) == 3


def test_large_arrays_are_shared_with_tensorflow():
    """A copy would take twice their size beside them."""
    x = np.random.default_rng(0).normal(size=(500, 1000)).astype("float32")
    rows = data.take({"x": x}, np.array([3, 1, 499, 1]))["x"]
    np.testing.assert_array_equal(rows, x[[3, 1, 499, 1]])
    chosen = data.take(x, np.arange(500) % 2 == 0)
    np.testing.assert_array_equal(chosen, x[::2])
    shared = data.tensor(data.take(x, np.arange(500)))
    np.testing.assert_array_equal(shared, x)
    whole = data.aligned((500, 1000), "float32")
    whole[:] = 1
    tensor = data.tensor(whole)
    whole[0, 0] = 7
    assert float(tensor[0, 0]) == 7


@pytest.mark.parametrize("offset", [4, 16, 32])
def test_what_begins_elsewhere_is_copied(offset):
    """TensorFlow would end the process."""
    memory = data.aligned((2**20 + 64,), "uint8")
    x = memory[offset : offset + 2**20].view("float32")
    x[:] = 1
    tensor = data.tensor(x)
    x[0] = 7
    assert float(tensor[0]) == 1
    for other in (np.ones((600, 600), "float32").T, np.arange(2**18) > 3, np.ones(3)):
        np.testing.assert_array_equal(data.tensor(other), other)
