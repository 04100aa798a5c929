"""Hyperband: rounds of successive halving, from many candidates on little of the budget to few on all of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.strategies.base import MultiFidelity, rungs
from autonas.trials import BUDGET, Trial, completed
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
        trials = [trial for trial in rungs(history) if trial.values[BUDGET] in self.shares]
        number = 0
        while True:
            shares = self.shares[number % len(self.shares) :]
            size = math.ceil(len(self.shares) / len(shares) * self.factor ** (len(shares) - 1))
            most = size if len(shares) == 1 else len(trials)
            rung: list[Trial] = []
            while trials and trials[0].values[BUDGET] == shares[0] and len(rung) < most:
                rung.append(trials.pop(0))
            if len(rung) < size and not trials and not (covered and rung):
                return _Bracket(shares[0], 0 if covered else size - len(rung), [], rung)
            for share in shares[1:]:
                waiting = completed(rung)[: max(1, len(rung) // self.factor)]
                rung, trials = trials[: len(waiting)], trials[len(waiting) :]
                if len(rung) < len(waiting):
                    return _Bracket(share, 0, waiting[len(rung) :], rung)
            number += 1
