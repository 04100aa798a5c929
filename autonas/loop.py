"""The search: the one loop, and the two ways in which Keras Tuner comes into it.

`StrategyOracle` makes any strategy of ours an oracle of Keras Tuner. `SearchTuner` is the tuner whose `search()` is the
loop: any oracle proposes, `evaluate` measures, the trial store keeps. What a search knows is in the trial store alone,
so it goes on after any stop as if there had been none.
"""

from __future__ import annotations

import dataclasses
import inspect
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras_tuner
import numpy as np

from autonas.errors import InputError, RejectedError, SearchError, TrialError
from autonas.strategies.base import Strategy, Values
from autonas.trials import COMPLETED, FAILED, REJECTED, Trial, TrialStore, key

STARTING_POINT = "starting point"
FIRST_FAILURES = 5  # so many failed trials and none completed: the reason is not the candidates
FRUITLESS = 200  # so many proposals in a row that were rejected, or already known: there is nothing new to find


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one evaluation found: the score (higher is better), the metrics and the costs."""

    score: float
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    costs: Mapping[str, float] = dataclasses.field(default_factory=dict)


Evaluate = Callable[[int, Values], Outcome]


class Interrupted(Exception):
    """Raised by `evaluate` when the time was up in the middle: the search ends, and the candidate leaves no trial.

    Args:
        outcome: What is known of the candidate all the same; recorded only if the search found nothing else.
    """

    def __init__(self, outcome: Outcome | None = None) -> None:
        super().__init__("The time was up.")
        self.outcome = outcome


class StrategyOracle(keras_tuner.Oracle):
    """A strategy as an oracle of Keras Tuner.

    The proposal for a trial depends on the trials before it and on (seed, number) alone.

    Args:
        strategy: Proposes candidates.
        objective: As every oracle takes it.
        max_trials: As every oracle takes it.
        seed: Of the search; 0 is a seed like any other.
        starting_points: Candidates to try first.
        **options: What `keras_tuner.Oracle` takes besides.

    Example:

    >>> oracle = StrategyOracle(Evolution(), objective=keras_tuner.Objective("val_accuracy", "max"), max_trials=20, seed=0)
    >>> tuner = keras_tuner.Tuner(oracle=oracle, hypermodel=build_model)
    """

    def __init__(
        self,
        strategy: Strategy,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int = 0,
        starting_points: Sequence[Values] = (),
        **options: Any,
    ) -> None:
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **options)
        self.seed = seed  # the base class draws a seed of its own in place of 0
        self.strategy = strategy
        self.starting_points = list(starting_points)

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Answers Keras Tuner: the values of the next trial, or that the space is covered."""
        values = self.propose(self.history())
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def propose(self, history: Sequence[Trial]) -> Values | None:
        """Chooses the candidate that follows a history; its length is the number of the new trial."""
        tried = {trial.key for trial in history}
        for point in self.starting_points:
            if key(point) not in tried:
                return dict(point)
        rng = np.random.default_rng([self.seed, len(history)])
        return self.strategy.propose(history, self.hyperparameters, rng)

    def history(self) -> list[Trial]:
        """The finished trials, as strategies read them."""
        higher = self.objective.direction == "max"
        return [
            Trial(
                number=number,
                values=dict(trial.hyperparameters.values),
                status=COMPLETED if trial.status == "COMPLETED" else FAILED,
                score=None if trial.score is None else float(trial.score if higher else -trial.score),
            )
            for number, trial in enumerate(self.trials[name] for name in self.start_order)
            if trial.status in ("COMPLETED", "FAILED")
        ]


class _StoredOracle(StrategyOracle):
    """The same over a trial store: the history is there, so the oracle writes nothing of its own."""

    def __init__(self, strategy: Strategy, store: TrialStore, **options: Any) -> None:
        super().__init__(strategy, **options)
        self.store = store

    def history(self) -> list[Trial]:
        return self.store.before(self.store.next_number)

    def save(self, fname: str | None = None) -> None:
        """Writes nothing."""

    def _save_trial(self, trial: Any) -> None:
        """Writes nothing: Keras Tuner would write all that it knows at each trial."""


class SearchTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """The tuner of a search: Keras Tuner's loop, with trials kept in a store and an end by trials or by time.

    Args:
        oracle: Proposes.
        evaluate: `evaluate(number, values)` measures a candidate. Raises TrialError for one that cannot be measured,
            RejectedError for one over a limit, Interrupted when the time was up.
        store: Keeps the trials; those that it has are never evaluated again.
        origin: Who proposes, for the records.
        max_trials: Ends the search when so many trials were trained (failed ones too, rejected ones not); None never.
        deadline: Ends it at this time of `time.monotonic()`; None never.
        view: Told of each trial: `trial_begins(number, values)`, `trial_ends(trial)`.
    """

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        evaluate: Evaluate,
        store: TrialStore,
        origin: str = "",
        max_trials: int | None = None,
        deadline: float | None = None,
        view: Any = None,
        directory: str | None = None,
    ) -> None:
        super().__init__(oracle, directory=directory, project_name="oracle")
        oracle.verbose = 0
        self.evaluate = evaluate
        self.store = store
        self.origin = origin
        self.budget = max_trials
        self.deadline = deadline
        self.view = view
        self._fruitless = 0
        self._ended = self._failed = False

    def search(self, starting_points: Sequence[Values] = ()) -> None:
        """Runs until the budget is spent or the oracle stops.

        Args:
            starting_points: Candidates to try before the oracle is asked.

        Raises:
            SearchError: If the first trials all failed, with the last one's reason.
        """
        try:
            for point in starting_points:
                self.pre_create_trial()
                self.answer(point, STARTING_POINT)
            with warnings.catch_warnings():
                # Keras Tuner asks the thread for its name in a way that Python calls old.
                warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)
                super().search()
        except _Ended:
            return

    def pre_create_trial(self) -> None:
        """Ends the search when its budget is spent, before an oracle thinks about one more trial."""
        trained = [t for t in self.store.trials if t.status != REJECTED]
        failed = [t for t in trained if t.status == FAILED]
        if len(failed) >= FIRST_FAILURES and len(failed) == len(trained):
            raise SearchError(f"The first {len(failed)} trials all failed. The last one said: {failed[-1].message}")
        over = self.budget is not None and len(trained) >= self.budget
        late = self.deadline is not None and time.monotonic() >= self.deadline
        if over or late or self._ended or self._fruitless >= FRUITLESS:
            raise _Ended

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> dict[str, float]:
        """Answers an oracle's proposal, from the store when the candidate is known."""
        hp = trial.hyperparameters
        known = {h.name for h in hp.space}
        active = {h.name for h in hp.space if hp.is_active(h)}
        values = {n: _plain(v) for n, v in hp.values.items() if n in active or n not in known}
        points = [key(p) for p in getattr(self.oracle, "starting_points", ())]
        result = self.answer(values, STARTING_POINT if key(values) in points else self.origin)
        self._failed = result is None or result.score is None
        score = 0.0 if result is None or result.score is None else result.score
        return {"score": score, **({} if result is None else result.metrics)}

    def on_trial_end(self, trial: Any) -> None:
        """Ends the trial for the oracle. One that failed is marked here: raised, it would print its traceback."""
        if self._failed:
            trial.status = "FAILED"
        super().on_trial_end(trial)

    def answer(self, values: Values, origin: str) -> Trial | None:
        """Returns the trial of a candidate: the recorded one, or a new one; None when the time was up."""
        for trial in self.store.trials:
            if trial.key == key(values):
                self._fruitless += 1
                return trial
        new = self._measure(values, origin)
        if new is not None:
            self._fruitless = self._fruitless + 1 if new.status == REJECTED else 0
            self.store.add(new)
            if self.view is not None:
                self.view.trial_ends(new)
        return new

    def save(self, fname: str | None = None) -> None:
        """Writes nothing: the store has the trials."""

    def _measure(self, values: Values, origin: str) -> Trial | None:
        number = self.store.next_number
        if self.view is not None:
            self.view.trial_begins(number, values)
        begun = time.monotonic()
        record: dict[str, Any] = {"number": number, "values": values, "origin": origin}
        try:
            record |= _fields(self.evaluate(number, values))
        except Interrupted as interrupted:
            self._ended = True
            if interrupted.outcome is None or any(t.status == COMPLETED for t in self.store.trials):
                return None
            record |= _fields(interrupted.outcome)
        except RejectedError as error:
            record |= {"status": REJECTED, "message": str(error), "costs": error.costs}
        except TrialError as error:
            record |= {"status": FAILED, "message": str(error)}
        except Exception as error:  # whatever a candidate breaks costs its own trial; the reason is kept with it
            record |= {"status": FAILED, "message": f"{type(error).__name__}: {error}"}
        return Trial(seconds=time.monotonic() - begun, **record)


