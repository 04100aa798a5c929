"""The front of a search with several objectives: who is on it, where its knee is, how it grew, and who keeps to some limits.

Trials carry their scores turned so that higher is better. What is shown is turned back into the objectives' own units.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autonas import pareto
from autonas.checks import number
from autonas.errors import AutonasError, InputError, SearchError
from autonas.estimators.base import TIMINGS
from autonas.trials import REJECTED, Trial, bare, completed, key, scores_of

if TYPE_CHECKING:
    import pandas as pd

KNEE = "knee"
SEARCHED, RETRAINED = "searched", "retrained"


class Aim(Protocol):
    """An objective as it is needed here."""

    @property
    def name(self) -> str | None:
        """What it is called; None for the number itself that a function returned."""

    @property
    def sign(self) -> int:
        """What turns its value so that higher is better, and back: 1 or -1."""


def members(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other is better than in one objective and at least as good in all, best first by the first one."""
    done = [trial for trial in completed(trials) if scores_of(trial)]
    if not done:
        return []
    return [trial for trial, kept in zip(done, pareto.is_efficient(_table(done)), strict=True) if kept]


def distances(scores: np.ndarray, front: np.ndarray) -> np.ndarray:
    """How far candidates are from the ideal point, which has the best of the front in every objective.

    Args:
        scores: Shape (candidates, objectives), higher is better.
        front: Shape (trials, objectives), the front that the distances are measured by.

    Returns:
        Floats of the shape (candidates,), each objective in units of its range on the front. The least of them is the knee's.

    References:
    - Zeleny, 1973, Compromise Programming: the front's point that is nearest to the ideal one.
    """
    return np.sqrt((((front.max(axis=0) - scores) / _spread(front)) ** 2).sum(axis=1))


def knee(trials: Sequence[Trial]) -> Trial:
    """The trial of the front that is nearest to the ideal point.

    Raises:
        SearchError: If none completed.
    """
    front = members(trials)
    if not front:
        raise SearchError(f"There is no front: none of the {len(trials)} trials completed.")
    return front[int(np.argmin(distances(_table(front), _table(front))))]


def ordered(trials: Sequence[Trial]) -> list[Trial]:
    """Orders trials for the final training: the front spread out, then the rest.

    The knee comes first, then always that trial of the front that is farthest from those before it (in the units of
    `distances`), so that however many are taken they are spread over it. The rest is in the order of NSGA-II. Of a candidate
    that has several trials the first in the order of `autonas.trials.completed` stands for it.
    """
    different: dict[str, Trial] = {}
    for trial in completed(trials):
        if scores_of(trial):
            different.setdefault(key(bare(trial.values)), trial)
    done = list(different.values())
    front = members(done)
    if not front:
        return done
    places = _table(front) / _spread(_table(front))
    chosen = [front.index(knee(done))]
    while len(chosen) < len(front):
        apart = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(axis=1)
        apart[chosen] = -1
        chosen.append(int(apart.argmax()))
    numbers = {trial.number for trial in front}
    rest = [done[place] for place in pareto.best_first(_table(done)) if done[place].number not in numbers]
    return [front[place] for place in chosen] + rest


