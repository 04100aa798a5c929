"""What tables are read as, what is learned of their columns, and which tables are refused."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import uuid

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from autonas.data import feed
from autonas.errors import InputError, NotFittedError
from autonas.inputs.table import TableInput
from autonas.testing.inputs import check_input

RNG = np.random.default_rng(0)
N = 60
WHEN = pd.date_range("2023-12-30", periods=N, freq="7h")
FRAME = pd.DataFrame(
    {
        "a b/c": np.where(RNG.random(N) < 0.2, np.nan, RNG.normal(size=N)),
        "education-num": RNG.integers(0, 5, N),
        "where": RNG.choice(["x", "y", None, "z"], N),
        "flag": RNG.random(N) > 0.5,
        "when": WHEN,
        "constant": 1.5,
        "always": "q",
        "id": [f"id{i}" for i in range(N)],
        "core": RNG.lognormal(5, 3, N),
    }
)


def fitted(x, types=None):
    table = TableInput(types)
    table.fit(table.check(x))
    return table


def one(values, **types):
    """The only canonical column of a column."""
    (column,) = TableInput(types).check({"c": values}).values()
    return column


def type_of(values, **types):
    return fitted({"c": values}, types).types["c"]


def test_a_frame_of_all_types_keeps_the_contract(tmp_path):
    check_input(TableInput(), FRAME, tmp_path)


FORMS = {
    "frame": pd.DataFrame({"0": [1, 2, 1, 2], "1": ["a", "b", "a", "b"]}, index=[9, 9, 8, 7]),
    "unnamed frame": pd.DataFrame([[1, "a"], [2, "b"], [1, "a"], [2, "b"]]),
    "dict of lists": {"0": [1, 2, 1, 2], "1": ["a", "b", "a", "b"]},
    "dict of arrays": {"0": np.array([[1.0], [2.0], [1.0], [2.0]]), "1": np.array(["a", "b", "a", "b"])},
    "dict of series": {"0": pd.Series([1, 2, 1, 2]), "1": pd.Series(["a", "b", "a", "b"], dtype="category")},
    "array of objects": np.array([[1, "a"], [2, "b"], [1, "a"], [2, "b"]], object),
    "array of strings": np.array([["1", "a"], ["2", "b"], ["1", "a"], ["2", "b"]]),
    "list of dicts": [{"0": 1, "1": "a"}, {"1": "b", "0": 2}, {"0": 1, "1": "a"}, {"0": 2, "1": "b"}],
    "list of rows": [[1, "a"], (2, "b"), [1, "a"], [2, "b"]],
}


@pytest.mark.parametrize("form", FORMS)
def test_tables_of_every_form_are_read_alike(form):
    table = TableInput()
    rows = table.check(FORMS[form])
    assert list(rows) == ["0", "1"]
    assert (rows["0"].dtype, rows["0"].tolist()) == (np.float32, [1, 2, 1, 2])
    assert (rows["1"].dtype.kind, rows["1"].tolist()) == ("U", ["a", "b", "a", "b"])
    table.fit(rows)
    assert table.types == {"0": "numeric", "1": "categorical"}


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, ""])
def test_a_gap_of_any_kind_is_missing(missing):
    assert np.isnan(one([1, missing, 2])).tolist() == [False, True, False]
    assert one(["a", missing, "b"]).tolist() == ["a", "", "b"]
    for part in TableInput().check({"c": [datetime.date(2024, 1, 31), missing]}).values():
        assert np.isnan(part).tolist() == [False, True]
    assert one([True, missing, False])[[0, 2]].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("Int64", [1, None, 3], [1, np.nan, 3]),
        ("UInt8", [1, None, 3], [1, np.nan, 3]),
        ("Float32", [1.5, None, 3], [1.5, np.nan, 3]),
        ("boolean", [True, None, False], [1, np.nan, 0]),
        ("string", ["a", None, "b"], ["a", "", "b"]),
        ("category", ["a", None, "b"], ["a", "", "b"]),
        ("timedelta64[s]", [60, 120, 180], [60, 120, 180]),
    ],
)
def test_types_of_pandas_are_read_with_their_gaps(kind, values, expected):
    np.testing.assert_array_equal(one(pd.Series(values, dtype=kind)), expected)


@pytest.mark.parametrize("kind", ["Int64", "uint64[pyarrow]", "category", object, "string"])
@pytest.mark.parametrize("gap", [False, True])
def test_long_ids_are_the_same_categories_in_every_type(kind, gap):
    ids = [2**60, 2**60 + 1, *([None] if gap else [2**60 + 2])]
    expected = [str(one or "") for one in ids]
    assert one(pd.Series(ids, dtype=object).astype(kind), c="categorical").tolist() == expected


@pytest.mark.parametrize("kind", ["int64[pyarrow]", "double[pyarrow]", "bool[pyarrow]", "string[pyarrow]"])
def test_columns_of_pyarrow_are_read_with_their_gaps(kind):
    text = kind.startswith("string")
    column = one(pd.Series(["1", None, "0"] if text else [1, None, 0], dtype=kind))
    np.testing.assert_array_equal(column, [1, np.nan, 0])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 1, 2], "numeric"),
        ([1, 2.5, None, 2], "numeric"),
        (["1", "2.5", "", "1e3"], "numeric"),
        ([True, False, None, True], "boolean"),
        ([0, 1, 0, 1], "boolean"),
        (["a", "b", "a", "b"], "categorical"),
        ([1, "a", 1, "a"], "categorical"),
        (pd.Categorical([1, 2, 1, 2]), "categorical"),
        (["2024-01-31", "2024-02-01 10:00", None, "2024-02-02T10:00:01.5Z"], "date"),
        ([datetime.date(2024, 1, 31), datetime.date(2024, 2, 1), None], "date"),
        (np.array(["2024-01-31", "2024-02-01"], "datetime64[D]"), "date"),
        (["31/01/2024", "01/02/2024"] * 2, "categorical"),
    ],
)
@pytest.mark.filterwarnings("ignore:The column 'c' is taken as categorical")
def test_types_are_found_out(values, kind):
    assert type_of(pd.Series(values) if isinstance(values, pd.Categorical) else values) == kind


def test_types_can_be_given():
    assert type_of([94110, 10001, 94110, 10001], c="categorical") == "categorical"
    assert one([94110.0, None, 7], c="categorical").tolist() == ["94110", "", "7"]
    assert one(["yes", "no", "TRUE", None], c="boolean")[:3].tolist() == [1, 0, 1]
    assert type_of([0, 1, 0, 1], c="numeric") == "numeric"
    table = fitted({"a/b": [1, 2, 1, 2]}, {"a/b": "categorical"})
    assert table.types == {"a_b": "categorical"}


def test_a_date_is_taken_apart_as_pandas_does_it():
    rows = fitted({"t": WHEN}).check({"t": WHEN})
    np.testing.assert_array_equal(rows["t:month"], WHEN.month)
    np.testing.assert_array_equal(rows["t:day"], WHEN.day)
    np.testing.assert_array_equal(rows["t:weekday"], WHEN.day_of_week)
    np.testing.assert_array_equal(rows["t:hour"], WHEN.hour)
    year = WHEN.year + (WHEN.day_of_year - 1 + WHEN.hour / 24) / np.where(WHEN.is_leap_year, 366, 365)
    np.testing.assert_allclose(rows["t:year"], year, rtol=1e-7)


@pytest.mark.parametrize("form", ["strings", "objects", "zone", "array"])
def test_dates_of_every_form_are_the_same(form):
    forms = {
        "strings": WHEN.astype(str),
        "objects": list(WHEN.to_pydatetime()),
        "zone": pd.Series(WHEN.tz_localize("Europe/Berlin")),
        "array": WHEN.to_numpy(),
    }
    rows, expected = TableInput().check({"t": forms[form]}), TableInput().check({"t": WHEN})
    for part, values in expected.items():
        np.testing.assert_array_equal(rows[part], values)


def test_times_are_those_of_the_first_date():
    table = fitted(FRAME)
    expected = (WHEN - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    np.testing.assert_array_equal(table.times(table.check(FRAME)), expected)
    with pytest.raises(InputError, match=r"split must be 'time' where.* Got 1 missing in 'when', the first in row 1 "):
        table.times(table.check(FRAME.assign(when=[WHEN[0], None, *WHEN[2:]])))
    assert fitted({"c": [1, 2]}).times({"c": np.array([1, 2], "float32")}) is None


def test_what_was_checked_passes_before_and_after_fit_in_any_order():
    table = TableInput({"education-num": "categorical", "when": "date"})
    rows = table.check(FRAME)
    table.fit(rows)
    for other in (TableInput({"education-num": "categorical", "when": "date"}), table):
        again = other.check({column: rows[column] for column in reversed(rows)})
        for column in rows:
            np.testing.assert_array_equal(again[column], rows[column])


def test_columns_come_in_any_order_and_others_beside_them():
    table = fitted(FRAME)
    rows = table.check(FRAME.assign(more=1)[["more", *FRAME.columns[::-1]]])
    assert list(rows) == list(table.check(FRAME))


def test_numbers_are_scaled_by_quartiles_and_bent_within_three():
    x = np.concatenate([np.linspace(-1, 1, 101), [1e9, -1e9, np.nan]])
    table = fitted({"c": x, "flag": [0, 1] * 52})
    numbers = table.numbers(table.check({"c": x, "flag": [0, 1] * 52}))["numbers"]
    low, center, high = np.nanquantile(x, [0.25, 0.5, 0.75])
    z = (x[:101] - center) * 2 / (high - low)
    np.testing.assert_allclose(numbers[:101, 0], z / np.sqrt(1 + (z / 3) ** 2), atol=1e-6)
    assert numbers[101:, 0].tolist() == pytest.approx([3, -3, 0])
    assert numbers[:, 1].min() == -numbers[:, 1].max()


def test_edges_are_quantiles_and_frequent_values_take_one_bin():
    x = np.concatenate([np.zeros(9_000), np.arange(1, 1_001)])
    (edges,) = fitted({"c": x}).edges
    assert len(edges) > 20
    assert np.all(np.diff(edges) > 0)
    few = fitted({"c": [1, 2, 5, 1] * 30})
    assert len(few.edges[0]) == 3
    assert sorted(set(few.numbers(few.check({"c": [1, 2, 5]}))["numbers"][:, 0])) == pytest.approx(few.edges[0])


def test_categories_are_numbered_by_frequency_and_unknown_ones_are_0():
    table = fitted({"c": ["b"] * 3 + ["a"] * 5 + [None] * 2 + ["once"]})
    new = table.check({"c": ["a", "b", None, "once", "never"]})
    assert table.numbers(new)["categories"][:, 0].tolist() == [1, 2, 3, 0, 0]
    assert table.cardinalities == [4]


def test_no_more_than_a_thousand_categories_are_learned():
    assert fitted({"c": [f"{i}" + "x" for i in range(1_500)] * 2}).cardinalities == [1_001]


def test_what_says_nothing_is_left_out_and_may_be_anything_later():
    table = fitted(FRAME)
    assert table.shape == {"numbers": (9,), "missing": (1,), "categories": (1,)}
    assert not {"constant", "always", "id"} & {*table._numbers, *table._categories}
    for anything in None, "word", [[1]] * N:
        new = FRAME.assign(constant=anything, always=anything, id=anything)
        for part, values in table.numbers(table.check(new)).items():
            np.testing.assert_array_equal(values, table.numbers(table.check(FRAME))[part])


@pytest.mark.parametrize("gap", [None, np.nan, pd.NaT, ""])
def test_a_column_without_values_is_left_out_and_may_be_anything_later(gap):
    table = fitted({"a": [1, 2, 3], "c": [gap] * 3}, {"c": "numeric"})
    assert table.types == {"a": "numeric"}
    assert list(table.check({"a": [1], "c": ["words"]})) == list(table.check({"a": [1]})) == ["a"]


@pytest.mark.parametrize(
    ("x", "groups"),
    [
        ({"c": [1, 2, 3]}, ["numbers"]),
        ({"c": ["a", "b", "a", "b"]}, ["categories"]),
        ({"c": [1, None, 1]}, ["missing"]),
    ],
)
def test_groups_that_are_empty_are_not_there(x, groups, tmp_path):
    assert list(fitted(x).shape) == groups
    check_input(TableInput(), x, tmp_path)


def test_columns_may_have_any_name(tmp_path):
    names = [
        "a b/c",
        "education-num",
        "where",
        "cast",
        "concatenate",
        "core",
        "preprocessor",
        "numbers",
        "é:$?",
        "-",
        "",
    ]
    x = {name: RNG.normal(size=8) for name in names} | {"string_lookup": ["a", "b"] * 4}
    table = fitted(x)
    rows = table.check(x)
    table.preprocessor().save(tmp_path / "names.keras")
    model = keras.saving.load_model(tmp_path / "names.keras")
    shuffled = {name: rows[name] for name in reversed(rows)}
    for part, values in model.predict(feed(shuffled), verbose=0).items():
        np.testing.assert_allclose(values, table.numbers(rows)[part], atol=1e-6)


def test_a_single_row_full_of_gaps_is_prepared_after_fit():
    table = fitted(FRAME)
    rows = table.check([dict.fromkeys(FRAME)])
    assert all(np.isfinite(part).all() for part in table.numbers(rows).values())


def test_checking_and_preparing_need_numpy_alone():
    code = f"""
