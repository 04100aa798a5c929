"""Several targets at once are each read, scored and answered by their own head."""

from __future__ import annotations

import json

import keras_tuner
import numpy as np
import pandas as pd
import pytest

from autonas import heads, inputs
from autonas.errors import InputError

Y = {"price": [100.0, 300.0, 200.0, 400.0], "kind": ["a", "b", "a", "b"]}


def fitted():
    both = heads.get({"price": "regression", "kind": "classification"})
    y = both.check(Y)
    both.fit(y)
    return both, y


@pytest.mark.parametrize("form", [Y, [Y["price"], Y["kind"]], pd.DataFrame(Y)])
def test_targets_are_a_dict_a_list_or_a_frame(form):
    both, expected = fitted()
    for name, values in both.check(form).items():
        np.testing.assert_array_equal(values, expected[name])


def test_answers_are_those_of_each_head():
    both, y = fitted()
    answers = both.decode({"price": y["price"][:, None], "kind": np.array([[0.1], [0.9], [0.2], [0.8]])})
    assert answers["price"].tolist() == Y["price"]
    assert answers["kind"].tolist() == Y["kind"]


def test_probabilities_are_those_of_the_heads_with_classes():
    both, y = fitted()
    outputs = {"price": y["price"][:, None], "kind": np.array([[0.1], [0.9], [0.2], [0.8]])}
    found = heads.probabilities(both)(outputs)
    assert list(found) == ["kind"]
    np.testing.assert_allclose(found["kind"][:2], [[0.9, 0.1], [0.1, 0.9]])
    for part in (both.heads["price"], heads.get({"one": "regression", "other": "regression"})):
        with pytest.raises(InputError, match="predict_proba must be asked of a classifier"):
            heads.probabilities(part)


def test_each_head_has_its_threshold():
    kind = heads.HEADS["classification"](threshold={"min_recall": 1.0})
    both = heads.HEADS["several"]({"price": heads.HEADS["regression"](), "kind": kind})
    y = both.check(Y)
    both.fit(y)
    outputs = {"price": y["price"][:, None], "kind": np.linspace(0.1, 0.4, len(y["price"]))[:, None]}
    assert both.calibrates
    both.calibrate(outputs, both.encode(y), None)
    positive = both.heads["kind"].positive
    assert (both.decode(outputs)["kind"][y["kind"] == positive] == positive).all()
    assert both.summary().startswith(f"kind: Threshold for {str(positive)!r}. At ")
    again = heads.HEADS["several"].from_config(json.loads(json.dumps(both.get_config())))
    assert again.heads["kind"].threshold == both.heads["kind"].threshold


def test_an_objective_names_its_output():
    both, _ = fitted()
    metrics = both.metrics("val_kind_auc")
    assert [metric.name for metric in metrics["kind"]] == ["accuracy", "auc"]
    assert [metric.name for metric in metrics["price"]] == ["mse", "mae"]
    with pytest.raises(InputError, match="'val_price_"):
        both.metrics("val_accuracy")


def test_metrics_of_a_number_are_told_in_its_units():
    both, _ = fitted()
    scale = np.std(Y["price"])
    told = both.in_units({"val_price_mae": 1.0, "val_kind_accuracy": 0.5, "val_loss": 2.0})
    assert told == {"val_price_mae": pytest.approx(scale), "val_kind_accuracy": 0.5, "val_loss": 2.0}


def test_the_config_gives_the_same_heads():
    both, y = fitted()
    again = heads.HEADS["several"].from_config(json.loads(json.dumps(both.get_config())))
    outputs = {"price": y["price"][:, None], "kind": np.array([[0.1], [0.9], [0.2], [0.8]])}
    for name, answers in both.decode(outputs).items():
        np.testing.assert_array_equal(again.decode(outputs)[name], answers)


def test_two_heads_of_one_kind_have_outputs_of_their_own():
    both = heads.get(["classification", "classification"])
    assert list(both.heads) == ["classification", "classification_2"]
    assert [head.name for head in both.heads.values()] == ["classification", "classification_2"]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ({"price": [1.0, 2.0]}, "a dict with"),
        ([[1.0, 2.0]], "a list of 1"),
        ({"price": [1.0, 2.0, 3.0], "kind": ["a", "b"]}, "as many examples each"),
        ({"price": ["x", "y"], "kind": ["a", "b"]}, r"y\['price'\]"),
    ],
)
def test_bad_targets(y, message):
    with pytest.raises(InputError, match=message):
        heads.get({"price": "regression", "kind": "classification"}).check(y)


