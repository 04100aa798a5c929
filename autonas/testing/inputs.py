"""What every input has to do. Call `check_input` on yours, in your own tests."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.data import feed, leaves, length, mapped, shapes, take
from autonas.errors import InputError

if TYPE_CHECKING:
    import keras

    from autonas.inputs.base import Input


def check_input(input: Input, x: Any, folder: Path) -> None:
    """Checks that an input is one: one canonical form, a preprocessor of Keras's own that learns nothing, no memory lost.

    Args:
        input: Not fitted.
        x: Some examples, as a user holds them; at least two.
        folder: For the files it writes.

    Raises:
        AssertionError: Names what does not hold.
    """
    checked = input.check(x)
    _same(input.check(checked), checked, "check leaves what it checked as it is")
    _refuses(lambda: input.check(take(checked, slice(0, 0))), "no examples at all are an InputError")
    before = mapped(np.copy, checked)
    input.fit(checked)
    _same(input.check(x), checked, "check gives the same after fit")
    model = input.preprocessor()
    prepared = _outputs(model, checked)
    _same(checked, before, "fit and the preprocessor leave the data as it is")
    _check(shapes(prepared) == _plain(input.shape), "shape is that of a preprocessed example", shapes(prepared))
    _check(length(prepared) == length(checked), "no example is lost", length(prepared))
    _finite(prepared, "it gives")
    _check(not model.trainable_variables, "the preprocessor has nothing to train", model.trainable_variables)
    own = [type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")]
    _check(not own, "the preprocessor is made of Keras's own layers", own)
    _same(_saved_and_loaded(model, checked, folder), prepared, "the preprocessor gives the same when saved and loaded")
    _prepares_on_a_device(input, checked, prepared)
    _reduces(input, prepared)
    _names_entries(input)
    again = type(input).from_config(json.loads(json.dumps(input.get_config(), allow_nan=False)))
    _check(_plain(again.shape) == _plain(input.shape), "from_config gives the same shape", again.shape)
    _same(again.check(x), checked, "from_config gives an input that checks the same")
    _same(_outputs(again.preprocessor(), checked), prepared, "from_config gives the same preprocessor")


def _names_entries(input: Input) -> None:
    """`files` names entries of `get_config`, and of a `.txt` one list."""
    for name, paths in input.files().items():
        try:
            found = [functools.reduce(operator.getitem, path, input.get_config()) for path in paths]
        except (KeyError, IndexError) as error:
            _check(False, f"what files names for {name} is an entry of get_config", error)
        one_list = len(paths) == 1 and isinstance(found[0], list)
        _check(one_list or not name.endswith(".txt"), f"{name}, a .txt, has one list", paths)


def _prepares_on_a_device(input: Input, checked: Any, prepared: Any) -> None:
    """`numbers`, and then the model that runs on the device if there is one, give what the preprocessor gives."""
    numbers, model = input.numbers(checked), input.on_device()
    done = numbers if model is None else _outputs(model, numbers)
    for got, expected in zip(leaves(done), leaves(prepared), strict=True):
        close = got.dtype == expected.dtype and np.allclose(got, expected, rtol=1e-5, atol=1e-5)
        _check(close, "a device prepares as the preprocessor does", got)


def _reduces(input: Input, prepared: Any) -> None:
    before = mapped(np.copy, prepared)
    kept = all(one is other for one, other in zip(leaves(input.reduce(prepared, 1.0)), leaves(prepared), strict=True))
    _check(kept, "reduce(x, 1) is x", None)
    half = input.reduce(prepared, 0.5)
    _same(prepared, before, "reduce leaves the data as it is")
    _finite(half, "reduce gives")
    for less, full in zip(leaves(half), leaves(prepared), strict=True):
        fits = less.ndim == full.ndim and len(less) == len(full) and less.size <= full.size
        _check(fits, "reduce keeps the examples and the rank, and makes none larger", less.shape)
    for factor in 0.0, 1.5:
        _refuses(functools.partial(input.reduce, prepared, factor), f"reduce(x, {factor}) is an InputError")


def _saved_and_loaded(model: keras.Model, x: Any, folder: Path) -> Any:
    import keras

    path = folder / "preprocessor.keras"
    model.save(path)
    return _outputs(keras.saving.load_model(path), x)


def _outputs(model: keras.Model, x: Any) -> Any:
    return model.predict(feed(x), verbose=0)


def _finite(x: Any, what: str) -> None:
    for leaf in leaves(x):
        _check(leaf.dtype == np.float32 and bool(np.isfinite(leaf).all()), f"{what} finite float32", leaf.dtype)


def _plain(shape: Any) -> Any:
    return {name: _plain(inner) for name, inner in shape.items()} if isinstance(shape, dict) else tuple(shape)


def _same(got: Any, expected: Any, what: str) -> None:
    _check(len(leaves(got)) == len(leaves(expected)), what, f"{len(leaves(got))} arrays")
    for one, other in zip(leaves(got), leaves(expected), strict=True):
        equal = np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        same = one.dtype.kind == other.dtype.kind and one.dtype.itemsize == other.dtype.itemsize and equal
        same = same or (one.dtype.kind == "U" and other.dtype.kind == "U" and equal)  # as long as the longest text
        _check(same, what, f"{one.dtype} of shape {one.shape}" if one.shape != other.shape else one)


def _refuses(call: Callable[[], Any], what: str) -> None:
    try:
        got = call()
    except InputError:
        return
    _check(False, what, got)


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of an input it must hold that {what}. Got {got} instead.")
