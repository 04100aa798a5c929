"""Numbers of any library are read as Python's own; what is none is named."""

import numpy as np
import pytest

from autonas.checks import fraction, integer, positive
from autonas.errors import InputError


@pytest.mark.parametrize(
    ("read", "bad", "expected"),
    [
        (lambda value: integer("X's n", value, 2), 1, "an integer of at least 2"),
        (lambda value: integer("X's n", value, 2, 5), 6, "an integer from 2 to 5"),
        (lambda value: integer("X's n", value, 0), True, "an integer"),
        (lambda value: integer("X's n", value, 0), "3", "an integer"),
        (lambda value: integer("X's n", value, 0), np.float64(3), "an integer"),
        (lambda value: fraction("X's n", value), 1.1, "from 0 to 1"),
        (lambda value: fraction("X's n", value), float("nan"), "from 0 to 1"),
        (lambda value: positive("X's n", value), 0, "above 0"),
        (lambda value: positive("X's n", value), float("inf"), "above 0"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(read, bad, expected):
    with pytest.raises(InputError, match=f"X's n must be .*{expected}"):
        read(bad)


def test_numbers_of_numpy_become_pythons_own():
    read = [integer("n", np.int64(20), 2), fraction("n", np.float32(0.5)), positive("n", np.float64(3))]
    assert read == [20, 0.5, 3.0]
    assert [type(number) for number in read] == [int, float, float]