class _Ended(Exception):
    """The budget is spent. Never leaves `SearchTuner.search`."""


def run(
    strategy: Strategy | keras_tuner.Oracle | type[keras_tuner.Oracle],
    space: keras_tuner.HyperParameters,
    evaluate: Evaluate,
    store: TrialStore,
    *,
    starting_points: Sequence[Values] = (),
    max_trials: int | None = None,
    deadline: float | None = None,
    epochs: int = 100,
    seed: int = 0,
    view: Any = None,
) -> None:
    """Searches a space; the trials are in `store` afterwards.

    Args:
        strategy: A strategy, or an oracle of Keras Tuner, class or instance. An oracle learns the outcomes under the
            objective `"score"`, which is always maximised.
        space: All hyperparameters.
        evaluate: As `SearchTuner` takes it.
        store: As `SearchTuner` takes it.
        starting_points: Candidates to try first.
        max_trials: As `SearchTuner` takes it.
        deadline: As `SearchTuner` takes it.
        epochs: What an oracle that shares out epochs (Hyperband) may give to a candidate.
        seed: Of all that a strategy or an oracle class draws; an oracle instance brings its own.
        view: As `SearchTuner` takes it.
    """
    objective = keras_tuner.Objective("score", "max")
    with tempfile.TemporaryDirectory() as scratch:
        if isinstance(strategy, Strategy):
            oracle: keras_tuner.Oracle = _StoredOracle(
                strategy, store, objective=objective, max_trials=None, seed=seed, starting_points=starting_points
            )
        else:
            oracle = make_oracle(strategy, max_trials, epochs, seed)
            oracle.objective = objective
        oracle.max_consecutive_failed_trials = None
        oracle.update_space(space)
        tuner = SearchTuner(
            oracle, evaluate, store, origin(strategy), max_trials, deadline, view=view, directory=scratch
        )
        tuner.search(() if isinstance(strategy, Strategy) else starting_points)


def make_oracle(oracle: Any, max_trials: int | None, epochs: int, seed: int) -> keras_tuner.Oracle:
    """Returns an oracle: an instance as it is, a class made with the arguments that it takes of ours."""
    if isinstance(oracle, keras_tuner.Oracle):
        return oracle
    offered = {
        "objective": keras_tuner.Objective("score", "max"),
        "max_trials": max_trials,
        "max_epochs": epochs,
        "seed": int(np.random.SeedSequence(seed).generate_state(1)[0]) or 1,  # Keras Tuner takes 0 for no seed
    }
    taken = inspect.signature(oracle).parameters
    return oracle(**{name: value for name, value in offered.items() if name in taken})


def check_oracle(oracle: Any, objective: str) -> None:
    """Says what is wrong with an oracle that the user passed, before any time is spent.

    Args:
        oracle: A `keras_tuner.Oracle`, class or instance.
        objective: Name of the task's objective.

    Raises:
        InputError: If it aims at something else than the task does.
    """
    if isinstance(oracle, type):
        return
    aims = oracle.objective if isinstance(oracle.objective, list) else [oracle.objective]
    names = [aim.name for aim in aims]
    if names not in ([objective], ["score"], ["default_objective"]):
        raise InputError.of(
            "The objective of the oracle", f"{objective!r}, the task's own", names, "Leave it out of the oracle."
        )


def is_oracle(strategy: Any) -> bool:
    """Whether this is an oracle of Keras Tuner, class or instance."""
    if isinstance(strategy, type):
        return issubclass(strategy, keras_tuner.Oracle)
    return isinstance(strategy, keras_tuner.Oracle)


def origin(strategy: Any) -> str:
    """How a strategy or an oracle is called in the records: its class's name in small letters."""
    kind = strategy if isinstance(strategy, type) else type(strategy)
    return kind.__name__.lower()


def _fields(outcome: Outcome) -> dict[str, Any]:
    return {"score": float(outcome.score), "metrics": dict(outcome.metrics), "costs": dict(outcome.costs)}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
