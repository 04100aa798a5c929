"""Kernels: work counted by hand, and what LiteRT does not run at all."""

import keras
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
