"""A function of the user's as a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autonas.checks import integer
from autonas.screens.base import Candidate, Screen, checked


class Function(Screen):
    """Scores candidates by a function of their values.

    Args:
        function: `function(list_of_values) -> scores`, one number for each candidate, higher is better; NaN for one that it
            cannot tell anything about, -inf for one that is never to be evaluated. Equal lists have to get equal scores.
        pool: How many random candidates the warm start scores.
        warm: How many trials the warm start has. Where several objectives are sought and costs are known beforehand, the
            default strategy begins by itself instead, with candidates that are good for what they cost.
        proposals: How many of a strategy's proposals it chooses one from; 1 chooses none. Of several objectives the default
            strategy chooses by itself, unless this is 1: it learns from the function's scores of all candidates that it has.

    Raises:
        InputError: If a number is out of its range; later, if the scores are no list of as many numbers as candidates.

    Example:

    >>> screen = Function(lambda candidates: [-values["width"] for values in candidates])
    >>> screen.score([Candidate({"width": 8}, space)], [])
    array([-8.])
    """

    advises = True

    def __init__(
        self,
        function: Callable[[list[dict[str, Any]]], Any],
        pool: int = 2_000,
        warm: int = 5,
        proposals: int = 20,
    ) -> None:
        self.name = getattr(function, "__qualname__", type(function).__qualname__)
        self.pool = integer("Function(pool=)", pool, 0)
        self.warm = integer("Function(warm=)", warm, 0)
        self.proposals = integer("Function(proposals=)", proposals, 1)
        self._function = function

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        """Calls the function once with the values of all candidates."""
        if not candidates:
            return np.zeros(0)
        return checked(self.name, self._function([dict(candidate.values) for candidate in candidates]), candidates)
