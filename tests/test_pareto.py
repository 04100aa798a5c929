import numpy as np
import pytest

from autonas.errors import InputError
from autonas.pareto import best_first, crowding, hypervolume, is_efficient, rank


def tables():
    """Random scores in 1 to 4 objectives, of whole numbers so that there are ties and equals."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        yield rng.integers(0, 6, (int(rng.integers(1, 30)), int(rng.integers(1, 5)))).astype(float)


def dominates(one, other):
    return (one >= other).all() and (one > other).any()


def test_fronts_are_those_that_peeling_by_definition_gives():
    for scores in tables():
        left, front, expected = list(range(len(scores))), 0, {}
        while left:
            best = [i for i in left if not any(dominates(scores[j], scores[i]) for j in left)]
            expected |= dict.fromkeys(best, front)
            left = [i for i in left if i not in best]
            front += 1
        assert rank(scores).tolist() == [expected[i] for i in range(len(scores))]
        assert is_efficient(scores).tolist() == [expected[i] == 0 for i in range(len(scores))]


def test_one_objective_is_an_order():
    assert rank([[3.0], [1.0], [2.0], [3.0]]).tolist() == [0, 2, 1, 0]


def test_crowding_by_hand():
    scores = np.array([[0, 10], [2, 6], [3, 5], [10, 0]])
    expected = [np.inf, 3 / 10 + 5 / 10, 8 / 10 + 6 / 10, np.inf]
    np.testing.assert_allclose(crowding(scores), expected)
    np.testing.assert_allclose(crowding(scores[::-1]), expected[::-1])


def test_an_objective_in_which_all_are_equal_tells_nothing():
    np.testing.assert_allclose(crowding([[0, 1], [1, 1], [4, 1]])[1], 1.0)


def test_the_order_is_by_front_and_then_by_loneliness():
    scores = np.array([[1, 1], [0, 10], [2, 6], [3, 5], [10, 0], [0, 0]])
    assert best_first(scores).tolist() == [1, 4, 3, 2, 0, 5]


@pytest.mark.parametrize(
    ("scores", "reference", "volume"),
    [
        ([[2, 3]], [0, 0], 6),
        ([[2, 3]], [1, 1], 2),
        ([[1, 3], [2, 2], [3, 1]], [0, 0], 6),
        ([[1, 3], [1, 3], [0.5, 2]], [0, 0], 3),
        ([[1, 3], [5, -1]], [0, 0], 3),
        ([[1, 1, 1]], [0, 0, 0], 1),
        ([[2, 1, 1], [1, 2, 1], [1, 1, 2]], [0, 0, 0], 4),
        ([[4.0]], [1], 3),
    ],
)
def test_volumes_by_hand(scores, reference, volume):
    assert hypervolume(scores, reference) == pytest.approx(volume)


def test_a_volume_of_whole_numbers_is_a_count_of_cells():
    for scores in tables():
        cells = np.stack(np.meshgrid(*[np.arange(6)] * scores.shape[1], indexing="ij"), axis=-1).reshape(
            -1, scores.shape[1]
        )
        counted = sum((scores >= cell + 1).all(axis=1).any() for cell in cells)
        assert hypervolume(scores, [0.0] * scores.shape[1]) == pytest.approx(counted)


def test_nothing_is_nothing():
    empty = np.zeros((0, 2))
    assert rank(empty).tolist() == crowding(empty).tolist() == best_first(empty).tolist() == []
    assert hypervolume(empty, [0, 0]) == 0


@pytest.mark.parametrize("scores", [[1.0, 2.0], [[1.0, float("nan")]], [[]]])
def test_other_scores_are_refused(scores):
    with pytest.raises(InputError, match=r"\(candidates, objectives\)"):
        rank(scores)


def test_a_reference_of_another_length_is_refused():
    with pytest.raises(InputError, match="2 numbers"):
        hypervolume([[1.0, 2.0]], [0.0])


def test_the_first_of_an_order_are_those_of_the_whole_order():
    scores = np.random.default_rng(0).integers(0, 6, size=(60, 2)).astype(float)
    whole = best_first(scores)
    for number in (0, 1, 7, 60, 99):
        assert best_first(scores, number).tolist() == whole[:number].tolist()
