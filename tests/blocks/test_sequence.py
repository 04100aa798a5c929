"""Networks for sequences: what they are made of, that padding changes nothing, and that they convert."""

from __future__ import annotations

import functools

import keras
import keras_tuner
import numpy as np
import pytest

from autonas import graph, lite
from autonas.blocks.attention import AttentionBlock
from autonas.blocks.compose import OneOf
from autonas.blocks.recurrent import RecurrentBlock
from autonas.blocks.sequence import FlatBlock, SequenceBlock
from autonas.blocks.temporal import InceptionBlock, PooledBlock, TemporalBlock
from autonas.errors import InputError
from autonas.export import to_tflite
from autonas.hyperparameters import discover
from autonas.inputs.sequence import SequenceInput

LENGTH = 12
BLOCKS = {
    "recurrent": RecurrentBlock,
    "temporal": TemporalBlock,
    "inception": InceptionBlock,
    "attention": AttentionBlock,
    "flat": FlatBlock,
}
# each operation that can be chosen, once, and each kind of stack: what a conversion takes goes by their number
VARIANTS = [
    {"family": "recurrent", "recurrent_cell": "gru", "recurrent_directions": 2, "recurrent_pool": "last"},
    {"family": "recurrent", "recurrent_cell": "lstm", "recurrent_directions": 1, "recurrent_depth": 2},
    {"family": "recurrent", "recurrent_directions": 1, "recurrent_pool": "max"},
    {"family": "temporal", "temporal_padding": "same"},
    {"family": "temporal", "temporal_padding": "causal"},
    {"family": "inception", "inception_depth": 3},
    {"family": "attention", "attention_layer": "transformer", "attention_stem": "linear", "attention_depth": 2},
    {"family": "attention", "attention_layer": "conformer", "attention_stem": "convolution", "attention_depth": 1},
    {"family": "flat", "join_layers": 2},
]


@functools.cache
def example(length):
    """A fitted input with all that can stand in one, and its preprocessed examples, of 1 to `length` steps."""
    rng = np.random.default_rng(0)
    time = np.r_[1, length, rng.integers(1, length, 6)]
    sequences = SequenceInput()
    rows = sequences.check(
        {
            "steps": rng.normal(size=(8, length, 2)),
            "length": time,
            "step_categories": rng.choice(["a", "b", "c"], (8, length, 2)),
            "static_numbers": rng.normal(size=(8, 2)),
            "static_categories": rng.choice(["x", "y"], (8, 1)),
        }
    )
    sequences.fit(rows)
    return sequences, sequences.numbers(rows)


@functools.cache
def space(length):
    sequences, prepared = example(length)
    wanted = BLOCKS if length == LENGTH else ("recurrent", "attention")
    families = {name: BLOCKS[name](length, 8) for name in wanted}
    block = SequenceBlock(sequences, 8, OneOf("family", families))
    inputs = {name: keras.Input(part.shape[1:]) for name, part in prepared.items()}
    return block, discover(lambda hp: block.build(hp, inputs))


def build(values, length=LENGTH):
    return _build(tuple(values.items()), length)


@functools.cache
def _build(values, length):
    return make(dict(values), length, {name: part.shape[1:] for name, part in example(length)[1].items()})


def make(values, length, shapes):
    block, found = space(length)
    hp = found.copy()
    hp.values = {}
    for one in found.space:
        if all(condition.is_active(hp.values) for condition in one.conditions):
            hp.values[one.name] = values.get(one.name, one.default)
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    keras.utils.set_random_seed(3)
    model = keras.Model(inputs, block.build(hp, inputs))
    assert len(hp.space) == len(found.space)  # nothing is asked for that discovery does not find
    return model


def answers(model, x):
    return np.asarray(model(x, training=False))


def with_noise_in_padding(x):
    noise = np.random.default_rng(5).normal(size=x["steps"].shape).astype("float32")
    real = x["mask"][..., None] > 0
    return {
        **x,
        "steps": np.where(real, x["steps"], 100 * noise),
        "step_categories": np.where(real, x["step_categories"], 2).astype("float32"),
    }


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_padding_never_changes_a_prediction(values):
    model, x = build(values), example(LENGTH)[1]
    assert answers(model, with_noise_in_padding(x)) == pytest.approx(answers(model, x), abs=1e-5)


@pytest.mark.parametrize("values", [v for v in VARIANTS if v["family"] != "flat"], ids=str)
def test_more_padding_never_changes_a_prediction(values):
    """The same weights, at a longer time axis: what is at its border is as padding is."""
    x = example(LENGTH)[1]
    wider = {
        name: np.pad(part, [(0, 0), (0, 6), *[(0, 0)] * (part.ndim - 2)]) if part.shape[1:2] == (LENGTH,) else part
        for name, part in x.items()
    }
    model = build(values)
    longer = make(values, LENGTH, {name: part.shape[1:] for name, part in wider.items()})
    longer.set_weights(model.get_weights())
    assert answers(longer, wider) == pytest.approx(answers(model, x), abs=1e-4)


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_every_variant_saves_loads_and_converts(values, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    model, x = build(values), example(LENGTH)[1]
    expected = answers(model, x)
    assert np.isfinite(expected).all()
    assert not [layer for layer in model.layers if not type(layer).__module__.startswith("keras.")]
    model.save(tmp_path / "core.keras")
    assert answers(keras.saving.load_model(tmp_path / "core.keras"), x) == pytest.approx(expected, abs=1e-5)
    runner = Interpreter(model_content=to_tflite(model)).get_signature_runner("serve")
    assert next(iter(runner(**x).values())) == pytest.approx(expected, abs=1e-4)
    assert graph.read(model).flops > 0


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_the_gradient_reaches_all_weights(values):
    import tensorflow as tf

    model, x = build(values), example(LENGTH)[1]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(x, training=True) ** 2)
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_variables])
    missing = [w.path for w, g in zip(model.trainable_variables, gradients, strict=True) if g is None]
    assert not missing


