"""One reading of a built Keras model: which operations run at inference, on which shapes, and what each one costs.

Every cost, every latency table and every predictor that looks at a network's structure reads it here, so that all of
them mean the same by "an operation". Nothing is executed: a reading takes milliseconds.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autonas import kept, products
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

Shape = tuple[int, ...]

FLOAT_BYTES = 4

_INERT = re.compile(
    r"Random(?!Crop)\w+|RandAugment|AugMix|CutMix|MixUp|\w*Dropout(\dD)?|GaussianNoise|ActivityRegularization|Identity"
)
_MOVES = re.compile(
    r"InputLayer|Reshape|Flatten|Permute|RepeatVector|Concatenate|Embedding|Transpose|ExpandDims|Squeeze|Split|Stack"
    r"|GetItem|Masking|(ZeroPadding|Cropping)\dD"
)
_CONV = re.compile(r"(Depthwise|Separable)?Conv\dD|Dense")
_GLOBAL_POOL = re.compile(r"(Global|Adaptive)\w+Pooling\dD|Mean|Max|Min|Sum")
_POOL = re.compile(r"(Max|Average)Pooling\dD")
_AFFINE = re.compile(r"BatchNormalization|Normalization|Rescaling")


def is_inert(kind: str) -> bool:
    """Whether layers of this class, such as dropout and random augmentation, do nothing when a model predicts."""
    return _INERT.fullmatch(kind) is not None


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation that runs at inference.

    Attributes:
        name: The layer's or operation's name in the model.
        kind: The name of its class: `"Conv2D"`, `"Add"`.
        inputs: Positions in the graph of the operations whose outputs it takes.
        input_shapes: With a batch of one; other open dimensions count as one too.
        output_shapes: With a batch of one.
        parameters: Weights of its layer, trainable or not; 0 where the layer was met before.
        kernel_parameters: Those of them that multiply: kernels, not biases or statistics.
        flops: Floating-point operations for one example; a multiply and an add are two.
        macs: Those of them that are a multiply and an add of a product, as pairs.
        activation: Keras's name of the function that it applies to its result; empty for none.
        kept_elements: Numbers that its gradient needs beside its inputs and outputs.
        traced_bytes: Memory of what it is traced to for a training, where that is much.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    parameters: int
    kernel_parameters: int
    flops: int
    macs: int = 0
    activation: str = ""
    kept_elements: int = 0
    traced_bytes: int = 0

    @property
    def input_elements(self) -> int:
        """How many numbers it takes."""
        return sum(math.prod(shape) for shape in self.input_shapes)

    @property
    def output_bytes(self) -> int:
        """Memory of what it makes, in float32."""
        return FLOAT_BYTES * sum(math.prod(shape) for shape in self.output_shapes)


@dataclasses.dataclass(frozen=True)
class Graph:
    """The operations of a model, in an order in which they can run.

    What does nothing at inference (dropout, random augmentation) is not in it; nested models are taken apart.

    Attributes:
        operations: What runs.
        outputs: Positions of the operations that make the model's outputs.
    """

    operations: tuple[Operation, ...]
    outputs: tuple[int, ...]

    @property
    def parameters(self) -> int:
        """Weights of all layers, trainable or not; a shared layer counts once."""
        return sum(operation.parameters for operation in self.operations)

    @property
    def kernel_parameters(self) -> int:
        """Weights that multiply; a shared layer counts once."""
        return sum(operation.kernel_parameters for operation in self.operations)

    @property
    def flops(self) -> int:
        """Floating-point operations for one example; a multiply and an add are two."""
        return sum(operation.flops for operation in self.operations)

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations with kernels, for one example."""
        return sum(operation.macs for operation in self.operations)

    @functools.cached_property
    def activation_bytes(self) -> int:
        """Peak memory of the activations at inference: float32, a batch of one, weights not included.

        An operation's outputs live from when it runs until their last consumer has run, the model's outputs until the
        end. Nothing is computed in place.
        """
        last_use = list(range(len(self.operations)))
        for position, operation in enumerate(self.operations):
            for source in operation.inputs:
                last_use[source] = position
        for position in self.outputs:
            last_use[position] = len(self.operations) - 1
        live, peak = 0, 0
        for position, operation in enumerate(self.operations):
            live += operation.output_bytes
            peak = max(peak, live)
            done = [source for source in {*operation.inputs, position} if last_use[source] == position]
            live -= sum(self.operations[source].output_bytes for source in done)
        return peak


def read(model: keras.Model) -> Graph:
    """Reads the operations of a built model.

    FLOPs are exact for dense layers, convolutions (grouped, depthwise, separable and transposed ones included), pooling
    attention, products of tensors and what works element by element. Recurrent and other layers with kernels count each
    kernel once for each position of their input; what is left counts one for each output element.
    Batch normalisation counts as a multiply and an add, what only moves data as nothing.

    Args:
        model: A functional or built sequential model; it may hold others.

    Returns:
        The operations, each after those it depends on.

    Raises:
        InputError: If the model has no graph: a subclassed model, or a sequential one without an input shape.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> graph = read(model)
    >>> graph.parameters, graph.flops, graph.activation_bytes
    (15, 27, 28)
    """
    if not has_graph(model):
        raise InputError.of("model", "a functional or a built sequential keras.Model", type(model).__name__)
    reader = _Reader()
    outputs = reader.walk(model.outputs, {})
    return Graph(tuple(reader.operations), tuple(dict.fromkeys(outputs)))


