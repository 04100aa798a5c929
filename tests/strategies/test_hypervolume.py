import keras_tuner
import numpy as np
import pytest
from scipy.stats import wilcoxon

from autonas import forests, processes
from autonas.errors import InputError
from autonas.pareto import hypervolume
from autonas.processes import fit
from autonas.strategies.hypervolume import Hypervolume, Scale, _Model, _Stretch
from autonas.strategies.nsga2 import NSGA2
from autonas.testing.strategies import p_value_against_random
from autonas.trials import FAILED, Trial, key
from autonas.values import sample


def tables(sizes=6, depth=5):
    """Labels with an effect each on a quality and on a cost, drawn by a seed."""
    hp = keras_tuner.HyperParameters()
    for number in range(depth):
        hp.Choice(f"c{number}", [str(label) for label in range(sizes)])
    return hp


def front(strategy, seed, trials=40):
    rng = np.random.default_rng(seed)
    effects = rng.random((2, 5, 6))
    history = []
    for number in range(trials):
        values = strategy.propose(history, tables(), np.random.default_rng([seed, number]))
        places = [int(values[f"c{n}"]) for n in range(5)]
        quality, cost = (effects[k, range(5), places].sum() for k in range(2))
        history.append(Trial(number, values, score=quality, scores=[quality, -float(np.exp(cost))]))
    return hypervolume([trial.scores for trial in history], [0.0, -60.0])


def test_it_covers_more_than_evolution():
    gains = [front(Hypervolume(), seed) - front(NSGA2(), seed) for seed in range(6)]
    assert wilcoxon(gains, alternative="greater").pvalue < 0.05


def test_with_one_objective_it_beats_random_search():
    assert p_value_against_random(Hypervolume(pool=200), trials=35, searches=8) < 0.05


def test_scores_are_seen_from_a_reference_that_stays():
    """From the worst of the first trials that is no outlier: by hand, the lower whisker of a box plot."""
    first = np.array([[-70.0, -9.0], [3.0, -1.0], [4.0, -4.0], [5.0, -6.0], [8.0, -5.0]])  # quartiles 3, 5 and -6, -4
    scores = np.vstack([first, [[13.0, -1e9], [10.0, -3.0]]])
    scale = Scale(first, scores)
    np.testing.assert_allclose(scale(np.array([3.0, -9.0])), [0.0, 0.0])
    np.testing.assert_allclose(scale(np.array([13.0, -1.0])), [1.0, 1.0])
    np.testing.assert_allclose(scale(np.array([-1e9, np.nan])), [-1.0, np.nan])
    np.testing.assert_allclose(scale(scale.worst), [-1.0, -1.0])


def test_a_long_history_is_fitted_in_part(monkeypatch):
    """To the best in the order of fronts, here the first ones, and to the latest."""
    fitted = []
    monkeypatch.setattr(processes, "fit", lambda known, targets: fitted.append(targets) or fit(known, targets))
    space, rng = tables(), np.random.default_rng(0)
    trials = [Trial(n, sample(space, rng), score=float(-n), scores=[float(-n), float(-n)]) for n in range(30)]
    Hypervolume(memory=8).propose(trials, space, np.random.default_rng(0))
    scale = Scale(np.array([trial.scores for trial in trials[:10]]), np.array([trial.scores for trial in trials]))
    kept = np.array([trials[n].scores for n in (0, 1, 2, 3, 26, 27, 28, 29)])
    np.testing.assert_allclose(fitted[0], _Stretch(scale(kept))(scale(kept)))


def test_what_is_near_the_best_is_told_apart_most():
    """By hand: of scores 1 to 5 a quarter is within 1 of the best, so a score counts as minus the logarithm of 6 less it."""
    scores = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    stretch = _Stretch(scores)
    stretched = stretch(scores)
    np.testing.assert_allclose(stretched, -np.log(6.0 - scores))
    mean, deviation = stretch.back(stretched, np.full((5, 1), 0.1))
    np.testing.assert_allclose(mean, scores)
    np.testing.assert_allclose(deviation, 0.1 * (6.0 - scores))


def test_equal_scores_are_stretched_to_finite_numbers():
    assert np.isfinite(_Stretch(np.ones((3, 2)))(np.ones((3, 2)))).all()


