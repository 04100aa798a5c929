import random

import keras
import keras_tuner
import numpy as np
import pytest

from autonas.blocks.augmentation import AugmentationBlock

CHANGES = ["shift", "shift_flip", "affine"]


def build(choice, then=lambda x: x):
    hp = keras_tuner.HyperParameters()
    hp.values = {"augmentation": choice}
    inputs = keras.Input((16, 16, 1))
    return keras.Model(inputs, then(AugmentationBlock().build(hp, inputs)))


def copies(count=8):
    image = np.random.default_rng(0).random((1, 16, 16, 1)).astype("float32")
    return np.repeat(image, count, axis=0)


@pytest.mark.parametrize("choice", CHANGES)
def test_each_image_is_changed_on_its_own_and_in_training_only(choice):
    model = build(choice)
    np.testing.assert_array_equal(model.predict(copies(), verbose=0), copies())
    changed = np.asarray(model(copies(), training=True))
    assert len({image.tobytes() for image in changed}) > 4


def test_nothing_is_added_unless_it_is_chosen():
    hp = keras_tuner.HyperParameters()
    inputs = keras.Input((16, 16, 1))
    assert AugmentationBlock().build(hp, inputs) is inputs
    assert hp.values == {"augmentation": "none"}


@pytest.mark.parametrize("choice", CHANGES)
def test_only_one_choice_mirrors(choice):
    flips = [layer for layer in build(choice).layers if isinstance(layer, keras.layers.RandomFlip)]
    assert len(flips) == (choice == "shift_flip")


@pytest.mark.parametrize("choice", CHANGES)
def test_training_with_it_repeats_for_a_seed(choice):
    def trained(seed):
        random.seed(seed)
        model = build(choice, lambda x: keras.layers.Dense(1)(keras.layers.Flatten()(x)))
        model.compile("sgd", "mse", jit_compile=False)
        model.fit(copies(), np.arange(8.0), batch_size=4, shuffle=False, verbose=0)
        return model.layers[-1].get_weights()[0]

    state = random.getstate()
    first, again, other = trained(3), trained(3), trained(4)
    random.setstate(state)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_affine_changes_stay_small():
    """The image of the middle of a white square is still white: what an image shows is not lost."""
    x = np.zeros((64, 16, 16, 1), "float32")
    x[:, 3:13, 3:13] = 1.0
    changed = np.asarray(build("affine")(x, training=True))
    assert changed[:, 7:9, 7:9].min() > 0.99
    assert changed.max() <= 1.0 + 1e-6
