"""Bins have as many values each, and numbers far out are bent and not lost."""

import numpy as np
import pytest

from autonas import scaling


def test_bins_have_about_as_many_values_each():
    values = np.random.default_rng(0).exponential(size=1_000)
    edges = scaling.quantiles(values, 10)
    assert len(edges) == 11
    counts, _ = np.histogram(values, edges)
    assert counts.min() > 80
    assert counts.max() < 120


def test_a_frequent_value_takes_one_bin():
    values = np.concatenate([np.zeros(900), np.arange(1, 101)])
    edges = scaling.quantiles(values, 8)
    assert edges[0] == 0
    assert edges[1] >= 1
    assert len(edges) >= 5


def test_few_distinct_values_are_their_own_edges():
    assert scaling.quantiles(np.array([3.0, 1.0, 3.0]), 8) == [1.0, 3.0]


def test_bins_follow_the_rows():
    assert [scaling.bins(n) for n in (10, 300, 1_000_000)] == [4, 10, 48]


def test_numbers_are_bent_the_same_way_in_keras():
    from keras import ops

    x = np.array([-1e30, -2.0, 0.0, 0.1, 5.0, 1e9, np.nan], "float32")
    bent = scaling.bent(x)
    np.testing.assert_allclose(np.asarray(scaling.bent(ops.convert_to_tensor(x), ops)), bent, rtol=1e-5)
    assert np.nanmax(np.abs(bent)) == pytest.approx(3.0, abs=1e-4)
    assert bent[3] == pytest.approx(0.1, rel=1e-3)
    assert np.isnan(bent[6])


def test_piecewise_linear_encoding_is_that_of_the_paper():
    edges = [[-1.0, 0.0, 2.0], [0.0, 1.0]]
    x = np.array([[-2.0, 0.25], [1.0, 3.0]], "float32")
    encoded = np.asarray(scaling.piecewise(x, edges))
    np.testing.assert_allclose(encoded, [[[0, 0], [0.25, 0]], [[1, 0.5], [1, 0]]])


def test_columns_are_standardised_with_gaps_at_their_mean_and_flags_last():
    import keras

    rng = np.random.default_rng(0)
    x = rng.normal([5, -2, 7], [3, 0.5, 0], (200, 3)).astype("float32")
    x[::10, 1] = np.nan
    scale = scaling.Scale.of(x.T, rows=200)
    assert (scale.width, scale.missing) == (4, [1])
    expected = (x - np.nanmean(x, 0)) / [*np.nanstd(x, 0)[:2], 1]
    made = scale.apply(x)
    np.testing.assert_allclose(made[:, :3], np.nan_to_num(scaling.bent(expected)), atol=1e-5)
    np.testing.assert_array_equal(made[:, 3], np.isnan(x[:, 1]))
    tensors = scale.apply(keras.ops.convert_to_tensor(x), keras.ops.ones((200, 1)), keras.ops)
    np.testing.assert_allclose(tensors, made, atol=1e-6)
    assert scale.apply(x, np.zeros((200, 1), "float32")).any() == 0
