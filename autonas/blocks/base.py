"""The contract of a block, and the one way in which a block chooses among operations."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras_tuner

Operation = Callable[[Any], Any]


class Block(abc.ABC):
    """A part of a network with choices left open.

    `build` is written as Keras Tuner users write it: take values from `hp`, apply Keras layers to `x`, return the result.
    Only Keras's own layers and `keras.ops` may be used, so that the finished model loads where autonas is not installed.

    The ranges of the hyperparameters are fixed by the constructor and never depend on the shape of `x`: a proxy task may
    build the same candidate at a lower resolution, and it has to have the same hyperparameters there.

    Example:

    >>> class Squeeze(Block):
    ...     def build(self, hp, x):
    ...         return keras.layers.Conv2D(hp.Choice("squeeze", [8, 16]), 1)(x)
    """

    @abc.abstractmethod
    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        """Applies the block.

        Args:
            hp: Where the choices come from.
            x: A symbolic tensor (or a structure of them), of the shape (batch, ...).

        Returns:
            A symbolic tensor.
        """


def choose(hp: keras_tuner.HyperParameters, name: str, operations: Mapping[str, Operation], x: Any) -> Any:
    """Applies one of several operations to `x`, the one that the hyperparameter `name` says.

    Every choice between operations goes through here, so that a network with shared weights can hold all of them. The
    hyperparameters that an operation asks for are conditional on its being chosen.

    Args:
        hp: Where the choice comes from.
        name: The hyperparameter's name; its values are the labels.
        operations: label -> operation, the default first. An operation takes `x` and returns a tensor.
        x: A symbolic tensor.

    Returns:
        What the chosen operation returns.
    """
    chosen = hp.Choice(name, list(operations))
    result = None
    for label, operation in operations.items():
        with hp.conditional_scope(name, [label]):
            if label == chosen:
                result = operation(x)
    return result
