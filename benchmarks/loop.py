"""The loop alone: what choosing and recording costs, when an evaluation costs nothing.

    python benchmarks/loop.py [--strategies random evolution] [--trials 500 1000] [--peer]

Processor seconds for searches of so many trials in a space of 12 choices of five values, and how they grow: the time for the
last number of trials as a multiple of that for the first, each trial for itself, so that 1 is linear. Those that fit a model
at each proposal are shown with a fifth of the trials. `--peer` adds Keras Tuner's own
RandomSearch on the same space and function (its BayesianOptimization where the strategy is bayesian), in the same run, with
the ratio; it takes minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
import warnings
from collections.abc import Callable

import keras_tuner
import problems

import autonas
from autonas.strategies import STRATEGIES

CHOICES, LABELS = 12, 5
PEERS = {"bayesian": keras_tuner.BayesianOptimization}
MODELS = ("bananas", "bayesian", "hypervolume", "parego")


def space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    for number in range(CHOICES):
        hp.Choice(f"choice_{number}", list(range(LABELS)))
    return hp


def evaluate(values: dict[str, int], budget: float = 1.0) -> float:
    return budget * sum(values.values())


def ours(strategy: str, trials: int) -> None:
    autonas.search(space(), evaluate, strategy, max_trials=trials)


def keras_tuners(strategy: str, trials: int) -> None:
    """Keras Tuner's own search, which keeps each trial in a file; it prints a summary of each."""
    base = PEERS.get(strategy, keras_tuner.RandomSearch)

    class Tuner(base):  # type: ignore[misc, valid-type]
        def run_trial(self, trial: object, *args: object, **options: object) -> dict[str, float]:
            return {"score": evaluate(trial.hyperparameters.values)}  # type: ignore[attr-defined]

    objective = keras_tuner.Objective("score", "max")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        tuner = Tuner(objective=objective, max_trials=trials, hyperparameters=space(), seed=1, directory=folder)
        tuner.oracle.verbose = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tuner.search()


def seconds(run: Callable[[str, int], None], strategy: str, trials: int) -> float:
    begun = time.process_time()
    run(strategy, trials)
    return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strategies", nargs="+", default=sorted(STRATEGIES))
    parser.add_argument("--trials", nargs="+", type=int, default=[500, 1_000])
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    print(problems.machine())
    print("strategy     trials  seconds  ms a trial  growth" + ("  Keras Tuner  ratio" if options.peer else ""))
    autonas.search(space(), evaluate, max_trials=1)  # what is imported once is not counted
    for strategy in options.strategies:
        first = 0.0
        for asked in options.trials:
            trials = max(1, asked // 5) if strategy in MODELS else asked
            taken = seconds(ours, strategy, trials)
            first = first or taken / trials
            peer = seconds(keras_tuners, strategy, trials) if options.peer else 0.0
            beside = f"{peer:13.1f} {peer / taken:6.0f}" if options.peer else ""
            each = f"{1_000 * taken / trials:11.2f} {taken / trials / first:7.2f}"
            print(f"{strategy:12s} {trials:6d} {taken:8.2f} {each}{beside}", flush=True)


if __name__ == "__main__":
    main()
