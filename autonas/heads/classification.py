"""Classes: labels in any usual form, the loss that fits them, and answers in the form that the labels had."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.errors import InputError
from autonas.heads.base import Head

if TYPE_CHECKING:
    import keras
    import keras_tuner

SIGMOID, SOFTMAX, SPARSE, MULTI_LABEL = "sigmoid", "softmax", "sparse", "multi_label"
_ONE_HOT_SUM = 1e-3
_SPARSE_NAMES = {
    "sparse_categorical_accuracy": "CategoricalAccuracy",
    "sparse_categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_top_k_categorical_accuracy": "TopKCategoricalAccuracy",
}
_SPARSE_METRICS = ("accuracy", "acc", "loss", *_SPARSE_NAMES)


class ClassificationHead(Head):
    """One class of several for each example, or with `multi_label` any number of them.

    Labels may be strings, integers, booleans or whole floats, as a list, an array of shape (n,) or (n, 1), or a pandas
    series; or one-hot rows of shape (n, classes), which are answered with the number of the class.

    Args:
        loss: A Keras loss; None takes the crossentropy that fits. A sparse one gets integer targets, a categorical one
            one-hot targets. It sees probabilities, so `from_logits=True` is an error.
        metrics: Keras metrics; None means `["accuracy"]`.
        multi_label: Whether `y` is a matrix of 0 and 1, (n, classes).

    Attributes:
        classes: Sorted, of the labels' own type; known after `fit`.

    Example:

    >>> head = ClassificationHead()
    >>> y = head.check(["cat", "dog", "cat", "dog"])
    >>> head.fit(y)
    >>> head.classes
    array(['cat', 'dog'], dtype='<U3')
    """

    default_objective: ClassVar[str] = "val_accuracy"

    def __init__(self, loss: Any = None, metrics: Sequence[Any] | None = None, multi_label: bool = False) -> None:
        if not isinstance(multi_label, bool):
            raise InputError.of("multi_label", "True or False", repr(multi_label))
        if metrics is not None and (isinstance(metrics, (str, Mapping)) or not isinstance(metrics, Sequence)):
            raise InputError.of("metrics", "a list of Keras metrics", repr(metrics))
        self._loss = loss
        self._metrics = list(metrics) if metrics is not None else ["accuracy"]
        self._multi_label = multi_label
        self._from_one_hot = False
        self._object = False
        self.classes: np.ndarray = np.empty(0)
        _check_loss(loss)

    @property
    def form(self) -> str:
        """How targets are encoded: one sigmoid unit, a softmax over one-hot or integer targets, or a sigmoid each."""
        if self._multi_label:
            return MULTI_LABEL
        name = _name(self._loss)
        if name.startswith("sparse"):
            return SPARSE
        two = len(self.classes) == 2 and not name.startswith(("categorical", "kl"))
        return SIGMOID if two else SOFTMAX

    @property
    def units(self) -> int:
        """How many outputs the network has."""
        return 1 if self.form == SIGMOID else len(self.classes)

    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns labels of shape (n,), or with `multi_label` a matrix (n, classes) of 0 and 1.

        Args:
            y: See the class.
            name: How the user knows it, for the error.

        Raises:
            InputError: If labels are missing, mixed, continuous, of a wrong rank, or after `fit` of an unknown class.
        """
        array = _as_array(y, name)
        if len(array) == 0:
            raise InputError.of(name, "at least one label", "none")
        if self._multi_label:
            return self._check_matrix(array, name)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim == 2:
            array = self._from_rows(array, name)
        elif array.ndim != 1:
            raise InputError.of(name, "of the shape (n,), (n, 1) or one-hot (n, classes)", f"shape {array.shape}")
        else:
            array = _check_labels(array, name)
        if len(self.classes):
            self._check_known(array, name)
        return array

    def fit(self, y: np.ndarray) -> None:
        """Learns the classes.

        Raises:
            InputError: If there is one class only, or a class has a single member, which no split can share out.
        """
        if self._multi_label:
            self.classes = np.arange(y.shape[1])
            return
        classes, counts = np.unique(y, return_counts=True)
        if len(classes) < 2:
            raise InputError.of("y", "labels of at least two classes", f"only {classes[0]!r}")
        if counts.min() < 2:
            raise InputError.of(
                "y",
                "labels with at least two members of each class, so that both parts of a split have one",
                f"a single {classes[counts.argmin()]!r}",
                "Leave out that example, or add another of its class.",
            )
        self.classes = classes

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self._multi_label else np.searchsorted(self.classes, y)

    def encode(self, y: np.ndarray) -> np.ndarray:
        if self._multi_label:
            return y.astype("float32")
        index = np.searchsorted(self.classes, y)
        if self.form == SPARSE:
            return index.astype("float32")
        if self.form == SIGMOID:
            return index.astype("float32")[:, None]
        return np.eye(len(self.classes), dtype="float32")[index]

    def weights(self, y: np.ndarray, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, len(y))
        if class_weight is None:
            return weights
        if self._multi_label:
            raise InputError.of(
                "class_weight", "left out with multi_label=True", repr(class_weight), "Use sample_weight."
            )
        index = np.searchsorted(self.classes, y)
        each = self._class_weights(class_weight, index)[index].astype("float32")
        return each if weights is None else each * weights

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        activation = "softmax" if self.form in (SOFTMAX, SPARSE) else "sigmoid"
        return keras.layers.Dense(self.units, activation=activation, dtype="float32", name="classification")(x)

    def loss(self) -> Any:
        if self._loss is not None:
            return self._loss
        return "categorical_crossentropy" if self.form == SOFTMAX else "binary_crossentropy"

    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        made = [self._metric(metric) for metric in self._metrics]
        names = [metric.name for metric in made]
        if objective is not None and objective not in names:
            made.append(self._metric(objective))
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise InputError.of("metrics", "metrics with names of their own", f"{sorted(repeated)} twice")
        return made

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Turns outputs into one probability a class, (n, classes), its columns in the order of `classes`."""
        return np.concatenate([1 - outputs, outputs], axis=1) if self.form == SIGMOID else outputs

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        if self._multi_label:
            return (outputs > 0.5).astype("int64")
        answers = self.classes[self.probabilities(outputs).argmax(axis=1)]
        return answers.astype(object) if self._object else answers

    def get_config(self) -> dict[str, Any]:
        return {
            "classes": self.classes.tolist(),
            "dtype": self.classes.dtype.str,
            "form": self.form,
            "loss": _name(self._loss),
            "metrics": [_name(metric) for metric in self._metrics],
            "object": self._object,
            "from_one_hot": self._from_one_hot,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ClassificationHead:
        losses = {SPARSE: "sparse_categorical_crossentropy", SOFTMAX: "categorical_crossentropy"}
        head = cls(losses.get(config["form"]), multi_label=config["form"] == MULTI_LABEL)
        head.classes = np.array(config["classes"], dtype=config["dtype"])
        head._object, head._from_one_hot = config["object"], config["from_one_hot"]
        return head

    def _check_matrix(self, array: np.ndarray, name: str) -> np.ndarray:
        if array.ndim != 2 or array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
            raise InputError.of(name, "a matrix of 0 and 1, of the shape (n, classes)", _brief(array))
        if len(self.classes) and array.shape[1] != len(self.classes):
            raise InputError.of(name, f"of {len(self.classes)} columns, as in fit", f"{array.shape[1]} columns")
        return array.astype("int64")

    def _from_rows(self, array: np.ndarray, name: str) -> np.ndarray:
        one_hot = array.dtype.kind in "biuf" and np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all()
        if not one_hot:
            raise InputError.of(
                name,
                "labels of the shape (n,), or one-hot rows",
                _brief(array),
                "For several classes at once: multi_label=True.",
            )
        if len(self.classes) and array.shape[1] != len(self.classes):
            raise InputError.of(
                name, f"one-hot rows of {len(self.classes)} columns, as in fit", f"{array.shape[1]} columns"
            )
        self._from_one_hot = True
        return array.argmax(axis=1)

    def _check_known(self, array: np.ndarray, name: str) -> None:
        if array.dtype.kind != self.classes.dtype.kind and {array.dtype.kind, self.classes.dtype.kind} - set("iu"):
            raise InputError.of(name, f"labels like {self.classes[0]!r}", f"labels like {array[0]!r}")
        unseen = np.setdiff1d(array, self.classes)
        if len(unseen):
            raise InputError.of(
                name, f"labels of the known classes {self.classes.tolist()}", f"unseen {unseen.tolist()}"
            )

    def _class_weights(self, class_weight: Any, index: np.ndarray) -> np.ndarray:
        if class_weight == "balanced":
            counts = np.bincount(index, minlength=len(self.classes))
            return len(index) / (len(self.classes) * np.maximum(counts, 1))
        if not isinstance(class_weight, Mapping):
            raise InputError.of("class_weight", "a dict of label -> weight, or 'balanced'", repr(class_weight))
        known = {label: number for number, label in enumerate(self.classes.tolist())}
        weights = np.ones(len(known))
        for label, weight in class_weight.items():
            if label not in known:
                raise InputError.of("class_weight", f"about the classes {list(known)}", f"unknown {label!r}")
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < np.inf:
                raise InputError.of(f"class_weight[{label!r}]", "a positive number", repr(weight))
            weights[known[label]] = weight
        return weights

    def _metric(self, metric: Any) -> keras.metrics.Metric:
        """A fresh metric that fits the targets' form, under the name that the user gave."""
        import keras

        if isinstance(metric, keras.metrics.Metric):
            return type(metric).from_config(metric.get_config())
        if callable(metric) and not isinstance(metric, type):
            return keras.metrics.MeanMetricWrapper(metric, name=metric.__name__)
        if not isinstance(metric, str):
            raise InputError.of("metrics", "names or instances of Keras metrics, or functions", repr(metric))
        if self.form == SPARSE and metric not in _SPARSE_METRICS:
            raise InputError.of(
                "metrics",
                f"among {sorted(_SPARSE_NAMES)} and 'accuracy' with a sparse loss",
                repr(metric),
                "Leave loss out.",
            )
        return self._named_metric(metric, keras.metrics)

    def _named_metric(self, metric: str, library: Any) -> keras.metrics.Metric:
        if metric in ("accuracy", "acc"):
            kinds = {SOFTMAX: library.CategoricalAccuracy, SPARSE: library.SparseCategoricalAccuracy}
            return kinds.get(self.form, library.BinaryAccuracy)(name=metric)
        if metric in ("crossentropy", "ce"):
            kinds = {SOFTMAX: library.CategoricalCrossentropy, SPARSE: library.SparseCategoricalCrossentropy}
            return kinds.get(self.form, library.BinaryCrossentropy)(name=metric)
        if metric in _SPARSE_NAMES and self.form == SOFTMAX:
            return getattr(library, _SPARSE_NAMES[metric])(name=metric)
        if metric == "f1_score":
            return library.F1Score(average="macro", threshold=None if self.form == SOFTMAX else 0.5, name=metric)
        if metric == "auc":
            return library.AUC(multi_label=self.form == MULTI_LABEL, name=metric)
        try:
            kind = type(library.get(metric))
            return kind(name=metric)
        except (TypeError, ValueError) as error:
            near = difflib.get_close_matches(metric, ["accuracy", "auc", "f1_score", "precision", "recall"], n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"If it needs arguments, pass an instance. ({error})"
            raise InputError.of("metrics", "names of Keras metrics", repr(metric), hint) from error


def _as_array(y: Any, name: str) -> np.ndarray:
    if hasattr(y, "isna") and np.asarray(y.isna()).any():
        raise InputError.of(name, "labels without gaps", "missing values", "Leave out those examples.")
    try:
        array = np.asarray(y)
    except ValueError as error:
        raise InputError.of(name, "labels of one form", f"a ragged list ({error})") from error
    if (
        array.dtype.kind == "U"
        and isinstance(y, (list, tuple))
        and not all(isinstance(v, str) for v in np.ravel(np.array(y, object)))
    ):
        raise InputError.of(name, "labels of one type", "strings and others mixed")
    return array


def _check_labels(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind == "O":
        kinds = {type(label).__name__ for label in array.tolist()}
        if any(label is None or label != label for label in array.tolist()):
            raise InputError.of(name, "labels without gaps", "None or NaN", "Leave out those examples.")
        if len(kinds) > 1 or not kinds <= {"str", "int", "bool"}:
            raise InputError.of(name, "labels of one type: strings, integers or booleans", f"{sorted(kinds)}")
        return np.array(array.tolist())
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise InputError.of(name, "labels without gaps", "NaN or inf", "Leave out those examples.")
        if (array != np.round(array)).any():
            raise InputError.of(
                name, "classes", "numbers with fractions", "For a number as the target, use a regressor."
            )
    if array.dtype.kind not in "biufU" and array.dtype.kind != "T":
        raise InputError.of(name, "strings, integers, booleans or whole floats", f"labels of the type {array.dtype}")
    return array


def _check_sample_weight(sample_weight: Any, n: int) -> np.ndarray:
    weights = np.asarray(sample_weight)
    usable = weights.dtype.kind in "biuf" and weights.shape == (n,) and np.isfinite(weights).all()
    if not usable or (weights < 0).any() or not weights.any():
        raise InputError.of("sample_weight", f"{n} finite numbers, none negative and not all zero", _brief(weights))
    return weights.astype("float32")


def _name(part: Any) -> str:
    """The name of a loss or a metric in small letters with underscores, whatever it was given as."""
    name = part if isinstance(part, str) else getattr(part, "name", None) or getattr(part, "__name__", "")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name or "")).lower()


def _check_loss(loss: Any) -> None:
    if loss is None:
        return
    if hasattr(loss, "get_config") and loss.get_config().get("from_logits"):
        raise InputError.of(
            "loss", "one that takes probabilities", "from_logits=True", "The network ends in probabilities."
        )
    if not isinstance(loss, str):
        if not callable(loss):
            raise InputError.of("loss", "the name of a Keras loss, a loss, or a function", repr(loss))
        return
    import keras

    try:
        keras.losses.get(loss)
    except ValueError as error:
        near = difflib.get_close_matches(loss, [n for n in dir(keras.losses) if n.islower()], n=1)
        hint = f"Did you mean {near[0]!r}?" if near else ""
        raise InputError.of("loss", "the name of a Keras loss", repr(loss), hint) from error


def _brief(array: np.ndarray) -> str:
    return f"an array of the type {array.dtype} and shape {array.shape}"
