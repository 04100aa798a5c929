"""How well what is cheap ranks candidates: zero-cost proxies, their vote, the proxy task and the number of parameters.

    python benchmarks/screens.py [--data FOLDER] [--spaces image text table] [--candidates 30] [--out FILE.json]

FOLDER has one folder a data set, as for `benchmarks/quality.py`; without it there are scikit-learn's digits and a table, and
no texts. Of each space random candidates are trained for a fixed number of epochs on a part of the data and judged on the
test part; then everything cheap is correlated with that. `image` is the family `cell` of the default space for images,
`image_all` the whole of it.

What a fresh network does not show is the same for all candidates, at its default: optimiser, learning rate, weight decay,
schedule, loss, augmentation and dropout. A zero-cost proxy cannot see them, so to vary them would only add noise to all
rankings but the proxy task's. `--training random` draws them too, as a search does.

The correlation is Spearman's, over the candidates of which a proxy can tell anything, with the interval that 95 % of the
bootstrap's samples of candidates fall into. "Over params" is the share of these samples in which a proxy correlates better
than the number of parameters does on the same candidates. Seconds are the processor's, for a candidate: for proxies those
of building the network and of what they compute; what several of them share, a vote computes once.

What that is worth in a search is then played through, a thousand times: random search over these candidates in another
order each time, which sees the proxy task and whose best is judged in full, without a screen, with the one that is asked
about, and with the parameters as one (a warm start from a pool, then the best of several random proposals).

Trainings are kept in the file of `--out`, and not repeated when it has them; proxies are always computed anew.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import problems
import quality

from autonas import data as data_module
from autonas import default_spaces, estimators, heads, inputs, preparation, proxies
from autonas.estimators.base import Budget, Data
from autonas.screens.base import mean_ranks
from autonas.screens.zero_cost import VOTE, ZeroCost
from autonas.space import SearchSpace, seeded
from autonas.training import train
from autonas.trials import key
from autonas.values import complete, draw

AT_ONCE = 250  # examples of the test part
TRAINING = ("optimizer", "learning_rate", "weight_decay", "schedule", "loss", "focal", "augmentation", "dropout")


@dataclasses.dataclass(frozen=True)
class Problem:
    """A space on a data set, and what a candidate is trained for.

    `rows` are those of the training part that are used, a fifth of them to validate the proxy task on; `fixed` are values
    that all candidates have.
    """

    input: str
    set: str
    bundled: str | None
    metric: str
    rows: int
    epochs: int
    fixed: dict[str, Any] = dataclasses.field(default_factory=dict)


PROBLEMS = {
    "image": Problem("image", "fashion_mnist", "digits", "accuracy", 2_000, 6, {"family": "cell"}),
    "image_all": Problem("image", "fashion_mnist", "digits", "accuracy", 2_000, 6),
    "text": Problem("text", "rt_polarity", None, "accuracy", 3_000, 8),
    "table": Problem("table", "adult", "breast_cancer", "auc", 5_000, 8),
}


@dataclasses.dataclass
class Prepared:
    """A problem ready to train on."""

    space: SearchSpace
    data: Data
    x_test: Any
    y_test: np.ndarray
    budget: Budget


def prepare(problem: Problem, folder: Path | None) -> Prepared:
    """Reads, splits and preprocesses."""
    x, y, x_test, y_test = quality.read(folder, problem.set if folder else str(problem.bundled))
    rows = np.random.default_rng(0).permutation(len(y))[: problem.rows]
    x = (
        x.iloc[rows]
        if isinstance(x, pd.DataFrame)
        else [x[row] for row in rows]
        if problem.input == "text"
        else x[rows]
    )
    input, head = inputs.get(problem.input), heads.get("classification")
    given = preparation.check(
        input,
        head,
        x,
        y[rows],
        validation_split=0.2,
        validation_data=None,
        class_weight=None,
        sample_weight=None,
        seed=0,
    )
    preprocessor = input.preprocessor()
    data, _ = preparation.prepare(given, input, head, preprocessor, None, 0)
    test = preparation.Part(input.check(x_test), head.check(y_test), None)
    both, _ = preparation.prepare(dataclasses.replace(given, validation=test), input, head, preprocessor, None, 0)
    space = SearchSpace(default_spaces.default(input, len(data)), head, input.shape)
    budget = Budget(problem.epochs, input.batch_size(len(data)), monitor=f"val_{problem.metric}", mode="max")
    return Prepared(space, data, both.validation[0], both.validation[1], budget)


def draw_candidates(problem: Problem, space: SearchSpace, count: int, training: str) -> list[dict[str, Any]]:
    """Random candidates, no two alike."""
    rng = np.random.default_rng(0)
    found: dict[str, dict[str, Any]] = {}

    def choose(hyperparameter: Any) -> Any:
        name = hyperparameter.name
        if name in problem.fixed:
            return problem.fixed[name]
        if training == "fixed" and any(word in name for word in TRAINING):
            return hyperparameter.default
        return draw(hyperparameter, rng)

    while len(found) < count:
        values = complete(space.hyperparameters, choose)
        found.setdefault(key(values), values)
    return list(found.values())


def measure(problem: Problem, ready: Prepared, values: dict[str, Any], seed: int) -> dict[str, Any]:
    """Trains a candidate in full and on the proxy task; seconds are those of the processor."""
    candidate = ready.space.candidate(values)
    begun = time.process_time()
    proxy = estimators.get("proxy").evaluate(candidate, ready.data, ready.budget, seed)[ready.budget.monitor]
    between = time.process_time()
    plain = dataclasses.replace(ready.data, validation=None)
    model = train(candidate, plain, ready.budget, seed).model
    ended = time.process_time()
    return {
        "values": values,
        "quality": quality_of(problem, ready, model),
        "proxy_task": proxy,
        "seconds": {"proxy_task": between - begun, "quality": ended - between},
    }


def quality_of(problem: Problem, ready: Prepared, model: keras.Model) -> float:
    """What a trained network reaches on the test part."""
    outputs = [
        np.asarray(model(data_module.take(ready.x_test, slice(at, at + AT_ONCE)), training=False))
        for at in range(0, len(ready.y_test), AT_ONCE)  # `predict` would trace first, which takes longer
    ]
    return judged(problem.metric, ready.y_test, np.concatenate(outputs))


def judged(metric: str, y: np.ndarray, outputs: np.ndarray) -> float:
    """The test part's quality, by scikit-learn."""
    from sklearn.metrics import roc_auc_score

    if metric == "auc":
        return float(roc_auc_score(y, outputs))
    answers = outputs.argmax(-1) == y.argmax(-1) if outputs.shape[-1] > 1 else (outputs > 0.5) == (y > 0.5)
    return float(np.mean(answers))


