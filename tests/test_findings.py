"""Several objectives, from arrays to a model that was selected, as a user goes it."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import autonas
from autonas import pareto
from autonas.blocks import Chain, ReductionBlock
from autonas.errors import InputError, NotFittedError, ProjectError
from autonas.testing.estimators import Shallow

OBJECTIVE = ["val_accuracy", "params"]


def digits():
    x, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < 3)[:180]
    return x[rows].reshape(-1, 8, 8).astype("uint8"), y[rows]


def small_space(images, rows):
    return Chain(Shallow(images.resolution, rows), ReductionBlock())


def task(folder, **options):
    options = {"objective": OBJECTIVE, "max_trials": 5, "verbose": 0, "directory": folder, **options}
    clf = autonas.ImageClassifier(project_name="front", **options)
    clf.block = small_space
    return clf


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    x, y = digits()
    clf = task(folder)
    model = clf.fit(x, y, epochs=2, batch_size=32)
    return clf, model, folder, x, y


def test_trials_have_the_scores_of_all_objectives(fitted):
    clf, *_ = fitted
    board = clf.leaderboard()
    front = clf.pareto_front()
    scores = np.column_stack([board["val_accuracy"], -board["params"]])
    assert sorted(front["trial"]) == sorted(board["trial"][pareto.is_efficient(scores)])
    assert front["params"].is_monotonic_decreasing


def test_rows_of_the_front_say_of_which_training_they_are(fitted):
    clf, *_ = fitted
    front = clf.pareto_front()
    finished = json.loads((clf._project.file).read_text())["finished"]
    full = {f["trial"]: f["metrics"]["val_accuracy"] for f in finished["finalists"][::-1]}
    board = clf.leaderboard().set_index("trial")
    assert set(front["values"]) <= {"searched", "retrained"}
    for row in front.to_dict("records"):
        assert (row["values"] == "retrained") == (row["trial"] in full)
        assert row["val_accuracy in search"] == board.loc[row["trial"], "val_accuracy"]
        assert row["val_accuracy"] == full.get(row["trial"], row["val_accuracy in search"])


@pytest.mark.slow
def test_the_model_is_the_finalist_nearest_to_the_ideal(fitted):
    clf, model, *_ = fitted
    finished = json.loads((clf._project.file).read_text())["finished"]
    board = clf.leaderboard().set_index("trial")
    front = board.loc[clf.pareto_front()["trial"], ["val_accuracy", "params"]]
    spread = (front.max() - front.min()).replace(0, 1)

    def distance(finalist):
        accuracy = (front["val_accuracy"].max() - finalist["metrics"]["val_accuracy"]) / spread["val_accuracy"]
        params = (board.loc[finalist["trial"], "params"] - front["params"].min()) / spread["params"]
        return np.hypot(accuracy, params)

    assert finished["winner"] == min(finished["finalists"], key=distance)["trial"]
    assert clf.costs()["params"] == board.loc[finished["winner"], "params"] + model.count_params() - _core(model)


def _core(model):
    return model.get_layer("core").count_params()


def test_select_takes_the_best_within_limits_and_keeps_it(fitted):
    clf, model, folder, x, _ = fitted
    board = clf.leaderboard()
    limit = float(board["params"].median())
    chosen = clf.select(params=limit)
    expected = board[board["params"] <= limit].sort_values(["val_accuracy", "params"], ascending=[False, True])
    assert clf.costs()["params"] <= limit
    kept = json.loads(clf._project.file.read_text())["finished"]
    number = int(expected["trial"].iloc[0])
    assert number == kept["winner"] or str(number) in kept["selected"]
    answers = clf.predict(x)
    assert answers.tolist() == chosen.predict(x, verbose=0).argmax(-1).tolist()
    loaded = autonas.load(folder / "front")
    loaded.select(params=limit)
    np.testing.assert_allclose(loaded.predict_proba(x), clf.predict_proba(x), atol=1e-6)
    assert clf.select("knee").count_params() == model.count_params()
    np.testing.assert_allclose(clf.model.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_a_selected_trial_is_retrained_in_the_front(fitted):
    clf, *_ = fitted
    front = clf.pareto_front()
    smallest = front.loc[front["params"].idxmin()]
    clf.select(params=float(smallest["params"]))
    after = clf.pareto_front().set_index("trial")
    assert after.loc[smallest["trial"], "values"] == "retrained"


def test_a_limit_that_nothing_keeps_to_names_what_the_front_offers(fitted):
    clf, *_ = fitted
    least = int(clf.leaderboard()["params"].min())
    with pytest.raises(InputError, match=r"The front offers val_accuracy from .* params from"):
        clf.select(params=least - 1)
    with pytest.raises(InputError, match="on one of"):
        clf.select(latency=1)
    with pytest.raises(InputError, match="with 'knee' or with limits"):
        clf.select("knee", params=3)
    with pytest.raises(InputError, match="with 'knee' or with limits"):
        clf.select("elbow")


def test_a_model_that_is_over_a_limit_once_it_is_trained_is_not_chosen(fitted, monkeypatch):
    clf, *_ = fitted
    said, asked = ["params is 9, over the limit of 8", None], []
    monkeypatch.setattr("autonas.objectives.broken", lambda limited, built: said.pop(0))
    monkeypatch.setattr(clf, "_trained", lambda number: asked.append(number) or (clf.head, clf.model))
    board = clf.leaderboard()
    for _ in range(2):  # what was measured once is not measured again
        clf.select(params=np.int64(board["params"].max() + 1))
        monkeypatch.setattr("autonas.objectives.broken", lambda limited, built: "" if len(limited) else None)
    order = board.sort_values(["val_accuracy", "params"], ascending=[False, True])["trial"].tolist()
    assert asked == order[:2] * 2


def test_a_loaded_task_has_the_front_and_cannot_train(fitted):
    clf, _, folder, *_ = fitted
    loaded = autonas.load(folder / "front")
    pd.testing.assert_frame_equal(loaded.pareto_front(), clf.pareto_front())
    pd.testing.assert_frame_equal(loaded.hypervolume(), clf.hypervolume())
    assert loaded.report() == clf.report()
    done = json.loads(clf._project.file.read_text())["finished"]
    kept = {done["winner"], *map(int, done["selected"])}
    others = clf.leaderboard()[lambda board: ~board["trial"].isin(kept)]
    with pytest.raises(NotFittedError, match="Call fit with the same data"):
        loaded._train_selected(next(t for t in loaded._store.trials if t.number == others["trial"].iloc[0]))


def test_the_report_tells_the_front(fitted):
    clf, *_ = fitted
    report = clf.report()
    assert "Front: " in report
    assert "hypervolume" in report
    assert "Knee: trial" in report
    assert "Best params: trial" in report
    assert "Gain over" not in report


def test_the_same_call_goes_on_and_another_objective_is_another_search(fitted):
    _, model, folder, x, y = fitted
    again = task(folder)
    other = again.fit(x, y, epochs=2, batch_size=32)
    np.testing.assert_allclose(other.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)
    with pytest.raises(ProjectError, match="objective was"):
        task(folder, objective=["val_accuracy", "flops"]).fit(x, y, epochs=2, batch_size=32)


@pytest.mark.slow
def test_equal_seeds_give_equal_trials(fitted, tmp_path):
    clf, _, _, x, y = fitted
    other = task(tmp_path, top_k=1)
    other.fit(x, y, epochs=2, batch_size=32)
    assert [t.values for t in other._store.trials] == [t.values for t in clf._store.trials]
    assert [t.scores for t in other._store.trials] == [t.scores for t in clf._store.trials]


@pytest.mark.slow
def test_a_tradeoff_is_searched_kept_and_loaded(tmp_path):
    x, y = digits()
    objective = autonas.Tradeoff("val_accuracy", "params", target=500.0, weight=-0.2)
    clf = task(tmp_path, objective=objective, max_trials=3, top_k=1)
    clf.fit(x, y, epochs=2, batch_size=32)
    board = clf.leaderboard()
    expected = board["val_accuracy"] * (board["params"] / 500.0) ** -0.2
    np.testing.assert_allclose(board["score"], expected)
    assert repr(autonas.load(tmp_path / "front").objective) == repr(objective)
    assert autonas.load(tmp_path / "front").report() == clf.report()
    with pytest.raises(InputError, match="select is called must be several"):
        clf.select(params=100)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ensemble": True}, "left out where a cost is an objective"),
        ({"strategy": "asha"}, "evaluates in full"),
        ({"objective": ["val_accuracy", "val_accuracy"]}, "each of another name"),
        ({"objective": {"params": "max"}}, "'min' for a cost"),
    ],
)
def test_what_does_not_go_with_several_objectives(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        task(tmp_path, **options)


def test_metrics_that_are_objectives_have_to_be_trained_with(tmp_path):
    x, y = digits()
    with pytest.raises(InputError, match=r"Name the others in metrics="):
        task(tmp_path, objective=["val_accuracy", "val_auc"]).fit(x, y)


def test_before_fit_there_is_no_front(tmp_path):
    clf = task(tmp_path)
    for method in (clf.pareto_front, clf.hypervolume, clf.select):
        with pytest.raises(NotFittedError):
            method()
