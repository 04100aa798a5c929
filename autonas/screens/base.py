"""The contract of a screen: what a candidate is worth before any training."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from autonas.objectives.base import BuiltModel


class Screen(abc.ABC):
    """Ranks candidates that are built and not trained."""

    @abc.abstractmethod
    def score(self, candidates: Sequence[BuiltModel]) -> np.ndarray:
        """Scores candidates.

        Args:
            candidates: Built models, their weights fresh.

        Returns:
            A float array, one score each, higher is better: NaN for "cannot tell", -inf for "never train this".
        """

    def refusal(self, candidate: BuiltModel) -> str | None:
        """Says in words why a candidate has -inf; None for every other candidate."""
        return None
