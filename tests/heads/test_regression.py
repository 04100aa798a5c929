"""Numbers are scaled inside and answered in their units, and what does not fit is refused."""

import copy
import json

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from autonas.errors import InputError
from autonas.heads.regression import RegressionHead

PRICES = 250_000 + 90_000 * np.random.default_rng(0).normal(size=200)
BOTH = np.stack([PRICES, np.arange(200) * 0.01], axis=1)


def fitted(y, **options):
    head = RegressionHead(**options)
    head.fit(head.check(y))
    return head


@pytest.mark.parametrize(
    "y",
    [
        [1, 2, 4],
        [True, False, True],
        np.array([[1.5], [2.5], [4.0]]),
        pd.Series([1, 2, None, 5], dtype="Int64").dropna(),
        pd.DataFrame({"a": [1.0, 2.0], "b": [3, 5]}),
        np.array([1, 2, 3], "uint8"),
    ],
)
def test_targets_come_back_as_they_were(y):
    head = fitted(y)
    expected = np.asarray(y, "float64")
    expected = expected[:, 0] if expected.shape[1:] == (1,) else expected
    answers = head.decode(head.finished_targets(head.check(y)))
    np.testing.assert_allclose(answers, expected, rtol=1e-6)


def test_what_is_trained_on_has_mean_0_and_deviation_1():
    encoded = fitted(BOTH).encode(BOTH)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-5)


@pytest.mark.parametrize("y", [PRICES, BOTH])
def test_the_finished_model_answers_in_units(y):
    head = fitted(y)
    outputs = keras.Input((len(head.get_config()["mean"]),))
    model = keras.Model(outputs, head.finish(outputs))
    answers = head.decode(model.predict(head.encode(y), verbose=0))
    np.testing.assert_allclose(answers, y, rtol=1e-5, atol=1e-5)


def test_metrics_are_told_in_units():
    head = fitted(PRICES, metrics=["mse", "mae", "rmse", "r2_score"])
    guess = PRICES + np.random.default_rng(1).normal(size=200) * 10_000
    targets, outputs = head.encode(PRICES), head.encode(guess)
    values = {f"val_{metric.name}": float(metric(targets, outputs)) for metric in head.metrics()}
    told = head.in_units({**values, "val_loss": values["val_mse"]})
    expected = reference.mean_squared_error(PRICES, guess)
    assert told["val_mse"] == pytest.approx(expected, rel=1e-4)
    assert told["val_loss"] == pytest.approx(expected, rel=1e-4)
    assert told["val_rmse"] == pytest.approx(expected**0.5, rel=1e-4)
    assert told["val_mae"] == pytest.approx(reference.mean_absolute_error(PRICES, guess), rel=1e-4)
    assert told["val_r2_score"] == pytest.approx(reference.r2_score(PRICES, guess), rel=1e-4)


def test_several_targets_count_alike():
    head = fitted(BOTH)
    assert head.in_units({"val_mse": 0.5}) == {"val_mse": 0.5}


def test_the_objective_is_among_the_metrics_once():
    head = fitted(PRICES)
    assert [metric.name for metric in head.metrics("val_mse")] == ["mse", "mae"]
    assert [metric.name for metric in head.metrics("val_r2_score")] == ["mse", "mae", "r2_score"]


def test_large_targets_are_shared_out_over_a_split():
    head = fitted(PRICES)
    strata = head.strata(PRICES)
    assert np.bincount(strata).tolist() == [20] * 10
    assert head.strata(PRICES[:50]) is None


def test_the_users_loss_and_metrics_are_used():
    head = fitted(PRICES, loss=keras.losses.Huber(), metrics=[keras.metrics.MeanAbsoluteError(name="off"), "mae"])
    assert isinstance(head.loss(), keras.losses.Huber)
    assert [metric.name for metric in head.metrics()] == ["off", "mae"]
    assert copy.deepcopy(head).loss() is head.loss()
    assert head.in_units({"val_loss": 0.5})["val_loss"] == 0.5  # Huber's has no unit


def test_names_of_columns_are_kept():
    head = fitted(pd.DataFrame({"a": [1.0, 2.0], "b": [3, 5]}))
    again = RegressionHead.from_config(json.loads(json.dumps(head.get_config())))
    assert again.targets == ["a", "b"]
    np.testing.assert_array_equal(again.decode(np.ones((2, 2))), np.ones((2, 2)))


BAD = {
    "strings": (["a", "b"], "real numbers"),
    "missing": ([1.0, np.nan], r"finite numbers.*y\[1\]"),
    "missing of pandas": (pd.Series([1, None], dtype="Int64"), r"y\[1\]"),
    "infinite": ([1.0, np.inf], "finite numbers"),
    "empty": ([], "at least one"),
    "ragged": ([[1.0], [2.0, 3.0]], "ragged"),
    "constant": ([2.0, 2.0, 2.0], "targets that differ"),
    "complex": ([1j, 2.0], "real numbers"),
    "too deep": (np.ones((2, 2, 2)), "shape"),
    "dates": (pd.Series(pd.to_datetime(["2024-01-01"])), "y must be"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_targets(case):
    y, message = BAD[case]
    with pytest.raises(InputError, match=message):
        fitted(y)


@pytest.mark.parametrize("name", ["accuracy", "mape", "msle", "poisson", "no_such_metric", "auc"])
def test_metrics_that_do_not_fit(name):
    with pytest.raises(InputError):
        fitted(PRICES, metrics=[name])
    with pytest.raises(InputError, match=f"objective 'val_{name}'"):
        fitted(PRICES).metrics(f"val_{name}")


def test_another_number_of_targets():
    with pytest.raises(InputError, match="2 targets"):
        fitted(BOTH).check(PRICES)
    with pytest.raises(InputError, match="class_weight"):
        fitted(PRICES).weights(PRICES, {1: 2}, None)
