"""Makes the profile of a device, so that a search elsewhere can predict latency there.

    python -m autonas.devices.profile --out raspberrypi4.json [--seconds 120] [--threads 1] [--models a.tflite b.tflite]

It needs Python, numpy and ai-edge-litert, and nothing else that autonas depends on. Which operators are timed is in
`operators.json`: drawn from models of the default search spaces. Those of models of your own are added by `--models`. Whole
small models of these spaces are in `programs.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from autonas import kernels, profiling, tflite
from autonas.errors import InputError
from autonas.tflite import Operator, Program

OPERATORS, PROGRAMS = (Path(__file__).parent / name for name in ("operators.json", "programs.json"))


def operators(models: Sequence[bytes] = ()) -> list[Operator]:
    """The operators that a profile has: those of `operators.json`, and those of other models; each once."""
    found = [profiling.operator(each) for each in json.loads(OPERATORS.read_text(encoding="utf-8"))]
    for model in models:
        found += kernels.running(tflite.read(model))
    return list({json.dumps(profiling.plain(each)): each for each in found}.values())


def programs() -> list[Program]:
    """The small programs that a profile has, those of `programs.json`."""
    return profiling.programs(json.loads(PROGRAMS.read_text(encoding="utf-8")))


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes a profile of this machine."""
    parser = argparse.ArgumentParser(
        prog="python -m autonas.devices.profile", description="Times LiteRT's operators here, for searches elsewhere."
    )
    parser.add_argument("--out", type=Path, required=True, help="the JSON file that is written")
    parser.add_argument("--seconds", type=float, default=120.0, help="about how long it may take")
    parser.add_argument("--threads", type=int, default=1, help="that LiteRT may use")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help=".tflite files whose operators are added")
    options = parser.parse_args(arguments)
    for name, value in [("--seconds", options.seconds), ("--threads", options.threads)]:
        if value <= 0:
            raise InputError.of(name, "positive", value)
    if not options.out.parent.is_dir():
        raise InputError.of("--out", "a file in a folder that exists", repr(str(options.out)))
    chosen = operators([path.read_bytes() for path in options.models])
    timed = profiling.measure(chosen, programs(), options.seconds, options.threads)
    profiling.write(options.out, timed, options.threads)
    sys.stdout.write(f"{len(timed)} models of {len(chosen)} operators were timed; the profile is {options.out}\n")


if __name__ == "__main__":
    main()
