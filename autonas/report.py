"""What a search found, and whether to believe it: text made of trials and finalists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas import analysis
from autonas.analysis import Correlation
from autonas.proposals import WARM_START
from autonas.trials import COMPLETED, FAILED, REJECTED, Trial, comparable, completed, fullest

if TYPE_CHECKING:
    import keras_tuner

MOST_ROWS = 8  # of the table of hyperparameters
TELLING = 0.3  # correlation of a forest with trials that it has not seen, from which on it is worth reading


def gain(trials: Sequence[Trial], starting_point: str) -> float | None:
    """How much the best trial is better than the best starting point, in the objective's unit; None if one is missing.

    Where budgets were shared out, with the largest one that a starting point was evaluated with.
    """
    human = fullest(trial for trial in trials if trial.origin == starting_point)
    if not human:
        return None
    best = completed(trial for trial in trials if trial.budget == human[0].budget)[0]
    return _shown(best.score, 1) - _shown(human[0].score, 1)


def summary(
    trials: Sequence[Trial],
    finalists: Sequence[Mapping[str, Any]],
    objective: str,
    sign: int,
    starting_point: str,
    control: Sequence[Trial] = (),
    space: keras_tuner.HyperParameters | None = None,
    front: Sequence[str] = (),
) -> str:
    """The search in some lines: what was tried and found, what that is worth, and what the search favoured.

    How to read it, and whether to believe it, stands in `docs/report.md`.

    Args:
        trials: All trials.
        finalists: Who was trained in full, best first, as plain data.
        objective: Its name.
        sign: What turns a score back into the objective's value: 1 or -1.
        starting_point: The origin of human designs.
        control: The trials of a random search at the same budget.
        space: All hyperparameters; without it nothing is said of them.
        front: Of several objectives, what is told of the front, in the place of what is told of the best by the first one.

    Returns:
        Text without a line break at its end.
    """
    count = {status: sum(t.status == status for t in trials) for status in (COMPLETED, FAILED, REJECTED)}
    lines = [", ".join(f"{n} {status}" for status, n in count.items() if n) + f" of {len(trials)} trials"]
    done = completed(trials)
    if not done:
        return lines[0]
    lines += front or _best(trials, objective, sign, starting_point)
    unjudged = [finalist for finalist in finalists if finalist["score"] is None]
    finalists = [finalist for finalist in finalists if finalist["score"] is not None]
    lines += [
        f"Trained in full, on all the data and not judged, as there was no time for others to compare it with: "
        f"trial {f['trial'] + 1} ({f['origin']}), {f['epochs']} epochs, {f['seconds']:.1f} s"
        for f in unjudged
    ]
    if finalists:
        lines.append("Trained in full, on the validation part:")
        lines += [
            f"  trial {f['trial'] + 1} ({f['origin']}): {objective} {sign * f['score']:.4g}, {f['epochs']} epochs, "
            f"{f['seconds']:.1f} s{_together(f, sign)}"
            for f in finalists
        ]
        lines += [] if front else _full_gain(finalists, starting_point)
    lines += [] if front else _over_control(trials, control, objective, sign)
    lines += _rankings(trials, finalists)
    lines += [] if space is None else _favours(space, trials)
    return "\n".join(lines)


def _best(trials: Sequence[Trial], objective: str, sign: int, starting_point: str) -> list[str]:
    best = fullest(trials)[0]
    better = gain(trials, starting_point)
    return [
        f"Best trial: {best.number + 1} ({best.origin}), {objective} {_shown(best.score, sign):.4g}",
        f"  {describe(best.values)}",
        *([] if better is None else [f"Gain over the best starting point in the search: {better:+.4g}"]),
    ]


def _shown(score: float | None, sign: int) -> float:
    """A score as the objective's value; never minus nought."""
    return sign * (score or 0.0) + 0.0


def _over_control(trials: Sequence[Trial], control: Sequence[Trial], objective: str, sign: int) -> list[str]:
    best, other = fullest(trials)[:1], completed(control)[:1]
    if not best or not other:
        return []
    found, random = _shown(best[0].score, sign), _shown(other[0].score, sign)
    trained = sum(trial.status != REJECTED for trial in control)
    told = [f"Random search at the same budget (one run, {trained} trained): best {objective} {random:.4g}"]
    if best[0].budget == other[0].budget:
        told.append(f"Gain over random search in the search: {sign * (found - random) + 0.0:+.4g}")
    return told


