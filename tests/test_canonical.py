"""What becomes of each column of a table, against pandas and exact whole numbers."""

import numpy as np
import pandas as pd
import pytest

from autonas import canonical, columns
from autonas.errors import InputError


def typed(values, kind, strict=True, fine=None):
    return canonical.typed(columns.plain(pd.Series(values), "c"), "c", kind, "c", strict, fine)


@pytest.mark.parametrize(
    ("column", "name"), [("age", "age"), (3, "3"), ("a/b", "a_b"), ("", "_"), ("core", "core_"), ("/", "_")]
)
def test_names_are_such_as_keras_can_have(column, name):
    assert canonical.clean(column) == name


def test_dates_are_taken_apart_as_pandas_does():
    when = pd.Series(pd.to_datetime(["2024-02-29 18:30", "1969-12-31", None, "2000-01-01 06:00"], format="mixed"))
    found = typed(when, columns.DATE)
    assert list(found) == [f"c:{part}" for part in canonical.DATE_PARTS]
    for part in ("month", "day"):
        np.testing.assert_array_equal(found[f"c:{part}"], getattr(when.dt, part).to_numpy("float32"))
    np.testing.assert_array_equal(found["c:weekday"], when.dt.day_of_week.to_numpy("float32"))
    np.testing.assert_allclose(found["c:hour"], (when.dt.hour + when.dt.minute / 60).to_numpy("float32"))
    whole = when.dt.year + (when.dt.day_of_year - 1 + when.dt.hour / 24 + when.dt.minute / 1440) / (
        365 + when.dt.is_leap_year
    )
    np.testing.assert_allclose(found["c:year"], whole.to_numpy("float32"), rtol=1e-7)


def test_numbers_that_float32_is_too_coarse_for_are_two_columns():
    numbers = [20240101, 20240102, 20240103]
    assert np.diff(np.array(numbers, "float32")).tolist() != [1, 1]
    found = typed(numbers, columns.NUMERIC)
    assert list(found) == ["c:rounded", "c:rest"]
    exact = found["c:rounded"].astype("float64") + found["c:rest"]
    np.testing.assert_array_equal(exact, numbers)
    origin = canonical.origin(found, "c")
    joined = canonical.whole(found, {"c": origin})
    np.testing.assert_array_equal(np.diff(joined["c"]), [1, 1])
    assert list(typed(numbers, columns.NUMERIC, fine=False)) == ["c"]
    assert list(typed([1.5, 2.5, 1e6], columns.NUMERIC)) == ["c"]


def test_types_are_read_off_the_columns_again():
    found = {
        **typed(pd.to_datetime(["2024-01-01", "2024-01-02"]), columns.DATE),
        **canonical.typed(np.array([20240101, 20240102]), "n", columns.NUMERIC, "n", True, True),
        "flag": np.array([0, 1], "float32"),
        "word": np.array(["a", "b"]),
        "x": np.array([0.5, 1], "float32"),
    }
    told = canonical.types_of(found, {})
    assert told == {"c": "date", "n": "numeric", "flag": "boolean", "word": "categorical", "x": "numeric"}
    assert canonical.types_of(found, {"flag": "numeric"})["flag"] == "numeric"


def test_a_boolean_that_means_neither_is_told():
    with pytest.raises(InputError, match="c"):
        typed(["yes", "perhaps"], columns.BOOLEAN)
