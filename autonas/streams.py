"""Examples, targets and weights out of a `tf.data.Dataset`: collected where they fit in memory, else read anew in each pass.

A dataset that is too large is read once to begin with: targets and weights are kept, and so is a random sample of the
examples, to learn statistics from. From then on a `Stream` stands for the examples. It knows them by their row numbers, so
a split, a class weight or a part for a proxy task is made as with arrays; only what a training needs is read, in blocks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data
from autonas.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

    from autonas.inputs.base import Input

TOGETHER = 64  # examples of a dataset without batches that are read at once


def _memory() -> int:
    """Of the machine, in bytes; not what is free just now, on which the split would depend, and with it the result."""
    known = []
    with contextlib.suppress(AttributeError, OSError, ValueError):
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for limit in ("memory.max", "memory/memory.limit_in_bytes"):  # of a container
        with contextlib.suppress(OSError, ValueError):
            known.append(int(Path("/sys/fs/cgroup", limit).read_text()))
    return min(known, default=2**33)


IN_MEMORY = _memory() // 4  # bytes of examples that are collected
HELD_OUT = 1 / 4  # the shares of that which are for examples to judge on,
PART = 1 / 2  # for a part to train on that is drawn from a stream,
BUFFER = 1 / 8  # for shuffling,
SAMPLE = 1 / 8  # and for the sample,
LARGEST_SAMPLE = 2**27  # of which more would not tell more, in bytes
BLOCK = 2**24  # bytes that are read at once


def is_dataset(x: Any) -> bool:
    """Whether this is a `tf.data.Dataset`. Does not load TensorFlow: who holds a dataset has it loaded."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(x, tensorflow.data.Dataset)


def read(x: Any, y: Any = None, sample_weight: Any = None, seed: int = 0) -> tuple[Any, Any, Any]:
    """Takes examples, targets and weights out of a dataset; arrays pass as they are.

    A dataset is in batches if its parts share a first axis: each has one, of the same length or of an open one. In doubt
    (colour images of 10 rows with one-hot rows of 10 classes), batch it. Strings are read as UTF-8.

    Args:
        x: Examples, or a `tf.data.Dataset` of (x, y) or (x, y, sample_weight); x and y are tensors or dicts of them.
        y: Targets; None with a dataset.
        sample_weight: Weights or None; None with a dataset.
        seed: Of the sample that a `Stream` keeps.

    Returns:
        Arrays, or dicts of them. The examples are a `Stream` if they would take more than `IN_MEMORY`.

    Raises:
        InputError: If targets are missing, come twice, or the dataset is empty, has no end, or is made of something else.
    """
    if not is_dataset(x):
        if y is None:
            raise InputError.of("y", "one target for each example", None, "Only a tf.data.Dataset brings its own.")
        return x, y, sample_weight
    kept: list[tuple[Any, ...]] = []
    size, scan = 0, None
    for block in _labelled(x, y, sample_weight):
        size += _bytes(block[0])
        kept.append(block)
        if scan is None and size > IN_MEMORY:
            scan = _Scan(x, seed)
        while scan is not None and kept:
            scan.see(*kept.pop(0))
    return _three(_end_to_end(kept)) if scan is None else scan.result()


def portions(x: Any, y: Any, sample_weight: Any, input: Input, batch_size: int) -> Iterator[tuple[Any, Any, Any]]:
    """Checked examples, their targets and weights: arrays at once, a dataset block by block, so that it may have any size.

    Args:
        x: As `read` takes it, and so are the next two.
        y: See there.
        sample_weight: See there.
        input: Checks the examples, and knows which targets are theirs.
        batch_size: Blocks are of whole batches, but for the last, so that batches are those of arrays.

    Raises:
        InputError: As `read` and the input raise it; or if a dataset has not one row for each example.
    """
    if is_dataset(x):
        for block in _labelled(x, y, sample_weight, batch_size):
            examples, targets, weights = _three(block)
            yield _one_of_each(input.check(examples), examples), targets, weights
    else:
        x, y, sample_weight = read(x, y, sample_weight)
        yield input.check(x), input.targets(x, y), sample_weight


def examples(x: Any, input: Input, batch_size: int) -> Iterator[Any]:
    """Checked examples, without targets: arrays at once, a dataset of x, (x, y) or (x, y, sample_weight) block by block.

    Examples that stand alone are in batches if they have four axes, or a first one of open length.
    """
    if is_dataset(x):
        for part, *_ in _blocks(x, batch_size):
            yield _one_of_each(input.check(part), part)
    else:
        yield input.check(x)


