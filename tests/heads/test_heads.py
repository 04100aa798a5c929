"""Every head keeps the contract with every form of labels, and the suite notices one that does not."""

from __future__ import annotations

import functools
import os
import subprocess
import sys

import keras
import numpy as np
import pandas as pd
import pytest

from autonas import heads
from autonas.errors import InputError
from autonas.heads.base import describe
from autonas.heads.classification import ClassificationHead
from autonas.testing.heads import check_head

Y = np.arange(12) % 3
SAMPLES = {
    "classification": {
        "integers": ({}, Y),
        "strings": ({}, ["cat", "dog", "emu"] * 4),
        "two": ({}, ["yes", "no"] * 6),
        "booleans": ({}, pd.Series([True, False] * 6)),
        "one-hot": ({}, np.eye(3)[Y]),
        "one-hot of two": ({}, np.eye(2, dtype=int)[Y % 2]),
        "sparse loss": ({"loss": "sparse_categorical_crossentropy"}, Y),
        "softmax over two": ({"loss": keras.losses.CategoricalFocalCrossentropy()}, Y % 2),
        "several at once": ({"multi_label": True}, [[0, 1, 1], [1, 0, 0], [0, 0, 0]] * 4),
        "metrics": ({"metrics": ["auc", "f1_score"]}, Y),
    },
    "regression": {
        "floats": ({}, Y * 1.5),
        "several": ({}, pd.DataFrame({"price": Y * 1e5, "age": Y % 2})),
        "loss and metrics": ({"loss": "huber", "metrics": ["r2_score", "rmse"]}, Y),
    },
}
CASES = [(name, case) for name, cases in SAMPLES.items() for case in cases]


def test_every_head_has_samples():
    assert {*SAMPLES, "several"} == set(heads.HEADS)  # several are made of the others


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_head_keeps_the_contract(name, case):
    arguments, y = SAMPLES[name][case]
    check_head(heads.HEADS[name](**arguments), y)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"'classification'.*Did you mean 'classification'"):
        heads.get("classificaton")


class SharesMetrics(ClassificationHead):
    def metrics(self, objective=None):
        self._made = getattr(self, "_made", None) or super().metrics(objective)
        return self._made


class LeavesOutTheObjective(ClassificationHead):
    def metrics(self, objective=None):
        return []


class DecodesToNumbers(ClassificationHead):
    def decode(self, outputs):
        return np.argmax(outputs, axis=1)


class ForgetsClasses(ClassificationHead):
    def get_config(self):
        return {**super().get_config(), "classes": ["a", "b", "c"]}


class DropsWeights(ClassificationHead):
    def weights(self, y, class_weight, sample_weight):
        return None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (SharesMetrics, "fresh each time"),
        (LeavesOutTheObjective, "accuracy is among the metrics"),
        (ForgetsClasses, "from_config gives a head that decodes the same"),
        (DropsWeights, "sample weights are kept"),
        (DecodesToNumbers, "answers are labels that check takes"),
    ],
)
def test_the_suite_tells_what_is_wrong(wrong, told):
    with pytest.raises(AssertionError, match=told):
        check_head(wrong(), ["cat", "dog", "emu"] * 4)


class Off(keras.losses.Loss):
    def __init__(self, delta):
        super().__init__()
        self.delta = delta

    def call(self, y, outputs):
        return keras.losses.huber(y, outputs, self.delta)


class Callable:
    def __init__(self, delta):
        self.delta, self.other = delta, object()

    def __call__(self, y, outputs):
        return keras.losses.huber(y, outputs, self.delta)


class Holder:
    def __init__(self, delta):
        self.delta = delta

    def huber(self, y, outputs):
        return keras.losses.huber(y, outputs, self.delta)


def within(delta):
    def huber(y, outputs):
        return keras.losses.huber(y, outputs, delta)

    return huber


def with_default(delta):
    def huber(y, outputs, delta=delta):
        return keras.losses.huber(y, outputs, delta)

    return huber


def made_of_code(delta):
    return eval(f"lambda y, outputs: keras.losses.huber(y, outputs, {delta!r})")


DESCRIBED = {
    "an instance of Keras": lambda delta: keras.losses.Huber(delta=delta),
    "another instance of Keras": lambda delta: keras.losses.Tversky(alpha=delta),
    "a loss of the user's": Off,
    "an object": Callable,
    "a method": lambda delta: Holder(delta).huber,
    "a closure": within,
    "a closure over an array": lambda delta: within(np.array([delta, 1.0])),
    "a closure over a function": lambda delta: within(within(delta)),
    "a default": with_default,
    "a partial function": lambda delta: functools.partial(keras.losses.huber, delta=delta),
    "code": made_of_code,
    "a metric": lambda delta: keras.metrics.Precision(thresholds=delta / 4, name="p"),
    "a wrapper": lambda delta: keras.metrics.MeanMetricWrapper(keras.losses.huber, name="h", delta=delta),
}


@pytest.mark.parametrize("case", DESCRIBED)
def test_a_loss_or_a_metric_is_described_with_its_settings(case):
    make = DESCRIBED[case]
    assert describe(make(1.0)) == describe(make(1.0))
    assert describe(make(1.0)) != describe(make(2.0))


def test_names_classes_functions_and_instances_are_told_apart():
    parts = ["huber", keras.losses.huber, keras.losses.Huber, keras.losses.Huber(), within, "mse", None]
    parts += [keras.losses.mean_squared_error, keras.metrics.MeanSquaredError(name="mse"), keras.metrics.AUC]
    assert len({describe(part) for part in parts}) == len(parts)


def test_a_function_that_holds_itself_is_described():
    def again(y, outputs):
        return again(y, outputs)

    assert describe(again) == describe(again)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_the_config_of_a_head_has_the_settings_of_all_losses_and_metrics(kind):
    def config(delta, metric):
        head = heads.HEADS[kind](loss=keras.losses.Huber(delta=delta), metrics=[metric])
        head.fit(head.check(Y))
        return head.get_config()

    assert config(1.0, keras.metrics.MeanAbsoluteError) == config(1.0, keras.metrics.MeanAbsoluteError)
    assert config(1.0, keras.metrics.MeanAbsoluteError) != config(2.0, keras.metrics.MeanAbsoluteError)
    assert config(1.0, within(1.0)) != config(1.0, within(2.0))


def test_a_description_is_the_same_in_another_process():
    code = """
from autonas.heads.base import describe
class Loss:
    def __init__(self):
        self.names, self.other = {"a", "b", "c"}, object()
    def __call__(self, y, outputs):
        return [name for name in ("a", "b") if name in {"b", "a", "c"}], lambda z: z
print(describe(Loss()), describe(Loss().__call__))
"""

    def told(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True).stdout

    assert len({told(seed) for seed in "123"}) == 1
