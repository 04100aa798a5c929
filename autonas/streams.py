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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autonas import data, datasets
from autonas.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

    from autonas.inputs.base import Input


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
    if not datasets.is_dataset(x):
        if y is None:
            raise InputError.of("y", "one target for each example", None, "Only a tf.data.Dataset brings its own.")
        return x, y, sample_weight
    kept: list[tuple[Any, ...]] = []
    size, scan = 0, None
    for block in datasets.labelled(x, y, sample_weight):
        size += datasets.bytes_of(block[0])
        kept.append(block)
        if scan is None and size > IN_MEMORY:
            scan = datasets.Scan(x, seed, min(LARGEST_SAMPLE, SAMPLE * IN_MEMORY))
        while scan is not None and kept:
            scan.see(*kept.pop(0))
    return datasets.three(datasets.end_to_end(kept)) if scan is None else _standing_for(scan)


def _standing_for(scan: datasets.Scan) -> tuple[Stream, Any, Any]:
    """A stream of all examples, and their targets and weights."""
    source, each = scan.known(), scan.size / scan.count
    stream = Stream(source, np.arange(source.count), each, *scan.sampled())
    return datasets.three((stream, *datasets.end_to_end(scan.labels)))


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
    if datasets.is_dataset(x):
        for block in datasets.labelled(x, y, sample_weight, batch_size):
            examples, targets, weights = datasets.three(block)
            yield datasets.one_of_each(input.check(examples), examples), targets, weights
    else:
        x, y, sample_weight = read(x, y, sample_weight)
        yield input.check(x), *one_each(input, x, y, sample_weight)


def one_each(input: Input, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """Targets and weights, one for each example: of events both may be there for each event, or by an index of ids."""
    named = sample_weight is None or isinstance(sample_weight, str)  # a column is none, which `check_lengths` tells
    return input.targets(x, y), sample_weight if named else input.targets(x, sample_weight, "sample_weight")


def examples(x: Any, input: Input, batch_size: int, name: str = "x") -> Iterator[Any]:
    """Checked examples, without targets: arrays at once, a dataset of x, (x, y) or (x, y, sample_weight) block by block.

    Examples that stand alone are in batches if they have four axes, or a first one of open length.
    """
    if datasets.is_dataset(x):
        for part, *_ in datasets.blocks(x, batch_size):
            yield datasets.one_of_each(input.check(part, name), part)
    else:
        yield input.check(x, name)


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
        return self._then(lambda x, rows: datasets.one_of_each(check(x, _part_of(name, rows)), x))

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
        made = dataclasses.replace(made, each=datasets.bytes_of(made._one))
        return made._collected() if made._fits(PART) else made

    def in_one(self, second: Any, function: Callable[[Any], Any]) -> tuple[Any, Any, Any]:
        """See `autonas.data.in_one`: of examples that do not fit in memory when they are made either, streams."""

        def every(x: Any) -> Any:
            return data.in_blocks(x, function)

        first, second = self.applied(every), every(second)
        if isinstance(first, Stream):
            chain = _Chain(first, second)
            return first, second, Stream(chain, np.arange(chain.count), first.each, np.zeros(1, "int64"), first._one)
        return first, second, data.joined(first, second)

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

        signature = data.mapped(lambda sizes: tf.TensorSpec((None, *sizes), tf.float32), self.shapes())
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
        step = max(1, int(datasets.BLOCK // self.first.each))
        for start in range(0, data.length(self.second), step):
            rows = np.arange(start, min(start + step, data.length(self.second)))
            yield len(self.first) + rows, data.take(self.second, rows)


def _part_of(name: str, rows: np.ndarray) -> str:
    """What an error calls a block: what Python calls it, or a sample."""
    first, end = int(rows[0]), int(rows[-1]) + 1
    return f"{name}[{first}:{end}]" if end - first == len(rows) else f"a sample of {name}"


for _name in ("checked", "verified", "sample", "held_out", "applied", "in_one", "shapes", "named", "dataset"):
    getattr(data, _name).register(Stream, getattr(Stream, _name))
