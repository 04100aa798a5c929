"""Bayesian optimisation: a surrogate of the scores says where a better one is to be expected."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from autonas import forests
from autonas.errors import InputError
from autonas.improvement import expected_improvement
from autonas.strategies.base import Acquire, ModelBased

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # from rows to means and standard deviations
Fit = Callable[[np.ndarray, np.ndarray, np.random.Generator], Predict]  # from rows and what is known of them

_PARENTS = 10  # the best trials, whose mutations are in the pool


class Bayesian(ModelBased):
    """Bayesian optimisation with expected improvement.

    After `initial` random trials (or the starting points of the search), a surrogate is fitted to the history at each
    proposal. It predicts the score of each candidate in a pool, with an uncertainty: half of the pool are drawn from the
    space, half are mutations of the ten best. The candidate with the highest expected improvement over the best is proposed.
    None is ever proposed twice, since the pool holds untried ones alone.

    The surrogate learns the normal quantiles of the scores' ranks, so neither their scale nor an outlier matters; failed and
    rejected trials count as the worst. Labels are one-hot, numbers on their own scale, and conditional values have an
    indicator of whether they are inactive (see `autonas.encoding.Encoding`).

    Args:
        surrogate: `"forest"` (30 extremely randomised trees, whose spread is the uncertainty; nearly as in SMAC) or
            `"gaussian_process"` (Matérn 5/2, one length scale, with noise; all fitted by their likelihood).
        initial: How many trials with a score there are before the surrogate is asked, at least 2.
        pool: How many candidates it chooses from, at least 2.
        memory: See `autonas.strategies.base.ModelBased`.

    Raises:
        InputError: If an argument is not in its range, or the surrogate is none of these.

    References:
    - [Jones et al., 1998](https://doi.org/10.1023/A:1008306431147): Efficient Global Optimization of Expensive Black-Box
      Functions, equation 15.
    - [Hutter et al., 2011](https://doi.org/10.1007/978-3-642-25566-3_40): Sequential Model-Based Optimization for General
      Algorithm Configuration, sections 4.1 and 4.3 (the forest, and the pool).
    - [Geurts et al., 2006](https://doi.org/10.1007/s10994-006-6226-1): Extremely Randomized Trees.

    Example:

    >>> Bayesian("gaussian_process")
    Bayesian(surrogate='gaussian_process', initial=10, pool=400, memory=400)
    """

    drawn = 0.5

    def __init__(self, surrogate: str = "forest", initial: int = 10, pool: int = 400, memory: int = 400) -> None:
        if not isinstance(surrogate, str) or surrogate not in _SURROGATES:
            raise InputError.of("Bayesian's surrogate", f"one of {sorted(_SURROGATES)}", repr(surrogate))
        self.surrogate = surrogate
        super().__init__(initial, _PARENTS, pool, memory)

    def fit(self, known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Acquire:
        """Fits the surrogate; what speaks for a candidate is its expected improvement over the best."""
        predict = _SURROGATES[self.surrogate](known, targets, rng)
        return lambda rows, rng: expected_improvement(*predict(rows), targets.max())

    def __repr__(self) -> str:
        return f"Bayesian(surrogate={self.surrogate!r}, initial={self.initial}, pool={self.pool}, memory={self.memory})"


def _forest(known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Predict:
    predict = forests.fit(known, targets[:, None], int(rng.integers(2**31)))

    def of_one(candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, deviation = predict(candidates)
        return mean[:, 0], deviation[:, 0]

    return of_one


def _gaussian_process(known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Predict:
    from scipy.optimize import minimize
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    def fit(loss: Callable, start: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, float]:
        found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 20})
        return found.x, found.fun

    signal = ConstantKernel(1.0, (0.05, 20.0)) * Matern(1.0, (0.1, 20.0), nu=2.5)
    process = GaussianProcessRegressor(signal + WhiteKernel(0.05, (1e-4, 1.0)), optimizer=fit)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a hyperparameter at its bound is meant to stay there
        process.fit(known, targets)

    def predict(candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, deviation = process.predict(candidates, return_std=True)
        # of the function itself: noise that would come on top of it is no reason to try a candidate
        return mean, np.sqrt(np.maximum(deviation**2 - process.kernel_.k2.noise_level, 0.0))

    return predict


_SURROGATES: dict[str, Fit] = {
    "forest": _forest,
    "gaussian_process": _gaussian_process,
}
