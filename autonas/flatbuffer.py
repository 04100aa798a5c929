"""Flatbuffers, read by hand: a field of many tables at once. A schema's own classes take a hundred times as long."""

from __future__ import annotations

import itertools

import numpy as np

Vectors = list[tuple[int, ...]]


class Flatbuffer:
    """The content of a file, as numbers of each width that tables are made of.

    Args:
        content: A flatbuffer; other bytes may be appended to it.

    Attributes:
        content: The same.
        ints: Its signed numbers of four bytes.
        shorts: Its numbers of two bytes, which are never negative.
        bytes: Its signed numbers of one byte.

    Example:

    >>> Flatbuffer(tflite).root.tables(4)  # the buffers of a model in LiteRT's format
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.ints = np.frombuffer(content, "<i4", len(content) // 4)
        self.shorts = np.frombuffer(content, "<u2", len(content) // 2)
        self.bytes = np.frombuffer(content, "i1")

    @property
    def root(self) -> Tables:
        """The table that the others are found from."""
        return Tables(self, self.ints[:1].astype(np.int64))


class Tables:
    """Several tables of one kind. Fields are known by their numbers in the schema.

    A table begins with the distance back to its list of fields. That list is the bytes of itself and of the table, and for each
    field where it stands in the table: 0, or nothing at the end of the list, for one that has its default.

    Args:
        buffer: The file.
        positions: Where the tables begin; shape (n,).
    """

    def __init__(self, buffer: Flatbuffer, positions: np.ndarray) -> None:
        self._buffer, self._positions = buffer, positions
        self._fields = positions - buffer.ints[positions >> 2]
        self._ends = buffer.shorts[self._fields >> 1]

    def __len__(self) -> int:
        return len(self._positions)

    @property
    def first(self) -> Tables:
        """The first of them alone."""
        return Tables(self._buffer, self._positions[:1])

    def places(self, field: int) -> np.ndarray:
        """Where the values of a field stand; 0 for those that have the default."""
        slot = 4 + 2 * field
        there = slot < self._ends
        offsets = self._buffer.shorts[np.where(there, self._fields + slot, 0) >> 1]
        return np.where(there & (offsets > 0), self._positions + offsets, 0)

    def ints(self, field: int, default: int = 0) -> np.ndarray:
        """A field of four bytes; shape (n,)."""
        at = self.places(field)
        return np.where(at > 0, self._buffer.ints[at >> 2], default)

    def octets(self, field: int) -> np.ndarray:
        """A field of one byte whose default is 0; shape (n,)."""
        at = self.places(field)
        return np.where(at > 0, self._buffer.bytes[at], 0)

    def targets(self, field: int) -> np.ndarray:
        """Where that stands which a field points to, 0 for nothing; shape (n,)."""
        at = self.places(field)
        return np.where(at > 0, at + self._buffer.ints[at >> 2], 0)

    def lengths(self, field: int) -> np.ndarray:
        """How many entries the vectors have that a field points to; shape (n,)."""
        at = self.targets(field)
        return np.where(at > 0, self._buffer.ints[at >> 2], 0)

    def vectors(self, field: int) -> Vectors:
        """The vectors of numbers of four bytes that a field points to; an empty one for none."""
        lengths = self.lengths(field)
        ends = np.cumsum(lengths)
        starts = (self.targets(field) >> 2) + 1
        places = np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
        flat = tuple(self._buffer.ints[places].tolist())
        return [flat[start:end] for start, end in itertools.pairwise([0, *ends.tolist()])]

    def tables(self, field: int) -> Tables:
        """The tables that the vector of a field of the first table points to."""
        places = self.targets(field)[0] + 4 + 4 * np.arange(self.lengths(field)[0])
        return Tables(self._buffer, places + self._buffer.ints[places >> 2])

    def targeted(self, field: int) -> Tables:
        """The tables that a field points to; a table that has it not stands for itself."""
        targets = self.targets(field)
        return Tables(self._buffer, np.where(targets > 0, targets, self._positions))

    def inner_floats(self, field: int, inner: int) -> np.ndarray:
        """The first number of the vector `inner` of the table that a field points to, 0 where there is none; shape (n,)."""
        targets = self.targets(field)
        there, found = targets > 0, np.zeros(len(self))
        tables = Tables(self._buffer, targets[there])
        at = np.where(tables.lengths(inner) > 0, tables.targets(inner) + 4, 0)
        found[there] = np.where(at > 0, self._buffer.ints.view("<f4")[at >> 2], 0)
        return found

    def plain(self) -> list[bytes]:
        """All that stands in each table itself: equal for tables that are equal but for what they point to."""
        sizes = self._buffer.shorts[(self._fields >> 1) + 1]
        bounds = (self._fields, self._fields + self._ends, self._positions + 4, self._positions + sizes)
        content = self._buffer.content
        return [content[a:b] + content[c:d] for a, b, c, d in zip(*(bound.tolist() for bound in bounds), strict=True)]
