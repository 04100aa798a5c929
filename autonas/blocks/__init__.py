"""Blocks: what networks are made of. The registry of those for images, and the blocks that they are put together with."""

from __future__ import annotations

from autonas.blocks.augmentation import AugmentationBlock
from autonas.blocks.base import Block, ImageBlock
from autonas.blocks.cell import CellBlock
from autonas.blocks.compose import Chain, OneOf
from autonas.blocks.conv import ConvBlock
from autonas.blocks.mbconv import MBConvBlock
from autonas.blocks.reduction import ReductionBlock
from autonas.blocks.residual import ResidualBlock

BLOCKS: dict[str, type[ImageBlock]] = {
    "cell": CellBlock,
    "conv": ConvBlock,
    "mbconv": MBConvBlock,
    "residual": ResidualBlock,
}

__all__ = [
    "BLOCKS",
    "AugmentationBlock",
    "Block",
    "CellBlock",
    "Chain",
    "ConvBlock",
    "ImageBlock",
    "MBConvBlock",
    "OneOf",
    "ReductionBlock",
    "ResidualBlock",
]
