"""The whole way, from arrays to a retrained model, as a user goes it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

import autonas
from autonas import devices, objectives
from autonas.blocks import AugmentationBlock, Chain, ConvBlock, OneOf, ReductionBlock
from autonas.errors import InputError, NotFittedError, ProjectError, SearchError
from autonas.screens.base import Screen
from autonas.trial_store import TrialStore

NAMES = np.array(["zero", "one", "two", "three"])


def digits(n=240, classes=4):
    x, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < classes)[:n]
    return x[rows].reshape(-1, 8, 8).astype("uint8"), y[rows]


def small_space(images, rows):
    """The parts of the default space that train in a second, and nothing that only the last trainings try out."""
    return Chain(OneOf("family", {"conv": OneStage(8, rows)}), ReductionBlock())


def augmented(images, rows):
    return Chain(AugmentationBlock(), small_space(images, rows))


class OneStage(ConvBlock):
    """A conv block of one convolution behind the stem, which is traced in a second, and with one starting point."""

    def build(self, hp, x):
        import keras

        width = hp.Choice("conv_width", self.widths, default=16)
        activation = hp.Choice("conv_activation", ["relu", "swish"])
        x = keras.layers.Activation(activation)(self.stem(hp, "conv_stride", x, width))
        return keras.layers.Conv2D(width, hp.Choice("conv_kernel", [3, 5]), activation=activation)(x)

    def starting_points(self):
        return [{"conv_width": 16}]


def task(folder, **options):
    """A task on a small space, of one trial unless told."""
    options = {"max_trials": 1, "top_k": 1, "verbose": 0, "directory": folder, "project_name": "digits", **options}
    clf = autonas.ImageClassifier(**options)
    clf.block = small_space
    return clf


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A search of strings for labels, of two trials; the tests only look at it."""
    folder = tmp_path_factory.mktemp("runs")
    x, y = digits()
    clf = task(folder, max_trials=2, metrics=["accuracy", "auc"])
    clf.block = augmented
    model = clf.fit(x[:200], NAMES[y[:200]], epochs=8, batch_size=16)
    return clf, model, folder, x, NAMES[y]


def test_fit_returns_a_keras_model_that_takes_images_as_they_came(fitted):
    import keras

    _, model, _, x, _ = fitted
    assert isinstance(model, keras.Model)
    assert model.predict(x[:3], verbose=0).shape == (3, 4)


def test_predict_answers_with_labels_as_they_were_given(fitted):
    clf, _, _, x, y = fitted
    answers = clf.predict(x[200:])
    assert answers.shape == (40,)
    assert answers.dtype.kind == "U"
    assert (answers == y[200:]).mean() > 0.8


def test_predict_proba_has_the_columns_of_classes(fitted):
    clf, _, _, x, _ = fitted
    probabilities = clf.predict_proba(x)
    assert clf.classes.tolist() == sorted(NAMES)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (clf.classes[probabilities.argmax(axis=1)] == clf.predict(x)).all()


def test_evaluate_agrees_with_scikit_learn(fitted):
    from sklearn.metrics import accuracy_score, log_loss

    clf, _, _, x, y = fitted
    result = clf.evaluate(x, y)
    assert set(result) == {"loss", "accuracy", "auc"}
    assert result["accuracy"] == pytest.approx(accuracy_score(y, clf.predict(x)))
    probabilities = clf.predict_proba(x).astype("float64")
    assert result["loss"] == pytest.approx(log_loss(y, probabilities / probabilities.sum(1, keepdims=True)), rel=1e-3)


def test_leaderboard_has_a_row_for_each_trial(fitted):
    clf = fitted[0]
    board = clf.leaderboard()
    assert isinstance(board, pd.DataFrame)
    assert sorted(board["trial"]) == [0, 1]
    assert board["score"].is_monotonic_decreasing
    for column in ("status", "val_accuracy", "val_auc", "params", "flops", "memory_kb", "seconds", "family"):
        assert column in board


def test_the_costs_of_the_model(fitted, tmp_path):
    clf, model, *_ = fitted
    costs = clf.costs()
    assert costs["latency_ms_low"] <= costs["latency_ms"] <= costs["latency_ms_high"]
    assert costs["size_kb"] == pytest.approx(clf.export(tmp_path / "model.tflite").path.stat().st_size / 1024)
    assert costs["params"] == model.count_params()


class Counting(devices.Device):
    """A device that answers at once, and counts energy where it is made with some."""

    def __init__(self, millijoules=None):
        self.millijoules = millijoules

    def latency(self, tflite):
        return devices.Latency(1.0, 1.0, 1.0)

    @property
    def counts_energy(self):
        return self.millijoules is not None

    def energy(self, tflite):
        return devices.Energy(self.millijoules, 0.0, 3.0)


