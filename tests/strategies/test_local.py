import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies.local import Local, neighbours
from autonas.testing.strategies import p_value_against_random, smooth_space, spaces
from autonas.trials import FAILED, Trial, key
from autonas.values import is_active, is_legal, sample


def line(values=12):
    """A space of one list of labels in a ring would be all neighbours; two lists make a climb of several steps."""
    space = keras_tuner.HyperParameters()
    space.Choice("x", list(range(values)))
    space.Choice("y", list(range(values)))
    return space


def run(space, score, trials, samples=1, history=(), seed=0):
    history = list(history)
    for number in range(len(history), trials):
        values = Local(samples).propose(history, space, np.random.default_rng([seed, number]))
        if values is None:
            break
        history.append(Trial(number, values, score=score(values)))
    return history


def difference(one, other):
    return sum(one[name] != other[name] for name in one)


def test_it_beats_random_search():
    assert p_value_against_random(Local(), trials=40) < 0.01


def test_a_climb_tries_neighbours_of_its_best():
    best, trials = None, run(line(), lambda values: values["x"] + values["y"], 20)
    for trial in trials:
        if best is not None:
            assert difference(best.values, trial.values) == 1
        if best is None or trial.score > best.score:
            best = trial


def test_it_begins_with_the_best_of_its_samples():
    trials = [Trial(n, {"x": n, "y": n}, score=-abs(n - 2.0)) for n in range(5)]
    after = [Local(5).propose(trials, line(), np.random.default_rng(seed)) for seed in range(10)]
    assert {difference(values, {"x": 2, "y": 2}) for values in after} == {1}
    before = [Local(6).propose(trials, line(), np.random.default_rng(seed)) for seed in range(10)]
    assert {difference(values, {"x": 2, "y": 2}) for values in before} == {1, 2}


def test_where_no_neighbour_is_better_it_begins_anew():
    space = line(4)
    best = {"x": 1, "y": 1}
    tried = [best] + [dict(v) for v in neighbours(best, space)]
    trials = [Trial(n, values, score=1.0 if values == best else 0.0) for n, values in enumerate(tried)]
    assert len(trials) == 7
    again = {key(Local(1).propose(trials, space, np.random.default_rng(seed))) for seed in range(100)}
    assert len(again) == 9  # all that are left, none of them a neighbour
    # one that is worse than the optimum is where the new climb begins
    trials.append(Trial(7, {"x": 3, "y": 3}, score=0.5))
    near = [Local(1).propose(trials, space, np.random.default_rng(seed)) for seed in range(20)]
    assert {difference(values, {"x": 3, "y": 3}) for values in near} == {1}


def test_a_failed_neighbour_is_one_that_was_tried():
    space = line(3)
    trials = [Trial(0, {"x": 1, "y": 1}, score=1.0)]
    trials += [Trial(n + 1, dict(v), FAILED) for n, v in enumerate(neighbours({"x": 1, "y": 1}, space))]
    found = [Local(1).propose(trials, space, np.random.default_rng(seed)) for seed in range(10)]
    assert {difference(values, {"x": 1, "y": 1}) for values in found} == {2}


def test_a_continuous_space_has_local_optima_too():
    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.0, 1.0)
    trials = run(space, lambda values: -abs(values["rate"] - 0.3), 60)
    climbs = [n for n in range(1, 60) if trials[n].score < trials[n - 1].score - 0.21]
    assert max(trial.score for trial in trials) > -0.013
    assert climbs  # it left the optimum for somewhere else


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_neighbours_are_legal_different_and_differ_in_one_place(name):
    space = spaces()[name]
    parents = {hp.name: [c.name for c in hp.conditions] for hp in space.space}
    for seed in range(30):
        values = sample(space, np.random.default_rng(seed))
        found = list(neighbours(values, space))
        assert len({key(other) for other in [values, *found]}) == len(found) + 1
        for other in found:
            active = {hp.name: hp for hp in space.space if is_active(hp, other)}
            assert set(active) == set(other)
            assert all(is_legal(active[n], value) for n, value in other.items())
            changed = {n for n in {*values, *other} if values.get(n, "absent") != other.get(n, "absent")}
            assert len([n for n in changed if not set(parents[n]) & changed]) == 1


def test_all_labels_and_the_adjacent_numbers_are_neighbours():
    space = smooth_space()
    values = sample(space, np.random.default_rng(0)) | {"dropout": 0.0, "activation": "relu"}
    found = list(neighbours(values, space))
    assert {v["activation"] for v in found} == {"relu", "gelu", "tanh", "elu"}
    assert 0.05 in {v["dropout"] for v in found}
    space = keras_tuner.HyperParameters()
    space.Int("two", 1, 2)
    assert list(neighbours({"two": 1}, space)) == [{"two": 2}]


def test_impossible_arguments():
    with pytest.raises(InputError, match="Local's samples"):
        Local(0)


def test_a_range_too_long_to_be_gone_through_has_adjacent_numbers():
    space = keras_tuner.HyperParameters()
    space.Int("n", 0, 10**12)
    moved = {found["n"] for found in neighbours({"n": 5 * 10**11}, space)}
    assert {5 * 10**11 - 1, 5 * 10**11 + 1} < moved


def test_steps_of_a_reversed_scale_have_adjacent_numbers():
    space = keras_tuner.HyperParameters()
    space.Int("n", 1, 1000, step=10, sampling="reverse_log")
    assert {1, 991} <= {found["n"] for found in neighbours({"n": 901}, space)}
