"""The final training: the best few candidates from scratch, then the winner on all the data, or an ensemble on its folds.

A search ranks by cheap trainings; what is handed over was chosen by full ones.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data as data_module
from autonas import ensemble
from autonas.errors import SearchError, TrialError
from autonas.estimators.base import Budget, Data, Training, train
from autonas.finalists import POOL, Finalist
from autonas.space import SearchSpace
from autonas.trials import Trial

if TYPE_CHECKING:
    import keras

    from autonas.progress import View

MARGIN = 1.15  # a training takes longer than its steps: building, tracing, validation
UNHURRIED = 2  # networks that an ensemble is chosen from without a deadline
LEAST_PATIENCE = 5  # epochs
LATE_EPOCHS = 12  # from which on augmentation brings more than it costs
LEAST_EPOCHS = 0.75  # share of the full schedule under which a training says little; then fewer finalists get more


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


@dataclasses.dataclass(frozen=True)
class Together:
    """That several networks may be handed over as one.

    Attributes:
        folds: Into how many the data may be split; 1 if only the split that there is makes sense.
        fits: Whether a core, or several joined, is within the limits.
    """

    folds: int
    fits: Callable[[keras.Model], bool] = lambda core: True


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
class _Entry:
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
        return MARGIN * self.found.seconds * min(1.0, (first.best_epoch + self.patience) / first.epochs)

    def keep(self, folds: int) -> None:
        """Forgets its trainings on later folds."""
        del self.trainings[folds:], self.outputs[folds:], self.found.scores[folds:]


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
    together: Together | None = None,
    rank: Callable[[dict[str, float], Trial], float] | None = None,
) -> Retrained:
    """Trains finalists on the training part, then the winner on all the data, or the best of them on its folds.

    Args:
        trials: The finalists.
        space: Where they came from.
        data: With its validation part.
        everything: All the data, the validation part included.
        budget: Of one training. With a deadline, the epochs of all trainings are shortened by one factor so that they end
            before it; where that leaves too little of them, the last finalists are left out. One that is alone gets all the
            time; if it stops before that, it is trained on all the data too. Where it can be augmented, which makes it safe
            to train without a look at unseen examples, it is trained on all the data at once and not judged: there is
            nothing to choose from.
        score: Turns the metrics of a training and its trial into a score, higher is better.
        seed: Of all that is random here.
        view: Told what goes on.
        together: If not None, an ensemble is made where the time is enough for it.
        rank: What the winner has most of, from the metrics of a training and its trial, where that is not the score.

    Raises:
        SearchError: If every finalist diverged.
    """
    if not trials:
        raise SearchError("No candidate was trained. Give the search more time or trials, or raise the limits.")
    affordable = _affordable(trials, data, everything, budget)
    plain, trials = trials[0], _with_late_choices(trials, affordable, everything, budget)
    if together is not None:  # half of the time is for the folds
        affordable = max(min(2, affordable), _affordable(trials, data, everything, budget, share=0.5))
    if affordable < len(trials):
        view.say(f"The time that is left is enough to train {max(1, affordable)} of {len(trials)} finalists well.")
    finals = _Finals(space, everything, budget, score, seed, view, together is not None or data.head.calibrates, rank)
    if affordable <= 1 and trials[0] is not plain and not finals.keeps_outputs:
        return finals.unjudged(trials[0])
    entries = finals.first_fold(trials[: max(1, affordable)], data, alone=affordable == 0)
    if together is not None:
        entries = finals.more(entries, trials[affordable:], data, together)
        made = finals.ensemble(entries, data, together)
        if made is not None:
            return made
    best = entries[0]
    best.found.share = 1.0
    planned = dataclasses.replace(budget, epochs=best.epochs)
    core, epochs = _on_everything(space, best.trial, best.trainings[0], everything, planned, seed, view)
    unseen = Unseen(best.outputs[0], *_targets([data])) if data.head.calibrates else None
    return Retrained(core, best.trial, epochs, [entry.found for entry in entries], unseen)


class _Finals:
    """The full trainings of one search; the arguments are those of `retrain`."""

    def __init__(
        self,
        space: SearchSpace,
        everything: Data,
        budget: Budget,
        score: Callable[[dict[str, float], Trial], float],
        seed: int,
        view: View,
        keeps_outputs: bool,
        rank: Callable[[dict[str, float], Trial], float] | None = None,
    ) -> None:
        self.space, self.everything, self.budget = space, everything, budget
        self.score, self.seed, self.view, self.keeps_outputs, self.rank = score, seed, view, keeps_outputs, rank

    def first_fold(self, trials: Sequence[Trial], data: Data, alone: bool = False) -> list[_Entry]:
        """Trains all of them on the split that the search had; best first. One that is alone gets all of the time."""
        entries: list[_Entry] = []
        failures: list[str] = []
        for place, trial in enumerate(trials):
            of = f"{place + 1}/{len(trials)}, " if len(trials) > 1 else ""
            self.view.stage(f"Retraining {of}trial {trial.number + 1}")
            begun = time.monotonic()
            ahead = sum(_seconds(other, data, self.budget) for other in trials[place + 1 :])
            # the winner may be any of them
            ahead += 0.0 if alone else max(_seconds(other, self.everything, self.budget) for other in trials)
            share = _fit_time(self.budget, trial, data, ahead, least=trial.seconds if not entries else 0.0)
            try:
                training = self._train(trial, data, share, 0)
            except TrialError as error:
                failures.append(f"Trial {trial.number + 1}: {error}")
                self.view.say(failures[-1])
                continue
            outputs = _outputs(training, data) if self.keeps_outputs else None
            seconds, metrics = time.monotonic() - begun, training.metrics
            score = self.score(metrics, trial)
            found = Finalist(trial.number, trial.origin, score, metrics, training.epochs, seconds, [score])
            rank = None if self.rank is None else self.rank(metrics, trial)
            entries.append(_Entry(found, trial, share.epochs, [training], [outputs], rank))
        if not entries:
            raise SearchError(f"None of the best candidates could be trained in full. {' '.join(failures)}")
        return _sorted(entries)

    def unjudged(self, trial: Trial) -> Retrained:
        """Trains one network on all the data, for as many epochs as there is time for, without a look at unseen examples."""
        self.view.stage(f"Training trial {trial.number + 1} on all the data: there is no time to judge several before")
        begun = time.monotonic()
        patient = dataclasses.replace(self.budget, patience=None, epochs=self.budget.longest or self.budget.epochs)
        planned = _fit_time(patient, trial, self.everything, 0, least=trial.seconds)
        try:
            training = self._train(trial, self.everything, planned, 0, last=True)
        except TrialError as error:
            raise SearchError(f"The best candidate could not be trained in full. {error}") from error
        found = Finalist(trial.number, trial.origin, None, {}, training.epochs, time.monotonic() - begun, share=1.0)
        return Retrained(training.model, trial, training.epochs, [found])

    def more(self, entries: list[_Entry], trials: Sequence[Trial], data: Data, together: Together) -> list[_Entry]:
        """Trains further finalists while there is time for all folds of them and of the others; best first.

        Trainings that stop early take less time than was planned for them, so there may be some left. Where there is no time
        for all folds of any of the others, one comes in that takes half of theirs and can have three.
        """
        if self.budget.deadline is None:
            return entries
        for trial in trials:
            folds = [entry.fold_seconds for entry in entries]
            planned = sum(_seconds(entry.trial, data, self.budget) for entry in entries)
            expected = sum(folds) / planned * _seconds(trial, data, self.budget)
            left = self.budget.deadline - time.monotonic()
            if (together.folds - 1) * min(folds) <= left:
                needed = (together.folds - 1) * sum(folds) + together.folds * expected
            else:
                needed = 3 * expected if 2 * expected <= min(folds) else math.inf
            if needed > left:
                continue  # a cheaper one may follow
            with contextlib.suppress(SearchError):  # it was said, and the others are enough
                entries = [*entries, *self.first_fold([trial], data)]
        return _sorted(entries)

    def ensemble(self, entries: list[_Entry], data: Data, together: Together) -> Retrained | None:
        """Trains the best of them on more folds and joins those that help each other; None if there is no time for it."""
        size, folds = self._plan(entries, together)
        if folds < together.folds:
            return self._uneven(entries, data, together)
        if size * folds < 2:
            return None
        parts = ensemble.folds(data, self.everything, together.folds)[:folds] if folds > 1 else [data]
        pool = self._more_folds(entries[:size], parts)
        parts = parts[: len(pool[0].trainings)]
        outputs = [_chained(entry.outputs) for entry in pool]
        y, weights = _targets(parts)
        counts = ensemble.select(outputs, ensemble.loss_of(data.head, y, weights, outputs[0]))
        members = [(entry, count) for entry, count in zip(pool, counts, strict=True) if count]
        if len(parts) > 1:
            cores = [(training.model, count) for entry, count in members for training in entry.trainings]
        elif len(members) > 1:
            cores = [(self._on_all(entry), count) for entry, count in members]
        else:
            return None
        entries = pool + [entry for entry in entries if entry not in pool]
        return _joined(entries, counts, cores, Unseen(ensemble.mean(outputs, counts), y, weights))

    def _uneven(self, entries: list[_Entry], data: Data, together: Together) -> Retrained | None:
        """Where there is no time for all folds of the best: chosen by the first fold, the cheapest get more of them first."""
        outputs = [entry.outputs[0] for entry in entries]
        y, weights = _targets([data])
        counts = ensemble.select(outputs, ensemble.loss_of(data.head, y, weights, outputs[0]))
        members = [(entry, count) for entry, count in zip(entries, counts, strict=True) if count]
        parts = ensemble.folds(data, self.everything, together.folds)
        jobs = self._affordable_folds([entry for entry, _ in members], together)
        for entry, number in jobs:
            if len(entry.trainings) == number:  # the one before it went well
                self.view.stage(f"Fold {number + 1}/{len(parts)} of trial {entry.trial.number + 1}")
                if not self._one_more(entry, parts[number], number, last=(entry, number) == jobs[-1]):
                    entry.keep(number)
        cores = [
            (training.model, count / len(entry.trainings)) for entry, count in members for training in entry.trainings
        ]
        if len(cores) < 2:
            return None
        return _joined(entries, counts, cores, Unseen(ensemble.mean(outputs, counts), y, weights))

    def _plan(self, entries: list[_Entry], together: Together) -> tuple[int, int]:
        """How many networks, and on how many folds, there is time for within the limits; (1, 1) is one alone.

        All folds of the best come before a second network. Where there is one split only, networks are trained on all.
        """
        seconds = [entry.fold_seconds for entry in entries]
        left = math.inf if self.budget.deadline is None else self.budget.deadline - time.monotonic()
        most = min(len(entries), POOL if self.budget.deadline is not None else UNHURRIED)
        plans = [(size, together.folds) for size in range(most, 0, -1)]

        def feasible(size: int, folds: int) -> bool:
            cores = [entry.trainings[0].model for entry in entries[:size] for _ in range(folds)]
            needed = sum(seconds[:size]) * (folds - 1 or MARGIN)
            # each is built once more, and written
            needed += sum(entry.trainings[0].timings["startup_seconds"] for entry in entries[:size]) * folds / 2
            return needed <= left and together.fits(ensemble.joined(cores, [1] * len(cores)))

        return next((plan for plan in plans if feasible(*plan)), (1, 1))

    def _more_folds(self, entries: list[_Entry], parts: Sequence[Data]) -> list[_Entry]:
        """Trains each of them on all folds but the first; those that did it, best first, with as many trainings each."""
        complete = 1
        for number, part in enumerate(parts[1:], 1):
            self.view.stage(f"Fold {number + 1}/{len(parts)}")
            for entry in list(entries):
                last = entry is entries[0] and number == len(parts) - 1
                if not self._one_more(entry, part, number, last):
                    if len(entry.trainings) <= number and len(entries) > 1:
                        entries.remove(entry)
                        continue
                    break
            if any(len(entry.trainings) <= number or not entry.trainings[-1].in_time for entry in entries):
                break
            complete += 1
        for entry in entries:
            entry.keep(complete)
        return _sorted(entries)

    def _affordable_folds(self, entries: list[_Entry], together: Together) -> list[tuple[_Entry, int]]:
        """Which folds of which networks there is time for within the limits, the cheapest first."""
        models = [entry.trainings[0].model for entry in entries]
        left = math.inf if self.budget.deadline is None else self.budget.deadline - time.monotonic()
        jobs = []
        for entry in sorted(entries, key=lambda entry: entry.fold_seconds):
            # each is built once more, and written
            pace = entry.fold_seconds + entry.trainings[0].timings["startup_seconds"] / 2
            for number in range(1, together.folds):
                models.append(entry.trainings[0].model)
                if pace > left or not together.fits(ensemble.joined(models, [1] * len(models))):
                    models.pop()
                    break
                left -= pace
                jobs.append((entry, number))
        return jobs

    def _one_more(self, entry: _Entry, part: Data, number: int, last: bool = False) -> bool:
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

    def _on_all(self, entry: _Entry) -> keras.Model:
        planned = dataclasses.replace(self.budget, epochs=entry.epochs)
        training = entry.trainings[0]
        return _on_everything(self.space, entry.trial, training, self.everything, planned, self.seed, self.view)[0]

    def _train(self, trial: Trial, data: Data, budget: Budget, fold: int, last: bool = False) -> Training:
        """Trains with copies of the user's callbacks; the last training of the best gets them as they are."""
        if not last:
            budget = dataclasses.replace(budget, callbacks=copy.deepcopy(list(budget.callbacks)))
        return train(self.space.candidate(trial.values), data, budget, _seed(self.seed, trial.number, fold))


