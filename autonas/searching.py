"""Search over anything: the loop of the tasks, for a space and a function of the user's own."""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import arguments, front, objectives, progress, report
from autonas import trials as trials_module
from autonas.errors import InputError, SearchError, TrialError
from autonas.project import Project
from autonas.screens.base import Candidate, Screen
from autonas.settings import described
from autonas.trials import BUDGET, FAILED, Trial, TrialStore, bare, completed
from autonas.values import Values, complete, is_legal, sample

if TYPE_CHECKING:
    import keras_tuner
    import pandas as pd

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


def search(
    space: keras_tuner.HyperParameters | Callable[[keras_tuner.HyperParameters], Any],
    evaluate: Callable[..., float | Mapping[str, float]],
    strategy: Any = None,
    screen: Any = None,
    objective: Any = "max",
    max_trials: int | None = 90,
    seed: int = 0,
    directory: str | Path | None = None,
    *,
    costs: Callable[[Values], Mapping[str, float]] | None = None,
    max_time: float | str | None = None,
    starting_points: Sequence[Values] = (),
    overwrite: bool = False,
    verbose: int = 0,
) -> SearchResult:
    """Searches any space with any function that says how good a candidate is.

    Args:
        space: A `keras_tuner.HyperParameters`, or a function `build(hp)` that asks one for values (conditional ones too); what
            it returns is not looked at.
        evaluate: `evaluate(values)` measures a candidate, a dict with a value for each active hyperparameter. It returns a
            number, or a dict of metrics. If it raises, or returns NaN or an infinity, that costs the candidate's own trial. One
            with a second argument, `evaluate(values, budget)`, is told the share of a full evaluation, in (0, 1], that it is to
            take: 1 unless the strategy shares out budgets (`"hyperband"`, `"asha"`), which need this argument.
        strategy: Who proposes: a name, an `autonas.Strategy`, or an oracle of Keras Tuner (class or instance). None means
            `"evolution"`, and `"hypervolume"` where there are several objectives. With several of them, a strategy for one is
            asked with random weighings (`autonas.ParEGO`).
        screen: Who chooses among proposals before they are evaluated: a function `screen(list_of_values) -> scores` (higher is
            better), an `autonas.screens.base.Screen`, or a list of these, which then vote by their ranks. None chooses none.
        objective: `"max"` or `"min"` for a number. For a dict of metrics the name of one (`"accuracy"`, `"val_loss"`,
            `"latency_ms"`: those of Keras and autonas's costs have a known direction), `{"name": "max"}`, or a
            `keras_tuner.Objective`. For several objectives a list of these, or a dict of several.
        max_trials: Most candidates to evaluate; None leaves the end to `max_time`.
        seed: Of all that is random.
        directory: Folder that keeps the trials, so that the same call goes on after a stop (Ctrl-C too). None writes nothing.
        costs: `costs(values)` returns a dict of metrics that are known without an evaluation, and at once: it is asked for
            hundreds of candidates a trial. They are added to what `evaluate` returns, which need not return them itself. A
            strategy that `foresees` (`"hypervolume"`) looks at them before it proposes.
        max_time: Bound on the search, earlier runs in the same `directory` included: seconds, or `"90s"`, `"10m"`, `"2h"`. An
            evaluation that has begun is not cut.
        starting_points: Candidates to evaluate first; what they leave open gets its default.
        overwrite: Whether to delete what `directory` holds of an earlier search.
        verbose: 0 shows nothing.

    Returns:
        An `autonas.searching.SearchResult`.

    Raises:
        InputError: If an argument cannot be used; nothing was evaluated.
        ProjectError: If the directory holds a search of another space or of other arguments.
        SearchError: If the first five evaluations all failed, with the reason of the last.

    Example:

    >>> def build(hp):
    ...     if hp.Choice("kind", ["line", "wave"]) == "wave":
    ...         with hp.conditional_scope("kind", ["wave"]):
    ...             hp.Float("frequency", 0.1, 10.0, sampling="log")
    ...     hp.Int("width", 1, 20)
    >>> result = autonas.search(build, lambda values: abs(values["width"] - 7), objective="min", max_trials=30)
    >>> result.best.score
    0.0
    """
    begun = time.monotonic()
    space = _space(space)
    goals = read_goals(objective)
    strategy = arguments.strategy(strategy, "score", len(goals) > 1)
    measure = _evaluate(evaluate, strategy)
    if costs is not None:
        measure, strategy = _with_costs(measure, costs, goals, strategy)
    max_trials = arguments.whole_or_none("max_trials", max_trials, least=1)
    seconds = arguments.seconds("max_time", max_time)
    if max_trials is None and seconds is None:
        raise InputError.of("max_trials", "an integer where there is no max_time", "None")
    seed = arguments.whole("seed", seed, least=0)
    points = [_point(point, space) for point in starting_points]
    chosen = _screen(screen, strategy, space)
    settings = {
        "space": space.get_config()["space"],
        "strategy": described(strategy),
        "screen": described(chosen),
        "objective": [[goal.name, goal.direction] for goal in goals],
        "starting_points": points,
        "seed": seed,
        **({} if costs is None else {"costs": getattr(costs, "__qualname__", type(costs).__qualname__)}),
    }
    store = _store(directory, settings, overwrite)
    from autonas import loop

    if seconds is not None:
        begun -= sum(trial.seconds for trial in store.trials)
    name = goals[0].name or "score"
    others = [(goal.name or "", goal.sign) for goal in goals[1:]]
    with progress.make(
        verbose, name, goals[0].sign, report.describe, max_trials, seconds, begun, others=others
    ) as view:
        view.resume(store.trials)
        loop.run(
            strategy,
            space,
            lambda number, values: _outcome(measure(values), goals),
            store,
            screen=chosen,
            starting_points=points,
            max_trials=max_trials,
            deadline=None if seconds is None else begun + seconds,
            seed=seed,
            view=view,
        )
    return SearchResult(store.trials, goals)


