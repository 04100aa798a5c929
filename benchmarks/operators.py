"""Collects the operators and the programs that a profile times, from models of the default spaces on data of several sizes.

    python benchmarks/operators.py --models FOLDER [--count 12] [--precisions float32 int8]
        [--out autonas/devices/operators.json] [--programs autonas/devices/programs.json]

FOLDER keeps the models. They are drawn with other seeds, and most of them for other data, than those of
`benchmarks/latency.py`. Of the precisions that are not drawn, what the files have stays. Of int8 the operators are those of its
models and the others of float32 with their numbers in int8, of each kind those that differ most and some at random.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import latency
import numpy as np
import pandas as pd

from autonas import generators, kernels, profiling, tflite, tflite_writer, timing
from autonas.devices import profile
from autonas.tflite import Operator, Program, Tensor

MOST_BYTES = 30_000_000  # of one operator
SMALL, EACH = 200_000, 1_200  # multiplications of a program, or for each of its operators
SHORT = 800  # operators of a program in int8
MOST = {"CONV_2D": 100, "DEPTHWISE_CONV_2D": 30, "FULLY_CONNECTED": 30}  # operators in int8 of a kind
OTHERS = 10  # of the other kinds


def images(size: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of that shape, of four classes."""
    return np.random.default_rng(5).integers(0, 255, (200, size, size, channels)).astype("uint8"), np.arange(200) % 4