import json, sys
for name in ("pandas", "keras", "tensorflow", "sklearn"):
    sys.modules[name] = None
from autonas.inputs.table import TableInput
table = TableInput.from_config(json.loads({json.dumps(json.dumps(fitted(FRAME[["flag", "where", "when"]]).get_config()))}))
rows = table.check([{{"flag": True, "where": "x", "when": "2024-01-01"}}])
print({{name: part.shape for name, part in table.numbers(rows).items()}})
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "{'numbers': (1, 6), 'categories': (1, 1)}", run.stderr


class Cell:
    pass


WRONG = {
    "cells of lists": ({"c": [[1, 2], [3, 4]]}, r"x\['c'\] must be a column of numbers, strings.*a list"),
    "cells of dicts": ({"c": [{"a": 1}, None]}, r"x\['c'\].*a dict"),
    "cells of objects": ({"c": [Cell(), 1]}, r"x\['c'\].*a Cell"),
    "complex": ({"c": np.array([1j, 2])}, r"x\['c'\].*complex"),
    "all missing": ({"a": ["", None], "c": [None, np.nan]}, r"a column that has values\. Got gaps only in 'a', 'c'"),
    "infinity": ({"c": [1.0, np.inf, 2.0]}, r"x\['c'\] must be finite.*inf in 1 of 3 rows, first in row 1"),
    "too large": ({"c": [1.0, 1e300]}, r"x\['c'\] must be finite numbers"),
    "infinity in words": ({"c": ["1", "-inf"]}, r"x\['c'\] must be finite"),
    "twice": (pd.DataFrame([[1, 2]], columns=["c", "c"]), r"'c' more than once"),
    "twice by a slash": ({"a/b": [1], "a_b": [2]}, r"'a_b' more than once"),
    "lengths": ({"a": [1, 2], "b": [1]}, r"same length.*'a': 2, 'b': 1"),
    "ragged": ([[1, 2], [1]], "rows of the same length"),
    "no rows": (pd.DataFrame({"a": []}), "at least one row"),
    "no columns": ({}, "at least one row and one column"),
    "a column": ([1, 2, 3], "must be a table"),
    "one row": ({"a": 1, "b": 2}, r"One row is passed as \[row\]"),
    "an image": (np.zeros((2, 3, 3)), r"shape \(2, 3, 3\)"),
    "a sparse matrix": (scipy.sparse.csr_matrix(np.eye(3)), r"must be a table.*Got a csr_matrix.*x\.toarray\(\)"),
    "nothing": (None, "must be a table.*NoneType"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_table_is_told(case):
    x, told = WRONG[case]
    with pytest.raises(InputError, match=told):
        TableInput().check(x)


TYPES = {
    "no dict": (["numeric"], None, "types must be a dict"),
    "unknown type": ({"c": "number"}, None, r"types\['c'\] must be one of \['numeric'.*'number'"),
    "unknown column": ({"d": "numeric"}, [1, 2], "with the column 'd'. Got the columns 'c'"),
    "no numbers": ({"c": "numeric"}, ["1", "two"], r"x\['c'\] must be numbers. Got a value such as 'two'"),
    "no booleans": ({"c": "boolean"}, [0, 2], r"x\['c'\] must be True or False.*2"),
    "no dates": ({"c": "date"}, ["2024-01-31", "31/01/2024"], r"x\['c'\].*'31/01/2024'.*pandas.to_datetime"),
    "no such day": ({"c": "date"}, ["2024-02-31"], r"x\['c'\].*'2024-02-31'"),
    "numbers as dates": ({"c": "date"}, [1, 2], r"x\['c'\].*such as 1"),
}


@pytest.mark.parametrize("case", TYPES)
def test_types_that_do_not_fit_are_told(case):
    types, values, told = TYPES[case]
    with pytest.raises(InputError, match=told):
        TableInput(types).check({"c": values})


def test_after_fit_what_does_not_fit_is_told():
    table = fitted(FRAME)
    with pytest.raises(InputError, match="validation_data must be a table with the column 'flag'"):
        table.check(FRAME.drop(columns="flag"), "validation_data")
    with pytest.raises(InputError, match="the columns 'a b_c', 'education-num'"):
        table.check(FRAME.to_numpy())
    with pytest.raises(InputError, match=r"x\['education-num'\] must be numbers.*'many'"):
        table.check(FRAME.assign(**{"education-num": "many"}))
    with pytest.raises(InputError, match=r"x\['core_'\] must be finite"):
        table.check(FRAME.assign(core=np.inf))


def test_a_table_in_which_nothing_varies_is_told():
    with pytest.raises(
        InputError, match=r"that can tell rows apart\. Got 'a', where all rows have the same; 'b', where"
    ):
        fitted({"a": [1, 1], "b": ["x", "x"]})


def test_before_fit_there_is_no_shape():
    with pytest.raises(NotFittedError, match="call `fit`"):
        _ = TableInput().shape


DAYS = pd.date_range("2024-01-01", periods=40).strftime("%Y-%m-%d").tolist()
FRACTIONS = [str(number / 7) for number in range(40)]


@pytest.mark.parametrize("mark", ["?", "n/a", "NA", "-", "null", "None"])
@pytest.mark.parametrize(("values", "kind"), [(DAYS, "date"), (FRACTIONS, "numeric")])
def test_marks_of_gaps_among_dates_and_numbers_are_gaps(mark, values, kind):
    table, frame = TableInput(), pd.DataFrame({"c": [mark, *values[1:]]})
    with pytest.warns(UserWarning, match="1 of 40 values of the column 'c' are .* which count as gaps"):
        rows = table.check(frame)
    table.fit(rows)
    assert table.types == {"c": kind}
    assert all(np.isnan(part).tolist() == [True] + [False] * 39 for part in rows.values())
    assert table.check(frame).keys() == rows.keys()  # after fit without a word
    assert all(
        np.isnan(part).all() for part in table.check({"c": [mark]}).values()
    )  # and where nothing stands beside it


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            ["soon", *DAYS[1:]],
            "'c' is taken as categorical, for 1 of 40 values are no ISO date, such as 'soon'.*so that it is date",
        ),
        (["about 3", *FRACTIONS[1:]], "1 of 40 values are no number, such as 'about 3'"),
        ([f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in DAYS], "dates such as '01/01/2024'.*pandas.to_datetime"),
        (["1,234.50", "87.20", "1,003"], "numbers such as '1,234.50'.*types={'c': 'categorical'}"),
        (["12,5", "3"], "numbers such as '12,5'"),
        (["3 %", "-4.5%"], "numbers such as '3 %'"),
        (["$5", "-€1.000,00"], r"numbers such as '\$5'"),
        (20240101 + np.arange(28), "looks like dates, written as yyyymmdd.*types={'c': 'date'}"),
        (1_700_000_000 + 3_600 * np.arange(40), "looks like seconds since 1970.*types={'c': 'date'}"),
    ],
)
def test_a_type_that_may_be_wrong_is_told_with_what_to_do(values, told):
    with pytest.warns(UserWarning, match=told):
        TableInput().check({"c": values})
    kind = "numeric" if isinstance(values, np.ndarray) else "categorical"
    TableInput({"c": kind}).check({"c": values})  # said so: without a word