class SearchResult:
    """What a search found, in the units and the direction of `evaluate`.

    Args:
        found: The trials, scores turned so that higher is better.
        goals: The objectives.

    Attributes:
        trials: All trials in the order of their numbers, their scores as `evaluate` returned them.

    Example:

    >>> result = autonas.search(space, evaluate, objective="min")
    >>> result.best.values, result.best.score
    """

    def __init__(self, found: Sequence[Trial], goals: Sequence[Goal]) -> None:
        self._found, self._goals = list(found), list(goals)
        self.trials = [self._as_returned(trial) for trial in found]

    @property
    def best(self) -> Trial:
        """The best trial; of several objectives the best by the first.

        Raises:
            SearchError: If none completed.
        """
        done = completed(self._found)
        if not done:
            failed = [trial.message for trial in self._found if trial.status == FAILED]
            last = f" The last one said: {failed[-1]}" if failed else ""
            raise SearchError(f"None of the {len(self._found)} trials completed.{last}")
        return self._as_returned(done[0])

    def leaderboard(self) -> pd.DataFrame:
        """One row a trial, best first: status, score, metrics, seconds, hyperparameters."""
        return self._table(self._found)

    def pareto_front(self) -> pd.DataFrame:
        """The trials that no other one is better than in one objective and at least as good in all, best first.

        With one objective these are the best trial and its equals.
        """
        return self._table(front.members(self._found))

    def hypervolume(self, reference: Mapping[str, float] | None = None) -> pd.DataFrame:
        """How much the front covered after each trial.

        Args:
            reference: objective -> value from which on it counts. None takes the worst of the trials in each.

        Returns:
            Columns `trial`, `seconds` (of all trials until then) and `hypervolume`; the reference is in
            `.attrs["reference"]`.

        Raises:
            InputError: If the reference is not of exactly the objectives.
        """
        return front.hypervolumes(self._found, self._goals, reference)

    def _table(self, found: Sequence[Trial]) -> pd.DataFrame:
        table = trials_module.leaderboard(found)
        table["score"] = self._goals[0].sign * table["score"].astype(float)
        return table

    def _as_returned(self, trial: Trial) -> Trial:
        scores = [goal.sign * score for goal, score in zip(self._goals, trial.scores, strict=False)]
        score = None if trial.score is None else self._goals[0].sign * trial.score
        return dataclasses.replace(trial, score=score, scores=scores)

    def __repr__(self) -> str:
        done = completed(self._found)
        best = f", best {self.best.score:.6g} with {self.best.values}" if done else ""
        return f"SearchResult({len(done)} of {len(self.trials)} trials completed{best})"


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


def _space(space: Any) -> keras_tuner.HyperParameters:
    import keras_tuner

    from autonas.hyperparameters import check_names, explore

    if callable(space) and not isinstance(space, type):
        space = explore(space)
    if not isinstance(space, keras_tuner.HyperParameters):
        raise InputError.of("space", "a keras_tuner.HyperParameters, or a function that takes one", repr(space))
    if not space.space:
        raise InputError.of("space", "one of at least one hyperparameter", "none", "build(hp) asks hp for values.")
    check_names(space, "space")
    return space


