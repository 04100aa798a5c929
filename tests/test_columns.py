"""What is missing, and when it was: what tables and events read alike. The rest is tested with those two."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from autonas import columns
from autonas.errors import InputError


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([1.0, np.nan]), [False, True]),
        (np.array(["a", ""]), [False, True]),
        (np.array(["2024-01-01", "NaT"], "datetime64[D]"), [False, True]),
        (np.array([1, 0]), [False, False]),
        (np.array([True, False]), [False, False]),
        (np.array([[], None, np.nan, pd.NA, pd.NaT, "", 0], object), [False, True, True, True, True, True, False]),
    ],
)
def test_gaps_of_every_type(values, expected):
    assert columns.gaps(values).tolist() == expected


def test_what_is_masked_is_a_gap():
    values = np.ma.array([[1.0, 2.0], [3.0, -999.0]], mask=[[0, 0], [0, 1]])
    for table in (values, {"0": values[:, 0], "1": values[:, 1]}):
        read = columns.read(table, "x")
        assert {name: columns.gaps(column).tolist() for name, column in read.items()} == {
            "0": [False] * 2,
            "1": [False, True],
        }
        assert columns.numeric(columns.plain(read["1"], "x"), "x")[0] == 2


def test_texts_are_read_as_numbers_and_dates():
    numbers, dates = np.array(["1", None], object), np.array(["2024-01-31", None], object)
    assert [columns.infer(values) for values in (numbers, dates)] == ["numeric", "date"]


ZONE = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2024-01-31 10:00+05:30", "2024-01-31T04:30"),
        ("2024-01-31T10:00-0100", "2024-01-31T11:00"),
        ("2024-01-31T10:00Z", "2024-01-31T10:00"),
        ("2024-01-31 10:00", "2024-01-31T10:00"),
        (datetime.datetime(2024, 1, 31, 10, tzinfo=ZONE), "2024-01-31T04:30"),
        (datetime.datetime(2024, 1, 31, 10), "2024-01-31T10:00"),
    ],
)
def test_dates_with_a_zone_are_as_the_clock_showed_them_or_of_utc(value, utc):
    values = np.array([value, None], object)
    assert columns.moments(values, "x").tolist() == [datetime.datetime(2024, 1, 31, 10), None]
    assert columns.moments(values, "x", utc=True).tolist() == [np.datetime64(utc, "us").item(), None]


def test_a_column_with_a_zone_is_as_the_clock_showed_it_or_of_utc():
    frame = pd.DataFrame({"t": pd.to_datetime(["2024-01-31 10:00"]).tz_localize(ZONE)})
    assert columns.read(frame, "x")["t"][0] == np.datetime64("2024-01-31T10:00")
    assert columns.read(frame, "x", utc=True)["t"][0] == np.datetime64("2024-01-31T04:30")


def test_numbers_have_a_largest():
    assert columns.numeric(np.array([1e20, np.nan]), "x")[0] == np.float32(1e20)
    with pytest.raises(InputError, match=r"at most 1e\+18 in size\. Got 1e\+20 in 1 of 2 rows, first in row 0"):
        columns.numeric(np.array([1e20, np.nan]), "x", 1e18)
