"""Columns as users hold them: read out of frames, dicts and rows, and as numbers, words or dates, with gaps.

What a table and a frame of events have in common. NumPy alone is needed, so that a device reads them in the same way.
"""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autonas.errors import InputError
from autonas.labels import few, unmasked

NUMERIC, CATEGORICAL, BOOLEAN, DATE = TYPES = ("numeric", "categorical", "boolean", "date")
LARGEST = 1e30
_WHOLE = 2**53  # from here on, floats make one of several whole numbers, such as ids
ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?")
MARKS = {"", "-", "?", "#n/a", "<na>", "n/a", "na", "nan", "nat", "none", "null"}  # of gaps, among numbers and dates
_TRUE, _FALSE = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")
_DATES = (datetime.date, np.datetime64)
_HINTS = {  # what to do with values of other types
    "time": "Make hours of them: [t.hour + t.minute / 60 for t in column].",
    "Period": "Make dates of them: column.dt.to_timestamp().",
    "UUID": "Drop the column, or make texts of them: column.astype(str).",
    "Interval": "Make texts of them: column.astype(str).",
}
_SCALARS = (str, bool, np.bool_, numbers.Number, *_DATES)


def read(x: Any, name: str, rename: Callable[[Any], str] = str, utc: bool = False) -> dict[str, np.ndarray]:
    """Reads a table as columns by name.

    Args:
        x: A pandas frame, a dict of columns, a 2-D array, a list of dicts or a list of rows; columns without names are called
            `"0"`, `"1"`, ...
        name: How the user knows it, for the error.
        rename: Makes a text of a column's name.
        utc: Whether dates with a zone become those of UTC; they are as the clock showed them otherwise.

    Returns:
        Arrays of the same length, of at least one row, of any type of NumPy's.

    Raises:
        InputError: If it is no table, is empty, or names come twice.

    Example:

    >>> read({"age": [31, None], "city": ["Rome", "Oslo"]}, "x")
    {'age': array([31, None], dtype=object), 'city': array(['Rome', 'Oslo'], dtype=object)}
    """
    if hasattr(x, "iloc") and hasattr(x, "columns"):
        pairs = [(column, _series(x.iloc[:, number], utc)) for number, column in enumerate(x.columns)]
    elif isinstance(x, Mapping):
        pairs = [(column, _column(values, f"{name}[{column!r}]", utc)) for column, values in x.items()]
    elif isinstance(x, (list, tuple)) and x and all(isinstance(row, Mapping) for row in x):
        known = dict.fromkeys(column for row in x for column in row)
        pairs = [(column, _objects([row.get(column) for row in x])) for column in known]
    else:
        pairs = list(enumerate(_matrix(x, name)))
    columns = {rename(column): values for column, values in pairs}
    if len(columns) < len(pairs):
        cleaned = [rename(column) for column, _ in pairs]
        twice = np.array(sorted({column for column in cleaned if cleaned.count(column) > 1}))
        raise InputError.of(name, "columns with names of their own", f"{few(twice)} more than once", "Rename them.")
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError.of(name, "columns of the same length", str(lengths))
    if not any(lengths.values()):
        raise InputError.of(name, "a table with at least one row and one column", f"{len(columns)} columns of no rows")
    return columns


def _matrix(x: Any, name: str) -> Sequence[Any]:
    hint = "One row is passed as [row], one column as {'name': values}."
    if isinstance(x, (list, tuple)):
        if not all(isinstance(row, (list, tuple, np.ndarray)) and np.ndim(row) == 1 for row in x):
            raise InputError.of(
                name, "a table: a frame, a dict of columns, or a list of rows", "a list of values", hint
            )
        widths = sorted({len(row) for row in x})
        if len(widths) > 1:
            raise InputError.of(name, "rows of the same length", f"rows of {widths[0]} and of {widths[-1]} values")
        return [_objects(column) for column in zip(*x, strict=True)]
    array = np.asarray(unmasked(x))
    if hasattr(x, "toarray"):
        hint = "Pass x.toarray(), or a frame of pandas.DataFrame.sparse.from_spmatrix(x)."
    if array.ndim != 2:
        got = f"shape {array.shape}" if array.ndim else f"a {type(x).__name__}"
        raise InputError.of(name, "a table: a frame, a dict of columns, or an array (rows, columns)", got, hint)
    return list((array.astype(object) if array.dtype.kind in "US" else array).T)


def _objects(values: Sequence[Any]) -> np.ndarray:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _column(values: Any, name: str, utc: bool) -> np.ndarray:
    if hasattr(values, "iloc") and hasattr(values, "dtype"):
        return _series(values, utc)
    if isinstance(values, (list, tuple)):
        return _objects(
            [value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value for value in values]
        )
    array = np.asarray(unmasked(values))
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        hint = "One row is passed as [row]." if array.ndim == 0 else ""
        got = f"shape {array.shape}" if array.ndim else repr(values)
        raise InputError.of(name, "a column, one value for each row", got, hint)
    return array