def _evaluate(evaluate: Any, strategy: Any) -> Callable[[Values], Any]:
    """Reads a function that may take a budget, as one that finds it among the values."""
    if not callable(evaluate):
        raise InputError.of("evaluate", "a function that takes the values of a candidate", repr(evaluate))
    if not _takes_budget(evaluate):
        if getattr(strategy, "multi_fidelity", False):
            raise InputError.of(
                "evaluate", "evaluate(values, budget) with a strategy that shares out budgets", "one without a budget"
            )
        return lambda values: evaluate(dict(values))
    return lambda values: evaluate(bare(values), float(values.get(BUDGET, 1.0)))


def _with_costs(
    measure: Callable[[Values], Any],
    costs: Callable[[Values], Mapping[str, float]],
    goals: Sequence[Goal],
    strategy: Any,
) -> tuple[Callable[[Values], Any], Any]:
    """An evaluation that brings the costs too, and the strategy that foresees them.

    Raises:
        InputError: If `costs` is no function.
    """
    if not callable(costs):
        raise InputError.of(
            "costs", "a function of the values of a candidate that returns a dict of metrics", repr(costs)
        )

    def measured(values: Values) -> Any:
        found = measure(values)
        return {**(found if isinstance(found, Mapping) else {goals[0].name: found}), **costs(bare(values))}

    def known(candidates: Sequence[Values]) -> np.ndarray:
        told = [costs(dict(values)) for values in candidates]
        return np.array([[goal.sign * float(one.get(goal.name or "", np.nan)) for goal in goals] for one in told])

    return measured, strategy.foreseeing(known) if getattr(strategy, "foresees", False) else strategy


def _takes_budget(evaluate: Callable[..., Any]) -> bool:
    """Whether a function has a second argument that has to be given, or one that is called budget."""
    try:
        taken = list(inspect.signature(evaluate).parameters.values())
    except (TypeError, ValueError):  # a function of C may not say
        return False
    positional = [p for p in taken if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 1 and (positional[1].default is inspect.Parameter.empty or positional[1].name == "budget")


def _point(point: Any, space: keras_tuner.HyperParameters) -> Values:
    """A starting point, complete.

    Raises:
        InputError: If it is not in the space.
    """
    if not isinstance(point, Mapping):
        raise InputError.of("A starting point", "a dict of hyperparameter -> value", repr(point))
    values = complete(space, lambda hyperparameter: point.get(hyperparameter.name, hyperparameter.default))
    odd = sorted(set(point) - set(values))
    if odd:
        raise InputError.of("A starting point", "of hyperparameters that are active in it", f"{odd} in {dict(point)}")
    for hyperparameter in space.space:
        name = hyperparameter.name
        if name in values and not is_legal(hyperparameter, values[name]):
            raise InputError.of(f"{name!r} of a starting point", "one of its values", repr(values[name]))
    return values


def _screen(screen: Any, strategy: Any, space: keras_tuner.HyperParameters) -> Screen | None:
    """Reads a screen, and asks it about one candidate, so that what is wrong with it is said before any evaluation."""
    chosen = arguments.screen(screen, strategy)
    if chosen is None:
        return None
    if chosen.needs_network:
        raise InputError.of("screen", "one that needs no networks, since this space has none", repr(chosen))
    chosen.score([Candidate(sample(space, np.random.default_rng(0)), space)], [])
    return chosen


def _store(directory: str | Path | None, settings: Mapping[str, Any], overwrite: bool) -> TrialStore:
    if directory is None:
        return TrialStore(None)
    project = Project(Path(directory))
    project.check_writable()
    return project.open(settings, {"task": "search"}, overwrite)


def _outcome(result: Any, goals: Sequence[Goal]) -> Outcome:
    """What `evaluate` returned, as the loop takes it.

    Raises:
        TrialError: If the objective is not in it, or a number is none.
    """
    from autonas.loop import Outcome

    found = dict(result) if isinstance(result, Mapping) else {goals[0].name: result}
    if isinstance(result, Mapping) and goals[0].name is None:
        if len(found) != 1:
            raise TrialError(
                f"evaluate returned the metrics {list(found)}: objective= has to say which of them counts."
            )
        goals = [Goal(next(iter(found)), goals[0].direction)]
    metrics: dict[str | None, float] = {}
    for name, value in found.items():
        try:
            metrics[name] = float(value)
        except (TypeError, ValueError) as error:
            raise TrialError(f"evaluate has to return numbers, and returned {value!r}.") from error
    missing = [goal.name for goal in goals if goal.name not in metrics]
    if missing:
        raise TrialError(f"evaluate has to return {missing}, and returned {list(found)}.")
    scores = [goal.sign * metrics[goal.name] for goal in goals]
    named = {name: value for name, value in metrics.items() if name is not None}
    return Outcome(scores[0], named, scores=scores if len(scores) > 1 else ())
