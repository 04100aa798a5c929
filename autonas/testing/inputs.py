"""What every input has to do. Call `check_input` on yours, in your own tests."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
    _refuses(lambda: input.check(checked[:0]), "no examples at all are an InputError")
    before = checked.copy()
    input.fit(checked)
    _same(input.check(x), checked, "check gives the same after fit")
    model = input.preprocessor()
    prepared = _outputs(model, checked)
    _same(checked, before, "fit and the preprocessor leave the data as it is")
    _check(prepared.shape == (len(checked), *input.shape), "shape is that of a preprocessed example", prepared.shape)
    _check(
        prepared.dtype == np.float32 and bool(np.isfinite(prepared).all()), "it gives finite float32", prepared.dtype
    )
    _check(not model.trainable_variables, "the preprocessor has nothing to train", model.trainable_variables)
    own = [type(layer).__name__ for layer in model.layers if not type(layer).__module__.startswith("keras.")]
    _check(not own, "the preprocessor is made of Keras's own layers", own)
    _same(_saved_and_loaded(model, checked, folder), prepared, "the preprocessor gives the same when saved and loaded")
    _reduces(input, prepared)
    again = type(input).from_config(json.loads(json.dumps(input.get_config(), allow_nan=False)))
    _check(again.shape == input.shape, "from_config gives the same shape", again.shape)
    _same(again.check(x), checked, "from_config gives an input that checks the same")
    _same(_outputs(again.preprocessor(), checked), prepared, "from_config gives the same preprocessor")


def _reduces(input: Input, prepared: np.ndarray) -> None:
    before = prepared.copy()
    _check(input.reduce(prepared, 1.0) is prepared, "reduce(x, 1) is x", None)
    half = input.reduce(prepared, 0.5)
    _same(prepared, before, "reduce leaves the data as it is")
    _check(half.dtype == np.float32 and bool(np.isfinite(half).all()), "reduce gives finite float32", half.dtype)
    fits = half.ndim == prepared.ndim and len(half) == len(prepared) and half.size <= prepared.size
    _check(fits, "reduce keeps the examples and the rank, and makes none larger", half.shape)
    for factor in 0.0, 1.5:
        _refuses(functools.partial(input.reduce, prepared, factor), f"reduce(x, {factor}) is an InputError")


def _saved_and_loaded(model: keras.Model, x: np.ndarray, folder: Path) -> np.ndarray:
    import keras

    path = folder / "preprocessor.keras"
    model.save(path)
    return _outputs(keras.saving.load_model(path), x)


def _outputs(model: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(x, verbose=0))


def _same(got: np.ndarray, expected: np.ndarray, what: str) -> None:
    same = got.dtype == expected.dtype and np.array_equal(got, expected)
    _check(same, what, f"{got.dtype} of shape {got.shape}" if got.shape != expected.shape else got)


def _refuses(call: Callable[[], Any], what: str) -> None:
    try:
        got = call()
    except InputError:
        return
    _check(False, what, got)


def _check(holds: bool, what: str, got: object) -> None:
    if not holds:
        raise AssertionError(f"Of an input it must hold that {what}. Got {got} instead.")
