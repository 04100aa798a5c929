"""The plan of activations, against hand counts and against where LiteRT's interpreter puts its tensors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas import tflite
from autonas.export import to_tflite
from autonas.memory import arena_bytes

L = keras.layers


def graph(sizes, steps):
    """Operators of (kind, numbers of the inputs, number of the output), on tensors of so many float numbers."""
    tensors = [tflite.Tensor((size,)) for size in sizes]
    return [
        tflite.Operator(kind, tuple(tensors[n] for n in takes), (tensors[makes],), takes=takes, makes=(makes,))
        for kind, takes, makes in steps
    ]


def chain(*sizes):
    return graph(sizes, [("RELU", (number,), number + 1) for number in range(len(sizes) - 1)])


def test_tensors_that_are_not_alive_together_share_their_place():
    assert arena_bytes(chain(16, 160, 16)) == 4 * (16 + 160 + 16)  # the input and the output are kept to the end
    # the output comes when one of the two places for the large ones is free again
    assert arena_bytes(chain(16, 160, 160, 160, 160, 16)) == 4 * (16 + 160 + 160)
    assert arena_bytes(chain(1, 1)) == 2 * 64


def test_a_sum_is_written_over_what_nothing_else_needs():
    steps = [("RELU", (0,), 1), ("CONV_2D", (1,), 2), ("ADD", (1, 2), 3)]
    assert arena_bytes(graph((16, 160, 160, 160, 16), [*steps, ("MEAN", (3,), 4)])) == 4 * (16 + 160 + 160)
    again = [*steps, ("CONV_2D", (2,), 5), ("ADD", (3, 5), 6), ("MEAN", (6,), 4)]
    more = graph((16, 160, 160, 160, 16, 160, 160), again)
    assert arena_bytes(more) == 4 * (16 + 3 * 160)  # tensor 2 is needed once more, so 3 has a place of its own


def test_a_gap_is_filled_by_what_fits_best():
    # 3 and 4 come when 1 is gone: both fit where 1 was, beside 2, which is needed to the end
    steps = [("RELU", (number,), number + 1) for number in range(4)] + [("CONCATENATION", (2, 4), 5)]
    assert arena_bytes(graph((16, 320, 480, 160, 160, 16), steps)) == 4 * (16 + 480 + 320)


def measured(content):
    """The span of the arena of the interpreter, by the addresses of the tensors in it."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    interpreter.allocate_tensors()
    numbers = {
        number
        for operator in tflite.read(content)
        for tensors, numbers in ((operator.inputs, operator.takes), (operator.outputs, operator.makes))
        for tensor, number in zip(tensors, numbers, strict=True)
        if tensor is not None and not tensor.constant
    }
    spans = []
    for number in numbers:
        view = interpreter.tensor(number)()
        start = view.__array_interface__["data"][0]
        spans.append((start, start + view.nbytes))
    groups = [[]]
    for start, end in sorted(spans):  # what has an open size lies elsewhere
        if groups[-1] and start - max(end for _, end in groups[-1]) > 4096:
            groups.append([])
        groups[-1].append((start, end))
    return max(max(end for _, end in group) - group[0][0] for group in groups)


def pointwise():
    x = inputs = keras.Input((16, 16, 8))
    for width in (32, 16, 48):
        x = L.Conv2D(width, 1, activation="relu")(x)
        x = L.Add()([x, L.DepthwiseConv2D(3, padding="same")(x)])
    return keras.Model(inputs, L.Dense(10)(L.GlobalAveragePooling2D()(x)))


def dense():
    inputs = keras.Input((300,))
    x = L.Dense(500, activation="relu")(inputs)
    return keras.Model(inputs, L.Dense(4)(L.Concatenate()([x, L.Dense(200)(x)])))


NETWORKS = [
    (pointwise, None),
    (pointwise, "int8"),
    (dense, None),
    pytest.param(
        lambda: keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None), None, marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize(("make", "quantize"), NETWORKS)
def test_the_plan_is_within_a_fifth_of_what_the_interpreter_takes(make, quantize):
    model = make()
    rows = np.random.default_rng(0).normal(size=(4, *model.input_shape[1:])).astype("float32")
    content = to_tflite(model, quantize, rows)
    assert arena_bytes(tflite.read(content)) == pytest.approx(measured(content), rel=0.2)
