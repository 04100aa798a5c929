"""This machine as a device: the model runs on LiteRT, in this process, and is timed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.devices.base import Device, Latency
from autonas.errors import AutonasError, InputError
from autonas.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence


class Host(Device):
    """Times a model on this machine with LiteRT: batch 1, the median of many runs after a warm-up.

    The interval around the median is free of assumptions about the distribution of the times, which is skewed: its ends
    are order statistics, chosen by the binomial distribution. It covers chance between the runs of one measurement, not
    what another load on the machine, or another clock frequency, does to all of them.

    Args:
        num_threads: Threads that LiteRT may use.
        seconds: Aimed length of the timed part, in seconds.
        min_runs: Timed runs, also where they take longer than `seconds`; at least 6, below which there is no interval.
        max_runs: Timed runs at most.
        warmup: Untimed seconds before; at least one run and at most `max_runs`.

    Raises:
        InputError: If an argument is out of range.

    Example:

    >>> Host(seconds=1.0).latency(to_tflite(model))
    Latency(median_ms=0.41, low_ms=0.4, high_ms=0.43)

    References:
        - Hahn & Meeker, Statistical Intervals, 1991, section 5.2 (distribution-free intervals for a percentile).
    """

    def __init__(
        self,
        num_threads: int = 1,
        seconds: float = 0.2,
        min_runs: int = 50,
        max_runs: int = 1000,
        warmup: float = 0.05,
    ) -> None:
        for name, value, least in [("num_threads", num_threads, 1), ("min_runs", min_runs, 6)]:
            if value < least:
                raise InputError.of(name, f"an integer of at least {least}", value)
        if max_runs < min_runs:
            raise InputError.of("max_runs", f"an integer of at least min_runs ({min_runs})", max_runs)
        for name, duration in [("seconds", seconds), ("warmup", warmup)]:
            if not 0 <= duration < float("inf"):
                raise InputError.of(name, "a finite number of seconds, not negative", duration)
        self.num_threads = num_threads
        self.seconds = seconds
        self.min_runs = min_runs
        self.max_runs = max_runs
        self.warmup = warmup

    def latency(self, tflite: bytes) -> Latency:
        """Times one inference on random inputs, the same ones each time.

        Args:
            tflite: A model in LiteRT's format.

        Returns:
            The median and its 95 % confidence interval, in milliseconds.

        Raises:
            AutonasError: If `ai-edge-litert` is not installed.
        """
        with quiet():
            interpreter = _interpreter(tflite, self.num_threads)
            interpreter.allocate_tensors()
        rng = np.random.default_rng(0)
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], _random(rng, details["shape"], details["dtype"]))
        _time(interpreter, self.warmup, 1, self.max_runs)
        return median_and_interval(_time(interpreter, self.seconds, self.min_runs, self.max_runs))


def median_and_interval(times: Sequence[float]) -> Latency:
    """Summarises times in milliseconds by their median and its distribution-free 95 % confidence interval.

    The number of times below the true median is binomial (n, 1/2). With `l` the largest number for which
    P(fewer than l below) <= 2.5 %, the l-th smallest and the l-th largest time enclose it.

    Args:
        times: At least 6 times.

    Returns:
        The median and the interval, which covers the true median with a probability of at least 95 %.

    Raises:
        InputError: If there are fewer than 6.

    Example:

    >>> median_and_interval(range(1, 101))
    Latency(median_ms=50.5, low_ms=40.0, high_ms=61.0)
    """
    from scipy.stats import binom

    if len(times) < 6:
        raise InputError.of("times", "at least 6 numbers", len(times), "Fewer have no 95 % interval.")
    ordered = np.sort(np.asarray(times, dtype=float))
    rank = int(binom.ppf(0.025, len(ordered), 0.5))
    return Latency(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[-rank]))


def _interpreter(tflite: bytes, num_threads: int) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise AutonasError(
            "The device 'host' times models with LiteRT, which is not installed: pip install ai-edge-litert"
        ) from error
    return Interpreter(model_content=tflite, num_threads=num_threads)


def _random(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> np.ndarray:
    if np.issubdtype(dtype, np.floating):
        return rng.random(tuple(shape)).astype(dtype)
    return rng.integers(0, 2, tuple(shape)).astype(dtype)


def _time(interpreter: Any, seconds: float, min_runs: int, max_runs: int) -> list[float]:
    """Runs until `seconds` have passed, within the bounds on their number; returns the times in milliseconds."""
    times: list[float] = []
    start = time.perf_counter()
    while len(times) < min_runs or (len(times) < max_runs and time.perf_counter() - start < seconds):
        before = time.perf_counter()
        interpreter.invoke()
        times.append(1e3 * (time.perf_counter() - before))
    return times
