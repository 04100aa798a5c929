"""Predicted seconds of a training, against machines that are made up."""

import numpy as np
import pytest

from autonas import pace
from autonas.trials import FAILED, Trial


def trials(flops, step, startup=2.0):
    """Completed trials whose step takes `step(flops)` seconds."""
    costs = [{"flops": float(f), "step_seconds": float(step(f)), "startup_seconds": startup} for f in flops]
    return [Trial(number, {}, score=0.5, costs=each) for number, each in enumerate(costs)]


def machine(flops):
    return 0.004 + 2e-9 * flops


@pytest.mark.parametrize("flops", [0, 1e5, 3e6, 3e7])
def test_what_a_step_takes_is_found_between_and_beyond_the_trials(flops):
    assert pace.predicted(trials([1e6, 2e6, 4e6, 8e6], machine), flops, 100) == pytest.approx(2 + 100 * machine(flops))


def test_few_trials_say_nothing():
    known = trials([1e6, 2e6, 4e6], machine)
    assert pace.predicted(known, 1e6, 10) is not None
    assert pace.predicted(known[:2], 1e6, 10) is None
    untimed = [Trial(3, {}, score=0.5, costs={"flops": 1e6}), Trial(4, {}, FAILED, costs=known[0].costs)]
    assert pace.predicted([*known[:2], *untimed], 1e6, 10) is None


def test_a_trial_that_was_slowed_down_does_not_move_the_prediction():
    known = trials([1e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6, 8e6], machine)
    expected = pace.predicted(known, 4e7, 100)
    known[5].costs.update(step_seconds=30.0, startup_seconds=90.0)
    assert pace.predicted(known, 4e7, 100) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    "step",
    [lambda f: 0.02, lambda f: 1e-8 * f, lambda f: 1e-15 * f**2, lambda f: 0.1 - 1e-8 * f, lambda f: 0.01 + f % 7],
)
def test_more_flops_take_no_less_and_no_more_than_in_proportion(step):
    known = trials([1e6, 2e6 + 3, 3e6 + 1, 4e6 + 5, 5e6], step, startup=0.0)
    seconds = [pace.predicted(known, flops, 10) for flops in (1e5, 1e6, 1e7, 3e7)]
    assert seconds[0] > 0
    assert all(1 - 1e-9 <= ratio <= 10 + 1e-9 for ratio in np.divide(seconds[1:], seconds[:-1]))


def test_networks_that_hardly_compute_say_nothing_of_large_ones():
    bags = trials([600, 3_000, 4_000, 7_000], lambda flops: 1e-6 * flops)
    assert pace.predicted(bags, 7_000, 100) == pytest.approx(2 + 100 * 0.007)
    assert pace.predicted(bags, 500_000, 100) is None
    convolutions = trials([4e5, 5e5, 6e5], machine)
    assert pace.predicted([*bags, *convolutions], 5e5, 100) == pytest.approx(2 + 100 * machine(5e5))


def test_equal_networks_are_enough():
    assert pace.predicted(trials([1e6] * 3, machine), 1e6, 100) == pytest.approx(2 + 100 * machine(1e6))
