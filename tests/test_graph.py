"""A reading agrees with counts by hand, with Keras and with TensorFlow's own profiler."""

from __future__ import annotations

import subprocess
import sys

import keras
import pytest

from autonas.errors import InputError
from autonas.graph import read
from autonas.quiet import quiet

L = keras.layers


def one(layer, *shapes):
    """The reading of a model of a single layer."""
    inputs = [keras.Input(shape) for shape in shapes]
    return read(keras.Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0])))


@pytest.mark.parametrize(
    ("layer", "shape", "flops"),
    [
        (L.Dense(5), (4,), 2 * 4 * 5 + 5),
        (L.Dense(5, use_bias=False), (3, 4), 3 * 2 * 4 * 5),
        (L.Dense(5, activation="relu"), (4,), 2 * 4 * 5 + 5 + 5),
        (L.Conv1D(4, 3), (8, 2), 6 * (2 * 3 * 2 * 4 + 4)),
        (L.Conv2D(4, 3), (8, 8, 2), 36 * (2 * 9 * 2 * 4 + 4)),
        (L.Conv2D(4, 3, padding="same", strides=2, use_bias=False), (8, 8, 2), 16 * 2 * 9 * 2 * 4),
        (L.Conv2D(4, 3, groups=2, use_bias=False), (8, 8, 2), 36 * 2 * 9 * 1 * 4),
        (L.Conv2D(4, 3, use_bias=False, data_format="channels_first"), (2, 8, 8), 36 * 2 * 9 * 2 * 4),
        (L.Conv3D(4, 2, use_bias=False), (3, 3, 3, 2), 8 * 2 * 8 * 2 * 4),
        (L.DepthwiseConv2D(3, use_bias=False), (8, 8, 2), 36 * 2 * 9 * 2),
        (L.DepthwiseConv2D(3, depth_multiplier=2), (8, 8, 2), 36 * (2 * 9 * 4 + 4)),
        (L.SeparableConv2D(4, 3, use_bias=False), (8, 8, 2), 36 * (2 * 9 * 2 + 2 * 2 * 4)),
        (L.Conv2DTranspose(4, 3, strides=2, use_bias=False), (8, 8, 2), 64 * 2 * 9 * 2 * 4),
        (L.LSTM(4, use_bias=False), (6, 3), 6 * 2 * (3 + 4) * 16 + 4 * 1),
        (L.BatchNormalization(), (8, 8, 2), 2 * 128),
        (L.Rescaling(2.0), (8, 8, 2), 2 * 128),
        (L.ReLU(), (8, 8, 2), 128),
        (L.Softmax(), (7,), 7),
        (L.MaxPooling2D(2), (8, 8, 2), 4 * 32),
        (L.AveragePooling2D((2, 4)), (8, 8, 2), 8 * 16),
        (L.GlobalAveragePooling2D(), (8, 8, 2), 128),
        (L.Resizing(4, 4), (8, 8, 2), 32),
        (L.UpSampling2D(2), (4, 4, 2), 128),
        (L.Flatten(), (8, 8, 2), 0),
        (L.Reshape((128,)), (8, 8, 2), 0),
        (L.ZeroPadding2D(1), (8, 8, 2), 0),
        (L.Embedding(10, 4), (6,), 0),
        (L.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), (6, 4), 6 * 2 * 4 * 5),
        (L.EinsumDense("...c,cde->...de", (5, 3)), (6, 4), 6 * 2 * 4 * 15),
        (L.EinsumDense("abc,bcd->abd", (6, 5)), (6, 4), 6 * 2 * 4 * 5),
        (L.TimeDistributed(L.Conv2D(4, 3, strides=2)), (3, 9, 9, 2), 3 * 16 * (2 * 9 * 2 * 4 + 4)),
        (L.TimeDistributed(L.MaxPooling2D(2)), (3, 8, 8, 2), 3 * 4 * 32),
        (L.SpectralNormalization(L.Conv2D(4, 3)), (8, 8, 2), 36 * (2 * 9 * 2 * 4 + 4)),
    ],
)
def test_flops_agree_with_a_count_by_hand(layer, shape, flops):
    assert one(layer, shape).flops == flops


@pytest.mark.parametrize(
    ("layer", "inputs", "flops"),
    [(L.Add(), 2, 128), (L.Add(), 3, 256), (L.Multiply(), 2, 128), (L.Concatenate(), 2, 0)],
)
def test_flops_of_merging_agree_with_a_count_by_hand(layer, inputs, flops):
    assert one(layer, *[(8, 8, 2)] * inputs).flops == flops


