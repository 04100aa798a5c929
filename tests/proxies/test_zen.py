"""The Zen score, beside the same network written in NumPy."""

import keras
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.proxies.zen import Zen


def model():
    inputs = keras.Input((5, 5, 2))
    x = keras.layers.Conv2D(4, 1)(inputs)
    x = keras.layers.Activation("relu")(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalMaxPooling2D()(x)))


def test_zen_is_the_distance_of_near_images_and_what_normalisation_divided_by():
    rng, expected = np.random.default_rng(0), []
    for _ in range(2):
        kernel = rng.standard_normal((1, 1, 2, 4))[0, 0]
        rng.standard_normal((4, 3))  # of the last layer, which the map of features comes before
        images = rng.standard_normal((6, 5, 5, 2))
        moved = images + 0.1 * rng.standard_normal(images.shape)
        maps, variances = [], []
        for x in (images, moved):
            x = x @ kernel
            variances.append(x.var(axis=(0, 1, 2)))
            x = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(variances[-1] + 1e-3)
            maps.append(np.maximum(x, 0).reshape(6, -1))
        distance = np.linalg.norm(maps[0] - maps[1], axis=1).mean()
        expected.append(np.log(distance) + np.log(np.sqrt(variances[0].mean())))
    network = model()
    score = Zen(repeats=2, distance=0.1).score(network, np.zeros((6, 5, 5, 2), "float32"), None, None)
    assert score == pytest.approx(np.mean(expected), rel=1e-4)


@pytest.mark.parametrize("settings", [{"repeats": 0}, {"repeats": True}, {"distance": 0.0}, {"distance": "far"}])
def test_settings_are_checked(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        Zen(**settings)
