"""Candidates as numbers: what surrogates and predictors learn from, whatever the space.

A label becomes one column for each value, a number of a range its position there. A hyperparameter that depends on others
has one more column that says whether it is inactive, so that "not there" is not mistaken for a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras_tuner
    from keras_tuner.engine.hyperparameters import HyperParameter


class Encoding:
    """Turns candidates of a space into rows of numbers, all in [0, 1].

    - A list of labels (`hp.Choice`, `hp.Boolean`) has a column for each value, 1 for the value that is taken (one-hot). With
      a single value (`hp.Fixed`) there is nothing to tell, and no column.
    - A range (`hp.Int`, `hp.Float`) has one column: the position between the least and the greatest value, on the scale
      that it is sampled on (linear, logarithmic or reversed logarithmic).
    - A conditional hyperparameter has one more column, 1 where it is inactive; its others are 0 there.

    Args:
        space: All hyperparameters, the conditional ones included.

    Attributes:
        names: What each column says: `"kernel=3"`, `"rate"`, `"rate inactive"`.
        owners: The hyperparameter that each column belongs to.

    Example:

    >>> space = keras_tuner.HyperParameters()
    >>> _ = space.Choice("kind", ["conv", "dense"])
    >>> _ = space.Int("units", 1, 100, sampling="log", parent_name="kind", parent_values=["dense"])
    >>> encoding = Encoding(space)
    >>> encoding.names
    ['kind=conv', 'kind=dense', 'units', 'units inactive']
    >>> encoding.transform([{"kind": "conv"}, {"kind": "dense", "units": 10}])
    array([[1. , 0. , 0. , 1. ],
           [0. , 1. , 0.5, 0. ]])
    """

    def __init__(self, space: keras_tuner.HyperParameters) -> None:
        self.names: list[str] = []
        self.owners: list[str] = []
        alike: dict[tuple[Any, ...], list[int]] = {}
        self._parts: list[tuple[HyperParameter, int, Callable[[Sequence[Any]], np.ndarray]]] = []
        for hyperparameter in space.space:
            names, encode = _columns(hyperparameter)
            self._parts.append((hyperparameter, len(self.names), encode))
            for place, name in enumerate(names):
                kind = (*_kind(hyperparameter), name.removeprefix(hyperparameter.name))
                alike.setdefault(kind, []).append(len(self.names) + place)
            if hyperparameter.conditions:
                names = [*names, f"{hyperparameter.name} inactive"]
            self.names += names
            self.owners += [hyperparameter.name] * len(names)
        several = [columns for columns in alike.values() if len(columns) > 1]
        self._sums = np.zeros((len(self.names), len(several)))
        for group, columns in enumerate(several):
            self._sums[columns, group] = 1 / np.sqrt(len(columns))

    def transform(self, candidates: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Encodes candidates.

        Args:
            candidates: The values of each. A value that the hyperparameter does not have (of an older space, say) is encoded
                as its nearest in a range, and as none of the labels in a list; one that is missing as inactive.

        Returns:
            Floats of the shape (number of candidates, number of columns).
        """
        rows = np.zeros((len(candidates), len(self.names)))
        for hyperparameter, first, encode in self._parts:
            name, conditions = hyperparameter.name, hyperparameter.conditions
            active = [
                row
                for row, values in enumerate(candidates)
                if name in values and all(condition.is_active(values) for condition in conditions)
            ]
            block = encode([candidates[row][name] for row in active])
            rows[active, first : first + block.shape[1]] = block
            if conditions:
                rows[:, first + block.shape[1]] = 1
                rows[active, first + block.shape[1]] = 0
        return rows

    def histogram(self, rows: np.ndarray) -> np.ndarray:
        """How often each value was taken, wherever in the candidate: what layers of one kind have in common.

        Hyperparameters with the same labels are counted together, and so are ranges with the same ends, whose positions are
        added up. Counts of n columns are divided by the root of n, so that they weigh as much as a column of their own.

        Args:
            rows: Encoded candidates, as `transform` returns them.

        Returns:
            Floats of the shape (number of candidates, values that several hyperparameters share).

        References:
        - [Ru et al., 2021](https://arxiv.org/abs/2006.07556): Interpretable Neural Architecture Search via Bayesian
          Optimisation with Weisfeiler-Lehman Kernels, section 3.1 (the features of height 0).
        """
        return rows @ self._sums


def _kind(hyperparameter: HyperParameter) -> tuple[Any, ...]:
    """What two hyperparameters have in common whose values mean the same."""
    if hasattr(hyperparameter, "min_value"):
        ends = (hyperparameter.min_value, hyperparameter.max_value)
        return (type(hyperparameter), *ends, hyperparameter.sampling)
    return (type(hyperparameter), *hyperparameter.values)


def _columns(hyperparameter: HyperParameter) -> tuple[list[str], Callable[[Sequence[Any]], np.ndarray]]:
    """Names of the columns of a hyperparameter, and what fills them for some of its values."""
    if hasattr(hyperparameter, "min_value"):
        return [hyperparameter.name], lambda values: position(hyperparameter, values)[:, None]
    labels = list(hyperparameter.values)
    if len(labels) < 2:
        return [], lambda values: np.zeros((len(values), 0))
    place = {label: column for column, label in enumerate(labels)}
    one_hot = np.vstack([np.eye(len(labels)), np.zeros(len(labels))])  # the last row: none of them
    return (
        [f"{hyperparameter.name}={label}" for label in labels],
        lambda values: one_hot[[place.get(value, -1) for value in values]],
    )


def position(hyperparameter: HyperParameter, values: Sequence[float]) -> np.ndarray:
    """Where numbers stand in a range, on the scale that it is sampled on.

    Args:
        hyperparameter: An `hp.Int` or `hp.Float`.
        values: Numbers. Those beyond an end are taken as the end.

    Returns:
        Floats of the same number, 0 for the least and 1 for the greatest value; 0.5 in a range of one value.
    """
    low, high = float(hyperparameter.min_value), float(hyperparameter.max_value)
    numbers = np.clip(np.asarray(values, dtype=float), low, high)
    if low == high:
        return np.full(numbers.shape, 0.5)
    if hyperparameter.sampling == "log":
        return np.log(numbers / low) / np.log(high / low)
    if hyperparameter.sampling == "reverse_log":
        return 1 - np.log((high + low - numbers) / low) / np.log(high / low)
    return (numbers - low) / (high - low)
