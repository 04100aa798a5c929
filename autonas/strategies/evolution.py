"""Regularised evolution: the best of a few recent candidates is changed in one place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autonas.checks import fraction, integer
from autonas.strategies.base import Strategy, scored, untried
from autonas.trials import Trial
from autonas.values import Values, mutate, recombine, sample

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np

_PATIENCE = 20  # neighbours found tried before, until one more hyperparameter is changed


class Evolution(Strategy):
    """Regularised (aging) evolution.

    The population is the last `population` trials that completed, so that each candidate ages out, however good its
    score: one that was lucky once cannot rule the search. Until there are `sample` trials, candidates are drawn at random;
    a search that begins with human designs thus goes on from them. In a tournament of `sample` members (of all, while
    fewer completed), drawn without replacement, the one with the best score becomes the parent, and the candidate is the
    parent with one hyperparameter changed (see `autonas.values.mutate`). Where the neighbours of the parents have
    all been tried, a second one is changed, and so on. Trials that failed or were rejected are no members, and are not
    proposed again.

    With `crossover` above zero, so large a part of the candidates has two parents, of two tournaments: each hyperparameter
    is that of either, and then one is changed. The paper has none.

    The defaults are for searches of tens of trials; for thousands, the paper has `population=100, sample=25`.

    Args:
        population: How many of the latest completed trials may be parents, at least 2.
        sample: How many of them meet in a tournament, from 1 (any may be the parent) to `population` (the best is).
        crossover: Probability of a second parent, from 0 to 1.

    Raises:
        InputError: If an argument is not in its range.

    References:
        [Real et al., 2019](https://arxiv.org/abs/1802.01548): Regularized Evolution for Image Classifier Architecture
        Search, algorithm 1.

    Example:

    >>> Evolution(population=20, sample=5)
    Evolution(population=20, sample=5, crossover=0.0)
    """

    def __init__(self, population: int = 10, sample: int = 5, crossover: float = 0.0) -> None:
        self.population = integer("Evolution's population", population, 2)
        self.sample = integer("Evolution's sample", sample, 1, self.population)
        self.crossover = fraction("Evolution's crossover", crossover)

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Changes the winner of a tournament in one place, or draws at random while there are too few trials."""
        alive = list(itertools.islice(scored(reversed(history)), self.population))[::-1]
        if len(history) < self.sample or not alive:
            return untried(history, space, rng, lambda: sample(space, rng))
        repeats = itertools.count()

        def child() -> Values:
            values = self._parent(alive, rng)
            if self.crossover and rng.random() < self.crossover:
                values = recombine(values, self._parent(alive, rng), space, rng)
            for _ in range(1 + next(repeats) // _PATIENCE):
                values = mutate(values, space, rng)
            return values

        return untried(history, space, rng, child)

    def _parent(self, alive: Sequence[Trial], rng: np.random.Generator) -> Values:
        drawn = [alive[i] for i in rng.choice(len(alive), min(self.sample, len(alive)), replace=False)]
        return max(drawn, key=lambda trial: trial.score or 0.0).values

    def __repr__(self) -> str:
        return f"Evolution(population={self.population}, sample={self.sample}, crossover={self.crossover})"
