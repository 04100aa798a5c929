"""This machine as a device: the model runs on LiteRT, in this process, and is timed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from autonas import power, timing
from autonas.devices.base import Device, Energy, Latency


class Host(Device):
    """Times a model on this machine with LiteRT: the median of many runs after a warm-up.

    The interval around the median is free of assumptions about the distribution of the times, which is skewed: its ends
    are order statistics, chosen by the binomial distribution. Where it is too wide, as on a machine that is busy, the
    measurement goes on. It covers chance between the runs, not what another load does to all of them; models that are to be
    compared take turns in `latencies`, so that a load meets all of them.

    Args:
        num_threads: Threads that LiteRT may use.
        seconds: Aimed length of the timed part, in seconds.
        min_runs: Timed runs, also where they take longer than `seconds`; at least 6, below which there is no interval.
        max_runs: Timed runs of one measurement at most.
        warmup: Untimed seconds before; at least one run and at most `max_runs`.
        batch_size: Examples in one run; latencies are those of a run.
        width: Of the interval, as a share of the median, above which the measurement goes on.
        repeats: How many times it goes on at most, each as long as the first.
        powercap: Where Linux shows the processor's counters of energy; see `autonas.power.Counter`.

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
        batch_size: int = 1,
        width: float = 0.1,
        repeats: int = 2,
        powercap: Path = power.POWERCAP,
    ) -> None:
        timing.check(seconds, min_runs, max_runs, warmup, batch_size, width, repeats)
        timing.check_whole("num_threads", num_threads, 1)
        self.num_threads = num_threads
        self.seconds = seconds
        self.min_runs = min_runs
        self.max_runs = max_runs
        self.warmup = warmup
        self.batch_size = batch_size
        self.width = width
        self.repeats = repeats
        self.powercap = Path(powercap)

    def latency(self, tflite: bytes, /) -> Latency:
        """Times one inference on random inputs, the same ones each time.

        Args:
            tflite: A model in LiteRT's format.

        Returns:
            The median and its 95 % confidence interval, in milliseconds.

        Raises:
            AutonasError: If `ai-edge-litert` is not installed.
        """
        return self.latencies([tflite])[0]

    def latencies(self, models: Sequence[bytes]) -> list[Latency]:
        """Times several models by turns, so that they can be compared.

        Args:
            models: In LiteRT's format.

        Returns:
            For each the median and its 95 % confidence interval, in milliseconds.
        """
        runs = [timing.inference(model, self.num_threads, self.batch_size) for model in models]
        timing.take_turns(runs, self.warmup, 1, self.max_runs, rounds=1)
        times = timing.settled(runs, self.seconds, self.min_runs, self.max_runs, self.width, self.repeats)
        return [Latency(*timing.interval(known)) for known in times]

    @property
    def counts_energy(self) -> bool:
        """Whether this process may read a counter of the processor."""
        return bool(power.Counter(self.powercap).packages)

    def energy(self, tflite: bytes, /) -> Energy:
        """Measures the energy of one run: what the processor takes during many, less what it takes asleep for as long.

        Args:
            tflite: A model in LiteRT's format.

        Returns:
            The median of the rounds (`autonas.power.millijoules`) and its 95 % confidence interval, in millijoules.

        Raises:
            InputError: If there is no counter that may be read.
            AutonasError: If `ai-edge-litert` is not installed.
        """
        counter = power.Counter(self.powercap)
        if not counter.packages:
            return super().energy(tflite)
        run = timing.inference(tflite, self.num_threads, self.batch_size)
        return Energy(*timing.interval(power.millijoules(run, counter)))
