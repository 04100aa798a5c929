"""Sequences: readings of sensors and events of accounts, of any length, with what stays the same beside them.

Whatever the user holds becomes one padded array with a length for each example. A frame of events is read in NumPy column
by column, so that a device without pandas can read a dict of columns in the same way.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import categories
from autonas.errors import InputError, NotFittedError
from autonas.event_targets import of_sequences
from autonas.events import Events, Layout, check_arguments
from autonas.inputs.base import Input, batch_of_rows
from autonas.scaling import Scale
from autonas.sequences import PARTS, by_column, in_groups, lengths, of_arrays, of_parts, real_steps
from autonas.window import Window

if TYPE_CHECKING:
    import keras

SHORT = 32  # steps that a network may take side by side, as the columns of a table
SAMPLE = 64  # sequences that are kept for blocks which follow the data
SHORTEST_REDUCED = 4


class SequenceInput(Input):
    """Sequences of one or several features, of equal or different lengths; one example is one sequence.

    Sequences come as an array of shape (n, time, features) or (n, time); as a list, a series or a ragged tensor of arrays of
    shape (time, features) or (time,); as a dict with `steps` and `length`, padded at the end with anything; or, with
    `sequence_id`, as a frame (or a dict of columns) with one row for each event. Missing numbers are NaN, and steps of nothing
    else at the end of an array are padding.

    The model takes arrays where training had arrays or lists of them, and else the dict that `check` returns.

    In a frame, columns of text and of categories become categories, all others numbers, as do texts that are all numbers; dates
    are an error, and columns without any value are left out. Columns that are constant within each sequence are beside the
    sequence instead of in it. The time since the previous event is a feature too (its logarithm, of seconds where `order_by`
    holds dates).

    A network gets as many steps as the longest sequence of training has, of longer ones the last, and 512 at most. Of a frame
    of events those are the last 512, for the latest events matter most. Readings in arrays keep their whole span: where more
    than one in twenty sequences is longer, the mean of each two, three, ... steps becomes one. `fit` warns of either. The
    length of the whole sequence stays known.

    Args:
        sequence_id: The column that says which sequence an event belongs to. Examples are in the order in which the ids
            first appear.
        order_by: The column of numbers, dates or texts of ISO dates that events are sorted by; equal ones stay in the order of
            the rows. None keeps that order for all.
        static: The columns beside the sequences; one that is not constant within each is an error. None finds them: of one that
            is not constant any more after `fit`, the last value of each sequence counts, and a warning says so.
        types: column -> `"numeric"` or `"categorical"`, where the type of the column does not say it.

    Raises:
        InputError: If an argument is of another kind, or only makes sense with `sequence_id`.

    Attributes:
        ids: The sequence ids of the frame that was checked last, in the order of its examples; None without one.
        ends: When the last event of each of these sequences was, as a number (of dates, seconds since 1970); None without
            `order_by`.
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
        check_arguments(sequence_id, order_by, static, types)
        self._sequence_id = sequence_id
        self._order_by = order_by
        self._static = None if static is None else list(static)
        self._types = dict(types or {})
        self._layout: Layout | None = None
        self._steps: Scale | None = None
        self._static_numbers = Scale([], [], [], [])
        self._log_length = Scale([0.0], [1.0], [], [[0.0]])
        self._vocabularies: dict[str, list[list[str]]] = {}
        self._window = Window()
        self._array = False  # whether training had arrays, or lists of them
        self._features: list[str] | None = None  # the columns of frames in a list
        self.ids: np.ndarray | None = None
        self.ends: np.ndarray | None = None
        self.sample: dict[str, np.ndarray] | None = None
        self._told: set[str] = set()  # columns of whose change the user was warned

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
    def length(self) -> int:
        """Steps of a preprocessed sequence; known after `fit`."""
        return self._window.steps

    @property
    def sizes(self) -> dict[str, list[int]]:
        """How many numbers each column of `step_categories` and of `static_categories` can have.

        0 stands for padding and missing, 1 for what training did not have.
        """
        names = ("step_categories", "static_categories")
        return {name: [len(known) + categories.FIRST for known in self._vocabularies.get(name, [])] for name in names}

    @property
    def is_short(self) -> bool:
        """Whether sequences are so short that all steps side by side are a row of a table."""
        return self.length <= SHORT

    def batch_size(self, rows: int) -> int:
        """As for a table where sequences are short."""
        return batch_of_rows(rows) if self.is_short else super().batch_size(rows)

    @property
    def edges(self) -> dict[str, list[list[float]]]:
        """The edges of bins of each number, by the part that it is in: quantiles of training values, scaled, ascending."""
        scales = {"steps": self._fitted(), "static": self._static_numbers, "summary": self._log_length}
        return {part: scale.edges for part, scale in scales.items()}

    def check(self, x: Any, name: str = "x") -> Any:
        """Returns sequences as an array, or as a dict of arrays where there are several.

        Args:
            x: See the class.
            name: How the user knows it, for the error.

        Returns:
            Of arrays and lists, float32 (n, time, features), NaN where missing and after the end. Of a frame or a dict, this as
            `steps`; `length`, float32 (n, 1), more than `time` where the sequence was cut; and where a frame has them,
            `step_categories`, str (n, time, columns), "" where missing and after the end; `static_numbers`, float32 (n,
            columns); `static_categories`, str (n, columns).

        After `fit`, arrays and such dicts come in the form that training had, and a frame has the columns of training, in any
        order and with others beside them.

        Raises:
            InputError: If there is nothing, a sequence is empty, features differ, values are infinite, columns are missing or
                of a wrong type; after `fit`, also if they are not those of training.
        """
        self.ids = self.ends = None
        if isinstance(x, Mapping) and {"steps", "length"} <= set(x):
            rows: Any = of_parts(x, name)
        elif self._sequence_id is not None:
            rows = self._read_frame(x, name)
        elif hasattr(x, "columns") or isinstance(x, Mapping):
            hint = (
                'For a frame of events, name the column of their sequence: sequence_id="card". Of one with a row for each '
                "sequence, pass x.to_numpy()."
            )
            raise InputError.of(name, "an array or a list of arrays", f"a {type(x).__name__}", hint)
        else:
            x, features = by_column(x, self._features, name)
            rows = of_arrays(x, name)
            self._features = features if self._steps is None else self._features
        if self._steps is None:
            return rows
        parts = _parts(rows)
        self._check_fitted(parts, name)
        return parts["steps"] if self._array else parts

    def times(self, x: Any) -> np.ndarray | None:
        """When each sequence of the frame that was checked last ended, (n,), by `order_by`; None without one."""
        return self.ends

    def targets(self, x: Any, y: Any, name: str = "y") -> Any:
        """See `sequence_targets`; targets of anything but a frame of events are as they are."""
        parts = isinstance(x, Mapping) and {"steps", "length"} <= set(x)
        return y if self._sequence_id is None or parts else self.sequence_targets(x, y, name)

    def sequence_targets(self, frame: Any, y: Any, name: str = "y") -> Any:
        """Returns one target for each sequence of a frame, in the order of its examples.

        Args:
            frame: Of events, as `check` takes it (it must not have the label among its columns when it is checked).
            y: A column of the frame by name, or one value for each event: equal within a sequence; a pandas Series or frame
                with sequence ids as its index; or one value for each sequence, in the order in which the ids first appear. A
                value may be a row, as of several targets or one-hot. Several of these are a dict or a list.
            name: How the user knows `y`, for the error.

        Returns:
            An array or, of a frame, a list or a dict, the same with a row for each sequence.

        Raises:
            InputError: If a sequence has no target or several, there are too few or too many, or the index of `y` could be
                that of the events and sequence ids alike, and both readings differ.

        Example:

        >>> y = cards.sequence_targets(events, "fraud")
        >>> rows = cards.check(events.drop(columns="fraud"))
        """
        if self._sequence_id is None:
            raise InputError.of("sequence_id", "given to read labels of a frame", None)
        events = Events.read(frame, self._sequence_id, None, "frame")
        index = frame.index if hasattr(frame, "iloc") else None
        return of_sequences(events, y, index, self._sequence_id, name)

    def fit(self, x: Any) -> None:
        """Learns mean and deviation of each feature over real steps, the categories, and the number of steps."""
        layout, self._array, x = self._layout, not isinstance(x, Mapping), _parts(x)
        got = (x["steps"].shape[2], *(x[part].shape[-1] if part in x else 0 for part in PARTS[2:]))
        known = got if layout is None else tuple(len(columns) for columns in dataclasses.astuple(layout))
        if got != known:
            raise InputError.of("x", f"what was checked last, with {known} columns", f"one with {got}")
        rows, events = len(x["steps"]), self._sequence_id is not None or "step_categories" in x
        self._window = Window.of(x, whole=not events)
        if told := self._window.told(x["length"], "events" if events else "steps"):
            warnings.warn(told, stacklevel=4)
        steps, mask = self._taken(x)
        self._steps = Scale.of((steps[..., number][mask > 0] for number in range(steps.shape[2])), rows)
        self._static_numbers = Scale.of(x["static_numbers"].T if "static_numbers" in x else (), rows)
        self._log_length = Scale.of(np.log(x["length"]).T, rows)
        self._vocabularies = {}
        for part in ("step_categories", "static_categories"):
            if part in x:
                values = x[part][real_steps(x)] if part == "step_categories" else x[part]
                self._vocabularies[part] = [categories.most_frequent(column) for column in values.T]
        chosen = np.unique(np.linspace(0, len(steps) - 1, SAMPLE).round().astype(int))
        some = self.numbers({part: values[chosen] for part, values in x.items()})
        self.sample = {"steps": some["steps"], "mask": some["mask"]}

    def preprocessor(self) -> keras.Model:
        """Returns the model from what `check` returns, with any number of steps, to a dict of the arrays of `shape`."""
        import keras

        scale, ops = self._fitted(), keras.ops
        inputs = {"steps": keras.Input((None, len(scale.mean)), name="steps")}
        if not self._array:
            inputs["length"] = keras.Input((1,), name="length")
        length = lengths(inputs["steps"], ops) if self._array else inputs["length"]
        time = ops.sum(ops.ones_like(inputs["steps"][:, :, :1]), axis=1)
        places, real = self._window.places(length, time, ops)
        places, mask = ops.cast(places, "int32"), self._window.mask(real)
        steps = self._window.take(inputs["steps"], places, real, ops)
        outputs = {
            "steps": scale.apply(steps, mask[:, :, None], ops),
            "mask": mask,
            "summary": self._log_length.apply(ops.log(length), ops=ops),
        }
        if self._static_numbers.mean:
            inputs["static_numbers"] = keras.Input((len(self._static_numbers.mean),), name="static_numbers")
            outputs["static"] = self._static_numbers.apply(inputs["static_numbers"], ops=ops)
        for part, vocabularies in self._vocabularies.items():
            time_axis = (None,) if part == "step_categories" else ()
            inputs[part] = keras.Input((*time_axis, len(vocabularies)), dtype="string", name=part)
            found = [categories.looked_up(inputs[part], number, known) for number, known in enumerate(vocabularies)]
            numbers = found[0] if len(found) == 1 else ops.concatenate(found, axis=-1)
            if time_axis:
                numbers = self._window.take(numbers, places, real, ops) * mask[:, :, None]
            outputs[part] = numbers
        return keras.Model(inputs["steps"] if self._array else inputs, outputs, name="preprocessor")

    def numbers(self, x: Any) -> dict[str, np.ndarray]:
        """What the preprocessor does, in NumPy."""
        scale, x = self._fitted(), _parts(x)
        steps, mask = self._taken(x)
        with np.errstate(invalid="ignore"):
            outputs = {
                "steps": scale.apply(steps, mask[:, :, None]),
                "mask": mask,
                "summary": self._log_length.apply(np.log(x["length"])),
            }
        if self._static_numbers.mean:
            outputs["static"] = self._static_numbers.apply(x["static_numbers"])
        for part, vocabularies in self._vocabularies.items():
            found = [categories.numbered(x[part][..., number], known) for number, known in enumerate(vocabularies)]
            numbers = np.stack(found, axis=-1)
            if part == "step_categories":
                numbers = self._taken(x, numbers)[0] * mask[:, :, None]
            outputs[part] = numbers
        return outputs

    def _taken(self, x: Mapping[str, np.ndarray], values: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The steps that a network takes, or other values of them, and which are real."""
        values = x["steps"] if values is None else values
        places, real = self._window.places(x["length"], values.shape[1])
        return self._window.take(values, places.astype(int), real), self._window.mask(real)

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
        mask = in_groups(x["mask"][..., None], stride)
        counts = mask.sum(2)
        steps = (in_groups(x["steps"], stride) * mask).sum(2) / np.maximum(counts, 1)
        reduced = {**x, "steps": steps.astype(np.float32), "mask": (counts[..., 0] > 0).astype(np.float32)}
        if "step_categories" in x:
            reduced["step_categories"] = in_groups(x["step_categories"], stride)[:, :, 0]
        return reduced

    def files(self) -> dict[str, list[list[Any]]]:
        """`columns.json` says which columns of a frame are what, in the order in which the model takes them; `scaling.json`
        has means and deviations in that order; `categories.json` the categories of each column, the first being number 2.
        """
        return {
            "columns.json": [["sequence_id"], ["order_by"], ["layout"]],
            "scaling.json": [["steps"], ["static_numbers"], ["log_length"]],
            "categories.json": [["vocabularies"]],
        }

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
            "pace": self._window.pace,
            "array": self._array,
            "features": self._features,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SequenceInput:
        """The inverse of `get_config`."""
        # there are projects from before tables and events had the same words
        words = {"number": "numeric", "category": "categorical"}
        types = {column: words.get(kind, kind) for column, kind in config["types"].items()}
        made = cls(config["sequence_id"], config["order_by"], config["static"], types or None)
        made._layout = None if config["layout"] is None else Layout(**config["layout"])
        made._steps = None if config["steps"] is None else Scale(**config["steps"])
        made._static_numbers, made._log_length = Scale(**config["static_numbers"]), Scale(**config["log_length"])
        made._vocabularies = dict(config["vocabularies"])
        # there are projects from before there was a pace, and from before models took arrays
        made._window, made._array = Window(config["length"], config.get("pace", 1)), config.get("array", False)
        made._features = config.get("features")
        return made

    def _fitted(self) -> Scale:
        if self._steps is None:
            raise NotFittedError("The sequences are not known yet: call `fit` first.")
        return self._steps

    def _check_fitted(self, rows: dict[str, np.ndarray], name: str) -> None:
        expected = {"steps": len(self._fitted().mean), "static_numbers": len(self._static_numbers.mean)}
        expected |= {part: len(known) for part, known in self._vocabularies.items()}
        for part in PARTS:
            got, wanted = (rows[part].shape[-1] if part in rows else 0), expected.get(part, 0)
            if part != "length" and got != wanted:
                raise InputError.of(name, f"sequences with {wanted} {part}, as in training", got)

    def _read_frame(self, x: Any, name: str) -> dict[str, np.ndarray]:
        events = Events.read(x, str(self._sequence_id), self._order_by, name)
        if self._steps is None or self._layout is None:
            self._layout = events.layout(self._order_by, self._static, self._types, name)
        rows, changing = events.arranged(self._layout, self._order_by, name)
        for column, row in changing.items():
            self._tell_of_change(f"{name}[{column!r}]", column, events.ids.tolist()[events.codes[row]])
        self.ids, self.ends = events.ids, events.ends
        return rows

    def _tell_of_change(self, what: str, column: str, sequence: Any) -> None:
        """A column that is beside the sequences differs within one: an error if the user says that it cannot."""
        if self._static is not None:
            got = f"different values for {sequence!r}"
            raise InputError.of(what, "constant within each sequence", got, "It is named in static.")
        if column not in self._told:
            self._told.add(column)
            warnings.warn(
                f"{what} was constant within each sequence in training, and is not for {sequence!r}. The last value of each "
                "sequence counts. static=[...] says which columns have to be constant.",
                stacklevel=4,
            )


def _parts(x: Any) -> dict[str, np.ndarray]:
    """Checked sequences by name, with their lengths."""
    return dict(x) if isinstance(x, Mapping) else {"steps": x, "length": lengths(x)}
