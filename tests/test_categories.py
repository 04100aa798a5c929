"""Categories as numbers: NumPy's look-up and Keras's give the same."""

import numpy as np
import pytest

from autonas import categories

COLUMN = np.array(["b", "a", "", "b", "c", "b", "a"])


def test_the_most_frequent_come_first_and_nothing_is_no_category(monkeypatch):
    assert categories.most_frequent(COLUMN) == ["b", "a", "c"]
    monkeypatch.setattr(categories, "MOST", 2)
    assert categories.most_frequent(COLUMN) == ["b", "a"]


def test_of_equally_frequent_ones_the_order_does_not_depend_on_the_rows():
    assert categories.most_frequent(np.array(["y", "x", "z"])) == categories.most_frequent(np.array(["z", "y", "x"]))


def test_missing_unknown_and_known_have_numbers_of_their_own():
    found = categories.numbered(np.array([["b", ""], ["new", "a"]]), ["b", "a"])
    np.testing.assert_array_equal(found, [[2, 0], [1, 3]])
    assert found.dtype == np.float32


@pytest.mark.parametrize("known", [["b", "a"], []])
def test_keras_looks_up_the_same_numbers(known):
    import tensorflow as tf

    column = np.array(["a", "new", "", "b"])
    found = categories.looked_up(tf.constant(np.stack([["other"] * 4, column], axis=1)), 1, known)
    np.testing.assert_array_equal(np.asarray(found)[:, 0], categories.numbered(column, known))
