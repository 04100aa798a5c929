"""Memory that a network takes: of its activations on a device, and of its training on this machine, before either is begun."""

from __future__ import annotations

import bisect
import collections
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autonas.graph import FLOAT_BYTES

if TYPE_CHECKING:
    from autonas.graph import Graph, Operation
    from autonas.tflite import Program

ALIGNMENT = 64  # bytes; LiteRT starts each tensor at a multiple of it
IN_PLACE = ("ADD", "SUB", "MUL")  # may write over an input that nothing else needs
SAME_DATA = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")  # have the numbers of their first input


SLOTS = 2  # numbers that an optimiser keeps for a weight: Adam's two, the most of those that are searched
OVERHEAD = 27 * 2**20  # bytes that TensorFlow takes to trace and run a first step, about
TRACED = 2**19  # and for each operation of the network
OF_RESULT = ("relu", "relu6", "sigmoid", "tanh", "softmax")  # activations with a gradient that needs their result alone
FREE_OF_INPUTS = re.compile(
    r"Add|Subtract|Concatenate|(Global)?Average\w*|Flatten|Reshape|ZeroPadding\w+|UpSampling\w+|Activation|ReLU"
)


def arena_bytes(program: Program) -> int:
    """Size of the arena that LiteRT plans for the activations of one inference, batch 1, weights not included.

    The largest tensors are placed first, each in the smallest gap that the tensors leave which are alive at the same time;
    what can be computed in place takes no place of its own. Buffers that a kernel asks for itself, and those of a delegate,
    are not in it.

    Args:
        program: Of a model in LiteRT's format, as `autonas.tflite.read` gives it. What no operator makes is an input of the
            model, and what none takes is an output.

    Example:

    >>> arena_bytes(tflite.read(to_tflite(model)))
    94208

    References:
    - Pisarchyk & Lee, 2020, https://arxiv.org/abs/2001.03288 (greedy by size)
    """
    sizes = {number: -(-size // ALIGNMENT) * ALIGNMENT for number, size in _bytes(program).items()}
    lives, whole = _lives(program), (0, len(program))
    placed: list[tuple[int, int, int]] = []  # start, end and number of a tensor, in order
    for number in sorted(lives, key=lambda n: (lives[n] != whole, -sizes[n], lives[n][0], n)):
        beside = [
            (start, end)
            for start, end, other in placed
            if lives[other][0] <= lives[number][1] and lives[number][0] <= lives[other][1]
        ]
        start = _gap(beside, sizes[number])
        bisect.insort(placed, (start, start + sizes[number], number))
    return max((end for _, end, _ in placed), default=0)


def _bytes(program: Program) -> dict[int, int]:
    """The size of each tensor that is computed or given."""
    return {
        number: tensor.bytes
        for operator, takes, makes in zip(program, program.takes, program.makes, strict=True)
        for tensors, numbers in ((operator.inputs, takes), (operator.outputs, makes))
        for tensor, number in zip(tensors, numbers, strict=True)
        if tensor is not None and not tensor.constant
    }


def _lives(program: Program) -> dict[int, tuple[int, int]]:
    """The first and the last operator that needs each tensor with a place of its own."""
    end, owner, known = len(program), _owners(program), _bytes(program)
    lives = dict.fromkeys(_given(program), (0, end))
    for place, (takes, makes) in enumerate(zip(program.takes, program.makes, strict=True)):
        for number in makes:
            lives.setdefault(owner.get(number, number), (place, place))
        for number in takes:
            number = owner.get(number, number)
            if number in lives:
                lives[number] = lives[number][0], max(lives[number][1], place)
    kept = {owner.get(number, number) for number in _results(program)}
    return {n: (first, end if n in kept else last) for n, (first, last) in lives.items() if n in known}


def _given(program: Program) -> list[int]:
    """The inputs of the model."""
    made = {number for makes in program.makes for number in makes}
    return [number for number in _bytes(program) if number not in made]


def _results(program: Program) -> list[int]:
    """The outputs of the model."""
    taken = {number for takes in program.takes for number in takes}
    return [number for makes in program.makes for number in makes if number not in taken]


def _owners(program: Program) -> dict[int, int]:
    """For each tensor that takes the place of another, that other."""
    sizes = _bytes(program)
    uses = collections.Counter(number for takes in program.takes for number in takes)
    fixed = {*_given(program), *_results(program)}
    owner: dict[int, int] = {}
    for operator, takes, (made, *_) in zip(program, program.takes, program.makes, strict=True):
        same = takes[:1] if operator.kind in SAME_DATA else ()
        over = [number for number in takes if uses[number] == 1] if operator.kind in IN_PLACE else ()
        for given in (*same, *over):
            equal = given in sizes and sizes[given] == sizes[made]
            if equal and made not in owner and not fixed & {given, made}:
                owner[made] = owner.get(given, given)
    return owner


def _gap(taken: list[tuple[int, int]], size: int) -> int:
    """Where the smallest gap begins that is large enough; behind all if there is none."""
    gaps, behind = [], 0
    for start, end in taken:
        if start - behind >= size:
            gaps.append((start - behind, behind))
        behind = max(behind, end)
    return min(gaps)[1] if gaps else behind


def training_bytes(graph: Graph, batch_size: int) -> int:
    """About what a training adds to the memory of this process, on TensorFlow and a CPU, by an optimiser such as Adam.

    Counted are the results of operations that a gradient needs, and what layers keep inside, for the whole batch; a gradient
    that comes and one that goes, of the largest result; weights, their gradients, and the numbers that the optimiser keeps for
    each; two more of the largest weight, for its change; and what TensorFlow takes for itself and for each operation. The data
    are not in it.

    Args:
        graph: Of the network.
        batch_size: Examples in a batch.
    """
    operations = graph.operations
    results = sum(operation.output_bytes for operation in _kept(graph))
    inside = FLOAT_BYTES * sum(operation.kept_elements for operation in operations)
    largest = max(operation.output_bytes for operation in operations)
    weights = (2 + SLOTS) * graph.parameters + 2 * max(operation.parameters for operation in operations)
    traced = OVERHEAD + sum(TRACED + operation.traced_bytes for operation in operations)
    return batch_size * (results + inside + 2 * largest) + FLOAT_BYTES * weights + traced


def _kept(graph: Graph) -> Iterator[Operation]:
    """The operations whose results a gradient needs."""
    consumers: dict[int, list[Operation]] = collections.defaultdict(list)
    for operation in graph.operations:
        for source in operation.inputs:
            consumers[source].append(operation)
    for position, operation in enumerate(graph.operations):
        if operation.activation in OF_RESULT or any(_needs_inputs(each) for each in consumers[position]):
            yield operation


def _needs_inputs(operation: Operation) -> bool:
    if FREE_OF_INPUTS.fullmatch(operation.kind):
        return operation.activation not in (*OF_RESULT, "")
    return True


def available_bytes(system: Path = Path("/")) -> int | None:
    """Memory that this process can still get without anything being swapped or killed; None where that cannot be read.

    Args:
        system: Where `proc` and `sys` of Linux are: the kernel's own figure, and that of the limit of a container. What a
            container has read from files counts as used there, and can be had all the same.
    """
    group, found = system / "sys/fs/cgroup", []
    try:
        found += [1024 * kilobytes for kilobytes in _numbers(system / "proc/meminfo", "MemAvailable:")]
        most, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        if most.isdigit():
            found.append(int(most) - int(used) + sum(_numbers(group / "memory.stat", "inactive_file")))
    except OSError:  # another system, or no group of processes with a limit
        pass
    return min(found, default=None)


def _numbers(file: Path, name: str) -> list[int]:
    """The number behind a name in a file of one name a line, if it is there."""
    lines = [line.split() for line in file.read_text().splitlines()]
    return [int(line[1]) for line in lines if line and line[0] == name]
