"""Numbers that are passed as arguments, read and checked: those of NumPy count, texts and truth values do not."""

from __future__ import annotations

import math
import numbers
from typing import Any

from autonas.errors import InputError


def integer(what: str, value: Any, low: int, high: int | None = None) -> int:
    """Reads an integer.

    Args:
        what: The argument, for the error.
        value: What was passed.
        low: The least that it may be.
        high: The most; None sets no bound.

    Raises:
        InputError: If it is no integer, or out of its range.

    Example:

    >>> integer("Evolution's population", np.int64(20), 2)
    20
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if whole and value >= low and (high is None or value <= high):
        return int(value)
    most = "" if high is None else f" to {high}"
    raise InputError.of(what, f"an integer {'of at least' if high is None else 'from'} {low}{most}", repr(value))


def fraction(what: str, value: Any) -> float:
    """Reads a probability or a share.

    Raises:
        InputError: If it is no number from 0 to 1.
    """
    if _is_number(value) and 0 <= value <= 1:
        return float(value)
    raise InputError.of(what, "a number from 0 to 1", repr(value))


def positive(what: str, value: Any) -> float:
    """Reads a rate.

    Raises:
        InputError: If it is no finite number above 0.
    """
    if _is_number(value) and 0 < value < math.inf:
        return float(value)
    raise InputError.of(what, "a number above 0", repr(value))


def number(value: Any) -> float | None:
    """A number of any library as a float, an array of one number too; None for what is none, such as a text.

    Example:

    >>> number(np.array([0.5])), number("0.5")
    (0.5, None)
    """
    if hasattr(value, "item") and getattr(value, "size", None) == 1:
        value = value.item()
    try:
        return None if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError):
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
