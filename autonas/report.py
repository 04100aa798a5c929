"""What a search found, and whether to believe it: text made of trials and finalists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autonas.trials import COMPLETED, FAILED, REJECTED, Trial, completed


def gain(trials: Sequence[Trial], starting_point: str) -> float | None:
    """How much the best trial is better than the best starting point, in the objective's unit; None if one is missing."""
    done = completed(trials)
    human = [trial for trial in done if trial.origin == starting_point]
    return float(done[0].score) - float(human[0].score) if human else None  # type: ignore[arg-type]


def summary(
    trials: Sequence[Trial],
    finalists: Sequence[Mapping[str, Any]],
    objective: str,
    sign: int,
    starting_point: str,
) -> str:
    """The search in some lines: what was tried, the best, the gain over human designs, and the full trainings.

    Args:
        trials: All trials.
        finalists: Who was trained in full, best first, as plain data.
        objective: Its name.
        sign: What turns a score back into the objective's value: 1 or -1.
        starting_point: The origin of human designs.

    Returns:
        Text without a line break at its end.
    """
    count = {status: sum(t.status == status for t in trials) for status in (COMPLETED, FAILED, REJECTED)}
    lines = [", ".join(f"{n} {status}" for status, n in count.items() if n) + f" of {len(trials)} trials"]
    done = completed(trials)
    if not done:
        return lines[0]
    best = done[0]
    lines.append(f"Best trial: {best.number + 1} ({best.origin}), {objective} {sign * float(best.score or 0):.4g}")
    lines.append(f"  {describe(best.values)}")
    better = gain(trials, starting_point)
    if better is not None:
        lines.append(f"Gain over the best starting point in the search: {better:+.4g}")
    if finalists:
        lines.append("Trained in full, on the validation part:")
        lines += [
            f"  trial {f['trial'] + 1} ({f['origin']}): {objective} {sign * f['score']:.4g}, {f['epochs']} epochs, "
            f"{f['seconds']:.1f} s{_together(f, sign)}"
            for f in finalists
        ]
        lines += _full_gain(finalists, starting_point)
    return "\n".join(lines)


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
