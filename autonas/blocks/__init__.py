"""Blocks: what networks are made of. The registry of those for images, and the blocks that they are put together with."""

from __future__ import annotations

import functools
from typing import Any

from autonas.blocks.augmentation import AugmentationBlock
from autonas.blocks.base import Block, ImageBlock
from autonas.blocks.cell import CellBlock
from autonas.blocks.compose import Chain, Merge, OneOf
from autonas.blocks.conv import ConvBlock
from autonas.blocks.mbconv import MBConvBlock
from autonas.blocks.reduction import ReductionBlock
from autonas.blocks.residual import ResidualBlock
from autonas.blocks.table import (
    AdditiveTableBlock,
    AttentionTableBlock,
    DenseTableBlock,
    ResidualTableBlock,
    TableBlock,
)
from autonas.registry import resolve

BLOCKS: dict[str, type[ImageBlock]] = {
    "cell": CellBlock,
    "conv": ConvBlock,
    "mbconv": MBConvBlock,
    "residual": ResidualBlock,
}

TABLE_BLOCKS: dict[str, type[TableBlock]] = {
    "dense": DenseTableBlock,
    "residual": ResidualTableBlock,
    "additive": AdditiveTableBlock,
    "attention": AttentionTableBlock,
}


def get(identifier: Any, resolution: int, rows: int) -> Block:
    """Returns the network that a name means, made for its images, or a block as it is.

    Args:
        identifier: A name of `BLOCKS`, or an instance of `Block`.
        resolution: The shorter side of an image, in pixels.
        rows: How many training examples there are.

    Raises:
        InputError: If it is none of these; the known names are listed.

    Example:

    >>> get("residual", resolution=28, rows=10_000)
    <autonas.blocks.residual.ResidualBlock object at ...>
    """
    made: dict[str, Any] = {name: functools.partial(member, resolution, rows) for name, member in BLOCKS.items()}
    return resolve("block", made, Block, identifier)


__all__ = [
    "BLOCKS",
    "TABLE_BLOCKS",
    "AugmentationBlock",
    "Block",
    "CellBlock",
    "Chain",
    "ConvBlock",
    "ImageBlock",
    "MBConvBlock",
    "Merge",
    "OneOf",
    "ReductionBlock",
    "ResidualBlock",
    "TableBlock",
    "get",
]
