"""Networks for texts: a bag is a linear model on tf-idf, padding changes nothing, and all of them run on a device."""

from __future__ import annotations

import keras
import keras_tuner
import numpy as np
import pytest

from autonas import generators
from autonas.blocks import BLOCKS, TextBlock, WordsBlock
from autonas.export import to_tflite
from autonas.inputs.text import TextInput
from autonas.testing.blocks import check_block


@pytest.fixture(scope="module")
def example():
    texts, _ = generators.reviews(40, 0)
    given = TextInput()
    rows = given.check(texts)
    given.fit(rows)
    return given, given.numbers(rows)


def network(name, given):
    if name == "bag":
        return BLOCKS["text_bag"](given, 40)
    return WordsBlock(given, 40, BLOCKS[f"sequence_{name}"](given.length, 40))


NAMES = ["bag", "convolution", "pooled", "recurrent", "attention", "evolved"]


@pytest.mark.parametrize("name", ["bag", "convolution", "pooled", "evolved"])
def test_every_block_keeps_to_the_contract(name, example, tmp_path):
    given, x = example
    used = {"pairs", "weights"} if name == "bag" else {"words"}
    shape = {part: sizes for part, sizes in given.shape.items() if part in used}
    x = {part: values for part, values in x.items() if part in used}
    check_block(network(name, given), shape, tmp_path, samples=1, examples=x)


def model(block, shape, values=()):
    inputs = {part: keras.Input(sizes, name=part) for part, sizes in shape.items()}
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return keras.Model(inputs, block.build(hp, inputs))


@pytest.mark.parametrize("name", NAMES)
def test_a_device_gives_the_answers_of_keras(name, example):
    from ai_edge_litert.interpreter import Interpreter

    given, x = example
    rng = np.random.default_rng(0)
    whole = {"words": given.words, "pairs": given.pairs}
    drawn = {
        part: (rng.integers(whole[part], size=(6, *sizes)) if part in whole else rng.normal(size=(6, *sizes)))
        for part, sizes in given.shape.items()
    }
    drawn = {part: values.astype("float32") for part, values in drawn.items()}
    drawn["words"][:, given.length // 2 :] = 0  # where no word is
    built = model(TextBlock(network(name, given)), given.shape, {"characters": "yes"})
    runner = Interpreter(model_content=to_tflite(built)).get_signature_runner("serve")
    for examples in (drawn, {part: values[:6] for part, values in x.items()}):
        expected = built.predict(examples, verbose=0)
        assert np.ptp(expected, axis=0).max() > 0.01
        np.testing.assert_allclose(next(iter(runner(**examples).values())), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["convolution", "pooled", "attention", "evolved"])
def test_what_stands_where_no_word_is_changes_nothing(name, example):
    given, x = example
    built = model(network(name, given), given.shape)
    embedding = next(layer for layer in built.layers if isinstance(layer, keras.layers.Embedding))
    before = built.predict(x, verbose=0)
    weights = embedding.get_weights()[0]
    weights[0] += 100.0
    embedding.set_weights([weights])
    np.testing.assert_allclose(built.predict(x, verbose=0), before, atol=1e-5)


def test_a_bag_is_linear_in_the_weights(example):
    given, x = example
    built = model(network("bag", given), given.shape)
    twice = {**x, "weights": 2 * x["weights"]}
    np.testing.assert_allclose(built.predict(twice, verbose=0), 2 * built.predict(x, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("gain", [0.03, 1.0])
def test_a_bag_with_a_head_is_a_linear_model_on_tfidf(gain, example):
    given, x = example
    inputs = {part: keras.Input(sizes, name=part) for part, sizes in given.shape.items()}
    hp = keras_tuner.HyperParameters()
    hp.Fixed("bag_gain", gain)
    features = network("bag", given).build(hp, inputs)
    built = keras.Model(inputs, keras.layers.Dense(1)(features))
    tfidf = np.zeros((len(x["pairs"]), given.pairs))
    for row, numbers, weights in zip(tfidf, x["pairs"].astype(int), x["weights"], strict=True):
        np.add.at(row, numbers, weights)
    vectors, kernel, bias = built.get_weights()
    assert np.abs(gain * vectors).max() == pytest.approx(0.05, rel=0.05)  # the same start, whatever the gain
    expected = tfidf @ (gain * vectors @ kernel) + bias
    np.testing.assert_allclose(built.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)
