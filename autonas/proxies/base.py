"""The contract of a zero-cost proxy, and a network as proxies see it: a copy that they may run and overwrite."""

from __future__ import annotations

import abc
import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import data
from autonas.checks import number
from autonas.errors import InputError
from autonas.graph import has_graph, is_inert, maker, read

if TYPE_CHECKING:
    import keras

    from autonas.graph import Graph

# Activations whose output says by its sign on which side of zero the input was, as Keras names them and their classes.
_GATES = re.compile(r"relu6?|leakyrelu|prelu|elu|selu|celu|silu|swish|gelu|mish|hardsilu|hardswish")
_NORMALISATION = re.compile(r"(Batch|Layer|Group|RMS|Unit)Normalization")
_SQUASHING = ("softmax", "sigmoid")  # what turns logits into probabilities
_RANDOM = ("dropout", "recurrent_dropout")  # arguments of layers that do more than that


class Proxy(abc.ABC):
    """Scores a network without training it.

    The class says what it needs; where that is not there, the score is NaN. A proxy of your own writes `measure`.

    Attributes:
        needs_labels: Whether it looks at the targets, through the loss.
        needs_gates: Whether it looks at where ReLUs and their like (SiLU, GELU, ...) are open.
        needs_directions: Whether it differentiates by the input: numbers, or vectors that stand for words and categories.
        needs_images: Whether it is for convolutional networks with batch normalisation on images only.

    Example:

    >>> class Depth(Proxy):
    ...     def measure(self, network):
    ...         return len(network.graph.operations)
    >>> Depth().score(model, x, y, "mse")
    12.0
    """

    needs_labels: ClassVar[bool] = False
    needs_gates: ClassVar[bool] = False
    needs_directions: ClassVar[bool] = False
    needs_images: ClassVar[bool] = False

    @abc.abstractmethod
    def measure(self, network: Network) -> float:
        """Computes the score of a network that has what the class says is needed.

        A pure function of the network: what chance it takes comes from a generator of its own with a fixed seed, and what it
        overwrites in the copy it puts back.

        Args:
            network: The network, and a batch.

        Returns:
            Higher is better; what is not finite counts as NaN, "cannot tell".
        """

    def applies(self, network: Network) -> bool:
        """Whether the score means something for a network: whether it has what the class says is needed."""
        return (
            (network.has_labels or not self.needs_labels)
            and (network.has_gates or not self.needs_gates)
            and (network.has_directions or not self.needs_directions)
            and (network.is_convolutional or not self.needs_images)
        )

    def score(self, model: keras.Model, x: Any, y: Any, loss: Any) -> float:
        """Scores a model that is built and not trained; it stays as it is.

        Args:
            model: A functional or built sequential model, its weights fresh.
            x: One batch of preprocessed examples, (batch, ...), or a dict of arrays.
            y: Their encoded targets, or a dict of them.
            loss: As `compile` takes it.

        Returns:
            Higher is better, NaN for "cannot tell". Only the order of scores has a meaning.

        Raises:
            InputError: If the model has no graph, or what is measured is no number.
        """
        return self.judge(Network(model, x, y, loss))

    def judge(self, network: Network) -> float:
        """As `score`, of a network that other proxies look at too: what they share is computed once."""
        if not self.applies(network):
            return np.nan
        measured = self.measure(network)
        score = number(measured)
        if score is None:
            raise InputError.of(f"What {type(self).__name__} measures", "a number", repr(measured))
        return score if np.isfinite(score) else np.nan

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


@dataclasses.dataclass(frozen=True)
class Run:
    """One forward pass of a batch through a copy, differentiable.

    Attributes:
        found: What the copy returns, see `copied`.
        directions: What the examples can move along: inputs that are numbers, and embedded words or categories.
        loss: The loss of the batch; None without labels.
        gradient: `gradient(target, sources)` differentiates a tensor of this pass, zeros where there is no way.
    """

    found: Mapping[str, Any]
    directions: Sequence[Any]
    loss: Any
    gradient: Callable[[Any, Sequence[Any]], list[Any]]


