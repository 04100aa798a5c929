"""Labels as users hold them (lists, arrays, tensors, pandas columns) read as arrays of one type, and checked as classes."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas.errors import InputError

_DATES = ("dates or times", "Make texts of them, such as y.dt.strftime('%Y-%m'), or numbers for a regression.")


def read(y: Any, name: str) -> np.ndarray:
    """Reads targets of any usual form: lists, arrays, tensors, pandas columns.

    Args:
        y: What the user holds. Bytes are read as UTF-8 text.
        name: How the user knows it, for the error.

    Returns:
        An array of booleans, integers, finite floats or strings, as they came, with at least one element.

    Raises:
        InputError: If there is nothing, something is missing, or the types are mixed.
    """
    if hasattr(y, "toarray"):  # a sparse matrix of SciPy
        y = y.toarray()
    if isinstance(y, Mapping):
        hint = "Several targets at once are for an AutoModel with an output for each."
        raise InputError.of(name, "a list or an array of labels", f"a dict with {list(y)[:10]}", hint)
    y = unmasked(y)
    try:
        # NumPy on its own would make strings of [1, "a"].
        array = np.array(y, dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    except ValueError as error:
        raise InputError.of(name, "of one length in each row", f"a ragged {type(y).__name__}") from error
    if array.ndim == 0:
        raise InputError.of(name, "a list or an array of labels", f"a {type(y).__name__}")
    if array.size == 0:
        raise InputError.of(name, "at least one label", f"an empty {type(y).__name__}")
    if array.dtype.kind in "OST":
        array = _of_one_type(array.astype(object), name)
    if array.dtype.kind not in "biufU":
        got = _DATES if array.dtype.kind in "mM" else (f"the type {array.dtype}",)
        raise InputError.of(name, "strings, integers, booleans or floats", *got)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _missing(~np.isfinite(array.ravel()), name)
    return array


def unmasked(x: Any) -> Any:
    """A masked array with None for what is masked, which NumPy would take for values; anything else as it is."""
    if not (isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x)):
        return x
    values = x.data.astype(object)
    values[x.mask] = None
    return values


def _of_one_type(objects: np.ndarray, name: str) -> np.ndarray:
    values = objects.ravel().tolist()
    missing = np.array([_is_missing(value) for value in values])
    if missing.any():
        raise _missing(missing, name)
    kinds = {_kind(value) for value in values}
    if kinds & {"list", "tuple", "ndarray"}:
        raise InputError.of(name, "of one length in each row", "ragged rows")
    if len(kinds - {"integer"} if "float" in kinds else kinds) > 1:
        raise InputError.of(name, "labels of one type", f"{' and '.join(sorted(kinds))} mixed")
    if all(isinstance(value, (datetime.date, datetime.timedelta)) for value in values):
        raise InputError.of(name, "strings, integers, booleans or floats", *_DATES)
    if kinds == {"bytes"}:
        values = [_text(value, name) for value in values]
    return np.array(values).reshape(objects.shape)


def _kind(value: Any) -> str:
    kinds: list[tuple[str, Any]] = [("string", str), ("bytes", bytes), ("boolean", (bool, np.bool_))]
    kinds += [("integer", numbers.Integral), ("float", numbers.Real)]
    return next((kind for kind, types in kinds if isinstance(value, types)), type(value).__name__)


def _is_missing(value: Any) -> bool:
    if isinstance(value, (float, np.floating)):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in ("NAType", "NaTType")  # of pandas, which need not be loaded


def _missing(where: np.ndarray, name: str) -> InputError:
    got = f"{int(where.sum())} missing (None, NaN or infinite), the first at {int(np.argmax(where))}"
    return InputError.of(name, "labels without gaps", got, "Leave out those examples.")


def _text(value: bytes, name: str) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InputError.of(name, "text", f"the bytes {value!r}", "Decode them first.") from error


def are_lists(y: Any) -> bool:
    """Whether each example has a list, a tuple, an array or a set of labels, and not a row of 0 and 1."""
    if hasattr(y, "columns") or not (
        isinstance(y, (list, tuple)) or getattr(getattr(y, "dtype", None), "kind", "") == "O"
    ):
        return False
    rows = list(y)
    if not rows or not all(isinstance(row, (list, tuple, set, frozenset)) or np.ndim(row) == 1 for row in rows):
        return False
    return len({len(row) for row in rows}) > 1 or any(
        isinstance(row, (set, frozenset)) or any(isinstance(label, str) for label in row) for row in rows
    )


def matrix(y: Any, name: str, known: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Makes rows of 0 and 1 of lists of labels.

    Args:
        y: A list of labels for each example, perhaps an empty one.
        name: How the user knows it, for the error.
        known: The classes; None takes those that there are, sorted.

    Returns:
        The rows, (n, classes), int64, and the classes.

    Raises:
        InputError: If labels are missing or mixed, or not among those known.
    """
    rows = [list(row) for row in y]
    every = read([label for row in rows for label in row], name)
    classes = np.unique(every) if known is None else known
    place = {label: number for number, label in enumerate(classes.tolist())}
    unseen = np.array(sorted({label for label in every.tolist() if label not in place}))
    if len(unseen):
        raise InputError.of(name, f"of the classes {few(classes)}", f"{few(unseen)}, unseen in training")
    result = np.zeros((len(rows), len(classes)), "int64")
    for row, own in zip(result, rows, strict=True):
        row[[place[label] for label in own]] = 1
    return result, classes


def check_whole(array: np.ndarray, name: str) -> None:
    """Raises an InputError if there are numbers with fractions: they measure, and do not name a class."""
    if array.dtype.kind == "f" and (array != np.round(array)).any():
        broken = array[array != np.round(array)][0]
        raise InputError.of(name, "classes", f"numbers with fractions, {broken}", "Numbers are a regressor's targets.")


def check_rows(array: np.ndarray, name: str, multi_label: bool) -> None:
    """Raises an InputError unless these are rows of 0 and 1, and one-hot unless several classes at once are meant."""
    zero_one = array.dtype.kind in "biuf" and array.shape[1] > 1 and bool(((array == 0) | (array == 1)).all())
    if not zero_one:
        expected = "rows of 0 and 1, (n, classes)" if multi_label else "of shape (n,), or one-hot rows of 0 and 1"
        raise InputError.of(name, expected, f"rows of the type {array.dtype} and the shape {array.shape}")
    sums = array.sum(axis=1, dtype=np.int64)
    if not multi_label and (sums != 1).any():
        first = int(np.argmax(sums != 1))
        got = f"{sums[first]} ones in row {first}"
        raise InputError.of(
            name, "one-hot: a single 1 in each row", got, "For several classes at once: multi_label=True."
        )


def check_members(classes: np.ndarray, counts: np.ndarray) -> None:
    """Raises an InputError unless there are two classes or more, and none with a single member."""
    present = classes[counts > 0]
    if len(present) < 2:
        raise InputError.of("y", "labels of at least two classes", f"only {few(present)}")
    if (counts == 1).any():
        raise InputError.of(
            "y",
            "labels with at least two members of each class, so that both parts of a split have one",
            f"a single member of {few(classes[counts == 1])}",
            "Leave out that example, or add another of its class.",
        )


def few(classes: np.ndarray, most: int = 10) -> str:
    """Names some classes, for an error."""
    more = f" and {len(classes) - most} more" if len(classes) > most else ""
    return ", ".join(map(repr, classes[:most].tolist())) + more
