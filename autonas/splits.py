"""Validation parts for rows that are not independent: the latest rows validate, or whole groups do."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import numpy as np

from autonas import labels
from autonas.errors import InputError
from autonas.stratified import check_share

_DRAWS = 100  # of which the one nearest to the fraction is taken


def by_time(time: Any, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Splits row numbers so that no row of the first part is later than any of the second.

    Rows of equal time stay together, so the second part may be smaller or larger than the fraction says.

    Args:
        time: One for each row, (n,); see `read_time`.
        fraction: Share of the second part, in (0, 1).

    Returns:
        The row numbers of the first and of the second part, in the order of time.

    Raises:
        InputError: If the times cannot be read or are all the same, or the fraction is not in (0, 1).

    Example:

    >>> by_time(["2024-03-01", "2024-01-01", "2024-02-01"], 0.3)
    (array([1, 2]), array([0]))
    """
    check_share(fraction)
    when = read_time(time)
    order = np.argsort(when, kind="stable")
    changes = np.flatnonzero(when[order][1:] != when[order][:-1]) + 1  # where a second part may begin
    if not len(changes):
        raise InputError.of("time", "of two different times at least", f"{len(when)} times {when[0]}")
    begin = changes[np.argmin(np.abs(changes - (1 - fraction) * len(when)))]
    return order[:begin], order[begin:]


def by_group(
    groups: Any, fraction: float, seed: int, strata: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Splits row numbers so that no group is in both parts.

    Of many random splits it takes the one nearest to the fraction, in rows of each class where there are classes. With
    few or very unequal groups the second part may be smaller or larger than the fraction says.

    Args:
        groups: Whom each row belongs to (a customer, a patient), (n,): strings, integers, booleans or floats.
        fraction: Share of the rows in the second part, in (0, 1).
        seed: Of the choice.
        strata: A class for each row, (n,), or None.

    Returns:
        The row numbers of the first and of the second part, in random order.

    Raises:
        InputError: If there is one group only, a group is missing, the lengths differ, or the fraction is not in (0, 1).

    Example:

    >>> train, valid = by_group(["ann", "ann", "bob", "cid"], 0.25, seed=0)
    >>> len(train), len(valid)
    (3, 1)
    """
    check_share(fraction)
    names = _one_axis(labels.read(groups, "groups"), "groups")
    found, group, sizes = np.unique(names, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    if len(found) < 2:
        raise InputError.of("groups", "two groups at least, one of them to validate on", f"only {labels.few(found)}")
    if strata is not None and np.shape(strata) != names.shape:
        raise InputError.of("strata", f"one class for each row, {names.shape}", f"the shape {np.shape(strata)}")
    classes = np.zeros(len(names), int) if strata is None else np.unique(strata, return_inverse=True)[1].reshape(-1)
    rng = np.random.default_rng(seed)
    draws = [_draw(sizes, fraction, rng) for _ in range(_DRAWS)]
    held_out = min(draws, key=lambda draw: _distance(draw[group], classes, fraction))[group]
    order = rng.permutation(len(names))
    return order[~held_out[order]], order[held_out[order]]


def _draw(sizes: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Which groups are held out: as many random ones as come nearest to the fraction of the rows, but not all."""
    order = rng.permutation(len(sizes))
    rows = np.cumsum(sizes[order])[:-1]
    held_out = np.zeros(len(sizes), bool)
    held_out[order[: np.argmin(np.abs(rows - fraction * sizes.sum())) + 1]] = True
    return held_out


def _distance(held_out: np.ndarray, classes: np.ndarray, fraction: float) -> tuple[int, float]:
    """How many classes are missing in a part, and how far a part is off the fraction, on average over classes and rows."""
    counts = np.bincount(classes)
    shares = np.bincount(classes[held_out], minlength=len(counts)) / counts
    off = np.abs(shares - fraction).mean() + abs(held_out.mean() - fraction)
    return int(((shares == 0) | (shares == 1)).sum()), float(off)


def read_time(time: Any) -> np.ndarray:
    """Reads times as an array that can be ordered.

    Args:
        time: (n,), a list, an array or a pandas column: numbers, `datetime64`, `datetime` objects, or strings in ISO 8601 or
            in one other format. Times without a zone are taken as UTC where others have one.

    Returns:
        Numbers, or `datetime64` in UTC, (n,).

    Raises:
        InputError: If one is missing, cannot be read, or could be read as another day.
    """
    try:
        array = np.array(time, dtype=object) if isinstance(time, (list, tuple)) else np.asarray(time)
    except ValueError as error:
        raise InputError.of("time", "one time for each row, (n,)", f"a ragged {type(time).__name__}") from error
    array = _one_axis(array, "time")
    if array.dtype.kind not in "iufM":
        array = _parsed(array)
    missing = ~np.isfinite(array) if array.dtype.kind == "f" else np.isnat(array) if array.dtype.kind == "M" else None
    if missing is not None and missing.any():
        raise _missing(missing)
    return array


def _one_axis(array: np.ndarray, name: str) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not len(array):
        raise InputError.of(name, "one for each row, (n,)", f"the shape {array.shape}")
    return array


def _parsed(array: np.ndarray) -> np.ndarray:
    import pandas as pd

    values = array.astype(object)
    missing = pd.isna(values)
    if missing.any():
        raise _missing(missing)
    kinds = {_kind(value) for value in values}
    if kinds == {"number"}:
        return np.array(values.tolist())
    if kinds != {"date"}:
        raise InputError.of("time", "numbers, dates, or strings that are dates", "several types mixed or booleans")
    hint = "Convert them first: pandas.to_datetime(times, format=...)."
    readings = _readings(values)
    if not readings:
        got = f"{values[0]!r} to {values[-1]!r}" if len(values) > 1 else repr(values[0])
        raise InputError.of("time", "numbers, dates, or strings of one format that are dates", got, hint)
    first, last = readings[0], readings[-1]
    if (first != last).any():
        where = int(np.argmax(first != last))
        got = f"{values[where]!r}, which is {first[where]:%Y-%m-%d} or {last[where]:%Y-%m-%d}"
        raise InputError.of("time", "of dates that can be read in one way only", got, hint)
    return first.tz_localize(None).to_numpy()


def _kind(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "boolean"
    return "number" if isinstance(value, numbers.Real) else "date"


def _readings(values: np.ndarray) -> list[Any]:
    """The dates in every way that they can be read: as ISO 8601, or else with the month and with the day first."""
    import pandas as pd

    readings: list[Any] = []
    ways: list[dict[str, Any]] = [{"format": "ISO8601"}, {"dayfirst": False}, {"dayfirst": True}]
    for way in ways:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "Could not infer format")  # then pandas would guess for each string alone
            try:
                readings.append(pd.to_datetime(values, utc=True, **way))
            except (ValueError, TypeError, UserWarning):
                continue
        if "format" in way:
            break
    return readings


def _missing(missing: np.ndarray) -> InputError:
    got = f"{int(missing.sum())} missing (None, NaN, NaT or infinite), the first at {int(np.argmax(missing))}"
    return InputError.of("time", "known for each row", got, "Leave out those rows, or fill them in.")