def test_failures_say_who_fails_and_bend_no_objective(monkeypatch):
    """Half of a space fails: the processes of the scores never see it, and nothing more is proposed there."""
    fitted = []
    monkeypatch.setattr(processes, "fit", lambda known, targets: fitted.append(targets) or fit(known, targets))
    space = keras_tuner.HyperParameters()
    space.Choice("kind", ["good", "bad"])
    space.Float("x", 0.0, 1.0)
    places = np.linspace(0.0, 0.8, 10).tolist()
    trials = [Trial(n, {"kind": "good", "x": x}, score=x, scores=[x, 2.0 - x]) for n, x in enumerate(places)]
    trials += [Trial(10 + n, {"kind": "bad", "x": x}, FAILED) for n, x in enumerate(places)]
    found = [Hypervolume().propose(trials, space, np.random.default_rng(seed)) for seed in range(5)]
    assert [values["kind"] for values in found] == ["good"] * 5
    assert [len(targets) for targets in fitted[:2]] == [10, 20]
    scores = np.array([trial.scores for trial in trials[:10]])
    scale, bad = Scale(scores, scores), [{"kind": "bad", "x": 0.9}]
    warned, unwarned = (_Model(known, space, scale, 0).gains(bad)[0] for known in (trials, trials[:10]))
    assert 0 < warned < unwarned / 10


def test_it_looks_around_the_front_and_all_over_the_space(monkeypatch):
    """Candidates to choose from are neighbours of those on the front, never of the others, and others far from all trials."""
    seen = []
    monkeypatch.setattr(_Model, "gains", lambda self, candidates: seen.extend(candidates) or np.ones(len(candidates)))
    space, rng = tables(), np.random.default_rng(3)
    ends = [{f"c{n}": label for n in range(5)} for label in "05"]
    others = [{f"c{n}": label for n in range(5)} for label in "1234"] + [sample(space, rng) for _ in range(6)]
    trials = [Trial(0, ends[0], score=9.0, scores=[9.0, 1.0]), Trial(1, ends[1], score=1.0, scores=[1.0, 9.0])]
    trials += [Trial(n, values, score=0.0, scores=[0.0, 0.0]) for n, values in enumerate(others, 2)]
    Hypervolume(pool=100).propose(trials, space, np.random.default_rng(0))
    near = [
        sum(min(sum(one[k] != end[k] for k in end) for end in group) == 1 for one in seen)
        for group in (ends, others[:4])
    ]
    assert 25 <= near[0] <= 50
    assert near[1] <= 5
    assert len(seen) > 80


def test_the_ends_of_a_front_are_worth_a_trial():
    """A candidate that costs more than three quarters of the first trials still adds to the front."""
    space = keras_tuner.HyperParameters()
    space.Float("width", 0.0, 1.0)
    trials = [Trial(n, {"width": n / 10}, score=n / 10, scores=[n / 10, -n / 10]) for n in range(1, 11)]
    scores = np.array([trial.scores for trial in trials])

    def known(candidates):
        return np.array([[np.nan, -values["width"]] for values in candidates])

    model = _Model(trials, space, Scale(scores, scores), 0, known)
    assert model.gains([{"width": 0.95}])[0] > 1e-3


def test_with_known_costs_failures_count_as_the_worst_too(monkeypatch):
    """The cheap are certain then, and would draw the search if what fails there were not learned."""
    fitted = []
    monkeypatch.setattr(processes, "fit", lambda known, targets: fitted.append(targets) or fit(known, targets))
    rng, space = np.random.default_rng(0), tables()
    trials = [Trial(n, sample(space, rng), score=n, scores=[float(n), -float(n)]) for n in range(10)]
    trials.append(Trial(10, sample(space, rng), FAILED))
    scores = np.array([trial.scores for trial in trials[:10]])
    scale = Scale(scores, scores)
    _Model(trials, space, scale, 0, lambda candidates: np.full((len(candidates), 2), np.nan))
    learned = np.vstack([scale(scores), [-1.0, -1.0]])
    np.testing.assert_allclose(fitted[0], _Stretch(learned)(learned))
    np.testing.assert_allclose(fitted[1][:, 0], [1.0] * 10 + [0.0])


