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
from autonas.pareto import best_first, is_efficient
from autonas.strategies.base import Foreseen, Strategy, integer, pool, remembered, untried
from autonas.trials import Trial, scores_of
from autonas.values import Values, sample

if TYPE_CHECKING:
    import keras_tuner

_DRAWN = 0.6  # share of the pool that is drawn from the space; the others are neighbours of the front
_BOLDNESS = 0.25  # what is believed of the deviations
_WHISKER = 1.5  # interquartile ranges below the lower quartile, from which on a score counts as an outlier
_FLOOR = -1.0  # the worst that is told apart, in units under the reference
_NEAR = 0.25  # of the trials, whose distance from the best is what the logarithm counts as near
_LEAST = 1e-3  # the nearest that it tells apart, in units
_HOPE = 0.01  # the least probability that a candidate works


class Hypervolume(Strategy):
    """Bayesian optimisation of a whole front, by expected hypervolume improvement.

    After `initial` random trials (or the starting points of the search), a Gaussian process is fitted to each objective at
    each proposal. Of a pool of candidates (two fifths are the front's, changed in one place, the others are drawn from the
    space) the one is proposed whose predictions are expected to add most to the volume that the front dominates.

    Each objective counts from the worst of the first `initial` trials on that is no outlier (Tukey's lower whisker), and its
    unit is the distance from there to the best so far. A higher reference would give up the ends of the front: who is slower
    than most of the first trials would never be worth a trial, however accurate. The reference stays where it is: one that
    moved with the trials would follow them to a corner of the space, where much of one objective is easily had at the price
    of all of another. What is far below it is learned as just below it, so that outliers do not bend the processes. A quarter
    of the deviations is believed: they are those of the whole space, where scores differ much more than near the front.

    The processes learn the logarithm of what a score is short of the best, so that what is good is told apart best. Failed
    and rejected trials have a process of their own: what is expected is multiplied by the probability that a candidate works.
    Where costs are known beforehand the scores are learned as they are, with failures as the worst: the cheap are certain
    then, and would draw the search if what is bad looked hardly worse than what is good, or were not learned at all.

    Labels are one-hot, numbers on their own scale, and beside them stands how often each value was taken among the
    hyperparameters that share it (see `autonas.encoding.Encoding`). With a single objective this is expected improvement.

    Args:
        initial: How many trials with scores there are before the processes are asked, at least 2.
        pool: How many candidates it chooses from, at least 2.
        memory: How many trials the processes are fitted to at most, at least 2: the better half of these are the best in the
            order of NSGA-II, the others the latest. It bounds the time of a proposal in a long search.

    Raises:
        InputError: If an argument is no integer in its range.

    References:
    - [Emmerich et al., 2006](https://doi.org/10.1109/TEVC.2005.859463): Single- and Multiobjective Evolutionary
      Optimization Assisted by Gaussian Random Field Metamodels.
    - [Schonlau et al., 1998](https://doi.org/10.1214/lnms/1215456182): Global versus Local Search in Constrained Optimization
      of Computer Models (the probability that a candidate works).
    - Tukey, 1977, Exploratory Data Analysis: the whiskers of a box plot.

    Example:

    >>> Hypervolume(pool=200)
    Hypervolume(initial=10, pool=200, memory=400)
    """

    multi_objective: ClassVar[bool] = True
    foresees: ClassVar[bool] = True

    def __init__(self, initial: int = 10, pool: int = 1000, memory: int = 400) -> None:
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
        front: list[Trial] = []
        model: _Model | None = None
        if enough:
            scores = np.array([scores_of(trial) for trial in done])
            front = [trial for trial, kept in zip(done, is_efficient(scores), strict=True) if kept]
            best = [done[place] for place in best_first(scores)]
            scale = Scale(scores[: self.initial], scores)
            model = _Model(remembered(history, self.memory, best), space, scale, self._known)
        proposed: list[Values | None] = []
        for rng in rngs:
            drawn = int(_DRAWN * self.pool)
            found = pool(history, front, space, rng, drawn, self.pool - drawn, places=(1,)) if enough else []
            if model is not None and found:
                proposed.append(found[int(np.argmax(model.gains(found)))])
            else:
                proposed.append(untried(history, space, rng, functools.partial(sample, space, rng)))
        return [values for values in proposed if values is not None]

    def __repr__(self) -> str:
        return f"Hypervolume(initial={self.initial}, pool={self.pool}, memory={self.memory})"


class _Model:
    """What is predicted of candidates, learned from some trials; `scale` is how their scores are seen."""

    def __init__(
        self, trials: Sequence[Trial], space: keras_tuner.HyperParameters, scale: Scale, known: Foreseen | None = None
    ) -> None:
        self._encoding, self._scale, self._known = Encoding(space), scale, known
        scores = [scores_of(trial) for trial in trials]
        worked = np.array([bool(one) for one in scores])
        told = known is not None
        learned = worked | told
        self._targets = scale(np.array([one or scale.worst for one in scores]))[learned]
        self._stretch = None if told else _Stretch(self._targets)
        rows = self._encode([trial.values for trial in trials])
        self._predict = processes.fit(rows[learned], self._stretch(self._targets) if self._stretch else self._targets)
        self._works = None if learned.all() else processes.fit(rows, worked[:, None].astype(float))

    def gains(self, candidates: Sequence[Values]) -> np.ndarray:
        """The expected hypervolume improvement of each candidate, times the probability that it works."""
        rows = self._encode(candidates)
        mean, deviation = self._predict(rows)
        if self._stretch is not None:
            mean, deviation = self._stretch.back(mean, deviation)
        if self._known is not None:
            told = self._scale(np.asarray(self._known(candidates), dtype=float))
            mean = np.where(np.isnan(told), mean, told)
            deviation = np.where(np.isnan(told), deviation, 0.0)
        reference = np.zeros(mean.shape[1])
        gains = expected_hypervolume_improvement(mean, _BOLDNESS * deviation, self._targets, reference)
        return gains if self._works is None else gains * np.clip(self._works(rows)[0][:, 0], _HOPE, 1.0)

    def _encode(self, candidates: Sequence[Values]) -> np.ndarray:
        rows = self._encoding.transform(candidates)
        return np.hstack([rows, self._encoding.histogram(rows)])


class _Stretch:
    """Scores by the logarithm of what they are short of the best: near the front they differ most, far from it hardly."""

    def __init__(self, scores: np.ndarray) -> None:
        best = scores.max(axis=0)
        self._top = best + np.maximum(np.quantile(best - scores, _NEAR, axis=0), _LEAST)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        return -np.log(self._top - scores)

    def back(self, mean: np.ndarray, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Predictions as scores again, their deviations by the slope at the mean."""
        short = np.exp(-mean)
        return self._top - short, deviation * short


class Scale:
    """Scores in units in which objectives can be compared: 0 at the reference, 1 at the best so far.

    Args:
        first: Scores of the first trials, (trials, objectives), which the reference is the lower whisker of.
        scores: Of all trials.
    """

    def __init__(self, first: np.ndarray, scores: np.ndarray) -> None:
        low, high = np.quantile(first, [0.25, 0.75], axis=0)
        self.reference = np.where(first >= low - _WHISKER * (high - low), first, np.inf).min(axis=0)
        spread = scores.max(axis=0) - self.reference
        self.unit = np.where(spread > 0, spread, 1.0)
        self.worst = np.full(len(self.unit), -np.inf)

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Turns scores; what is far below the reference comes to `_FLOOR`, and NaN stays."""
        return np.maximum((scores - self.reference) / self.unit, _FLOOR)
