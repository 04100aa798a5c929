import keras_tuner
import numpy as np
import pytest

from autonas.strategies.base import (
    complete,
    enumerate_space,
    is_legal,
    legal_values,
    mutate,
    neighbour,
    sample,
    untried,
)
from autonas.testing.strategies import finite_space, spaces
from autonas.trials import Trial


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


def test_untried_finds_the_last_candidates_and_then_none():
    space, size = finite_space()
    history = []
    for number in range(size):
        values = untried(history, space, rng(number), lambda: {"kind": "b"})
        history.append(Trial(number, values))
    assert len({trial.key for trial in history}) == size
    assert untried(history, space, rng(), lambda: {"kind": "b"}) is None
