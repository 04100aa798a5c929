"""Who is trained in full: the best of a search, the best human design beside them, and for an ensemble the best of each kind.

The best starting point is always among them, so the result says what the search was worth against a human design.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autonas.trials import Trial, bare, completed, key

POOL = 5  # networks that an ensemble is chosen from, where there is time


@dataclasses.dataclass
class Finalist:
    """A candidate that was trained in full.

    Attributes:
        trial: Its number in the search.
        origin: Where it came from.
        score: On the validation part of the search, higher is better; None where there was time for one training only, on all
            the data.
        metrics: On it.
        epochs: Trained.
        seconds: Wall time, of all folds.
        scores: On each of the folds that it was trained on, the validation part of the search first.
        share: Of the answer that is handed over: 1 for a winner that is alone.
    """

    trial: int
    origin: str
    score: float | None
    metrics: dict[str, float]
    epochs: int
    seconds: float
    scores: list[float] = dataclasses.field(default_factory=list)
    share: float = 0.0


def choose(
    trials: Sequence[Trial],
    top_k: int,
    starting_point: str,
    twins: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]] = lambda values: (),
    kind: Callable[[Mapping[str, Any]], Any] = lambda values: None,
    order: Callable[[Sequence[Trial]], list[Trial]] = completed,
) -> list[Trial]:
    """Chooses who is trained in full.

    Args:
        trials: Of the search.
        top_k: How many of the best networks.
        starting_point: The origin of human designs: the best of them is trained too.
        twins: What the search could not judge: other ways to train the best network.
        kind: What kind of network it is; the best of each kind, up to `POOL` finalists in all, come last.
        order: Puts the completed trials in the order that they are chosen in; that of their scores unless told.

    Returns:
        In the order in which they are worth their time: the best, the best starting point to compare it with, the best
        trained in other ways, the other networks.
    """
    best: dict[str, Trial] = {}
    for trial in order(trials):
        best.setdefault(key(bare(trial.values)), trial)
    ranked = list(best.values())
    chosen = ranked[:top_k]
    baseline = [trial for trial in ranked if trial.origin == starting_point][:1]
    first = [*chosen[:1], *(trial for trial in baseline if trial not in chosen[:1])]
    others = [_twin(trial, values) for trial in chosen[:1] for values in twins(trial.values)]
    result = first + others + [trial for trial in chosen if trial not in first]
    kinds = {kind(trial.values) for trial in result}
    for trial in ranked:
        if len(result) < POOL and kind(trial.values) not in kinds:
            kinds.add(kind(trial.values))
            result.append(trial)
    return result


def _twin(trial: Trial, values: Mapping[str, Any]) -> Trial:
    changes = [f"{name} {value}" for name, value in values.items() if trial.values.get(name) != value]
    return dataclasses.replace(trial, values=dict(values), origin=", ".join([trial.origin, *changes]))


def as_plain(found: Sequence[Finalist]) -> list[dict[str, Any]]:
    """The finalists as plain data, for the project's file."""
    return [dataclasses.asdict(finalist) for finalist in found]
