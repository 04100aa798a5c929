"""The full trainings of finalists: on the split that the search had, on further folds, and on all the data.

Who is trained, and what is handed over, is decided by others (`autonas.finalists`, `autonas.committee`, `autonas.retrain`).
"""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data as data_module
from autonas import stopwatch, timetable
from autonas.ensemble import loss_of
from autonas.errors import SearchError, TrialError
from autonas.finalists import Finalist
from autonas.training import Training, train
from autonas.trials import Trial

if TYPE_CHECKING:
    import keras

    from autonas.estimators.base import Budget, Data
    from autonas.progress import View
    from autonas.space import SearchSpace

LEAST_PATIENCE = 5  # epochs
WORSE = 0.25  # of the loss on unseen examples, by which a loss on these may be larger once they were trained on
SLACK = 1.2  # times the time that is left: so much longer a training may seem before its schedule is made shorter


@dataclasses.dataclass
class Unseen:
    """What the network said of examples that it was not trained on.

    Attributes:
        outputs: Of the core, (n, ...).
        y: Their targets, encoded.
        weights: One for each, or None.
    """

    outputs: Any
    y: Any
    weights: np.ndarray | None


@dataclasses.dataclass
class Retrained:
    """The outcome.

    Attributes:
        core: What is handed over.
        trial: The winner.
        epochs: Of its last training.
        finalists: All of them, best first.
        unseen: What the answers are calibrated by; None where nothing is to be, or there was no time for it.
    """

    core: keras.Model
    trial: Trial
    epochs: int
    finalists: list[Finalist]
    unseen: Unseen | None = None


@dataclasses.dataclass(eq=False)
class Entry:
    """A finalist with its trainings, one for each fold, and what they say of the examples that they were judged on."""

    found: Finalist
    trial: Trial
    epochs: int
    trainings: list[Training]
    outputs: list[Any]
    rank: float | None = None  # what it is ordered by, where that is not its score

    @property
    def patience(self) -> int:
        """Epochs without a better one after which a further fold stops: the first one says how long it takes."""
        return max(LEAST_PATIENCE, math.ceil(self.trainings[0].best_epoch / 3))

    @property
    def fold_seconds(self) -> float:
        """What a further fold should take, as long as there is only the first one."""
        first = self.trainings[0]
        return timetable.MARGIN * self.found.seconds * min(1.0, (first.best_epoch + self.patience) / first.epochs)

    def keep(self, folds: int) -> None:
        """Forgets its trainings on later folds."""
        del self.trainings[folds:], self.outputs[folds:], self.found.scores[folds:]


