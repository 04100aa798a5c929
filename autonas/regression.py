"""A small regressor of times over shapes: what must grow with the work, corrected by what was measured nearby."""

from __future__ import annotations

import dataclasses

import numpy as np

_LINEAR = 5  # the first features are amounts of work, which time cannot fall with
_LENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0)  # of the correction, in standard deviations of the features
_NOISES = (1e-3, 1e-2, 1e-1)  # variance of chance in measurements, as a share of that of the correction
_FACTORS = (0.25, 0.6, 1.7, 4.0)  # by which the scale of one feature is tried
_PASSES = 2
_ENOUGH = 4  # samples below which there is no correction


class Regressor:
    """Predicts times from amounts of work.

    A sum of amounts with non-negative factors, fitted to relative errors, is multiplied by a correction: a Gaussian process
    over the logarithms of the amounts, whose scales and noise are those with the least leave-one-out error. Far from all
    samples the correction goes to one, and the prediction grows with the work.

    Args:
        features: Logarithms to the base of two of one plus each amount; shape (n, d), the first five being amounts of work.
        times: Positive; shape (n,).

    Attributes:
        error: Root mean square of the leave-one-out errors, in logarithms: 0.05 is about five per cent.

    Example:

    >>> Regressor(np.log2(1 + amounts), times).predict(np.log2(1 + others))

    References:
        - Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2 (leave-one-out in closed form).
    """

    def __init__(self, features: np.ndarray, times: np.ndarray) -> None:
        self._factors = nonnegative(_work(features), times)
        self._least = float(times.min())
        deviation = features.std(0)
        scale = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0)
        residuals = np.log(times / self._grown(features))
        found = _correction(features * scale, residuals)
        self.error, self._scale, self._weights = found.error, scale * found.scale, found.weights
        self._differing = np.flatnonzero(self._scale)
        self._known = self._scaled(features)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Returns times, shape (m,), for features of the shape (m, d)."""
        likeness = np.exp(-_distances(self._scaled(features), self._known) / 2)
        return self._grown(features) * np.exp(likeness @ self._weights)

    def _scaled(self, features: np.ndarray) -> np.ndarray:
        return (features * self._scale)[:, self._differing]

    def _grown(self, features: np.ndarray) -> np.ndarray:
        return np.maximum(self._factors[0] + (2 ** features[:, :_LINEAR] - 1) @ self._factors[1:], self._least / 10)


def _work(features: np.ndarray) -> np.ndarray:
    return np.column_stack([np.ones(len(features)), 2 ** features[:, :_LINEAR] - 1])


def nonnegative(amounts: np.ndarray, times: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
    """Non-negative factors for which `amounts @ factors` is near `times`, in relation to `scale` (the times themselves)."""
    from scipy.optimize import nnls

    scale = times if scale is None else scale
    sizes = np.maximum(np.abs(amounts).max(0), 1e-30)
    return nnls(amounts / sizes / scale[:, None], times / scale)[0] / sizes


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared; small, so that threads of a linear algebra library would only be in each other's way."""
    return ((first[:, None, :] - second[None, :, :]) ** 2).sum(-1)


@dataclasses.dataclass(frozen=True)
class _Correction:
    error: float
    scale: np.ndarray
    weights: np.ndarray


def _correction(features: np.ndarray, residuals: np.ndarray) -> _Correction:
    """The scale of each feature, and the weight of each sample, with the least error where each is predicted from the others.

    First one scale for all, then each in turn, as long as it helps.
    """
    count, width = features.shape
    best = _Correction(float(np.sqrt(np.mean(residuals**2))), np.ones(width), np.zeros(count))
    if count < _ENOUGH:
        return best
    for length in _LENGTHS:
        best = min(best, _fitted(features, residuals, np.full(width, 1 / length)), key=lambda each: each.error)
    for feature in [place for place in range(width) if features[:, place].any()] * _PASSES:
        for factor in _FACTORS:
            scale = best.scale.copy()
            scale[feature] *= factor
            best = min(best, _fitted(features, residuals, scale), key=lambda each: each.error)
    return best


def _fitted(features: np.ndarray, residuals: np.ndarray, scale: np.ndarray) -> _Correction:
    likeness = np.exp(-_distances(features * scale, features * scale) / 2)
    found = []
    for noise in _NOISES:
        inverse = np.linalg.inv(likeness + noise * np.eye(len(residuals)))
        weights = inverse @ residuals
        found.append(_Correction(float(np.sqrt(np.mean((weights / np.diag(inverse)) ** 2))), scale, weights))
    return min(found, key=lambda each: each.error)
