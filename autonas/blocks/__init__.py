"""Blocks: what networks are made of. The registry of networks for each kind of data, and what they are put together with."""

from __future__ import annotations

import functools
from typing import Any

from autonas.blocks.attention import AttentionBlock, EvolvedBlock
from autonas.blocks.augmentation import AugmentationBlock
from autonas.blocks.base import Block, ImageBlock
from autonas.blocks.cell import CellBlock
from autonas.blocks.compose import Chain, Merge, OneOf
from autonas.blocks.conv import ConvBlock
from autonas.blocks.kernels import KernelBlock
from autonas.blocks.mbconv import MBConvBlock
from autonas.blocks.recurrent import RecurrentBlock
from autonas.blocks.reduction import ReductionBlock
from autonas.blocks.residual import ResidualBlock
from autonas.blocks.sequence import FlatBlock, SequenceBlock
from autonas.blocks.table import (
    AdditiveTableBlock,
    AttentionTableBlock,
    DenseTableBlock,
    ResidualTableBlock,
    TableBlock,
)
from autonas.blocks.temporal import ConvolutionBlock, InceptionBlock, PooledBlock, TemporalBlock
from autonas.blocks.text import BagBlock, TextBlock, WordsBlock
from autonas.registry import resolve

BLOCKS: dict[str, Any] = {
    "cell": CellBlock,
    "conv": ConvBlock,
    "mbconv": MBConvBlock,
    "residual": ResidualBlock,
    "sequence_attention": AttentionBlock,
    "sequence_convolution": ConvolutionBlock,
    "sequence_evolved": EvolvedBlock,
    "sequence_flat": FlatBlock,
    "sequence_inception": InceptionBlock,
    "sequence_kernels": KernelBlock,
    "sequence_pooled": PooledBlock,
    "sequence_recurrent": RecurrentBlock,
    "sequence_temporal": TemporalBlock,
    "table_additive": AdditiveTableBlock,
    "table_attention": AttentionTableBlock,
    "table_dense": DenseTableBlock,
    "table_residual": ResidualTableBlock,
    "text_bag": BagBlock,
}


def of(kind: str) -> dict[str, Any]:
    """Returns the members for one kind of data: `"image"`, `"table"`, `"sequence"`, `"text"`."""
    return {name: member for name, member in BLOCKS.items() if member.kind == kind}


def get(identifier: Any, *size: Any, **named: Any) -> Block:
    """Returns the network that a name means, made for its data, or a block as it is.

    Args:
        identifier: A name of `BLOCKS`, or an instance of `Block`.
        *size: What the member's constructor takes: the resolution of images or the fitted input, and how many training
            examples there are.
        **named: The same by name.

    Raises:
        InputError: If it is none of these; the known names are listed.

    Example:

    >>> get("residual", 28, 10_000)
    <autonas.blocks.residual.ResidualBlock object at ...>
    """
    made: dict[str, Any] = {name: functools.partial(member, *size, **named) for name, member in BLOCKS.items()}
    return resolve("block", made, Block, identifier)


__all__ = [
    "BLOCKS",
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
    "SequenceBlock",
    "TableBlock",
    "TextBlock",
    "WordsBlock",
    "get",
    "of",
]