def advised(strategy, seed, trials=30):
    """A quality that no value tells and a screen nearly does, against a cost that the values tell."""
    rng = np.random.default_rng(seed)
    space = tables()
    hidden = {}

    def quality(values):
        return hidden.setdefault(tuple(values.values()), rng.normal())

    def advice(several):
        return np.array([quality(values) for values in several])

    history = []
    for number in range(trials):
        known = strategy.heeding(advice)
        values = known.propose(history, space, np.random.default_rng([seed, number]))
        cost = sum(int(value) for value in values.values())
        history.append(Trial(number, values, score=quality(values), scores=[quality(values), -float(cost)]))
    return hypervolume([trial.scores for trial in history], [-3.0, -26.0])


def test_it_learns_from_what_a_screen_says():
    """Told, it finds in 30 trials who is best of thousands; who does not listen cannot."""

    class Deaf(Hypervolume):
        def heeding(self, advice, most=None):
            return self

    gains = [advised(Hypervolume(pool=200), seed) - advised(Deaf(pool=200), seed) for seed in range(8)]
    assert wilcoxon(gains, alternative="greater").pvalue < 0.05


def known_cost(several):
    return np.array([[np.nan, -float(sum(map(int, values.values())))] for values in several])


def first_trials(strategy, advice, space, count, seed=0):
    history = []
    for number in range(count):
        values = strategy.heeding(advice).propose(history, space, np.random.default_rng([seed, number]))
        history.append(Trial(number, values, score=0.0, scores=[0.0, known_cost([values])[0, 1]]))
    return [trial.values for trial in history]


def test_where_costs_are_known_it_begins_with_the_front_by_what_a_screen_says():
    """The screen is right: its best few for each cost are most of the front before any of them is evaluated."""
    space = digits()

    def good(values):  # the first half of the digits brings what they cost, the second nothing
        return float(sum(int(values[f"c{number}"]) for number in range(3)))

    def advice(several):
        return np.array([good(values) for values in several])

    def volume(found):
        return hypervolume(
            [[good(values), cost] for values, (_, cost) in zip(found, known_cost(found), strict=True)], [0, -24]
        )

    knowing = Hypervolume(initial=8).foreseeing(known_cost)
    begun = [volume(first_trials(knowing, advice, space, 8, seed)) for seed in range(5)]
    drawn = [volume(first_trials(Hypervolume(initial=8), advice, space, 8, seed)) for seed in range(5)]
    assert min(begun) > max(drawn)
    assert knowing.begins
    assert not Hypervolume().begins


def test_a_beginning_has_none_that_the_screen_knows_nothing_of():
    space = digits()

    def advice(several):
        return np.array([np.nan if values["c0"] == "0" else float(values["c1"]) for values in several])

    found = first_trials(Hypervolume(initial=6).foreseeing(known_cost), advice, space, 6)
    assert all(values["c0"] != "0" for values in found)


def test_who_costs_as_much_and_is_said_to_be_as_good_is_no_news():
    """Of two candidates that differ from a trial alike, the one with other costs is less certain."""
    space = digits()
    rng = np.random.default_rng(0)
    trials = [
        Trial(n, values, score=float(n % 5), scores=[float(n % 5), 0.0])
        for n, values in enumerate(sample(space, rng) for _ in range(30))
    ]
    scores = np.array([trial.scores for trial in trials])
    costs = {key(trial.values): -float(n % 7) for n, trial in enumerate(trials)}
    twin, stranger = ({**trials[0].values, "c5": str((int(trials[0].values["c5"]) + step) % 4)} for step in (1, 2))
    costs |= {key(twin): costs[key(trials[0].values)], key(stranger): -40.0}

    def known(several):
        return np.array([[np.nan, costs[key(values)]] for values in several])

    model = _Model(trials, space, Scale(scores[:10], scores), 0, known)
    _, deviation = model._process(model._encode([twin, stranger], None, known([twin, stranger])))
    assert deviation[0, 0] < deviation[1, 0]


def digits():
    space = keras_tuner.HyperParameters()
    for number in range(6):
        space.Choice(f"c{number}", list("0123"))
    return space


def history_of(count, space, seed=0):
    rng = np.random.default_rng(seed)
    drawn = [sample(space, rng) for _ in range(count)]
    return [Trial(n, values, score=float(n), scores=[float(n), -float(n)]) for n, values in enumerate(drawn)]


