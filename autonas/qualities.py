"""Qualities of a binary classifier, exact on the whole validation part: scikit-learn's answers, in NumPy.

Keras sums its metrics up batch by batch at 200 thresholds, which is far off where positives are rare and scores low. These
see all scores at once, so in a training a callback computes them at the end of each epoch. The model needs nothing of them
to load.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras


@dataclasses.dataclass(frozen=True)
class Curve:
    """What each possible threshold would report. A score exactly at the threshold is reported.

    Attributes:
        thresholds: The distinct scores, the highest first, (m,).
        true: Weight of the positives that are reported, (m,); the last is all of them.
        false: Weight of the negatives that are reported, (m,); the last is all of them.
    """

    thresholds: np.ndarray
    true: np.ndarray
    false: np.ndarray


def read(y_true: Any, y_score: Any, sample_weight: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reads targets, scores and weights.

    Args:
        y_true: 0 or 1 for each example, (n,) or (n, 1), of any numeric type or boolean.
        y_score: One finite number for each example, (n,) or (n, 1): the higher, the likelier a 1.
        sample_weight: One weight for each example, (n,), or None.

    Returns:
        Booleans, float64 scores and float64 weights, (n,) each.

    Raises:
        InputError: If they are anything else, or all targets that have a weight are the same.
    """
    true, scores = (_column(part, name) for part, name in ((y_true, "y_true"), (y_score, "y_score")))
    if not np.isin(true, (0, 1)).all():
        raise InputError.of("y_true", "of 0 and 1", f"{true[~np.isin(true, (0, 1))][0]} among them")
    if len(scores) != len(true):
        raise InputError.of("y_score", f"as long as y_true, {len(true)}", len(scores))
    if not np.isfinite(scores).all():
        raise InputError.of("y_score", "finite numbers", "NaN or infinity among them")
    weights = np.ones(len(true)) if sample_weight is None else data.read_weights(sample_weight, len(true))
    positive = true == 1
    for name, rows in (("1", positive), ("0", ~positive)):
        if not weights[rows].any():
            weighed = "" if sample_weight is None else " with a weight above zero"
            raise InputError.of("y_true", f"of 0 and 1{weighed}, some of each", f"no {name}")
    return positive, scores.astype("float64"), weights.astype("float64")


def _column(part: Any, name: str) -> np.ndarray:
    array = np.asarray(part)
    if array.dtype.kind not in "biuf" or array.shape not in ((array.size,), (array.size, 1)):
        got = f"the type {array.dtype} and the shape {array.shape}"
        raise InputError.of(name, "one number for each example, (n,) or (n, 1)", got)
    return array.reshape(-1)


def curve(y_true: Any, y_score: Any, sample_weight: Any = None) -> Curve:
    """Reads the arguments as `read` does, and counts what each possible threshold would report."""
    positive, scores, weights = read(y_true, y_score, sample_weight)
    counted = weights > 0
    positive, scores, weights = positive[counted], scores[counted], weights[counted]
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each run of equal scores
    true = np.cumsum(np.where(positive, weights, 0.0)[order])[last]
    false = np.cumsum(np.where(positive, 0.0, weights)[order])[last]
    return Curve(scores[order][last], true, false)


def average_precision(y_true: Any, y_score: Any, sample_weight: Any = None) -> float:
    """Precision averaged over the positives, in the order of their scores; the share of positives if the scores say nothing.

    Args:
        y_true: 0 or 1 for each example, (n,).
        y_score: The higher, the likelier a 1, (n,).
        sample_weight: (n,), or None.

    Returns:
        In (0, 1], as `sklearn.metrics.average_precision_score`.

    Raises:
        InputError: See `read`.

    Example:

    >>> round(average_precision([0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7]), 4)
    0.8333
    """
    found = curve(y_true, y_score, sample_weight)
    gained = np.diff(found.true, prepend=0.0) / found.true[-1]
    return float(np.sum(gained * found.true / (found.true + found.false)))


def roc_auc(y_true: Any, y_score: Any, sample_weight: Any = None) -> float:
    """How often a positive scores higher than a negative, ties counted half; 0.5 if the scores say nothing.

    Arguments and errors are those of `average_precision`; the answer is that of `sklearn.metrics.roc_auc_score`.
    """
    found = curve(y_true, y_score, sample_weight)
    true, false = np.append(0.0, found.true), np.append(0.0, found.false)
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1])) / 2 / true[-1] / false[-1])


def recall_at_fpr(y_true: Any, y_score: Any, sample_weight: Any = None, rate: float = 0.01) -> float:
    """The share of the positives that can be found while at most `rate` of the negatives are reported.

    Other arguments and errors are those of `average_precision`. Only thresholds that exist count: nothing is interpolated.

    Args:
        y_true: See above.
        y_score: See above.
        sample_weight: See above.
        rate: False positives as a share of all negatives, in [0, 1).

    Raises:
        InputError: Also if the rate is not in [0, 1).
    """
    if not 0 <= rate < 1:
        raise InputError.of("The rate of recall_at_fpr", "in [0, 1)", repr(rate))
    found = curve(y_true, y_score, sample_weight)
    allowed = found.false / found.false[-1] <= rate
    return float(np.max(found.true / found.true[-1], where=allowed, initial=0.0))


@dataclasses.dataclass(frozen=True)
class Measure:
    """One entry of `QUALITIES`.

    Attributes:
        function: (y_true, y_score, sample_weight) -> float, and its parameter if it has one.
        direction: `"max"`, for more is better, or `"min"`.
        parameter: Name of the argument that the name of the quality has to end with, or None.
    """

    function: Callable[..., float]
    direction: str = "max"
    parameter: str | None = None


