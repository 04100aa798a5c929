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
    import keras

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
    broken: Callable[[keras.Model], str | None] = lambda core: None,
    resort: Callable[[], Trial] | None = None,
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
        broken: Says which limit a trained network breaks; the next one is taken in its place.
        resort: Makes what is trained, and not judged, where there is a deadline and no finalist.

    Raises:
        SearchError: If every finalist diverged, or breaks a limit once it is trained.
    """
    if not trials and (resort is None or budget.deadline is None):
        raise SearchError("No candidate was trained. Give the search more time or trials, or raise the limits.")
    finals = Finals(
        space, everything, budget, score, seed, view, together is not None or data.head.calibrates, rank, broken
    )
    if not trials and resort is not None:
        view.say(
            "The time was up before any candidate was measured. The smallest starting point is trained in what is left of it, "
            "and nothing says how good it is: give the search more time."
        )
        only = finals.unjudged(resort())
        if finals.keeps_limits(only.core, only.trial):
            return only
    left = list(trials)
    while left:
        tried, outcome = _handed_over(left, data, finals, together)
        if outcome is not None:
            return outcome
        left = [trial for trial in left if trial.number not in tried]
    raise SearchError(
        "Each finalist breaks a limit now that it is trained. Raise the limit a little, or search longer."
    )


def _handed_over(
    trials: Sequence[Trial], data: Data, finals: Finals, together: Together | None
) -> tuple[set[int], Retrained | None]:
    """The numbers of those that there was time for, and the best of them that keeps to the limits."""
    everything, budget, view = finals.everything, finals.budget, finals.view
    count = timetable.affordable(trials, data, everything, budget)
    plain, trials = trials[0], timetable.with_late_choices(trials, count, everything, budget)
    if together is not None:  # half of the time is for the folds
        count = max(min(2, count), timetable.affordable(trials, data, everything, budget, share=0.5))
    if count < len(trials):
        view.say(f"The time that is left is enough to train {max(1, count)} of {len(trials)} finalists well.")
    if count <= 1 and trials[0] is not plain and not finals.keeps_outputs:
        alone = finals.unjudged(trials[0])
        return {plain.number}, alone if finals.keeps_limits(alone.core, alone.trial) else None
    if together is None:
        entries = finals.first_fold(trials[: max(1, count)], data, alone=count == 0)
    else:
        committee = Committee(finals, data, together)
        entries = committee.entries(trials, count)
        made = committee.made(entries)
        if made is not None and finals.keeps_limits(made.core, made.trial):
            return set(), made
    for best in entries:
        core, epochs = finals.on_everything(best, data)
        if finals.keeps_limits(core, best.trial):
            best.found.share = 1.0
            unseen = Unseen(best.outputs[0], *targets([data])) if data.head.calibrates else None
            return set(), Retrained(core, best.trial, epochs, [entry.found for entry in entries], unseen)
    return {entry.trial.number for entry in entries}, None
