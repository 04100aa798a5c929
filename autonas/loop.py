"""The loop of a search, and a strategy as an oracle of Keras Tuner.

`run` is the loop: a strategy of ours or an oracle of Keras Tuner (`autonas.oracles`) proposes, `evaluate` measures, the trial
store keeps. What a search knows is in the trial store alone, so it goes on after any stop as if there had been none.
`StrategyOracle` makes any strategy of ours an oracle, for a plain Keras Tuner.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras_tuner

from autonas import strategies
from autonas.errors import RejectedError, SearchError, TrialError
from autonas.oracles import SearchTuner, make_oracle, origin
from autonas.proposals import Proposals
from autonas.screens.base import Candidate, Screen
from autonas.strategies.base import Strategy
from autonas.trial_store import TrialStore
from autonas.trials import COMPLETED, FAILED, REJECTED, STARTING_POINT, History, Trial, bare, key, plain, reading, tried
from autonas.values import Values, active, read

FIRST_FAILURES = 5  # so many failed trials and none completed: the reason is not the candidates
FRUITLESS = 200  # so many proposals in a row that were rejected, or already known: there is nothing new to find


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one evaluation found.

    Attributes:
        score: Of the objective, higher is better; of several objectives that of the first.
        metrics: Qualities by name.
        costs: Costs by name.
        scores: Of all objectives where there are several, each turned so that higher is better.
    """

    score: float
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    costs: Mapping[str, float] = dataclasses.field(default_factory=dict)
    scores: Sequence[float] = ()


Evaluate = Callable[[int, Values], Outcome]


