"""Files in LiteRT's format, read without TensorFlow: operators, the shapes they work on, their options.

The format is a flatbuffer; its schema comes with `ai-edge-litert`, so that all this runs on a device too.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from autonas.allocation import Allocation
from autonas.errors import AutonasError, InputError
from autonas.flatbuffer import Flatbuffer

Shape = tuple[int, ...]

IDENTIFIER = b"TFL3"
_KEPT = 64  # numbers of an integer constant that say what an operator does: axes, paddings, a permutation
_SHAPE_INPUT = {"RESHAPE": 1, "BROADCAST_TO": 1, "FILL": 0}  # which input is the shape of the output
_MOVING = ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")  # around a dilated convolution, whose batch is a larger one
_POINTING = ("ReshapeOptions", "SqueezeOptions")  # tables of options that point to other places
_RATIOS = {
    "ADD": (2**-10, 2**8),
    "SUB": (2**-10, 2**8),
    "MUL": (2**-16, 2**8),
}  # of scales that XNNPACK has kernels for
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
        values: Those of a small constant of integers that are not scaled, flattened; None for all others.
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
        apart: Whether its scales are further from each other than XNNPACK has kernels of int8 for.
    """

    kind: str
    inputs: tuple[Tensor | None, ...]
    outputs: tuple[Tensor, ...]
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    table: str = ""
    version: int = 1
    apart: bool = False

    @functools.cached_property
    def activations(self) -> list[Tensor]:
        """The inputs that are computed rather than stored."""
        return [tensor for tensor in self.inputs if tensor is not None and not tensor.constant]

    @functools.cached_property
    def constants(self) -> list[Tensor]:
        """The inputs that the file holds."""
        return [tensor for tensor in self.inputs if tensor is not None and tensor.constant]


@dataclasses.dataclass(frozen=True)
class Program(Sequence[Operator]):
    """The operators of a model in the order in which they run, and what each has from which.

    Attributes:
        operators: What is done; operators that are alike are the same object.
        takes: For each, the numbers of its inputs among the tensors of the file, in their order; -1 for None.
        makes: For each, those of its outputs.
    """

    operators: tuple[Operator, ...]
    takes: tuple[tuple[int, ...], ...]
    makes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(
        cls, operators: Sequence[Operator], takes: Sequence[tuple[int, ...]], makes: Sequence[tuple[int, ...]]
    ) -> Program:
        """A program of these."""
        return cls(tuple(operators), tuple(takes), tuple(makes))

    @functools.cached_property
    def reads(self) -> tuple[tuple[int, ...], ...]:
        """For each, the positions of those whose outputs it takes; of a shape alone nothing is read."""
        made: dict[int, int] = {}  # number of a tensor -> position of its operator
        reads = []
        for place, (operator, taken, given) in enumerate(zip(self.operators, self.takes, self.makes, strict=True)):
            at = _SHAPE_INPUT.get(operator.kind, -1)
            reads.append(tuple(dict.fromkeys([made[n] for i, n in enumerate(taken) if i != at and n in made])))
            made.update(dict.fromkeys(given, place))
        return tuple(reads)

    def __len__(self) -> int:
        return len(self.operators)

    def __getitem__(self, place: Any) -> Any:
        return self.operators[place]

    def __iter__(self) -> Iterator[Operator]:
        return iter(self.operators)


def read(tflite: bytes) -> Program:
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
    return _Reader(tflite).program()


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


