"""What is written opens where autonas, or TensorFlow, is not there, and gives the same predictions."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from autonas import tflite
from autonas.errors import AutonasError, InputError
from autonas.export import Conversion, export, to_tflite

L = keras.layers


@pytest.fixture(scope="module")
def model():
    """A preprocessor with fitted statistics, and a core on top of it with what a search puts into one."""
    normalization = L.Normalization()
    normalization.adapt(np.random.default_rng(1).uniform(0, 255, (50, 8, 8, 3)))
    raw = keras.Input((8, 8, 3))
    preprocessor = keras.Model(raw, L.Resizing(12, 12)(normalization(raw)), name="preprocessor")
    inputs = keras.Input((8, 8, 3))
    x = L.RandomFlip("horizontal", seed=1)(preprocessor(inputs))
    x = L.Conv2D(8, 3, padding="same", use_bias=False)(x)
    x = L.BatchNormalization()(x)
    x = L.Activation("swish")(x)
    gate = L.Dense(8, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(x))
    x = L.Add()([L.Multiply()([x, gate]), L.DepthwiseConv2D(3, padding="same")(x)])
    x = L.Dropout(0.3, seed=1)(L.Flatten()(L.MaxPooling2D()(x)))
    model = keras.Model(inputs, L.Dense(4, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    images = np.random.default_rng(2).uniform(0, 255, (64, 8, 8, 3)).astype("float32")
    model.fit(images, np.arange(64) % 4, epochs=2, verbose=0)
    return model


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(0, 255, (7, 8, 8, 3)).astype("float32")


def elsewhere(tmp_path, blocked, code, images):
    """Runs `code` on `x` in a process where some packages cannot be imported, and returns its `y`."""
    np.save(tmp_path / "x.npy", images)
    script = f"""
import sys
for name in {blocked!r}:
    sys.modules[name] = None
import numpy as np
x = np.load({str(tmp_path / "x.npy")!r})
{textwrap.dedent(code)}
np.save({str(tmp_path / "y.npy")!r}, y)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return np.load(tmp_path / "y.npy")


def test_keras_opens_without_autonas(model, images, tmp_path):
    path = export(model, tmp_path / "made" / "on the way" / "model.keras")
    code = f"""
        import keras
        y = keras.saving.load_model({str(path)!r}).predict(x, verbose=0)
    """
    answers = elsewhere(tmp_path, ["autonas"], code, images)
    np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)


def test_tflite_runs_without_tensorflow_on_any_batch(model, images, tmp_path):
    path = export(model, str(tmp_path / "model.tflite"))
    code = f"""
        from ai_edge_litert.interpreter import Interpreter
        interpreter = Interpreter(model_path={str(path)!r})
        source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
        def run(batch):
            interpreter.resize_tensor_input(source, batch.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(source, batch)
            interpreter.invoke()
            return interpreter.get_tensor(target)
        y = np.concatenate([run(x), run(x[:1]), run(x[1:3])])
        assert y.shape == (10, 4)
    """
    answers = elsewhere(tmp_path, ["autonas", "tensorflow", "keras"], code, images)
    expected = model.predict(images, verbose=0)
    np.testing.assert_allclose(answers, np.concatenate([expected, expected[:1], expected[1:3]]), atol=1e-4)


def test_a_name_without_a_suffix_is_a_saved_model(model, images, tmp_path):
    path = export(model, tmp_path / "model")
    code = f"""
        import tensorflow as tf
        loaded = tf.saved_model.load({str(path)!r})
        y = loaded.serve(x).numpy()
    """
    answers = elsewhere(tmp_path, ["autonas"], code, images)
    np.testing.assert_allclose(answers, model.predict(images, verbose=0), atol=1e-5)


@pytest.fixture(scope="module")
def tiny():
    return keras.Sequential([keras.Input((4,)), L.Dense(3)])


