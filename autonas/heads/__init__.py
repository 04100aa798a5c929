"""Heads: one file a kind of target. The registry of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autonas import registry
from autonas.errors import InputError
from autonas.heads.base import Head
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.heads.several import SeveralHeads

HEADS: dict[str, type[Head]] = {
    "classification": ClassificationHead,
    "regression": RegressionHead,
    "several": SeveralHeads,
}


def get(identifier: Any) -> Head:
    """Returns the head that a name, a class or an instance means.

    A dict of them, or a list, is several outputs at once; in a list each has the name of its kind.
    """
    if isinstance(identifier, (list, tuple)):
        parts = [get(part) for part in identifier]
        identifier = dict(zip(registry.names(HEADS, parts), parts, strict=True))
    if isinstance(identifier, Mapping):
        registry.check_part_names("an output", identifier)
        return SeveralHeads({name: get(part) for name, part in identifier.items()})
    single = {name: kind for name, kind in HEADS.items() if kind is not SeveralHeads}
    return registry.resolve("head", single, Head, identifier)  # type: ignore[type-abstract]


def name_of(part: Head) -> str:
    """The name of a head's kind."""
    return registry.name_of(HEADS, part)


def probabilities(part: Head) -> Callable[[Any], Any]:
    """What makes probabilities of the outputs of a model.

    Raises:
        InputError: If there are no classes.
    """
    found = getattr(part, "probabilities", None)
    if found is None:
        raise InputError.of("predict_proba", "asked of a classifier", name_of(part), "Use predict.")
    return found


def plain(part: Head) -> list[Any]:
    """A fitted head as plain data, which `restore` makes it of again."""
    return [registry.address(HEADS, type(part)), part.get_config()]


def restore(kept: Sequence[Any]) -> Head:
    """The inverse of `plain`.

    Raises:
        InputError: If its class is not found, see `autonas.registry.find`.
    """
    kind, config = kept
    return registry.find("head", HEADS, Head, kind).from_config(config)  # type: ignore[type-abstract]
