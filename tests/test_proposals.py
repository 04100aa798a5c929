import keras_tuner
import numpy as np
import pytest

from autonas import loop
from autonas.loop import Outcome
from autonas.proposals import Proposals
from autonas.screens import Function
from autonas.screens.base import Screen
from autonas.strategies import Evolution, Random
from autonas.strategies.base import Strategy
from autonas.trial_store import TrialStore
from autonas.trials import REJECTED, History, Trial, key


def space():
    hp = keras_tuner.HyperParameters()
    for name in "abcd":
        hp.Int(name, 0, 9)
    return hp


def total(candidates):
    return [float(sum(values.values())) for values in candidates]


def run(screen, strategy=None, max_trials=30, store=None, **options):
    store = TrialStore(None) if store is None else store
    evaluate = options.pop("evaluate", lambda number, values: Outcome(float(sum(values.values()))))
    loop.run(strategy or Evolution(), space(), evaluate, store, screen=screen, max_trials=max_trials, **options)
    return store.trials


def test_a_search_begins_with_the_best_of_a_pool():
    trials = run(Function(total, pool=500, warm=5), max_trials=8)
    assert [trial.origin for trial in trials] == ["warm start"] * 5 + ["evolution"] * 3
    assert [trial.screen for trial in trials[:5]] == sorted((t.screen for t in trials[:5]), reverse=True)
    assert trials[0].screen == trials[0].score > 28  # of 36; the mean of a random one is 18


def test_a_warm_start_is_of_the_size_asked_for():
    sizes = []

    def count(candidates):
        sizes.append(len(candidates))
        return total(candidates)

    run(Function(count, pool=50, warm=3, proposals=4), Random(), max_trials=5)
    assert sizes[0] in range(45, 51)  # few of 50 of 10,000 are the same
    assert sizes[1:] == [4, 4]


def test_of_several_proposals_the_best_is_evaluated():
    plain = np.mean([trial.score for trial in run(Function(total, pool=0, proposals=1), Random())])
    best = np.mean([trial.score for trial in run(Function(total, pool=0, proposals=20), Random())])
    assert best > plain + 5


def test_proposals_that_are_the_same_are_scored_once():
    class Two(Strategy):
        def propose(self, history, space, rng):
            return dict.fromkeys("abcd", int(rng.integers(2)))

    seen = []
    Proposals(Two(), 0, Function(lambda c: seen.append(c) or total(c), pool=0, proposals=20)).next([], space())
    assert sorted(values["a"] for values in seen[0]) == [0, 1]


def test_starting_points_come_before_the_warm_start():
    points = [dict.fromkeys("abcd", 1)]
    trials = run(Function(total, pool=50, warm=3), max_trials=5, starting_points=points)
    assert [t.origin for t in trials] == ["starting point", *["warm start"] * 3, "evolution"]


class Learning(Screen):
    """Scores by the distance to the best that is finished."""

    pool, warm, proposals = 20, 3, 5

    def score(self, candidates, finished):
        done = [one for one in finished if one.trial.score is not None]
        if not done:
            return (
                np.full(len(candidates), np.nan) if not candidates else np.array(total([c.values for c in candidates]))
            )
        best = max(done, key=lambda one: one.trial.score).values
        return np.array([-float(sum(abs(c.values[n] - best[n]) for n in best)) for c in candidates])


@pytest.mark.parametrize("cut", [1, 3, 4, 9])
@pytest.mark.parametrize("screen", [Function(total, pool=100, warm=4), Learning()])
def test_a_search_cut_anywhere_goes_on_as_if_it_had_not_been(tmp_path, cut, screen):
    whole = run(screen, max_trials=12)
    run(screen, max_trials=cut, store=TrialStore(tmp_path))
    again = run(screen, max_trials=12, store=TrialStore(tmp_path))
    assert [(t.values, t.screen, t.origin) for t in again] == [(t.values, t.screen, t.origin) for t in whole]


def test_a_screen_sees_the_finished_trials():
    seen = []

    class Watching(Learning):
        def score(self, candidates, finished):
            seen.append([(one.values, one.trial.score) for one in finished])
            return super().score(candidates, finished)

    trials = run(Watching(), max_trials=6)
    assert seen == [[], *([(t.values, t.score) for t in trials[:n]] for n in (3, 4, 5))]


def test_a_rejected_candidate_does_not_count_in_the_warm_start():
    history = []
    proposals = Proposals(Random(), 0, Function(total, pool=100, warm=2, proposals=1))
    for number in range(5):
        proposal = proposals.next(history, space())
        history.append(Trial(number, proposal.values, *((REJECTED,) if number < 2 else ("completed", 1.0))))
        assert proposal.origin == ("warm start" if number < 4 else "")


