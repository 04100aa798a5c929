"""What operators take on a device: timed there, and kept as JSON.

Each operator is timed in a small model of its own, several times side by side. Small programs tell what the sum of these
leaves out: a call, and going from one operator to the next.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from autonas import kernels, tflite_writer, timing
from autonas.errors import InputError
from autonas.tflite import Operator, Program, Tensor

VERSION = 2
FORMAT = "autonas device profile"

_COPIES = 16  # of what is cheap
_MOST_WORK = 5_000_000  # multiplications in one timed model, but for a single operator that has more
_MOST_BYTES = 400_000  # the same for its constants and outputs, which in a model stay in a cache
_AT_ONCE = 24  # models that take turns
_TURNS = 2
_PASSES = 4  # through all models, so that what slows the machine down for a while spoils none of them
KERNEL, PROGRAM, STREAM = "kernel", "program", "stream"

_STREAMS = (1, 4, 16, 64, 128)  # dense layers of a quarter of a megabyte


@dataclasses.dataclass(frozen=True)
class Timed:
    """A model of operators, and what it takes.

    Attributes:
        role: `"kernel"` for one operator, several times; `"program"` for several, one after another; `"stream"` for more
            constants than a cache holds.
        operators: What runs in it.
        ms: One inference, in milliseconds: the quickest of many, since others on the machine only add to a time.
        idle: How many operators it has beside these, whose results follow from shapes.
    """

    role: str
    operators: tuple[Operator, ...]
    ms: float
    idle: int = 0


def measure(
    operators: Sequence[Operator], programs: Sequence[Program], seconds: float, num_threads: int = 1
) -> list[Timed]:
    """Times operators and programs on this machine.

    Args:
        operators: Which.
        programs: Small models.
        seconds: About how long it may take.
        num_threads: Threads that LiteRT may use.

    Returns:
        A timed model for each operator that can be run on its own, and for each program.
    """
    models: list[tuple[str, Sequence[Operator]]] = [(KERNEL, [each] * _copies(each)) for each in operators]
    models += [(PROGRAM, program) for program in (_least(operators), *programs)]
    models += [(STREAM, [_dense()] * count) for count in _STREAMS]
    groups = [models[start : start + _AT_ONCE] for start in range(0, len(models), _AT_ONCE)]
    share, quickest = seconds / len(models) / _PASSES, dict.fromkeys(range(len(models)), math.inf)
    for _ in range(_PASSES):
        for number, group in enumerate(groups):
            for place, ms in _quickest(group, share, num_threads):
                quickest[number * _AT_ONCE + place] = min(ms, quickest[number * _AT_ONCE + place])
    return [_timed(*models[place], ms) for place, ms in quickest.items() if ms < math.inf]


def _quickest(
    group: Sequence[tuple[str, Sequence[Operator]]], seconds: float, num_threads: int
) -> Iterator[tuple[int, float]]:
    """The quickest run of each model of a group that can run, with its place there."""
    runs = [(place, run) for place, (_, parts) in enumerate(group) for run in _runs(parts, num_threads)]
    times = timing.take_turns([run for _, run in runs], seconds, min_runs=_TURNS, rounds=_TURNS)
    return ((place, min(known)) for (place, _), known in zip(runs, times, strict=True))


def _timed(role: str, parts: Sequence[Operator], ms: float) -> Timed:
    running = kernels.running(parts) if isinstance(parts, Program) else parts
    return Timed(role, tuple(running), ms, len(parts) - len(running))


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


def _least(operators: Sequence[Operator]) -> Program:
    """The one with the least work alone, which is hardly more than a call."""
    least = min(operators, key=lambda operator: kernels.kernel(operator).work)
    takes = [-1 if tensor is None else place for place, tensor in enumerate(least.inputs)]
    makes = range(len(takes), len(takes) + len(least.outputs))
    return Program.of([least], [tuple(takes)], [tuple(makes)])


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


def plain_programs(programs: Sequence[Program]) -> dict[str, list[Any]]:
    """Programs as plain data, with each operator once."""
    written, numbers = _numbered([operator for program in programs for operator in program])
    places = iter(numbers)
    nodes = [[[next(places), *each] for each in zip(p.takes, p.makes, strict=True)] for p in programs]
    return {"operators": written, "programs": nodes}


def programs(plain: Mapping[str, list[Any]]) -> list[Program]:
    """The programs that `plain_programs` wrote."""
    known = [operator(each) for each in plain["operators"]]
    return [_program([(known[number], takes, makes) for number, takes, makes in nodes]) for nodes in plain["programs"]]


def _program(nodes: Sequence[tuple[Operator, Sequence[int], Sequence[int]]]) -> Program:
    parts = zip(*((each, tuple(takes), tuple(makes)) for each, takes, makes in nodes), strict=True)
    return Program.of(*parts)


def _numbered(operators: Sequence[Operator]) -> tuple[list[dict[str, Any]], list[int]]:
    """Operators as plain data, each once, and which of them each is."""
    numbers: dict[str, int] = {}
    which = [numbers.setdefault(json.dumps(plain(each)), len(numbers)) for each in operators]
    return [json.loads(each) for each in numbers], which


def write(path: Path, timed: Sequence[Timed], num_threads: int) -> None:
    """Writes a profile: the operators each once, and the models by their numbers."""
    written, numbers = _numbered([part for model in timed for part in model.operators])
    places = iter(numbers)
    models = [[m.role, [next(places) for _ in m.operators], m.ms, m.idle] for m in timed]
    head = {"format": FORMAT, "version": VERSION, "machine": machine(num_threads)}
    rows = ["[\n" + ",\n".join(map(json.dumps, lines)) + "\n]" for lines in (written, models)]
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
        Timed(role, tuple(known[number] for number in numbers), ms, idle)
        for role, numbers, ms, idle in content["models"]
    ]
