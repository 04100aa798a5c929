"""After each export the file is run, and the report says what it is worth."""

from __future__ import annotations

import json
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, mean_squared_error

import autonas
from autonas.blocks import Block
from autonas.errors import AutonasError, InputError
from autonas.exported import ExportReport

L = keras.layers
QUANTIZATIONS = [None, "float16", "dynamic", "int8", "full_int8"]


class Small(Block):
    def build(self, hp, x):
        x = L.Conv2D(hp.Choice("filters", [8]), 3, strides=2, use_bias=False)(x)
        return L.Flatten()(L.Activation("relu")(L.BatchNormalization()(x)))


class Rows(Block):
    def build(self, hp, x):
        return L.Dense(hp.Choice("units", [8]), activation="relu")(x["numbers"])


def task(kind, target, block, folder, **options):
    """Searches one network."""
    options = {"max_trials": 1, "top_k": 1, "verbose": 0, "ensemble": False, "directory": folder, **options}
    return autonas.AutoModel(kind, target, lambda x, rows: block, **options)


@pytest.fixture(scope="module")
def fitted(_all_digits, tmp_path_factory):
    x, y = _all_digits
    folder = tmp_path_factory.mktemp("fitted")
    auto = task("image", "classification", Small(), folder, project_name="digits")
    auto.fit(x[:300], y[:300], epochs=8)
    return auto, folder / "digits", x[300:500], y[300:500]


@pytest.fixture(scope="module")
def exported(fitted, tmp_path_factory):
    auto, _, x, y = fitted
    folder = tmp_path_factory.mktemp("exported")
    return {kind: auto.export(folder / f"{kind}.tflite", kind, data=(x, y)) for kind in QUANTIZATIONS}


def test_the_report_has_the_metrics_of_the_model_and_of_the_file(fitted, exported):
    auto, _, x, y = fitted
    report = exported["int8"]
    told = auto.evaluate(x, y)
    assert report.metrics_before.keys() == told.keys()
    assert report.metrics_before == pytest.approx(told, rel=1e-4)
    answers = autonas.lite.Model(report).predict(x)
    assert report.metrics_after["accuracy"] == pytest.approx(accuracy_score(y, answers))
    assert report.agreement == np.mean(answers == auto.predict(x))
    assert report.rows == 200


@pytest.mark.parametrize(("kind", "off"), list(zip(QUANTIZATIONS, [1e-5, 0.02, 0.1, 0.2, 0.2], strict=True)))
def test_what_is_quantised_answers_nearly_as_the_model(fitted, exported, kind, off):
    auto, _, x, _ = fitted
    model = autonas.lite.Model(exported[kind])
    difference = np.abs(model.outputs(x) - auto.model.predict(x, verbose=0)).max()
    assert exported[kind].difference == pytest.approx(difference)
    assert difference < off
    assert difference > 0


def test_the_size_is_that_of_the_file(exported):
    for report in exported.values():
        assert report.size_kb * 1024 == report.path.stat().st_size


def test_integers_are_inside_or_all_there_is(exported):
    from ai_edge_litert.interpreter import Interpreter

    types = {}
    for kind in "int8", "full_int8":
        interpreter = Interpreter(model_path=str(exported[kind]))
        sides = interpreter.get_input_details(), interpreter.get_output_details()
        types[kind] = [side[0]["dtype"] for side in sides], {d["dtype"] for d in interpreter.get_tensor_details()}
    assert types["int8"][0] == [np.float32, np.float32]
    assert np.int8 in types["int8"][1]
    assert types["full_int8"][0] == [np.int8, np.int8]
    assert np.float32 not in types["full_int8"][1]


def test_quantised_files_answer_with_numpy_and_litert_alone(fitted, exported, tmp_path):
    _, _, x, _ = fitted
    np.save(tmp_path / "x.npy", x)
    code = """
import json, sys
import numpy as np
for name in ("tensorflow", "keras", "keras_tuner", "pandas", "sklearn"):
    sys.modules[name] = None
import autonas
x = np.load(sys.argv[1])
print(json.dumps([autonas.lite.Model(path).predict(x).tolist() for path in sys.argv[2:]]))
"""
    paths = [str(report) for report in exported.values()]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.npy"), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = [autonas.lite.Model(path).predict(x).tolist() for path in paths]
    assert json.loads(done.stdout.splitlines()[-1]) == expected


@pytest.mark.parametrize("name", ["model.keras", "saved_model"])
def test_other_formats_are_compared_on_held_out_examples_of_fit(fitted, tmp_path, name):
    auto, *_ = fitted
    report = auto.export(tmp_path / name)
    assert (report.rows, report.agreement) == (60, 1.0)
    assert report.difference < 1e-5
    assert report.metrics_before == pytest.approx(report.metrics_after, abs=1e-5)
    assert report.size_kb > 1


