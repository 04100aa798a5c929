import keras
import keras_tuner
import numpy as np

from autonas.blocks.base import Block, choose
from autonas.blocks.compose import Chain, OneOf


class Scale(Block):
    """Multiplies by a choice; tells its designs."""

    def __init__(self, name, *points):
        self.name, self.points = name, points

    def build(self, hp, x):
        return x * hp.Choice(self.name, [1, 2, 3, 5])

    def starting_points(self):
        return [{self.name: point} for point in self.points]


def answer(block, **values):
    hp = keras_tuner.HyperParameters()
    hp.values = values
    x = keras.Input((1,))
    return float(keras.Model(x, block.build(hp, x)).predict(np.ones((1, 1)), verbose=0)[0, 0])


def test_a_chain_applies_its_blocks_in_turn():
    assert answer(Chain(Scale("a"), Scale("b")), a=2, b=3) == 6


def test_the_designs_of_a_chain_vary_its_richest_block():
    assert Chain(Scale("a", 1), Scale("b", 2, 3)).starting_points() == [{"a": 1, "b": 2}, {"a": 1, "b": 3}]


def test_one_of_several_is_the_chosen_one():
    block = OneOf("which", {"first": Scale("a"), "second": Scale("b")})
    assert answer(block, which="second", b=5) == 5


def test_the_designs_of_one_of_several_are_those_of_each():
    block = OneOf("which", {"first": Scale("a", 1, 2), "second": Scale("b", 3)})
    assert block.starting_points() == [
        {"which": "first", "a": 1},
        {"which": "first", "a": 2},
        {"which": "second", "b": 3},
    ]


def test_choosing_makes_the_others_hyperparameters_conditional():
    hp = keras_tuner.HyperParameters()
    x = keras.Input((1,))
    choose(hp, "which", {"first": lambda x: x * hp.Choice("a", [1, 2]), "second": lambda x: x}, x)
    conditions = {p.name: [(c.name, c.values) for c in p.conditions] for p in hp.space}
    assert conditions == {"which": [], "a": [("which", ["first"])]}
    assert len(hp.inactive_scopes) == 1
