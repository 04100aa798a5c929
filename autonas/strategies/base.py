"""The contract of a strategy, and what every strategy does with a search space: sample, mutate, complete, list.

A search space is a `keras_tuner.HyperParameters` that knows all its hyperparameters, the conditional ones included. A
candidate holds a value for each hyperparameter that is active under its other values, and for no other.
"""

from __future__ import annotations

import abc
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas.errors import InputError
from autonas.trials import BUDGET, REJECTED, RESOURCE, History, Trial, bare, key, tried

if TYPE_CHECKING:
    import keras_tuner
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
    multi_fidelity: ClassVar[bool] = False

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

    def propose_several(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rngs: Iterable[np.random.Generator]
    ) -> list[Values]:
        """One proposal for each generator, as `propose` makes it, for a screen to choose from; fewer at the end of a space.

        To be overridden where several can be made at little more than the price of one, such as of one fitted model.
        """
        proposed = (self.propose(history, space, rng) for rng in rngs)
        return [values for values in proposed if values is not None]

    def enter(self, values: Values) -> Values:
        """A candidate of another's (a starting point, a warm start) as it is to be evaluated."""
        return dict(values)

    def unfinished(self, history: Sequence[Trial]) -> list[Trial]:
        """The trials that it may go on with: what is kept of the other trainings is of no use any more."""
        return []


