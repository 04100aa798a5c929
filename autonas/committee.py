"""Finalists handed over as one: what there is time for, the trainings on further folds, and who gets which share.

A committee is the networks of all folds, where there is time for them (Parmanto, Munro & Doyle, 1996); `autonas.ensemble` has
the references, the folds, the selection and the joined network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autonas import ensemble, timetable
from autonas.errors import SearchError
from autonas.finalists import POOL
from autonas.finals import Entry, Finals, Retrained, Unseen, best_first, chained, targets

if TYPE_CHECKING:
    import keras

    from autonas.estimators.base import Data
    from autonas.trials import Trial

UNHURRIED = 2  # networks that an ensemble is chosen from without a deadline
QUICK = 0.25  # of the time that is left, which those may take together that are trained before the best one


@dataclasses.dataclass(frozen=True)
class Together:
    """That several networks may be handed over as one.

    Attributes:
        folds: Into how many the data may be split; 1 if only the split that there is makes sense.
        fits: Whether a core, or several joined, is within the limits.
    """

    folds: int
    fits: Callable[[keras.Model], bool] = lambda core: True


@dataclasses.dataclass(frozen=True)
class Committee:
    """Makes an ensemble of finalists.

    Attributes:
        finals: Trains them.
        data: The split that the search had.
        together: What is allowed.
    """

    finals: Finals
    data: Data
    together: Together

    def entries(self, trials: Sequence[Trial], count: int) -> list[Entry]:
        """Trains the first finalists, and of the others those that there turns out to be time for; best first.

        Those that there is no time for beside the first ones, but that take next to none of it, come before all others: the
        best may be so by chance, and its last epochs are seldom worth as much as they are.

        Args:
            trials: The finalists, best first.
            count: How many of them are affordable.

        Raises:
            SearchError: If every one diverged.
        """
        count, alone = max(1, count), count == 0
        quick = self._quick(trials[count:])
        entries: list[Entry] = []
        for trial in quick:
            with contextlib.suppress(SearchError):  # it was said
                entries += self.finals.first_fold([trial], self.data)
        folds_of_quick = (self.together.folds - 1) * sum(entry.fold_seconds for entry in entries)
        with contextlib.suppress(SearchError) if entries else contextlib.nullcontext():
            entries += self.finals.first_fold(trials[:count], self.data, alone, folds_of_quick)
        return self._more(entries, [trial for trial in trials[count:] if trial not in quick])

    def _quick(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those that take a small part of the time that is left, with all their folds."""
        found, left = [], QUICK * self._left
        for trial in trials:
            needed = self.together.folds * timetable.seconds(trial, self.data, self.finals.budget)
            if needed <= left:
                left -= needed
                found.append(trial)
        return found

    def _more(self, entries: list[Entry], trials: Sequence[Trial]) -> list[Entry]:
        """Trains further finalists while there is time for all folds of them and of the others; best first.

        Trainings that stop early take less time than was planned for them, so there may be some left. Where there is no time
        for all folds of any of the others, one comes in that takes half of theirs and can have three.
        """
        budget, count = self.finals.budget, self.together.folds
        for trial in trials if budget.deadline is not None else ():
            folds = [entry.fold_seconds for entry in entries]
            planned = sum(timetable.seconds(entry.trial, self.data, budget) for entry in entries)
            expected = sum(folds) / planned * timetable.seconds(trial, self.data, budget)
            left = self._left
            if (count - 1) * min(folds) <= left:
                needed = (count - 1) * sum(folds) + count * expected
            else:
                needed = 3 * expected if 2 * expected <= min(folds) else math.inf
            if needed > left or not timetable.pays(budget, trial, self.data, self.finals.everything):
                continue  # a cheaper one may follow
            with contextlib.suppress(SearchError):  # it was said, and the others are enough
                entries = [*entries, *self.finals.first_fold([trial], self.data)]
        return best_first(entries)

    def made(self, entries: list[Entry]) -> Retrained | None:
        """Trains the best of them on more folds and joins those that help each other; None if there is no time for it."""
        size, folds = self._plan(entries)
        if folds < self.together.folds:
            return self._uneven(entries)
        if size * folds < 2:
            return None
        parts = self._folds() if folds > 1 else [self.data]
        pool = self._on_all_folds(entries[:size], parts)
        parts = parts[: len(pool[0].trainings)]
        outputs = [chained(entry.outputs) for entry in pool]
        counts, unseen = self._selected(outputs, parts)
        members = [(entry, count) for entry, count in zip(pool, counts, strict=True) if count]
        if len(parts) > 1:
            cores = [(training.model, count) for entry, count in members for training in entry.trainings]
        elif len(members) > 1:
            cores = [(self.finals.on_everything(entry, self.data)[0], count) for entry, count in members]
        else:
            return None
        return _joined(pool + [entry for entry in entries if entry not in pool], counts, cores, unseen)

    def _uneven(self, entries: list[Entry]) -> Retrained | None:
        """Where there is no time for all folds of the best: chosen by the first fold, more go where time counts most."""
        counts, unseen = self._selected([entry.outputs[0] for entry in entries], [self.data])
        members = [(entry, count) for entry, count in zip(entries, counts, strict=True) if count]
        parts = self._folds()
        jobs = self._affordable_folds(members)
        for entry, number in jobs:
            if len(entry.trainings) == number:  # the one before it went well
                self.finals.view.stage(f"Fold {number + 1}/{len(parts)} of trial {entry.trial.number + 1}")
                if not self.finals.further_fold(entry, parts[number], number, last=(entry, number) == jobs[-1]):
                    entry.keep(number)
        cores = [
            (training.model, count / len(entry.trainings)) for entry, count in members for training in entry.trainings
        ]
        return _joined(entries, counts, cores, unseen) if len(cores) > 1 else None

    def _folds(self) -> list[Data]:
        return ensemble.folds(self.data, self.finals.everything, self.together.folds)

    def _selected(self, outputs: list[Any], parts: Sequence[Data]) -> tuple[list[int], Unseen]:
        """How often each is chosen by what it said of examples that it had not seen, and what they say of these together."""
        y, weights = targets(parts)
        counts = ensemble.select(outputs, ensemble.loss_of(self.data.head, y, weights, outputs[0]))
        return counts, Unseen(ensemble.mean(outputs, counts), y, weights)

    @property
    def _left(self) -> float:
        """Seconds until the deadline."""
        deadline = self.finals.budget.deadline
        return math.inf if deadline is None else deadline - time.monotonic()

    def _plan(self, entries: list[Entry]) -> tuple[int, int]:
        """How many networks, and on how many folds, there is time for within the limits; (1, 1) is one alone.

        All folds of the best come before a second network. Where there is one split only, networks are trained on all.
        """
        seconds, left = [entry.fold_seconds for entry in entries], self._left
        most = min(len(entries), UNHURRIED if self.finals.budget.deadline is None else POOL)
        folds = self.together.folds

        def feasible(size: int) -> bool:
            cores = [entry.trainings[0].model for entry in entries[:size] for _ in range(folds)]
            needed = sum(seconds[:size]) * (folds - 1 or timetable.MARGIN)
            # each is built once more, and written
            needed += sum(entry.trainings[0].timings["startup_seconds"] for entry in entries[:size]) * folds / 2
            return needed <= left and self.together.fits(ensemble.joined(cores, [1] * len(cores)))

        return next(((size, folds) for size in range(most, 0, -1) if feasible(size)), (1, 1))

    def _on_all_folds(self, entries: list[Entry], parts: Sequence[Data]) -> list[Entry]:
        """Trains each of them on all folds but the first; those that did it, best first, with as many trainings each."""
        complete = 1
        for number, part in enumerate(parts[1:], 1):
            self.finals.view.stage(f"Fold {number + 1}/{len(parts)}")
            for entry in list(entries):
                last = entry is entries[0] and number == len(parts) - 1
                if not self.finals.further_fold(entry, part, number, last):
                    if len(entry.trainings) <= number and len(entries) > 1:
                        entries.remove(entry)
                        continue
                    break
            if any(len(entry.trainings) <= number or not entry.trainings[-1].in_time for entry in entries):
                break
            complete += 1
        for entry in entries:
            entry.keep(complete)
        return best_first(entries)

    def _affordable_folds(self, members: list[tuple[Entry, int]]) -> list[tuple[Entry, int]]:
        """Which folds of which networks there is time for within the limits, the largest share for a second first."""
        models = [entry.trainings[0].model for entry, _ in members]
        left = self._left
        jobs = []
        for entry, _ in sorted(members, key=lambda member: member[0].fold_seconds / member[1]):
            # each is built once more, and written
            pace = entry.fold_seconds + entry.trainings[0].timings["startup_seconds"] / 2
            for number in range(1, self.together.folds):
                models.append(entry.trainings[0].model)
                if pace > left or not self.together.fits(ensemble.joined(models, [1] * len(models))):
                    models.pop()
                    break
                left -= pace
                jobs.append((entry, number))
        return jobs


def _joined(
    entries: list[Entry], counts: Sequence[int], cores: Sequence[tuple[keras.Model, float]], unseen: Unseen
) -> Retrained:
    """The ensemble of cores with their weights; `counts` are those of the first entries, best first."""
    for entry, count in zip(entries, counts, strict=False):
        entry.found.share = count / sum(counts)
    best = entries[0]
    core = ensemble.joined(*zip(*cores, strict=True))
    return Retrained(core, best.trial, best.found.epochs, [entry.found for entry in entries], unseen)
