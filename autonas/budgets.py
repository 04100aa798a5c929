"""A history whose candidates were evaluated with several shares of the budget: who stands on a rung, and what one share says.

Each is a reader of a history, see `autonas.trials.reading`.
"""

from __future__ import annotations

import dataclasses

from autonas.trials import BUDGET, REJECTED, History, Trial, bare, has_score


class Counts:
    """How many trials with a score there are of each share of the budget."""

    def __init__(self) -> None:
        self.scored: dict[float, int] = {}

    def add(self, trial: Trial) -> None:
        if has_score(trial):
            self.scored[trial.budget] = self.scored.get(trial.budget, 0) + 1


class OneBudget:
    """A history of candidates without their budgets: those of one budget with their scores, the others as tried."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._places: dict[str, int] = {}
        self.history = History()

    def add(self, trial: Trial) -> None:
        place = self._places.setdefault(trial.candidate, len(self.history))
        seen = dataclasses.replace(trial, values=bare(trial.values))
        if trial.budget != self._share and has_score(trial):
            seen = dataclasses.replace(seen, status=REJECTED, score=None, scores=[])
            if place < len(self.history):
                return
        if place < len(self.history):
            self.history.replace(place, seen)
        else:
            self.history.append(seen)


class Rungs:
    """The trials of a history that stand on a rung: with a share of the budget, and trained. See `autonas.trials.reading`.

    One that was rejected when it was new was not trained. One that was rejected later takes its place, and fails there.

    Attributes:
        standing: The trials, oldest first.
    """

    def __init__(self) -> None:
        self.standing: list[Trial] = []
        self._seen: set[str] = set()

    def add(self, trial: Trial) -> None:
        if BUDGET in trial.values and (trial.status != REJECTED or trial.candidate in self._seen):
            self._seen.add(trial.candidate)
            self.stand(trial)

    def stand(self, trial: Trial) -> None:
        """Takes in a trial that stands on a rung."""
        self.standing.append(trial)
