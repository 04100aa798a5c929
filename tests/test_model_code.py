"""The source that is written builds the same network, where autonas is not installed."""

from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from autonas import default_spaces, model_code
from autonas.errors import InputError, NotFittedError
from autonas.heads.classification import ClassificationHead
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput
from autonas.space import SearchSpace, seeded
from autonas.values import sample

L = keras.layers
N = 40
INPUTS = {
    "image": (ImageInput, np.random.default_rng(0).integers(0, 255, (N, 12, 12, 3), dtype="uint8")),
    "table": (
        TableInput,
        {"age": np.arange(float(N)), "pay": np.arange(N) ** 2.0, "city": np.array(["Rome", "Oslo"] * 20)},
    ),
    "text": (TextInput, ["a good film", "a bad film", "not so good", "bad"] * 10),
    "sequence": (
        lambda: SequenceInput("id", "t"),
        {"id": np.repeat(np.arange(N), 4), "t": np.tile(np.arange(4), N), "v": np.arange(4.0 * N) % 7},
    ),
}


def space_of(kind):
    make, x = INPUTS[kind]
    input, head = make(), ClassificationHead()
    input.fit(input.check(x))
    head.fit(head.check(np.arange(N) % 3))
    return SearchSpace(default_spaces.default(input, N), head, input.shape)


def families(space):
    """The first candidate, and a random one of each family."""
    names = next(list(hp.values) for hp in space.hyperparameters.space if hp.name == "family")
    with seeded(0):
        yield space.candidate(space.complete({})).core()
        for number, family in enumerate(names):
            drawn = sample(space.hyperparameters, np.random.default_rng(number))
            yield space.candidate(space.complete({**drawn, "family": family})).core()


def built(source):
    names = {"__name__": "network"}
    exec(compile(source, "network.py", "exec"), names)
    return names["build"]()


def graph(model):
    """Layers with their settings, and calls with what they take; operations without a name of their own by their place."""
    config = model.get_config()
    names = {}
    for entry in config["layers"]:
        names[entry["name"]] = f"operation {len(names)}" if ".ops." in entry["module"] else entry["name"]
    found = []
    for entry in config["layers"]:
        own = {name: value for name, value in entry["config"].items() if name not in ("name", "layers")}
        own = {} if entry["class_name"] == "Functional" else own
        found.append((names[entry["name"]], entry["class_name"], own, renamed(entry["inbound_nodes"], names)))
    return sorted(map(repr, found)), renamed([config["input_layers"], config["output_layers"]], names)


def renamed(part, names):
    if isinstance(part, dict):
        if part.get("class_name") == "__keras_tensor__":
            return ("tensor", names[part["config"]["keras_history"][0]], part["config"]["shape"])
        return {name: renamed(inner, names) for name, inner in part.items() if inner is not None}
    if isinstance(part, (list, tuple)):
        return [renamed(inner, names) for inner in part]
    return names.get(part, part) if isinstance(part, str) else part


