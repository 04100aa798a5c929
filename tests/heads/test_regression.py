"""Numbers are scaled inside and answered in their units, and what does not fit is refused."""

from __future__ import annotations

import copy
import decimal
import json
import subprocess
import sys
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from autonas.errors import InputError
from autonas.heads.regression import RegressionHead
from autonas.objectives.quality import DIRECTIONS
from autonas.testing.heads import check_head

PRICES = 250_000 + 90_000 * np.random.default_rng(0).normal(size=200)
BOTH = np.stack([PRICES, np.arange(200) * 0.01], axis=1)
FRAME = pd.DataFrame({"price": PRICES, "age": BOTH[:, 1]})


def fitted(y, **options):
    head = RegressionHead(**options)
    head.fit(head.check(y))
    return head


def loaded(head):
    return RegressionHead.from_config(json.loads(json.dumps(head.get_config(), allow_nan=False)))


def finished(head):
    outputs = keras.Input((len(head.get_config()["mean"]),))
    return keras.Model(outputs, head.finish(outputs))


SAMPLES = {
    "floats": ({}, PRICES),
    "a list": ({}, [1, 2, 4, 7]),
    "a column": ({}, PRICES[:, None]),
    "several": ({}, BOTH),
    "a frame": ({}, FRAME),
    "a frame of one column": ({}, FRAME[["price"]]),
    "booleans": ({}, [True, False, True, True]),
    "loss and metrics": ({"loss": "huber", "metrics": ["r2_score", "rmse", "log_cosh"]}, PRICES),
    "correlation": ({"metrics": ["cosine_similarity", "pearson_correlation"]}, BOTH),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_the_head_keeps_the_contract(case):
    arguments, y = SAMPLES[case]
    check_head(RegressionHead(**arguments), y)


class OtherFrame:
    """A frame that is not of pandas, as polars has it."""

    columns = ("a", "b")
    dtypes = ("Int64", "Float64")

    def to_numpy(self):
        return np.array([[1.0, 3.0], [2.0, 5.0]])

    def __array__(self, dtype=None, copy=None):
        return self.to_numpy()


FORMS = {
    "integers": ([1, 2, 4], [1, 2, 4]),
    "mixed": ([1, 2.5, True], [1, 2.5, 1]),
    "booleans": ([True, False], [1, 0]),
    "a column": (np.array([[1.5], [2.5]]), [1.5, 2.5]),
    "bytes": (np.array([1, 2, 255], "uint8"), [1, 2, 255]),
    "halves": (np.array([1, 2.5], "float16"), [1, 2.5]),
    "objects": (np.array([1, 2.5, np.float32(3)], object), [1, 2.5, 3]),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal(3)], [1.5, 3]),
    "a tensor": (keras.ops.convert_to_tensor([1.0, 2.0]), [1, 2]),
    "a series": (pd.Series([3, 1], index=[9, 8]), [3, 1]),
    "nullable integers": (pd.Series([1, 2, None], dtype="Int64").dropna(), [1, 2]),
    "nullable booleans": (pd.Series([True, False], dtype="boolean"), [1, 0]),
    "nullable floats": (pd.DataFrame({"a": pd.array([1.5, 2], "Float64")}), [1.5, 2]),
    "categories of numbers": (pd.Series([1, 2], dtype="category"), [1, 2]),
    "a series of objects": (pd.Series([1, 2.5], dtype=object), [1, 2.5]),
    "a frame": (pd.DataFrame({"a": [1.0, 2.0], "b": [3, 5]}), [[1, 3], [2, 5]]),
    "a mixed frame": (pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": [True, False]}), [[1, 1], [2, 0]]),
    "another frame": (OtherFrame(), [[1, 3], [2, 5]]),
    "rows": ([[1, 2], [3, 5]], [[1, 2], [3, 5]]),
    "a whole mask": (np.ma.array([1, 2], mask=[False, False]), [1, 2]),
}


