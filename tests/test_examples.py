"""Every example runs on a small budget, and finds something."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import pytest

import autonas

EXAMPLES = Path(__file__).parents[1] / "examples"
SMALL = {
    "max_trials": 1,
    "top_k": 1,
    "ensemble": False,
    "verbose": 0,
    "max_time": None,
    "estimator": autonas.Proxy(epochs=0.1),
}
RUNS = {  # size, and what is better than guessing
    "image_classification": ({}, 0.3),
    "image_regression": ({"rows": 140}, 0.0),
    "text": ({"rows": 200}, 0.6),
    "tables": ({"rows": 200}, 0.3),
    "fraud_detection": ({"cards": 200, "threshold": "f1"}, 0.0),  # so few cards teach nothing
    "several_inputs": ({"rows": 80}, 0.5),
    "edge_deployment": ({"rows": 300, "epochs": 8}, 0.3),
}


EPOCHS = 8  # of a full training, where the example does not say
SLOW = {"edge_deployment"}  # exports in int8 that are run; the guide of the same steps is in the suite
SMALL_IMAGES = {"image_classification", "image_regression", "several_inputs"}


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_run():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*RUNS}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in RUNS])
def test_an_example_runs(name, tmp_path, capsys, monkeypatch, request):
    if name in SMALL_IMAGES:
        request.getfixturevalue("small_images")
    size, least = RUNS[name]
    monkeypatch.setattr(autonas.AutoModel, "fit", functools.partialmethod(autonas.AutoModel.fit, epochs=EPOCHS))
    assert load(name).main(tmp_path, **size, **SMALL) > least
    assert "Held-out" in capsys.readouterr().out or name == "fraud_detection"
