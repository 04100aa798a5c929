"""Random search: what every other strategy has to beat, and a good one where trials are few and choices many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.strategies.base import Strategy, untried
from autonas.trials import Trial
from autonas.values import Values, sample

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np


class Random(Strategy):
    """Draws each candidate from the space, whatever came before it.

    A candidate is never tried twice; a space with an end is covered to its last candidate.

    References:
        [Bergstra & Bengio, 2012](https://jmlr.org/papers/v13/bergstra12a.html): Random Search for Hyper-Parameter
        Optimization.

    Example:

    >>> import keras_tuner, numpy as np
    >>> space = keras_tuner.HyperParameters()
    >>> _ = space.Choice("width", [8])
    >>> Random().propose([], space, np.random.default_rng(0))
    {'width': 8}
    """

    multi_objective = True

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Draws a candidate that `history` does not hold."""
        return untried(history, space, rng, lambda: sample(space, rng))

    def __repr__(self) -> str:
        return "Random()"
