"""What LiteRT runs of a `.tflite`: the kernels behind its operators, and how their work is described to a regressor.

Activations are part of the operators already. Operators on float32 and on int8 that XNNPACK knows are run by it, the others
by LiteRT's own kernels. Shapes that are computed from the batch are constants by the time a model runs, and so is what is
computed of constants alone: weights in float16 are turned into float32 when a model is loaded.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from autonas.tflite import DTYPES, Operator, Program, Tensor

FEATURES = (
    "multiplications",
    "input",
    "output",
    "constant",
    "positions",
    "taps",
    "input_channels",
    "output_channels",
    "stride",
    "batch",
    "clamped",
)

_ELEMENTWISE = {
    *("ABS", "ADD", "CEIL", "COS", "DIV", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC"),
    *("MAXIMUM", "MINIMUM", "MUL", "NEG", "POW", "PRELU", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN"),
    *("SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "TANH"),
}
_DELEGATED = _ELEMENTWISE | {
    *("AVERAGE_POOL_2D", "BATCH_MATMUL", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE"),
    *("FULLY_CONNECTED", "MAX_POOL_2D", "MEAN", "PAD", "REDUCE_MAX", "REDUCE_MIN", "RESHAPE", "RESIZE_BILINEAR"),
    *("SLICE", "SOFTMAX", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "SUM", "TRANSPOSE", "TRANSPOSE_CONV"),
}
_DELEGATED_INT8 = {
    *("ADD", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTH_TO_SPACE", "DEQUANTIZE", "ELU", "FULLY_CONNECTED"),
    *("LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "PAD", "QUANTIZE", "REDUCE_MAX", "REDUCE_MIN", "RESHAPE"),
    *("RESIZE_BILINEAR", "SLICE", "SPACE_TO_DEPTH", "SPLIT", "STRIDED_SLICE", "SUB", "SUM", "TANH", "TRANSPOSE"),
    *("TRANSPOSE_CONV",),
}
_INDEXED = {"GATHER"}  # what is taken counts, not what it is taken from


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel at work.

    Attributes:
        kind: What regressors are kept by: operator, type, and which of several ways of it.
        work: What `FEATURES` names, as logarithms to the base of two.
        delegated: Whether LiteRT hands it to XNNPACK.
        constant_bytes: What it has to read beside what is computed.
    """

    kind: str
    work: tuple[float, ...]
    delegated: bool = True
    constant_bytes: int = dataclasses.field(default=0, compare=False)


def kernel(operator: Operator) -> Kernel:
    """Describes an operator as a kernel.

    Args:
        operator: Of a model that was read.

    Example:

    >>> kernel(tflite.read(content)[0]).kind
    'CONV_2D'
    """
    taken = sum(tensor.size for tensor in operator.activations)
    made = sum(tensor.size for tensor in operator.outputs)
    stored = sum(tensor.size for tensor in operator.constants if tensor.values is None)
    if operator.kind in _INDEXED:
        taken, stored = made, 0
    taps = _taps(operator)
    channels = _last(operator.activations[0]) if operator.activations else 1
    multiplied = made * taps * (_depth(operator, channels))
    stride = int(operator.options.get("strideW", 1)) * int(operator.options.get("strideH", 1))
    batch = operator.outputs[0].shape[0] if operator.outputs[0].shape else 1
    positions = made // max(1, _last(operator.outputs[0]))
    clamped = operator.kind in _ELEMENTWISE and bool(operator.options.get("fusedActivationFunction"))  # one more kernel
    depth = _last(operator.outputs[0])
    work = (multiplied, taken, made, stored, positions, taps, channels, depth, stride, batch, clamped)
    logs = tuple(math.log2(1 + amount) for amount in work)
    return Kernel(_kind(operator), logs, delegated(operator), constant_bytes([operator]))


def described(operators: Sequence[Operator]) -> tuple[list[Kernel], np.ndarray]:
    """Describes operators as kernels, each object once: a recurrent layer has hundreds of steps that are alike.

    Args:
        operators: Of a model that was read.

    Returns:
        The kernels, and which of them each operator is; shape (n,), int.
    """
    found: list[Kernel] = []
    numbers: dict[int, int] = {}
    for operator in operators:
        if id(operator) not in numbers:
            numbers[id(operator)] = len(found)
            found.append(kernel(operator))
    return found, np.array([numbers[id(operator)] for operator in operators], dtype=int)


def _kind(operator: Operator) -> str:
    main = operator.outputs[0] if operator.kind in _INDEXED else next(iter(operator.activations or operator.outputs))
    parts = [operator.kind]
    if main.dtype != "float32":
        parts.append(main.dtype)
    if operator.outputs[0].dtype == "int8" and main.dtype not in ("int8", "float32"):
        parts.append("int8")
    if operator.apart:
        parts.append("apart")
    if operator.kind in _ELEMENTWISE:
        parts += _broadcast(operator)
    if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D") and _taps(operator) == 1:
        parts.append("pointwise")
    if operator.kind == "TRANSPOSE" and operator.constants and operator.constants[0].values:
        parts.append("outer" if operator.constants[0].values[-1] == len(operator.outputs[0].shape) - 1 else "inner")
    if operator.kind == "BATCH_MATMUL" and operator.options.get("adjY"):
        parts.append("adjoint")
    if operator.kind in ("SUM", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "CONCATENATION", "CUMSUM"):
        parts.append("last" if _touches_last(operator) else "other")
    return " ".join(parts)


