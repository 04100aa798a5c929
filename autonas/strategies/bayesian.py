"""Bayesian optimisation: a surrogate of the scores says where a better one is to be expected."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autonas.encoding import Encoding
from autonas.errors import InputError
from autonas.strategies.base import (
    Strategy,
    Values,
    best_trials,
    integer,
    normal_ranks,
    pool,
    remembered,
    sample,
    scored,
    untried,
)
from autonas.trials import Trial

if TYPE_CHECKING:
    import keras_tuner

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # from rows to means and standard deviations
Fit = Callable[[np.ndarray, np.ndarray, np.random.Generator], Predict]  # from rows and what is known of them

_PARENTS = 10  # the best trials, whose mutations are in the pool
_TREES = 30


class Bayesian(Strategy):
    """Bayesian optimisation with expected improvement.

    After `initial` random trials (or the starting points of the search), a surrogate is fitted to the history at each
    proposal. It predicts the score of each candidate in a pool, with an uncertainty: half of the pool are drawn from the
    space, half are mutations of the ten best. The candidate with the highest expected improvement over the best is proposed.
    None is ever proposed twice, since the pool holds untried ones alone.

    The surrogate learns the normal quantiles of the scores' ranks, so neither their scale nor an outlier matters; failed and
    rejected trials count as the worst. Labels are one-hot, numbers on their own scale, and conditional values have an
    indicator of whether they are inactive (see `autonas.encoding.Encoding`).

    Args:
        surrogate: `"forest"` (a random forest of 30 trees, whose spread is the uncertainty; as in SMAC) or
            `"gaussian_process"` (Matérn 5/2, one length scale, with noise; all fitted by their likelihood).
        initial: How many trials with a score there are before the surrogate is asked, at least 2.
        pool: How many candidates it chooses from, at least 2.
        memory: How many trials it is fitted to at most, at least 2: the better half of these are the best, the others the
            latest. It bounds the time of a proposal in a long search.

    Raises:
        InputError: If an argument is not in its range, or the surrogate is none of these.

    References:
    - [Jones et al., 1998](https://doi.org/10.1023/A:1008306431147): Efficient Global Optimization of Expensive Black-Box
      Functions, equation 15.
    - [Hutter et al., 2011](https://doi.org/10.1007/978-3-642-25566-3_40): Sequential Model-Based Optimization for General
      Algorithm Configuration, sections 4.1 and 4.3 (the forest, and the pool).

    Example:

    >>> Bayesian("gaussian_process")
    Bayesian(surrogate='gaussian_process', initial=10, pool=400, memory=400)
    """

    def __init__(self, surrogate: str = "forest", initial: int = 10, pool: int = 400, memory: int = 400) -> None:
        if surrogate not in _SURROGATES:
            raise InputError.of("Bayesian's surrogate", f"one of {sorted(_SURROGATES)}", repr(surrogate))
        self.surrogate = surrogate
        self.initial = integer("Bayesian's initial", initial, 2)
        self.pool = integer("Bayesian's pool", pool, 2)
        self.memory = integer("Bayesian's memory", memory, 2)

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Returns the candidate of the pool with the highest expected improvement."""
        return next(iter(self.propose_several(history, space, [rng])), None)

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """Returns the best of a pool for each generator, by one surrogate."""
        enough = sum(1 for _ in scored(history)) >= self.initial
        parents = best_trials(history, _PARENTS)
        encoding, trials = Encoding(space), remembered(history, self.memory)
        known, targets = encoding.transform([trial.values for trial in trials]), normal_ranks(trials)
        proposed: list[Values | None] = []
        predict: Predict | None = None
        for rng in rngs:
            drawn = self.pool // 2
            candidates = pool(history, parents, space, rng, drawn, self.pool - drawn) if enough else []
            if candidates:
                predict = predict or _SURROGATES[self.surrogate](known, targets, rng)
                gains = expected_improvement(*predict(encoding.transform(candidates)), targets.max())
                proposed.append(candidates[int(np.argmax(gains))])
            else:
                proposed.append(untried(history, space, rng, functools.partial(sample, space, rng)))
        return [values for values in proposed if values is not None]

    def __repr__(self) -> str:
        return f"Bayesian(surrogate={self.surrogate!r}, initial={self.initial}, pool={self.pool}, memory={self.memory})"


def expected_improvement(mean: np.ndarray, deviation: np.ndarray, best: float) -> np.ndarray:
    """By how much normally distributed scores are expected to be over the best one; what is under it counts as 0.

    Args:
        mean: Shape (candidates,).
        deviation: Standard deviations of the same shape, 0 where there is no doubt.
        best: The best score so far.

    Returns:
        Shape (candidates,), at least 0.
    """
    from scipy.stats import norm

    deviation = np.maximum(deviation, 1e-12)
    gain = mean - best
    return gain * norm.cdf(gain / deviation) + deviation * norm.pdf(gain / deviation)


def _forest(known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Predict:
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(_TREES, max_features=0.5, random_state=int(rng.integers(2**31)))
    trees = forest.fit(known, targets).estimators_

    def predict(candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        answers = np.array([tree.predict(candidates.astype(np.float32), check_input=False) for tree in trees])
        return answers.mean(axis=0), answers.std(axis=0)

    return predict


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
