"""A run: what a call of `fit` does with data that is ready. It searches, trains the best in full, and compares with chance."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import control, finalists, front, loop, progress, report, strategies, trials
from autonas.retrain import payable, retrain
from autonas.strategies.base import Strategy

if TYPE_CHECKING:
    import keras

    from autonas.estimators.base import Budget, Data, Estimator
    from autonas.evaluation import Evaluation
    from autonas.heads.base import Head
    from autonas.objectives.base import Objective
    from autonas.progress import View
    from autonas.retrain import Retrained, Together
    from autonas.screens.base import Screen
    from autonas.space import SearchSpace
    from autonas.trial_store import TrialStore
    from autonas.trials import Trial
    from autonas.values import Values

RETRAINING_SHARE = 0.5  # of `max_time`
CLOSING_SHARE, CLOSING_SECONDS = 0.02, 2.0  # of `max_time`, for building and saving the final model
FAIR_TRIALS = 15  # that a search is to have time for, if its estimator can be made cheap enough
FRONT_TRIALS = 30  # the same of one for several objectives: a front takes more than a best one


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a task searches, as the arguments of its constructor say: see `autonas.AutoModel`."""

    strategy: Any
    screen: Screen | None
    estimator: Estimator
    objectives: list[Objective]
    max_trials: int | None
    max_time: float | None
    top_k: int
    control: str | None
    seed: int
    verbose: int


