"""What every strategy has to keep to."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import random
import tempfile
import warnings
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import keras_tuner
import numpy as np

from autonas import strategies
from autonas.loop import StrategyOracle
from autonas.strategies.base import Strategy
from autonas.trials import BUDGET, COMPLETED, FAILED, REJECTED, History, Trial, bare, fullest, key
from autonas.values import Values, is_active, is_legal


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


def smooth_space() -> keras_tuner.HyperParameters:
    """A space of labels, numbers and conditions, for `smooth_score`."""
    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["conv", "dense", "attention"])
    space.Choice("kernel", [1, 3, 5, 7], parent_name="kind", parent_values=["conv"])
    space.Int("units", 8, 512, sampling="log", parent_name="kind", parent_values=["dense", "attention"])
    space.Float("rate", 1e-4, 1e-1, sampling="log")
    space.Float("dropout", 0.0, 0.5, step=0.05)
    space.Choice("activation", ["relu", "gelu", "tanh", "elu"])
    space.Choice("width", [8, 16, 32, 64])
    return space


def smooth_score(values: Values) -> float:
    """A score for the candidates of `smooth_space`, at most 0: neighbours resemble each other, and each value counts."""
    kind = {"conv": 0.0, "attention": 0.4, "dense": 0.8}[values["kind"]]
    within = abs(values["kernel"] - 5) / 4 if "kernel" in values else abs(np.log2(values["units"] / 64)) / 4
    rate = (np.log10(values["rate"]) + 2.5) ** 2 / 2
    dropout = abs(values["dropout"] - 0.2) * 2
    activation = ["gelu", "relu", "elu", "tanh"].index(values["activation"]) / 4
    return -float(kind + within + rate + dropout + activation + abs(np.log2(values["width"] / 32)) / 3)


def learning_curve(values: Values, budget: float) -> float:
    """What a candidate of `smooth_space` would have come to after a share of its training.

    Its curve rises to `smooth_score`, of some candidates quickly and of others slowly, and is read with noise: after a
    ninth of the budget the order of candidates is not what it is in the end, but not another one either.
    """
    rng = np.random.default_rng(zlib.crc32(key(values).encode()))
    start, speed = rng.normal(-4.0, 0.5), rng.uniform(3.0, 12.0)
    noise = 0.1 * np.random.default_rng([zlib.crc32(key(values).encode()), round(1_000 * budget)]).normal()
    final = smooth_score(values)
    return float(final + (start - final) * np.exp(-speed * budget) + noise)


def best_at(strategy: Strategy, budget: float, seed: int) -> float:
    """The `smooth_score` of the candidate that a search over `learning_curve` ends with, after so many full trainings.

    A candidate that is sent on goes on with its training, and costs what comes on top. The best is that of the largest
    budget that was reached, by what was read of its curve.
    """
    space, history, spent = smooth_space(), History(), 0.0
    reached: dict[str, float] = {}
    while spent < budget - 1e-9:
        values = strategy.propose(history, space, np.random.default_rng([seed, len(history)])) or {}
        trial = Trial(len(history), values, score=learning_curve(bare(values), values.get(BUDGET, 1.0)))
        spent += trial.budget - reached.get(trial.candidate, 0.0)
        reached[trial.candidate] = trial.budget
        if spent <= budget + 1e-9:
            history.append(trial)
    return smooth_score(bare(fullest(history)[0].values))


def p_value_of_budgets(strategy: Strategy, budget: float = 15, searches: int = 30) -> float:
    """How sure it is that shares of the budget find better candidates than random search with as many epochs in all.

    Args:
        strategy: What to compare; it shares out budgets.
        budget: Of a search, in full trainings.
        searches: How many searches each of the two runs.

    Returns:
        The p-value of a one-sided Wilcoxon signed-rank test on the ends of the curves of the best: the smaller, the surer.
    """
    from scipy.stats import wilcoxon

    gains = np.array(
        [best_at(strategy, budget, seed) - best_at(strategies.get("random"), budget, seed) for seed in range(searches)]
    )
    return float(wilcoxon(gains[gains != 0], alternative="greater").pvalue)


def check_strategy(strategy: Strategy, trials: int = 20) -> None:
    """Checks a strategy.

    - Candidates are legal, complete and never tried before; a small space is covered to its last one.
    - Chance is from its generator alone, and the history stays as it was: a search that stopped goes on as if it had not.
    - Trials without a finite score do no harm, whatever is in place of it.
    - As an oracle of a plain Keras Tuner it does the same, whether it minimises or maximises.

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
            _check_values(strategy, values or {}, space, history)
            history.append(_trial(number, values or {}))
        _check_resume(strategy, history, space)
        _check_unscored(strategy, history, space)
        _check_several(strategy, history, space)
    for end in (_trial, _equal, _failed, _not_a_number):
        _check_end(strategy, end)
    _check_oracle(strategy, trials)


