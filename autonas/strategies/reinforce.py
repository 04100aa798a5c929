"""REINFORCE: a policy over the hyperparameters learns from the scores of what it drew."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.checks import fraction, integer, positive
from autonas.strategies.base import Strategy, best_trials, normal_ranks, remembered, untried
from autonas.trials import Trial, reading
from autonas.values import Values, complete, is_active, is_range, legal_values, mutate

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter

_PATIENCE = 20  # candidates drawn that were tried before, until one more hyperparameter is changed


class Reinforce(Strategy):
    """A softmax policy for each decision, trained by REINFORCE with a baseline.

    Each hyperparameter has a preference for each of its values, and is drawn by their softmax; a range of numbers is cut
    into `bins` of equal probability. A trial changes the preferences of the decisions that it took, along the gradient of
    their log-probability times its advantage: its reward less the moving average of the rewards before it. Conditional
    hyperparameters learn from the trials in which they were active. The policy is trained anew at each proposal, by going
    once through the trials that it remembers; trials that the policy did not draw, such as starting points, teach it as well.

    The reward is the normal quantile of the score's rank in the history, so that one learning rate is right for every
    measure; failed and rejected trials have the lowest rank. Zoph & Le's controller is a recurrent network, which draws each
    decision knowing those before it; independent decisions are what NAS-Bench-201's authors compare with, and are enough
    for tens or hundreds of trials.

    Args:
        learning_rate: How far one trial of an advantage of 1 moves the preferences, above 0.
        decay: Of the moving average that is the baseline, from 0 (the last reward) to 1 (always 0, the mean of all ranks).
        bins: Into how many parts a range of numbers is cut, at least 2; fewer where it has fewer values.
        memory: How many trials the policy learns from at most, at least 2: the better half of these are the best, the others
            the latest. It bounds the time of a proposal in a long search.

    Raises:
        InputError: If an argument is not in its range.

    References:
    - [Williams, 1992](https://doi.org/10.1007/BF00992696): Simple Statistical Gradient-Following Algorithms for
      Connectionist Reinforcement Learning, equation 11.
    - [Zoph & Le, 2017](https://arxiv.org/abs/1611.01578): Neural Architecture Search with Reinforcement Learning,
      section 3.2.
    - [Dong & Yang, 2020](https://arxiv.org/abs/2001.00326): NAS-Bench-201, section 5 (the policy without a network).

    Example:

    >>> Reinforce(learning_rate=0.1)
    Reinforce(learning_rate=0.1, decay=0.9, bins=8, memory=400)
    """

    def __init__(self, learning_rate: float = 0.3, decay: float = 0.9, bins: int = 8, memory: int = 400) -> None:
        self.learning_rate = positive("Reinforce's learning_rate", learning_rate)
        self.decay = fraction("Reinforce's decay", decay)
        self.bins = integer("Reinforce's bins", bins, 2)
        self.memory = integer("Reinforce's memory", memory, 2)

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Draws from the policy that the history has taught."""
        policy = dict(zip(map(id, space.space), self._policy(history, space).cumsum(axis=1), strict=True))
        repeats = itertools.count()

        def choose(hyperparameter: HyperParameter) -> Any:
            options = self._options(hyperparameter)
            option = min(int(np.searchsorted(policy[id(hyperparameter)], rng.random(), side="right")), options - 1)
            return hyperparameter.prob_to_value((option + float(rng.random())) / options)

        def drawn() -> Values:
            values = complete(space, choose)
            for _ in range(next(repeats) // _PATIENCE):
                values = mutate(values, space, rng)
            return values

        return untried(history, space, rng, drawn)

    def _policy(self, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> np.ndarray:
        """Probabilities of the shape (hyperparameters, options), 0 where one has fewer options."""
        trials = remembered(history, self.memory, best_trials(history, self.memory // 2))
        decisions = reading(history, _Decisions, self._option, space).of
        sizes = np.array([self._options(hyperparameter) for hyperparameter in space.space])
        absent = np.arange(sizes.max(initial=1)) >= sizes[:, None]
        preferences = np.where(absent, -np.inf, 0.0)
        baseline = 0.0
        for trial, reward in zip(trials, normal_ranks(trials), strict=True):
            options = decisions[trial.key]
            decided = np.flatnonzero(options >= 0)
            gradient = -_softmax(preferences[decided])
            gradient[np.arange(len(decided)), options[decided]] += 1
            preferences[decided] += self.learning_rate * (reward - baseline) * gradient
            baseline = self.decay * baseline + (1 - self.decay) * reward
        return _softmax(preferences)

    def _options(self, hyperparameter: HyperParameter) -> int:
        values = legal_values(hyperparameter)
        if not is_range(hyperparameter):
            return len(values or ())
        return self.bins if values is None else min(self.bins, len(values))

    def _option(self, hyperparameter: HyperParameter, values: Values) -> int:
        """Which option a candidate took, -1 where there was nothing to decide."""
        name = hyperparameter.name
        if name not in values or not is_active(hyperparameter, values):
            return -1
        if not is_range(hyperparameter):
            labels = list(hyperparameter.values)
            return labels.index(values[name]) if values[name] in labels else -1
        options = self._options(hyperparameter)
        return min(max(int(hyperparameter.value_to_prob(values[name]) * options), 0), options - 1)

    def __repr__(self) -> str:
        made_with = f"learning_rate={self.learning_rate}, decay={self.decay}, bins={self.bins}, memory={self.memory}"
        return f"Reinforce({made_with})"


class _Decisions:
    """Which options each candidate took, one number for each hyperparameter."""

    def __init__(self, option: Callable[[HyperParameter, Values], int], space: keras_tuner.HyperParameters) -> None:
        self._option, self._space = option, space
        self.of: dict[str, np.ndarray] = {}

    def add(self, trial: Trial) -> None:
        self.of[trial.key] = np.array([self._option(hp, trial.values) for hp in self._space.space])


def _softmax(preferences: np.ndarray) -> np.ndarray:
    weights = np.exp(preferences - preferences.max(axis=1, keepdims=True, initial=-np.inf))
    return weights / weights.sum(axis=1, keepdims=True)