@dataclasses.dataclass(frozen=True)
class Run:
    """What trainings of one call of `fit` share, and the stages that they belong to.

    Args:
        plan: What the user asked for.
        space: Where candidates come from.
        data: What candidates are trained and judged on.
        everything: All of it, for the last training.
        budget: Of a full training.
        evaluation: Of one candidate.
        finish: Makes of a trained core, and perhaps a head that decides, the model that the user gets.
        points: The starting points.
        store: Where the trials of the search are kept.
        control_store: Where those of the control are kept.
    """

    plan: Plan
    space: SearchSpace
    data: Data
    everything: Data
    budget: Budget
    evaluation: Evaluation
    finish: Callable[..., keras.Model]
    points: list[Values]
    store: TrialStore
    control_store: TrialStore

    def view(self, max_trials: int | None, seconds: float | None, begun: float) -> View:
        """Makes what shows a stage.

        Args:
            max_trials: How many trials it has at most.
            seconds: How long it takes at most.
            begun: When it began, as `time.monotonic()` counts.
        """
        aims = [(objective.name, objective.sign) for objective in self.plan.objectives]
        return progress.make(self.plan.verbose, *aims[0], report.describe, max_trials, seconds, begun, others=aims[1:])

    def seconds(self) -> float | None:
        """What this call may take: earlier runs of the project count, but the retraining is never left out."""
        if self.plan.max_time is None:
            return None
        spent = sum(trial.seconds for trial in self.store.trials)
        return max(self.plan.max_time - spent, RETRAINING_SHARE * self.plan.max_time)

    def search_and_retrain(self, begun: float, together: Together | None, view: View) -> Retrained:
        """The search, and then the full trainings.

        Args:
            begun: When the call began, as `time.monotonic()` counts.
            together: How networks are joined; None hands over one.
            view: Told what goes on.
        """
        seconds = self.seconds()
        end = None if seconds is None else begun + seconds - CLOSING_SECONDS - CLOSING_SHARE * seconds
        self._search(end, view)
        return self._retrain(end, together, view)

    def _search(self, end: float | None, view: View) -> None:
        """Tries candidates until there are enough, or until what is left before `end` is needed for the full trainings."""
        plan, evaluation = self.plan, self.evaluation
        deadline = None if end is None or plan.max_time is None else end - RETRAINING_SHARE * plan.max_time
        evaluation.budget = dataclasses.replace(self.budget, deadline=deadline)
        evaluation.rivals = lambda: self.store.trials
        evaluation.in_full = None if plan.max_time is None else (RETRAINING_SHARE * plan.max_time, self.everything)
        shares_out = not isinstance(plan.strategy, Strategy) or plan.strategy.multi_fidelity
        left = math.inf if deadline is None or shares_out else deadline - time.monotonic()
        fair = FAIR_TRIALS if len(plan.objectives) == 1 else FRONT_TRIALS
        aim = min(plan.max_trials or fair, fair)
        evaluation.estimator = plan.estimator.paced(left / aim, self.store.trials)
        loop.run(
            plan.strategy,
            self._searched(),
            evaluation,
            self.store,
            screen=plan.screen,
            candidate=evaluation.candidate,
            starting_points=self.points,
            max_trials=plan.max_trials,
            deadline=deadline,
            epochs=self.budget.epochs,
            seed=plan.seed,
            view=view,
            prune=evaluation.prune,
        )

    def compare(self) -> None:
        """Runs the random search that the search is compared with, from other seeds and without starting points."""
        plan, evaluation, store = self.plan, self.evaluation, self.control_store
        if plan.control is None:
            return
        most, left = control.budget(self.store.trials, store.trials, plan.max_time is not None)
        begun = time.monotonic()
        deadline = None if left is None else begun + left
        evaluation.budget = dataclasses.replace(self.budget, deadline=deadline)
        evaluation.rivals = lambda: store.trials
        evaluation.estimator = plan.estimator.paced(math.inf, self.store.trials)  # as the search measured
        view = self.view(most, left, begun)
        with view:
            view.resume(store.trials)
            view.stage("A random search at the same budget, as a control")
            try:
                loop.run(
                    strategies.get(plan.control),
                    self._searched(),
                    evaluation,
                    store,
                    max_trials=most,
                    deadline=deadline,
                    seed=control.seed(plan.seed),
                    view=view,
                )
            except KeyboardInterrupt:
                view.say("Stopped. The model is finished and kept; the same call goes on with the control.")
                raise

    def _retrain(self, end: float | None, together: Together | None, view: View) -> Retrained:
        """Trains the best candidates in full, before `end`, and takes the best of them, or an ensemble.

        Raises:
            SearchError: If all trials failed, with the last one's reason; and as `retrain` raises it.
        """
        trials.check_any_worked(self.store.trials)
        late = self.plan.estimator.judges_late_choices
        budget = dataclasses.replace(self.budget, deadline=end)
        chosen = finalists.choose(
            payable(self.store.trials, self.everything, budget),
            self.plan.top_k,
            trials.STARTING_POINT,
            (lambda values: []) if late else self.space.twins,
            (lambda values: None) if together is None else self.space.kind,
            front.ordered if len(self.plan.objectives) > 1 else trials.completed,
        )
        return self._train(
            chosen, budget, together, view, lambda: self.evaluation.smallest(self.points, self.store.next_number)
        )

    def train(self, trial: Trial) -> Retrained:
        """Trains one trial in full, and then on all the data, without a deadline."""
        with self.view(None, None, time.monotonic()) as view:
            return self._train([trial], self.budget, None, view)

    def finished(self, outcome: Retrained, head: Head) -> tuple[keras.Model, Head]:
        """The model that the user gets, and the head that decides as its training says.

        Args:
            outcome: Of the full trainings.
            head: Fitted to the data; it is not changed.
        """
        head = copy.deepcopy(head)
        if outcome.unseen is not None and head.calibrates:
            head.calibrate(outcome.unseen.outputs, outcome.unseen.y, outcome.unseen.weights)
        model = self.finish(outcome.core, head)
        model.optimizer.build(model.trainable_variables)  # Keras warns of a file that has it unbuilt
        return model, head

    def _searched(self) -> SearchSpace:
        return self.space.searched(self.plan.estimator.judges_late_choices)

    def _train(
        self,
        chosen: list[Trial],
        budget: Budget,
        together: Together | None,
        view: View,
        resort: Callable[[], Trial] | None = None,
    ) -> Retrained:
        """Trains finalists in full; of several objectives the one nearest to the best of all on the search's front wins."""
        ends = np.array([trials.scores_of(trial) for trial in front.members(self.store.trials)])

        def scores(metrics: dict[str, float], trial: Trial) -> list[float]:
            return self.evaluation.scores(metrics, trial.costs)

        def nearness(metrics: dict[str, float], trial: Trial) -> float:
            return -float(front.distances(np.array([scores(metrics, trial)]), ends)[0])

        return retrain(
            chosen,
            self.space,
            self.data,
            self.everything,
            budget,
            score=lambda metrics, trial: scores(metrics, trial)[0],
            seed=self.plan.seed,
            view=view,
            together=together,
            rank=nearness if len(self.plan.objectives) > 1 else None,
            broken=self.evaluation.broken,
            resort=resort,
        )
