"""Networks for texts: bags are linear models on tf-idf, padding changes nothing, and all of them run on a device."""

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


BAGS = {"bag": ["pairs"], "grams": ["grams"], "bags": ["pairs", "grams"]}
WEIGHTS = {"pairs": "weights", "grams": "gram_weights"}


def network(name, given):
    if name in BAGS:
        return BLOCKS["text_bag"](given, 40, BAGS[name])
    return WordsBlock(given, 40, BLOCKS[f"sequence_{name}"](given.length, 40))


LARGE = {"recurrent", "attention", "evolved"}  # whose conversion takes long
NAMES = [*BAGS, "convolution", "pooled", "recurrent", "attention", "evolved"]


@pytest.mark.parametrize("name", [*BAGS, "convolution", "pooled", "evolved"])
def test_every_block_keeps_to_the_contract(name, example, tmp_path):
    given, x = example
    used = {part for bag in BAGS.get(name, []) for part in (bag, WEIGHTS[bag])} or {"words"}
    shape = {part: sizes for part, sizes in given.shape.items() if part in used}
    x = {part: values for part, values in x.items() if part in used}
    check_block(network(name, given), shape, tmp_path, samples=1, examples=x)


def model(block, shape, values=()):
    inputs = {part: keras.Input(sizes, name=part) for part, sizes in shape.items()}
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return keras.Model(inputs, block.build(hp, inputs))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in NAMES]
)
def test_a_device_gives_the_answers_of_keras(name, example):
    from ai_edge_litert.interpreter import Interpreter

    given, x = example
    rng = np.random.default_rng(0)
    whole = {"words": given.words, "pairs": given.pairs, "grams": given.grams}
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


@pytest.mark.parametrize("name", BAGS)
def test_a_bag_is_linear_in_the_weights(name, example):
    given, x = example
    built = model(network(name, given), given.shape)
    twice = {**x, **{weights: 2 * x[weights] for weights in WEIGHTS.values()}}
    np.testing.assert_allclose(built.predict(twice, verbose=0), 2 * built.predict(x, verbose=0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", BAGS)
@pytest.mark.parametrize("gain", [0.1, 1.0])
def test_a_bag_with_a_head_is_a_linear_model_on_tfidf(gain, name, example):
    given, x = example
    inputs = {part: keras.Input(sizes, name=part) for part, sizes in given.shape.items()}
    hp, block = keras_tuner.HyperParameters(), network(name, given)
    hp.Fixed(f"{block.name}_gain", gain)
    features = block.build(hp, inputs)
    built = keras.Model(inputs, keras.layers.Dense(1)(features))
    *vectors, kernel, bias = built.get_weights()
    expected = bias
    for bag, found, part in zip(BAGS[name], vectors, np.split(kernel, len(vectors)), strict=True):
        assert np.abs(gain * found).max() == pytest.approx(0.05, rel=0.05)  # the same start, whatever the gain
        tfidf = np.zeros((len(x[bag]), len(found)))
        for row, numbers, weights in zip(tfidf, x[bag].astype(int), x[WEIGHTS[bag]], strict=True):
            np.add.at(row, numbers, weights)
        expected = expected + tfidf @ (gain * found @ part)
    np.testing.assert_allclose(built.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-6)


def test_n_grams_tell_words_apart_that_are_all_unknown(example):
    given, _ = example
    x = given.numbers(given.check(["unwatchable", "remarkablest"]))
    words, both = (model(network(name, given), given.shape).predict(x, verbose=0) for name in ("bag", "bags"))
    assert np.ptp(words, axis=0).max() == 0
    assert np.ptp(both, axis=0).max() > 0.01
