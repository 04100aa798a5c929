"""Inputs: one file a kind of data. The registry of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autonas import registry
from autonas.inputs.base import Input
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.several import SeveralInputs
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput

INPUTS: dict[str, type[Input]] = {
    "image": ImageInput,
    "sequence": SequenceInput,
    "several": SeveralInputs,
    "table": TableInput,
    "text": TextInput,
}


def get(identifier: Any) -> Input:
    """Returns the input that a name, a class or an instance means; an unknown name's error lists the known ones.

    A dict of them, or a list, is several inputs at once; in a list each has the name of its kind.

    Example:

    >>> get("image")
    <autonas.inputs.image.ImageInput object at ...>
    >>> get({"front": "image", "back": "image"})
    <autonas.inputs.several.SeveralInputs object at ...>
    """
    if isinstance(identifier, (list, tuple)):
        parts = [get(part) for part in identifier]
        identifier = dict(zip(registry.names(INPUTS, parts), parts, strict=True))
    if isinstance(identifier, Mapping):
        registry.check_part_names("an input", identifier)
        return SeveralInputs({name: get(part) for name, part in identifier.items()})
    single = {name: kind for name, kind in INPUTS.items() if kind is not SeveralInputs}
    return registry.resolve("input", single, Input, identifier)  # type: ignore[type-abstract]


def name_of(part: Input) -> str:
    """The name of an input's kind."""
    return registry.name_of(INPUTS, part)


def plain(part: Input) -> list[Any]:
    """A fitted input as plain data, which `restore` makes it of again."""
    return [registry.address(INPUTS, type(part)), part.get_config()]


def restore(kept: Sequence[Any]) -> Input:
    """The inverse of `plain`.

    Raises:
        InputError: If its class is not found, see `autonas.registry.find`.
    """
    kind, config = kept
    return registry.find("input", INPUTS, Input, kind).from_config(config)  # type: ignore[type-abstract]