def _joined(
    entries: list[_Entry], counts: Sequence[int], cores: Sequence[tuple[keras.Model, float]], unseen: Unseen
) -> Retrained:
    """The ensemble of cores with their weights; `counts` are those of the first entries, best first."""
    for entry, count in zip(entries, counts, strict=False):
        entry.found.share = count / sum(counts)
    best = entries[0]
    core = ensemble.joined(*zip(*cores, strict=True))
    return Retrained(core, best.trial, best.found.epochs, [entry.found for entry in entries], unseen)


def _sorted(entries: list[_Entry]) -> list[_Entry]:
    """Best first; where scores are equal, as they soon are on easy data, the smaller loss decides."""

    def order(entry: _Entry) -> tuple[float, float]:
        rank = float(np.mean(entry.found.scores)) if entry.rank is None else entry.rank
        return -rank, entry.found.metrics.get("val_loss", 0.0)

    return sorted(entries, key=order)


def _outputs(training: Training, part: Data) -> Any:
    """What a network says of the examples that it was judged on."""
    return training.model.predict(_validation(part)[0], verbose=0)


def _targets(parts: Sequence[Data]) -> tuple[Any, np.ndarray | None]:
    y = _chained([_validation(part)[1] for part in parts])
    weights = [_validation(part)[2] for part in parts]
    return y, None if weights[0] is None else np.concatenate([weight for weight in weights if weight is not None])


