"""Estimators: how the quality of a candidate is measured."""

from __future__ import annotations

from typing import Any

from autonas.estimators.base import Estimator
from autonas.estimators.full import Full
from autonas.estimators.proxy import Proxy
from autonas.registry import resolve

ESTIMATORS: dict[str, type[Estimator]] = {"full": Full, "proxy": Proxy}


def get(identifier: Any) -> Estimator:
    """Returns the estimator that a name, a class or an instance means."""
    return resolve("estimator", ESTIMATORS, Estimator, identifier)  # type: ignore[type-abstract]
