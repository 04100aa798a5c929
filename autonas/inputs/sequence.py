"""Sequences: readings of sensors and events of accounts, of any length, with what stays the same beside them.

Whatever the user holds becomes one padded array with a length for each example. A frame of events is read in NumPy column
by column, so that a device without pandas can read a dict of columns in the same way.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError, NotFittedError
from autonas.inputs.base import Input

if TYPE_CHECKING:
    import keras

LONGEST = 512  # steps
MOST_CATEGORIES = 1000
LARGEST_VALUE = 1e18  # squares of larger values overflow float32
SAMPLE = 64  # sequences that are kept for blocks which follow the data
SHORTEST_REDUCED = 4
FIRST_CATEGORY = 2  # 0 stands for nothing (padding, missing), 1 for what training did not have
NUMBER, CATEGORY = "number", "category"
_PARTS = ("steps", "length", "step_categories", "static_numbers", "static_categories")


@dataclasses.dataclass
class _Layout:
    """Which columns of a frame go where, in this order."""

    step_numbers: list[str]
    step_categories: list[str]
    static_numbers: list[str]
    static_categories: list[str]

    @property
    def types(self) -> dict[str, str]:
        numbers = dict.fromkeys(self.step_numbers + self.static_numbers, NUMBER)
        return numbers | dict.fromkeys(self.step_categories + self.static_categories, CATEGORY)

    @property
    def static(self) -> list[str]:
        return self.static_numbers + self.static_categories


@dataclasses.dataclass
class _Scale:
    """How the columns of an array of numbers are scaled, and which of them had missing values."""

    mean: list[float]
    deviation: list[float]
    missing: list[int]

    @classmethod
    def of(cls, columns: Iterable[np.ndarray]) -> _Scale:
        scale = cls([], [], [])
        for number, column in enumerate(columns):
            known = column[~np.isnan(column)].astype(np.float64)
            mean = float(known.mean()) if len(known) else 0.0
            deviation = float(known.std()) if len(known) else 0.0
            scale.mean.append(mean)
            # by a spread of nothing, another value would be scaled to millions
            scale.deviation.append(deviation if deviation > 1e-6 * max(abs(mean), 1e-6) else 1.0)
            if len(known) < len(column):
                scale.missing.append(number)
        return scale

    @property
    def width(self) -> int:
        return len(self.mean) + len(self.missing)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.mean, np.float32), np.array(self.deviation, np.float32)


class SequenceInput(Input):
    """Sequences of one or several features, of equal or different lengths; one example is one sequence.

    Sequences come as an array of shape (n, time, features) or (n, time), steps at the end without any number being padding;
    as a list of arrays of shape (time, features) or (time,); as a dict with `steps` and `length`, padded at the end with
    anything; or, with `sequence_id`, as a frame (or a dict of columns) with one row for each event. Missing numbers are NaN.

    In a frame, columns of text and of categories become categories, all others numbers. Columns that are constant within
    each sequence are beside the sequence instead of in it. The time since the previous event is a feature too (its
    logarithm, of seconds where `order_by` holds dates).

    Of sequences longer than 512 steps the last 512 are used, for the latest events matter most; their whole length stays
    known. A network gets as many steps as the longest sequence of training has, of longer ones the last.

    Args:
        sequence_id: The column that says which sequence an event belongs to. Examples are in the order in which the ids
            first appear.
        order_by: The column of numbers or dates that events are sorted by; equal ones stay in the order of the rows. None
            keeps that order for all.
        static: The columns beside the sequences. None finds them.
        types: column -> `"number"` or `"category"`, where the type of the column does not say it.

    Raises:
        InputError: If an argument is of another kind, or only makes sense with `sequence_id`.

    Attributes:
        ids: The sequence ids of the frame that was checked last, in the order of its examples; None without one.
        ends: When the last event of each of these sequences was, as a number (of dates, seconds since 1970); None without
            `order_by`.
        length: Steps of a preprocessed sequence; known after `fit`.
        sample: Some preprocessed training sequences, `{"steps": (s, length, channels), "mask": (s, length)}`, for blocks that
            follow the data. It is not part of the configuration, so that a model does not carry its users' data.

    Example:

    >>> cards = SequenceInput(sequence_id="card", order_by="time")
    >>> rows = cards.check(events)
    >>> y = cards.sequence_targets(events, labels_by_card)
    """

    def __init__(
        self,
        sequence_id: str | None = None,
        order_by: str | None = None,
        static: Sequence[str] | None = None,
        types: Mapping[str, str] | None = None,
    ) -> None:
        for name, value in (("order_by", order_by), ("static", static), ("types", types)):
            if value is not None and sequence_id is None:
                raise InputError.of(name, "left out without sequence_id", repr(value), "It names columns of a frame.")
        if isinstance(static, str):
            raise InputError.of("static", "a list of columns", repr(static))
        wrong = {column: kind for column, kind in (types or {}).items() if kind not in (NUMBER, CATEGORY)}
        if wrong:
            raise InputError.of("types", f"a dict of columns, each {NUMBER!r} or {CATEGORY!r}", str(wrong))
        self._sequence_id = sequence_id
        self._order_by = order_by
        self._static = None if static is None else list(static)
        self._types = dict(types or {})
        self._layout: _Layout | None = None
        self._steps: _Scale | None = None
        self._static_numbers = _Scale([], [], [])
        self._log_length = _Scale([0.0], [1.0], [])
        self._vocabularies: dict[str, list[list[str]]] = {}
        self.length = 0
        self.ids: np.ndarray | None = None
        self.ends: np.ndarray | None = None
        self.sample: dict[str, np.ndarray] | None = None

    @property
    def shape(self) -> dict[str, tuple[int, ...]]:
        """Of one preprocessed example, by name.

        `steps` are scaled numbers, flags of missing ones after them; `mask` is 1 for real steps; `summary` is the scaled
        logarithm of the length; `static` are scaled numbers and flags. The last two and the categories are there if the
        data have them; categories are numbers, see `sizes`.
        """
        shape: dict[str, tuple[int, ...]] = {
            "steps": (self.length, self._fitted().width),
            "mask": (self.length,),
            "summary": (1,),
        }
        sizes = self.sizes
        if sizes["step_categories"]:
            shape["step_categories"] = (self.length, len(sizes["step_categories"]))
        if self._static_numbers.mean:
            shape["static"] = (self._static_numbers.width,)
        if sizes["static_categories"]:
            shape["static_categories"] = (len(sizes["static_categories"]),)
        return shape

    @property
    def sizes(self) -> dict[str, list[int]]:
        """How many numbers each column of `step_categories` and of `static_categories` can have.

        0 stands for padding and missing, 1 for what training did not have.
        """
        names = ("step_categories", "static_categories")
        return {name: [len(known) + FIRST_CATEGORY for known in self._vocabularies.get(name, [])] for name in names}

    def check(self, x: Any, name: str = "x") -> dict[str, np.ndarray]:
        """Returns sequences as a dict of arrays.

        Args:
            x: See the class.
            name: How the user knows it, for the error.

        Returns:
            `steps`, float32 (n, time, features), NaN where missing and after the end; `length`, float32 (n, 1), more than
            `time` where the sequence was cut; and where a frame has them, `step_categories`, str (n, time, columns), "" where
            missing and after the end; `static_numbers`, float32 (n, columns); `static_categories`, str (n, columns).

        Raises:
            InputError: If there is nothing, a sequence is empty, features differ, values are infinite, columns are missing or
                of a wrong type; after `fit`, also if they are not those of training.
        """
        self.ids = self.ends = None
        if isinstance(x, Mapping) and {"steps", "length"} <= set(x):
            rows = _check_parts(x, name)
        elif self._sequence_id is not None:
            rows = self._read_frame(_columns(x, name), name)
        elif hasattr(x, "columns") or isinstance(x, Mapping):
            hint = 'For a frame of events, name the column of their sequence: sequence_id="card".'
            raise InputError.of(name, "an array or a list of arrays", f"a {type(x).__name__}", hint)
        else:
            rows = _read_arrays(x, name)
        if self._steps is not None:
            self._check_fitted(rows, name)
        return rows

    def times(self, x: dict[str, np.ndarray]) -> np.ndarray | None:
        """When each sequence of the frame that was checked last ended, (n,), by `order_by`; None without one."""
        return self.ends

    def targets(self, x: Any, y: Any) -> Any:
        """See `sequence_targets`; targets of anything but a frame of events are as they are."""
        parts = isinstance(x, Mapping) and {"steps", "length"} <= set(x)
        return y if self._sequence_id is None or parts else self.sequence_targets(x, y)

    def sequence_targets(self, frame: Any, y: Any) -> np.ndarray:
        """Returns one label for each sequence of a frame, in the order of its examples.

        Args:
            frame: Of events, as `check` takes it (it must not have the label among its columns when it is checked).
            y: A column of the frame by name, or one value for each event: equal within a sequence; a pandas Series with
                sequence ids as its index; or one value for each sequence, in the order in which the ids first appear.

        Raises:
            InputError: If a sequence has no label or several, or there are too few or too many.

        Example:

        >>> y = cards.sequence_targets(events, "fraud")
        >>> rows = cards.check(events.drop(columns="fraud"))
        """
        if self._sequence_id is None:
            raise InputError.of("sequence_id", "given to read labels of a frame", None)
        columns = _columns(frame, "frame")
        codes, ids = _codes(_column(columns, self._sequence_id, "frame", "sequence_id"), "frame")
        if isinstance(y, str):
            return _constant(_column(columns, y, "frame", "y"), codes, ids)
        events, index = len(codes), getattr(y, "index", None)
        values = np.asarray(y)
        if values.ndim != 1:
            raise InputError.of("y", "one label for each sequence", f"shape {values.shape}")
        if index is not None and not callable(index):
            of_events = len(values) == events != len(ids) and np.array_equal(index, getattr(frame, "index", []))
            return _constant(values, codes, ids) if of_events else _by_id(values, index.tolist(), ids)
        if len(values) == len(ids):
            return values
        if len(values) != events:
            raise InputError.of("y", f"one label for each of {len(ids)} sequences or {events} events", len(values))
        return _constant(values, codes, ids)

    def fit(self, x: dict[str, np.ndarray]) -> None:
        """Learns mean and deviation of each feature over real steps, the categories, and the number of steps."""
        layout = self._layout
        got = (x["steps"].shape[2], *(x[part].shape[-1] if part in x else 0 for part in _PARTS[2:]))
        known = got if layout is None else tuple(len(columns) for columns in dataclasses.astuple(layout))
        if got != known:
            raise InputError.of("x", f"what was checked last, with {known} columns", f"one with {got}")
        steps, real = x["steps"], _real(x)
        self.length = int(min(LONGEST, real.sum(1).max()))
        self._steps = _Scale.of(steps[..., number][real] for number in range(steps.shape[2]))
        self._static_numbers = _Scale.of(x["static_numbers"].T if "static_numbers" in x else ())
        self._log_length = _Scale.of(np.log(x["length"]).T)
        self._vocabularies = {}
        for part in ("step_categories", "static_categories"):
            if part in x:
                values = x[part][real] if part == "step_categories" else x[part]
                self._vocabularies[part] = [_most_frequent(column) for column in values.T]
        chosen = np.unique(np.linspace(0, len(steps) - 1, SAMPLE).round().astype(int))
        some = self.numbers({part: values[chosen] for part, values in x.items()})
        self.sample = {"steps": some["steps"], "mask": some["mask"]}

    def preprocessor(self) -> keras.Model:
        """Returns the model from what `check` returns, with any number of steps, to a dict of the arrays of `shape`."""
        import keras

        scale, ops = self._fitted(), keras.ops
        inputs = {
            "steps": keras.Input((None, len(scale.mean)), name="steps"),
            "length": keras.Input((1,), name="length"),
        }
        time = ops.sum(ops.ones_like(inputs["steps"][:, :, :1]), axis=1)
        real = ops.minimum(inputs["length"], time)
        at = ops.maximum(real - float(self.length), 0.0) + np.arange(self.length, dtype=np.float32)[None]
        mask = ops.cast(ops.less(at, real), "float32")
        rows = ops.cast(at, "int32")[:, :, None]

        def cut(x: Any) -> Any:
            longer = ops.pad(x, [[0, 0], [0, self.length], [0, 0]])
            return ops.take_along_axis(longer, rows, axis=1)

        outputs = {
            "steps": _scaled(ops, cut(inputs["steps"]), scale, mask[:, :, None]),
            "mask": mask,
            "summary": _scaled(ops, ops.log(inputs["length"]), self._log_length),
        }
        if self._static_numbers.mean:
            inputs["static_numbers"] = keras.Input((len(self._static_numbers.mean),), name="static_numbers")
            outputs["static"] = _scaled(ops, inputs["static_numbers"], self._static_numbers)
        for part, vocabularies in self._vocabularies.items():
            time_axis = (None,) if part == "step_categories" else ()
            inputs[part] = keras.Input((*time_axis, len(vocabularies)), dtype="string", name=part)
            found = [_looked_up(inputs[part], number, known) for number, known in enumerate(vocabularies)]
            numbers = found[0] if len(found) == 1 else ops.concatenate(found, axis=-1)
            outputs[part] = cut(numbers) * mask[:, :, None] if time_axis else numbers
        return keras.Model(inputs, outputs, name="preprocessor")

    def numbers(self, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the preprocessor does, in NumPy."""
        scale = self._fitted()
        real = np.minimum(x["length"], x["steps"].shape[1])
        at = np.maximum(real - self.length, 0) + np.arange(self.length)[None]
        mask = (at < real).astype(np.float32)
        rows = np.minimum(at, x["steps"].shape[1] - 1).astype(int)[:, :, None]
        with np.errstate(invalid="ignore"):
            outputs = {
                "steps": _scaled(np, np.take_along_axis(x["steps"], rows, axis=1), scale, mask[:, :, None]),
                "mask": mask,
                "summary": _scaled(np, np.log(x["length"]), self._log_length),
            }
        if self._static_numbers.mean:
            outputs["static"] = _scaled(np, x["static_numbers"], self._static_numbers)
        for part, vocabularies in self._vocabularies.items():
            found = [_numbered(x[part][..., number], known) for number, known in enumerate(vocabularies)]
            numbers = np.stack(found, axis=-1)
            cut = part == "step_categories"
            outputs[part] = np.take_along_axis(numbers, rows, axis=1) * mask[:, :, None] if cut else numbers
        return outputs

    def reduce(self, x: dict[str, np.ndarray], factor: float) -> dict[str, np.ndarray]:
        """Shortens sequences by the mean of neighbouring real steps; of categories, each first one stays.

        Args:
            x: Preprocessed.
            factor: In (0, 1]; 1 returns `x` itself. No less than 4 steps are left.
        """
        if not 0 < factor <= 1:
            raise InputError.of("factor", "in (0, 1]", factor)
        stride = min(round(1 / factor), x["mask"].shape[1] // SHORTEST_REDUCED)
        if stride <= 1:
            return x
        mask = _in_groups(x["mask"][..., None], stride)
        counts = mask.sum(2)
        steps = (_in_groups(x["steps"], stride) * mask).sum(2) / np.maximum(counts, 1)
        reduced = {**x, "steps": steps.astype(np.float32), "mask": (counts[..., 0] > 0).astype(np.float32)}
        if "step_categories" in x:
            reduced["step_categories"] = _in_groups(x["step_categories"], stride)[:, :, 0]
        return reduced

    def get_config(self) -> dict[str, Any]:
        """What JSON has to keep: the settings and what `fit` learned."""
        return {
            "sequence_id": self._sequence_id,
            "order_by": self._order_by,
            "static": self._static,
            "types": self._types,
            "layout": None if self._layout is None else dataclasses.asdict(self._layout),
            "steps": None if self._steps is None else dataclasses.asdict(self._steps),
            "static_numbers": dataclasses.asdict(self._static_numbers),
            "log_length": dataclasses.asdict(self._log_length),
            "vocabularies": self._vocabularies,
            "length": self.length,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SequenceInput:
        """The inverse of `get_config`."""
        made = cls(config["sequence_id"], config["order_by"], config["static"], config["types"] or None)
        made._layout = None if config["layout"] is None else _Layout(**config["layout"])
        made._steps = None if config["steps"] is None else _Scale(**config["steps"])
        made._static_numbers, made._log_length = _Scale(**config["static_numbers"]), _Scale(**config["log_length"])
        made._vocabularies, made.length = dict(config["vocabularies"]), config["length"]
        return made

    def _fitted(self) -> _Scale:
        if self._steps is None:
            raise NotFittedError("The sequences are not known yet: call `fit` first.")
        return self._steps

    def _check_fitted(self, rows: dict[str, np.ndarray], name: str) -> None:
        expected = {"steps": len(self._fitted().mean), "static_numbers": len(self._static_numbers.mean)}
        expected |= {part: len(known) for part, known in self._vocabularies.items()}
        for part in _PARTS:
            got, wanted = (rows[part].shape[-1] if part in rows else 0), expected.get(part, 0)
            if part != "length" and got != wanted:
                raise InputError.of(name, f"sequences with {wanted} {part}, as in training", got)

    def _read_frame(self, columns: dict[str, Any], name: str) -> dict[str, np.ndarray]:
        codes, ids = _codes(_column(columns, str(self._sequence_id), name, "sequence_id"), name)
        order, since = np.argsort(codes, kind="stable"), None
        if self._order_by is not None:
            when = _times(_column(columns, self._order_by, name, "order_by"), f"{name}[{self._order_by!r}]")
            order = np.lexsort((np.arange(len(codes)), when, codes))
            since = _since(when[order], codes[order])
            self.ends = when[order][np.append(np.flatnonzero(np.diff(codes[order])), -1)]
        rest = {c: v for c, v in columns.items() if c not in (self._sequence_id, self._order_by)}
        layout = self._layout if self._steps is not None and self._layout else self._find_layout(rest, codes, name)
        known = [column for column in layout.types if column != self._order_by]
        for wrong, what in ((set(known) - set(rest), "missing"), (set(rest) - set(known), "unknown")):
            if wrong:
                raise InputError.of(name, f"a frame with the columns {sorted(known)}", f"{sorted(wrong)} {what}")
        read = {c: _of_type(rest[c], layout.types[c], f"{name}[{c!r}]")[order] for c in known}
        if since is not None:
            read[str(self._order_by)] = since
        elif not layout.step_numbers:
            read[""] = np.ones(len(codes))
        if self._steps is None:
            self._layout = layout if layout.step_numbers else dataclasses.replace(layout, step_numbers=[""])
        self.ids = ids
        return _arranged(read, layout, codes[order], name)

    def _find_layout(self, columns: dict[str, Any], codes: np.ndarray, name: str) -> _Layout:
        for what, named in (("static", self._static or []), ("types", self._types)):
            unknown = [column for column in named if column not in columns]
            if unknown:
                raise InputError.of(what, f"columns of {name}, {sorted(columns)}", unknown)
        types = {c: self._types.get(c) or _type_of(values, f"{name}[{c!r}]") for c, values in columns.items()}
        static = self._static
        if static is None:
            several = int(codes.max()) + 1 < len(codes)  # of events that stand alone, all columns would be constant
            static = [c for c in columns if several and _is_constant(_of_type(columns[c], types[c], c), codes)]
        steps = [c for c in columns if c not in static]
        if not steps and self._order_by is None:
            raise InputError.of(name, "a frame with a column that changes within a sequence", f"only {sorted(static)}")
        numbers = [c for c in steps if types[c] == NUMBER] + ([self._order_by] if self._order_by else [])
        return _Layout(
            numbers,
            [c for c in steps if types[c] == CATEGORY],
            [c for c in static if types[c] == NUMBER],
            [c for c in static if types[c] == CATEGORY],
        )


# --- what the preprocessor and `numbers` do alike


def _scaled(ops: Any, x: Any, scale: _Scale, mask: Any = None) -> Any:
    """Scales with NumPy or `keras.ops`; what is missing becomes 0, with a flag where training had missing values."""
    mean, deviation = scale.arrays()
    known = (x - mean) / deviation
    missing = ops.isnan(x)
    known = ops.where(missing, ops.zeros_like(known), known)
    if scale.missing:
        flags = ops.where(missing, ops.ones_like(known), ops.zeros_like(known))
        known = ops.concatenate([known, ops.take(flags, np.array(scale.missing), axis=-1)], axis=-1)
    return known if mask is None else known * mask


def _looked_up(x: Any, number: int, known: list[str]) -> Any:
    import keras

    # Keras takes no empty vocabulary; a name that cannot be one is never found
    lookup = keras.layers.StringLookup(vocabulary=known or ["\0"], mask_token="", num_oov_indices=1)
    return keras.ops.cast(lookup(x[..., number : number + 1]), "float32")


def _numbered(column: np.ndarray, known: list[str]) -> np.ndarray:
    values, inverse = np.unique(column, return_inverse=True)
    at = {value: number + FIRST_CATEGORY for number, value in enumerate(known)}
    numbers = [0 if value == "" else at.get(value, 1) for value in values.tolist()]
    return np.array(numbers, np.float32)[inverse].reshape(column.shape)


def _most_frequent(column: np.ndarray) -> list[str]:
    values, counts = np.unique(column[column != ""], return_counts=True)
    return values[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES].tolist()


def _real(x: dict[str, np.ndarray]) -> np.ndarray:
    return np.arange(x["steps"].shape[1])[None] < x["length"]


def _in_groups(x: np.ndarray, stride: int) -> np.ndarray:
    """(n, time, c) as (n, groups, stride, c), zeros at the end."""
    x = np.pad(x, [(0, 0), (0, -x.shape[1] % stride), (0, 0)])
    return x.reshape(len(x), -1, stride, x.shape[2])


# --- arrays


def _read_arrays(x: Any, name: str) -> dict[str, np.ndarray]:
    ragged = isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object)
    if ragged:
        parts = [_sequence(one, f"{name}[{number}]") for number, one in enumerate(x)]
    else:
        array = np.asarray(x)
        if array.ndim not in (2, 3):
            hint = "A single sequence is passed as x[None]." if array.ndim == 1 else ""
            raise InputError.of(name, "of shape (n, time, features) or (n, time)", f"shape {array.shape}", hint)
        parts = [_sequence(one, f"{name}[{number}]") for number, one in enumerate(array)]
        parts = [_without_padding(part, f"{name}[{number}]") for number, part in enumerate(parts)]
    if not parts:
        raise InputError.of(name, "at least one sequence", "none")
    features = parts[0].shape[1]
    for number, part in enumerate(parts):
        if part.shape[1] != features:
            raise InputError.of(f"{name}[{number}]", f"of {features} features, as {name}[0] is", part.shape[1])
    return _padded(parts)


def _sequence(x: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(x)
        array = array.astype(np.float64) if array.dtype == object else array
    except (TypeError, ValueError) as error:
        raise InputError.of(name, "an array of numbers", f"{type(x).__name__} ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError.of(name, "an array of numbers", f"dtype {array.dtype}")
    if array.ndim not in (1, 2):
        raise InputError.of(name, "of shape (time, features) or (time,)", f"shape {array.shape}")
    array = array[:, None] if array.ndim == 1 else array
    if array.size == 0:
        raise InputError.of(name, "a sequence of at least one step and one feature", f"shape {array.shape}")
    return _finite(array, name)


def _without_padding(part: np.ndarray, name: str) -> np.ndarray:
    known = np.flatnonzero(~np.isnan(part).all(1))
    if not len(known):
        raise InputError.of(name, "a sequence of at least one step", "NaN only", "Leave it out.")
    return part[: known[-1] + 1]


def _finite(array: np.ndarray, name: str) -> np.ndarray:
    if np.isinf(array).any():
        raise InputError.of(name, "of finite numbers or NaN", "infinity")
    if (np.abs(array) > LARGEST_VALUE).any():
        raise InputError.of(name, f"of numbers of at most {LARGEST_VALUE:g} in size", "larger ones")
    return array.astype(np.float32, copy=False)


def _padded(parts: list[np.ndarray]) -> dict[str, np.ndarray]:
    time = min(LONGEST, max(map(len, parts)))
    steps = np.full((len(parts), time, parts[0].shape[1]), np.nan, np.float32)
    for number, part in enumerate(parts):
        last = part[-time:]
        steps[number, : len(last)] = last
    return {"steps": steps, "length": np.array([[len(part)] for part in parts], np.float32)}


def _check_parts(x: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
    """Reads what is in the canonical form, or close to it."""
    unknown = sorted(set(x) - set(_PARTS))
    if unknown:
        raise InputError.of(name, f"a dict with some of {list(_PARTS)}", f"{unknown} too")
    rows = {part: np.asarray(x[part]) for part in _PARTS if part in x}
    for part, ndim, kinds in zip(_PARTS, (3, 2, 3, 2, 2), ("biuf", "biuf", "U", "biuf", "U"), strict=True):
        if part == "length" and rows[part].ndim == 1:
            rows[part] = rows[part][:, None]
        if part in rows and (rows[part].ndim != ndim or rows[part].dtype.kind not in kinds):
            kind = "numbers" if "f" in kinds else "strings (dtype str)"
            got = f"shape {rows[part].shape} of {rows[part].dtype}"
            raise InputError.of(f"{name}[{part!r}]", f"an array of {kind} with {ndim} axes", got)
    steps, length = rows["steps"], rows["length"]
    if min(steps.shape) == 0:
        raise InputError.of(name, "at least one sequence, step and feature", f"steps of shape {steps.shape}")
    lengths = {part: len(values) for part, values in rows.items()}
    if len(set(lengths.values())) > 1 or length.shape[1] != 1:
        raise InputError.of(name, "a dict of parts with as many examples each, and one length", str(lengths))
    if not ((length >= 1) & (length == np.round(length))).all():
        first = int(np.argmax((length < 1) | (length != np.round(length))))
        raise InputError.of(f"{name}['length'][{first}]", "a whole number of steps, at least 1", length[first, 0])
    after = ~_real({"steps": steps, "length": length})
    rows["steps"] = _cleared(_finite(np.where(after[..., None], np.nan, steps) if after.any() else steps, name), None)
    rows["length"] = length.astype(np.float32, copy=False)
    if "static_numbers" in rows:
        rows["static_numbers"] = _finite(rows["static_numbers"], f"{name}['static_numbers']")
    if "step_categories" in rows:
        if rows["step_categories"].shape[:2] != steps.shape[:2]:
            got = f"shape {rows['step_categories'].shape}"
            raise InputError.of(f"{name}['step_categories']", f"of shape {(*steps.shape[:2], 'columns')}", got)
        rows["step_categories"] = _cleared(rows["step_categories"], after)
    return rows


def _cleared(values: np.ndarray, after: np.ndarray | None) -> np.ndarray:
    """Without categories after the end of a sequence; the same array where there are none."""
    if after is None or not (values[after] != "").any():
        return values
    return np.where(after[..., None], "", values)


# --- frames


def _columns(frame: Any, name: str) -> dict[str, Any]:
    if isinstance(frame, Mapping):
        columns = {str(column): np.asarray(values) for column, values in frame.items()}
    elif hasattr(frame, "columns") and hasattr(frame, "iloc"):
        twice = [column for column, count in collections.Counter(map(str, frame.columns)).items() if count > 1]
        if twice:
            raise InputError.of(name, "a frame with columns of different names", f"{twice} twice")
        columns = {str(column): _values(frame.iloc[:, at]) for at, column in enumerate(frame.columns)}
    else:
        raise InputError.of(name, "a frame of events, or a dict of columns", f"a {type(frame).__name__}")
    lengths = {column: len(values) if values.ndim == 1 else values.shape for column, values in columns.items()}
    if len(set(lengths.values())) > 1 or any(values.ndim != 1 for values in columns.values()):
        raise InputError.of(name, "a dict of columns of one length", str(lengths))
    if not lengths or not next(iter(lengths.values())):
        raise InputError.of(name, "a frame with at least one event", "an empty one")
    return columns


def _values(series: Any) -> np.ndarray:
    """A pandas column as NumPy knows it: nullable numbers with NaN, dates without their zone."""
    dtype = str(series.dtype)
    if dtype.startswith("datetime64"):
        return np.asarray(series.to_numpy("datetime64[ns]"))
    if dtype.lower().startswith(("int", "uint", "float", "boolean")):
        return np.asarray(
            series.to_numpy("float64", na_value=np.nan) if dtype[0].isupper() or dtype == "boolean" else series
        )
    if dtype == "category":
        values = np.asarray(series.astype(object))
        return np.array(
            [None if gone else _text(v) for v, gone in zip(values, _is_missing(values), strict=True)], object
        )
    return np.asarray(series) if dtype == "bool" else np.asarray(series.astype(object))


def _column(columns: dict[str, Any], column: str, name: str, argument: str) -> np.ndarray:
    if column not in columns:
        raise InputError.of(argument, f"a column of {name}, one of {sorted(columns)}", repr(column))
    return np.asarray(columns[column])


def _codes(values: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The number of the sequence of each event, and the ids, both in the order of first appearance."""
    missing = _is_missing(values)
    if missing.any():
        raise InputError.of(name, "a frame in which each event has a sequence id", f"none in row {np.argmax(missing)}")
    numbers: dict[Any, int] = {}
    codes = np.array([numbers.setdefault(value, len(numbers)) for value in values.tolist()])
    first = np.unique(codes, return_index=True)[1]
    ids = values[first]
    return codes, np.array(ids.tolist()) if ids.dtype == object else ids


def _times(values: np.ndarray, name: str) -> np.ndarray:
    if values.dtype.kind == "M":
        seconds = values.astype("datetime64[ns]").astype(np.int64) / 1e9
        when = np.where(np.isnat(values), np.nan, seconds)
    else:
        if _type_of(values, name) != NUMBER:
            hint = "Convert the column, as with pandas.to_datetime."
            raise InputError.of(name, "numbers or dates", f"dtype {values.dtype}", hint)
        when = values.astype(np.float64)
    if not np.isfinite(when).all():
        raise InputError.of(name, "without missing or infinite values", f"one in row {np.argmax(~np.isfinite(when))}")
    return when


def _since(when: np.ndarray, codes: np.ndarray) -> np.ndarray:
    passed = np.diff(when, prepend=when[:1])
    passed[np.diff(codes, prepend=codes[:1]) != 0] = 0
    return np.log1p(passed)


def _is_missing(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind == "M":
        return np.isnat(values)
    if values.dtype.kind != "O":
        return np.zeros(len(values), bool)
    return np.array(
        [value is None or type(value).__name__ in ("NAType", "NaTType") or value != value for value in values.tolist()]
    )


def _type_of(values: np.ndarray, name: str) -> str:
    if values.dtype.kind in "biuf":
        return NUMBER
    if values.dtype.kind == "U":
        return CATEGORY
    if values.dtype.kind != "O":
        hint = "Turn dates into numbers, such as days before the event, or leave them out."
        raise InputError.of(name, "numbers or text", f"dtype {values.dtype}", hint)
    kinds = {_kind(value) for value in values[~_is_missing(values)].tolist()}
    if len(kinds) > 1 or not kinds <= {NUMBER, CATEGORY}:
        raise InputError.of(name, "numbers or text", f"{' and '.join(sorted(kinds))} in one column")
    return kinds.pop() if kinds else NUMBER


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return CATEGORY
    return NUMBER if isinstance(value, (bool, int, float, np.number, np.bool_)) else type(value).__name__


def _of_type(values: np.ndarray, kind: str, name: str) -> np.ndarray:
    missing = _is_missing(values)
    if kind == NUMBER:
        if _type_of(values, name) != NUMBER:
            raise InputError.of(name, "numbers", "text", "Name its type: types={column: 'category'}.")
        return _finite(np.where(missing, np.nan, values).astype(np.float64), name)
    texts = ["" if gone else _text(value) for value, gone in zip(values.tolist(), missing, strict=True)]
    return np.array(texts, dtype=str)


def _text(value: Any) -> str:
    """A category's name; 3.0 is 3, for a missing value anywhere in a column makes floats of its integers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _first_of_each(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return values[np.unique(codes, return_index=True)[1]]


def _differing(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The events whose value is not that of the first event of their sequence."""
    first = _first_of_each(values, codes)[codes]
    equal = values == first
    return ~(equal | (np.isnan(values) & np.isnan(first))) if values.dtype.kind == "f" else ~equal


def _is_constant(values: np.ndarray, codes: np.ndarray) -> bool:
    return not _differing(values, codes).any()


def _constant(values: np.ndarray, codes: np.ndarray, ids: np.ndarray) -> np.ndarray:
    different = _differing(values, codes)
    if different.any():
        wrong = ids.tolist()[codes[np.argmax(different)]]
        raise InputError.of("y", "one label for each sequence", f"different ones for {wrong!r}")
    labels = _first_of_each(values, codes)
    return np.array(labels.tolist()) if labels.dtype == object else labels


def _by_id(values: np.ndarray, index: list[Any], ids: np.ndarray) -> np.ndarray:
    found: dict[Any, Any] = {}
    for one, label in zip(index, values.tolist(), strict=True):
        if found.setdefault(one, label) != label:
            raise InputError.of("y", "one label for each sequence", f"{found[one]!r} and {label!r} for {one!r}")
    without = [one for one in ids.tolist() if one not in found]
    if without:
        hint = "Its index holds sequence ids; pass y.to_numpy() for labels in the order of first appearance."
        raise InputError.of("y", "a Series with a label for each sequence", f"none for {without[0]!r}", hint)
    return np.array([found[one] for one in ids.tolist()])


def _arranged(read: dict[str, np.ndarray], layout: _Layout, codes: np.ndarray, name: str) -> dict[str, np.ndarray]:
    """Columns of sorted events as one padded array for all sequences."""
    counts = np.bincount(codes)
    time = int(min(LONGEST, counts.max()))
    ends = np.cumsum(counts)
    # places counted so that of a longer sequence the last events are kept
    place = np.arange(len(codes)) - np.maximum(ends - time, ends - counts)[codes]
    kept = place >= 0
    numbers, example, step = layout.step_numbers or [""], codes[kept], place[kept]
    rows = {
        "steps": np.full((len(counts), time, len(numbers)), np.nan, np.float32),
        "length": counts[:, None].astype(np.float32),
    }
    for number, column in enumerate(numbers):
        rows["steps"][example, step, number] = read[column][kept]
    if layout.step_categories:
        widest = max(read[column].dtype for column in layout.step_categories)
        rows["step_categories"] = np.full((len(counts), time, len(layout.step_categories)), "", widest)
        for number, column in enumerate(layout.step_categories):
            rows["step_categories"][example, step, number] = read[column][kept]
    for column in layout.static:
        if not _is_constant(read[column], codes):
            hint = "It was constant within each sequence in training, or is named in static."
            raise InputError.of(f"{name}[{column!r}]", "constant within each sequence", "different values in one", hint)
    for part, columns in (("static_numbers", layout.static_numbers), ("static_categories", layout.static_categories)):
        if columns:
            rows[part] = np.stack([_first_of_each(read[column], codes) for column in columns], axis=1)
    return rows
