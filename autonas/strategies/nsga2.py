"""NSGA-II: evolution for several objectives at once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from autonas.checks import fraction, integer
from autonas.pareto import best_first
from autonas.strategies.base import Strategy, untried
from autonas.trials import Trial, reading, scores_of
from autonas.values import Values, mutate, recombine, sample

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np

_PATIENCE = 20  # children found tried before, until one more hyperparameter is changed
_MEMORY = 200  # of the best trials, and as many after them: who comes behind these is no parent any more


class NSGA2(Strategy):
    """The elitist genetic algorithm NSGA-II, on all objectives of the search.

    The population is the `population` best of all trials: sorted into fronts of candidates that do not dominate each other,
    and within a front those first that are far from others. A parent is the better of two drawn from it. A candidate is a
    cross of two parents, or a copy of one, with one hyperparameter changed. The first `population` trials are drawn at random.
    With a single objective it is an evolution that never forgets its best.

    In the paper a whole generation is made from the same parents. Here each trial may be a parent of the next, which spends
    fewer trials on old ones. Crossing and changing are those of mixed spaces with conditions instead of the paper's operators
    for vectors of real numbers.

    Args:
        population: How many of the best trials may be parents, at least 2.
        crossover: Probability of a second parent, from 0 to 1.

    Raises:
        InputError: If an argument is not in its range.

    References:
        [Deb et al., 2002](https://doi.org/10.1109/4235.996017): A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II,
        section III.

    Example:

    >>> NSGA2(population=10)
    NSGA2(population=10, crossover=0.9)
    """

    multi_objective: ClassVar[bool] = True

    def __init__(self, population: int = 20, crossover: float = 0.9) -> None:
        self.population = integer("NSGA2's population", population, 2)
        self.crossover = fraction("NSGA2's crossover", crossover)

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Crosses and changes parents of the first fronts, or draws at random while there are too few trials."""
        elite = reading(history, _Elite, max(_MEMORY, 2 * self.population)).trials
        if len(history) < self.population or len(elite) < 2:
            return untried(history, space, rng, lambda: sample(space, rng))
        best = _best(elite, self.population)
        repeats = itertools.count()

        def parent() -> Values:
            return best[rng.integers(len(best), size=2).min()].values

        def child() -> Values:
            values = parent()
            if rng.random() < self.crossover:
                values = recombine(values, parent(), space, rng)
            for _ in range(1 + next(repeats) // _PATIENCE):
                values = mutate(values, space, rng)
            return values

        return untried(history, space, rng, child)

    def __repr__(self) -> str:
        return f"NSGA2(population={self.population}, crossover={self.crossover})"


class _Elite:
    """The trials with scores that a population may come from: the best of them, and the latest."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self.trials: list[Trial] = []

    def add(self, trial: Trial) -> None:
        if scores_of(trial):
            self.trials.append(trial)
        if len(self.trials) == 2 * self._memory:
            kept = {id(one) for one in _best(self.trials, self._memory)}
            self.trials = [one for one in self.trials if id(one) in kept]


def _best(trials: Sequence[Trial], number: int) -> list[Trial]:
    return [trials[place] for place in best_first([scores_of(trial) for trial in trials], number)]
