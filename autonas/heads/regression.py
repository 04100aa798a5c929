"""Numbers: one target or several, scaled for the training and answered in their own units."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import data
from autonas.errors import InputError
from autonas.heads.base import Head, describe, names_of, read_loss, read_metric, rehearse, renamed
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
_SCALE_FREE = ("r2_score", "cosine_similarity", "pearson_correlation", "concordance_correlation")
_LARGEST = 1e30


class RegressionHead(Head):
    """One number for each example, or several.

    Targets may be a list, an array of shape (n,) or (n, targets), or a column or frame of pandas. They are standardised for
    the training, and answers are in their units. Metrics of one target are told in its units; those of several targets are
    of the standardised ones, so that no target drowns the others.

    Args:
        loss: A Keras loss; None means the mean squared error. It sees standardised targets.
        metrics: Keras metrics; None means `["mse", "mae"]`. Each must be scale-free (R2, correlations) or follow the scale
            (mean squared, absolute and root mean squared errors); relative errors make no sense of standardised targets.

    Attributes:
        targets: The names of the columns, if the targets were a frame.

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

    def __deepcopy__(self, memo: dict[int, Any]) -> RegressionHead:
        # Nothing in here is changed in place, and Keras cannot copy a loss or a metric of the user's own.
        return copy.copy(self)

    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns float64 targets of shape (n,) or (n, targets).

        Raises:
            InputError: If they are no finite numbers, or after `fit` of another number of targets.
        """
        columns = [str(column) for column in getattr(y, "columns", [])]
        array = _numbers(y, name)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim not in (1, 2) or array.size == 0:
            raise InputError.of(name, "numbers of shape (n,) or (n, targets), at least one", f"shape {array.shape}")
        wrong = ~np.isfinite(array) | (np.abs(array) > _LARGEST)
        if wrong.any():
            row = int(np.argmax(wrong.reshape(len(array), -1).any(axis=1)))
            raise InputError.of(
                name, "finite numbers", f"{array[row]} in {name}[{row}]", "Leave these examples out, or fill them in."
            )
        if self._mean and (1 if array.ndim == 1 else array.shape[1]) != len(self._mean):
            raise InputError.of(name, f"of {len(self._mean)} targets, as in training", f"shape {array.shape}")
        if not self._mean and array.ndim == 2:
            self.targets = columns
        return array

    def fit(self, y: np.ndarray) -> None:
        """Learns the mean and the standard deviation of each target.

        Raises:
            InputError: If a target is the same for all examples, or a loss or a metric does not fit.
        """
        rows = _rows(y)
        scale = rows.std(axis=0)
        constant = scale <= 1e-9 * np.maximum(np.abs(rows.mean(axis=0)), 1e-30)
        if constant.any():
            number = int(np.argmax(constant))
            which = self.targets[number] if self.targets else number
            raise InputError.of("y", "targets that differ", f"{rows[0, number]:g} for every example in target {which}")
        self._flat = y.ndim == 1
        self._mean, self._scale = rows.mean(axis=0).tolist(), scale.tolist()
        if self._loss is not None or self._metrics != list(_DEFAULT_METRICS):
            import keras

            quiet_tensorflow()
            sample, outputs = self.encode(y[:2]), np.zeros((len(y[:2]), len(self._mean)), "float32")
            rehearse("loss", keras.losses.get(self.loss()), sample, outputs)
            self.metrics()

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """Tenths of the first target, so that both parts of a split have their share of the large ones."""
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

    def loss(self) -> Any:
        return "mse" if self._loss is None else self._loss

    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        made = [self._metric(metric) for metric in self._metrics]
        names = [metric.name for metric in made]
        repeated = {name for name in names if names.count(name) > 1 or name == "loss"}
        if repeated:
            raise InputError.of("metrics", "metrics with names of their own", f"{sorted(repeated)} twice")
        wanted = None if objective is None else objective.removeprefix("val_")
        if wanted in (None, "loss", *names):
            return made
        try:
            return [*made, self._metric(wanted)]
        except InputError as error:
            raise InputError(
                f"The objective 'val_{wanted}' is none of the metrics {names}, and cannot be made by its name: {error}"
            ) from error

    def finish(self, outputs: Any) -> Any:
        import keras

        scale, offset = (values[0] if len(values) == 1 else values for values in (self._scale, self._mean))
        return keras.layers.Rescaling(scale, offset, name=f"{self.name}_units")(outputs)

    def in_units(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Metrics of one target in its units; those of several stay those of the standardised targets."""
        if len(self._scale) != 1:
            return dict(metrics)
        powers = {**_POWERS, **({"loss": 2} if self._loss is None else {})}
        return {
            name: value * self._scale[0] ** powers.get(re.sub(r"_\d+$", "", name.removeprefix("val_")), 0)
            for name, value in metrics.items()
        }

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Turns outputs of the finished model into numbers of shape (n,) or (n, targets), in the targets' units."""
        outputs = np.asarray(outputs)
        return outputs[:, 0] if self._flat and outputs.ndim == 2 else outputs

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep. The loss and the metrics are described only: a compiled model has them."""
        return {
            "targets": self.targets,
            "mean": self._mean,
            "scale": self._scale,
            "flat": self._flat,
            "loss": describe(self._loss),
            "metrics": [describe(metric) for metric in self._metrics],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RegressionHead:
        head = cls()
        head.targets, head._flat = list(config["targets"]), config["flat"]
        head._mean, head._scale = list(config["mean"]), list(config["scale"])
        return head

    def _metric(self, metric: Any) -> keras.metrics.Metric:
        made = read_metric(metric)
        if isinstance(metric, str):
            made = renamed(made, metric)
            short = re.sub(r"_\d+$", "", metric)
            if short not in (*_POWERS, *_SCALE_FREE):
                known = sorted({*_POWERS, *_SCALE_FREE})
                hint = "Others can be computed from the answers of predict."
                raise InputError.of("metrics", f"of numbers on any scale, such as {known}", repr(metric), hint)
        elif any("accuracy" in name or name == "auc" for name in names_of(metric)):
            raise InputError.of("metrics", "metrics of numbers", f"{names_of(metric)[0]}")
        sample = np.linspace(-1, 1, 2 * len(self._mean), dtype="float32").reshape(2, -1)
        value = rehearse(f"The metric {made.name}", renamed(made, made.name), sample, sample)
        if value.shape != ():
            raise InputError.of(f"The metric {made.name}", "one that gives one number", f"the shape {value.shape}")
        return made


def _rows(y: np.ndarray) -> np.ndarray:
    return y[:, None] if y.ndim == 1 else y


def _numbers(y: Any, name: str) -> np.ndarray:
    if hasattr(y, "to_numpy"):  # of pandas: missing numbers of its nullable types become NaN
        try:
            return np.asarray(y.to_numpy(dtype="float64", na_value=np.nan))
        except (TypeError, ValueError) as error:
            raise InputError.of(name, "numbers", f"a {type(y).__name__} that is none ({error})") from error
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise InputError.of(name, "numbers of one shape", f"a ragged {type(y).__name__}") from error
    if array.dtype.kind not in "biuf":
        raise InputError.of(name, "real numbers", f"dtype {array.dtype}", "Labels are for a classifier.")
    return array.astype("float64")
