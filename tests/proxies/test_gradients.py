"""Proxies of gradients, beside finite differences of the same network written in NumPy."""

import keras
import numpy as np
import pytest

from autonas.proxies.gradients import Fisher, GradNorm, Grasp, Snip

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 4, 2)), np.eye(2)[[0, 1, 1, 0, 1, 0]]
KERNELS = [RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))]
BIASES = [RNG.normal(size=3), RNG.normal(size=2)]


@pytest.fixture(scope="module")
def model():
    """A convolution of one step, its mean over the steps, and a softmax."""
    inputs = keras.Input((4, 2))
    x = keras.layers.GlobalAveragePooling1D()(keras.layers.Conv1D(3, 1, activation="relu")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    model.set_weights([KERNELS[0][None], BIASES[0], KERNELS[1], BIASES[1]])
    return model


def forward(kernels):
    hidden = np.maximum(X @ kernels[0] + BIASES[0], 0)
    logits = hidden.mean(axis=1) @ kernels[1] + BIASES[1]
    return hidden, logits


def loss(kernels):
    _, logits = forward(kernels)
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - (logits * Y).sum(axis=1))


def differences(function, kernels, step=1e-5):
    """The derivatives of a function of the kernels, from both sides."""
    found = [np.zeros_like(kernel) for kernel in kernels]
    for number, kernel in enumerate(kernels):
        for place in np.ndindex(kernel.shape):
            moved = [[k.copy() for k in kernels] for _ in range(2)]
            moved[0][number][place] += step
            moved[1][number][place] -= step
            found[number][place] = (function(moved[0]) - function(moved[1])) / (2 * step)
    return found


def score(proxy, model):
    return proxy.score(model, X.astype("float32"), Y.astype("float32"), "categorical_crossentropy")


def test_grad_norm_is_the_sum_of_the_norms(model):
    expected = sum(np.linalg.norm(gradient) for gradient in differences(loss, KERNELS))
    assert score(GradNorm(), model) == pytest.approx(expected, rel=1e-4)


def test_snip_is_the_sum_of_weights_times_gradients(model):
    gradients = differences(loss, KERNELS)
    expected = sum(np.abs(w * g).sum() for w, g in zip(KERNELS, gradients, strict=True))
    assert score(Snip(), model) == pytest.approx(expected, rel=1e-4)


def test_grasp_is_weights_times_the_change_of_the_gradient_along_itself(model):
    gradients, step = differences(loss, KERNELS), 1e-3
    ahead, behind = (
        differences(loss, [w + sign * step * g for w, g in zip(KERNELS, gradients, strict=True)]) for sign in (1, -1)
    )
    turned = [(a - b) / (2 * step) for a, b in zip(ahead, behind, strict=True)]
    expected = -sum(np.sum(w * h) for w, h in zip(KERNELS, turned, strict=True))
    assert score(Grasp(), model) == pytest.approx(expected, rel=1e-3)


def test_fisher_is_half_the_mean_square_of_what_channels_do_to_the_loss(model):
    hidden, logits = forward(KERNELS)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    of_logits = (chances - Y) / len(X)
    of_hidden = np.repeat((of_logits @ KERNELS[1].T)[:, None] / hidden.shape[1], hidden.shape[1], axis=1)
    of_channels = [(hidden * of_hidden).sum(axis=1), logits * of_logits]
    expected = sum(np.square(channels).mean(axis=0).sum() / 2 for channels in of_channels)
    assert score(Fisher(), model) == pytest.approx(expected, rel=1e-4)


def test_fisher_is_the_same_before_a_relu_and_after_it(model):
    inputs = keras.Input((4, 2))
    x = keras.layers.Activation("relu")(keras.layers.Conv1D(3, 1)(inputs))
    apart = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling1D()(x)))
    apart.set_weights(model.get_weights())
    assert score(Fisher(), apart) == pytest.approx(score(Fisher(), model), rel=1e-5)
