"""Several screens as one, by the mean of their ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from autonas.screens.base import Candidate, Screen, checked, mean_ranks

if TYPE_CHECKING:
    from autonas.objectives.base import BuiltModel


class Vote(Screen):
    """Ranks candidates by the mean of their ranks in several screens, so that no scale of scores outweighs another.

    A screen that cannot tell anything about a candidate leaves its vote; what one never wants trained is not trained.

    Args:
        screens: The voters. Pool, warm start and proposals are the largest among them.

    Example:

    >>> vote = Vote([Function(few_parameters), Function(many_layers)])
    """

    def __init__(self, screens: Sequence[Screen]) -> None:
        self.screens = list(screens)
        self.needs_network = any(screen.needs_network for screen in self.screens)
        self.advises = all(screen.advises for screen in self.screens)
        self.pool = max(screen.pool for screen in self.screens)
        self.warm = max(screen.warm for screen in self.screens)
        self.proposals = max(screen.proposals for screen in self.screens)

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Returns mean ranks in (0, 1), equal for equals."""
        scores = np.array([checked(one, one.score(candidates, finished), candidates) for one in self.screens])
        return np.where(np.isneginf(scores).any(axis=0), -np.inf, mean_ranks(scores.T))

    def refusal(self, built: BuiltModel) -> str | None:
        """What the first screen says that refuses the candidate."""
        return next(filter(None, (screen.refusal(built) for screen in self.screens)), None)
