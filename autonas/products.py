"""Products of two tensors that are both computed: inside attention, and of operations such as `keras.ops.matmul`.

A layer's kernels say what it multiplies by. Of these products only the shapes that come in do.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from typing import Any

Shape = tuple[int, ...]

_ATTENTION = ("MultiHeadAttention", "GroupedQueryAttention", "Attention", "AdditiveAttention")
_CONTRACTIONS = ("Matmul", "Inner", "Dot", "Tensordot")


def operands(layer: Any, call: Any) -> list[Shape]:
    """The shapes that an operation is called with, of constants too, with a batch of one, in the order of its signature.

    Args:
        layer: A Keras layer or operation.
        call: Keras's record of the call, which has what was passed by name in the order of the alphabet.
    """
    import keras

    args, named = call.arguments.args, call.arguments.kwargs
    order = dict.fromkeys([*inspect.signature(layer.call).parameters, *named]) if named else {}
    given = keras.tree.flatten([args, [named[name] for name in order if name in named]])
    return [tuple(1 if size is None else int(size) for size in part.shape) for part in given if hasattr(part, "shape")]


def macs(layer: Any, shapes: Sequence[Shape], output: Shape) -> int:
    """How many pairs of a multiply and an add the products take, those with kernels not included.

    Args:
        layer: A Keras layer or operation.
        shapes: What it takes, as `operands` tells it.
        output: What it makes, with a batch of one.

    Example:

    >>> macs(keras.layers.MultiHeadAttention(4, 8), [(1, 64, 32), (1, 64, 32)], (1, 64, 32))
    262144
    """
    kind = type(layer).__name__
    if kind in _ATTENTION:
        scored, summed = _widths(layer, shapes)
        return _pairs(layer, shapes) * (scored + summed)
    if kind == "EinsumDense":
        return _indices(layer.equation, [shapes[0], layer.weights[0].shape])
    if len(shapes) < 2 or not all(shapes):
        return 0
    if kind == "Einsum":
        return (len(shapes) - 1) * _indices(layer.subscripts, shapes)
    return math.prod(output) * _contracted(layer, shapes[0]) if kind in _CONTRACTIONS else 0


def flops_beside(layer: Any, shapes: Sequence[Shape]) -> int:
    """What attention takes beside products, its last bias not included: a softmax, and biases of what is projected."""
    if type(layer).__name__ not in _ATTENTION:
        return 0
    biases = [weight for weight in layer.weights if weight.name == "bias" and _side(weight) != "attention_output"]
    added = sum(math.prod(weight.shape) * math.prod(source(weight, shapes)[1:-1]) for weight in biases)
    return _heads(layer) * _pairs(layer, shapes, heads=1) + added


def source(weight: Any, shapes: Sequence[Shape]) -> Shape:
    """The input that a weight of a layer is for: keys and values of attention are projected from the second one."""
    second = _side(weight) in ("key", "value") and len(shapes) > 1
    return shapes[1] if second else shapes[0]


def _side(weight: Any) -> str:
    """The part of its layer that a weight belongs to."""
    return str(getattr(weight, "path", "")).rpartition("/")[0].rpartition("/")[2]


def _pairs(layer: Any, shapes: Sequence[Shape], heads: int | None = None) -> int:
    """How many scores there are: of each query for each key, in each head."""
    queries, keys = shapes[0], shapes[min(1, len(shapes) - 1)]
    axes = layer.get_config().get("attention_axes") or range(1, len(queries) - 1)
    axes = [axes] if isinstance(axes, int) else [axis % len(queries) for axis in axes]
    return (heads or _heads(layer)) * math.prod(queries[1:-1]) * math.prod(keys[axis] for axis in axes)


def _heads(layer: Any) -> int:
    config = layer.get_config()
    return int(config.get("num_heads") or config.get("num_query_heads") or 1)


def _widths(layer: Any, shapes: Sequence[Shape]) -> tuple[int, int]:
    """How many numbers are multiplied for a score, and how many a score is multiplied with."""
    config, kind = layer.get_config(), type(layer).__name__
    if kind == "MultiHeadAttention":
        return config["key_dim"], config["value_dim"] or config["key_dim"]
    if kind == "GroupedQueryAttention":
        return config["head_dim"], config["head_dim"]
    scored = shapes[0][-1] if kind == "Attention" or config["use_scale"] else 0
    return scored, shapes[min(1, len(shapes) - 1)][-1]


def _contracted(layer: Any, shape: Shape) -> int:
    """How many numbers each output is the sum of, by the first operand; only the layer `Dot` and `tensordot` have axes."""
    axes = getattr(layer, "axes", -1)
    if type(layer).__name__ == "Tensordot" and isinstance(axes, int):
        return math.prod(shape[len(shape) - axes :])
    axes = axes if isinstance(axes, int) else axes[0]
    return math.prod(shape[axis] for axis in ([axes] if isinstance(axes, int) else axes))


def _indices(subscripts: str, shapes: Sequence[Shape]) -> int:
    """The product of the sizes of all indices of an einsum; of more than two operands each further one takes as many again."""
    sizes: dict[str, int] = {}
    for letters, shape in zip(subscripts.replace(" ", "").split("->")[0].split(","), shapes, strict=False):
        before, dots, after = letters.partition("...")
        end = len(shape) - len(after)
        known = [*zip(before, shape, strict=False), *zip(after, shape[end:], strict=False)]
        known += [(f"...{end - place}", shape[place]) for place in range(len(before), end) if dots]
        for name, size in known:
            sizes[name] = max(size, sizes.get(name, 1))
    return math.prod(sizes.values())
