"""ASHA: successive halving without rounds, so that no rung waits for another."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.budgets import Rungs
from autonas.strategies.base import MultiFidelity
from autonas.trials import Trial, by_score, is_completed, reading
from autonas.values import Values

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np


class Asha(MultiFidelity):
    """Asynchronous successive halving: a candidate goes on as soon as it is among the best of those on its rung.

    On each rung one in `factor` may go on. The highest rung with one that may is served first; if there is none, a new
    candidate is evaluated with the least budget. It decides after each trial, so it is never further than one evaluation
    from having used its time well, whatever `max_trials` or `max_time` is. Where there are no new candidates left, the best
    goes on until one was evaluated in full.

    Args:
        factor: See `autonas.strategies.base.MultiFidelity`.
        least: See there.
        strategy: See there.
        resource: See there.

    References:
        [Li et al., 2020](https://arxiv.org/abs/1810.05934): A System for Massively Parallel Hyperparameter Tuning,
        algorithm 2.

    Example:

    >>> clf = autonas.ImageClassifier(strategy="asha", estimator="full", max_time="10m")
    """

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Sends on who may go on, or asks for a new candidate, or sends on the best where there are no new ones."""
        rungs = self._rungs(history)
        steps = reversed(list(zip(rungs, self.shares[1:], strict=False)))
        waiting = [(rung, self.at(rung.waiting[0].values, share)) for rung, share in steps if rung.waiting]
        for rung, promoted in waiting:
            if rung.rank(rung.waiting[0]) < rung.count // self.factor:
                return promoted
        values = self.draw(history, space, rng)
        if values is not None:
            return self.at(values, self.shares[0])
        return waiting[0][1] if waiting and not rungs[-1].completed else None

    def unfinished(self, history: Sequence[Trial]) -> list[Trial]:
        """On each rung the best two in `factor`, and never fewer than `factor`, without those that have gone on.

        Who falls behind that can still come to go on, when a rung has become very full; it is then trained from the start.
        """
        kept = []
        rungs = self._rungs(history)
        for rung, above in itertools.pairwise(rungs):
            leading = rung.completed[: max(self.factor, 2 * rung.count // self.factor)]
            kept += [trial for trial in leading if trial.candidate not in above.candidates]
        return kept

    def _rungs(self, history: Sequence[Trial]) -> list[_Rung]:
        return list(reading(history, _Ladder, *self.shares).rungs.values())


class _Rung:
    """The trials with one share of the budget.

    Attributes:
        count: How many there are.
        candidates: Their candidates.
        completed: Those with a score, best first.
        waiting: Those of them that have not gone on, best first.
    """

    def __init__(self) -> None:
        self.count = 0
        self.candidates: set[str] = set()
        self.completed: list[Trial] = []
        self.waiting: list[Trial] = []

    def rank(self, trial: Trial) -> int:
        """How many are better than one of them."""
        return bisect.bisect_left(self.completed, by_score(trial), key=by_score)


class _Ladder(Rungs):
    """All rungs, the lowest first."""

    def __init__(self, *shares: float) -> None:
        super().__init__()
        self.rungs = {share: _Rung() for share in shares}
        self._above = dict(itertools.pairwise(shares))
        self._below = {above: share for share, above in self._above.items()}

    def stand(self, trial: Trial) -> None:
        rung, share = self.rungs.get(trial.budget), trial.budget
        if rung is None:
            return
        rung.count += 1
        rung.candidates.add(trial.candidate)
        if share in self._below:
            below = self.rungs[self._below[share]]
            below.waiting = [other for other in below.waiting if other.candidate != trial.candidate]
        if is_completed(trial):
            bisect.insort(rung.completed, trial, key=by_score)
            if share not in self._above or trial.candidate not in self.rungs[self._above[share]].candidates:
                bisect.insort(rung.waiting, trial, key=by_score)