def check_same(model):
    again = built(model_code.source(model))
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    assert [w.path.split("/")[-2:] for w in again.weights] == [w.path.split("/")[-2:] for w in model.weights]
    assert kinds(again) == kinds(model)
    assert graph(again) == graph(model)
    again.set_weights(model.get_weights())
    rng = np.random.default_rng(0)
    x = keras.tree.map_structure(lambda t: rng.uniform(0, 1, (3, *t.shape[1:])).astype("float32"), model.input)
    for one, other in zip(*(keras.tree.flatten(m(x, training=False)) for m in (again, model)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def kinds(model):
    return [type(layer).__name__ for layer in model.operations]


@pytest.mark.slow
@pytest.mark.parametrize("kind", INPUTS)
def test_every_family_of_networks_is_built_again(kind):
    for core in families(space_of(kind)):
        check_same(core)


@pytest.mark.slow
def test_it_runs_where_autonas_is_not_installed(tmp_path):
    for kind in INPUTS:
        space = space_of(kind)
        with seeded(1):
            core = space.candidate(space.complete(space.starting_points()[-1])).core()
        check_same(core)
        (tmp_path / f"{kind}.py").write_text(model_code.source(core))
        core.save(tmp_path / f"{kind}.keras")
    code = """
import importlib, sys
sys.modules["autonas"] = sys.modules["keras_tuner"] = None
import keras, numpy as np
for kind in sys.argv[1:]:
    model, again = keras.saving.load_model(kind + ".keras"), importlib.import_module(kind).build()
    again.set_weights(model.get_weights())
    x = keras.tree.map_structure(lambda t: np.ones((2, *t.shape[1:]), "float32"), model.input)
    np.testing.assert_allclose(again(x, training=False), model(x, training=False), rtol=1e-5, atol=1e-6)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *INPUTS], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr


def test_constants_shared_layers_slices_and_models_inside_are_written():
    a, mask = keras.Input((6, 2), name="a b"), keras.Input((6,), dtype="int32", name="mask")
    x = L.Conv1D(4, 3, padding="same", kernel_initializer=keras.initializers.RandomUniform(-0.1, 0.1))(a)
    shared = L.Dense(4, activation="relu", name="class")
    x = shared(shared(x)) * keras.ops.cast(keras.ops.expand_dims(mask, -1), "float32")
    x = keras.ops.max(x[:, 1:5:2] * np.linspace(0, 1, 4, dtype="float32"), axis=1)
    rest = L.Bidirectional(L.GRU(3, go_backwards=False))(a, mask=keras.ops.cast(mask, "bool"))
    inner = keras.Sequential([keras.Input((10,)), L.Dense(3), L.BatchNormalization(momentum=0.7)], name="inside")
    joined = inner(keras.ops.concatenate([x, rest], axis=-1))
    check_same(keras.Model({"a b": a, "mask": mask}, {"y": L.Dense(1, name="y")(joined), "z": joined}, name="core"))


def test_slices_of_a_model_that_was_read_from_a_file_are_written(tmp_path):
    inputs = keras.Input((6, 4))
    keras.Model(inputs, keras.ops.concatenate([inputs[:, 1:, :2], inputs[..., :-1, -2:]], axis=-1)).save(
        tmp_path / "model.keras"
    )
    check_same(keras.saving.load_model(tmp_path / "model.keras"))


def test_arguments_that_decide_the_defaults_of_others_are_written():
    inputs = keras.Input((9, 9, 2))
    pooled = L.AveragePooling2D((3, 3), strides=2)(L.MaxPooling2D(3, strides=2)(inputs))
    check_same(keras.Model(inputs, pooled))
    numbers = keras.Input((3,), dtype="int32")
    check_same(keras.Model(numbers, L.CategoryEncoding(4)(numbers)))


def test_each_of_several_results_is_written_as_such():
    steps, state = keras.Input((6, 4), name="steps"), keras.Input((3,), name="state")
    first, second = keras.ops.split(steps, 2, axis=1)
    read, last = L.GRU(3, return_sequences=True, return_state=True)(first, initial_state=state)
    inner = keras.Model(steps, {"a": L.Dense(2)(steps), "b": L.Dense(3)(steps)}, name="inner")(steps)
    scores = keras.ops.einsum("bij,bkj->bik", read, inner["b"] + keras.ops.mean(second))
    check_same(keras.Model({"steps": steps, "state": state}, [scores, last, inner["a"]]))


def test_infinite_numbers_and_layers_of_layers_are_written():
    inputs = keras.Input((6, 4))
    x = keras.ops.where(inputs > 0.5, inputs, -np.inf)
    check_same(keras.Model(inputs, keras.ops.clip(x, 0.0, np.inf)))
    check_same(keras.Model(inputs, L.RNN([L.LSTMCell(3), L.GRUCell(2)])(inputs)))


@pytest.mark.parametrize(
    "layer", [L.TimeDistributed(keras.Sequential([keras.Input((4,)), L.Dense(2)])), L.Lambda(lambda x: x + 1)]
)
def test_what_has_no_source_is_named(layer):
    inputs = keras.Input((6, 4))
    with pytest.raises(InputError, match=r"Sequential inside another layer|Lambda"):
        model_code.source(keras.Model(inputs, layer(inputs)))


def test_defaults_are_left_out_and_lines_are_not_wide():
    inputs = keras.Input((8, 8, 3))
    layer = L.Conv2D(
        4, 3, padding="same", use_bias=False, kernel_initializer="he_normal", strides=2, name="convolution"
    )
    source = model_code.source(keras.Model(inputs, layer(inputs)))
    assert "activation" not in source
    assert "he_normal" not in source
    assert "keras.initializers.HeNormal()" in source
    assert "numpy" not in source
    assert max(map(len, source.splitlines())) <= 110


def test_a_layer_that_keras_does_not_have_is_named():
    class Own(L.Layer):
        def call(self, x):
            return x

    inputs = keras.Input((3,))
    with pytest.raises(InputError, match="Own"):
        model_code.source(keras.Model(inputs, Own()(inputs)))


def test_a_task_writes_its_core(tmp_path):
    import autonas

    clf = autonas.ImageClassifier(directory=tmp_path / "runs", verbose=0)
    with pytest.raises(InputError, match=r"\.py"):
        clf.model_code(tmp_path / "network.txt")
    with pytest.raises(NotFittedError):
        clf.model_code(tmp_path / "network.py")
