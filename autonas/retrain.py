"""The final training: the best few candidates from scratch, then the winner on all the data, or an ensemble on its folds.

A search ranks by cheap trainings; what is handed over was chosen by full ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from autonas import timetable
from autonas.committee import Committee, Together
from autonas.errors import SearchError
from autonas.finals import Finals, Retrained, Unseen, targets
from autonas.timetable import payable as payable

if TYPE_CHECKING:
    from autonas.estimators.base import Budget, Data
    from autonas.progress import View
    from autonas.space import SearchSpace
    from autonas.trials import Trial


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
    count = timetable.affordable(trials, data, everything, budget)
    plain, trials = trials[0], timetable.with_late_choices(trials, count, everything, budget)
    if together is not None:  # half of the time is for the folds
        count = max(min(2, count), timetable.affordable(trials, data, everything, budget, share=0.5))
    if count < len(trials):
        view.say(f"The time that is left is enough to train {max(1, count)} of {len(trials)} finalists well.")
    keeps_outputs = together is not None or data.head.calibrates
    finals = Finals(space, everything, budget, score, seed, view, keeps_outputs, rank)
    if count <= 1 and trials[0] is not plain and not keeps_outputs:
        return finals.unjudged(trials[0])
    entries = finals.first_fold(trials[: max(1, count)], data, alone=count == 0)
    if together is not None:
        committee = Committee(finals, data, together)
        entries = committee.more(entries, trials[count:])
        made = committee.made(entries)
        if made is not None:
            return made
    best = entries[0]
    best.found.share = 1.0
    core, epochs = finals.on_everything(best)
    unseen = Unseen(best.outputs[0], *targets([data])) if data.head.calibrates else None
    return Retrained(core, best.trial, epochs, [entry.found for entry in entries], unseen)
