"""From what the user passed to `fit` to data that candidates are trained on: check and split, then preprocess and encode.

Checking needs NumPy alone, so a wrong argument is told at once. Preprocessing needs Keras, and is done once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data as data_module
from autonas import datasets, splits, stratified, streams
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

    from autonas.estimators.base import Data
    from autonas.heads.base import Head
    from autonas.inputs.base import Input


@dataclasses.dataclass
class Part:
    """Examples, targets and weights in their canonical form."""

    x: Any
    y: Any
    sample_weight: Any

    def rows(self, rows: np.ndarray) -> Part:
        """Some of the examples."""
        weight = None if self.sample_weight is None else np.asarray(self.sample_weight)[rows]
        return Part(data_module.take(self.x, rows), data_module.take(self.y, rows), weight)

    def arrays(self) -> tuple[Any, ...]:
        """The three, for a fingerprint."""
        return self.x, self.y, self.sample_weight


@dataclasses.dataclass
class Given:
    """What the user gave, checked: the part to train on and the part to judge on.

    Attributes:
        train: To train on.
        validation: To judge on.
        split: The share that `validation` is of everything, or None if the user gave it apart.
        how: How it was chosen, in words.
    """

    train: Part
    validation: Part
    split: float | None
    how: str = "stratified"


def check(
    input: Input,
    head: Head,
    x: Any,
    y: Any,
    *,
    validation_split: float,
    validation_data: Any,
    class_weight: Any,
    sample_weight: Any,
    seed: int,
    how: Any = "stratified",
) -> Given:
    """Checks all data, fits input and head on it, and splits it.

    Args:
        input: Not fitted yet; learns from the part to train on.
        head: Not fitted yet; learns from all targets to train on.
        x: As `fit` takes it, and so are the next four.
        y: See there.
        validation_split: See there.
        validation_data: See there.
        class_weight: See there.
        sample_weight: See there.
        seed: Of the split.
        how: `split`, see there.

    Raises:
        InputError: If something cannot be used.
    """
    stratified.check_share(validation_split)
    _check_kind(how)

    def learn(y: Any, weights: Any) -> None:
        head.fit(y)
        head.weights(y, class_weight, weights)

    given = _part(input, head, x, y, sample_weight, "x", "y", seed, learn)
    if validation_data is None:
        how = _by_example(input, x, how)
        train, valid, name = _split(input, given, head.strata(given.y), validation_split, how, seed)
        input.fit(data_module.sample(given.x, train))
        data_module.verified(given.x)
        return Given(given.rows(train), given.rows(valid), validation_split, name)
    if how != "stratified":
        raise InputError.of("split", "left out with validation_data", repr(how))
    input.fit(data_module.sample(given.x))
    data_module.verified(given.x)
    parts = list(validation_data) if isinstance(validation_data, (tuple, list)) else [validation_data]
    if not 1 <= len(parts) <= 3:
        raise InputError.of("validation_data", "(x, y), (x, y, sample_weight) or a dataset", f"{len(parts)} parts")
    x_val, y_val, weight = (*parts, None, None)[:3]
    validation = _part(input, head, x_val, y_val, weight, "validation_data", "validation_data", seed)
    head.weights(validation.y, None, validation.sample_weight)
    data_module.verified(validation.x)
    share = data_module.held_out(validation.x, 1.0)
    if share < 1:
        n = data_module.length(validation.x)
        validation = validation.rows(stratified.subsample(n, head.strata(validation.y), share, seed))
    return Given(given, validation, None)


def _by_example(input: Input, x: Any, how: Any) -> Any:
    """`split` with one value for each example, where the user named a column, or has one for each event."""
    if not isinstance(how, Mapping) or datasets.is_dataset(x):
        return how
    read = {kind: input.targets(x, values, f"split[{kind!r}]") for kind, values in how.items()}
    named = {kind: values for kind, values in read.items() if isinstance(values, str) and hasattr(x, "columns")}
    return {**read, **{kind: x[column] for kind, column in named.items() if column in list(x.columns)}}


def _split(
    input: Input, given: Part, strata: Any, fraction: float, how: Any, seed: int
) -> tuple[np.ndarray, np.ndarray, str]:
    """The rows to train on, those to judge on, and how they were chosen."""
    n = data_module.length(given.x)
    fraction = data_module.held_out(given.x, fraction)
    if how == "stratified":
        return *stratified.split(n, strata, fraction, seed), "stratified"
    if how == "time":
        times = input.times(data_module.sample(given.x))
        if times is not None and len(times) != n:
            hint = "These are too many to look for their times."
            raise InputError.of("split", "{'time': times}, with one for each example", "'time'", hint)
        return *splits.by_time(np.arange(n) if times is None else times, fraction), "time"
    if isinstance(how, Mapping) and len(how) == 1:
        ((kind, values),) = how.items()
        if kind in ("time", "group") and np.shape(values) != (n,):
            got = repr(values) if isinstance(values, str) else f"shape {np.shape(values)}"
            raise InputError.of(f"split[{kind!r}]", f"a column, or one for each of the {n} examples", got)
        if kind == "time":
            return *splits.by_time(values, fraction), "time"
        if kind == "group":
            return *splits.by_group(values, fraction, seed, strata), "group"
    raise _unknown_kind(how)


def _check_kind(how: Any) -> None:
    kinds = list(how) if isinstance(how, Mapping) else []
    if not (isinstance(how, str) and how in ("stratified", "time")) and kinds not in (["time"], ["group"]):
        raise _unknown_kind(how)


def _unknown_kind(how: Any) -> InputError:
    return InputError.of("split", "'stratified', 'time', {'time': times} or {'group': groups}", repr(how))


def _part(
    input: Input,
    head: Head,
    x: Any,
    y: Any,
    sample_weight: Any,
    x_name: str,
    y_name: str,
    seed: int,
    learn: Callable[[Any, Any], None] | None = None,
) -> Part:
    """Checks examples and targets, these first: images may have to be decoded, which takes time."""
    x, y, sample_weight = streams.read(x, y, sample_weight, seed)
    y, sample_weight = streams.one_each(input, x, y, sample_weight)
    y = head.check(y, y_name)
    data_module.check_lengths(y, y, sample_weight)
    if learn is not None:
        learn(y, sample_weight)
    x = data_module.checked(x, input.check, x_name)
    data_module.check_lengths(x, y, sample_weight)
    return Part(x, y, sample_weight)


def prepare(
    given: Given, input: Input, head: Head, preprocessor: keras.Model, class_weight: Any, seed: int
) -> tuple[Data, Data]:
    """Preprocesses and encodes.

    Args:
        given: What `check` returned.
        input: Fitted.
        head: Fitted.
        preprocessor: The input's.
        class_weight: As `fit` takes it. It shapes the training, and not how candidates are judged.
        seed: Of the parts that a proxy task takes.

    Returns:
        The data of the search, with its validation part, and all the data as one, without.
    """
    from autonas.estimators.base import Data

    def ready(block: Any) -> Any:
        # `predict` would set up a pipeline each time, which takes longer than to preprocess one block of a stream
        return preprocessor.predict_on_batch(data_module.feed(block))

    train, valid = given.train, given.validation
    x, x_valid, every = data_module.in_one(train.x, valid.x, ready)
    y, y_valid = head.encode(train.y), head.encode(valid.y)
    class_weight = head.class_weight if class_weight is None else class_weight
    weights = head.weights(train.y, class_weight, train.sample_weight)
    judging = head.weights(train.y, None, train.sample_weight), head.weights(valid.y, None, valid.sample_weight)
    data = Data(x, y, weights, (x_valid, y_valid, judging[1]), head.strata(train.y), input, head, seed)
    sizes = data_module.length(x), data_module.length(x_valid)
    everything = Data(
        every,
        data_module.joined(y, y_valid),
        _joined(weights, head.weights(valid.y, class_weight, valid.sample_weight), *sizes),
        None,
        None,
        input,
        head,
        seed,
        _joined(*judging, *sizes),
    )
    return data, everything


def _joined(first: np.ndarray | None, second: np.ndarray | None, rows: int, more: int) -> np.ndarray | None:
    if first is None and second is None:
        return None
    parts = [np.ones(n, "float32") if w is None else w for w, n in ((first, rows), (second, more))]
    return np.concatenate(parts)
