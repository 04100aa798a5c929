"""Frames of events: which sequence each row belongs to, which columns change in it, and all of them as padded arrays.

NumPy alone is needed, column by column, so that a device without pandas reads a dict of columns in the same way.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autonas import columns, doubts
from autonas.errors import InputError
from autonas.sequences import LARGEST_VALUE, LONGEST

ALWAYS_ONE = ""  # the only number of steps that have none


def check_arguments(sequence_id: Any, order_by: Any, static: Any, types: Mapping[str, str] | None) -> None:
    """Raises an InputError if they are of another kind, or only make sense with `sequence_id`."""
    for name, value in (("sequence_id", sequence_id), ("order_by", order_by)):
        if value is not None and not isinstance(value, str):
            hint = "Make one column of several: x['id'] = x['card'] + '/' + x['home']."
            raise InputError.of(name, "the name of one column", repr(value), hint)
    for name, value in (("order_by", order_by), ("static", static), ("types", types)):
        if value is not None and sequence_id is None:
            raise InputError.of(name, "left out without sequence_id", repr(value), "It names columns of a frame.")
    if static is not None and (isinstance(static, str) or not isinstance(static, Iterable)):
        raise InputError.of("static", "a list of columns", repr(static))
    if types is not None and not isinstance(types, Mapping):
        raise InputError.of("types", "a dict of column -> type", repr(types))
    wrong = {
        column: kind for column, kind in (types or {}).items() if kind not in (columns.NUMERIC, columns.CATEGORICAL)
    }
    if wrong:
        raise InputError.of(
            "types", f"a dict of columns, each {columns.NUMERIC!r} or {columns.CATEGORICAL!r}", str(wrong)
        )


@dataclasses.dataclass
class Layout:
    """Which columns of a frame go where, in this order."""

    step_numbers: list[str]
    step_categories: list[str]
    static_numbers: list[str]
    static_categories: list[str]

    @property
    def types(self) -> dict[str, str]:
        numbers = dict.fromkeys(self.step_numbers + self.static_numbers, columns.NUMERIC)
        return numbers | dict.fromkeys(self.step_categories + self.static_categories, columns.CATEGORICAL)

    @property
    def static(self) -> list[str]:
        return self.static_numbers + self.static_categories


@dataclasses.dataclass
class Events:
    """A frame of events: which sequence each belongs to, and its other columns.

    Attributes:
        columns: Without those of the ids and of the order.
        codes: The number of the sequence of each event, in the order in which their ids first appear.
        ids: Of the sequences, in that order.
        when: A number for each event, of dates the seconds since 1970; None if the order of the rows says it.
    """

    columns: dict[str, np.ndarray]
    codes: np.ndarray
    ids: np.ndarray
    when: np.ndarray | None

    @classmethod
    def read(cls, x: Any, sequence_id: str, order_by: str | None, name: str) -> Events:
        """Reads a frame, or what else has columns.

        Raises:
            InputError: If a column is missing, an event has no sequence, or no time.
        """
        found = columns.read(x, name, utc=True)
        known = column_of(found, sequence_id, name, "sequence_id")
        codes, ids = _codes(known, name)
        when = None
        if order_by is not None:
            when = _times(column_of(found, order_by, name, "order_by"), f"{name}[{order_by!r}]")
        rest = {column: values for column, values in found.items() if column not in (sequence_id, order_by)}
        return cls(rest, codes, ids, when)

    @property
    def ends(self) -> np.ndarray | None:
        """When the last event of each sequence was, (n,)."""
        if self.when is None:
            return None
        last = np.full(len(self.ids), -np.inf)
        np.maximum.at(last, self.codes, self.when)
        return last

    def layout(self, order_by: str | None, static: Sequence[str] | None, types: Mapping[str, str], name: str) -> Layout:
        """Finds out what each column is; those without any value are left out.

        Args:
            order_by: As `read` took it.
            static: The columns that are constant within a sequence; None finds them.
            types: Those that the user gave.
            name: How the user knows the frame, for the error.

        Raises:
            InputError: If columns are not there, cannot be used, or nothing changes within a sequence.
        """
        for what, named in (("static", static or []), ("types", types)):
            unknown = [column for column in named if column not in self.columns]
            if unknown:
                raise InputError.of(what, f"columns of {name}, {sorted(self.columns)}", unknown)
        kinds: dict[str, str] = {}
        doubtful: list[str] = []
        for column, values in self.columns.items():
            if columns.gaps(values).all():
                continue
            if column in types:
                kinds[column] = types[column]
                continue
            values = columns.plain(values, f"{name}[{column!r}]")
            kinds[column] = _type_of(columns.unmarked(values), f"{name}[{column!r}]")
            doubtful += doubts.of(values, column, kinds[column]) if values.dtype.kind == "O" else []
        if doubtful:
            warnings.warn("\n".join(doubtful), stacklevel=2)
        if static is None:
            several = len(self.ids) < len(self.codes)  # of events that stand alone, all columns would be constant
            static = [c for c in kinds if several and not self._differing(self._as(c, kinds[c], name)).any()]
        steps = [c for c in kinds if c not in static]
        if not steps and order_by is None:
            raise InputError.of(name, "a frame with a column that changes within a sequence", f"only {sorted(static)}")
        numbers = [c for c in steps if kinds[c] == columns.NUMERIC] + ([order_by] if order_by else [])
        return Layout(
            numbers or [ALWAYS_ONE],
            [c for c in steps if kinds[c] == columns.CATEGORICAL],
            [c for c in static if kinds.get(c) == columns.NUMERIC],
            [c for c in static if kinds.get(c) == columns.CATEGORICAL],
        )

    def arranged(self, layout: Layout, order_by: str | None, name: str) -> tuple[dict[str, np.ndarray], dict[str, int]]:
        """Returns the events in their order as one padded array for all sequences, see `SequenceInput.check`.

        Of static columns the value of the last event of each sequence counts.

        Returns:
            The arrays; and of static columns that differ within a sequence, the first event that does.

        Raises:
            InputError: If columns are missing or of another type.
        """
        known = [column for column in layout.types if column not in (order_by, ALWAYS_ONE)]
        missing = sorted(set(known) - set(self.columns))
        if missing:
            hint = "Columns may come in another order, and others beside them."
            raise InputError.of(name, f"a frame with the columns {sorted(known)}", f"{missing} missing", hint)
        read = {column: self._as(column, layout.types[column], name) for column in known}
        changing = {column: self._differing(read[column]) for column in layout.static}
        order = np.argsort(self.codes, kind="stable")
        if self.when is not None:
            order = np.lexsort((np.arange(len(order)), self.when, self.codes))
            read[str(order_by)] = self._since(order)
        read[ALWAYS_ONE] = np.ones(len(order))
        counts = np.bincount(self.codes)
        time = int(min(LONGEST, counts.max()))
        ends, codes = np.cumsum(counts), self.codes[order]
        # places counted so that of a longer sequence the last events are kept
        place = np.arange(len(codes)) - np.maximum(ends - time, ends - counts)[codes]
        kept = place >= 0
        example, step = codes[kept], place[kept]

        def padded(names: list[str], nothing: Any, kind: Any) -> np.ndarray:
            array = np.full((len(counts), time, len(names)), nothing, kind)
            for number, column in enumerate(names):
                array[example, step, number] = read[column][order][kept]
            return array

        rows = {
            "steps": padded(layout.step_numbers, np.nan, np.float32),
            "length": counts[:, None].astype(np.float32),
        }
        if layout.step_categories:
            widest = max(read[column].dtype for column in layout.step_categories)
            rows["step_categories"] = padded(layout.step_categories, "", widest)
        for part, names in (("static_numbers", layout.static_numbers), ("static_categories", layout.static_categories)):
            if names:
                rows[part] = np.stack([read[column][order[ends - 1]] for column in names], axis=1)
        return rows, {column: int(np.argmax(where)) for column, where in changing.items() if where.any()}

    def _as(self, column: str, kind: str, name: str) -> np.ndarray:
        """A column as float32, NaN where missing, or as names of categories, empty where missing."""
        values = columns.plain(self.columns[column], f"{name}[{column!r}]")
        if kind == columns.CATEGORICAL:
            return columns.words(values)
        return columns.numeric(values, f"{name}[{column!r}]", LARGEST_VALUE)

    def _since(self, order: np.ndarray) -> np.ndarray:
        """The logarithm of the time since the previous event of the same sequence; `order` sorts the events."""
        when, codes = np.asarray(self.when)[order], self.codes[order]
        passed = np.diff(when, prepend=when[:1])
        passed[np.diff(codes, prepend=codes[:1]) != 0] = 0
        since = np.empty(len(order))
        since[order] = np.log1p(passed)
        return since

    def _first(self, values: np.ndarray) -> np.ndarray:
        return values[np.unique(self.codes, return_index=True)[1]]

    def _differing(self, values: np.ndarray) -> np.ndarray:
        """The events whose value is not that of the first event of their sequence."""
        first = self._first(values)[self.codes]
        gaps = columns.gaps(values)
        return ~(np.asarray(values == first, bool) | (gaps & self._first(gaps)[self.codes]))


def column_of(known: Mapping[str, np.ndarray], column: str, name: str, argument: str) -> np.ndarray:
    """Returns the column that an argument names.

    Raises:
        InputError: If there is none; the known ones are listed.
    """
    if column not in known:
        raise InputError.of(argument, f"a column of {name}, one of {sorted(known)}", repr(column))
    return known[column]


def _codes(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The number of the sequence of each event, and the ids, both in the order of first appearance."""
    missing = columns.gaps(values)
    if missing.any():
        raise InputError.of(name, "a frame in which each event has a sequence id", f"none in row {np.argmax(missing)}")
    numbers: dict[Any, int] = {}
    codes = np.array([numbers.setdefault(value, len(numbers)) for value in values.tolist()])
    first = np.unique(codes, return_index=True)[1]
    ids = values[first]
    return codes, np.array(ids.tolist()) if ids.dtype == object else ids


