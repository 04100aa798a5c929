"""Several objectives: how much of the best possible front a search finds, on NAS-Bench-201's table and on images.

    python benchmarks/front.py --table nasbench201/cifar10.csv [--devices raspi4_latency ...] [--methods default ...]

Accuracy after 12 epochs (`c10_val12`) against the latency of a device. Share of the hypervolume that all cells of the table
have together, above 60 % and below the latency's 95th percentile, after so many evaluations: the mean over the seeds with its
standard error, the p-value of a one-sided Mann-Whitney test that it is more than random search has, and the processor's
milliseconds of a trial. A cell without a latency (the Edge TPU has none for 4,699 cells) fails its trial.

`default` is what a user gets who names no strategy. `known latency` tells it the latency before the evaluation, by `costs=`.
`proxies` has, besides, the rank vote of nwot, jacov, synflow and params as its screen. The others are strategies by name; one
for a single objective is asked with random weighings (ParEGO). `--accuracy c10_val200` is the same search on another signal.

    python benchmarks/front.py --task fashion_mnist --data FOLDER [--minutes 10] [--seeds 0 1 2] [--proxy 0.25 0.1]
                               [--plot front.png]

Accuracy against latency on this machine, as `autonas.ImageClassifier` searches it in so many minutes. `--proxy` is the share of
the data and of the epochs that a candidate is trained with, where another than the default is wanted. The front that was found
is compared with that of the starting points of the same search: how much more hypervolume it has, above the worst of both, and
whether each starting point on its own front is dominated. FOLDER has one folder a data set, as for `benchmarks/quality.py`.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import problems
import quality
import scipy.stats
from screened import PROBLEMS, Table, cell, read

import autonas
from autonas.errors import TrialError
from autonas.pareto import hypervolume, is_efficient

DEVICES = ["raspi4_latency", "edgegpu_latency", "edgetpu_latency", "pixel3_latency"]
METHODS = ["random", "nsga2", "parego", "default", "known latency", "proxies"]
LEAST, QUANTILE = 60.0, 0.95  # the reference: an accuracy in per cent, and a quantile of the latency
PROBLEM = PROBLEMS["whole"]


class Front:
    """A search for the front of accuracy and latency in the table."""

    def __init__(self, table: Table, device: str, accuracy: str) -> None:
        self.table, self.device, self.accuracy = table, device, accuracy
        latencies = [row[device] for row in table.values() if row[device] > 0]
        self.reference = np.array([LEAST, -float(np.quantile(latencies, QUANTILE))])
        whole = np.array([[row[accuracy], -row[device]] for row in table.values() if row[device] > 0])
        self.whole = volume(whole, self.reference)

    def evaluate(self, values: Mapping[str, str]) -> dict[str, float]:
        row = self.table[cell(values)]
        if row[self.device] <= 0:
            raise TrialError("there is no latency of this cell")
        return {"accuracy": row[self.accuracy], "latency": row[self.device]}

    def costs(self, values: Mapping[str, str]) -> dict[str, float]:
        latency = self.table[cell(values)][self.device]
        return {"latency": latency} if latency > 0 else {}

    def follow(self, method: str, seed: int, after: Sequence[int]) -> list[float]:
        """The share of the whole volume, after so many evaluations."""
        named = {} if method in ("default", "known latency", "proxies") else {"strategy": method}
        costs = {"costs": self.costs} if method in ("known latency", "proxies") else {}
        screen = PROBLEM.screen(self.table) if method == "proxies" else None
        result = autonas.search(
            PROBLEM.space(),
            self.evaluate,
            screen=screen,
            objective={"accuracy": "max", "latency": "min"},
            max_trials=max(after),
            seed=seed,
            **named,
            **costs,
        )
        scores = [
            [trial.metrics["accuracy"], -trial.metrics["latency"]] if trial.metrics else None for trial in result.trials
        ]
        found = [np.array([one for one in scores[:count] if one]).reshape(-1, 2) for count in after]
        return [volume(one, self.reference) / self.whole for one in found]


def volume(scores: np.ndarray, reference: np.ndarray) -> float:
    """The hypervolume of two objectives, quick for thousands of candidates."""
    kept = scores[(scores > reference).all(axis=1)]
    kept = kept[np.lexsort((-kept[:, 1], -kept[:, 0]))]
    top = np.maximum.accumulate(np.append(reference[1], kept[:, 1]))
    return float(((kept[:, 0] - reference[0]) * np.diff(top)).sum())


def on_table(options: argparse.Namespace) -> None:
    table = read(options.table)
    print(f"{options.accuracy}, {len(options.seeds)} seeds; share of the table's hypervolume")
    print("| device | method | " + " | ".join(f"{count} | p" for count in options.after) + " | ms a trial |")
    print("|---" * (3 + 2 * len(options.after)) + "|")
    for device in options.devices:
        problem = Front(table, device, options.accuracy)
        random: np.ndarray | None = None
        for method in options.methods:
            begun = time.process_time()
            found = np.array([problem.follow(method, seed, options.after) for seed in options.seeds])
            spent = 1000 * (time.process_time() - begun) / len(found) / max(options.after)
            random = found if method == "random" else random
            print(line(device, method, found, random, spent), flush=True)


def line(device: str, method: str, found: np.ndarray, random: np.ndarray | None, spent: float) -> str:
    errors = found.std(axis=0, ddof=1) / math.sqrt(len(found)) if len(found) > 1 else np.full(found.shape[1], np.nan)
    better = (
        None if random is None or random is found else scipy.stats.mannwhitneyu(found, random, alternative="greater")
    )
    cells = [
        f"{mean:.3f} ± {error:.3f} | {'' if better is None else f'{better.pvalue[place]:.0e}'}"
        for place, (mean, error) in enumerate(zip(found.mean(axis=0), errors, strict=True))
    ]
    return f"| {device} | {method} | " + " | ".join(cells) + f" | {spent:.1f} |"


def on_task(options: argparse.Namespace) -> None:
    x, y, _, _ = quality.read(options.data, options.task)
    print(problems.machine())
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            clf = autonas.ImageClassifier(
                objective=["val_accuracy", "latency_ms"],
                max_time=60 * options.minutes,
                estimator=autonas.Proxy(*options.proxy) if options.proxy else "proxy",
                seed=seed,
                directory=folder,
                verbose=0,
            )
            clf.fit(x, y)
            board = clf.leaderboard()
            compare(seed, board[board["status"] == "completed"])
            if options.plot is not None:
                clf.plot_front(options.plot)
            print(
                clf.pareto_front()[["trial", "values", "val_accuracy", "latency_ms", "origin"]].to_string(index=False)
            )


def compare(seed: int, board: Any) -> None:
    """Prints how the front compares with that of the starting points alone, by the values of the search."""
    scores = np.column_stack([board["val_accuracy"], -board["latency_ms"]])
    human = scores[(board["origin"] == "starting point").to_numpy()]
    front, own = scores[is_efficient(scores)], human[is_efficient(human)]
    reference = scores.min(axis=0)
    beaten = [bool(((front >= one).all(axis=1) & (front > one).any(axis=1)).any()) for one in own]
    gain = hypervolume(front, list(reference)) / hypervolume(own, list(reference)) - 1
    print(
        f"seed {seed}: {len(board)} trials, {len(front)} on the front, {gain:+.1%} hypervolume over the {len(own)} of the "
        f"starting points' own front, {sum(beaten)} of which are dominated",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", help="a CSV with a row for each cell")
    parser.add_argument("--devices", nargs="+", default=DEVICES)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--accuracy", default="c10_val12")
    parser.add_argument("--after", nargs="+", type=int, default=[50, 100, 200])
    parser.add_argument(
        "--seeds", nargs="+", type=int, help="one number is how many of a table's, or the one of a task"
    )
    parser.add_argument("--task", help="the name of a data set of images")
    parser.add_argument("--data", type=Path, help="folder with one folder for each data set")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--proxy", type=float, nargs=2, help="share of the data and of the epochs of a candidate")
    parser.add_argument("--plot", type=Path, help="file for a picture of the front of a task")
    options = parser.parse_args()
    run: Callable[[argparse.Namespace], None]
    if options.task is not None:
        options.seeds, run = options.seeds or [0], on_task
    else:
        given = options.seeds or [50]
        options.seeds, run = list(range(given[0])) if len(given) == 1 else given, on_table
    run(options)


if __name__ == "__main__":
    main()
