"""The user's own callable: asked once for a model, again after failures, not for ever, and its failure costs a trial."""

import sys
import threading

import pytest

from autonas.devices.base import Latency
from autonas.devices.rig import Rig
from autonas.errors import InputError, TrialError


def test_seconds_become_milliseconds_and_equal_models_are_asked_for_once():
    asked = []
    rig = Rig(lambda tflite: asked.append(tflite) or 0.002 * len(tflite))
    assert rig.latency(b"a") == rig.latency(b"a") == Latency(2.0, 2.0, 2.0)
    assert rig.latency(b"bb").median_ms == 4.0
    assert asked == [b"a", b"bb"]


def test_a_failure_is_tried_again():
    answers = iter([OSError("no route"), -1.0, 0.5])

    def measure(tflite):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert Rig(measure, retries=2).latency(b"a").median_ms == 500.0


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lambda tflite: 1 / 0, "3 calls. ZeroDivisionError: division by zero"),
        (lambda tflite: sys.exit(3), r"3 calls. RuntimeError: SystemExit\(3\)"),
        (lambda tflite: "fast", "could not convert"),
        (lambda tflite: float("nan"), "positive number of seconds, and was nan"),
    ],
)
def test_failures_are_one_error_that_costs_a_trial(measure, said):
    with pytest.raises(TrialError, match=said):
        Rig(measure).latency(b"a")


def test_an_answer_that_does_not_come_is_not_waited_for():
    never = threading.Event()
    with pytest.raises(TrialError, match=r"no answer in 0\.05 seconds"):
        Rig(lambda tflite: never.wait(60), retries=0, timeout=0.05).latency(b"a")
    never.set()


@pytest.mark.parametrize(
    "arguments", [{"measure": 3}, {"retries": -1}, {"retries": 1.5}, {"timeout": 0}, {"timeout": "5"}]
)
def test_arguments_out_of_range_are_named(arguments):
    with pytest.raises(InputError, match=next(iter(arguments))):
        Rig(**{"measure": len, **arguments})
