"""Collects the operators that a profile times, from models of the default spaces on data of several sizes.

    python benchmarks/operators.py --models FOLDER [--count 12] [--out autonas/devices/operators.json]

FOLDER keeps the models. They are drawn with other seeds, and most of them for other data, than those of
`benchmarks/latency.py`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import latency
import numpy as np
import pandas as pd

from autonas import generators, kernels, profiling, tflite
from autonas.devices import profile

MOST_BYTES = 30_000_000  # of one operator


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True, help="folder that keeps the models")
    parser.add_argument("--count", type=int, default=12, help="models of each space and size")
    parser.add_argument("--out", type=Path, default=profile.OPERATORS)
    options = parser.parse_args()
    found: dict[str, None] = {}
    for seed, (name, kinds) in enumerate(SETS.items(), 11):
        folder = options.models / name
        folder.mkdir(exist_ok=True, parents=True)
        for kind, make in kinds.items():
            for path in latency.models(folder, kind, make, "classification", options.count, seed):
                for operator in kernels.running(tflite.read(path.read_bytes())):
                    tensors = (*operator.activations, *operator.constants, *operator.outputs)
                    if sum(tensor.bytes for tensor in tensors) <= MOST_BYTES:
                        found[json.dumps(profiling.plain(operator))] = None
    options.out.write_text("[\n" + ",\n".join(found) + "\n]\n", encoding="utf-8")
    print(f"{len(found)} operators")


if __name__ == "__main__":
    main()
