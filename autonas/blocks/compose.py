"""Blocks made of blocks: one after another, or one of several."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from autonas.blocks.base import Block, choose

if TYPE_CHECKING:
    import keras_tuner


class Chain(Block):
    """Blocks one after another.

    Args:
        *blocks: In the order in which they are applied.

    Example:

    >>> block = Chain(AugmentationBlock(), ConvBlock(28, 10_000), ReductionBlock())
    """

    def __init__(self, *blocks: Block) -> None:
        self.blocks = blocks

    def float_choices(self) -> dict[str, list[Any]] | None:
        return _together([block.float_choices() for block in self.blocks])

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        for block in self.blocks:
            x = block.build(hp, x)
        return x

    def starting_points(self) -> list[dict[str, Any]]:
        """The block with the most designs runs through them; the others stay at their first."""
        points = [block.starting_points() for block in self.blocks]
        longest = max(points, key=len)
        first = {name: value for own in points if own is not longest for name, value in own[0].items()}
        return [{**first, **point} for point in longest]

    def late_choices(self) -> dict[str, list[Any]]:
        return _joined(self.blocks)


class OneOf(Block):
    """One of several blocks.

    Args:
        name: Of the hyperparameter that says which.
        blocks: label -> block, the default first.

    Example:

    >>> block = OneOf("family", {"conv": ConvBlock(28, 10_000), "residual": ResidualBlock(28, 10_000)})
    """

    def __init__(self, name: str, blocks: Mapping[str, Block]) -> None:
        self.name = name
        self.blocks = dict(blocks)

    def float_choices(self) -> dict[str, list[Any]] | None:
        """Those of its blocks, and the blocks that have none but float networks."""
        own = {label: block.float_choices() for label, block in self.blocks.items()}
        without = [label for label, choices in own.items() if choices is None]
        if len(without) == len(own):
            return None
        return {self.name: without, **(_together([choices for choices in own.values() if choices is not None]) or {})}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        operations = {label: functools.partial(block.build, hp) for label, block in self.blocks.items()}
        return choose(hp, self.name, operations, x)

    def starting_points(self) -> list[dict[str, Any]]:
        """The designs of each block in turn."""
        return [
            {self.name: label, **point} for label, block in self.blocks.items() for point in block.starting_points()
        ]

    def late_choices(self) -> dict[str, list[Any]]:
        return _joined(self.blocks.values())


class Merge(Block):
    """A block for each of several inputs, their features side by side.

    The hyperparameters of a block have the name of its input before them: `"image/family"`.

    Args:
        blocks: name of the input -> block.

    Example:

    >>> block = Merge({"image": image_space(images, rows), "table": table_space(table, rows)})
    """

    def __init__(self, blocks: Mapping[str, Block]) -> None:
        self.blocks = dict(blocks)

    def float_choices(self) -> dict[str, list[Any]] | None:
        own = {name: block.float_choices() for name, block in self.blocks.items()}
        together = _together(list(own.values()))
        if together is None:
            return None
        return {f"{name}/{key}": values for name, part in own.items() for key, values in (part or {}).items()}

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        features = []
        for name, block in self.blocks.items():
            with hp.name_scope(name):
                features.append(block.build(hp, x[name]))
        return features[0] if len(features) == 1 else keras.layers.Concatenate()(features)

    def starting_points(self) -> list[dict[str, Any]]:
        """The first designs of all blocks together, then their second ones, and so on; a block with fewer keeps its first."""
        points = {name: block.starting_points() for name, block in self.blocks.items()}
        return [
            {
                f"{name}/{key}": value
                for name, own in points.items()
                for key, value in (own[number] if number < len(own) else own[0]).items()
            }
            for number in range(max(len(own) for own in points.values()))
        ]

    def late_choices(self) -> dict[str, list[Any]]:
        return {
            f"{name}/{key}": values
            for name, block in self.blocks.items()
            for key, values in block.late_choices().items()
        }


def _joined(blocks: Iterable[Block]) -> dict[str, list[Any]]:
    return {name: values for block in blocks for name, values in block.late_choices().items()}


def _together(parts: list[dict[str, list[Any]] | None]) -> dict[str, list[Any]] | None:
    """All choices of blocks that are all needed; None if one of them can do nothing."""
    known = [part for part in parts if part is not None]
    return {name: values for part in known for name, values in part.items()} if len(known) == len(parts) else None
