"""What it saves and what it costs to stop hopeless trainings: learning curves of real ones, played through in many orders.

    python benchmarks/curves.py [--data FOLDER] [--spaces image text table] [--candidates 30] [--epochs 20] [--out FILE.json]

FOLDER has one folder a data set, as for `benchmarks/quality.py`; without it there are scikit-learn's digits and a table, and no
texts. Of each space random candidates, their optimisers, rates and schedules too, are trained to the end, and the validation
metric after each epoch is kept. Then a search is played through, a thousand times with the candidates in another order each
time: each training is stopped where `Full(stop_hopeless=True)` would stop it, given the best one before it.

"Saved" is the share of epochs that were not needed, "wrong" the share of the trainings that would have beaten the best so far,
but were stopped. Candidates are told apart by their learning rate's schedule: under a cosine a network gets good at the end.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import problems
import screens

from autonas.errors import TrialError
from autonas.learning_curves import chance_to_beat
from autonas.training import HOPE, SEEN, train
from autonas.trials import key

ORDERS = 1_000


def curve_of(ready: screens.Prepared, values: dict[str, Any], epochs: int, seed: int) -> list[float]:
    """The validation metric after each epoch of a training without patience; empty if it diverged."""
    told: list[float] = []
    budget = dataclasses.replace(ready.budget, epochs=epochs, patience=None)
    watch = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: told.append(float(logs[budget.monitor])))
    try:
        train(ready.space.candidate(values), ready.data, dataclasses.replace(budget, callbacks=[watch]), seed)
    except TrialError:
        return []
    return told


def stops_at(curve: list[float], best: float) -> int:
    """After how many epochs a training is stopped, given the best of those before it."""
    for seen in range(math.ceil(SEEN * len(curve)), len(curve)):
        if chance_to_beat(curve[:seen], best, len(curve)) < HOPE:
            return seen
    return len(curve)


def played(curves: list[list[float]]) -> dict[str, float]:
    """Means over searches that see the curves in another order each time."""
    places: dict[tuple[int, float], int] = {}
    spent, wrong, beating, lost = [], 0, 0, []
    for seed in range(ORDERS):
        best, epochs = -math.inf, 0
        for number in np.random.default_rng(seed).permutation(len(curves)):
            curve = curves[number]
            if (number, best) not in places:
                places[number, best] = stops_at(curve, best)
            seen = places[number, best]
            epochs += seen
            beating += max(curve) > best
            wrong += max(curve) > best >= max(curve[:seen])
            best = max(best, *curve[:seen])
        spent.append(epochs / sum(map(len, curves)))
        lost.append(max(map(max, curves)) - best)
    return {
        "trainings": len(curves),
        "saved": 1 - float(np.mean(spent)),
        "wrong": wrong / beating,
        "best of all": max(map(max, curves)),
        "lost": float(np.mean(lost)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder with one folder for each data set")
    parser.add_argument("--spaces", nargs="+", default=["image", "text", "table"], choices=list(screens.PROBLEMS))
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    print(problems.machine())
    kept = json.loads(options.out.read_text()) if options.out is not None and options.out.exists() else {}
    for name in options.spaces:
        problem = screens.PROBLEMS[name]
        if options.data is None and problem.bundled is None:
            print(f"{name}: left out, it needs --data")
            continue
        ready = screens.prepare(problem, options.data)
        done = kept.setdefault(f"{name}, {options.epochs} epochs", {})
        candidates = screens.draw_candidates(problem, ready.space, options.candidates, "random")
        for number, values in enumerate(candidates):
            if key(values) not in done:
                done[key(values)] = curve_of(ready, values, options.epochs, number)
                print(number, [round(value, 4) for value in done[key(values)]], flush=True)
            if options.out is not None:
                options.out.write_text(json.dumps(kept))
        of = {key(values): values.get("schedule") for values in candidates}
        whole = {one: curve for one, curve in done.items() if one in of and len(curve) == options.epochs}
        rows = []
        for schedule in ("all", *sorted({str(of[one]) for one in whole})):
            curves = [curve for one, curve in whole.items() if schedule in ("all", str(of[one]))]
            if len(curves) > 1:
                rows.append({"schedule": schedule, **played(curves)})
        print(f"\n{name}, {options.epochs} epochs:\n{pd.DataFrame(rows).round(4).to_string(index=False)}", flush=True)


if __name__ == "__main__":
    main()
