"""Predictors on NAS-Bench-201: how well what is learned from some trials ranks the cells that were not tried.

    python benchmarks/predictor.py --table nasbench201/cifar10.csv [--seeds 30] [--attention]

Learns from the scores of random cells, and gives Kendall's tau between what is predicted of 1,000 other random cells and their
truth, the accuracy after 200 epochs. What is learned from is the truth itself (`c10_val200`) or what a search
sees (`c10_val12`, after 12 epochs): the second cannot get far over the correlation that the signal itself has with the truth,
which is printed too.

Features: the values one-hot, the graph (`autonas.graph_features`), and the table's zero-cost proxies. A cell with operations
that no path from input to output meets computes the same as the cell without them, so its graph and its proxies are those
of that cell: the table leaves these rows empty. `--empty` leaves them missing instead.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras_tuner
import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from autonas import graph_features
from autonas.screens.base import Candidate, Screen
from autonas.screens.graph_attention import GraphAttention
from autonas.screens.predictor import Predictor
from autonas.trials import Trial

EDGES = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)]  # of the cell; its operations are on them, in this order
OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
PROXIES = ["epe_nas", "fisher", "flops", "grad_norm", "grasp", "jacov", "l2_norm", "nwot", "params", "plain", "snip"]
PROXIES += ["synflow", "zen"]
HELD_OUT = 1_000
COUNTS, LONG_COUNTS = (20, 50, 100, 200), (200, 800)


def space() -> keras_tuner.HyperParameters:
    """Six choices of five operations."""
    hp = keras_tuner.HyperParameters()
    for start, end in EDGES:
        hp.Choice(f"{start}->{end}", OPERATIONS)
    return hp


def values_of(arch: str) -> dict[str, str]:
    """The values that the table writes as `a` and six digits."""
    return {f"{s}->{e}": OPERATIONS[int(digit)] for (s, e), digit in zip(EDGES, arch[1:], strict=True)}


def reachable(values: dict[str, str]) -> dict[str, str]:
    """The same cell, with "none" for operations that are on no path from input to output."""
    used = {edge for edge in EDGES if values["{}->{}".format(*edge)] != "none"}
    before, behind = {0}, {3}
    for start, end in EDGES:
        before |= {end} if (start, end) in used and start in before else set()
    for start, end in reversed(EDGES):
        behind |= {start} if (start, end) in used and end in behind else set()
    live = {(s, e) for s, e in used if s in before and e in behind}
    return {f"{s}->{e}": values[f"{s}->{e}"] if (s, e) in live else "none" for s, e in EDGES}


def graph_of(values: dict[str, str]) -> tuple[list[str], list[tuple[int, int]]]:
    """The cell with its operations as nodes: labels, and edges between positions in them."""
    live = reachable(values)
    used = [edge for edge in EDGES if live["{}->{}".format(*edge)] != "none"]
    place = {edge: number for number, edge in enumerate(used, start=1)}
    labels = ["input", *(live["{}->{}".format(*edge)] for edge in used), "output"]
    edges = [(0, place[edge]) for edge in used if edge[0] == 0]
    edges += [(place[one], place[other]) for one in used for other in used if one[1] == other[0]]
    edges += [(place[edge], len(labels) - 1) for edge in used if edge[1] == 3]
    return labels, edges


def arch_of(values: dict[str, str]) -> str:
    """How the table writes a cell."""
    return "a" + "".join(str(OPERATIONS.index(values[f"{s}->{e}"])) for s, e in EDGES)


@dataclasses.dataclass
class Benchmark:
    """The table, and what predictors may see of it."""

    frame: pd.DataFrame
    empty: bool

    def graph(self, listed: Sequence[dict[str, str]]) -> np.ndarray:
        """The features of the cells' graphs; the columns are the same for any cells."""
        return graph_features.table([self._described(arch_of(values)) for values in listed], self._names)

    def proxies(self, listed: Sequence[dict[str, str]]) -> np.ndarray:
        """The zero-cost scores of cells."""
        cells = listed if self.empty else [reachable(values) for values in listed]
        return self._rows.loc[[arch_of(values) for values in cells]].to_numpy()

    @functools.cached_property
    def _rows(self) -> pd.DataFrame:
        return self.frame.set_index("arch")[PROXIES]

    @functools.cached_property
    def _names(self) -> list[str]:
        return sorted({name for arch in self.frame.arch for name in self._described(arch)})

    @functools.cache  # noqa: B019 - one benchmark a process
    def _described(self, arch: str) -> dict[str, float]:
        return graph_features.structure(*graph_of(values_of(arch)))

    def __hash__(self) -> int:
        return id(self)


def tau(screen: Screen, benchmark: Benchmark, signal: str, count: int, seed: int) -> float:
    """Kendall's tau on held-out cells, after `count` random ones; 0 where the screen cannot tell."""
    frame, hp = benchmark.frame, space()
    order = np.random.default_rng(seed).permutation(len(frame))
    known, held_out = order[:count], order[-HELD_OUT:]
    finished = [
        Candidate(values_of(frame.arch[row]), hp, Trial(number, {}, score=float(frame[signal][row])))
        for number, row in enumerate(known)
    ]
    scores = screen.score([Candidate(values_of(frame.arch[row]), hp) for row in held_out], finished)
    if np.isnan(scores).all():
        return 0.0
    return float(kendalltau(scores, frame.c10_val200.to_numpy()[held_out]).statistic)


def table(
    screens: dict[str, Callable[[int], Screen]], counts: Sequence[int], benchmark: Benchmark, seeds: int
) -> list[dict[str, Any]]:
    """One row a screen and signal: the mean of tau, and seconds for one call with the most trials."""
    rows = []
    for signal in ("c10_val200", "c10_val12"):
        for name, make in screens.items():
            row: dict[str, Any] = {"learns from": signal, "features": name}
            for count in counts:
                begun = time.monotonic()
                found = [tau(make(seed), benchmark, signal, count, seed) for seed in range(seeds)]
                error = np.std(found) / np.sqrt(seeds)
                row[str(count)] = f"{np.mean(found):.3f} ± {error:.3f}"
            row["seconds"] = round((time.monotonic() - begun) / seeds, 2)
            rows.append(row)
            print(" | ".join(str(value) for value in row.values()), flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--empty", action="store_true", help="leave proxies missing where the table does")
    parser.add_argument("--attention", action="store_true", help="graph_attention beside it, with longer histories")
    arguments = parser.parse_args()
    benchmark = Benchmark(pd.read_csv(arguments.table), arguments.empty)
    signals = benchmark.frame[["c10_val12", "c10_val200"]]
    print(f"Kendall's tau of the signal with the truth: {kendalltau(*signals.to_numpy().T).statistic:.3f}")
    graph, proxies = benchmark.graph, benchmark.proxies

    def predictor(features: Sequence[Any], values: bool = False) -> Callable[[int], Screen]:
        return lambda seed: Predictor(features, values=values, seed=seed)

    screens: dict[str, Callable[[int], Screen]] = {
        "values": predictor([], values=True),
        "graph": predictor([graph]),
        "proxies": predictor([proxies]),
        "values, graph, proxies": predictor([graph, proxies], values=True),
    }
    if arguments.attention:
        screens = {
            "values, graph, proxies": screens["values, graph, proxies"],
            "graph attention": lambda seed: GraphAttention(graph_of, seed=seed),
        }
    counts = LONG_COUNTS if arguments.attention else COUNTS
    print(" | ".join(["learns from", "features", *map(str, counts), "seconds"]))
    table(screens, counts, benchmark, arguments.seeds)


if __name__ == "__main__":
    main()
