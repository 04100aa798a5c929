"""Fixed convolutions: the same as by hand, deterministic, blind to padding, and enough for a linear model."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from autonas.blocks.kernels import KERNELS, KernelBlock, _dilations
from autonas.blocks.sequence import SequenceBlock
from autonas.errors import InputError, NotFittedError
from autonas.export import to_tflite
from autonas.inputs.sequence import SequenceInput


def prepared(x):
    sequences = SequenceInput()
    rows = sequences.check(x)
    sequences.fit(rows)
    return sequences, sequences.numbers(rows)


RNG = np.random.default_rng(0)
SEQUENCES, X = prepared([RNG.normal(size=(time, 3)) for time in (40, 9, 25, 1, 33, 40)])


def build(sequences=SEQUENCES, rows=20):
    hp = keras_tuner.HyperParameters()
    inputs = {name: keras.Input(shape, name=name) for name, shape in sequences.shape.items()}
    return keras.Model(inputs, SequenceBlock(sequences, rows, KernelBlock(sequences, rows)).build(hp, inputs))


def shares(model, x):
    """What is pooled, before it is normalised."""
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization))
    return np.asarray(keras.Model(model.input, layer.input)(x))


def test_there_are_84_kernels_that_sum_to_zero():
    assert KERNELS.shape == (84, 9)
    assert not KERNELS.sum(1).any()
    assert len(np.unique(KERNELS, axis=0)) == 84


@pytest.mark.parametrize("length", [1, 6, 9, 17, 128, 512])
def test_kernels_span_at_most_the_sequence(length):
    dilations = _dilations(length)
    assert dilations[0] == 1
    assert max(dilations) * 8 <= max(8, length - 1)


def test_features_are_the_shares_of_real_steps_above_a_threshold():
    model = build()
    got = shares(model, X)
    convolution = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D))
    less = next(layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv1D))
    weights, (repeat, bias) = convolution.get_weights()[0], less.get_weights()
    for example, time in enumerate((40, 9)):
        padded = np.pad(X["steps"][example], [(4, 4), (0, 0)])
        windows = np.stack([padded[at : at + 9] for at in range(time)])
        by_hand = np.einsum("tkc,kcf->tf", windows, weights)
        expected = (np.repeat(by_hand, repeat.shape[2], axis=1) + bias > 0).mean(0)
        assert np.abs(got[example, : len(bias)] - expected).max() <= 1 / time + 1e-6  # a tie by rounding
        assert np.mean(np.abs(got[example, : len(bias)] - expected) < 1e-5) > 0.99


def test_thresholds_follow_the_data():
    """About half of the steps are above them on average, whatever the scale."""
    got = shares(build(), X)
    assert 0.4 < got.mean() < 0.6
    assert got.std() > 0.1


def test_equal_data_give_equal_kernels_and_only_what_follows_is_trained():
    first, second = build(), build()
    kinds = (keras.layers.Conv1D, keras.layers.DepthwiseConv1D)
    frozen = [
        [w for layer in m.layers if isinstance(layer, kinds) for w in layer.get_weights()] for m in (first, second)
    ]
    assert all(np.array_equal(one, other) for one, other in zip(*frozen, strict=True))
    assert all(variable.path.startswith("batch_normalization") for variable in first.trainable_variables)


def test_padding_never_changes_a_prediction():
    model = build()
    noise = np.where(X["mask"][..., None] > 0, X["steps"], 100).astype("float32")
    assert np.array_equal(shares(model, {**X, "steps": noise}), shares(model, X))


def test_it_saves_loads_and_converts(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model = build()
    expected = np.asarray(model(X))
    model.save(tmp_path / "core.keras")
    assert np.asarray(keras.saving.load_model(tmp_path / "core.keras")(X)) == pytest.approx(expected, abs=1e-5)
    runner = Interpreter(model_content=to_tflite(model)).get_signature_runner("serve")
    near = np.abs(next(iter(runner(**X).values())) - expected) < 1e-4
    assert (
        near.mean() > 0.99
    )  # a step may be on the other side of a threshold by rounding, and all steps that are equal to it


@pytest.mark.parametrize("length", [1, 6])
def test_short_sequences_have_features_too(length):
    sequences, x = prepared(np.random.default_rng(1).normal(size=(5, length)))
    assert np.isfinite(shares(build(sequences), x)).all()


def test_more_rows_get_more_features():
    assert KernelBlock(SEQUENCES, 100).features == [1000]
    assert KernelBlock(SEQUENCES, 10_000).features == [1000, 5500, 10_000]


def test_a_linear_model_on_them_tells_rhythms_apart():
    from sklearn.linear_model import RidgeClassifierCV

    rng = np.random.default_rng(2)
    y = np.arange(120) % 2
    phase, period = rng.uniform(0, 6, (120, 1)), np.where(y, 5.0, 7.0)[:, None]
    waves = np.sin(2 * np.pi * np.arange(60) / period + phase) + rng.normal(0, 0.5, (120, 60))
    sequences, x = prepared(waves[:80])
    model = build(sequences)
    classifier = RidgeClassifierCV(np.logspace(-3, 3, 10)).fit(shares(model, x), y[:80])
    new = sequences.numbers(sequences.check(waves[80:]))
    assert classifier.score(shares(model, new), y[80:]) >= 0.95


def test_an_input_that_was_loaded_has_no_sample_to_follow():
    loaded = SequenceInput.from_config(SEQUENCES.get_config())
    with pytest.raises(NotFittedError, match="no sample"):
        KernelBlock(loaded, 100)


def test_rows_must_be_positive():
    with pytest.raises(InputError, match="rows must be a positive integer"):
        KernelBlock(SEQUENCES, 0)
