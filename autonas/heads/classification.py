"""Classes: labels in any usual form, the loss and the metrics that fit them, and answers in the form that the labels had."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import data, labels, qualities, thresholds
from autonas.errors import InputError
from autonas.heads.base import Head, describe, made_afresh, names_of, read_loss, read_metric, rehearse, renamed
from autonas.quiet import quiet_tensorflow

if TYPE_CHECKING:
    import keras
    import keras_tuner

# How targets are encoded: one sigmoid unit, one-hot rows or class numbers under a softmax, or a sigmoid for each class.
RARE = 0.1  # share of one of two classes
BINARY, ONE_HOT, SPARSE, MULTI_LABEL = "binary", "one_hot", "sparse", "multi_label"
_LOSSES = {SPARSE: "sparse_categorical_crossentropy", ONE_HOT: "categorical_crossentropy"}
_SPARSE_LOSSES = ("sparse", "categorical_generalized_cross_entropy")
_SOFTMAX_LOSSES = ("categorical", "kl_divergence", "kullback", "kld")
# Metrics that Keras has once for each form; any of the names in a row gives the one that fits.
_PREFIXES = {ONE_HOT: "categorical_", SPARSE: "sparse_categorical_"}
_FAMILIES = {
    "accuracy": ("accuracy", "acc", "categorical_accuracy", "sparse_categorical_accuracy"),
    "crossentropy": ("crossentropy", "ce", "categorical_crossentropy", "sparse_categorical_crossentropy"),
}
_NUMBERS = (int, float, np.integer, np.floating)
_ONE_HOT_METRICS = ("categorical", "top_k")
_TOP_K = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy")


class ClassificationHead(Head):
    """One class of several for each example, or with `multi_label` any number of them.

    Labels may be strings, integers, booleans or whole floats, as a list, an array of shape (n,) or (n, 1), or a pandas
    column; or one-hot rows of shape (n, classes), which are answered with the number of the class, or with the name of its
    column where they came as a frame.

    Args:
        loss: A Keras loss; None takes the crossentropy that fits, and where a class is rare a search tries the focal loss
            too. A sparse one gets class numbers, a categorical one one-hot rows. It sees probabilities, so
            `from_logits=True` is an error.
        metrics: Keras metrics; None means `["accuracy"]`.
        multi_label: Whether `y` is a matrix of 0 and 1, (n, classes), or a list of labels for each example. Answers are such a
            matrix, its columns in the order of `classes`.
        threshold: With two classes, what the probability from which on the answer is `positive` is chosen for, on the
            validation part: `"f1"`, `{"max_fpr": 0.01}`, `{"min_precision": 0.9}`, `{"min_recall": 0.8}`, or the probability
            itself. None means 0.5, and `"f1"` where the positive class is rare.

    Attributes:
        classes: Sorted, of the labels' own type; of rows in the order of their columns; known after `fit`.
        form: How targets are encoded; known after `fit`.
        positive: Of two classes the one that is looked for: the second, or the first if it is the rare one.
        threshold: A `autonas.thresholds.Threshold` once it is chosen.

    Example:

    >>> head = ClassificationHead()
    >>> y = head.check(["cat", "dog", "cat", "dog"])
    >>> head.fit(y)
    >>> head.classes
    array(['cat', 'dog'], dtype='<U3')

    References:
    - Focal loss: Lin et al., 2017, https://arxiv.org/abs/1708.02002
    """

    default_objective: ClassVar[str] = "val_accuracy"
    name = "classification"

    def __init__(
        self,
        loss: Any = None,
        metrics: Sequence[Any] | None = None,
        multi_label: bool = False,
        threshold: Any = None,
    ) -> None:
        if not isinstance(multi_label, bool):
            raise InputError.of("multi_label", "True or False", repr(multi_label))
        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise InputError.of("metrics", "a list of Keras metrics", repr(metrics))
        self._loss = read_loss(loss)
        self._metrics = ["accuracy"] if metrics is None else list(metrics)
        self._multi_label = multi_label
        self._aim = None if threshold is None else thresholds.check_aim(threshold)
        self.threshold: thresholds.Threshold | None = None
        self._positive = 1
        self._shares: list[float] = []
        self._rows = multi_label  # whether a label is a row of 0 and 1
        self._type = "int64"  # of the answers
        self.classes: np.ndarray = np.empty(0)
        self._names: np.ndarray = np.empty(0)  # of the columns of rows of 0 and 1, if they had any
        self.form = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> ClassificationHead:
        # Nothing in here is changed in place, and Keras cannot copy a loss or a metric of the user's own.
        return copy.copy(self)

    @property
    def positive(self) -> Any:
        return self.classes[self._positive]

    @property
    def objective(self) -> str:
        """Accuracy, or average precision where the class that is looked for is under 10 %."""
        return "val_average_precision" if self._is_rare else self.default_objective

    @property
    def class_weight(self) -> dict[Any, float] | None:
        """Where a class has under a fifth of its fair share, the square root of what would balance them: enough that it is
        learned, and not so much that every second answer is an alarm.
        """
        known = {label: s for label, s in zip(self.classes.tolist(), self._shares, strict=True) if s}
        if self._multi_label or min(known.values()) >= RARE * 2 / len(known):
            return None
        return {label: float(np.sqrt(1 / (len(known) * share))) for label, share in known.items()}

    @property
    def calibrates(self) -> bool:
        return self.form == BINARY and (self._aim is not None or self._is_rare)

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> None:
        """Chooses the threshold; where none reaches the aim, that of the best F1, with a warning.

        Raises:
            InputError: If the examples are of one class; a warning where nobody asked for a threshold, which is 0.5 then.
        """
        scores, truth = np.asarray(outputs)[:, 0], np.asarray(targets)[:, 0]
        if len(present := np.unique(truth if weights is None else truth[weights > 0])) == 1:
            only = labels.few(self.classes[[self._positive if present[0] else 1 - self._positive]])
            only += "" if weights is None else " with weights above zero"
            hint = "Split in another way, or give validation_data."
            told = InputError.of(
                "The part to judge on", "of both classes, as its threshold is chosen on it", only, hint
            )
            if self._aim is not None:
                raise told
            warnings.warn(f"{told} Until then it is 0.5.", stacklevel=2)
            return
        try:
            self.threshold = thresholds.choose(truth, scores, "f1" if self._aim is None else self._aim, weights)
        except InputError as error:  # a long search is not thrown away for an aim out of reach
            warnings.warn(f"{error} The threshold with the best F1 is taken instead.", stacklevel=2)
            self.threshold = thresholds.choose(truth, scores, "f1", weights)

    def summary(self) -> str:
        """The threshold, and what it means."""
        return "" if self.threshold is None else f"Threshold for {str(self.positive)!r}. {self.threshold.describe()}"

    @property
    def _is_rare(self) -> bool:
        return self.form == BINARY and self._shares[self._positive] < RARE

    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns labels of shape (n,), or rows of 0 and 1, (n, classes), where they came one-hot or with `multi_label`.

        Args:
            y: See the class.
            name: How the user knows it, for the error.

        Raises:
            InputError: If labels are missing, mixed, continuous or of a wrong rank; after `fit`, also if they are of an
                unknown class or of another form.
        """
        if self._multi_label and labels.are_lists(y):
            array, self._names = labels.matrix(y, name, self.classes if self.form else None)
            return array
        array = self._in_order(y, labels.read(y, name), name)
        if array.ndim == 2 and array.shape[1] == 1 and not self._multi_label:
            array = array[:, 0]
        if array.ndim == 2:
            labels.check_rows(array, name, self._multi_label)
        else:
            self._check_labels(array, name)
        return self._as_fitted(array, name) if self.form else array

    def fit(self, y: np.ndarray) -> None:
        """Learns the classes, and which form of targets the loss takes.

        Raises:
            InputError: If there is one class only, or a class has a single member, which no split can share out; or the
                user's loss or metrics do not work with such targets.
        """
        self._rows = y.ndim == 2
        self._type = str(y.dtype if self._multi_label or not self._rows else "int64")
        if self._rows:
            named = len(self._names) == y.shape[1]
            classes, counts = self._names if named else np.arange(y.shape[1]), y.sum(axis=0, dtype=np.int64)
        else:
            classes, counts = np.unique(y, return_counts=True)
        if not self._multi_label:
            labels.check_members(classes, counts)
        self.classes = classes
        self._shares = (counts / max(1, len(y))).tolist()
        self.form = self._form()
        self._positive = 0 if self.form == BINARY and self._shares[0] < RARE else 1
        if self._aim is not None and self.form != BINARY:
            got = "multi_label=True" if self._multi_label else f"{len(classes)} classes"
            got += f" and the loss {names_of(self._loss)[0]!r}" if self._loss is not None else ""
            raise InputError.of("threshold", "left out unless there are two classes and a binary loss", got)
        if self._loss is not None or self._metrics != ["accuracy"]:
            quiet_tensorflow()
            self._rehearse_loss()
            self.metrics()

    def strata(self, y: np.ndarray) -> np.ndarray | None:
        return None if self._multi_label else self._numbers(y)

    def encode(self, y: np.ndarray) -> np.ndarray:
        if self._multi_label:
            return y.astype("float32")
        number = self._numbers(y)
        if self.form == SPARSE:
            return number.astype("int32")
        if self.form == BINARY:
            return (number == self._positive).astype("float32")[:, None]
        return np.eye(len(self.classes), dtype="float32")[number]

    def weights(self, y: np.ndarray, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        weights = None if sample_weight is None else data.read_weights(sample_weight, len(y))
        if class_weight is None:
            return weights
        if self._multi_label:
            hint = "Use sample_weight."
            raise InputError.of("class_weight", "left out with multi_label=True", repr(class_weight), hint)
        each = self._class_weights(class_weight, self._numbers(y)).astype("float32")
        return each if weights is None else each * weights

    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        import keras

        units = 1 if self.form == BINARY else len(self.classes)
        activation = "softmax" if self.form in (ONE_HOT, SPARSE) else "sigmoid"
        return keras.layers.Dense(units, activation=activation, dtype="float32", name=self.name)(x)

    def loss(self, hp: keras_tuner.HyperParameters | None = None) -> Any:
        """The user's loss, or the crossentropy that fits; where a class is rare, `hp` may choose the focal loss instead.

        Rare is what has class weights of its own, see `class_weight`: these stay, so the focal loss has no `alpha`. Several
        classes at once have none, as a class that is rare among them has no weight to go with it.
        """
        if self._loss is not None:
            return self._loss
        if hp is not None and self.class_weight is not None:
            focal = hp.Choice("loss_function", ["crossentropy", "focal"]) == "focal"
            with hp.conditional_scope("loss_function", ["focal"]):
                if focal:
                    return self._focal(float(hp.Choice("focal_gamma", [1, 2], default=2)))
        return _LOSSES.get(self.form, "binary_crossentropy")

    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        wanted = (objective or "").removeprefix("val_")
        if not qualities.is_known(wanted):
            return made_afresh(self._metrics, objective, self._metric)
        made = made_afresh(
            self._metrics, None, self._metric
        )  # a callback computes the objective, see `autonas.qualities`
        if self.form != BINARY and wanted not in [metric.name for metric in made]:
            raise InputError.of("objective", "one for several classes", f"'val_{wanted}', which is for two")
        return made

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Turns outputs into one probability a class, (n, classes), its columns in the order of `classes`."""
        if self.form != BINARY:
            return outputs
        both = [1 - outputs, outputs]
        return np.concatenate(both if self._positive else both[::-1], axis=1)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Turns outputs into labels of shape (n,), or with `multi_label` into a matrix of 0 and 1; both as in `fit`."""
        if self._multi_label:
            return (outputs > 0.5).astype(self._type)
        if self.form == BINARY and self.threshold is not None:
            alert = self.threshold.decide(outputs[:, 0])
            return self.classes[np.where(alert, self._positive, 1 - self._positive)]
        return self.classes[self.probabilities(outputs).argmax(axis=1)]

    def files(self) -> dict[str, list[list[Any]]]:
        """`labels.txt` has the classes."""
        return {"labels.txt": [["classes"]]}

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep. The loss and the metrics are described only: a compiled model has them."""
        return {
            "classes": self.classes.tolist(),
            "type": self._type,
            "form": self.form,
            "rows": self._rows,
            "loss": describe(self._loss),
            "metrics": [describe(metric) for metric in self._metrics],
            "aim": self._aim,
            "positive": self._positive,
            "shares": self._shares,
            "threshold": None if self.threshold is None else self.threshold.to_json(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ClassificationHead:
        head = cls(multi_label=config["form"] == MULTI_LABEL)
        head.form, head._rows, head._type = config["form"], config["rows"], config["type"]
        head._aim, head._positive, head._shares = config["aim"], config["positive"], config["shares"]
        if config["threshold"] is not None:
            head.threshold = thresholds.Threshold.from_json(config["threshold"])
        head.classes = np.array(config["classes"], dtype=None if head._rows else head._type)
        return head

    def _check_labels(self, array: np.ndarray, name: str) -> None:
        if self._multi_label or array.ndim != 1:
            expected = "a matrix of 0 and 1, (n, classes)" if self._multi_label else "of shape (n,), or one-hot rows"
            hint = "sklearn.preprocessing.MultiLabelBinarizer makes one." if self._multi_label else ""
            raise InputError.of(name, expected, f"shape {array.shape}", hint)
        labels.check_whole(array, name)

    def _in_order(self, y: Any, array: np.ndarray, name: str) -> np.ndarray:
        """Rows of a frame in the order of the classes; before `fit` its columns are these."""
        columns = list(getattr(y, "columns", ())) if array.ndim == 2 and array.shape[1] > 1 else []
        names = np.array(columns if all(isinstance(column, int) for column in columns) else list(map(str, columns)))
        if not self.form:
            self._names = names
        if not self.form or not columns or not self._rows:
            return array
        known, found = self.classes.tolist(), names.tolist()
        if sorted(map(str, known)) == sorted(map(str, found)):
            return array[:, [found.index(label) for label in known]]
        if known != list(range(len(known))):
            raise InputError.of(name, f"the columns {labels.few(self.classes)}, as in training", labels.few(names))
        return array

    def _as_fitted(self, array: np.ndarray, name: str) -> np.ndarray:
        """The array in the form that `fit` saw, if its classes are known."""
        if array.ndim == 2:
            if not self._rows or array.shape[1] != len(self.classes):
                expected = f"(n, {len(self.classes)})" if self._rows else "(n,)"
                raise InputError.of(name, f"of shape {expected}, as in training", f"shape {array.shape}")
            return array
        strings = [a.dtype.kind == "U" for a in (array, self.classes)]
        unseen = np.unique(array) if strings[0] != strings[1] else np.setdiff1d(array, self.classes)
        if len(unseen):
            raise InputError.of(
                name, f"of the classes {labels.few(self.classes)}", f"{labels.few(unseen)}, unseen in training"
            )
        if self._rows:
            place = {label: number for number, label in enumerate(self.classes.tolist())}
            return np.eye(len(self.classes), dtype="int64")[[place[label] for label in array.tolist()]]
        return array if strings[0] else array.astype(self.classes.dtype)

    def _numbers(self, y: np.ndarray) -> np.ndarray:
        """The number of each example's class."""
        return y.argmax(axis=1) if self._rows else np.searchsorted(self.classes, y)

    def _form(self) -> str:
        names = names_of(self._loss)
        sparse = any(name.startswith(_SPARSE_LOSSES) for name in names)
        softmax = any(name.startswith(_SOFTMAX_LOSSES) for name in names)
        if self._multi_label and (sparse or softmax):
            raise InputError.of(
                "loss", "one for several classes at once", names[0], "Leave it out, or take a binary one."
            )
        if self._multi_label:
            return MULTI_LABEL
        return SPARSE if sparse else ONE_HOT if softmax or len(self.classes) > 2 else BINARY

    def _class_weights(self, class_weight: Any, number: np.ndarray) -> np.ndarray:
        """One weight for each example."""
        if class_weight == "balanced":
            from sklearn.utils.class_weight import compute_sample_weight

            return np.asarray(compute_sample_weight("balanced", number))
        if not isinstance(class_weight, Mapping):
            raise InputError.of("class_weight", "a dict of label -> weight, or 'balanced'", repr(class_weight))
        known = {label: number for number, label in enumerate(self.classes.tolist())}
        weights = np.ones(len(known))
        for label, weight in class_weight.items():
            if label not in known:
                raise InputError.of(
                    "class_weight", f"about the classes {labels.few(self.classes)}", f"the unknown {label!r}"
                )
            if isinstance(weight, bool) or not isinstance(weight, _NUMBERS) or not 0 < weight < np.inf:
                raise InputError.of(f"class_weight[{label!r}]", "a positive number", repr(weight))
            weights[known[label]] = weight
        return weights[number]

    def _focal(self, gamma: float) -> keras.losses.Loss:
        """The crossentropy times (1 - p)^gamma, with p the probability of the true class."""
        import keras

        if self.form == BINARY:
            return keras.losses.BinaryFocalCrossentropy(gamma=gamma)
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma)

    def _rehearse_loss(self) -> None:
        import keras

        y, outputs = self._sample()
        rehearse("loss", keras.losses.get(self.loss()), y.astype("float32"), outputs)  # Keras gives a loss float32

    def _metric(self, metric: Any) -> keras.metrics.Metric:
        """A fresh metric that fits the form of the targets, under the name that the user gave."""
        if not isinstance(metric, str):
            return self._checked(lambda: read_metric(metric))
        prefix = _PREFIXES.get(self.form, "binary_")
        family = next((family for family, names in _FAMILIES.items() if metric in names), None)
        if family is not None:
            made = read_metric(prefix + family)
            return renamed(made, metric, **self._settings(made))
        if metric in _TOP_K:
            return self._checked(lambda: renamed(read_metric(_TOP_K[self.form == SPARSE]), metric))
        made = read_metric(metric)
        return self._checked(lambda: renamed(made, metric, **self._settings(made)), metric)

    def _settings(self, metric: Any) -> dict[str, Any]:
        """What makes one number of a metric that was asked for by name, which decides as `decode` does."""
        names, known = names_of(metric), metric.get_config()
        settings: dict[str, Any] = {}
        if "f_beta_score" in names:
            settings = {"average": "macro", "threshold": None if self.form == ONE_HOT else 0.5}
        elif "auc" in names:
            settings = {"multi_label": self.form == MULTI_LABEL}
        if self.threshold is not None:
            settings |= {name: self.threshold.below for name in ("threshold", "thresholds") if name in known}
        return settings

    def _checked(self, make: Callable[[], keras.metrics.Metric], loss: str = "") -> keras.metrics.Metric:
        """Makes a metric, if it gives one number for such targets: what is wrong shows here, not in the first trial."""
        metric = make()
        names = [loss] if names_of(metric)[0] == "mean_metric_wrapper" and loss else names_of(metric)
        needs = (
            SPARSE if names[0].startswith("sparse") else ONE_HOT if names[0].startswith(_ONE_HOT_METRICS) else self.form
        )
        if needs != self.form or names[0] == "accuracy":
            family = next(
                (family for family in _FAMILIES if names[0].endswith(family) and "top_k" not in names[0]), None
            )
            hint = f"Pass it by name, {family!r}: then it is the one that fits." if family else ""
            raise InputError.of("metrics", f"metrics that fit {self.form} targets", f"{type(metric).__name__}", hint)
        y, outputs = self._sample()
        hint = "Leave loss out, so that targets are one-hot." if self.form == SPARSE else ""
        value = rehearse(f"The metric {metric.name}", make(), y, outputs, hint)
        if value.shape != ():
            hint = "F-scores take average='macro'."
            raise InputError.of(
                f"The metric {metric.name}", "one that gives one number", f"the shape {value.shape}", hint
            )
        return metric

    def _sample(self) -> tuple[np.ndarray, np.ndarray]:
        """A few targets and outputs. Not as many as classes: shapes that do not fit must not do so by chance."""
        k = len(self.classes)
        chosen = np.array([0, 1, 0] if k == 2 else [0, 1])
        y = self.encode(np.eye(k, dtype="int64")[chosen] if self._rows else self.classes[chosen])
        return y, np.full((len(y), 1 if self.form == BINARY else k), 1 / k, "float32")
