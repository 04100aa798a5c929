"""Time for the trainings at the end: which of them it is enough for, and how many epochs each gets.

What a training takes is known from its trial, which timed the steps. So the time that is left is shared out before the first
of them begins, and again before each, since those that stop early leave some to the others.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.estimators.base import steps
from autonas.trials import is_completed

if TYPE_CHECKING:
    from autonas.estimators.base import Budget, Data
    from autonas.trials import Trial

MARGIN = 1.15  # a training takes longer than its steps: building, tracing, validation
LATE_EPOCHS = 12  # from which on augmentation brings more than it costs
PAYABLE_EPOCHS = 0.4  # share of the full schedule under which a network is no finalist, if there are others
LEAST_EPOCHS = 0.75  # share of the full schedule under which a training says little; then fewer finalists get more


def payable(trials: Sequence[Trial], everything: Data, budget: Budget) -> list[Trial]:
    """The completed trials that there is time to train once in full, on all the data; all of them if there are none.

    A network that is ahead in a short training but would get a small part of its epochs in the last one is no winner. A good
    one with half of them is still better than the quickest with all.
    """
    tried = list(filter(is_completed, trials))  # who was rejected has no timings, and would be taken for quick
    if budget.deadline is None:
        return tried
    fewest, left = at_least(budget, PAYABLE_EPOCHS), budget.deadline - time.monotonic()
    return [trial for trial in tried if seconds(trial, everything, fewest) <= left] or tried


def affordable(trials: Sequence[Trial], data: Data, everything: Data, budget: Budget, share: float = 1.0) -> int:
    """How many of the first trials there is time for in its share, with one of them once more on everything."""
    if budget.deadline is None:
        return len(trials)
    fewest, left = at_least(budget), share * (budget.deadline - time.monotonic())

    def needed(trials: Sequence[Trial]) -> float:
        return sum(seconds(t, data, fewest) for t in trials) + max(seconds(t, everything, fewest) for t in trials)

    return next((n for n in range(len(trials), 0, -1) if needed(trials[:n]) <= left), 0)


def pays(budget: Budget, trial: Trial, data: Data, everything: Data) -> bool:
    """Whether one more finalist would get enough of its epochs to say something, with as much time once more on everything."""
    fewest = PAYABLE_EPOCHS * budget.epochs
    return fitted(budget, trial, data, seconds(trial, everything, budget)).epochs >= fewest


def with_late_choices(trials: Sequence[Trial], count: int, everything: Data, budget: Budget) -> Sequence[Trial]:
    """Puts the first of the other ways to train the best network in its place, where there is no time to try both.

    Such as with augmentation, which gains in a long training. Without a deadline all of them are trained.

    Args:
        trials: The finalists, best first.
        count: How many of them are affordable.
        everything: All the data.
        budget: Of one training.
    """
    others = [trial for trial in trials[1:] if trial.number == trials[0].number]
    least = LEAST_EPOCHS * budget.epochs
    if count == 0 and others:
        least = fitted(budget, others[0], everything, 0).epochs
    if count < min(3, len(trials)) and others and least >= LATE_EPOCHS:
        return [others[0], *(trial for trial in trials[1:] if trial is not others[0])]
    return trials


def seconds(trial: Trial, data: Data, budget: Budget) -> float:
    """What a training of all epochs takes, by the timings of the search; 1 where an estimator told none."""
    step = trial.costs.get("step_seconds")
    if step is None:
        return 1.0
    return max(1e-3, trial.costs.get("startup_seconds", 0.0) + MARGIN * step * steps(len(data), budget))


def fitted(budget: Budget, trial: Trial, data: Data, ahead: float, least: float = 0.0) -> Budget:
    """Gives a training its part of the time, `ahead` seconds of others to come, and the epochs that fit into it.

    It has `least` seconds even if there is less time: on a machine that became slow, a model that was hardly trained would be
    worse than being late by as long as its trial took.
    """
    if budget.deadline is None:
        return budget
    now = time.monotonic()
    needed = seconds(trial, data, budget)
    mine = max(least, (budget.deadline - now) * needed / (needed + ahead))
    epoch_seconds = MARGIN * trial.costs.get("step_seconds", 0.0) * math.ceil(len(data) / budget.batch_size)
    training_seconds = mine - trial.costs.get("startup_seconds", 0.0)
    most = math.inf if epoch_seconds <= 0 else max(1, int(training_seconds / epoch_seconds))
    epochs = int(min(budget.epochs, most))
    return dataclasses.replace(budget, epochs=epochs, deadline=now + mine)


def at_least(budget: Budget, share: float = LEAST_EPOCHS) -> Budget:
    """The fewest epochs with which a training says something."""
    return dataclasses.replace(budget, epochs=math.ceil(share * budget.epochs))
