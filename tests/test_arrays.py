"""Arrays that TensorFlow shares, and those that it copies."""

from __future__ import annotations

import numpy as np
import pytest

from autonas.arrays import aligned, tensor
from autonas.data import take


def test_large_arrays_are_shared_with_tensorflow():
    """A copy would take twice their size beside them."""
    x = np.random.default_rng(0).normal(size=(500, 1000)).astype("float32")
    rows = take({"x": x}, np.array([3, 1, 499, 1]))["x"]
    np.testing.assert_array_equal(rows, x[[3, 1, 499, 1]])
    chosen = take(x, np.arange(500) % 2 == 0)
    np.testing.assert_array_equal(chosen, x[::2])
    shared = tensor(take(x, np.arange(500)))
    np.testing.assert_array_equal(shared, x)
    whole = aligned((500, 1000), "float32")
    whole[:] = 1
    made = tensor(whole)
    whole[0, 0] = 7
    assert float(made[0, 0]) == 7


@pytest.mark.parametrize("offset", [4, 16, 32])
def test_what_begins_elsewhere_is_copied(offset):
    """TensorFlow would end the process."""
    memory = aligned((2**20 + 64,), "uint8")
    x = memory[offset : offset + 2**20].view("float32")
    x[:] = 1
    made = tensor(x)
    x[0] = 7
    assert float(made[0]) == 1
    for other in (np.ones((600, 600), "float32").T, np.arange(2**18) > 3, np.ones(3)):
        np.testing.assert_array_equal(tensor(other), other)