class Interrupted(BaseException):
    """Raised by `evaluate` when the time was up in the middle: the search ends, and the candidate leaves no trial.

    It is no `Exception`, so that who makes do with a candidate's errors does not take it for one.

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
        strategy: Proposes candidates: a name, or an instance. One that shares out budgets says the share as `"tuner/budget"`
            among the values of a trial, which the tuner has to read, as it has to read Keras Tuner's own `"tuner/epochs"`.
        objective: As every oracle takes it. Of several objectives the strategy is told each; one for a single objective is
            asked with random weighings of them.
        max_trials: As every oracle takes it.
        seed: Of the search; 0 is a seed like any other. None draws one.
        starting_points: Candidates to try first, of hyperparameters that are known when the search begins; what they leave
            open gets its default.
        **options: What `keras_tuner.Oracle` takes besides.

    Raises:
        InputError: If the strategy is none, or shares out budgets where there are several objectives.

    Example:

    >>> oracle = StrategyOracle(Evolution(), objective=keras_tuner.Objective("val_accuracy", "max"), max_trials=20, seed=0)
    >>> tuner = keras_tuner.Tuner(oracle=oracle, hypermodel=build_model)
    """

    def __init__(
        self,
        strategy: Any,
        objective: Any = None,
        max_trials: int | None = 10,
        seed: int | None = 0,
        starting_points: Sequence[Values] | None = (),
        **options: Any,
    ) -> None:
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **options)
        if seed is not None:
            self.seed = seed  # the base class draws a seed of its own in place of 0
        found = strategies.get(strategy)
        self.strategy: Strategy = strategies.of_several(found) if len(self._aims) > 1 else found
        self.starting_points = list(starting_points or ())

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Answers Keras Tuner: the values of the next trial, or that the space is covered."""
        values = self.propose(self.history())
        return {"status": "STOPPED"} if values is None else {"status": "RUNNING", "values": values}

    def propose(self, history: Sequence[Trial]) -> Values | None:
        """Chooses the candidate that follows a history; its length is the number of the new trial.

        Raises:
            InputError: If a starting point is not in the space.
        """
        known = tried(history)
        for point in [read("a starting point", point, self.hyperparameters) for point in self.starting_points]:
            if key(point) not in known:
                return point
        proposal = Proposals(self.strategy, self.seed).next(history, self.hyperparameters)
        return None if proposal is None else plain(proposal.values)

    def history(self) -> History:
        """The trials so far, as strategies read them; one that another worker is still running has no score."""
        started = [self.trials[name] for name in self.start_order]
        return History(self._record(number, trial) for number, trial in enumerate(started))

    @property
    def _aims(self) -> list[Any]:
        """The objectives."""
        return list(getattr(self.objective, "objectives", [self.objective]))

    def _record(self, number: int, trial: Any) -> Trial:
        """A trial of Keras Tuner as one of ours."""
        values = active(self.hyperparameters, trial.hyperparameters.values)
        if trial.status != "COMPLETED" or trial.score is None:
            return Trial(number, values, FAILED)
        if len(self._aims) == 1:
            return Trial(number, values, COMPLETED, _turned(self.objective, trial.score))
        scores = [_turned(aim, trial.metrics.get_best_value(aim.name)) for aim in self._aims]
        return Trial(number, values, COMPLETED, scores[0], scores)


def _turned(aim: Any, value: float) -> float:
    """The value of an objective of Keras Tuner, turned so that higher is better."""
    return float(value if aim.direction == "max" else -value)


class Session:
    """What a search does with each candidate, whoever proposes it: look it up, or measure and record it; and when it ends.

    Args:
        evaluate: `evaluate(number, values)` measures a candidate. Raises TrialError for one that cannot be measured,
            RejectedError for one over a limit, Interrupted when the time was up.
        store: Keeps the trials; those that it has are never evaluated again.
        max_trials: Ends the search when so many trials were trained (failed ones too, rejected ones not); None never.
        deadline: Ends it at this time of `time.monotonic()`; None never.
        view: Told of each trial: `trial_begins(number, values)`, `trial_ends(trial)`.
    """

    def __init__(
        self,
        evaluate: Evaluate,
        store: TrialStore,
        max_trials: int | None = None,
        deadline: float | None = None,
        view: Any = None,
    ) -> None:
        self.evaluate, self.store, self.view = evaluate, store, view
        self.max_trials, self.deadline = max_trials, deadline
        self._counts = dict.fromkeys((COMPLETED, FAILED, REJECTED), 0)
        self._message: str | None = None
        self._fruitless = 0
        self._cut = False
        for trial in store.trials:
            self._count(trial)

    def over(self) -> bool:
        """Whether the budget is spent, or there is nothing new to find.

        Raises:
            SearchError: If the first trials all failed, with the last one's reason.
        """
        completed, failed = self._counts[COMPLETED], self._counts[FAILED]
        if failed >= FIRST_FAILURES and not completed:
            raise SearchError(f"The first {failed} trials all failed. The last one said: {self._message}")
        spent = self.max_trials is not None and completed + failed >= self.max_trials
        late = self.deadline is not None and time.monotonic() >= self.deadline
        return spent or late or self._cut or self._fruitless >= FRUITLESS

    def answer(self, values: Values, origin: str, screen: float | None = None) -> Trial | None:
        """Returns the trial of a candidate: the recorded one, or a new one; None when the time was up.

        Args:
            values: The candidate.
            origin: Who proposed it, for the record.
            screen: What the screen said of it; at -inf it is rejected and not evaluated.
        """
        values = plain(values)
        known = self.store.find(values)
        if known is not None:
            self._fruitless += 1
            return known
        new = self._measure(values, origin, screen)
        if new is not None:
            self._fruitless = self._fruitless + 1 if new.status == REJECTED else 0
            self.store.add(new)
            self._count(new)
            if self.view is not None:
                self.view.trial_ends(new)
        return new

    def _count(self, trial: Trial) -> None:
        self._counts[trial.status] += 1
        if trial.status == FAILED:
            self._message = trial.message

    def _measure(self, values: Values, origin: str, screen: float | None) -> Trial | None:
        number = self.store.next_number
        if self.view is not None:
            self.view.trial_begins(number, values)
        begun = time.monotonic()
        record: dict[str, Any] = {"number": number, "values": values, "origin": origin}
        if screen is not None and math.isfinite(screen):
            record["screen"] = screen
        try:
            if screen == -math.inf:
                raise RejectedError("the screen says that it is never to be trained")
            record |= _fields(self.evaluate(number, values))
        except Interrupted as interrupted:
            self._cut = True
            if interrupted.outcome is None or self._counts[COMPLETED]:
                return None
            record |= _fields(interrupted.outcome)
        except RejectedError as error:
            record |= {"status": REJECTED, "message": str(error), "costs": error.costs, "for_now": error.for_now}
        except TrialError as error:
            record |= {"status": FAILED, "message": str(error)}
        except Exception as error:  # whatever a candidate breaks costs its own trial; the reason is kept with it
            record |= {"status": FAILED, "message": f"{type(error).__name__}: {error}"}
        return Trial(seconds=time.monotonic() - begun, **record)


def run(
    strategy: Strategy | keras_tuner.Oracle | type[keras_tuner.Oracle],
    space: keras_tuner.HyperParameters,
    evaluate: Evaluate,
    store: TrialStore,
    *,
    screen: Screen | None = None,
    candidate: Callable[[Values, Trial | None], Candidate] | None = None,
    starting_points: Sequence[Values] = (),
    max_trials: int | None = None,
    deadline: float | None = None,
    epochs: int = 100,
    seed: int = 0,
    view: Any = None,
    prune: Callable[[Sequence[Trial]], None] | None = None,
) -> None:
    """Searches a space; the trials are in `store` afterwards. Those that an earlier run rejected for now are looked at again.

    Args:
        strategy: A strategy, or an oracle of Keras Tuner, class or instance. An oracle learns the outcomes under the
            objective `"score"`, which is always maximised.
        space: All hyperparameters.
        evaluate: As `Session` takes it.
        store: As `Session` takes it.
        screen: Makes the warm start and chooses among a strategy's proposals. An oracle has no use for one: what it proposes
            it expects to be evaluated.
        candidate: As `autonas.proposals.Proposals` takes it.
        starting_points: Candidates to try first.
        max_trials: As `Session` takes it.
        deadline: As `Session` takes it.
        epochs: What an oracle that shares out epochs (Hyperband) may give to a candidate.
        seed: Of all that a strategy or an oracle class draws; an oracle instance brings its own.
        view: As `Session` takes it.
        prune: Told after each trial which trials a strategy may go on with, so that what is kept of others can be deleted.

    Raises:
        SearchError: If the first trials all failed, with the last one's reason.
    """
    session = Session(evaluate, store, max_trials, deadline, view)
    if not session.over():
        store.reopen()
    entered = {trial.candidate for trial in store.history}
    for point in starting_points:
        if session.over():
            return
        if key(point) not in entered:
            session.answer(strategy.enter(point) if isinstance(strategy, Strategy) else point, STARTING_POINT)
    if isinstance(strategy, Strategy):
        _follow(strategy, Proposals(strategy, seed, screen, candidate), session, space, prune)
    else:
        oracle = make_oracle(strategy, max_trials, epochs, seed)
        oracle.objective = keras_tuner.Objective("score", "max")
        oracle.max_consecutive_failed_trials = None
        oracle.update_space(space)
        with tempfile.TemporaryDirectory() as scratch:
            SearchTuner(oracle, session, origin(strategy), scratch).search()


def _follow(
    strategy: Strategy,
    proposals: Proposals,
    session: Session,
    space: keras_tuner.HyperParameters,
    prune: Callable[[Sequence[Trial]], None] | None,
) -> None:
    """Evaluates what a strategy proposes until the session is over or there is nothing left to propose."""
    history = session.store.history
    while not session.over():
        try:
            proposal = proposals.next(history, space)
        except Interrupted:  # by a screen that was still building networks
            return
        if proposal is None:
            return
        source = proposal.origin or origin(strategy)
        if strategy.multi_fidelity:  # who goes on keeps the name of who found it
            source = reading(history, _Origins).of.get(key(bare(proposal.values)), source)
        session.answer(proposal.values, source, proposal.screen)
        if prune is not None:
            prune(strategy.unfinished(history))


class _Origins:
    """Who found each candidate."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def add(self, trial: Trial) -> None:
        self.of.setdefault(trial.candidate, trial.origin)


def _fields(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a trial keeps it.

    Raises:
        TrialError: If one of its numbers is none.
    """
    found = {**outcome.metrics, **outcome.costs, **{f"score {i}": value for i, value in enumerate(outcome.scores)}}
    for name, value in {"the score": outcome.score, **found}.items():
        if not math.isfinite(value):
            raise TrialError(f"The evaluation found that {name} is {value}.")
    return {
        "score": float(outcome.score),
        "scores": [float(value) for value in outcome.scores],
        "metrics": dict(outcome.metrics),
        "costs": dict(outcome.costs),
    }
