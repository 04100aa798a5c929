"""Local search: from the best candidate to a better neighbour, until none is better."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from autonas.checks import integer
from autonas.strategies.base import Strategy, has_score, untried
from autonas.trials import Trial, key, reading
from autonas.values import Values, active_in, change, is_legal, is_range, legal_values, nearest, sample

if TYPE_CHECKING:
    import keras_tuner
    import numpy as np
    from keras_tuner.engine.hyperparameters import HyperParameter

_STEPS = (0.2, 0.05, 0.0125)  # of a range, to both sides: from a fifth of it to about a hundredth
_LAST = 1 - 1e-9  # positions are below 1


class Local(Strategy):
    """Local search with restarts.

    A climb begins with `samples` candidates drawn at random (or with the starting points of the search), and goes on from
    the best of them: its neighbours are tried in random order, and as soon as one is better the climb goes on from there.
    Neighbours differ in one hyperparameter. A label becomes any other one; a number moves by a fifth, a twentieth or an
    eightieth of its range to either side, so that there is an end to them in a continuous space too; what becomes active
    by the change takes its default. When all neighbours were tried and none is better, a local optimum is found, and a new
    climb begins.

    White et al. try all neighbours before they go to the best of these. Going at once to a better one costs fewer trials
    where there are many neighbours; they name it as a variant.

    Args:
        samples: How many random candidates a climb begins with, at least 1.

    Raises:
        InputError: If `samples` is no integer of at least 1.

    References:
        [White et al., 2020](https://arxiv.org/abs/2005.02960): Exploring the Loss Landscape in Neural Architecture
        Search, algorithm 1.

    Example:

    >>> Local(samples=5)
    Local(samples=5)
    """

    def __init__(self, samples: int = 10) -> None:
        self.samples = integer("Local's samples", samples, 1)

    def propose(
        self, history: Sequence[Trial], space: keras_tuner.HyperParameters, rng: np.random.Generator
    ) -> Values | None:
        """Draws a neighbour of the candidate that the climb has come to, or a random one where a climb begins."""
        left = list((reading(history, _Climb, self.samples, space).left or {}).values())
        if left:
            return left[int(rng.integers(len(left)))]
        return untried(history, space, rng, lambda: sample(space, rng))

    def __repr__(self) -> str:
        return f"Local(samples={self.samples})"


class _Climb:
    """Goes through a history as the search did.

    Attributes:
        left: The neighbours that the climb has yet to try; None before it has begun.
    """

    def __init__(self, samples: int, space: keras_tuner.HyperParameters) -> None:
        self._samples, self._space = samples, space
        self._known: set[str] = set()
        self._best: Trial | None = None
        self._begun = 0
        self.left: dict[str, Values] | None = None

    def add(self, trial: Trial) -> None:
        self._known.add(trial.key)
        self._begun += 1
        if self.left is not None:
            self.left.pop(trial.key, None)
        if has_score(trial) and (self._best is None or (trial.score or 0.0) > (self._best.score or 0.0)):
            self._best, self.left = trial, None
        if self.left is None and self._best is not None and self._begun >= self._samples:
            found = {key(values): values for values in neighbours(self._best.values, self._space)}
            self.left = {name: values for name, values in found.items() if name not in self._known}
        if self.left is not None and not self.left:
            self._best, self.left, self._begun = None, None, 0


def neighbours(values: Values, space: keras_tuner.HyperParameters) -> Iterator[Values]:
    """All candidates that differ in one hyperparameter, and in what follows from it.

    Args:
        values: The candidate. It stays as it is.
        space: Its space.

    Returns:
        The neighbours in a fixed order, none of them equal to `values`.
    """
    for target in active_in(values, space):
        for value in _near(target, values[target.name]):
            yield change(values, space, target, value, _default)


def _default(hyperparameter: HyperParameter) -> Any:
    default = hyperparameter.default
    return default if is_legal(hyperparameter, default) else hyperparameter.prob_to_value(0.5)


def _near(hyperparameter: HyperParameter, value: Any) -> list[Any]:
    """Values next to one: all other labels, or numbers at several distances, the adjacent ones of a list among them."""
    if not is_range(hyperparameter):
        return [other for other in hyperparameter.values if other != value]
    start = hyperparameter.value_to_prob(value)
    positions = [start + side * step for step in _STEPS for side in (-1, 1)]
    moved = [hyperparameter.prob_to_value(min(max(position, 0.0), _LAST)) for position in positions]
    listed = legal_values(hyperparameter)
    if listed is not None:
        place = nearest(listed, value)
        moved += [listed[other] for other in (place - 1, place + 1) if 0 <= other < len(listed)]
    return [other for other in dict.fromkeys(moved) if other != value]
