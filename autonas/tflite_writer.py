"""Small models in LiteRT's format, written without TensorFlow: operators side by side, to be timed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autonas.tflite import DTYPES, IDENTIFIER, Operator, Tensor, schema


def write(operators: Sequence[Operator], seed: int = 0) -> bytes:
    """Writes a model of operators side by side; those of equal inputs share them.

    Args:
        operators: What stands in the model. Their constants whose values are not known get random ones, each its own.
        seed: Of these values.

    Returns:
        A model in LiteRT's format. Its outputs are those of all operators.

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
        self._inputs: dict[tuple[int, Tensor], int] = {}  # of the model, by their place in the operators

    def content(self, operators: Sequence[Operator]) -> bytes:
        import flatbuffers

        nodes = [self._node(operator) for operator in operators]
        graph = self._schema.SubGraphT()
        graph.inputs = list(self._inputs.values())
        graph.outputs = [number for node in nodes for number in node.outputs]
        graph.tensors, graph.operators = self._tensors, nodes
        model = self._schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [graph], self._buffers
        model.operatorCodes = list(self._codes.values())
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _node(self, operator: Operator) -> Any:
        node = self._schema.OperatorT()
        node.opcodeIndex = self._code(operator)
        node.inputs = [-1 if tensor is None else self._input(tensor, at) for at, tensor in enumerate(operator.inputs)]
        node.outputs = [self._add(tensor) for tensor in operator.outputs]
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

    def _input(self, tensor: Tensor, at: int) -> int:
        if tensor.constant:
            return self._add(tensor)
        if (at, tensor) not in self._inputs:
            self._inputs[at, tensor] = self._add(tensor)
        return self._inputs[at, tensor]

    def _add(self, tensor: Tensor) -> int:
        added = self._schema.TensorT()
        added.name = f"tensor_{len(self._tensors)}"
        added.shape = list(tensor.shape)
        dtype = next(name for name, known in DTYPES.items() if known == tensor.dtype)
        added.type = getattr(self._schema.TensorType, dtype)
        if tensor.constant:
            buffer = self._schema.BufferT()
            buffer.data = np.frombuffer(self._values(tensor).tobytes(), np.uint8)
            self._buffers.append(buffer)
            added.buffer = len(self._buffers) - 1
        self._tensors.append(added)
        return len(self._tensors) - 1

    def _values(self, tensor: Tensor) -> np.ndarray:
        if tensor.values is not None:
            return np.array(tensor.values, tensor.dtype)
        if np.issubdtype(tensor.dtype, np.floating):
            return self._rng.uniform(0.1, 1, tensor.size).astype(tensor.dtype)
        return np.ones(tensor.size, tensor.dtype)