def _times(values: np.ndarray, name: str) -> np.ndarray:
    """A number for each event, of dates the seconds since 1970."""
    values = columns.plain(values.astype(object) if values.dtype.kind == "U" else values, name)
    kind = columns.infer(values)
    if kind == columns.DATE:
        found = columns.moments(values, name, utc=True)
        when = np.where(np.isnat(found), np.nan, found.astype(np.int64) / 1e6)
    elif kind == columns.CATEGORICAL:
        text = next((value for value in values.tolist() if isinstance(value, str)), values[0])
        hint = "Convert the column, as with pandas.to_datetime."
        raise InputError.of(name, "numbers or dates such as 2024-01-31 18:30:00", f"a value such as {text!r}", hint)
    else:
        when = np.where(columns.gaps(values), np.nan, values).astype(np.float64)
    if not np.isfinite(when).all():
        raise InputError.of(name, "without missing or infinite values", f"one in row {np.argmax(~np.isfinite(when))}")
    return when


def _type_of(values: np.ndarray, name: str) -> str:
    kind = columns.infer(values)
    if kind == columns.DATE:
        hint = "Turn dates into numbers, such as days before the event, leave them out, or say 'categorical' in types."
        raise InputError.of(name, "numbers or text", "dates", hint)
    return columns.CATEGORICAL if kind == columns.CATEGORICAL else columns.NUMERIC
