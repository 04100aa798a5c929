"""The full training: what the winner of a search gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.estimators.base import Budget, Data, Estimator, evaluate

if TYPE_CHECKING:
    from autonas.space import Candidate


class Full(Estimator):
    """Trains each candidate as the winner will be trained: all data, all epochs. Exact, and slow.

    Example:

    >>> clf = autonas.ImageClassifier(estimator="full", max_trials=5)
    """

    def evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        return evaluate(candidate, data, budget, seed)

    def get_config(self) -> dict[str, Any]:
        return {"name": "full"}
