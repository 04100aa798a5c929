"""Data on its way to a training: taken out of datasets, split, sampled, fingerprinted, and batched."""

from __future__ import annotations

import hashlib
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf


def is_dataset(x: Any) -> bool:
    """Whether this is a `tf.data.Dataset`. Does not load TensorFlow: who holds a dataset has it loaded."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(x, tensorflow.data.Dataset)


def arrays(x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Any, Any, Any]:
    """Takes examples, targets and weights out of a dataset; arrays pass as they are.

    A dataset is taken to be in batches if its targets have an axis more than a scalar and its examples more than three, or
    if the first axis of both has no fixed length.

    Args:
        x: Examples, or a `tf.data.Dataset` of (x, y) or (x, y, sample_weight).
        y: Targets; None with a dataset.
        sample_weight: Weights or None; None with a dataset.

    Raises:
        InputError: If targets are missing, come twice, or the dataset has no end.
    """
    if not is_dataset(x):
        if y is None:
            raise InputError.of("y", "one target for each example", None, "Only a tf.data.Dataset brings its own.")
        return x, y, sample_weight
    if y is not None or sample_weight is not None:
        raise InputError.of(
            "y and sample_weight", "left out with a tf.data.Dataset", "both", "The dataset yields them."
        )
    parts = _collect(x)
    if len(parts) not in (2, 3):
        raise InputError.of("A dataset", "of (x, y) or (x, y, sample_weight)", f"{len(parts)} parts")
    return (*parts, None)[:3] if len(parts) == 2 else (parts[0], parts[1], parts[2])


def examples(dataset: Any) -> np.ndarray:
    """Takes the examples out of a dataset of x, (x, y) or (x, y, sample_weight)."""
    return _collect(dataset)[0]


def _collect(dataset: Any) -> tuple[np.ndarray, ...]:
    if int(dataset.cardinality()) == -1:
        raise InputError.of("A dataset", "one that ends", "one without an end", "Use dataset.take(n).")
    spec = dataset.element_spec
    spec = spec if isinstance(spec, tuple) else (spec,)
    join = np.concatenate if _batched(spec) else np.stack
    rows = [element if isinstance(element, tuple) else (element,) for element in dataset.as_numpy_iterator()]
    if not rows:
        raise InputError.of("A dataset", "at least one example", "none")
    return tuple(join([row[i] for row in rows]) for i in range(len(spec)))


def _batched(spec: tuple[Any, ...]) -> bool:
    ranks = [part.shape.rank for part in spec]
    if len(spec) > 1 and ranks[1] == 0:
        return False
    if ranks[0] is not None and ranks[0] >= 4:
        return True
    return all(rank and part.shape[0] is None for rank, part in zip(ranks, spec, strict=True))


def check_lengths(x: np.ndarray, y: np.ndarray, sample_weight: Any = None) -> None:
    """Raises an InputError unless there is one target, and one weight, for each example."""
    if len(x) != len(y):
        raise InputError.of("y", f"as long as x, {len(x)}", len(y))
    if sample_weight is not None and len(np.asarray(sample_weight)) != len(x):
        raise InputError.of("sample_weight", f"as long as x, {len(x)}", len(np.asarray(sample_weight)))


def split(n: int, strata: np.ndarray | None, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Splits row numbers in two, each class in proportion, and each with at least one row in both parts.

    Args:
        n: How many rows.
        strata: A class for each row, every one with two rows or more; None splits at random.
        fraction: Share of the second part, in (0, 1).
        seed: Of the choice.

    Returns:
        The row numbers of the first and of the second part, sorted.

    Raises:
        InputError: If the fraction is not in (0, 1), or a part would be empty.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise InputError.of("validation_split", "a share in (0, 1)", repr(fraction))
    if n < 2:
        raise InputError.of("x", "at least 2 examples, so that some can be held out", n)
    rng = np.random.default_rng([seed, n])
    strata = np.zeros(n, int) if strata is None else strata
    second = np.concatenate(
        [
            rng.permutation(rows)[: min(len(rows) - 1, max(1, round(fraction * len(rows))))]
            for rows in (np.flatnonzero(strata == stratum) for stratum in np.unique(strata))
        ]
    )
    chosen = np.zeros(n, bool)
    chosen[second] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def subsample(n: int, strata: np.ndarray | None, fraction: float, seed: int) -> np.ndarray:
    """Draws a share of row numbers, each class in proportion and none left out.

    Args:
        n: How many rows.
        strata: A class for each row; None draws at random.
        fraction: In (0, 1].
        seed: Of the choice.

    Returns:
        Sorted row numbers.
    """
    rng = np.random.default_rng([seed, n, 1])
    strata = np.zeros(n, int) if strata is None else strata
    kept = [
        rng.permutation(rows)[: max(1, math.ceil(fraction * len(rows)))]
        for rows in (np.flatnonzero(strata == stratum) for stratum in np.unique(strata))
    ]
    return np.sort(np.concatenate(kept))


def fingerprint(*parts: Any) -> str:
    """A short text that is equal for equal arrays: contents, types and shapes, in this order. None is a part too."""
    digest = hashlib.sha256()
    for part in parts:
        if part is None:
            digest.update(b"none")
            continue
        array = np.asarray(part)
        if array.dtype.kind in "OUS":
            digest.update("\0".join(map(repr, array.ravel().tolist())).encode())
        else:
            digest.update(str(array.dtype).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(str(array.shape).encode())
    return digest.hexdigest()[:16]


def dataset(
    x: np.ndarray, y: np.ndarray, weights: np.ndarray | None, batch_size: int, seed: int | None = None
) -> tf.data.Dataset:
    """Batches of (x, y) or (x, y, weights).

    Args:
        x: Examples.
        y: Targets.
        weights: One for each example, or None.
        batch_size: Examples in a batch.
        seed: Of the order, another one in each epoch; None keeps the order.
    """
    import tensorflow as tf

    tensors = [tf.constant(part) for part in (x, y, weights) if part is not None]
    rows = tf.data.Dataset.range(len(x))
    if seed is not None:
        rows = rows.shuffle(len(x), seed=seed % 2**31, reshuffle_each_iteration=True)
    batches = rows.batch(batch_size).map(
        lambda row: tuple(tf.gather(tensor, row) for tensor in tensors), num_parallel_calls=1, deterministic=True
    )
    return batches.prefetch(1)
