"""Several objectives by expected hypervolume improvement: who is expected to push the front out most is tried next."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from autonas import forests, processes
from autonas.encoding import Encoding
from autonas.improvement import expected_hypervolume_improvement, expected_improvement
from autonas.pareto import best_first, is_efficient
from autonas.strategies.base import Advice, Foreseen, Strategy, integer, pool, remembered, untried
from autonas.trials import Trial, bare, scores_of
from autonas.values import Values, sample

if TYPE_CHECKING:
    import keras_tuner

_DRAWN = 0.6  # share of the pool that is drawn from the space; the others are neighbours of the front
_BOLDNESS = 0.25  # what is believed of the deviations
_WHISKER = 1.5  # interquartile ranges below the lower quartile, from which on a score counts as an outlier
_FLOOR = -1.0  # the worst that is told apart, in units under the reference
_NEAR = 0.25  # of the trials, whose distance from the best is what the logarithm counts as near
_COLUMNS = 0.75  # share of the columns that a split of a forest chooses from
_LEAST = 1e-3  # the nearest that it tells apart, in units
_HOPE = 0.01  # the least probability that a candidate works
_TURNS = 3  # of so many proposals one is for the first objective alone
_FARTHEST, _TINY = 3.0, 1e-9  # deviations that a known cost may be from the mean; the least that has a logarithm
_DEAR = 0.05  # share of candidates with the worst known costs, which do not count as a beginning


class Hypervolume(Strategy):
    """Bayesian optimisation of a whole front, by expected hypervolume improvement.

    After `initial` random trials (or the starting points of the search), at each proposal a Gaussian process is fitted to each
    objective, and a forest to each that is not known beforehand. What is predicted is the mean of the two, with the mean of
    their variances: from a few dozen trials each is wrong in its own way. Of a pool of candidates (two fifths are the front's,
    changed in one place, the others are drawn from the space) the one is proposed whose predictions are expected to add most to
    the volume that the front dominates.

    Each objective counts from the worst of the first `initial` trials on that is no outlier (Tukey's lower whisker), and its
    unit is the distance from there to the best so far. A higher reference would give up the ends of the front: who is slower
    than most of the first trials would never be worth a trial, however accurate. The reference stays where it is: one that
    moved with the trials would follow them to a corner of the space, where much of one objective is easily had at the price
    of all of another. What is far below it is learned as just below it, so that outliers do not bend the processes. A quarter
    of the deviations is believed: they are those of the whole space, where scores differ much more than near the front.

    Every third proposal is for the first objective alone that is not known beforehand, by expected improvement with all of
    its deviation. It keeps a search going that is drawn to where little is gained for certain: without it some stayed at the
    cheap end of a front for dozens of trials, where costs were known.

    The models learn the logarithm of what a score is short of the best, so that what is good is told apart best. Failed and
    rejected trials have a process of their own: what is expected is multiplied by the probability that a candidate works.
    Where costs are known beforehand failures count as the worst scores besides.

    What a screen says of candidates before they are trained is learned from too, if it tells of each by itself
    (`autonas.screens.base.Screen.advises`), and so are costs that are known beforehand: who costs as much as another and is
    said to be as good is often the same network written otherwise, and no news. Where there is both, the first `initial`
    trials are those that together dominate most of what costs are known and the screen's ranks make: they are spread over a
    front before there is one.

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
    - [Hutter et al., 2011](https://doi.org/10.1007/978-3-642-25566-3_40): Sequential Model-Based Optimization for General
      Algorithm Configuration (the forest).
    - [Schonlau et al., 1998](https://doi.org/10.1214/lnms/1215456182): Global versus Local Search in Constrained Optimization
      of Computer Models (the probability that a candidate works).
    - Tukey, 1977, Exploratory Data Analysis: the whiskers of a box plot.

    Example:

    >>> Hypervolume(pool=200)
    Hypervolume(initial=10, pool=200, memory=400)
    """

    multi_objective: ClassVar[bool] = True
    foresees: ClassVar[bool] = True
    heeds: ClassVar[bool] = True

    @property
    def begins(self) -> bool:
        """Where costs are known, it makes a better beginning of what a screen says than the best by the screen alone."""
        return self._known is not None

    def __init__(self, initial: int = 10, pool: int = 1000, memory: int = 400) -> None:
        self.initial = integer("Hypervolume's initial", initial, 2)
        self.pool = integer("Hypervolume's pool", pool, 2)
        self.memory = integer("Hypervolume's memory", memory, 2)
        self._known: Foreseen | None = None
        self._advice: Advice | None = None
        self._asked: int | None = None

    def foreseeing(self, known: Foreseen) -> Hypervolume:
        other = copy.copy(self)
        other._known = known
        return other

    def heeding(self, advice: Advice, most: int | None = None) -> Hypervolume:
        other = copy.copy(self)
        other._advice, other._asked = advice, most
        return other

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Returns the candidate of the pool with the highest expected hypervolume improvement."""
        return next(iter(self.propose_several(history, space, [rng])), None)

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """Returns the best of a pool for each generator, by the same models."""
        done = [trial for trial in history if scores_of(trial)]
        enough = len(done) >= self.initial
        front: list[Trial] = []
        if enough:
            scores = np.array([scores_of(trial) for trial in done])
            front = [trial for trial, kept in zip(done, is_efficient(scores), strict=True) if kept]
            trials = remembered(history, self.memory, [done[place] for place in best_first(scores)])
            scale, alone = Scale(scores[: self.initial], scores), len(history) % _TURNS == _TURNS - 1
        proposed: list[Values | None] = []
        make: Callable[..., _Model] | None = None
        for rng in rngs:
            drawn = int(_DRAWN * self.pool)
            found = pool(history, front, space, rng, drawn, self.pool - drawn, places=(1,)) if enough else []
            if not found:
                proposed.append(self._first(history, space, rng))
                continue
            if make is None:
                make = functools.partial(_Model, trials, space, scale, int(rng.integers(2**31)), self._known, alone)
                unadvised = make() if self._advice is None or self._asked is not None else None
            if unadvised is not None:
                found = [found[place] for place in np.argsort(-unadvised.gains(found), kind="stable")]
            proposed.append(found[0] if self._advice is None else self._advised(found, trials, make, self._advice))
        return [values for values in proposed if values is not None]

    def _first(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Before the processes are asked: who adds most to the front by known costs and the screen's ranks, or anyone."""
        drawn: list[Values] = []
        if self._known is not None and self._advice is not None:
            drawn = pool(history, [], space, rng, self.pool, 0)[: self._asked]
        if not drawn or self._known is None or self._advice is None:
            return untried(history, space, rng, functools.partial(sample, space, rng))
        values = [*(bare(trial.values) for trial in history), *drawn]
        told = self._advice(values)
        seen = _foreseen(np.asarray(self._known(values), dtype=float), told)
        tried, new = seen[: len(history)], seen[len(history) :]
        reference = np.zeros(seen.shape[1])
        gains = expected_hypervolume_improvement(new, np.zeros_like(new), np.vstack([reference, tried]), reference)
        return drawn[int(np.where(np.isneginf(told[len(history) :]), -1.0, gains).argmax())]

    def _advised(
        self, found: Sequence[Values], trials: Sequence[Trial], make: Callable[..., _Model], advice: Advice
    ) -> Values:
        """The best of the first candidates by processes that know the advice; who is refused is passed over."""
        most, values = self._asked or len(found), [bare(trial.values) for trial in trials]
        for first in range(0, len(found), most):
            asked = found[first : first + most]
            told = advice([*values, *asked])
            allowed = ~np.isneginf(told[len(values) :])
            if allowed.any():
                columns = _columns(told)
                gains = make(advice=columns[: len(values)]).gains(asked, columns[len(values) :])
                return asked[int(np.where(allowed, gains, -np.inf).argmax())]
        return found[0]

    def __repr__(self) -> str:
        return f"Hypervolume(initial={self.initial}, pool={self.pool}, memory={self.memory})"


class _Model:
    """What is predicted of candidates, learned from some trials.

    Args:
        trials: Failed ones too.
        space: All hyperparameters.
        scale: How scores are seen.
        seed: Of the forest.
        known: Of candidates before they are evaluated; None knows nothing.
        alone: Whether the first objective that is not known is all that counts.
        advice: Columns to learn from besides, (trials, columns); None has none.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        space: keras_tuner.HyperParameters,
        scale: Scale,
        seed: int,
        known: Foreseen | None = None,
        alone: bool = False,
        advice: np.ndarray | None = None,
    ) -> None:
        self._encoding, self._scale, self._known, self._alone = Encoding(space), scale, known, alone
        scores = [scores_of(trial) for trial in trials]
        worked = np.array([bool(one) for one in scores])
        learned = worked if known is None else np.ones_like(worked)
        self._targets = scale(np.array([one or scale.worst for one in scores]))[learned]
        self._stretch = _Stretch(self._targets)
        values = [trial.values for trial in trials]
        told = self._told(values)
        self._costs = None if told is None else _Costs(told)
        rows, targets = self._encode(values, advice, told), self._stretch(self._targets)
        self._process = processes.fit(rows[learned], targets)
        self._unknown = np.arange(targets.shape[1]) if told is None else np.flatnonzero(np.isnan(told).any(axis=0))
        self._forest = forests.fit(rows[learned], targets[:, self._unknown], seed, _COLUMNS)
        self._works = None if worked.all() else processes.fit(rows, worked[:, None].astype(float))

    def gains(self, candidates: Sequence[Values], advice: np.ndarray | None = None) -> np.ndarray:
        """The expected improvement of each candidate, times the probability that it works; advice as for the trials."""
        known = self._told(candidates)
        rows = self._encode(candidates, advice, known)
        mean, deviation = self._predict(rows)
        told = None if known is None else self._scale(known)
        if self._alone:
            first = 0 if told is None else int(np.argmax(np.isnan(told).any(axis=0)))
            best = self._stretch(self._targets)[:, first].max()
            gains = expected_improvement(mean[:, first], deviation[:, first], best)
        else:
            mean, deviation = self._stretch.back(mean, deviation)
            if told is not None:
                mean = np.where(np.isnan(told), mean, told)
                deviation = np.where(np.isnan(told), deviation, 0.0)
            reference = np.zeros(mean.shape[1])
            gains = expected_hypervolume_improvement(mean, _BOLDNESS * deviation, self._targets, reference)
        return gains if self._works is None else gains * np.clip(self._works(rows)[0][:, 0], _HOPE, 1.0)

    def _predict(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, deviation = self._process(rows)
        if len(self._unknown):
            also, spread = self._forest(rows)
            mean[:, self._unknown] = (mean[:, self._unknown] + also) / 2
            deviation[:, self._unknown] = np.sqrt((deviation[:, self._unknown] ** 2 + spread**2) / 2)
        return mean, deviation

    def _told(self, candidates: Sequence[Values]) -> np.ndarray | None:
        return None if self._known is None else np.asarray(self._known(candidates), dtype=float)

    def _encode(self, candidates: Sequence[Values], advice: np.ndarray | None, known: np.ndarray | None) -> np.ndarray:
        rows = self._encoding.transform(candidates)
        columns = [rows, self._encoding.histogram(rows)]
        if advice is not None:
            columns.append(advice)
        if self._costs is not None and known is not None:
            columns.append(self._costs(known))
        return np.hstack(columns)


class _Costs:
    """Known costs as numbers to learn from: on their own scale and on that of their logarithms; unknown ones are the worst.

    Args:
        known: Of the trials, (trials, objectives), higher is better, NaN for what only an evaluation tells.
    """

    def __init__(self, known: np.ndarray) -> None:
        self._which = ~np.isnan(known).all(axis=0)
        known = known[:, self._which]
        self._worst = np.nanmin(known, axis=0)
        columns = self._columns(known)
        self._mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        self._deviation = np.where(deviation > 0, deviation, 1.0)

    def __call__(self, known: np.ndarray) -> np.ndarray:
        """Turns the costs of candidates, (candidates, objectives), into (candidates, columns)."""
        return np.clip((self._columns(known[:, self._which]) - self._mean) / self._deviation, -_FARTHEST, _FARTHEST)

    def _columns(self, known: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(known), self._worst, known)
        return np.hstack([filled, np.log(np.maximum(np.abs(filled), _TINY))])


def _foreseen(known: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Candidates before any is evaluated: objectives from 0, which counts no more, to 1, the best.

    Args:
        known: (candidates, objectives), higher is better; an objective of which nothing is known is what the screen says.
        told: By the screen, (candidates,).
    """
    from scipy.stats import rankdata

    ranks = (rankdata(np.where(np.isfinite(told), told, -np.inf), "min") - 1) / len(told)
    columns = []
    for column in known.T:
        if np.isnan(column).all():
            columns.append(ranks)
            continue
        dear, best = np.nanquantile(column, _DEAR), np.nanmax(column)
        spread = best - dear if best > dear else 1.0
        columns.append(np.where(np.isnan(column), 0.0, (column - dear) / spread))
    return np.stack(columns, axis=1)


def _columns(told: np.ndarray) -> np.ndarray:
    """What a screen says, as numbers to learn from: normal deviates of the ranks, 0 for "cannot tell", and a mark for that."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    known = np.isfinite(told)
    deviates = np.zeros(len(told))
    deviates[known] = ndtri((rankdata(told[known]) - 0.5) / max(1, known.sum()))
    return np.stack([deviates, ~known], axis=1)


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
