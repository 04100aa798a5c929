"""Which target is that of which sequence, in every form in which users hold them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from autonas.errors import InputError
from autonas.inputs.sequence import SequenceInput
from tests.test_events import events


def cards():
    return SequenceInput(sequence_id="card", order_by="day")


@pytest.mark.parametrize(
    "y",
    [
        "label",
        np.array([1, 0, 2]),
        np.array([1, 0, 1, 2, 0, 1]),
        [1, 0, 1, 2, 0, 1],
        pd.Series([0, 1, 2, 7], index=["a", "b", "c", "unknown"]),
        pd.Series([0, 1, 1, 2], index=["a", "b", "b", "c"]),
        events(label=[1, 0, 1, 2, 0, 1])["label"],
        events(label=[1, 0, 1, 2, 0, 1]).groupby("card")["label"].first(),
        events(label=[1, 0, 1, 2, 0, 1]).set_index("card")["label"],
        events(label=[1, 0, 1, 2, 0, 1])["label"].sample(frac=1, random_state=1),
        events(label=[1, 0, 1, 2, 0, 1])["label"].set_axis(list("uvwxyz")),
    ],
)
def test_labels_of_every_form_are_one_for_each_sequence(y):
    assert list(cards().sequence_targets(events(label=[1, 0, 1, 2, 0, 1]), y)) == [1, 0, 2]


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (pd.Series([0, 1, 2, 1], index=["a", "b", "c", "a"]), "0 and 1 for 'a'"),
        (pd.Series([0, 1], index=["a", "b"]), "none for 'c'"),
        (pd.Series([0, 1, 0, 1, 0, 1], index=["a", "b", "e", "f", "g", "h"]), "none for 'c'"),
        (np.array([1, 0, 0, 2, 0, 1]), "y must be one value for each sequence. Got 1 and 0 for 'b'"),
        (np.array([1, 0]), "3 sequences or 6 events"),
        (np.array(1), "3 sequences or 6 events"),
        ("nothing", "y must be a column of frame"),
        (np.array([1, 0, None, 2, 0, 1], object), "1 and None for 'b'"),
        (
            {"p": [1, 0, 2], "q": [1, 0, 0, 2, 0, 1]},
            r"y\['q'\] must be one value for each sequence. Got 1 and 0 for 'b'",
        ),
        (pd.DataFrame({"p": [1, 0, 1, 2, 0, 1], "q": [1, 0, 1, 2, 3, 1]}), "Got 0 and 3 for 'a'"),
    ],
)
def test_labels_that_are_missing_or_differ_are_refused(y, told):
    with pytest.raises(InputError, match=told):
        cards().sequence_targets(events(), y)


NUMBERED = events(card=[1, 0, 1, 2, 0, 1])


@pytest.mark.parametrize("rows", [[0, 1, 2, 3, 4, 5], [5, 2, 3, 0, 1, 4]])
@pytest.mark.parametrize("kind", ["int64", "Int64", "category", "string", "float64", object])
def test_ids_of_any_type_are_found_in_an_index_and_told_from_the_numbers_of_rows(kind, rows):
    frame = NUMBERED.assign(card=NUMBERED["card"].astype(kind), label=[7, 5, 7, 6, 5, 7]).iloc[rows]
    expected = [{"1": 7, "0": 5, "2": 6}[str(one).removesuffix(".0")] for one in frame["card"].unique()]
    by_id = frame.groupby("card", observed=True)["label"].first()
    forms = {
        "by id": by_id,
        "by id, without its name": by_id.rename_axis(None),
        "by id, shuffled": by_id[::-1],
        "by id, one too many": pd.concat([by_id.astype(float), pd.Series([np.nan], index=[99])]),
        "by numbers for ids": pd.Series([5, 6, 7], index=[0, 2, 1] if kind != "string" else ["0", "2", "1"]),
        "of events": frame["label"],
        "of events, the index reset": pd.Series(frame["label"].to_numpy()),
        "of events in another order": frame["label"].sort_index(),
    }
    for form, y in forms.items():
        assert cards().sequence_targets(frame.drop(columns="label"), y).tolist() == expected, form


def test_one_label_for_each_event_is_not_read_by_id_though_rows_are_numbered_as_cards_are():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 40)
    frame = pd.DataFrame({"card": np.repeat(np.arange(40), 3), "day": rng.permutation(120), "amount": 1.0})
    frame = frame.sort_values("day")
    sequences = cards()
    y = sequences.sequence_targets(frame, pd.Series(labels[frame["card"]]))
    assert y.tolist() == labels[frame["card"].unique()].tolist()


def test_an_index_that_could_be_of_events_or_of_ids_is_refused_if_it_matters():
    frame = pd.DataFrame({"card": [2, 0, 1], "day": [1, 2, 3], "amount": [1.0, 2.0, 3.0]})
    with pytest.raises(InputError, match=r"an index that can be read in one way.*y\.to_numpy"):
        cards().sequence_targets(frame, pd.Series([5, 6, 7]))
    assert cards().sequence_targets(frame, pd.Series([5, 5, 5])).tolist() == [5, 5, 5]
    assert cards().sequence_targets(frame, pd.Series([5, 6, 7]).rename_axis("card")).tolist() == [7, 5, 6]
    labelled = frame.assign(label=[5, 6, 7])
    assert cards().sequence_targets(labelled.drop(columns="label"), labelled["label"]).tolist() == [5, 6, 7]


def test_several_targets_are_read_as_one_is():
    two = events(p=[1, 0, 1, 2, 0, 1], q=list("xyxzyx"))[["p", "q"]]
    expected = {"p": [1, 0, 2], "q": ["x", "y", "z"]}
    of_cards = two.assign(card=events()["card"]).groupby("card").first()
    for y in two, of_cards, two.iloc[[0, 1, 3]].set_axis(["b", "a", "c"]):
        found = cards().sequence_targets(events(), y)
        assert found.to_dict("list") == expected
    found = cards().sequence_targets(events(), {"p": two["p"], "q": of_cards["q"]})
    assert {name: list(values) for name, values in found.items()} == expected
    found = cards().sequence_targets(events(), [two["p"].to_numpy(), of_cards["q"]])
    assert [list(values) for values in found] == list(expected.values())
    one_hot = np.eye(3)[[1, 0, 1, 2, 0, 1]]
    assert cards().sequence_targets(events(), one_hot).tolist() == np.eye(3)[[1, 0, 2]].tolist()
    assert cards().sequence_targets(events(), one_hot.tolist()) == np.eye(3)[[1, 0, 2]].tolist()
    names = [["x"], ["x", "y"], ["x"], [], ["x", "y"], ["x"]]
    assert cards().sequence_targets(events(), names) == [["x"], ["x", "y"], []]