def _rankings(trials: Sequence[Trial], finalists: Sequence[Mapping[str, Any]]) -> list[str]:
    """How well each cheap estimate ranked, against the next dearer one and against the full trainings."""
    done = completed(trials)
    full: dict[int, float] = {}
    for finalist in finalists:  # other ways to train a network that is there already do not count
        full.setdefault(finalist["trial"], finalist["score"])
    screened = [trial for trial in done if trial.screen is not None]
    alike = [trial for trial in comparable(trials) if trial.screen is not None]
    warm = [trial for trial in alike if trial.origin == WARM_START]
    filtered = [trial for trial in alike if trial.origin != WARM_START]
    compared: dict[str, list[tuple[Any, Any]]] = {
        "screen with search, warm start": [(t.screen, t.score) for t in warm],
        "screen with search, other proposals": [(t.screen, t.score) for t in filtered],
        "screen with full training": [(t.screen, full[t.number]) for t in screened if t.number in full],
        "search with full training": [(t.score, full[t.number]) for t in done if t.number in full],
    }
    found = {
        name: analysis.rank_correlation([one for one, _ in pairs], [other for _, other in pairs])
        for name, pairs in compared.items()
    }
    told = [f"  {name}: {_correlation(one)}" for name, one in found.items() if one.count > 1]
    return ["Rank correlation (Spearman's, with its 95 % interval):", *told] if told else []


def _correlation(found: Correlation) -> str:
    if math.isnan(found.low):
        few = found.count < analysis.FEWEST_PAIRS
        why = "too few to tell" if few else "all alike"
        return f"{found.count} candidates, {why}"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f}), {found.count} candidates"


def _favours(space: keras_tuner.HyperParameters, trials: Sequence[Trial]) -> list[str]:
    """What mattered and what the best have, in words and in a table."""
    found = analysis.importance(space, trials)
    if found is None:
        return []
    if found.correlation < TELLING:
        return [
            f"What mattered cannot be told from {found.trials} trials: a forest does not foresee those that it has not seen "
            f"(correlation {found.correlation:.2f})."
        ]
    rows = analysis.importance_table(found, analysis.favoured(space, trials)).head(MOST_ROWS)
    most = rows[rows.importance >= 0.1 * rows.importance.max()]
    words = ", ".join(f"{describe({row.hyperparameter: f'{row.importance:.0%}'})}" for row in most.itertuples())
    best = next(rows.itertuples())
    table = rows.assign(importance=[f"{share:.0%}" for share in rows.importance])
    table.columns = ["hyperparameter", "importance", "best quarter", "all"]
    return [
        f"What mattered most (share of the variance, by a forest over {found.trials} trials; correlation with trials that it "
        f"has not seen {found.correlation:.2f}): {words}",
        f"The best quarter has {describe({best.hyperparameter: best.best_quarter})}; all trials have {best.all}.",
        *(f"  {line}" for line in table.to_string(index=False).splitlines()),
    ]


def _together(finalist: Mapping[str, Any], sign: int) -> str:
    """Its part in an ensemble."""
    scores = finalist["scores"]
    folds = f", mean of {len(scores)} folds {sign * sum(scores) / len(scores):.4g}" if len(scores) > 1 else ""
    return folds + (f", {finalist['share']:.0%} of the answer" if folds or 0 < finalist["share"] < 1 else "")


def _full_gain(finalists: Sequence[Mapping[str, Any]], starting_point: str) -> list[str]:
    human = [f["score"] for f in finalists if f["origin"] == starting_point]
    if not human:
        return []
    return [f"Gain over the best starting point after full training: {finalists[0]['score'] - max(human):+.4g}"]


def describe(values: Mapping[str, Any]) -> str:
    """A candidate in words, one line."""
    parts = [f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()]
    return ", ".join(part.replace("_", " ") for part in parts)
