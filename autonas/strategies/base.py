"""The contract of a strategy, and what every strategy does with a search space: sample, mutate, complete, list.

A search space is a `keras_tuner.HyperParameters` that knows all its hyperparameters, the conditional ones included. A
candidate holds a value for each hyperparameter that is active under its other values, and for no other.
"""

from __future__ import annotations

import abc
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from autonas.trials import Trial, key, tried

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np
    from keras_tuner.engine.hyperparameters import HyperParameter

Values = dict[str, Any]


class Strategy(abc.ABC):
    """Proposes the candidates of a search, one at a time.

    A strategy keeps no state: `propose` is a pure function of its arguments and of what the constructor was given, so a
    search that goes on after a stop is the same as one that never stopped. What a strategy learns, it learns from the
    history at each call.

    Example:

    >>> class Defaults(autonas.Strategy):
    ...     def propose(self, history, space, rng):
    ...         return None if history else {hp.name: hp.default for hp in space.space if not hp.conditions}
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


def complete(space: keras_tuner.HyperParameters, choose: Callable[[HyperParameter], Any]) -> Values:
    """Makes a candidate by asking `choose` for the value of each hyperparameter that is active under those before it."""
    values: Values = {}
    for hyperparameter in space.space:
        if is_active(hyperparameter, values):
            values[hyperparameter.name] = choose(hyperparameter)
    return values


def is_active(hyperparameter: HyperParameter, values: Mapping[str, Any]) -> bool:
    """Whether the conditions of a hyperparameter hold under `values`."""
    return all(condition.is_active(values) for condition in hyperparameter.conditions)


def is_range(hyperparameter: HyperParameter) -> bool:
    """Whether its values are numbers from a least to a greatest (`hp.Int`, `hp.Float`), and not a list of labels."""
    return hasattr(hyperparameter, "min_value")


def legal_values(hyperparameter: HyperParameter) -> Sequence[Any] | None:
    """All values of a hyperparameter, of the type that it declares; None for a range of floats without a step."""
    if not is_range(hyperparameter):
        return list(hyperparameter.values)
    whole = isinstance(hyperparameter.min_value, int)
    if hyperparameter.min_value == hyperparameter.max_value:
        return [hyperparameter.min_value]
    if hyperparameter.step is None:
        return range(hyperparameter.min_value, hyperparameter.max_value + 1) if whole else None
    return [int(value) if whole else float(value) for value in hyperparameter.values]


def is_legal(hyperparameter: HyperParameter, value: Any) -> bool:
    """Whether `value` is one of the hyperparameter's; a step of floats is met up to rounding, as when 0.3 is written."""
    values = legal_values(hyperparameter)
    if values is None:
        return isinstance(value, float) and hyperparameter.min_value <= value <= hyperparameter.max_value
    if is_range(hyperparameter) and isinstance(value, float):
        return any(math.isclose(value, other) for other in values if isinstance(other, float))
    return value in values


def sample(space: keras_tuner.HyperParameters, rng: np.random.Generator) -> Values:
    """Draws a candidate: each active hyperparameter from its own distribution (uniform, or log-uniform where it says so)."""
    return complete(space, lambda hyperparameter: draw(hyperparameter, rng))


def draw(hyperparameter: HyperParameter, rng: np.random.Generator) -> Any:
    """Draws a value of one hyperparameter from its own distribution."""
    return hyperparameter.prob_to_value(float(rng.random()))


def mutate(values: Values, space: keras_tuner.HyperParameters, rng: np.random.Generator) -> Values:
    """Changes one active hyperparameter of a candidate, and what follows from it.

    Each of those that have another value is as likely to be the one. A label becomes any other label; a number of a
    range moves to a near one (see `neighbour`). Where that makes other hyperparameters active, these are drawn; what
    stays active keeps its value, and what is not active any more is left out.

    Args:
        values: The candidate. It stays as it is.
        space: Its space.
        rng: The only source of chance.

    Returns:
        A candidate, different from `values` unless the space leaves nothing to change.
    """
    kept = {hp.name: hp for hp in space.space if is_active(hp, values) and hp.name in values}
    movable = [name for name, hp in kept.items() if len(legal_values(hp) or (0, 1)) > 1]
    target = movable[int(rng.integers(len(movable)))] if movable else None

    def choose(hyperparameter: HyperParameter) -> Any:
        name = hyperparameter.name
        if name == target and hyperparameter is kept[name]:
            return neighbour(hyperparameter, values[name], rng)
        if name in values and is_legal(hyperparameter, values[name]):
            return values[name]
        return draw(hyperparameter, rng)

    return complete(space, choose)


def neighbour(hyperparameter: HyperParameter, value: Any, rng: np.random.Generator, spread: float = 0.2) -> Any:
    """Draws another value of one hyperparameter.

    Args:
        hyperparameter: One with at least two values.
        value: The value to move away from.
        rng: The only source of chance.
        spread: The standard deviation of a move in a range of numbers, as a part of the range on its own scale (linear
            or logarithmic). A move beyond an end is reflected there.

    Returns:
        A number near `value` in a range, any other value elsewhere.
    """
    if not is_range(hyperparameter):
        others = [other for other in hyperparameter.values if other != value]
        return others[int(rng.integers(len(others)))]
    start = hyperparameter.value_to_prob(value)
    moved = value
    while moved == value:
        position = (start + spread * float(rng.standard_normal())) % 2
        moved = hyperparameter.prob_to_value(min(position, 2 - position))
    return moved


def enumerate_space(space: keras_tuner.HyperParameters) -> Iterator[Values]:
    """All candidates of a space, in a fixed order; a range of floats without a step is listed at ten of its values."""

    def extend(values: Values, rest: Sequence[HyperParameter]) -> Iterator[Values]:
        if not rest:
            yield values
        elif not is_active(rest[0], values):
            yield from extend(values, rest[1:])
        else:
            listed = legal_values(rest[0])
            for value in sorted(rest[0].values) if listed is None else listed:
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
    known = tried(history)
    for _ in range(attempts):
        values = propose()
        if key(values) not in known:
            return values
    left = [v for v in itertools.islice(enumerate_space(space), largest) if key(v) not in known]
    return left[int(rng.integers(len(left)))] if left else None
