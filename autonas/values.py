"""What is done with candidates of a search space: complete, sample, mutate, recombine, list them.

A search space is a `keras_tuner.HyperParameters` that knows all its hyperparameters, the conditional ones included. A
candidate holds a value for each hyperparameter that is active under its other values, and for no other.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter

Values = dict[str, Any]


def complete(space: keras_tuner.HyperParameters, choose: Callable[[HyperParameter], Any]) -> Values:
    """Makes a candidate by asking `choose` for the value of each hyperparameter that is active under those before it."""
    values: Values = {}
    for hyperparameter in space.space:
        if is_active(hyperparameter, values):
            values[hyperparameter.name] = choose(hyperparameter)
    return values


def is_active(hyperparameter: HyperParameter, values: Mapping[str, Any]) -> bool:
    """Whether the conditions of a hyperparameter hold under `values`."""
    conditions = hyperparameter.conditions
    return not conditions or all(condition.is_active(values) for condition in conditions)


def active(space: keras_tuner.HyperParameters, values: Mapping[str, Any]) -> Values:
    """The values of a candidate that are active: Keras Tuner adds defaults of others when it sends one to a worker.

    What is no hyperparameter of the space, such as a share of the budget, stays.
    """
    names = {hyperparameter.name for hyperparameter in space.space}
    kept: Values = {name: value for name, value in values.items() if name not in names}
    for hyperparameter in space.space:
        if hyperparameter.name in values and is_active(hyperparameter, kept):
            kept[hyperparameter.name] = values[hyperparameter.name]
    return kept


def is_range(hyperparameter: HyperParameter) -> bool:
    """Whether its values are numbers from a least to a greatest (`hp.Int`, `hp.Float`), and not a list of labels."""
    return hasattr(hyperparameter, "min_value")


class _Steps(Sequence[Any]):
    """The floats of a range with a step, least first, each computed when it is asked for: a fine step has very many."""

    def __init__(self, hyperparameter: HyperParameter) -> None:
        self._of = hyperparameter  # by whose own arithmetic, so that these are the numbers that it samples
        places = range(hyperparameter._get_n_values())
        self._places = places[::-1] if hyperparameter.sampling == "reverse_log" else places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, place: Any) -> Any:
        return float(self._of._get_value_by_index(self._places[place]))


def legal_values(hyperparameter: HyperParameter) -> Sequence[Any] | None:
    """All values of a hyperparameter, of the type that it declares, those of a range least first.

    None for a range of floats without a step.

    Raises:
        InputError: If there are more than Python counts.
    """
    values = _legal_values(hyperparameter)
    try:
        len(values or ())
    except OverflowError as error:
        name, hint = f"The hyperparameter {hyperparameter.name!r}", "Take a larger step, or hp.Float without one."
        raise InputError.of(name, "of fewer than 2**63 values", repr(hyperparameter), hint) from error
    return values


def _legal_values(hyperparameter: HyperParameter) -> Sequence[Any] | None:
    if not is_range(hyperparameter):
        return list(hyperparameter.values)
    whole = isinstance(hyperparameter.min_value, int)
    if hyperparameter.min_value == hyperparameter.max_value:
        return [hyperparameter.min_value]
    if whole and hyperparameter.sampling == "linear":
        return range(hyperparameter.min_value, hyperparameter.max_value + 1, hyperparameter.step or 1)
    if hyperparameter.step is None:
        return range(hyperparameter.min_value, hyperparameter.max_value + 1) if whole else None
    return sorted(int(value) for value in hyperparameter.values) if whole else _Steps(hyperparameter)


def nearest(numbers: Sequence[Any], value: float) -> int:
    """The place of the number that is nearest to a value, in the legal values of a range; of two the lower one."""
    after = bisect.bisect_left(numbers, value)
    return min(range(max(after - 1, 0), min(after + 1, len(numbers))), key=lambda place: abs(numbers[place] - value))


def is_legal(hyperparameter: HyperParameter, value: Any) -> bool:
    """Whether `value` is one of the hyperparameter's; floats are met up to rounding, as when 0.3 is written for a step."""
    values = legal_values(hyperparameter)
    if values is None:
        low, high = hyperparameter.min_value, hyperparameter.max_value
        return isinstance(value, float) and (
            low <= value <= high or math.isclose(value, low) or math.isclose(value, high)
        )
    if is_range(hyperparameter) and isinstance(value, float):
        near = values[nearest(values, value)]
        return isinstance(near, float) and math.isclose(value, near)
    return value in values


