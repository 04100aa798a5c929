"""Tables: columns of numbers, categories, booleans and dates, with gaps; and what makes tensors of them.

A column of dates becomes several columns of numbers as it is checked. All else that a network needs is learned from the
training part: by how much numbers are scaled, where their quantiles are, and which categories there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from autonas import canonical, doubts, scaling
from autonas.canonical import Columns, clean
from autonas.columns import BOOLEAN, CATEGORICAL, DATE, TYPES, gaps, infer, numeric, plain, read, unmarked
from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input, batch_of_rows
from autonas.labels import few

if TYPE_CHECKING:
    import keras

MOST_CATEGORIES = 1_000
FEWEST_OF_A_CATEGORY = 2
_EMPTY = "no values"


class TableInput(Input):
    """A table of mixed columns, in which values may be missing.

    A table is a pandas frame, a dict of columns, a 2-D array, a list of dicts or a list of rows; columns without names are
    called `"0"`, `"1"`, ... A slash in a name becomes an underscore, because Keras allows none.

    Numbers are numeric, and so are strings if all of a column can be read as numbers. Other strings are categorical, or
    dates if all of them are ISO dates; a "?", a "n/a" and the like among numbers or dates is a gap. An array of NumPy's own
    string type is always categorical, and so is a pandas categorical. Numbers mixed with strings are categorical. Time zones
    are left out: dates are as the clock showed them. A type that may be wrong is a warning that says what to do.

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
        self._given: dict[str, str] = {clean(column): kind for column, kind in (types or {}).items()}
        self.types: dict[str, str] = {}
        self.edges: list[list[float]] = []
        self._rows: list[str] = []  # the columns of what `check` returns
        self._origins: dict[str, list[float]] = {}  # of columns that were taken apart, see `autonas.canonical`
        self._numbers: dict[str, list[float]] = {}  # column -> centre and factor
        self._missing: list[str] = []
        self._categories: dict[str, list[str]] = {}
        self._left_out: dict[str, str] = {}  # column -> why

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
            and `:hour` (with a fraction). Numbers that float32 would make alike are two columns, `"<name>:rounded"` and
            what is left, `:rest`. After `fit`, these are the columns seen in training, in their order.

        Raises:
            InputError: If there is nothing, a column is missing, comes twice, or has values that cannot be read as its type.
        """
        raw = read(x, name, clean)
        types: Mapping[str, str | None] = self.types or {column: self._given.get(column) for column in raw}
        wanted = [*types] if self.types else [*types, *self._given]
        known = {**self._given, **types}
        absent = [c for c in wanted if c not in raw and not canonical.parts_in(c, raw, known[c])]
        if absent:
            hint = "Columns may come in another order, and others beside them." if self.types else "See `types`."
            expected = f"a table with the column{'s' if len(absent) > 1 else ''} {few(np.array(absent))}"
            raise InputError.of(name, expected, f"the columns {few(np.array(list(raw)))}", hint)
        rows: Columns = {}
        doubtful: list[str] = []
        if not self.types:
            self._left_out = {}
        for column, kind in types.items():
            if column not in raw:
                parts = canonical.parts_in(column, raw, kind)
                rows.update({part: numeric(raw[part], f"{name}[{part!r}]") for part in parts})
                continue
            values, what = raw[column], f"{name}[{column!r}]"
            fine = f"{column}:rounded" in self._rows if self.types else None
            strict = self._given.get(column) == BOOLEAN
            try:
                values = plain(values, what)
                if not self.types and gaps(values).all():
                    self._left_out[column] = _EMPTY
                    continue
                found = kind or infer(unmarked(values))
                if kind is None:
                    doubtful += doubts.of(values, column, found)
                rows.update(canonical.typed(values, column, found, what, strict, fine))
            except InputError:
                if column not in self._left_out:
                    raise
                nothing = np.full(len(values), None)  # it may hold anything, for no network sees it
                rows.update(canonical.typed(nothing, column, str(kind), what, strict, fine))
        if doubtful:
            warnings.warn("\n".join(doubtful), stacklevel=2)
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
        self._rows, self.types = list(x), canonical.types_of(x, self._given)
        self._numbers, self._missing, self._categories, self.edges = {}, [], {}, []
        fine = [column for column in self.types if f"{column}:rounded" in x]
        self._origins = {column: canonical.origin(x, column) for column in fine}
        for column, values in canonical.whole(x, self._origins).items():
            missing = gaps(values)
            if values.dtype.kind == "U":
                known = _frequent(values)
                if len(known) > 1 or (known and not np.isin(values, known).all()):
                    self._categories[column] = known
                continue
            present = values[~missing].astype(np.float64)
            if len(present) and present.min() < present.max():
                self._numbers[column] = _scale(present)
                found = scaling.quantiles(present, scaling.bins(len(values)))
                edges = _soft(np.array(found, np.float32), *self._numbers[column])
                self.edges.append(np.unique(edges).tolist())
            if 0 < missing.sum() < len(missing):
                self._missing.append(column)
        self._left_out = {column: why for column, why in self._left_out.items() if why == _EMPTY} | self._useless(x)
        if not self.shape:
            left, self.types = self._left_out, {}
            got = "; ".join(f"{column!r}, where {why}" for column, why in list(left.items())[:10])
            raise InputError.of("x", "a table with a column that can tell rows apart", got)

    def summary(self) -> str:
        """The types that were found, and the columns that are left out."""
        used = [column for column in self.types if column not in self._left_out]
        kinds = {kind: [column for column in used if self.types[column] == kind] for kind in TYPES}
        told = [f"{len(columns)} {kind} ({_few(columns)})" for kind, columns in kinds.items() if columns]
        whys = dict.fromkeys(self._left_out.values())
        left = [f"{_few([c for c, reason in self._left_out.items() if reason == why])} ({why})" for why in whys]
        return "\n".join([f"Columns: {', '.join(told)}", *([f"Left out: {', '.join(left)}"] if left else [])])

    def preprocessor(self) -> keras.Model:
        """Returns the model from a dict of columns, (batch, 1) each, to the dict of `shape`."""
        import keras

        kinds = {column: "string" if column in self._strings else "float32" for column in self._rows}
        inputs = {column: keras.Input((1,), dtype=kind, name=column) for column, kind in kinds.items()}
        tensors = {**inputs, **{column: self._above(inputs, column, n) for n, column in enumerate(self._origins)}}
        outputs: dict[str, Any] = {}

        def prepared(group: str, columns: Iterable[str], prepare: Callable[[Any], Any]) -> None:
            # In a model of its own, because a column may be called what Keras calls an operation: "where", "cast".
            x = _side_by_side([tensors[column] for column in columns], group)
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
        result, x = {}, canonical.whole(x, self._origins)
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
        """Seconds since 1970 of the first column of dates, (n,); None if there is none.

        Raises:
            InputError: If dates are missing in it.
        """
        dates = [column for column in x if column.endswith(":year") and canonical.parts_in(column[:-5], x, DATE)]
        if not dates:
            return None
        parts = canonical.parts_in(dates[0][:-5], x, DATE)
        year, month, day, _, hour = (x[part].astype(np.float64) for part in parts)
        if (missing := np.isnan(year)).any():
            got = f"{int(missing.sum())} missing in {dates[0][:-5]!r}, the first in row {int(np.argmax(missing))}"
            hint = "Leave out those rows, fill them in, or say split={'time': times}."
            raise InputError.of("split", "'time' where the first column of dates has one in each row", got, hint)
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
        away from `numbers` and what they are multiplied by, and of numbers in two parts what is taken away before that;
        `categories.json` the `categories` of each column, the first being number 1. All are in the order in which the model
        takes them.
        """
        return {
            "columns.json": [["types"], ["rows"], ["missing"]],
            "scaling.json": [["numbers"], *([["origins"]] if self._origins else [])],
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
            "origins": self._origins,
            "left_out": self._left_out,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TableInput:
        """The inverse of `get_config`."""
        table = cls(config["given"])
        table.types, table._rows, table._missing = dict(config["types"]), config["rows"], config["missing"]
        table._numbers, table._categories = dict(config["numbers"]), dict(config["categories"])
        table.edges, table._origins = config["edges"], dict(config.get("origins", {}))
        table._left_out = dict(config.get("left_out", {}))
        return table

    def _useless(self, x: Columns) -> dict[str, str]:
        """Why columns are not among what a network gets."""
        used = {*self._numbers, *self._missing, *self._categories}
        left: dict[str, str] = {}
        for column, kind in self.types.items():
            parts = canonical.parts_in(column, x, DATE) if kind == DATE else [column]
            if not used & {*parts}:
                values = x.get(column, np.zeros(0))
                once = kind == CATEGORICAL and len(np.unique(values[values != ""])) > 1
                left[column] = "every category comes once" if once else "all rows have the same"
        return left

    def _above(self, inputs: Mapping[str, Any], column: str, number: int) -> Any:
        """How far a column that was taken apart is from its origin, in Keras."""
        import keras

        pair = _side_by_side(
            [inputs[part] for part in canonical.names_of(column, canonical.FINE_PARTS)], f"pair{number}"
        )
        own = keras.Input((2,), name="pair")
        above = canonical.above(self._origins[column], own[:, :1], own[:, 1:])
        return keras.Model(own, above, name=f"prepared.pair{number}")(pair)

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


def _few(columns: Sequence[str], most: int = 6) -> str:
    return ", ".join(columns[:most]) + (f" and {len(columns) - most} more" if len(columns) > most else "")


def _look_up(values: np.ndarray, known: Sequence[str]) -> np.ndarray:
    numbers = {word: number for number, word in enumerate(known, start=1)}
    words, where = np.unique(values, return_inverse=True)
    return np.array([numbers.get(str(word), 0) for word in words], np.float32)[where]


def _side_by_side(tensors: Sequence[Any], group: str) -> Any:
    import keras

    return tensors[0] if len(tensors) == 1 else keras.layers.Concatenate(name=f"joined.{group}")(tensors)
