"""Several inputs at once are each checked, learned from and prepared by their own part."""

from __future__ import annotations

import json

import keras
import numpy as np
import pandas as pd
import pytest

from autonas import inputs
from autonas.errors import InputError
from autonas.inputs.sequence import SequenceInput
from autonas.inputs.several import SeveralInputs

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 12, 9, 3)).astype("uint8")
FRAME = pd.DataFrame({"rooms": [1.0, 2, 3, 4, 5, 6], "kind": list("ababab")})
X = {"picture": IMAGES, "facts": FRAME}


def fitted():
    both = inputs.get({"picture": "image", "facts": "table"})
    x = both.check(X)
    both.fit(x)
    return both, x


def outputs(part, x):
    return part.preprocessor().predict(x, verbose=0)


@pytest.mark.parametrize("form", [X, {"facts": FRAME, "picture": IMAGES}, [IMAGES, FRAME]])
def test_examples_are_a_dict_or_a_list_in_the_order_of_the_inputs(form):
    both, expected = fitted()
    found = both.check(form)
    np.testing.assert_array_equal(found["picture"], expected["picture"])
    assert found["facts"].keys() == expected["facts"].keys()


def test_each_part_is_prepared_as_it_would_be_alone():
    both, x = fitted()
    together = outputs(both, {"picture": x["picture"], "facts": _fed(x["facts"])})
    for name, given in X.items():
        alone = inputs.get({"picture": "image", "facts": "table"}[name])
        rows = alone.check(given)
        alone.fit(rows)
        assert both.shape[name] == alone.shape
        expected = outputs(alone, _fed(rows))
        for key in expected if isinstance(expected, dict) else [None]:
            one, other = (found if key is None else found[key] for found in (together[name], expected))
            np.testing.assert_allclose(one, other, rtol=1e-5)
        numbers = alone.numbers(rows)
        assert _list(both.numbers(x)[name]) == _list(numbers)


@pytest.mark.parametrize(
    ("kinds", "x", "name"),
    [
        (
            {"user": "table", "user_past": "table"},
            {"user": {"past_orders": [1, 2, 3], "age": [4, 5, 7]}, "user_past": {"orders": [1, 2, 4]}},
            "user_past_orders",
        ),
        (
            {"facts": "table", "facts_numbers": "image"},
            {"facts": {"age": [1, 2, 3]}, "facts_numbers": IMAGES[:3]},
            "facts_num",
        ),
    ],
    ids=["columns", "what is learned of them"],
)
def test_names_that_two_tensors_would_have_are_told(kinds, x, name):
    both = inputs.get(kinds)
    with pytest.raises(InputError, match=f"names of inputs .*{name}.* Rename"):
        both.fit(both.check(x))


def test_a_lower_resolution_is_that_of_each_part():
    both, _ = fitted()
    prepared = {"picture": np.zeros((2, 12, 9, 3), "float32"), "facts": {"numbers": np.ones((2, 1), "float32")}}
    reduced = both.reduce(prepared, 0.5)
    assert reduced["picture"].shape[:3] == (2, 6, 4)
    np.testing.assert_array_equal(reduced["facts"]["numbers"], prepared["facts"]["numbers"])
    assert both.reduce(prepared, 1)["picture"] is prepared["picture"]


def test_the_config_gives_the_same_inputs():
    both, x = fitted()
    again = SeveralInputs.from_config(json.loads(json.dumps(both.get_config())))
    assert (again.shape, list(again.inputs)) == (both.shape, ["picture", "facts"])
    assert _list(again.numbers(x)) == _list(both.numbers(x))


def test_two_inputs_of_one_kind_have_inputs_and_layers_of_their_own():
    both = inputs.get(["image", "image"])
    x = both.check([IMAGES, IMAGES[:, ::-1]])
    both.fit(x)
    model = both.preprocessor()
    assert list(x) == list(model.output) == ["image", "image_2"]
    names = [layer.name for layer in model.layers]
    assert len(set(names)) == len(names)


CARDS = pd.DataFrame({"card": list("cabcab"), "time": [1, 2, 3, 4, 5, 6], "amount": [1.0, 2, 3, 4, 5, 6]})


def cards_and_text():
    return SeveralInputs({"events": SequenceInput("card", "time"), "text": inputs.get("text")})


@pytest.mark.parametrize(
    "y", [pd.Series([1, 2, 3], index=list("abc")), CARDS["card"].map({"a": 1, "b": 2, "c": 3}), np.array([3, 1, 2])]
)
def test_targets_are_read_as_the_part_with_events_reads_them(y):
    x = {"events": CARDS, "text": ["one", "two", "three"]}
    assert cards_and_text().targets(x, y).tolist() == [3, 1, 2]
    assert cards_and_text().targets(list(x.values()), y).tolist() == [3, 1, 2]
    assert {k: list(v) for k, v in cards_and_text().targets(x, {"p": y}).items()} == {"p": [3, 1, 2]}


def test_parts_with_the_same_sequences_in_another_order_are_refused():
    both = SeveralInputs({"one": SequenceInput("card", "time"), "other": SequenceInput("card", "time")})
    assert both.check({"one": CARDS, "other": CARDS[3:]})["other"]["length"].tolist() == [[1], [1], [1]]
    with pytest.raises(
        InputError, match=r"x\['other'\] must be of the same sequences as x\['one'\].*'a' instead of 'c'"
    ):
        both.check({"one": CARDS, "other": CARDS.sort_values("card")})


def test_a_device_has_a_preprocessor_only_where_a_part_has_one():
    assert fitted()[0].on_device().output["picture"].shape == (None, 12, 9, 3)
    tables = inputs.get({"one": "table", "other": "table"})
    tables.fit(tables.check({"one": FRAME, "other": FRAME}))
    assert tables.on_device() is None


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ({"picture": IMAGES}, r"x must be a dict with \['picture', 'facts'\].*Got \['picture'\]"),
        ([IMAGES], "a list of 1"),
        ({"picture": IMAGES, "facts": FRAME[:5]}, "as many examples each.*'facts': 5"),
        ({"picture": IMAGES[0, 0], "facts": FRAME}, r"x\['picture'\]"),
        (IMAGES, "a ndarray"),
    ],
)
def test_what_is_wrong_names_the_part(x, told):
    with pytest.raises(InputError, match=told):
        inputs.get({"picture": "image", "facts": "table"}).check(x)


def _fed(rows):
    """Strings have to be tensors."""
    if isinstance(rows, dict):
        return {name: _fed(part) for name, part in rows.items()}
    return keras.ops.convert_to_tensor(rows) if rows.dtype.kind == "U" else rows


def _list(rows):
    return {name: _list(part) for name, part in rows.items()} if isinstance(rows, dict) else rows.tolist()


def test_a_part_may_be_a_path(tmp_path):
    FRAME.to_csv(tmp_path / "facts.csv", index=False)
    both, expected = fitted()
    found = both.check({"picture": IMAGES, "facts": tmp_path / "facts.csv"})
    assert found["facts"]["kind"].tolist() == expected["facts"]["kind"].tolist()
    with pytest.raises(InputError, match="exists, or examples"):
        both.check({"picture": IMAGES, "facts": "nowhere.csv"})
