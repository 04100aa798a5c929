"""Sequences as users hold them, read into one form: padded arrays with a length for each example.

They come as arrays, as lists of arrays or as that form itself; `autonas.events` reads frames with a row for each event.
NumPy alone is needed, so that a device reads them in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autonas.errors import InputError
from autonas.labels import unmasked

LONGEST = 512  # steps that a network takes
MOST_READ = 32 * LONGEST  # steps of an array that are kept, from which those are made
LARGEST_VALUE = 1e18  # squares of larger values overflow float32
PARTS = ("steps", "length", "step_categories", "static_numbers", "static_categories")


def real_steps(x: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which steps are none of the padding, (n, time)."""
    return np.arange(x["steps"].shape[1])[None] < x["length"]


def lengths(steps: Any, ops: Any = np) -> Any:
    """How many steps there are up to the last one with a number, (n, 1); at least 1, of very long ones `MOST_READ`.

    Args:
        steps: (n, time, features), NaN where missing and after the end.
        ops: `numpy`, or `keras.ops` for tensors.
    """
    places = ops.cumsum(ops.ones_like(steps[:, :, 0]), axis=1)
    last = ops.max(ops.where(ops.all(ops.isnan(steps), axis=-1), ops.ones_like(places), places), axis=1, keepdims=True)
    return ops.minimum(last, float(MOST_READ))


def in_groups(x: np.ndarray, stride: int) -> np.ndarray:
    """(n, time, c) as (n, groups, stride, c), zeros at the end."""
    x = np.pad(x, [(0, 0), (0, -x.shape[1] % stride), (0, 0)])
    return x.reshape(len(x), -1, stride, x.shape[2])


def of_arrays(x: Any, name: str) -> np.ndarray:
    """Reads an array of sequences, or a list of arrays.

    Args:
        x: (n, time, features) or (n, time); or arrays of (time, features) or (time,) in a list, a series or an array of
            objects; or a ragged tensor. Steps of NaN alone at the end are padding.
        name: How the user knows it, for the error.

    Returns:
        float32 (n, time, features), NaN where missing and after the end; of more than 16,384 steps the last.

    Raises:
        InputError: If there is nothing, a sequence is empty, features differ, or values are infinite.
    """
    if hasattr(x, "to_list"):  # a series, a ragged tensor
        x = x.to_list()
    ragged = isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype == object)
    if ragged:
        parts = [_sequence(one, f"{name}[{number}]") for number, one in enumerate(x)]
    else:
        array = np.asarray(unmasked(x))
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


def by_column(x: Any, known: list[str] | None, name: str) -> tuple[Any, list[str] | None]:
    """Frames in a list or a series with their columns in one order, and the names of these; anything else as it is.

    Args:
        x: Sequences.
        known: The columns of training; None takes those of the first frame.
        name: How the user knows them, for the error.

    Raises:
        InputError: If a frame has other columns.
    """
    parts = x.to_list() if hasattr(x, "iloc") and not hasattr(x, "columns") else x
    if not isinstance(parts, (list, tuple)) or not parts or not all(hasattr(one, "columns") for one in parts):
        return x, known
    names = [[str(column) for column in one.columns] for one in parts]
    known = known or names[0]
    for number, found in enumerate(names):
        if sorted(found) != sorted(known):
            raise InputError.of(f"{name}[{number}]", f"a frame with the columns {known}", found)
    return [one.iloc[:, list(map(found.index, known))] for one, found in zip(parts, names, strict=True)], known


def _sequence(x: Any, name: str) -> np.ndarray:
    try:
        array = np.asarray(unmasked(x))
        array = array.astype(np.float64) if array.dtype == object else array
    except (TypeError, ValueError) as error:
        raise InputError.of(name, "an array of numbers", f"{type(x).__name__} ({error})") from error
    if array.dtype.kind not in "biuf":
        raise InputError.of(name, "an array of numbers", f"dtype {array.dtype}")
    if array.ndim not in (1, 2):
        hint = "" if array.ndim else "A single sequence is passed as [x]."
        raise InputError.of(name, "of shape (time, features) or (time,)", f"shape {array.shape}", hint)
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


def _padded(parts: list[np.ndarray]) -> np.ndarray:
    time = min(MOST_READ, max(map(len, parts)))
    steps = np.full((len(parts), time, parts[0].shape[1]), np.nan, np.float32)
    for number, part in enumerate(parts):
        last = part[-time:]
        steps[number, : len(last)] = last
    return steps


def of_parts(x: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
    """Reads what is in the one form, or close to it: padded with anything, or `length` of one axis.

    Raises:
        InputError: If parts are unknown, of another type or shape, or do not fit each other.
    """
    unknown = sorted(set(x) - set(PARTS))
    if unknown:
        raise InputError.of(name, f"a dict with some of {list(PARTS)}", f"{unknown} too")
    rows = {part: np.asarray(x[part]) for part in PARTS if part in x}
    for part, ndim, kinds in zip(PARTS, (3, 2, 3, 2, 2), ("biuf", "biuf", "U", "biuf", "U"), strict=True):
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
    after = ~real_steps({"steps": steps, "length": length})
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