def test_a_loaded_project_has_no_examples_and_says_so(fitted, tmp_path):
    _, folder, x, _ = fitted
    auto = autonas.load(folder)
    assert auto.export(tmp_path / "model.tflite").difference is None
    with pytest.raises(InputError, match="representative_data"):
        auto.export(tmp_path / "model.tflite", "int8")
    with pytest.raises(InputError, match="representative_data must"):
        auto.export(tmp_path / "model.tflite", "int8", representative_data=x[:0])
    report = auto.export(tmp_path / "model.tflite", "int8", representative_data=x)
    assert report.rows == 200
    assert report.metrics_before == {}


def test_ranges_may_come_from_a_file_as_answers_do(houses, tmp_path):
    auto, frame = houses
    frame.to_csv(tmp_path / "houses.csv", index=False)
    ranges = [frame.drop(columns="price"), frame, tmp_path / "houses.csv", str(tmp_path / "houses.csv")]
    files = [
        auto.export(tmp_path / "model.tflite", "int8", representative_data=each).path.read_bytes() for each in ranges
    ]
    assert files == [files[0]] * 4
    with pytest.raises(InputError, match="representative_data must be a file or a folder that exists"):
        auto.export(tmp_path / "model.tflite", "int8", representative_data="nowhere.csv")


@pytest.mark.parametrize(
    ("name", "options", "match"),
    [
        ("model.tflite", {"quantize": "int4"}, "full_int8"),
        ("model.keras", {"quantize": "int8"}, r"\.tflite"),
        ("model.tflite", {"data": [1, 2]}, "data"),
        ("model.tflite", {"data": (1, 2, 3)}, "data"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_written(fitted, tmp_path, name, options, match):
    with pytest.raises(InputError, match=match):
        fitted[0].export(tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_the_summary_is_shown(fitted, tmp_path, capsys):
    auto, _, x, y = fitted
    auto.verbose = 1
    try:
        auto.export(tmp_path / "model.tflite", "int8", data=(x, y))
    finally:
        auto.verbose = 0
    shown = capsys.readouterr().out
    assert "200 examples" in shown
    assert "accuracy 0." in shown


def test_a_report_without_examples_says_so(tmp_path):
    assert "not compared" in ExportReport(tmp_path / "model.tflite", None, 3.0).summary()


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"living area": rng.uniform(50, 200, 200), "year:built": rng.integers(1900, 2000, 200)})
    frame["price"] = 1e3 * frame["living area"] + rng.normal(0, 1e3, 200)
    auto = task("table", "regression", Rows(), tmp_path_factory.mktemp("houses"))
    auto.fit(frame, target="price", epochs=5)
    return auto, frame


@pytest.mark.parametrize(("name", "quantize"), [("model.tflite", "int8"), ("model.keras", None), ("model", None)])
def test_a_table_is_compared_in_the_units_of_its_target(houses, tmp_path, name, quantize):
    auto, frame = houses
    report = auto.export(tmp_path / name, quantize, data=frame)
    assert report.metrics_before == pytest.approx(auto.evaluate(frame), rel=1e-4)
    assert report.difference < 0.02 * np.ptp(frame["price"])
    assert report.agreement is None
    if quantize:
        answers = autonas.lite.Model(report).predict(frame)
        assert report.metrics_after["mse"] == pytest.approx(mean_squared_error(frame["price"], answers), rel=1e-4)


def test_onnx_without_its_package_names_the_extra(fitted, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(AutonasError, match=r"autonas\[onnx\]"):
        fitted[0].export(tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task", ["fitted", "houses"])
def test_onnx_gives_the_same_answers(task, tmp_path, request):
    pytest.importorskip("tf2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    report = request.getfixturevalue(task)[0].export(tmp_path / "model.onnx")
    assert report.difference < (1e-5 if task == "fitted" else 1)
    properties = onnxruntime.InferenceSession(report.path).get_modelmeta().custom_metadata_map
    assert "autonas.json" in properties


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """A column that no signature takes as it is stands in the table."""
    rng = np.random.default_rng(0)
    facts = pd.DataFrame({"sold:year": rng.normal(size=60), "size": rng.normal(size=60)})
    x, y = {"facts": facts}, {"price": 1000.0 + 100 * facts["size"].to_numpy()}

    class Inside(Rows):
        def build(self, hp, x):
            return super().build(hp, x["facts"])

    auto = task({"facts": "table"}, {"price": "regression"}, Inside(), tmp_path_factory.mktemp("several"))
    auto.fit(x, y, epochs=2)
    return auto, x, y


@pytest.mark.parametrize("name", ["model.tflite", "model.keras", "model", "model.onnx"])
def test_a_table_inside_several_inputs_and_a_single_output_with_a_name(several, tmp_path, name):
    auto, x, y = several
    if name == "model.onnx":
        pytest.importorskip("tf2onnx")
    report = auto.export(tmp_path / name, data=(x, y))
    assert report.rows == 60
    assert report.difference < 1e-3 * np.abs(y["price"]).max()
    assert report.metrics_after == pytest.approx(auto.evaluate(x, y), rel=1e-3)
    if name == "model.tflite":
        found = autonas.lite.Model(report).predict(x)
        assert list(found) == ["price"]
        np.testing.assert_allclose(found["price"], auto.predict(x)["price"], rtol=1e-4)
