import keras_tuner
import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies.base import ModelBased, best_trials, normal_ranks, pool, remembered, untried
from autonas.testing.strategies import finite_space, spaces
from autonas.trials import FAILED, REJECTED, Trial, key
from autonas.values import (
    complete,
    enumerate_space,
    is_active,
    is_legal,
    legal_values,
    mutate,
    neighbour,
    recombine,
    sample,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_a_small_space_is_listed_without_gaps_or_repeats():
    space, size = finite_space()
    listed = list(enumerate_space(space))
    assert len(listed) == size
    assert {"kind": "b"} in listed
    assert {"kind": "a", "size": 3} in listed


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_samples_are_legal_and_cover_every_label(name):
    space = spaces()[name]
    drawn = [sample(space, rng(seed)) for seed in range(100)]
    for hp in space.space:
        values = [values[hp.name] for values in drawn if hp.name in values]
        assert all(is_legal(hp, value) for value in values)
        if isinstance(hp, keras_tuner.engine.hyperparameters.Choice):
            assert set(values) == set(hp.values)


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_a_mutation_changes_one_hyperparameter_and_what_follows_from_it(name):
    space = spaces()[name]
    parents = {hp.name: [c.name for c in hp.conditions] for hp in space.space}
    for seed in range(100):
        values = sample(space, rng(seed))
        other = mutate(values, space, rng(seed + 1_000))
        changed = {n for n in {*values, *other} if values.get(n, "absent") != other.get(n, "absent")}
        roots = [n for n in changed if not set(parents[n]) & changed]
        assert len(roots) == 1
        assert complete(space, lambda hp, other=other: other[hp.name]) == other


def test_every_hyperparameter_can_be_the_one_that_changes():
    space = spaces()["flat"]
    values = sample(space, rng())
    changed = set()
    for seed in range(200):
        other = mutate(values, space, rng(seed))
        changed |= {n for n in values if values[n] != other[n]}
    assert changed == {"label", "steps", "rate", "batch", "flag"}


def test_numbers_move_to_near_ones():
    (rate,) = [hp for hp in spaces()["flat"].space if hp.name == "rate"]
    moved = [neighbour(rate, 1e-2, rng(seed)) for seed in range(200)]
    assert all(1e-4 <= value <= 1e-1 and value != 1e-2 for value in moved)
    assert np.median(np.abs(np.log10(moved) + 2)) < 0.75


def test_values_have_the_type_that_was_declared():
    steps, flag, batch = [
        next(hp for hp in spaces()["flat"].space if hp.name == name) for name in ("steps", "flag", "batch")
    ]
    assert list(legal_values(steps)) == [2, 5, 8, 11, 14, 17, 20]
    assert set(legal_values(flag)) == {True, False}
    assert list(legal_values(batch)) == [8, 16, 32, 64]
    assert all(type(value) is int for value in legal_values(batch))


def test_a_step_of_floats_is_met_as_people_write_it():
    space = keras_tuner.HyperParameters()
    space.Float("rate", 0.0, 0.5, step=0.1)
    space.Choice("other", ["a", "b"])
    assert [is_legal(space.space[0], value) for value in (0.3, 0.25, 0.6, "0.3")] == [True, False, False, False]
    others = [mutate({"rate": 0.3, "other": "a"}, space, rng(seed)) for seed in range(20)]
    assert all((values["rate"] == 0.3) != (values["other"] == "a") for values in others)


@pytest.mark.parametrize("sampling", ["linear", "reverse_log"])
def test_a_fine_step_is_not_gone_through(monkeypatch, sampling):
    space, computed = keras_tuner.HyperParameters(), []
    step = 1e-4 if sampling == "linear" else 1.001
    space.Float("rate", 1.0, 10.0, step=step, sampling=sampling)
    space.Choice("other", ["a", "b"])
    kind = keras_tuner.engine.hyperparameters.Float
    by_index = kind._get_value_by_index
    monkeypatch.setattr(kind, "_get_value_by_index", lambda hp, place: computed.append(place) or by_index(hp, place))
    values = sample(space, rng())
    for seed in range(5):
        values = mutate(values, space, rng(seed))
    assert len(computed) < 200
    (rate, _) = space.space
    legal = legal_values(rate)
    assert len(legal) > 2_000
    assert list(legal) == sorted(rate.values)
    assert is_legal(rate, legal[77])
    assert not is_legal(rate, (legal[77] + legal[78]) / 2)


def test_untried_finds_the_last_candidates_and_then_none():
    space, size = finite_space()
    history = []
    for number in range(size):
        values = untried(history, space, rng(number), lambda: {"kind": "b"})
        history.append(Trial(number, values))
    assert len({trial.key for trial in history}) == size
    assert untried(history, space, rng(), lambda: {"kind": "b"}) is None


@pytest.mark.parametrize("name", ["flat", "nested"])
def test_a_cross_is_complete_and_has_each_value_of_a_parent_where_one_has_it(name):
    space = spaces()[name]
    for seed in range(100):
        parents = [sample(space, rng(seed)), sample(space, rng(seed + 1_000))]
        child = recombine(*parents, space, rng(seed))
        active = {hp.name: hp for hp in space.space if is_active(hp, child)}
        assert set(child) == set(active)
        assert all(is_legal(active[n], value) for n, value in child.items())
        for n, value in child.items():
            of_parents = [parent[n] for parent in parents if n in parent]
            assert value in of_parents or not of_parents


def test_both_parents_give_about_as_much():
    space = keras_tuner.HyperParameters()
    for number in range(100):
        space.Choice(f"c{number}", [0, 1])
    ones, zeros = ({f"c{number}": value for number in range(100)} for value in (1, 0))
    assert 30 < sum(recombine(ones, zeros, space, rng()).values()) < 70


def scores(*values):
    status = [REJECTED if value is None else "completed" for value in values]
    return [Trial(n, {"n": n}, s, value) for n, (s, value) in enumerate(zip(status, values, strict=True))]


def test_ranks_do_not_depend_on_the_scale_and_put_failures_last():
    found = normal_ranks(scores(1.0, None, 5.0, float("nan"), 2.0))
    assert np.argsort(found, kind="stable").tolist() == [1, 3, 0, 4, 2]
    assert found[1] == found[3]
    np.testing.assert_allclose(found, normal_ranks(scores(-3.0, None, 1e9, float("inf"), -2.0)))
    np.testing.assert_allclose(normal_ranks(scores(7.0)), [0.0])
    assert normal_ranks([]).shape == (0,)


def test_a_pool_has_no_one_twice_and_nothing_that_was_tried():
    space, _ = finite_space()
    everything = list(enumerate_space(space))
    trials = [Trial(0, everything[0], score=1.0)]
    found = pool(trials, trials, space, rng(), 50, 50)
    assert sorted(map(key, found)) == sorted(map(key, everything[1:]))
    assert pool([Trial(n, v, FAILED) for n, v in enumerate(everything)], [], space, rng(), 50, 50) == []


def test_a_pool_is_mutated_in_as_many_places_as_it_is_told():
    space = keras_tuner.HyperParameters()
    for number in range(8):
        space.Choice(f"c{number}", list("abcdef"))
    values = sample(space, rng())

    def distances(**places):
        found = pool([Trial(0, values, score=1.0)], [Trial(0, values)], space, rng(), 0, 30, **places)
        return {sum(one[name] != values[name] for name in values) for one in found}

    assert distances(places=(1,)) == {1}
    assert max(distances(places=(3,))) == 3
    assert max(distances()) == 2


def test_half_of_what_is_remembered_are_the_best_and_half_the_latest():
    trials = scores(*range(9, -1, -1), None)
    best = best_trials(trials, 5)
    assert [trial.number for trial in remembered(trials, 6, best)] == [0, 1, 2, 8, 9, 10]
    assert [trial.number for trial in remembered(trials, 8, best[:2])] == [0, 1, 5, 6, 7, 8, 9, 10]
    assert remembered(trials, 11, best) == trials
    assert [trial.number for trial in best_trials(trials, 2)] == [0, 1]


def test_the_last_candidates_of_a_large_space_are_found_too():
    space = keras_tuner.HyperParameters()
    space.Choice("first", [1, 2])
    space.Int("second", 0, 9)
    history = [
        Trial(n, values) for n, values in enumerate(enumerate_space(space)) if values != {"first": 2, "second": 7}
    ]
    found = untried(history, space, rng(), lambda: {"first": 1, "second": 0}, largest=5)
    assert found == {"first": 2, "second": 7}
    assert untried([*history, Trial(99, found)], space, rng(), lambda: {"first": 1, "second": 0}, largest=5) is None


@pytest.mark.parametrize(
    "told", [lambda rows: rows[:, :1], lambda rows: [1.0], lambda rows: np.full(len(rows), np.nan)]
)
def test_a_model_that_does_not_say_one_number_for_each_candidate_is_named(told):
    class Mistaken(ModelBased):
        def fit(self, known, targets, rng):
            return lambda rows, rng: told(rows)

        def __repr__(self):
            return "Mistaken()"

    space = spaces()["flat"]
    history = [Trial(number, sample(space, rng(number)), score=float(number)) for number in range(3)]
    with pytest.raises(InputError, match=r"What the model of Mistaken\(\) says must be one number for each of the \d+"):
        Mistaken(initial=2, parents=2, pool=20, memory=10).propose(history, space, rng())
