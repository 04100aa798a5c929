"""ParEGO: several objectives for any strategy that knows one, by a weighing of them drawn anew for each trial."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.errors import InputError
from autonas.strategies.base import Strategy
from autonas.trials import History, Trial, scores_of
from autonas.values import Values

if TYPE_CHECKING:
    import keras_tuner

RHO = 0.05  # of the sum in the augmented Tchebycheff function, as in the paper


class ParEGO(Strategy):
    """Random scalarisations over a strategy for one objective.

    For each trial weights are drawn, the scores of all trials become one by the augmented Tchebycheff function of these
    weights, and the strategy proposes as if that were all there is. Each weighing has its optimum at another place of the
    front, also where the front is not convex. Scores are first brought to the range from 0 to 1 that they have among the
    trials; with a single objective it is the strategy itself.

    The paper has a Gaussian process with expected improvement as the strategy, and weights from an even lattice; here they
    are drawn evenly from all weights that add up to one.

    Args:
        strategy: Who proposes: a name of `autonas.strategies`, or an instance, of one objective and a full budget.

    Raises:
        InputError: If the strategy shares out budgets, or knows several objectives itself.

    References:
        [Knowles, 2006](https://doi.org/10.1109/TEVC.2005.851274): ParEGO: A Hybrid Algorithm With On-Line Landscape
        Approximation for Expensive Multiobjective Optimization Problems, section III, equation 2.

    Example:

    >>> ParEGO("local")
    ParEGO(strategy=Local(samples=10))
    """

    multi_objective: ClassVar[bool] = True

    def __init__(self, strategy: Any = "bayesian") -> None:
        from autonas.strategies import get

        self.strategy = get(strategy)
        if self.strategy.multi_fidelity or self.strategy.multi_objective:
            raise InputError.of(
                "ParEGO(strategy=)", "one for one objective that shares out no budgets", repr(self.strategy)
            )

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Asks the strategy, with one score in place of several."""
        done = [scores for trial in history if (scores := scores_of(trial))]
        if not done or len(done[0]) == 1:
            return self.strategy.propose(history, space, rng)
        weights = rng.dirichlet(np.ones(len(done[0])))
        joined = iter(scalarised(np.array(done), weights).tolist())
        turned = (
            dataclasses.replace(trial, score=next(joined) if scores_of(trial) else None, scores=[]) for trial in history
        )
        return self.strategy.propose(History(turned), space, rng)

    def __repr__(self) -> str:
        return f"ParEGO(strategy={self.strategy!r})"


def scalarised(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Joins scores by the augmented Tchebycheff function, turned so that higher is better.

    Args:
        scores: Shape (trials, objectives), higher is better.
        weights: Shape (objectives,), not negative, of the sum 1.

    Returns:
        Shape (trials,), at most 0, which only a trial that is best in every weighted objective has.
    """
    spread = scores.max(axis=0) - scores.min(axis=0)
    losses = weights * (scores.max(axis=0) - scores) / np.where(spread > 0, spread, 1.0)
    return -(losses.max(axis=1) + RHO * losses.sum(axis=1))
