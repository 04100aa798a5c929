"""Datasets of every form are taken apart, and those that cannot be used are told."""

import numpy as np
import pytest
import tensorflow as tf

from autonas import data, streams
from autonas.errors import InputError

X = np.arange(12 * 8 * 9 * 3, dtype="float32").reshape(12, 8, 9, 3)
Y = np.arange(12) % 3
W = np.linspace(1, 2, 12)
Dataset = tf.data.Dataset


class AsItIs:
    """Stands for an input."""

    def check(self, x, name="x"):
        return x

    def targets(self, x, y):
        return y


def of(*parts):
    return Dataset.from_tensor_slices(parts)


DATASETS = {
    "alone": (of(X, Y), (X, Y, None)),
    "in batches": (of(X, Y).batch(5), (X, Y, None)),
    "in whole batches": (of(X, Y).batch(4, drop_remainder=True), (X, Y, None)),
    "with weights": (of(X, Y, W), (X, Y, W)),
    "with weights, in batches": (of(X, Y, W).batch(5), (X, Y, W)),
    "grey": (of(X[..., 0], Y), (X[..., 0], Y, None)),
    "grey, in batches": (of(X[..., 0], Y).batch(5), (X[..., 0], Y, None)),
    "one-hot": (of(X, np.eye(3)[Y]), (X, np.eye(3)[Y], None)),
    "one-hot, in batches": (of(X, np.eye(3)[Y]).batch(5), (X, np.eye(3)[Y], None)),
    "of unknown length": (of(X, Y).filter(lambda x, y: True).batch(5), (X, Y, None)),
    "open size": (
        Dataset.from_generator(
            lambda: zip(X, Y, strict=True),
            output_signature=(tf.TensorSpec([None, None, 3]), tf.TensorSpec([], "int32")),
        ),
        (X, Y, None),
    ),
    "dicts": (of({"a": X, "b": {"c": Y}}, {"y": Y}), ({"a": X, "b": {"c": Y}}, {"y": Y}, None)),
    "dicts, in batches": (of({"a": X, "b": Y}, {"y": Y}).batch(5), ({"a": X, "b": Y}, {"y": Y}, None)),
    "columns, in whole batches": (of({"a": Y}, Y).batch(4, drop_remainder=True), ({"a": Y}, Y, None)),
    "mapped, in batches": (of(X, Y).batch(5).map(lambda x, y: (x, y)).prefetch(1), (X, Y, None)),
}


@pytest.mark.parametrize("case", DATASETS)
def test_datasets_of_every_form_are_taken_apart(case):
    dataset, expected = DATASETS[case]
    for got, want in zip(streams.read(dataset), expected, strict=True):
        assert all(data.leaves(data.mapped(lambda a, b: a is b or np.array_equal(a, b), got, want)))


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (Dataset.from_tensor_slices(X), X),
        (Dataset.from_tensor_slices(X).batch(5), X),
        (Dataset.from_tensor_slices(X[..., 0]), X[..., 0]),
        (Dataset.from_tensor_slices(X[..., 0]).batch(5), X[..., 0]),
        (of(X), X),
        (of(X, Y).batch(5), X),
        (of(X, Y, W), X),
    ],
)
def test_examples_are_taken_out_of_a_dataset(dataset, expected):
    (portion,) = streams.examples(dataset, AsItIs(), 32)
    assert np.array_equal(portion, expected)


SEQUENCES = [np.arange(2.0 * n, dtype="float32").reshape(n, 2) for n in (3, 1, 5, 2, 4)]
PADDED = np.stack([np.pad(one, [(0, 5 - len(one)), (0, 0)], constant_values=np.nan) for one in SEQUENCES])
ALONE = Dataset.from_generator(
    lambda: zip(SEQUENCES, Y, strict=False), output_signature=(tf.TensorSpec([None, 2]), tf.TensorSpec([], "int32"))
)
OF_ONE_FEATURE = of(tf.ragged.constant([[1, 2], [3], [4, 5, 6]]), Y[:3])


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (ALONE, PADDED),
        (ALONE.ragged_batch(2), PADDED),
        (ALONE.padded_batch(2, padding_values=(np.nan, 0)), PADDED),
        (ALONE.map(lambda x, y: ({"steps": x}, y)), {"steps": PADDED}),
        (OF_ONE_FEATURE.map(lambda x, y: (tf.cast(x, "float32"), y)), [[1, 2, np.nan], [3, np.nan, np.nan], [4, 5, 6]]),
        (OF_ONE_FEATURE.batch(2), [[1, 2, np.nan], [3, np.nan, np.nan], [4, 5, 6]]),
    ],
    ids=["alone", "ragged", "padded", "in a dict", "of one feature", "of one feature, in batches"],
)
def test_sequences_of_different_lengths_are_padded(dataset, expected):
    x, y, _ = streams.read(dataset)
    data.mapped(np.testing.assert_array_equal, x, expected)
    assert y.tolist() == Y[: len(y)].tolist()


def test_strings_come_out_of_a_dataset_as_text():
    assert streams.read(of(X, ["grün", "b"] * 6).batch(5))[1].tolist() == ["grün", "b"] * 6


BAD_DATASETS = {
    "no targets": (X, None, None, "y must be one target for each example. Got None"),
    "targets twice": (of(X, Y), Y, None, "y must be left out with a tf.data.Dataset. Got a ndarray"),
    "weights twice": (of(X, Y), None, W, "sample_weight must be left out with a tf.data.Dataset"),
    "without an end": (of(X, Y).repeat(), None, None, r"one that ends.*dataset.take\(n\)"),
    "empty": (of(X, Y).take(0), None, None, "at least one example. Got an empty one"),
    "no pair": (Dataset.from_tensor_slices(X), None, None, r"of \(x, y\) or \(x, y, sample_weight\). Got 1 parts"),
    "four parts": (of(X, Y, W, W), None, None, "Got 4 parts"),
    "a dict alone": (Dataset.from_tensor_slices({"x": X, "y": Y}), None, None, "Got 1 parts"),
    "tuples of inputs": (of((X, X), Y), None, None, "of tensors of known rank"),
    "strings of another code": (of(X, [b"\xff"] * 12), None, None, "must be UTF-8"),
    "ragged texts": (of(tf.ragged.constant([["a"], ["a", "b"]]), Y[:2]), None, None, "of tensors of known rank"),
    "several sizes": (
        Dataset.from_generator(
            lambda: ((np.zeros((8 + i, 8)), i) for i in range(3)),
            output_signature=(tf.TensorSpec([None, None]), tf.TensorSpec([], "int32")),
        ),
        None,
        None,
        "of examples of one shape",
    ),
    "several sizes in batches": (
        Dataset.from_generator(
            lambda: ((np.zeros((2, 8 + i, 8)), np.zeros(2)) for i in range(3)),
            output_signature=(tf.TensorSpec([None, None, None], "uint8"), tf.TensorSpec([None], "int32")),
        ),
        None,
        None,
        "of examples of one shape",
    ),
}


@pytest.mark.parametrize("case", BAD_DATASETS)
def test_datasets_that_cannot_be_used_are_told(case):
    x, y, sample_weight, told = BAD_DATASETS[case]
    with pytest.raises(InputError, match=told):
        streams.read(x, y, sample_weight)


def test_an_error_of_the_dataset_itself_stays_what_it_is():
    broken = of(X, Y).map(lambda x, y: (tf.debugging.check_numerics(x / 0, "broken on purpose"), y))
    with pytest.raises(tf.errors.InvalidArgumentError, match="broken on purpose"):
        streams.read(broken)
