"""Tables: columns of numbers, categories, booleans and dates, with gaps anywhere."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input
from autonas.quiet import odd_names_allowed

if TYPE_CHECKING:
    import keras

NUMERIC, CATEGORICAL, BOOLEAN, DATE = TYPES = ("numeric", "categorical", "boolean", "date")
PARTS = ("day", "month", "weekday", "hour")  # of a date
MOST_CATEGORIES = 1_000
MOST_EDGES = 33  # of the bins of a number, so at most 32 bins
FARTHEST = 10.0  # standard deviations; what is farther out is drawn in
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?Z?")
_DAY = 86_400.0


class TableInput(Input):
    """One row an example: a frame of pandas, a dict of columns, a matrix, or a list of rows.

    Types are inferred at the first look and stand in `types` afterwards: numbers and texts that are all numbers are
    `"numeric"`, other texts `"categorical"`, booleans `"boolean"`, dates and texts in ISO form `"date"`. A date becomes four
    numbers: the day (since 1970, with its fraction), the month, the weekday and the hour. Gaps (None, NaN, NaT, an empty
    text) may be anywhere; a category that the training part did not have counts as unknown. Other columns and another order
    do no harm at `predict`; a column that is missing is an error.

    Args:
        types: column -> type, for the columns where the inferred one is wrong: `{"postcode": "categorical"}`.

    Raises:
        InputError: If a type is none of the four.

    Attributes:
        types: column -> type; known after `check`.
        edges: For each number, the borders of its bins in standard deviations; known after `fit`.
        cardinalities: For each category, how many values are known; known after `fit`.

    Example:

    >>> table = TableInput()
    >>> rows = table.check({"age": [31, None], "city": ["Rome", "Oslo"]})
    >>> table.types
    {'age': 'numeric', 'city': 'categorical'}
    """

    def __init__(self, types: Mapping[str, str] | None = None) -> None:
        if types is not None and (not isinstance(types, Mapping) or not set(types.values()) <= set(TYPES)):
            raise InputError.of("types", f"a dict of column -> one of {list(TYPES)}", repr(types))
        self._given = {str(column): kind for column, kind in (types or {}).items()}
        self.types: dict[str, str] = {}
        self._mean: dict[str, float] = {}
        self._scale: dict[str, float] = {}
        self._gaps: list[str] = []
        self._categories: dict[str, list[str]] = {}
        self._edges: dict[str, list[float]] = {}

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        sizes = {"numbers": len(self._mean), "gaps": len(self._gaps), "categories": len(self._categories)}
        return {name: (size,) for name, size in sizes.items() if size}

    @property
    def edges(self) -> list[list[float]]:
        return list(self._edges.values())

    @property
    def cardinalities(self) -> list[int]:
        return [len(known) for known in self._categories.values()]

    def check(self, x: Any, name: str = "x") -> dict[str, np.ndarray]:
        """Returns a dict of columns, (n,) each: float32 with NaN for gaps, or texts with "" for gaps.

        Raises:
            InputError: If it is no table, a column has other things than numbers, texts and dates, has nothing at all, or is
                not as it was in training.
        """
        columns = _columns(x, name)
        fitted = bool(self._mean or self._categories)
        if not fitted:
            self.types = {column: self._given.get(column) or kind for column, kind in _types(columns).items()}
            unknown = [column for column in self._given if column not in columns]
            if unknown:
                raise InputError.of("types", f"about the columns {list(columns)}", f"{unknown}, which are not there")
        rows: dict[str, np.ndarray] = {}
        for column, kind in self.types.items():
            parts = [f"{column}.{part}" for part in PARTS]
            if kind == DATE and column not in columns and all(part in columns for part in parts):
                rows |= {part: _to_numbers(columns[part], part, name) for part in parts}
            elif column not in columns:
                near = difflib.get_close_matches(column, columns, n=1)
                hint = f"Did you mean its column {near[0]!r}?" if near else ""
                raise InputError.of(
                    name, f"a table with the column {column!r}", f"the columns {list(columns)[:20]}", hint
                )
            elif kind == DATE:
                rows |= dict(zip(parts, _date_parts(columns[column], column, name), strict=True))
            elif kind == CATEGORICAL:
                rows[column] = _to_texts(columns[column])
            else:
                rows[column] = _to_numbers(columns[column], column, name)
        for column, values in rows.items():
            if not fitted and bool(np.all(values == "" if values.dtype.kind == "U" else np.isnan(values))):
                raise InputError.of(f"{name}[{column!r}]", "a column with some values", "gaps only", "Leave it out.")
        return rows

    def fit(self, x: dict[str, np.ndarray]) -> None:
        """Learns means, deviations and bins of the numbers, and the categories."""
        for column, values in x.items():
            if values.dtype.kind == "U":
                known, counts = np.unique(values[values != ""], return_counts=True)
                order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
                self._categories[column] = known[order].tolist()
                continue
            present = values[~np.isnan(values)].astype("float64")
            mean, scale = (float(present.mean()), float(present.std())) if len(present) else (0.0, 0.0)
            self._mean[column], self._scale[column] = mean, scale if scale > 1e-6 * abs(mean) else 1.0
            if len(present) < len(values):
                self._gaps.append(column)
            self._edges[column] = _edges((present - mean) / self._scale[column])

    def preprocessor(self) -> keras.Model:
        """Returns the model from a dict of columns to `numbers`, `gaps` and `categories`."""
        import keras

        if not self._mean and not self._categories:
            raise NotFittedError("The columns are not known yet: call `fit` first.")
        names = _layer_names([*self._mean, *self._categories])
        inputs = {
            column: keras.Input((1,), name=names[column], dtype="string" if column in self._categories else "float32")
            for column in names
        }
        outputs: dict[str, Any] = {}
        if self._mean:
            numbers = _side_by_side([inputs[column] for column in self._mean])
            scaled = keras.layers.Normalization(
                mean=list(self._mean.values()), variance=[scale**2 for scale in self._scale.values()], name="scale"
            )(numbers)
            scaled = keras.ops.where(keras.ops.isnan(scaled), 0.0, scaled)
            outputs["numbers"] = keras.ops.clip(scaled, -FARTHEST, FARTHEST)
        if self._gaps:
            gaps = _side_by_side([inputs[column] for column in self._gaps])
            outputs["gaps"] = keras.ops.cast(keras.ops.isnan(gaps), "float32")
        if self._categories:
            numbered = [
                keras.layers.StringLookup(vocabulary=known, name=f"{names[column]}_number")(inputs[column])
                if known
                else keras.ops.cast(keras.ops.equal(inputs[column], ""), "int64") * 0
                for column, known in self._categories.items()
            ]
            outputs["categories"] = keras.ops.cast(_side_by_side(numbered), "float32")
        with odd_names_allowed():
            return keras.Model(inputs, outputs, name="preprocessor")

    def numbers(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        prepared = {}
        if self._mean:
            columns = [
                (x[c].astype("float32") - np.float32(m)) / np.float32(self._scale[c]) for c, m in self._mean.items()
            ]
            scaled = np.stack(columns, axis=1)
            prepared["numbers"] = np.clip(np.where(np.isnan(scaled), 0.0, scaled), -FARTHEST, FARTHEST).astype(
                "float32"
            )
        if self._gaps:
            prepared["gaps"] = np.stack([np.isnan(x[column]) for column in self._gaps], axis=1).astype("float32")
        if self._categories:
            numbered = []
            for column, known in self._categories.items():
                number = {value: 1 + place for place, value in enumerate(known)}
                numbered.append([number.get(value, 0) for value in x[column].tolist()])
            prepared["categories"] = np.array(numbered, "float32").T
        return prepared

    def times(self, x: dict[str, np.ndarray]) -> np.ndarray | None:
        """Days, if there is one column of dates."""
        dates = [column for column, kind in self.types.items() if kind == DATE]
        return x[f"{dates[0]}.day"] if len(dates) == 1 else None

    def reduce(self, x: Any, factor: float) -> Any:
        if not 0 < factor <= 1:
            raise InputError.of("factor", "in (0, 1]", factor)
        return x

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep: types, statistics, bins and categories."""
        return {
            "types": self.types,
            "mean": self._mean,
            "scale": self._scale,
            "gaps": self._gaps,
            "categories": self._categories,
            "edges": self._edges,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TableInput:
        table = cls()
        table.types, table._mean, table._scale = dict(config["types"]), dict(config["mean"]), dict(config["scale"])
        table._gaps, table._categories, table._edges = (
            list(config["gaps"]),
            dict(config["categories"]),
            dict(config["edges"]),
        )
        return table


def _columns(x: Any, name: str) -> dict[str, np.ndarray]:
    """The columns by name: numbers, datetime64, or objects with None for gaps."""
    if hasattr(x, "columns") and hasattr(x, "iloc"):
        names, columns = [str(column) for column in x.columns], [x.iloc[:, place] for place in range(x.shape[1])]
    elif isinstance(x, Mapping):
        names, columns = [str(column) for column in x], list(x.values())
    elif isinstance(x, (list, tuple)) and len(x) and all(isinstance(row, Mapping) for row in x):
        keys = list(dict.fromkeys(key for row in x for key in row))
        names, columns = [str(key) for key in keys], [[row.get(key) for row in x] for key in keys]
    else:
        matrix = _array(x)
        if matrix.ndim != 2:
            hint = "A single row is passed as a table of one row." if matrix.ndim == 1 else ""
            raise InputError.of(name, "a table: a frame, a dict of columns or a matrix", f"shape {matrix.shape}", hint)
        names, columns = [str(place) for place in range(matrix.shape[1])], list(matrix.T)
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise InputError.of(name, "a table whose columns have names of their own", f"{twice} twice")
    read = {column: _values(values, f"{name}[{column!r}]") for column, values in zip(names, columns, strict=True)}
    lengths = {column: len(values) for column, values in read.items()}
    if len(set(lengths.values())) != 1 or not next(iter(lengths.values())):
        got = "no columns" if not lengths else f"the lengths {lengths}" if len(set(lengths.values())) > 1 else "no rows"
        raise InputError.of(name, "columns of one length, at least one row", got)
    return read


def _array(x: Any) -> np.ndarray:
    try:
        return np.asarray(x)
    except ValueError:
        return np.asarray(x, dtype=object)


def _values(column: Any, name: str) -> np.ndarray:
    kind = getattr(getattr(column, "dtype", None), "kind", "O")
    if hasattr(column, "to_numpy"):  # of pandas
        if kind in "biuf":
            values: np.ndarray = np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
            return (
                values
                if kind != "b"
                else np.array([None if v != v else bool(v) for v in values.tolist()], dtype=object)
            )
        if kind == "M":
            naive = column.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(column.dt, "tz", None) else column
            return np.asarray(naive.to_numpy(dtype="datetime64[s]"))
        if kind == "m":
            return np.asarray(column.to_numpy(dtype="timedelta64[s]").astype("float64"))
        column = column.astype(object).to_numpy()
    array = _array(column) if kind != "O" else np.array([*column, None], dtype=object)[:-1]
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError.of(name, "a column of single values", f"shape {array.shape}")
    if array.dtype.kind in "iuf":
        return array.astype("float64")
    if array.dtype.kind in "Mm":
        return (
            array.astype("datetime64[s]")
            if array.dtype.kind == "M"
            else array.astype("timedelta64[s]").astype("float64")
        )
    if array.dtype.kind == "S":
        raise InputError.of(name, "numbers, texts or dates", "bytes", "Decode them first.")
    return np.array([_plain(value, name, row) for row, value in enumerate(array.tolist())] + [None], dtype=object)[:-1]


def _plain(value: Any, name: str, row: int) -> Any:
    """A value of an object column as a bool, a float, a text or a date; None for a gap."""
    if value is None or value == "" or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (datetime.date, np.datetime64)):
        if isinstance(value, datetime.datetime) and value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return np.datetime64(value, "s")
    raise InputError.of(name, "numbers, texts, booleans or dates", f"a {type(value).__name__} in row {row}")