def test_what_a_screen_refuses_is_passed_over():
    space = tables()
    history = history_of(12, space)
    strategy = Hypervolume(pool=100)
    plain = strategy.propose(history, space, np.random.default_rng(0))

    def advice(several):
        return np.array([-np.inf if values["c0"] == plain["c0"] else np.nan for values in several])

    found = strategy.heeding(advice, 1).propose(history, space, np.random.default_rng(0))
    assert found["c0"] != plain["c0"]
    refused = strategy.heeding(lambda several: np.full(len(several), -np.inf), 1)
    assert refused.propose(history, space, np.random.default_rng(0)) == plain


def test_it_asks_about_no_more_candidates_than_it_may():
    asked = []
    space = tables()
    history = history_of(12, space)
    strategy = Hypervolume(pool=100).heeding(lambda several: asked.append(len(several)) or np.zeros(len(several)), 7)
    strategy.propose(history, space, np.random.default_rng(0))
    assert asked == [12 + 7]


def test_of_three_proposals_one_is_for_the_first_objective_alone(monkeypatch):
    """Which an objective that is known beforehand does not count as.

    Trees are drawn by the columns, of which known costs are some: both models are processes here.
    """
    monkeypatch.setattr(forests, "fit", lambda known, targets, seed, columns: processes.fit(known, targets))
    space = tables()
    history = history_of(14, space)
    scores = np.array([trial.scores for trial in history])
    scale, pool = Scale(scores, scores), [sample(space, np.random.default_rng(n)) for n in range(40)]
    alone = _Model(history, space, scale, 0, alone=True).gains(pool)
    swapped = [Trial(t.number, t.values, score=t.score, scores=[-t.score, t.score]) for t in history]
    told = Scale(scores[:, ::-1], scores[:, ::-1])
    known = _Model(swapped, space, told, 0, lambda several: np.tile([0.0, np.nan], (len(several), 1)), alone=True)
    np.testing.assert_allclose(known.gains(pool), alone)
    assert int(np.argmax(alone)) != int(np.argmax(_Model(history, space, scale, 0).gains(pool)))
    turns = []
    monkeypatch.setattr(_Model, "gains", lambda self, candidates: turns.append(self._alone) or np.ones(len(candidates)))
    for count in (12, 13, 14):
        Hypervolume(pool=50).propose(history[:count], space, np.random.default_rng(0))
    assert turns == [False, False, True]


def test_layers_of_one_kind_learn_from_each_other():
    """A label that was good in some places is expected to be better than another in a place where neither was tried."""
    space = keras_tuner.HyperParameters()
    for number in range(5):
        space.Choice(f"c{number}", ["a", "b", "c"])
    rng, trials = np.random.default_rng(0), []
    for number in range(60):
        values = {**sample(space, rng), "c4": "a"}
        score = float(sum(value == "c" for value in values.values()))
        trials.append(Trial(number, values, score=score, scores=[score]))
    scores = np.array([trial.scores for trial in trials])
    model = _Model(trials, space, Scale(scores[:10], scores), 0)
    others = [sample(space, rng) for _ in range(50)]
    good, bad = (model.gains([{**values, "c4": label} for values in others]) for label in "cb")
    assert (good > bad).mean() > 0.9


@pytest.mark.parametrize("arguments", [{"initial": 1}, {"pool": 1}, {"memory": 1.5}])
def test_impossible_arguments(arguments):
    with pytest.raises(InputError, match="Hypervolume's"):
        Hypervolume(**arguments)


def test_what_is_known_of_a_candidate_counts_as_it_is():
    """Of two candidates that it cannot tell apart by what it learned, the one with the lower known cost is proposed."""
    space = keras_tuner.HyperParameters()
    space.Choice("shape", ["a", "b"])
    space.Float("x", 0.0, 1.0)
    trials = [
        Trial(n, {"shape": "ab"[n % 2], "x": n / 12}, score=1.0 + n % 3, scores=[1.0 + n % 3, -5.0 - n % 4])
        for n in range(12)
    ]

    def known(candidates):
        return np.array([[np.nan, -1.0 if values["x"] > 0.9 else -50.0] for values in candidates])

    found = [Hypervolume().foreseeing(known).propose(trials, space, np.random.default_rng(seed)) for seed in range(5)]
    assert all(values["x"] > 0.9 for values in found)
