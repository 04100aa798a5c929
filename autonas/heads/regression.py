"""Numbers: one target or several, scaled for the training and answered in their own units."""

from __future__ import annotations

import copy
import decimal
import functools
import numbers
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import data
from autonas.errors import InputError
from autonas.heads.base import Head, describe, made_afresh, read_loss, read_metric, rehearse, renamed, snake_case
from autonas.quiet import quiet_tensorflow

if TYPE_CHECKING:
    import keras
    import keras_tuner

_DEFAULT_METRICS = ("mse", "mae")
# How a metric of standardised targets becomes one in the target's units: by which power of its standard deviation.
_POWERS = {
    "mae": 1,
    "mean_absolute_error": 1,
    "rmse": 1,
    "root_mean_squared_error": 1,
    "mse": 2,
    "mean_squared_error": 2,
}
# The same metrics, and R2, of errors and targets in float64, (n, targets).
_FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "mean_absolute_error": lambda off, y: np.abs(off),
    "mean_squared_error": lambda off, y: off**2,
    "root_mean_squared_error": lambda off, y: np.sqrt(np.mean(off**2)),
    "r2_score": lambda off, y: _r2(off, y),
}
_LONG = {"mae": "mean_absolute_error", "mse": "mean_squared_error", "rmse": "root_mean_squared_error"}
_ACROSS = ("cosine_similarity", "pearson_correlation", "concordance_correlation")  # the targets of one example
_FITTING = {*_POWERS, *_ACROSS, "r2_score", "huber", "log_cosh", "logcosh", "log_cosh_error"}
# What losses and metrics of the user's own derive from; nothing, if they are functions.
_BASES = {"", "loss", "loss_function_wrapper", "metric", "mean", "mean_metric_wrapper"}
# The finished model counts in float32: squares have to fit, and targets have to differ by many of its steps.
_LARGEST, _SMALLEST = 1e18, 1e-18
_FINEST = 16 * float(np.finfo("float32").eps)
_NO_NUMBER = "Labels are a classifier's targets; a date becomes a number by a unit, such as days."