@pytest.mark.parametrize(
    "values",
    [
        ["-", "+"] * 20,
        ["?", "-"] * 20,
        ["1", "a"] * 20,
        [10_000_000, 30_000_000],
        ["10.0.0.1", "192.168.1.254"],
        ["12:30", "9:15"],
        ["1,2,3", "2,3"],
        [1, "2"] * 20,
    ],
)
def test_what_is_plain_is_not_told(values):
    TableInput().check({"c": values})


@pytest.mark.parametrize("values", [20240101 + np.arange(28), 2**60 + np.arange(28), 1e9 + np.arange(28) / 8])
def test_numbers_that_float32_makes_alike_are_told_apart(values, tmp_path):
    table = TableInput({"c": "numeric"})
    rows = table.check({"c": values})
    table.fit(rows)
    assert list(rows) == ["c:rounded", "c:rest"]
    assert table.types == {"c": "numeric"}
    scaled = table.numbers(rows)["numbers"][:, 0]
    assert (np.diff(scaled) > 0.01).all()
    np.testing.assert_allclose(scaled, -scaled[::-1], atol=1e-4)
    check_input(TableInput({"c": "numeric"}), {"c": values, "d": np.arange(28) % 3}, tmp_path)
    assert "scaling.json" in table.files()


@pytest.mark.parametrize("values", [np.arange(28) / 3, 1e6 + np.arange(28.0), np.float32([3e9, 3.1e9]), [0.1, 0.1]])
def test_other_numbers_are_one_column(values):
    assert list(TableInput().check({"c": values})) == ["c"]


