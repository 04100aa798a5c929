"""What a search of the user's own aims at, and how the answers of its function are read."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas import objectives
from autonas.checks import number
from autonas.errors import InputError, TrialError

if TYPE_CHECKING:
    from autonas.loop import Outcome


@dataclasses.dataclass(frozen=True)
class Goal:
    """One objective of a search: a metric, or the number itself that `evaluate` returns, and which way is better."""

    name: str | None
    direction: str

    @property
    def sign(self) -> int:
        """What turns its value so that higher is better, and back."""
        return 1 if self.direction == "max" else -1


def read_goals(objective: Any) -> list[Goal]:
    """Reads an objective, or several.

    Args:
        objective: As `search` takes it.

    Raises:
        InputError: If it is none, or nothing says which direction is better.

    Example:

    >>> read_goals(["accuracy", {"energy": "min"}])
    [Goal(name='accuracy', direction='max'), Goal(name='energy', direction='min')]
    """
    if isinstance(objective, str) and objective in ("max", "min"):
        return [Goal(None, objective)]
    if isinstance(objective, str):
        return [Goal(objective, _known_direction(objective))]
    if isinstance(objective, Mapping) and objective:
        for name, direction in objective.items():
            if not isinstance(name, str) or direction not in ("max", "min"):
                raise InputError.of("objective", "a dict of metric -> 'max' or 'min'", repr(objective))
        return [Goal(name, direction) for name, direction in objective.items()]
    objective = getattr(objective, "objectives", objective)  # of a MultiObjective of Keras Tuner
    if isinstance(objective, (list, tuple)) and objective:
        goals = [goal for one in objective for goal in read_goals(one)]
        names = [goal.name for goal in goals]
        if len(goals) > 1 and (None in names or len(set(names)) < len(names)):
            raise InputError.of("objective", "several metrics, each of another name", repr(objective))
        return goals
    if hasattr(objective, "name") and getattr(objective, "direction", None) in ("max", "min"):
        return [Goal(str(objective.name), str(objective.direction))]
    raise InputError.of(
        "objective",
        "'max', 'min', the name of a metric, a dict of metric -> 'max' or 'min', or a list of objectives",
        repr(objective),
    )


def _known_direction(name: str) -> str:
    if name in objectives.COSTS:
        return "min"
    direction = objectives.DIRECTIONS.get(name.removeprefix("val_"))
    if direction is None:
        raise InputError.of(
            "objective",
            "'max', 'min', or a metric whose direction is known",
            repr(name),
            f"Say it: objective={{{name!r}: 'max'}} or {{{name!r}: 'min'}}.",
        )
    return direction


class Answers:
    """Reads what `evaluate` returns, as the loop takes it.

    The objectives are judged strictly. Of the other metrics it keeps the numbers: a NaN or an infinity is a metric that is
    missing in this trial, and what is no number at all is left out and named once, by `warn`.

    Args:
        goals: The objectives.
    """

    def __init__(self, goals: Sequence[Goal]) -> None:
        self._goals = list(goals)
        self._left_out: dict[str, Any] = {}

    def __call__(self, answer: Any) -> Outcome:
        """Reads one answer.

        Raises:
            TrialError: If an objective is not in it, or is no number.
        """
        from autonas.loop import Outcome

        goals, found = self._goals, dict(answer) if isinstance(answer, Mapping) else {self._goals[0].name: answer}
        if goals[0].name is None and None not in found:
            if len(found) != 1:
                raise TrialError(
                    f"evaluate returned the metrics {list(found)}: objective= has to say which of them counts."
                )
            goals = [Goal(next(iter(found)), goals[0].direction)]
        missing = [goal.name for goal in goals if goal.name not in found]
        if missing:
            raise TrialError(f"evaluate has to return {missing}, and returned {list(found)}.")
        values = {goal.name: _objective(found[goal.name]) for goal in goals}
        scores = [goal.sign * values[goal.name] for goal in goals]
        metrics = {name: value for name, value in values.items() if name is not None} | self._others(found, values)
        return Outcome(scores[0], metrics, scores=scores if len(scores) > 1 else ())

    def _others(self, found: Mapping[Any, Any], values: Mapping[Any, float]) -> dict[str, float]:
        """What is kept of the metrics that are no objectives."""
        read = {str(name): number(one) for name, one in found.items() if name not in values}
        for name, one in found.items():
            if name not in values and read[str(name)] is None:
                self._left_out.setdefault(str(name), one)
        return {name: one for name, one in read.items() if one is not None and math.isfinite(one)}

    def warn(self) -> None:
        """Warns of what was left out, if anything was."""
        if self._left_out:
            told = ", ".join(f"{name}={one!r}" for name, one in self._left_out.items())
            warnings.warn(f"What evaluate returned that is no number is left out: {told}.", stacklevel=3)


def _objective(answer: Any) -> float:
    value = number(answer)
    if value is None:
        raise TrialError(f"evaluate has to return numbers, and returned {answer!r}.")
    return value
