"""What every task has to do: take raw data, hand over a model that stands alone, and answer alike everywhere."""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autonas
from autonas.data import feed

if TYPE_CHECKING:
    from autonas.auto_model import AutoModel

_KERAS_ALONE = """
import json, sys, traceback
sys.modules["autonas"] = None
import keras, numpy as np, tensorflow as tf
for line in sys.stdin:
    path, examples, form = json.loads(line)
    try:
        model = keras.saving.load_model(path)
        x = {k: tf.constant(v) for k, v in np.load(examples).items()}
        outputs = model.predict(x if form == "dict" else x["x"], verbose=0)
        answer = {"outputs": np.asarray(outputs).tolist()}
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(json.dumps(answer), flush=True)
"""


def check_task(task: AutoModel, x: Any, y: Any, folder: Path, **fit: Any) -> None:
    """Fits a task with one output on a little data, and checks its promises.

    Args:
        task: Fresh, on a small budget, with `directory=folder` and `project_name="task"`.
        x: Examples, as a user holds them.
        y: Their targets.
        folder: An empty folder.
        **fit: What `fit` takes besides, such as `epochs=2`.

    Raises:
        AssertionError: If the model does not take raw data, of which arrays of numbers are passed as they are; if its
            `.keras` does not open in a process without autonas, its `.tflite` gives other answers, or the project does.

    Example:

    >>> task = autonas.TabularRegressor(max_trials=1, directory=folder, project_name="task")
    >>> check_task(task, frame, prices, folder, epochs=2)
    """
    model = task.fit(x, y, **fit)
    answers = task.predict(x)
    _require(len(answers) == len(y), f"{len(answers)} answers for {len(y)} examples")
    rows = task.input.check(x)
    as_it_came = isinstance(x, np.ndarray) and isinstance(rows, np.ndarray) and x.dtype.kind in "biuf"
    outputs = model.predict(x if as_it_came else feed(rows), verbose=0)
    _check_same(task.head.decode(outputs), answers)
    np.testing.assert_allclose(_keras_alone(task, rows, folder), outputs, rtol=1e-5, atol=1e-5)
    _check_device(task, x, answers, folder)
    again = autonas.load(folder / "task")
    _check_same(again.predict(x), answers)
    known, told = again.evaluate(x, y), task.evaluate(x, y)
    _require(known.keys() == told.keys(), f"it evaluates {sorted(told)}, and loaded {sorted(known)}")
    np.testing.assert_allclose(list(known.values()), list(told.values()), rtol=1e-6)


def _check_same(told: Any, answers: Any) -> None:
    """Numbers may differ in their last bits: how many examples are computed at a time has a part in the order of sums."""
    if answers.dtype.kind == "f":
        np.testing.assert_allclose(told, answers, rtol=1e-5)
    else:
        np.testing.assert_array_equal(told, answers)


def _keras_alone(task: AutoModel, rows: Any, folder: Path) -> Any:
    """The outputs of the exported model in a process that has no autonas."""
    arrays = rows if isinstance(rows, dict) else {"x": rows}
    arrays = {name: part.astype(str) if part.dtype == object else part for name, part in arrays.items()}
    np.savez(folder / "x.npz", **arrays)
    form = "dict" if isinstance(rows, dict) else "array"
    path = task.export(folder / "task.keras")
    return _ask_keras([str(path), str(folder / "x.npz"), form])


def _ask_keras(question: list[str]) -> Any:
    process = _process_with_keras()
    if process.stdin is None or process.stdout is None:
        raise AssertionError("the process with Keras has no streams")
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    answer = json.loads(line) if line else {"error": f"the process with Keras ended with {process.wait()}"}
    _require("outputs" in answer, str(answer.get("error")))
    return answer["outputs"]


@functools.cache
def _process_with_keras() -> subprocess.Popen[str]:
    """Starts once, since Keras takes seconds to import, and ends with this process."""
    command = [sys.executable, "-W", "error::UserWarning", "-c", _KERAS_ALONE]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def _check_device(task: AutoModel, x: Any, answers: Any, folder: Path) -> None:
    told = autonas.lite.Model(task.export(folder / "task.tflite")).predict(x)
    if answers.dtype.kind == "f":
        np.testing.assert_allclose(told, answers, rtol=1e-4)
    else:
        _require((told == answers).mean() > 0.98, "the answers of the .tflite differ")


def _require(true: Any, otherwise: str) -> None:
    if not true:
        raise AssertionError(otherwise)
