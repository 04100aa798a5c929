"""What operators take on a device: timed there, and kept as JSON.

Each operator is timed in a small model of its own, several times side by side. Small programs tell what the sum of these
leaves out: a call, and going from one operator to the next.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from autonas import kernels, tflite_writer, timing
from autonas.errors import InputError
from autonas.files import replacing
from autonas.tflite import Operator, Program, Tensor

VERSION = 2
FORMAT = "autonas device profile"

_COPIES = 16  # of what is cheap
_MOST_WORK = 5_000_000  # multiplications in one timed model, but for a single operator that has more
_MOST_BYTES = 400_000  # the same for its constants and outputs, which in a model stay in a cache
_AT_ONCE = 24  # models that take turns
_TURNS = 2
_PASSES = 4  # or more, through all models, so that what slows the machine down for a while spoils none of them
_LEAST = 0.002  # seconds for a model in the first pass, or two runs: to load one takes longer
_LONGER = 8  # times as long as a kernel is what each prediction rests on timed
_KEPT = 32_000  # bytes of a written model that is kept for the next pass
KERNEL, PROGRAM, STREAM = "kernel", "program", "stream"

Tell = Callable[[float, float], None]

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
    operators: Sequence[Operator],
    programs: Sequence[Program],
    seconds: float,
    num_threads: int = 1,
    tell: Tell = lambda passes, left: None,
) -> list[Timed]:
    """Times operators and programs on this machine. The first pass through them runs each a few times, however long that takes;
    the time that is left is shared by others.

    Args:
        operators: Which.
        programs: Small models.
        seconds: How long it may take.
        num_threads: Threads that LiteRT may use.
        tell: Called time and again with the passes that are done, 0.5 in the middle of the first, and the seconds left.

    Returns:
        A timed model for each operator that can be run on its own, and for each program.
    """
    # first what each prediction rests on, so that no pass ends before it
    models: list[tuple[str, Sequence[Operator]]] = [(STREAM, [_dense()] * count) for count in _STREAMS]
    models += [(PROGRAM, program) for program in (_least(operators), *programs)]
    models += [(KERNEL, [each] * _copies(each)) for each in operators]
    bench = _Bench(models, num_threads)
    for passes, left in _passes(bench, seconds):
        tell(passes, left)
    return [_timed(*models[place], ms) for place, ms in enumerate(bench.quickest) if ms < math.inf]


class _Bench:
    """Models to be timed, a group at a time, and the quickest run of each so far; infinite for one that cannot run."""

    def __init__(self, models: Sequence[tuple[str, Sequence[Operator]]], num_threads: int) -> None:
        self._models, self._num_threads = models, num_threads
        self._written: dict[int, bytes] = {}
        self.quickest = [math.inf] * len(models)
        self.groups = [range(len(models))[start : start + _AT_ONCE] for start in range(0, len(models), _AT_ONCE)]

    def time(self, group: Sequence[int], seconds: float) -> None:
        """Lets a group take turns, for so many seconds each kernel."""
        seconds *= self._times(group)
        runs = [(place, run) for place in group for run in self._runs(place)]
        times = timing.take_turns([run for _, run in runs], seconds, min_runs=_TURNS, rounds=_TURNS)
        for (place, _), known in zip(runs, times, strict=True):
            self.quickest[place] = min(*known, self.quickest[place])

    @property
    def weight(self) -> int:
        """How many kernels are timed as long as all models."""
        return sum(self._times(group) * len(group) for group in self.groups)

    def _times(self, group: Sequence[int]) -> int:
        return 1 if all(self._models[place][0] == KERNEL for place in group) else _LONGER

    def _runs(self, place: int) -> Iterator[timing.Run]:
        """The inference of a model, or nothing where LiteRT has no such operator."""
        try:
            yield timing.inference(self._content(place), self._num_threads)
        except (RuntimeError, ValueError):  # what LiteRT raises
            return

    def _content(self, place: int) -> bytes:
        """To write a model takes longer than to load it."""
        if place in self._written:
            return self._written[place]
        content = tflite_writer.write(self._models[place][1])
        if len(content) <= _KEPT:
            self._written[place] = content
        return content


def _passes(bench: _Bench, seconds: float) -> Iterator[tuple[float, float]]:
    """Times the groups by turns: all with the fewest runs, and then for a share of the time that is left, until it is over.

    Yields:
        The passes that are done, and the seconds that are left.
    """
    begun, count = time.perf_counter(), len(bench.groups)
    for done, group in enumerate(bench.groups, 1):
        bench.time(group, _LEAST)
        least = (time.perf_counter() - begun) / done  # of a group
        yield done / count, max(seconds, least * count) - least * done
    left = seconds - least * count
    for number in itertools.count(1):
        passes = max(1, min(_PASSES - number, int(left / (least * count))))
        share = _LEAST + max(0.0, left / passes - least * count) / bench.weight
        for done, group in enumerate(bench.groups, 1):
            if left < least:
                return
            bench.time(group, share)
            left = seconds - (time.perf_counter() - begun)
            yield number + done / count, max(0.0, left)


def _timed(role: str, parts: Sequence[Operator], ms: float) -> Timed:
    running = kernels.running(parts) if isinstance(parts, Program) else parts
    return Timed(role, tuple(running), ms, len(parts) - len(running))


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
    } | ({"apart": True} if operator.apart else {})


def _plain(tensor: Tensor) -> list[Any]:
    return [list(tensor.shape), tensor.dtype, tensor.constant, None if tensor.values is None else list(tensor.values)]


def operator(plain: dict[str, Any]) -> Operator:
    """The operator that `plain` wrote."""
    inputs = tuple(None if tensor is None else _tensor(*tensor) for tensor in plain["inputs"])
    outputs = tuple(_tensor(*tensor) for tensor in plain["outputs"])
    return Operator(
        plain["kind"], inputs, outputs, plain["options"], plain["table"], plain["version"], "apart" in plain
    )


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
    """Writes a profile, whole or not at all: the operators each once, and the models by their numbers."""
    written, numbers = _numbered([part for model in timed for part in model.operators])
    places = iter(numbers)
    models = [[m.role, [next(places) for _ in m.operators], m.ms, m.idle] for m in timed]
    head = {"format": FORMAT, "version": VERSION, "machine": machine(num_threads)}
    rows = ["[\n" + ",\n".join(map(json.dumps, lines)) + "\n]" for lines in (written, models)]
    body = json.dumps(head, indent=1)[:-2] + f',\n "operators": {rows[0]},\n "models": {rows[1]}\n}}\n'
    with replacing(path) as temporary:
        temporary.write_text(body, encoding="utf-8")


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
