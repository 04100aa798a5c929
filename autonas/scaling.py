"""Numbers on their way to a network: quantiles of training values, and how values far out are bent."""

from __future__ import annotations

from typing import Any

import numpy as np

SOFT = 3.0  # standardised numbers end in -3 and 3
FEWEST_BINS, MOST_BINS, ROWS_OF_A_BIN = 4, 48, 30


def bins(values: int) -> int:
    """How many bins so many training values are enough for."""
    return min(MOST_BINS, max(FEWEST_BINS, values // ROWS_OF_A_BIN))


def quantiles(values: np.ndarray, bins: int) -> list[float]:
    """Ascending edges of bins with about as many values each; a value that is very frequent takes no more than one of them.

    Args:
        values: (n,), finite.
        bins: At most so many.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= bins + 1:
        return distinct.tolist()
    share = np.cumsum(np.minimum(counts, len(values) / bins))
    chosen = np.searchsorted(share, np.linspace(0, share[-1], bins + 1)[1:-1])
    return np.unique(distinct[[0, *chosen, -1]]).tolist()


def bent(x: Any, ops: Any = np) -> Any:
    """Bends standardised numbers that are far out, so that they stay within -3 and 3; those near 0 hardly change.

    Args:
        x: Of any shape; NaN stays NaN.
        ops: `numpy`, or `keras.ops` for tensors.

    Example:

    >>> bent(np.array([-1e9, 0.0, 1.0]))
    array([-3.        ,  0.        ,  0.9486833])
    """
    x = ops.clip(x, -1e6, 1e6)
    return x / ops.sqrt(1.0 + ops.square(x / SOFT))


def piecewise(numbers: Any, edges: list[list[float]]) -> Any:
    """How far each number has come through each of its bins: 0 before a bin, 1 behind it.

    Args:
        numbers: A tensor, (batch, numbers).
        edges: Of the bins of each number, ascending.

    Returns:
        (batch, numbers, bins), as many bins as the number with the most of them has.

    References:
    - Gorishniy et al., 2022, https://arxiv.org/abs/2203.05556 (piecewise-linear encoding)
    """
    import keras

    most = max(len(borders) for borders in edges) - 1
    lower = np.full((len(edges), most), 1e6, "float32")  # bins that a number does not have are never reached
    scale = np.ones((len(edges), most), "float32")
    for place, borders in enumerate(edges):
        bins = np.array(borders, "float32")
        lower[place, : len(bins) - 1] = bins[:-1]
        scale[place, : len(bins) - 1] = 1 / np.maximum(np.diff(bins), 1e-6)
    through = (keras.ops.expand_dims(numbers, -1) - lower) * scale
    return keras.ops.clip(through, 0.0, 1.0)
