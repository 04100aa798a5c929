"""What every head has to do. Call `check_head` on yours, in your own tests."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

    from autonas.heads.base import Head


def check_head(head: Head, y: Any) -> None:
    """Checks that a head is one: a canonical form, targets that its loss and metrics take, answers in the user's terms.

    The head is fitted, a small network is trained with it, and the finished model is evaluated, saved and loaded.

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
    core = _core(head)
    _trains(core, targets)
    outputs = _finishes(head, core, checked)
    again = type(head).from_config(json.loads(json.dumps(head.get_config(), allow_nan=False)))
    _same(again.decode(outputs), head.decode(outputs), "from_config gives a head that decodes the same")
    _same(again.encode(again.check(y)), targets, "from_config gives a head that encodes the same")
    answers = head.decode(outputs)
    _check(len(answers) == len(outputs), "decode gives one answer for each output", answers.shape)
    _check(_takes(head, answers), "answers are labels that check takes", answers)
    finished = head.finished_targets(checked)
    if outputs.shape == finished.shape:
        around = head.encode(head.check(head.decode(finished)))
        close = around.dtype == targets.dtype and np.allclose(around, targets, rtol=1e-4, atol=1e-4)
        _check(close, "targets that are decoded and encoded are as before", around)


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


def _core(head: Head) -> keras.Model:
    import keras
    import keras_tuner

    features, hp = keras.Input((5,)), keras_tuner.HyperParameters()
    return _compiled(head, keras.Model(features, head.build(hp, features)), head.loss(hp))


def _compiled(head: Head, model: keras.Model, loss: Any, eagerly: bool = False) -> keras.Model:
    own = [type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")]
    _check(not own, "its layers are Keras's own", own)
    metrics = head.metrics(head.default_objective.removeprefix("val_"))
    model.compile("sgd", loss=loss, metrics=metrics, run_eagerly=eagerly)
    return model


def _features(rows: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, 5)).astype("float32")


def _trains(core: keras.Model, targets: np.ndarray) -> None:
    _numbers(core.train_on_batch(_features(len(targets)), targets, return_dict=True), "of the core")


def _finishes(head: Head, core: keras.Model, y: np.ndarray) -> np.ndarray:
    """Outputs of the finished model, which takes its targets and is the same in another process."""
    import keras

    model = _compiled(head, keras.Model(core.input, head.finish(core.output)), head.loss(), eagerly=True)
    x, targets = _features(len(y)), head.finished_targets(y)
    _check(len(targets) == len(y), "finished_targets gives one target for each label", targets.shape)
    told = model.test_on_batch(x, targets, return_dict=True)
    _numbers(told, "of the finished model")
    exact = head.exact(told, y, lambda: np.asarray(model(x)), None)
    close = list(exact) == list(told) and np.allclose([*exact.values()], [*told.values()], rtol=1e-2, atol=1e-2)
    _check(close, "exact gives the same metrics", exact)
    inside = core.test_on_batch(x, head.encode(y), return_dict=True)
    told = head.in_units(inside)
    _check(list(told) == list(inside), "in_units keeps the names of the metrics", list(told))
    _numbers(told, "in units")
    validated = head.in_units({f"val_{name}": value for name, value in inside.items()})
    _check(
        list(validated.values()) == list(told.values()),
        "in_units treats metrics with val_ before them alike",
        validated,
    )
    outputs = np.asarray(model(x))
    again = np.asarray(_loaded(model)(x))
    _check(np.array_equal(again, outputs), "the finished model is the same when loaded", again)
    return outputs


def _loaded(model: keras.Model) -> keras.Model:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "finished.keras"
        model.save(path)
        return keras.saving.load_model(path, compile=False)


def _numbers(result: Mapping[str, Any], what: str) -> None:
    finite = all(np.ndim(value) == 0 and np.isfinite(value) for value in result.values())
    _check(finite, f"the loss and each metric {what} are one finite number", result)


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
