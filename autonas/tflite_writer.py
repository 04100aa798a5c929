"""Small models in LiteRT's format, written without TensorFlow, to be timed: operators side by side, or a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autonas.tflite import DTYPES, IDENTIFIER, Operator, Program, Tensor, schema

_CHANNELS = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 0,
}  # the axis of weights that has a scale for each place
_SCALE, _ZERO = 1 / 256, -128  # of what is computed in int8: the one that LiteRT asks of a softmax is good for all
_WEIGHT_SCALE = 1 / 128
_FAR_SCALE = 16.0  # of an output whose scale is far from that of the inputs


def write(operators: Sequence[Operator], seed: int = 0) -> bytes:
    """Writes a model of operators. Side by side, those of equal inputs share them; in a program each takes what it takes there.

    What is int8 is quantised as the converter does it, with the same scale for all that is computed and one for each channel of
    weights: which one does not change what a kernel takes.

    Args:
        operators: What stands in the model. Their constants whose values are not known get random ones, each its own.
        seed: Of these values.

    Returns:
        A model in LiteRT's format. Its outputs are all that is made and not taken.

    Raises:
        AutonasError: If `ai-edge-litert` is not installed.

    Example:

    >>> relu = Operator("RELU", (Tensor((1, 64)),), (Tensor((1, 64)),))
    >>> [operator.kind for operator in read(write([relu, relu]))]
    ['RELU', 'RELU']
    """
    return _Writer(np.random.default_rng(seed)).content(operators)


class _Writer:
    """Builds the flatbuffer's tables from the schema's own classes."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._schema = schema()
        self._tensors: list[Any] = []
        self._buffers = [self._schema.BufferT()]  # the first is the empty one, by convention
        self._codes: dict[tuple[str, int], Any] = {}
        self._inputs: dict[Any, int] = {}  # of the model
        self._known: dict[int, int] = {}  # what a program has made, and its inputs, by their numbers there

    def content(self, operators: Sequence[Operator]) -> bytes:
        import flatbuffers

        if isinstance(operators, Program):
            nodes = [self._node(*each) for each in zip(operators, operators.takes, operators.makes, strict=True)]
        else:
            nodes = [self._node(operator) for operator in operators]
        taken = {number for node in nodes for number in node.inputs}
        graph = self._schema.SubGraphT()
        graph.inputs = list(self._inputs.values())
        graph.outputs = [number for node in nodes for number in node.outputs if number not in taken]
        graph.tensors, graph.operators = self._tensors, nodes
        model = self._schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [graph], self._buffers
        model.operatorCodes = list(self._codes.values())
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _node(self, operator: Operator, takes: Sequence[int] = (), makes: Sequence[int] = ()) -> Any:
        node = self._schema.OperatorT()
        node.opcodeIndex = self._code(operator)
        numbers = takes or [-1] * len(operator.inputs)
        node.inputs = [
            -1 if tensor is None else self._input(tensor, at, number, operator)
            for at, (tensor, number) in enumerate(zip(operator.inputs, numbers, strict=True))
        ]
        node.outputs = [self._add(tensor) for tensor in operator.outputs]
        if operator.apart:
            self._tensors[node.outputs[0]].quantization = self._quantization([_FAR_SCALE], [_ZERO])
        self._known.update(zip(makes, node.outputs, strict=False))
        if operator.table:
            node.builtinOptionsType = getattr(self._schema.BuiltinOptions, operator.table)
            node.builtinOptions = getattr(self._schema, f"{operator.table}T")()
            for name, value in operator.options.items():
                setattr(node.builtinOptions, name, value)
        return node

    def _code(self, operator: Operator) -> int:
        key = operator.kind, operator.version
        if key not in self._codes:
            code = self._codes[key] = self._schema.OperatorCodeT()
            code.builtinCode = getattr(self._schema.BuiltinOperator, operator.kind)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)  # one byte, for readers that know no other
            code.version = operator.version
        return list(self._codes).index(key)

    def _input(self, tensor: Tensor, at: int, number: int, operator: Operator) -> int:
        if number in self._known:
            return self._known[number]
        if tensor.constant:
            added = self._add(tensor)
            self._quantize_weights(self._tensors[added], at, operator)
            return added
        key = (at, tensor) if number < 0 else number
        if key not in self._inputs:
            self._inputs[key] = self._add(tensor)
        return self._inputs[key]

    def _add(self, tensor: Tensor) -> int:
        added = self._schema.TensorT()
        added.name = f"tensor_{len(self._tensors)}"
        added.shape = list(tensor.shape)
        dtype = next(name for name, known in DTYPES.items() if known == tensor.dtype)
        added.type = getattr(self._schema.TensorType, dtype)
        if tensor.dtype == "int8":
            added.quantization = self._quantization([_SCALE], [_ZERO])
        if tensor.constant:
            buffer = self._schema.BufferT()
            buffer.data = np.frombuffer(self._values(tensor).tobytes(), np.uint8)
            self._buffers.append(buffer)
            added.buffer = len(self._buffers) - 1
        self._tensors.append(added)
        return len(self._tensors) - 1

    def _quantize_weights(self, added: Any, at: int, operator: Operator) -> None:
        """Gives weights and biases of int8 a scale for each channel, and all weights zero for their zero."""
        if operator.kind == "BATCH_MATMUL" and added.type == self._schema.TensorType.INT8:
            added.quantization = self._quantization([_WEIGHT_SCALE], [0])
        weights = operator.inputs[1] if operator.kind in _CHANNELS else None
        if weights is None or weights.dtype != "int8" or at not in (1, 2):
            return
        axis = _CHANNELS[operator.kind] if at == 1 else 0
        scale = _WEIGHT_SCALE if at == 1 else _WEIGHT_SCALE * _SCALE
        added.quantization = self._quantization([scale] * added.shape[axis], [0] * added.shape[axis], axis)

    def _quantization(self, scales: Sequence[float], zeros: Sequence[int], axis: int = 0) -> Any:
        found = self._schema.QuantizationParametersT()
        found.scale, found.zeroPoint, found.quantizedDimension = list(scales), list(zeros), axis
        return found

    def _values(self, tensor: Tensor) -> np.ndarray:
        if tensor.values is not None:
            return np.array(tensor.values, tensor.dtype)
        if np.issubdtype(tensor.dtype, np.floating):
            return self._rng.uniform(0.1, 1, tensor.size).astype(tensor.dtype)
        if tensor.dtype == "int8":
            return self._rng.integers(-127, 128, tensor.size, "int8")
        return np.ones(tensor.size, tensor.dtype)
