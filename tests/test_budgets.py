"""What is read off trials with shares of the budget."""

from autonas.budgets import Counts, OneBudget, Rungs
from autonas.trials import BUDGET, FAILED, REJECTED, Trial, reading


def trial(number, a, share=None, status="completed"):
    values = {"a": a} if share is None else {"a": a, BUDGET: share}
    return Trial(number, values, status, score=float(number) if status == "completed" else None)


HISTORY = [
    trial(0, "x", 1 / 3),
    trial(1, "y", 1 / 3, FAILED),
    trial(2, "z", 1 / 3, REJECTED),
    trial(3, "x", 1.0),
    trial(4, "w", 1 / 3),
    trial(5, "w", 1.0, REJECTED),
    trial(6, "v"),
]


def test_scores_are_counted_by_their_share():
    assert reading(HISTORY, Counts).scored == {1 / 3: 2, 1.0: 2}


def test_of_one_share_the_others_are_known_as_tried():
    seen = list(reading(HISTORY, OneBudget, 1 / 3).history)
    assert [(one.values, one.score) for one in seen] == [
        *(({"a": "x"}, 0.0), ({"a": "y"}, None), ({"a": "z"}, None)),
        *(({"a": "w"}, None), ({"a": "v"}, None)),
    ]
    full = list(reading(HISTORY, OneBudget, 1.0).history)
    assert [one.score for one in full] == [3.0, None, None, None, 6.0]


def test_who_was_rejected_when_it_was_new_stands_on_no_rung():
    assert [one.number for one in reading(HISTORY, Rungs).standing] == [0, 1, 3, 4, 5]
