"""What a frame of events is read as, beyond what `tests/inputs/test_sequence.py` has: ids, and columns beside sequences."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from autonas.errors import InputError
from autonas.inputs.sequence import SequenceInput


def events(**changes):
    frame = pd.DataFrame(
        {
            "card": ["b", "a", "b", "c", "a", "b"],
            "day": pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-01", "2024-01-09", "2024-01-02", "2024-01-02"]),
            "amount": [30.0, 1.0, 10.0, 5.0, np.nan, 20.0],
            "shop": ["food", "fuel", None, "food", "food", "fuel"],
            "limit": [500, 100, 500, 300, 100, 500],
            "country": ["AT", "DE", "AT", None, "DE", "AT"],
        }
    )
    return frame.assign(**changes)


def fitted(x, **options):
    sequences = SequenceInput(**options)
    rows = sequences.check(x)
    sequences.fit(rows)
    return sequences, rows


@pytest.mark.parametrize("kind", ["int64", "Int64", "uint64", "int64[pyarrow]"])
def test_long_numbers_as_ids_are_told_from_each_other(kind):
    if "pyarrow" in kind:
        pytest.importorskip("pyarrow")
    long = pd.Series([2**53, 2**53 + 1, 2**53, 2**53 + 2]).astype(kind)
    sequences = SequenceInput(sequence_id="card")
    frame = pd.DataFrame({"card": long, "amount": [1.0, 2.0, 3.0, 4.0]})
    assert sequences.check(frame)["length"].ravel().tolist() == [2, 1, 1]
    assert sequences.ids.tolist() == [2**53, 2**53 + 1, 2**53 + 2]
    by_id = frame.groupby("card")["amount"].last().sort_index(ascending=False)
    assert sequences.sequence_targets(frame, by_id).tolist() == [3, 2, 4]


def test_of_a_column_that_was_constant_in_training_the_last_value_counts_with_one_warning():
    sequences, rows = fitted(events(), sequence_id="card", order_by="day")
    travelling = events(country=["IT", "DE", "AT", None, "DE", "AT"], limit=[900, 100, 500, 300, 100, 500])
    again = SequenceInput.from_config(json.loads(json.dumps(sequences.get_config())))  # as on a device
    for one in sequences, again:
        with pytest.warns(UserWarning, match=r"x\['(country|limit)'\] was constant .* not for 'b'") as told:
            found = one.check(travelling)
        assert [str(each.message)[:12] for each in told] == ["x['limit'] w", "x['country']"]
        assert found["static_categories"].ravel().tolist() == [
            "IT",
            "DE",
            "",
        ]  # of b, whose first row is its last event
        assert found["static_numbers"].ravel().tolist() == [900, 100, 300]
        assert np.array_equal(found["steps"], rows["steps"], equal_nan=True)
        assert one.check(travelling)["length"].tolist() == rows["length"].tolist()  # and is not said again


def test_a_column_that_is_named_as_static_must_be_constant():
    sequences = SequenceInput(sequence_id="card", order_by="day", static=["limit"])
    for _ in range(2):
        with pytest.raises(InputError, match=r"x\['limit'\] must be constant within each.*for 'a'.*named in static"):
            sequences.check(events(limit=[500, 100, 500, 300, 200, 500]))
        sequences.fit(sequences.check(events()))
