"""The contract of a head: one kind of target, from the labels the user holds to a loss, and from outputs to answers.

Below it stands what every head does alike: it looks up losses and metrics of Keras.
"""

from __future__ import annotations

import abc
import difflib
import functools
import hashlib
import inspect
import json
import re
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.errors import InputError
from autonas.quiet import quiet_tensorflow

if TYPE_CHECKING:
    import keras
    import keras_tuner


class Head(abc.ABC):
    """Analyses a target, and holds everything that follows from it: output layer, loss, metrics, decoding.

    Args:
        loss: The user's loss (a Keras name, instance or callable), or None for the one that fits the target.
        metrics: The user's metrics (Keras names or instances), or None for the ones that fit the target.
    """

    default_objective: ClassVar[str]
    name: str = "answer"  # of the output layer

    @abc.abstractmethod
    def check(self, y: Any, name: str = "y") -> np.ndarray:
        """Returns `y` in its one canonical form, or raises an InputError. After `fit`, unseen classes are an error."""

    @abc.abstractmethod
    def fit(self, y: np.ndarray) -> None:
        """Learns the target's form (its classes) from all checked labels.

        Raises:
            InputError: If nothing can be learned from them, or the user's loss or metrics do not fit them.
        """

    @abc.abstractmethod
    def strata(self, y: np.ndarray) -> np.ndarray | None:
        """What a split keeps in proportion: one class for each example, or None where there is nothing to keep."""

    @abc.abstractmethod
    def encode(self, y: np.ndarray) -> np.ndarray:
        """Turns checked labels into the targets of the loss: float32, or int32 where a loss of the user takes class numbers."""

    @abc.abstractmethod
    def weights(self, y: np.ndarray, class_weight: Any, sample_weight: Any) -> np.ndarray | None:
        """Joins the user's class and sample weights into one float32 weight for each example; None when there are none."""

    @abc.abstractmethod
    def build(self, hp: keras_tuner.HyperParameters, x: Any) -> Any:
        """Adds the output layer to features of the shape (batch, features)."""

    @abc.abstractmethod
    def loss(self, hp: keras_tuner.HyperParameters | None = None) -> Any:
        """What `compile` takes as the loss.

        Args:
            hp: Where the choice comes from, for a head that has several losses to train with. None asks for the plain one,
                which all models can be compared by.
        """

    @abc.abstractmethod
    def metrics(self, objective: str | None = None) -> list[keras.metrics.Metric]:
        """Fresh metrics for one `compile`.

        Args:
            objective: The Keras name of a metric that has to be among them.
        """

    @property
    def objective(self) -> str:
        """What is optimised unless the user says otherwise; after `fit` it may follow from the target."""
        return self.default_objective

    @property
    def class_weight(self) -> Any:
        """The class weights of a training where the user gives none; after `fit` they may follow from the target."""
        return None

    @property
    def calibrates(self) -> bool:
        """Whether `calibrate` has something to learn; known after `fit`."""
        return False

    def calibrate(self, outputs: Any, targets: Any, weights: np.ndarray | None) -> None:  # noqa: B027 (optional)
        """Learns how outputs become answers, from examples that the network was not trained on.

        Args:
            outputs: Of the core, (n, ...).
            targets: As `encode` gives them.
            weights: One for each example, or None.
        """

    def summary(self) -> str:
        """What the user has to know of the answers, in some lines; empty where there is nothing."""
        return ""

    def finish(self, outputs: Any) -> Any:
        """Turns the core's symbolic outputs into those of the model that the user gets, with layers of Keras."""
        return outputs

    def arrange(self, answers: Mapping[str, np.ndarray]) -> Any:
        """Puts what an exported network says, by the names of its outputs, as the model that it came from gives it."""
        return dict(answers) if len(answers) > 1 else next(iter(answers.values()))

    def finished_targets(self, y: np.ndarray) -> np.ndarray:
        """Turns checked labels into the targets of the finished model."""
        return self.encode(y)

    def in_units(self, metrics: Mapping[str, float]) -> dict[str, float]:
        """Turns metrics of the core into those of the finished model, by Keras's names, with `val_` before them or not."""
        return dict(metrics)

    def exact(
        self, metrics: Mapping[str, float], y: Any, outputs: Callable[[], Any], weights: np.ndarray | None
    ) -> dict[str, float]:
        """Metrics of the finished model, those of them in float64 for which Keras's float32 has too few digits.

        Args:
            metrics: As Keras told them, by name.
            y: Checked labels of the same examples.
            outputs: Called for the finished model's outputs, where they are needed.
            weights: One for each example, or None; as in Keras, they count in the loss alone.
        """
        return dict(metrics)

    @abc.abstractmethod
    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Turns the model's outputs into answers in the user's terms."""

    def files(self) -> dict[str, list[list[Any]]]:
        """Which entries of `get_config` stand in a `.tflite` as files of their own, as `autonas.inputs.Input.files` has it."""
        return {}

    @abc.abstractmethod
    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep so that `from_config` gives a fitted head that decodes."""

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Head:
        """The inverse of `get_config`."""


