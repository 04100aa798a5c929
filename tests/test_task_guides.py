"""The programs on the pages of the tasks run as printed, but for their budgets, on a little data."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest

import autonas
from autonas import generators
from autonas.data import leaves

PAGES = Path(__file__).parents[1] / "docs" / "tasks"
SMALL = {
    "max_trials": 1,
    "max_time": None,
    "limits": None,  # a latency takes long to measure on a busy machine
    "top_k": 1,
    "ensemble": False,
    "verbose": 0,
    "estimator": autonas.Proxy(epochs=0.1),
}


def images():
    x, y = generators.shapes(60, 0, size=8)
    return {"x": x, "y": np.where(y > np.median(y), "many", "few"), "x_new": x[:5]}


def tables():
    frame, prices = generators.houses(60, 0)
    frame.assign(price=prices).to_csv("houses.csv", index=False)
    return {"frame": frame}


def text():
    texts, labels = generators.reviews(40, 0)
    return {"texts": texts, "labels": labels}


def several():
    x, prices = generators.homes_with_pictures(40, seed=0)
    dear = np.where(prices > np.median(prices), "yes", "no")
    return {"pictures": x["picture"], "frame": x["facts"], "prices": prices, "dear": dear}


@pytest.mark.slow  # the examples in the suite do much the same
@pytest.mark.parametrize("page", [images, several, tables, text], ids=lambda page: page.__name__)
def test_the_programs_of_a_page_run(page, tmp_path, monkeypatch):
    made, make, fit = [], autonas.AutoModel.__init__, autonas.AutoModel.fit

    def small(self, *args, **options):
        make(self, *args, **{**options, **SMALL, "directory": tmp_path})
        made.append(self)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(autonas.AutoModel, "__init__", small)
    monkeypatch.setattr(autonas.AutoModel, "fit", lambda self, *args, **options: fit(self, *args, epochs=2, **options))
    names = page()
    for program in re.findall(r"```python\n(.*?)```", (PAGES / f"{page.__name__}.md").read_text(), re.DOTALL):
        exec(program, names)
    fitted, with_block = made
    # the block of the second program makes a network for the data of the first
    inputs = symbolic(fitted.input.shape)
    features = with_block.block(fitted.input, 60).build(keras_tuner.HyperParameters(), inputs)
    assert keras.Model(leaves(inputs), features).count_params()


def symbolic(shape, name="x"):
    if isinstance(shape, dict):
        return {part: symbolic(inner, f"{name}_{part}") for part, inner in shape.items()}
    return keras.Input(shape, name=name)


def test_every_page_has_the_same_parts():
    for page in (images, tables, text, several):
        told = (PAGES / f"{page.__name__}.md").read_text()
        for part in ("Data", "What is in the model", "What is searched", "Blocks", "Defaults", "Objective"):
            assert f"**{part}.**" in told, (page.__name__, part)
