"""How near a profile's predictions come to what is measured, on models of the default spaces that it never saw.

    taskset -c 1 python benchmarks/latency.py [--models FOLDER] [--profile FILE.json] [--count 25] [--seconds 80] [--seed 1]
        [--precision float32|float16|int8]

Of each default space random models are drawn and converted, which takes most of the time, so FOLDER keeps them. A profile of
this machine is made in the same run unless one is given. The models are measured by turns; of each the quickest run counts,
since others on the machine only add to a time, and over a millisecond the quickest by the processor's own time. "Within 10 %"
is the share of models whose prediction is; the correlation is Spearman's, that of FLOPs beside it. The milliseconds of a
prediction are the processor's, the median and the 90 % quantile over models of the quickest of three, without the conversion.
The predictor was made with the draw of seed 0 in view; that of seed 1 is for judging it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import problems

from autonas import assembly, default_spaces, devices, generators, heads, inputs, timing
from autonas.devices import Predicted
from autonas.devices import profile as profile_module
from autonas.objectives import BuiltModel
from autonas.space import SearchSpace, seeded
from autonas.values import sample

ROWS = 10_000  # that the spaces are made for
AT_ONCE = 25  # models that take turns
LONG = 1.0  # ms
DATA: dict[str, tuple[Callable[[], Any], str]] = {
    "image": (lambda: generators.shapes(300, 0, size=28), "classification"),
    "text": (lambda: generators.reviews(1500, 0), "classification"),
    "table": (lambda: generators.houses(1500, 0), "regression"),
    "sequence": (lambda: generators.sensor_windows(400, 0), "classification"),
}


def models(
    folder: Path, kind: str, make: Callable[[], Any], head: str, count: int, seed: int, precision: str = "float32"
) -> list[Path]:
    """Draws models of a default space, converts them to a precision, and keeps them with their FLOPs."""
    suffix = ".tflite" if precision == "float32" else f".{precision}.tflite"
    paths = [folder / f"{kind}_{number:03d}{suffix}" for number in range(count)]
    if all(path.exists() for path in paths):
        return paths
    x, y = make()
    input, output = inputs.get(kind), heads.get(head)
    x, y = input.check(x), output.check(y)
    input.fit(x)
    output.fit(y)
    space = SearchSpace(default_spaces.default(input, ROWS), output, input.shape)
    rng, preprocessor = np.random.default_rng(seed), input.preprocessor()
    for path in paths:
        values = sample(space.hyperparameters, rng)
        if path.exists():
            continue
        with seeded(0):
            core = space.candidate(values).core()
        model = assembly.on_device(assembly.finished(preprocessor, core, output, None, "model"), input, output)
        built = BuiltModel(model, devices.get("host"))
        flops(path).write_text(json.dumps({"flops": built.graph.flops}))
        path.write_bytes(built.tflite if precision == "float32" else built.quantized(precision))
        print(path.name, flush=True)
    return paths


def flops(path: Path) -> Path:
    """Where the FLOPs of a model are kept, for all of its precisions."""
    return path.with_name(path.name.split(".")[0] + ".json")


def measured(contents: list[bytes]) -> list[float]:
    """The quickest run of each, in milliseconds; of long ones the processor's, since a busy machine interrupts each of them."""
    found: list[float] = []
    for start in range(0, len(contents), AT_ONCE):
        runs = [timing.inference(content) for content in contents[start : start + AT_ONCE]]
        quickest = [min(times) for times in timing.take_turns(runs, 0.5, min_runs=20, max_runs=3000, rounds=8)]
        found += [on_processor(run) if ms > LONG else ms for run, ms in zip(runs, quickest, strict=True)]
    return found


def on_processor(run: timing.Run) -> float:
    """The processor's milliseconds of the quickest of 40 runs."""
    taken = []
    for _ in range(40):
        begun = time.thread_time()
        run()
        taken.append(1e3 * (time.thread_time() - begun))
    return min(taken)


def predicted(device: Predicted, content: bytes) -> tuple[float, float]:
    """A prediction in milliseconds, and the milliseconds that it took."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        latency = device.latency(content)
        taken.append(1e3 * (time.process_time() - begun))
    return latency.median_ms, min(taken)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each space, and one for all."""
    from scipy.stats import spearmanr

    rows = []
    for space, part in [*table.groupby("space"), ("all", table)]:
        ratio = part["predicted"] / part["measured"]
        rows.append(
            {
                "space": space,
                "models": len(part),
                "within 10 %": float(np.mean(np.abs(ratio - 1) <= 0.1)),
                "median error": float(np.median(np.abs(ratio - 1))),
                "correlation": spearmanr(part["measured"], part["predicted"]).statistic,
                "of FLOPs": spearmanr(part["measured"], part["flops"]).statistic,
                "ms a prediction": part["took"].median(),
                "90 %": part["took"].quantile(0.9),
                "slowest": part["took"].max(),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=None, help="folder that keeps the models")
    parser.add_argument("--profile", type=Path, default=None, help="a profile of this machine")
    parser.add_argument("--count", type=int, default=25, help="models of each space")
    parser.add_argument("--seconds", type=float, default=80.0, help="for the profile, unless one is given")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the draw; 0 is the one that the predictor was made with"
    )
    parser.add_argument("--precision", default="float32", choices=["float32", "float16", "int8"])
    options = parser.parse_args()
    print(problems.machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder, profile = options.models or Path(temporary), options.profile or Path(temporary) / "here.json"
        folder.mkdir(exist_ok=True, parents=True)
        paths = {
            k: models(folder, k, *made, options.count, options.seed, options.precision) for k, made in DATA.items()
        }
        if options.profile is None:
            profile_module.main(["--out", str(profile), "--seconds", str(options.seconds)])
        device = Predicted(profile)
        rows = []
        for space, files in paths.items():
            contents = [path.read_bytes() for path in files]
            for path, content, ms in zip(files, contents, measured(contents), strict=True):
                work = json.loads(flops(path).read_text())["flops"]
                said, took = predicted(device, content)
                rows.append(
                    {"space": space, "model": path.stem, "measured": ms, "predicted": said, "flops": work, "took": took}
                )
    table = pd.DataFrame(rows)
    table["ratio"] = table["predicted"] / table["measured"]
    print(table.round(4).to_string(index=False))
    print(summary(table).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
