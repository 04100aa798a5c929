import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies import Hyperband
from autonas.strategies.base import Strategy
from autonas.testing.strategies import check_strategy, p_value_of_budgets
from autonas.trials import BUDGET, FAILED, REJECTED, RESOURCE, Trial, bare, key


def space():
    hp = keras_tuner.HyperParameters()
    hp.Int("a", 0, 999)
    return hp


def follow(strategy, count, history=(), outcome=lambda number, values: (float(values["a"] + values[BUDGET]),)):
    """Trials whose score is the value of `a`, a little better with more of the budget."""
    history = list(history)
    for number in range(len(history), count):
        values = strategy.propose(history, space(), np.random.default_rng(number))
        history.append(Trial(number, values, "completed", *outcome(number, values)))
    return history


def ranked(trials):
    return [trial.values["a"] for trial in sorted(trials, key=lambda trial: -trial.score)]


def test_brackets_are_those_of_the_paper():
    trials = follow(Hyperband(), 23)
    shares = [trial.values[BUDGET] for trial in trials]
    assert shares == [1 / 9] * 9 + [1 / 3] * 3 + [1.0] + [1 / 3] * 5 + [1.0] + [1.0] * 3 + [1 / 9]
    assert [t.values["a"] for t in trials[9:12]] == ranked(trials[:9])[:3]
    assert trials[12].values["a"] == ranked(trials[:9])[0]
    assert trials[18].values["a"] == ranked(trials[13:18])[0]
    new = trials[:9] + trials[13:18] + trials[19:]
    assert len({trial.values["a"] for trial in new}) == len(new)


def test_the_sizes_of_brackets_for_a_larger_factor_and_range():
    strategy = Hyperband(factor=4, least=1 / 16)
    assert strategy.shares == [1 / 16, 1 / 4, 1.0]
    shares = [trial.values[BUDGET] for trial in follow(strategy, 16 + 4 + 1 + 6 + 1 + 3)]
    assert shares == [1 / 16] * 16 + [1 / 4] * 4 + [1.0] + [1 / 4] * 6 + [1.0] * 4


def test_more_candidates_on_the_lowest_rung_send_more_on():
    entered = [Trial(number, Hyperband().enter({"a": number}), score=float(number)) for number in range(14)]
    trials = follow(Hyperband(), 19, entered)
    assert [t.values["a"] for t in trials[14:18]] == [13, 12, 11, 10]
    assert [t.values[BUDGET] for t in trials[14:]] == [1 / 3] * 4 + [1.0]


def test_trials_of_the_whole_budget_that_nobody_placed_are_on_no_rung():
    before = [Trial(0, {"a": 5}, score=5.0)]
    trials = follow(Hyperband(), 14, before)
    assert [t.values[BUDGET] for t in trials[1:]] == [1 / 9] * 9 + [1 / 3] * 3 + [1.0]
    assert 5 not in {t.values["a"] for t in trials[1:]}


def test_what_was_rejected_makes_room_and_what_failed_does_not_go_on():
    def outcome(number, values):
        return (None,) if number < 4 else (float(values["a"]),)

    trials = follow(Hyperband(), 9, outcome=outcome)
    statuses = [REJECTED, REJECTED, FAILED, FAILED]
    history = [Trial(t.number, t.values, s) for t, s in zip(trials, statuses, strict=False)] + trials[4:]
    trials = follow(Hyperband(), 14, history)
    assert [t.values[BUDGET] for t in trials] == [1 / 9] * 11 + [1 / 3] * 3
    assert not {t.values["a"] for t in trials[:4]} & {t.values["a"] for t in trials[11:]}


def test_who_is_rejected_on_the_way_up_is_not_sent_again():
    trials = follow(Hyperband(), 10)
    history = [*trials[:9], Trial(9, trials[9].values, REJECTED)]
    again = follow(Hyperband(), 13, history)
    assert len({trial.key for trial in again}) == 13
    assert again[12].values["a"] == ranked(again[10:12])[0]


def test_only_who_may_go_on_is_unfinished():
    strategy, trials = Hyperband(), follow(Hyperband(), 13)

    def unfinished(count):
        return sorted({trial.values["a"] for trial in strategy.unfinished(trials[:count])})

    order = ranked(trials[:9])
    assert unfinished(4) == sorted(t.values["a"] for t in trials[:4])
    assert unfinished(9) == sorted(order[:3])
    assert unfinished(10) == sorted(order[:3])
    assert unfinished(12) == order[:1]
    assert unfinished(13) == []


def test_a_strategy_that_learns_sees_one_budget_and_knows_what_was_tried():
    seen = []

    class Watching(Strategy):
        def propose(self, history, space, rng):
            seen.append(list(history))
            return {"a": len(seen)}

    follow(Hyperband(strategy=Watching()), 14)
    assert [trial.score for trial in seen[1]] == [1 + 1 / 9]
    last = seen[-1]  # for the second bracket: more than one was evaluated with a third
    assert len(last) == 9
    assert {t.values["a"]: t.score for t in last if t.score} == {9: 9 + 1 / 3, 8: 8 + 1 / 3, 7: 7 + 1 / 3}
    assert all(BUDGET not in trial.values for trial in last)
    assert {trial.status for trial in last if trial.score is None} == {REJECTED}


def test_the_budget_may_be_a_share_of_the_data():
    values = Hyperband(resource="data").propose([], space(), np.random.default_rng(0))
    assert values == {"a": values["a"], BUDGET: 1 / 9, RESOURCE: "data"}


def test_a_covered_space_ends_with_the_best_on_top():
    hp = keras_tuner.HyperParameters()
    hp.Int("a", 0, 4)
    history = []
    while values := Hyperband().propose(history, hp, np.random.default_rng(len(history))):
        history.append(Trial(len(history), values, score=float(values["a"])))
    assert {key(bare(trial.values)) for trial in history} == {key({"a": a}) for a in range(5)}
    assert history[-1].values == {"a": 4, BUDGET: 1.0}


@pytest.mark.parametrize("resource", ["epochs", "data"])
def test_it_keeps_to_the_contract(resource):
    check_strategy(Hyperband(strategy="evolution", resource=resource))


def test_numbers_of_numpy_are_arguments_too():
    strategy = Hyperband(factor=np.int64(2), least=np.float32(0.25))
    assert strategy.shares == [0.25, 0.5, 1.0]
    assert [type(value) for value in (strategy.factor, strategy.least)] == [int, float]


@pytest.mark.parametrize(
    "options",
    [{"factor": 1}, {"factor": 2.5}, {"least": 0}, {"least": 2}, {"resource": "money"}, {"strategy": "hyperband"}],
)
def test_arguments_out_of_range(options):
    with pytest.raises(InputError, match=f"Hyperband.{next(iter(options))}="):
        Hyperband(**options)


def test_it_beats_random_search_with_as_many_epochs():
    assert p_value_of_budgets(Hyperband()) < 0.01
