"""Files in LiteRT's format, read without TensorFlow: operators, the shapes they work on, their options.

The format is a flatbuffer; its schema comes with `ai-edge-litert`, so that all this runs on a device too.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autonas.errors import AutonasError, InputError
from autonas.quiet import quiet

Shape = tuple[int, ...]

IDENTIFIER = b"TFL3"
_KEPT = 64  # numbers of an integer constant that say what an operator does: axes, paddings, a permutation
_INT, _SHORT, _BYTE = struct.Struct("<i"), struct.Struct("<H"), struct.Struct("<b")
_SHAPE_INPUT = {"RESHAPE": 1, "BROADCAST_TO": 1, "FILL": 0}  # which input is the shape of the output
_POINTING = ("ReshapeOptions", "SqueezeOptions")  # tables of options that point to other places
DTYPES = {
    "FLOAT32": "float32",
    "FLOAT16": "float16",
    "FLOAT64": "float64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "BOOL": "bool",
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """What goes into an operator or comes out of one.

    Attributes:
        shape: With a batch of one.
        dtype: As NumPy names it.
        constant: Whether the file holds its values.
        values: Those of a small constant of integers, flattened; None for all others.
    """

    shape: Shape
    dtype: str = "float32"
    constant: bool = False
    values: tuple[int, ...] | None = None

    @functools.cached_property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Memory of its numbers."""
        return self.size * _item_bytes(self.dtype)


@dataclasses.dataclass(frozen=True)
class Operator:
    """One operator of a model.

    Attributes:
        kind: As the schema names it: `"CONV_2D"`.
        inputs: What it takes, in the order of the schema; None for an optional input that is not there.
        outputs: What it makes.
        options: Those of its kind, by the schema's names; without any, an empty dict.
        table: The schema's name of the table of options: `"Conv2DOptions"`.
        version: Of its kind in the schema.
        reads: Positions, among the operators, of those whose outputs it takes.
        takes: The numbers of its inputs among the tensors of the file, in their order; -1 for None.
        makes: Those of its outputs.
    """

    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    table: str = ""
    version: int = 1
    reads: tuple[int, ...] = ()
    takes: tuple[int, ...] = dataclasses.field(
        default=(), compare=False
    )  # where it stands says nothing of what it does
    makes: tuple[int, ...] = dataclasses.field(default=(), compare=False)

    @functools.cached_property
    def activations(self) -> list[Tensor]:
        """The inputs that are computed rather than stored."""
        return [tensor for tensor in self.inputs if tensor is not None and not tensor.constant]

    @functools.cached_property
    def constants(self) -> list[Tensor]:
        """The inputs that the file holds."""
        return [tensor for tensor in self.inputs if tensor is not None and tensor.constant]


def read(tflite: bytes) -> list[Operator]:
    """Reads the operators of a model's main graph, in the order in which they run.

    Args:
        tflite: A model in LiteRT's format; other files may be appended to it.

    Raises:
        InputError: If it is no such model.
        AutonasError: If `ai-edge-litert` is not installed.

    Example:

    >>> [operator.kind for operator in read(to_tflite(model))]
    ['CONV_2D', 'MEAN', 'FULLY_CONNECTED', 'SOFTMAX']
    """
    if tflite[4:8] != IDENTIFIER:
        raise InputError.of("tflite", "a model in LiteRT's format", f"{len(tflite)} bytes of something else")
    operators = _Reader(tflite, _shapes(tflite)).operators()
    return operators if _consistent(operators) else _Reader(tflite, _shapes(tflite, run=True)).operators()


def float_operations(operators: Sequence[Operator]) -> tuple[str, ...]:
    """The kinds of operators that compute with floating-point numbers, those between types left out.

    Example:

    >>> float_operations(read(to_tflite(model, "int8", x)))
    ('SIN',)
    """
    found = []
    for operator in operators:
        kinds = {tensor.dtype for tensor in (*operator.inputs, *operator.outputs) if tensor is not None}
        if any(kind.startswith("float") for kind in kinds) and operator.kind not in ("QUANTIZE", "DEQUANTIZE"):
            found.append(operator.kind)
    return tuple(dict.fromkeys(found))


class _Table:
    """One table of a flatbuffer. Read by hand: the schema's own classes take a hundred times as long for a large model."""

    def __init__(self, content: bytes, position: int) -> None:
        self.content, self.position = content, position
        self._fields = position - _INT.unpack_from(content, position)[0]
        self._end = _SHORT.unpack_from(content, self._fields)[0]

    def at(self, field: int) -> int:
        """Where the value of a field stands; 0 for one that has its default."""
        slot = 4 + 2 * field
        offset = _SHORT.unpack_from(self.content, self._fields + slot)[0] if slot < self._end else 0
        return self.position + offset if offset else 0

    def number(self, field: int, form: struct.Struct, default: int = 0) -> int:
        at = self.at(field)
        return form.unpack_from(self.content, at)[0] if at else default

    def target(self, field: int) -> int:
        """Where that stands which a field points to."""
        at = self.at(field)
        return at + _INT.unpack_from(self.content, at)[0] if at else 0

    def numbers(self, field: int) -> tuple[int, ...]:
        at = self.target(field)
        return struct.unpack_from(f"<{_INT.unpack_from(self.content, at)[0]}i", self.content, at + 4) if at else ()

    def tables(self, field: int) -> list[_Table]:
        at = self.target(field)
        count = _INT.unpack_from(self.content, at)[0] if at else 0
        places = range(at + 4, at + 4 + 4 * count, 4)
        return [_Table(self.content, place + _INT.unpack_from(self.content, place)[0]) for place in places]

    @property
    def plain(self) -> bytes:
        """All that stands in the table itself: equal for tables that are equal but for what they point to."""
        size = _SHORT.unpack_from(self.content, self._fields + 2)[0]
        return (
            self.content[self._fields : self._fields + self._end]
            + self.content[self.position + 4 : self.position + size]
        )


