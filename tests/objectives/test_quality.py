import inspect

import keras
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.objectives.quality import DIRECTIONS, Quality
from autonas.testing.objectives import check_objective

# Given to a metric as (targets, good predictions, bad ones); the first kind that it takes decides.
ONE_HOT = np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]]
KINDS = {
    "one_hot": (ONE_HOT, ONE_HOT * 0.8 + 0.05, np.roll(ONE_HOT, 1, axis=1) * 0.8 + 0.05),
    "binary": (ONE_HOT, ONE_HOT * 0.98 + 0.01, 0.99 - ONE_HOT * 0.98),
    "sparse": (np.array([0, 1, 2, 0, 1, 2]), ONE_HOT * 0.8 + 0.05, np.roll(ONE_HOT, 1, axis=1) * 0.8 + 0.05),
    "labels": (np.array([0, 1, 1, 0]), np.array([0, 1, 1, 0]), np.array([1, 0, 0, 1])),
    "numbers": (
        np.array([[1.0], [2.0], [3.0], [4.0]]),
        np.array([[1.1], [2.0], [2.9], [4.1]]),
        np.array([[4.0], [1.0], [3.5], [0.5]]),
    ),
}
KINDS["rows"] = tuple(part.T for part in KINDS["numbers"])
ARGUMENTS = {
    "IoU": ({"num_classes": 2, "target_class_ids": [1]}, "labels"),
    "MeanIoU": ({"num_classes": 2}, "labels"),
    "OneHotIoU": ({"num_classes": 3, "target_class_ids": [1]}, "one_hot"),
    "OneHotMeanIoU": ({"num_classes": 3}, "one_hot"),
    "BinaryIoU": ({}, "binary"),
    "PrecisionAtRecall": ({"recall": 0.5}, "binary"),
    "RecallAtPrecision": ({"precision": 0.5}, "binary"),
    "SensitivityAtSpecificity": ({"specificity": 0.5}, "binary"),
    "SpecificityAtSensitivity": ({"sensitivity": 0.5}, "binary"),
    "F1Score": ({"average": "macro"}, "one_hot"),
    "FBetaScore": ({"average": "macro"}, "one_hot"),
    "TopKCategoricalAccuracy": ({"k": 1}, "one_hot"),
    "SparseTopKCategoricalAccuracy": ({"k": 1}, "sparse"),
    "Accuracy": ({}, "labels"),
    "SparseCategoricalAccuracy": ({}, "sparse"),
    "SparseCategoricalCrossentropy": ({}, "sparse"),
    "R2Score": ({}, "numbers"),
    "PearsonCorrelation": ({}, "rows"),
    "ConcordanceCorrelation": ({}, "rows"),
    "RootMeanSquaredError": ({}, "numbers"),
}
SUMMARIES = {"Mean", "Sum", "Metric", "MeanMetricWrapper"}  # of one stream of numbers: there is nothing to be better at
CLASSES = sorted(name for name, kind in vars(keras.metrics).items() if inspect.isclass(kind) and name not in SUMMARIES)


def measured(kind, arguments, targets, predictions):
    metric = kind(**arguments)
    metric.update_state(targets, predictions)
    return float(metric.result())


@pytest.mark.parametrize("name", CLASSES)
def test_better_predictions_are_better_in_the_direction_of_the_table(name):
    arguments, form = ARGUMENTS.get(name, ({}, "binary"))
    targets, good, bad = KINDS[form]
    kind = getattr(keras.metrics, name)
    of_good, of_bad = (measured(kind, arguments, targets, predictions) for predictions in (good, bad))
    assert of_good != of_bad
    for written in (kind(**arguments).name, name):
        assert Quality(f"val_{written}").direction == ("max" if of_good > of_bad else "min")


FUNCTIONS = sorted(
    name
    for name, value in vars(keras.metrics).items()
    if inspect.isfunction(value) and name not in ("get", "serialize", "deserialize")
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_in_the_table(name):
    assert name in DIRECTIONS


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_loss", "min"),
        ("val_accuracy", "max"),
        ("val_acc", "max"),
        ("val_auc", "max"),
        ("val_auc_1", "max"),
        ("val_f1_score", "max"),
        ("val_r2_score", "max"),
        ("val_cosine_similarity", "max"),
        ("val_mse", "min"),
        ("val_mean_absolute_error_12", "min"),
        ("val_AUC", "max"),
        ("val_MSE", "min"),
        ("val_KLDivergence", "min"),
        ("val_F1Score", "max"),
    ],
)
def test_directions(name, direction):
    quality = Quality(name)
    assert quality.direction == direction
    assert quality.metric == name[4:]
    assert not quality.cheap
    assert quality.score(0.3) == (0.3 if direction == "max" else -0.3)


def test_a_metric_of_the_user_needs_a_direction():
    with pytest.raises(InputError, match=r"keras_tuner.Objective\('val_profit', 'max'\)"):
        Quality("val_profit")
    assert Quality("val_profit", "max").direction == "max"


def test_a_near_name_is_suggested():
    with pytest.raises(InputError, match="Did you mean 'val_accuracy'"):
        Quality("val_acuracy")


def test_a_metric_of_the_training_part_is_no_objective():
    with pytest.raises(InputError, match="'val_accuracy'"):
        Quality("accuracy")


@pytest.mark.parametrize("name", ["val_accuracy", "val_loss"])
def test_a_quality_keeps_the_contract_of_objectives(name):
    check_objective(Quality(name))
