"""The default space of each kind of input: what is searched where the user names no block."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autonas import inputs
from autonas.blocks import (
    BLOCKS,
    AugmentationBlock,
    Block,
    Chain,
    Merge,
    OneOf,
    ReductionBlock,
    SequenceBlock,
    TextBlock,
    WordsBlock,
)
from autonas.errors import InputError
from autonas.inputs.base import Input

MOST_FLAT = 1_024  # numbers of a sequence that may stand side by side


def image_space(images: Any, rows: int) -> Block:
    """Augmentation, one of the families of networks, and how its features are reduced.

    Args:
        images: Fitted; the networks follow its resolution.
        rows: How many training examples there are; the networks follow it too.
    """
    families = {name: BLOCKS[name](images.resolution, rows) for name in ("residual", "conv", "mbconv", "cell")}
    return Chain(AugmentationBlock(), OneOf("family", families), ReductionBlock())


def table_space(table: Any, rows: int) -> Block:
    """One of the families of networks for tables.

    Args:
        table: Fitted; bins and categories shape the first layer.
        rows: How many training examples there are.
    """
    families = ("dense", "residual", "additive", "attention")
    return OneOf("family", {name: BLOCKS[f"table_{name}"](table, rows) for name in families})


def sequence_space(sequence: Any, rows: int) -> Block:
    """One of the families of networks for sequences, the strongest first, with all that stands beside the steps.

    Args:
        sequence: Fitted; the networks follow its length and channels.
        rows: How many training examples there are; the networks follow it too.
    """
    names = ("inception", "recurrent", "temporal", "attention")
    families: dict[str, Block] = {}
    if sequence.is_short or math.prod(sequence.shape["steps"]) <= MOST_FLAT:
        edges = sequence.edges["steps"] if sequence.is_short else None
        families["flat"] = BLOCKS["sequence_flat"](sequence.length, rows, edges)
    families["kernels"] = BLOCKS["sequence_kernels"](sequence, rows)
    families |= {name: BLOCKS[f"sequence_{name}"](sequence.length, rows) for name in names}
    return SequenceBlock(sequence, rows, OneOf("family", families))


def text_space(text: Any, rows: int) -> Block:
    """Bags of words and of characters, together or one of them, or one of the networks for sequences on embedded words.

    Args:
        text: Fitted; the networks follow its vocabulary and its length.
        rows: How many training examples there are; the networks follow it too.
    """
    bags = {"bags": ["pairs", "grams"], "bag": ["pairs"], "grams": ["grams"]}
    families: dict[str, Block] = {name: BLOCKS["text_bag"](text, rows, used) for name, used in bags.items()}
    for name in ("convolution", "pooled", "recurrent", "attention", "evolved"):
        families[name] = WordsBlock(text, rows, BLOCKS[f"sequence_{name}"](text.length, rows))
    return TextBlock(OneOf("family", families))


def several_space(several: Any, rows: int) -> Block:
    """The spaces of all inputs, their features side by side."""
    return Merge({name: default(part, rows) for name, part in several.inputs.items()})


SPACES: dict[str, Callable[[Any, int], Block]] = {
    "image": image_space,
    "sequence": sequence_space,
    "several": several_space,
    "table": table_space,
    "text": text_space,
}


def default(input: Input, rows: int) -> Block:
    """Returns the default space of an input.

    Args:
        input: Fitted.
        rows: How many training examples there are.

    Raises:
        InputError: If there is none, as for an input of the user's own.
    """
    kind = inputs.name_of(input)
    if kind not in SPACES:
        raise InputError.of("block", f"given for an input that is none of {sorted(SPACES)}", None)
    return SPACES[kind](input, rows)
