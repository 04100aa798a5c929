"""Strategies: which candidate a search tries next. A new one is a file here and a line in `STRATEGIES`."""

from __future__ import annotations

from typing import Any

from autonas.errors import InputError
from autonas.registry import resolve
from autonas.strategies.asha import Asha
from autonas.strategies.bananas import Bananas
from autonas.strategies.base import Strategy
from autonas.strategies.bayesian import Bayesian
from autonas.strategies.evolution import Evolution
from autonas.strategies.grid import Grid
from autonas.strategies.hyperband import Hyperband
from autonas.strategies.hypervolume import Hypervolume
from autonas.strategies.local import Local
from autonas.strategies.nsga2 import NSGA2
from autonas.strategies.parego import ParEGO
from autonas.strategies.random import Random
from autonas.strategies.reinforce import Reinforce

STRATEGIES: dict[str, type[Strategy]] = {
    "asha": Asha,
    "bananas": Bananas,
    "bayesian": Bayesian,
    "evolution": Evolution,
    "grid": Grid,
    "hyperband": Hyperband,
    "hypervolume": Hypervolume,
    "local": Local,
    "nsga2": NSGA2,
    "parego": ParEGO,
    "random": Random,
    "reinforce": Reinforce,
}

DEFAULT, DEFAULT_OF_SEVERAL = "evolution", "hypervolume"  # what is known of them: docs/strategies.md, docs/front.md


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


def of_several(strategy: Strategy) -> Strategy:
    """Returns a strategy for several objectives: itself if it is one, or random scalarisations over it.

    Raises:
        InputError: If it shares out budgets, which it does by a single score.
    """
    if strategy.multi_objective:
        return strategy
    if strategy.multi_fidelity:
        raise InputError.of("strategy", "one that evaluates in full where there are several objectives", repr(strategy))
    return ParEGO(strategy)
