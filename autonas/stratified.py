"""Rows split and drawn at random, the classes in proportion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autonas.errors import InputError


def check_share(fraction: Any) -> None:
    """Raises an InputError unless this is a share in (0, 1)."""
    if not isinstance(fraction, (float, np.floating)) or not 0 < fraction < 1:
        raise InputError.of("validation_split", "a share in (0, 1)", repr(fraction))


def split(n: int, strata: np.ndarray | None, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits row numbers in two, the classes in proportion. A class with two rows or more has one in each part.

    Where there are more classes than the fraction has room for, the second part is larger than the fraction says.

    Args:
        n: How many rows.
        strata: A class for each row; None splits at random.
        fraction: Share of the second part, in (0, 1).
        seed: Of the choice.

    Returns:
        The row numbers of the first and of the second part, in random order.

    Raises:
        InputError: If the fraction is not in (0, 1), or a part would be empty.
    """
    check_share(fraction)
    if n < 2:
        raise InputError.of("x", "at least 2 examples, so that some can be held out", n)
    size = min(max(1, round(fraction * n)), n - 1)
    first, second = _draw(n, strata, size, seed)
    if strata is not None:
        second, first = _top_up(second, first, strata, leave=1)
        first, second = _top_up(first, second, strata, leave=1)
    return first, second


def subsample(n: int, strata: np.ndarray | None, fraction: float, seed: int) -> np.ndarray:
    """Draws a share of row numbers, the classes in proportion and none left out.

    Args:
        n: How many rows.
        strata: A class for each row; None draws at random.
        fraction: In (0, 1]; 1 takes every row, in its order.
        seed: Of the choice.

    Returns:
        At least `fraction * n` row numbers, in random order.

    Raises:
        InputError: If the fraction is not in (0, 1].
    """
    if not 0 < fraction <= 1:
        raise InputError.of("The share of the data", "in (0, 1]", repr(fraction))
    size = min(n, math.ceil(fraction * n - 1e-9))  # 0.07 * 100 is 7.000000000000001
    if size == n:
        return np.arange(n)
    rest, kept = _draw(n, strata, size, seed)
    return kept if strata is None else _top_up(kept, rest, strata, leave=0)[0]


def _draw(n: int, strata: np.ndarray | None, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers in two random parts, the second of `size`; the classes in proportion if both have room for all."""
    from sklearn.model_selection import train_test_split

    if strata is not None:
        counts = np.unique(strata, return_counts=True)[1]
        if min(counts) < 2 or min(size, n - size) < len(counts):
            strata = None
    state = int(np.random.SeedSequence(seed).generate_state(1)[0])
    first, second = train_test_split(np.arange(n), test_size=size, stratify=strata, random_state=state)
    return first, second


def _top_up(part: np.ndarray, other: np.ndarray, strata: np.ndarray, leave: int) -> tuple[np.ndarray, np.ndarray]:
    """Moves one row of each class that `part` lacks out of `other`, if that leaves `leave` of them there."""
    classes, at, counts = np.unique(strata[other], return_index=True, return_counts=True)
    moved = at[~np.isin(classes, strata[part]) & (counts > leave)]
    return np.concatenate([part, other[moved]]), np.delete(other, moved)
