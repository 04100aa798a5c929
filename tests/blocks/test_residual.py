import keras
import keras_tuner
import numpy as np
import pytest

from autonas.blocks.residual import ResidualBlock

BLOCK = ResidualBlock(28, 10_000)


def build(**values):
    hp = keras_tuner.HyperParameters()
    hp.values = {"residual_width": 16, **values}
    inputs = keras.Input((28, 28, 1))
    return keras.Model(inputs, BLOCK.build(hp, inputs))


def layers(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_each_stage_has_as_many_units_as_chosen(depth):
    assert len(layers(build(residual_depth=depth), keras.layers.Add)) == BLOCK.stages * depth


@pytest.mark.parametrize(("unit", "kernels"), [("basic", [3, 3]), ("bottleneck", [1, 3, 1])])
def test_the_branch_is_the_chosen_unit(unit, kernels):
    """The first unit keeps width and resolution, so it has a branch and no projection."""
    convolutions = layers(build(residual_unit=unit), keras.layers.Conv2D)
    assert [layer.kernel_size[0] for layer in convolutions[1 : 1 + len(kernels)]] == kernels


def test_a_unit_adds_its_branch_to_what_it_gets():
    """With branches of zeros, units that change no shape hand on what they got."""
    model = build(residual_depth=3, residual_growth=1.0)
    first, second, third = layers(model, keras.layers.Add)[:3]
    for layer in layers(model, keras.layers.Conv2D)[1:]:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    parts = keras.Model(model.inputs, [first.output, second.output, third.output])
    one, two, three = parts.predict(np.random.default_rng(0).random((2, 28, 28, 1)).astype("float32"), verbose=0)
    assert np.abs(one).max() > 0
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(two, three)


@pytest.mark.parametrize(("growth", "last"), [(1.0, 16), (1.5, 36), (2.0, 64)])
def test_stages_grow_as_chosen(growth, last):
    assert build(residual_growth=growth).output_shape[-1] == last
