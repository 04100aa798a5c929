"""Data on its way to a training: checked, preprocessed, fingerprinted, and batched.

Examples are arrays, or what stands for arrays that do not fit in memory (`autonas.streams.Stream`), which brings its own
answer to each `singledispatch` function in here.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas.arrays import LARGE, aligned, tensor
from autonas.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

AT_ONCE = 256  # examples that are preprocessed


def mapped(function: Callable[..., Any], *parts: Any) -> Any:
    """Applies a function to each array of a dict, however deep, or to the array itself; of several parts to all at once.

    Example:

    >>> mapped(len, {"image": np.zeros((2, 8, 8)), "table": {"age": np.zeros(2)}})
    {'image': 2, 'table': {'age': 2}}
    """
    if isinstance(parts[0], Mapping):
        return {name: mapped(function, *(part[name] for part in parts)) for name in parts[0]}
    return function(*parts)


def leaves(x: Any) -> list[Any]:
    """The arrays of a dict in the order of their names, or the array itself."""
    return [leaf for name in sorted(x) for leaf in leaves(x[name])] if isinstance(x, Mapping) else [x]


def length(x: Any) -> int:
    """How many examples there are."""
    return len(leaves(x)[0])


def take(x: Any, rows: Any) -> Any:
    """Some of the examples: views of a slice, copies of other rows."""
    return mapped(lambda part: _taken(part, rows), x)


def _taken(part: Any, rows: Any) -> Any:
    numbers = isinstance(part, np.ndarray) and part.dtype.kind in "biuf" and part.nbytes >= LARGE
    if not numbers or isinstance(rows, slice):
        return part[rows]
    rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
    return np.take(part, rows, axis=0, out=aligned((len(rows), *part.shape[1:]), part.dtype), mode="wrap")


@functools.singledispatch
def checked(x: Any, check: Callable[[Any, str], Any], name: str) -> Any:
    """Examples in their canonical form: what `check(x, name)` returns."""
    return check(x, name)


@functools.singledispatch
def verified(x: Any) -> None:
    """Makes sure that `check` has seen all examples; of arrays it has."""


@functools.singledispatch
def sample(x: Any, rows: np.ndarray | None = None) -> Any:
    """As many of the examples, or of some of them, as fit in memory, to learn statistics from: of arrays, all."""
    return x if rows is None else take(x, rows)


@functools.singledispatch
def held_out(x: Any, share: float) -> float:
    """The share of the examples that can be judged on where `share` is asked for: what fits in memory; of arrays, all."""
    return share


@functools.singledispatch
def applied(x: Any, function: Callable[[Any], Any]) -> Any:
    """What a function makes of the examples, where it makes one of each."""
    return function(x)


def in_blocks(x: Any, function: Callable[[Any], Any], spare: int = 0) -> Any:
    """What a function makes of arrays, a block at a time, with room for `spare` more examples after them."""
    n, made = length(x), None
    for at in range(0, n, AT_ONCE):
        block = function(take(x, slice(at, at + AT_ONCE)))
        if made is None:
            made = mapped(lambda part: aligned((n + spare, *part.shape[1:]), part.dtype), block)
        _put(made, at, block)
    return made


@functools.singledispatch
def in_one(first: Any, second: Any, function: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
    """What a function makes of two parts of the data, a block at a time.

    Returns:
        That of the first, that of the second, and both as one. The parts are views of that, so memory holds them once.
    """
    n = length(first)
    both = in_blocks(first, function, length(second))
    _put(both, n, in_blocks(second, function))
    return take(both, slice(n)), take(both, slice(n, None)), both


def _put(into: Any, at: int, block: Any) -> None:
    def copied(whole: np.ndarray, part: np.ndarray) -> None:
        whole[at : at + len(part)] = part

    mapped(copied, into, block)


def joined(first: Any, second: Any) -> Any:
    """The targets of both, one after the other."""
    return mapped(lambda one, other: np.concatenate([one, other]), first, second)


@functools.singledispatch
def shapes(x: Any) -> Any:
    """The shape of one example."""
    return mapped(lambda part: tuple(part.shape[1:]), x)


def arguments(x: Any, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Examples as a signature of LiteRT takes them: float32 by name, of a dict in a dict both names with `_` between."""
    if not isinstance(x, Mapping):
        return {names[0]: np.asarray(x, "float32")}
    flat = flattened(x)
    return {name: np.asarray(flat[name], "float32") for name in names}