_ALIASES = {"rmse": "root_mean_squared_error", "fbeta_score": "f_beta_score", "logcosh": "log_cosh"}


def read_loss(loss: Any) -> Any:
    """Returns a loss as `compile` takes it.

    Args:
        loss: A name, an instance, a class (made without arguments) or a function; None stays None.

    Raises:
        InputError: If Keras knows no such loss, or it takes logits: networks end in probabilities.
    """
    if isinstance(loss, str):
        _named("loss", loss)
    elif loss is not None and not callable(loss):
        raise InputError.of("loss", "the name of a Keras loss, a loss, or a function", repr(loss))
    loss = loss() if isinstance(loss, type) else loss
    if hasattr(loss, "get_config") and loss.get_config().get("from_logits"):
        raise InputError.of("loss", "one of probabilities", "from_logits=True", "The network ends in probabilities.")
    return loss


def read_metric(metric: Any) -> keras.metrics.Metric:
    """Returns a fresh metric.

    Args:
        metric: A name, an instance (which is made again from its configuration), a class (made without arguments), or a
            function of targets and outputs.

    Raises:
        InputError: If Keras knows no such metric, or its configuration is not complete.
    """
    import keras

    if isinstance(metric, str):
        metric = _named("metrics", metric)
        return renamed(metric, metric.name) if isinstance(metric, keras.metrics.Metric) else read_metric(metric)
    if isinstance(metric, type) and issubclass(metric, keras.metrics.Metric):
        return metric(name=snake_case(metric.__name__))
    if isinstance(metric, keras.metrics.Metric):
        return renamed(metric, metric.name)
    if callable(metric) and not isinstance(metric, type):
        return keras.metrics.MeanMetricWrapper(metric, name=names_of(metric)[0])
    raise InputError.of("metrics", "names or instances of Keras metrics, or functions", repr(metric))


def made_afresh(
    given: Sequence[Any], objective: str | None, make: Callable[[Any], keras.metrics.Metric]
) -> list[keras.metrics.Metric]:
    """Makes the metrics of a head, and the objective's if it is none of them.

    Args:
        given: Metrics as the user names them.
        objective: As `Head.metrics` takes it.
        make: Makes one metric that fits the head's targets.

    Raises:
        InputError: If two have one name, or the objective's cannot be made.
    """
    made = [make(metric) for metric in given]
    names = [metric.name for metric in made]
    repeated = {name for name in names if names.count(name) > 1 or name == "loss"}
    if repeated:
        raise InputError.of("metrics", "metrics with names of their own", f"{sorted(repeated)} twice")
    wanted = None if objective is None else objective.removeprefix("val_")
    if wanted in (None, "loss", *names):
        return made
    try:
        return [*made, make(wanted)]
    except InputError as error:
        raise InputError(
            f"The objective 'val_{wanted}' is none of the metrics {names}, and cannot be made by its name: {error}"
        ) from error


def renamed(metric: keras.metrics.Metric, name: str, **settings: Any) -> keras.metrics.Metric:
    """A fresh metric like another, with a name of its own and perhaps other settings.

    Raises:
        InputError: If it cannot be made from its configuration.
    """
    try:
        return type(metric).from_config({**metric.get_config(), "name": name, **settings})
    except TypeError as error:
        hint = (
            "Its get_config has to hold all arguments of its constructor. A function is passed as it is, without a "
            "MeanMetricWrapper."
        )
        raise InputError.of("metrics", "metrics that can be made again", f"{name} ({error})", hint) from error


