"""The contract of a block, the one way in which a block chooses among operations, and how blocks for images
and for sequences take their size.

What a mask says is padding never changes a prediction: padding stands at the end, and each network for sequences sets it to
zero again after what could fill it.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from autonas.errors import InputError

if TYPE_CHECKING:
    import keras_tuner

Operation = Callable[[Any], Any]
Values = dict[str, Any]

LARGEST_MAP, SMALLEST_MAP = 16, 4  # sides of the feature maps of the first and the last stage, about
DEFAULT_WIDTH = 16  # channels of the first stage, unless the search finds better
MOMENTUM = 0.9  # of batch normalisation: a short training on little data needs averages that do not remember its start


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

    kind: ClassVar[str] = ""  # of data that it is for, if it is for one

    @abc.abstractmethod
    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        """Applies the block.

        Args:
            hp: Where the choices come from.
            x: A symbolic tensor (or a structure of them), of the shape (batch, ...).

        Returns:
            A symbolic tensor.
        """

    def starting_points(self) -> list[dict[str, Any]]:
        """Well-made settings of this block's own hyperparameters, human designs for its size, the best first.

        Returns:
            One dict a design; a hyperparameter that it does not name has its default.
        """
        return [{}]

    def late_choices(self) -> dict[str, list[Any]]:
        """Choices that only a full training can judge, such as augmentation, which slows a short one more than it helps.

        A search by short trainings leaves them at their default; the full trainings try the best candidate with each of
        the values that are named here. They must not change the network that predicts.

        Returns:
            The names of hyperparameters, and for each the values that are worth a full training, the most promising first.
        """
        return {}

    def float_choices(self) -> dict[str, list[Any]] | None:
        """Choices that are not for devices which compute in int8 alone (LiteRT's quantised kernels, the Edge TPU).

        Either there is no such kernel, as for layer normalisation or a sine, or it loses too much: swish and
        squeeze-and-excitation are left out as EfficientNet-Lite leaves them out.

        Returns:
            The names of hyperparameters, and for each the values to leave out; None if all networks of the block need float.

        References:
        - https://ai.google.dev/edge/litert/models/quantization_spec (operations)
        - https://coral.ai/docs/edgetpu/models-intro (operations of the Edge TPU)
        - https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite (EfficientNet-Lite)
        """
        return {}


class ImageBlock(Block):
    """A network for images, its sizes made for the images and for how many there are.

    Args:
        resolution: The shorter side of an image, in pixels.
        rows: How many training examples there are.

    Raises:
        InputError: If one of them is not positive.

    Attributes:
        strides: By how much the first layers may shrink an image, the default first: a large one is made small before it
            costs much.
        stages: How many stages follow; each after the first halves the resolution, down to about 4 pixels.
        widths: Channels of the first stage to choose from; few examples get narrow networks.
    """

    kind = "image"

    def __init__(self, resolution: int, rows: int) -> None:
        for name, value in (("resolution", resolution), ("rows", rows)):
            if value < 1:
                raise InputError.of(name, "a positive integer", value)
        halvings = max(0, math.ceil(math.log2(resolution / LARGEST_MAP)))
        self.strides = [2**halvings] if halvings == 0 else [2**halvings, 2 ** (halvings - 1)]
        self.stages = max(2, round(math.log2(resolution / self.strides[0] / SMALLEST_MAP)) + 1)
        self.widths = [8, 16, 24, 32] if rows < 5_000 else [16, 24, 32, 48]

    def stem(self, hp: keras_tuner.HyperParameters, name: str, x: Any, filters: int) -> Any:
        """The first convolution, and as many more with a stride of 2 as it takes to make a large image small.

        Args:
            hp: Where the choice of the stride comes from.
            name: Of the hyperparameter.
            x: Images.
            filters: Channels of the result.

        Returns:
            Features, normalised, before an activation.
        """
        import keras

        stride = hp.Choice(name, self.strides, default=self.strides[0])
        for number in range(max(1, int(math.log2(stride)))):
            x = keras.layers.Activation("relu")(x) if number else x
            x = keras.layers.Conv2D(filters, 3, strides=min(2, stride), padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=MOMENTUM)(x)
        return x


class TimeBlock(Block):
    """A network from steps and a mask to features, its sizes made for how long sequences are and how many there are.

    Args:
        length: Steps of a preprocessed sequence.
        rows: How many training examples there are.

    Raises:
        InputError: If one of them is not positive.
    """

    kind = "sequence"
    name: str

    def __init__(self, length: int, rows: int) -> None:
        for name, value in (("length", length), ("rows", rows)):
            if value < 1:
                raise InputError.of(name, "a positive integer", value)
        self.length = length
        self.widths = [16, 32, 64] if rows < 5_000 else [32, 64, 128]

    def width(self, hp: keras_tuner.HyperParameters) -> int:
        """How many channels or units a layer has."""
        return int(hp.Choice(f"{self.name}_width", self.widths, default=self.widths[1]))

    def pool(self, hp: keras_tuner.HyperParameters, x: Any, mask: Any, first: str) -> Any:
        """From features of steps to features of the sequence, then drops some out.

        Args:
            hp: Where the choice comes from.
            x: (batch, time, channels).
            mask: (batch, time), 1 for real steps.
            first: The default: `"all"`, `"mean"`, `"max"` or `"last"`.
        """
        import keras

        ops = keras.ops

        def mean(x: Any) -> Any:
            share = mask / ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0)
            return ops.sum(x * ops.expand_dims(share, -1), axis=1)

        def largest(x: Any) -> Any:
            return ops.max(padding_lowest(x, ops.expand_dims(mask, -1)), axis=1)

        def last(x: Any) -> Any:
            after = ops.pad(mask[:, 1:], [[0, 0], [0, 1]])
            return ops.sum(x * ops.expand_dims(mask - after, -1), axis=1)

        ways: dict[str, Callable[[Any], Any]] = {
            "all": lambda x: keras.layers.Concatenate()([mean(x), largest(x), last(x)]),
            "mean": mean,
            "max": largest,
            "last": last,
        }
        ways = {first: ways[first], **ways}
        pooled = choose(hp, f"{self.name}_pool", ways, x)
        dropout = hp.Choice(f"{self.name}_dropout", [0.0, 0.1, 0.25, 0.5], default=0.25)
        return keras.layers.Dropout(dropout)(pooled) if dropout else pooled

    def shortened(self, x: Any, mask: Any, most: int) -> tuple[Any, Any]:
        """The means of neighbouring real steps, about `most` of them, and their mask.

        Args:
            x: (batch, length, channels).
            mask: (batch, length), 1 for real steps.
            most: Steps that are not shortened.
        """
        import keras

        stride = -(-self.length // most)
        if stride == 1:
            return x, mask
        over = -x.shape[1] % stride
        column = keras.layers.ZeroPadding1D((0, over))(keras.ops.expand_dims(mask, -1))
        x = keras.layers.ZeroPadding1D((0, over))(x) * column
        pooled, real = (keras.layers.AveragePooling1D(stride)(part) for part in (x, column))
        real_any = keras.ops.squeeze(keras.layers.MaxPooling1D(stride)(column), -1)
        return pooled / keras.ops.maximum(real, 0.5 / stride), real_any


def padding_lowest(x: Any, column: Any) -> Any:
    """Sets padding to the lowest value of each channel, so that the largest is one of a real step.

    A number below any feature would do too, but not in int8, which would have no steps left for the others.

    Args:
        x: (batch, time, channels).
        column: (batch, time, 1), 1 for real steps.
    """
    from keras import ops

    lowest = ops.min(x * column, axis=1, keepdims=True)
    return (x - lowest) * column + lowest


def choose(hp: keras_tuner.HyperParameters, name: str, operations: Mapping[str, Operation], x: Any) -> Any:
    """Applies one of several operations to `x`, the one that the hyperparameter `name` says.

    Every choice between operations goes through here, so that a network with shared weights can hold all of them. The
    hyperparameters that an operation asks for are conditional on its being chosen.

    Args:
        hp: Where the choice comes from.
        name: The hyperparameter's name; its values are the labels.
        operations: label -> operation, the default first. An operation takes `x` and returns a tensor, or None for nothing.
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
