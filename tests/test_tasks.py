"""Each task keeps the promises: raw data in, a Keras model that stands alone, the same answers on a device and from disk."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import autonas
from autonas import generators
from autonas.data import feed

OPTIONS = {"max_trials": 1, "top_k": 1, "ensemble": False, "verbose": 0, "estimator": autonas.Proxy(epochs=0.5)}


def houses():
    frame, prices = generators.houses(120, 0)
    return frame, prices


def dear():
    frame, prices = houses()
    return frame, np.where(prices > np.median(prices), "dear", "cheap")


def counts():
    return generators.shapes(60, 0, size=8)


def windows():
    return generators.sensor_windows(60, 0)


def lengths():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(3 + n % 7, 2)) for n in range(60)]
    return sequences, np.array([len(steps) for steps in sequences], float)


def cards():
    events = generators.card_transactions(cards=120, seed=0, fraud=0.1)
    return events.drop(columns="compromised"), events.groupby("card", sort=False)["compromised"].first()


def reviews():
    texts, y = generators.reviews(60, 0)
    return [*texts[:-1], "ÉCOLE 日本語 😀"], y


def ease():
    texts, _ = generators.reviews(60, 0)
    return texts.tolist(), np.array([len(text) for text in texts], float)


CASES = {
    "TextClassifier": reviews,
    "TextRegressor": ease,
    "SequenceClassifier": windows,
    "SequenceRegressor": lengths,
    "SequenceClassifier of cards": cards,
    "TabularRegressor": houses,
    "TabularClassifier": dear,
    "ImageRegressor": counts,
}

KERAS_ALONE = """
import json, sys
sys.modules["autonas"] = None
import keras, numpy as np, tensorflow as tf
model = keras.saving.load_model(sys.argv[1])
x = {k: tf.constant(v) for k, v in np.load(sys.argv[2]).items()}
print(json.dumps(np.asarray(model.predict(x if sys.argv[3] == "dict" else x["x"], verbose=0)).tolist()))
"""


def make(name, **options):
    layout = {"sequence_id": "card", "order_by": "time"} if "cards" in name else {}
    return getattr(autonas, name.split(" ")[0])(**layout, **options)


@pytest.fixture(scope="module", params=CASES)
def fitted(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.split(" ")[0])
    x, y = CASES[request.param]()
    task = make(request.param, directory=folder, project_name="task", **OPTIONS)
    model = task.fit(x, y, epochs=2)
    return task, model, x, y, folder


def test_the_model_takes_raw_data(fitted):
    task, model, x, y, _ = fitted
    outputs = model.predict(feed(task.input.check(x)), verbose=0)
    np.testing.assert_array_equal(task.head.decode(outputs), task.predict(x))
    assert len(task.predict(x)) == len(y)


def test_the_keras_file_opens_without_autonas(fitted):
    task, model, x, _, folder = fitted
    rows = task.input.check(x)
    arrays = rows if isinstance(rows, dict) else {"x": rows}
    arrays = {name: part.astype(str) if part.dtype == object else part for name, part in arrays.items()}
    np.savez(folder / "x.npz", **arrays)
    path = task.export(folder / "task.keras")
    form = "dict" if isinstance(rows, dict) else "array"
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", KERAS_ALONE, str(path), str(folder / "x.npz"), form],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(
        json.loads(done.stdout.splitlines()[-1]), model.predict(feed(rows), verbose=0), rtol=1e-5, atol=1e-5
    )


def test_the_device_gives_the_same_answers(fitted):
    task, _, x, _, folder = fitted
    answers = autonas.lite.Model(task.export(folder / "task.tflite")).predict(x)
    expected = task.predict(x)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(answers, expected, rtol=1e-4)
    else:
        assert (answers == expected).mean() > 0.98


def test_a_project_answers_as_the_task_did(fitted):
    task, _, x, y, folder = fitted
    again = autonas.load(folder / "task")
    np.testing.assert_array_equal(again.predict(x), task.predict(x))
    assert again.evaluate(x, y) == pytest.approx(task.evaluate(x, y))


def test_a_regression_answers_in_units(tmp_path):
    frame, prices = generators.houses(300, 0)
    prices = 1e6 + 4 * (prices - np.mean(prices)) / np.std(prices)  # Keras's own R2 of such targets is of no use
    options = {"directory": tmp_path, "project_name": "far", "metrics": ["mse", "r2_score"], **OPTIONS}
    task = autonas.TabularRegressor(**options)
    task.fit(frame, prices, epochs=30)
    answers = task.predict(frame)
    assert answers.shape == prices.shape
    assert np.mean((answers - prices) ** 2) < 0.7 * np.var(prices)
    for known in (task, autonas.load(tmp_path / "far")):
        found = known.evaluate(frame, prices)
        assert found["mse"] == found["loss"] == pytest.approx(np.mean((answers - prices) ** 2))
        assert found["r2_score"] == pytest.approx(1 - found["mse"] / np.var(prices))


def test_columns_in_another_order_and_too_many_change_nothing(tmp_path):
    frame, prices = houses()
    task = autonas.TabularRegressor(directory=tmp_path, **OPTIONS)
    task.fit(frame, prices, epochs=1)
    other = frame[frame.columns[::-1]].assign(more="x")
    np.testing.assert_array_equal(task.predict(other), task.predict(frame))


def test_a_rare_class_is_looked_for(tmp_path):
    rng = np.random.default_rng(0)
    rare = rng.random(400) < 0.07
    frame = pd.DataFrame({"a": rng.normal(size=400) + 2 * rare, "b": rng.normal(size=400)})
    y = np.where(rare, "fraud", "good")
    task = autonas.TabularClassifier(directory=tmp_path, threshold={"max_fpr": 0.05}, **OPTIONS)
    task.fit(frame, y, epochs=5)
    assert task.objective.name == "val_average_precision"
    assert "val_average_precision" in task.leaderboard()
    assert task.threshold.aim == {"max_fpr": 0.05}
    assert "Threshold for 'fraud'" in task.report()
    assert "alerts per 1,000" in task.report()
    assert autonas.load(tmp_path / task._project.folder.name).threshold == task.threshold
    alarms = task.predict_proba(frame)[:, 0] >= task.threshold.value
    assert (task.predict(frame) == np.where(alarms, "fraud", "good")).all()


def test_no_group_is_on_both_sides(tmp_path, monkeypatch):
    from autonas import preparation

    frame, prices = houses()
    groups = np.arange(120) // 10
    seen = []
    prepare = preparation.prepare
    monkeypatch.setattr(preparation, "prepare", lambda given, *rest: seen.append(given) or prepare(given, *rest))
    task = autonas.TabularRegressor(directory=tmp_path, **OPTIONS)
    task.fit(frame.assign(row=np.arange(120.0)), prices, epochs=1, split={"group": groups})
    sides = [set(groups[part.x["row"].astype(int)]) for part in (seen[0].train, seen[0].validation)]
    assert not sides[0] & sides[1]
    task.fit(frame.assign(row=np.arange(120.0)), prices, epochs=1, split={"time": -np.arange(120)})
    assert seen[1].train.x["row"].min() > seen[1].validation.x["row"].max()
    with pytest.raises(autonas.errors.InputError, match="split"):
        task.fit(frame, prices, split="random")


def test_a_project_of_a_task_of_ones_own_is_told(tmp_path):
    from autonas.errors import ProjectError
    from autonas.project import Project

    Project(tmp_path / "own").open({"seed": 0}, {"task": "Mine"}, overwrite=False)
    with pytest.raises(ProjectError, match="'Mine', a task of your own"):
        autonas.load(tmp_path / "own")
