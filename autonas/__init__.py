"""autonas: neural architecture search for Keras. The public names, loaded when they are first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autonas import lite
    from autonas.auto_model import AutoModel
    from autonas.blocks.base import Block
    from autonas.estimators.full import Full
    from autonas.estimators.proxy import Proxy
    from autonas.objectives.tradeoff import Tradeoff
    from autonas.search_result import SearchResult
    from autonas.searching import search
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
    from autonas.tasks import load
    from autonas.tasks.image import ImageClassifier, ImageRegressor
    from autonas.tasks.sequence import SequenceClassifier, SequenceRegressor
    from autonas.tasks.tabular import TabularClassifier, TabularRegressor
    from autonas.tasks.text import TextClassifier, TextRegressor

__version__ = "0.1.0"

_HOMES = {
    "Asha": "autonas.strategies.asha",
    "AutoModel": "autonas.auto_model",
    "Bananas": "autonas.strategies.bananas",
    "Bayesian": "autonas.strategies.bayesian",
    "Block": "autonas.blocks.base",
    "Evolution": "autonas.strategies.evolution",
    "Full": "autonas.estimators.full",
    "Grid": "autonas.strategies.grid",
    "Hyperband": "autonas.strategies.hyperband",
    "Hypervolume": "autonas.strategies.hypervolume",
    "ImageClassifier": "autonas.tasks.image",
    "ImageRegressor": "autonas.tasks.image",
    "Local": "autonas.strategies.local",
    "NSGA2": "autonas.strategies.nsga2",
    "ParEGO": "autonas.strategies.parego",
    "Proxy": "autonas.estimators.proxy",
    "Random": "autonas.strategies.random",
    "SearchResult": "autonas.search_result",
    "Reinforce": "autonas.strategies.reinforce",
    "SequenceClassifier": "autonas.tasks.sequence",
    "SequenceRegressor": "autonas.tasks.sequence",
    "Strategy": "autonas.strategies.base",
    "TabularClassifier": "autonas.tasks.tabular",
    "TabularRegressor": "autonas.tasks.tabular",
    "TextClassifier": "autonas.tasks.text",
    "TextRegressor": "autonas.tasks.text",
    "Tradeoff": "autonas.objectives.tradeoff",
    "load": "autonas.tasks",
    "search": "autonas.searching",
}

__all__ = [
    "Asha",
    "AutoModel",
    "Bananas",
    "Bayesian",
    "Block",
    "Evolution",
    "Full",
    "Grid",
    "Hyperband",
    "Hypervolume",
    "ImageClassifier",
    "ImageRegressor",
    "Local",
    "NSGA2",
    "ParEGO",
    "Proxy",
    "Random",
    "SearchResult",
    "Reinforce",
    "SequenceClassifier",
    "SequenceRegressor",
    "Strategy",
    "TabularClassifier",
    "TabularRegressor",
    "TextClassifier",
    "TextRegressor",
    "Tradeoff",
    "__version__",
    "lite",
    "load",
    "search",
]


def __getattr__(name: str) -> Any:
    if name == "lite":
        return importlib.import_module("autonas.lite")
    if name not in _HOMES:
        raise AttributeError(f"module 'autonas' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