def _types(columns: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The type of each column; four that are the parts of a date, as `check` makes them, are one."""
    found: dict[str, str] = {}
    for column, values in columns.items():
        date, _, part = column.rpartition(".")
        is_part = part in PARTS and all(f"{date}.{other}" in columns for other in PARTS)
        found[date if is_part else column] = DATE if is_part else _infer(values)
    return found


def _infer(values: np.ndarray) -> str:
    if values.dtype.kind == "M":
        return DATE
    if values.dtype.kind == "f":
        return NUMERIC
    present = [value for value in values.tolist() if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return BOOLEAN
    if present and all(isinstance(value, np.datetime64) for value in present):
        return DATE
    if all(isinstance(value, float) or (isinstance(value, str) and _is_number(value)) for value in present):
        return NUMERIC
    return DATE if all(isinstance(value, str) and _ISO.fullmatch(value) for value in present) else CATEGORICAL


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text)) or True
    except ValueError:
        return False


def _to_numbers(values: np.ndarray, column: str, name: str) -> np.ndarray:
    if values.dtype.kind == "M":
        values = values.astype("datetime64[s]").astype("float64")
    if values.dtype.kind != "f":
        try:
            values = np.array([np.nan if value is None else float(value) for value in values.tolist()])
        except (TypeError, ValueError) as error:
            raise InputError.of(
                f"{name}[{column!r}]", "numbers", str(error), "See types= for other columns."
            ) from error
    wrong = np.isinf(values) | (np.abs(np.nan_to_num(values)) > 1e30)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError.of(f"{name}[{column!r}]", "finite numbers, or gaps", f"{values[row]} in row {row}")
    return values.astype("float32")


def _to_texts(values: np.ndarray) -> np.ndarray:
    def text(value: Any) -> str:
        if value is None or value != value:
            return ""
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    return np.array([text(value) for value in values.tolist()], dtype=str)


def _date_parts(values: np.ndarray, column: str, name: str) -> list[np.ndarray]:
    if values.dtype.kind != "M":
        try:
            read = [np.datetime64("NaT") if v is None else np.datetime64(_iso(v), "s") for v in values.tolist()]
        except ValueError as error:
            hint = "Pass dates, or texts such as 2024-03-31 or 2024-03-31 23:59:00."
            raise InputError.of(f"{name}[{column!r}]", "dates", str(error), hint) from error
        values = np.array(read, dtype="datetime64[s]")
    gap = np.isnat(values)
    seconds = np.where(gap, np.nan, values.astype("datetime64[s]").astype("float64"))
    days = np.floor(seconds / _DAY)
    month = np.where(gap, np.nan, values.astype("datetime64[M]").astype("float64") % 12 + 1)
    parts = (seconds / _DAY, month, (days + 3) % 7, np.floor(seconds / 3600) % 24)
    return [part.astype("float32") for part in parts]


def _iso(value: Any) -> Any:
    if isinstance(value, (float, bool)):
        raise ValueError(f"the number {value}")
    return value.removesuffix("Z") if isinstance(value, str) else value


def _edges(present: np.ndarray) -> list[float]:
    """Borders of bins that hold about as many rows each."""
    if not len(present):
        return [0.0, 1.0]
    edges = np.unique(np.clip(np.quantile(present, np.linspace(0, 1, MOST_EDGES)), -FARTHEST, FARTHEST))
    return edges.tolist() if len(edges) > 1 else [float(edges[0]), float(edges[0]) + 1.0]


def _layer_names(columns: Sequence[str]) -> dict[str, str]:
    """Names that TensorFlow takes for these columns: their own where it does."""
    names: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"[^A-Za-z0-9_.-]", "_", column)
        plain = plain if re.match(r"[A-Za-z0-9]", plain) else f"column{plain}"
        taken = [name.lower() for name in names.values()]
        tries = [plain, *(f"{plain}_{number}" for number in range(2, len(columns) + 2))]
        names[column] = next(name for name in tries if name.lower() not in taken)
    return names


def _side_by_side(tensors: Sequence[Any]) -> Any:
    import keras

    return tensors[0] if len(tensors) == 1 else keras.layers.Concatenate()(list(tensors))