def test_measured_energy_is_among_the_costs_where_there_is_a_counter(fitted, monkeypatch, capsys):
    clf = fitted[0]
    kinds = {name: autonas.objectives.COSTS[name] for name in ("energy_mj", "energy_measured_mj")}
    monkeypatch.setattr("autonas.objectives.COSTS", kinds)
    monkeypatch.setattr(clf, "verbose", 1)
    told = []
    for millijoules in (None, 2.0, 0.0):
        monkeypatch.setattr(clf, "device", Counting(millijoules))
        told.append(clf.costs())
    assert told[0] == told[2] == {"energy_mj": told[0]["energy_mj"]}
    assert told[1] == told[0] | {
        "energy_measured_mj": 2.0,
        "energy_measured_mj_low": 0.0,
        "energy_measured_mj_high": 3.0,
    }
    assert capsys.readouterr().out.count("energy of an inference cannot be told") == 1


def test_latencies_of_a_device_that_is_not_there_are_left_out(fitted, monkeypatch, capsys):
    clf = fitted[0]
    kinds = {name: objectives.COSTS[name] for name in ("params", "latency_ms", "energy_measured_mj")}
    monkeypatch.setattr("autonas.objectives.COSTS", kinds)
    monkeypatch.setattr(clf, "verbose", 1)
    monkeypatch.setattr(clf, "device", devices.restore("Rig", {}))
    assert list(clf.costs()) == ["params"]
    assert "so latencies are left out" in capsys.readouterr().out


def test_costs_that_the_device_cannot_tell_are_left_out(fitted, monkeypatch):
    clf, device = fitted[0], Counting()
    kinds = {name: autonas.objectives.COSTS[name] for name in ("latency_ms", "latency_float16_ms", "latency_int8_ms")}
    monkeypatch.setattr("autonas.objectives.COSTS", kinds)
    monkeypatch.setattr(clf, "device", device)
    monkeypatch.setattr(device, "runs", lambda precision: False, raising=False)
    assert set(clf.costs()) == {"latency_ms", "latency_ms_low", "latency_ms_high"}


def test_measured_energy_without_a_counter_is_refused_before_anything_is_done(tmp_path):
    clf = autonas.ImageClassifier(limits={"energy_measured_mj": 1.0}, device=lambda tflite: 1e-3, directory=tmp_path)
    with pytest.raises(InputError, match=r"energy_measured_mj must be .*counter of energy.* Got Rig"):
        clf.fit(np.zeros((20, 8, 8, 1), "float32"), np.arange(20) % 2)
    assert not list(tmp_path.iterdir())


def test_a_fit_that_is_refused_leaves_the_model_as_it_was(fitted):
    clf, _, _, x, y = fitted
    with pytest.raises(InputError):
        clf.fit(x[:3], y[:5])
    assert len(clf.predict(x)) == len(x)


def test_the_report_tells_the_gain_over_the_best_starting_point(fitted):
    assert "Gain over the best starting point" in fitted[0].report()


def test_load_answers_as_the_fitted_task(fitted):
    clf, _, folder, x, y = fitted
    loaded = autonas.load(folder / "digits")
    assert isinstance(loaded, autonas.ImageClassifier)
    np.testing.assert_array_equal(loaded.predict(x), clf.predict(x))
    np.testing.assert_array_equal(loaded.predict_proba(x), clf.predict_proba(x))
    assert loaded.evaluate(x, y) == pytest.approx(clf.evaluate(x, y))
    pd.testing.assert_frame_equal(loaded.leaderboard(), clf.leaderboard())
    assert loaded._batch_size == clf._batch_size == 16


def test_a_finished_project_is_answered_from_disk(fitted):
    _clf, model, folder, x, y = fitted
    again = task(folder, max_trials=2, metrics=["accuracy", "auc"])
    again.block = augmented
    before = (folder / "digits" / "model.keras").stat().st_mtime_ns
    same = again.fit(x[:200], y[:200], epochs=8, batch_size=16)
    assert (folder / "digits" / "model.keras").stat().st_mtime_ns == before
    np.testing.assert_array_equal(same.predict(x, verbose=0), model.predict(x, verbose=0))


def test_no_checkpoint_of_a_loser_stays(fitted):
    folder = fitted[2]
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert files == {
        f"digits/{name}" for name in ("project.json", "model.keras", "trials/0000.json", "trials/0001.json")
    }


def test_other_data_in_the_same_project_is_a_clear_error(fitted):
    _, _, folder, x, y = fitted
    with pytest.raises(ProjectError, match=r"data was .* overwrite=True"):
        task(folder, max_trials=2, metrics=["accuracy", "auc"]).fit(x[:199], y[:199], epochs=8, batch_size=16)


def test_another_seed_in_the_same_project_is_a_clear_error(fitted):
    _, _, folder, x, y = fitted
    with pytest.raises(ProjectError, match="seed was 0, now is 1"):
        task(folder, max_trials=2, seed=1, metrics=["accuracy", "auc"]).fit(x[:200], y[:200], epochs=8, batch_size=16)


def test_predictions_of_images_of_another_size_are_an_error(fitted):
    with pytest.raises(InputError, match="8"):
        fitted[0].predict(np.zeros((2, 9, 9)))