def _validation(part: Data) -> tuple[Any, Any, np.ndarray | None]:
    if part.validation is None:
        raise ValueError("Finalists need a part to be judged on.")
    return part.validation


def _chained(parts: Sequence[Any]) -> Any:
    return data_module.mapped(lambda *arrays: np.concatenate(arrays), *parts)


def _on_everything(
    space: SearchSpace,
    trial: Trial,
    training: Training,
    everything: Data,
    budget: Budget,
    seed: int,
    view: View,
) -> tuple[keras.Model, int]:
    """Trains the winner on all the data: the core and its epochs, or those of `training` if that cannot be done."""
    trial = dataclasses.replace(trial, costs={**trial.costs, **training.timings})
    final = dataclasses.replace(budget, patience=None)
    cosine = trial.values.get("schedule") == "cosine"
    if cosine and training.best_epoch <= budget.epochs / 2:
        # it learned by heart: the end of the schedule does no good
        final = dataclasses.replace(final, stop_after=training.best_epoch / budget.epochs)
    else:
        final = dataclasses.replace(final, epochs=training.epochs if cosine else training.best_epoch)
    least = dataclasses.replace(final, epochs=math.ceil(LEAST_EPOCHS * final.stop_after * final.epochs))
    if budget.deadline is not None and _seconds(trial, everything, least) > budget.deadline - time.monotonic():
        view.say("There is no time to train the winner on all the data: the model of the training part is returned.")
        return training.model, training.epochs
    view.stage(f"Training the winner, trial {trial.number + 1}, on all the data")
    try:
        planned = _fit_time(final, trial, everything, 0)
        result = train(space.candidate(trial.values), everything, planned, _seed(seed, trial.number))
    except TrialError as error:
        view.say(f"The training on all the data failed, so the model of the training part is returned. {error}")
        return training.model, training.epochs
    if not result.in_time and result.epochs < training.best_epoch:
        view.say(
            "The time was up before the training on all the data ended: the model of the training part is returned."
        )
        return training.model, training.epochs
    return result.model, result.epochs