@pytest.mark.parametrize(
    ("number", "date"),
    [(20240131, "2024-01-31"), (1706659200, "2024-01-31"), (1706659200000, "2024-01-31"), (np.nan, None)],
)
def test_numbers_are_dates_if_they_are_said_to_be(number, date):
    table = TableInput({"when": "date"})
    rows = table.check({"when": [number, 20240201]})
    expected = TableInput().check({"when": np.array([date or "NaT", "2024-02-01"], "datetime64[D]")})
    for part, values in expected.items():
        np.testing.assert_array_equal(rows[part], values)
    with pytest.raises(InputError, match=r"dates such as 2024-01-31 or 20240131\. Got a value such as 20241331"):
        table.check({"when": [20241331]})


def test_types_and_what_is_left_out_are_summed_up():
    frame = pd.DataFrame(
        {"z": range(4), "id": list("abcd"), "k": "a", "kind": list("xxyy"), "none": None, "when": DAYS[:4]}
    )
    table = TableInput()
    table.fit(table.check(frame))
    again = TableInput.from_config(json.loads(json.dumps(table.get_config())))
    for known in (table, again):
        assert known.summary().splitlines() == [
            "Columns: 1 numeric (z), 1 categorical (kind), 1 date (when)",
            "Left out: none (no values), id (every category comes once), k (all rows have the same)",
        ]


def test_names_of_single_rows_alone_are_told():
    table = TableInput()
    with pytest.raises(InputError, match="'id', where every category comes once"):
        table.fit(table.check({"id": list("abcdefgh")}))


@pytest.mark.parametrize(
    ("value", "what_to_do"),
    [(datetime.time(3), "hour"), (pd.Period("2024-01"), "to_timestamp"), (uuid.uuid4(), "Drop"), ([1], "of its own")],
)
def test_other_types_say_what_to_do(value, what_to_do):
    with pytest.raises(InputError, match=what_to_do):
        TableInput().check(pd.DataFrame({"c": pd.Series([value, value], dtype=object)}))


@pytest.mark.parametrize("values", [[np.inf, 20240101.0], [20240101.0, -np.inf]])
def test_an_infinite_number_is_no_date(values):
    with pytest.raises(InputError, match=r"x\['day'\] must be dates.*a value such as -?inf"):
        TableInput({"day": "date"}).check({"day": values})