@pytest.mark.parametrize("case", FORMS)
def test_numbers_of_every_form_are_read_and_come_back(case):
    y, expected = FORMS[case]
    head = fitted(y)
    checked = head.check(y)
    assert checked.dtype == np.float64
    assert checked.tolist() == expected
    answers = head.decode(head.finished_targets(checked))
    assert answers.shape == np.shape(expected)
    np.testing.assert_allclose(answers, expected, rtol=1e-6)


def test_columns_of_arrow_are_read():
    import pyarrow as arrow

    y = pd.DataFrame({"a": pd.array([1, 2], pd.ArrowDtype(arrow.int64()))})
    assert RegressionHead().check(y).tolist() == [1, 2]
    with pytest.raises(InputError, match=r"y\[1\]"):
        RegressionHead().check(pd.Series([1.0, None], dtype=pd.ArrowDtype(arrow.float64())))
    with pytest.raises(InputError, match="real numbers"):
        RegressionHead().check(pd.Series(["1", "2"], dtype=pd.ArrowDtype(arrow.string())))


def test_what_is_trained_on_has_mean_0_and_deviation_1():
    encoded = fitted(BOTH).encode(BOTH)
    assert encoded.dtype == np.float32
    assert encoded.shape == (200, 2)
    np.testing.assert_allclose(encoded.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(encoded.std(axis=0), 1, atol=1e-5)
    assert fitted(PRICES).encode(PRICES).shape == (200, 1)


@pytest.mark.parametrize("y", [PRICES, BOTH, 1e9 + PRICES, PRICES * 1e-12])
def test_the_finished_model_answers_in_units(y):
    head = fitted(y)
    answers = head.decode(finished(head).predict(head.encode(y), verbose=0))
    assert answers.shape == y.shape
    np.testing.assert_allclose(answers, y, rtol=1e-5, atol=1e-5 * np.abs(y).max())
    assert reference.r2_score(y, answers) > 0.9999


def test_the_finished_model_has_float32_under_every_policy():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        head = fitted(PRICES)
        answers = head.decode(finished(head).predict(head.encode(PRICES), verbose=0))
    finally:
        keras.config.set_dtype_policy(before)
    np.testing.assert_allclose(answers, PRICES, rtol=1e-5)


def noisy(y):
    rng = np.random.default_rng(1)
    return y + rng.normal(size=y.shape) * np.where(rng.random(y.shape) < 0.2, 60_000, 10_000)


def values(head, y, guess, objective=None):
    """Metrics and loss of the standardised targets, as a training has them."""
    targets, outputs = head.encode(y), head.encode(guess)
    found = {f"val_{metric.name}": float(metric(targets, outputs)) for metric in head.metrics(objective)}
    return {**found, "val_loss": float(np.mean(keras.losses.get(head.loss())(targets, outputs)))}


def root_of_mine(y, outputs):
    return keras.ops.sqrt(keras.ops.mean((y - outputs) ** 2))


def pinball(y, outputs):
    off = y - outputs
    return keras.ops.mean(keras.ops.maximum(0.9 * off, -0.1 * off), axis=-1)


def test_metrics_and_the_loss_are_told_in_units():
    given = ["mae", "rmse", "r2_score", keras.metrics.MeanSquaredError(name="mae_of_squares"), root_of_mine, pinball]
    head, guess = fitted(PRICES, metrics=given), noisy(PRICES)
    expected = {
        "mse": reference.mean_squared_error(PRICES, guess),
        "mae": reference.mean_absolute_error(PRICES, guess),
        "rmse": reference.root_mean_squared_error(PRICES, guess),
        "r2_score": reference.r2_score(PRICES, guess),
        "mae_of_squares": reference.mean_squared_error(PRICES, guess),
        "root_of_mine": reference.root_mean_squared_error(PRICES, guess),
        "pinball": reference.mean_pinball_loss(PRICES, guess, alpha=0.9),
        "loss": reference.mean_squared_error(PRICES, guess),
    }
    inside = values(head, PRICES, guess, "val_mse")
    for known in (head, loaded(head)):
        told = known.in_units(inside)
        assert told == pytest.approx({f"val_{name}": value for name, value in expected.items()}, rel=1e-4)


def test_what_does_not_follow_the_scale_stays_as_it_is():
    def close(y, outputs):
        return keras.ops.mean(keras.ops.cast(keras.ops.abs(y - outputs) < 0.5, "float32"))

    head = fitted(PRICES, loss=keras.losses.Huber(), metrics=["log_cosh", close])
    told = {"val_loss": 0.5, "log_cosh": 0.5, "val_close": 0.5, "learning_rate": 0.1}
    assert head.in_units(told) == told


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("mse", 4), (None, 4), (keras.losses.MeanAbsoluteError(), 2), ("log_cosh", 1), (pinball, 2), (root_of_mine, 2)],
)
def test_a_loss_is_told_in_its_unit(loss, expected):
    assert fitted([-2.0, 2.0], loss=loss).in_units({"loss": 1.0}) == {"loss": expected}


