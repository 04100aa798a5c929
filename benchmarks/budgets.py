"""Shares of the budget against full trainings, with as many epochs in all.

    python benchmarks/budgets.py [--strategies random evolution hyperband asha] [--budgets 5 15 50] [--seeds 100]

On made learning curves (`autonas.testing.strategies.learning_curve`): each candidate rises to its final score, some quickly
and some slowly, and is read with noise. A candidate that is sent on goes on with its training, and costs what comes on top.
Shown is the final score of the best that a search ends with, at most 0, after so many full trainings' worth of epochs: means
over seeds with standard errors, and the p-value of a one-sided Wilcoxon test against random search on the same seeds.
"""

from __future__ import annotations

import argparse

import numpy as np
import problems
from scipy.stats import wilcoxon

from autonas import Asha, Hyperband, strategies
from autonas.strategies.base import Strategy
from autonas.testing.strategies import best_at

COMPARED: dict[str, Strategy] = {
    "random": strategies.get("random"),
    "evolution": strategies.get("evolution"),
    "hyperband": Hyperband(),
    "asha": Asha(),
    "hyperband with evolution": Hyperband(strategy="evolution"),
    "asha with evolution": Asha(strategy="evolution"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", nargs="+", default=list(COMPARED), choices=list(COMPARED))
    parser.add_argument("--budgets", nargs="+", type=int, default=[5, 15, 50])
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    print(problems.machine())
    print("strategy                  budget  best            p against random")
    for budget in options.budgets:
        random = np.array([best_at(COMPARED["random"], budget, seed) for seed in range(options.seeds)])
        for name in options.strategies:
            found = np.array([best_at(COMPARED[name], budget, seed) for seed in range(options.seeds)])
            gains = found - random
            p = wilcoxon(gains[gains != 0], alternative="greater").pvalue if gains.any() else 1.0
            error = found.std(ddof=1) / len(found) ** 0.5
            print(f"{name:25s} {budget:6d}  {found.mean():.3f} ± {error:.3f}  {p:.1e}", flush=True)


if __name__ == "__main__":
    main()
