"""What is told of examples that do not fit, their fingerprints, and in which order batches come."""

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