@pytest.mark.parametrize("size", [0, None, "32", 2.5])
def test_batches_of_no_size_are_an_error(fitted, size):
    clf, _, _, x, y = fitted
    for ask in (clf.predict, clf.predict_proba, lambda x, batch_size: clf.evaluate(x, y, batch_size=batch_size)):
        with pytest.raises(InputError, match="batch_size must be an integer of at least 1"):
            ask(x, batch_size=size)


def run(code, *arguments):
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.returncode == 0, result.stderr
    return result


@pytest.mark.slow  # the suite of the tasks opens one of each
def test_the_keras_file_opens_where_autonas_is_not_installed(fitted, tmp_path):
    clf, model, _, x, _ = fitted
    clf.export(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)
    run(
        """
import sys
sys.modules["autonas"] = None
import keras, numpy as np
model = keras.saving.load_model(sys.argv[1] + "/model.keras")
np.save(sys.argv[1] + "/y.npy", model.predict(np.load(sys.argv[1] + "/x.npy"), verbose=0))
""",
        tmp_path,
    )
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model.predict(x, verbose=0), atol=1e-5)


def test_the_tflite_file_runs_where_tensorflow_and_keras_are_not_installed(fitted, tmp_path):
    clf, model, _, x, _ = fitted
    clf.export(tmp_path / "model.tflite")
    np.save(tmp_path / "x.npy", x)
    run(
        """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = sys.modules["autonas"] = None
import numpy as np
from ai_edge_litert.interpreter import Interpreter
x = np.load(sys.argv[1] + "/x.npy").astype("float32")
interpreter = Interpreter(sys.argv[1] + "/model.tflite")
inputs, outputs = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
interpreter.resize_tensor_input(inputs, x.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(inputs, x)
interpreter.invoke()
np.save(sys.argv[1] + "/y.npy", interpreter.get_tensor(outputs))
""",
        tmp_path,
    )
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model.predict(x, verbose=0), atol=1e-4)


def test_a_plain_call_of_the_model_does_not_augment(fitted):
    _, model, _, x, _ = fitted
    np.testing.assert_allclose(np.asarray(model(x)), model.predict(x, verbose=0), atol=1e-5)


def test_methods_before_fit_say_so(tmp_path):
    clf = task(tmp_path)
    for call in (
        lambda: clf.predict([[0]]),
        lambda: clf.leaderboard(),
        lambda: clf.export("a.keras"),
        lambda: clf.report(),
    ):
        with pytest.raises(NotFittedError, match="fit"):
            call()


def test_a_larger_max_trials_goes_on(tmp_path):
    x, y = digits(120, 2)
    task(tmp_path, max_trials=1).fit(x, y, epochs=1)
    first = autonas.load(tmp_path / "digits").leaderboard()
    clf = task(tmp_path, max_trials=2)
    clf.fit(x, y, epochs=1)
    board = clf.leaderboard()
    assert sorted(board["trial"]) == [0, 1]
    assert board.set_index("trial").loc[0, "seconds"] == first.loc[0, "seconds"]


def test_equal_seeds_give_equal_trials_scores_and_weights(tmp_path):
    x, y = digits(120, 2)
    results = []
    for name in ("first", "second"):
        clf = task(tmp_path / name, max_trials=2, seed=0)
        clf.block = augmented
        model = clf.fit(x, y, epochs=1)
        board = clf.leaderboard().drop(columns=["seconds", "startup_seconds", "step_seconds"])
        results.append((board, model.get_weights()))
    pd.testing.assert_frame_equal(results[0][0], results[1][0])
    for one, other in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_another_seed_gives_other_trials(tmp_path):
    x, y = digits(120, 2)
    boards = []
    for seed in (0, 1):
        clf = task(tmp_path / str(seed), max_trials=6, seed=seed, objective="params")
        clf.fit(x, y, epochs=1)
        boards.append(clf.leaderboard()["params"].tolist())
    assert boards[0] != boards[1]


def test_a_limit_rejects_before_training_and_the_winner_keeps_it(tmp_path):
    x, y = digits(120, 2)
    clf = task(tmp_path, max_trials=2, limits={"params": 5_000}, operations="int8", device=devices.Host(batch_size=2))
    model = clf.fit(x, y, epochs=1)
    board = clf.leaderboard()
    rejected = board[board["status"] == "rejected"]
    assert len(rejected) > 0
    assert (rejected["params"] > 5_000).all()
    assert rejected["val_accuracy"].isna().all()
    assert (board[board["status"] == "completed"]["params"] <= 5_000).all()
    assert model.count_params() <= 5_100  # the statistics of the scaling are no parameters of the network
    assert (board["status"] == "completed").sum() == 2  # rejected ones do not count as trials
    loaded = autonas.load(tmp_path / "digits")
    assert {name: limit for name, (_, limit) in loaded.limits.items()} == {"params": 5_000}
    assert (loaded.operations, loaded.device.batch_size) == ("int8", 2)


