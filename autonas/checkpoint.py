"""A training that was left to go on later: the file that holds all it takes to go on as if it had not been left."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autonas.files import replacing

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclasses.dataclass
class Checkpoint:
    """Where a training stands.

    Attributes:
        variables: Of the network and of the optimiser, in their order, the states of random layers included.
        best: Weights of the best epoch so far; empty without a part to validate on.
        history: name -> one value for each epoch.
        steps: Batches trained.
        stopping: What is known of the best epoch: `"best"`, `"best_epoch"`, `"wait"`.
        timings: As `autonas.training.Training` has them.
        ended: Whether it ended by itself, so that there is nothing to go on with.
    """

    variables: list[np.ndarray]
    best: list[np.ndarray]
    history: dict[str, list[float]]
    steps: int
    stopping: dict[str, Any]
    timings: dict[str, float]
    ended: bool

    @property
    def epochs(self) -> int:
        """How many were trained."""
        return len(self.history["loss"])

    def write(self, path: Path) -> None:
        """Writes the file, in one step."""
        told = dataclasses.asdict(dataclasses.replace(self, variables=[], best=[]))
        with replacing(path) as temporary:
            arrays = {**_numbered("variable", self.variables), **_numbered("best", self.best)}
            np.savez(temporary, told=np.array(json.dumps(told)), **arrays)  # type: ignore[arg-type]


def read(path: Path) -> Checkpoint | None:
    """Reads a checkpoint; None if there is none, or none that can be read: its training then begins anew."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            told = json.loads(str(arrays["told"]))
            return Checkpoint(**{**told, "variables": _list("variable", arrays), "best": _list("best", arrays)})
    except _UNREADABLE:
        return None


def steps(path: Path) -> int:
    """How many batches a training had that `read` would go on with: a small part of the file, read alone."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return int(json.loads(str(arrays["told"]))["steps"])
    except _UNREADABLE:
        return 0


def _numbered(name: str, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}_{place}": array for place, array in enumerate(arrays)}


def _list(name: str, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    return [arrays[f"{name}_{place}"] for place in range(sum(entry.startswith(f"{name}_") for entry in arrays))]