def flattened(x: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The arrays of dicts in a dict under names of their own: `{"facts": {"age": ...}}` becomes `{"facts_age": ...}`."""
    found: dict[str, Any] = {}
    for name, part in x.items():
        found |= flattened(part, f"{before}{name}_") if isinstance(part, Mapping) else {f"{before}{name}": part}
    return found


def nested(like: Mapping[str, Any], flat: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The inverse of `flattened`, in the structure of another one."""
    return {
        name: nested(part, flat, f"{before}{name}_") if isinstance(part, Mapping) else flat[f"{before}{name}"]
        for name, part in like.items()
    }


def spread(x: Any, most: int) -> Any:
    """So many of the examples at most, at even distances."""
    n = length(x)
    return take(x, np.unique(np.linspace(0, n - 1, min(n, most)).astype(int)))


def feed(x: Any) -> Any:
    """Examples as Keras takes them: strings have to be tensors."""

    def ready(part: np.ndarray) -> Any:
        if part.dtype.kind not in "OU":
            return part
        import tensorflow as tf

        return tf.constant(part)

    return mapped(ready, x)


def by_name(x: Any, name: str, names: Sequence[str]) -> dict[str, Any]:
    """Reads what stands for several parts: a dict with these names, or a list in their order.

    Raises:
        InputError: If a name is missing or unknown, or the list has another length.
    """
    if isinstance(x, Mapping) and set(x) == set(names):
        return dict(x)
    if isinstance(x, (list, tuple)) and len(x) == len(names):
        return dict(zip(names, x, strict=True))
    got = sorted(map(str, x)) if isinstance(x, Mapping) else f"a {type(x).__name__}"
    got = f"{got} of {len(x)}" if isinstance(x, (list, tuple)) else got
    raise InputError.of(name, f"a dict with {list(names)}, or a list in this order", got)


def check_lengths(x: Any, y: Any, sample_weight: Any = None) -> None:
    """Raises an InputError unless there is one target, and one weight, for each example."""
    n = length(x)
    for part in leaves(y):
        if n != len(part):
            raise InputError.of("y", f"as long as x, {n}", len(part))
    shape = np.shape(sample_weight)
    if sample_weight is not None and shape[:1] != (n,):
        raise InputError.of("sample_weight", f"as long as x, {n}", shape[0] if shape else repr(sample_weight))


def read_weights(sample_weight: Any, n: int) -> np.ndarray:
    """Reads one weight for each of `n` examples, as float32.

    Raises:
        InputError: If they are not `n` finite numbers, none negative and not all zero.
    """
    weights = np.asarray(sample_weight)
    numeric = weights.dtype.kind in "biuf"
    wrong = [
        (not numeric or weights.shape != (n,), f"the type {weights.dtype} and the shape {weights.shape}"),
        (numeric and not np.isfinite(weights).all(), "NaN or infinity among them"),
        (numeric and (weights < 0).any(), "negative ones among them"),
        (numeric and not weights.any(), "zeros only"),
    ]
    for is_wrong, got in wrong:
        if is_wrong:
            raise InputError.of("sample_weight", f"{n} finite numbers, none negative and not all zero", got)
    return weights.astype("float32")


def fingerprint(*parts: Any) -> str:
    """A short text that is equal for equal arrays: contents, types and shapes, in this order. None is a part too.

    Example:

    >>> fingerprint(np.arange(3), None) == fingerprint(np.arange(3), None)
    True
    """
    digest = hashlib.sha256()
    for leaf in (leaf for part in parts for leaf in named(part)):
        array = np.asarray(leaf)
        # Objects have no bytes of their own that another process would see alike.
        as_text = array.dtype.kind in "OUST"
        content: Any = "\0".join(map(repr, array.ravel().tolist())).encode() if as_text else np.ascontiguousarray(array)
        kind = "text" if as_text else array.dtype.str
        digest.update(f"{kind}{array.shape}{len(content) if as_text else ''};".encode())
        digest.update(content if as_text else content.reshape(-1).view(np.uint8))
    return digest.hexdigest()[:16]


@functools.singledispatch
def named(part: Any) -> list[Any]:
    """What a fingerprint is made of: the arrays of a dict, each after its name; anything else as it is."""
    if not isinstance(part, Mapping):
        return [part]
    return [leaf for name in sorted(part) for leaf in (name, *named(part[name]))]


@functools.singledispatch
def dataset(
    x: Any,
    y: Any,
    weights: np.ndarray | None,
    batch_size: int,
    seed: int | None = None,
    epoch: Callable[[], int] | None = None,
) -> tf.data.Dataset:
    """Batches of (x, y) or (x, y, weights), the last one perhaps smaller.

    Autotuning is off: for data in memory it costs more than the batches.

    Args:
        x: Examples.
        y: Targets.
        weights: One for each example, or None.
        batch_size: Examples in a batch.
        seed: Of the order, another one in each epoch; None keeps the order.
        epoch: Asked which epoch it is as each pass begins: the order follows from it and the seed. None counts the passes.
    """
    import tensorflow as tf

    with tf.device("CPU:0"):
        parts = [mapped(tensor, part) for part in (x, y, weights) if part is not None]
    n = length(x)
    steps = math.ceil(n / batch_size)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    options.threading.private_threadpool_size = 1

    def cut(order: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(steps).map(lambda step: order[step * batch_size : (step + 1) * batch_size])

    rows = cut(tf.range(n))
    if seed is not None:
        orders = in_each_pass(lambda random: random.permutation(n), tf.TensorSpec((n,), tf.int64), seed, epoch)
        rows = orders.flat_map(cut).apply(tf.data.experimental.assert_cardinality(steps))
    batches = rows.map(lambda row: tuple(mapped(lambda whole: tf.gather(whole, row), part) for part in parts))
    return batches.prefetch(1).with_options(options)


def in_each_pass(
    draw: Callable[[np.random.Generator], Any], signature: Any, seed: int, epoch: Callable[[], int] | None
) -> tf.data.Dataset:
    """A dataset of one element, drawn anew in each pass from a generator of (seed, epoch); see `dataset`."""
    import tensorflow as tf

    epoch = epoch or functools.partial(next, itertools.count())
    return tf.data.Dataset.from_generator(
        lambda: iter([draw(np.random.default_rng([seed, epoch()]))]), output_signature=signature
    )
