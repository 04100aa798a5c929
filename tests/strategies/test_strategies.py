import pytest

from autonas import strategies
from autonas.errors import InputError
from autonas.strategies import STRATEGIES
from autonas.strategies.base import Strategy
from autonas.testing.strategies import check_strategy


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_keeps_to_the_contract(name):
    check_strategy(strategies.get(name))


def test_the_suite_finds_a_strategy_that_repeats_itself():
    class Defaults(Strategy):
        def propose(self, history, space, rng):
            return {hp.name: hp.default for hp in space.space if not hp.conditions}

    with pytest.raises(AssertionError):
        check_strategy(Defaults())


def test_the_suite_finds_a_strategy_with_a_state():
    class Counting(type(strategies.get("random"))):
        calls = 0

        def propose(self, history, space, rng):
            self.calls += 1
            for _ in range(self.calls):
                rng.random()
            return super().propose(history, space, rng)

    with pytest.raises(AssertionError, match="equal arguments"):
        check_strategy(Counting())


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"evolution.*random"):
        strategies.get("gird")
