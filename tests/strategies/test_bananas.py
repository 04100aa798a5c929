import numpy as np
import pytest

from autonas.errors import InputError
from autonas.strategies.bananas import _DECAY, Bananas, _forward, _gradient, _parameters, predict, train
from autonas.testing.strategies import p_value_against_random, smooth_score, smooth_space
from autonas.trials import Trial
from autonas.values import sample


def history(trials=20):
    space = smooth_space()
    drawn = [sample(space, np.random.default_rng(n)) for n in range(trials)]
    return [Trial(n, values, score=smooth_score(values)) for n, values in enumerate(drawn)]


def test_it_beats_random_search():
    assert p_value_against_random(Bananas(ensemble=3, pool=100), trials=35) < 0.01


def test_candidates_are_mutations_of_the_best():
    trials = history()
    best = max(trials, key=lambda trial: trial.score)
    for seed in range(5):
        child = Bananas(parents=1, pool=20).propose(trials, smooth_space(), np.random.default_rng(seed))
        shared = [name for name in child if best.values.get(name) == child[name]]
        assert len(shared) >= len(best.values) - 3


def test_networks_learn_what_they_are_shown_and_doubt_what_they_are_not():
    rng = np.random.default_rng(0)
    known = rng.random((60, 3))
    targets = np.sin(3 * known[:, 0]) - known[:, 1]
    new = rng.random((200, 3))
    networks = train(known, targets, rng, ensemble=5, units=20)
    answers = predict(networks, new)
    assert answers.shape == (5, 200)
    assert np.corrcoef(answers.mean(axis=0), np.sin(3 * new[:, 0]) - new[:, 1])[0, 1] > 0.95
    far = predict(networks, 4 + new)
    assert far.std(axis=0).mean() > 2 * answers.std(axis=0).mean()


def test_the_gradient_is_the_numerical_one():
    rng = np.random.default_rng(0)
    rows, targets, layers = rng.random((7, 4)), rng.normal(size=7), [(4, 3), (3, 3), (3, 1)]
    flat = rng.normal(size=(2, 12 + 9 + 3 + 3 + 3 + 1))

    def loss(flat):
        parameters = _parameters(flat, layers)
        answers = _forward(parameters, rows)[-1][:, :, 0]
        decay = sum((weights**2).sum() for weights in parameters[:3])
        return ((answers - targets) ** 2).mean(axis=1).sum() + _DECAY * decay

    gradient, small = _gradient(_parameters(flat, layers), rows, targets), 1e-6
    for place in np.ndindex(flat.shape):
        unit = np.zeros_like(flat)
        unit[place] = small
        assert gradient[place] == pytest.approx((loss(flat + unit) - loss(flat - unit)) / (2 * small), abs=1e-6)


@pytest.mark.parametrize("name", ["ensemble", "units", "initial", "parents", "pool", "memory"])
def test_impossible_arguments(name):
    with pytest.raises(InputError, match=f"Bananas's {name}"):
        Bananas(**{name: 0})