@pytest.mark.parametrize("family", ["recurrent", "attention"])
def test_long_sequences_are_shortened_with_padding_of_no_effect(family):
    x = example(150)[1]
    model = build({"family": family, f"{family}_depth": 1}, 150)
    assert answers(model, with_noise_in_padding(x)) == pytest.approx(answers(model, x), abs=1e-4)


@pytest.mark.parametrize(
    ("block", "values"),
    [(PooledBlock(LENGTH, 8), {"pooled_pool": "max"}), (InceptionBlock(LENGTH, 8), {"inception_depth": 3})],
    ids=["pooled", "inception"],
)
def test_padding_leaves_steps_of_int8_for_the_others(block, values):
    hp, x = keras_tuner.HyperParameters(), {part: example(LENGTH)[1][part] for part in ("steps", "mask")}
    hp.values = values
    inputs = {name: keras.Input(part.shape[1:], name=name) for name, part in x.items()}
    keras.utils.set_random_seed(3)
    model = keras.Model(inputs, keras.layers.Dense(1, name="answer")(block.build(hp, inputs)))
    expected = answers(model, x)
    found = lite.Network(to_tflite(model, "full_int8", x)).run(x)["output_0"]
    assert np.abs(found - expected).max() < 0.1 * np.ptp(expected)


def test_starting_points_are_legal():
    block, found = space(LENGTH)
    known = {one.name: one.values for one in found.space}
    points = block.starting_points()
    assert {point["family"] for point in points} == set(BLOCKS)
    assert all(value in known[name] for point in points for name, value in point.items())


@pytest.mark.parametrize("part", ["static", "static_categories", "step_categories", "summary", "steps"])
def test_everything_that_is_known_takes_part(part):
    model, x = build({"family": "temporal"}), example(LENGTH)[1]
    changed = {**x, part: (x[part] == 2) * 1.0 + 2.0 if "categories" in part else x[part] + 1}
    assert np.abs(answers(model, changed) - answers(model, x)).max() > 1e-4


def test_a_static_column_alone_gets_a_layer_to_act_with_the_rest():
    sequences = SequenceInput()
    rows = sequences.check(np.random.default_rng(0).normal(size=(8, LENGTH)))
    sequences.fit(rows)
    hp = keras_tuner.HyperParameters()
    inputs = {name: keras.Input(shape) for name, shape in sequences.shape.items()}
    SequenceBlock(sequences, 8, FlatBlock(LENGTH, 8)).build(hp, inputs)
    assert (hp.values["join_layers"], next(h for h in space(LENGTH)[1].space if h.name == "join_layers").default) == (
        0,
        1,
    )


@pytest.mark.parametrize("kind", BLOCKS.values())
def test_sizes_that_are_none_are_refused(kind):
    with pytest.raises(InputError, match="length must be a positive integer"):
        kind(0, 10)


def test_few_examples_get_narrow_networks():
    assert max(TemporalBlock(20, 500).widths) < max(TemporalBlock(20, 50_000).widths)


def drifting(drift, missing=False):
    """A network that gives back the steps it was given, and steps for it."""
    steps = np.random.default_rng(1).normal(size=(4, 6, 2)).astype("float32")
    if missing:
        steps[0, 1, 0] = np.nan
    sequences = SequenceInput()
    rows = sequences.check(steps)
    sequences.fit(rows)

    class Steps(AttentionBlock):
        def build(self, hp, x):
            return keras.layers.Flatten()(x["steps"])

    hp = keras_tuner.HyperParameters()
    hp.values = {"drift": drift, "join_numbers": "plain"}
    inputs = {name: keras.Input(shape, name=name) for name, shape in sequences.shape.items()}
    outputs = SequenceBlock(sequences, 100, Steps(6, 100)).build(hp, inputs)
    width = sequences.shape["steps"][1]
    model = keras.Model(inputs, keras.layers.Reshape((6, width))(outputs[:, : 6 * width]))
    return model, sequences.numbers(rows)


def test_numbers_drift_in_training_by_one_level_and_gain_for_each_sequence():
    model, x = drifting(0.25)
    drifted = np.array(model(x, training=True))
    for sequence in range(4):
        for number in range(2):
            before, after = x["steps"][sequence, :, number], drifted[sequence, :, number]
            gain, level = np.polyfit(before, after, 1)
            np.testing.assert_allclose(after, gain * before + level, atol=1e-5)
            assert abs(gain - 1) > 1e-4
            assert abs(level) > 1e-4
    assert len({round(float(value), 4) for value in (drifted - x["steps"])[:, 0, 0]}) == 4


def test_nothing_drifts_when_a_model_predicts():
    model, x = drifting(0.5)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x["steps"])


def test_flags_of_missing_numbers_do_not_drift():
    model, x = drifting(0.5, missing=True)
    np.testing.assert_array_equal(np.array(model(x, training=True))[:, :, 2:], x["steps"][:, :, 2:])
    assert x["steps"][0, 1, 2] == 1


@pytest.mark.parametrize(("rows", "drift"), [(999, 0.25), (1_000, 0.0)])
def test_few_sequences_drift_unless_the_search_finds_better(rows, drift):
    sequences, prepared = example(LENGTH)
    hp = keras_tuner.HyperParameters()
    inputs = {name: keras.Input(part.shape[1:]) for name, part in prepared.items()}
    SequenceBlock(sequences, rows, FlatBlock(LENGTH, rows)).build(hp, inputs)
    assert hp.get("drift") == drift
