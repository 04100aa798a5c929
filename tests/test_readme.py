import re
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from autonas.strategies import STRATEGIES

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_first_snippet_runs_as_printed_but_for_its_budget(tmp_path, monkeypatch):
    snippet = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    assert "max_trials=30" in snippet
    x, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < 3)[:120]
    x, y = x[rows].reshape(-1, 8, 8).astype("uint8"), y[rows]
    names = {"x": x[:90], "y": y[:90], "x_new": x[90:], "x_test": x[90:], "y_test": y[90:]}
    monkeypatch.chdir(tmp_path)
    exec(snippet.replace("max_trials=30", "max_trials=1").replace("split=0.2)", "split=0.2, epochs=12)"), names)
    assert (tmp_path / "digits.tflite").exists()
    assert (names["clf"].predict(x[90:]) == y[90:]).mean() > 0.5


def test_the_parts_of_ones_own_run_as_printed(tmp_path, digits):
    text = (Path(__file__).parents[1] / "docs" / "extending.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    names = {"x": digits[0], "y": digits[1], "folder": tmp_path}
    exec(code, names)
    assert names["clf"].predict(digits[0]).shape == digits[1].shape
    assert set(names["clf"].leaderboard()["mixer_width"]) <= {8, 16}


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
