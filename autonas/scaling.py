"""Numbers on their way to a network: quantiles of training values, how columns are scaled, and how values far out are bent."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
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


@dataclasses.dataclass
class Scale:
    """How columns of numbers are standardised by training values, which of them had gaps, and the edges of their bins.

    Attributes:
        mean: Of each column.
        deviation: Of each column; 1 where its values do not differ.
        missing: The numbers of the columns with gaps.
        edges: Of the bins of each column, standardised and bent, ascending.
    """

    mean: list[float]
    deviation: list[float]
    missing: list[int]
    edges: list[list[float]]

    @classmethod
    def of(cls, columns: Iterable[np.ndarray], rows: int = 0) -> Scale:
        """Learns it.

        Args:
            columns: Training values of each, (n,), NaN where missing.
            rows: How many examples they come from, which bins are made for.
        """
        scale = cls([], [], [], [])
        for number, column in enumerate(columns):
            known = column[~np.isnan(column)].astype(np.float64)
            mean = float(known.mean()) if len(known) else 0.0
            deviation = float(known.std()) if len(known) else 0.0
            scale.mean.append(mean)
            # by a spread of nothing, another value would be scaled to millions
            scale.deviation.append(deviation if deviation > 1e-6 * max(abs(mean), 1e-6) else 1.0)
            if len(known) < len(column):
                scale.missing.append(number)
            found = np.array(quantiles(known, bins(rows)) if len(known) else [0.0])
            edges = bent((found - mean) / scale.deviation[-1])
            scale.edges.append(np.unique(edges.astype(np.float32)).tolist())
        return scale

    @property
    def width(self) -> int:
        """How many numbers `apply` makes of one example."""
        return len(self.mean) + len(self.missing)

    def apply(self, x: Any, mask: Any = None, ops: Any = np) -> Any:
        """Standardises and bends; gaps become 0, and flags of the columns which had some in training come last.

        Args:
            x: (..., columns), float32.
            mask: Multiplied with the result, if not None.
            ops: `numpy`, or `keras.ops` for tensors.

        Returns:
            (..., `width`).
        """
        mean, deviation = np.array(self.mean, np.float32), np.array(self.deviation, np.float32)
        known = bent((x - mean) / deviation, ops)
        missing = ops.isnan(x)
        known = ops.where(missing, ops.zeros_like(known), known)
        if self.missing:
            flags = ops.where(missing, ops.ones_like(known), ops.zeros_like(known))
            known = ops.concatenate([known, ops.take(flags, np.array(self.missing), axis=-1)], axis=-1)
        return known if mask is None else known * mask


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
