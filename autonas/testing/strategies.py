"""What every strategy has to keep to."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence

import keras_tuner
import numpy as np

from autonas.strategies.base import Strategy, Values, is_active, is_legal
from autonas.trials import COMPLETED, FAILED, REJECTED, Trial, key


def spaces() -> dict[str, keras_tuner.HyperParameters]:
    """Small spaces of every kind of hyperparameter, by name."""
    flat = keras_tuner.HyperParameters()
    flat.Choice("label", ["a", "b", "c"])
    flat.Int("steps", 2, 20, step=3)
    flat.Float("rate", 1e-4, 1e-1, sampling="log")
    flat.Int("batch", 8, 64, step=2, sampling="log")
    flat.Boolean("flag")
    flat.Fixed("fixed", 7)
    nested = keras_tuner.HyperParameters()
    nested.Choice("kind", ["conv", "dense"])
    with nested.conditional_scope("kind", ["conv"]):
        nested.Choice("kernel", [3, 5])
        with nested.conditional_scope("kernel", [5]):
            nested.Float("dilation", 0.0, 1.0, step=0.25)
    with nested.conditional_scope("kind", ["dense"]):
        nested.Int("units", 1, 1_000, sampling="log")
    return {"flat": flat, "nested": nested}


def finite_space() -> tuple[keras_tuner.HyperParameters, int]:
    """A space with few candidates, and how many."""
    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["a", "b"])
    with space.conditional_scope("kind", ["a"]):
        space.Choice("size", [1, 2, 3])
    return space, 4


def check_strategy(strategy: Strategy, trials: int = 30) -> None:
    """Checks a strategy: legal and complete candidates, none twice, chance from its generator alone, history untouched.

    Args:
        strategy: What to check.
        trials: How long the searches are that it is checked in.

    Raises:
        AssertionError: If it does not keep to the contract.

    Example:

    >>> check_strategy(Evolution(population=5, sample=2))
    """
    for name, space in spaces().items():
        history: list[Trial] = []
        for number in range(trials):
            values = _propose(strategy, history, space, number)
            _expect(values is not None, f"{name}: it gives up after {number} trials")
            _check_values(values or {}, space, history)
            history.append(_trial(number, values or {}))
    for end in (_trial, _equal, _failed):
        _check_end(strategy, end)


def _check_end(strategy: Strategy, end: Callable[[int, Values], Trial]) -> None:
    """Checks that a small space is covered to its last candidate, whatever comes of the trials."""
    space, size = finite_space()
    history: list[Trial] = []
    for number in range(size):
        values = _propose(strategy, history, space, number)
        _expect(values is not None, f"it leaves {size - number} candidates of {size} untried")
        _check_values(values or {}, space, history)
        history.append(end(number, values or {}))
    _expect(_propose(strategy, history, space, size) is None, "it goes on although all candidates were tried")


def _propose(
    strategy: Strategy, history: Sequence[Trial], space: keras_tuner.HyperParameters, number: int
) -> Values | None:
    """Proposes twice from the same arguments, and sees that nothing else takes part."""
    before = copy.deepcopy(list(history))
    random.seed(number)
    np.random.seed(number)
    state = random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()
    values = strategy.propose(history, space, np.random.default_rng(number))
    _expect(
        (random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tolist()) == state,
        "it draws from a global generator",
    )
    random.seed(number + 1)
    again = strategy.propose(before, space, np.random.default_rng(number))
    _expect(values == again, f"equal arguments give {values} and {again}")
    _expect(list(history) == before, "it changes the history")
    return values


def _check_values(values: Values, space: keras_tuner.HyperParameters, history: Sequence[Trial]) -> None:
    active = {hp.name: hp for hp in space.space if is_active(hp, values)}
    _expect(set(values) == set(active), f"{values} are not the active hyperparameters {sorted(active)}")
    for name, value in values.items():
        _expect(type(value) in (str, int, float, bool), f"{name} is {value!r}, which is no plain value")
        _expect(is_legal(active[name], value), f"{name} cannot be {value!r}")
    json.dumps(values)
    _expect(key(values) not in {trial.key for trial in history}, f"{values} were tried already")


def _trial(number: int, values: Values) -> Trial:
    """A trial that failed, was rejected, or has a score that several share."""
    status = (COMPLETED, COMPLETED, FAILED, COMPLETED, REJECTED)[number % 5]
    score = float(len(json.dumps(values)) % 7) if status == COMPLETED else None
    return Trial(number, values, status, score)


def _equal(number: int, values: Values) -> Trial:
    return Trial(number, values, score=0.5)


def _failed(number: int, values: Values) -> Trial:
    return Trial(number, values, FAILED)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
