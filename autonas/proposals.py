"""Proposals: which candidate follows a history. A strategy proposes, and a screen, where there is one, chooses.

What is proposed depends on the history and on the seed alone, so a search that goes on after a stop is the same as one that
never stopped. What is kept here is kept to save time and could be made anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError, SearchError
from autonas.screens.base import Candidate, Screen, checked
from autonas.strategies.base import Strategy
from autonas.trials import REJECTED, Trial, bare, key, reading
from autonas.values import Values, read, sample

if TYPE_CHECKING:
    import keras_tuner

WARM_START = "warm start"
_POOL = 2**32 - 1  # marks the generator of the pool; no trial has this number
_ROUNDS = 5  # so many times all proposals may be refused before one of them is handed over as it is


@dataclasses.dataclass(frozen=True)
class Proposal:
    """A candidate to evaluate.

    Attributes:
        values: Of the active hyperparameters.
        origin: `"warm start"`, or empty where the strategy proposed it.
        screen: Its score by the screen: -inf if it is never to be trained, None without a screen or if it cannot tell.
    """

    values: Values
    origin: str = ""
    screen: float | None = None


class Proposals:
    """The proposals of a search.

    Args:
        strategy: Proposes.
        seed: Of the search.
        screen: Makes the warm start and chooses among several proposals; None does neither.
        candidate: `candidate(values, trial)` makes what the screen sees, for a search over networks.
    """

    def __init__(
        self,
        strategy: Strategy,
        seed: int,
        screen: Screen | None = None,
        candidate: Callable[[Values, Trial | None], Candidate] | None = None,
    ) -> None:
        self.strategy, self.seed, self.screen = strategy, seed, screen
        self._candidate = candidate
        self._ranked: list[Proposal] | None = None
        self._proxies: dict[str, dict[str, float]] = {}  # what is known of a proposal is known of its trial

    def next(self, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> Proposal | None:
        """Chooses the candidate that follows a history; None when there are none left.

        Args:
            history: The finished trials, oldest first; their count is the number of the new trial.
            space: All hyperparameters.

        Raises:
            SearchError: If what the strategy proposes is not in the space.
        """
        if self.screen is None:
            values = self.strategy.propose(history, space, np.random.default_rng([self.seed, len(history)]))
            return None if values is None else Proposal(self._read(values, space))
        advised = self.screen.advises and self.screen.proposals > 1 and self.strategy.heeds
        if not advised:
            return self._warm(self.screen, history, space) or self._filtered(self.screen, history, space)
        warm = None if self.strategy.begins else self._warm(self.screen, history, space)
        return warm or self._advised(self.screen, history, space)

    def _read(self, proposed: Any, space: keras_tuner.HyperParameters) -> Values:
        """A candidate of the strategy's, and the share of the budget that it may have beside its values."""
        given = bare(proposed) if isinstance(proposed, Mapping) else proposed
        try:
            values = read(f"what {self.strategy!r} proposes", given, space)
        except InputError as error:
            raise SearchError(
                f"{error} Mend the strategy; with a directory the same call goes on from the trials."
            ) from error
        return {**proposed, **values}

    def _warm(self, screen: Screen, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> Proposal | None:
        """The best of the pool that is not tried, until `screen.warm` of them were trained."""
        if not screen.pool or not screen.warm:
            return None
        statuses = reading(history, _Statuses)
        trained = 0
        for proposal in self._pool(screen, space):
            name = key(proposal.values)
            if name not in statuses.known:
                return dataclasses.replace(proposal, values=self.strategy.enter(proposal.values))
            trained += name not in statuses.rejected
            if trained == screen.warm:
                return None
        return None

    def _pool(self, screen: Screen, space: keras_tuner.HyperParameters) -> list[Proposal]:
        """The pool in the order of its scores, without those that the screen cannot tell anything about, or refuses."""
        if self._ranked is None:
            rng = np.random.default_rng([self.seed, _POOL])
            drawn = {key(values): values for values in (sample(space, rng) for _ in range(screen.pool))}
            scores = self._scores(screen, list(drawn.values()), [], space)
            ranked = sorted(zip(scores, drawn.values(), strict=True), key=lambda pair: -pair[0])
            self._ranked = [Proposal(v, WARM_START, float(score)) for score, v in ranked if np.isfinite(score)]
        return self._ranked

    def _advised(self, screen: Screen, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> Proposal | None:
        """What the strategy proposes, who knows what the screen says."""

        def advice(several: Sequence[Values]) -> np.ndarray:
            return self._scores(screen, several, history, space)

        strategy = self.strategy.heeding(advice, screen.proposals if screen.needs_network else None)
        values = strategy.propose(history, space, np.random.default_rng([self.seed, len(history)]))
        if values is None:
            return None
        values = self._read(values, space)
        score = float(advice([values])[0])
        return Proposal(values, screen=None if np.isnan(score) else score)

    def _filtered(
        self, screen: Screen, history: Sequence[Trial], space: keras_tuner.HyperParameters
    ) -> Proposal | None:
        """The best of several proposals."""
        first: Values | None = None
        for turn in range(_ROUNDS):
            places = range(turn * screen.proposals, (turn + 1) * screen.proposals)
            rngs = [np.random.default_rng([self.seed, len(history), place]) for place in places]
            proposed = [self._read(one, space) for one in self.strategy.propose_several(history, space, rngs)]
            several = list({key(values): values for values in proposed}.values())
            if not several:
                break
            first = several[0] if first is None else first
            scores = self._scores(screen, several, history, space)
            order = np.where(np.isnan(scores), -np.finfo(float).max, scores)
            best = int(order.argmax())
            if order[best] > -np.inf:
                return Proposal(several[best], screen=None if np.isnan(scores[best]) else float(scores[best]))
        return None if first is None else Proposal(first, screen=-np.inf)

    def _scores(
        self,
        screen: Screen,
        several: Sequence[Values],
        history: Sequence[Trial],
        space: keras_tuner.HyperParameters,
    ) -> np.ndarray:
        finished = reading(history, _Finished, self._see, space).candidates
        candidates = [self._see(values, None, space) for values in several]
        return checked(screen, screen.score(candidates, finished), candidates)

    def _see(self, values: Values, trial: Trial | None, space: keras_tuner.HyperParameters) -> Candidate:
        values = bare(values)
        candidate = Candidate(values, space, trial) if self._candidate is None else self._candidate(values, trial)
        candidate.proxies = self._proxies.setdefault(key(values), candidate.proxies)
        return candidate


class _Statuses:
    """Which candidates there is a trial of, and which of them were rejected."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.rejected: set[str] = set()

    def add(self, trial: Trial) -> None:
        self.known.add(trial.candidate)
        if trial.status == REJECTED:
            self.rejected.add(trial.candidate)


class _Finished:
    """The finished trials as screens see them."""

    def __init__(
        self,
        see: Callable[[Values, Trial | None, keras_tuner.HyperParameters], Candidate],
        space: keras_tuner.HyperParameters,
    ) -> None:
        self._see, self._space = see, space
        self.candidates: list[Candidate] = []

    def add(self, trial: Trial) -> None:
        self.candidates.append(self._see(trial.values, trial, self._space))
