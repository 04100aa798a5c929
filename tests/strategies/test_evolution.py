import keras_tuner
import numpy as np
import pytest
from scipy.stats import wilcoxon

from autonas.errors import InputError
from autonas.strategies.evolution import Evolution
from autonas.strategies.random import Random
from autonas.trials import FAILED, REJECTED, History, Trial


def space(choices=8, values=5):
    hp = keras_tuner.HyperParameters()
    for number in range(choices):
        hp.Choice(f"c{number}", list(range(values)))
    return hp


def score(values):
    """Rugged, but with neighbours that resemble each other: distances to a target, and pairs that have to match."""
    v = [values[f"c{number}"] for number in range(len(values))]
    return -sum(abs(a - 2) for a in v) - sum(v[i] != v[i + 1] for i in range(len(v) - 1)) / 2


def best(strategy, seed, trials):
    hp, history = space(), []
    for number in range(trials):
        values = strategy.propose(history, hp, np.random.default_rng([seed, number]))
        history.append(Trial(number, values, score=score(values)))
    return max(trial.score for trial in history)


@pytest.mark.parametrize(("trials", "crossover"), [(25, 0.0), (60, 0.0), (60, 0.5)])
def test_it_beats_random_search(trials, crossover):
    strategy = Evolution(crossover=crossover)
    pairs = [(best(strategy, seed, trials), best(Random(), seed, trials)) for seed in range(30)]
    gains = np.subtract(*np.transpose(pairs))
    # Ties are left out, as the test would do; older SciPy warns of them.
    assert wilcoxon(gains[gains != 0], alternative="greater").pvalue < 0.01


def history(scores):
    hp = space()
    drawn = [Random().propose([], hp, np.random.default_rng(n)) for n in range(len(scores))]
    return hp, [Trial(n, values, score=s) for n, (values, s) in enumerate(zip(drawn, scores, strict=True))]


def difference(one, other):
    return sum(one[name] != other[name] for name in one)


def test_the_best_of_the_population_is_changed_in_one_place():
    hp, trials = history([0.1, 0.9, 0.2, 0.3])
    strategy = Evolution(population=4, sample=4)
    for seed in range(20):
        child = strategy.propose(trials, hp, np.random.default_rng(seed))
        assert difference(child, trials[1].values) == 1


def test_a_long_history_is_read_at_its_end_alone():
    class Counted(History):
        reads = 0

        def __getitem__(self, place):
            Counted.reads += 1
            return super().__getitem__(place)

        def __iter__(self):
            raise AssertionError("the whole history is read")

    hp = space()
    long = Counted(Trial(n, {f"c{i}": n // 5**i % 5 for i in range(8)}, score=float(n % 9)) for n in range(2_000))
    for strategy in (Evolution(), Evolution(crossover=0.5), Random()):
        assert strategy.propose(long, hp, np.random.default_rng(0)) is not None
    assert Counted.reads == 20


def test_a_cross_has_values_of_two_parents_and_one_of_its_own():
    hp = space()
    trials = [Trial(n, {f"c{i}": n for i in range(8)}, score=1.0) for n in range(2)]
    strategy = Evolution(population=2, sample=1, crossover=1.0)
    children = [strategy.propose(trials, hp, np.random.default_rng(seed)) for seed in range(40)]
    assert sum({0, 1} <= set(child.values()) for child in children) > 10
    assert all(sum(value > 1 for value in child.values()) <= 1 for child in children)
    alone = [Evolution(2, 1).propose(trials, hp, np.random.default_rng(seed)) for seed in range(40)]
    assert all(min(difference(child, trial.values) for trial in trials) == 1 for child in alone)


def test_a_score_that_is_no_number_is_none():
    hp, trials = history([0.1, 0.9])
    trials += [Trial(2, Random().propose([], hp, np.random.default_rng(8)), score=float("nan"))]
    for seed in range(10):
        child = Evolution(population=3, sample=2).propose(trials, hp, np.random.default_rng(seed))
        assert difference(child, trials[1].values) == 1


def test_the_best_of_all_ages_out():
    hp, trials = history([0.9, 0.1, 0.8, 0.3])
    for seed in range(20):
        child = Evolution(population=3, sample=3).propose(trials, hp, np.random.default_rng(seed))
        assert difference(child, trials[2].values) == 1


def test_failed_trials_are_no_parents():
    hp, trials = history([0.1, 0.9])
    for number in (2, 3):
        trials.append(Trial(number, Random().propose([], hp, np.random.default_rng(9 + number)), FAILED))
    child = Evolution(population=2, sample=2).propose(trials, hp, np.random.default_rng(0))
    assert difference(child, trials[1].values) == 1


def test_where_all_neighbours_were_tried_one_more_place_changes():
    hp = space(choices=20, values=2)  # a million candidates
    best = {f"c{number}": 0 for number in range(20)}
    trials = [Trial(n, {**best, f"c{n}": 1}, score=0.0) for n in range(20)] + [Trial(20, best, score=1.0)]
    strategy = Evolution(population=21, sample=21)
    children = [strategy.propose(trials, hp, np.random.default_rng(seed)) for seed in range(10)]
    assert {difference(child, best) for child in children} == {2}


def test_where_most_are_rejected_the_few_others_are_the_parents():
    hp, trials = history([0.9, 0.1])
    for number in range(2, 6):
        trials.append(Trial(number, Random().propose([], hp, np.random.default_rng(9 + number)), REJECTED))
    for seed in range(10):
        child = Evolution(sample=5).propose(trials, hp, np.random.default_rng(seed))
        assert difference(child, trials[0].values) == 1


def test_too_few_for_a_tournament_are_not_changed():
    hp, trials = history([0.5])
    far = [
        difference(Evolution(sample=5).propose(trials, hp, np.random.default_rng(seed)), trials[0].values)
        for seed in range(10)
    ]
    assert max(far) > 1


@pytest.mark.parametrize(
    "arguments",
    [{"population": 1}, {"sample": 0}, {"population": 5, "sample": 6}, {"sample": 2.5}, {"crossover": 2}],
)
def test_impossible_arguments(arguments):
    with pytest.raises(InputError, match="Evolution's"):
        Evolution(**arguments)
