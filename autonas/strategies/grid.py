"""Grid search: all candidates of a small space, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.strategies.base import Strategy
from autonas.trials import Trial, key, tried
from autonas.values import Values, enumerate_space

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np


class Grid(Strategy):
    """Goes through a space in order, to its last candidate.

    The order is that of the hyperparameters: the last one changes at every trial, the first one when all candidates with
    its value were tried. A range of floats without a step is tried at ten of its values. For spaces that are to be covered
    whole; in a large one nearly all trials would share the values of the first hyperparameters, and `Random` is better
    (Bergstra & Bengio, 2012, section 1).

    Example:

    >>> import keras_tuner, numpy as np
    >>> space = keras_tuner.HyperParameters()
    >>> _ = space.Choice("width", [8, 16])
    >>> Grid().propose([Trial(0, {"width": 8})], space, np.random.default_rng(0))
    {'width': 16}
    """

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Goes on after the last trial, and around once: what was left out before it comes at the end."""
        known = tried(history)
        after = history[-1].values if history else None
        listed = itertools.chain(enumerate_space(space, after), enumerate_space(space))
        return next((values for values in listed if key(values) not in known), None)

    def __repr__(self) -> str:
        return "Grid()"
