"""How long a training will take, from the trainings of the same search that have ended."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

import numpy as np

from autonas.trials import COMPLETED, Trial

ENOUGH = 3  # trials below which nothing is said
NEAREST = 30  # trials, in FLOPs, that are looked at
REACH = 32  # times its FLOPs is how far a trial tells anything: what a tiny network takes is not arithmetic


def predicted(trials: Iterable[Trial], flops: float, steps: float) -> float | None:
    """Predicts the seconds of a training before it starts.

    A step takes a fixed time and one that grows with the FLOPs. The growth is the median over pairs of trials (the estimator
    of Theil and Sen), which up to about a quarter of trials that were slowed down do not move; neither part is negative, so
    more FLOPs never take less time, nor do they take more than in proportion. Trials of a far smaller network do not count:
    bags of words, which look up and hardly compute, had convolutions predicted to take a hundred times too long.

    Args:
        trials: Of one search on one machine; those that completed with `flops`, `step_seconds` and `startup_seconds` among
            their costs are used.
        flops: Of the network, for one example.
        steps: Of its training.

    Returns:
        Seconds; None where fewer than three trials, of at least a 32nd of the FLOPs, say anything.

    Example:

    >>> costs = [{"flops": f, "step_seconds": 0.01 + 1e-8 * f, "startup_seconds": 2.0} for f in (1e6, 2e6, 3e6)]
    >>> trials = [Trial(number, {}, score=0.5, costs=known) for number, known in enumerate(costs)]
    >>> round(predicted(trials, flops=9e6, steps=100), 3)
    12.0

    References:
        - Sen, 1968, https://doi.org/10.1080/01621459.1968.10480934
    """
    names = {"flops", "step_seconds", "startup_seconds"}
    known = [trial.costs for trial in trials if trial.status == COMPLETED and names <= set(trial.costs)]
    known = [costs for costs in known if REACH * costs["flops"] >= flops]
    if len(known) < ENOUGH:
        return None
    known.sort(key=lambda costs: abs(np.log((1 + costs["flops"]) / (1 + flops))))
    near = known[:NEAREST]
    fixed, growth = _line(np.array([c["flops"] for c in near]), np.array([c["step_seconds"] for c in near]))
    return statistics.median(c["startup_seconds"] for c in near) + steps * (fixed + growth * flops)


def _line(flops: np.ndarray, seconds: np.ndarray) -> tuple[float, float]:
    """The fixed part and the growth of the seconds of a step, neither negative."""
    first, second = np.triu_indices(len(flops), 1)
    differ = flops[first] != flops[second]
    slopes = (seconds[second] - seconds[first])[differ] / (flops[second] - flops[first])[differ]
    growth = max(0.0, float(np.median(slopes))) if len(slopes) else 0.0
    fixed = float(np.median(seconds - growth * flops))
    return (fixed, growth) if fixed >= 0 else (0.0, float(np.median(seconds / np.maximum(1.0, flops))))
