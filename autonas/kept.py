"""What layers keep inside while they are trained: numbers for their gradients beside their inputs and results.

How Keras computes a layer on TensorFlow decides this, so the counts are of that, and checked against measured memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Shape = tuple[int, ...]

_STEP = {"GRU": 14, "LSTM": 10}  # numbers for each unit and step: gates, their parts, products, states
_TRACED = {"GRU": 2_300_000, "LSTM": 800_000}  # bytes of the traced operations of a step that is unrolled, about
_SCORES, _PROJECTED = 6, 4  # of attention, copies of the scores with their gradients, and of what is projected
_SHARES = {
    "BatchNormalization": 1,
    "LayerNormalization": 1,
    "Dropout": 2,
}  # as many as results: what is centred; what is drawn


def elements(layer: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """How many numbers a layer keeps for one example, beside its inputs and outputs.

    Args:
        layer: A Keras layer or operation.
        inputs: The shapes that it takes, with a batch of one.
        outputs: Those that it makes.

    Example:

    >>> elements(keras.layers.LSTM(32), [(1, 20, 8)], [(1, 32)])
    6400
    """
    kind = type(layer).__name__
    if kind in _SHARES:
        return _SHARES[kind] * math.prod(outputs[0])
    if kind == "MultiHeadAttention":
        queries, keys = inputs[0][1:-1], inputs[min(1, len(inputs) - 1)][1:-1]
        scores = layer.num_heads * math.prod(queries) * math.prod(keys)
        return _SCORES * scores + _PROJECTED * math.prod(outputs[0])
    return sum(_STEP[type(each).__name__] * each.units * inputs[0][1] for each in _recurrent(layer))


def traced_bytes(layer: Any, inputs: Sequence[Shape]) -> int:
    """Memory of the operations that a layer is traced to, where these are many: a recurrent layer with its steps unrolled."""
    return sum(_TRACED[type(each).__name__] * inputs[0][1] for each in _recurrent(layer) if each.unroll)


def _recurrent(layer: Any) -> list[Any]:
    """The recurrent layers that a layer is, or is made of."""
    if type(layer).__name__ == "Bidirectional":
        return [*_recurrent(layer.forward_layer), *_recurrent(layer.backward_layer)]
    return [layer] if type(layer).__name__ in _STEP else []
