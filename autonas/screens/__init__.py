"""Screens: what a candidate is worth before any training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autonas.objectives.base import Cost
from autonas.registry import resolve
from autonas.screens.base import Screen
from autonas.screens.limits import Limits

SCREENS: dict[str, type[Screen]] = {"limits": Limits}


def get(identifier: Any) -> Screen:
    """Returns the screen that a name, a class or an instance means."""
    return resolve("screen", SCREENS, Screen, identifier)  # type: ignore[type-abstract]


def on_costs(limits: Mapping[str, tuple[Cost, float]]) -> Screen:
    """Returns the screen that refuses candidates over a limit.

    Args:
        limits: name -> (cost, the most that it may be), as `autonas.objectives.limits` reads them.
    """
    return Limits(limits)
