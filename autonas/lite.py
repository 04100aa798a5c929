"""Exported models on a device: a `.tflite` that takes what the task took, with NumPy and LiteRT alone.

Nothing here needs TensorFlow, Keras or pandas. What a device has no operations for, such as looking up words, the file
carries as data, and it is done in NumPy.

Example:

>>> autonas.lite.Model("reviews.tflite").predict(["a film to remember"])
array(['good'], dtype='<U4')
"""

from __future__ import annotations

import functools
import io
import json
import operator
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data, heads, inputs, reading, registry
from autonas.errors import AutonasError, InputError

if TYPE_CHECKING:
    from autonas.heads.base import Head
    from autonas.inputs.base import Input

DESCRIPTION = "autonas.json"
_BATCH = 256


def files(input: Input, head: Head) -> dict[str, str]:
    """Returns what a `.tflite` has to carry so that `Model` can use it.

    Args:
        input: Fitted: vocabulary, categories, the order of the inputs, scaling.
        head: Fitted: labels, scaling.

    Returns:
        Texts by file name: those that input and head name in `files`, for any tool to read, and the rest as JSON, which also
        says what is in which file. What a `.txt` does not give back exactly, such as whole numbers, is in both.

    Example:

    >>> sorted(files(clf.input, clf.head))
    ['autonas.json', 'labels.txt', 'pairs.txt', 'scaling.json', 'vocabulary.txt']
    """
    own = {
        "input": inputs.plain(input),
        "head": heads.plain(head),
        "files": {},
        **({} if input.columns is None else {"columns": input.columns}),
    }
    description, texts = json.loads(json.dumps(own, allow_nan=False)), {}
    for side, named in (("input", input.files()), ("head", head.files())):
        for name, paths in named.items():
            whole = [[side, 1, *path] for path in paths]
            entries = {path[-1]: _inner(description, path) for path in whole}
            texts[name] = _written(name, entries)
            if _read_back(name, texts[name], whole) == entries:
                description["files"][name] = whole
                for path in whole:
                    del _inner(description, path[:-1])[path[-1]]
    return {DESCRIPTION: json.dumps(description, allow_nan=False), **texts}


def _written(name: str, entries: Mapping[str, Any]) -> str:
    if not name.endswith(".txt"):
        return json.dumps(entries, allow_nan=False)
    (lines,) = entries.values()
    return "\n".join(map(str, lines))


def _read_back(name: str, text: str, paths: list[list[Any]]) -> Any:
    return {paths[0][-1]: text.split("\n")} if name.endswith(".txt") else json.loads(text)


def _inner(description: Any, path: list[Any]) -> Any:
    return functools.reduce(operator.getitem, path, description)


class Model:
    """A `.tflite` that a task exported.

    Args:
        path: The file.
        num_threads: Of LiteRT.
        custom_objects: name -> class, for an input or a head of your own that cannot be imported from where it was, as
            those of a notebook. Others are imported: open files of those whom you trust.

    Raises:
        AutonasError: If LiteRT is not installed (`pip install ai-edge-litert`).
        InputError: If there is no such file, it was not exported by a task, or a class of your own is not found.

    Example:

    >>> autonas.lite.Model("reviews.tflite").predict(["a film to remember"])
    array(['good'], dtype='<U4')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        num_threads: int = 1,
        custom_objects: Mapping[str, type] | None = None,
    ) -> None:
        content, description = _read(Path(path))
        with registry.custom_objects(custom_objects):
            self.input, self.head = inputs.restore(description["input"]), heads.restore(description["head"])
        self.input.columns = description.get("columns")
        self._network = Network(content, num_threads)

    def predict(self, x: Any) -> Any:
        """Answers as the task's `predict` does.

        Args:
            x: Examples of the kind that the task was fitted with, or the path of a table or of a folder of images. Columns
                that `fit` did not see are left out.

        Raises:
            InputError: If they have another form.
        """
        return self.head.decode(self.outputs(x))

    def predict_proba(self, x: Any) -> Any:
        """Answers as a task's `predict_proba` does: (n, classes), or a dict of these of several outputs.

        Raises:
            InputError: If the model is no classifier.
        """
        probabilities = heads.probabilities(self.head)
        return probabilities(self.outputs(x))

    def outputs(self, x: Any) -> Any:
        """Returns what the network says, before it is decoded: an array, or a dict of arrays where outputs have names."""
        rows = self.input.numbers(self.input.check(reading.examples(self.input, x)))
        return self.head.arrange(self._network.run(rows))


class Network:
    """The network of a `.tflite`, without what stands before and after it.

    Args:
        content: Of the file.
        num_threads: Of LiteRT.

    Raises:
        AutonasError: If LiteRT is not installed.
    """

    def __init__(self, content: bytes, num_threads: int = 1) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise AutonasError("LiteRT is not installed: pip install ai-edge-litert") from error
        self._interpreter = Interpreter(model_content=content, num_threads=num_threads)

    def run(self, rows: Any) -> dict[str, np.ndarray]:
        """What the network says to examples as `autonas.inputs.Input.numbers` prepares them, by the names of its outputs."""
        taken = self._interpreter.get_input_details()
        n, batch = data.length(rows), _BATCH if all(each["shape_signature"][0] < 0 for each in taken) else 1
        parts = [self._run(data.take(rows, slice(start, start + batch))) for start in range(0, n, batch)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _run(self, rows: Any) -> dict[str, np.ndarray]:
        runner = self._interpreter.get_signature_runner("serve")
        taken, made = runner.get_input_details(), runner.get_output_details()
        arguments = data.arguments(rows, list(taken))
        answers = runner(**{name: _integers(values, taken[name]) for name, values in arguments.items()})
        return {name: _numbers(values, made[name]) for name, values in answers.items()}


def _integers(values: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """As an input takes them: of integers, each stands for a step of its range."""
    scale, zero = details["quantization"]
    if details["dtype"] == np.float32 or not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(values / scale) + zero, limits.min, limits.max).astype(details["dtype"])


def _numbers(values: np.ndarray, details: Mapping[str, Any]) -> np.ndarray:
    """What an output means: the inverse of `_integers`."""
    scale, zero = details["quantization"]
    return np.float32(scale) * (values.astype("float32") - zero) if scale else values


def _read(path: Path) -> tuple[bytes, dict[str, Any]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError.of("path", "a .tflite file", f"{str(path)!r} ({error})") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            description = json.loads(archive.read(DESCRIPTION))
            for name, paths in description.get("files", {}).items():
                entries = _read_back(name, archive.read(name).decode(), paths)
                for entry in paths:
                    _inner(description, entry[:-1])[entry[-1]] = entries[entry[-1]]
            return content, description
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        hint = "Write it with the task's export(path)."
        raise InputError.of("path", "a .tflite file that a task exported", repr(str(path)), hint) from error
