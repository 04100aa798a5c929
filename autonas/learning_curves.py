"""Learning curves: where one will end, judged by its beginning, so that a hopeless training need not be finished."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FEWEST = 6  # epochs before anything is said: two numbers of a curve and its noise are to be told from them
RISES = (0.5, 1.0, 1.5, 2.0)
SHAPES = np.geomspace(0.05, 5.0, 16)
NOISE = 0.005  # of a curve's range: the least that a curve's epochs differ from any smooth one


def chance_to_beat(curve: Sequence[float], best: float, epochs: int) -> float:
    """The probability that a training ends at least as well as the best so far.

    Many curves are fitted to what there is: `a - b t ** -c` (a power law) and `a - b exp(-c t / n)` (exponential), each for
    16 rates c, and `a + b t ** c` for four powers (still rising), where t counts epochs, n of them so far; a and b by least
    squares, b never negative. Each predicts the last epoch by Student's t distribution of its regression, and counts by how
    likely it makes what was seen (the marginal likelihood of a linear regression). The answer is the mean over all of them.
    What none of them foresees is a curve that rises by itself near the end, as under a learning rate that decays to zero.

    Args:
        curve: The validation metric after each epoch, higher is better.
        best: The best score so far, of another training.
        epochs: How many there will be.

    Returns:
        In [0, 1]; 1 for a curve that is there already, and for fewer than six epochs or for values that are not finite.

    References:
        [Domhan et al., 2015](https://www.ijcai.org/Abstract/15/487), section 3: Speeding Up Automatic Hyperparameter
        Optimization of Deep Neural Networks by Extrapolation of Learning Curves. There, eleven families of curves and
        sampled parameters; here two families that are linear but for one, on a grid.

    Example:

    >>> chance_to_beat([0.2, 0.4, 0.5, 0.55, 0.57, 0.58, 0.585, 0.586], best=0.9, epochs=30) < 0.01
    True
    """
    seen = np.asarray(curve, dtype=float)
    count = len(seen)
    if count < FEWEST or not np.isfinite(seen).all() or not math.isfinite(best) or seen.max() >= best:
        return 1.0
    from scipy.stats import t as student

    time = np.arange(1, count + 1)
    powers = [(time**-c, float(epochs) ** -c) for c in SHAPES]
    exponentials = [(np.exp(-c * time / count), math.exp(-c * epochs / count)) for c in SHAPES]
    rises = [(-((time / epochs) ** power), -1.0) for power in RISES]
    floor = (NOISE * max(np.ptp(seen), best - seen.min())) ** 2
    weights, chances = [], []
    for basis, last in [*powers, *exponentials, *rises]:
        centred = basis - basis.mean()
        spread = float(centred @ centred)
        falling = -float(centred @ seen) / spread
        slope = max(0.0, falling)
        left = seen - seen.mean() + slope * centred
        variance = float(left @ left) / (count - 2) + floor
        ahead = last - basis.mean()
        deviation = math.sqrt(variance * (1 + 1 / count + ahead**2 / spread))
        chances.append(float(student.sf((best - (seen.mean() - slope * ahead)) / deviation, count - 2)))
        weights.append(-(count - 2) / 2 * math.log(variance) - math.log(spread) / 2)
    likely = np.exp(np.array(weights) - max(weights))
    return float(np.average(chances, weights=likely))
