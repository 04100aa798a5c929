"""The contract of a strategy, and what strategies share: what they read from a history, and how they propose nothing twice."""

from __future__ import annotations

import abc
import bisect
import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.budgets import Counts, OneBudget
from autonas.checks import fraction, integer, positive
from autonas.encoding import Encoding
from autonas.errors import InputError
from autonas.trials import BUDGET, RESOURCE, Trial, bare, has_score, key, reading, tried
from autonas.values import Values, enumerate_space, mutate, sample

if TYPE_CHECKING:
    import keras_tuner

Acquire = Callable[[np.ndarray, np.random.Generator], np.ndarray]
Foreseen = Callable[[Sequence[Values]], np.ndarray]
Advice = Callable[[Sequence[Values]], np.ndarray]


class Strategy(abc.ABC):
    """Proposes the candidates of a search, one at a time.

    A strategy keeps no state: `propose` is a pure function of its arguments and of what the constructor was given, so a
    search that goes on after a stop is the same as one that never stopped. What a strategy learns, it learns from the
    history at each call.

    Example:

    >>> class Defaults(autonas.Strategy):
    ...     def propose(self, history, space, rng):
    ...         return None if history else {hp.name: hp.default for hp in space.space if not hp.conditions}
    """

    multi_objective: ClassVar[bool] = False
    multi_fidelity: ClassVar[bool] = False
    foresees: ClassVar[bool] = False  # whether it makes use of what `foreseeing` tells it
    heeds: ClassVar[bool] = False  # whether it makes use of what `heeding` tells it

    @abc.abstractmethod
    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Chooses the next candidate.

        Args:
            history: The finished trials, oldest first. `score` is turned so that higher is better and is None for trials
                that failed or were rejected.
            space: All hyperparameters, parents before their children.
            rng: The only source of chance.

        Returns:
            Values for the active hyperparameters, never those of a trial in `history`; None when there are none left.
        """

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """One proposal for each generator, as `propose` makes it, for a screen to choose from; fewer at the end of a space.

        To be overridden where several can be made at little more than the price of one, such as of one fitted model.
        """
        proposed = (self.propose(history, space, rng) for rng in rngs)
        return [values for values in proposed if values is not None]

    @property
    def begins(self) -> bool:
        """Whether it makes its own beginning of what a screen says, so that there is no warm start."""
        return False

    def foreseeing(self, known: Foreseen) -> Strategy:
        """This strategy, with what is known of candidates before they are evaluated; itself if it has no use for that.

        Args:
            known: From a list of values to scores of the shape (candidates, objectives), higher is better, NaN for what only
                an evaluation tells.
        """
        return self

    def heeding(self, advice: Advice, most: int | None = None) -> Strategy:
        """This strategy, with what a screen says of candidates; itself if it has no use for that.

        Args:
            advice: From a list of values, of trials too, to the screen's scores of the shape (candidates,), higher is better:
                NaN for "cannot tell", -inf for "never train this". Only the order of the scores of one call has a meaning.
            most: How many new candidates it is asked about for a proposal, more only where it refuses them all; None sets no
                bound.
        """
        return self

    def enter(self, values: Values) -> Values:
        """A candidate of another's (a starting point, a warm start) as it is to be evaluated."""
        return dict(values)

    def unfinished(self, history: Sequence[Trial]) -> list[Trial]:
        """The trials that it may go on with: what is kept of the other trainings is of no use any more."""
        return []


