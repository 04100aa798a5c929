import sys

import numpy as np
import pytest

import autonas
from autonas import arguments, strategies, trials
from autonas.errors import InputError
from autonas.strategies import STRATEGIES
from autonas.strategies.base import Strategy
from autonas.testing.strategies import check_strategy, smooth_score, smooth_space
from autonas.trials import History, Trial, bare


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


def test_the_suite_finds_a_strategy_that_takes_a_nan_for_a_score():
    class Best(type(strategies.get("random"))):
        def propose(self, history, space, rng):
            for _ in range(sum(trial.score is not None for trial in history)):
                rng.random()
            return super().propose(history, space, rng)

    with pytest.raises(AssertionError, match="a score of nan"):
        check_strategy(Best())


def test_the_suite_finds_a_strategy_that_remembers_what_it_proposed():
    class Walking(type(strategies.get("random"))):
        def __init__(self):
            self.seen = {}

        def propose(self, history, space, rng):
            number = len(history)
            if number not in self.seen:
                self.seen[number] = super().propose(history, space, np.random.default_rng(len(self.seen)))
            return self.seen[number]

    with pytest.raises(AssertionError):
        check_strategy(Walking())


@pytest.mark.parametrize("name", ["asha", "evolution", "grid", "hyperband", "local", "nsga2", "random", "reinforce"])
def test_a_proposal_after_many_trials_does_no_more_than_after_few(name, monkeypatch):
    strategy, space, done = strategies.get(name), smooth_space(), []
    original = trials.key
    for module in [
        trials,
        *(m for n, m in sys.modules.items() if n.startswith("autonas.strategies") and "key" in vars(m)),
    ]:
        monkeypatch.setattr(module, "key", lambda values: done.append(values) or original(values))
    history, counts = History(), []
    for number in range(160):
        before = len(done)
        values = strategy.propose(history, space, np.random.default_rng(number))
        history.append(Trial(number, values, score=smooth_score(bare(values))))
        counts.append(len(done) - before)
    assert np.mean(counts[120:]) < 1.5 * np.mean(counts[40:80]) + 5


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_has_a_public_name_and_can_be_asked_for(name):
    kind = STRATEGIES[name]
    assert getattr(autonas, kind.__name__) is kind
    assert type(arguments.strategy(name, "val_accuracy")) is kind
    assert type(arguments.strategy(kind(), "val_accuracy")) is kind


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"evolution.*random"):
        strategies.get("gird")
