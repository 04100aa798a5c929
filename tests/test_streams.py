"""Datasets that do not fit in memory are never collected, and are otherwise as arrays."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

import autonas
from autonas import data, datasets, preparation, streams
from autonas.blocks import Chain, ConvBlock, ReductionBlock
from autonas.errors import InputError
from autonas.heads.classification import ClassificationHead
from autonas.heads.regression import RegressionHead
from autonas.heads.several import SeveralHeads
from autonas.inputs.image import ImageInput
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.several import SeveralInputs
from autonas.inputs.table import TableInput
from autonas.inputs.text import TextInput
from tests.test_datasets import AsItIs, Dataset, W, X, Y, of


def test_arrays_pass_as_they_are():
    assert all(got is given for got, given in zip(streams.read(X, Y, W), (X, Y, W), strict=True))
    assert streams.read([1], [2]) == ([1], [2], None)


def test_reading_arrays_does_not_load_tensorflow():
    code = "import sys; from autonas import streams; streams.read([1], [2]); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


BOUND, BLOCK = 64_000, 16_000
IMAGES = np.random.default_rng(0).integers(0, 256, (400, 8, 8), dtype="uint8")  # 102,400 bytes as floats
IMAGES[:, 0, 0], IMAGES[:, 0, 1] = np.arange(400) % 200, np.arange(400) // 200  # which row it is
LABELS = np.random.default_rng(1).integers(0, 4, 400)


@pytest.fixture
def little_memory(monkeypatch):
    monkeypatch.setattr(streams, "IN_MEMORY", BOUND)
    monkeypatch.setattr(datasets, "BLOCK", BLOCK)


def rows_of(images):
    """The row numbers of images, preprocessed or not."""
    images = np.asarray(images).reshape(-1, 8, 8).astype(float)
    return (images[:, 0, 0] + 200 * images[:, 0, 1]).round().astype(int)


def stream(*parts, seed=0):
    return streams.read(of(*parts).batch(30), seed=seed)


def prepared(dataset, input=None, head=None, y=None, **options):
    options = {"validation_split": 0.2, "validation_data": None, "sample_weight": None, "seed": 0, **options}
    weight = options.pop("class_weight", None)
    input, head = input or PlainImages(), head or ClassificationHead()
    given = preparation.check(input, head, dataset, y, class_weight=weight, **options)
    return preparation.prepare(given, input, head, input.preprocessor(), weight, seed=0)


class PlainImages(ImageInput):
    """Images that stay what they are, so that a row can be told from its pixels."""

    def fit(self, x):
        super().fit(x)
        self.fitted_on = x
        self._mean, self._variance = [0.0], [1.0]


@pytest.mark.parametrize("dataset", [of(IMAGES, LABELS), of(IMAGES, LABELS).batch(30).filter(lambda x, y: True)])
def test_a_stream_stands_for_what_does_not_fit_in_memory(little_memory, dataset):
    x, y, weights = streams.read(dataset)
    assert isinstance(x, streams.Stream)
    assert (len(x), weights) == (400, None)
    assert np.array_equal(y, LABELS)
    blocks = list(x.blocks())
    assert len(blocks) > 4
    assert np.array_equal(np.concatenate([rows for rows, _ in blocks]), np.arange(400))
    assert np.array_equal(np.concatenate([images for _, images in blocks]), IMAGES)


@pytest.mark.parametrize(
    "part", [IMAGES, IMAGES / 7, [f"{'ä' * (row % 90)}{row}" for row in range(400)], {"a": IMAGES, "b": {"c": LABELS}}]
)
def test_some_rows_of_a_stream_are_arrays_in_the_order_asked_for(little_memory, part):
    x, _, _ = stream(part, LABELS)
    whole = data.mapped(np.asarray, part)
    rows = np.random.default_rng(0).permutation(400)[:50]
    assert isinstance(x, streams.Stream)
    assert data.fingerprint(x[rows]) == data.fingerprint(data.take(whole, rows))
    narrower = x[np.arange(399, 0, -1)]
    assert isinstance(narrower, streams.Stream)
    assert data.fingerprint(narrower[:20]) == data.fingerprint(data.take(whole, slice(399, 379, -1)))


def test_longer_strings_in_later_blocks_are_not_cut(little_memory):
    x, _, _ = stream([f"{'x' * (row // 4)}{row}" for row in range(400)], LABELS)
    texts = x.checked(lambda block, name: block.astype(str), "x")[[399, 0]]
    assert texts.tolist() == ["x" * 99 + "399", "0"]


def test_the_sample_is_small_and_of_all_rows_and_the_seed_decides_it(little_memory):
    samples = [rows_of(stream(IMAGES, LABELS, seed=seed)[0].sample()) for seed in (0, 0, 1)]
    assert np.array_equal(samples[0], samples[1])
    assert not np.array_equal(samples[0], samples[2])
    for rows in samples:
        assert len(rows) == len(set(rows)) == int(streams.SAMPLE * BOUND / 256)
        assert 130 < rows.mean() < 270
    assert set(rows_of(stream(IMAGES, LABELS)[0].sample(np.arange(200)))) == {row for row in samples[0] if row < 200}


def test_a_sample_of_rows_that_were_not_kept_is_their_first_block(little_memory):
    x, _, _ = stream(IMAGES, LABELS)
    rows = np.setdiff1d(np.arange(400), rows_of(x.sample()))[-3:]
    assert np.array_equal(rows_of(x.sample(rows)), rows)


CHANGING = {
    "shuffled": of(IMAGES, LABELS).shuffle(400),
    "shuffled in batches": of(IMAGES, LABELS).batch(30).shuffle(20),
    "changed at random": of(IMAGES, LABELS).map(lambda x, y: (tf.random.uniform((8, 8)) + tf.cast(x, "float32"), y)),
}


@pytest.mark.parametrize("case", CHANGING)
def test_a_dataset_that_gives_something_else_in_another_pass_is_refused(little_memory, case):
    with pytest.raises(InputError, match=r"the same examples in the same order.*reshuffle_each_iteration=False"):
        prepared(CHANGING[case])


@pytest.mark.parametrize("lengths", [(400, 399), (399, 400), (400, 192)])
def test_a_dataset_of_another_length_in_another_pass_is_refused(little_memory, lengths):
    left = list(lengths)

    def rows():
        yield from list(zip(IMAGES, LABELS, strict=True))[: left.pop(0)]

    signature = (tf.TensorSpec((8, 8), "uint8"), tf.TensorSpec((), "int64"))
    with pytest.raises(InputError, match="the same examples in the same order"):
        prepared(Dataset.from_generator(rows, output_signature=signature))


def test_a_dataset_that_was_shuffled_once_is_taken(little_memory):
    train, _ = prepared(of(IMAGES, LABELS).shuffle(400, seed=0, reshuffle_each_iteration=False))
    assert isinstance(train.x, streams.Stream)


def test_a_bad_value_anywhere_is_told_with_where_it_is(little_memory):
    bad = IMAGES.astype("float32")
    bad[399, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"x\[\d+:400\] must be finite numbers.*in 1 of \d+ images"):
        prepared(of(bad, LABELS))


def test_what_has_several_rows_for_an_example_is_refused(little_memory):
    with pytest.raises(InputError, match=r"of one row for each example\. Got 50 of 25"):
        stream(IMAGES, LABELS)[0].checked(lambda block, name: block[::2], "x")[:50]
    events = SequenceInput("card")
    with pytest.raises(InputError, match="one row for each example"):
        list(streams.examples(of({"card": [1, 1, 2], "amount": [1.0, 2.0, 3.0]}), events, 32))


def test_statistics_are_learned_from_the_training_part_alone(little_memory):
    images = PlainImages()
    train, _ = prepared(of(IMAGES, LABELS), images)
    assert 10 < len(images.fitted_on) < 32
    assert not set(rows_of(images.fitted_on)) & set(rows_of(train.validation[0]))


def test_examples_are_shuffled_as_far_as_the_buffer_goes(little_memory, monkeypatch):
    monkeypatch.setattr(streams, "BUFFER", 1)
    train, _ = prepared(of(IMAGES, LABELS))
    first = rows_of(next(iter(data.dataset(train.x, train.y, None, 16, 0)))[0])
    assert first.max() > 150
    assert first.min() < 100


def epochs(examples, y, weights, seed, n=2):
    dataset = data.dataset(examples, y, weights, 64, seed)
    return [[[np.asarray(part) for part in batch] for batch in dataset] for _ in range(n)]


@pytest.mark.parametrize("seed", [None, 0])
def test_each_epoch_has_each_row_once_with_its_target_and_weight(little_memory, seed):
    weights = np.linspace(1, 2, 400)
    train, everything = prepared(of(IMAGES, LABELS, weights).batch(30), class_weight={0: 3.0})
    held_out = rows_of(train.validation[0])
    assert isinstance(train.x, streams.Stream)
    for part, rows in ((train, np.setdiff1d(np.arange(400), held_out)), (everything, np.arange(400))):
        for epoch in epochs(part.x, part.y, part.weights, seed):
            found = np.concatenate([rows_of(x) for x, _, _ in epoch])
            assert np.array_equal(np.sort(found), rows)
            assert np.array_equal(np.concatenate([y for _, y, _ in epoch]).argmax(1), LABELS[found])
            expected = weights[found] * np.where(LABELS[found] == 0, 3, 1)
            np.testing.assert_allclose(np.concatenate([w for _, _, w in epoch]), expected, rtol=1e-6)


def test_the_held_out_rows_are_those_of_data_in_memory(little_memory, monkeypatch):
    train, _ = prepared(of(IMAGES, LABELS), validation_split=0.1)
    monkeypatch.setattr(streams, "IN_MEMORY", 10**9)
    collected, _ = prepared(of(IMAGES, LABELS), validation_split=0.1)
    assert isinstance(collected.x, np.ndarray)
    assert np.array_equal(train.validation[0], collected.validation[0])


def test_each_epoch_has_an_order_of_its_own_and_the_seed_decides_it(little_memory):
    x, y, _ = stream(IMAGES, LABELS)
    x = x.checked(lambda block, name: block.astype("float32"), "x")
    orders = {seed: [str([rows_of(b[0]) for b in e]) for e in epochs(x, y, None, seed)] for seed in (0, 1, 2**33 + 5)}
    assert len({order for both in orders.values() for order in both}) == 6
    assert orders[0] == [str([rows_of(b[0]) for b in e]) for e in epochs(x, y, None, 0)]
    assert int(data.dataset(x, y, None, 64, 0).cardinality()) == 7
    said = iter([1, 0])
    dataset = data.dataset(x, y, None, 64, 0, lambda: next(said))
    assert [str([rows_of(batch[0]) for batch in dataset]) for _ in range(2)] == orders[0][::-1]


def test_no_more_is_held_out_than_fits_in_memory(little_memory):
    train, everything = prepared(of(IMAGES, LABELS), validation_split=0.6)
    held_out = train.validation[0]
    assert 0.8 < held_out.nbytes / (streams.HELD_OUT * BOUND) <= 1
    assert len(train) == 400 - len(held_out)
    assert len(everything) == 400
    assert set(np.unique(train.validation[1].argmax(1))) == {0, 1, 2, 3}


def test_of_validation_data_as_much_is_used_as_fits_in_memory(little_memory):
    train, everything = prepared(of(IMAGES[:390], LABELS[:390]), validation_data=of(IMAGES, LABELS))
    assert 0.8 < train.validation[0].nbytes / (streams.HELD_OUT * BOUND) < 1.02
    assert (len(train), len(everything)) == (390, 390 + len(train.validation[0]))


def test_a_split_by_order_or_by_groups_works_on_row_numbers(little_memory):
    by_order, _ = prepared(of(IMAGES, LABELS), how="time")
    rows = rows_of(by_order.validation[0])
    assert np.array_equal(np.sort(rows), np.arange(400 - len(rows), 400))
    by_groups, _ = prepared(of(IMAGES, LABELS), how={"group": np.arange(400) // 10})
    assert all((np.bincount(rows_of(by_groups.validation[0]) // 10, minlength=40) % 10) == 0)


def test_times_in_the_examples_are_not_looked_for_in_a_stream(little_memory):
    days = np.datetime64("2020-01-01") + np.arange(400)
    columns = {"day": days.astype(str), "x": IMAGES.reshape(400, 64).astype("float32").sum(1), "text": ["x" * 90] * 400}
    with pytest.raises(InputError, match=r"split must be \{'time': times\}"):
        prepared(of(columns, LABELS), TableInput(), how="time")


def test_a_part_that_fits_in_memory_is_collected_once(little_memory):
    train, _ = prepared(of(IMAGES, LABELS))
    part = train.part(0.25)
    assert isinstance(part.x, np.ndarray)
    assert np.array_equal(part.y.argmax(1), LABELS[rows_of(part.x)])
    assert isinstance(train.part(0.9).x, streams.Stream)
    reduced = train.reduced(0.5)
    assert reduced.x.shape == (len(train), 4, 4, 1)
    assert reduced.validation[0].shape[1:] == (4, 4, 1)


def test_nothing_is_collected(monkeypatch):
    monkeypatch.setattr(streams, "IN_MEMORY", 2**21)
    monkeypatch.setattr(datasets, "BLOCK", 2**18)
    made = 40 * 100 * 48 * 48 * 4  # 37 MB

    def batches():
        random = np.random.default_rng(0)
        for _ in range(40):
            yield random.random((100, 48, 48), "float32"), random.integers(0, 2, 100)

    signature = (tf.TensorSpec((None, 48, 48), "float32"), tf.TensorSpec((None,), "int64"))
    dataset = Dataset.from_generator(batches, output_signature=signature)
    tracemalloc.start()
    try:
        train, everything = prepared(dataset, ImageInput())
        part = train.part(0.1)
        for each in (train, everything, part):
            for _ in data.dataset(each.x, each.y, None, 64, 0):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(everything) == 4_000
    assert peak < made / 3


def test_fingerprints_tell_data_and_parts_apart(little_memory):
    other = IMAGES.copy()
    other[200, 5, 5] ^= 1
    x, same, changed = (stream(images, LABELS)[0] for images in (IMAGES, IMAGES, other))
    assert data.fingerprint(x) == data.fingerprint(same)
    assert len({data.fingerprint(each) for each in (x, changed, x[1:])}) == 3


def table():
    random = np.random.default_rng(0)
    city = np.array(["Zürich", "Rome", "Oslo"])[random.integers(0, 3, 400)]
    size = np.where(random.random(400) < 0.1, np.nan, random.normal(size=400)).astype("float32")
    size[:120] = np.nan  # more than a block of gaps
    return {"city": city, "size": size, "note": np.array(["x" * 60] * 400)}


def several():
    input = SeveralInputs({"image": ImageInput(), "table": TableInput()})
    head = SeveralHeads({"kind": ClassificationHead(), "price": RegressionHead()})
    y = {"kind": LABELS, "price": np.arange(400, dtype="float32")}
    return {"image": IMAGES, "table": table()}, input, head, y


KINDS = {
    "table": lambda: (table(), TableInput(), ClassificationHead(), LABELS),
    "text": lambda: (
        [f"{'good' if label else 'bad'} film {row % 7} ü" * 3 for row, label in enumerate(LABELS)],
        TextInput(),
        ClassificationHead(),
        LABELS.astype(str),
    ),
    "sequences": lambda: (IMAGES.astype("float32"), SequenceInput(), RegressionHead(), np.arange(400.0)),
    "several": several,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_of_any_kind_is_prepared_as_data_in_memory_is(kind, little_memory, monkeypatch):
    monkeypatch.setattr(streams, "SAMPLE", 100)  # all, so that the statistics are the same
    x, input, head, y = KINDS[kind]()
    assert isinstance(stream(x, y)[0], streams.Stream)
    train, _ = prepared(of(x, y).batch(30), input, head, validation_split=0.05)
    _, input, head, _ = KINDS[kind]()
    monkeypatch.setattr(streams, "IN_MEMORY", 10**9)
    collected, _ = prepared(of(x, y), input, head, validation_split=0.05)
    arrays = data.take(train.x, np.arange(len(train)))
    for got, want in ((arrays, collected.x), (train.y, collected.y), (train.validation[0], collected.validation[0])):
        data.mapped(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5), got, want)


def task(folder, **options):
    options = {"max_trials": 1, "top_k": 1, "verbose": 0, "directory": folder, **options}
    return autonas.AutoModel("image", "classification", OneStage.chain, **options)


class OneStage(ConvBlock):
    """A conv block that starts from one small network only."""

    def starting_points(self):
        return [{"conv_depth": 1, "conv_width": 16}]

    @staticmethod
    def chain(images, rows):
        return Chain(OneStage(8, rows), ReductionBlock())


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    rows = np.flatnonzero(y < 4)[:600]
    return x[rows].reshape(-1, 8, 8).astype("uint8"), y[rows]


@pytest.fixture(scope="module")
def fitted(digits, tmp_path_factory):
    """A streamed fit; the tests only look at it."""
    x, y = digits
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "IN_MEMORY", BOUND)
        patch.setattr(datasets, "BLOCK", BLOCK)
        auto = task(folder)
        model = auto.fit(of(x[:400], y[:400]).batch(50), epochs=6, batch_size=16)
    return auto, model, folder


def test_a_streamed_fit_is_as_good_as_one_in_memory(fitted, digits, tmp_path):
    x, y = digits
    collected = task(tmp_path)
    collected.fit(of(x[:400], y[:400]).batch(50), epochs=6, batch_size=16)
    in_memory, streamed = (auto.evaluate(x[400:], y[400:])["accuracy"] for auto in (collected, fitted[0]))
    assert streamed > in_memory - 0.04
    assert streamed > 0.9


@pytest.mark.slow
def test_a_streamed_fit_is_repeated_by_its_seed_and_found_again_in_its_project(fitted, digits, tmp_path, little_memory):
    x, y = digits
    _, model, folder = fitted
    dataset = of(x[:400], y[:400]).batch(50)
    repeated = task(tmp_path).fit(dataset, epochs=6, batch_size=16)
    for one, other in zip(repeated.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    again = task(folder)
    found = again.fit(dataset, epochs=6, batch_size=16)
    assert len(list(folder.iterdir())) == 1
    assert np.array_equal(found.get_weights()[-1], model.get_weights()[-1])


@pytest.mark.parametrize("batch_size", [1, 7, 64, 100, 500])
def test_blocks_are_of_whole_batches(little_memory, batch_size):
    blocks = [x for x, _, _ in streams.portions(of(IMAGES, LABELS), None, None, AsItIs(), batch_size)]
    assert np.array_equal(np.concatenate(blocks), IMAGES)
    assert all(len(block) % batch_size == 0 for block in blocks[:-1])
    assert all(len(block) < 2 * max(batch_size, 64) for block in blocks)


@pytest.mark.parametrize("batched", [False, True])
def test_predict_and_evaluate_of_a_dataset_equal_those_of_arrays(fitted, digits, little_memory, batched):
    x, y = digits
    auto, _, _ = fitted
    w = np.linspace(0, 2, 200)
    datasets = [of(x[400:], y[400:], w), of(x[400:], y[400:]), Dataset.from_tensor_slices(x[400:, ..., None])]
    weighed, labelled, alone = (dataset.batch(30) if batched else dataset for dataset in datasets)
    for dataset in (labelled, alone):
        assert np.array_equal(auto.predict(dataset), auto.predict(x[400:]))
    for dataset, weights in ((weighed, w), (labelled, None)):
        for size in (7, 256):
            assert auto.evaluate(dataset, batch_size=size) == auto.evaluate(
                x[400:], y[400:], sample_weight=weights, batch_size=size
            )


def test_evaluate_on_arrays_is_what_keras_says(fitted, digits):
    x, y = digits
    auto, model, _ = fitted
    expected = model.evaluate(x[400:], np.eye(4)[y[400:]], verbose=0, return_dict=True)
    assert auto.evaluate(x[400:], y[400:]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("of_the_user", [0, 7])
def test_the_order_does_not_depend_on_a_global_seed(little_memory, of_the_user):
    train, _ = prepared(of(IMAGES, LABELS))
    tf.keras.utils.set_random_seed(3)
    before = rows_of(next(iter(data.dataset(train.x, train.y, None, 16, 0)))[0])
    tf.keras.utils.set_random_seed(of_the_user)
    after = rows_of(next(iter(data.dataset(train.x, train.y, None, 16, 0)))[0])
    assert list(before) == list(after)


@pytest.mark.parametrize("stream", [False, True])
def test_two_parts_are_preprocessed_into_one(stream, monkeypatch):
    """The parts of arrays are views of the whole, so that images are in memory once, not twice."""
    x, more = {"a": np.arange(600.0)[:, None]}, {"a": np.arange(300.0)[:, None] + 600}
    monkeypatch.setattr(streams, "IN_MEMORY", 100 if stream else 2**30)
    if stream:
        x, *_ = streams.read(of(x, np.arange(600)))
    seen = []

    def double(block):
        seen.append(data.length(block))
        return {"a": 2 * block["a"]}

    first, second, both = data.in_one(x, more, double)
    assert max(seen) <= data.AT_ONCE
    assert isinstance(both, streams.Stream) is stream
    if not stream:
        assert all(np.shares_memory(part["a"], both["a"]) for part in (first, second))
        first, both = ([(np.arange(data.length(made)), made)] for made in (first, both))
    else:
        first, both = first.blocks(), both.blocks()
    np.testing.assert_array_equal(second["a"], 2 * more["a"])
    for parts, n in ((first, 600), (both, 900)):
        rows, made = zip(*parts, strict=True)
        np.testing.assert_array_equal(np.concatenate(rows), np.arange(n))
        np.testing.assert_array_equal(np.concatenate([part["a"] for part in made])[:, 0], 2 * np.arange(n))