@pytest.mark.parametrize("kind", ["functional", "sequential", "of a dict"])
def test_a_saved_model_takes_what_the_model_takes_and_augments_nothing(tmp_path, kind):
    inputs = keras.Input((4, 4, 1), name="a")
    augmented = L.RandomTranslation(0.5, 0.5)(inputs)
    model = {
        "functional": lambda: keras.Model(inputs, augmented),
        "sequential": lambda: keras.Sequential([keras.Input((4, 4, 1)), L.RandomTranslation(0.5, 0.5)]),
        "of a dict": lambda: keras.Model({"a": inputs}, augmented),
    }[kind]()
    x = np.arange(32, dtype="float32").reshape(2, 4, 4, 1)
    loaded = tf.saved_model.load(str(export(model, tmp_path / "model")))
    np.testing.assert_array_equal(loaded.serve({"a": x} if kind == "of a dict" else x), x)


@pytest.mark.parametrize("name", ["model.h5", "model.TFLITE", "model.pb"])
def test_another_suffix_lists_the_ones_there_are(tiny, tmp_path, name):
    with pytest.raises(InputError, match=r"\.keras, \.tflite, \.onnx, or a name without a suffix"):
        export(tiny, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["model.keras", "model.tflite", "model"])
def test_an_older_export_is_replaced_and_nothing_else_is_left(tiny, tmp_path, name):
    other = keras.Sequential([keras.Input((4,)), L.Dense(300)])
    export(tiny, tmp_path / name)
    before = size(tmp_path)
    export(other, tmp_path / name)
    assert size(tmp_path) > before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", ["model.keras", "model.tflite", "model"])
