"""Kernels: work counted by hand, and what LiteRT does not run at all."""

import keras
import numpy as np
import pytest

from autonas import kernels, tflite
from autonas.export import to_tflite
from autonas.tflite import Operator, Tensor


def amounts(operator):
    return dict(zip(kernels.FEATURES, (round(2**log - 1) for log in kernels.kernel(operator).work), strict=True))


def test_the_work_of_a_convolution_is_counted():
    inputs = (Tensor((1, 8, 8, 3)), Tensor((5, 3, 3, 3), constant=True), Tensor((5,), constant=True))
    conv = Operator("CONV_2D", inputs, (Tensor((1, 4, 4, 5)),), {"strideW": 2, "strideH": 2})
    assert kernels.kernel(conv).kind == "CONV_2D"
    assert amounts(conv) == {
        "multiplications": 4 * 4 * 5 * 3 * 3 * 3,
        "input": 8 * 8 * 3,
        "output": 4 * 4 * 5,
        "constant": 5 * 27 + 5,
        "taps": 9,
        "input_channels": 3,
        "output_channels": 5,
        "positions": 16,
        "stride": 4,
        "batch": 1,
        "clamped": 0,
    }


def test_the_work_of_dense_layers_and_products_is_counted():
    dense = Operator("FULLY_CONNECTED", (Tensor((2, 7)), Tensor((5, 7), constant=True), None), (Tensor((2, 5)),))
    product = Operator("BATCH_MATMUL", (Tensor((3, 4, 6)), Tensor((3, 6, 2))), (Tensor((3, 4, 2)),), {"adjX": False})
    assert amounts(dense)["multiplications"] == 2 * 7 * 5
    assert amounts(product)["multiplications"] == 3 * 4 * 6 * 2


@pytest.mark.parametrize(
    ("other", "kind"),
    [((1, 4, 8), "MUL"), ((), "MUL scalar"), ((8,), "MUL row"), ((1, 4, 1), "MUL broadcast")],
)
def test_ways_to_repeat_an_input_are_kinds_of_their_own(other, kind):
    x = Tensor((1, 4, 8))
    assert kernels.kernel(Operator("MUL", (x, Tensor(other)), (x,))).kind == kind


def test_an_activation_on_top_of_a_sum_is_a_kernel_more_and_part_of_a_convolution():
    x, weights = Tensor((1, 4, 4, 8)), Tensor((8, 1, 1, 8), constant=True)
    clamped = {"fusedActivationFunction": 1}
    assert amounts(Operator("ADD", (x, x), (x,), clamped))["clamped"] == 1
    assert amounts(Operator("ADD", (x, x), (x,), {"fusedActivationFunction": 0}))["clamped"] == 0
    assert amounts(Operator("CONV_2D", (x, weights), (x,), clamped))["clamped"] == 0


def test_xnnpack_gets_what_is_float32():
    x, whole = Tensor((1, 8)), Tensor((1, 8), "int32")
    assert kernels.delegated(Operator("ADD", (x, x), (x,)))
    assert not kernels.delegated(Operator("ADD", (whole, whole), (whole,)))
    assert not kernels.delegated(Operator("CUMSUM", (x,), (x,)))


def test_what_follows_from_shapes_alone_does_not_run():
    inputs = keras.Input((6, 4))
    operators = tflite.read(to_tflite(keras.Model(inputs, keras.layers.Flatten()(inputs))))
    assert {"SHAPE", "PACK"} <= {operator.kind for operator in operators}
    assert [operator.kind for operator in kernels.running(operators)] == ["RESHAPE"]


def test_each_use_of_constants_counts():
    dense = Operator("FULLY_CONNECTED", (Tensor((2, 7)), Tensor((5, 7), constant=True), None), (Tensor((2, 5)),))
    taken = Operator("GATHER", (Tensor((1000, 7), constant=True), Tensor((1, 2), "int32")), (Tensor((1, 2, 7)),))
    assert kernels.constant_bytes([dense, dense, taken]) == 2 * 4 * 35


def test_xnnpack_gets_int8_where_it_has_a_kernel_for_the_scales():
    x, exact = Tensor((1, 8), "int8"), Tensor((1, 8))
    assert kernels.delegated(Operator("ADD", (x, x), (x,)))
    assert not kernels.delegated(Operator("ADD", (x, x), (x,), apart=True))
    assert not kernels.delegated(Operator("SOFTMAX", (x,), (x,)))
    assert kernels.delegated(Operator("QUANTIZE", (exact,), (x,)))


def test_types_are_kinds_of_their_own():
    x, exact, numbers = Tensor((1, 8), "int8"), Tensor((1, 8)), Tensor((1, 8), "int32")
    operators = [
        Operator("ADD", (x, x), (x,)),
        Operator("ADD", (x, x), (x,), apart=True),
        Operator("QUANTIZE", (exact,), (x,)),
        Operator("QUANTIZE", (x,), (x,)),
        Operator("GATHER", (Tensor((4, 8), "int8", True), numbers), (x,)),
        Operator("GATHER", (Tensor((4, 8), "float32", True), numbers), (exact,)),
    ]
    kinds = [kernels.kernel(operator).kind for operator in operators]
    assert len(set(kinds)) == len(kinds)
    assert [kernels.dtype(kind) for kind in kinds] == ["int8", "int8", "float32", "int8", "int8", "float32"]


def convolutions():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
    x = keras.layers.AveragePooling2D(2)(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(x)))


def test_weights_in_float16_are_constants_by_the_time_a_model_runs():
    model = convolutions()
    exact, halved = (tflite.read(to_tflite(model, precision)) for precision in (None, "float16"))
    assert {"DEQUANTIZE"} < {operator.kind for operator in halved}
    found, expected = ([kernels.kernel(each) for each in kernels.running(program)] for program in (halved, exact))
    assert found == expected
    assert [kernel.constant_bytes for kernel in found] == [kernel.constant_bytes for kernel in expected]


def test_swish_in_int8_is_one_operator():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Activation("swish")(keras.layers.Conv2D(4, 3)(inputs))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3)(x))
    exact, quantised = (
        tflite.read(to_tflite(model, precision, np.ones((2, 8, 8, 3), "float32"))) for precision in (None, "int8")
    )
    around = ["CONV_2D", "LOGISTIC", "CONV_2D"]
    assert [each.kind for each in kernels.running(exact)] == ["CONV_2D", "LOGISTIC", "MUL", "CONV_2D"]
    assert [each.kind for each in quantised] == ["QUANTIZE", "CONV_2D", "LOGISTIC", "MUL", "CONV_2D", "DEQUANTIZE"]
    folded = kernels.folded(quantised)
    assert [each.kind for each in folded] == ["QUANTIZE", *around, "DEQUANTIZE"]
    assert folded.reads == ((), (0,), (1,), (2,), (3,))
