"""Each task keeps the promises: raw data in, a Keras model that stands alone, the same answers on a device and from disk."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

import autonas
from autonas import generators
from autonas.testing.tasks import _ask_keras, check_task

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


def make(name, **options):
    layout = {"sequence_id": "card", "order_by": "time"} if "cards" in name else {}
    return getattr(autonas, name.split(" ")[0])(**layout, **options)


SLOW = {"TextRegressor", "SequenceRegressor", "SequenceClassifier"}  # their inputs and heads are those of the others


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in CASES])
def test_a_task_keeps_its_promises(name, tmp_path, small_images):
    x, y = CASES[name]()
    check_task(make(name, directory=tmp_path, project_name="task", **OPTIONS), x, y, tmp_path, epochs=2)


def test_texts_beside_a_table_with_two_targets_keep_the_promises(tmp_path):
    (texts, kinds), (frame, prices) = reviews(), generators.houses(60, 0)
    x, y = {"review": list(texts), "facts": frame}, {"kind": kinds, "price": prices}
    several = {"review": "text", "facts": "table"}, {"kind": "classification", "price": "regression"}
    task = autonas.AutoModel(
        *several, directory=tmp_path, project_name="task", objective="val_kind_average_precision", **OPTIONS
    )
    task.fit(x, y, epochs=2)
    answers = task.predict(x)
    weights = np.arange(60) % 3.0
    positive, scores = task.head.heads["kind"].positive, task.predict_proba(x)["kind"][:, 1]
    ranked = average_precision_score(kinds == positive, scores, sample_weight=weights)
    assert task.evaluate(x, y, sample_weight=weights)["kind_average_precision"] == pytest.approx(ranked)
    for name in ("model.tflite", "model.keras", "model"):
        report = task.export(tmp_path / name, data=(x, y))
        assert report.difference < 1e-3 * np.abs(answers["price"]).max()
    for told in (autonas.lite.Model(tmp_path / "model.tflite").predict(x), autonas.load(tmp_path / "task").predict(x)):
        np.testing.assert_array_equal(told["kind"], answers["kind"])
        np.testing.assert_allclose(told["price"], answers["price"], rtol=1e-3)


def test_fewer_positives_than_folds_are_no_folds(tmp_path):
    rng = np.random.default_rng(0)
    x, y = {"a": rng.normal(size=80), "b": rng.normal(size=80)}, np.arange(80) < 3
    task = autonas.TabularClassifier(directory=tmp_path, **{**OPTIONS, "ensemble": None})
    task.fit(x, y, epochs=1)
    assert task.threshold.positives == 1  # of the one part that all were judged on
    assert task.predict(x).dtype == bool


def test_a_file_that_keras_alone_cannot_open_is_found(tmp_path):
    (tmp_path / "task.keras").write_bytes(b"no model")
    np.savez(tmp_path / "x.npz", x=np.zeros(1))
    with pytest.raises(AssertionError, match="ValueError"):
        _ask_keras([str(tmp_path / "task.keras"), str(tmp_path / "x.npz"), "array"])


class Liar(autonas.TabularRegressor):
    """Answers otherwise than its model does."""

    def predict(self, x, batch_size=256):
        return super().predict(x, batch_size) + 1


def test_a_task_that_breaks_a_promise_is_found(tmp_path):
    with pytest.raises(AssertionError, match=r"(?i)not equal"):
        check_task(Liar(directory=tmp_path, project_name="task", **OPTIONS), *houses(), tmp_path, epochs=1)


@pytest.mark.slow
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


def test_a_rare_class_is_looked_for(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rare = rng.random(400) < 0.07
    frame = pd.DataFrame({"a": rng.normal(size=400) + 2 * rare, "b": rng.normal(size=400), "same": 1})
    y = np.where(rare, "fraud", "good")
    options = {**OPTIONS, "verbose": 1, "metrics": ["accuracy", "recall"]}
    task = autonas.TabularClassifier(directory=tmp_path, threshold={"max_fpr": 0.05}, **options)
    task.fit(frame, y, epochs=5)
    found = "Columns: 2 numeric (a, b)\nLeft out: same (all rows have the same)\n"
    assert capsys.readouterr().out.startswith(found)
    assert found in task.report() + "\n"
    assert task.objective.name == "val_average_precision"
    assert "val_average_precision" in task.leaderboard()
    assert task.threshold.aim == {"max_fpr": 0.05}
    assert "Threshold for 'fraud'" in task.report()
    assert "alerts per 1,000" in task.report()
    loaded = autonas.load(tmp_path / task._project.folder.name)
    assert loaded.threshold == task.threshold
    alarms = task.predict_proba(frame)[:, 0] >= task.threshold.value
    assert (task.predict(frame) == np.where(alarms, "fraud", "good")).all()
    for each in task, loaded:  # what is evaluated is what is predicted
        told = each.evaluate(frame, y)
        assert told["accuracy"] == pytest.approx((alarms == rare).mean())
        assert told["recall"] == pytest.approx(alarms[rare].mean())
        ranked = average_precision_score(rare, task.predict_proba(frame)[:, 0])
        assert told["average_precision"] == pytest.approx(ranked)
        assert np.isnan(each.evaluate(frame[rare], y[rare])["average_precision"])


@pytest.mark.slow
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