@pytest.mark.slow
def test_the_model_keeps_to_limits_of_every_kind(fitted, tmp_path):
    """All but latencies and the memory of a training, most of which is TensorFlow's, under what a design of the space has of
    itself; all measured anew on what `fit` returned.
    """
    larger = fitted[0].costs()
    known = [name for name in objectives.COSTS if name in larger]  # the energy only where there is a counter
    limits = {name: 50.0 if name.startswith("latency") else 0.8 * larger[name] for name in known} | {"training_kb": 1e5}
    x, y = digits(60, 2)
    clf = task(tmp_path, limits=limits)
    model = clf.fit(x, y, epochs=1)
    costs = clf.costs()
    assert {name: costs[name] for name, limit in limits.items() if costs[name] > limit} == {}
    (trial,) = (trial for trial in clf._store.trials if trial.number == clf._finished["winner"])
    exact = [name for name in known if f"{name}_low" not in costs]
    assert {
        name: costs[name] for name in exact if costs[name] > trial.costs[name] + 0.01
    } == {}  # as tight a limit holds
    assert clf.export(tmp_path / "model.tflite").path.stat().st_size <= 1024 * limits["size_kb"]
    assert clf.export(tmp_path / "int8.tflite", "int8").path.stat().st_size <= 1024 * limits["size_int8_kb"]
    assert (
        model.count_params() <= limits["params"] + 100
    )  # the statistics of the scaling are no parameters of the network


@pytest.mark.parametrize(
    ("limits", "message"),
    [({"params": 10}, "params"), ({"latency_ms": 1e-6}, "latency_ms"), ({"size_kb": 0.5}, "size_kb")],
)
def test_limits_that_nothing_can_meet_are_told_before_training(tmp_path, limits, message):
    x, y = digits(60, 2)
    with pytest.raises(InputError, match=f"smallest network of the space {message}"):
        task(tmp_path, limits=limits).fit(x, y)
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.slow
def test_a_cost_as_the_objective_is_minimised(tmp_path):
    x, y = digits(120, 2)
    clf = task(tmp_path, max_trials=5, objective="size_kb")
    clf.fit(x, y, epochs=1)
    board = clf.leaderboard()
    assert board["size_kb"].iloc[0] == board["size_kb"].min()


@pytest.mark.slow
def test_an_f1_score_is_maximised(tmp_path):
    x, y = digits(120, 2)
    clf = task(tmp_path, max_trials=3, objective="val_f1_score")
    clf.fit(x, y, epochs=2)
    board = clf.leaderboard()
    assert board["val_f1_score"].iloc[0] == board["val_f1_score"].max()
    assert "f1_score" in clf.evaluate(x, y)


def test_two_classes_and_booleans(tmp_path):
    x, y = digits(120, 2)
    clf = task(tmp_path)
    clf.fit(x, y == 1, epochs=1)
    assert clf.predict(x).dtype == bool
    assert clf.predict_proba(x).shape == (120, 2)


def test_multi_label(tmp_path):
    x, y = digits(120, 4)
    targets = np.stack([y % 2, y > 1], axis=1).astype(int)
    clf = task(tmp_path, multi_label=True)
    clf.fit(x, targets, epochs=1)
    assert clf.predict(x).shape == (120, 2)
    assert set(np.unique(clf.predict(x))) <= {0, 1}


@pytest.mark.parametrize("strategy", ["HyperbandOracle", "BayesianOptimizationOracle"])
@pytest.mark.slow
def test_oracles_of_keras_tuner_in_place_of_a_strategy(tmp_path, strategy):
    import keras_tuner

    x, y = digits(80, 2)
    oracle = getattr(keras_tuner.oracles, strategy)
    clf = task(tmp_path, max_trials=5, strategy=oracle)
    clf.fit(x, y, epochs=3)
    board = clf.leaderboard()
    assert strategy.lower() in set(board["origin"])
    assert not board.drop(columns=["trial", "seconds", "startup_seconds", "step_seconds"]).duplicated().any()
    if strategy == "HyperbandOracle":
        assert "tuner/epochs" in board


def test_a_screen_chooses_what_is_trained(tmp_path):
    class Small(Screen):
        needs_network, pool, warm, proposals = True, 6, 1, 3

        def score(self, candidates, finished):
            return np.array([-float(one.make_core().count_params()) for one in candidates])

    x, y = digits(80, 2)
    clf = task(tmp_path, max_trials=3, strategy="random", screen=Small(), ensemble=False)
    clf.fit(x, y, epochs=1)
    found = clf._store.trials
    points = sum(trial.origin == "starting point" for trial in found)
    assert [trial.origin for trial in found][points : points + 1] == ["warm start"]
    screened = [trial for trial in found if trial.screen is not None]
    assert len(screened) == 3 - points > 0
    cores = [-trial.screen for trial in screened]
    assert all(core <= trial.costs["params"] for core, trial in zip(cores, screened, strict=True))
    clf = task(tmp_path, max_trials=3, strategy="random", ensemble=False)
    with pytest.raises(ProjectError, match="screen was"):
        clf.fit(x, y, epochs=1)


