"""Search over anything: the loop of the tasks, for a space and a function of the user's own."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import arguments, progress, report, strategies
from autonas import control as control_module
from autonas.checks import number
from autonas.errors import InputError
from autonas.exploration import Completion, explore
from autonas.goals import Answers, Goal, read_goals
from autonas.project import Project
from autonas.screens.base import Candidate, Screen, checked
from autonas.search_result import SearchResult
from autonas.settings import described
from autonas.trial_store import TrialStore
from autonas.trials import BUDGET, bare, check_any_worked
from autonas.values import Values, legal_values, read, sample

if TYPE_CHECKING:
    import keras_tuner


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
    starting_points: Sequence[Values] | None = (),
    control: str | None = None,
    overwrite: bool = False,
    verbose: int = 0,
) -> SearchResult:
    """Searches any space with any function that says how good a candidate is.

    Args:
        space: A `keras_tuner.HyperParameters`, or a function `build(hp)` that asks one for values; what it returns is not
            looked at. It is called a hundred times or more to find what it asks for under which values (see
            `autonas.exploration.explore`), and once before each evaluation.
        evaluate: `evaluate(values)` measures a candidate, a dict with a value for each active hyperparameter. It returns a
            number, or a dict of metrics. If it raises, or an objective is NaN, an infinity or no number, that costs the
            candidate's own trial; of the other metrics, what is no finite number is left out. One with a second argument,
            `evaluate(values, budget)`, is told the share of a full evaluation, in (0, 1], that it is to take: 1 unless the
            strategy shares out budgets (`"hyperband"`, `"asha"`, Keras Tuner's `HyperbandOracle`), which needs this argument.
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
        control: `"random"` runs a random search after the search, with as many trials as were evaluated, or with `max_time` as
            many seconds, on top of it; a share of the budget counts as a share. `report()` compares the two. None runs none.
        overwrite: Whether to delete what `directory` holds of an earlier search.
        verbose: 0 shows nothing.

    Returns:
        An `autonas.SearchResult`.

    Raises:
        InputError: If an argument cannot be used; nothing was evaluated.
        ProjectError: If the directory holds a search of another space or of other arguments.
        SearchError: If the first five evaluations, or all of fewer, failed, with the reason of the last; or if the strategy
            proposes what is not in the space.

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
    declare, space = space if callable(space) else None, _space(space)
    goals = read_goals(objective)
    strategy = arguments.strategy(strategy, "score", len(goals) > 1)
    measure = _evaluate(evaluate, strategy)
    if costs is not None:
        measure, strategy = _with_costs(measure, costs, goals, strategy, space)
    complete_values, answers = Completion(declare) if declare is not None else dict, Answers(goals)
    control, verbose = arguments.control(control), arguments.verbosity(verbose)
    max_trials = arguments.whole_or_none("max_trials", max_trials, least=1)
    seconds = arguments.seconds("max_time", max_time)
    if max_trials is None and seconds is None:
        raise InputError.of("max_trials", "an integer where there is no max_time", "None")
    seed = arguments.whole("seed", seed, least=0)
    points = [read("a starting point", point, space) for point in starting_points or ()]
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
    store, control_store = _stores(directory, settings, arguments.flag("overwrite", overwrite))
    from autonas import loop

    if seconds is not None:
        begun -= sum(trial.seconds for trial in store.trials)

    def run(
        strategy: Any,
        store: TrialStore,
        most: int | None,
        seconds: float | None,
        begun: float,
        seed: int,
        **options: Any,
    ) -> None:
        aims = [(goal.name or "score", goal.sign) for goal in goals]
        view = progress.make(verbose, *aims[0], report.describe, most, seconds, begun, others=aims[1:])
        with view:
            view.resume(store.trials)
            loop.run(
                strategy,
                space,
                lambda number, values: answers(measure(complete_values(values))),
                store,
                max_trials=most,
                deadline=None if seconds is None else begun + seconds,
                epochs=9,  # of which an oracle makes shares: ninths, thirds and all, as strategies of ours do
                seed=seed,
                view=view,
                **options,
            )

    run(strategy, store, max_trials, seconds, begun, seed, screen=chosen, starting_points=points)
    check_any_worked(store.trials)
    if control is not None:
        most, left = control_module.budget(store.trials, control_store.trials, seconds is not None)
        run(strategies.get(control), control_store, most, left, time.monotonic(), control_module.seed(seed))
    answers.warn()
    return SearchResult(store.trials, goals, space, control_store.trials)


def _space(space: Any) -> keras_tuner.HyperParameters:
    import keras_tuner

    from autonas.hyperparameters import check_names

    if callable(space) and not isinstance(space, type):
        space = explore(space)
    if not isinstance(space, keras_tuner.HyperParameters):
        raise InputError.of("space", "a keras_tuner.HyperParameters, or a function that takes one", repr(space))
    if not space.space:
        raise InputError.of("space", "one of at least one hyperparameter", "none", "build(hp) asks hp for values.")
    check_names(space, "space")
    for hyperparameter in space.space:
        legal_values(hyperparameter)  # an error where there are too many
    return space


def _evaluate(evaluate: Any, strategy: Any) -> Callable[[Values], Any]:
    """Reads a function that may take a budget, as one that finds it among the values."""
    if not callable(evaluate):
        raise InputError.of("evaluate", "a function that takes the values of a candidate", repr(evaluate))
    from autonas.oracles import shares_out

    if not _takes_budget(evaluate):
        if shares_out(strategy):
            raise InputError.of(
                "evaluate", "evaluate(values, budget) with a strategy that shares out budgets", "one without a budget"
            )
        return lambda values: evaluate(bare(values))
    return lambda values: evaluate(bare(values), float(values.get(BUDGET, 1.0)))


def _with_costs(
    measure: Callable[[Values], Any],
    costs: Callable[[Values], Mapping[str, float]],
    goals: Sequence[Goal],
    strategy: Any,
    space: keras_tuner.HyperParameters,
) -> tuple[Callable[[Values], Any], Any]:
    """An evaluation that brings the costs too, and the strategy that foresees them.

    Raises:
        InputError: If `costs` is no function, or does not return a dict, of numbers for the objectives in it, when it is
            asked about one candidate.
    """
    if not callable(costs):
        raise InputError.of(
            "costs", "a function of the values of a candidate that returns a dict of metrics", repr(costs)
        )
    told = costs(sample(space, np.random.default_rng(0)))
    if not isinstance(told, Mapping):
        raise InputError.of("What costs returns", "a dict of metrics", repr(told))
    names = [goal.name or "" for goal in goals]
    for name in names:
        if name in told and number(told[name]) is None:
            raise InputError.of(f"{name!r} in what costs returns", "a number", repr(told[name]))

    def measured(values: Values) -> Any:
        found = measure(values)
        return {**(found if isinstance(found, Mapping) else {goals[0].name: found}), **costs(bare(values))}

    def known(candidates: Sequence[Values]) -> np.ndarray:
        told = [costs(dict(values)) for values in candidates]
        read = [[number(one.get(name)) for name in names] for one in told]
        return np.array(read, dtype=float) * [goal.sign for goal in goals]

    return measured, strategy.foreseeing(known) if getattr(strategy, "foresees", False) else strategy


def _takes_budget(evaluate: Callable[..., Any]) -> bool:
    """Whether a function has a second argument that has to be given, or one that is called budget.

    Raises:
        InputError: If it cannot be called with the values, or the values and a budget, alone.
    """
    try:
        signature = inspect.signature(evaluate)
    except (TypeError, ValueError):  # a function of C may not say
        return False
    taken = signature.parameters.values()
    positional = [p for p in taken if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    budget = len(positional) > 1 and (
        positional[1].default is inspect.Parameter.empty or positional[1].name == "budget"
    )
    try:
        signature.bind(*[{}, 1.0][: 1 + budget])
    except TypeError as error:
        raise InputError.of(
            "evaluate", "evaluate(values) or evaluate(values, budget)", f"evaluate{signature}"
        ) from error
    return budget


def _screen(screen: Any, strategy: Any, space: keras_tuner.HyperParameters) -> Screen | None:
    """Reads a screen, and asks it about two candidates, so that what is wrong with it is said before any evaluation."""
    chosen = arguments.screen(screen, strategy)
    if chosen is None:
        return None
    if chosen.needs_network:
        raise InputError.of("screen", "one that needs no networks, since this space has none", repr(chosen))
    rng = np.random.default_rng(0)
    candidates = [Candidate(sample(space, rng), space) for _ in range(2)]
    checked(chosen, chosen.score(candidates, []), candidates)
    return chosen


def _stores(
    directory: str | Path | None, settings: Mapping[str, Any], overwrite: bool
) -> tuple[TrialStore, TrialStore]:
    """Where the trials of the search are kept, and those of its control."""
    if directory is None:
        return TrialStore(None), TrialStore(None)
    project = Project(arguments.folder("directory", directory))
    project.check_writable()
    store = project.open(settings, {"task": "search"}, overwrite)
    return store, TrialStore(project.folder / control_module.FOLDER, store.fingerprint)
