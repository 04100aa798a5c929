"""Every head keeps the contract with every form of labels, and the suite notices one that does not."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest

from autonas import heads
from autonas.errors import InputError
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
