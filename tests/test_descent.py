"""Designs made smaller until they keep to limits, in a space of two kinds of networks with a layer each."""

import types

import keras
import keras_tuner
import pytest

from autonas import devices, objectives, screens
from autonas.descent import Descent
from autonas.errors import InputError, TrialError

WIDTHS = {"plain": [8, 16, 64], "thin": [2, 4, 64]}


def hyperparameters():
    hp = keras_tuner.HyperParameters()
    family = hp.Choice("family", list(WIDTHS))
    for name, widths in WIDTHS.items():
        with hp.conditional_scope("family", [name]):
            hp.Choice(f"{name}_width", widths)
    hp.Choice("learning_rate", [0.1, 0.01])
    assert family in WIDTHS
    return hp


def core(values):
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(values[f"{values['family']}_width"])(inputs))


def point(family, width):
    return {"family": family, f"{family}_width": width, "learning_rate": 0.1}


def descent(limits, looked=None, broken=()):
    def built(values):
        if values["family"] in broken:
            raise TrialError("The device does not answer.")
        if looked is not None:
            looked.append(values)
        return objectives.BuiltModel(core(values), devices.get("host"))

    space = types.SimpleNamespace(
        hyperparameters=hyperparameters(),
        complete=dict,
        candidate=lambda values: types.SimpleNamespace(core=lambda: core(values)),
    )
    limits = objectives.limits(limits)
    return Descent(space, limits, screens.on_costs(limits), built, lambda values, built: None, 0)


def test_a_design_over_a_limit_becomes_the_largest_within_it():
    found = descent({"params": 40}).feasible([point("plain", 64), point("thin", 64), point("thin", 4)])
    assert found == [point("plain", 8), point("thin", 4)]


def test_a_kind_that_cannot_be_made_small_enough_is_left_out():
    assert descent({"params": 20}).feasible([point("plain", 64), point("thin", 64)]) == [point("thin", 4)]


@pytest.mark.parametrize("families", [["plain", "thin"], ["thin", "plain"]])
@pytest.mark.parametrize("limit", [1, 7])
def test_what_cannot_be_met_is_told_with_the_smallest_network_of_all_kinds(families, limit):
    with pytest.raises(
        InputError, match="For the smallest network of the space params is at least 8, over the limit of"
    ):
        descent({"params": limit}).feasible([point(family, 64) for family in families])


def test_of_each_kind_the_smallest_is_sought_once():
    looked = []
    points = [point("plain", width) for width in WIDTHS["plain"]]
    with pytest.raises(InputError):
        descent({"params": 1}, looked).feasible(points)
    assert sum(values == point("plain", 8) for values in looked) <= 4
    assert len({str(values) for values in looked}) == 3


def test_a_device_that_does_not_answer_leaves_the_design_to_its_trial():
    assert descent({"params": 1}, broken=["plain"]).feasible([point("plain", 64)]) == [point("plain", 64)]
