"""The final training: the best few candidates from scratch, then the winner from scratch on all the data.

A search ranks by cheap trainings; what is handed over was chosen by full ones. The best starting point is always trained
beside the best of the search, so the result says what the search was worth against a human design.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import SearchError, TrialError
from autonas.estimators.base import Budget, Data, Training, train
from autonas.space import SearchSpace
from autonas.trials import Trial, completed, key

if TYPE_CHECKING:
    import keras

    from autonas.progress import View

MARGIN = 1.15  # a training takes longer than its steps: building, tracing, validation
LEAST_EPOCHS = 0.75  # share of the full schedule under which a training says little; then fewer finalists get more


@dataclasses.dataclass
class Finalist:
    """A candidate that was trained in full.

    Attributes:
        trial: Its number in the search.
        origin: Where it came from.
        score: On the validation part, higher is better.
        metrics: On the validation part.
        epochs: Trained.
        seconds: Wall time.
    """

    trial: int
    origin: str
    score: float
    metrics: dict[str, float]
    epochs: int
    seconds: float


@dataclasses.dataclass
class Retrained:
    """The outcome.

    Attributes:
        core: What is handed over.
        trial: The winner.
        epochs: Of its last training.
        finalists: All of them, best first.
        validated: The winner's core as it was trained on the training part, so that the validation part is new to it; None
            where there was no time for it.
    """

    core: keras.Model
    trial: Trial
    epochs: int
    finalists: list[Finalist]
    validated: keras.Model | None = None


def finalists(
    trials: Sequence[Trial],
    top_k: int,
    starting_point: str,
    twins: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]] = lambda values: (),
) -> list[Trial]:
    """Chooses who is trained in full.

    Args:
        trials: Of the search.
        top_k: How many of the best networks.
        starting_point: The origin of human designs: the best of them is trained too.
        twins: What the search could not judge: other ways to train the best network.

    Returns:
        In the order in which they are worth their time: the best, the best starting point to compare it with, the best
        trained in other ways, the other networks.
    """
    best: dict[str, Trial] = {}
    for trial in completed(trials):
        network = key({name: value for name, value in trial.values.items() if not name.startswith("tuner/")})
        best.setdefault(network, trial)
    ranked = list(best.values())
    chosen = ranked[:top_k]
    baseline = [trial for trial in ranked if trial.origin == starting_point][:1]
    first = [*chosen[:1], *(trial for trial in baseline if trial not in chosen[:1])]
    others = [_twin(trial, values) for trial in chosen[:1] for values in twins(trial.values)]
    return first + others + [trial for trial in chosen if trial not in first]


def _twin(trial: Trial, values: Mapping[str, Any]) -> Trial:
    changes = [f"{name} {value}" for name, value in values.items() if trial.values.get(name) != value]
    return dataclasses.replace(trial, values=dict(values), origin=", ".join([trial.origin, *changes]))


def retrain(
    trials: Sequence[Trial],
    space: SearchSpace,
    data: Data,
    everything: Data,
    budget: Budget,
    *,
    score: Callable[[dict[str, float], Trial], float],
    seed: int,
    view: View,
) -> Retrained:
    """Trains finalists on the training part, then the winner on all the data.

    Args:
        trials: The finalists.
        space: Where they came from.
        data: With its validation part.
        everything: All the data, the validation part included.
        budget: Of one training. With a deadline, the epochs of all trainings are shortened by one factor so that they end
            before it; where that leaves too little of them, the last finalists are left out. One that is alone is trained
            on all the data only.
        score: Turns the metrics of a training and its trial into a score, higher is better.
        seed: Of all that is random here.
        view: Told what goes on.

    Raises:
        SearchError: If every finalist diverged.
    """
    if not trials:
        raise SearchError("No candidate was trained. Give the search more time or trials, or raise the limits.")
    affordable = max(int(data.head.calibrates), _affordable(trials, data, everything, budget))
    if affordable < len(trials):
        view.say(f"The time that is left is enough to train {max(1, affordable)} of {len(trials)} finalists well.")
    if not affordable:
        core, epochs = _on_everything(space, trials[0], None, everything, budget, seed, view)
        return Retrained(core, trials[0], epochs, [])
    trials = trials[:affordable]
    done: list[tuple[Finalist, Trial, Training, int]] = []
    failures: list[str] = []
    for rank, trial in enumerate(trials):
        view.stage(f"Retraining {rank + 1}/{len(trials)}, trial {trial.number + 1}")
        begun = time.monotonic()
        ahead = sum(_seconds(other, data, budget) for other in trials[rank + 1 :])
        ahead += max(_seconds(other, everything, budget) for other in trials)  # the winner may be any of them
        try:
            share = _fit_time(budget, trial, data, ahead)
            share = dataclasses.replace(share, callbacks=copy.deepcopy(list(share.callbacks)))
            training = train(space.candidate(trial.values), data, share, _seed(seed, trial.number))
        except TrialError as error:
            failures.append(f"Trial {trial.number + 1}: {error}")
            view.say(failures[-1])
            continue
        seconds = time.monotonic() - begun
        found = Finalist(
            trial.number, trial.origin, score(training.metrics, trial), training.metrics, training.epochs, seconds
        )
        done.append((found, trial, training, share.epochs))
    if not done:
        raise SearchError(f"None of the best candidates could be trained in full. {' '.join(failures)}")
    # where scores are equal, as they soon are on easy data, the smaller loss decides
    done.sort(key=lambda item: (-item[0].score, item[0].metrics.get("val_loss", 0.0)))
    _, trial, training, epochs = done[0]
    planned = dataclasses.replace(budget, epochs=epochs)
    core, epochs = _on_everything(space, trial, training, everything, planned, seed, view)
    return Retrained(core, trial, epochs, [finalist for finalist, *_ in done], training.model)


def _on_everything(
    space: SearchSpace,
    trial: Trial,
    training: Training | None,
    everything: Data,
    budget: Budget,
    seed: int,
    view: View,
) -> tuple[keras.Model, int]:
    """Trains the winner on all the data: the core and its epochs, or those of `training` if that cannot be done."""
    view.stage(f"Training the winner, trial {trial.number + 1}, on all the data")
    final = dataclasses.replace(budget, patience=None)
    if training is not None:
        trial = dataclasses.replace(trial, costs={**trial.costs, **training.timings})
        cosine = trial.values.get("schedule") == "cosine"
        if (
            cosine and training.best_epoch <= budget.epochs / 2
        ):  # it learned by heart: the end of the schedule does no good
            final = dataclasses.replace(final, stop_after=training.best_epoch / budget.epochs)
        else:
            final = dataclasses.replace(final, epochs=training.epochs if cosine else training.best_epoch)
    try:
        result = train(
            space.candidate(trial.values), everything, _fit_time(final, trial, everything, 0), _seed(seed, trial.number)
        )
    except TrialError as error:
        if training is None:
            raise SearchError(f"The best candidate could not be trained on all the data. {error}") from error
        view.say(f"The training on all the data failed, so the model of the training part is returned. {error}")
        return training.model, training.epochs
    if training is not None and not result.in_time and result.epochs < training.best_epoch:
        view.say(
            "The time was up before the training on all the data ended: the model of the training part is returned."
        )
        return training.model, training.epochs
    return result.model, result.epochs


def _affordable(trials: Sequence[Trial], data: Data, everything: Data, budget: Budget) -> int:
    """How many of the first trials there is time for, with one of them once more on everything."""
    if budget.deadline is None:
        return len(trials)
    least = dataclasses.replace(budget, epochs=math.ceil(LEAST_EPOCHS * budget.epochs))
    left = budget.deadline - time.monotonic()

    def needed(trials: Sequence[Trial]) -> float:
        return sum(_seconds(t, data, least) for t in trials) + max(_seconds(t, everything, least) for t in trials)

    return next((n for n in range(len(trials), 0, -1) if needed(trials[:n]) <= left), 0)


def _seconds(trial: Trial, data: Data, budget: Budget) -> float:
    """What a training of all epochs takes, by the timings of the search; 1 where an estimator told none."""
    step = trial.costs.get("step_seconds")
    if step is None:
        return 1.0
    steps = budget.epochs * math.ceil(len(data) / budget.batch_size)
    return max(1e-3, trial.costs.get("startup_seconds", 0.0) + MARGIN * step * steps)


def _fit_time(budget: Budget, trial: Trial, data: Data, ahead: float) -> Budget:
    """Gives a training its part of the time, `ahead` seconds of others to come, and the epochs that fit into it."""
    if budget.deadline is None:
        return budget
    now = time.monotonic()
    needed = _seconds(trial, data, budget)
    mine = (budget.deadline - now) * needed / (needed + ahead)
    epoch_seconds = MARGIN * trial.costs.get("step_seconds", 0.0) * math.ceil(len(data) / budget.batch_size)
    training_seconds = mine - trial.costs.get("startup_seconds", 0.0)
    epochs = budget.epochs if epoch_seconds <= 0 else min(budget.epochs, max(1, int(training_seconds / epoch_seconds)))
    return dataclasses.replace(budget, epochs=epochs, deadline=now + mine)


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number, 1]).generate_state(1)[0])


def as_plain(found: Sequence[Finalist]) -> list[dict[str, Any]]:
    """The finalists as plain data, for the project's file."""
    return [dataclasses.asdict(finalist) for finalist in found]
