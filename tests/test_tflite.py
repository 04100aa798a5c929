"""Reading and writing LiteRT's format: against Keras's own shapes, and by running what was written in LiteRT."""

import dataclasses

import keras
import numpy as np
import pytest

from autonas import tflite, tflite_writer, timing
from autonas.errors import InputError
from autonas.export import to_tflite, with_files
from autonas.tflite import Operator, Tensor

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


@pytest.fixture(scope="module")
def content():
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, (3, 5), strides=2, padding="same", activation="relu")(inputs)
    x = keras.layers.DepthwiseConv2D(3)(x)
    x = keras.layers.Flatten()(x)
    return to_tflite(keras.Model(inputs, keras.layers.Dense(4, use_bias=False)(x)))


def test_operators_have_their_shapes_and_options(content):
    read = [operator for operator in tflite.read(content) if operator.kind not in ("SHAPE", "STRIDED_SLICE", "PACK")]
    conv, depthwise, reshape, dense = read
    assert [operator.kind for operator in read] == ["CONV_2D", "DEPTHWISE_CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert conv.activations == [Tensor((1, 16, 16, 3))]
    assert conv.constants[0] == Tensor((8, 3, 5, 3), constant=True)
    assert conv.outputs == (Tensor((1, 8, 8, 8)),)
    assert (conv.options["strideW"], conv.options["strideH"]) == (2, 2)
    assert depthwise.outputs[0].shape == (1, 6, 6, 8)
    assert reshape.inputs[1].values == (1, 288)  # computed from the batch in the file
    assert dense.inputs[2] is None


def test_an_operator_knows_where_its_inputs_come_from(content):
    program = tflite.read(content)
    kinds, (reshape,) = [operator.kind for operator in program], program.reads[-1]
    assert (kinds[-1], kinds[reshape]) == ("FULLY_CONNECTED", "RESHAPE")
    assert [kinds[source] for source in program.reads[reshape]] == ["DEPTHWISE_CONV_2D"]


def test_the_steps_of_a_sequence_are_in_the_shapes():
    inputs = keras.Input((6, 4))
    x = keras.layers.MultiHeadAttention(2, 3)(inputs, inputs)
    sizes = {operator.kind: operator for operator in tflite.read(to_tflite(keras.Model(inputs, x)))}
    assert sizes["SOFTMAX"].outputs[0].size == 2 * 6 * 6
    assert sizes["FULLY_CONNECTED"].outputs[0].size % 6 == 0


def shapes_in_litert(content):
    """Of all outputs of operators, once the model has run there."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    interpreter.invoke()
    seen = {details["index"]: tuple(details["shape"]) for details in interpreter.get_tensor_details()}
    return [[seen[number] for number in makes] for makes in tflite.read(content).makes]


def test_shapes_are_those_that_tensors_have_when_the_model_has_run():
    x = inputs = keras.Input((6, 4))
    for _ in range(2):  # a dense layer of steps makes one dimension of them and of the batch, by a computed shape
        x = L.Dense(5, activation="relu")(x)
    content = to_tflite(keras.Model(inputs, L.GRU(3, unroll=True)(x)))
    found = [[tensor.shape for tensor in operator.outputs] for operator in tflite.read(content)]
    assert found == shapes_in_litert(content)
    assert {shape for shapes in found for shape in shapes} >= {(6, 5), (1, 6, 5), (1, 3)}


def test_shapes_that_the_file_is_right_about_are_not_asked_for(monkeypatch):
    """LiteRT would be asked about each tensor of a recurrent network, which has thousands."""
    inputs = keras.Input((9, 4))
    content = to_tflite(keras.Model(inputs, L.LSTM(3, unroll=True, return_sequences=True)(inputs)))
    monkeypatch.setattr(tflite, "Allocation", None)
    found = [[tensor.shape for tensor in operator.outputs] for operator in tflite.read(content)]
    assert found == shapes_in_litert(content)


def test_steps_that_a_dilated_convolution_moves_to_the_batch_are_known_without_asking(monkeypatch):
    x = inputs = keras.Input((20, 4))
    for dilation in (1, 2, 4):
        x = L.Conv1D(6, 3, padding="causal", dilation_rate=dilation)(x)
    x = L.Conv2D(3, 3, padding="same", dilation_rate=3)(L.Reshape((20, 6, 1))(x))
    content = to_tflite(keras.Model(inputs, L.GlobalMaxPooling2D()(x)))
    monkeypatch.setattr(tflite, "Allocation", None)
    found = [[tensor.shape for tensor in operator.outputs] for operator in tflite.read(content)]
    assert found == shapes_in_litert(content)
    assert {shapes[0][0] for shapes in found if shapes[0]} >= {1, 2, 4, 9}


def test_steps_that_are_alike_are_one_operator():
    inputs = keras.Input((9, 4))
    program = tflite.read(to_tflite(keras.Model(inputs, L.SimpleRNN(3, unroll=True)(inputs))))
    steps = [operator for operator in program if operator.kind == "TANH"]
    assert len(steps) == 9
    assert all(step is steps[0] for step in steps)


def test_a_file_with_others_appended_is_read(content):
    assert tflite.read(content + b"PK and so on") == tflite.read(content)


def test_what_is_no_model_is_refused():
    with pytest.raises(InputError, match="LiteRT's format"):
        tflite.read(b"something else")


def test_what_was_read_can_be_written_and_runs(content):
    for operator in tflite.read(content)[-2:]:
        written = tflite_writer.write([operator] * 3)
        again = tflite.read(written)
        assert [(each.kind, each.inputs, each.outputs, each.options) for each in again] == [
            (operator.kind, operator.inputs, operator.outputs, operator.options)
        ] * 3
        timing.inference(written)()


def test_a_program_is_written_with_what_each_takes_from_which():
    x = inputs = keras.Input((6, 4))
    x = L.Add()([x, L.Dense(4, activation="relu")(x)])
    program = tflite.read(to_tflite(keras.Model(inputs, L.GRU(3, unroll=True)(x))))
    again = tflite.read(tflite_writer.write(program))
    assert again.operators == program.operators
    assert [sorted(each) for each in again.reads] == [sorted(each) for each in program.reads]


def test_what_is_written_computes():
    from ai_edge_litert.interpreter import Interpreter

    x, twice = Tensor((1, 3)), Tensor((2,), "int32", True, (1, 1))
    plain = {"fusedActivationFunction": 0, "potScaleInt16": True}
    add = Operator("ADD", (x, x), (x,), plain, "AddOptions")
    pad = Operator(
        "PAD", (x, Tensor((2, 2), "int32", True, (0, 0, *twice.values))), (Tensor((1, 5)),), {}, "PadOptions"
    )
    interpreter = Interpreter(model_content=tflite_writer.write([add, pad]))
    interpreter.allocate_tensors()
    given = [np.array([[1.0, 2.0, 3.0]], "float32"), np.array([[10.0, 20.0, 30.0]], "float32")]
    for details, values in zip(interpreter.get_input_details(), given, strict=True):
        interpreter.set_tensor(details["index"], values)
    interpreter.invoke()
    added, padded = (interpreter.get_tensor(details["index"]) for details in interpreter.get_output_details())
    np.testing.assert_array_equal(added, [[11, 22, 33]])
    np.testing.assert_array_equal(padded, [[0, 1, 2, 3, 0]])


def int8_operators():
    x, y = Tensor((1, 6, 6, 8), "int8"), Tensor((1, 6, 6, 4), "int8")
    plain = {"padding": 0, "strideW": 1, "strideH": 1, "fusedActivationFunction": 1}
    plain |= {"dilationWFactor": 1, "dilationHFactor": 1}
    inputs = (x, Tensor((4, 3, 3, 8), "int8", True), Tensor((4,), "int32", True))
    conv = Operator("CONV_2D", inputs, (y,), plain, "Conv2DOptions", 3)
    inputs = (x, Tensor((1, 3, 3, 8), "int8", True), Tensor((8,), "int32", True))
    depthwise = Operator("DEPTHWISE_CONV_2D", inputs, (x,), plain | {"depthMultiplier": 1}, "DepthwiseConv2DOptions", 3)
    inputs = (Tensor((1, 8), "int8"), Tensor((4, 8), "int8", True), None)
    plain = {"fusedActivationFunction": 0, "weightsFormat": 0, "keepNumDims": False, "asymmetricQuantizeInputs": False}
    dense = Operator("FULLY_CONNECTED", inputs, (Tensor((1, 4), "int8"),), plain, "FullyConnectedOptions", 4)
    add = Operator("ADD", (x, x), (x,), {"fusedActivationFunction": 0, "potScaleInt16": True}, "AddOptions", 2)
    return [conv, depthwise, dense, add, Operator("LOGISTIC", (x,), (x,), version=2)]


@pytest.mark.parametrize("operator", int8_operators(), ids=lambda operator: operator.kind)
def test_operators_of_int8_run_xnnpacks_kernels(operator):
    from ai_edge_litert.interpreter import Interpreter

    content = tflite_writer.write([operator])
    again = tflite.read(content)[0]
    assert (again.kind, again.inputs, again.outputs) == (operator.kind, operator.inputs, operator.outputs)
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    interpreter.invoke()
    assert "DELEGATE" in [details["op_name"] for details in interpreter._get_ops_details()]


def test_weights_of_int8_have_a_scale_for_each_channel():
    from ai_edge_litert.interpreter import Interpreter

    conv, depthwise, *_ = int8_operators()
    details = Interpreter(model_content=tflite_writer.write([conv, depthwise])).get_tensor_details()
    scales = {tuple(each["shape"]): each["quantization_parameters"] for each in details}
    assert (len(scales[4, 3, 3, 8]["scales"]), scales[4, 3, 3, 8]["quantized_dimension"]) == (4, 0)
    assert (len(scales[1, 3, 3, 8]["scales"]), scales[1, 3, 3, 8]["quantized_dimension"]) == (8, 3)
    assert len(scales[4,]["scales"]) == 4
    np.testing.assert_allclose(scales[4,]["scales"], scales[4, 3, 3, 8]["scales"][0] * scales[1, 6, 6, 8]["scales"][0])


def test_a_program_of_int8_is_written_as_it_was_read():
    program = tflite.read(to_tflite(model(), "int8", ROWS))
    assert {tensor.values for operator in program for tensor in operator.constants if tensor.dtype == "int8"} == {None}
    biases = [operator.inputs[2] for operator in program if operator.kind in ("CONV_2D", "FULLY_CONNECTED")]
    assert {(bias.dtype, bias.values) for bias in biases if bias is not None} == {("int32", None)}
    written = tflite_writer.write(program)
    assert tflite.read(written).operators == program.operators
    timing.inference(written)()


def test_scales_that_are_too_far_from_each_other_for_xnnpack_are_seen():
    from ai_edge_litert.interpreter import Interpreter

    *_, add, _ = int8_operators()
    for operator in (add, dataclasses.replace(add, apart=True)):
        content = tflite_writer.write([operator])
        assert tflite.read(content).operators == (operator,)
        interpreter = Interpreter(model_content=content)
        interpreter.allocate_tensors()
        handed = "DELEGATE" in [details["op_name"] for details in interpreter._get_ops_details()]
        assert handed == (not operator.apart)
