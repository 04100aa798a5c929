"""The canonical columns of a table: what becomes of each column of the user's.

Most become one column of float32 or of strings. A date becomes five numbers. Numbers that float32 would make alike, such as
20240101 and 20240102, become two, the nearest float32 and what it is off by, so that a network sees how far they are apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas.columns import BOOLEAN, CATEGORICAL, DATE, NUMERIC, boolean, gaps, moments, number_of, numeric, words

Columns = dict[str, np.ndarray]

# What a date is taken apart into; the year has a fraction, and so does the hour. Monday is 0.
DATE_PARTS = ("year", "month", "day", "weekday", "hour")
FINE_PARTS = ("rounded", "rest")
_RESERVED = ("core", "preprocessor")  # what a finished model calls its parts
# Steps of float32 between the least and the largest number, under which a column is taken apart.
_FEW_WHOLE, _FEW = 2**16, 2**12


def clean(column: Any) -> str:
    """The name of a column as Keras can have it."""
    cleaned = str(column).replace("/", "_") or "_"
    return f"{cleaned}_" if cleaned in _RESERVED else cleaned


def typed(values: np.ndarray, column: str, kind: str, name: str, strict: bool, fine: bool | None) -> Columns:
    """The canonical columns of one column.

    Args:
        values: As `autonas.columns.plain` returns them.
        column: Its name.
        kind: Its type.
        name: How the user knows it, for an error.
        strict: Whether a boolean column may hold nothing but what means true or false.
        fine: Whether numbers are taken apart; None finds out.

    Raises:
        InputError: If there is something that cannot be read as that type.
    """
    if kind == CATEGORICAL:
        return {column: words(values)}
    if kind == DATE:
        return dict(zip(names_of(column, DATE_PARTS), _date(values, name), strict=True))
    if kind == BOOLEAN:
        return {column: boolean(values, name, strict)}
    rounded = numeric(values, name)
    if fine is False:
        return {column: rounded}
    rest = _rest(values, rounded, name)
    fine = _is_fine(rounded, rest) if fine is None else fine
    return dict(zip(names_of(column, FINE_PARTS), (rounded, rest), strict=True)) if fine else {column: rounded}


def names_of(column: str, parts: tuple[str, ...]) -> list[str]:
    """What the parts of a column are called."""
    return [f"{column}:{part}" for part in parts]


def parts_in(column: str, columns: Mapping[str, Any], kind: str | None = None) -> list[str]:
    """The names of the parts of a column, of a type if that is known, if all of them are there; else none."""
    for whole, parts in ((DATE, DATE_PARTS), (NUMERIC, FINE_PARTS)):
        names = names_of(column, parts)
        if kind in (None, whole) and all(name in columns for name in names):
            return names
    return []


def types_of(x: Columns, given: Mapping[str, str]) -> dict[str, str]:
    """The types of the user's columns, read off the canonical ones."""
    types: dict[str, str] = {}
    for column, values in x.items():
        whole, _, part = column.rpartition(":")
        if part in DATE_PARTS and parts_in(whole, x, DATE):
            types[whole] = DATE
        elif part in FINE_PARTS and parts_in(whole, x, NUMERIC):
            types[whole] = NUMERIC
        elif values.dtype.kind == "U":
            types[column] = CATEGORICAL
        else:
            boolean = given.get(column, BOOLEAN) == BOOLEAN and np.isin(values, (0, 1)).sum() == (~gaps(values)).sum()
            types[column] = BOOLEAN if boolean else NUMERIC
    return types


def origin(x: Columns, column: str) -> list[float]:
    """A number in the middle of a column that was taken apart, taken apart as well."""
    return [float(np.float32(np.nanmedian(x[part]))) for part in names_of(column, FINE_PARTS)]


def above(origin: list[float], rounded: Any, rest: Any) -> Any:
    """How far numbers that were taken apart are from an origin: both differences are small, so float32 is exact enough."""
    return (rounded - np.float32(origin[0])) + (rest - np.float32(origin[1]))


def whole(x: Columns, origins: Mapping[str, list[float]]) -> Columns:
    """The columns with those that were taken apart as one, by how far they are from their origins."""
    joined: Columns = {}
    for column, values in x.items():
        name, _, part = column.rpartition(":")
        if name not in origins or part not in FINE_PARTS:
            joined[column] = values
        elif part == FINE_PARTS[0]:
            joined[name] = above(origins[name], *(x[each] for each in names_of(name, FINE_PARTS)))
    return joined


def _rest(values: np.ndarray, rounded: np.ndarray, name: str) -> np.ndarray:
    """What float32 left out, as float32."""
    if values.dtype.kind in "OU":
        values = np.array([number_of(value, name) for value in values.tolist()])
    return np.asarray((values.astype(np.longdouble) - rounded).astype(np.float32))


def _is_fine(rounded: np.ndarray, rest: np.ndarray) -> bool:
    present = ~np.isnan(rounded)
    if not rest[present].any():
        return False
    low, high = rounded[present].min(), rounded[present].max()
    few = _FEW_WHOLE if not (rest[present] % 1).any() else _FEW
    alike = low == high and np.ptp(rest[present]) == 0
    return not alike and bool(high - low < few * np.spacing(max(abs(low), abs(high))))


def _date(values: np.ndarray, name: str) -> list[np.ndarray]:
    """Year, month, day, weekday and hour, float32, NaN where missing."""
    values = moments(values, name)
    missing = np.isnat(values)
    moment = np.where(missing, np.datetime64("2000-01-01"), values).astype("datetime64[s]")
    days, months, years = (moment.astype(f"datetime64[{unit}]") for unit in "DMY")
    length = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")
    within = (moment - years.astype("datetime64[s]")) / length.astype("timedelta64[s]")
    parts = [
        years.astype(np.int64) + 1970 + within,
        months.astype(np.int64) % 12 + 1,
        (days - months.astype("datetime64[D]")).astype(np.int64) + 1,
        (days.astype(np.int64) + 3) % 7,
        (moment - days.astype("datetime64[s]")).astype(np.int64) / 3_600,
    ]
    return [np.where(missing, np.nan, part).astype(np.float32) for part in parts]
