"""From scores to decisions: the threshold of a binary classifier, chosen on the validation part for what the user aims at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas import qualities
from autonas.errors import InputError

_LIMITS = {
    "max_fpr": "false positive rate of at most {}",
    "min_precision": "precision of at least {}",
    "min_recall": "recall of at least {}",
}


@dataclasses.dataclass(frozen=True)
class Threshold:
    """A threshold, and what it meant on the part it was chosen on. A score exactly at the threshold raises an alert.

    Attributes:
        value: Scores from here up raise an alert.
        aim: What it was chosen for, as `choose` takes it.
        precision: Share of the alerts that are positives, 0 if there are no alerts; weighted, as all rates are.
        recall: Share of the positives that raise an alert.
        fpr: Share of the negatives that raise an alert.
        f1: Harmonic mean of precision and recall.
        alerts_per_1000: Alerts in 1,000 cases.
        false_positives_per_1000: Negatives that raise an alert, in 1,000 cases.
        true_positives: How many positives raised an alert, not weighted.
        positives: How many positives there were, not weighted.
        n: How many cases there were.
    """

    value: float
    aim: Any = dataclasses.field(hash=False)
    precision: float
    recall: float
    fpr: float
    f1: float
    alerts_per_1000: float
    false_positives_per_1000: float
    true_positives: int
    positives: int
    n: int

    @property
    def below(self) -> float:
        """The next lower number of float32, for metrics of Keras: they count what is above a threshold, not what is at it."""
        nearest = np.float32(self.value)
        return float(nearest if float(nearest) < self.value else np.nextafter(nearest, np.float32(0)))

    def decide(self, scores: Any) -> np.ndarray:
        """Which scores raise an alert: booleans of the same shape."""
        return np.asarray(scores, "float64") >= self.value

    def describe(self) -> str:
        """What it means, in two lines for a summary."""
        # A network that is sure of itself has thresholds such as 0.99998, which are not 1.
        digits = next((digits for digits in range(4, 17) if float(f"{self.value:.{digits}g}") % 1), 17)
        return (
            f"At {self.value:.{digits}g}: {self.alerts_per_1000:,.1f} alerts per 1,000 cases, "
            f"{self.false_positives_per_1000:,.1f} of them false; finds {self.recall:.0%} of the positives.\n"
            f"Chosen {_in_words(self.aim)}, on {self.n:,} cases with {self.positives:,} positives: "
            f"precision {self.precision:.3f}, F1 {self.f1:.3f}, false positive rate {self.fpr:.4f}."
        ).replace("%", " %")

    def to_json(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Threshold:
        """The inverse of `to_json`."""
        return cls(**config)


def check_aim(aim: Any, name: str = "threshold") -> str | float | dict[str, float]:
    """Reads what a threshold is chosen for.

    Args:
        aim: See `choose`.
        name: How the user knows it, for the error.

    Returns:
        The aim in plain types.

    Raises:
        InputError: If it is none of the forms, or a number is out of its range.
    """
    if isinstance(aim, str) and aim == "f1":
        return aim
    if _is_number(aim) and 0 < aim < 1:
        return float(aim)
    if isinstance(aim, Mapping) and len(aim) == 1:
        ((kind, limit),) = aim.items()
        # No false positive at all is an aim; to report everything, or nothing, is none.
        if kind in _LIMITS and _is_number(limit) and (0 <= limit < 1 if kind == "max_fpr" else 0 < limit <= 1):
            return {kind: float(limit)}
    forms = "'f1', {'max_fpr': 0.01}, {'min_precision': 0.9}, {'min_recall': 0.8} with a share from 0 to 1"
    raise InputError.of(name, f"{forms}, or a number in (0, 1)", repr(aim))


def choose(y_true: Any, scores: Any, aim: Any, sample_weight: Any = None) -> Threshold:
    """Chooses the threshold that serves the aim best on these cases. Among equally good ones, that with fewest alerts.

    It lies halfway between the last score that raises an alert and the next one that does not, so that the network that is
    trained on all data, or one that rounds differently, decides alike.

    Args:
        y_true: 0 or 1 for each case, (n,).
        scores: What the classifier says, (n,): the higher, the likelier a 1.
        aim: `"f1"` for the highest F1; `{"max_fpr": share}` or `{"min_precision": share}` for the highest recall within this
            limit; `{"min_recall": share}` for the fewest alerts with it; a number in (0, 1) is the threshold itself.
        sample_weight: One for each case, (n,), or None.

    Raises:
        InputError: If the aim is none of these, no threshold reaches it (with the best that one does), or the cases are not
            of both classes.

    Example:

    >>> choose([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], {"min_recall": 1.0}).value
    0.25
    """
    aim = check_aim(aim)
    found = qualities.curve(y_true, scores, sample_weight)
    value = aim if isinstance(aim, float) else _between(found.thresholds, _best(found, aim))
    return _measured(value, aim, *qualities.read(y_true, scores, sample_weight))


def _between(scores: np.ndarray, last: int) -> float:
    """Halfway from one of the scores, which fall, to the next; the lowest one itself."""
    return float(scores[last] if last + 1 == len(scores) else scores[last] / 2 + scores[last + 1] / 2)


def _best(found: qualities.Curve, aim: Any) -> int:
    """Which threshold of the curve. `argmax` takes the first of equals, which is the highest."""
    precision = found.true / (found.true + found.false)
    recall, fpr = found.true / found.true[-1], found.false / found.false[-1]
    if aim == "f1":
        return int(np.argmax(2 * found.true / (found.true + found.false + found.true[-1])))
    ((kind, limit),) = aim.items()
    if kind == "min_recall":
        return int(np.argmax(recall >= limit))
    reached = (fpr <= limit) & (recall > 0) if kind == "max_fpr" else precision >= limit
    if not reached.any():
        best = np.min(fpr[recall > 0]) if kind == "max_fpr" else np.max(precision)
        raise _unreachable(kind, limit, float(best))
    return int(np.argmax(np.where(reached, recall, -1.0)))


def _unreachable(kind: str, limit: float, best: float) -> InputError:
    what = {
        "max_fpr": "the lowest false positive rate with which any positive is found",
        "min_precision": "the highest precision of any threshold",
    }
    expected = f"within reach on the validation part, where {what[kind]} is {best:.4g}"
    return InputError.of("threshold", expected, {kind: limit}, "Ask for less, or use 'f1'.")


def _measured(value: float, aim: Any, positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> Threshold:
    alert = scores >= value
    true, false = float(weights[alert & positive].sum()), float(weights[alert & ~positive].sum())
    positives, total = float(weights[positive].sum()), float(weights.sum())
    return Threshold(
        value=value,
        aim=aim,
        precision=true / (true + false) if true + false else 0.0,
        recall=true / positives,
        fpr=false / (total - positives),
        f1=2 * true / (true + false + positives),
        alerts_per_1000=1_000 * (true + false) / total,
        false_positives_per_1000=1_000 * false / total,
        true_positives=int((alert & positive).sum()),
        positives=int(positive.sum()),
        n=len(scores),
    )


def _in_words(aim: Any) -> str:
    if aim == "f1":
        return "for the best F1"
    if not isinstance(aim, dict):
        return "by hand"
    ((kind, limit),) = aim.items()
    return f"for a {_LIMITS[kind].format(f'{limit:g}')}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
