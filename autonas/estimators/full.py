"""The full training: what the winner of a search gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autonas.estimators.base import Budget, Data, Estimator, evaluate, steps, unbeaten, whether

if TYPE_CHECKING:
    from autonas.space import Candidate


class Full(Estimator):
    """Trains each candidate as the winner will be trained: all data, all epochs. Exact, and slow.

    Args:
        stop_hopeless: Whether to stop, from half of its epochs on, a training whose validation curve has a chance of under
            1 % to get to the best one so far (`autonas.learning_curves`). Its record has its best epoch, and `hopeless` 1
            among the metrics. Curves that rise late, as many do where the learning rate decays to zero, may be stopped
            wrongly: see `docs/predictor.md`.

    Raises:
        InputError: If `stop_hopeless` is neither True nor False.

    Example:

    >>> clf = autonas.ImageClassifier(estimator="full", max_trials=5)
    """

    def __init__(self, stop_hopeless: bool = False) -> None:
        self.stop_hopeless = whether("Full(stop_hopeless=)", stop_hopeless)

    def evaluate(self, candidate: Candidate, data: Data, budget: Budget, seed: int) -> dict[str, float]:
        return evaluate(candidate, data, budget if self.stop_hopeless else unbeaten(budget), seed)

    def steps(self, data: Data, budget: Budget) -> float:
        """All epochs on all examples."""
        return steps(len(data), budget)

    def get_config(self) -> dict[str, Any]:
        return {"name": "full", **({"stop_hopeless": True} if self.stop_hopeless else {})}
