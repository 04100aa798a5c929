import keras_tuner
import numpy as np

from autonas.strategies.grid import Grid
from autonas.testing.strategies import finite_space, spaces
from autonas.trials import Trial
from autonas.values import enumerate_space


def run(space, trials, history=()):
    history = list(history)
    for number in range(len(history), trials):
        values = Grid().propose(history, space, np.random.default_rng(number))
        if values is None:
            break
        history.append(Trial(number, values))
    return [trial.values for trial in history]


def test_it_goes_through_the_space_in_order():
    space = finite_space()[0]
    assert run(space, 9) == [
        {"kind": "a", "size": 1},
        {"kind": "a", "size": 2},
        {"kind": "a", "size": 3},
        {"kind": "b"},
    ]


def test_a_starting_point_from_the_middle_is_not_the_end_of_what_comes_before_it():
    space = finite_space()[0]
    start = Trial(0, {"kind": "a", "size": 2})
    assert run(space, 9, [start]) == [
        {"kind": "a", "size": 2},
        {"kind": "a", "size": 3},
        {"kind": "b"},
        {"kind": "a", "size": 1},
    ]


def test_a_range_of_floats_is_tried_at_ten_of_its_values():
    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.0, 1.0)
    values = [found["rate"] for found in run(space, 99, [Trial(0, {"rate": 0.123})])[1:]]
    np.testing.assert_allclose(values, np.arange(10) / 10 + 0.05)


def test_a_range_too_long_to_be_gone_through_is_begun():
    space = keras_tuner.HyperParameters()
    space.Int("n", 0, 10**12)
    assert run(space, 3) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_listing_can_begin_anywhere():
    for space in spaces().values():
        listed = list(zip(range(300), enumerate_space(space), strict=False))
        for place, values in listed[:: len(listed) // 5]:
            rest = [found for _, found in zip(range(len(listed) - place), enumerate_space(space, values), strict=False)]
            assert rest == [found for _, found in listed[place:]]