def p_value_against_random(strategy: Strategy, trials: int = 25, searches: int = 12) -> float:
    """How sure it is that a strategy finds better candidates than random search, on `smooth_space`.

    Args:
        strategy: What to compare.
        trials: How many candidates a search may try.
        searches: How many searches each of the two runs, with the same seeds.

    Returns:
        The p-value of a one-sided Wilcoxon signed-rank test on the best scores: the smaller, the surer.

    Example:

    >>> p_value_against_random(Evolution()) < 0.01
    True
    """
    from scipy.stats import wilcoxon

    space = smooth_space()

    def best(strategy: Strategy, seed: int) -> float:
        history: list[Trial] = []
        for number in range(trials):
            values = strategy.propose(history, space, np.random.default_rng([seed, number])) or {}
            history.append(Trial(number, values, score=smooth_score(values)))
        return max(trial.score or 0.0 for trial in history)

    gains = np.array([best(strategy, seed) - best(strategies.get("random"), seed) for seed in range(searches)])
    # Ties are left out, as the test would do; older SciPy warns of them.
    return float(wilcoxon(gains[gains != 0], alternative="greater").pvalue)


def _check_resume(strategy: Strategy, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> None:
    """Checks that a copy of the strategy goes on from any part of a history as the search did, and with one that grows."""
    for number in (0, len(history) // 2, len(history) - 1):
        for past in (list(history[:number]), History(history[:number])):
            values = copy.deepcopy(strategy).propose(past, space, np.random.default_rng(number))
            _expect(values == history[number].values, f"resumed after {number} trials, it goes on with {values}")
    growing = History()
    for number, trial in enumerate(history):
        values = strategy.propose(growing, space, np.random.default_rng(number))
        _expect(values == trial.values, f"with a history that has grown to {number} trials, it goes on with {values}")
        growing.append(trial)


def _check_unscored(strategy: Strategy, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> None:
    """Checks that a trial with a NaN or an infinity is what a failed one is."""
    rng = np.random.default_rng(len(history))
    expected = strategy.propose(history, space, rng)
    for number in (float("nan"), float("inf"), float("-inf")):
        unscored = [
            dataclasses.replace(t, status=COMPLETED, score=number) if t.status == FAILED else t for t in history
        ]
        values = strategy.propose(unscored, space, np.random.default_rng(len(history)))
        _expect(values == expected, f"a score of {number} makes it propose {values} instead of {expected}")


def _check_several(strategy: Strategy, history: Sequence[Trial], space: keras_tuner.HyperParameters) -> None:
    """Checks that several proposals at once are as good as one: legal, untried, and the first as if it were alone."""
    one = strategy.propose(history, space, np.random.default_rng(0))
    several = strategy.propose_several(history, space, [np.random.default_rng(seed) for seed in range(3)])
    _expect(len(several) == 3, f"it was asked for 3 proposals and makes {len(several)}")
    _expect(several[0] == one, f"the first of several proposals is {several[0]}, alone it is {one}")
    for values in several:
        _check_values(strategy, values, space, history)


def _check_oracle(strategy: Strategy, trials: int) -> None:
    """Checks that a plain tuner of Keras Tuner does with it what the strategy says, in both directions."""
    space = smooth_space()
    expected: list[Trial] = []
    for number in range(trials):
        values = strategy.propose(expected, space, np.random.default_rng([3, number])) or {}
        score = smooth_score(values) if number % 5 != 3 else None
        expected.append(Trial(number, values, COMPLETED if score is not None else FAILED, score))
    for sign, direction in ((1, "max"), (-1, "min")):
        found = _tune(strategy, space, direction, trials, functools.partial(_turned, sign))
        _expect(
            found == [trial.values for trial in expected],
            f"as an oracle that is to find a {direction}imum it does something else than the strategy",
        )
    finite, size = finite_space()
    found = _tune(strategy, finite, "max", 10 * size, lambda values: 0.5)
    covered = len({key(bare(values)) for values in found}) == size
    _expect(covered and len(found) < 10 * size, "the oracle does not cover a small space and stop by itself")


def _turned(sign: int, values: Values) -> float:
    return sign * smooth_score(values)


def _tune(
    strategy: Strategy,
    space: keras_tuner.HyperParameters,
    direction: str,
    trials: int,
    score: Callable[[Values], float],
) -> list[Values]:
    """Runs a plain tuner of Keras Tuner, in which two trials of ten fail; returns the candidates in their order."""
    objective = keras_tuner.Objective("score", direction)
    oracle = StrategyOracle(strategy, objective=objective, max_trials=trials, seed=3, max_consecutive_failed_trials=99)
    oracle.update_space(space)
    oracle.verbose = 0
    found: list[Values] = []

    def run_trial(trial: Any) -> float:
        found.append(dict(trial.hyperparameters.values))
        if len(found) % 10 == 4:
            raise keras_tuner.errors.FailedTrialError("as some do")
        return float("nan") if len(found) % 10 == 9 else score(found[-1])

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Keras Tuner asks the thread for its name in a way that Python calls old.
        warnings.filterwarnings("ignore", "currentThread|getName", DeprecationWarning)
        tuner = keras_tuner.engine.base_tuner.BaseTuner(oracle, directory=folder)
        tuner.run_trial = run_trial
        tuner.search()
    return found


def _check_end(strategy: Strategy, end: Callable[[int, Values], Trial]) -> None:
    """Checks that a small space is covered to its last candidate, whatever comes of the trials."""
    space, size = finite_space()
    history: list[Trial] = []
    for number in range(10 * size):
        values = _propose(strategy, history, space, number)
        if values is None:
            break
        _check_values(strategy, values, space, history)
        history.append(end(number, values))
    else:
        raise AssertionError("it goes on although all candidates were tried")
    tried = len({key(bare(trial.values)) for trial in history})
    _expect(tried == size, f"it leaves {size - tried} candidates of {size} untried")


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


def _check_values(
    strategy: Strategy, values: Values, space: keras_tuner.HyperParameters, history: Sequence[Trial]
) -> None:
    _expect(key(values) not in {trial.key for trial in history}, f"{values} were tried already")
    if strategy.multi_fidelity:
        _expect(0 < values.get(BUDGET, 0) <= 1, f"{values} have no share of the budget")
        values = bare(values)
    active = {hp.name: hp for hp in space.space if is_active(hp, values)}
    _expect(set(values) == set(active), f"{values} are not the active hyperparameters {sorted(active)}")
    for name, value in values.items():
        _expect(type(value) in (str, int, float, bool), f"{name} is {value!r}, which is no plain value")
        _expect(is_legal(active[name], value), f"{name} cannot be {value!r}")
    json.dumps(values)


def _trial(number: int, values: Values) -> Trial:
    """A trial that failed, was rejected, or has a score that several share."""
    status = (COMPLETED, COMPLETED, FAILED, COMPLETED, REJECTED)[number % 5]
    score = float(len(json.dumps(values)) % 7) if status == COMPLETED else None
    return Trial(number, values, status, score)


def _equal(number: int, values: Values) -> Trial:
    return Trial(number, values, score=0.5)


def _not_a_number(number: int, values: Values) -> Trial:
    return Trial(number, values, score=float("nan"))


def _failed(number: int, values: Values) -> Trial:
    return Trial(number, values, FAILED)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
