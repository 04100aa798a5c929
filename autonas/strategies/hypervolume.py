"""Several objectives by expected hypervolume improvement: who is expected to push the front out most is tried next."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from autonas import processes
from autonas.encoding import Encoding
from autonas.improvement import expected_hypervolume_improvement
from autonas.pareto import best_first
from autonas.strategies.base import Foreseen, Strategy, integer, pool, untried
from autonas.trials import Trial, scores_of
from autonas.values import Values, sample

if TYPE_CHECKING:
    import keras_tuner

_PARENTS = 20  # the best trials, in the order of NSGA-II, whose mutations are in the pool
_DRAWN = 0.25  # share of the pool that is drawn from the space
_BEYOND = 0.25  # deviates that a known score over all that were seen counts more than the best of them
_REFERENCE = -1.0  # deviates below the median from which on an objective counts: the better five sixths of the trials


class Hypervolume(Strategy):
    """Bayesian optimisation of a whole front, by expected hypervolume improvement.

    After `initial` random trials (or the starting points of the search), a Gaussian process is fitted to each objective at
    each proposal. Of a pool of candidates (three quarters are mutations of the first fronts, in one place or two, the others
    are drawn from the space) the one is proposed whose predictions are expected to add most to the volume that the front
    dominates.

    The processes learn the normal quantiles of each objective's ranks, so that neither units nor outliers matter, and the
    volume is that of these quantiles: where trials crowd, it looks closer. Failed and rejected trials count as the worst in
    every objective. Labels are one-hot, numbers on their own scale (see `autonas.encoding.Encoding`). With a single objective
    this is expected improvement.

    Args:
        initial: How many trials with scores there are before the processes are asked, at least 2.
        pool: How many candidates it chooses from, at least 2.
        memory: How many trials the processes are fitted to at most, at least 2: the better half of these are the best in the
            order of NSGA-II, the others the latest. It bounds the time of a proposal in a long search.

    Raises:
        InputError: If an argument is no integer in its range.

    References:
        [Emmerich et al., 2006](https://doi.org/10.1109/TEVC.2005.859463): Single- and Multiobjective Evolutionary Optimization
        Assisted by Gaussian Random Field Metamodels.

    Example:

    >>> Hypervolume(pool=200)
    Hypervolume(initial=10, pool=200, memory=400)
    """

    multi_objective: ClassVar[bool] = True
    foresees: ClassVar[bool] = True

    def __init__(self, initial: int = 10, pool: int = 400, memory: int = 400) -> None:
        self.initial = integer("Hypervolume's initial", initial, 2)
        self.pool = integer("Hypervolume's pool", pool, 2)
        self.memory = integer("Hypervolume's memory", memory, 2)
        self._known: Foreseen | None = None

    def foreseeing(self, known: Foreseen) -> Hypervolume:
        other = copy.copy(self)
        other._known = known
        return other

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Returns the candidate of the pool with the highest expected hypervolume improvement."""
        return next(iter(self.propose_several(history, space, [rng])), None)

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """Returns the best of a pool for each generator, by the same processes."""
        done = [trial for trial in history if scores_of(trial)]
        enough = len(done) >= self.initial
        best = [done[place] for place in best_first([scores_of(trial) for trial in done])] if enough else []
        model = _Model(self._remembered(history, best), space, self._known) if enough else None
        proposed: list[Values | None] = []
        for rng in rngs:
            drawn = int(_DRAWN * self.pool)
            found = pool(history, best[:_PARENTS], space, rng, drawn, self.pool - drawn) if enough else []
            if model is not None and found:
                proposed.append(found[int(np.argmax(model.gains(found)))])
            else:
                proposed.append(untried(history, space, rng, functools.partial(sample, space, rng)))
        return [values for values in proposed if values is not None]

    def _remembered(self, history: Sequence[Trial], best: Sequence[Trial]) -> list[Trial]:
        """At most `memory` trials, in the order of the history."""
        if len(history) <= self.memory:
            return list(history)
        kept = {trial.number for trial in best[: self.memory // 2]}
        for trial in reversed(history):
            if len(kept) < self.memory:
                kept.add(trial.number)
        return [trial for trial in history if trial.number in kept]

    def __repr__(self) -> str:
        return f"Hypervolume(initial={self.initial}, pool={self.pool}, memory={self.memory})"


class _Model:
    """What is predicted of candidates, learned from some trials."""

    def __init__(
        self, trials: Sequence[Trial], space: keras_tuner.HyperParameters, known: Foreseen | None = None
    ) -> None:
        self._encoding, self._known = Encoding(space), known
        self._targets = quantiles(trials)
        self._scores = np.array([scores_of(trial) or np.full(self._targets.shape[1], np.nan) for trial in trials])
        self._predict = processes.fit(self._encoding.transform([trial.values for trial in trials]), self._targets)

    def gains(self, candidates: Sequence[Values]) -> np.ndarray:
        """The expected hypervolume improvement of each candidate."""
        mean, deviation = self._predict(self._encoding.transform(candidates))
        if self._known is not None:
            told = self._as_quantiles(np.asarray(self._known(candidates), dtype=float))
            mean = np.where(np.isnan(told), mean, told)
            deviation = np.where(np.isnan(told), deviation, 0.0)
        reference = np.full(mean.shape[1], _REFERENCE)
        return expected_hypervolume_improvement(mean, deviation, self._targets, reference)

    def _as_quantiles(self, scores: np.ndarray) -> np.ndarray:
        """Scores on the scale of the targets: between two trials in proportion, beyond the best a little more than it."""
        turned = np.full(scores.shape, np.nan)
        for column in range(scores.shape[1]):
            done = ~np.isnan(self._scores[:, column])
            order = np.argsort(self._scores[done, column], kind="stable")
            seen, targets = self._scores[done, column][order], self._targets[done, column][order]
            told = ~np.isnan(scores[:, column])
            turned[told, column] = np.interp(scores[told, column], seen, targets)
            above = told & (scores[:, column] > seen[-1])
            turned[above, column] += _BEYOND
        return turned


def quantiles(trials: Sequence[Trial]) -> np.ndarray:
    """The scores of each objective as normal quantiles of their ranks.

    Args:
        trials: At least one of them with scores; those without count as the worst in each objective.

    Returns:
        Floats of the shape (trials, objectives), higher is better.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    objectives = max(len(scores_of(trial)) for trial in trials)
    scores = [scores_of(trial) or [-np.inf] * objectives for trial in trials]
    return ndtri((rankdata(scores, axis=0) - 0.5) / len(trials))
