"""Columns of categories as numbers: what training had, looked up by a model of Keras and in NumPy alike."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST = 1000  # of a column
FIRST = 2  # 0 stands for nothing (padding, missing), 1 for what training did not have


def most_frequent(column: np.ndarray) -> list[str]:
    """The categories of a column, the most frequent first; without "", which stands for nothing."""
    values, counts = np.unique(column[column != ""], return_counts=True)
    return values[np.argsort(-counts, kind="stable")][:MOST].tolist()


def numbered(column: np.ndarray, known: list[str]) -> np.ndarray:
    """Their numbers, float32, of the shape of the column."""
    values, inverse = np.unique(column, return_inverse=True)
    at = {value: number + FIRST for number, value in enumerate(known)}
    numbers = [0 if value == "" else at.get(value, 1) for value in values.tolist()]
    return np.array(numbers, np.float32)[inverse].reshape(column.shape)


def looked_up(x: Any, number: int, known: list[str]) -> Any:
    """What `numbered` does, for one column of a tensor (..., columns); it keeps its axis."""
    import keras

    # Keras takes no empty vocabulary; a name that nothing has is never found (a NUL alone is empty to NumPy)
    lookup = keras.layers.StringLookup(vocabulary=known or ["\0nothing"], mask_token="", num_oov_indices=1)
    return keras.ops.cast(lookup(x[..., number : number + 1]), "float32")