class MultiFidelity(Strategy):
    """Evaluates many candidates with a part of the budget, and the best of them with more of it.

    What it proposes has the share of the full budget among its values, as `"tuner/budget"`. The evaluation goes on with a
    candidate where it stopped. It is a strategy like any other: which rung a candidate stands on is read off the history.

    Args:
        factor: How many candidates there are for each that goes on, and how many times the budget it then gets, at least 2.
        least: The smallest share of the budget, in (0, 1]. The shares are 1 and its divisions by `factor` down to `least`.
        strategy: Who proposes new candidates, for the lowest rung: a name of `autonas.strategies`, or an instance.
        resource: What is shared out: `"epochs"`, or `"data"`, of which a part is trained on.

    Attributes:
        shares: The shares, smallest first.

    Raises:
        InputError: If an argument is out of its range.
    """

    multi_fidelity = True

    def __init__(
        self, factor: int = 3, least: float = 1 / 9, strategy: Any = "random", resource: str = "epochs"
    ) -> None:
        from autonas.strategies import get

        name = type(self).__name__
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2:
            raise InputError.of(f"{name}(factor=)", "an integer from 2 up", repr(factor))
        if isinstance(least, bool) or not isinstance(least, (int, float)) or not 0 < least <= 1:
            raise InputError.of(f"{name}(least=)", "a share in (0, 1]", repr(least))
        if resource not in ("epochs", "data"):
            raise InputError.of(f"{name}(resource=)", "'epochs' or 'data'", repr(resource))
        self.factor, self.least, self.resource = factor, float(least), resource
        self.strategy = get(strategy)
        if self.strategy.multi_fidelity:
            raise InputError.of(f"{name}(strategy=)", "one that shares out no budgets itself", repr(self.strategy))
        levels = int(math.log(1 / self.least, factor) + 1e-9)
        self.shares = [float(factor) ** -level for level in range(levels, -1, -1)]

    def enter(self, values: Values) -> Values:
        """Puts it on the lowest rung."""
        return self.at(values, self.shares[0])

    def at(self, values: Mapping[str, Any], share: float) -> Values:
        """A candidate with a share of the budget."""
        resource = {} if self.resource == "epochs" else {RESOURCE: self.resource}
        return {**bare(values), BUDGET: share, **resource}

    def draw(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Asks the strategy for a new candidate, for the lowest rung.

        Scores of different budgets cannot be compared. So it learns from those of one, the largest that more candidates
        were evaluated with than there are hyperparameters, or else the one that most were (Falkner et al., 2018, section
        3.2); the other candidates it only knows as tried.
        """
        counts = dict.fromkeys(reversed(self.shares), 0)
        for trial in scored(history):
            counts[_share(trial)] = counts.get(_share(trial), 0) + 1
        enough = [share for share, count in counts.items() if count > len(space.space)]
        share = enough[0] if enough else max(counts, key=lambda share: counts[share])
        known: dict[str, Trial] = {}
        for trial in history:
            values = bare(trial.values)
            if _share(trial) == share or not any(scored([trial])):
                known[key(values)] = dataclasses.replace(trial, values=values)
            elif key(values) not in known:
                known[key(values)] = dataclasses.replace(trial, values=values, status=REJECTED, score=None, scores=[])
        return self.strategy.propose(History(known.values()), space, rng)

    def __repr__(self) -> str:
        made_with = (
            f"factor={self.factor}, least={self.least:.6g}, strategy={self.strategy!r}, resource={self.resource!r}"
        )
        return f"{type(self).__name__}({made_with})"


def _share(trial: Trial) -> float:
    return float(trial.values.get(BUDGET, 1.0))


def rungs(history: Sequence[Trial]) -> list[Trial]:
    """The trials of a history that stand on a rung: with a share of the budget, and trained.

    One that was rejected when it was new was not trained. One that was rejected later takes its place, and fails there.
    """
    seen: set[str] = set()
    standing = []
    for trial in history:
        name = key(bare(trial.values))
        if BUDGET in trial.values and (trial.status != REJECTED or name in seen):
            seen.add(name)
            standing.append(trial)
    return standing


def scored(history: Iterable[Trial]) -> Iterator[Trial]:
    """The trials with a score that can be compared: those that failed, were rejected or came to no finite number have none."""
    return (trial for trial in history if trial.score is not None and math.isfinite(trial.score))


def normal_ranks(history: Sequence[Trial]) -> np.ndarray:
    """What a surrogate learns: scores as normal quantiles of their ranks, so that their scale and outliers do not matter.

    Args:
        history: Finished trials. Those without a score count as the worst, so that a model of them keeps away from what
            fails or breaks a limit.

    Returns:
        Floats of the shape (trials,), higher is better, of a mean of about 0 and a standard deviation of at most 1.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores = [trial.score if next(scored([trial]), None) else -np.inf for trial in history]
    return ndtri((rankdata(scores) - 0.5) / max(1, len(scores)))


def pool(
    history: Sequence[Trial],
    parents: Sequence[Trial],
    space: keras_tuner.HyperParameters,
    rng: np.random.Generator,
    drawn: int,
    mutated: int,
) -> list[Values]:
    """Candidates for a surrogate to choose from: different ones, none of which was tried.

    Args:
        history: The finished trials.
        parents: Those whose candidates are mutated, taking turns; the first time in one place, then in two, in one, ...
        space: All hyperparameters.
        rng: The only source of chance.
        drawn: How many are drawn from the space.
        mutated: How many are mutations.

    Returns:
        At most `drawn + mutated` candidates; few or none where most of the space was tried.
    """
    found = [sample(space, rng) for _ in range(drawn)]
    for number in range(mutated if parents else 0):
        values = parents[number % len(parents)].values
        for _ in range(1 + number // len(parents) % 2):
            values = mutate(values, space, rng)
        found.append(values)
    known = tried(history)
    return [values for name, values in {key(values): values for values in found}.items() if name not in known]


def best_trials(history: Sequence[Trial], number: int) -> list[Trial]:
    """The trials with the highest scores, best first, of equals the earlier one first."""
    return sorted(scored(history), key=lambda trial: -(trial.score or 0.0))[:number]


def remembered(history: Sequence[Trial], memory: int) -> list[Trial]:
    """At most `memory` trials of a history, in its order: half of them the best, the others the latest."""
    if len(history) <= memory:
        return list(history)
    kept = {id(trial): trial for trial in best_trials(history, memory // 2)}
    for trial in reversed(history):
        if len(kept) == memory:
            break
        kept[id(trial)] = trial
    return [trial for trial in history if id(trial) in kept]


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


def legal_values(hyperparameter: HyperParameter) -> Sequence[Any] | None:
    """All values of a hyperparameter, of the type that it declares; None for a range of floats without a step."""
    if not is_range(hyperparameter):
        return list(hyperparameter.values)
    whole = isinstance(hyperparameter.min_value, int)
    if hyperparameter.min_value == hyperparameter.max_value:
        return [hyperparameter.min_value]
    if whole and hyperparameter.sampling == "linear":
        return range(hyperparameter.min_value, hyperparameter.max_value + 1, hyperparameter.step or 1)
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
            first = listed.index(start[name]) if start.get(name) in listed else 0
            for place in range(first, len(listed)):
                begin = start if place == first and name in start else {}
                yield from extend({**values, name: listed[place]}, rest[1:], begin)

    return extend({}, list(space.space), start or {})


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


def integer(what: str, value: Any, low: int, high: int | None = None) -> int:
    """Reads an integer argument of a strategy.

    Raises:
        InputError: If it is no integer, or not between `low` and `high`.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high):
        return value
    raise InputError.of(what, f"an integer {'of at least' if high is None else 'from'} {low}{_to(high)}", repr(value))


def fraction(what: str, value: Any) -> float:
    """Reads an argument of a strategy that is a probability.

    Raises:
        InputError: If it is no number from 0 to 1.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise InputError.of(what, "a number from 0 to 1", repr(value))


def positive(what: str, value: Any) -> float:
    """Reads an argument of a strategy that is a rate.

    Raises:
        InputError: If it is no finite number above 0.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    raise InputError.of(what, "a number above 0", repr(value))


def _to(high: int | None) -> str:
    return "" if high is None else f" to {high}"
