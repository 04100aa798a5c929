"""What a search of the user's own found, in the units and the direction of the function that it asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from autonas import analysis, front, report
from autonas import trials as trials_module
from autonas.errors import SearchError
from autonas.goals import Goal
from autonas.trials import STARTING_POINT, Trial, completed, fullest

if TYPE_CHECKING:
    import keras_tuner
    import pandas as pd


class SearchResult:
    """What a search found, in the units and the direction of `evaluate`.

    Args:
        found: The trials, scores turned so that higher is better.
        goals: The objectives.
        space: All hyperparameters.
        control: The trials of a random search at the same budget, as `found`.

    Attributes:
        trials: All trials in the order of their numbers, their scores as `evaluate` returned them.

    Example:

    >>> result = autonas.search(space, evaluate, objective="min")
    >>> result.best.values, result.best.score
    """

    def __init__(
        self,
        found: Sequence[Trial],
        goals: Sequence[Goal],
        space: keras_tuner.HyperParameters,
        control: Sequence[Trial] = (),
    ) -> None:
        self._found, self._space, self._control = list(found), space, list(control)
        self._goals = [Goal(goal.name or "score", goal.direction) for goal in goals]
        self.trials = [self._as_returned(trial) for trial in found]

    @property
    def best(self) -> Trial:
        """The best trial; of several objectives the best by the first.

        Where budgets were shared out, the best of those that were evaluated with the largest one, since scores of different
        budgets cannot be compared.

        Raises:
            SearchError: If none completed, with the reason of the last one that failed or was rejected.
        """
        done = fullest(self._found)
        if not done:
            reasons = [trial.message for trial in self._found if trial.message]
            last = f" The last one said: {reasons[-1]}" if reasons else ""
            raise SearchError(f"None of the {len(self._found)} trials completed.{last}")
        return self._as_returned(done[0])

    def report(self) -> str:
        """The search in some lines: what was tried and found, what that is worth, and what the search favoured.

        See `docs/report.md` for how to read it.
        """
        first = self._goals[0]
        told = front.summary(self._found, self._goals, self._control) if len(self._goals) > 1 else []
        return report.summary(
            self._found, [], str(first.name), first.sign, STARTING_POINT, self._control, self._space, told
        )

    def importance(self) -> pd.DataFrame:
        """Which hyperparameters mattered, and what the best trials have in them: one row each, the most important first.

        Returns:
            As `autonas.analysis.told` does.

        Raises:
            SearchError: If fewer than ten trials completed, or all have the same score.
        """
        return analysis.told(self._space, self._found)

    def leaderboard(self) -> pd.DataFrame:
        """One row a trial, best first: status, score, metrics, seconds, hyperparameters."""
        return self._table(self._found)

    def pareto_front(self) -> pd.DataFrame:
        """The trials that no other one is better than in one objective and at least as good in all, best first.

        With one objective these are the best trial and its equals.
        """
        return self._table(front.members(self._found))

    def hypervolume(self, reference: Mapping[str, float] | None = None) -> pd.DataFrame:
        """How much the front covered after each trial.

        Args:
            reference: objective (`"score"` where it has no name) -> value from which on it counts. None takes the worst of the
                trials in each.

        Returns:
            Columns `trial`, `seconds` (of all trials until then) and `hypervolume`; the reference is in
            `.attrs["reference"]`.

        Raises:
            InputError: If the reference is not of exactly the objectives.
        """
        return front.hypervolumes(self._found, self._goals, reference)

    def _table(self, found: Sequence[Trial]) -> pd.DataFrame:
        table = trials_module.leaderboard(found)
        table["score"] = self._goals[0].sign * table["score"].astype(float)
        return table

    def _as_returned(self, trial: Trial) -> Trial:
        scores = [goal.sign * score for goal, score in zip(self._goals, trial.scores, strict=False)]
        score = None if trial.score is None else self._goals[0].sign * trial.score
        return dataclasses.replace(trial, score=score, scores=scores)

    def __repr__(self) -> str:
        done = completed(self._found)
        best = f", best {self.best.score:.6g} with {self.best.values}" if done else ""
        return f"SearchResult({len(done)} of {len(self.trials)} trials completed{best})"