def test_class_weights_are_refused():
    both, y = fitted()
    with pytest.raises(InputError, match="class_weight"):
        both.weights(y, "balanced", None)
    assert both.weights(y, None, [1, 2, 3, 4]).tolist() == [1, 2, 3, 4]


def test_each_head_keeps_to_its_plain_loss():
    both = heads.get({"price": "regression", "kind": "classification"})
    y = both.check({"price": np.arange(100.0), "kind": np.arange(100) < 5})
    both.fit(y)
    hp = keras_tuner.HyperParameters()
    assert both.loss(hp) == both.loss() == {"price": "mse", "kind": "binary_crossentropy"}
    assert hp.space == []


def test_each_head_has_its_metrics_exact():
    both, y = fitted()
    outputs = {"price": np.array([[110.0], [300.0], [200.0], [400.0]]), "kind": np.zeros((4, 1))}
    told = {"loss": 0.0, "price_loss": 0.0, "price_mae": 0.0, "kind_loss": 0.7, "kind_accuracy": 0.5}
    assert both.exact(told, y, lambda: outputs, None) == pytest.approx(
        {"loss": 25.7, "price_loss": 25.0, "price_mae": 2.5, "kind_loss": 0.7, "kind_accuracy": 0.5}
    )


def fitted_to(**targets):
    both = heads.get(dict.fromkeys(targets, "regression"))
    y = both.check(targets)
    both.fit(y)
    return both, y


def test_metrics_are_in_the_units_of_the_output_that_they_are_of():
    """A name that begins with another one's, and a single one, before whose metrics Keras puts none."""
    far, near = [100.0, 300.0, 200.0, 400.0], [1.0, 3.0, 2.0, 4.0]
    scale = np.std(far)
    both, _ = fitted_to(price=far, price_b=near)
    told = both.in_units({"val_price_mae": 1.0, "val_price_b_mae": 1.0, "price_b_mae": 1.0})
    expected = {"val_price_mae": scale, "val_price_b_mae": scale / 100, "price_b_mae": scale / 100}
    assert told == pytest.approx(expected, rel=1e-6)
    both, _ = fitted_to(price_b=near, price=far)
    assert both.in_units({"val_price_mae": 1.0, "val_price_b_mae": 1.0})["val_price_b_mae"] < 0.02 * scale
    alone, y = fitted_to(price=far)
    assert alone.in_units({"val_mae": 1.0, "mae": 2.0}) == pytest.approx({"val_mae": scale, "mae": 2 * scale}, rel=1e-6)
    outputs = {"price": y["price"][:, None] + 5.0}
    assert alone.exact({"loss": 0.0, "mae": 0.0}, y, lambda: outputs, None) == pytest.approx({"loss": 25.0, "mae": 5.0})


def test_answers_of_an_exported_network_are_arranged_as_those_of_the_model():
    one, two = np.zeros((3, 1)), np.ones((3, 1))
    alone, _ = fitted_to(price=[1.0, 2.0])
    both, _ = fitted_to(price=[1.0, 2.0], kind=[1.0, 2.0])
    assert heads.get("regression").arrange({"output_0": one}) is one
    assert alone.arrange({"output_0": one})["price"] is one
    assert both.arrange({"kind": two, "price": one}) == {"kind": two, "price": one}


def test_an_objective_has_the_name_of_its_output_before_it_where_there_are_several():
    both, _ = fitted_to(price=[1.0, 2.0], price_b=[1.0, 2.0])
    assert "r2_score" in {getattr(each, "name", each) for each in both.metrics("val_price_b_r2_score")["price_b"]}
    with pytest.raises(InputError, match=r"one of \['val_price_...', 'val_price_b_...'\]"):
        both.metrics("val_mae")
    alone, _ = fitted_to(price=[1.0, 2.0])
    assert "r2_score" in {getattr(each, "name", each) for each in alone.metrics("val_r2_score")["price"]}
    with pytest.raises(InputError, match="no name before it: 'val_mae'"):
        alone.metrics("val_price_mae")


@pytest.mark.parametrize("name", ["my price", "1st", "", 3])
def test_a_name_that_no_tensor_can_have_is_refused(name):
    with pytest.raises(InputError, match="The name of an output must be of letters"):
        heads.get({name: "regression"})
    with pytest.raises(InputError, match="The name of an input must be of letters"):
        inputs.get({name: "table"})
