"""A `tf.data.Dataset` read in blocks of arrays, and what is kept of one that is too large to be collected."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data
from autonas.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

TOGETHER = 64  # examples of a dataset without batches that are read at once
BLOCK = 2**24  # bytes that are read at once


def is_dataset(x: Any) -> bool:
    """Whether this is a `tf.data.Dataset`. Does not load TensorFlow: who holds a dataset has it loaded."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(x, tensorflow.data.Dataset)


def labelled(x: Any, y: Any, sample_weight: Any, batch_size: int = 1) -> Iterator[tuple[Any, ...]]:
    """`blocks` of a dataset that has targets, and perhaps weights; neither may be given beside it.

    Raises:
        InputError: If they are, or if it has no targets; and as `blocks` raises it.
    """
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            raise InputError.of(
                name, "left out with a tf.data.Dataset", f"a {type(given).__name__}", "It yields its own."
            )
    parts = len(_specification(x))
    if parts not in (2, 3):
        raise InputError.of("A dataset", "of (x, y) or (x, y, sample_weight)", f"{parts} parts")
    return blocks(x, batch_size)


def three(parts: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Examples, targets, and weights or None."""
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None


def blocks(dataset: Any, batch_size: int = 1) -> Iterator[tuple[Any, ...]]:
    """The parts of the dataset, so many whole batches at once that they fill a block. The last block may be smaller.

    Sequences of different lengths, which come as ragged tensors, in batches that are each as long as their longest, or one by
    one, are padded with NaN to the longest of a block.

    Raises:
        InputError: If examples have several shapes, or there are none, or no end of them.
    """
    tensorflow = sys.modules["tensorflow"]
    if int(dataset.cardinality()) == tensorflow.data.INFINITE_CARDINALITY:
        raise InputError.of("A dataset", "one that ends", "one without an end", "Use dataset.take(n).")
    batches = _batches(dataset)
    waiting: list[tuple[Any, ...]] = []
    size, any_yet = 0, False
    try:
        for batch in batches.as_numpy_iterator():
            parts = batch if isinstance(batch, tuple) else (batch,)
            waiting.append(tuple(data.mapped(_text, part) for part in parts))
            size, any_yet = size + bytes_of(waiting[-1][0]), True
            if size >= BLOCK:
                block = end_to_end(waiting)
                n = data.length(block[0])
                cut = n - n % batch_size
                waiting = [tuple(data.take(part, slice(cut, None)) for part in block)] if cut < n else []
                size = sum(bytes_of(x) for x, *_ in waiting)
                if cut:
                    yield tuple(data.take(part, slice(cut)) for part in block)
    except tensorflow.errors.InvalidArgumentError as error:
        if "batch tensors" not in error.message:
            raise
        raise InputError.of("A dataset", "of examples of one shape", f"several ({error})") from error
    if waiting:
        yield end_to_end(waiting)
    elif not any_yet:
        raise InputError.of("A dataset", "one with at least one example", "an empty one")


def end_to_end(blocks: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Joins blocks to one.

    Raises:
        InputError: If examples have several shapes.
    """

    def concatenated(*parts: np.ndarray) -> np.ndarray:
        try:
            return np.concatenate(_of_one_length(parts))
        except ValueError as error:
            raise InputError.of("A dataset", "of examples of one shape", f"several ({error})") from error

    return tuple(data.mapped(concatenated, *parts) for parts in zip(*blocks, strict=True))


def one_of_each(checked: Any, x: Any) -> Any:
    """Refuses what has not one row for each example: rows that belong together might be in two blocks.

    Raises:
        InputError: If there are more or fewer.
    """
    rows, n = data.length(x), data.length(checked)
    if rows != n:
        hint = "Pass all of them at once, as a frame."
        raise InputError.of("A dataset that is read in blocks", "of one row for each example", f"{rows} of {n}", hint)
    return checked


def bytes_of(x: Any) -> int:
    """What examples take, as they are or as float32, whichever is more; a character of a text counts as a number."""
    strings = [leaf for leaf in data.leaves(x) if leaf.dtype.kind == "O"]
    numbers = [leaf for leaf in data.leaves(x) if leaf.dtype.kind != "O"]
    return sum(max(leaf.nbytes, 4 * leaf.size) for leaf in numbers) + sum(
        8 * leaf.size + 4 * sum(map(len, leaf.ravel())) for leaf in strings
    )


class Scan:
    """The first pass over a dataset that is too large to be collected.

    Args:
        dataset: The user's.
        seed: Of the sample.
        room: Bytes that the sample may take.

    Attributes:
        count: Examples so far.
        size: What they take, in bytes.
        labels: Their targets and weights, block by block.
    """

    def __init__(self, dataset: tf.data.Dataset, seed: int, room: float) -> None:
        self.dataset, self.random, self.room = dataset, np.random.default_rng(seed), room
        self.count, self.size, self.checksums = 0, 0, []  # type: int, int, list[str]
        self.labels: list[tuple[Any, ...]] = []
        # Of each example a random number is drawn. The sample are those with the smallest.
        self.sample: list[Any] = []
        self.keys, self.rows = np.empty(0), np.empty(0, "int64")
        self.largest = 1.0

    def see(self, x: Any, *labels: Any) -> None:
        """Takes note of a block."""
        n = data.length(x)
        self.checksums.append(data.fingerprint(x, *labels))
        self.labels.append(labels)
        keys = self.random.random(n)
        chosen = np.flatnonzero(keys <= self.largest)
        self.sample.append(data.take(x, chosen))
        self.keys = np.concatenate([self.keys, keys[chosen]])
        self.rows = np.concatenate([self.rows, self.count + chosen])
        self.count, self.size = self.count + n, self.size + bytes_of(x)
        if len(self.keys) > 1.5 * self._most:
            self._shrink()

    def known(self) -> Known:
        """The dataset, to be read again."""
        return Known(self.dataset, self.count, self.checksums)

    def sampled(self) -> tuple[np.ndarray, Any]:
        """The rows of the sample, and the examples."""
        self._shrink()
        return self.rows, self.sample[0]

    def _shrink(self) -> None:
        kept = np.sort(np.argsort(self.keys, kind="stable")[: self._most])
        (whole,) = end_to_end([(part,) for part in self.sample])
        self.sample = [data.take(whole, kept)]
        self.keys, self.rows = self.keys[kept], self.rows[kept]
        self.largest = self.keys.max()

    @property
    def _most(self) -> int:
        """Examples in the sample."""
        return max(16, int(self.room * self.count / max(1, self.size)))


@dataclasses.dataclass(frozen=True)
class Known:
    """A dataset that has been read once.

    Attributes:
        dataset: The user's.
        count: Of its examples.
        checksums: Of its blocks, to see that each pass gives the same.
    """

    dataset: tf.data.Dataset
    count: int
    checksums: list[str]

    def blocks(self) -> Iterator[tuple[np.ndarray, Any]]:
        """Row numbers and examples."""
        start = 0
        for number, (x, *labels) in enumerate(blocks(self.dataset)):
            if data.fingerprint(x, *labels) != "".join(self.checksums[number : number + 1]):
                raise _changed()
            yield np.arange(start, start + data.length(x)), x
            start += data.length(x)
        if start != self.count:
            raise _changed()


def _batches(dataset: Any) -> Any:
    """The dataset in batches of dense tensors."""
    tensorflow = sys.modules["tensorflow"]
    if any(isinstance(leaf, tensorflow.RaggedTensorSpec) for leaf in _leaves(_specification(dataset))):
        dataset = dataset.map(lambda *parts: tuple(data.mapped(_dense, part) for part in parts))
    spec = _specification(dataset)
    if _is_batched(spec):
        return dataset
    if any(_is_of_any_length(leaf) for leaf in _leaves(spec)):
        gaps = tuple(data.mapped(lambda leaf: np.nan if _is_of_any_length(leaf) else None, part) for part in spec)
        return dataset.map(lambda *parts: parts).padded_batch(TOGETHER, padding_values=gaps)
    return dataset.batch(TOGETHER)


def _dense(part: Any) -> Any:
    tensorflow = sys.modules["tensorflow"]
    if not isinstance(part, tensorflow.RaggedTensor):
        return part
    return tensorflow.cast(part, "float32").to_tensor(np.nan)


def _is_of_any_length(leaf: Any) -> bool:
    """Whether this is a sequence that stands alone: (time, features) or (time,), numbers that can be missing."""
    floats, shape = leaf.dtype.is_floating, leaf.shape
    return bool(floats and shape.rank in (1, 2) and shape[0] is None and shape[1:].is_fully_defined())


def _of_one_length(parts: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Sequences with as many steps as the longest have, NaN at the end; anything else as it is."""
    times = {part.shape[1] for part in parts if part.ndim in (2, 3) and part.dtype.kind == "f"}
    if len(times) < 2:
        return parts
    gaps = [[(0, 0), (0, max(times) - part.shape[1]), (0, 0)][: part.ndim] for part in parts]
    return tuple(np.pad(part, gap, constant_values=np.nan) for part, gap in zip(parts, gaps, strict=True))


def _specification(dataset: Any) -> tuple[Any, ...]:
    tensorflow = sys.modules["tensorflow"]
    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    for leaf in _leaves(parts):
        ragged = isinstance(leaf, tensorflow.RaggedTensorSpec) and leaf.dtype != tensorflow.string
        if not (ragged or isinstance(leaf, tensorflow.TensorSpec)) or leaf.shape.rank is None:
            expected = "of tensors of known rank, or of dicts of them, (x, y) or (x, y, sample_weight)"
            raise InputError.of("A dataset", expected, spec)
    return parts


def _is_batched(spec: tuple[Any, ...]) -> bool:
    parts = _leaves(spec)
    if any(part.shape.rank == 0 for part in parts):
        return False
    first = {part.shape[0] for part in parts}
    if len(parts) == 1:
        return parts[0].shape.rank >= 4 or first == {None}
    return len(first) == 1


def _leaves(parts: tuple[Any, ...]) -> list[Any]:
    return [leaf for part in parts for leaf in data.leaves(part)]


def _text(part: np.ndarray) -> np.ndarray:
    """Strings, which come as bytes, as text."""
    if part.dtype.kind != "O":
        return part
    try:
        texts = [value.decode() for value in part.ravel()]
    except UnicodeDecodeError as error:
        raise InputError.of("The strings of a dataset", "UTF-8", f"something else ({error})") from error
    return np.array([*texts, None], object)[:-1].reshape(part.shape)


def _changed() -> InputError:
    hint = (
        "Leave out shuffling (fit shuffles) or use shuffle(..., reshuffle_each_iteration=False), and leave random changes of "
        "the examples to the network."
    )
    expected = "the same examples in the same order in each pass, because it does not fit in memory"
    return InputError.of("A dataset", f"one that gives {expected}", "others in another pass", hint)