@pytest.mark.slow
def test_a_candidate_that_is_sent_on_goes_on_and_the_others_are_forgotten(tmp_path, monkeypatch):
    from autonas.evaluation import Evaluation

    x, y = digits(120, 2)
    left = []

    def watched(self, unfinished):
        prune(self, unfinished)
        left.append((len(unfinished), len(list(self.checkpoints.iterdir()))))

    prune = Evaluation.prune
    monkeypatch.setattr(Evaluation, "prune", watched)
    clf = task(tmp_path, max_trials=6, strategy=autonas.Hyperband(least=1 / 3), estimator="full", ensemble=False)
    clf.fit(x, y, epochs=6)
    board = clf.leaderboard().sort_values("trial")
    assert board["tuner/budget"].tolist() == [1 / 3] * 3 + [1.0] * 3
    assert board["epochs"].tolist() == [2.0] * 3 + [6.0] * 3
    assert left == [(2, 2), (1, 1), (0, 0), (0, 0), (0, 0)]  # after each proposal; the first trial is a starting point
    assert not (tmp_path / "digits" / "checkpoints").exists()


@pytest.mark.slow
def test_an_instance_of_an_oracle_is_taken_as_it_is(tmp_path):
    import keras_tuner

    x, y = digits(80, 2)
    oracle = keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("val_accuracy", "max"), max_trials=2, seed=3)
    clf = task(tmp_path, max_trials=5, strategy=oracle)
    clf.fit(x, y, epochs=1)
    assert (clf.leaderboard()["origin"] == "randomsearchoracle").sum() == 2


@pytest.mark.slow
def test_a_dataset_gives_what_its_arrays_give(tmp_path):
    import tensorflow as tf

    x, y = digits(80, 2)
    models = [
        task(tmp_path / "arrays").fit(x, y, epochs=1),
        task(tmp_path / "dataset").fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), epochs=1),
    ]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_colour_images_larger_than_the_network_takes(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(12) % 2
    x = rng.integers(0, 255, (12, 150, 200, 3), dtype="uint8")
    clf = task(tmp_path, max_trials=1)
    model = clf.fit(x, y, epochs=1, batch_size=6)
    assert model.input_shape == (None, 150, 200, 3)
    clf.export(tmp_path / "model.tflite")


def test_callbacks_are_copied_for_trials_and_used_in_the_last_training(tmp_path):
    import keras

    class Count(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1

    x, y = digits(80, 2)
    count = Count()
    task(tmp_path).fit(x, y, epochs=2, callbacks=[count])
    assert count.epochs in (1, 2)


def test_epochs_and_batch_size_are_those_of_the_user(tmp_path):
    import keras

    class Batches(keras.callbacks.Callback):
        seen = 0

        def on_train_batch_end(self, batch, logs=None):
            self.seen += 1

    x, y = digits(80, 2)
    batches = Batches()
    task(tmp_path).fit(x, y, epochs=3, batch_size=10, callbacks=[batches])
    assert batches.seen in (8, 16, 24)  # all 80 images in batches of ten, for as many epochs as the winner took


def test_nothing_is_shown_with_verbose_0(tmp_path):
    result = run(
        """
import sys
import numpy as np
import autonas
from autonas.blocks import Chain, ConvBlock, ReductionBlock
x = np.random.default_rng(0).integers(0, 255, (60, 8, 8), dtype="uint8")
clf = autonas.ImageClassifier(max_trials=1, limits={"latency_ms": 100.0}, directory=sys.argv[1], verbose=0)
clf.block = lambda images, rows: Chain(ConvBlock(8, rows), ReductionBlock())
clf.fit(x, np.arange(60) % 2, epochs=1)
clf.predict(x)
clf.export(sys.argv[1] + "/model.tflite")
""",
        tmp_path,
    )
    assert (result.stdout, result.stderr) == ("", "")


@pytest.mark.slow
def test_lines_tell_the_trials_where_there_is_no_terminal(tmp_path, capsys):
    x, y = digits(80, 2)
    task(tmp_path, verbose=1).fit(x, y, epochs=1)
    shown = capsys.readouterr().out
    for part in ("Trial 1/1: val_accuracy", "conv width 16", "Retraining", "Gain over the best starting point"):
        assert part in shown


@pytest.mark.slow
def test_a_callback_that_sets_the_learning_rate_finds_it_settable(tmp_path):
    import keras

    x, y = digits(80, 2)
    clf = task(tmp_path)
    clf.fit(x, y, epochs=2, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)])
    assert set(clf.leaderboard()["schedule"]) == {"constant"}


@pytest.mark.slow
def test_the_users_loss_is_the_one_that_is_minimised(tmp_path):
    x, y = digits(80, 2)
    called = []

    def loss(y_true, y_pred):
        import keras

        called.append(True)
        return 0.0 * keras.ops.sum(y_pred, axis=-1) + 42.0

    clf = task(tmp_path, loss=loss)
    clf.fit(x, y, epochs=1)
    assert called
    assert clf.evaluate(x, y)["loss"] == pytest.approx(42.0)
    with pytest.raises(NotFittedError, match="compile"):
        autonas.load(tmp_path / "digits").evaluate(x, y)


