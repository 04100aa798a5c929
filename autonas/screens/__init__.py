"""Screens: what a candidate is worth before any training."""

from __future__ import annotations

from typing import Any

from autonas.registry import resolve
from autonas.screens.base import Screen
from autonas.screens.limits import Limits

SCREENS: dict[str, type[Screen]] = {"limits": Limits}


def get(identifier: Any) -> Screen:
    """Returns the screen that a name, a class or an instance means."""
    return resolve("screen", SCREENS, Screen, identifier)  # type: ignore[type-abstract]
