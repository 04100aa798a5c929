"""Heads: one file a kind of target. The registry of all of them."""

from __future__ import annotations

from typing import Any

from autonas.heads.base import Head
from autonas.heads.classification import ClassificationHead
from autonas.registry import resolve

HEADS: dict[str, type[Head]] = {"classification": ClassificationHead}


def get(identifier: Any) -> Head:
    """Returns the head that a name, a class or an instance means."""
    return resolve("head", HEADS, Head, identifier)  # type: ignore[type-abstract]
