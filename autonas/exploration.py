"""What a user's function asks for under which values, found by calling it, so that strategies know its space and conditions.

What stands inside an `if`, or in a loop over a number, is asked for under some values only, and nothing says which. So the
function is called with many, before anything is searched.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.hyperparameters import Declared, discover, filled
from autonas.trials import key
from autonas.values import Values, is_range, legal_values, sample

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter

    Declare = Callable[[keras_tuner.HyperParameters], Any]

DRAWN = 100  # candidates that are built at random after the last hyperparameter was found
MOST = 1_000  # calls in all
FEW = 32  # values that what depends on a number is told by, one by one
_POSITIONS = (0.0, 0.25, 0.5, 0.75, 1 - 1e-9)  # of a range with more than eight values


def explore(declare: Declare) -> keras_tuner.HyperParameters:
    """Finds the hyperparameters that a function asks for, and under which values of others it does.

    It is called with each label, and with some numbers from the least to the greatest, of each hyperparameter, beside the
    values that this was found under, and with a hundred candidates drawn at random; until nothing new is asked for. One
    that is asked for under some labels (or whole numbers, up to 32) of another only becomes conditional on these, whether
    or not it stood in a conditional scope. A call that raises says nothing, but for the first one, with all defaults.

    Args:
        declare: Takes a `keras_tuner.HyperParameters` and asks it for values.

    Returns:
        A `keras_tuner.HyperParameters` with all that were found, at their defaults.

    Raises:
        InputError: If one has other values to choose from under some values of others.

    Example:

    >>> space = explore(lambda hp: [hp.Int(f"units_{layer}", 8, 64) for layer in range(hp.Int("layers", 1, 3))])
    >>> space.space[2].name, space.space[2].conditions[0].values
    ('units_1', [2, 3])
    """
    import keras_tuner

    exploration = _Exploration(declare)
    exploration.run()
    config = exploration.found.get_config()
    for entry, hyperparameter in zip(config["space"], exploration.found.space, strict=True):
        entry["config"]["conditions"] += [
            {"class_name": "Parent", "config": {"name": name, "values": values}}
            for name, values in exploration.conditions(hyperparameter).items()
        ]
    return filled(keras_tuner.HyperParameters.from_config({"space": config["space"], "values": {}}), {})


class Completion:
    """Adds to candidates what a function asks for that exploring it did not find, at its default, and says so once.

    Args:
        declare: The function.
    """

    def __init__(self, declare: Declare) -> None:
        self._declare = declare
        self._told: set[str] = set()

    def __call__(self, values: Values) -> Values:
        """A candidate with all that is asked for under its values."""
        missing = {name: value for name, value in _call(self._declare, values).values.items() if name not in values}
        new = sorted(set(missing) - self._told)
        if new:
            self._told.update(new)
            warnings.warn(
                f"{new} are asked for under {values} alone, which was not found before the search: they have their "
                "defaults and are not searched. Ask for them in a conditional scope, or before the condition.",
                stacklevel=2,
            )
        return {**values, **missing}


@dataclasses.dataclass(frozen=True)
class _Call:
    """What a function asked for, in its order, and the values that were active."""

    asked: Sequence[HyperParameter]
    values: Values

    @property
    def names(self) -> list[str]:
        return [hyperparameter.name for hyperparameter in self.asked]

    def before(self, name: str) -> set[str]:
        """What had a value before a hyperparameter was asked for."""
        names = self.names
        return set(names[: names.index(name)]) & set(self.values)


def _call(declare: Declare, values: Values) -> _Call:
    from autonas.asked import Asked

    hp = Asked()
    hp.values = dict(values)
    declare(hp)
    return _Call(hp.asked, {one.name: hp.values[one.name] for one in hp.space if hp.is_active(one)})


class _Exploration:
    """The calls of a function so far.

    Attributes:
        found: All hyperparameters, parents before their children, with the conditions that were declared.
    """

    def __init__(self, declare: Declare) -> None:
        self._declare = declare
        self._calls: dict[str, _Call | None] = {}
        self._under: dict[str, Values] = {}  # the values that each was first asked for under
        self._declared = Declared()
        self._tried: set[tuple[str, Any]] = set()
        self.found = discover(declare)

    def run(self) -> None:
        """Calls the function until nothing new is asked for."""
        rng, known = np.random.default_rng(0), -1
        while len(self.found.space) > known:
            self._one_by_one()
            known = len(self.found.space)
            for _ in range(DRAWN):
                self._call(sample(self.found, rng))

    def _one_by_one(self) -> None:
        while turns := [
            (hyperparameter, value)
            for hyperparameter in self.found.space
            for value in _probes(hyperparameter)
            if (hyperparameter.name, value) not in self._tried
        ]:
            for hyperparameter, value in turns:
                name = hyperparameter.name
                self._tried.add((name, value))
                needed = {condition.name: condition.values[0] for condition in hyperparameter.conditions}
                self._call({**self._under.get(name, {}), **needed, name: value})

    def _call(self, wanted: Values) -> _Call | None:
        """Calls it with some values, the others at their defaults; None where it raises, or was called often enough."""
        values = filled(self.found, wanted).values
        name = key(values)
        if name not in self._calls:
            if len(self._calls) >= MOST:
                return None
            try:
                self._calls[name] = _call(self._declare, values)
            except Exception:  # a candidate that cannot be built costs its own trial, if it comes to one
                self._calls[name] = None
        answer = self._calls[name]
        if answer is not None:
            for one in answer.names:
                self._under.setdefault(one, answer.values)
            self._declared.check(answer.asked)
            self.found.merge(list(answer.asked), overwrite=False)
        return answer

    def conditions(self, hyperparameter: HyperParameter) -> dict[str, list[Any]]:
        """The values of others that a hyperparameter is asked for under, where it is not under all; name -> values.

        Those of another are a condition if it is asked for under no other of its values, and under values that differ in
        that one alone is seen not to be.
        """
        name = hyperparameter.name
        while True:
            calls = [call for call in self._calls.values() if call is not None]
            asking = [call for call in calls if name in call.names]
            silent = [call for call in calls if name not in call.names and _holds(hyperparameter, call.values)]
            if not asking or not silent:
                return {}
            found = dict(self._telling(hyperparameter, asking, silent))
            asked = [
                (parent, value, self._call({**asking[0].values, parent: value}))
                for parent, values in found.items()
                for value in self._values(parent)
                if value not in values
            ]
            if not any(call is not None and name in call.names for _, _, call in asked):
                untold = [(parent, value) for parent, value, call in asked if call is None]
                return {
                    parent: [one for one in self._values(parent) if one in values or (parent, one) in untold]
                    for parent, values in found.items()
                }

    def _telling(
        self, hyperparameter: HyperParameter, asking: Sequence[_Call], silent: Sequence[_Call]
    ) -> Iterator[tuple[str, list[Any]]]:
        """The others whose values may tell when it is asked for, with these values."""
        name, declared = hyperparameter.name, {condition.name for condition in hyperparameter.conditions}
        always = set.intersection(*(call.before(name) for call in asking)) - declared
        for parent in self.found.space:
            values = self._values(parent.name) if parent.name in always else []
            seen = [value for value in values if any(call.values[parent.name] == value for call in asking)]
            if any(call.values.get(parent.name, seen[0]) not in seen for call in silent if seen):
                yield parent.name, seen

    def _values(self, name: str) -> list[Any]:
        """The values of a hyperparameter that others can be conditional on: none where there are many."""
        legal = next((legal_values(one) for one in self.found.space if one.name == name), None)
        return [] if legal is None or len(legal) > FEW else list(legal)


def _holds(hyperparameter: HyperParameter, values: Values) -> bool:
    return all(condition.is_active(values) for condition in hyperparameter.conditions)


def _probes(hyperparameter: HyperParameter) -> list[Any]:
    """All labels, all of few numbers, or some from the least to the greatest."""
    legal = legal_values(hyperparameter)
    if legal is not None and (not is_range(hyperparameter) or len(legal) <= 8):
        return list(legal)
    return list(dict.fromkeys(hyperparameter.prob_to_value(position) for position in _POSITIONS))