def test_a_write_that_fails_leaves_the_older_export(tiny, tmp_path, name, monkeypatch):
    export(tiny, tmp_path / name)
    before = size(tmp_path)

    def full(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", full)
    monkeypatch.setattr(keras.Model, "export", full)
    monkeypatch.setattr(tf.saved_model, "save", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        export(keras.Sequential([keras.Input((4,)), L.Dense(300)]), tmp_path / name)
    assert size(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_saved_model_that_cannot_be_put_in_place_leaves_the_older_one(tiny, tmp_path, monkeypatch):
    path = export(tiny, tmp_path / "model")
    rename = type(path).rename

    def broken(source, target):
        if source.name == "new":
            raise OSError("gone")
        return rename(source, target)

    monkeypatch.setattr(type(path), "rename", broken)
    with pytest.raises(OSError, match="gone"):
        export(tiny, path)
    assert (path / "saved_model.pb").exists()


def test_an_empty_folder_becomes_a_saved_model(tiny, tmp_path):
    (tmp_path / "model").mkdir()
    assert (export(tiny, tmp_path / "model") / "saved_model.pb").exists()


def test_a_folder_with_other_content_is_not_overwritten(tiny, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")
    with pytest.raises(InputError, match="a SavedModel"):
        export(tiny, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter").read_text() == "years of work"


def test_a_file_is_not_overwritten_by_a_folder_nor_a_folder_by_a_file(tiny, tmp_path):
    (tmp_path / "notes").write_text("notes")
    (tmp_path / "model.keras").mkdir()
    (tmp_path / "model.tflite").mkdir()
    for name in "notes", "model.keras", "model.tflite":
        with pytest.raises(InputError, match="Choose another name"):
            export(tiny, tmp_path / name)


def test_an_operation_that_litert_lacks_is_named(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.ops.erf(L.Dense(4)(inputs)))
    with pytest.raises(AutonasError, match=r"no built-in operation for Erf\."):
        export(model, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_a_recurrent_layer_that_loops_is_told_what_to_do(tmp_path):
    inputs = keras.Input((4, 2))
    with pytest.raises(AutonasError, match=r"as \.tflite: LiteRT has no recurrent layers that loop.* unroll=True"):
        export(keras.Model(inputs, L.GRU(3)(inputs)), tmp_path / "model.tflite")


@pytest.mark.slow  # what a fit and an export print is looked at in the suite
def test_nothing_is_printed_in_a_process_of_its_own(tmp_path):
    script = """
        from autonas.quiet import quiet
        with quiet():
            import keras
            keras.ops.zeros(1)
        from autonas import devices
        from autonas.export import Conversion, export, to_tflite
        model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
        for name in "model.keras", "model.tflite", "model":
            export(model, name)
        devices.get("host").latency(to_tflite(model))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_bytes_are_those_of_the_file(tiny, tmp_path):
    assert len(to_tflite(tiny)) == export(tiny, tmp_path / "model.tflite").stat().st_size


@pytest.mark.parametrize(("quantize", "share"), [("float16", 0.5), ("dynamic", 0.25), ("int8", 0.25)])
def test_fewer_bits_are_smaller_files(quantize, share):
    model = keras.Sequential([keras.Input((200,)), L.Dense(200, activation="relu"), L.Dense(200)])
    rows = np.random.default_rng(0).normal(size=(20, 200)).astype("float32")
    assert len(to_tflite(model, quantize, rows)) / len(to_tflite(model)) == pytest.approx(share, rel=0.1)


def test_what_has_no_integer_kernel_stays_in_float_or_is_refused():
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.ops.sin(L.Dense(8)(inputs)))
    rows = np.random.default_rng(0).normal(size=(20, 8)).astype("float32")
    assert to_tflite(model, "int8", rows)
    with pytest.raises(AutonasError, match="no int8 operation for SIN"):
        to_tflite(model, "full_int8", rows)


def test_numbers_of_words_are_not_said_to_go_away_by_another_search():
    inputs = keras.Input((5,))
    model = keras.Model(inputs, L.Dense(2)(L.Flatten()(L.Embedding(300, 4)(inputs))))
    with pytest.raises(AutonasError, match=r"no int8 operation for CAST.*no search leaves it out") as refused:
        to_tflite(model, "full_int8", np.arange(50.0, dtype="float32").reshape(10, 5))
    assert "operations=" not in str(refused.value)


def test_int8_takes_ranges_from_representative_examples():
    with pytest.raises(InputError, match="representative_data"):
        to_tflite(keras.Sequential([keras.Input((4,)), L.Dense(3)]), "int8")


def test_numbers_of_words_are_not_rounded():
    from ai_edge_litert.interpreter import Interpreter

    inputs = keras.Input((4,))
    model = keras.Model(inputs, L.Dense(3)(L.Flatten()(L.Embedding(1_000, 8)(inputs))))
    rows = np.random.default_rng(0).integers(0, 1_000, (50, 4)).astype("float32")
    run = Interpreter(model_content=to_tflite(model, "int8", rows)).get_signature_runner("serve")
    (answers,) = run(**{next(iter(run.get_input_details())): rows}).values()
    expected = model.predict(rows, verbose=0)
    assert np.abs(answers - expected).max() < 0.05 * np.ptp(expected)


def test_a_model_is_traced_once_for_several_conversions(tiny):
    rows = np.random.default_rng(0).random((8, *tiny.inputs[0].shape[1:]), "float32")
    conversion = Conversion(tiny)
    assert conversion.to_tflite("int8", rows) == to_tflite(tiny, "int8", rows)
    assert conversion.to_tflite() == to_tflite(tiny)


def test_full_int8_has_a_batch_of_one_and_no_operation_for_its_size():
    """The Edge TPU has none; Keras would open the batch size again, and flatten by the size that comes."""
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Flatten()(keras.layers.Conv2D(3, 3)(inputs))
    rows = np.random.default_rng(0).normal(size=(8, 4, 4, 2)).astype("float32")
    content = to_tflite(keras.Model(inputs, keras.layers.Dense(2)(x)), "full_int8", rows)
    interpreter = Interpreter(model_content=content)
    assert interpreter.get_input_details()[0]["shape_signature"].tolist() == [1, 4, 4, 2]
    assert "SHAPE" not in {operation.kind for operation in tflite.read(content)}
