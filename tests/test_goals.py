"""What a search aims at, in every form, and how the answers of its function are read."""

import math
import types
import warnings

import numpy as np
import pytest

from autonas.errors import InputError, TrialError
from autonas.goals import Answers, Goal, read_goals


@pytest.mark.parametrize(
    ("objective", "goals"),
    [
        ("min", [Goal(None, "min")]),
        ("val_accuracy", [Goal("val_accuracy", "max")]),
        ("loss", [Goal("loss", "min")]),
        ("latency_ms", [Goal("latency_ms", "min")]),
        ({"mine": "max"}, [Goal("mine", "max")]),
        (["accuracy", {"energy": "min"}], [Goal("accuracy", "max"), Goal("energy", "min")]),
        (types.SimpleNamespace(name="mine", direction="min"), [Goal("mine", "min")]),
    ],
)
def test_objectives_are_read(objective, goals):
    assert read_goals(objective) == goals


@pytest.mark.parametrize(
    "objective", ["mine", [], {}, {"mine": "up"}, {1: "max"}, ["max", "accuracy"], ["loss"] * 2, 3]
)
def test_what_is_no_objective_is_told(objective):
    with pytest.raises(InputError, match="objective must be"):
        read_goals(objective)


def test_scores_are_such_that_higher_is_better():
    outcome = Answers(read_goals({"a": "max", "b": "min"}))({"a": np.float32(1), "b": 2, "c": 3})
    assert (outcome.score, tuple(outcome.scores)) == (1.0, (1.0, -2.0))
    assert outcome.metrics == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert Answers(read_goals("min"))(4).score == -4
    assert Answers(read_goals("min"))({"only": 4}).metrics == {"only": 4.0}


@pytest.mark.parametrize(
    ("objective", "answer", "told"),
    [
        ("max", {"a": 1, "b": 2}, "objective= has to say which"),
        ({"a": "max"}, {"b": 2}, "has to return \\['a'\\]"),
        ("max", "0.5", "has to return numbers"),
        ("max", None, "has to return numbers"),
    ],
)
def test_an_answer_without_an_objective_fails_the_trial(objective, answer, told):
    with pytest.raises(TrialError, match=told):
        Answers(read_goals(objective))(answer)


def test_of_other_metrics_the_numbers_are_kept_and_what_is_none_is_named_once():
    answers = Answers(read_goals({"a": "max"}))
    assert answers({"a": 1, "b": math.nan, "c": "text", "d": np.array([2.0])}).metrics == {"a": 1.0, "d": 2.0}
    with pytest.warns(UserWarning, match="left out: c='text'"):
        answers.warn()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Answers(read_goals("max")).warn()