def test_the_finished_model_evaluates_to_what_was_told():
    head, guess = fitted(PRICES, metrics=["mse", "mae", "r2_score"]), noisy(PRICES)
    model = finished(head)
    model.compile(loss=head.loss(), metrics=head.metrics())
    found = model.evaluate(head.encode(guess), head.finished_targets(PRICES), verbose=0, return_dict=True)
    told = head.in_units(values(head, PRICES, guess))
    assert {f"val_{name}": value for name, value in found.items()} == pytest.approx(told, rel=1e-3)


def test_several_targets_count_alike():
    head = fitted(FRAME)
    assert head.in_units({"val_mse": 0.5}) == {"val_mse": 0.5}
    assert head.summary().startswith("Metrics are means over targets in standard deviations (price 8.")
    assert "age 0.577" in head.summary()
    assert fitted(PRICES).summary() == ""


def test_r2_of_several_targets_is_their_mean():
    head, guess = fitted(BOTH), noisy(BOTH)
    guess[:, 1] = BOTH[:, 1] + 0.1
    found = values(head, BOTH, guess, "val_r2_score")["val_r2_score"]
    assert found == pytest.approx(reference.r2_score(BOTH, guess), rel=1e-4)


def test_the_objective_is_among_the_metrics_once():
    head = fitted(PRICES)
    assert [metric.name for metric in head.metrics("val_mse")] == ["mse", "mae"]
    assert [metric.name for metric in head.metrics("val_r2_score")] == ["mse", "mae", "r2_score"]
    assert [metric.name for metric in head.metrics("val_loss")] == ["mse", "mae"]
    assert RegressionHead.default_objective == "val_mse"


FITTING = [
    "mse",
    "mae",
    "rmse",
    "mean_squared_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "r2_score",
    "huber",
    "log_cosh",
    "logcosh",
    "log_cosh_error",
    "cosine_similarity",
    "pearson_correlation",
    "concordance_correlation",
]


@pytest.mark.parametrize("name", FITTING)
def test_a_metric_that_fits_is_a_finite_number(name):
    metric = fitted(BOTH).metrics(f"val_{name}")[0 if name == "mse" else 1 if name == "mae" else -1]
    value = metric(fitted(BOTH).encode(BOTH), fitted(BOTH).encode(noisy(BOTH)))
    assert (metric.name, np.shape(value)) == (name, ())
    assert np.isfinite(value)


@pytest.mark.parametrize("name", sorted({*DIRECTIONS} - {*FITTING, "loss"}))
def test_other_metrics_are_refused_as_an_objective(name):
    with pytest.raises(InputError, match=f"objective 'val_{name}' is none of the metrics"):
        fitted(BOTH).metrics(f"val_{name}")


def test_large_targets_are_shared_out_over_a_split():
    head = fitted(PRICES)
    strata = head.strata(PRICES)
    assert np.bincount(strata).tolist() == [20] * 10
    assert PRICES[strata == 9].min() > PRICES[strata == 8].max()
    assert np.array_equal(head.strata(BOTH), strata)
    assert head.strata(PRICES[:99]) is None


def test_targets_with_many_zeros_have_fewer_strata():
    y = np.repeat([0.0, 1.0, 2.0], [80, 10, 10])
    assert np.array_equal(np.unique(fitted(y).strata(y), return_inverse=True)[1], y)


