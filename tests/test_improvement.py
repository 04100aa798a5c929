import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from autonas import improvement
from autonas.errors import InputError
from autonas.improvement import expected_hypervolume_improvement as gain
from autonas.improvement import expected_improvement
from autonas.pareto import hypervolume


def cases(objectives):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        front = rng.uniform(0.0, 1.0, (6, objectives))
        yield rng, front, rng.uniform(0.0, 1.2, (5, objectives)), np.full(objectives, 0.1)


def test_expected_improvement_is_the_integral_that_it_stands_for():
    for mean, deviation, best in [(0.0, 1.0, 0.5), (2.0, 0.3, 1.0), (-1.0, 0.5, 0.0)]:
        integral = quad(lambda y, m=mean, d=deviation, b=best: (y - b) * norm.pdf(y, m, d), best, best + 12)[0]
        found = expected_improvement(np.array([mean]), np.array([deviation]), best)
        np.testing.assert_allclose(found, integral, atol=1e-9)
    np.testing.assert_allclose(expected_improvement(np.array([2.0, 0.0]), np.zeros(2), 1.0), [1.0, 0.0])


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_without_doubt_it_is_the_volume_that_is_added(objectives):
    for _, front, points, reference in cases(objectives):
        added = [hypervolume(np.vstack([front, point]), reference) - hypervolume(front, reference) for point in points]
        np.testing.assert_allclose(gain(points, np.zeros_like(points), front, reference), added, atol=1e-9)


@pytest.mark.parametrize("objectives", [2, 3])
def test_with_doubt_it_is_the_mean_over_draws(objectives):
    for rng, front, points, reference in cases(objectives):
        deviation = rng.uniform(0.05, 0.3, points.shape)
        levels = (np.arange(200) + 0.5) / 200
        point, spread = points[0], deviation[0]
        draws = np.stack([point[j] + spread[j] * norm.ppf(rng.permutation(levels)) for j in range(objectives)], axis=1)
        whole = hypervolume(front, reference)
        drawn = np.mean([hypervolume(np.vstack([front, draw]), reference) - whole for draw in draws])
        assert gain(points, deviation, front, reference)[0] == pytest.approx(drawn, rel=0.25, abs=0.005)


def test_an_empty_front_leaves_all_the_space():
    assert gain(np.array([[2.0, 3.0]]), np.zeros((1, 2)), np.zeros((0, 2)), np.zeros(2)) == pytest.approx([6.0])


def test_a_large_front_of_many_objectives_is_thinned_out(monkeypatch):
    rng = np.random.default_rng(0)
    front = rng.dirichlet(np.ones(4), 60)
    point, reference = np.full((1, 4), 0.5), np.zeros(4)
    exact = hypervolume(np.vstack([front, point]), reference) - hypervolume(front, reference)
    monkeypatch.setattr(improvement, "MOST_CELLS", 8_000)
    assert gain(point, np.zeros((1, 4)), front, reference)[0] == pytest.approx(exact, rel=0.3)


def test_shapes_that_do_not_fit():
    with pytest.raises(InputError, match="one number of objectives"):
        gain(np.zeros((1, 2)), np.zeros((1, 3)), np.zeros((1, 2)), np.zeros(2))