QUALITIES = {
    "average_precision": Measure(average_precision),
    "recall_at_fpr": Measure(recall_at_fpr, parameter="rate"),
    "roc_auc": Measure(roc_auc),
}
_NUMBER = r"_(\d*\.?\d+(?:e-?\d+)?)"


def is_known(name: str) -> bool:
    """Whether a name is meant as one of these qualities: `"average_precision"`, `"recall_at_fpr_0.01"`. `parse` checks it."""
    return re.sub(rf"{_NUMBER}$", "", name) in QUALITIES


def owner_of(metric: str, names: Iterable[str]) -> str | None:
    """The output that a metric's name begins with, of several the longest; None if it is of no output."""
    return max((name for name in names if metric.startswith(f"{name}_")), key=len, default=None)


def of_output(metric: str, targets: Any) -> tuple[str | None, str]:
    """The output that a metric is of and its own name, where targets are a dict of several outputs; else None and the name.

    Keras puts the name of an output before those of several, not of a single one.

    Example:

    >>> of_output("kind_roc_auc", {"kind": kinds, "price": prices})
    ('kind', 'roc_auc')
    """
    if not isinstance(targets, Mapping):
        return None, metric
    owner = owner_of(metric, targets) if len(targets) > 1 else next(iter(targets))
    return owner, metric if len(targets) == 1 else metric.removeprefix(f"{owner}_")


def parse(name: str) -> tuple[Measure, dict[str, float]]:
    """Reads the name of a quality.

    Args:
        name: A key of `QUALITIES`; behind one with a parameter stands its value: `"recall_at_fpr_0.01"`.

    Returns:
        The measure, and its parameter by name.

    Raises:
        InputError: If the name is unknown, the parameter is missing, or there is one too many.

    Example:

    >>> parse("recall_at_fpr_0.01")[1]
    {'rate': 0.01}
    """
    match = re.fullmatch(rf"(.+?)(?:{_NUMBER})?", name)
    measure = QUALITIES.get(match[1]) if match else None
    forms = {key: f"{key}_0.01" if known.parameter else key for key, known in QUALITIES.items()}
    if match is None or measure is None:
        near = difflib.get_close_matches(name, forms.values(), n=1)
        raise InputError.of(
            "A quality", f"one of {sorted(forms.values())}", repr(name), f"Did you mean {near[0]!r}?" if near else ""
        )
    if (measure.parameter is None) != (match[2] is None):
        raise InputError.of("The name of this quality", f"of the form {forms[match[1]]!r}", repr(name))
    if measure.parameter is None:
        return measure, {}
    if not 0 <= float(match[2]) < 1:
        raise InputError.of(f"The {measure.parameter} of {match[1]}", "in [0, 1)", match[2])
    return measure, {measure.parameter: float(match[2])}


def scores(name: str, y_true: Any, y_score: Any, sample_weight: Any = None) -> float:
    """Computes a quality by its name.

    Args:
        name: See `parse`.
        y_true: 0 or 1 for each example, (n,) or (n, 1).
        y_score: The higher, the likelier a 1, (n,) or (n, 1).
        sample_weight: (n,), or None.

    Raises:
        InputError: If the name is unknown, or the data are of another form; see `read`.

    Example:

    >>> scores("recall_at_fpr_0.5", [0, 1, 0, 1], [0.1, 0.9, 0.8, 0.7])
    1.0
    """
    measure, parameters = parse(name)
    return measure.function(y_true, y_score, sample_weight, **parameters)


def exact_callback(
    names: Sequence[str], x_val: Any, y_val: Any, weights: Any = None, batch_size: int = 256
) -> keras.callbacks.Callback:
    """Makes a callback that adds qualities to the logs of each epoch: `"val_average_precision"` and so on.

    Put it before the callbacks that read them: Keras calls callbacks in order, and they share the logs. The outputs that are
    looked at must be of one unit. If one becomes NaN or infinite, so does the quality.

    Args:
        names: See `parse`; of a model with several outputs by name, that of the output before it: `"kind_roc_auc"`.
        x_val: Examples as the model takes them: an array, or a dict of arrays.
        y_val: 0 or 1 for each of them, (n,) or (n, 1); a dict where the model gives one.
        weights: One for each, (n,), or None.
        batch_size: Examples that are predicted at once.

    Raises:
        InputError: If a name is unknown, or the targets are not of both classes, one for each example.

    Example:

    >>> best = keras.callbacks.EarlyStopping("val_average_precision", mode="max", restore_best_weights=True)
    >>> model.fit(x, y, callbacks=[exact_callback(["average_precision"], x_val, y_val), best])
    """
    import keras

    data.check_lengths(x_val, y_val, weights)
    for name in names:
        output, own = of_output(name, y_val)
        parse(own)
        read(_part(y_val, output), np.zeros(data.length(x_val)), weights)
    ready = data.feed(x_val)

    class Exact(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            outputs = self.model.predict(ready, batch_size=batch_size, verbose=0)
            found = {f"val_{name}": told(name, y_val, outputs, weights) for name in names}
            if logs is not None:
                logs |= found

    return Exact()


def told(name: str, y_true: Any, outputs: Any, sample_weight: Any = None) -> float:
    """A quality of what a model says, of one of several outputs too (see `of_output`).

    Returns:
        NaN where the model says NaN or infinity, or all targets that have a weight are of one class.
    """
    output, own = of_output(name, y_true)
    targets, said = np.asarray(_part(y_true, output)), np.asarray(_part(outputs, output))
    weighed = targets if sample_weight is None else targets[np.asarray(sample_weight) > 0]
    if not np.isfinite(said).all() or len(np.unique(weighed)) < 2:
        return float("nan")
    return scores(own, targets, said, sample_weight)


def _part(whole: Any, output: str | None) -> Any:
    return whole if output is None else whole[output]
