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


class Hypervolume(Strategy):
    """Bayesian optimisation of a whole front, by expected hypervolume improvement.

    After `initial` random trials (or the starting points of the search), a Gaussian process is fitted to each objective at
    each proposal. Of a pool of candidates (two fifths are the front's, changed in one place, the others are drawn from the
    space) the one is proposed whose predictions are expected to add most to the volume that the front dominates.

    Each objective counts from the worst of the first `initial` trials on that is no outlier (Tukey's lower whisker), and its
    unit is the distance from there to the best so far. A higher reference would give up the ends of the front: who is slower
    than most of the first trials would never be worth a trial, however accurate. The reference stays where it is: one that
    moved with the trials would follow them to a corner of the space, where much of one objective is easily had at the price
    of all of another. What is far below it is learned as just below it, as are failed and rejected trials, so that outliers
    do not bend the processes. A quarter of the deviations is believed: they are those of the whole space, where scores differ
    much more than near the front. Labels are one-hot, numbers on their own scale (see
    `autonas.encoding.Encoding`). With a single objective this is expected improvement.

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
        self._targets = np.array([scale(np.array(scores_of(trial) or scale.worst)) for trial in trials])
        self._predict = processes.fit(self._encoding.transform([trial.values for trial in trials]), self._targets)

    def gains(self, candidates: Sequence[Values]) -> np.ndarray:
        """The expected hypervolume improvement of each candidate."""
        mean, deviation = self._predict(self._encoding.transform(candidates))
        if self._known is not None:
            told = self._scale(np.asarray(self._known(candidates), dtype=float))
            mean = np.where(np.isnan(told), mean, told)
            deviation = np.where(np.isnan(told), deviation, 0.0)
        reference = np.zeros(mean.shape[1])
        return expected_hypervolume_improvement(mean, _BOLDNESS * deviation, self._targets, reference)


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
