"""Every kind of input has a space that is searched by default."""

import keras_tuner
import pytest

from autonas import default_spaces, inputs
from autonas.errors import InputError
from autonas.inputs.image import ImageInput


def test_every_input_has_one():
    assert set(default_spaces.SPACES) == set(inputs.INPUTS)


def test_an_input_of_ones_own_needs_a_block():
    class Own(ImageInput):
        pass

    with pytest.raises(InputError, match="block"):
        default_spaces.default(Own(), 100)


def test_several_inputs_have_hyperparameters_of_their_own(digits):
    import keras

    both = inputs.get({"front": "image", "back": "image"})
    both.fit(both.check({"front": digits[0], "back": digits[0]}))
    hp = keras_tuner.HyperParameters()
    tensors = {name: keras.Input(shape, name=name) for name, shape in both.shape.items()}
    default_spaces.default(both, 300).build(hp, tensors)
    assert {name.split("/")[0] for name in hp.values} == {"front", "back"}
