"""How the arguments of a task are read: durations, counts, names. Each gives one clear error for what cannot be used."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autonas import default_spaces, screens, strategies
from autonas.errors import InputError
from autonas.screens.base import Screen
from autonas.strategies.base import Strategy

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def seconds(name: str, value: float | str | None) -> float | None:
    """Reads a duration.

    Args:
        name: Of the argument, for the error.
        value: Seconds, or a number with `s`, `m` or `h` behind it; None stays None.

    Raises:
        InputError: If it is not a positive duration.

    Example:

    >>> seconds("max_time", "10m")
    600.0
    """
    if value is None:
        return None
    text = "" if isinstance(value, bool) else str(value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?(?:e[-+]\d+)?)\s*([smh]?)\s*", text)
    read = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if read <= 0:
        raise InputError.of(name, "a positive number of seconds, or a text such as '90s', '10m', '2h'", repr(value))
    return read


def whole(name: str, value: Any, least: int) -> int:
    """Reads an integer argument.

    Raises:
        InputError: If it is no integer, or under `least`.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InputError.of(name, f"an integer from {least} up", repr(value))
    return int(value)


def whole_or_none(name: str, value: Any, least: int) -> int | None:
    """Reads an integer argument that may be left out."""
    return None if value is None else whole(name, value, least)


def flag(name: str, value: Any) -> bool:
    """Reads an argument that is true or false.

    Raises:
        InputError: If it is neither.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise InputError.of(name, "True or False", repr(value))
    return bool(value)


def verbosity(value: Any) -> int:
    """Reads how much is shown.

    Raises:
        InputError: If it is neither a truth value nor an integer from 0 up.
    """
    return int(value) if isinstance(value, (bool, np.bool_)) else whole("verbose", value, least=0)


def callbacks(value: Any) -> list[Any]:
    """Reads Keras callbacks.

    Raises:
        InputError: If they are no list, or something else is among them, such as the class of one.
    """
    given = [] if value is None else value
    if not isinstance(given, (list, tuple)):
        raise InputError.of("callbacks", "a list of Keras callbacks", repr(value), "One is passed as [callback].")
    for number, each in enumerate(given):
        if isinstance(each, type) or not hasattr(each, "set_model"):
            raise InputError.of(f"callbacks[{number}]", "a Keras callback", repr(each))
    return list(given)


def ensemble(value: bool | None, objectives: Sequence[Any]) -> bool | None:
    """Reads whether several networks may be joined.

    Raises:
        InputError: If it is none of True, False and None, or networks are wanted together where costs are what counts.
    """
    if value is not None and not isinstance(value, (bool, np.bool_)):
        raise InputError.of("ensemble", "True, False or None", repr(value))
    if value and (len(objectives) > 1 or objectives[0].costs):
        names = " and ".join(repr(objective.name) for objective in objectives)
        raise InputError.of(
            "ensemble", "left out where a cost is an objective, or there are several", f"True, and {names}"
        )
    return None if value is None else bool(value)


def control(value: str | None) -> str | None:
    """Reads what a search is to be compared with.

    Raises:
        InputError: If it is neither None nor `"random"`.
    """
    if value not in (None, "random"):
        raise InputError.of("control", "None or 'random'", repr(value))
    return value


def block(function: Any) -> Callable[[Any, int], Any]:
    """Reads who makes the space between input and head; None means the default space of the input.

    Raises:
        InputError: If it is no function of an input and a number of rows.
    """
    if function is None:
        return default_spaces.default
    try:
        inspect.signature(function).bind(None, 1)
    except (TypeError, ValueError) as error:
        hint = "Pass lambda input, rows: ..., which returns an autonas.blocks.Block."
        raise InputError.of("block", "a function block(input, rows)", repr(function), hint) from error
    return function


def folder(name: str, path: Any) -> Path:
    """Reads the path of a folder.

    Raises:
        InputError: If it is no path.
    """
    if not isinstance(path, (str, os.PathLike)) or path == "":
        raise InputError.of(name, "the path of a folder", repr(path))
    return Path(path)


def project_name(name: str | None) -> str | None:
    """Reads the name of a project: of one folder, without a parent.

    Raises:
        InputError: If it is anything else.
    """
    if name is not None and (not isinstance(name, str) or not name or Path(name).name != name):
        raise InputError.of(
            "project_name", "the name of one folder", repr(name), "Its parent is the argument directory."
        )
    return name


def operations(identifier: str | None) -> str | None:
    """Reads which operations networks may have.

    Raises:
        InputError: If it is neither None nor `"int8"`.
    """
    if identifier not in (None, "int8"):
        raise InputError.of("operations", "None or 'int8'", repr(identifier))
    return identifier


def strategy(identifier: Any, objective: str, several: bool = False) -> Any:
    """Reads a strategy: one of ours, or an oracle of Keras Tuner.

    Args:
        identifier: A name, a class or an instance; None means the default.
        objective: Name of the task's objective, which an oracle has to share.
        several: Whether there are several objectives. A strategy for one is then asked with random weighings of them.

    Raises:
        InputError: If it is neither, an oracle aims at something else, or several objectives are too many for it.
    """
    # whoever holds an oracle has Keras Tuner loaded; without one there is no need to load it
    if "keras_tuner" in sys.modules and not isinstance(identifier, (str, Strategy)):
        from autonas import oracles

        if oracles.is_oracle(identifier):
            if several:
                raise InputError.of("strategy", "one of autonas where there are several objectives", repr(identifier))
            oracles.check_oracle(identifier, objective)
            return identifier
    if identifier is None:
        identifier = strategies.DEFAULT_OF_SEVERAL if several else strategies.DEFAULT
    found = strategies.get(identifier)
    return strategies.of_several(found) if several else found


def screen(identifier: Any, strategy: Any) -> Screen | None:
    """Reads a screen.

    Args:
        identifier: What `autonas.screens.get` takes; None means none.
        strategy: As `strategy` returns it.

    Raises:
        InputError: If it is no screen, or there is an oracle that expects each of its proposals to be evaluated.
    """
    if identifier is None:
        return None
    if not isinstance(strategy, Strategy):
        raise InputError.of(
            "screen",
            "left out with an oracle of Keras Tuner, which expects an answer to each of its proposals",
            repr(identifier),
            f"Choose one of the strategies {sorted(strategies.STRATEGIES)}.",
        )
    return screens.get(identifier)
