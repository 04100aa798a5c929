"""The reading of a .tflite, against LiteRT's interpreter."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from autonas import tflite
from autonas.export import to_tflite, with_files

L = keras.layers
ROWS = np.random.default_rng(0).normal(size=(8, 8, 8, 2)).astype("float32")


def model():
    inputs = keras.Input((8, 8, 2))
    x = L.Conv2D(4, 3, activation="relu")(inputs)
    return keras.Model(inputs, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("quantize", [None, "full_int8"])
def test_tensors_and_operations_are_those_that_the_interpreter_sees(quantize):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    content = to_tflite(model(), quantize, ROWS)
    read = tflite.read(with_files(content, {"labels.txt": "a\nb"}))
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    seen = {details["index"]: details for details in interpreter.get_tensor_details()}
    nodes = interpreter._get_ops_details()
    assert [operator.kind for operator in read] == [node["op_name"] for node in nodes]
    for operator, node in zip(read, nodes, strict=True):
        for tensors, numbers in ((operator.inputs, node["inputs"]), (operator.outputs, node["outputs"])):
            for tensor, number in zip(tensors, numbers, strict=True):
                if number < 0:  # an input that is left out
                    assert tensor is None
                    continue
                assert tensor.shape == tuple(seen[number]["shape"])
                assert tensor.dtype == np.dtype(seen[number]["dtype"]).name
                assert tensor.bytes == np.prod(tensor.shape) * np.dtype(seen[number]["dtype"]).itemsize
    assert sum(len(operator.constants) for operator in read) >= 4


def test_float_operations_are_named():
    inputs = keras.Input((8,))
    sine = keras.Model(inputs, keras.ops.sin(L.Dense(8)(inputs)))
    rows = np.random.default_rng(0).normal(size=(20, 8)).astype("float32")
    assert tflite.float_operations(tflite.read(to_tflite(sine, "int8", rows))) == ("SIN",)
    assert tflite.float_operations(tflite.read(to_tflite(model(), "int8", ROWS))) == ()
