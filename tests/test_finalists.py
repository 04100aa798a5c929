"""The right ones are trained in full, in the order in which they are worth their time."""

import dataclasses

from autonas import finalists
from autonas.trials import FAILED, Trial

HUMAN = "starting point"


def trial(number, score, origin="evolution", **values):
    return Trial(number, {"width": number, **values}, score=score, origin=origin)


def test_the_best_are_finalists_and_the_best_human_design_beside_them():
    trials = [trial(0, 0.5, HUMAN), trial(1, 0.6, HUMAN), trial(2, 0.7), trial(3, 0.9), trial(4, 0.8)]
    assert [t.number for t in finalists.choose(trials, 1, HUMAN)] == [3, 1]
    assert [t.number for t in finalists.choose(trials, 2, HUMAN)] == [3, 1, 4]
    assert [t.number for t in finalists.choose(trials, 4, HUMAN)] == [3, 1, 4, 2]
    assert [t.number for t in finalists.choose(trials[:2], 2, HUMAN)] == [1, 0]


def test_the_best_is_also_trained_in_the_ways_that_the_search_could_not_judge():
    trials = [trial(0, 0.5, HUMAN, shift=0), trial(1, 0.6, shift=0), trial(2, 0.55, shift=0)]
    chosen = finalists.choose(trials, 2, HUMAN, lambda values: [{**values, "shift": 1}])
    assert [(t.number, t.values["shift"]) for t in chosen] == [(1, 0), (0, 0), (1, 1), (2, 0)]
    assert [t.origin for t in chosen] == ["evolution", HUMAN, "evolution, shift 1", "evolution"]


def test_an_ensemble_is_chosen_from_several_kinds():
    trials = [trial(n, 0.9 - n / 10, kind=kind) for n, kind in enumerate("aaabca")]
    chosen = finalists.choose(trials, 2, HUMAN, kind=lambda values: values["kind"])
    assert [t.number for t in chosen] == [0, 1, 3, 4]
    many = [trial(n, 0.9 - n / 100, kind=n) for n in range(9)]
    assert len(finalists.choose(many, 2, HUMAN, kind=lambda values: values["kind"])) == finalists.POOL


def test_failed_trials_are_no_finalists():
    trials = [trial(0, 0.5), Trial(1, {}, FAILED, message="it diverged")]
    assert [t.number for t in finalists.choose(trials, 3, HUMAN)] == [0]


def test_a_network_that_an_oracle_gave_several_budgets_is_one_finalist():
    one = trial(1, 0.5)
    more = dataclasses.replace(one, number=2, score=0.6, values={**one.values, "tuner/epochs": 9})
    assert [t.number for t in finalists.choose([one, more], 2, HUMAN)] == [2]
