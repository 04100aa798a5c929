"""One reading of a `.tflite`: which operations it runs, on which tensors. Nothing is executed."""

from __future__ import annotations

import dataclasses
import math

FLOAT_KINDS = ("FLOAT32", "FLOAT16", "FLOAT64", "BFLOAT16")
_BYTES = {"FLOAT64": 8, "INT64": 8, "UINT64": 8, "FLOAT32": 4, "INT32": 4, "UINT32": 4, "FLOAT16": 2, "BFLOAT16": 2}
_BYTES |= {"INT16": 2, "UINT16": 2}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor of the file.

    Attributes:
        name: As the converter named it.
        kind: Its type, by LiteRT's name: `"FLOAT32"`, `"INT8"`.
        shape: With one for an open size.
        constant: Whether the file holds its values, as of weights.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    constant: bool

    @property
    def bytes(self) -> int:
        """What it takes in memory; one byte for an element of a type that has no larger size here."""
        return math.prod(self.shape) * _BYTES.get(self.kind, 1)


@dataclasses.dataclass(frozen=True)
class Operation:
    """An operation; `inputs` and `outputs` are numbers of tensors."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class File:
    """A model in LiteRT's format: its operations in the order in which they run."""

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    @property
    def float_operations(self) -> tuple[str, ...]:
        """The kinds of operations that compute with floating-point numbers, those between types left out."""
        found = []
        for operation in self.operations:
            kinds = {self.tensors[number].kind for number in (*operation.inputs, *operation.outputs)}
            if kinds & {*FLOAT_KINDS} and operation.kind not in ("QUANTIZE", "DEQUANTIZE"):
                found.append(operation.kind)
        return tuple(dict.fromkeys(found))


def read(content: bytes) -> File:
    """Reads a model of one graph.

    Args:
        content: Of a `.tflite`; files that follow the model do not matter.

    Example:

    >>> [operation.kind for operation in read(to_tflite(model)).operations]
    ['CONV_2D', 'MEAN', 'FULLY_CONNECTED', 'SOFTMAX']
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph, types = model.subgraphs[0], _names(schema.TensorType)
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    kinds = _names(schema.BuiltinOperator)
    tensors = []
    for tensor in graph.tensors:
        held = model.buffers[tensor.buffer]
        constant = (held.data is not None and len(held.data) > 0) or getattr(held, "size", 0) > 0
        shape = tuple(max(1, int(size)) for size in ([] if tensor.shape is None else tensor.shape))
        tensors.append(Tensor(tensor.name.decode(), types[tensor.type], shape, constant))
    operations = [
        Operation(kinds[codes[each.opcodeIndex]], _numbers(each.inputs), _numbers(each.outputs))
        for each in graph.operators or []
    ]
    return File(tuple(tensors), tuple(operations), _numbers(graph.inputs), _numbers(graph.outputs))


def _numbers(given: object) -> tuple[int, ...]:
    """Numbers of tensors; -1 stands for an input that is left out."""
    return () if given is None else tuple(int(number) for number in given if number >= 0)  # type: ignore[attr-defined]


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}