def rehearse(what: str, function: Callable[..., Any], y: np.ndarray, outputs: np.ndarray, hint: str = "") -> np.ndarray:
    """Calls a loss or a metric once, so that one that does not fit the targets is told before any time is spent.

    Raises:
        InputError: If it fails.
    """
    import keras

    try:
        return np.asarray(function(keras.ops.convert_to_tensor(y), keras.ops.convert_to_tensor(outputs)))
    except Exception as error:
        shapes = f"targets of shape {('n', *y.shape[1:])} and outputs of shape {('n', *outputs.shape[1:])}"
        first_line = str(error).strip().split("\n")[0]
        raise InputError.of(what, f"one that takes {shapes}", f"{type(error).__name__}: {first_line}", hint) from error


def _named(argument: str, name: str) -> Any:
    quiet_tensorflow()
    import keras

    if argument == "loss":
        kind, wanted, libraries = "loss", name, [keras.losses]
    else:  # a loss is a metric too, and Keras itself numbers the names of metrics: the second "auc" is "auc_1"
        kind, wanted, libraries = "metric", re.sub(r"_\d+$", "", name), [keras.metrics, keras.losses]
    for library in libraries:
        try:
            return library.get(_ALIASES.get(wanted, wanted))
        except TypeError as error:
            hint = f"It has arguments without a default: pass an instance in {argument}."
            raise InputError.of(argument, f"a Keras {kind} that its name says all about", repr(name), hint) from error
        except ValueError:
            continue
    known = {snake_case(member) for member in dir(libraries[0]) if not member.startswith("_")}
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else ""
    raise InputError.of(argument, f"the name of a Keras {kind}", repr(name), hint)


def snake_case(name: str) -> str:
    """The name that Keras gives to a class: `"F1Score"` is `"f1_score"`, `"KLDivergence"` is `"kl_divergence"`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def names_of(part: Any) -> list[str]:
    """The names of a loss or a metric as Keras writes them: of its class and of those above it, or of the function."""
    if isinstance(part, str):
        return [snake_case(part)]
    if hasattr(part, "__name__") and not isinstance(part, type):
        return [snake_case(part.__name__)]
    kind = part if isinstance(part, type) else type(part)
    return [snake_case(above.__name__) for above in kind.__mro__]


def describe(part: Any) -> str | None:
    """Says what a loss or a metric is, and all that it was made with, in a text that is the same in another process.

    Of a function its code counts, with its defaults and what it holds of the functions around it; of an object its
    configuration and its attributes, which are more: Keras leaves the delta of a Huber loss out. Global variables that a
    function reads are not seen.
    """
    if part is None or isinstance(part, str):
        return part
    return json.dumps(_plain(part, depth=8), sort_keys=True)


def _plain(value: Any, depth: int) -> Any:
    """A value as JSON takes it; below `depth`, and of what has no settings, only the name of its type."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, type) or depth == 0:
        return (value if isinstance(value, type) else type(value)).__qualname__
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist(), depth)
    if isinstance(value, Mapping):
        return {str(name): _plain(each, depth - 1) for name, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(each, depth - 1) for each in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_plain(each, depth - 1) for each in value]
    if isinstance(value, functools.partial):
        return _plain([value.func, value.args, value.keywords], depth)
    if inspect.ismethod(value):
        return _plain([value.__func__, type(value.__self__), getattr(value.__self__, "__dict__", {})], depth)
    if inspect.isfunction(value):
        if value.__module__.split(".")[0] == "keras":
            return value.__qualname__
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        return _plain(
            [value.__qualname__, _code(value.__code__), value.__defaults__, value.__kwdefaults__, held], depth
        )
    return _plain([type(value), _settings(value)], depth)


def _settings(part: Any) -> dict[str, Any]:
    """The configuration of an object, and its attributes; of Keras's objects not those that it keeps its books in."""
    attributes = {**getattr(part, "__dict__", {})}
    if not hasattr(part, "get_config"):
        return attributes if callable(part) else {}
    own = {name: value for name, value in attributes.items() if name == "_fn_kwargs" or not name.startswith("_")}
    simple = (str, bool, int, float, Mapping, list, tuple, np.ndarray, np.generic)
    found = {**{name: value for name, value in own.items() if isinstance(value, simple)}, **part.get_config()}
    if "loss" in names_of(part):
        found.pop("name", None)  # says nothing, and Keras numbers it
    return found


def _code(code: types.CodeType) -> str:
    """A fingerprint of what a function does."""
    constants = [_code(each) if isinstance(each, types.CodeType) else _plain(each, 8) for each in code.co_consts]
    text = f"{code.co_code.hex()} {code.co_names} {constants}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
