"""Several objectives at once: which candidates no other one beats, how crowded they are, and how much they cover together.

Scores are arrays of the shape (candidates, objectives), each turned so that higher is better. One candidate dominates another
when it is at least as good in every objective and better in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autonas.errors import InputError


def is_efficient(scores: Any) -> np.ndarray:
    """Which candidates are dominated by no other: the Pareto front.

    Args:
        scores: Shape (candidates, objectives), higher is better. Equal candidates do not dominate each other.

    Returns:
        Booleans of the shape (candidates,).

    Raises:
        InputError: If the scores have another shape, or a NaN.

    Example:

    >>> is_efficient([[1, 3], [2, 2], [1, 2]])
    array([ True,  True, False])
    """
    return rank(scores) == 0


def rank(scores: Any, number: int | None = None) -> np.ndarray:
    """Sorts candidates into fronts: the Pareto front is 0, that of the rest is 1, and so on.

    Args:
        scores: Shape (candidates, objectives), higher is better.
        number: How many candidates are to be told apart at least; those in the fronts after them share one rank. None
            tells all apart.

    Returns:
        Integers of the shape (candidates,).

    Raises:
        InputError: If the scores have another shape, or a NaN.

    References:
    - Deb et al., 2002, A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, section III.A:
      https://doi.org/10.1109/4235.996017

    Example:

    >>> rank([[1, 3], [2, 2], [1, 2], [0, 0]])
    array([0, 0, 1, 2])
    """
    scores = _table(scores)
    at_least = (scores[:, None] >= scores[None]).all(axis=2)
    dominates = at_least & ~at_least.T
    ranks = np.full(len(scores), -1)
    dominators = dominates.sum(axis=0)
    front = 0
    wanted = len(scores) if number is None else min(number, len(scores))
    while (ranks >= 0).sum() < wanted:
        best = (ranks < 0) & (dominators == 0)
        ranks[best] = front
        dominators = dominators - dominates[best].sum(axis=0)
        front += 1
    return np.where(ranks < 0, front, ranks)


def crowding(scores: Any) -> np.ndarray:
    """How far the neighbours of each candidate are, in one front.

    For each objective, the distance between the next worse and the next better candidate, as a part of the front's range;
    summed over the objectives. The ends of each objective are infinitely far from others, so that they are kept.

    Args:
        scores: Shape (candidates, objectives), of one front.

    Returns:
        Floats of the shape (candidates,), larger where it is lonelier.

    Raises:
        InputError: If the scores have another shape, or a NaN.

    References:
    - Deb et al., 2002, section III.B.

    Example:

    >>> crowding([[0, 4], [1, 2], [4, 0]])
    array([inf,  2., inf])
    """
    scores = _table(scores)
    distances = np.zeros(len(scores))
    for column in scores.T:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        spread = ordered[-1] - ordered[0] if len(ordered) else 0.0
        if spread > 0:
            distances[order[1:-1]] += (ordered[2:] - ordered[:-2]) / spread
        distances[order[[0, -1]] if len(order) else order] = np.inf
    return distances


def best_first(scores: Any, number: int | None = None) -> np.ndarray:
    """Orders candidates as NSGA-II does: by front, within a front the lonelier ones first, of equals the earlier one first.

    Args:
        scores: Shape (candidates, objectives), higher is better.
        number: How many are wanted at most; None wants all.

    Returns:
        Integers of the shape (candidates,) or (number,): the place in `scores` of the best, of the second, ...

    Raises:
        InputError: If the scores have another shape, or a NaN.

    Example:

    >>> best_first([[0, 0], [1, 3], [2, 2.5], [3, 0]])
    array([1, 3, 2, 0])
    """
    scores, ranks = _table(scores), rank(scores, number)
    lonely = np.zeros(len(scores))
    for front in range(ranks.max(initial=-1) + 1):
        lonely[ranks == front] = crowding(scores[ranks == front])
    return np.lexsort((-lonely, ranks))[:number]


def hypervolume(scores: Any, reference: Sequence[float]) -> float:
    """The volume that candidates dominate together, above a reference point: how good a whole front is, in one number.

    Computed slice by slice along the last objective: exact, quick for two or three objectives and up to some hundreds of
    candidates.

    Args:
        scores: Shape (candidates, objectives), higher is better.
        reference: For each objective the score from which on it counts. Candidates that are not above it in every one
            add nothing.

    Returns:
        The volume, in the product of the objectives' units.

    Raises:
        InputError: If the shapes do not fit, or there is a NaN.

    References:
    - Zitzler & Thiele, 1998, Multiobjective Optimization Using Evolutionary Algorithms, section 3:
      https://doi.org/10.1007/BFb0056872

    Example:

    >>> hypervolume([[1, 3], [2, 2]], reference=[0, 0])
    5.0
    """
    scores, origin = _table(scores), np.asarray(reference, dtype=float)
    if origin.shape != scores.shape[1:]:
        raise InputError.of("reference", f"{scores.shape[1]} numbers, one for each objective", list(reference))
    heights = scores - origin
    return _volume(heights[(heights > 0).all(axis=1)])


def _volume(heights: np.ndarray) -> float:
    if len(heights) == 0:
        return 0.0
    if heights.shape[1] == 1:
        return float(heights.max())
    heights = heights[np.argsort(-heights[:, -1], kind="stable")]
    floors = np.append(heights[1:, -1], 0.0)
    return sum(
        (top - floor) * _volume(heights[: place + 1, :-1])
        for place, (top, floor) in enumerate(zip(heights[:, -1].tolist(), floors.tolist(), strict=True))
        if top > floor
    )


def _table(scores: Any) -> np.ndarray:
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2 or table.shape[1] == 0 or np.isnan(table).any():
        got = "one with NaN" if table.ndim == 2 and table.shape[1] else f"the shape {table.shape}"
        raise InputError.of("scores", "a table of the shape (candidates, objectives), without NaN", got)
    return table