def dtype(kind: str) -> str:
    """The type that a kernel of that kind works on.

    Example:

    >>> dtype("CONV_2D int8 pointwise"), dtype("CONV_2D pointwise")
    ('int8', 'float32')
    """
    return next((part for part in kind.split()[1:] if part in DTYPES.values()), "float32")


def _broadcast(operator: Operator) -> list[str]:
    """How the smaller input of an elementwise operator is repeated: a number, a row, or otherwise."""
    made = operator.outputs[0]
    smaller = [tensor for tensor in operator.inputs if tensor is not None and tensor.size < made.size]
    if not smaller:
        return []
    if smaller[0].size == 1:
        return ["scalar"]
    return ["row" if _last(smaller[0]) == _last(made) else "broadcast"]


def _touches_last(operator: Operator) -> bool:
    rank = len(operator.activations[0].shape)
    axes = [int(operator.options.get("axis", 0))]
    if operator.kind != "CONCATENATION" and operator.constants and operator.constants[-1].values:
        axes = list(operator.constants[-1].values)
    return any(axis % max(1, rank) == rank - 1 for axis in axes)


def _last(tensor: Tensor) -> int:
    return tensor.shape[-1] if tensor.shape else 1


def _taps(operator: Operator) -> int:
    if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
        kernel = operator.inputs[1]
        return kernel.shape[1] * kernel.shape[2] if kernel is not None else 1
    return int(operator.options.get("filterWidth", 1)) * int(operator.options.get("filterHeight", 1))


def _depth(operator: Operator, channels: int) -> int:
    """How many products are summed for each output and tap."""
    if operator.kind in ("CONV_2D", "FULLY_CONNECTED"):
        kernel = operator.inputs[1]
        return kernel.shape[-1] if kernel is not None else channels
    if operator.kind == "BATCH_MATMUL":
        shape = operator.activations[0].shape
        return (
            shape[-2] if operator.options.get("adjX") and operator.activations[0] is operator.inputs[0] else shape[-1]
        )
    return 1


def constant_bytes(operators: Sequence[Operator]) -> int:
    """Bytes of what the operators have to read beside what they compute; XNNPACK gives each a copy of its own."""
    return sum(t.bytes for o in operators if o.kind not in _INDEXED for t in o.constants)


def delegated(operator: Operator) -> bool:
    """Whether LiteRT hands it to XNNPACK."""
    types = {tensor.dtype for tensor in (*operator.activations, *operator.outputs)}
    if types == {"float32"}:
        return operator.kind in _DELEGATED
    return types <= {"int8", "float32"} and operator.kind in _DELEGATED_INT8 and not operator.apart


def running(program: Program) -> list[Operator]:
    """The operators that do something at each inference: not those whose result is known from shapes and constants."""
    program = folded(program)
    return [operator for operator, known in zip(program, fixed(program), strict=True) if not known]


def folded(program: Program) -> Program:
    """The program as it is once it is loaded. Constants that it stores in another type are constants in the type they are used
    in, so that a model with weights in float16 runs the operators of float32. A number of int8 times its own logistic function
    is one look-up in a table for XNNPACK, which takes as long as that of the logistic function alone.
    """
    stored = [operator.kind == "DEQUANTIZE" and not operator.activations for operator in program]
    alike = _swishes(program)  # number of what is left out -> of what takes its place
    if not any(stored) and not alike:
        return program
    turned = {n for makes, alone in zip(program.makes, stored, strict=True) if alone for n in makes}
    known: dict[tuple[int, tuple[bool, ...]], Operator] = {}
    kept = []
    for operator, takes, makes, alone in zip(program, program.takes, program.makes, stored, strict=True):
        if alone or makes[0] in alike:
            continue
        key = id(operator), tuple(number in turned for number in takes)
        if key not in known:
            known[key] = _with_constants(operator, key[1])
        kept.append((known[key], tuple(alike.get(number, number) for number in takes), makes))
    return Program.of(*zip(*kept, strict=True))


def _swishes(program: Program) -> dict[int, int]:
    """The products of a number with its logistic function in int8, by the numbers of both results."""
    logistic = {
        makes[0]: takes[0]
        for operator, takes, makes in zip(program, program.takes, program.makes, strict=True)
        if operator.kind == "LOGISTIC" and delegated(operator) and operator.outputs[0].dtype == "int8"
    }
    if not logistic:
        return {}
    uses = Counter(number for takes in program.takes for number in takes)
    found = {}
    for operator, takes, makes in zip(program, program.takes, program.makes, strict=True):
        for given, other in (takes, takes[::-1]) if operator.kind == "MUL" else ():
            if logistic.get(other) == given and uses[other] == 1:
                found[makes[0]] = other
    return found


def _with_constants(operator: Operator, constant: Sequence[bool]) -> Operator:
    if not any(constant):
        return operator
    inputs = [
        dataclasses.replace(tensor, constant=True) if tensor is not None and stored else tensor
        for tensor, stored in zip(operator.inputs, constant, strict=True)
    ]
    return dataclasses.replace(operator, inputs=tuple(inputs))


def fixed(program: Program) -> list[bool]:
    """Of each operator, whether its result is known from shapes and constants."""
    found: list[bool] = []
    known: set[int] = set()
    for operator, takes, makes in zip(program, program.takes, program.makes, strict=True):
        follows = operator.kind == "SHAPE" or (not known.isdisjoint(takes) and _follows(operator, takes, known))
        if follows:
            known.update(makes)
        found.append(follows)
    return found


def _follows(operator: Operator, takes: Sequence[int], known: set[int]) -> bool:
    return all(
        number in known
        for tensor, number in zip(operator.inputs, takes, strict=True)
        if tensor is not None and not tensor.constant
    ) and bool(operator.activations)
