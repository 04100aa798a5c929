"""The guide to sequences runs as printed, and names what there is."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import autonas
from autonas import blocks, default_spaces

GUIDE = (Path(__file__).parents[1] / "docs" / "tasks" / "sequences.md").read_text()
BUDGET = {"max_trials": 1, "top_k": 1, "ensemble": False, "estimator": autonas.Proxy(epochs=0.01), "verbose": 0}


def quick(task, folder):
    """A task whose searches are as short as can be, whatever time they are given."""

    class Quick(task):
        def __init__(self, *parts, **options):
            super().__init__(*parts, **{**options, **BUDGET, "max_time": None, "directory": folder})

        def fit(self, *data, **options):
            return super().fit(*data, **options, epochs=1)

    Quick.__name__ = task.__name__  # which the name of a project begins with
    return Quick


def pooled(sequence, rows):
    return blocks.BLOCKS["sequence_pooled"](sequence.length, rows)


def events():
    """Three events of each of 60 cards, two cards a household, a fifth of which are compromised."""
    card = np.repeat(np.arange(60), 3)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"card": card, "time": rng.permutation(180), "amount": rng.normal(size=180)})
    return frame.assign(household=card // 2 % 15, loss=card * 0.5, compromised=(card % 5 == 0).astype(int))


@pytest.mark.slow  # the suite of the tasks and the example of fraud do much the same
@pytest.mark.filterwarnings("ignore:threshold must be within reach")  # as it is not after one epoch
def test_the_guide_to_sequences_runs_as_printed(tmp_path, monkeypatch):
    for name in ("SequenceClassifier", "AutoModel"):
        monkeypatch.setattr(autonas, name, quick(getattr(autonas, name), tmp_path / "runs"))
    monkeypatch.setitem(
        default_spaces.SPACES, "sequence", lambda x, rows: blocks.SequenceBlock(x, rows, pooled(x, rows))
    )
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(40, 6, 2))
    names = {"x": x, "y": np.arange(40) % 2, "x_new": x[:5], "events": events()}
    snippets = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(snippets) == 5
    for snippet in snippets:
        exec(snippet, names)
    assert set(names["auto"].predict(events())) == {"loss", "compromised"}
    assert len(names["clf"].predict(events())) == 60
    assert (tmp_path / "model.tflite").exists()


def test_every_block_for_sequences_is_in_the_table():
    rows = re.findall(r"^\| `(sequence_\w+)` \| `(\w+)` \|", GUIDE, re.MULTILINE)
    known = {name: kind.__name__ for name, kind in blocks.BLOCKS.items() if name.startswith("sequence_")}
    assert dict(rows) == known
