"""Makes the profile of a device, so that a search elsewhere can predict latency there.

    python -m autonas.devices.profile --out raspberrypi4.json [--seconds 120] [--threads 1] [--models a.tflite b.tflite]

It needs Python, numpy and ai-edge-litert, and nothing else that autonas depends on. Which operators are timed is in
`operators.json`: drawn from models of the default search spaces, in float32 and int8. Those of models of your own are added by
`--models`. Whole small models of these spaces are in `programs.json`.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from autonas import kernels, profiling, tflite
from autonas.errors import InputError
from autonas.tflite import Operator, Program

OPERATORS, PROGRAMS = (Path(__file__).parent / name for name in ("operators.json", "programs.json"))

_OFTEN, _SELDOM = 0.5, 10.0  # seconds between two lines of progress
_LONGER = 1.1  # times what it may take, from where on it is said


def operators(models: Sequence[bytes] = ()) -> list[Operator]:
    """The operators that a profile has: those of `operators.json`, and those of other models; each once."""
    found = [profiling.operator(each) for each in json.loads(OPERATORS.read_text(encoding="utf-8"))]
    for model in models:
        found += kernels.running(tflite.read(model))
    return list({json.dumps(profiling.plain(each)): each for each in found}.values())


def programs() -> list[Program]:
    """The small programs that a profile has, those of `programs.json`."""
    return profiling.programs(json.loads(PROGRAMS.read_text(encoding="utf-8")))


class _Progress:
    """Says on stderr how far it is: on a terminal in one line, elsewhere in a line now and then."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._begun, self._said = seconds, time.perf_counter(), -math.inf
        self._terminal, self._warned = sys.stderr.isatty(), False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._terminal:
            sys.stderr.write("\n")

    def tell(self, passes: float, left: float) -> None:
        """Takes what `profiling.measure` tells."""
        now = time.perf_counter()
        if now - self._said < (_OFTEN if self._terminal else _SELDOM) and left > 0:
            return
        least = now - self._begun + left
        if passes < 1 and least > _LONGER * self._seconds and not self._warned:
            self._warned = True
            self._write(f"To run each operator a few times takes about {least:.0f} s here, more than --seconds.", "\n")
        self._said = now
        self._write(f"Pass {math.floor(passes) + 1}, about {left:.0f} s left.", "" if self._terminal else "\n")

    def _write(self, line: str, end: str) -> None:
        sys.stderr.write(f"\r{line:<79}{end}" if self._terminal else f"{line}{end}")
        sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes a profile of this machine."""
    parser = argparse.ArgumentParser(
        prog="python -m autonas.devices.profile", description="Times LiteRT's operators here, for searches elsewhere."
    )
    parser.add_argument("--out", type=Path, required=True, help="the JSON file that is written")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long it may take")
    parser.add_argument("--threads", type=int, default=1, help="that LiteRT may use")
    parser.add_argument("--models", type=Path, nargs="*", default=[], help=".tflite files whose operators are added")
    options = parser.parse_args(arguments)
    for name, value in [("--seconds", options.seconds), ("--threads", options.threads)]:
        if not 0 < value < math.inf:
            raise InputError.of(name, "positive and finite", value)
    if not options.out.parent.is_dir() or options.out.is_dir() or options.out.suffix != ".json":
        raise InputError.of("--out", "a .json file in a folder that exists", repr(str(options.out)))
    for path in options.models:
        if not path.is_file():
            raise InputError.of("--models", ".tflite files", repr(str(path)))
    chosen = operators([path.read_bytes() for path in options.models])
    try:
        with _Progress(options.seconds) as progress:
            timed = profiling.measure(chosen, programs(), options.seconds, options.threads, progress.tell)
    except KeyboardInterrupt:
        sys.stderr.write(f"Stopped; {options.out} was not written.\n")
        raise SystemExit(130) from None
    profiling.write(options.out, timed, options.threads)
    sys.stdout.write(f"{len(timed)} models of {len(chosen)} operators were timed; the profile is {options.out}\n")


if __name__ == "__main__":
    main()
