"""What every head has to do. Call `check_head` on yours, in your own tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head


def check_head(head: Head, y: Any) -> None:
    """Checks that a head is one: a canonical form, targets that its loss and metrics take, answers in the user's terms.

    Args:
        head: Not fitted.
        y: Some labels, as a user holds them.

    Raises:
        AssertionError: Names what does not hold.
    """
    checked = head.check(y)
    _same(head.check(checked), checked, "check leaves what it checked as it is")
    _refuses(lambda: head.check([]), "no labels at all are an InputError")
    head.fit(checked)
    _same(head.check(y), checked, "check gives the same after fit")
    strata = head.strata(checked)
    _check(strata is None or strata.shape == (len(checked),), "there is one stratum for each label, or None", strata)
    targets = head.encode(checked)
    _check(len(targets) == len(checked), "encode gives one target for each label", targets.shape)
    _check(targets.dtype in (np.float32, np.int32), "targets are float32 or int32", targets.dtype)
    _weighs(head, checked)
    _has_metrics(head)
    model = _model(head)
    outputs = _trains(model, targets)
    again = type(head).from_config(json.loads(json.dumps(head.get_config(), allow_nan=False)))
    _same(again.decode(outputs), head.decode(outputs), "from_config gives a head that decodes the same")
    _same(again.encode(again.check(y)), targets, "from_config gives a head that encodes the same")
    answers = head.decode(outputs)
    _check(len(answers) == len(outputs), "decode gives one answer for each output", answers.shape)
    _check(_takes(head, answers), "answers are labels that check takes", answers)
    if outputs.shape == targets.shape:
        around = head.encode(head.check(head.decode(targets)))
        _same(around, targets, "targets that are decoded and encoded are as before")


def _weighs(head: Head, y: np.ndarray) -> None:
    _check(head.weights(y, None, None) is None, "without class and sample weights there are none", None)
    given = np.linspace(1, 2, len(y))
    _same(head.weights(y, None, given), given.astype(np.float32), "sample weights are kept, as float32")
    _refuses(lambda: head.weights(y, None, given[1:]), "a weight too few is an InputError")


def _has_metrics(head: Head) -> None:
    wanted = head.default_objective.removeprefix("val_")
    first, second = head.metrics(wanted), head.metrics(wanted)
    names = [metric.name for metric in first]
    _check(wanted in names and len(set(names)) == len(names), f"{wanted} is among the metrics, each named once", names)
    _check(names == [metric.name for metric in second], "the metrics have the same names each time", names)
    shared = {id(metric) for metric in first} & {id(metric) for metric in second}
    _check(not shared, "the metrics are fresh each time", names)


def _model(head: Head) -> keras.Model:
    import keras
    import keras_tuner

    features = keras.Input((5,))
    outputs = head.build(keras_tuner.HyperParameters(), features)
    model = keras.Model(features, outputs)
    own = [type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")]
    _check(not own, "the output layer is one of Keras's own", own)
    model.compile("sgd", loss=head.loss(), metrics=head.metrics(head.default_objective.removeprefix("val_")))
    return model


def _trains(model: keras.Model, targets: np.ndarray) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(len(targets), 5)).astype("float32")
    result = model.train_on_batch(x, targets, return_dict=True)
    numbers = all(np.ndim(value) == 0 and np.isfinite(value) for value in result.values())
    _check(numbers, "the loss and each metric are one finite number", result)
    return np.asarray(model.predict(x, verbose=0))


def _same(got: np.ndarray | None, expected: np.ndarray, what: str) -> None:
    same = got is not None and got.dtype == expected.dtype and np.array_equal(got, expected)
    _check(same, what, got)


def _takes(head: Head, answers: np.ndarray) -> bool:
    try:
        return len(head.check(answers)) == len(answers)
    except InputError:
        return False


def _refuses(call: Callable[[], Any], what: str) -> None:
    try:
        got = call()
    except InputError:
        return
    _check(False, what, got)


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of a head it must hold that {what}. Got {got} instead.")
