"""Screens: what a candidate is worth before any training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autonas.objectives.base import Cost
from autonas.registry import resolve
from autonas.screens.base import Screen
from autonas.screens.function import Function
from autonas.screens.graph_attention import GraphAttention
from autonas.screens.limits import Limits
from autonas.screens.predictor import Predictor
from autonas.screens.vote import Vote
from autonas.screens.zero_cost import ZeroCost

SCREENS: dict[str, type[Screen]] = {
    "graph_attention": GraphAttention,
    "limits": Limits,
    "predictor": Predictor,
    "zero_cost": ZeroCost,
}


def get(identifier: Any) -> Screen:
    """Returns the screen that `identifier` means.

    Args:
        identifier: A name of `SCREENS`, a subclass of `Screen` that is made without arguments, an instance, a function
            `screen(list_of_values) -> scores`, or a list of these, which then vote by their ranks.

    Raises:
        InputError: If it is none of these; the known names are listed.

    Example:

    >>> get(lambda candidates: [-values["width"] for values in candidates])
    Function(name='<lambda>', pool=2000, warm=5, proposals=20)
    """
    if isinstance(identifier, (list, tuple)) and identifier:
        return get(identifier[0]) if len(identifier) == 1 else Vote([get(one) for one in identifier])
    if callable(identifier) and not isinstance(identifier, type):
        return Function(identifier)
    return resolve("screen", SCREENS, Screen, identifier)  # type: ignore[type-abstract]


def on_costs(limits: Mapping[str, tuple[Cost, float]]) -> Screen:
    """Returns the screen that refuses candidates over a limit.

    Args:
        limits: name -> (cost, the most that it may be), as `autonas.objectives.limits` reads them.
    """
    return Limits(limits)
