import numpy as np

from autonas.strategies.random import Random
from autonas.testing.strategies import spaces
from autonas.trials import Trial


def test_it_does_not_care_for_scores():
    space = spaces()["nested"]
    values = Random().propose([], space, np.random.default_rng(0))
    good, bad = ([Trial(0, values, score=score)] for score in (1.0, 0.0))
    after = [Random().propose(history, space, np.random.default_rng(1)) for history in (good, bad)]
    assert after[0] == after[1]


def test_it_says_what_it_is():
    assert repr(Random()) == "Random()"