@dataclasses.dataclass(frozen=True)
class Finals:
    """The full trainings of one search.

    Attributes:
        space: As `autonas.retrain.retrain` has it, and so are the next five.
        everything: See there.
        budget: See there.
        score: See there.
        seed: See there.
        view: See there.
        keeps_outputs: Whether what a network says of the examples that it was judged on is needed.
        rank: See there.
        broken: See there.
    """

    space: SearchSpace
    everything: Data
    budget: Budget
    score: Callable[[dict[str, float], Trial], float]
    seed: int
    view: View
    keeps_outputs: bool
    rank: Callable[[dict[str, float], Trial], float] | None = None
    broken: Callable[[keras.Model], str | None] = lambda core: None

    def keeps_limits(self, core: keras.Model, trial: Trial) -> bool:
        """Whether a trained network keeps to the limits; where it does not, that is said."""
        reason = self.broken(core)
        if reason is not None:
            self.view.say(f"Trial {trial.number + 1} is not taken: now that it is trained, {reason}.")
        return reason is None

    def first_fold(self, trials: Sequence[Trial], data: Data, alone: bool = False, kept: float = 0.0) -> list[Entry]:
        """Trains all of them on the split that the search had; best first. One that is alone gets all of the time.

        Args:
            trials: The finalists.
            data: With its validation part.
            alone: Whether no time is kept to train the best of them on all the data.
            kept: Seconds that are kept for other trainings.

        Raises:
            SearchError: If every one diverged.
        """
        entries: list[Entry] = []
        failures: list[str] = []
        for place, trial in enumerate(trials):
            of = f"{place + 1}/{len(trials)}, " if len(trials) > 1 else ""
            self.view.stage(f"Retraining {of}trial {trial.number + 1}")
            begun = time.monotonic()
            ahead = kept + sum(timetable.seconds(other, data, self.budget) for other in trials[place + 1 :])
            # the winner may be any of them
            ahead += 0.0 if alone else max(timetable.seconds(other, self.everything, self.budget) for other in trials)
            share = timetable.fitted(self.budget, trial, data, ahead, least=trial.seconds if not entries else 0.0)
            try:
                training = self._train(trial, data, share, 0)
            except TrialError as error:
                failures.append(f"Trial {trial.number + 1}: {error}")
                self.view.say(failures[-1])
                continue
            entries.append(self._entry(trial, training, share, data, begun))
        if not entries:
            raise SearchError(f"None of the best candidates could be trained in full. {' '.join(failures)}")
        return best_first(entries)

    def _entry(self, trial: Trial, training: Training, budget: Budget, data: Data, begun: float) -> Entry:
        outputs = _outputs(training, data) if self.keeps_outputs else None
        seconds, metrics = time.monotonic() - begun, training.metrics
        score = self.score(metrics, trial)
        found = Finalist(trial.number, trial.origin, score, metrics, training.epochs, seconds, [score])
        rank = None if self.rank is None else self.rank(metrics, trial)
        return Entry(found, trial, budget.epochs, [training], [outputs], rank)

    def further_fold(self, entry: Entry, part: Data, number: int, last: bool = False) -> bool:
        """Trains it on one more fold; whether that went well and ended in time."""
        begun = time.monotonic()
        patience = entry.patience if self.budget.patience is None else min(self.budget.patience, entry.patience)
        budget = dataclasses.replace(self.budget, epochs=entry.epochs, patience=patience)
        try:
            training = self._train(entry.trial, part, budget, number, last)
        except TrialError as error:
            self.view.say(f"Trial {entry.trial.number + 1}: {error}")
            return False
        entry.trainings.append(training)
        entry.outputs.append(_outputs(training, part))
        entry.found.scores.append(self.score(training.metrics, entry.trial))
        entry.found.seconds += time.monotonic() - begun
        return training.in_time

    def unjudged(self, trial: Trial) -> Retrained:
        """Trains one network on all the data, for as many epochs as there is time for, without a look at unseen examples.

        Raises:
            SearchError: If it diverged.
        """
        self.view.stage(f"Training trial {trial.number + 1} on all the data: there is no time to judge several before")
        begun = time.monotonic()
        patient = dataclasses.replace(self.budget, patience=None, epochs=self.budget.longest or self.budget.epochs)
        planned = timetable.fitted(patient, trial, self.everything, 0, least=trial.seconds)
        try:
            training = self._train(trial, self.everything, planned, 0, last=True)
        except TrialError as error:
            raise SearchError(f"The best candidate could not be trained in full. {error}") from error
        found = Finalist(trial.number, trial.origin, None, {}, training.epochs, time.monotonic() - begun, share=1.0)
        return Retrained(training.model, trial, training.epochs, [found])

    def on_everything(self, entry: Entry, data: Data) -> tuple[keras.Model, int]:
        """Trains it on all the data: the core and its epochs, or those of its first training if that cannot be done.

        Nobody chooses the best epoch of this training. So it is looked at on the examples that the first one was judged on:
        who knows less of them now, though it was trained on them, went wrong.

        Args:
            entry: With its first training.
            data: The split that this one had.
        """
        first, final = entry.trainings[0], self._last_budget(entry)
        trial = dataclasses.replace(entry.trial, costs={**entry.trial.costs, **first.timings})
        least = dataclasses.replace(final, epochs=math.ceil(timetable.LEAST_EPOCHS * final.epochs))
        needed = timetable.seconds(trial, self.everything, least)
        if final.deadline is not None and needed > final.deadline - time.monotonic():
            self.view.say(
                "There is no time to train the winner on all the data: the model of the training part is returned."
            )
            return first.model, first.epochs
        self.view.stage(f"Training the winner, trial {trial.number + 1}, on all the data")
        try:
            result = self._train(
                trial, self.everything, timetable.fitted(final, trial, self.everything, 0), 0, last=True
            )
        except TrialError as error:
            self.view.say(
                f"The training on all the data failed, so the model of the training part is returned. {error}"
            )
            return first.model, first.epochs
        if not result.in_time and result.epochs < first.best_epoch:
            self.view.say(
                "The time was up before the training on all the data ended: the model of the training part is returned."
            )
            return first.model, first.epochs
        seen, unseen = (_loss(training, data) for training in (result, first))
        if not seen <= unseen + WORSE * abs(unseen):  # NaN too
            self.view.say(
                f"The training on all the data went wrong: its loss on examples that it was trained on is {seen:.4g}, and was "
                f"{unseen:.4g} when they were unseen. The model of the training part is returned."
            )
            return first.model, first.epochs
        return result.model, result.epochs

    def _last_budget(self, entry: Entry) -> Budget:
        """Of the training on all the data, which has nothing that could tell when to stop.

        A cosine schedule is gone through as far as the winner did, for its end is where it gets good. A winner that was best in
        the first half of it had learned by heart after that, and gets a schedule that is as long as it took to its best epoch.
        """
        first = entry.trainings[0]
        to_the_end = entry.trial.values.get("schedule") == "cosine" and first.best_epoch > entry.epochs / 2
        return dataclasses.replace(self.budget, patience=None, epochs=first.epochs if to_the_end else first.best_epoch)

    def _train(self, trial: Trial, data: Data, budget: Budget, fold: int, last: bool = False) -> Training:
        """Trains with copies of the user's callbacks; the last training of the best gets them as they are.

        The search timed other trainings: where augmentation, or another load, makes steps much slower than was planned with, a
        schedule that the deadline would cut in the middle is made shorter, after ten steps.
        """
        own = list(budget.callbacks)

        def run(budget: Budget, watch: Sequence[Any] = ()) -> Training:
            callbacks = [*(own if last else copy.deepcopy(own)), *watch]
            candidate = self.space.candidate(trial.values)
            return train(
                candidate, data, dataclasses.replace(budget, callbacks=callbacks), _seed(self.seed, trial.number, fold)
            )

        if budget.deadline is None or budget.epochs == 1:
            return run(budget)
        steps = budget.epochs * math.ceil(len(data) / budget.batch_size)
        left = budget.deadline - time.monotonic()
        try:
            return run(budget, [stopwatch.watch(SLACK * left, steps)])
        except stopwatch.TooSlow as found:
            fewer = max(1, int(budget.epochs * found.steps / steps / SLACK))
            self.view.say(
                f"Steps take longer than in the search: trial {trial.number + 1} begins anew, for {fewer} epochs."
            )
            return run(dataclasses.replace(budget, epochs=fewer))


