import keras_tuner
import numpy as np
import pytest

from autonas.encoding import Encoding, position
from autonas.testing.strategies import spaces
from autonas.values import mutate, sample


def test_labels_are_one_hot_and_ranges_are_positions():
    space = keras_tuner.HyperParameters()
    space.Choice("label", ["a", "b", "c"])
    space.Float("rate", 1e-4, 1e-2, sampling="log")
    space.Int("units", 10, 20)
    space.Boolean("flag")
    encoding = Encoding(space)
    assert encoding.names == ["label=a", "label=b", "label=c", "rate", "units", "flag=True", "flag=False"]
    assert encoding.owners == ["label"] * 3 + ["rate", "units", "flag", "flag"]
    rows = encoding.transform(
        [
            {"label": "b", "rate": 1e-3, "units": 20, "flag": False},
            {"label": "c", "rate": 1e-2, "units": 10, "flag": True},
        ]
    )
    np.testing.assert_allclose(rows, [[0, 1, 0, 0.5, 1, 0, 1], [0, 0, 1, 1, 0, 1, 0]])


def test_the_conditional_ones_say_where_they_are_inactive():
    encoding = Encoding(spaces()["nested"])
    assert encoding.names[:3] == ["kind=conv", "kind=dense", "kernel=3"]
    rows = encoding.transform(
        [
            {"kind": "conv", "kernel": 3},
            {"kind": "conv", "kernel": 5, "dilation": 0.25},
            {"kind": "dense", "units": 1_000},
        ]
    )
    columns = dict(zip(encoding.names, rows.T.tolist(), strict=True))
    assert columns["kernel inactive"] == [0, 0, 1]
    assert columns["kernel=5"] == [0, 1, 0]
    assert columns["dilation"] == [0, 0.25, 0]
    assert columns["dilation inactive"] == [1, 0, 1]
    assert columns["units"] == [0, 0, 1]
    assert columns["units inactive"] == [1, 1, 0]


def test_a_value_whose_condition_does_not_hold_is_inactive():
    encoding = Encoding(spaces()["nested"])
    leftover, clean = encoding.transform([{"kind": "dense", "units": 5, "kernel": 3}, {"kind": "dense", "units": 5}])
    np.testing.assert_array_equal(leftover, clean)


def test_one_name_under_two_conditions_is_two_sets_of_columns():
    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["a", "b"])
    space.Choice("size", [1, 2], parent_name="kind", parent_values=["a"])
    space.Choice("size", [2, 3], parent_name="kind", parent_values=["b"])
    rows = Encoding(space).transform([{"kind": "a", "size": 2}, {"kind": "b", "size": 2}])
    np.testing.assert_array_equal(rows, [[1, 0, 0, 1, 0, 0, 0, 1], [0, 1, 0, 0, 1, 1, 0, 0]])


def test_a_single_value_needs_no_column():
    space = keras_tuner.HyperParameters()
    space.Fixed("fixed", 3)
    space.Choice("one", ["a"])
    encoding = Encoding(space)
    assert encoding.names == []
    assert encoding.transform([{"fixed": 3, "one": "a"}]).shape == (1, 0)


def test_what_the_space_does_not_have_is_its_nearest_or_none():
    space = keras_tuner.HyperParameters()
    space.Choice("label", ["a", "b"])
    space.Int("units", 10, 20)
    rows = Encoding(space).transform([{"label": "old", "units": 90}, {"units": 1}])
    np.testing.assert_array_equal(rows, [[0, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_different_candidates_have_different_rows_in_the_unit_cube(name):
    space = spaces()[name]
    encoding = Encoding(space)
    for seed in range(50):
        rng = np.random.default_rng(seed)
        values = sample(space, rng)
        rows = encoding.transform([values, mutate(values, space, rng)])
        assert rows.min() >= 0
        assert rows.max() <= 1
        assert (rows[0] != rows[1]).any()


def test_no_candidates_are_no_rows():
    encoding = Encoding(spaces()["nested"])
    assert encoding.transform([]).shape == (0, len(encoding.names))


@pytest.mark.parametrize("sampling", ["linear", "log", "reverse_log"])
def test_a_position_is_on_the_scale_that_the_range_is_drawn_on(sampling):
    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.1, 10.0, sampling=sampling)
    rate = space.space[0]
    drawn = [rate.prob_to_value(share) for share in (0.0, 0.25, 0.5, 0.9)]
    np.testing.assert_allclose(position(rate, drawn), [0.0, 0.25, 0.5, 0.9], atol=1e-12)


def test_a_range_of_one_value_is_in_the_middle():
    space = keras_tuner.HyperParameters()
    space.Int("units", 7, 7)
    assert position(space.space[0], [7]).tolist() == [0.5]


def test_the_histogram_counts_labels_that_several_share():
    """By hand: two lists of the same labels, two ranges with the same ends, and what has nothing like it."""
    space = keras_tuner.HyperParameters()
    space.Choice("first", ["a", "b"])
    space.Choice("second", ["a", "b"])
    space.Choice("other", ["a", "c"])
    space.Int("width", 0, 10)
    space.Int("height", 0, 10)
    space.Float("rate", 0.0, 10.0, sampling="linear")
    encoding = Encoding(space)
    values = {"first": "a", "second": "a", "other": "c", "width": 5, "height": 10, "rate": 1.0}
    rows = encoding.transform([values, {**values, "second": "b"}])
    root = 2**0.5
    np.testing.assert_allclose(encoding.histogram(rows), [[2 / root, 0, 1.5 / root], [1 / root, 1 / root, 1.5 / root]])


def test_the_histogram_is_empty_where_nothing_is_shared():
    space = keras_tuner.HyperParameters()
    space.Choice("only", ["a", "b"])
    encoding = Encoding(space)
    assert encoding.histogram(encoding.transform([{"only": "a"}])).shape == (1, 0)
