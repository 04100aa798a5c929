"""Limits on costs: a candidate that breaks one is rejected before it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autonas.objectives.base import BuiltModel, Cost
from autonas.screens.base import Candidate, Screen


class Limits(Screen):
    """Gives -inf to a candidate over a limit and 0 to every other.

    Args:
        limits: name -> (cost, the most that it may be, in the cost's unit).

    Example:

    >>> screen = Limits(autonas.objectives.limits({"params": 100_000}))
    """

    needs_network = True

    def __init__(self, limits: Mapping[str, tuple[Cost, float]] | None = None) -> None:
        self.limits = dict(limits or {})

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Looks at each candidate by itself; one without a network cannot be told anything about."""
        return np.array([self._score(candidate.built) for candidate in candidates], dtype=float)

    def _score(self, built: BuiltModel | None) -> float:
        if built is None:
            return np.nan
        return 0.0 if self.refusal(built) is None else -np.inf

    def refusal(self, built: BuiltModel) -> str | None:
        """Says which limit a candidate breaks, and by how much; None when it keeps them all.

        What can be read off the graph is looked at first: a measurement takes seconds.
        """
        for name, (cost, limit) in self.limits.items():
            bound = cost.at_least(built.graph)
            if bound > limit:
                return f"{name} is at least {bound:.4g}, over the limit of {limit:.4g}"
        for name, (cost, limit) in self.limits.items():
            value = cost.measure(built)
            if value > limit:
                return f"{name} is {value:.4g}, over the limit of {limit:.4g}"
        return None