def table(trials: Sequence[Trial], aims: Sequence[Aim], retrained: Mapping[int, Mapping[str, float]]) -> pd.DataFrame:
    """The front, one row a trial, in the search best first by the first objective.

    Who is on the front is decided by the values of the search, which can be compared with each other. What is shown of a
    trial that was trained in full is that training's, and the search's is in a column of its own.

    Args:
        trials: Of the search.
        aims: The objectives.
        retrained: The metrics of full trainings, by the number of the trial.

    Returns:
        Columns `trial`, `values` (`"retrained"` or `"searched"`), the objectives, `<objective> in search` for those that a
        training shows, all costs (with the ends of their intervals), `seconds`, `origin` and the hyperparameters.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for trial in members(trials):
        full = retrained.get(trial.number)
        searched = dict(zip([str(aim.name) for aim in aims], _values(trial, aims), strict=True))
        row: dict[str, Any] = {"trial": trial.number, "values": SEARCHED if full is None else RETRAINED, **searched}
        for name, value in searched.items():
            if name not in trial.costs:
                row[name] = (full or {}).get(name, value)
                row[f"{name} in search"] = value
        row |= {name: value for name, value in trial.costs.items() if name not in searched}
        hyperparameters = {n if n not in row else f"{n} (hyperparameter)": v for n, v in trial.values.items()}
        rows.append({**row, "seconds": round(trial.seconds, 3), "origin": trial.origin, **hyperparameters})
    if not rows:
        return pd.DataFrame(columns=["trial", "values", *(str(aim.name) for aim in aims)])
    return pd.DataFrame(rows)


def hypervolumes(trials: Sequence[Trial], aims: Sequence[Aim], reference: Any = None) -> pd.DataFrame:
    """How much the front covered after each trial.

    Args:
        trials: Of the search.
        aims: The objectives.
        reference: name -> value from which on it counts. None takes the worst of all completed trials in each objective, so
            volumes of different searches cannot be compared by it.

    Returns:
        One row a trial: `trial`, `seconds` (until its end, those of all trials before it included), `hypervolume` (in the
        product of the objectives' units). The reference is in `.attrs["reference"]`.

    Raises:
        InputError: If the reference is not of exactly the objectives.
    """
    import pandas as pd

    listed = sorted(trials, key=lambda trial: trial.number)
    names = [str(aim.name) for aim in aims]
    origin = _reference(listed, aims, reference)
    rows: list[dict[str, float]] = []
    seconds, volume = 0.0, 0.0
    front = np.zeros((0, len(aims)))
    for trial in listed:
        seconds += trial.seconds
        scores = scores_of(trial)
        if scores:
            front = np.vstack([front, scores])
            front = front[pareto.is_efficient(front)]
            volume = pareto.hypervolume(front, list(origin))
        rows.append({"trial": trial.number, "seconds": seconds, "hypervolume": volume})
    told = pd.DataFrame(rows, columns=["trial", "seconds", "hypervolume"])
    told.attrs["reference"] = {n: float(aim.sign * o) for n, aim, o in zip(names, aims, origin, strict=True)}
    return told


def within(trials: Sequence[Trial], aims: Sequence[Aim], limits: Mapping[str, Any]) -> Trial:
    """The best trial that keeps to limits: on costs the most that they may be, on an objective the worst that it may be.

    Best is by the first objective without a limit, or by the first one where all have one.

    Args:
        trials: Of the search.
        aims: The objectives.
        limits: name -> number.

    Raises:
        InputError: If a limit is on what was not measured, or no trial keeps to them; what the front offers is named.
    """
    done = [trial for trial in completed(trials) if scores_of(trial)]
    signs = {str(aim.name): aim.sign for aim in aims}
    known = sorted({*signs, *(name for trial in done for name in trial.costs)} - {*TIMINGS})
    for name, limit in limits.items():
        if name not in known:
            raise InputError.of("A limit of select", f"on one of {known}, which the trials have", repr(name))
        if isinstance(limit, bool) or not isinstance(limit, numbers.Real) or math.isnan(float(limit)):
            raise InputError.of(f"select({name}=)", "a number", repr(limit))

    def value(trial: Trial, name: str) -> float:
        return dict(zip(signs, _values(trial, aims), strict=True)).get(name, trial.costs.get(name, np.inf))

    def keeps(trial: Trial) -> bool:
        return all(
            signs.get(name, -1) * value(trial, name) >= signs.get(name, -1) * limit for name, limit in limits.items()
        )

    fitting = [trial for trial in done if keeps(trial)]
    if not fitting:
        front = members(done)
        ranges = {name: [value(trial, name) for trial in front] for name in dict.fromkeys([*signs, *limits])}
        offers = ", ".join(f"{name} from {min(v):.4g} to {max(v):.4g}" for name, v in ranges.items() if v)
        raise InputError.of(
            "The limits of select", "ones that a trial keeps to", dict(limits), f"The front offers {offers}."
        )
    leading = next((place for place, name in enumerate(signs) if name not in limits), 0)
    return max(fitting, key=lambda trial: (scores_of(trial)[leading], *scores_of(trial)))


def plot(trials: Sequence[Trial], aims: Sequence[Aim], path: str | Path, shown: pd.DataFrame | None = None) -> Path:
    """Draws the first two objectives of all trials with the front, and beside it the hypervolume over time.

    Args:
        trials: Of the search.
        aims: The objectives.
        path: Of the picture; its suffix says which format (`.png`, `.svg`, `.pdf`).
        shown: What `table` returned; who was retrained in it is drawn too.

    Raises:
        AutonasError: If matplotlib is not installed.
        InputError: If there is no picture of that suffix, or it cannot be written there.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise AutonasError("A plot needs matplotlib, which is not installed: pip install 'autonas[plot]'") from error
    first, second = str(aims[0].name), str(aims[1].name)
    done = np.array([_values(trial, aims)[:2] for trial in trials if scores_of(trial)]).reshape(-1, 2)
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.scatter(done[:, 1], done[:, 0], s=14, color="0.7", label="trials")
    _draw_front(left, members(trials), aims)
    if shown is not None and (shown["values"] == RETRAINED).any():
        full = shown[shown["values"] == RETRAINED]
        left.scatter(full[second], full[first], marker="*", s=90, color="tab:red", label="retrained", zorder=3)
    left.set(xlabel=second, ylabel=first)
    left.legend()
    volumes = hypervolumes(trials, aims)
    right.step(volumes["seconds"], volumes["hypervolume"], where="post")
    right.set(xlabel="seconds", ylabel="hypervolume", ylim=(0, None))
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise InputError.of("path", "the name of a picture that can be written", f"{str(path)!r} ({error})") from error
    return Path(path)


def _draw_front(axes: Any, front: Sequence[Trial], aims: Sequence[Aim]) -> None:
    """The front in the first two objectives, with the intervals of what was measured.

    Between two points there is no model: what can be had until the next one is the one before it, so the line has steps. Points
    that only a third objective holds on the front are beside it.
    """
    if not front:
        return
    first, second = aims[:2]
    values = np.array([_values(trial, aims)[:2] for trial in front])
    bars = [_interval(front, str(aim.name), values[:, place]) for place, aim in enumerate((first, second))]
    (points, *_) = axes.errorbar(
        values[:, 1], values[:, 0], bars[0], bars[1], "o", markersize=4, elinewidth=1, label="front, as searched"
    )
    steps = values[pareto.is_efficient(_table(front)[:, :2])]
    steps = steps[np.argsort(steps[:, 1], kind="stable")]
    axes.step(steps[:, 1], steps[:, 0], where="post" if second.sign < 0 else "pre", color=points.get_color())


def _interval(front: Sequence[Trial], name: str, values: np.ndarray) -> np.ndarray | None:
    """How far the ends of its interval are below and above each value; None where it is exact."""
    ends = [(trial.costs.get(f"{name}_low"), trial.costs.get(f"{name}_high")) for trial in front]
    known = [
        (v if low is None else low, v if high is None else high) for (low, high), v in zip(ends, values, strict=True)
    ]
    distances = np.abs(np.array(known).T - values)
    return distances if distances.any() else None


def summary(trials: Sequence[Trial], aims: Sequence[Aim], control: Sequence[Trial] = ()) -> list[str]:
    """The front in some lines: how many are on it, its ends, its knee, and what it covers.

    Args:
        trials: Of the search.
        aims: The objectives.
        control: The trials of a random search at the same budget.
    """
    front = members(trials)
    if not front:
        return []
    reference = hypervolumes([*trials, *control], aims).attrs["reference"]
    volumes = hypervolumes(trials, aims, reference)["hypervolume"]
    told = {"Knee": knee(trials)}
    for place, aim in enumerate(aims):
        told[f"Best {aim.name}"] = front[int(_table(front)[:, place].argmax())]
    lines = [
        f"Front: {len(front)} of {len(completed(trials))} trials, hypervolume {volumes.iloc[-1]:.4g} "
        f"({volumes.iloc[(len(volumes) - 1) // 2]:.4g} after half of the trials)",
        f"  above {', '.join(f'{name} {value:.4g}' for name, value in reference.items())}",
        *(f"  {name}: trial {trial.number + 1}, {named(trial, aims)}" for name, trial in told.items()),
    ]
    if members(control):
        random = hypervolumes(control, aims, reference)["hypervolume"].iloc[-1]
        trained = sum(trial.status != REJECTED for trial in control)
        gained = f", the search's is {volumes.iloc[-1] / random - 1:+.1%}" if random > 0 else ""
        lines.append(f"Random search at the same budget (one run, {trained} trained): hypervolume {random:.4g}{gained}")
    return lines


def named(trial: Trial, aims: Sequence[Aim]) -> str:
    """The values of a trial with their names, one line."""
    return ", ".join(f"{aim.name} {value:.4g}" for aim, value in zip(aims, _values(trial, aims), strict=True))


def _values(trial: Trial, aims: Sequence[Aim]) -> list[float]:
    """The objectives of a trial in their own units."""
    return [aim.sign * score for aim, score in zip(aims, scores_of(trial), strict=True)]


def _reference(trials: Sequence[Trial], aims: Sequence[Aim], reference: Any) -> np.ndarray:
    if reference is None:
        scores = [scores for trial in trials if (scores := scores_of(trial))]
        return np.min(scores, axis=0) if scores else np.zeros(len(aims))
    names = [str(aim.name) for aim in aims]
    known = isinstance(reference, Mapping) and set(reference) == set(names)
    told = np.array([number(reference[name]) for name in names] if known else np.nan, dtype=float)
    if np.isnan(told).any():
        raise InputError.of("reference", f"a dict with a number for each of {names}", repr(reference))
    return told * [aim.sign for aim in aims]


def _table(trials: Sequence[Trial]) -> np.ndarray:
    return np.array([scores_of(trial) for trial in trials], dtype=float)


def _spread(front: np.ndarray) -> np.ndarray:
    spread = front.max(axis=0) - front.min(axis=0)
    return np.where(spread > 0, spread, 1.0)
