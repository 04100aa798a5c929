"""Which hyperparameters a function asks for: all of them, the conditional ones included, before anything is searched.

Keras Tuner finds them one build at a time, while it searches. Here they are known from the start, so that a strategy can
draw from the whole space, and a name that stands for two of them is refused before time is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autonas.errors import InputError
from autonas.values import Values, complete

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter


def discover(declare: Callable[[keras_tuner.HyperParameters], None]) -> keras_tuner.HyperParameters:
    """Finds all hyperparameters that a function asks for, the conditional ones included.

    Calls `declare(hp)` until each conditional scope was entered once. Each call opens as many of the scopes still closed
    as can be open together, so a few builds are enough where each scope had one of its own in Keras Tuner.

    Args:
        declare: Takes a `keras_tuner.HyperParameters` and asks it for values.

    Returns:
        A `keras_tuner.HyperParameters` with all of them, at their defaults.

    Raises:
        InputError: If one is asked for again with other values to choose from.
    """
    import keras_tuner

    from autonas.asked import Asked

    hp, declared = Asked(), Declared()
    opened: set[tuple[Any, ...]] = set()
    closed: dict[tuple[Any, ...], Sequence[Any]] = {}
    while True:
        declare(hp)
        declared.check(hp.asked)
        opened.update(_scope_key(scope) for scope in hp.active_scopes)
        closed.update((_scope_key(scope), list(scope)) for scope in hp.inactive_scopes)
        closed = {key: scope for key, scope in closed.items() if key not in opened}
        found = keras_tuner.HyperParameters()
        found.merge(hp)
        if not closed:
            return filled(found, {})
        wanted: Values = {}
        for key, scope in closed.items():
            needed = {condition.name: condition.values[0] for condition in scope}
            if all(wanted.get(name, value) == value for name, value in needed.items()):
                wanted.update(needed)
                opened.add(key)  # even if it stays closed: a scope that cannot open must not be tried for ever
        hp = Asked()
        hp.merge(found)
        hp.values = filled(found, wanted).values


class Declared:
    """Each hyperparameter as it was asked for first, to tell whether it has the same values to choose from ever after."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[HyperParameter, dict[str, Any]]] = {}  # by name and conditions

    def check(self, asked: Iterable[HyperParameter]) -> None:
        """Compares what was asked for now; another default is no other range.

        Raises:
            InputError: If one has other values to choose from: Keras Tuner would go on with the first ones.
        """
        for one in asked:
            choice = {**one.get_config(), "default": None}
            first, known = self._first.setdefault((one.name, str(choice["conditions"])), (one, choice))
            if choice != known:
                raise InputError.of(
                    f"The hyperparameter {one.name!r}",
                    "asked for with the same values to choose from each time",
                    f"{first!r} and {one!r}",
                    "Give them different names.",
                )


def without(space: keras_tuner.HyperParameters, left_out: Mapping[str, Sequence[Any]]) -> keras_tuner.HyperParameters:
    """Leaves values of choices out, and what depends on them alone.

    Args:
        space: All hyperparameters.
        left_out: name -> values. At least one value of each has to stay; if the default does not, the first is the default.

    Returns:
        The others, at their defaults.
    """
    import keras_tuner

    if not left_out:
        return space
    config, kept = space.get_config(), []
    for entry in config["space"]:
        own = entry["config"]
        parents = [parent["config"] for parent in own["conditions"]]
        if any(set(parent["values"]) <= set(left_out.get(parent["name"], ())) for parent in parents):
            continue
        if own["name"] in left_out:
            own["values"] = [value for value in own["values"] if value not in left_out[own["name"]]]
            own["default"] = own["default"] if own["default"] in own["values"] else own["values"][0]
        kept.append(entry)
    return filled(keras_tuner.HyperParameters.from_config({"space": kept, "values": {}}), {})


def check_names(space: keras_tuner.HyperParameters, what: str) -> None:
    """Makes sure that a name stands for one hyperparameter, since a candidate is a dict of names.

    Args:
        space: All hyperparameters.
        what: Who declared them, for the error.

    Raises:
        InputError: If there are several hyperparameters of a name.
    """
    names = [hyperparameter.name for hyperparameter in space.space]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError.of(what, "hyperparameters of one condition each", f"{twice} under several", "Rename them.")


def filled(found: keras_tuner.HyperParameters, values: Values) -> keras_tuner.HyperParameters:
    """Gives each active hyperparameter its value of `values`, or its default: Keras Tuner itself would draw one."""
    import keras_tuner

    filled = keras_tuner.HyperParameters()
    filled.merge(found)
    filled.values = complete(filled, lambda hyperparameter: values.get(hyperparameter.name, hyperparameter.default))
    return filled


def _scope_key(scope: Sequence[Any]) -> tuple[Any, ...]:
    return tuple((condition.name, tuple(condition.values)) for condition in scope)
