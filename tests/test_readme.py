import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import autonas
from autonas import registry
from autonas.errors import InputError, ProjectError
from autonas.strategies import STRATEGIES
from autonas.testing.inputs import check_input

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_first_snippet_runs_as_printed_but_for_its_budget(tmp_path, monkeypatch, small_images):
    snippet = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert "max_trials=30" in snippet
    x, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < 3)[:120]
    x, y = x[rows].reshape(-1, 8, 8).astype("uint8"), y[rows]
    names = {"x": x[:90], "y": y[:90], "x_new": x[90:], "x_test": x[90:], "y_test": y[90:]}
    monkeypatch.chdir(tmp_path)
    exec(snippet.replace("max_trials=30", "max_trials=1").replace("split=0.2)", "split=0.2, epochs=40)"), names)
    assert (tmp_path / "digits.tflite").exists()
    assert (names["clf"].predict(x[90:]) == y[90:]).mean() > 0.5


def test_the_parts_of_ones_own_run_as_printed(tmp_path, digits, monkeypatch):
    text = (Path(__file__).parents[1] / "docs" / "extending.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    x, y = digits
    names = {"x": x, "y": y, "folder": tmp_path, "__name__": "a_notebook"}
    exec(code, names)
    answers = names["clf"].predict(x)
    assert answers.shape == y.shape
    assert set(names["clf"].leaderboard()["mixer_width"]) <= {8, 16}
    check_input(names["Spectra"](), x[:20].reshape(20, -1), tmp_path)
    # in another process, where these classes were never seen
    monkeypatch.setattr(registry, "_met", {})
    with pytest.raises(ProjectError, match=r"custom_objects=\{'InvertedClassifier'"):
        autonas.load(tmp_path / "inverted")
    with pytest.raises(InputError, match=r"custom_objects=\{'Inverted'"):
        autonas.lite.Model(tmp_path / "inverted.tflite")
    monkeypatch.setitem(sys.modules, "a_notebook", types.SimpleNamespace(**names))
    again = autonas.load(tmp_path / "inverted")
    assert type(again) is names["InvertedClassifier"]
    np.testing.assert_array_equal(again.predict(x), answers)
    assert (autonas.lite.Model(tmp_path / "inverted.tflite").predict(x) == answers).mean() > 0.98


def test_the_strategy_of_ones_own_runs_as_printed(tmp_path):
    text = (Path(__file__).parents[1] / "docs" / "strategies.md").read_text()
    names = {"folder": tmp_path}
    exec("\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL)), names)
    assert names["by_name"].strategy.population == 10
    assert names["with_arguments"].strategy.population == 20
    assert type(names["clf"].strategy).__name__ == "HillClimbing"


def test_every_strategy_is_in_the_table_of_which_one():
    text = (Path(__file__).parents[1] / "docs" / "strategies.md").read_text()
    table = text.split("## Which one")[1].split("## Measured")[0]
    first = " ".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", first)) == set(STRATEGIES)