class _Reader:
    """Reads the operators of the main graph. Tensors and operators that are alike are made once, and share their parts.

    Shapes are LiteRT's own, for a batch of one: what the file says of them is wrong where the batch is one with another
    dimension, such as the steps of a sequence. A shape that the model computes from them is a constant here.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        model = Flatbuffer(content).root
        graph = model.tables(2).first
        self._tensors, self._nodes, buffers = graph.tables(0), graph.tables(3), model.tables(4)
        codes = model.tables(1)
        numbers = np.maximum(codes.ints(3), codes.octets(0)).tolist()
        self._codes = [
            (_names("BuiltinOperator")[n], v) for n, v in zip(numbers, codes.ints(2, 1).tolist(), strict=True)
        ]
        self._used = self._nodes.ints(0).tolist()
        self._takes, self._makes = self._nodes.vectors(1), self._nodes.vectors(2)
        which = self._tensors.ints(2)
        self._lengths, self._places = buffers.lengths(0)[which].tolist(), (buffers.targets(0)[which] + 4).tolist()
        self._dtypes = [DTYPES.get(_names("TensorType")[n], "float32") for n in self._tensors.octets(1).tolist()]
        self._scales = self._tensors.inner_floats(4, 2).tolist()  # 0 for what has none

    def program(self) -> Program:
        tensors, numbers = self._known_tensors()
        tables, options = self._options()
        alike: dict[Any, Operator] = {}
        found, number = [], numbers.__getitem__
        scaled = {code for code, (kind, _) in enumerate(self._codes) if kind in _RATIOS and any(self._scales)}
        for code, table, takes, makes in zip(self._used, options, self._takes, self._makes, strict=True):
            apart = code in scaled and self._apart(code, takes, makes)
            key = code, table, apart, tuple(map(number, takes)), tuple(map(number, makes))
            if key not in alike:
                inputs, outputs = ([tensors[numbers[n]] for n in each] for each in (takes, makes))
                alike[key] = self._operator(code, inputs, outputs, *tables[table], apart)
            found.append(alike[key])
        return Program.of(found, self._takes, self._makes)

    def _apart(self, code: int, takes: Sequence[int], makes: Sequence[int]) -> bool:
        *given, made = (self._scales[number] for number in (*takes, *makes))
        if not (made and all(given)):
            return False
        kind = self._codes[code][0]
        least, most = _RATIOS[kind]
        ratios = [math.prod(given) / made] if kind == "MUL" else [scale / made for scale in given]
        return not all(least <= ratio < most for ratio in ratios)

    def _operator(
        self,
        code: int,
        inputs: list[Tensor | None],
        found: list[Tensor | None],
        table: str,
        options: dict[str, Any],
        apart: bool,
    ) -> Operator:
        kind, version = self._codes[code]
        outputs = tuple(tensor for tensor in found if tensor is not None)
        at = _SHAPE_INPUT.get(kind, -1)
        if 0 <= at < len(inputs):
            given = inputs[at]
            dtype = "int32" if given is None else given.dtype
            inputs[at] = Tensor((len(outputs[0].shape),), dtype, True, outputs[0].shape)
        return Operator(kind, tuple(inputs), outputs, options, table, version, apart)

    def _known_tensors(self) -> tuple[list[Tensor | None], list[int]]:
        """The tensors that differ, the first being none at all; and by the number of a tensor in the file which it is, the
        last being for the number -1, that of an input which is left out.
        """
        used = list(set(itertools.chain(*self._takes, *self._makes)) - {-1})
        shapes = self._shapes(used)
        places_of: dict[Any, int] = {None: 0}
        numbers = [0] * (len(self._tensors) + 1)
        for number in used:
            key = shapes[number], self._dtypes[number], self._lengths[number] > 0, self._integers(number)
            numbers[number] = places_of.setdefault(key, len(places_of))
        return [None if key is None else Tensor(*key) for key in places_of], numbers

    def _integers(self, number: int) -> tuple[int, ...] | None:
        """The values of a small constant of integers that are not scaled."""
        dtype, length = self._dtypes[number], self._lengths[number]
        if dtype not in ("int32", "int64") or self._scales[number] or not 0 < length <= _KEPT * _item_bytes(dtype):
            return None
        return tuple(np.frombuffer(self._content, dtype, length // _item_bytes(dtype), self._places[number]).tolist())

    def _shapes(self, used: Sequence[int]) -> list[Shape]:
        """The shape of each tensor of the file.

        Open ones are those of a batch of one in the file. They are wrong where the steps of a dilated convolution were moved
        to the batch, for which its length is multiplied, and where a reshaping made one dimension of the batch and another.
        LiteRT, which takes microseconds for each tensor, is asked then.
        """
        shapes, signatures, reshaped = self._tensors.vectors(0), self._tensors.vectors(7), self._reshaped()

        def sizes_stay() -> bool:
            return all(math.prod(shapes[given]) == math.prod(shapes[made]) for given, made in reshaped)

        open_ones = [number for number in used if signatures[number] and min(signatures[number]) < 0]
        ends_well = self._spread(shapes, set(open_ones))
        if open_ones and not (ends_well and sizes_stay() and all(shapes[number] for number in open_ones)):
            model, known = Allocation(self._content), set(open_ones)
            model.look([number for pair in reshaped for number in pair if number in known], shapes)
            if not sizes_stay():
                model.run()  # some shapes are only known then
            model.look(open_ones, shapes)
        return shapes

    def _spread(self, shapes: list[Shape], open_ones: set[int]) -> bool:
        """Gives what stands between `_MOVING` operators its batch, and says whether the model ends with that of the file."""
        times: dict[int, float] = {}  # number of a tensor -> by what the batch in the file is multiplied
        if any(kind in _MOVING for kind, _ in self._codes):
            for code, takes, makes in zip(self._used, self._takes, self._makes, strict=True):
                kind = self._codes[code][0]
                factor = max((times.get(number, 1.0) for number in takes), default=1.0)
                if kind in _MOVING:
                    block = math.prod(self._integers(takes[1]) or ())
                    factor *= block if kind == _MOVING[0] else 1 / block
                times.update(dict.fromkeys(open_ones.intersection(makes), factor))
        for number, factor in times.items():
            shapes[number] = (round(shapes[number][0] * factor), *shapes[number][1:]) if shapes[number] else ()
        return all(times.get(number, 1.0) == 1.0 for number in self._makes[-1])

    def _reshaped(self) -> list[tuple[int, int]]:
        """The numbers of the tensors that go into a reshaping and come out of it, which keeps their size."""
        codes = {place for place, (kind, _) in enumerate(self._codes) if kind == "RESHAPE"}
        nodes = zip(self._used, self._takes, self._makes, strict=True)
        return [(takes[0], makes[0]) for code, takes, makes in nodes if code in codes]

    def _options(self) -> tuple[list[tuple[str, dict[str, Any]]], list[int]]:
        """The tables of options that differ, with their names, and which of them each operator has."""
        found: dict[Any, int] = {(0, b""): 0}
        read: list[tuple[str, dict[str, Any]]] = [("", {})]
        codes, places = self._nodes.octets(3).tolist(), self._nodes.targets(4).tolist()
        plain, names, which = self._nodes.targeted(4).plain(), _names("BuiltinOptions"), []
        for code, at, content in zip(codes, places, plain, strict=True):
            name = names[code] if code and at else ""
            key: Any = (0, b"") if not name else (code, at) if name in _POINTING else (code, content)
            if key not in found:
                found[key] = len(found)
                read.append((name, self._table(name, at)))
            which.append(found[key])
        return read, which

    def _table(self, name: str, at: int) -> dict[str, Any]:
        packed = getattr(schema(), name)()
        packed.Init(self._content, at)
        values = vars(getattr(schema(), f"{name}T").InitFromObj(packed))
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in values.items()}


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
