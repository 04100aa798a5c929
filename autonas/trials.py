"""Trials: the record of each evaluated candidate, the history that they make, and the leaderboard."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from autonas.errors import SearchError

if TYPE_CHECKING:
    import pandas as pd

COMPLETED, FAILED, REJECTED = "completed", "failed", "rejected"
BUDGET = "tuner/budget"  # among the values: the share of the full budget that a candidate is evaluated with
STARTING_POINT = "starting point"  # the origin of one that somebody gave
RESOURCE = "tuner/resource"  # and what it is a share of: "epochs" or "data"


@dataclasses.dataclass(frozen=True)
class Trial:
    """The record of one evaluated candidate. Plain data: what is written is what is read.

    Attributes:
        number: Position in the search, from 0.
        values: The candidate: the active hyperparameters, as plain Python scalars.
        status: `"completed"`, `"failed"` (broke or diverged: see `message`) or `"rejected"` (broke a limit, not trained).
        score: The objective, turned so that higher is better; None unless completed. Of several objectives the first.
        scores: All objectives, each turned so that higher is better; empty means the single `[score]`.
        screen: What the screen thought of it before it was trained, higher is better; None where it was not asked, or could
            not tell.
        metrics: Qualities by name, as measured (not turned).
        costs: Costs by name: parameters, FLOPs, milliseconds, ...
        seconds: Wall time of the evaluation.
        origin: Where the candidate came from: `"starting point"` or the strategy's name.
        message: Why it failed or was rejected.
        for_now: Whether it was rejected for what the run had too little of, memory or time: another run looks at it again.
    """

    number: int
    values: dict[str, Any]
    status: str = COMPLETED
    score: float | None = None
    scores: list[float] = dataclasses.field(default_factory=list)
    screen: float | None = None
    metrics: dict[str, float] = dataclasses.field(default_factory=dict)
    costs: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    origin: str = ""
    message: str | None = None
    for_now: bool = False

    @functools.cached_property
    def key(self) -> str:
        """Equal for equal candidates, evaluated alike."""
        return key(self.values)

    @functools.cached_property
    def candidate(self) -> str:
        """Equal for trials of one candidate, whatever budget they had."""
        return key(bare(self.values))

    @property
    def budget(self) -> float:
        """The share of the full budget that it was evaluated with."""
        return float(self.values.get(BUDGET, 1.0))


_ENCODER = json.JSONEncoder(sort_keys=True, default=operator.methodcaller("item"))  # dumps would make one each time


def key(values: Mapping[str, Any]) -> str:
    """A canonical text of a candidate: equal values give equal texts, whatever their order.

    Example:

    >>> key({"b": 1, "a": "x"}) == key({"a": "x", "b": 1})
    True
    """
    return _ENCODER.encode(values)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with Python's own scalars in the place of NumPy's, which a generator draws.

    Example:

    >>> plain({"width": np.int64(8)})
    {'width': 8}
    """
    return {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}


def scores_of(trial: Trial) -> list[float]:
    """All objectives of a trial, the single score of one that has no others; empty where one of them is missing.

    Example:

    >>> scores_of(Trial(0, {}, score=0.9, scores=[0.9, -2.0])), scores_of(Trial(1, {}, FAILED))
    ([0.9, -2.0], [])
    """
    if trial.score is None:
        return []
    scores = trial.scores or [trial.score]
    return scores if all(map(math.isfinite, scores)) else []


class Reader(Protocol):
    """What is made of a history by going through it once, such as the rungs that its candidates stand on."""

    def add(self, trial: Trial) -> None:
        """Takes in the next trial."""


R = TypeVar("R", bound=Reader)


class History(Sequence[Trial]):
    """The finished trials of a search, oldest first, as strategies and screens read them.

    It only ever grows at its end, and knows at once which candidates were tried, so that a proposal costs the same after
    two thousand trials as after two. What a strategy makes of all trials it asks for by `reading`. A slice of it is a list.

    Args:
        trials: What it begins with.

    Attributes:
        keys: The `Trial.key` of each trial.

    Example:

    >>> history = History([Trial(0, {"width": 8}, score=0.5)])
    >>> key({"width": 8}) in history.keys, len(history), history[-1].score
    (True, 1, 0.5)
    """

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._trials: list[Trial] = []
        self._readers: dict[Any, tuple[int, Reader]] = {}  # and how many trials each was given
        self.keys: set[str] = set()
        for trial in trials:
            self.append(trial)

    def append(self, trial: Trial) -> None:
        """Takes in a trial that has ended. For who keeps the history; strategies and screens only read it."""
        self._trials.append(trial)
        self.keys.add(trial.key)

    def replace(self, place: int, trial: Trial) -> None:
        """Puts another record of the same candidate in the place of one. For who keeps the history, as `append`."""
        self._trials[place] = trial
        self._readers.clear()

    def read(self, make: Callable[..., R], *arguments: Any) -> R:
        """See `reading`."""
        name = (make, *arguments)
        given, reader = self._readers.get(name) or (0, make(*arguments))
        for trial in self._trials[given:]:
            reader.add(trial)
        self._readers[name] = len(self._trials), reader
        return reader  # type: ignore[return-value]

    @overload
    def __getitem__(self, place: int) -> Trial: ...

    @overload
    def __getitem__(self, place: slice) -> list[Trial]: ...

    def __getitem__(self, place: int | slice) -> Trial | list[Trial]:
        return self._trials[place]

    def __len__(self) -> int:
        return len(self._trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self._trials)

    def __repr__(self) -> str:
        return f"History({self._trials!r})"