def test_the_users_loss_and_metrics_are_used():
    loss = keras.losses.Huber(delta=2.0)
    head = fitted(PRICES, loss=loss, metrics=[keras.metrics.MeanAbsoluteError(name="off"), "mae", pinball])
    assert head.loss() is loss
    first, second = head.metrics(), head.metrics()
    assert [metric.name for metric in first] == ["off", "mae", "pinball"]
    assert not {id(metric) for metric in first} & {id(metric) for metric in second}


def test_a_head_with_losses_and_metrics_can_be_copied():
    head = RegressionHead(pinball, [pinball])
    copied = copy.deepcopy(head)
    copied.fit(copied.check(FRAME))
    assert [metric.name for metric in copied.metrics()] == ["pinball"]
    assert (head.targets, head.get_config()["mean"]) == ([], [])


def test_the_output_layer_is_linear_and_float32():
    layer = fitted(BOTH).build(None, keras.Input((4,)))._keras_history.operation
    assert (layer.units, layer.activation.__name__, layer.name) == (2, "linear", "regression")
    assert layer.dtype_policy.name == "float32"


def test_names_of_columns_are_kept():
    head = fitted(FRAME)
    for known in (head, loaded(head), copy.deepcopy(head)):
        assert known.targets == ["price", "age"]
        np.testing.assert_array_equal(known.check(FRAME[["age", "price"]]), BOTH)  # by name, not by place
        np.testing.assert_array_equal(known.check(BOTH), BOTH)
        np.testing.assert_array_equal(known.encode(BOTH), head.encode(BOTH))
    assert fitted(BOTH).targets == []
    assert fitted(FRAME[["age"]]).targets == ["age"]


def test_the_config_tells_another_loss_and_other_metrics():
    options = [{}, {"loss": "mae"}, {"loss": pinball}, {"metrics": ["mae"]}]
    options += [{"loss": keras.losses.Huber()}, {"metrics": [keras.metrics.MeanAbsoluteError(name="off")]}]
    configs = [json.dumps(fitted(PRICES, **option).get_config()) for option in options]
    assert len(set(configs)) == len(options)
    assert configs == [json.dumps(fitted(PRICES, **option).get_config()) for option in options]