def has_graph(layer: Any) -> bool:
    """Whether a layer is a model with operations of its own."""
    return hasattr(layer, "inputs") and hasattr(layer, "outputs")


def _call_of(tensor: Any) -> tuple[Any, Any]:
    """The operation that made a symbolic tensor, and the call of it: the one place that reads Keras's own records."""
    operation, index, _ = tensor._keras_history
    return operation, operation._inbound_nodes[index]


def maker(tensor: Any) -> Any:
    """The operation, or the model, that made a symbolic tensor."""
    return _call_of(tensor)[0]


class _Reader:
    """Collects operations; `made` maps a symbolic tensor's id to the position of the operation that makes it."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self._layers_seen: set[int] = set()

    def walk(self, tensors: Sequence[Any], made: dict[int, int]) -> list[int]:
        """Reads what `tensors` depend on, and returns where they are made. Iterative: networks are deep."""
        stack = list(reversed(tensors))
        while stack:
            tensor = stack[-1]
            operation, call = _call_of(tensor)
            missing = [source for source in call.input_tensors if id(source) not in made]
            if id(tensor) in made:
                stack.pop()
            elif missing:
                stack.extend(reversed(missing))
            else:
                for output, position in zip(call.output_tensors, self._read(operation, call, made), strict=True):
                    made[id(output)] = position
        return [made[id(tensor)] for tensor in tensors]

    def _read(self, operation: Any, call: Any, made: dict[int, int]) -> list[int]:
        sources = [made[id(tensor)] for tensor in call.input_tensors]
        if has_graph(operation):
            inner = {id(tensor): source for tensor, source in zip(operation.inputs, sources, strict=True)}
            return self.walk(operation.outputs, inner)
        if _INERT.fullmatch(type(operation).__name__):
            self._keep(sources[0], kept.elements(operation, [], [_shape(call.output_tensors[0])]))
            return sources[:1]
        self._add(operation, call, sources)
        return [len(self.operations) - 1] * len(call.output_tensors)

    def _keep(self, position: int, elements: int) -> None:
        """What is left out keeps numbers all the same while it is trained: those of a dropout count with what it drops of."""
        before = self.operations[position]
        self.operations[position] = dataclasses.replace(before, kept_elements=before.kept_elements + elements)

    def _add(self, layer: Any, call: Any, sources: Sequence[int]) -> None:
        inputs = tuple(_shape(tensor) for tensor in call.input_tensors)
        outputs = tuple(_shape(tensor) for tensor in call.output_tensors)
        given = products.operands(layer, call)
        flops, macs = _work(layer, given, outputs)
        weights = [] if id(layer) in self._layers_seen else getattr(layer, "weights", [])
        self._layers_seen.add(id(layer))
        self.operations.append(
            Operation(
                name=layer.name,
                kind=type(layer).__name__,
                inputs=tuple(dict.fromkeys(sources)),
                input_shapes=inputs,
                output_shapes=outputs,
                parameters=sum(math.prod(w.shape) for w in weights),
                kernel_parameters=sum(math.prod(w.shape) for w in weights if _is_kernel(w)),
                flops=flops,
                macs=macs,
                activation=layer.activation.__name__ if _has_activation(layer) else "",
                kept_elements=kept.elements(layer, given, outputs),
                traced_bytes=kept.traced_bytes(layer, given),
            )
        )


def _shape(tensor: Any) -> Shape:
    return tuple(1 if size is None else int(size) for size in tensor.shape)


def _is_kernel(weight: Any) -> bool:
    return str(weight.name).endswith("kernel")


def _work(layer: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> tuple[int, int]:
    """FLOPs and MACs; of what wraps a layer or a model, such as `TimeDistributed`, those of what is inside."""
    import keras

    inside = layer.layer if isinstance(layer, keras.layers.Wrapper) else layer
    if has_graph(inside):
        graph, times = read(inside), inputs[0][1] if isinstance(layer, keras.layers.TimeDistributed) else 1
        return times * graph.flops, times * graph.macs
    return _flops(inside, inputs, outputs), _macs(inside, inputs, outputs)


def _flops(layer: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    kind = type(layer).__name__
    made = sum(math.prod(shape) for shape in outputs)
    taken = sum(math.prod(shape) for shape in inputs)
    if _MOVES.fullmatch(kind):
        return 0
    if _AFFINE.fullmatch(kind):
        return 2 * made
    if _GLOBAL_POOL.fullmatch(kind):
        return taken
    if _POOL.fullmatch(kind):
        return made * math.prod(layer.pool_size)
    macs = _macs(layer, inputs, outputs)
    if not macs:
        return made * max(1, len(inputs) - 1)
    beside = products.flops_beside(layer, inputs)
    return 2 * macs + beside + made * (bool(getattr(layer, "use_bias", False)) + _has_activation(layer))


def _macs(layer: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    between = products.macs(layer, inputs, outputs[0])
    kernels = [w for w in getattr(layer, "weights", []) if _is_kernel(w)]
    if not kernels or type(layer).__name__ == "EinsumDense":
        return between
    if _CONV.fullmatch(type(layer).__name__):
        inputs = [outputs[0]]
    spatial = slice(2, None) if getattr(layer, "data_format", None) == "channels_first" else slice(1, -1)
    positions = (math.prod(products.source(kernel, inputs)[spatial]) for kernel in kernels)
    return between + sum(math.prod(w.shape) * each for w, each in zip(kernels, positions, strict=True))


def _has_activation(layer: Any) -> bool:
    import keras

    return getattr(layer, "activation", None) not in (None, keras.activations.linear)