def judge(ready: Prepared, values: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Scores by all proxies, on the first batch of the training part, and the seconds that each takes."""
    rows = slice(0, 32)
    x, y = data_module.take(ready.data.x, rows), data_module.take(ready.data.y, rows)
    candidate = ready.space.candidate(values)
    scores, seconds = {}, {}
    for name in [*proxies.PROXIES, "vote"]:
        begun = time.process_time()
        with seeded(0):
            core = candidate.core()
        asked = {each: proxies.get(each) for each in (VOTE if name == "vote" else [name])}
        found = proxies.scores(asked, core, x, y, candidate.loss())
        seconds[name] = time.process_time() - begun
        scores |= found
    return scores, seconds


def spearman(scores: np.ndarray, truth: np.ndarray) -> float:
    """Spearman's correlation over what is known; NaN where there is too little of it, or it is all the same."""
    from scipy.stats import spearmanr

    known = np.isfinite(scores)
    if known.sum() < 5 or np.ptp(scores[known]) == 0 or np.ptp(truth[known]) == 0:
        return np.nan
    return float(spearmanr(scores[known], truth[known]).statistic)


def correlations(columns: dict[str, np.ndarray], truth: np.ndarray, seconds: dict[str, float]) -> pd.DataFrame:
    """One row for each way to rank candidates."""
    rng = np.random.default_rng(0)
    samples = rng.integers(0, len(truth), (1_000, len(truth)))
    rows = []
    for name, scores in columns.items():
        drawn = np.array([spearman(scores[sample], truth[sample]) for sample in samples])
        alike = np.where(np.isfinite(scores), columns["params"], np.nan)
        least = np.array([spearman(alike[sample], truth[sample]) for sample in samples])
        low, high = np.nanquantile(drawn, [0.025, 0.975]) if np.isfinite(drawn).any() else (np.nan, np.nan)
        both = np.isfinite(drawn) & np.isfinite(least)
        rows.append(
            {
                "ranked by": name,
                "told": int(np.isfinite(scores).sum()),
                "correlation": spearman(scores, truth),
                "from": low,
                "to": high,
                "over params": float((drawn > least)[both].mean()) if both.any() and name != "params" else np.nan,
                "seconds": seconds.get(name, np.nan),
            }
        )
    return pd.DataFrame(rows).sort_values("correlation", ascending=False)


def played(columns: dict[str, np.ndarray], truth: np.ndarray, screen: str | None, trials: int) -> np.ndarray:
    """The quality in full of the best that random search sees on the proxy task, for a thousand orders of the candidates."""
    signal, rules = columns["proxy task"], ZeroCost()
    found = []
    for seed in range(1_000):
        left = list(np.random.default_rng(seed).permutation(len(truth)))
        chosen: list[int] = []
        if screen is not None:
            pool = left[: rules.pool]
            chosen = [pool[place] for place in best_first(columns[screen][pool])[: min(rules.warm, trials)]]
            left = [one for one in left if one not in chosen]
        while len(chosen) < trials:
            proposed = left[: rules.proposals] if screen is not None else left[:1]
            chosen.append(proposed[best_first(columns[screen][proposed])[0]] if screen is not None else proposed[0])
            left = left[len(proposed) :] + [one for one in proposed if one != chosen[-1]]
        found.append(truth[chosen[int(signal[chosen].argmax())]])
    return np.array(found)


def best_first(scores: np.ndarray) -> np.ndarray:
    """Places in the order of their scores, the highest first, what cannot be told last."""
    return np.argsort(-np.where(np.isfinite(scores), scores, -np.inf), kind="stable")


def gains(columns: dict[str, np.ndarray], truth: np.ndarray) -> pd.DataFrame:
    """What each screen finds, in the truth's unit, and the same for random search without one."""
    rows = []
    for screen in (None, "vote", "synflow", "params"):
        row: dict[str, Any] = {"screen": screen or "none"}
        for trials in (5, 10, 20):
            row[f"best of {trials}"] = played(columns, truth, screen, trials).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def report(ready: Prepared, results: list[dict[str, Any]]) -> None:
    """Scores the candidates by what is cheap, keeps the scores with them, and prints the table."""
    for result in results:
        result["proxies"], result["proxy_seconds"] = judge(ready, result["values"])
    truth = np.array([result["quality"] for result in results])
    columns = {name: np.array([result["proxies"][name] for result in results], dtype=float) for name in proxies.PROXIES}
    columns["vote"] = mean_ranks(np.stack([columns[name] for name in VOTE], axis=1))
    columns["proxy task"] = np.array([result["proxy_task"] for result in results])
    seconds = {
        name: float(np.mean([result["proxy_seconds"][name] for result in results]))
        for name in results[0]["proxy_seconds"]
    }
    seconds["proxy task"] = float(np.mean([result["seconds"]["proxy_task"] for result in results]))
    full = np.mean([result["seconds"]["quality"] for result in results])
    print(
        f"{len(results)} candidates, quality from {truth.min():.3f} to {truth.max():.3f} (median {np.median(truth):.3f}); "
        f"a training in full takes {full:.1f} s"
    )
    print(correlations(columns, truth, seconds).round(3).to_string(index=False))
    print(gains(columns, truth).round(4).to_string(index=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder with one folder for each data set")
    parser.add_argument("--spaces", nargs="+", default=["image", "text", "table"], choices=list(PROBLEMS))
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--training", choices=["fixed", "random"], default="fixed")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    print(problems.machine())
    kept = json.loads(options.out.read_text()) if options.out is not None and options.out.exists() else {}
    for name in options.spaces:
        problem = PROBLEMS[name]
        if options.data is None and problem.bundled is None:
            print(f"{name}: left out, it needs --data")
            continue
        ready = prepare(problem, options.data)
        done = kept.setdefault(f"{name}, training {options.training}", {})
        for number, values in enumerate(draw_candidates(problem, ready.space, options.candidates, options.training)):
            if key(values) not in done:
                done[key(values)] = measure(problem, ready, values, seed=number)
                print(number, done[key(values)], flush=True)
            if options.out is not None:
                options.out.write_text(json.dumps(kept, indent=1))
        print(f"\n{name}, training {options.training}:")
        report(ready, list(done.values()))
        if options.out is not None:
            options.out.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
