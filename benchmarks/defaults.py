"""Which strategy and which screen serve a task best within its usual trials, by real trainings.

    python benchmarks/defaults.py [--data FOLDER] [--spaces table image text] [--methods evolution evolution+vote ...]
                                  [--trials 10 20 30] [--seeds 5] [--out FILE.json]

FOLDER has one folder a data set, as for `benchmarks/quality.py`; without it there are scikit-learn's digits and a table, and
no texts. Each search goes through the whole default space of its kind of data, from the starting points that a task begins
with. A candidate is trained for a few epochs on a small part of the data. What a search sees is the metric on the validation
part; what it is judged by is that of its best candidate on the test part, which is far larger and which no search sees.

A method is a strategy, with `+vote` for the screen `"zero_cost"` and `+predictor` for the screen that learns from the trials.
Printed are means over the seeds with their standard errors, after so many trials with the starting points among them, and the
p-value of a paired one-sided test (Wilcoxon's) that the method is better than the first one. Trainings are kept in the file of
`--out` and shared by all searches: the same candidate has the same seed, and is trained once.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import problems
import scipy.stats
import screens

import autonas
from autonas.screens.base import Candidate, Screen
from autonas.screens.predictor import Predictor
from autonas.screens.zero_cost import ZeroCost
from autonas.space import seeded
from autonas.training import train
from autonas.trials import key

METHODS = ["random", "evolution", "local", "bayesian", "bananas", "evolution+vote", "evolution+predictor"]
PROBLEMS = {
    "table": screens.Problem("table", "adult", "breast_cancer", "auc", 2_500, 6),
    "image": screens.Problem("image", "fashion_mnist", "digits", "accuracy", 1_500, 4),
    "text": screens.Problem("text", "rt_polarity", None, "accuracy", 2_000, 6),
}


class Searches:
    """Searches of one space that share their trainings."""

    def __init__(self, problem: screens.Problem, folder: Path | None, kept: dict[str, Any], out: Path | None) -> None:
        self.problem, self.kept, self.out = problem, kept, out
        self.ready = screens.prepare(problem, folder)
        self.proxies: dict[str, dict[str, float]] = {}

    def evaluate(self, values: dict[str, Any]) -> dict[str, float]:
        """What a search sees of a candidate, and what it is judged by."""
        name = key(values)
        if name not in self.kept:
            seed = zlib.crc32(name.encode())
            training = train(self.ready.space.candidate(values), self.ready.data, self.ready.budget, seed)
            seen = training.metrics[self.ready.budget.monitor]
            quality = screens.quality_of(self.problem, self.ready, training.model)
            self.kept[name] = {"seen": seen, "quality": quality}
            if self.out is not None:
                self.out.write_text(json.dumps(self.kept))
        return self.kept[name]

    def follow(self, method: str, seed: int, after: Sequence[int]) -> list[float]:
        """The quality of the best candidate by what is seen, after so many trials."""
        strategy, _, named = method.partition("+")
        screen: Screen | None = {"vote": lambda: Vote(self), "predictor": Predictor}[named]() if named else None
        space = self.ready.space
        result = autonas.search(
            space.hyperparameters,
            self.evaluate,
            strategy,
            screen,
            objective={"seen": "max"},
            max_trials=max(after),
            seed=seed,
            starting_points=space.starting_points(),
        )
        found = [trial.metrics if trial.metrics else {"seen": -np.inf, "quality": np.nan} for trial in result.trials]
        return [max(found[:count], key=lambda metrics: metrics["seen"])["quality"] for count in after]

    def seen(self, candidate: Candidate) -> Candidate:
        """The candidate with its network, which a search over values alone does not have."""

        def core() -> Any:
            one = self.ready.space.candidate(candidate.values)
            with seeded(0):
                made = one.core()
            made.compile(loss=one.loss(), jit_compile=False)
            return made

        part = self.ready.data.part(32 / len(self.ready.data))
        known = self.proxies.setdefault(key(candidate.values), {})
        found = Candidate(candidate.values, candidate.space, candidate.trial, None, core, lambda: (part.x, part.y))
        found.proxies = known
        return found


class Vote(ZeroCost):
    """The screen of the tasks, in a search over values."""

    needs_network = False

    def __init__(self, searches: Searches) -> None:
        super().__init__()
        self._searches = searches

    def score(self, candidates: Sequence[Candidate], finished: Sequence[Candidate]) -> np.ndarray:
        return super().score(*([self._searches.seen(one) for one in several] for several in (candidates, finished)))


def line(method: str, found: np.ndarray, first: np.ndarray) -> str:
    cells = []
    for place, mean in enumerate(found.mean(axis=0)):
        error = found[:, place].std(ddof=1) / np.sqrt(len(found)) if len(found) > 1 else np.nan
        better = found[:, place] - first[:, place]
        chance = scipy.stats.wilcoxon(better, alternative="greater").pvalue if better.any() else np.nan
        cells.append(f"{mean:.4f} ± {error:.4f} | {chance:.2f}")
    return f"| `{method}` | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder with one folder for each data set")
    parser.add_argument("--spaces", nargs="+", default=["table", "image", "text"], choices=list(PROBLEMS))
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--trials", nargs="+", type=int, default=[10, 20, 30])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=None, help="one file for each space: NAME.space.json")
    options = parser.parse_args()
    print(problems.machine())
    for name in options.spaces:
        if options.data is None and PROBLEMS[name].bundled is None:
            print(f"{name}: left out, it needs --data")
            continue
        out = None if options.out is None else options.out.with_suffix(f".{name}.json")
        kept = json.loads(out.read_text()) if out is not None and out.exists() else {}
        searches = Searches(PROBLEMS[name], options.data, kept, out)
        print(f"\n{name}, {options.seeds} seeds\n| method | " + " | ".join(f"{n} | p" for n in options.trials) + " |")
        print("|---" * (1 + 2 * len(options.trials)) + "|")
        first: np.ndarray | None = None
        for method in options.methods:
            found = np.array([searches.follow(method, seed, options.trials) for seed in range(options.seeds)])
            first = found if first is None else first
            print(line(method, found, first), flush=True)


if __name__ == "__main__":
    main()
