"""Targets of a frame of events: which row of what the user holds belongs to which sequence, and one of them for each.

Rows are chosen and never rebuilt, so that numbers, texts, one-hot rows and frames with several targets go one way, and heads
see them as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas import columns
from autonas.errors import InputError
from autonas.events import Events, column_of


def of_sequences(events: Events, y: Any, index: Any, sequence_id: str, name: str = "y") -> Any:
    """Returns one target for each sequence, see `autonas.inputs.sequence.SequenceInput.sequence_targets`.

    Args:
        events: The frame.
        y: A column of it by name; one for each event or sequence, with any number of columns; what has an index of sequence
            ids; or a dict or a list of several of these.
        index: Of the frame, or None.
        sequence_id: As `Events.read` took it.
        name: How the user knows `y`, for the error.

    Returns:
        What `y` was, with a row for each sequence; a series becomes an array.

    Raises:
        InputError: If a sequence has none or several, there are too few or too many, or they can be read in two ways.
    """
    if isinstance(y, str) and y == sequence_id:
        return events.ids
    if isinstance(y, str):
        return _of_column(events, column_of(events.columns, y, "frame", name), name)
    if isinstance(y, Mapping):
        return {part: of_sequences(events, y[part], index, sequence_id, f"{name}[{part!r}]") for part in y}
    if _is_several(y, events):
        return [of_sequences(events, part, index, sequence_id, f"{name}[{at}]") for at, part in enumerate(y)]
    if hasattr(y, "iloc"):
        chosen = y.iloc[_chosen(_columns(y, name), _ways(events, y.index, index, sequence_id), events, name)]
        return chosen if hasattr(y, "columns") else np.asarray(chosen)
    values = y if isinstance(y, (list, tuple)) else np.atleast_1d(np.asarray(y))
    if len(values) == len(events.ids):
        return y
    if len(values) != len(events.codes):
        expected = f"one value for each of {len(events.ids)} sequences or {len(events.codes)} events"
        raise InputError.of(name, expected, len(values))
    rows = _chosen(_columns(values, name), [events.codes], events, name)
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _of_column(events: Events, values: np.ndarray, name: str) -> np.ndarray:
    chosen = values[_chosen([values], [events.codes], events, name)]
    return np.array(chosen.tolist()) if chosen.dtype == object and not columns.gaps(chosen).any() else chosen


def _is_several(y: Any, events: Events) -> bool:
    """Whether this is a list of targets instead of one."""
    sizes = len(events.ids), len(events.codes)
    if not isinstance(y, (list, tuple)) or len(y) in (0, *sizes):
        return False
    parts = [part for part in y if hasattr(part, "__len__") and not isinstance(part, str)]
    return len(parts) == len(y) and all(hasattr(part, "iloc") or len(part) in sizes for part in parts)


def _ways(events: Events, own: Any, index: Any, sequence_id: str) -> list[np.ndarray]:
    """The sequence of each row of what has an index, -1 for none, in each way that the index can be meant.

    An index of ids says it. Otherwise, of as many rows as there are events, the rows are the events in their order or, if
    the index is that of the frame in another order, by that.
    """
    by_id = _by_id(events, own)
    n = len(events.codes)
    if len(own) != n or own.name == sequence_id:
        return [by_id]
    if index is not None and own.is_(index):
        return [events.codes]
    names = list(range(n)) if index is None else index.tolist()
    place = {one: row for row, one in enumerate(names)}
    aligned = np.array([place.get(one, -1) for one in own.tolist()])
    of_frame = not (aligned < 0).any()
    if not of_frame and own.tolist() != list(range(n)) and not (by_id < 0).all():
        return [by_id]
    ways = [events.codes]
    if of_frame and len(place) == n:
        ways.append(events.codes[aligned])
    if not (by_id < 0).any() and len(np.unique(by_id)) == len(events.ids):
        ways.append(by_id)
    return ways


def _by_id(events: Events, own: Any) -> np.ndarray:
    """The sequence that each value of an index is the id of, -1 for none. They are read as the ids were."""
    ids, given = events.ids, columns.read({"id": own.to_series()}, "y")["id"]
    if "U" in (ids.dtype.kind, given.dtype.kind):  # as of categories, which are texts
        ids, given = columns.words(ids), columns.words(given)
    known = {one: code for code, one in enumerate(ids.tolist())}
    return np.array([known.get(one, -1) for one in given.tolist()])


def _columns(values: Any, name: str) -> list[np.ndarray]:
    """What is compared within a sequence, column by column."""
    if hasattr(values, "iloc"):
        several = hasattr(values, "columns")
        parts = [values.iloc[:, at] for at in range(len(values.columns))] if several else [values]
        return list(columns.read({str(at): part for at, part in enumerate(parts)}, name).values())
    try:
        array = np.array(values, dtype=object) if isinstance(values, (list, tuple)) else values
    except ValueError as error:
        raise InputError.of(name, "of one length in each row", f"a ragged {type(values).__name__}") from error
    return list(array.reshape(len(array), -1).T)


def _chosen(values: list[np.ndarray], ways: list[np.ndarray], events: Events, name: str) -> np.ndarray:
    """The row of each sequence: the first of its own, in the way in which no sequence has two that differ."""
    found, conflicts = [], []
    for owner in ways:
        rows = _firsts(owner, events, name)
        known = np.flatnonzero(owner >= 0)
        different = known[~_alike(values, known, rows[owner[known]])]
        if len(different):
            conflicts.append((rows[owner[different[0]]], different[0], owner[different[0]]))
        else:
            found.append(rows)
    if not found:
        first, other, sequence = conflicts[0]
        at = next(column for column in values if not _alike([column], np.array([first]), np.array([other])).all())
        one, two = at[[first, other]].tolist()
        got = f"{one!r} and {two!r} for {events.ids.tolist()[sequence]!r}"
        raise InputError.of(name, "one value for each sequence", got)
    if not all(_alike(values, found[0], rows).all() for rows in found[1:]):
        hint = f"{name}.to_numpy() is read in the order of the events, and an index with the name of the column of ids by id."
        raise InputError.of(name, "of an index that can be read in one way", "one of events and of ids alike", hint)
    return found[0]


def _firsts(owner: np.ndarray, events: Events, name: str) -> np.ndarray:
    rows = np.full(len(events.ids), -1)
    known = np.flatnonzero(owner >= 0)[::-1]
    rows[owner[known]] = known
    if (rows < 0).any():
        hint = f"Its index holds sequence ids; pass {name}.to_numpy() for values in the order of first appearance."
        got = f"none for {events.ids.tolist()[np.argmax(rows < 0)]!r}"
        raise InputError.of(name, "a Series with a value for each sequence", got, hint)
    return rows


def _alike(values: list[np.ndarray], rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Where rows have what the other rows have, in all columns; what is missing is alike."""
    same = np.ones(len(rows), bool)
    for column in values:
        gaps = columns.gaps(column)
        same &= np.asarray(column[rows] == column[others], bool) | (gaps[rows] & gaps[others])
    return same