def test_what_the_screen_cannot_tell_is_left_to_the_strategy():
    trials = run(Function(lambda candidates: [np.nan] * len(candidates)), Random(), max_trials=5)
    assert [t.origin for t in trials] == ["random"] * 5
    assert [t.screen for t in trials] == [None] * 5
    # the first of the proposals is taken, that of a generator of its own
    expected = Random().propose([], space(), np.random.default_rng([0, 0, 0]))
    assert trials[0].values == expected


def test_what_is_told_goes_before_what_is_not():
    screen = Function(lambda several: [np.nan if v["a"] else -1.0 for v in several], pool=0, proposals=60)
    assert all(trial.values["a"] == 0 for trial in run(screen, Random(), max_trials=5))


def test_what_a_screen_refuses_is_not_evaluated():
    def evaluate(number, values):
        raise AssertionError("nothing was to be evaluated")

    trials = run(Function(lambda c: [-np.inf] * len(c)), Random(), evaluate=evaluate)
    assert {t.status for t in trials} == {"rejected"}
    assert len(trials) == loop.FRUITLESS
    assert trials[0].message == "the screen says that it is never to be trained"


def test_refused_proposals_are_passed_over():
    screen = Function(lambda several: [0.0 if v["a"] == 9 else -np.inf for v in several], pool=100, warm=3)
    assert {trial.values["a"] for trial in run(screen, Random(), max_trials=10)} == {9}


def test_without_a_screen_a_strategy_draws_as_it_always_did():
    values = Proposals(Random(), 7).next([], space()).values
    assert values == Random().propose([], space(), np.random.default_rng([7, 0]))


def test_what_proxies_said_of_a_proposal_is_known_of_its_trial():
    asked = []

    class Costly(Screen):
        proposals = 2

        def score(self, candidates, finished):
            for candidate in [*finished, *candidates]:
                if "costly" not in candidate.proxies:
                    asked.append(candidate.values)
                    candidate.proxies["costly"] = 1.0
            return np.array([candidate.proxies["costly"] for candidate in candidates])

    proposals, history = Proposals(Random(), 0, Costly()), History()
    for number in range(5):
        history.append(Trial(number, proposals.next(history, space()).values, score=0.5))
    assert len(asked) == len({key(values) for values in asked})


class Heeding(Strategy):
    """Proposes the best by the advice, of those that it may ask about."""

    heeds = True

    def __init__(self, advice=None, most=None):
        self.advice, self.most = advice, most

    def heeding(self, advice, most=None):
        return Heeding(advice, most)

    def propose(self, history, space, rng):
        asked = [dict.fromkeys("abcd", digit) for digit in range(self.most or 10)]
        return asked[int(np.argmax(self.advice(asked)))]


@pytest.mark.parametrize(("needs_network", "best"), [(False, 9), (True, 3)])
def test_a_strategy_that_heeds_chooses_by_itself(needs_network, best):
    """Among as many as the screen says where a network is built for each, else among all."""
    screen = Function(total, pool=0, proposals=4)
    screen.needs_network = needs_network
    proposal = Proposals(Heeding(), 0, screen).next([], space())
    assert proposal.values == dict.fromkeys("abcd", best)
    assert proposal.screen == 4.0 * best


def test_a_screen_that_learns_from_the_trials_gives_no_advice():
    class Deaf(Heeding):
        def propose(self, history, space, rng):
            assert self.advice is None
            return dict.fromkeys("abcd", int(rng.integers(10)))

    assert Proposals(Deaf(), 0, Learning()).next([], space()) is not None


def test_a_screen_that_chooses_none_gives_no_advice():
    """It begins a search, and leaves the rest to the strategy."""
    asked = []

    class Deaf(Heeding):
        def propose(self, history, space, rng):
            asked.append(self.advice)
            return dict.fromkeys("abcd", 5)

    Proposals(Deaf(), 0, Function(total, pool=0, proposals=1)).next([], space())
    assert asked == [None]


def test_candidates_that_are_all_refused_are_rejected():
    refuse = Function(lambda several: np.full(len(several), -np.inf), pool=0)
    assert Proposals(Heeding(), 0, refuse).next([], space()).screen == -np.inf


def test_a_strategy_that_begins_by_itself_has_no_warm_start():
    class Front(Evolution):
        heeds = begins = True

    screen = Function(total, pool=50, warm=3)
    assert [trial.origin for trial in run(screen, Front(), max_trials=4)] == ["front"] * 4
