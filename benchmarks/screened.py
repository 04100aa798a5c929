"""What a screen brings on NAS-Bench-201's table: strategies with and without the vote of zero-cost proxies.

    python benchmarks/screened.py --table nasbench201/cifar10.csv [--seeds 100] [--problems all] [--after 10 20 50]

The screen is a function of the values: the rank vote of nwot, jacov, synflow and params, as the table has them, among the
candidates that it is given (cells without proxies come last). A search sees the accuracy after 12 epochs; the best that it
has seen is judged by the accuracy after 200. Means over the seeds with their standard error, after so many evaluations.
The other problems are parts of the space with other optima, and the latency of a device, with the vote of few parameters and
few FLOPs: the same code and the same defaults for all of them.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import keras_tuner
import numpy as np
import scipy.stats

import autonas
from autonas.screens.function import Function

EDGES = [f"edge{number}" for number in range(6)]
Table = Mapping[str, Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Problem:
    """A search in the table.

    Attributes:
        operations: The labels of each edge.
        signal: Column that a search sees.
        truth: Column that its best is judged by.
        vote: Columns that the screen votes by.
        direction: `"max"` or `"min"`, of signal and truth; a vote for what is to be minimised is for the least.
    """

    operations: tuple[str, ...] = ("01234",) * 6
    signal: str = "c10_val12"
    truth: str = "c10_val200"
    vote: tuple[str, ...] = ("nwot", "jacov", "synflow", "params")
    direction: str = "max"

    @property
    def sign(self) -> int:
        return 1 if self.direction == "max" else -1

    def space(self) -> keras_tuner.HyperParameters:
        hp = keras_tuner.HyperParameters()
        for edge, labels in zip(EDGES, self.operations, strict=True):
            hp.Choice(edge, list(labels))
        return hp

    def screen(self, table: Table) -> Callable[[list[dict[str, str]]], np.ndarray]:
        def vote(several: list[dict[str, str]]) -> np.ndarray:
            rows = [table[cell(values)] for values in several]
            columns = np.array([[self.sign * row[name] for row in rows] for name in self.vote])
            return scipy.stats.rankdata(np.where(np.isnan(columns), -np.inf, columns), axis=1).mean(axis=0)

        return vote


PROBLEMS = {
    "whole": Problem(),
    "no 3x3": Problem(("0124",) * 6),
    "no 1x1": Problem(("0134",) * 6),
    "no skip": Problem(("0234",) * 6),
    "edge GPU": Problem(("1234",) * 6, "edgegpu_latency", "edgegpu_latency", ("params", "flops"), "min"),
}


def cell(values: Mapping[str, str]) -> str:
    return "a" + "".join(values[edge] for edge in EDGES)


def read(file: str) -> Table:
    with open(file, newline="") as lines:
        rows = {row.pop("arch"): row for row in csv.DictReader(lines)}
    return {name: {n: float(v) if v else math.nan for n, v in row.items()} for name, row in rows.items()}


def follow(
    problem: Problem, table: Table, strategy: str, screen: Function | None, seed: int, after: Sequence[int]
) -> list[float]:
    """The truth about the best by the signal, after so many evaluations."""
    result = autonas.search(
        problem.space(),
        lambda values: table[cell(values)][problem.signal],
        strategy,
        screen,
        problem.direction,
        max_trials=max(after),
        seed=seed,
    )
    found = []
    for count in after:
        best = max(result.trials[:count], key=lambda trial: problem.sign * trial.score)
        found.append(table[cell(best.values)][problem.truth])
    return found


def line(name: str, what: str, found: Sequence[Sequence[float]]) -> str:
    mean, error = np.mean(found, axis=0), np.std(found, axis=0, ddof=1) / math.sqrt(len(found))
    cells = "  ".join(f"{m:7.3f} ({e:.3f})" for m, e in zip(mean, error, strict=True))
    return f"{name:9s} {what:26s} {cells}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--after", nargs="+", type=int, default=[10, 20, 50, 90, 200])
    parser.add_argument("--problems", nargs="+", default=["whole"])
    parser.add_argument("--strategies", nargs="+", default=["random", "evolution"])
    for name in ("pool", "warm", "proposals"):
        parser.add_argument(f"--{name}", type=int, help="other than the default of the screen")
    options = parser.parse_args()
    table = read(options.table)
    chosen = {
        name: getattr(options, name) for name in ("pool", "warm", "proposals") if getattr(options, name) is not None
    }
    names = list(PROBLEMS) if options.problems == ["all"] else options.problems
    print(f"{'problem':9s} {'strategy':26s} " + "  ".join(f"{count:>15d}" for count in options.after))
    for name in names:
        problem = PROBLEMS[name]
        for strategy in options.strategies:
            for screen in (None, Function(problem.screen(table), **chosen)):
                found = [follow(problem, table, strategy, screen, seed, options.after) for seed in range(options.seeds)]
                print(line(name, strategy + (" with the vote" if screen else ""), found), flush=True)


if __name__ == "__main__":
    main()
