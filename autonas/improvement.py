"""What a candidate is expected to bring: improvement over the best score, and over a whole front of several objectives.

Predictions are normal distributions, independent of each other; higher is better.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autonas.errors import InputError
from autonas.pareto import is_efficient

MOST_CELLS = 20_000  # of the space above a front; where there would be more, the front is thinned out


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: Any) -> np.ndarray:
    """By how much normally distributed scores are expected to be over the best one; what is under it counts as 0.

    Args:
        mean: Any shape.
        deviation: Standard deviations of the same shape, 0 where there is no doubt.
        best: The best score so far, or several that the shapes go with.

    Returns:
        At least 0, of the shape that the arguments make together.

    References:
    - [Jones et al., 1998](https://doi.org/10.1023/A:1008306431147): Efficient Global Optimization of Expensive Black-Box
      Functions, equation 15.
    """
    from scipy.special import ndtr

    deviation = np.maximum(deviation, 1e-12)
    gain = mean - best
    ratio = gain / deviation
    return gain * ndtr(ratio) + deviation * np.exp(-0.5 * ratio**2) / np.sqrt(2 * np.pi)


def expected_hypervolume_improvement(
    mean: np.ndarray, deviation: np.ndarray, front: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    """How much volume a candidate is expected to add to a front.

    The space above the reference that the front leaves free is cut into columns along the last objective, one over each cell
    of the grid that the front's other coordinates make. In each column the expectation is a product of expected
    improvements, so the sum is exact. Of more than two objectives the front is thinned out where the grid would be too large.

    Args:
        mean: Predicted scores of the shape (candidates, objectives).
        deviation: Their standard deviations, of the same shape; 0 for what is known.
        front: Scores of the shape (trials, objectives); dominated ones do no harm.
        reference: From which score on each objective counts, (objectives,).

    Returns:
        Floats of the shape (candidates,), at least 0, in the product of the objectives' units.

    Raises:
        InputError: If the shapes do not fit.

    References:
    - [Emmerich et al., 2006](https://doi.org/10.1109/TEVC.2005.859463): Single- and Multiobjective Evolutionary Optimization
      Assisted by Gaussian Random Field Metamodels.
    - [Yang et al., 2019](https://doi.org/10.1007/s10898-019-00798-7): Efficient computation of expected hypervolume
      improvement using box decomposition algorithms.

    Example:

    >>> expected_hypervolume_improvement(np.array([[2.0, 2.0]]), np.zeros((1, 2)), np.array([[1.0, 3.0]]), np.zeros(2))
    array([2.])
    """
    mean, deviation = np.atleast_2d(mean), np.atleast_2d(deviation)
    reference, front = np.asarray(reference, dtype=float), np.asarray(front, dtype=float).reshape(-1, mean.shape[1])
    if deviation.shape != mean.shape or reference.shape != mean.shape[1:]:
        got = f"{mean.shape}, {deviation.shape} and {reference.shape}"
        raise InputError.of("mean, deviation and reference", "of one number of objectives", got)
    front = front[(front > reference).all(axis=1)]
    front = _thinned(front[is_efficient(front)]) if len(front) else front
    edges = [np.unique(np.append(front[:, column], reference[column])) for column in range(mean.shape[1] - 1)]
    gains = [_steps(mean[:, [j]], deviation[:, [j]], edge) for j, edge in enumerate(edges)]
    floors = _floors(front, edges, reference[-1])
    above = expected_improvement(mean[:, [-1]], deviation[:, [-1]], floors)
    cells = np.ones((len(mean), 1))
    for gain in gains:
        cells = (cells[:, :, None] * gain[:, None, :]).reshape(len(mean), -1)
    return (cells * above).sum(axis=1)


def _steps(mean: np.ndarray, deviation: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """What is expected between each edge and the next, the last without end: (candidates, edges)."""
    over = expected_improvement(mean, deviation, edges)
    return over - np.append(over[:, 1:], np.zeros((len(over), 1)), axis=1)


def _floors(front: np.ndarray, edges: list[np.ndarray], least: float) -> np.ndarray:
    """How high the front is over each cell of a grid, cells in the order of their products: (cells,)."""
    corners = np.stack([axis.ravel() for axis in np.meshgrid(*edges, indexing="ij")]) if edges else np.zeros((0, 1))
    over = (front[:, :-1, None] > corners[None]).all(axis=1)  # (front, cells)
    return np.where(over, front[:, [-1]], least).max(axis=0, initial=least)


def _thinned(front: np.ndarray) -> np.ndarray:
    """The front, or as much of it, evenly along the first objective, as a grid of bearable size has place for."""
    others = front.shape[1] - 1
    most = len(front) if others < 2 else int(MOST_CELLS ** (1 / others)) - 1
    if len(front) <= most:
        return front
    order = np.argsort(front[:, 0], kind="stable")
    return front[order[np.linspace(0, len(front) - 1, most).round().astype(int)]]
