import numpy as np
import pytest

from autonas import screens
from autonas.errors import InputError
from autonas.screens import SCREENS, Function, GraphAttention, Predictor, Vote, ZeroCost
from autonas.screens.base import Screen
from autonas.testing.screens import check_screen


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_keeps_to_the_contract(name):
    check_screen(screens.get(name))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match="limits"):
        screens.get("limit")


@pytest.mark.parametrize("kind", [lambda **options: Function(len, **options), GraphAttention, Predictor, ZeroCost])
def test_counts_may_be_numpys(kind):
    screen = kind(proposals=np.int64(3))
    assert type(screen.proposals) is int
    with pytest.raises(InputError, match="proposals="):
        kind(proposals=True)


def test_a_function_is_a_screen_and_a_list_votes():
    one = screens.get(len)
    assert isinstance(one, Function)
    assert screens.get([one]) is one
    both = screens.get([one, "limits"])
    assert isinstance(both, Vote)
    assert both.needs_network
    with pytest.raises(InputError, match="screen must be"):
        screens.get([])


def test_the_suite_finds_a_screen_that_is_another_one_in_another_process():
    class Address(Function):
        def __init__(self):
            super().__init__(len)
            self.name = repr(object())

    with pytest.raises(AssertionError, match="a place in memory"):
        check_screen(Address())


@pytest.mark.parametrize("answer", [[1.0, 2.0, 3.0], np.zeros(1), np.zeros((3, 1)), None])
def test_the_suite_finds_a_screen_that_returns_no_array_of_scores(answer):
    class Answering(Screen):
        def score(self, candidates, finished):
            return answer if candidates else np.zeros(0)

    with pytest.raises(AssertionError, match="no array of three floats"):
        check_screen(Answering())
