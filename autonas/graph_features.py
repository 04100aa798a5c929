"""Graphs of operations as numbers: what predictors learn a network's structure from.

Any directed graph without cycles can be described, given the label of each node and the edges: `Graph` of a built Keras
model, or a cell of a benchmark that was never built.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    from autonas.graph import Graph, Operation

Edges = Sequence[tuple[int, int]]


def structure(labels: Sequence[str], edges: Edges, longest: int = 2) -> dict[str, float]:
    """Describes a graph by its counts, its depth and its paths.

    Paths are encoded as in the path encoding of White et al., with two changes that let it carry over to graphs with
    hundreds of nodes: a path is told by all the stretches of up to `longest` nodes in it rather than as one, and how often a
    stretch occurs is counted.

    Args:
        labels: Of each node, each after those that it takes from.
        edges: (from, to), positions in `labels`.
        longest: Nodes in a stretch, at least 1. Cells of three operations have all of their paths told whole by 5 (with an
            input and an output); 2 predicts better from tens of trials.

    Returns:
        name -> number: `"nodes"`, `"edges"`, `"paths"` from a source to a sink (log(1 + n)), `"depth"` (edges of the longest
        path), for each label the most and the least of its nodes on a path (`"most conv"`, `"least conv"`), and for each
        stretch how often it occurs (`"conv"`, `"conv > pool"`).

    Raises:
        InputError: If an edge does not go from a node to a later one, or `longest` is no positive integer.

    References:
        [White et al., 2020](https://arxiv.org/abs/2007.04965), section 3: A Study on Encodings for Neural Architecture
        Search.

    Example:

    >>> found = structure(["in", "conv", "pool", "out"], [(0, 1), (0, 2), (1, 3), (2, 3)])
    >>> found["depth"], found["conv"], found["conv > out"], found["most conv"], found["least conv"]
    (2.0, 1.0, 1.0, 1.0, 0.0)
    """
    if isinstance(longest, bool) or not isinstance(longest, int) or longest < 1:
        raise InputError.of("longest", "a positive integer", repr(longest))
    sources = _sources(labels, edges)
    return {
        "nodes": float(len(labels)),
        "edges": float(len(edges)),
        **_paths(labels, sources),
        **{" > ".join(words): float(n) for words, n in _stretches(labels, sources, longest).items()},
    }


def of_graph(graph: Graph, longest: int = 2) -> dict[str, float]:
    """Describes a built model: `structure`, and what its operations hold and cost.

    Args:
        graph: As `autonas.graph.read` gives it.
        longest: As `structure` takes it.

    Returns:
        What `structure` gives, with the operations' kinds as labels; the logarithms of parameters, FLOPs and activation
        bytes of the whole, and of the parameters and FLOPs of each kind; and the widths, in powers of two: the widest, the
        mean and the last of the operations with kernels, and how often the width changes.
    """
    operations = graph.operations
    edges = [(source, place) for place, operation in enumerate(operations) for source in operation.inputs]
    sums: dict[str, float] = defaultdict(float)
    for operation in operations:
        sums[f"parameters of {operation.kind}"] += operation.parameters
        sums[f"FLOPs of {operation.kind}"] += operation.flops
    sums |= {"parameters": graph.parameters, "FLOPs": graph.flops, "activation bytes": graph.activation_bytes}
    sized: dict[str, float] = {}
    widths = [_width(operation) for operation in operations if operation.kernel_parameters]
    if widths:
        changes = sum(one != other for one, other in itertools.pairwise(widths))
        sized = {"widest": max(widths), "mean width": sum(widths) / len(widths), "last width": widths[-1]}
        sized |= {"changes of width": float(changes)}
    kinds = [operation.kind for operation in operations]
    return {**structure(kinds, edges, longest), **{name: math.log1p(n) for name, n in sums.items()}, **sized}


def skeleton(graph: Graph) -> tuple[list[str], list[tuple[int, int]], np.ndarray]:
    """A built model without what only follows another operation: normalisation, activations, reshaping.

    What has kernels, joins several inputs or changes the number of positions stays; what follows along the others is linked
    by an edge. This is what tells networks apart, in a third of the nodes.

    Returns:
        The kinds of the operations that stay, the edges between positions in them, and for each the logarithms of its
        width, its positions, its parameters and its FLOPs, (nodes, 4).
    """
    operations = graph.operations
    kept: list[int] = []
    behind: list[set[int]] = []  # for each operation, the kept ones whose results reach what takes from it
    edges = []
    for place, operation in enumerate(operations):
        reaching = {node for source in operation.inputs for node in behind[source]}
        if _tells(operation) or place in graph.outputs:
            edges += [(node, len(kept)) for node in sorted(reaching)]
            reaching = {len(kept)}
            kept.append(place)
        behind.append(reaching)
    numbers = [
        [_width(one), math.log1p(_positions(one)), math.log1p(one.parameters), math.log1p(one.flops)]
        for one in (operations[place] for place in kept)
    ]
    return [operations[place].kind for place in kept], edges, np.array(numbers).reshape(len(kept), 4)


def _tells(operation: Operation) -> bool:
    changes = _positions(operation) != math.prod(operation.input_shapes[0][:-1]) if operation.input_shapes else True
    return bool(operation.kernel_parameters) or len(operation.inputs) != 1 or changes


def _positions(operation: Operation) -> int:
    return math.prod(operation.output_shapes[0][:-1])


def table(described: Sequence[Mapping[str, float] | None], names: Sequence[str] | None = None) -> np.ndarray:
    """Puts descriptions side by side.

    Args:
        described: Of each graph; None where there is none.
        names: The columns; None takes all names that occur, sorted.

    Returns:
        Floats of the shape (graphs, names): 0 for what a graph does not have, a row of NaN for no graph.
    """
    if names is None:
        names = sorted({name for one in described if one is not None for name in one})
    rows = [[math.nan] * len(names) if one is None else [one.get(name, 0.0) for name in names] for one in described]
    return np.array(rows, dtype=float).reshape(len(described), len(names))


def _width(operation: Operation) -> float:
    """The logarithm of what it makes at each position, in powers of two."""
    return math.log2(max(1, *operation.output_shapes[0][-1:]))


def _sources(labels: Sequence[str], edges: Edges) -> list[list[int]]:
    """For each node, those that it takes from."""
    sources: list[list[int]] = [[] for _ in labels]
    for start, end in edges:
        if not 0 <= start < end < len(labels):
            raise InputError.of("edges", "from a node to a later one", (start, end), "Sort the nodes in running order.")
        sources[end].append(start)
    return sources


def _paths(labels: Sequence[str], sources: Sequence[Sequence[int]]) -> dict[str, float]:
    """How many paths lead from the sources to the sinks, and the most and least that is met on one."""
    sinks = sorted(set(range(len(labels))) - {start for starts in sources for start in starts})
    ways: list[int] = []
    for starts in sources:
        ways.append(sum(ways[start] for start in starts) if starts else 1)
    found = {"paths": math.log(1 + sum(ways[sink] for sink in sinks)), "depth": 0.0}
    for label in [None, *sorted(set(labels))]:
        most: list[int] = []
        least: list[int] = []
        for own, starts in zip(labels, sources, strict=True):
            step = bool(starts) if label is None else own == label
            most.append(step + max((most[start] for start in starts), default=0))
            least.append(step + min((least[start] for start in starts), default=0))
        if label is None:
            found["depth"] = float(max((most[sink] for sink in sinks), default=0))
        else:
            found[f"most {label}"] = float(max(most[sink] for sink in sinks))
            found[f"least {label}"] = float(min(least[sink] for sink in sinks))
    return found


def _stretches(labels: Sequence[str], sources: Sequence[Sequence[int]], longest: int) -> Counter[tuple[str, ...]]:
    """How often each sequence of up to `longest` labels occurs along the edges."""
    ending: list[Counter[tuple[str, ...]]] = []
    total: Counter[tuple[str, ...]] = Counter()
    for label, starts in zip(labels, sources, strict=True):
        here: Counter[tuple[str, ...]] = Counter([(label,)])
        for start in starts:
            for words, n in ending[start].items():
                if len(words) < longest:
                    longer = (*words, label)
                    here[longer] += n
        ending.append(here)
        total.update(here)
    return total
