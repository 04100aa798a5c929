"""A search that is killed at any moment loses the trial that ran, and nothing else."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import autonas

SCRIPT = """
import sys
import numpy as np
from sklearn.datasets import load_digits
import autonas
from autonas.blocks import ReductionBlock

x, y = load_digits(return_X_y=True)
rows = np.flatnonzero(y < 2)[:60]
clf = autonas.ImageClassifier(max_trials=3, top_k=1, seed=4, directory=sys.argv[1], project_name="p", verbose=0)
clf.block = lambda images, rows: ReductionBlock()
clf.fit(x[rows].reshape(-1, 8, 8), y[rows], epochs=1, batch_size=32)
"""


def start(folder):
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)], stderr=subprocess.PIPE)


def finish(process):
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors.decode()


def records(folder):
    return sorted((folder / "p" / "trials").glob("*.json"))


def board(folder):
    frame = autonas.load(folder / "p").leaderboard().sort_values("trial", ignore_index=True)
    return frame.drop(columns=["seconds", "startup_seconds", "step_seconds"])


@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_ends_with_the_trials_of_an_uninterrupted_run(kills, tmp_path):
    whole = start(tmp_path / "whole")
    killed, rng = 0, random.Random(kills)
    while killed < kills:
        process = start(tmp_path / "killed")
        seen = len(records(tmp_path / "killed"))
        while process.poll() is None and len(records(tmp_path / "killed")) == seen:
            time.sleep(0.05)
        time.sleep(rng.uniform(0.0, 1.5))
        before = {file: file.read_bytes() for file in records(tmp_path / "killed")}
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        killed += 1
        assert all(file.read_bytes() == content for file, content in before.items())
    last = start(tmp_path / "killed")
    finish(last)
    finish(whole)
    pd.testing.assert_frame_equal(board(tmp_path / "killed"), board(tmp_path / "whole"))
    weights = [autonas.load(tmp_path / name / "p").model.get_weights() for name in ("killed", "whole")]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not list(tmp_path.rglob(".writing-*/*"))