class Network:
    """A model and a batch, with what proxies share: the operations, a copy to run, one pass through it.

    Nothing that is done with it reaches the model: its weights, its statistics of batch normalisation and its seeds stay as
    they are. The copy has none of the random layers (dropout, augmentation). It normalises with the statistics of the batch,
    since those that a fresh network has collected say nothing.

    Args:
        model: A functional or built sequential model.
        x: One batch of preprocessed examples, (batch, ...), or a dict of arrays.
        y: Their encoded targets, or a dict of them; None where there are none.
        loss: As `compile` takes it; None where there is none.

    Example:

    >>> network = Network(model, x, y, "categorical_crossentropy")
    >>> network.graph.parameters
    1210
    """

    def __init__(self, model: keras.Model, x: Any, y: Any = None, loss: Any = None) -> None:
        self.model, self.y, self.loss = model, y, loss
        self.x = data.mapped(np.asarray, x)

    @functools.cached_property
    def graph(self) -> Graph:
        """The operations of the model."""
        return read(self.model)

    @functools.cached_property
    def copy(self) -> keras.Model:
        """The model again, as `copied` makes it, with the same weights."""
        return copied(self.model)

    @property
    def kernels(self) -> list[Any]:
        """The trainable weights of the copy that multiply: kernels and embeddings, not biases and scales."""
        return kernels(self.copy)

    @property
    def has_labels(self) -> bool:
        return self.y is not None and self.loss is not None

    @property
    def has_gates(self) -> bool:
        return bool(self.copy.output["gates"])

    @property
    def has_directions(self) -> bool:
        return bool(self.copy.output["embedded"]) or any(map(_moves, data.leaves(self.x)))

    @property
    def is_convolutional(self) -> bool:
        """Whether it is a convolutional network with batch normalisation on images."""
        kinds = {operation.kind for operation in self.graph.operations}
        return getattr(self.x, "ndim", 0) == 4 and {"Conv2D", "BatchNormalization"} <= kinds

    @functools.cached_property
    def run(self) -> Run:
        """One pass of the batch."""
        import tensorflow as tf

        x = data.mapped(tf.convert_to_tensor, self.x)
        numbers = [tensor for tensor, array in zip(data.leaves(x), data.leaves(self.x), strict=True) if _moves(array)]
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(numbers)
            found = self.copy(x, training=True)
            found["sum"] = tf.add_n([tf.reduce_sum(logits) for logits in found["logits"]])
            loss = self.loss_of(found) if self.has_labels else None

        def gradient(target: Any, sources: Sequence[Any]) -> list[Any]:
            got = tape.gradient(target, list(sources), unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return [tf.convert_to_tensor(one) for one in got]

        return Run(found, [*numbers, *found["embedded"]], loss, gradient)

    def loss_of(self, found: Mapping[str, Any]) -> Any:
        """The loss of what the copy returned, a scalar: of several outputs the sum."""
        return _loss(self.loss, self.y, found["outputs"])


def copied(model: keras.Model, linear: bool = False) -> keras.Model:
    """Copies a network for proxies to look into, nested models included.

    Args:
        model: A functional or built sequential model.
        linear: Whether to leave out normalisation and to compute in float64, in which the products of many weights fit.

    Returns:
        A functional model without random layers that gives a dict: `"outputs"` as the model has them; `"logits"`, a list of
        these before their softmax or sigmoid; and, as lists in the order in which they are made, `"gates"`, what ReLUs and
        their like give; `"weighted"`, what layers with kernels give; `"normalised"`, what batch normalisation takes;
        `"embedded"`, what embeddings give; `"maps"`, whose last is the last map of features, (batch, height, width, channels).

    Raises:
        InputError: If the model has no graph.
    """
    from autonas.space import seeded

    read(model)
    with seeded(0):  # layers draw seeds for weights that are replaced right away
        return _copied(model, linear, is_last=True)


def kernels(copy: keras.Model) -> list[Any]:
    """The trainable weights that multiply, as Keras variables."""
    return [w for w in copy.trainable_variables if len(w.shape) > 1 and not w.name.endswith("bias")]


def _copied(model: Any, linear: bool, is_last: bool) -> keras.Model:
    import keras

    kinds = ("logits", "gates", "weighted", "normalised", "embedded", "maps")
    found: dict[str, list[Any]] = {kind: [] for kind in kinds}
    last = {id(maker(tensor)) for tensor in model.outputs} if is_last else set()
    sources: dict[int, Any] = {}

    def copy(layer: Any) -> Any:
        if has_graph(layer):
            new = _copied(layer, linear, id(layer) in last)
        else:
            new = type(layer).from_config(_settings(layer, linear))
        sources[id(new)] = layer
        return new

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        source, kind = sources[id(layer)], type(layer).__name__
        if (is_inert(kind) and not getattr(source, "weights", [])) or (linear and _NORMALISATION.fullmatch(kind)):
            return args[0]
        if has_graph(source):
            inner = layer(*args, **kwargs)
            for name, tensors in found.items():
                tensors += inner[name]
            return inner["outputs"]
        if id(source) in last:
            given, squash = _logits(layer, kind, args, kwargs)
            found["logits"].append(given)
        else:
            given, squash = layer(*args, **kwargs), None
        if getattr(source, "weights", []):
            layer.set_weights(source.get_weights())
        for name in _taps(layer, kind):
            found[name].append(args[0] if name == "normalised" else given)
        if len(getattr(given, "shape", ())) == 4:
            found["maps"] = [given]
        return given if squash is None else squash(given)

    one_input = isinstance(model, keras.Sequential)
    ends = (model.inputs[0], model.outputs[0]) if one_input else (model.input, model.output)
    plain = keras.Model(*ends)  # a clone of a compiled model would need its loss
    clone = keras.models.clone_model(plain, clone_function=copy, call_function=call)
    return keras.Model(clone.input, {"outputs": clone.output, **found})


def _settings(layer: Any, linear: bool) -> dict[str, Any]:
    """The configuration of a copy of a layer."""
    config = dict(layer.get_config())
    config |= {name: 0.0 for name in _RANDOM if name in config}
    return config | {"dtype": "float64"} if linear and "dtype" in config else config


def _logits(layer: Any, kind: str, args: Any, kwargs: Any) -> tuple[Any, Callable[[Any], Any] | None]:
    """What the last layer gives before its softmax or sigmoid, and what turns that into its output, if it has one."""
    import keras

    if kind.lower() in _SQUASHING:
        return args[0], layer
    activation = getattr(layer, "activation", None)
    if _name(activation) not in _SQUASHING:
        return layer(*args, **kwargs), None
    layer.activation = keras.activations.linear
    return layer(*args, **kwargs), activation


def _taps(layer: Any, kind: str) -> Iterator[str]:
    """As what, of the names in `copied`, a layer is to be looked at."""
    if kind == "BatchNormalization":
        yield "normalised"
    elif kind == "Embedding":
        yield "embedded"
    elif getattr(layer, "trainable_weights", []) and not _NORMALISATION.fullmatch(kind):
        yield "weighted"
    # the activation inside a gated recurrent layer is not what the layer gives
    activation = kind if hasattr(layer, "recurrent_activation") else _name(getattr(layer, "activation", kind))
    if _GATES.fullmatch(activation.lower().replace("_", "")):
        yield "gates"


def _name(activation: Any) -> str:
    """The name of an activation function, or of a class as it is."""
    return activation if isinstance(activation, str) else getattr(activation, "__name__", "")


def _moves(array: np.ndarray) -> bool:
    """Whether the numbers of an input can be moved by a little: neither marks of padding nor flags."""
    return array.dtype.kind == "f" and not np.isin(array, (0.0, 1.0)).all()


def _loss(loss: Any, y: Any, outputs: Any) -> Any:
    import keras

    if isinstance(outputs, Mapping):
        return sum(_loss(loss[name] if isinstance(loss, Mapping) else loss, y[name], outputs[name]) for name in outputs)
    if isinstance(loss, Mapping):
        raise InputError.of("loss", "one loss for one output", f"a dict of {sorted(loss)}")
    return keras.ops.mean(keras.losses.get(loss)(keras.ops.convert_to_tensor(y), outputs))