def equal_value(hyperparameter: HyperParameter, value: Any) -> Any:
    """The value of a hyperparameter that equals one that was written in another way, such as 1 for 1.0, or in NumPy's types.

    Raises:
        ValueError: If it has none.
    """
    plain = value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value
    legal = legal_values(hyperparameter)
    if is_range(hyperparameter) and not isinstance(plain, (int, float)):
        legal = []
    elif legal is None:
        legal = [float(plain)] if is_legal(hyperparameter, float(plain)) else []
    elif is_range(hyperparameter):
        legal = [legal[nearest(legal, plain)]]
    equal = [other for other in legal if _equal(other, plain)]
    if not equal:
        raise ValueError(f"{hyperparameter.name} has no value {value!r}")
    return equal[0]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)  # of single precision
    return isinstance(other, (str, int, float, type(None))) and one == other


def read(what: str, given: Any, space: keras_tuner.HyperParameters) -> Values:
    """A candidate that a user wrote, or that code of a user's own made.

    Args:
        what: It is, for the error: `"a starting point"`.
        given: Its values, in any type that equals theirs; what it leaves open has its default.
        space: Its space.

    Returns:
        A candidate.

    Raises:
        InputError: If it is not in the space.
    """
    it = what[0].upper() + what[1:]
    if not isinstance(given, Mapping):
        raise InputError.of(it, "a dict of hyperparameter -> value", repr(given))

    def choose(hyperparameter: HyperParameter) -> Any:
        value = given.get(hyperparameter.name, hyperparameter.default)
        try:
            return equal_value(hyperparameter, value)
        except ValueError as error:
            raise InputError.of(f"{hyperparameter.name!r} of {what}", "one of its values", repr(value)) from error

    values = complete(space, choose)
    odd = sorted(set(given) - set(values))
    if odd:
        raise InputError.of(it, "of hyperparameters that are active in it", f"{odd} in {dict(given)}")
    return values


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
    movable = [hp for hp in active_in(values, space) if len(legal_values(hp) or (0, 1)) > 1]
    if not movable:
        return dict(values)
    target = movable[int(rng.integers(len(movable)))]
    moved = neighbour(target, values[target.name], rng)
    return change(values, space, target, moved, lambda hyperparameter: draw(hyperparameter, rng))


def active_in(values: Mapping[str, Any], space: keras_tuner.HyperParameters) -> list[HyperParameter]:
    """The hyperparameters that are active in a candidate."""
    return [hp for hp in space.space if hp.name in values and is_active(hp, values)]


def change(
    values: Mapping[str, Any],
    space: keras_tuner.HyperParameters,
    target: HyperParameter,
    value: Any,
    fill: Callable[[HyperParameter], Any],
) -> Values:
    """Gives one hyperparameter of a candidate another value, with what follows from it.

    Args:
        values: The candidate. It stays as it is.
        space: Its space.
        target: The one that changes, active in `values`.
        value: What it changes to.
        fill: Gives the values of those that become active. What stays active keeps its value.

    Returns:
        A candidate.
    """

    def choose(hyperparameter: HyperParameter) -> Any:
        if hyperparameter is target:
            return value
        name = hyperparameter.name
        if name in values and is_legal(hyperparameter, values[name]):
            return values[name]
        return fill(hyperparameter)

    return complete(space, choose)


def recombine(
    first: Mapping[str, Any], second: Mapping[str, Any], space: keras_tuner.HyperParameters, rng: np.random.Generator
) -> Values:
    """Crosses two candidates: each hyperparameter is that of either, as likely of the one as of the other.

    Where only one of them has a value for it, it is that one's; where neither has, it is drawn.

    Args:
        first: A candidate.
        second: Another one of the same space.
        space: Their space.
        rng: The only source of chance.

    Returns:
        A candidate. It may be one of the two.
    """

    def choose(hyperparameter: HyperParameter) -> Any:
        order = (first, second) if rng.random() < 0.5 else (second, first)
        name = hyperparameter.name
        inherited = [parent[name] for parent in order if name in parent and is_legal(hyperparameter, parent[name])]
        return inherited[0] if inherited else draw(hyperparameter, rng)

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


def enumerate_space(space: keras_tuner.HyperParameters, start: Mapping[str, Any] | None = None) -> Iterator[Values]:
    """All candidates of a space, in a fixed order; a range of floats without a step is listed at ten of its values.

    Args:
        space: All hyperparameters, parents before their children.
        start: A candidate to begin with instead of the first. One that is not listed counts as the first one with the
            values of it that are.
    """

    def extend(values: Values, rest: Sequence[HyperParameter], start: Mapping[str, Any]) -> Iterator[Values]:
        if not rest:
            yield values
        elif not is_active(rest[0], values):
            yield from extend(values, rest[1:], start)
        else:
            name = rest[0].name
            listed = legal_values(rest[0])
            listed = sorted(rest[0].values) if listed is None else listed
            first = listed.index(start[name]) if name in start and start[name] in listed else 0
            for place in range(first, len(listed)):
                begin = start if place == first and name in start else {}
                yield from extend({**values, name: listed[place]}, rest[1:], begin)

    return extend({}, list(space.space), start or {})