class ModelBased(Strategy):
    """Fits a model to the history at each proposal, and takes the candidate of a pool that the model says most for.

    The first proposals are drawn at random. A subclass says what the model is; one that does not say one number for each
    candidate is an InputError as soon as it is asked.

    Args:
        initial: How many trials with a score there are before the model is asked, at least 2.
        parents: How many of the best trials are mutated for the pool, at least 1.
        pool: How many candidates it chooses from, at least 2.
        memory: How many trials the model is fitted to at most, at least 2: the better half of these are the best, the others
            the latest. It bounds the time of a proposal in a long search.

    Raises:
        InputError: If an argument is no integer in its range.
    """

    drawn: ClassVar[float] = 0.0  # share of the pool that is drawn from the space; the others are mutations of the best

    def __init__(self, initial: int, parents: int, pool: int, memory: int) -> None:
        name = type(self).__name__
        self.initial = integer(f"{name}'s initial", initial, 2)
        self.parents = integer(f"{name}'s parents", parents, 1)
        self.pool = integer(f"{name}'s pool", pool, 2)
        self.memory = integer(f"{name}'s memory", memory, 2)

    @abc.abstractmethod
    def fit(self, known: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Acquire:
        """Fits the model.

        Args:
            known: Encoded candidates, (trials, columns).
            targets: How good they were, (trials,), higher is better; see `normal_ranks`.
            rng: The only source of chance.

        Returns:
            `acquire(rows, rng)`: what speaks for each of some encoded candidates, (candidates,), higher is better, never NaN.
        """

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Returns the candidate of the pool that the model says most for."""
        return next(iter(self.propose_several(history, space, [rng])), None)

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """Returns the best of a pool for each generator, by one model."""
        enough = len(best_trials(history, self.initial)) >= self.initial
        best = best_trials(history, max(self.parents, self.memory // 2))
        parents, trials = best[: self.parents], remembered(history, self.memory, best)
        encoding, drawn = Encoding(space), int(self.drawn * self.pool)
        known, targets = encoding.transform([trial.values for trial in trials]), normal_ranks(trials)
        proposed: list[Values | None] = []
        acquire: Acquire | None = None
        for rng in rngs:
            candidates = pool(history, parents, space, rng, drawn, self.pool - drawn) if enough else []
            if candidates:
                acquire = acquire or self.fit(known, targets, rng)
                told = np.asarray(acquire(encoding.transform(candidates), rng), dtype=float)
                if told.shape != (len(candidates),) or np.isnan(told).any():
                    got = f"an array of the shape {told.shape}" if told.shape != (len(candidates),) else "NaN"
                    expected = f"one number for each of the {len(candidates)} candidates, and none NaN"
                    raise InputError.of(f"What the model of {self!r} says", expected, got)
                proposed.append(candidates[int(told.argmax())])
            else:
                proposed.append(untried(history, space, rng, functools.partial(sample, space, rng)))
        return [values for values in proposed if values is not None]


class MultiFidelity(Strategy):
    """Evaluates many candidates with a part of the budget, and the best of them with more of it.

    What it proposes has the share of the full budget among its values, as `"tuner/budget"`. The evaluation goes on with a
    candidate where it stopped. It is a strategy like any other: which rung a candidate stands on is read off the history.

    Args:
        factor: How many candidates there are for each that goes on, and how many times the budget it then gets, at least 2.
        least: The smallest share of the budget, in (0, 1]. The shares are 1 and its divisions by `factor` down to `least`.
        strategy: Who proposes new candidates, for the lowest rung: a name of `autonas.strategies`, or an instance.
        resource: What is shared out: `"epochs"`, or `"data"`, of which a part is trained on.

    Attributes:
        shares: The shares, smallest first.

    Raises:
        InputError: If an argument is out of its range.
    """

    multi_fidelity = True

    def __init__(
        self, factor: int = 3, least: float = 1 / 9, strategy: Any = "random", resource: str = "epochs"
    ) -> None:
        from autonas.strategies import get

        name = type(self).__name__
        self.factor = integer(f"{name}(factor=)", factor, 2)
        self.least = fraction(f"{name}(least=)", positive(f"{name}(least=)", least))
        if resource not in ("epochs", "data"):
            raise InputError.of(f"{name}(resource=)", "'epochs' or 'data'", repr(resource))
        self.resource = resource
        self.strategy = get(strategy)
        if self.strategy.multi_fidelity:
            raise InputError.of(f"{name}(strategy=)", "one that shares out no budgets itself", repr(self.strategy))
        levels = int(math.log(1 / self.least, self.factor) + 1e-9)
        self.shares = [float(self.factor) ** -level for level in range(levels, -1, -1)]

    def enter(self, values: Values) -> Values:
        """Puts it on the lowest rung."""
        return self.at(values, self.shares[0])

    def at(self, values: Mapping[str, Any], share: float) -> Values:
        """A candidate with a share of the budget."""
        resource = {} if self.resource == "epochs" else {RESOURCE: self.resource}
        return {**bare(values), BUDGET: share, **resource}

    def draw(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Asks the strategy for a new candidate, for the lowest rung.

        Scores of different budgets cannot be compared. So it learns from those of one, the largest that more candidates
        were evaluated with than there are hyperparameters, or else the one that most were (Falkner et al., 2018, section
        3.2); the other candidates it only knows as tried.
        """
        counts = dict.fromkeys(reversed(self.shares), 0) | reading(history, Counts).scored
        enough = [share for share, count in counts.items() if count > len(space.space)]
        share = enough[0] if enough else max(counts, key=lambda share: counts[share])
        return self.strategy.propose(reading(history, OneBudget, share).history, space, rng)

    def __repr__(self) -> str:
        made_with = (
            f"factor={self.factor}, least={self.least:.6g}, strategy={self.strategy!r}, resource={self.resource!r}"
        )
        return f"{type(self).__name__}({made_with})"


def scored(history: Iterable[Trial]) -> Iterator[Trial]:
    """The trials with a score that can be compared."""
    return filter(has_score, history)


def normal_ranks(history: Sequence[Trial]) -> np.ndarray:
    """What a surrogate learns: scores as normal quantiles of their ranks, so that their scale and outliers do not matter.

    Args:
        history: Finished trials. Those without a score count as the worst, so that a model of them keeps away from what
            fails or breaks a limit.

    Returns:
        Floats of the shape (trials,), higher is better, of a mean of about 0 and a standard deviation of at most 1.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = [trial.score if has_score(trial) else -np.inf for trial in history]
    return ndtri((rankdata(scores) - 0.5) / max(1, len(scores)))


def pool(
    history: Sequence[Trial],
    parents: Sequence[Trial],
    space: keras_tuner.HyperParameters,
    rng: np.random.Generator,
    drawn: int,
    mutated: int,
    places: Sequence[int] = (1, 2),
) -> list[Values]:
    """Candidates for a surrogate to choose from: different ones, none of which was tried.

    Args:
        history: The finished trials.
        parents: Those whose candidates are mutated, taking turns.
        space: All hyperparameters.
        rng: The only source of chance.
        drawn: How many are drawn from the space.
        mutated: How many are mutations.
        places: In how many places a candidate is mutated the first time, the second time, and so on, in a circle.

    Returns:
        At most `drawn + mutated` candidates; few or none where most of the space was tried.
    """
    found = [sample(space, rng) for _ in range(drawn)]
    for number in range(mutated if parents else 0):
        values = parents[number % len(parents)].values
        for _ in range(places[number // len(parents) % len(places)]):
            values = mutate(values, space, rng)
        found.append(values)
    known = tried(history)
    return [values for name, values in {key(values): values for values in found}.items() if name not in known]


def best_trials(history: Sequence[Trial], number: int) -> list[Trial]:
    """The trials with the highest scores, best first, of equals the earlier one first."""
    return reading(history, _Best).trials[:number]


class _Best:
    """The trials with a score, in the order of `best_trials`."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []

    def add(self, trial: Trial) -> None:
        if has_score(trial):
            bisect.insort(self.trials, trial, key=lambda trial: -(trial.score or 0.0))


def remembered(history: Sequence[Trial], memory: int, best: Sequence[Trial]) -> list[Trial]:
    """At most `memory` trials of a history, in its order: half of them the first of `best`, the others the latest."""
    if len(history) <= memory:
        return list(history)
    kept = {trial.number for trial in best[: memory // 2]}
    for trial in reversed(history):
        if len(kept) == memory:
            break
        kept.add(trial.number)
    return [trial for trial in history if trial.number in kept]


def untried(
    history: Iterable[Trial],
    space: keras_tuner.HyperParameters,
    rng: np.random.Generator,
    propose: Callable[[], Values],
    attempts: int = 100,
    largest: int = 100_000,
) -> Values | None:
    """Calls `propose` until it gives a candidate that `history` does not hold.

    When `attempts` all fail, the space is small or nearly covered: one of the candidates left is drawn from a listing of
    the first `largest`. Where none of these is left it is the next one after them, and None says that there is none.
    """
    known = tried(history)
    for _ in range(attempts):
        values = propose()
        if key(values) not in known:
            return values
    listed = enumerate_space(space)
    left = [values for values in itertools.islice(listed, largest) if key(values) not in known]
    return left[int(rng.integers(len(left)))] if left else next((v for v in listed if key(v) not in known), None)
