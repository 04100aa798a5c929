"""Several targets at once are each read, scored and answered by their own head."""

from __future__ import annotations

import json

import keras_tuner
import numpy as np
import pandas as pd
import pytest

from autonas import heads
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