def test_a_sparse_loss_gets_integer_targets(tmp_path):
    x, y = digits(120, 4)
    clf = task(tmp_path, loss="sparse_categorical_crossentropy")
    clf.fit(x, y, epochs=1)
    assert set(clf.evaluate(x, y)) == {"loss", "accuracy"}


@pytest.mark.slow
def test_class_weights_change_what_is_learned(tmp_path):
    x, y = digits(120, 2)
    shares = []
    for name, weight in (("up", {0: 1.0, 1: 1000.0}), ("down", {0: 1000.0, 1: 1.0})):
        clf = task(tmp_path / name)
        clf.fit(np.zeros_like(x), y, epochs=4, class_weight=weight)
        shares.append((clf.predict(np.zeros_like(x)) == 1).mean())
    assert shares == [1.0, 0.0]


@pytest.mark.slow
def test_sample_weights_change_what_is_learned(tmp_path):
    x, y = digits(120, 2)
    shares = []
    for name, rare in (("up", 1), ("down", 0)):
        clf = task(tmp_path / name)
        clf.fit(np.zeros_like(x), y, epochs=4, sample_weight=np.where(y == rare, 1000.0, 1.0))
        shares.append((clf.predict(np.zeros_like(x)) == 1).mean())
    assert shares == [1.0, 0.0]


def test_validation_data_of_the_user_is_what_candidates_are_judged_on(tmp_path):
    x, y = digits(120, 2)
    clf = task(tmp_path)
    clf.fit(x, y, validation_data=(x[:40], 1 - y[:40]), epochs=40)
    assert clf.leaderboard()["val_accuracy"].iloc[0] < 0.6 < clf.leaderboard()["accuracy"].iloc[0]


def test_a_search_whose_trials_all_fail_ends_with_the_reason(tmp_path):
    x, y = digits(80, 2)

    def loss(y_true, y_pred):
        import keras

        return keras.ops.sum(y_pred, axis=-1) * float("nan")

    with pytest.raises(SearchError, match="diverged: the loss became nan in epoch 1"):
        task(tmp_path, max_trials=9, loss=loss).fit(x, y, epochs=1)
    trials = [json.loads(file.read_text()) for file in (tmp_path / "digits" / "trials").glob("*.json")]
    assert {trial["status"] for trial in trials} == {"failed"}
    with pytest.raises(SearchError, match=r"No trial of 1 worked.*The training diverged"):
        task(tmp_path, max_trials=1, loss=loss, project_name="one").fit(x, y, epochs=1)


def test_where_no_trial_ended_in_time_the_smallest_starting_point_is_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("autonas.loop.run", lambda *parts, **options: None)
    x, y = digits(60, 2)
    clf = task(tmp_path, max_trials=None, max_time="60s", verbose=1)
    model = clf.fit(x, y, epochs=1)
    assert model.predict(x, verbose=0).shape == (60, 1)
    assert "The time was up before any candidate was measured." in capsys.readouterr().out
    assert len(autonas.load(tmp_path / "digits").predict(x)) == 60
    assert clf.leaderboard().empty
    assert not clf._is_finished(clf._finished, clf._store)  # the same call searches


def test_ctrl_c_keeps_the_trials_and_says_how_to_go_on(tmp_path, capsys):
    import keras

    class Stop(keras.callbacks.Callback):
        trials = 0

        def on_train_begin(self, logs=None):
            Stop.trials += 1
            if Stop.trials == 2:
                raise KeyboardInterrupt

    x, y = digits(80, 2)
    clf = task(tmp_path, max_trials=2, verbose=1)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(x, y, epochs=1, callbacks=[Stop()])
    assert len(clf.leaderboard()) == 1
    assert "1 trials are kept" in capsys.readouterr().out
    clf.fit(x, y, epochs=1, callbacks=[Stop()])
    assert sorted(clf.leaderboard()["trial"]) == [0, 1]


def test_a_damaged_model_is_named_and_the_trials_stay(fitted, tmp_path):
    import shutil

    project = tmp_path / "digits"
    shutil.copytree(fitted[2] / "digits", project)
    (project / "model.keras").write_bytes(b"not a model")
    clf = autonas.load(project)
    assert len(clf.leaderboard()) == 2
    with pytest.raises(ProjectError, match=r"model\.keras is missing or damaged"):
        clf.predict(fitted[3])


def test_a_damaged_project_file_is_named_and_the_same_call_goes_on(tmp_path):
    x, y = digits(80, 2)
    task(tmp_path).fit(x, y, epochs=1)
    first = autonas.load(tmp_path / "digits").leaderboard()
    (tmp_path / "digits" / "project.json").write_text("{")
    with pytest.raises(ProjectError, match=r"project\.json is damaged"):
        autonas.load(tmp_path / "digits")
    clf = task(tmp_path)
    with pytest.warns(UserWarning, match=r"project\.json is damaged"):
        clf.fit(x, y, epochs=1)
    assert clf.leaderboard()["seconds"].tolist() == first["seconds"].tolist()