def _series(series: Any, utc: bool) -> np.ndarray:
    """A column of pandas as an array of NumPy's types, or of objects; a categorical one as strings."""
    kind = str(series.dtype)
    if kind == "category":
        return words(_series(series.astype(object), utc))
    if kind.startswith(("datetime64", "timestamp")):
        series = series.dt.tz_convert(None) if utc and series.dt.tz is not None else series.dt.tz_localize(None)
        return np.asarray(series.to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT")))
    if isinstance(series.dtype, np.dtype):
        return np.asarray(series.to_numpy())
    if series.dtype.kind in "iu" and not series.hasnans:
        return np.asarray(series.to_numpy(dtype=f"{series.dtype.kind}8"))
    if series.dtype.kind in "iuf":
        found = np.asarray(series.to_numpy(dtype="float64", na_value=np.nan))
        if series.dtype.kind == "f" or not (np.abs(found) >= _WHOLE).any():
            return found
    return np.asarray(series.to_numpy(dtype=object, na_value=None))


# --- what is in a column


def plain(values: np.ndarray, name: str) -> np.ndarray:
    """Booleans, numbers, strings or dates as arrays of NumPy's types; what is mixed, or has gaps, stays an array of objects.

    Raises:
        InputError: If there is something else among them: a list, a dict.
    """
    if values.dtype.kind == "m":
        return np.where(np.isnat(values), np.nan, values.astype("timedelta64[us]").astype(np.float64) / 1e6)
    if values.dtype.kind in "biufUM":
        return values
    if values.dtype.kind not in "OST":
        raise InputError.of(name, "numbers, strings, booleans or dates", f"the type {values.dtype}")
    found = [None if is_gap(value) else value for value in values.astype(object)]
    for number, value in enumerate(found):
        if isinstance(value, bytes):
            found[number] = value.decode(errors="replace") or None
        elif isinstance(value, datetime.timedelta):
            found[number] = value.total_seconds()
        elif not isinstance(value, (type(None), *_SCALARS)):
            kind = type(value).__name__
            hint = _HINTS.get(kind, "Give each of its values a column of its own, or drop the column.")
            raise InputError.of(name, "a column of numbers, strings, booleans or dates", f"a {kind}", hint)
    return _objects(found)


def is_gap(value: Any) -> bool:
    """Whether a value is missing: None, NaN, NA, NaT or an empty text."""
    if value is None or (isinstance(value, (str, bytes)) and len(value) == 0):
        return True
    if type(value).__name__ in ("NAType", "NaTType"):  # of pandas, which need not be loaded
        return True
    return isinstance(value, (numbers.Number, np.datetime64)) and bool(value != value)


def gaps(values: np.ndarray) -> np.ndarray:
    """Where values of any type are missing."""
    if values.dtype.kind in "fc":
        return np.isnan(values)
    if values.dtype.kind == "U":
        return np.asarray(values == "")
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind in "biu":
        return np.zeros(len(values), bool)
    return np.array([is_gap(value) for value in values.tolist()], bool)


def infer(values: np.ndarray) -> str:
    """Finds the type of plain values.

    Args:
        values: What `plain` returned.
    """
    known = {"b": BOOLEAN, "i": NUMERIC, "u": NUMERIC, "f": NUMERIC, "U": CATEGORICAL, "M": DATE}
    if values.dtype.kind != "O":
        return known[values.dtype.kind]
    present = [value for value in values if value is not None]
    if all(isinstance(value, (bool, np.bool_)) for value in present):
        return BOOLEAN
    if all(isinstance(value, numbers.Number) for value in present):
        return NUMERIC
    if all(isinstance(value, _DATES) for value in present):
        return DATE
    if not all(isinstance(value, str) for value in present):
        return CATEGORICAL
    return NUMERIC if all(map(is_number, present)) else DATE if all(map(ISO.fullmatch, present)) else CATEGORICAL


def is_number(value: Any) -> bool:
    """Whether a value is a number, or reads as one."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def is_mark(value: Any) -> bool:
    """Whether a text marks a gap, where it stands among numbers or dates."""
    return isinstance(value, str) and value.strip().lower() in MARKS


def unmarked(values: np.ndarray) -> np.ndarray:
    """Plain values with texts that mark a gap as gaps; the same values if there are none, or nothing else."""
    if values.dtype.kind not in "OU":
        return values
    found = [None if is_mark(value) else value for value in values.tolist()]
    same = all(value is None for value in found) or not any(is_mark(value) for value in set(values.tolist()))
    return values if same else _objects(found)


# --- a column as one type


def words(values: np.ndarray) -> np.ndarray:
    """Names of categories, empty where missing; 3.0 is 3, for a gap anywhere makes floats of a column's integers."""
    if values.dtype.kind == "U":
        return values
    texts: dict[Any, str] = {}
    for value in set(values.tolist()):
        whole = isinstance(value, float) and math.isfinite(value) and value == int(value)
        texts[value] = "" if is_gap(value) else str(int(value) if whole else value)
    return np.array([texts.get(value, "") for value in values.tolist()], dtype=str)


def numeric(values: np.ndarray, name: str, largest: float = LARGEST) -> np.ndarray:
    """Numbers as float32, NaN where missing.

    Raises:
        InputError: If something cannot be read as a number, is infinite, or larger than `largest`.
    """
    if values.dtype.kind == "M":
        raise InputError.of(name, "numbers", f"dates such as {values[0]}", "Say so in types, or pass numbers.")
    if values.dtype.kind in "OU":
        values = np.array([number_of(value, name) for value in values.tolist()])
    if values.dtype == np.float32:
        result = values
    else:
        with np.errstate(over="ignore"):
            result = values.astype(np.float32)
    large = np.abs(np.nan_to_num(result, nan=0.0, posinf=np.inf, neginf=-np.inf)) > largest
    if large.any():
        got = f"{values[large][0]} in {int(large.sum())} of {len(large)} rows, first in row {int(np.argmax(large))}"
        raise InputError.of(name, f"finite numbers of at most {largest:g} in size", got, "NaN means missing.")
    return result


def number_of(value: Any, name: str) -> float:
    """A plain value as a number, NaN where it is missing, or marks a gap.

    Raises:
        InputError: If it cannot be read as one.
    """
    if value is None or is_mark(value):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        hint = "Is the column categorical? Then say so in types."
        raise InputError.of(name, "numbers", f"a value such as {value!r}", hint) from error


def boolean(values: np.ndarray, name: str, strict: bool) -> np.ndarray:
    """Words for true and false as float32, 1 and 0, NaN where missing; other numbers too, unless that is strict."""
    if values.dtype.kind in "OU":
        meanings = {**dict.fromkeys(_TRUE, 1.0), **dict.fromkeys(_FALSE, 0.0)}
        known = [meanings.get(value.lower(), value) if isinstance(value, str) else value for value in values.tolist()]
        values = _objects(known)
    result = numeric(values, name)
    wrong = ~np.isnan(result) & (result != 0) & (result != 1)
    if strict and wrong.any():
        raise InputError.of(name, "True or False, or 1 and 0", f"a value such as {values[wrong][0]!r}")
    return result


def moments(values: np.ndarray, name: str, utc: bool = False) -> np.ndarray:
    """Dates as datetime64[us], NaT where missing.

    Args:
        values: What `plain` returned: dates, texts of ISO 8601, or numbers: yyyymmdd, or seconds or milliseconds since 1970.
        name: How the user knows them, for the error.
        utc: As `read` takes it.

    Raises:
        InputError: If something cannot be read as a date.
    """
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    return np.array([_moment(value, name, utc) for value in values.tolist()], "datetime64[us]")


def _moment(value: Any, name: str, utc: bool) -> Any:
    if value is None or is_mark(value):
        return np.datetime64("NaT")
    if isinstance(value, datetime.datetime):
        if utc and value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return np.datetime64(value.replace(tzinfo=None).isoformat(), "us")
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]")
    if isinstance(value, datetime.date):
        return np.datetime64(value.isoformat(), "us")
    if isinstance(value, numbers.Real):
        return _moment_of_number(value, name)
    if isinstance(value, str) and (found := ISO.fullmatch(value)):
        try:
            moment = np.datetime64(value[: found.start(4)] if found.group(4) else value, "us")
            return moment - _offset(found.group(4)) if utc else moment
        except ValueError:
            pass  # the 31st of February
    hint = "pandas.to_datetime reads most other forms."
    raise InputError.of(name, "dates such as 2024-01-31 or 2024-01-31 18:30:00", f"a value such as {value!r}", hint)


def _moment_of_number(value: Any, name: str) -> Any:
    """20240131 is a day, what is larger is seconds or milliseconds since 1970."""
    if value != value:
        return np.datetime64("NaT")
    text = f"{int(value):08d}" if math.isfinite(value) else str(value)
    if len(text) > 8 and abs(value) < 1e14:
        return np.datetime64(round(float(value) * (1_000 if len(text) > 11 else 1_000_000)), "us")
    try:
        return np.datetime64(f"{text[:4]}-{text[4:6]}-{text[6:]}", "us")
    except ValueError as error:
        hint = "Numbers are read as yyyymmdd, and from nine digits on as seconds since 1970."
        raise InputError.of(name, "dates such as 2024-01-31 or 20240131", f"a value such as {value!r}", hint) from error


def _offset(zone: str | None) -> np.timedelta64:
    """How far a zone such as +01:30 is ahead of UTC."""
    if zone in (None, "Z"):
        return np.timedelta64(0, "m")
    minutes = 60 * int(zone[1:3]) + int(zone[-2:])
    return np.timedelta64(-minutes if zone[0] == "-" else minutes, "m")