def _one_of_each(checked: Any, x: Any) -> Any:
    """Refuses what has not one row for each example: rows that belong together might be in two blocks."""
    rows, n = data.length(x), data.length(checked)
    if rows != n:
        hint = "Pass all of them at once, as a frame."
        raise InputError.of("A dataset that is read in blocks", "of one row for each example", f"{rows} of {n}", hint)
    return checked


# --- the dataset


def _labelled(x: Any, y: Any, sample_weight: Any, batch_size: int = 1) -> Iterator[tuple[Any, ...]]:
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            raise InputError.of(
                name, "left out with a tf.data.Dataset", f"a {type(given).__name__}", "It yields its own."
            )
    parts = len(_specification(x))
    if parts not in (2, 3):
        raise InputError.of("A dataset", "of (x, y) or (x, y, sample_weight)", f"{parts} parts")
    return _blocks(x, batch_size)


def _three(parts: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    return parts[0], parts[1], parts[2] if len(parts) == 3 else None


def _specification(dataset: Any) -> tuple[Any, ...]:
    tensorflow = sys.modules["tensorflow"]
    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    for leaf in _leaves(parts):
        if not isinstance(leaf, tensorflow.TensorSpec) or leaf.shape.rank is None:
            expected = "of dense tensors of known rank, or of dicts of them, (x, y) or (x, y, sample_weight)"
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


def _blocks(dataset: Any, batch_size: int = 1) -> Iterator[tuple[Any, ...]]:
    """The parts of the dataset, so many whole batches at once that they fill a block. The last block may be smaller.

    Raises:
        InputError: If examples have several shapes, or there are none, or no end of them.
    """
    tensorflow = sys.modules["tensorflow"]
    if int(dataset.cardinality()) == tensorflow.data.INFINITE_CARDINALITY:
        raise InputError.of("A dataset", "one that ends", "one without an end", "Use dataset.take(n).")
    batches = dataset if _is_batched(_specification(dataset)) else dataset.batch(TOGETHER)
    waiting: list[tuple[Any, ...]] = []
    size, any_yet = 0, False
    try:
        for batch in batches.as_numpy_iterator():
            parts = batch if isinstance(batch, tuple) else (batch,)
            waiting.append(tuple(data.mapped(_text, part) for part in parts))
            size, any_yet = size + _bytes(waiting[-1][0]), True
            if size >= BLOCK:
                block = _end_to_end(waiting)
                n = data.length(block[0])
                cut = n - n % batch_size
                waiting = [tuple(data.take(part, slice(cut, None)) for part in block)] if cut < n else []
                size = sum(_bytes(x) for x, *_ in waiting)
                if cut:
                    yield tuple(data.take(part, slice(cut)) for part in block)
    except tensorflow.errors.InvalidArgumentError as error:
        if "batch tensors" not in error.message:
            raise
        raise InputError.of("A dataset", "of examples of one shape", f"several ({error})") from error
    if waiting:
        yield _end_to_end(waiting)
    elif not any_yet:
        raise InputError.of("A dataset", "one with at least one example", "an empty one")


def _end_to_end(blocks: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    def concatenated(*parts: np.ndarray) -> np.ndarray:
        try:
            return np.concatenate(parts)
        except ValueError as error:
            raise InputError.of("A dataset", "of examples of one shape", f"several ({error})") from error

    return tuple(data.mapped(concatenated, *parts) for parts in zip(*blocks, strict=True))


def _text(part: np.ndarray) -> np.ndarray:
    """Strings, which come as bytes, as text."""
    if part.dtype.kind != "O":
        return part
    try:
        texts = [value.decode() for value in part.ravel()]
    except UnicodeDecodeError as error:
        raise InputError.of("The strings of a dataset", "UTF-8", f"something else ({error})") from error
    return np.array([*texts, None], object)[:-1].reshape(part.shape)


def _bytes(x: Any) -> int:
    """What examples take, as they are or as float32, whichever is more; a character of a text counts as a number."""
    strings = [leaf for leaf in data.leaves(x) if leaf.dtype.kind == "O"]
    numbers = [leaf for leaf in data.leaves(x) if leaf.dtype.kind != "O"]
    return sum(max(leaf.nbytes, 4 * leaf.size) for leaf in numbers) + sum(
        8 * leaf.size + 4 * sum(map(len, leaf.ravel())) for leaf in strings
    )


class _Scan:
    """The first pass over a dataset that is too large to be collected."""

    def __init__(self, dataset: tf.data.Dataset, seed: int) -> None:
        self.dataset, self.random = dataset, np.random.default_rng(seed)
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
        self.count, self.size = self.count + n, self.size + _bytes(x)
        if len(self.keys) > 1.5 * self._room:
            self._shrink()

    def _shrink(self) -> None:
        kept = np.sort(np.argsort(self.keys, kind="stable")[: self._room])
        (whole,) = _end_to_end([(part,) for part in self.sample])
        self.sample = [data.take(whole, kept)]
        self.keys, self.rows = self.keys[kept], self.rows[kept]
        self.largest = self.keys.max()

    @property
    def _room(self) -> int:
        """Examples in the sample."""
        size = min(LARGEST_SAMPLE, SAMPLE * IN_MEMORY)
        return max(16, int(size * self.count / max(1, self.size)))

    def result(self) -> tuple[Stream, Any, Any]:
        """The stream of all examples, and their targets and weights."""
        self._shrink()
        each = self.size / self.count
        source = _Dataset(self.dataset, self.count, self.checksums)
        stream = Stream(source, np.arange(self.count), each, self.rows, self.sample[0])
        _, y, weights = _three((None, *_end_to_end(self.labels)))
        return stream, y, weights


@dataclasses.dataclass(frozen=True)
class _Dataset:
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
        for number, (x, *labels) in enumerate(_blocks(self.dataset)):
            if data.fingerprint(x, *labels) != "".join(self.checksums[number : number + 1]):
                raise _changed()
            yield np.arange(start, start + data.length(x)), x
            start += data.length(x)
        if start != self.count:
            raise _changed()


@dataclasses.dataclass(frozen=True)
class _Chain:
    """The examples of a stream, and arrays after them."""

    first: Stream
    second: Any

    @property
    def count(self) -> int:
        return len(self.first) + data.length(self.second)

    def blocks(self) -> Iterator[tuple[np.ndarray, Any]]:
        yield from self.first.blocks()
        step = max(1, int(BLOCK // self.first.each))
        for start in range(0, data.length(self.second), step):
            rows = np.arange(start, min(start + step, data.length(self.second)))
            yield len(self.first) + rows, data.take(self.second, rows)


def _changed() -> InputError:
    hint = (
        "Leave out shuffling (fit shuffles) or use shuffle(..., reshuffle_each_iteration=False), and leave random changes of "
        "the examples to the network."
    )
    expected = "the same examples in the same order in each pass, because it does not fit in memory"
    return InputError.of("A dataset", f"one that gives {expected}", "others in another pass", hint)


# --- what stands for its examples


@dataclasses.dataclass(frozen=True, eq=False)
class Stream:
    """Stands for an array of examples, or a dict of arrays, that does not fit in memory. Each pass reads them anew.

    Its methods with the names of functions of `autonas.data` are what these do with a stream.

    Args:
        source: Gives blocks of row numbers and examples.
        rows: Those of its rows that are the examples, in the order in which they are counted here. They are read in the
            order of the source.
        each: Bytes that one takes in memory.
        sample_rows: Rows of which there is a sample.
        kept: The sample: arrays, or dicts of them, as the source gives them.
        steps: What is done with each block and its rows, in this order.
    """

    source: Any
    rows: np.ndarray
    each: float
    sample_rows: np.ndarray
    kept: Any
    steps: tuple[Callable[[Any, np.ndarray], Any], ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: Any) -> Any:
        """Some of the examples: arrays if they fit in memory, else a stream."""
        part = dataclasses.replace(self, rows=self.rows[rows])
        return part._collected() if part._fits(PART) else part

    def blocks(self) -> Iterator[tuple[np.ndarray, Any]]:
        """The numbers of examples here, and the examples, arrays, once through."""
        place = np.full(self.source.count, -1)
        place[self.rows] = np.arange(len(self))
        for rows, x in self.source.blocks():
            wanted = place[rows] >= 0
            if wanted.any():
                yield place[rows][wanted], self._made(x if wanted.all() else data.take(x, wanted), rows[wanted])

    def checked(self, check: Callable[[Any, str], Any], name: str) -> Stream:
        """A stream of which each block is checked as it comes, by what `check` has learned until then."""
        return self._then(lambda x, rows: _one_of_each(check(x, _part_of(name, rows)), x))

    def verified(self) -> None:
        """Reads everything once.

        Raises:
            InputError: If a check fails, or the dataset gives something else than in the first pass.
        """
        for _ in self.blocks():
            pass

    def sample(self, rows: np.ndarray | None = None) -> Any:
        """Those of the examples, or of some of them, that were kept; one block if none was."""
        wanted = self.rows if rows is None else self.rows[rows]
        chosen = np.isin(self.sample_rows, wanted)
        if not chosen.any():
            return next(dataclasses.replace(self, rows=wanted).blocks())[1]
        return self._made(data.take(self.kept, chosen), self.sample_rows[chosen])

    def held_out(self, share: float) -> float:
        """`share`, or less if the examples would not fit in memory."""
        room = HELD_OUT * IN_MEMORY / (self.each * len(self))
        return min(share, room) if isinstance(share, float) else share

    def applied(self, function: Callable[[Any], Any]) -> Any:
        """What a function makes of the examples: arrays if that fits in memory, else a stream."""
        made = self._then(lambda x, rows: function(x))
        made = dataclasses.replace(made, each=_bytes(made._one))
        return made._collected() if made._fits(PART) else made

    def joined(self, second: Any) -> Stream:
        """A stream of the examples and of arrays after them."""
        chain = _Chain(self, second)
        return Stream(chain, np.arange(chain.count), self.each, np.zeros(1, "int64"), self._one)

    def shapes(self) -> Any:
        """The shape of one example."""
        return data.shapes(self._one)

    def named(self) -> list[Any]:
        """What a fingerprint is made of."""
        return [self.source.checksums, self.rows]

    def dataset(
        self,
        y: Any,
        weights: np.ndarray | None,
        batch_size: int,
        seed: int | None = None,
        epoch: Callable[[], int] | None = None,
    ) -> tf.data.Dataset:
        """See `autonas.data.dataset`. The order is that of the source, shuffled as far as a buffer in memory goes."""
        import tensorflow as tf

        shape = self.shapes()
        signature = _each_shape(lambda sizes: tf.TensorSpec((None, *sizes), tf.float32), shape)
        with tf.device("CPU:0"):
            labels = [data.mapped(tf.constant, part) for part in (y, weights) if part is not None]
        examples = tf.data.Dataset.from_generator(
            self.blocks, output_signature=(tf.TensorSpec((None,), tf.int64), signature)
        ).unbatch()
        if seed is not None:
            buffer = max(batch_size, int(BUFFER * IN_MEMORY / self.each))
            read, buffer = examples, min(len(self), buffer)
            seeds = data.in_each_pass(lambda random: random.integers(2**31), tf.TensorSpec((), tf.int64), seed, epoch)

            def shuffled(drawn: Any) -> tf.data.Dataset:
                # the order is not to depend on a global seed of the user's; at 0 TensorFlow fails with a seed that is drawn
                tf.compat.v1.get_default_graph().seed = None
                return read.shuffle(buffer, drawn, reshuffle_each_iteration=False)

            examples = seeds.flat_map(shuffled)
        batches = examples.batch(batch_size).map(
            lambda row, x: (x, *(data.mapped(lambda tensor: tf.gather(tensor, row), part) for part in labels))
        )
        options = tf.data.Options()
        options.deterministic = True
        options.autotune.enabled = False
        known = tf.data.experimental.assert_cardinality(math.ceil(len(self) / batch_size))
        return batches.apply(known).prefetch(2).with_options(options)

    @property
    def _one(self) -> Any:
        return self._made(data.take(self.kept, slice(1)), self.sample_rows[:1])

    def _then(self, step: Callable[[Any, np.ndarray], Any]) -> Stream:
        return dataclasses.replace(self, steps=(*self.steps, step))

    def _made(self, x: Any, rows: np.ndarray) -> Any:
        for step in self.steps:
            x = step(x, rows)
        return x

    def _fits(self, share: float) -> bool:
        return self.each * len(self) <= share * IN_MEMORY

    def _collected(self) -> Any:
        """All of them as arrays, in their order."""
        arrays = block = None
        for rows, block in self.blocks():
            arrays = data.mapped(self._empty, block) if arrays is None else arrays
            for whole, part in zip(data.leaves(arrays), data.leaves(block), strict=True):
                whole[rows] = part
        return data.mapped(lambda whole, part: whole.astype(str) if part.dtype.kind == "U" else whole, arrays, block)

    def _empty(self, part: np.ndarray) -> np.ndarray:
        # the longest string of a block is not the longest of all
        return np.empty((len(self), *part.shape[1:]), object if part.dtype.kind == "U" else part.dtype)


def _part_of(name: str, rows: np.ndarray) -> str:
    """What an error calls a block: what Python calls it, or a sample."""
    first, end = int(rows[0]), int(rows[-1]) + 1
    return f"{name}[{first}:{end}]" if end - first == len(rows) else f"a sample of {name}"


def _each_shape(function: Callable[[tuple[int, ...]], Any], shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {name: _each_shape(function, inner) for name, inner in shape.items()}
    return function(shape)


for _name in ("checked", "verified", "sample", "held_out", "applied", "joined", "shapes", "named", "dataset"):
    getattr(data, _name).register(Stream, getattr(Stream, _name))
