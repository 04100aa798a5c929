"""Limits on costs: a candidate that breaks one is rejected before it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autonas.objectives.base import BuiltModel, Cost
from autonas.screens.base import Screen


class Limits(Screen):
    """Gives -inf to a candidate over a limit and 0 to every other.

    Args:
        limits: name -> (cost, the most that it may be, in the cost's unit).

    Example:

    >>> screen = Limits(autonas.objectives.limits({"params": 100_000}))
    """

    def __init__(self, limits: Mapping[str, tuple[Cost, float]] | None = None) -> None:
        self.limits = dict(limits or {})

    def score(self, candidates: Sequence[BuiltModel]) -> np.ndarray:
        return np.array([0.0 if self.refusal(candidate) is None else -np.inf for candidate in candidates])

    def refusal(self, candidate: BuiltModel) -> str | None:
        """Says which limit a candidate breaks, and by how much; None when it keeps them all.

        What can be read off the graph is looked at first: a measurement takes seconds.
        """
        for name, (cost, limit) in self.limits.items():
            bound = cost.at_least(candidate.graph)
            if bound > limit:
                return f"{name} is at least {bound:.4g}, over the limit of {limit:.4g}"
        for name, (cost, limit) in self.limits.items():
            value = cost.measure(candidate)
            if value > limit:
                return f"{name} is {value:.4g}, over the limit of {limit:.4g}"
        return None
