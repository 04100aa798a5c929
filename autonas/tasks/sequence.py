"""Sequences: the tasks on them."""

from __future__ import annotations

from typing import Any

from autonas.blocks.base import Block
from autonas.blocks.compose import OneOf
from autonas.blocks.kernels import KernelBlock
from autonas.blocks.sequence import (
    FLAT,
    AttentionBlock,
    FlatBlock,
    InceptionBlock,
    RecurrentBlock,
    SequenceBlock,
    TemporalBlock,
)


def sequence_space(sequence: Any, rows: int) -> Block:
    """One of the families of networks for sequences, the strongest first, with all that stands beside the steps.

    Args:
        sequence: Fitted; the networks follow its length and channels.
        rows: How many training examples there are; the networks follow it too.
    """
    length = sequence.length
    families: dict[str, Block] = {"flat": FlatBlock(length, rows)} if length <= FLAT else {}
    families |= {
        "kernels": KernelBlock(sequence, rows),
        "inception": InceptionBlock(length, rows),
        "recurrent": RecurrentBlock(length, rows),
        "temporal": TemporalBlock(length, rows),
        "attention": AttentionBlock(length, rows),
    }
    return SequenceBlock(sequence, rows, OneOf("family", families))
