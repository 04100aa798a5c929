"""Hyperband: rounds of successive halving, from many candidates on little of the budget to few on all of it."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.budgets import Rungs
from autonas.strategies.base import MultiFidelity
from autonas.trials import Trial, completed, reading
from autonas.values import Values

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np


@dataclasses.dataclass
class _Bracket:
    """A round of successive halving, as far as it has come.

    Attributes:
        share: Of the budget, on the rung that is being filled.
        missing: How many new candidates the lowest rung lacks; 0 on the others.
        waiting: Who goes on to this rung and is not evaluated there yet, best first.
        rung: Who is.
    """

    share: float
    missing: int
    waiting: list[Trial]
    rung: list[Trial]


class Hyperband(MultiFidelity):
    """Hyperband: brackets of successive halving that begin with ever fewer candidates on ever more of the budget.

    With `factor=3` and `least=1/9` a bracket begins with nine candidates on a ninth of the budget; the best three of them
    go on to a third of it, the best one of these to all. The next bracket begins with five on a third, the last with three
    on all, and then it begins anew. Starting points and a warm start stand on the lowest rung of the first bracket, which
    they may make larger. Each evaluation is a trial, so `max_trials` counts those of a small budget too.

    With `strategy="bayesian"`, or any other that learns, it is like BOHB.

    Args:
        factor: See `autonas.strategies.base.MultiFidelity`.
        least: See there.
        strategy: See there.
        resource: See there.

    References:
        [Li et al., 2018](https://arxiv.org/abs/1603.06560): Hyperband, algorithm 1; `least` is 1 / R there.
        [Falkner et al., 2018](https://arxiv.org/abs/1807.01774): BOHB.

    Example:

    >>> Hyperband(least=1 / 27, strategy="evolution").shares
    [0.037037037037037035, 0.1111111111111111, 0.3333333333333333, 1.0]
    """

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Fills the lowest rung of the bracket, then sends the best of each rung to the next."""
        bracket = self._bracket(history)
        values = self.draw(history, space, rng) if bracket.missing else None
        if values is not None:
            return self.at(values, bracket.share)
        if bracket.missing:  # there are no new candidates left: who stands on the rung goes on
            bracket = self._bracket(history, covered=True)
        return self.at(bracket.waiting[0].values, bracket.share) if bracket.waiting else None

    def unfinished(self, history: Sequence[Trial]) -> list[Trial]:
        """Who waits for the rung that is being filled, and who stands on it."""
        bracket = self._bracket(history)
        return bracket.waiting + (bracket.rung if bracket.share < 1 else [])

    def _bracket(self, history: Sequence[Trial], covered: bool = False) -> _Bracket:
        """The bracket that the next trial belongs to; with `covered`, no more new candidates come."""
        return reading(history, _Brackets, self.factor, *self.shares).current(covered)


class _Brackets(Rungs):
    """The brackets of a search; those that have ended are not gone through again."""

    def __init__(self, factor: int, *shares: float) -> None:
        super().__init__()
        self._factor, self._shares = factor, shares
        self._number, self._start = 0, 0  # of the first bracket that may not have ended, and its first trial

    def stand(self, trial: Trial) -> None:
        if trial.budget in self._shares:
            super().stand(trial)

    def current(self, covered: bool) -> _Bracket:
        """See `Hyperband._bracket`."""
        number, start = self._number, self._start
        while True:
            bracket, end = self._follow(number, start, covered)
            if bracket is not None:
                return bracket
            number, start = number + 1, end
            if end < len(self.standing):  # a trial after it says that it will not grow
                self._number, self._start = number, start

    def _follow(self, number: int, start: int, covered: bool) -> tuple[_Bracket | None, int]:
        """The bracket of a number that begins with a trial, as far as it has come, or None; and where it ends."""
        shares = self._shares[number % len(self._shares) :]
        size = math.ceil(len(self._shares) / len(shares) * self._factor ** (len(shares) - 1))
        most = size if len(shares) == 1 else len(self.standing)
        of_share = itertools.takewhile(lambda trial: trial.budget == shares[0], self.standing[start:])
        rung = list(itertools.islice(of_share, most))
        end = start + len(rung)
        if len(rung) < size and end == len(self.standing) and not (covered and rung):
            return _Bracket(shares[0], 0 if covered else size - len(rung), [], rung), end
        for share in shares[1:]:
            waiting = completed(rung)[: max(1, len(rung) // self._factor)]
            rung = self.standing[end : end + len(waiting)]
            end += len(rung)
            if len(rung) < len(waiting):
                return _Bracket(share, 0, waiting[len(rung) :], rung), end
        return None, end
