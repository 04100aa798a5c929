"""Timing on a machine that others use too: models take turns, medians with an interval, and again where it is too wide."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autonas.errors import AutonasError, InputError
from autonas.quiet import quiet

Run = Callable[[], Any]


def take_turns(
    runs: Sequence[Run], seconds: float, min_runs: int = 6, max_runs: int = 1000, rounds: int = 5
) -> list[list[float]]:
    """Times several things in turns, so that what slows the machine down for a while slows all of them.

    In each turn the first run is not timed: it brings caches back to where they are when only this one runs.

    Args:
        runs: What is timed.
        seconds: Aimed length of all turns of one of them.
        min_runs: Timed runs of each, also where they take longer than `seconds`.
        max_runs: Timed runs of each at most.
        rounds: How many turns each has.

    Returns:
        The times of each, in milliseconds.

    Example:

    >>> short, long = take_turns([lambda: sum(range(10)), lambda: sum(range(1000))], seconds=0.1)
    """
    times: list[list[float]] = [[] for _ in runs]
    for turn in range(1, rounds + 1):
        for run, known in zip(runs, times, strict=True):
            run()
            _run(run, known, seconds / rounds, math.ceil(min_runs * turn / rounds), max_runs * turn // rounds)
    return times


def _run(run: Run, times: list[float], seconds: float, at_least: int, at_most: int) -> None:
    start = time.perf_counter()
    while len(times) < at_least or (len(times) < at_most and time.perf_counter() - start < seconds):
        before = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - before))


def interval(times: Sequence[float]) -> tuple[float, float, float]:
    """Summarises times by their median and its distribution-free 95 % confidence interval.

    The number of times below the true median is binomial (n, 1/2). With `l` the largest number for which
    P(fewer than l below) <= 2.5 %, the l-th smallest and the l-th largest time enclose it.

    Args:
        times: At least 6 times.

    Returns:
        The median, and the ends of the interval, which covers the true median with a probability of at least 95 %.

    Raises:
        InputError: If there are fewer than 6.

    Example:

    >>> interval(range(1, 101))
    (50.5, 40.0, 61.0)

    References:
        - Hahn & Meeker, Statistical Intervals, 1991, section 5.2 (distribution-free intervals for a percentile).
    """
    if len(times) < 6:
        raise InputError.of("times", "at least 6 numbers", len(times), "Fewer have no 95 % interval.")
    ordered = np.sort(np.asarray(times, dtype=float))
    rank = _rank(len(ordered))
    return float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank])


def _rank(n: int) -> int:
    """The 2.5 % quantile of the binomial distribution (n, 1/2), in whole numbers."""
    below, fewer, rank = 1, 0, 0
    while 40 * (fewer + below) < 2**n:
        fewer += below
        rank += 1
        below = below * (n - rank + 1) // rank
    return rank


def settled(
    runs: Sequence[Run], seconds: float, min_runs: int, max_runs: int, width: float, repeats: int
) -> list[list[float]]:
    """Times several things in turns, and goes on with those whose interval is still too wide.

    Args:
        runs: What is timed.
        seconds: Aimed length of one measurement of one of them.
        min_runs: Timed runs in a measurement, at least 6.
        max_runs: Timed runs in a measurement at most.
        width: Of the interval, as a share of the median, that is narrow enough.
        repeats: Measurements at most that are added to the first.

    Returns:
        All times of each, in milliseconds.
    """
    times = take_turns(runs, seconds, min_runs, max_runs)
    for _ in range(repeats):
        wide = [place for place, known in enumerate(times) if _width(known) > width]
        if not wide:
            break
        again = take_turns([runs[place] for place in wide], seconds, min_runs, max_runs)
        for place, more in zip(wide, again, strict=True):
            times[place] += more
    return times


def _width(times: Sequence[float]) -> float:
    median, low, high = interval(times)
    return (high - low) / median


def check(
    seconds: float, min_runs: int, max_runs: int, warmup: float, batch_size: int, width: float, repeats: int
) -> None:
    """Checks what devices that time something are made with.

    Raises:
        InputError: If an argument is out of range. Names it.
    """
    check_whole("min_runs", min_runs, 6, "Fewer have no 95 % interval.")
    check_whole("max_runs", max_runs, min_runs, "It is at least min_runs.")
    check_whole("batch_size", batch_size, 1)
    check_whole("repeats", repeats, 0)
    for name, duration in [("seconds", seconds), ("warmup", warmup)]:
        check_number(name, duration, "a finite number of seconds, not negative", lambda number: 0 <= number < math.inf)
    check_number("width", width, "a positive share of the median", lambda number: number > 0)


def check_whole(name: str, value: Any, least: int, hint: str = "") -> None:
    """Checks a count.

    Raises:
        InputError: If it is no integer, or under `least`.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or int(value) < least:
        raise InputError.of(name, f"an integer of at least {least}", repr(value), hint)


def check_number(name: str, value: Any, expected: str, holds: Callable[[float], bool]) -> None:
    """Checks a number.

    Raises:
        InputError: If it is none, or what is `expected` of it does not hold.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not holds(float(value)):
        raise InputError.of(name, expected, repr(value))


def inference(tflite: bytes, num_threads: int = 1, batch_size: int = 1) -> Run:
    """Loads a model into LiteRT, with random inputs, the same ones each time.

    Args:
        tflite: A model in LiteRT's format.
        num_threads: Threads that LiteRT may use.
        batch_size: Examples in one inference.

    Returns:
        A function that runs one inference.

    Raises:
        AutonasError: If `ai-edge-litert` is not installed.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise AutonasError(
            "Models are timed with LiteRT, which is not installed: pip install ai-edge-litert"
        ) from error
    rng = np.random.default_rng(0)
    with quiet():
        interpreter = Interpreter(model_content=tflite, num_threads=num_threads)
        if batch_size != 1:
            for details in interpreter.get_input_details():
                interpreter.resize_tensor_input(details["index"], [batch_size, *details["shape"][1:]])
        interpreter.allocate_tensors()
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], _random(rng, details["shape"], details["dtype"]))
    return interpreter.invoke


def _random(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        return rng.random(tuple(shape)).astype(dtype)
    return rng.integers(0, 2, tuple(shape)).astype(dtype)
