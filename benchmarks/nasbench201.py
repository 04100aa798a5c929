"""Search strategies on NAS-Bench-201, from a table of all its 15,625 cells, so that a search costs what choosing costs.

    python benchmarks/nasbench201.py --table nasbench201/cifar10.csv

A search sees the accuracy after 12 epochs (`c10_val12`); the candidate that it finds best by that is judged by its accuracy
after 200 epochs (`c10_val200`). For each strategy and budget: the mean over the seeds with its standard error, the p-value of
a one-sided Mann-Whitney test that it is better than random search with the same budget, and the seconds of a proposal.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import keras_tuner
import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from autonas import strategies
from autonas.strategies import STRATEGIES
from autonas.strategies.base import Strategy
from autonas.trials import History, Trial
from autonas.values import Values

EDGES = ("0_1", "0_2", "1_2", "0_3", "1_3", "2_3")  # in the order of the digits of a cell's name
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
SIGNAL, TRUTH = "c10_val12", "c10_val200"


def search_space() -> keras_tuner.HyperParameters:
    """The operation on each edge of the cell."""
    space = keras_tuner.HyperParameters()
    for edge in EDGES:
        space.Choice(edge, list(OPERATIONS))
    return space


def name(values: Values) -> str:
    """What the table calls a cell."""
    return "a" + "".join(str(OPERATIONS.index(values[edge])) for edge in EDGES)


def search(
    strategy: Strategy,
    space: keras_tuner.HyperParameters,
    evaluate: Callable[[Values], float],
    trials: int,
    seed: int,
) -> tuple[History, float]:
    """Runs one search; returns its trials, and the seconds of the processor that the proposals took."""
    history, seconds = History(), 0.0
    for number in range(trials):
        begun = time.process_time()
        values = strategy.propose(history, space, np.random.default_rng([seed, number]))
        seconds += time.process_time() - begun
        if values is None:
            break
        history.append(Trial(number, values, score=evaluate(values)))
    return history, seconds


def judged(history: History, truth: dict[str, float], budgets: list[int]) -> list[float]:
    """The truth of the candidate with the best signal among the first trials, for each budget."""
    signals = np.array([trial.score for trial in history])
    return [truth[name(history[int(np.argmax(signals[:budget]))].values)] for budget in budgets]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", required=True, help="a CSV with a row for each cell: arch, c10_val12, c10_val200")
    known = sorted(
        kind for kind, made_of in STRATEGIES.items() if not made_of.multi_fidelity
    )  # one budget is in the table
    parser.add_argument("--strategies", nargs="+", default=known, choices=known)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--budgets", type=int, nargs="+", default=[20, 50, 90, 200])
    options = parser.parse_args()
    table = pd.read_csv(options.table).set_index("arch")
    signal, truth = table[SIGNAL].to_dict(), table[TRUTH].to_dict()
    budgets, space = sorted(options.budgets), search_space()
    print(f"{options.seeds} seeds; the best of all cells has {max(truth.values()):.2f}")
    print("| strategy | " + " | ".join(f"{budget} trials | p" for budget in budgets) + " | ms a proposal |")
    print("|---" * (2 + 2 * len(budgets)) + "|")
    random: np.ndarray | None = None
    for kind in ["random", *(kind for kind in options.strategies if kind != "random")]:
        strategy, found, seconds = strategies.get(kind), [], 0.0
        for seed in range(options.seeds):
            history, spent = search(strategy, space, lambda values: signal[name(values)], budgets[-1], seed)
            found.append(judged(history, truth, budgets))
            seconds += spent
        quality = np.array(found)
        random = quality if random is None else random
        errors = quality.std(axis=0, ddof=1) / np.sqrt(len(quality))
        better = mannwhitneyu(quality, random, alternative="greater").pvalue
        cells = [
            f"{mean:.2f} ± {error:.2f} | {'' if kind == 'random' else f'{p:.1e}'}"
            for mean, error, p in zip(quality.mean(axis=0), errors, better, strict=True)
        ]
        spent = 1000 * seconds / options.seeds / budgets[-1]
        print(f"| {kind} | " + " | ".join(cells) + f" | {spent:.2f} |", flush=True)


if __name__ == "__main__":
    main()