def test_loading_what_is_no_project_is_an_error(tmp_path):
    with pytest.raises(ProjectError, match="There is no project"):
        autonas.load(tmp_path / "nothing")


@pytest.mark.slow
def test_where_a_class_is_rare_the_focal_loss_is_searched_and_the_crossentropy_is_told(tmp_path):
    x, y = digits(240, 8)
    y = (y == 7)[np.r_[np.flatnonzero(y != 7), np.flatnonzero(y == 7)[:12]]]
    x = x[: len(y)]
    clf = task(tmp_path, max_trials=4, strategy="random", seed=3)
    model = clf.fit(x, y, epochs=2)
    losses = clf.leaderboard().sort_values("trial")["loss_function"]
    assert losses.iloc[0] == "crossentropy"  # the starting point
    assert "focal" in set(losses)
    assert model.loss == "binary_crossentropy"
    truth, told = y.astype("float64"), np.clip(clf.predict_proba(x)[:, 1].astype("float64"), 1e-7, 1 - 1e-7)
    expected = -np.mean(truth * np.log(told) + (1 - truth) * np.log(1 - told))
    assert clf.evaluate(x, y)["loss"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
def test_a_winner_with_the_focal_loss_opens_where_autonas_is_not_installed(tmp_path):
    class Focal(OneStage):
        def starting_points(self):
            return [{**super().starting_points()[0], "loss_function": "focal"}]

    x, y = digits(120, 2)[0], np.arange(120) < 8
    clf = task(tmp_path)
    clf.block = lambda images, rows: Chain(Focal(8, rows), ReductionBlock())
    clf.fit(x, y, epochs=2)
    assert set(clf.leaderboard()["loss_function"]) == {"focal"}
    clf.export(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=x, y=y.astype("float32")[:, None])
    shown = run(
        """
import sys
sys.modules["autonas"] = None
import keras, numpy as np
model, data = keras.saving.load_model(sys.argv[1] + "/model.keras"), np.load(sys.argv[1] + "/data.npz")
print(model.loss, model.evaluate(data["x"], data["y"], verbose=0, return_dict=True)["loss"])
""",
        tmp_path,
    )
    loss, value = shown.stdout.split()
    assert loss == "binary_crossentropy"
    assert float(value) == pytest.approx(clf.evaluate(x, y)["loss"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["val_loss", "params"])
def test_where_losses_or_costs_are_compared_there_is_one_loss(objective, tmp_path):
    clf = task(tmp_path, objective=objective)
    clf.fit(digits(120, 2)[0], np.arange(120) < 8, epochs=1)
    assert "loss_function" not in clf.leaderboard()


# --- ensembles


def members(model):
    return [layer for layer in model.get_layer("core").layers if layer.name.startswith("member_")]


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    x, y = digits(160)
    clf = task(folder, ensemble=True)
    clf.fit(x, NAMES[y], epochs=4, batch_size=16)
    return clf, folder, x, NAMES[y]


@pytest.mark.slow
def test_an_ensemble_is_one_model_in_every_format(ensemble, tmp_path):
    import keras

    clf, folder, x, _ = ensemble
    assert len(members(clf.model)) == 5
    told = clf.predict_proba(x[:20])
    again = keras.models.load_model(clf.export(tmp_path / "model.keras"))
    np.testing.assert_allclose(again.predict(x[:20], verbose=0), told, atol=1e-6)
    lite = autonas.lite.Model(clf.export(tmp_path / "model.tflite"))
    np.testing.assert_allclose(lite.predict_proba(x[:20]), told, atol=1e-5)
    np.testing.assert_allclose(autonas.load(folder / "digits").predict_proba(x[:20]), told, atol=1e-6)


@pytest.mark.slow
def test_an_ensembles_answer_is_the_mean_of_its_members(ensemble):
    clf, _, x, _ = ensemble
    images = clf.model.get_layer("preprocessor").predict(x[:20].astype("float32"), verbose=0)
    each = [member.predict(images, verbose=0) for member in members(clf.model)]
    assert np.abs(each[0] - each[1]).max() > 1e-3
    np.testing.assert_allclose(clf.predict_proba(x[:20]), np.mean(each, axis=0), atol=1e-6)


@pytest.mark.slow
def test_costs_count_all_of_an_ensemble(ensemble):
    clf, _, _, _ = ensemble
    one = members(clf.model)[0].count_params()
    trainable = clf.leaderboard()["params"].iloc[0]
    assert clf.costs()["params"] >= 5 * trainable >= 5 * 0.9 * one


@pytest.mark.slow
def test_the_report_says_what_an_ensemble_is(ensemble):
    clf, _, _, _ = ensemble
    assert "mean of 5 folds" in clf.report()
    assert "100% of the answer" in clf.report()


@pytest.mark.slow
def test_an_ensemble_keeps_to_the_limits(ensemble, tmp_path):
    clf, _, x, y = ensemble
    one = clf.leaderboard()["params"].iloc[0]
    small = task(tmp_path, ensemble=True, limits={"params": 3.5 * one})
    assert len(members(small.fit(x, y, epochs=1, batch_size=16))) == 3


@pytest.mark.slow
def test_networks_are_joined_by_default_where_they_are_light_and_nothing_limits_them(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    y = np.where(frame["a"] > 0, "yes", "no")

    def fitted_with(**options):
        clf = autonas.TabularClassifier(max_trials=1, top_k=1, verbose=0, directory=tmp_path, **options)
        return members(clf.fit(frame, y, epochs=1))

    assert len(fitted_with()) == 5
    assert fitted_with(ensemble=False) == []
    assert fitted_with(limits={"params": 1e6}) == []


@pytest.mark.slow
def test_a_control_is_a_random_search_with_as_many_trials_that_goes_on_after_a_stop(tmp_path, monkeypatch, capsys):
    from autonas.evaluation import Evaluation

    x, y = digits(120)
    options = {
        "max_trials": 3,
        "control": "random",
        "objective": "params",
        "verbose": 1,
    }  # nothing to train but the winner
    calls = []
    evaluate = Evaluation.__call__

    def counted(self, number, values):
        calls.append(number)
        if len(calls) == 5:  # the second trial of the control
            raise KeyboardInterrupt
        return evaluate(self, number, values)

    monkeypatch.setattr(Evaluation, "__call__", counted)
    with pytest.raises(KeyboardInterrupt):
        task(tmp_path, **options).fit(x, y, epochs=1)
    assert "the same call goes on with the control" in capsys.readouterr().out
    assert calls == [0, 1, 2, 0, 1]

    clf = task(tmp_path, **options)
    clf.fit(x, y, epochs=1)
    assert calls == [0, 1, 2, 0, 1, 1, 2]  # nothing is evaluated again, but what was stopped
    assert "Random search at the same budget (one run, 3 trained)" in clf.report()
    assert "Gain over random search" in autonas.load(tmp_path / "digits").report()
    records = [json.loads(file.read_text()) for file in sorted((tmp_path / "digits" / "control").glob("*.json"))]
    assert {record["origin"] for record in records} == {"random"}
    assert len(clf.leaderboard()) == 3

    whole = task(tmp_path / "whole", **{**options, "verbose": 0})
    whole.fit(x, y, epochs=1)
    again = [json.loads(f.read_text()) for f in sorted((tmp_path / "whole" / "digits" / "control").glob("*.json"))]
    assert [(one["values"], one["score"]) for one in again] == [(one["values"], one["score"]) for one in records]


@pytest.mark.slow
def test_a_control_may_be_asked_for_later_and_has_the_seconds_of_the_search(tmp_path, monkeypatch):
    from autonas import loop, trials

    x, y = digits(120)
    task(tmp_path, max_time=15, max_trials=2, objective="params").fit(x, y, epochs=1)
    given = []
    monkeypatch.setattr(loop, "run", lambda *args, **options: given.append(options))
    clf = task(tmp_path, max_time=15, max_trials=2, objective="params", control="random")
    clf.fit(x, y, epochs=1)
    (options,) = given
    assert options["max_trials"] is None
    seconds = trials.spent(clf._store.trials)[1]
    assert abs(options["deadline"] - options["view"].begun - seconds) < 1e-6


def test_importance_needs_trials(fitted):
    with pytest.raises(SearchError, match="2 completed"):
        fitted[0].importance()


def test_importance_is_a_table(fitted, monkeypatch):
    from autonas import trials

    clf = fitted[0]
    values = dict(clf._store.trials[0].values)
    found = [trials.Trial(n, {**values, "conv_width": w}, score=float(w)) for n, w in enumerate([8, 16, 24, 32] * 5)]
    store = TrialStore(None)
    for trial in found:
        store.add(trial)
    monkeypatch.setattr(clf, "_store", store)
    assert clf.importance().hyperparameter.tolist() == ["conv_width"]


@pytest.mark.slow
def test_an_estimator_is_told_what_a_trial_may_take_and_which_there_are(tmp_path):
    """Half of the time is for the search, shared by its trials; without a bound a trial may take any time."""
    told = []

    class Spy(autonas.Full):
        def paced(self, seconds, trials):
            told.append((seconds, len(trials)))
            return self

    x, y = digits()
    task(tmp_path, estimator=Spy(), control="random").fit(x, y, epochs=1)
    assert told == [(np.inf, 0), (np.inf, 1)]
    task(tmp_path, estimator=Spy(), max_trials=2, max_time=200).fit(x, y, epochs=1)
    seconds, trials = told[-1]
    assert 25 < seconds < 50
    assert trials == 1


def test_a_front_has_time_for_twice_as_many_trials(tmp_path):
    told = []

    class Spy(autonas.Full):
        def paced(self, seconds, trials):
            told.append(seconds)
            raise SearchError("enough")

    x, y = digits()
    for name, objective in (("one", None), ("front", ["val_accuracy", "params"])):
        with pytest.raises(SearchError, match="enough"):
            task(tmp_path / name, estimator=Spy(), objective=objective, max_trials=None, max_time=600).fit(
                x, y, epochs=1
            )
    assert told[0] == pytest.approx(2 * told[1], rel=0.1)
