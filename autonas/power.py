"""Energy by the counters of Linux's powercap: what a processor took while something ran, less what it takes at rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

POWERCAP = Path("/sys/class/powercap")
SECONDS = 0.1  # of each stretch: a hundred ticks of the counter
ROUNDS = 6  # below which there is no 95 % interval


class Counter:
    """The energy of all processor packages (RAPL, which AMD's processors have under the same name), without other domains:
    cores and graphics are parts of a package.

    Args:
        root: The tree of powercap. For each domain it has a folder `intel-rapl:N` with the files `name`, `energy_uj`
            (microjoules since some time) and `max_energy_range_uj` (where that goes on from zero).

    Attributes:
        packages: The folders of the packages that this process may read; none where there is no such counter. Linux lets only
            root read them unless told otherwise: `chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`.

    Example:

    >>> Counter().packages
    [PosixPath('/sys/class/powercap/intel-rapl:0')]

    References:
        - https://docs.kernel.org/power/powercap/powercap.html
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self.packages = [folder for folder in sorted(root.glob("intel-rapl:*")) if _is_package(folder)]
        self._ranges = [_number(folder / "max_energy_range_uj") for folder in self.packages]

    def read(self) -> list[int]:
        """What each package's counter says, in microjoules."""
        return [_number(folder / "energy_uj") for folder in self.packages]

    def joules(self, before: Sequence[int], after: Sequence[int]) -> float:
        """The energy of all packages between two readings, in which a counter may have gone on from zero once."""
        differences = (
            later - earlier if later >= earlier else later - earlier + span
            for earlier, later, span in zip(before, after, self._ranges, strict=True)
        )
        return sum(differences) / 1e6


def _is_package(folder: Path) -> bool:
    """Whether this is the domain of a package, with counters that may be read."""
    try:
        _number(folder / "energy_uj")
        _number(folder / "max_energy_range_uj")
        return (folder / "name").read_text().startswith("package")
    except (OSError, ValueError):  # not there, not allowed, or no number
        return False


def _number(file: Path) -> int:
    return int(file.read_text())


def millijoules(
    run: Callable[[], Any], counter: Counter, seconds: float = SECONDS, rounds: int = ROUNDS
) -> list[float]:
    """Measures the energy of one run.

    In each round the process sleeps for a stretch, and then runs for as long: the difference of the two is what running took,
    and what the machine takes at rest, or for others in the meantime, is in both.

    Args:
        run: What is measured; it is called once before, uncounted.
        counter: What to read.
        seconds: Of each stretch.
        rounds: How many pairs of stretches.

    Returns:
        The millijoules of one run, one number for each round; negative where others took less during the runs than before.
    """
    run()
    return [_round(run, counter, seconds) for _ in range(rounds)]


def _round(run: Callable[[], Any], counter: Counter, seconds: float) -> float:
    begun, before = time.perf_counter(), counter.read()
    time.sleep(seconds)
    half, between = time.perf_counter(), counter.read()
    count = 0
    while count == 0 or time.perf_counter() - half < seconds:
        run()
        count += 1
    ended, after = time.perf_counter(), counter.read()
    rest = counter.joules(before, between) * (ended - half) / (half - begun)
    return 1e3 * (counter.joules(between, after) - rest) / count
