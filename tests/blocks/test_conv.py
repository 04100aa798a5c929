import keras
import keras_tuner
import pytest

from autonas.blocks.conv import ConvBlock

BLOCK = ConvBlock(28, 10_000)


def build(**values):
    hp = keras_tuner.HyperParameters()
    hp.values = {"conv_width": 16, **values}
    inputs = keras.Input((28, 28, 1))
    return keras.Model(inputs, BLOCK.build(hp, inputs))


def layers(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_each_stage_is_as_deep_as_chosen(depth):
    assert len(layers(build(conv_depth=depth), keras.layers.Conv2D)) == 1 + BLOCK.stages * depth


@pytest.mark.parametrize(("growth", "last"), [(1.0, 16), (1.5, 36), (2.0, 64)])
def test_stages_grow_as_chosen(growth, last):
    assert build(conv_growth=growth).output_shape[-1] == last


@pytest.mark.parametrize(
    ("choice", "kind"), [("max", keras.layers.MaxPooling2D), ("average", keras.layers.AveragePooling2D)]
)
def test_the_chosen_pooling_stands_between_stages(choice, kind):
    assert len(layers(build(conv_pool=choice), kind)) == BLOCK.stages - 1


def test_the_stride_of_the_stem_is_the_chosen_one():
    assert build(conv_stride=2).output_shape[1:3] == (4, 4)
    assert build(conv_stride=1).output_shape[1:3] == (7, 7)


@pytest.mark.parametrize("values", [{"conv_kernel": 5}, {"conv_activation": "swish"}])
def test_kernel_and_activation_are_the_chosen_ones(values):
    model = build(**values)
    kernels = {layer.kernel_size for layer in layers(model, keras.layers.Conv2D)[1:]}
    activations = {layer.activation.__name__ for layer in layers(model, keras.layers.Activation)}
    assert kernels == {(values.get("conv_kernel", 3),) * 2}
    assert activations == {"silu" if "conv_activation" in values else "relu"}
