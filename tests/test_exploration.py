"""What a function asks for is found with the values that it asks for it under, whatever way it is written."""

import pytest

from autonas import exploration
from autonas.errors import InputError
from autonas.exploration import Completion, explore


def found(declare):
    """The conditions of each hyperparameter: name -> {other: values}."""
    return {hp.name: {one.name: one.values for one in hp.conditions} for hp in explore(declare).space}


def test_what_is_asked_for_inside_an_if_is_found_and_conditional():
    def declare(hp):
        if hp.Choice("kind", ["a", "b", "c"]) == "b":
            if hp.Choice("inner", ["x", "y"]) == "y":
                hp.Int("deep", 1, 3)
        elif hp.Boolean("flag"):
            with hp.conditional_scope("kind", ["a"]):
                hp.Float("rate", 0.0, 1.0)

    assert found(declare) == {
        "kind": {},
        "flag": {"kind": ["a", "c"]},
        "inner": {"kind": ["b"]},
        "rate": {"kind": ["a"], "flag": [True]},
        "deep": {"kind": ["b"], "inner": ["y"]},
    }
    assert explore(declare).values == {"kind": "a", "flag": False}


def test_what_is_asked_for_in_a_loop_over_a_number_is_found():
    def declare(hp):
        for layer in range(hp.Int("layers", 1, 20)):
            hp.Int(f"units_{layer}", 8, 64, step=8)

    space = found(declare)
    assert set(space) == {"layers", *(f"units_{layer}" for layer in range(20))}
    assert space["units_0"] == {}
    assert all(space[f"units_{n}"] == {"layers": list(range(n + 1, 21))} for n in range(1, 20))


def both(hp):
    kinds = hp.Choice("a", ["x", "y", "z"]), hp.Choice("b", [1, 2, 3]), hp.Boolean("c")
    if kinds == ("y", 3, True):
        hp.Float("rate", 0.0, 1.0)


def either(hp):
    if (hp.Choice("a", ["x", "y"]) == "y") | (hp.Choice("b", ["p", "q"]) == "q"):
        hp.Float("rate", 0.0, 1.0)


def one_of(hp):
    if hp.Int("n", 1, 5) == 3:
        hp.Float("rate", 0.0, 1.0)


def above(hp):
    if hp.Float("n", 0.0, 0.5) > 0.25:
        hp.Float("rate", 0.0, 1.0)


def absent(hp):
    if not hp.Boolean("off"):
        hp.Choice("other", [1, 2])
        hp.Float("rate", 0.0, 1.0)


@pytest.mark.parametrize(
    ("declare", "conditions"),
    [
        (both, {"a": ["y"], "b": [3], "c": [True]}),
        (either, {}),  # not for values of one alone
        (one_of, {"n": [3]}),
        (above, {}),  # values of a range without a step are no list
        (absent, {"off": [False]}),
    ],
)
def test_conditions_are_values_of_others_that_it_is_never_asked_for_without(declare, conditions):
    assert found(declare)["rate"] == conditions


def test_what_is_always_asked_for_is_as_it_was_declared():
    def declare(hp):
        count = hp.Int("count", 1, 3)
        for place in range(3):
            with hp.conditional_scope("count", list(range(place + 1, 4))):
                hp.Choice(f"label_{place}", ["a", "b"])
        return count

    assert found(declare) == {
        "count": {},
        "label_0": {"count": [1, 2, 3]},
        "label_1": {"count": [2, 3]},
        "label_2": {"count": [3]},
    }


def test_a_call_that_raises_says_nothing_but_for_the_first():
    def declare(hp):
        if hp.Choice("a", [1, 2]) == 2:
            raise ValueError("no such combination")
        hp.Int("b", 1, 3)

    assert found(declare) == {"a": {}, "b": {}}
    with pytest.raises(ZeroDivisionError):
        explore(lambda hp: 1 / 0)


def test_it_ends_where_there_is_no_end(monkeypatch):
    monkeypatch.setattr(exploration, "MOST", 300)
    calls = []

    def declare(hp):
        calls.append(1)
        for layer in range(hp.Int("layers", 1, 30)):
            if hp.Choice(f"kind_{layer}", ["a", "b", "c"]) == "b":
                hp.Float(f"rate_{layer}", 0.0, 1.0)

    assert {"layers", "kind_29"} <= set(found(declare))
    assert len(calls) < 310


def test_what_was_not_found_has_its_default_and_is_named_once():
    def declare(hp):
        if hp.Int("n", 1, 1_000) == 123:
            hp.Float("rate", 0.5, 1.0)

    completion = Completion(declare)
    assert completion({"n": 5}) == {"n": 5}
    with pytest.warns(UserWarning, match=r"\['rate'\] are asked for under {'n': 123} alone"):
        assert completion({"n": 123}) == {"n": 123, "rate": 0.5}
    assert completion({"n": 123, "tuner/budget": 0.5}) == {"n": 123, "tuner/budget": 0.5, "rate": 0.5}


def narrow_or_wide(hp):
    hp.Boolean("wide")
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        hp.Int("width", 1, 9 if hp.get("wide") else 5)


@pytest.mark.parametrize(
    "declare",
    [
        lambda hp: hp.Int("width", 1, 5) if hp.Boolean("small") else hp.Int("width", 10, 20),
        lambda hp: hp.Choice("width", ["p", "q"] if hp.Choice("kind", ["a", "b"]) == "a" else ["q", "r"]),
        lambda hp: hp.Int("width", 1, hp.Int("most", 1, 5)),
        lambda hp: hp.Float("width", 1, 5) if hp.Boolean("exact") else hp.Int("width", 1, 5),
        lambda hp: (hp.Int("width", 1, 5), hp.Int("width", 1, 9)),
        lambda hp: hp.Boolean("wide") and (hp.Int("width", 1, 5), hp.Int("width", 1, 9)),
        narrow_or_wide,
    ],
)
def test_one_name_for_several_ranges_is_refused(declare):
    with pytest.raises(InputError, match=r"'width' must be asked for with the same values.* and .*different names"):
        explore(declare)


def test_another_default_is_no_other_range():
    assert found(lambda hp: hp.Int("width", 1, 9, default=2 if hp.Boolean("small") else 8)) == {
        "small": {},
        "width": {},
    }
