"""Tables: columns of numbers, categories, booleans and dates, with gaps; and what makes tensors of them.

A column of dates becomes several columns of numbers as it is checked. All else that a network needs is learned from the
training part: by how much numbers are scaled, where their quantiles are, and which categories there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import scaling
from autonas.columns import (
    BOOLEAN,
    CATEGORICAL,
    DATE,
    NUMERIC,
    TYPES,
    boolean,
    gaps,
    infer,
    moments,
    numeric,
    plain,
    read,
    words,
)
from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input, batch_of_rows
from autonas.labels import few

if TYPE_CHECKING:
    import keras

MOST_CATEGORIES = 1_000
FEWEST_OF_A_CATEGORY = 2
# What a date is taken apart into; the year has a fraction, and so does the hour. Monday is 0.
DATE_PARTS = ("year", "month", "day", "weekday", "hour")
_RESERVED = ("core", "preprocessor")  # what a finished model calls its parts

Columns = dict[str, np.ndarray]


class TableInput(Input):
    """A table of mixed columns, in which values may be missing.

    A table is a pandas frame, a dict of columns, a 2-D array, a list of dicts or a list of rows; columns without names are
    called `"0"`, `"1"`, ... A slash in a name becomes an underscore, because Keras allows none.

    Numbers are numeric, and so are strings if all of a column can be read as numbers. Other strings are categorical, or
    dates if all of them are ISO dates; an array of NumPy's own string type is always categorical, and so is a pandas
    categorical. Numbers mixed with strings are categorical. Time zones are left out: dates are as the clock showed them.

    Args:
        types: name of a column -> `"numeric"`, `"categorical"`, `"boolean"` or `"date"`, for columns that are not what they
            look like. The others are found out.

    Attributes:
        shape: Of one preprocessed example: `"numbers"`, `"missing"` and `"categories"`, those of them that there are.
        types: The type of each column; known after `fit`.
        edges: For each of `"numbers"` the quantiles of its training values, standardised, ascending; known after `fit`.
        cardinalities: For each of `"categories"` how many there are, 0 for an unknown one included; known after `fit`.

    Example:

    >>> table = TableInput(types={"zip": "categorical"})
    >>> rows = table.check({"age": [31, 45, None, 31], "zip": [94110, 10001, 94110, 10001]})
    >>> table.fit(rows)
    >>> table.types
    {'age': 'numeric', 'zip': 'categorical'}
    >>> table.shape
    {'numbers': (1,), 'missing': (1,), 'categories': (1,)}

    References:
    - Robust scaling and smooth clipping: Holzmueller et al., 2024, https://arxiv.org/abs/2407.04491
    """

    runs_on_device: ClassVar[bool] = False
    most_epochs = 120

    def __init__(self, types: Mapping[str, str] | None = None) -> None:
        if types is not None and not isinstance(types, Mapping):
            raise InputError.of("types", "a dict of column -> type", repr(types), f"Types are {list(TYPES)}.")
        for column, kind in (types or {}).items():
            if kind not in TYPES:
                raise InputError.of(f"types[{column!r}]", f"one of {list(TYPES)}", repr(kind))
        self._given: dict[str, str] = {_clean(column): kind for column, kind in (types or {}).items()}
        self.types: dict[str, str] = {}
        self.edges: list[list[float]] = []
        self._rows: list[str] = []  # the columns of what `check` returns
        self._numbers: dict[str, list[float]] = {}  # column -> centre and factor
        self._missing: list[str] = []
        self._categories: dict[str, list[str]] = {}

    def batch_size(self, rows: int) -> int:
        return batch_of_rows(rows)

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        """Of one preprocessed example: the sizes of the groups that are not empty."""
        if not self.types:
            raise NotFittedError("The columns of the table are not known yet: call `fit` first.")
        sizes = {"numbers": len(self._numbers), "missing": len(self._missing), "categories": len(self._categories)}
        return {name: (size,) for name, size in sizes.items() if size}

    @property
    def cardinalities(self) -> list[int]:
        """How many numbers each of the categories can have."""
        return [len(known) + 1 for known in self._categories.values()]

    def check(self, x: Any, name: str = "x") -> Columns:
        """Returns the columns of a table as arrays, by name.

        Args:
            x: A pandas frame, a dict of columns, a 2-D array, a list of dicts or a list of rows. What this method returned
                is taken too, and comes back unchanged.
            name: How the user knows it, for the error.

        Returns:
            name -> (n,): float32 for numbers and booleans, NaN where missing; `str` for categories, empty where missing.
            A date is five columns of float32: `"<name>:year"` (with a fraction), `:month`, `:day`, `:weekday` (Monday is 0)
            and `:hour` (with a fraction). After `fit`, these are the columns seen in training, in their order.

        Raises:
            InputError: If there is nothing, a column is missing, comes twice, or has values that cannot be read as its type.
        """
        raw = read(x, name, _clean)
        types: Mapping[str, str | None] = self.types or {column: self._given.get(column) for column in raw}
        wanted = [*types] if self.types else [*types, *self._given]
        absent = [c for c in wanted if c not in raw and not _in_parts(c, raw, {**self._given, **types})]
        if absent:
            hint = "Columns may come in another order, and others beside them." if self.types else "See `types`."
            expected = f"a table with the column{'s' if len(absent) > 1 else ''} {few(np.array(absent))}"
            raise InputError.of(name, expected, f"the columns {few(np.array(list(raw)))}", hint)
        rows: Columns = {}
        for column, kind in types.items():
            if column not in raw:
                rows.update({part: numeric(raw[part], f"{name}[{part!r}]") for part in _parts(column)})
                continue
            values = plain(raw[column], f"{name}[{column!r}]")
            strict = self._given.get(column) == BOOLEAN
            if not self.types and gaps(values).all():
                continue
            parts = _typed(values, kind or infer(values), f"{name}[{column!r}]", strict)
            rows.update({column + suffix: part for suffix, part in parts.items()})
        if not rows:
            raise InputError.of(
                name, "a table with a column that has values", f"gaps only in {few(np.array(list(raw)))}"
            )
        return rows

    def fit(self, x: Columns) -> None:
        """Learns the columns, the scale and the quantiles of numbers, the categories, and where values are missing.

        Columns in which all values are the same are left out of what a network gets, and so are categories that occur once.
        Columns without any value are not there: `check` leaves them out, and later they may hold anything.

        Raises:
            InputError: If no column is left.
        """
        self._rows, self.types = list(x), _types_of(x, self._given)
        self._numbers, self._missing, self._categories, self.edges = {}, [], {}, []
        for column, values in x.items():
            missing = gaps(values)
            if values.dtype.kind == "U":
                known = _frequent(values)
                if len(known) > 1 or (known and not np.isin(values, known).all()):
                    self._categories[column] = known
                continue
            present = values[~missing].astype(np.float64)
            if len(present) and present.min() < present.max():
                self._numbers[column] = _scale(present)
                found = scaling.quantiles(present, scaling.bins(len(x[column])))
                edges = _soft(np.array(found, np.float32), *self._numbers[column])
                self.edges.append(np.unique(edges).tolist())
            if 0 < missing.sum() < len(missing):
                self._missing.append(column)
        if not self.shape:
            self.types = {}
            raise InputError.of("x", "a table with a column that varies", f"the same in all of {len(missing)} rows")

    def preprocessor(self) -> keras.Model:
        """Returns the model from a dict of columns, (batch, 1) each, to the dict of `shape`."""
        import keras

        kinds = {column: "string" if column in self._strings else "float32" for column in self._rows}
        inputs = {column: keras.Input((1,), dtype=kind, name=column) for column, kind in kinds.items()}
        outputs: dict[str, Any] = {}

        def prepared(group: str, columns: Iterable[str], prepare: Callable[[Any], Any]) -> None:
            # In a model of its own, because a column may be called what Keras calls an operation: "where", "cast".
            x = _side_by_side([inputs[column] for column in columns], group)
            own = keras.Input(x.shape[1:], name=group)
            outputs[group] = keras.Model(own, prepare(own), name=f"prepared.{group}")(x)

        if self._numbers:
            prepared("numbers", self._numbers, self._standardize)
        if self._missing:
            prepared("missing", self._missing, lambda x: keras.ops.cast(keras.ops.isnan(x), "float32"))
        if self._categories:
            found = [
                keras.layers.StringLookup(vocabulary=known, mask_token=None, name=f"prepared.{n}")(inputs[column])
                for n, (column, known) in enumerate(self._categories.items())
            ]
            as_float = keras.layers.Rescaling(1.0, name="prepared.categories")
            outputs["categories"] = as_float(_side_by_side(found, "categories"))
        return keras.Model(inputs, outputs, name="preprocessor")

    def numbers(self, x: Columns) -> dict[str, np.ndarray]:
        """What the preprocessor returns, in NumPy."""
        result = {}
        if self._numbers:
            values = np.stack([x[column] for column in self._numbers], axis=1)
            result["numbers"] = np.where(np.isnan(values), np.float32(0), _soft(values, *self._scales()))
        if self._missing:
            result["missing"] = np.isnan(np.stack([x[column] for column in self._missing], axis=1)).astype(np.float32)
        if self._categories:
            found = [_look_up(x[column], known) for column, known in self._categories.items()]
            result["categories"] = np.stack(found, axis=1)
        return result

    def times(self, x: Columns) -> np.ndarray | None:
        """Seconds since 1970 of the first column of dates, (n,); None if there is none, or dates are missing."""
        dates = [column for column in x if column.endswith(":year") and _in_parts(column[:-5], x)]
        if not dates:
            return None
        year, month, day, _, hour = (x[part].astype(np.float64) for part in _parts(dates[0][:-5]))
        if np.isnan(year).any():
            return None
        months = np.round(year - (month - 0.5) / 12) * 12 + month - 1  # the year, free of its fraction
        days = (months - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]").astype(np.float64) + day - 1
        return days * 86_400 + np.round(hour * 3_600)

    def reduce(self, x: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
        """Returns `x` itself: a row has no resolution."""
        if not 0 < factor <= 1:
            raise InputError.of("factor", "in (0, 1]", factor)
        return x

    def files(self) -> dict[str, list[list[Any]]]:
        """`columns.json` has the types of columns and which of them have flags where `missing`; `scaling.json` what is taken
        away from `numbers` and what they are multiplied by; `categories.json` the `categories` of each column, the first
        being number 1. All are in the order in which the model takes them.
        """
        return {
            "columns.json": [["types"], ["rows"], ["missing"]],
            "scaling.json": [["numbers"]],
            "categories.json": [["categories"]],
        }

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep: the settings and what `fit` learned."""
        return {
            "given": self._given,
            "types": list(self.types.items()),
            "rows": self._rows,
            "numbers": list(self._numbers.items()),
            "missing": self._missing,
            "categories": list(self._categories.items()),
            "edges": self.edges,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TableInput:
        """The inverse of `get_config`."""
        table = cls(config["given"])
        table.types, table._rows, table._missing = dict(config["types"]), config["rows"], config["missing"]
        table._numbers, table._categories = dict(config["numbers"]), dict(config["categories"])
        table.edges = config["edges"]
        return table

    def _standardize(self, x: Any) -> Any:
        """What `_soft` does, with gaps as 0, in Keras."""
        from keras import ops

        center, factor = self._scales()
        return ops.where(ops.isnan(x), 0.0, scaling.bent((x - center) * factor, ops))

    @property
    def _strings(self) -> set[str]:
        return {column for column, kind in self.types.items() if kind == CATEGORICAL}

    def _scales(self) -> tuple[np.ndarray, np.ndarray]:
        center, factor = np.array(list(self._numbers.values()), np.float32).T
        return center, factor


# --- the canonical columns


def _clean(column: Any) -> str:
    cleaned = str(column).replace("/", "_") or "_"
    return f"{cleaned}_" if cleaned in _RESERVED else cleaned


def _typed(values: np.ndarray, kind: str, name: str, strict: bool) -> Columns:
    """The canonical columns of a column, by what their names end in."""
    if kind == CATEGORICAL:
        return {"": words(values)}
    if kind == DATE:
        return dict(zip((f":{part}" for part in DATE_PARTS), _date(values, name), strict=True))
    return {"": boolean(values, name, strict) if kind == BOOLEAN else numeric(values, name)}


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


def _parts(column: str) -> list[str]:
    return [f"{column}:{part}" for part in DATE_PARTS]


def _in_parts(column: str, columns: Mapping[str, Any], types: Mapping[str, str | None] | None = None) -> bool:
    is_date = types is None or types[column] == DATE
    return is_date and all(part in columns for part in _parts(column))


def _types_of(x: Columns, given: Mapping[str, str]) -> dict[str, str]:
    """The types of the user's columns, read off the canonical ones."""
    types: dict[str, str] = {}
    for column, values in x.items():
        date, _, part = column.rpartition(":")
        if part in DATE_PARTS and _in_parts(date, x):
            types[date] = DATE
        elif values.dtype.kind == "U":
            types[column] = CATEGORICAL
        else:
            boolean = given.get(column, BOOLEAN) == BOOLEAN and np.isin(values, (0, 1)).sum() == (~gaps(values)).sum()
            types[column] = BOOLEAN if boolean else NUMERIC
    return types


# --- what is learned of a column


def _scale(values: np.ndarray) -> list[float]:
    """What to take away, and then what to multiply by."""
    low, center, high = np.quantile(values, [0.25, 0.5, 0.75])
    if low == high or not np.float32(high) > np.float32(low):
        low, high = values.min(), values.max()
    if set(np.unique(values).tolist()) <= {low, high}:
        center = (low + high) / 2
    return [float(np.float32(center)), float(np.float32(2 / (high - low)))]


def _soft(x: np.ndarray, center: Any, factor: Any) -> np.ndarray:
    """Scales, and bends what is far out so that it stays within -3 and 3."""
    return np.asarray(scaling.bent((x - np.float32(center)) * np.float32(factor)))


def _frequent(values: np.ndarray) -> list[str]:
    """The categories, the most frequent first."""
    words, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [str(words[i]) for i in order[:MOST_CATEGORIES] if counts[i] >= FEWEST_OF_A_CATEGORY]


def _look_up(values: np.ndarray, known: Sequence[str]) -> np.ndarray:
    numbers = {word: number for number, word in enumerate(known, start=1)}
    words, where = np.unique(values, return_inverse=True)
    return np.array([numbers.get(str(word), 0) for word in words], np.float32)[where]


def _side_by_side(tensors: Sequence[Any], group: str) -> Any:
    import keras

    return tensors[0] if len(tensors) == 1 else keras.layers.Concatenate(name=f"joined.{group}")(tensors)