class _Reader:
    """Reads the operators of the main graph; a tensor is read once, however many take it.

    Shapes are LiteRT's own, for a batch of one: what the file says of them is wrong where the batch is one with another
    dimension, such as the steps of a sequence. A shape that the model computes from them is a constant here.
    """

    def __init__(self, content: bytes, shapes: Mapping[int, Shape]) -> None:
        self._content, self._shapes = content, shapes
        model = _Table(content, _INT.unpack_from(content, 0)[0])
        graph = model.tables(2)[0]
        self._buffers, self._tables, self._nodes = model.tables(4), graph.tables(0), graph.tables(3)
        self._codes = [
            (_names("BuiltinOperator")[max(c.number(3, _INT), c.number(0, _BYTE))], c.number(2, _INT, 1))
            for c in model.tables(1)
        ]
        self._tensors: dict[int, Tensor] = {}
        self._made: dict[int, int] = {}  # number of a tensor -> position of its operator
        self._options: dict[Any, tuple[str, dict[str, Any]]] = {}

    def operators(self) -> list[Operator]:
        return [self._operator(node, place) for place, node in enumerate(self._nodes)]

    def _operator(self, node: _Table, place: int) -> Operator:
        kind, version = self._codes[node.number(0, _INT)]
        taken, made = node.numbers(1), node.numbers(2)
        inputs = [None if number < 0 else self._tensor(number) for number in taken]
        outputs = tuple(self._tensor(number) for number in made)
        at = _SHAPE_INPUT.get(kind, -1)
        if 0 <= at < len(taken):
            inputs[at] = Tensor((len(outputs[0].shape),), self._tensor(taken[at]).dtype, True, outputs[0].shape)
        sources = [self._made[number] for place, number in enumerate(taken) if place != at and number in self._made]
        self._made.update(dict.fromkeys(made, place))
        table, options = self._table(node)
        return Operator(
            kind, tuple(inputs), outputs, options, table, version, tuple(dict.fromkeys(sources)), taken, made
        )

    def _tensor(self, number: int) -> Tensor:
        if number not in self._tensors:
            table = self._tables[number]
            dtype = DTYPES.get(_names("TensorType")[table.number(1, _BYTE)], "float32")
            shape = self._shapes.get(number, ())
            at = self._buffers[table.number(2, _INT)].target(0)
            length = _INT.unpack_from(self._content, at)[0] if at else 0
            values = None
            if length and dtype in ("int32", "int64") and length <= _KEPT * _item_bytes(dtype):
                values = tuple(np.frombuffer(self._content[at + 4 : at + 4 + length], dtype).tolist())
            self._tensors[number] = Tensor(shape, dtype, length > 0, values)
        return self._tensors[number]

    def _table(self, node: _Table) -> tuple[str, dict[str, Any]]:
        """The name of an operator's table of options, and what stands in it."""
        code, at = node.number(3, _BYTE), node.target(4)
        if not code or not at:
            return "", {}
        name = _names("BuiltinOptions")[code]
        key = (name, at) if name in _POINTING else (name, _Table(self._content, at).plain)
        if key not in self._options:
            packed = getattr(schema(), name)()
            packed.Init(self._content, at)
            found = vars(getattr(schema(), f"{name}T").InitFromObj(packed))
            plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in found.items()}
            self._options[key] = name, plain
        return self._options[key]


def _shapes(content: bytes, run: bool = False) -> dict[int, Shape]:
    """The shapes that LiteRT gives to the tensors of a model, by number; some are only known when it has run."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet():
        interpreter = Interpreter(
            model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        )
        interpreter.allocate_tensors()
    if run:
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
        interpreter.invoke()
    return {details["index"]: tuple(details["shape"].tolist()) for details in interpreter.get_tensor_details()}


def _consistent(operators: Sequence[Operator]) -> bool:
    """Whether all shapes are known: a reshaping keeps the size."""
    reshaped = [operator for operator in operators if operator.kind == "RESHAPE" and operator.inputs[0] is not None]
    return all(operator.inputs[0].size == operator.outputs[0].size for operator in reshaped)  # type: ignore[union-attr]


@functools.cache
def _item_bytes(dtype: str) -> int:
    return np.dtype(dtype).itemsize


@functools.cache
def _names(enumeration: str) -> dict[int, str]:
    members = vars(getattr(schema(), enumeration))
    return {value: name for name, value in members.items() if isinstance(value, int)}


@functools.cache
def schema() -> Any:
    """The classes of the format's schema, which come with LiteRT."""
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise AutonasError("Models in LiteRT's format are read with it: pip install ai-edge-litert") from error
    return schema_py_generated
