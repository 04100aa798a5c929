"""Qualities: scikit-learn's answers, with ties and weights, and in a training where early stopping reads them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from autonas import qualities
from autonas.errors import InputError


def cases(seed, levels=None, n=300):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.15).astype(int)
    scores = y + rng.normal(0, 1, n)
    return y, scores if levels is None else np.round(scores * levels), rng.integers(0, 5, n) / 2


def recall_by_sklearn(y, scores, weights, rate):
    fpr, tpr, _ = roc_curve(y, scores, sample_weight=weights, drop_intermediate=False)
    return tpr[fpr <= rate].max()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("levels", [None, 1])
def test_they_are_scikit_learns(levels, weighted):
    for seed in range(10):
        y, scores, weights = cases(seed, levels)
        weights = weights if weighted else None
        ap = average_precision_score(y, scores, sample_weight=weights)
        assert qualities.scores("average_precision", y, scores, weights) == pytest.approx(ap, rel=1e-12)
        auc = roc_auc_score(y, scores, sample_weight=weights)
        assert qualities.scores("roc_auc", y, scores, weights) == pytest.approx(auc, rel=1e-12)
        for rate in (0.0, 0.01, 0.1, 0.5):
            recall = recall_by_sklearn(y, scores, weights, rate)
            assert qualities.scores(f"recall_at_fpr_{rate}", y, scores, weights) == pytest.approx(recall, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"), [("average_precision", 0.25), ("roc_auc", 0.5), ("recall_at_fpr_0.5", 0)]
)
def test_scores_that_say_nothing_earn_nothing(name, expected):
    assert qualities.scores(name, [0, 1, 0, 0], np.zeros(4)) == expected


@pytest.mark.parametrize("name", ["average_precision", "roc_auc", "recall_at_fpr_0"])
def test_a_perfect_order_is_one_and_the_best(name):
    assert qualities.scores(name, [False, True, True], [[0.1], [0.2], [0.3]]) == 1.0
    assert qualities.parse(name)[0].direction == "max"


def test_a_recall_exactly_at_the_rate_counts():
    y = [0] * 10 + [1]
    assert qualities.scores("recall_at_fpr_0.3", y, [0.9] * 3 + [0.1] * 7 + [0.5]) == 1.0
    assert qualities.scores("recall_at_fpr_0.29", y, [0.9] * 3 + [0.1] * 7 + [0.5]) == 0.0


def test_names_are_parsed():
    measure, parameters = qualities.parse("recall_at_fpr_1e-3")
    assert (measure, parameters) == (qualities.QUALITIES["recall_at_fpr"], {"rate": 0.001})
    assert qualities.parse("roc_auc") == (qualities.QUALITIES["roc_auc"], {})
    assert qualities.is_known("recall_at_fpr_0.01")
    assert qualities.is_known("average_precision")
    assert not qualities.is_known("accuracy")
    assert not qualities.is_known("auc_1")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("average_precison", "Did you mean 'average_precision'"),
        ("recall_at_fpr", "of the form 'recall_at_fpr_0.01'"),
        ("recall_at_fpr_1", r"in \[0, 1\)"),
        ("recall_at_fpr_x", "one of"),
        ("roc_auc_1", "of the form 'roc_auc'"),
        ("", "one of"),
    ],
)
def test_other_names_are_refused(name, match):
    with pytest.raises(InputError, match=match):
        qualities.parse(name)


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(InputError, match="rate of recall_at_fpr"):
        qualities.recall_at_fpr([0, 1], [0, 1], rate=1.0)


@pytest.fixture
def training():
    """A model that is good from the start, and becomes worse with each epoch: its targets are turned around."""
    import keras

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)).astype("float32")
    y = (x[:, :1] + rng.normal(0, 0.7, (200, 1)) > 0.8).astype("float32")
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(inputs))
    model.layers[-1].set_weights([np.array([[1.0], [0.5]], "float32"), np.zeros(1, "float32")])
    model.compile(keras.optimizers.SGD(3.0), "binary_crossentropy")
    return model, x, y


def test_early_stopping_reads_them_and_restores_the_best_epoch(training, tmp_path):
    import keras

    model, x, y = training
    weights = np.linspace(0.5, 2, 100)
    names = ["average_precision", "recall_at_fpr_0.05", "roc_auc"]
    exact = qualities.exact_callback(names, x[100:], y[100:], weights)
    stop = keras.callbacks.EarlyStopping(
        "val_average_precision", mode="max", patience=2, restore_best_weights=True, min_delta=1e-6
    )
    history = model.fit(
        x[:100], 1 - y[:100], validation_data=(x[100:], y[100:]), epochs=30, callbacks=[exact, stop], verbose=0
    ).history
    watched = history["val_average_precision"]
    assert {f"val_{name}" for name in names} <= set(history)
    assert len(watched) == np.argmax(watched) + 3 < 30
    outputs = model.predict(x[100:], verbose=0)[:, 0]
    for name in names:
        assert history[f"val_{name}"][int(np.argmax(watched))] == pytest.approx(
            qualities.scores(name, y[100:], outputs, weights)
        )
    assert max(watched) == pytest.approx(average_precision_score(y[100:, 0], outputs, sample_weight=weights))
    model.save(tmp_path / "model.keras")
    code = (
        "import sys, keras; sys.modules['autonas'] = None; "
        f"print(keras.saving.load_model({str(tmp_path / 'model.keras')!r}).output_shape)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split("\n")[-2] == "(None, 1)"


def test_they_do_not_change_the_training(training):
    import keras

    model, x, y = training
    start, ends = model.get_weights(), []
    for callbacks in ([], [qualities.exact_callback(["roc_auc"], x, y)]):
        model.set_weights(start)
        keras.utils.set_random_seed(1)
        model.fit(x, y, epochs=2, callbacks=callbacks, verbose=0)
        ends.append(model.get_weights())
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


def test_examples_may_be_a_dict_and_classes_boolean():
    import keras

    rng = np.random.default_rng(0)
    x = {name: rng.normal(size=(50, 2)).astype("float32") for name in ("one", "two")}
    y = x["one"][:, 0] > 0
    inputs = {name: keras.Input((2,), name=name) for name in x}
    model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(keras.layers.Add()([inputs["one"], inputs["two"]])))
    model.compile("sgd", "binary_crossentropy")
    exact = qualities.exact_callback(["roc_auc"], x, y, batch_size=7)
    history = model.fit(x, y.astype("float32")[:, None], callbacks=[exact], verbose=0).history
    assert history["val_roc_auc"][0] == pytest.approx(roc_auc_score(y, model.predict(x, verbose=0)[:, 0]))


@pytest.mark.parametrize(("outputs", "name"), [(["kind", "price"], "kind_roc_auc"), (["kind"], "roc_auc")])
def test_an_output_of_several_is_judged_by_its_name(outputs, name):
    import keras

    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2)).astype("float32")
    targets = {"kind": (x[:, :1] > 0).astype("float32"), "price": x[:, 1:]}
    y = {output: targets[output] for output in outputs}
    tensor = keras.Input((2,))
    model = keras.Model(tensor, {output: keras.layers.Dense(1, name=output)(tensor) for output in outputs})
    model.compile("sgd", dict.fromkeys(outputs, "mse"))
    history = model.fit(x, y, callbacks=[qualities.exact_callback([name], x, y)], verbose=0).history
    expected = roc_auc_score(y["kind"], model.predict(x, verbose=0)["kind"])
    assert history[f"val_{name}"][0] == pytest.approx(expected)


def test_a_model_that_diverged_has_no_quality(training):
    model, x, y = training
    model.layers[-1].set_weights([np.full((2, 1), np.nan, "float32"), np.zeros(1, "float32")])
    history = model.fit(x, y, callbacks=[qualities.exact_callback(["roc_auc"], x, y)], verbose=0).history
    assert np.isnan(history["val_roc_auc"][0])


@pytest.mark.parametrize(
    ("names", "y", "match"),
    [
        (["accuracy"], [0, 1, 0], "one of"),
        (["roc_auc"], [0, 0, 0], "no 1"),
        (["roc_auc"], [0, 1], "y must be as long as x, 3"),
        (["roc_auc"], [[0, 1], [1, 0], [1, 0]], "y_true"),
    ],
)
def test_a_callback_that_cannot_work_is_refused_before_the_training(names, y, match):
    with pytest.raises(InputError, match=match):
        qualities.exact_callback(names, np.zeros((3, 2), "float32"), np.array(y))


def test_they_are_computed_without_heavy_libraries():
    code = (
        "import sys; from autonas import qualities, thresholds; "
        "qualities.scores('roc_auc', [0, 1], [0, 1]); thresholds.choose([0, 1], [.1, .2], 'f1'); "
        "print({'keras', 'tensorflow', 'sklearn', 'pandas', 'scipy'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_keras_is_far_off_where_positives_are_rare():
    import keras

    y, scores, _ = cases(0, n=5_000)
    probabilities = 0.004 / (1 + np.exp(-scores))  # all below the first of Keras's 200 thresholds
    streamed = keras.metrics.AUC(curve="PR")
    streamed.update_state(y, probabilities)
    exact = average_precision_score(y, probabilities)
    assert qualities.scores("average_precision", y, probabilities) == pytest.approx(exact)
    assert abs(float(streamed.result()) - exact) > 0.1
