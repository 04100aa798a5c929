"""What cannot be used is said in one clear error, before any time is spent and with nothing left on disk."""

import numpy as np
import pytest

import autonas
from autonas.errors import InputError

X = np.arange(20 * 64, dtype="uint8").reshape(20, 8, 8)
Y = np.arange(20) % 2


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


FIT = {
    "mismatched lengths": ((X, Y[:19]), {}, "y must be as long as x"),
    "empty arrays": ((X[:0], Y[:0]), {}, "x must be"),
    "no labels": ((X,), {}, "y must be"),
    "one class only": ((X, np.zeros(20, int)), {}, "at least two classes"),
    "a class with a single member": ((X, changed(Y, 0, 7)), {}, "two members"),
    "NaN in images": ((changed(X.astype("float32"), 3, np.nan), Y), {}, "(?i)nan|finite"),
    "inf in images": ((changed(X.astype("float32"), 3, np.inf), Y), {}, "(?i)inf|finite"),
    "wrong rank": ((X.reshape(20, 64), Y), {}, "x must be"),
    "string images": ((np.full((20, 8, 8), "a"), Y), {}, "x must be"),
    "labels of mixed types": ((X, [0, "one"] * 10), {}, "one type"),
    "labels with gaps": ((X, [None, "one"] * 10), {}, "gaps|missing"),
    "continuous targets": ((X, np.linspace(0, 1, 20)), {}, "regressor"),
    "images that are too small": ((X[:, :4, :4], Y), {}, "8"),
    "validation data of another shape": ((X, Y), {"validation_data": (X[:, :, :-1], Y)}, "validation_data must"),
    "validation data with unseen classes": ((X, Y), {"validation_data": (X, Y + 1)}, "validation_data must"),
    "validation data of other lengths": ((X, Y), {"validation_data": (X, Y[:3])}, "must be as long as"),
    "validation data in one array": ((X, Y), {"validation_data": (X,)}, "y must be"),
    "a share of all for validation": ((X, Y), {"validation_split": 1.0}, "validation_split must be a share"),
    "no share for validation": ((X, Y), {"validation_split": 0}, "validation_split must be a share"),
    "no epochs": ((X, Y), {"epochs": 0}, "epochs must be an integer from 1 up"),
    "a negative batch size": ((X, Y), {"batch_size": -8}, "batch_size must be an integer from 1 up"),
    "weights of an unknown class": ((X, Y), {"class_weight": {5: 2.0}}, "class_weight"),
    "a negative class weight": ((X, Y), {"class_weight": {0: -2.0}}, "class_weight"),
    "sample weights of another length": ((X, Y), {"sample_weight": np.ones(3)}, "sample_weight must be as long as x"),
    "sample weights that are NaN": ((X, Y), {"sample_weight": np.full(20, np.nan)}, "sample_weight must"),
}

CONSTRUCTOR = {
    "unknown strategy": ({"strategy": "evolutoin"}, "strategy must be one of .*evolution.*random"),
    "unknown objective": ({"objective": "val_acuracy"}, "objective must .*val_accuracy"),
    "an objective on the training part": ({"objective": "accuracy"}, "val_accuracy"),
    "unknown estimator": ({"estimator": "ful"}, "estimator must be one of .*full.*proxy"),
    "unknown device": ({"device": "hots"}, "device must be one of .*host"),
    "unknown limit": ({"limits": {"latency": 2.0}}, "latency_ms"),
    "a limit below zero": ({"limits": {"latency_ms": -2.0}}, "positive"),
    "no trials": ({"max_trials": 0}, "max_trials must be an integer from 1 up"),
    "negative trials": ({"max_trials": -3}, "max_trials must be an integer from 1 up"),
    "no time": ({"max_time": 0}, "max_time must be a positive number of seconds"),
    "a negative time": ({"max_time": "-3m"}, "max_time must be a positive number of seconds"),
    "no finalists": ({"top_k": 0}, "top_k must be an integer from 1 up"),
    "a negative seed": ({"seed": -1}, "seed must be an integer from 0 up"),
    "a path for a name": ({"project_name": "a/b"}, "project_name must be the name of one folder"),
    "unknown loss": ({"loss": "categorical_crosentropy"}, "loss must be"),
    "metrics in one string": ({"metrics": "accuracy"}, "metrics must be"),
}


@pytest.mark.parametrize("case", FIT)
def test_bad_data(case, tmp_path):
    arguments, options, message = FIT[case]
    clf = autonas.ImageClassifier(directory=tmp_path / "runs")
    with pytest.raises(InputError, match=message) as caught:
        clf.fit(*arguments, **options)
    assert "Got" in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("case", CONSTRUCTOR)
def test_bad_arguments(case):
    options, message = CONSTRUCTOR[case]
    with pytest.raises(InputError, match=message) as caught:
        autonas.ImageClassifier(**options)
    assert "Got" in str(caught.value)


def test_an_unwritable_directory(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="directory must be a folder that can be written to"):
        autonas.ImageClassifier(directory=tmp_path / "file").fit(X, Y)


def test_an_unknown_argument_is_named():
    with pytest.raises(TypeError, match="max_trial"):
        autonas.ImageClassifier(max_trial=3)
