"""What labels become targets of which form, which losses and metrics fit them, and what answers look like."""

from __future__ import annotations

import copy
import datetime
import json
import os
import re
import subprocess
import sys

import keras
import keras_tuner
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics

from autonas.errors import InputError
from autonas.heads.classification import ClassificationHead as Head
from autonas.objectives.quality import DIRECTIONS

THREE = np.arange(12) % 3
SPARSE = "sparse_categorical_crossentropy"


def fitted(y, *arguments, **options):
    head = Head(*arguments, **options)
    head.fit(head.check(y))
    return head


def round_trip(y, **options):
    head = fitted(y, **options)
    return head.decode(head.encode(head.check(y)))


@pytest.mark.parametrize(
    "y",
    [
        np.array([5, 3, 9] * 2),
        np.array([5, 3, 9] * 2, "uint8"),
        np.array([1, 0] * 2),
        np.array([True, False] * 2),
        np.array([1.0, 0.0, 2.0] * 2),
        np.array(["b", "a", "ccc"] * 2),
        np.array([-1, 1] * 2),
    ],
)
def test_answers_are_as_the_labels_were(y):
    answers = round_trip(y)
    assert answers.dtype == y.dtype
    assert np.array_equal(answers, y)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["b", "a"] * 2, ["b", "a"] * 2),
        (np.array(["b", "a"] * 2, object), ["b", "a"] * 2),
        ([[3], [5]] * 2, [3, 5] * 2),
        (pd.DataFrame({"y": ["b", "a"] * 2}), ["b", "a"] * 2),
        (pd.Series(["b", "a"] * 2, dtype="category", index=[9, 8, 7, 6]), ["b", "a"] * 2),
        (pd.Series([True, False] * 2, dtype="boolean"), [True, False] * 2),
    ],
)
def test_answers_to_labels_of_every_form_have_one_axis(y, expected):
    answers = round_trip(y)
    assert answers.shape == (4,)
    assert answers.tolist() == expected


@pytest.mark.parametrize("kind", ["int64", "float32", "bool"])
def test_one_hot_rows_are_answered_with_the_number_of_the_class(kind):
    head = fitted(np.eye(4, dtype=kind)[THREE])  # the fourth class has no examples, but it has a column
    assert head.classes.tolist() == [0, 1, 2, 3]
    answers = head.decode(head.encode(head.check(np.eye(4)[THREE])))
    assert (answers.dtype, answers.tolist()) == (np.int64, THREE.tolist())
    assert np.array_equal(head.encode(head.check(THREE)), np.eye(4)[THREE])


@pytest.mark.parametrize("kind", ["int64", "uint8", "float32", "bool"])
def test_several_classes_at_once_are_answered_with_a_matrix_of_the_type_it_had(kind):
    y = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 1]], kind)
    answers = round_trip(y, multi_label=True)
    assert answers.dtype == y.dtype
    assert np.array_equal(answers, y)


