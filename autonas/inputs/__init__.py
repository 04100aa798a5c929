"""Inputs: one file a kind of data. The registry of all of them."""

from __future__ import annotations

from typing import Any

from autonas.inputs.base import Input
from autonas.inputs.image import ImageInput
from autonas.registry import resolve

INPUTS: dict[str, type[Input]] = {"image": ImageInput}


def get(identifier: Any) -> Input:
    """Returns the input that a name, a class or an instance means; an unknown name's error lists the known ones.

    Example:

    >>> get("image")
    <autonas.inputs.image.ImageInput object at ...>
    """
    return resolve("input", INPUTS, Input, identifier)  # type: ignore[type-abstract]