def table(rows: int, numbers: int, categories: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of noise, of three classes."""
    rng = np.random.default_rng(5)
    columns: dict[str, Any] = {f"n{i}": rng.normal(size=rows) for i in range(numbers)}
    columns |= {f"c{i}": rng.choice([f"v{j}" for j in range(3 + 4 * i)], rows) for i in range(categories)}
    return pd.DataFrame(columns), np.array(["a", "b", "c"])[rng.integers(0, 3, rows)]


def long_texts() -> tuple[list[str], np.ndarray]:
    """Six reviews as one."""
    x, y = generators.reviews(3000, 3)
    return [" ".join(x[start : start + 6]) for start in range(0, 3000, 6)], y[::6]


def sequences(length: int, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise of that shape, of six classes."""
    return np.random.default_rng(5).normal(size=(300, length, channels)).astype("float32"), np.arange(300) % 6


SETS: dict[str, dict[str, Any]] = {
    "a": {"image": lambda: images(32, 3), "text": long_texts, "table": lambda: table(1000, 30, 6)}
    | {"sequence": lambda: sequences(128, 9)},
    "b": {"image": lambda: images(28, 1), "text": lambda: generators.reviews(800, 1), "table": lambda: table(800, 8, 2)}
    | {"sequence": lambda: sequences(64, 3)},
    "c": {
        "image": lambda: images(64, 3),
        "text": lambda: generators.reviews(3000, 2),
        "table": lambda: table(800, 14, 8),
    }
    | {"sequence": lambda: sequences(40, 5)},
}


CHANNELS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
MOST_WORK = 60_000_000  # multiplications of one operator of the grid


def grid() -> list[Operator]:
    """Convolutions between those of the drawn models, whose few shapes leave gaps: on images, on sequences, cut in parts."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(240):
        into, out = (int(each) for each in rng.choice(CHANNELS, 2))
        if rng.random() < 0.6:
            size, taps, stride = (
                int(rng.choice(each)) for each in ((4, 7, 8, 14, 16, 28, 32, 56), (1, 3, 5), (1, 1, 2))
            )
            found.append(convolution((1, size, size, into), out, (taps, taps), stride))
        else:
            size, taps, batch = (
                int(rng.choice(each)) for each in ((8, 16, 32, 64, 128), (1, 3, 5, 9, 19), (1, 1, 2, 4, 8))
            )
            found.append(convolution((batch, 1, max(size, taps), into), out, (1, taps), 1, same=batch == 1))
    for _ in range(40):
        size, taps, stride = (int(rng.choice(each)) for each in ((4, 7, 8, 14, 16, 28, 32), (3, 5), (1, 1, 2)))
        found.append(depthwise((1, size, size, int(rng.choice(CHANNELS))), (taps, taps), stride))
    found += firsts(rng) + short(rng) + resizings(rng) + elementwise(np.random.default_rng(8))
    return [operator for operator in found if 2 ** kernels.kernel(operator).work[0] < MOST_WORK]


def firsts(rng: np.random.Generator) -> list[Operator]:
    """Convolutions of one channel or three, as networks on images begin."""
    found = []
    for _ in range(24):
        size, taps, stride = (int(rng.choice(each)) for each in ((14, 20, 28, 32, 48, 64), (3, 3, 5), (1, 1, 2)))
        found.append(
            convolution((1, size, size, int(rng.choice((1, 3)))), int(rng.choice(CHANNELS)), (taps, taps), stride)
        )
    return found


def short(rng: np.random.Generator) -> list[Operator]:
    """What is done to short sequences of few channels: convolutions of them, and depthwise ones that make several of each."""
    found = []
    for _ in range(30):
        length, channels, times = (
            int(rng.choice(each)) for each in ((16, 32, 48, 64, 96, 128), (3, 6, 9), (1, 2, 4, 4))
        )
        found.append(depthwise((1, 1, length, channels), (1, 1), 1, times))
        found.append(
            convolution((1, 1, length, channels), int(rng.choice(CHANNELS)), (1, int(rng.choice((1, 3, 5, 9)))), 1)
        )
    return found


def elementwise(rng: np.random.Generator) -> list[Operator]:
    """Steps of channels with as many, clamped or not, with a row for all steps, or with a number for each step."""
    found = []
    for kind in ("ADD", "SUB", "MUL"):
        for other in ("clamped", "same", "row", "row", "column") * 5:
            steps, channels = int(rng.choice((8, 17, 40, 64, 128, 400))), int(rng.choice((3, 9, 5, *CHANNELS, 384)))
            first, second = (1, steps, channels), {"row": (1, 1, channels), "column": (1, steps, 1)}
            inputs = (Tensor(first), Tensor(second.get(other, first)))
            options: dict[str, Any] = {"fusedActivationFunction": int(other == "clamped")}
            options |= {} if kind == "MUL" else {"potScaleInt16": True}
            found.append(Operator(kind, inputs, (Tensor(first),), options, f"{kind.title()}Options"))
    return found


def resizings(rng: np.random.Generator) -> list[Operator]:
    """Images made smaller or larger."""
    found = []
    options = {"alignCorners": False, "halfPixelCenters": True}
    for _ in range(10):
        size, made, channels = (
            int(rng.choice(each)) for each in ((20, 28, 32, 48, 64), (16, 21, 24, 28, 42, 48), (1, 3))
        )
        inputs = (Tensor((1, size, size, channels)), Tensor((2,), "int32", True, (made, made)))
        outputs = (Tensor((1, made, made, channels)),)
        found.append(Operator("RESIZE_BILINEAR", inputs, outputs, options, "ResizeBilinearOptions", 3))
    return found


def convolution(shape: tuple[int, ...], out: int, taps: tuple[int, int], stride: int, same: bool = True) -> Operator:
    """A convolution with a bias and a ReLU."""
    batch, height, width, into = shape
    sizes = [-(-size // stride) if same else size - tap + 1 for size, tap in zip((height, width), taps, strict=True)]
    inputs = (Tensor(shape), Tensor((out, *taps, into), constant=True), Tensor((out,), constant=True))
    options = {"padding": 0 if same else 1, "strideW": stride, "strideH": stride, "fusedActivationFunction": 1}
    options |= {"dilationWFactor": 1, "dilationHFactor": 1}
    return Operator("CONV_2D", inputs, (Tensor((batch, *sizes, out)),), options, "Conv2DOptions")


def depthwise(shape: tuple[int, ...], taps: tuple[int, int], stride: int, times: int = 1) -> Operator:
    """A depthwise convolution with a bias, and so many results of each channel."""
    batch, height, width, channels = shape
    made = channels * times
    inputs = (Tensor(shape), Tensor((1, *taps, made), constant=True), Tensor((made,), constant=True))
    options = {
        "padding": 0,
        "strideW": stride,
        "strideH": stride,
        "fusedActivationFunction": 0,
        "depthMultiplier": times,
    }
    options |= {"dilationWFactor": 1, "dilationHFactor": 1}
    outputs = (Tensor((batch, -(-height // stride), -(-width // stride), made)),)
    return Operator("DEPTHWISE_CONV_2D", inputs, outputs, options, "DepthwiseConv2DOptions")


def tail(program: Program) -> Program:
    """What a program ends with that XNNPACK runs at once, as if it came without all that stands before."""
    start = max((place for place, operator in enumerate(program) if not kernels.delegated(operator)), default=-1) + 1
    return Program.of(*(each[start:] for each in (program.operators, program.takes, program.makes)))


def in_int8(operator: Operator) -> Operator:
    """An operator of float32 as the converter quantises it: biases have 32 bits."""
    types = ["int32" if place == 2 and operator.kind in MOST else "int8" for place in range(len(operator.inputs))]
    inputs = [
        dataclasses.replace(tensor, dtype=dtype) if tensor is not None and tensor.dtype == "float32" else tensor
        for tensor, dtype in zip(operator.inputs, types, strict=True)
    ]
    outputs = [dataclasses.replace(t, dtype="int8") if t.dtype == "float32" else t for t in operator.outputs]
    return dataclasses.replace(operator, inputs=tuple(inputs), outputs=tuple(outputs))


def differing(operators: list[Operator]) -> list[Operator]:
    """Of each kind half that are far from each other, and half that come as they come."""
    kinds: dict[str, list[Operator]] = {}
    for operator in operators:
        kinds.setdefault(kernels.kernel(operator).kind, []).append(operator)
    rng, chosen = np.random.default_rng(7), []
    for kind, found in kinds.items():
        most = MOST.get(kind.split()[0], OTHERS)
        drawn = rng.choice(len(found), min(most - most // 2, len(found)), replace=False)
        chosen += [*furthest(found, most // 2), *(found[place] for place in drawn)]
    return chosen


def furthest(operators: list[Operator], most: int) -> list[Operator]:
    """The first, and then each time the one that is furthest from all so far."""
    work = np.array([kernels.kernel(operator).work for operator in operators])
    far, chosen = np.full(len(work), np.inf), []
    while len(chosen) < most and far.max() > 0:
        chosen.append(int(far.argmax()))
        far = np.minimum(far, ((work - work[chosen[-1]]) ** 2).sum(1))
    return [operators[place] for place in chosen]


def is_int8(operator: Operator) -> bool:
    """Whether it has anything in int8."""
    return any(tensor is not None and tensor.dtype == "int8" for tensor in (*operator.inputs, *operator.outputs))


def alike(program: Program) -> Program:
    """The program with all scales alike: those that are far apart would have to be told to the operators that follow."""
    operators = [dataclasses.replace(operator, apart=False) for operator in program]
    return Program.of(operators, program.takes, program.makes)


def runs(operators: Sequence[Operator]) -> bool:
    """Whether LiteRT runs them as they are written."""
    try:
        timing.inference(tflite_writer.write(operators))()
    except (RuntimeError, ValueError):
        return False
    return True


def dumped(plain: Any) -> str:
    """As JSON without spaces."""
    return json.dumps(plain, separators=(",", ":"))


def drawn(folder: Path, count: int, precision: str) -> tuple[list[Operator], list[Program]]:
    """The operators and the small programs of models that are drawn here."""
    found: list[Operator] = []
    small: list[Program] = []
    for seed, (name, kinds) in enumerate(SETS.items(), 11):
        (folder / name).mkdir(exist_ok=True, parents=True)
        for kind, make in kinds.items():
            for path in latency.models(folder / name, kind, make, "classification", count, seed, precision):
                program = tflite.read(path.read_bytes())
                if sum(2 ** kernels.kernel(operator).work[0] for operator in program) < max(SMALL, EACH * len(program)):
                    small += [program, tail(program)]
                for operator in kernels.running(program):
                    tensors = (*operator.activations, *operator.constants, *operator.outputs)
                    if sum(tensor.bytes for tensor in tensors) <= MOST_BYTES:
                        found.append(operator)
    return found, small


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="folder that keeps the models")
    parser.add_argument("--count", type=int, default=12, help="models of each space and size")
    parser.add_argument("--precisions", nargs="+", default=["float32", "int8"], choices=["float32", "int8"])
    parser.add_argument("--out", type=Path, default=profile.OPERATORS)
    parser.add_argument("--programs", type=Path, default=profile.PROGRAMS)
    options = parser.parse_args()
    had, small = profile.operators(), profile.programs()
    exact = [operator for operator in had if not is_int8(operator)]
    whole = [program for program in small if not any(map(is_int8, program))]
    quantised = [operator for operator in had if is_int8(operator)]
    short = [program for program in small if any(map(is_int8, program))]
    if "float32" in options.precisions:
        exact, whole = drawn(options.models, options.count, "float32")
    exact += grid()
    if "int8" in options.precisions:
        quantised, short = drawn(options.models, options.count, "int8")
        likewise = [in_int8(each) for each in exact if kernels.dtype(kernels.kernel(each).kind) == "float32"]
        likewise += [dataclasses.replace(each, apart=True) for each in likewise if each.kind in ("ADD", "SUB", "MUL")]
        others = [each for each in quantised if not is_int8(each)]  # what comes with them, such as indices
        quantised = [each for each in differing([*filter(is_int8, quantised), *likewise]) if runs([each])] + differing(
            others
        )
        short = [alike(program) for program in short if 1 < len(program) <= SHORT]
        short = [program for program in short if runs(program)]
    found = dict.fromkeys(dumped(profiling.plain(operator)) for operator in [*exact, *quantised])
    programs = {json.dumps(profiling.plain_programs([program])): program for program in [*whole, *short]}
    options.out.write_text("[\n" + ",\n".join(found) + "\n]\n", encoding="utf-8")
    options.programs.write_text(dumped(profiling.plain_programs(list(programs.values()))) + "\n", encoding="utf-8")
    print(f"{len(found)} operators, {len(programs)} programs")


if __name__ == "__main__":
    main()
