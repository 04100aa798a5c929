"""Strategies: which candidate a search tries next. A new one is a file here and a line in `STRATEGIES`."""

from __future__ import annotations

from typing import Any

from autonas.registry import resolve
from autonas.strategies.base import Strategy
from autonas.strategies.evolution import Evolution
from autonas.strategies.random import Random

STRATEGIES: dict[str, type[Strategy]] = {
    "evolution": Evolution,
    "random": Random,
}


def get(identifier: Any) -> Strategy:
    """Returns the strategy that `identifier` means.

    Args:
        identifier: A name of `STRATEGIES`, a subclass of `Strategy` that is made without arguments, or an instance.

    Returns:
        A strategy.

    Raises:
        InputError: If it is none of these; the known names are listed.

    Example:

    >>> get("evolution")
    Evolution(population=10, sample=5)
    """
    return resolve("strategy", STRATEGIES, Strategy, identifier)  # type: ignore[type-abstract]
