"""Flatbuffers, against the classes that are generated from LiteRT's schema."""

import numpy as np
import pytest

from autonas.flatbuffer import Flatbuffer
from autonas.tflite import Operator, Tensor, schema
from autonas.tflite_writer import write


@pytest.fixture(scope="module")
def content():
    x, row = Tensor((1, 5)), Tensor((7, 5), constant=True)
    plain = {"fusedActivationFunction": 1, "weightsFormat": 0, "keepNumDims": True, "asymmetricQuantizeInputs": False}
    dense = Operator("FULLY_CONNECTED", (x, row, None), (Tensor((1, 7)),), plain, "FullyConnectedOptions")
    add = Operator("ADD", (x, x), (x,), {"fusedActivationFunction": 0, "potScaleInt16": True}, "AddOptions")
    return write([dense, Operator("RELU", (x,), (x,)), add, dense])


def test_fields_are_those_of_the_schema(content):
    model = schema().ModelT.InitFromPackedBuf(content)
    tables = Flatbuffer(content).root
    assert tables.ints(0).tolist() == [model.version] == [3]
    graph = tables.tables(2).first
    assert graph.tables(0).vectors(0) == [tuple(tensor.shape) for tensor in model.subgraphs[0].tensors]
    assert graph.tables(0).octets(1).tolist() == [tensor.type for tensor in model.subgraphs[0].tensors]
    nodes = model.subgraphs[0].operators
    assert graph.tables(3).vectors(1) == [tuple(node.inputs) for node in nodes]
    assert -1 in nodes[0].inputs
    assert len(graph.tables(3)) == 4
    sizes = [0 if buffer.data is None else len(buffer.data) for buffer in model.buffers]
    assert tables.tables(4).lengths(0).tolist() == sizes
    np.testing.assert_array_equal(
        tables.tables(1).octets(0), [code.deprecatedBuiltinCode for code in model.operatorCodes]
    )


def test_fields_that_are_left_out_have_their_defaults(content):
    codes = Flatbuffer(content).root.tables(1)
    assert codes.ints(9, default=5).tolist() == [5, 5, 5]
    assert codes.targets(1).tolist() == [0, 0, 0]  # no operator has a name of its own
    assert codes.vectors(1) == [(), (), ()]


def test_tables_that_are_equal_are_equal_as_bytes(content):
    options = Flatbuffer(content).root.tables(2).first.tables(3).targeted(4).plain()
    assert options[0] == options[3] != options[2]


def test_the_first_numbers_of_inner_vectors_are_found():
    x, weights = Tensor((1, 5), "int8"), Tensor((7, 5), "int8", constant=True)
    dense = Operator("FULLY_CONNECTED", (x, weights, None), (Tensor((1, 7), "int8"),), {}, "FullyConnectedOptions")
    content = write([dense, Operator("RELU", (Tensor((1, 5)),), (Tensor((1, 5)),))])
    tensors = schema().ModelT.InitFromPackedBuf(content).subgraphs[0].tensors
    expected = [0.0 if tensor.quantization is None else tensor.quantization.scale[0] for tensor in tensors]
    assert 0.0 in expected
    assert Flatbuffer(content).root.tables(2).first.tables(0).inner_floats(4, 2).tolist() == expected
