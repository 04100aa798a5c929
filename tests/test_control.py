"""What a random control may spend, and that it draws from seeds of its own."""

from autonas import control
from autonas.trials import Trial


def trials(*seconds, status="completed"):
    return [
        Trial(number, {"width": number}, status=status, score=0.5, seconds=one) for number, one in enumerate(seconds)
    ]


def test_it_has_as_many_trained_trials_as_the_search():
    rejected = trials(9.0, status="rejected")
    assert control.budget(trials(1.0, 2.0) + rejected, [], by_time=False) == (2, None)


def test_by_time_it_has_the_seconds_that_it_has_not_spent():
    most, left = control.budget(trials(10.0, 5.0), trials(4.0), by_time=True)
    assert (most, left) == (None, 11.0)


def test_its_seed_is_its_own_and_follows_from_that_of_the_search():
    seeds = [control.seed(search) for search in range(5)]
    assert len({*seeds, *range(5)}) == 10
    assert seeds == [control.seed(search) for search in range(5)]