def payable(trials: Sequence[Trial], everything: Data, budget: Budget) -> list[Trial]:
    """The trials that there is time to train once in full, on all the data; all of them if there are none.

    A network that is ahead in a short training but would get a fraction of its epochs in the last one is no winner.
    """
    if budget.deadline is None:
        return list(trials)
    least = dataclasses.replace(budget, epochs=math.ceil(LEAST_EPOCHS * budget.epochs))
    left = budget.deadline - time.monotonic()
    return [trial for trial in trials if _seconds(trial, everything, least) <= left] or list(trials)


def _with_late_choices(trials: Sequence[Trial], affordable: int, everything: Data, budget: Budget) -> Sequence[Trial]:
    """Trains the best network in the first of the other ways at once, where there is no time to try both.

    Such as with augmentation, which gains in a long training. Without a deadline all of them are trained.
    """
    others = [trial for trial in trials[1:] if trial.number == trials[0].number]
    least = LEAST_EPOCHS * budget.epochs
    if affordable == 0 and others:
        least = _fit_time(budget, others[0], everything, 0).epochs
    if affordable < min(3, len(trials)) and others and least >= LATE_EPOCHS:
        return [others[0], *(trial for trial in trials[1:] if trial is not others[0])]
    return trials


def _affordable(trials: Sequence[Trial], data: Data, everything: Data, budget: Budget, share: float = 1.0) -> int:
    """How many of the first trials there is time for in its share, with one of them once more on everything."""
    if budget.deadline is None:
        return len(trials)
    least = dataclasses.replace(budget, epochs=math.ceil(LEAST_EPOCHS * budget.epochs))
    left = share * (budget.deadline - time.monotonic())

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


def _fit_time(budget: Budget, trial: Trial, data: Data, ahead: float, least: float = 0.0) -> Budget:
    """Gives a training its part of the time, `ahead` seconds of others to come, and the epochs that fit into it.

    It has `least` seconds even if there is less time: on a machine that became slow, a model that was hardly trained would be
    worse than being late by as long as its trial took.
    """
    if budget.deadline is None:
        return budget
    now = time.monotonic()
    needed = _seconds(trial, data, budget)
    mine = max(least, (budget.deadline - now) * needed / (needed + ahead))
    epoch_seconds = MARGIN * trial.costs.get("step_seconds", 0.0) * math.ceil(len(data) / budget.batch_size)
    training_seconds = mine - trial.costs.get("startup_seconds", 0.0)
    most = math.inf if epoch_seconds <= 0 else max(1, int(training_seconds / epoch_seconds))
    epochs = int(min(budget.epochs, max(1, most / budget.stop_after)))
    return dataclasses.replace(budget, epochs=epochs, deadline=now + mine)


def _seed(seed: int, number: int, fold: int = 0) -> int:
    return int(np.random.SeedSequence([seed, number, 1, *([fold] if fold else [])]).generate_state(1)[0])