def reading(history: Iterable[Trial], make: Callable[..., R], *arguments: Any) -> R:
    """What a reader makes of a history, which it was given from the first trial to the last.

    A `History` keeps its readers and gives them the trials that came since, so that going through it costs the same at each
    proposal. What comes of it is a function of the trials alone, and is not to be changed by who asks for it.

    Args:
        history: The finished trials.
        make: Makes a reader.
        *arguments: Of `make`, hashable.

    Example:

    >>> reading(history, Rungs, (1 / 9, 1 / 3, 1.0)).standing
    """
    if isinstance(history, History):
        return history.read(make, *arguments)
    reader = make(*arguments)
    for trial in history:
        reader.add(trial)
    return reader


def tried(history: Iterable[Trial]) -> set[str]:
    """The keys of all candidates in a history; not to be changed, for a `History` hands out its own."""
    return history.keys if isinstance(history, History) else {trial.key for trial in history}


def bare(values: Mapping[str, Any]) -> dict[str, Any]:
    """The candidate itself: its values without what a tuner says of how it is evaluated.

    Example:

    >>> bare({"width": 8, "tuner/budget": 0.5})
    {'width': 8}
    """
    return {name: value for name, value in values.items() if not name.startswith("tuner/")}


def check_any_worked(found: Sequence[Trial]) -> None:
    """Raises a SearchError if there are trials, and all of them failed, with the last one's reason."""
    if found and all(trial.status == FAILED for trial in found):
        last = max(found, key=lambda trial: trial.number)
        raise SearchError(f"No trial of {len(found)} worked. The last one said: {last.message}")


def has_score(trial: Trial) -> bool:
    """Whether a trial has a score that can be compared: one that failed, was rejected or came to no finite number has none."""
    return trial.score is not None and math.isfinite(trial.score)


def is_completed(trial: Trial) -> bool:
    """Whether it ended with a score that can be compared."""
    return trial.status == COMPLETED and trial.score is not None and math.isfinite(trial.score)


def completed(trials: Iterable[Trial]) -> list[Trial]:
    """The completed trials, best first; of equals the earlier one first."""
    return sorted(filter(is_completed, trials), key=by_score)


def by_score(trial: Trial) -> tuple[float, int]:
    """What completed trials are sorted by."""
    return -float(trial.score or 0.0), trial.number


def fullest(trials: Iterable[Trial]) -> list[Trial]:
    """The completed trials of the largest budget that one was completed with, best first: their scores can be compared."""
    done = completed(trials)
    most = max((trial.budget for trial in done), default=1.0)
    return [trial for trial in done if trial.budget == most]


def comparable(trials: Iterable[Trial]) -> list[Trial]:
    """The completed trials of the budget that most were completed with, of equals the larger one, best first."""
    done = completed(trials)
    counts = Counter(trial.budget for trial in done)
    most = max(counts, key=lambda budget: (counts[budget], budget), default=1.0)
    return [trial for trial in done if trial.budget == most]


def spent(trials: Iterable[Trial]) -> tuple[int, float]:
    """What trials cost: how many were trained (failed ones too, rejected ones not), and the seconds of all.

    One that was trained with a share of the budget counts with its share, a candidate that went on with the last; the sum
    is rounded up.
    """
    listed = list(trials)
    shares: dict[str, float] = {}
    for trial in listed:
        if trial.status != REJECTED:
            shares[trial.candidate] = max(trial.budget, shares.get(trial.candidate, 0.0))
    return math.ceil(sum(shares.values()) - 1e-9), sum(trial.seconds for trial in listed)


def leaderboard(trials: Iterable[Trial]) -> pd.DataFrame:
    """One row a trial, best first, then those that failed or were rejected.

    Columns: `trial`, `status`, `score`, the metrics, the costs, `seconds`, `origin`, the hyperparameters, `message`.
    A metric, a cost or a hyperparameter of the name of a column before it says after it what it is.
    """
    import pandas as pd

    trials = list(trials)
    best = completed(trials)
    rest = [t for t in trials if t.status != COMPLETED or t.score is None]
    own = {"trial", "status", "score", "seconds", "origin", "message"}
    measured = {n: _column(n, "metric", own) for t in trials for n in t.metrics}
    measured |= {n: _column(n, "cost", own) for t in trials for n in t.costs}
    chosen = {n: _column(n, "hyperparameter", own | set(measured)) for t in trials for n in t.values}
    rows = [
        {
            "trial": t.number,
            "status": t.status,
            "score": t.score,
            **{measured[n]: value for n, value in {**t.metrics, **t.costs}.items()},
            "seconds": round(t.seconds, 3),
            "origin": t.origin,
            **{chosen[n]: value for n, value in t.values.items()},
            "message": t.message,
        }
        for t in best + rest
    ]
    frame = pd.DataFrame(rows)
    columns = ["trial", "status", "score", *measured.values(), "seconds", "origin", *chosen.values(), "message"]
    return frame.reindex(columns=list(dict.fromkeys(columns)))


def _column(name: str, kind: str, taken: set[str]) -> str:
    return f"{name} ({kind})" if name in taken else name