def test_a_known_network_has_its_published_multiply_adds():
    model = keras.applications.MobileNetV2(weights=None, input_shape=(224, 224, 3))
    assert read(model).flops / 2 == pytest.approx(300e6, rel=0.05)  # Sandler et al. 2018, table 4


def small_cnn():
    inputs = keras.Input((16, 16, 3))
    x = L.Conv2D(8, 3, padding="same", use_bias=False)(inputs)
    x = L.BatchNormalization()(x)
    x = L.ReLU()(x)
    x = L.SeparableConv2D(16, 3, padding="same")(x)
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(10, activation="softmax")(x))


def mobilenet():
    return keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), classes=10)


def resnet():
    return keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), classes=10)


def profiled(model):
    """FLOPs of matrix products and convolutions as TensorFlow's profiler counts them."""
    import tensorflow as tf

    function = tf.function(lambda x: model(x, training=False))
    with quiet():
        concrete = function.get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:])))
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        options["account_type_regexes"] = ["Conv2D", "DepthwiseConv2dNative", "MatMul"]
        return tf.compat.v1.profiler.profile(concrete.graph, cmd="scope", options=options).total_float_ops


@pytest.mark.parametrize("network", [small_cnn, mobilenet, resnet])
def test_kernels_agree_with_tensorflows_profiler(network):
    model = network()
    kinds = {"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense"}
    graph = read(model)
    biases = sum(
        sum(map(prod, o.output_shapes)) * biased(model.get_layer(o.name)) for o in graph.operations if o.kind in kinds
    )
    products = sum(o.flops for o in graph.operations if o.kind in kinds) - biases
    assert products == pytest.approx(profiled(model), rel=0.01)


def biased(layer):
    return layer.use_bias + (layer.activation is not keras.activations.linear)


def prod(shape):
    product = 1
    for size in shape:
        product *= size
    return product


@pytest.mark.parametrize("network", [small_cnn, mobilenet, resnet])
def test_parameters_agree_with_keras(network):
    model = network()
    assert read(model).parameters == model.count_params()
    assert read(model).kernel_parameters == sum(prod(w.shape) for w in model.weights if len(w.shape) > 1)


def test_a_shared_layer_counts_its_parameters_once_and_its_flops_each_time():
    x = inputs = keras.Input((4,))
    layer = L.Dense(4, use_bias=False)
    for _ in range(3):
        x = layer(x)
    graph = read(keras.Model(inputs, x))
    assert (graph.parameters, graph.kernel_parameters, graph.flops) == (16, 16, 3 * 32)


def test_operations_come_after_what_they_depend_on():
    for position, operation in enumerate(read(mobilenet()).operations):
        assert all(source < position for source in operation.inputs)


def test_inputs_point_at_the_operations_that_make_them():
    inputs = keras.Input((8, 8, 2))
    a = L.Conv2D(2, 1, name="a")(inputs)
    b = L.Conv2D(2, 1, name="b")(a)
    graph = read(keras.Model(inputs, keras.ops.add(a, b)))
    names = [o.name for o in graph.operations]
    assert [o.kind for o in graph.operations] == ["InputLayer", "Conv2D", "Conv2D", "Add"]
    assert [[names[s] for s in o.inputs] for o in graph.operations[1:]] == [[names[0]], ["a"], ["a", "b"]]
    assert graph.operations[-1].input_shapes == ((1, 8, 8, 2), (1, 8, 8, 2))
    assert graph.outputs == (3,)


def test_keras_ops_are_operations():
    inputs = keras.Input((8, 8, 2))
    x = keras.ops.mean(keras.ops.reshape(inputs * 0.5, (-1, 64, 2)), axis=1)
    graph = read(keras.Model(inputs, x))
    assert [o.kind for o in graph.operations] == ["InputLayer", "Multiply", "Reshape", "Mean"]
    assert graph.flops == 128 + 0 + 128


def test_an_operation_with_several_outputs_is_one():
    inputs = keras.Input((6,))
    a, b = keras.ops.split(inputs, 2, axis=1)
    graph = read(keras.Model(inputs, [a, b]))
    assert [o.kind for o in graph.operations] == ["InputLayer", "Split"]
    assert graph.operations[1].output_shapes == ((1, 3), (1, 3))
    assert graph.activation_bytes == 4 * (6 + 6)


