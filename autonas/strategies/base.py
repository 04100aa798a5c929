"""The contract of a strategy, and the three things every strategy does with a search space: sample, complete, list.

A search space is a `keras_tuner.HyperParameters` that knows all its hyperparameters, the conditional ones included. A
candidate holds a value for each hyperparameter that is active under its other values, and for no other.
"""

from __future__ import annotations

import abc
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from autonas.trials import Trial, key

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np

Values = dict[str, Any]


class Strategy(abc.ABC):
    """Proposes the candidates of a search, one at a time.

    A strategy keeps no state: `propose` is a pure function of its arguments and of what the constructor was given, so a
    search that goes on after a stop is the same as one that never stopped. What a strategy learns, it learns from the
    history at each call.
    """

    multi_objective: ClassVar[bool] = False

    @abc.abstractmethod
    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Chooses the next candidate.

        Args:
            history: The finished trials, oldest first. `score` is turned so that higher is better and is None for trials
                that failed or were rejected.
            space: All hyperparameters, parents before their children.
            rng: The only source of chance.

        Returns:
            Values for the active hyperparameters, never those of a trial in `history`; None when there are none left.
        """


def complete(
    space: keras_tuner.HyperParameters, choose: Callable[[keras_tuner.engine.hyperparameters.HyperParameter], Any]
) -> Values:
    """Makes a candidate by asking `choose` for the value of each hyperparameter that is active under those before it."""
    values: Values = {}
    for hyperparameter in space.space:
        if is_active(hyperparameter, values):
            values[hyperparameter.name] = choose(hyperparameter)
    return values


def is_active(hyperparameter: keras_tuner.engine.hyperparameters.HyperParameter, values: Mapping[str, Any]) -> bool:
    """Whether the conditions of a hyperparameter hold under `values`."""
    return all(condition.is_active(values) for condition in hyperparameter.conditions)


def sample(space: keras_tuner.HyperParameters, rng: np.random.Generator) -> Values:
    """Draws a candidate: each active hyperparameter from its own distribution (uniform, or log-uniform where it says so)."""
    return complete(space, lambda hyperparameter: hyperparameter.prob_to_value(float(rng.random())))


def enumerate_space(space: keras_tuner.HyperParameters) -> Iterator[Values]:
    """All candidates of a space, in a fixed order. A range without a step has no end of values: take what is needed."""

    def extend(values: Values, rest: Sequence[Any]) -> Iterator[Values]:
        if not rest:
            yield values
        elif not is_active(rest[0], values):
            yield from extend(values, rest[1:])
        else:
            for value in rest[0].values:
                yield from extend({**values, rest[0].name: value}, rest[1:])

    return extend({}, list(space.space))


def untried(
    history: Iterable[Trial],
    space: keras_tuner.HyperParameters,
    rng: np.random.Generator,
    propose: Callable[[], Values],
    attempts: int = 100,
    largest: int = 100_000,
) -> Values | None:
    """Calls `propose` until it gives a candidate that `history` does not hold.

    When `attempts` all fail, the space is small or nearly covered: one of the candidates left is drawn from a listing of
    the first `largest`, and None says that there is none.
    """
    tried = {trial.key for trial in history}
    for _ in range(attempts):
        values = propose()
        if key(values) not in tried:
            return values
    left = [v for v in itertools.islice(enumerate_space(space), largest) if key(v) not in tried]
    return left[int(rng.integers(len(left)))] if left else None