class RegressionHead(Head):
    """One number for each example, or several.

    Targets may be a list, an array of shape (n,), (n, 1) or (n, targets), or a column or frame of pandas. A network is
    trained on standardised targets, with mean 0 and standard deviation 1; the finished model answers in their units.

    Metrics of one target are told in its units where they follow the scale (mean squared, absolute and root mean squared
    errors). Those of several targets are means over the standardised ones, so that no target drowns the others; only
    `evaluate` tells them in units. It computes these errors and R2 in float64; Keras's own R2 of the finished model, which it
    sums up in float32, is of no use where the mean is more than a thousand standard deviations.

    Args:
        loss: A Keras loss; None means the mean squared error. It sees standardised targets: the `delta` of a Huber loss is
            in standard deviations.
        metrics: Keras metrics; None means `["mse", "mae"]`. Relative and logarithmic errors are refused, because
            standardised targets are negative or near zero: compute them from the answers of `predict`.

    Attributes:
        targets: The names of the columns, if the targets were a frame. Answers are in their order.

    Example:

    >>> head = RegressionHead()
    >>> y = head.check([3.0, 5.0, 10.0])
    >>> head.fit(y)
    >>> head.decode(head.finished_targets(y))
    array([ 3.,  5., 10.], dtype=float32)
    """

    default_objective: ClassVar[str] = "val_mse"
    name = "regression"

    def __init__(self, loss: Any = None, metrics: Sequence[Any] | None = None) -> None:
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise InputError.of("metrics", "a list of Keras metrics", repr(metrics))
        self._loss = read_loss(loss)
        self._metrics = list(_DEFAULT_METRICS if metrics is None else metrics)
        self.targets: list[str] = []
        self._mean: list[float] = []
        self._scale: list[float] = []
        self._flat = True
        self._powers: dict[str, int] = {"loss": 2}  # of the loss and the metrics, by name
        self._kinds: dict[str, str] = {"loss": "mse"}  # Keras's names of them, empty for what is not Keras's or set up

    def __deepcopy__(self, memo: dict[int, Any]) -> RegressionHead:
        # Nothing in here is changed in place, and Keras cannot copy a loss or a metric of the user's own.
        return copy.copy(self)

    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns float64 targets of shape (n,), or (n, targets) if there are several.

        Args:
            y: See the class. After `fit`, the columns of a frame may come in any order.
            name: How the user knows it, for the error.

        Raises:
            InputError: If they are no finite numbers; after `fit`, also if they are other targets or of another number.
        """
        array = _numbers(y, name)
        if array.ndim not in (1, 2) or array.size == 0:
            raise InputError.of(name, "numbers of shape (n,) or (n, targets), at least one", f"shape {array.shape}")
        _check_finite(array, name)
        columns = [str(column) for column in getattr(y, "columns", ())]
        if len(set(columns)) < len(columns):
            raise InputError.of(name, "columns with names of their own", str(columns))
        if columns and not self._mean:
            self.targets = columns
        elif columns and self.targets and columns != self.targets:
            if set(columns) != set(self.targets):
                raise InputError.of(name, f"the columns {self.targets}, as in training", str(columns))
            array = array[:, [columns.index(target) for target in self.targets]]
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if self._mean and _rows(array).shape[1] != len(self._mean):
            expected = "(n,)" if self._flat else f"(n, {len(self._mean)})"
            raise InputError.of(name, f"of shape {expected}, as in training", f"shape {array.shape}")
        return array

    def fit(self, y: np.ndarray) -> None:
        """Learns the mean and the standard deviation of each target.

        Raises:
            InputError: If a target is the same for all examples, or nearly so, or a loss or a metric does not fit.
        """
        rows = _rows(y)
        if len(self.targets) != rows.shape[1]:
            self.targets = []
        for number, column in enumerate(rows.T):
            _check_spread(
                column, f"y[{self.targets[number]!r}]" if self.targets else f"y[:, {number}]" if y.ndim == 2 else "y"
            )
        self._flat = y.ndim == 1
        self._mean, self._scale = rows.mean(axis=0).tolist(), rows.std(axis=0).tolist()
        self._powers, self._kinds = {"loss": 2}, {"loss": "mse"}
        if self._loss is not None or self._metrics != list(_DEFAULT_METRICS):
            self._rehearse()

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Tenths of the first target, so that both parts of a split have their share of the large ones; from 100 on."""
        first = _rows(y)[:, 0]
        if len(first) < 100:
            return None
        return np.searchsorted(np.quantile(first, np.linspace(0.1, 0.9, 9)), first)

    def encode(self, y: np.ndarray) -> np.ndarray:
        return ((_rows(y) - np.array(self._mean)) / np.array(self._scale)).astype("float32")

    def finished_targets(self, y: np.ndarray) -> np.ndarray:
        return _rows(y).astype("float32")

    def weights(self, y: np.ndarray, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        if class_weight is not None:
            raise InputError.of(
                "class_weight", "left out: numbers have no classes", repr(class_weight), "Use sample_weight."
            )
        return None if sample_weight is None else data.read_weights(sample_weight, len(y))

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        return keras.layers.Dense(len(self._mean), dtype="float32", name=self.name)(x)

    def loss(self, hp: keras_tuner.HyperParameters | None = None) -> Any:
        return "mse" if self._loss is None else self._loss

    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        return made_afresh(self._metrics, objective, self._metric)

    def finish(self, outputs: Any) -> Any:
        import keras

        scale, offset = (values[0] if len(values) == 1 else values for values in (self._scale, self._mean))
        return keras.layers.Rescaling(scale, offset, dtype="float32", name=f"{self.name}_units")(outputs)

    def in_units(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Metrics of one target in its units, where they follow the scale; those of several targets as they are."""
        if len(self._scale) != 1:
            return dict(metrics)
        return {name: value * self._scale[0] ** self._power(name) for name, value in metrics.items()}

    def exact(
        self, metrics: Mapping[str, float], y: np.ndarray, outputs: Callable[[], Any], weights: np.ndarray | None
    ) -> dict[str, float]:
        """Squared and absolute errors and R2 in float64, in the targets' units; the others as Keras told them."""
        kinds = {name: self._kinds.get(name, _plain(name)) for name in metrics}
        kinds = {name: _LONG.get(kind, kind) for name, kind in kinds.items() if _LONG.get(kind, kind) in _FORMULAS}
        if not kinds:
            return dict(metrics)
        rows = _rows(y)
        off = np.asarray(outputs(), "float64") - rows
        found = {name: _FORMULAS[kind](off, rows) for name, kind in kinds.items()}
        if "loss" in found and weights is not None:
            found["loss"] = found["loss"] * weights[:, None]
        return {name: float(np.mean(found.get(name, value))) for name, value in metrics.items()}

    def summary(self) -> str:
        """In what the metrics of several targets are told."""
        if len(self._scale) < 2:
            return ""
        names = self.targets or [str(number) for number in range(len(self._scale))]
        deviations = ", ".join(f"{name} {scale:.4g}" for name, scale in zip(names, self._scale, strict=True))
        return f"Metrics are means over targets in standard deviations ({deviations}); evaluate tells them in units."

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Turns outputs of the finished model into numbers of shape (n,) or (n, targets), in the targets' units."""
        outputs = np.asarray(outputs)
        return outputs[:, 0] if self._flat and outputs.ndim == 2 else outputs

    def files(self) -> dict[str, list[list[Any]]]:
        """`targets.json` has the names of the targets, and the mean and scale that the model in the file applies itself."""
        return {"targets.json": [["targets"], ["mean"], ["scale"]]}

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep. The loss and the metrics are described only: a compiled model has them."""
        return {
            "targets": self.targets,
            "mean": self._mean,
            "scale": self._scale,
            "flat": self._flat,
            "powers": self._powers,
            "kinds": self._kinds,
            "loss": describe(self._loss),
            "metrics": [describe(metric) for metric in self._metrics],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RegressionHead:
        head = cls()
        head.targets, head._flat = list(config["targets"]), config["flat"]
        head._mean, head._scale = list(config["mean"]), list(config["scale"])
        head._powers, head._kinds = dict(config["powers"]), dict(config.get("kinds", {}))
        return head

    def _power(self, name: str) -> int:
        name = name.removeprefix("val_")
        return self._powers.get(name, _POWERS.get(_plain(name), 0))

    def _metric(self, metric: Any) -> keras.metrics.Metric:
        made = read_metric(metric)
        if isinstance(metric, str):
            self._check_kind("metrics", _plain(metric), metric)
            return renamed(made, metric)
        self._check_kind("metrics", _kind(made if isinstance(metric, type) else metric), made)
        return made

    def _check_kind(self, argument: str, kind: str, part: Any) -> None:
        """Raises an InputError if a loss or a metric of Keras says nothing of standardised targets."""
        if kind not in _FITTING | _BASES:
            hint = (
                "A network is trained on standardised targets, of which it says nothing: compute it from the answers."
            )
            raise InputError.of(argument, f"of numbers on any scale, one of {sorted(_FITTING)}", repr(kind), hint)
        axis = part.get_config().get("axis", -1) if hasattr(part, "get_config") else -1
        if kind in _ACROSS and axis == -1 and len(self._mean) == 1:
            hint = "Keras compares the targets of one example, of which there is one: 'r2_score' is over examples."
            raise InputError.of(argument, "of one target", repr(kind), hint)

    def _rehearse(self) -> None:
        """Tries the loss and the metrics on such targets, and learns how they follow the scale and what they are."""
        quiet_tensorflow()
        import keras

        loss = keras.losses.get(self.loss())
        self._check_kind("loss", _kind(loss), loss)
        self._powers = {"loss": self._measured("loss", lambda: loss)}
        self._kinds = {"loss": _formula(loss)}
        for given, made in zip(self._metrics, self.metrics(), strict=True):
            again = functools.partial(self._metric, given)
            self._powers[made.name] = self._measured(f"The metric {made.name}", again, number=True)
            is_function = hasattr(given, "__name__") and not isinstance(given, type)
            self._kinds[made.name] = _formula(given if is_function else made)

    def _measured(self, what: str, make: Callable[[], Callable[..., Any]], number: bool = False) -> int:
        """By which power of the scale a loss or a metric grows; 0 if by none."""
        k = len(self._mean)
        y = 2 * np.sin(np.arange(k * (2 * k + 3))).reshape(-1, k)  # more rows than targets: no shape fits by chance
        outputs = y + 3 * np.cos(2 * np.arange(y.size)).reshape(y.shape)

        def value(scale: float = 1.0, shift: float = 0.0) -> float:
            scaled, answers = ((scale * part + shift).astype("float32") for part in (y, outputs))
            got = rehearse(what, make(), scaled, answers)
            if number and got.shape != ():
                raise InputError.of(what, "one that gives one number", f"the shape {got.shape}")
            if not np.isfinite(got).all():
                raise InputError.of(what, "finite for standardised targets, which are negative too", float(got.mean()))
            return float(got.mean())

        one = value()
        if one == 0 or not np.isclose(value(shift=3.0), one, rtol=1e-3):
            return 0
        small, large = value(0.5) / one, value(3.0) / one
        return next((n for n in (1, 2) if np.allclose([small, large], [0.5**n, 3.0**n], rtol=1e-3)), 0)


def _kind(part: Any) -> str:
    """Keras's name of a loss or a metric, or of what it derives from; empty if that is nothing of Keras's."""
    parts = [part] if hasattr(part, "__name__") else type(part).__mro__
    found = (kind.__name__ for kind in parts if str(kind.__module__).split(".")[0] == "keras")
    return snake_case(next(found, ""))


def _formula(part: Any) -> str:
    """Keras's name of a loss or a metric, if it is one of Keras's own as it is without settings; else empty."""
    own = part if hasattr(part, "__name__") else type(part)
    if str(own.__module__).split(".")[0] != "keras":
        return ""
    config = part.get_config() if hasattr(part, "get_config") else {}
    usual = {"reduction": "sum_over_batch_size", "class_aggregation": "uniform_average", "num_regressors": 0}
    return _kind(part) if all(config.get(name, value) == value for name, value in usual.items()) else ""


def _r2(off: np.ndarray, y: np.ndarray) -> float:
    """The mean over targets; 0 for one that is the same for all examples, as Keras has it."""
    spread = np.mean((y - y.mean(axis=0)) ** 2, axis=0)
    return float(np.mean(np.where(spread > 0, 1 - np.mean(off**2, axis=0) / np.where(spread > 0, spread, 1), 0.0)))


def _plain(name: str) -> str:
    """A metric's name without the number that Keras gives to the second one."""
    return snake_case(re.sub(r"_\d+$", "", name))


def _rows(y: np.ndarray) -> np.ndarray:
    return y[:, None] if y.ndim == 1 else y


def _check_finite(array: np.ndarray, name: str) -> None:
    for expected, wrong, hint in (
        ("finite numbers", ~np.isfinite(array), "Leave these examples out, or fill them in."),
        (f"numbers up to {_LARGEST:g}, whose squares a network can hold", np.abs(array) > _LARGEST, "Change the unit."),
    ):
        if wrong.any():
            row = int(np.argmax(_rows(wrong).any(axis=1)))
            got = f"{array[row]} in {name}[{row}], one of {int(_rows(wrong).any(axis=1).sum())} such rows"
            raise InputError.of(name, expected, got, hint)


def _check_spread(column: np.ndarray, name: str) -> None:
    """Raises an InputError if a target is all the same, or so nearly that answers in float32 could not tell."""
    if np.ptp(column) == 0:
        raise InputError.of(name, "targets that differ", f"{column[0]:g} for every example")
    spread, mean = float(column.std()), float(column.mean())
    if spread < _FINEST * np.abs(column).max():
        hint = f"Subtract {mean:.12g} from them, and add it to the answers."
        raise InputError.of(
            name,
            "targets that differ in their first 5 digits",
            f"{mean:.12g} with a standard deviation of {spread:g}",
            hint,
        )
    if spread < _SMALLEST:
        raise InputError.of(name, f"targets that differ by more than {_SMALLEST:g}", f"{spread:g}", "Change the unit.")


def _numbers(y: Any, name: str) -> np.ndarray:
    """Reads numbers of any usual form as float64; missing ones become NaN."""
    if hasattr(y, "to_numpy"):
        types = list(y.dtypes) if hasattr(y, "columns") else [y.dtype]
        if all(getattr(kind, "kind", "O") in "biuf" for kind in types):  # of pandas, its nullable types among them
            return np.asarray(y.to_numpy(dtype="float64", na_value=np.nan))
    if isinstance(y, np.ma.MaskedArray) and y.dtype.kind in "biuf":
        return np.ma.filled(y.astype("float64"), np.nan)
    try:
        array = np.asarray(y)
        if array.dtype.kind not in "biufcmM" and isinstance(y, (list, tuple)):
            array = np.array(y, dtype=object)  # NumPy on its own would make strings of [1, "a"]
    except ValueError as error:
        raise InputError.of(name, "numbers, as many in each row", f"a ragged {type(y).__name__}") from error
    if array.ndim and array.dtype.kind == "O":
        return np.array([_number(value, name) for value in array.ravel().tolist()], "float64").reshape(array.shape)
    if array.dtype.kind not in "biuf":
        got = f"a {type(y).__name__}" if array.dtype.kind == "O" else f"the type {array.dtype}"
        raise InputError.of(name, "real numbers", got, _NO_NUMBER)
    return array.astype("float64")


def _number(value: Any, name: str) -> float:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):  # of pandas, which need not be loaded
        return float("nan")
    if not isinstance(value, (numbers.Real, decimal.Decimal, np.bool_)):
        raise InputError.of(name, "real numbers", f"{value!r} among them", _NO_NUMBER)
    try:
        return float(value)
    except OverflowError:
        return float("inf")