@pytest.mark.parametrize(
    ("arguments", "y", "loss", "units", "activation", "target"),
    [
        ({}, [1, 0] * 2, "binary_crossentropy", 1, "sigmoid", [[1.0], [0.0]]),
        ({}, np.eye(2)[[1, 0, 1, 0]], "binary_crossentropy", 1, "sigmoid", [[1.0], [0.0]]),
        ({}, [1, 0, 2] * 2, "categorical_crossentropy", 3, "softmax", [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
        ({"multi_label": True}, [[1, 0], [1, 1]], "binary_crossentropy", 2, "sigmoid", [[1.0, 0.0], [1.0, 1.0]]),
        ({"loss": "mse"}, [1, 0] * 2, "mse", 1, "sigmoid", [[1.0], [0.0]]),
        ({"loss": SPARSE}, [5, 4, 6] * 2, SPARSE, 3, "softmax", [1, 0]),
        ({"loss": SPARSE}, [5, 4] * 2, SPARSE, 2, "softmax", [1, 0]),
        ({"loss": "categorical_crossentropy"}, [5, 4] * 2, "categorical_crossentropy", 2, "softmax", [[0, 1], [1, 0]]),
        ({"loss": "CategoricalHinge"}, [5, 4] * 2, "CategoricalHinge", 2, "softmax", [[0.0, 1.0], [1.0, 0.0]]),
        ({"loss": "kl_divergence"}, [5, 4] * 2, "kl_divergence", 2, "softmax", [[0.0, 1.0], [1.0, 0.0]]),
    ],
)
def test_the_loss_decides_the_form(arguments, y, loss, units, activation, target):
    head = fitted(y, **arguments)
    layer = head.build(None, keras.Input((4,)))._keras_history.operation
    assert (layer.units, layer.activation.__name__, layer.name) == (units, activation, "classification")
    assert head.loss() == loss
    assert head.encode(head.check(y))[:2].tolist() == target


class SparseOfMine(keras.losses.SparseCategoricalCrossentropy):
    pass


def sparse_of_mine(y, outputs):
    return keras.losses.sparse_categorical_crossentropy(y, outputs)


def sparse_of_tensors(y, outputs):
    assert y.dtype == outputs.dtype
    return keras.losses.sparse_categorical_crossentropy(y, outputs) + 0 * float(y.shape.rank)


@pytest.mark.parametrize(
    ("loss", "form"),
    [
        (keras.losses.SparseCategoricalCrossentropy(name="other"), "sparse"),
        (keras.losses.SparseCategoricalCrossentropy, "sparse"),
        (keras.losses.sparse_categorical_crossentropy, "sparse"),
        (SparseOfMine(), "sparse"),
        (sparse_of_mine, "sparse"),
        (sparse_of_tensors, "sparse"),
        (keras.losses.CategoricalGeneralizedCrossEntropy(), "sparse"),
        (keras.losses.CategoricalCrossentropy(label_smoothing=0.1), "one_hot"),
        (keras.losses.BinaryCrossentropy(), "binary"),
        (lambda y, outputs: keras.ops.mean((y - outputs) ** 2), "binary"),
    ],
)
def test_losses_that_are_no_names_decide_the_form_too(loss, form):
    head = fitted(THREE % 2, loss)
    assert head.form == form
    assert callable(head.loss())


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ['loss="mse"', 'metrics=["auc"]'])
def test_nothing_is_shown_when_the_loss_or_a_metric_loads_keras(arguments):
    code = f"""
from autonas.heads.classification import ClassificationHead as Head
head = Head({arguments})
head.fit(head.check([0, 1] * 2))
"""
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("", "")


def test_the_loss_of_the_user_is_what_compile_gets():
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    assert fitted(THREE, loss).loss() is loss


FORMS = {
    "binary": ({}, THREE % 2, "Binary"),
    "one_hot": ({}, THREE, "Categorical"),
    "sparse": ({"loss": SPARSE}, THREE, "SparseCategorical"),
    "multi_label": ({"multi_label": True}, [[0, 1, 1], [1, 0, 1]], "Binary"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy"])
def test_accuracy_is_the_one_that_fits_under_the_name_that_was_given(form, name):
    arguments, y, prefix = FORMS[form]
    (metric,) = fitted(y, metrics=[name], **arguments).metrics()
    assert (metric.name, type(metric).__name__) == (name, f"{prefix}Accuracy")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["crossentropy", "ce", "sparse_categorical_crossentropy"])
def test_crossentropy_is_the_one_that_fits(form, name):
    arguments, y, prefix = FORMS[form]
    (metric,) = fitted(y, metrics=[name], **arguments).metrics()
    assert (metric.name, type(metric).__name__) == (name, f"{prefix}Crossentropy")


@pytest.mark.parametrize("name", sorted(DIRECTIONS))
def test_each_metric_with_a_direction_is_made_by_its_name_or_asks_for_an_instance(name):
    head = fitted(THREE)
    if re.search("^(mean_|one_hot_|one_hot_mean_)?io_u|_at_", name):
        with pytest.raises(InputError, match=f"objective 'val_{name}' is none of.*pass an instance in metrics"):
            head.metrics(f"val_{name}")
        return
    metrics = head.metrics(f"val_{name}")
    assert name in ("loss", metrics[-1].name)
    outputs = np.random.default_rng(0).dirichlet(np.ones(3), len(THREE)).astype("float32")
    assert np.isfinite(metrics[-1](head.encode(head.check(THREE)), outputs))


def test_the_number_that_keras_gives_a_second_metric_is_understood():
    metric = fitted(THREE).metrics("val_auc_1")[-1]
    assert (metric.name, type(metric).__name__) == ("auc_1", "AUC")


def test_a_loss_as_a_metric_is_the_loss():
    head = fitted(THREE)
    targets, outputs = head.encode(head.check(THREE)), np.full((len(THREE), 3), 0.4, "float32")
    expected = np.mean(keras.losses.huber(targets, outputs))
    assert float(head.metrics("val_huber")[-1](targets, outputs)) == pytest.approx(float(expected))


def test_an_objective_that_is_no_metric_says_so():
    with pytest.raises(InputError, match=r"'val_profit' is none of the metrics \['accuracy'\].*'profit'"):
        fitted(THREE).metrics("val_profit")


def test_a_softmax_loss_is_no_metric_of_one_sigmoid_unit():
    with pytest.raises(InputError, match="fit binary targets"):
        fitted(["a", "b", "a", "b"]).metrics("val_categorical_focal_crossentropy")


@pytest.mark.parametrize("form", ["binary", "one_hot", "multi_label"])
@pytest.mark.parametrize("name", ["f1_score", "f_beta_score", "auc", "precision", "recall", "mse", "r2_score"])
def test_metrics_give_one_number_under_their_own_name(form, name):
    arguments, y, _ = FORMS[form]
    head = fitted(y, **arguments)
    for _ in range(2):  # Keras numbers the names of its own: precision, precision_1
        metric = head.metrics(f"val_{name}")[-1]
        assert metric.name == name
        targets = head.encode(head.check(y))
        assert np.shape(metric(targets, np.full(targets.shape, 0.4, "float32"))) == ()


@pytest.mark.parametrize("form", ["binary", "one_hot", "multi_label"])
def test_f1_is_that_of_scikit_learn(form):
    arguments, y, _ = FORMS[form]
    head = fitted(y, **arguments)
    y = np.concatenate([head.check(y)] * 10)
    outputs = np.random.default_rng(0).random(head.encode(y).shape).astype("float32")
    metric = head.metrics("f1_score")[-1]
    average = "binary" if form == "binary" else "macro"
    expected = sklearn.metrics.f1_score(y, head.decode(outputs), average=average, zero_division=0)
    assert float(metric(head.encode(y), outputs)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("labels", ["ab", "ba"])
def test_metrics_of_decisions_that_are_asked_for_by_name_go_by_the_threshold(labels):
    y = np.array([*labels[0] * 19, labels[1]] * 10)
    own = keras.metrics.Recall(thresholds=0.5, name="own")
    head = fitted(
        y, metrics=["accuracy", "precision", "recall", "f1_score", "true_positives", "auc", own], threshold=0.3
    )
    outputs = np.random.default_rng(0).random((200, 1)).astype("float32")
    outputs[:50] = 0.3  # a score at the threshold is an alert
    head.calibrate(outputs, head.encode(y), None)
    told = {metric.name: float(metric(head.encode(y), outputs)) for metric in head.metrics()}
    answers, rare = head.decode(outputs), y == labels[1]
    assert head.positive == labels[1]
    assert told["accuracy"] == pytest.approx((answers == y).mean())
    assert told["true_positives"] == (answers == y)[rare].sum()
    for name in "precision", "recall", "f1_score":
        score = getattr(sklearn.metrics, name if name == "f1_score" else f"{name}_score")
        assert told[name] == pytest.approx(score(y, answers, pos_label=head.positive), abs=1e-6)
    assert told["own"] == pytest.approx((outputs[rare, 0] > 0.5).mean())


def test_auc_of_several_at_once_is_the_mean_over_classes():
    y = np.random.default_rng(0).integers(0, 2, (50, 3))
    noise = np.random.default_rng(1).random((50, 3))
    outputs = ((0.5 * y + noise) / 1.5 * 0.3 + [0, 0.3, 0.6]).astype("float32")  # good in each class, poor across them
    metric = fitted(y, multi_label=True).metrics("auc")[-1]
    assert float(metric(y, outputs)) == pytest.approx(sklearn.metrics.roc_auc_score(y, outputs), abs=0.05)


@pytest.mark.parametrize(("form", "kind"), [("one_hot", "TopK"), ("sparse", "SparseTopK")])
def test_top_k_is_the_one_that_fits(form, kind):
    arguments, y, _ = FORMS[form]
    metric = fitted(y, **arguments).metrics("top_k_categorical_accuracy")[-1]
    assert type(metric).__name__ == f"{kind}CategoricalAccuracy"


class Share(keras.metrics.Metric):
    """Share of outputs over a bound."""

    def __init__(self, bound, name="share", **options):
        super().__init__(name=name, **options)
        self.bound, self.over = bound, self.add_weight(name="over", initializer="zeros")

    def update_state(self, y, outputs, sample_weight=None):
        self.over.assign(keras.ops.mean(keras.ops.cast(outputs > self.bound, "float32")))

    def result(self):
        return self.over.value

    def get_config(self):
        return {**super().get_config(), "bound": self.bound}


class Forgetful(Share):
    def get_config(self):
        return keras.metrics.Metric.get_config(self)


def closeness(y, outputs):
    return 1 - keras.ops.mean(keras.ops.abs(y - outputs), axis=-1)


def closeness_to_numbers(y, outputs):
    return 1 - keras.ops.abs(keras.ops.cast(keras.ops.argmax(outputs, -1), "float32") - keras.ops.cast(y, "float32"))


def test_the_metrics_of_the_user_are_used_and_made_afresh():
    given = [Share(0.5), keras.metrics.TopKCategoricalAccuracy(k=2, name="top_2"), closeness, keras.metrics.AUC, "mae"]
    head = fitted(THREE, metrics=given)
    first, second = head.metrics("top_2"), head.metrics("val_accuracy")
    assert [metric.name for metric in first] == ["share", "top_2", "closeness", "auc", "mae"]
    assert [metric.name for metric in second] == ["share", "top_2", "closeness", "auc", "mae", "accuracy"]
    assert (first[0].bound, first[1].get_config()["k"]) == (0.5, 2)
    assert not {id(metric) for metric in first} & {id(metric) for metric in [*second, *given]}


def test_the_objective_is_among_the_metrics_once():
    head = fitted(THREE)
    assert [metric.name for metric in head.metrics("val_accuracy")] == ["accuracy"]
    assert [metric.name for metric in head.metrics("loss")] == ["accuracy"]
    assert [metric.name for metric in head.metrics("auc")] == ["accuracy", "auc"]
    assert Head.default_objective == "val_accuracy"


def test_a_head_with_losses_and_metrics_can_be_copied():
    head = Head(sparse_of_mine, [Share(0.5), closeness_to_numbers])
    copied = copy.deepcopy(head)
    copied.fit(copied.check(THREE))
    assert [metric.name for metric in copied.metrics()] == ["share", "closeness_to_numbers"]
    assert (head.form, head.classes.size) == ("", 0)


def broken(y, outputs):
    raise RuntimeError("out of luck")


BAD_ARGUMENTS = {
    "multi_label": ({"multi_label": "yes"}, "multi_label must be True or False. Got 'yes'"),
    "metrics as a name": ({"metrics": "auc"}, r"metrics must be a list.*'auc'"),
    "metrics as a dict": ({"metrics": {"a": "auc"}}, "metrics must be a list"),
    "unknown loss": ({"loss": "binary_crossentropi"}, "loss must be .*Did you mean 'binary_crossentropy'"),
    "no loss": ({"loss": 3}, "loss must be the name of a Keras loss, a loss, or a function. Got 3"),
    "logits": ({"loss": keras.losses.BinaryCrossentropy(from_logits=True)}, "from_logits=True.*ends in probabilities"),
}


@pytest.mark.parametrize("case", BAD_ARGUMENTS)
def test_arguments_that_cannot_be_used_are_told(case):
    arguments, told = BAD_ARGUMENTS[case]
    with pytest.raises(InputError, match=told):
        Head(**arguments)


BAD_FIT = {
    "one class": ([4] * 5, {}, "at least two classes. Got only 4"),
    "one column": (np.eye(3)[[1] * 5], {}, "at least two classes. Got only 1"),
    "a single member": (["a", "b", "a", "b", "c"], {}, "two members of each class.*a single member of 'c'"),
    "single members": (list(range(20)), {}, "a single member of 0, 1, .*9 and 10 more"),
    "a threshold for three": (THREE, {"threshold": "f1"}, "two classes and a binary loss. Got 3 classes instead"),
    "a threshold for two units": (
        THREE % 2,
        {"threshold": "f1", "loss": "categorical_focal_crossentropy"},
        "a binary loss. Got 2 classes and the loss 'categorical_focal_crossentropy'",
    ),
    "a threshold for several": (np.eye(2)[THREE % 2], {"threshold": "f1", "multi_label": True}, "Got multi_label=True"),
    "a single row": (np.eye(3)[[0, 0, 1, 1, 2]], {}, "a single member of 2"),
    "sparse for several": ([[0, 1], [1, 1]], {"loss": SPARSE, "multi_label": True}, "for several classes at once"),
    "categorical for several": ([[0, 1]], {"loss": "CategoricalFocalCrossentropy", "multi_label": True}, "at once"),
    "unknown metric": (THREE, {"metrics": ["precison"]}, "metrics must be .*Did you mean 'precision'"),
    "metric with arguments": (THREE, {"metrics": ["mean_io_u"]}, "'mean_io_u'.*pass an instance"),
    "no metric": (THREE, {"metrics": [3]}, "names or instances of Keras metrics, or functions. Got 3"),
    "twice": (THREE, {"metrics": ["acc", "auc", "acc"]}, r"names of their own. Got \['acc'\]"),
    "named loss": (THREE, {"metrics": [keras.metrics.AUC(name="loss")]}, "names of their own"),
    "no config": (THREE, {"metrics": [Forgetful(0.5)]}, "can be made again. Got share .*get_config"),
    "wrapped": (THREE, {"metrics": [keras.metrics.MeanMetricWrapper(closeness)]}, "A function is passed as it is"),
    "no class of metrics": (THREE, {"metrics": [int]}, "names or instances of Keras metrics, or functions. Got <class"),
    "a vector": (THREE, {"metrics": [keras.metrics.F1Score()]}, r"one number. Got the shape \(3,\).*average='macro'"),
    "f1 of numbers": (THREE, {"loss": SPARSE, "metrics": ["f1_score"]}, "metric f1_score .*Leave loss out"),
    "auc of numbers": (THREE, {"loss": SPARSE, "metrics": ["auc"]}, "metric auc .*Leave loss out"),
    # as many rows as classes would fit by chance
    "mse of three numbers": (THREE, {"loss": SPARSE, "metrics": ["mse"]}, "metric mse .*Leave loss out"),
    "mse of two numbers": (THREE % 2, {"loss": SPARSE, "metrics": ["mse"]}, "metric mse .*Leave loss out"),
    "one-hot of numbers": (
        THREE,
        {"loss": SPARSE, "metrics": [keras.metrics.CategoricalAccuracy()]},
        "fit sparse targets. Got CategoricalAccuracy.*'accuracy'",
    ),
    "numbers of one-hot": (
        THREE,
        {"metrics": [keras.metrics.SparseCategoricalCrossentropy()]},
        "fit one_hot targets. Got SparseCategoricalCrossentropy.*'crossentropy'",
    ),
    "categorical of one unit": (THREE % 2, {"metrics": [keras.metrics.CategoricalAccuracy()]}, "fit binary targets"),
    "exact": (THREE, {"metrics": [keras.metrics.Accuracy()]}, "Got Accuracy.*'accuracy'"),
    "top of one unit": (THREE % 2, {"metrics": ["top_k_categorical_accuracy"]}, "fit binary targets"),
    "broken loss": (THREE, {"loss": broken}, r"loss must .*targets of shape \('n', 3\).*RuntimeError: out of luck"),
    "broken metric": (THREE, {"metrics": [broken]}, "metric broken .*RuntimeError: out of luck"),
}


@pytest.mark.parametrize("case", BAD_FIT)
def test_what_does_not_fit_the_labels_is_told_by_fit(case):
    y, arguments, told = BAD_FIT[case]
    with pytest.raises(InputError, match=told):
        fitted(y, **arguments)


def test_an_objective_that_is_none_is_told():
    with pytest.raises(InputError, match="Did you mean 'f1_score'"):
        fitted(THREE).metrics("val_f1_scor")


BAD_LABELS = {
    "fractions": ([0.5, 1.0], {}, "y must be classes. Got numbers with fractions, 0.5.*regressor"),
    "rank 3": (np.zeros((2, 2, 2)), {}, r"of shape \(n,\), or one-hot rows. Got shape \(2, 2, 2\)"),
    "no ones": ([[0, 0], [0, 1]], {}, "a single 1 in each row. Got 0 ones in row 0.*multi_label=True"),
    "two ones": ([[0, 1], [1, 1]], {}, "a single 1 in each row. Got 2 ones in row 1.*multi_label=True"),
    "soft": ([[0.2, 0.8], [0.5, 0.5]], {}, "one-hot rows of 0 and 1"),
    "rows of strings": ([["a", "b"]], {}, "one-hot rows of 0 and 1"),
    "no columns": (np.zeros((3, 0)), {}, "at least one label"),
    "mixed": (["a", 1], {}, "labels of one type"),
    "flat": ([0, 1], {"multi_label": True}, "a matrix of 0 and 1.*MultiLabelBinarizer"),
    "counts": ([[0, 2], [1, 1]], {"multi_label": True}, "rows of 0 and 1"),
    "a column": ([[0], [1]], {"multi_label": True}, r"rows of 0 and 1.*shape \(2, 1\)"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
def test_labels_that_cannot_be_used_are_told(case):
    y, arguments, told = BAD_LABELS[case]
    with pytest.raises(InputError, match=told):
        Head(**arguments).check(y)


@pytest.mark.parametrize(
    ("known", "y", "told"),
    [
        (["a", "b"] * 2, ["a", "c", "d"], "of the classes 'a', 'b'. Got 'c', 'd', unseen in training"),
        (THREE, [1, 7], "of the classes 0, 1, 2. Got 7, unseen"),
        (THREE, ["1"], "Got '1', unseen"),
        (["1", "2"] * 2, [1], "Got 1, unseen"),
        (THREE, np.eye(3), r"of shape \(n,\), as in training. Got shape \(3, 3\)"),
        (np.eye(3)[THREE], np.eye(4), r"of shape \(n, 3\), as in training. Got shape \(4, 4\)"),
        (np.eye(3)[THREE], [0, 3], "Got 3, unseen"),
    ],
)
def test_after_fit_labels_of_another_kind_are_told(known, y, told):
    with pytest.raises(InputError, match=told):
        fitted(known).check(y)


def test_after_fit_labels_take_the_type_of_the_classes():
    assert fitted(THREE).check(np.array([1.0, 2.0])).dtype == np.int64
    assert fitted([True, False] * 2).check([1, 0]).tolist() == [True, False]
    assert fitted(["a", "b"] * 2).check(["a"] * 3).tolist() == ["a"] * 3


def test_strata_are_the_numbers_of_the_classes():
    assert fitted(["b", "a"] * 2).strata(np.array(["a", "b"])).tolist() == [0, 1]
    assert fitted(np.eye(3)[THREE]).strata(np.eye(3)[[2, 0]]).tolist() == [2, 0]
    assert fitted([[0, 1], [1, 1]], multi_label=True).strata(np.eye(2)) is None


def test_weights_are_the_product_of_class_and_sample_weights():
    head = fitted(["a", "b", "c"] * 2)
    y = head.check(["a", "b", "c"])
    assert head.weights(y, {"a": 2, "c": np.float32(0.5)}, None).tolist() == [2, 1, 0.5]
    assert head.weights(y, {"a": 2}, [3, 0, 1]).tolist() == [6, 0, 1]
    assert head.weights(y, {"a": 2}, None).dtype == np.float32


@pytest.mark.parametrize(
    ("y", "key"), [([True, False] * 2, True), (np.array([3, 4] * 2), np.int64(4)), (np.eye(2)[[0, 1] * 2], 1)]
)
def test_class_weights_go_by_the_label(y, key):
    head = fitted(y)
    weights = head.weights(head.check(y), {key: 5}, None)
    assert weights.tolist() == [5 if label == key else 1 for label in head.decode(head.encode(head.check(y)))]


def test_balanced_weights_give_each_class_the_same_sum():
    head = fitted(["a"] * 6 + ["b"] * 2)
    y = head.check(["a"] * 6 + ["b"] * 2)
    weights = head.weights(y, "balanced", None)
    assert weights[y == "a"].sum() == pytest.approx(4)
    assert weights[y == "b"].sum() == pytest.approx(4)


BAD_WEIGHTS = {
    "unknown class": ({7: 1.0}, None, "about the classes 0, 1, 2. Got the unknown 7"),
    "negative": ({0: -1.0}, None, r"class_weight\[0\] must be a positive number. Got -1.0"),
    "zero": ({0: 0}, None, r"class_weight\[0\] must be a positive number"),
    "infinite": ({0: float("inf")}, None, "positive number"),
    "nan": ({0: float("nan")}, None, "positive number"),
    "text": ({0: "2"}, None, "positive number. Got '2'"),
    "a list": ([1, 2, 3], None, "a dict of label -> weight, or 'balanced'"),
    "a name": ("balance", None, "a dict of label -> weight, or 'balanced'. Got 'balance'"),
    "sample weights": (None, [1.0], "sample_weight must be 12 finite numbers"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
def test_weights_that_cannot_be_used_are_told(case):
    class_weight, sample_weight, told = BAD_WEIGHTS[case]
    with pytest.raises(InputError, match=told):
        fitted(THREE).weights(THREE, class_weight, sample_weight)


def test_several_classes_at_once_have_no_class_weights():
    head = fitted([[0, 1], [1, 1]], multi_label=True)
    with pytest.raises(InputError, match=r"left out with multi_label=True.*Use sample_weight"):
        head.weights(np.eye(2), {0: 2}, None)


def test_probabilities_have_a_column_for_each_class():
    outputs = np.array([[0.25], [0.75]], "float32")
    assert fitted([0, 1] * 2).probabilities(outputs).tolist() == [[0.75, 0.25], [0.25, 0.75]]
    three = np.array([[0.2, 0.5, 0.3]])
    assert fitted(THREE).probabilities(three) is three
    assert fitted(["x", "y"] * 2).decode(outputs).tolist() == ["x", "y"]
    assert fitted(["x", "y", "z"] * 2).decode(three).tolist() == ["y"]


def test_the_config_tells_another_loss_and_other_metrics_but_not_another_process():
    def config(**options):
        return fitted(THREE, **options).get_config()

    class Counted:
        def __init__(self):
            self.hidden = object()

        def __call__(self, y, outputs):
            return closeness(y, outputs)

    assert config() == config()
    assert config(loss=keras.losses.MeanSquaredError()) == config(loss=keras.losses.MeanSquaredError())
    assert config(loss=Counted()) == config(loss=Counted())
    others = [config(loss="mse"), config(loss=closeness), config(metrics=["auc"]), config(metrics=[Share(0.5)])]
    others += [config(loss=keras.losses.CategoricalCrossentropy(label_smoothing=s)) for s in (0.1, 0.2)]
    assert len({str(other) for other in [config(), *others]}) == 1 + len(others)


def test_a_matrix_of_booleans_is_answered_with_one_after_loading_too():
    head = fitted(np.array([[True, False, False], [True, True, False]]), multi_label=True)
    loaded = Head.from_config(head.get_config())
    assert loaded.classes.tolist() == [0, 1, 2]
    assert loaded.decode(np.array([[0.9, 0.1, 0.6]])).tolist() == [[True, False, True]]


@pytest.mark.parametrize("form", FORMS)
def test_after_loading_labels_are_encoded_as_the_compiled_model_takes_them(form):
    arguments, y, _ = FORMS[form]
    head = fitted(y, **arguments)
    loaded = Head.from_config(head.get_config())
    assert loaded.form == head.form
    assert loaded.loss() == head.loss()
    assert np.array_equal(loaded.encode(loaded.check(y)), head.encode(head.check(y)))


RARE = {
    "two": ({}, np.arange(100) < 9, [True, False]),
    "five": ({}, np.repeat(range(5), [3, 24, 24, 24, 25]), [0, 1]),
    "rows": ({}, np.eye(3)[np.repeat(range(2), [9, 91])], [0, 1]),  # the third class has no examples
}
COMMON = {
    "two": ({}, np.arange(100) < 10),
    "five": ({}, np.repeat(range(5), [4, 24, 24, 24, 24])),
    "several at once": ({"multi_label": True}, np.stack([np.arange(100) < 1, np.arange(100) < 50], axis=1)),
    "the user's loss": ({"loss": "binary_crossentropy"}, np.arange(100) < 9),
}


def losses(head, **values):
    """The loss of these values, and the hyperparameters that it asks for."""
    hp = keras_tuner.HyperParameters()
    hp.values = dict(values)
    return head.loss(hp), [one.name for one in hp.space]


@pytest.mark.parametrize("case", RARE)
def test_a_rare_class_has_weights_and_may_have_the_focal_loss(case):
    arguments, y, (rare, common) = RARE[case]
    head = fitted(y, **arguments)
    assert head.class_weight[rare] > 1 > head.class_weight[common]
    assert np.isfinite(head.weights(head.check(y), head.class_weight, None)).all()
    assert losses(head) == (head.loss(), ["loss_function"])
    loss, asked = losses(head, loss_function="focal", focal_gamma=1)
    assert asked == ["loss_function", "focal_gamma"]
    assert (type(loss).__module__.split(".")[0], loss.get_config()["gamma"]) == ("keras", 1)


@pytest.mark.parametrize("case", COMMON)
def test_where_no_class_is_rare_or_the_user_chose_there_is_one_loss(case):
    arguments, y = COMMON[case]
    head = fitted(y, **arguments)
    assert losses(head, loss_function="focal") == ("binary_crossentropy" if head.form != "one_hot" else head.loss(), [])


@pytest.mark.parametrize("case", ["two", "five"])
@pytest.mark.parametrize("gamma", [1, 2])
def test_the_focal_loss_and_its_gradient_are_those_of_the_paper(case, gamma):
    import tensorflow as tf

    arguments, y, _ = RARE[case]
    head = fitted(y, **arguments)
    targets = head.encode(head.check(y))
    rows = np.arange(len(y))
    logits = np.random.default_rng(0).normal(size=targets.shape)
    if head.form == "binary":
        outputs = 1 / (1 + np.exp(-logits))
        p, sign = np.where(targets == 1, outputs, 1 - outputs)[:, 0], np.where(targets == 1, 1, -1)
    else:
        outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        p, sign = outputs[rows, targets.argmax(axis=1)], targets - outputs
    # FL = -(1 - p)^g log p of the true class; with dp/dz = p (1 - p) of a sigmoid, p (onehot - softmax) of a softmax
    slope = gamma * (1 - p) ** (gamma - 1) * np.log(p) - (1 - p) ** gamma / p
    to_logits = (p * (1 - p))[:, None] * sign if head.form == "binary" else p[:, None] * sign
    expected, gradient = np.mean(-((1 - p) ** gamma) * np.log(p)), slope[:, None] * to_logits / len(p)

    def computed(loss):
        z = tf.constant(logits, "float32")
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = tf.reduce_mean(
                keras.losses.get(loss)(targets, tf.sigmoid(z) if z.shape[1] == 1 else tf.nn.softmax(z))
            )
        return float(value), tape.gradient(value, z).numpy()

    value, got = computed(losses(head, loss_function="focal", focal_gamma=gamma)[0])
    assert value == pytest.approx(expected, rel=1e-5)
    np.testing.assert_allclose(got, gradient, rtol=1e-3, atol=1e-7)
    assert np.abs(computed(head.loss())[1] - gradient).max() > 1e-3  # the crossentropy's is another


def test_one_hot_columns_of_a_frame_are_the_classes():
    frame = pd.get_dummies(pd.Series(["dog", "cat", "owl"] * 2))
    head = Head()
    head.fit(head.check(frame))
    again = Head.from_config(json.loads(json.dumps(head.get_config())))
    for known in (head, again):
        assert known.classes.tolist() == ["cat", "dog", "owl"]
        assert known.decode(known.check(frame).astype("float32"))[:3].tolist() == ["dog", "cat", "owl"]
        np.testing.assert_array_equal(known.check(frame[["owl", "dog", "cat"]]), frame)
        np.testing.assert_array_equal(known.check(["dog", "cat", "owl"] * 2), frame)
        with pytest.raises(InputError, match="the columns 'cat', 'dog', 'owl', as in training"):
            known.check(frame.rename(columns={"owl": "emu"}))
    with pytest.raises(InputError, match="'emu', unseen in training"):
        head.check(["emu"])


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y,
        lambda y: [np.array(row) for row in y],
        lambda y: pd.Series([np.array(row, object) for row in y]),  # as Parquet has them
    ],
)
def test_lists_of_labels_are_rows_of_0_and_1(form):
    y = form([["x"], ["x", "z"], [], ["z"]])
    head = Head(multi_label=True)
    rows = head.check(y)
    head.fit(rows)
    assert rows.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]
    assert head.classes.tolist() == ["x", "z"]
    assert head.check([{"z"}]).tolist() == [[0, 1]]
    assert head.check(pd.DataFrame({"z": [1, 0], "x": [0, 0]})).tolist() == [[0, 1], [0, 0]]
    again = Head.from_config(json.loads(json.dumps(head.get_config())))
    assert again.decode(np.array([[0.9, 0.2]])).tolist() == [[1, 0]]
    assert again.classes.tolist() == ["x", "z"]
    with pytest.raises(InputError, match="Got 'q', unseen in training"):
        head.check([["q"], ["x", "z"]])


def test_sparse_rows_are_taken():
    from scipy.sparse import csr_matrix

    assert Head(multi_label=True).check(csr_matrix([[0, 1], [1, 1]])).tolist() == [[0, 1], [1, 1]]


@pytest.mark.parametrize(
    ("y", "what_to_do"),
    [
        (pd.date_range("2024", periods=4), "strftime"),
        ([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)], "strftime"),
        ({"kind": [0, 1]}, "AutoModel with an output for each"),
    ],
)
def test_what_labels_cannot_be_says_what_to_do(y, what_to_do):
    with pytest.raises(InputError, match=what_to_do):
        Head().check(y)
