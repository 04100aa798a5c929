import numpy as np
import pytest
from scipy.stats import spearmanr

from autonas import forests


@pytest.fixture(scope="module")
def stairs():
    """Two targets of twelve columns that are 0 or 1: one is all or nothing by two of them together, the other a sum."""
    rows = np.random.default_rng(0).integers(0, 2, (300, 12)).astype(float)
    return rows, np.stack([5.0 * rows[:, 0] * rows[:, 1], rows.sum(axis=1)], axis=1)


def test_each_target_is_learned_by_itself(stairs):
    rows, targets = stairs
    mean, deviation = forests.fit(rows[:200], targets[:200], seed=0)(rows[200:])
    assert mean.shape == deviation.shape == (100, 2)
    for column in range(2):
        assert spearmanr(mean[:, column], targets[200:, column]).statistic > 0.8
        alone, _ = forests.fit(rows[:200], targets[:200, [column]], seed=0)(rows[200:])
        np.testing.assert_array_equal(alone[:, 0], mean[:, column])


def test_what_was_seen_is_known_for_certain_and_what_was_not_is_not(stairs):
    rows, targets = stairs
    rows, places = np.unique(rows, axis=0, return_index=True)
    mean, deviation = forests.fit(rows[::2], targets[places][::2], seed=0)(rows)
    np.testing.assert_allclose(mean[::2], targets[places][::2], atol=1e-9)
    np.testing.assert_allclose(deviation[::2], 0.0, atol=1e-9)
    assert deviation[1::2, 1].min() > 0


def test_chance_is_that_of_the_seed(stairs):
    rows, targets = stairs
    one, same, other = (forests.fit(rows[:50], targets[:50], seed)(rows)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
