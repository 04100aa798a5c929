"""What operators take on a device: timed there, and kept as JSON.

Each operator is timed in a small model of its own, several times side by side. Mixtures of operators tell what a call
costs, and a change from one operator to another.
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from autonas import kernels, tflite_writer, timing
from autonas.errors import InputError
from autonas.tflite import Operator, Tensor

VERSION = 1
FORMAT = "autonas device profile"

_COPIES = 16  # of what is cheap
_MOST_WORK = 5_000_000  # multiplications in one timed model, but for a single operator that has more
_MOST_BYTES = 400_000  # the same for its constants and outputs, which in a model stay in a cache
_AT_ONCE = 24  # models that take turns
_ROUNDS = 4
_MIXTURES = 60
KERNEL, MIXTURE, STREAM = "kernel", "mixture", "stream"

_STREAMS = (1, 4, 16, 64, 128)  # dense layers of a quarter of a megabyte
_CHEAP = 12  # logarithm of the multiplications of an operator in a mixture


@dataclasses.dataclass(frozen=True)
class Timed:
    """A model of operators, and what it takes.

    Attributes:
        role: `"kernel"` for one operator, several times; `"mixture"` for several; `"stream"` for more constants than a cache
            holds.
        operators: What is in it.
        ms: One inference, in milliseconds: the quickest of many, since others on the machine only add to a time.
    """

    role: str
    operators: tuple[Operator, ...]
    ms: float


def measure(operators: Sequence[Operator], seconds: float, num_threads: int = 1) -> list[Timed]:
    """Times operators, and mixtures of them, on this machine.

    Args:
        operators: Which.
        seconds: About how long it may take.
        num_threads: Threads that LiteRT may use.

    Returns:
        A timed model for each operator that can be run on its own, and those of mixtures.
    """
    models = [(KERNEL, [operator] * _copies(operator)) for operator in operators]
    models += [(MIXTURE, mixture) for mixture in mixtures(operators)]
    models += [(STREAM, [_dense()] * count) for count in _STREAMS]
    timed: list[Timed] = []
    share = seconds / len(models)
    for start in range(0, len(models), _AT_ONCE):
        group = [
            (role, tuple(parts), run)
            for role, parts in models[start : start + _AT_ONCE]
            for run in _runs(parts, num_threads)
        ]
        times = timing.take_turns([run for *_, run in group], share, min_runs=_ROUNDS, rounds=_ROUNDS)
        found = zip(group, times, strict=True)
        timed += [Timed(role, parts, min(known)) for (role, parts, _), known in found]
    return timed


def _runs(parts: Sequence[Operator], num_threads: int) -> Iterator[timing.Run]:
    """The inference of a model, or nothing where LiteRT has no such operator."""
    try:
        yield timing.inference(tflite_writer.write(parts), num_threads)
    except (RuntimeError, ValueError):  # what LiteRT raises
        return


def _copies(operator: Operator) -> int:
    work = 2 ** kernels.kernel(operator).work[0]
    passed = sum(tensor.bytes for tensor in (*operator.constants, *operator.outputs))
    return int(max(1, min(_COPIES, _MOST_WORK // work, _MOST_BYTES // max(1, passed))))


def mixtures(operators: Sequence[Operator]) -> Iterator[list[Operator]]:
    """Cheap operators of all kinds side by side, as they stand in small models: drawn at random, the same ones each time.

    Some hold many that differ, some a few that come again and again, as the steps of a recurrent layer do.
    """
    rng = np.random.default_rng(0)
    cheap = [operator for operator in operators if kernels.kernel(operator).work[0] < _CHEAP]
    for _ in range(_MIXTURES if cheap else 0):
        differing = int(2 ** rng.uniform(1, 5))
        places = rng.integers(0, len(cheap), differing)
        yield [cheap[place] for place in rng.choice(places, differing * int(2 ** rng.uniform(0, 4)))]


def _dense() -> Operator:
    plain = {"fusedActivationFunction": 0, "weightsFormat": 0, "keepNumDims": False, "asymmetricQuantizeInputs": False}
    inputs = (Tensor((1, 128)), Tensor((512, 128), constant=True), Tensor((512,), constant=True))
    return Operator("FULLY_CONNECTED", inputs, (Tensor((1, 512)),), plain, "FullyConnectedOptions")


def machine(num_threads: int) -> dict[str, Any]:
    """What a profile says of where it was made."""
    return {
        "name": platform.node(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": num_threads,
        "python": platform.python_version(),
        "ai-edge-litert": metadata.version("ai-edge-litert"),
        "numpy": np.__version__,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    known = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return known[0] if known else platform.processor() or platform.machine()


def plain(operator: Operator) -> dict[str, Any]:
    """An operator as plain data, without what is the same for most."""
    return {
        "kind": operator.kind,
        "inputs": [None if tensor is None else _plain(tensor) for tensor in operator.inputs],
        "outputs": [_plain(tensor) for tensor in operator.outputs],
        "options": dict(operator.options),
        "table": operator.table,
        "version": operator.version,
    }


def _plain(tensor: Tensor) -> list[Any]:
    return [list(tensor.shape), tensor.dtype, tensor.constant, None if tensor.values is None else list(tensor.values)]


def operator(plain: dict[str, Any]) -> Operator:
    """The operator that `plain` wrote."""
    inputs = tuple(None if tensor is None else _tensor(*tensor) for tensor in plain["inputs"])
    outputs = tuple(_tensor(*tensor) for tensor in plain["outputs"])
    return Operator(plain["kind"], inputs, outputs, plain["options"], plain["table"], plain["version"])


def _tensor(shape: list[int], dtype: str, constant: bool, values: list[int] | None) -> Tensor:
    return Tensor(tuple(shape), dtype, constant, None if values is None else tuple(values))


def write(path: Path, timed: Sequence[Timed], num_threads: int) -> None:
    """Writes a profile: the operators each once, and the models by their numbers."""
    numbers: dict[str, int] = {}
    for model in timed:
        for part in model.operators:
            numbers.setdefault(json.dumps(plain(part)), len(numbers))
    models = [[m.role, [numbers[json.dumps(plain(part))] for part in m.operators], m.ms] for m in timed]
    head = {"format": FORMAT, "version": VERSION, "machine": machine(num_threads)}
    rows = ["[\n" + ",\n".join(lines) + "\n]" for lines in (list(numbers), [json.dumps(model) for model in models])]
    body = json.dumps(head, indent=1)[:-2] + f',\n "operators": {rows[0]},\n "models": {rows[1]}\n}}\n'
    path.write_text(body, encoding="utf-8")


def read(path: Path) -> tuple[dict[str, Any], list[Timed]]:
    """Reads a profile.

    Returns:
        What is known of the machine, and the timed models.

    Raises:
        InputError: If the file is not there, or is no profile of a version that is known.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError.of(
            "device", "the path of a profile", repr(str(path)), f"It cannot be read: {error}"
        ) from error
    if not isinstance(content, dict) or (content.get("format"), content.get("version")) != (FORMAT, VERSION):
        hint = "Make one on the device: python -m autonas.devices.profile --out FILE.json"
        raise InputError.of("device", f"a profile of version {VERSION}", repr(str(path)), hint)
    known = [operator(each) for each in content["operators"]]
    return content["machine"], [
        Timed(role, tuple(known[number] for number in numbers), ms) for role, numbers, ms in content["models"]
    ]