def best_first(entries: list[Entry]) -> list[Entry]:
    """Sorts them; where scores are equal, as they soon are on easy data, the smaller loss decides."""

    def order(entry: Entry) -> tuple[float, float]:
        rank = float(np.mean(entry.found.scores)) if entry.rank is None else entry.rank
        return -rank, entry.found.metrics.get("val_loss", 0.0)

    return sorted(entries, key=order)


def targets(parts: Sequence[Data]) -> tuple[Any, np.ndarray | None]:
    """The targets of the examples that networks are judged on, of all parts one after the other, and their weights."""
    y = chained([_validation(part)[1] for part in parts])
    weights = [_validation(part)[2] for part in parts]
    return y, None if weights[0] is None else np.concatenate([weight for weight in weights if weight is not None])


def chained(parts: Sequence[Any]) -> Any:
    """Arrays, or dicts of them, one after the other."""
    return data_module.mapped(lambda *arrays: np.concatenate(arrays), *parts)


def _outputs(training: Training, part: Data) -> Any:
    """What a network says of the examples that it was judged on."""
    return training.model.predict(_validation(part)[0], verbose=0)


def _loss(training: Training, part: Data) -> float:
    """The head's plain loss on the examples that it is judged on. Nothing is traced for two passes over these."""
    x, y, weights = _validation(part)
    blocks = [slice(at, at + data_module.AT_ONCE) for at in range(0, data_module.length(x), data_module.AT_ONCE)]
    answers = [training.model(data_module.take(x, block), training=False) for block in blocks]
    outputs = chained([data_module.mapped(np.asarray, answer) for answer in answers])
    return loss_of(part.head, y, weights, outputs)(outputs)


def _validation(part: Data) -> tuple[Any, Any, np.ndarray | None]:
    if part.validation is None:
        raise ValueError("Finalists need a part to be judged on.")
    return part.validation


def _seed(seed: int, number: int, fold: int = 0) -> int:
    return int(np.random.SeedSequence([seed, number, 1, *([fold] if fold else [])]).generate_state(1)[0])
