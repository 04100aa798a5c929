"""Strategies: which candidate a search tries next. A new one is a file here and a line in `STRATEGIES`."""

from __future__ import annotations

from typing import Any

from autonas.registry import resolve
from autonas.strategies.asha import Asha
from autonas.strategies.bananas import Bananas
from autonas.strategies.base import Strategy
from autonas.strategies.bayesian import Bayesian
from autonas.strategies.evolution import Evolution
from autonas.strategies.grid import Grid
from autonas.strategies.hyperband import Hyperband
from autonas.strategies.local import Local
from autonas.strategies.nsga2 import NSGA2
from autonas.strategies.random import Random
from autonas.strategies.reinforce import Reinforce

STRATEGIES: dict[str, type[Strategy]] = {
    "asha": Asha,
    "bananas": Bananas,
    "bayesian": Bayesian,
    "evolution": Evolution,
    "grid": Grid,
    "hyperband": Hyperband,
    "local": Local,
    "nsga2": NSGA2,
    "random": Random,
    "reinforce": Reinforce,
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
    Evolution(population=10, sample=5, crossover=0.0)
    """
    return resolve("strategy", STRATEGIES, Strategy, identifier)  # type: ignore[type-abstract]
