"""Every kind of input has a space that is searched by default."""

import keras
import keras_tuner
import numpy as np
import pytest

import autonas
from autonas import default_spaces, inputs
from autonas.blocks import BLOCKS, OneOf
from autonas.errors import InputError
from autonas.export import to_tflite
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput
from autonas.space import SearchSpace, seeded
from autonas.values import sample

# https://coral.ai/docs/edgetpu/models-intro, "Supported operations", by LiteRT's names
EDGE_TPU = """ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D EXPAND_DIMS FULLY_CONNECTED L2_NORMALIZATION LOGISTIC
LSTM MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL PACK PAD PRELU QUANTIZE REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_N1_TO_1 RESHAPE
RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT SQUEEZE STRIDED_SLICE SUB SUM
SQUARED_DIFFERENCE TANH TRANSPOSE TRANSPOSE_CONV"""
NEEDS_FLOAT = ("LayerNormalization", "MultiHeadAttention", "GRU", "LSTM", "Bidirectional", "EinsumDense", "Sin", "Cos")


def test_every_input_has_one():
    assert set(default_spaces.SPACES) == set(inputs.INPUTS)


def test_an_input_of_ones_own_needs_a_block():
    class Own(ImageInput):
        pass

    with pytest.raises(InputError, match="block"):
        default_spaces.default(Own(), 100)


def test_several_inputs_have_hyperparameters_of_their_own(digits):

    both = inputs.get({"front": "image", "back": "image"})
    both.fit(both.check({"front": digits[0], "back": digits[0]}))
    hp = keras_tuner.HyperParameters()
    tensors = {name: keras.Input(shape, name=name) for name, shape in both.shape.items()}
    default_spaces.default(both, 300).build(hp, tensors)
    assert {name.split("/")[0] for name in hp.values} == {"front", "back"}


def space_of(input, x, operations="int8", y=None):
    head = ClassificationHead()
    head.fit(head.check(np.arange(len(x)) % 3 if y is None else y))
    input.fit(input.check(x))
    return SearchSpace(default_spaces.default(input, 500), head, input.shape, operations=operations)


@pytest.fixture(scope="module")
def int8_images():
    return space_of(ImageInput(), np.random.default_rng(0).integers(0, 255, (30, 20, 20, 3), dtype="uint8"))


def drawn(space, number, **fixed):
    rng = np.random.default_rng(number)
    with seeded(number):
        return space.candidate(space.complete({**sample(space.hyperparameters, rng), **fixed})).core()


def layers(model):
    for layer in model.operations:
        yield layer
        yield from layers(layer) if hasattr(layer, "operations") else ()


TEXTS = ["a good film", "a bad film", "not so good", "bad", "good", "so bad"] * 5
TABLE = {"age": np.arange(30.0), "city": np.array(["Rome", "Oslo", "Bonn"] * 10)}
EVENTS = {"id": np.repeat(np.arange(30), 4), "t": np.tile(np.arange(4), 30), "v": np.arange(120.0) % 7}


@pytest.mark.parametrize(
    ("make", "x", "y"),
    [
        (ImageInput, np.random.default_rng(0).integers(0, 255, (30, 20, 20, 3), dtype="uint8"), None),
        (TextInput, TEXTS, None),
        (TableInput, TABLE, np.arange(30) % 3),
        (lambda: SequenceInput("id", "t"), EVENTS, np.arange(30) % 3),
    ],
    ids=["image", "text", "table", "sequence"],
)
def test_int8_leaves_out_what_has_no_kernel(make, x, y):
    space = space_of(make(), x, "int8", y)
    for point in space.starting_points():
        assert space.complete(point) == point
    for number in range(8):
        for layer in layers(drawn(space, number)):
            assert not type(layer).__name__.startswith(NEEDS_FLOAT)
            assert getattr(getattr(layer, "activation", None), "__name__", "") not in ("silu", "gelu")


def test_int8_keeps_every_family_of_networks_for_images(int8_images):
    values = {hp.name: list(getattr(hp, "values", ())) for hp in int8_images.hyperparameters.space}
    assert values["family"] == ["residual", "conv", "mbconv", "cell"]
    assert values["mbconv_activation"] == ["relu6"]
    assert values["mbconv_attention"] == ["none"]
    assert values["conv_activation"] == values["residual_activation"] == ["relu"]


def test_a_plain_keras_tuner_sees_the_same_choices(int8_images):
    hp = keras_tuner.HyperParameters()
    int8_images.build(hp)
    seen = {each.name: getattr(each, "values", None) for each in hp.space}
    assert seen["conv_activation"] == ["relu"]
    assert hp.values["residual_activation"] == "relu"


def check_kernels(core):
    """That a network converts to int8 alone, and to operations that the Edge TPU has."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    rows = np.random.default_rng(0).normal(size=(4, *core.input_shape[1:])).astype("float32")
    interpreter = Interpreter(
        model_content=to_tflite(core, "full_int8", rows),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    assert {details["dtype"] for details in interpreter.get_tensor_details()} <= {np.int8, np.int32}
    assert {details["op_name"] for details in interpreter._get_ops_details()} <= set(EDGE_TPU.split())


@pytest.mark.parametrize("family", ["residual", "conv", "mbconv", "cell"])
def test_networks_for_images_convert_to_int8_kernels_alone(int8_images, family):
    check_kernels(drawn(int8_images, 1, family=family))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(40))
def test_any_network_for_images_converts_to_int8_kernels_alone(int8_images, number):
    check_kernels(drawn(int8_images, number))


def test_a_space_without_an_int8_network_is_refused():
    head = ClassificationHead()
    head.fit(head.check([0, 1] * 2))
    block = OneOf("family", {"recurrent": BLOCKS["sequence_recurrent"](8, 30)})
    with pytest.raises(InputError, match="int8"):
        SearchSpace(block, head, {"steps": (8, 2), "mask": (8,)}, operations="int8")
    with pytest.raises(InputError, match="operations"):
        autonas.ImageClassifier(operations="int4")
