import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from autonas.export import to_tflite
from autonas.flatbuffer import Flatbuffer
from autonas.signature import signed
from autonas.tflite import schema


def plain(model, *inputs):
    """A model as the converter writes it, without a signature."""
    function = tf.function(lambda *given: model(list(given))).get_concrete_function(*inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    converter.experimental_lower_to_saved_model = False
    return converter.convert()


@pytest.fixture(scope="module")
def content():
    one, two = keras.Input((4,)), keras.Input((3,))
    outputs = [keras.layers.Dense(5)(one), keras.layers.Dense(2, activation="relu")(two)]
    return plain(keras.Model([one, two], outputs), *(tf.TensorSpec((None, n), tf.float32) for n in (4, 3)))


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.parametrize("interpreter", [Interpreter, tf.lite.Interpreter])
def test_the_names_are_those_of_the_inputs_and_outputs_in_their_order(content, interpreter):
    """As two interpreters of others read it, one of which verifies the buffer first."""
    runner = interpreter(model_content=signed(content, ["four", "three"], ["five", "two"])).get_signature_runner(
        "serve"
    )
    rows = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    answers = runner(four=rows, three=rows[:, :3])
    assert {name: values.shape for name, values in answers.items()} == {"five": (2, 5), "two": (2, 2)}
    assert answers["two"].min() >= 0


def test_nothing_else_changes(content):
    """By the schema's own classes; weights stay aligned as they were, to at most 16 bytes."""
    named = signed(content, ["a", "b"], ["c", "d"])
    old, new = (schema().ModelT.InitFromPackedBuf(part) for part in (content, named))
    assert not old.signatureDefs
    (signature,) = new.signatureDefs
    assert [tensor.name for tensor in signature.inputs] == [b"a", b"b"]
    assert (new.version, new.description) == (old.version, old.description)
    assert [code.builtinCode for code in new.operatorCodes] == [code.builtinCode for code in old.operatorCodes]
    for one, other in zip(new.buffers, old.buffers, strict=True):
        np.testing.assert_array_equal(one.data, other.data)
    assert [each.name for each in new.metadata] == [each.name for each in old.metadata]
    places = [Flatbuffer(part).root.tables(4).targets(0) for part in (content, named)]
    assert ((places[1] - places[0])[places[0] > 0] % 16 == 0).all()
    assert (places[0] > 0).sum() >= 2


def test_a_converted_model_has_the_signature():
    model = keras.Sequential([keras.Input((4,), name="row"), keras.layers.Dense(2)])
    runner = Interpreter(model_content=to_tflite(model)).get_signature_runner("serve")
    assert list(runner.get_input_details()) == [model.inputs[0].name]
    assert list(runner.get_output_details()) == ["output_0"]