def test_a_model_that_is_run_for_each_step_counts_for_each():
    frame = keras.Sequential([keras.Input((9, 9, 2)), L.Conv2D(4, 3, strides=2), L.Flatten(), L.Dense(5)])
    graph = one(L.TimeDistributed(frame), (3, 9, 9, 2))
    assert (graph.flops, graph.macs) == (3 * read(frame).flops, 3 * read(frame).macs)


def test_nested_models_are_taken_apart_at_each_call():
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, name="inner", use_bias=False)])
    middle_inputs = keras.Input((4,))
    middle = keras.Model(middle_inputs, inner(middle_inputs) + middle_inputs)
    inputs = keras.Input((4,), name="outer")
    graph = read(keras.Model(inputs, middle(middle(inputs))))
    assert [o.name for o in graph.operations if o.kind != "Add"] == ["outer", "inner", "inner"]
    assert [o.inputs for o in graph.operations] == [(), (0,), (1, 0), (2,), (3, 2)]
    assert graph.parameters == 16


@pytest.mark.parametrize("layer", [L.Dropout(0.5), L.SpatialDropout2D(0.5), L.RandomFlip(), L.GaussianNoise(0.1)])
def test_what_does_nothing_at_inference_is_left_out(layer):
    inputs = keras.Input((8, 8, 2))
    graph = read(keras.Model(inputs, L.ReLU()(layer(inputs))))
    assert [o.kind for o in graph.operations] == ["InputLayer", "ReLU"]
    assert graph.operations[1].inputs == (0,)


def test_a_random_crop_is_not_left_out_as_it_crops_at_inference():
    assert one(L.RandomCrop(4, 4), (8, 8, 2)).operations[-1].output_shapes == ((1, 4, 4, 2),)


def test_peak_memory_of_a_chain_is_its_largest_neighbours():
    inputs = keras.Input((10,))
    x = L.Dense(30)(inputs)
    x = L.Dense(50)(x)
    x = L.Dense(5)(x)
    assert read(keras.Model(inputs, x)).activation_bytes == 4 * (30 + 50)


def test_peak_memory_of_a_diamond_holds_the_shortcut_until_it_is_added():
    inputs = keras.Input((10,))
    x = L.Dense(20)(inputs)
    y = L.Dense(100)(x)
    y = L.Dense(90)(y)
    y = L.Dense(20)(y)
    y = L.Dense(2)(L.Add()([x, y]))
    assert read(keras.Model(inputs, y)).activation_bytes == 4 * (20 + 100 + 90)


def test_outputs_live_to_the_end():
    inputs = keras.Input((10,))
    first = L.Dense(40)(inputs)
    last = L.Dense(30)(L.Dense(20)(inputs))
    assert read(keras.Model(inputs, [first, last])).activation_bytes == 4 * (40 + 20 + 30)


def test_a_network_as_deep_as_keras_allows_is_read():
    x = inputs = keras.Input((2,))
    for _ in range(700):
        x = L.ReLU()(x)
    assert len(read(keras.Model(inputs, x)).operations) == 701


class Subclassed(keras.Model):
    def call(self, x):
        return x


@pytest.mark.parametrize("model", [keras.Sequential([L.Dense(3)]), Subclassed()])
def test_a_model_without_a_graph_is_refused(model):
    with pytest.raises(InputError, match="functional or a built sequential"):
        read(model)


def test_the_module_loads_neither_tensorflow_nor_keras():
    code = (
        "import sys, autonas.graph, autonas.export, autonas.quiet, autonas.devices, autonas.objectives.costs, "
        "autonas.testing.devices, autonas.testing.objectives\n"
        "assert not {'tensorflow', 'keras', 'ai_edge_litert', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("make", ["MobileNetV2", "EfficientNetB0"])
def test_macs_are_half_of_what_tensorflow_counts_for_kernels(make):
    import tensorflow as tf

    shape = (64, 64, 3)
    with quiet():
        model = getattr(keras.applications, make)(input_shape=shape, weights=None, classes=10)
        function = tf.function(lambda x: model(x, training=False)).get_concrete_function(tf.TensorSpec((1, *shape)))
        options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
        options["output"] = "none"
        profile = tf.compat.v1.profiler.profile(
            function.graph, options={**options, "account_type_regexes": ["Conv2D", "DepthwiseConv2dNative", "MatMul"]}
        )
    assert 2 * read(model).macs == profile.total_float_ops