def test_numbers_are_learned_and_answered_without_keras_and_pandas():
    code = """
import sys
from autonas.heads.regression import RegressionHead
head = RegressionHead()
y = head.check([1, 2.5, 4])
head.fit(y)
head.strata(y), head.encode(y), head.in_units({"val_mse": 1.0})
head = RegressionHead.from_config(head.get_config())
print(head.decode(head.finished_targets(y)).tolist())
print({"keras", "tensorflow", "pandas", "sklearn"} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[1.0, 2.5, 4.0]\nset()\n"


BAD = {
    "strings": (["a", "b"], "y must be real numbers. Got 'a' among them.*classifier"),
    "an array of strings": (np.array(["1", "2"]), "real numbers. Got the type <U1"),
    "mixed": ([1, "a"], "'a' among them"),
    "strings of pandas": (pd.Series(["1", "2"]), "'1' among them"),
    "objects of pandas": (pd.Series(["1", 2], dtype=object), "'1' among them"),
    "a column of strings": (pd.DataFrame({"a": [1, 2], "b": ["1", "2"]}), "'1' among them"),
    "categories": (pd.Series(["a", "b"], dtype="category"), "'a' among them"),
    "missing": ([1.0, np.nan], r"finite numbers. Got nan in y\[1\], one of 1 such rows.*Leave these"),
    "none": ([1.0, None, None], r"nan in y\[1\], one of 2 such rows"),
    "missing of pandas": (pd.Series([1, None], dtype="Int64"), r"nan in y\[1\]"),
    "missing in a frame": (pd.DataFrame({"a": [1, 2], "b": pd.array([1, None], "Float64")}), r"nan\] in y\[1\]"),
    "masked": (np.ma.array([1, 2], mask=[False, True]), r"nan in y\[1\]"),
    "infinite": ([1.0, np.inf], r"finite numbers. Got inf in y\[1\]"),
    "too long an integer": ([1, 10**400], r"finite numbers. Got inf in y\[1\]"),
    "too large": ([1.0, 1e19], r"up to 1e\+18.*Change the unit"),
    "empty": ([], "at least one"),
    "no columns": (np.zeros((3, 0)), "at least one"),
    "a number": (3.0, "shape"),
    "nothing": (None, "a NoneType"),
    "a dict": ({"a": 1.0}, "a dict"),
    "ragged": ([[1.0], [2.0, 3.0]], "as many in each row. Got a ragged list"),
    "complex": ([1j, 2.0], "real numbers. Got the type complex"),
    "too deep": (np.ones((2, 2, 2)), "shape"),
    "dates": (pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])), "real numbers.*date becomes a number"),
    "dates of NumPy": (np.array(["2024-01-01"], "datetime64[D]"), "real numbers. Got the type datetime64"),
    "one name twice": (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), r"names of their own. Got \['a', 'a'\]"),
    "constant": ([0.1] * 9, "y must be targets that differ. Got 0.1 for every example"),
    "one example": ([2.0], "targets that differ"),
    "a constant column": ([[1, 3], [2, 3]], r"y\[:, 1\] must be targets that differ. Got 3 for every"),
    "a constant of pandas": (pd.DataFrame({"a": [1, 2], "b": [3, 3]}), r"y\['b'\] must be targets that differ"),
    "too close": (1e9 + np.arange(9), "5 digits. Got 1000000004 with .*Subtract 1000000004"),
    "too small": (np.arange(9) * 1e-20, "differ by more than 1e-18.*Change the unit"),
}


@pytest.mark.parametrize("case", BAD)
def test_targets_that_cannot_be_used_are_told(case):
    y, told = BAD[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=told):
            fitted(y)


@pytest.mark.parametrize(
    ("known", "y", "told"),
    [
        (BOTH, PRICES, r"of shape \(n, 2\), as in training. Got shape \(200,\)"),
        (PRICES, BOTH, r"of shape \(n,\), as in training. Got shape \(200, 2\)"),
        (FRAME, FRAME.rename(columns={"age": "years"}), r"the columns \['price', 'age'\].*\['price', 'years'\]"),
        (FRAME, FRAME[["price"]], "the columns"),
    ],
)
def test_after_fit_other_targets_are_told(known, y, told):
    with pytest.raises(InputError, match=told):
        fitted(known).check(y)


class Vector(keras.metrics.Metric):
    def update_state(self, y, outputs, sample_weight=None):
        pass

    def result(self):
        return keras.ops.zeros(3)


class PercentageOfMine(keras.metrics.MeanAbsolutePercentageError):
    pass


def broken(y, outputs):
    raise RuntimeError("out of luck")


def logarithmic(y, outputs):
    return keras.ops.mean((keras.ops.log(y) - keras.ops.log(outputs)) ** 2)


UNFIT = "standardised targets, of which it says nothing"
BAD_FIT = {
    "accuracy": ({"metrics": ["accuracy"]}, UNFIT),
    "auc": ({"metrics": ["auc"]}, UNFIT),
    "relative": ({"metrics": ["mape"]}, f"'mape'.*{UNFIT}"),
    "logarithmic": ({"metrics": ["msle"]}, UNFIT),
    "Poisson": ({"metrics": ["poisson"]}, UNFIT),
    "a loss of classes": ({"metrics": ["dice"]}, UNFIT),
    "unknown": ({"metrics": ["mean_absolute_eror"]}, "metrics must be .*Did you mean"),
    "an instance for classes": ({"metrics": [keras.metrics.F1Score(average="macro")]}, f"'f1_score'.*{UNFIT}"),
    "a class for classes": ({"metrics": [keras.metrics.Precision]}, f"'precision'.*{UNFIT}"),
    "a relative instance": ({"metrics": [keras.metrics.MeanAbsolutePercentageError(name="mae")]}, UNFIT),
    "a relative class of the user's": ({"metrics": [PercentageOfMine()]}, UNFIT),
    "a relative function": ({"metrics": [keras.losses.mean_absolute_percentage_error]}, UNFIT),
    "correlation of one": ({"metrics": ["pearson_correlation"]}, "of which there is one: 'r2_score'"),
    "cosine of one": ({"loss": "cosine_similarity"}, "of which there is one"),
    "a vector": ({"metrics": [Vector()]}, r"one that gives one number. Got the shape \(3,\)"),
    "twice": ({"metrics": ["mae", "mae"]}, r"names of their own. Got \['mae'\]"),
    "broken metric": ({"metrics": [broken]}, "metric broken .*RuntimeError: out of luck"),
    "broken loss": ({"loss": broken}, r"loss must .*targets of shape \('n', 1\).*RuntimeError: out of luck"),
    "no number": ({"loss": logarithmic}, "loss must be finite for standardised targets, which are negative too"),
    "a loss of two classes": ({"loss": "binary_crossentropy"}, f"loss must .*{UNFIT}"),
    "a loss of classes by instance": ({"loss": keras.losses.SparseCategoricalCrossentropy()}, UNFIT),
    "a relative loss": ({"loss": "mean_absolute_percentage_error"}, UNFIT),
    "a hinge": ({"loss": keras.losses.Hinge}, UNFIT),
    "unknown loss": ({"loss": "mean_square"}, "loss must be the name of a Keras loss"),
    "metrics as a name": ({"metrics": "mae"}, "metrics must be a list"),
}


@pytest.mark.parametrize("case", BAD_FIT)
def test_losses_and_metrics_that_do_not_fit_are_told(case):
    arguments, told = BAD_FIT[case]
    with pytest.raises(InputError, match=told):
        fitted(PRICES, **arguments)


@pytest.mark.parametrize("name", ["accuracy", "mape", "msle", "no_such_metric", "auc", "pearson_correlation"])
def test_objectives_that_do_not_fit_are_told(name):
    with pytest.raises(InputError, match=f"objective 'val_{name}' is none of the metrics"):
        fitted(PRICES).metrics(f"val_{name}")


def test_a_correlation_over_examples_is_a_metric_of_one_target():
    head = fitted(PRICES, metrics=[keras.metrics.PearsonCorrelation(axis=0)])
    (metric,) = head.metrics()
    expected = np.corrcoef(PRICES, noisy(PRICES))[0, 1]
    assert float(metric(head.encode(PRICES), head.encode(noisy(PRICES)))) == pytest.approx(expected, abs=1e-5)


def test_weights_are_those_of_the_examples():
    head = fitted([1.0, 2.0, 4.0])
    assert head.weights(np.arange(3.0), None, [1, 0, 2]).tolist() == [1, 0, 2]
    with pytest.raises(InputError, match=r"class_weight must be left out.*Use sample_weight"):
        head.weights(np.arange(3.0), {1: 2}, None)


def off_by_half(y, outputs):
    return keras.ops.mean(keras.ops.abs(y - outputs) / 2, axis=-1)


def far(deviation, targets, **options):
    """Targets around a million, a head, and the finished model with its outputs, right about nine tenths of the variance."""
    rng = np.random.default_rng(0)
    y = 1e6 + deviation * rng.normal(size=(2_000, targets)) * 2.0 ** np.arange(targets)
    head = fitted(y, **options)
    outputs = head.encode(y) + rng.normal(size=y.shape).astype("float32") * 0.1**0.5
    model = finished(head)
    model.compile(loss=head.loss(), metrics=head.metrics("val_r2_score"))
    return head, head.check(y), model, outputs


def evaluated(head, y, model, outputs, weights=None):
    """As `evaluate` of a task does, with the answers."""
    told = model.evaluate(outputs, head.finished_targets(y), sample_weight=weights, verbose=0, return_dict=True)
    answers = model.predict(outputs, verbose=0)
    return head.exact(told, y, lambda: answers, weights), told, head.decode(answers).astype("float64")


METRICS = [keras.metrics.R2Score(name="mine"), "rmse", "mean_squared_error", keras.losses.mean_absolute_error]
METRICS += [keras.metrics.MeanAbsoluteError, off_by_half]


@pytest.mark.parametrize(("deviation", "targets"), [(2.0, 3), (100.0, 1)])
@pytest.mark.parametrize(
    "options", [{}, {"loss": keras.losses.MeanAbsoluteError(), "metrics": METRICS[:-2] + METRICS[-1:]}]
)
def test_metrics_of_targets_far_from_zero_are_exact(options, deviation, targets):
    head, y, model, outputs = far(deviation, targets, **options)
    weights = np.linspace(0, 3, len(y)).astype("float32")
    for known in (head, loaded(head)):
        found, told, answers = evaluated(known, y, model, outputs, weights)
        absolute = np.abs(answers - y).reshape(len(y), -1).mean(axis=1)
        squared = ((answers - y) ** 2).reshape(len(y), -1).mean(axis=1)
        expected = {
            "loss": np.mean(weights * (absolute if options else squared)),
            "r2_score": reference.r2_score(y, answers),
            "mine": reference.r2_score(y, answers),
            "mse": reference.mean_squared_error(y, answers),
            "mean_squared_error": reference.mean_squared_error(y, answers),
            "mae": reference.mean_absolute_error(y, answers),
            "mean_absolute_error": reference.mean_absolute_error(y, answers),
            "rmse": reference.mean_squared_error(y, answers) ** 0.5,
            "off_by_half": told.get("off_by_half"),
        }
        assert found == pytest.approx({name: expected[name] for name in told}, rel=1e-9)
        assert found["r2_score"] == pytest.approx(0.9, abs=0.02)
        assert {**told, "r2_score": 0, "mine": 0} == pytest.approx({**found, "r2_score": 0, "mine": 0}, rel=1e-2)


@pytest.mark.parametrize("targets", [1, 3])
def test_metrics_of_a_search_on_targets_far_from_zero_are_those_of_scikit_learn(targets):
    head, y, _, outputs = far(2.0, targets, metrics=["r2_score", "rmse", "mae"])
    exact = head.decode(outputs.astype("float64") * head.get_config()["scale"] + head.get_config()["mean"])
    told = head.in_units({m.name: float(m(head.encode(y), outputs)) for m in head.metrics()})
    assert told["r2_score"] == pytest.approx(reference.r2_score(y, exact), abs=1e-6)
    if targets == 1:
        assert told["rmse"] == pytest.approx(reference.mean_squared_error(y, exact) ** 0.5, rel=1e-5)
        assert told["mae"] == pytest.approx(reference.mean_absolute_error(y, exact), rel=1e-5)


def test_r2_is_exact_at_a_million_deviations_from_zero():
    """Where `fit` refuses: float32 has 16 steps in one deviation."""
    rng = np.random.default_rng(0)
    y = 1e6 + rng.normal(size=2_000)
    answers = (y + 0.3 * rng.normal(size=2_000)).astype("float32")[:, None]
    expected = reference.r2_score(y, answers[:, 0].astype("float64"))
    assert fitted(PRICES).exact({"r2_score": 0.0}, y, lambda: answers, None) == {"r2_score": pytest.approx(expected)}
    same = {"r2_score": 0.0, "mae": 1.0}
    assert fitted(PRICES).exact(same, np.ones(3), lambda: np.zeros((3, 1)), None) == same  # as Keras: not infinite


@pytest.mark.parametrize(
    "metric",
    [
        keras.metrics.R2Score(class_aggregation="variance_weighted_average", name="mse"),
        keras.metrics.R2Score(num_regressors=2, name="mse"),
        keras.metrics.MeanMetricWrapper(keras.losses.mean_absolute_error, name="mse"),
        type("MeanSquaredError", (keras.metrics.MeanSquaredError,), {"__module__": "mine"})(name="mse"),
    ],
)
def test_what_is_not_keras_own_or_set_up_is_as_keras_told_it(metric):
    head, outputs = fitted(PRICES, metrics=[metric]), noisy(PRICES)[:, None]
    assert head.exact({"mse": 1.0}, PRICES, lambda: outputs, None) == {"mse": 1.0}


def test_a_loss_that_is_summed_up_is_as_keras_told_it():
    head = fitted(PRICES, loss=keras.losses.MeanSquaredError(reduction="sum"))
    assert head.exact({"loss": 2.0}, PRICES, lambda: PRICES[:, None], None) == {"loss": 2.0}
