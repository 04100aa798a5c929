"""What labels are read, as what, and what is said of the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from autonas import labels
from autonas.errors import InputError


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([2, 0, 1], np.array([2, 0, 1])),
        ((True, False), np.array([True, False])),
        ([0, 1.0], np.array([0.0, 1.0])),
        (["b", "a"], np.array(["b", "a"])),
        ([b"b", b"\xc3\xa9"], np.array(["b", "é"])),
        ([np.int8(1), np.int8(2)], np.array([1, 2], "int8")),
        ([np.str_("a"), "b"], np.array(["a", "b"])),
        ([[1, 0], [0, 1]], np.array([[1, 0], [0, 1]])),
        ([np.array([1, 0]), np.array([0, 1])], np.array([[1, 0], [0, 1]])),
        (np.array(["b", "a"], object), np.array(["b", "a"])),
        (np.array([1, 2], "uint8"), np.array([1, 2], "uint8")),
        (np.array([True, False], object), np.array([True, False])),
        (np.ma.array([1, 2], "uint8"), np.array([1, 2], "uint8")),
        (tf.constant([1, 2]), np.array([1, 2], "int32")),
        (tf.constant(["b", "a"]), np.array(["b", "a"])),
        (pd.Series(["b", "a"]), np.array(["b", "a"])),
        (pd.Series(["b", "a"], dtype="category"), np.array(["b", "a"])),
        (pd.Series([3, 1], dtype="category"), np.array([3, 1])),
        (pd.Series([3, 1], dtype="Int64"), np.array([3, 1])),
        (pd.Series([True, False], dtype="boolean"), np.array([True, False])),
        (pd.Categorical(["b", "a"]), np.array(["b", "a"])),
        (pd.DataFrame({"y": ["b", "a"]}), np.array([["b"], ["a"]])),
    ],
)
def test_labels_are_read_as_they_came(y, expected):
    read = labels.read(y, "y")
    assert read.dtype == expected.dtype
    assert np.array_equal(read, expected)


BAD = {
    "empty": ([], "at least one label. Got an empty list"),
    "empty array": (np.empty(0), "at least one label. Got an empty ndarray"),
    "nothing": (None, "a list or an array of labels. Got a NoneType"),
    "a string": ("cat", "a list or an array of labels. Got a str"),
    "strings and integers": (["a", 1], "labels of one type. Got integer and string mixed"),
    "strings and integers in an array": (np.array(["a", 1], object), "integer and string mixed"),
    "booleans and integers": ([True, 2], "boolean and integer mixed"),
    "strings and bytes": (["a", b"a"], "bytes and string mixed"),
    "none": (["a", None, "b", None], r"without gaps. Got 2 missing \(None, NaN or infinite\), the first at 1"),
    "nan": ([1.0, 2.0, float("nan")], "1 missing .* the first at 2"),
    "nan in an array": (np.array([np.nan, 1]), "1 missing .* the first at 0"),
    "infinity": (np.array([0, np.inf]), "1 missing .* the first at 1"),
    "float32 nan among objects": (np.array([1, np.float32("nan")], object), "1 missing"),
    "missing in pandas": (pd.Series(["a", None]), "1 missing .* the first at 1"),
    "missing in a category": (pd.Series(["a", None], dtype="category"), "1 missing"),
    "missing integer": (pd.Series([1, None], dtype="Int64"), "1 missing"),
    "masked": (np.ma.array([1, 2, 99], mask=[0, 0, 1]), "1 missing .* the first at 2"),
    "missing time": (pd.Series([pd.NaT, pd.NaT]).astype(object), "2 missing"),
    "ragged": ([[1, 0], [1]], "one length in each row. Got ragged rows"),
    "ragged arrays": ([np.zeros(2), np.zeros(3)], "one length in each row"),
    "ragged matrices": ([np.zeros((2, 2)), np.zeros((2, 3))], "one length in each row. Got a ragged list"),
    "complex": (np.zeros(3, complex), "Got the type complex128"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), "Got dates or times.*strftime"),
    "dicts": ([{"a": 1}], "Got the type object"),
    "huge": ([2**70, 1], "Got the type object"),
    "no text": ([b"\xff"], "must be text. Got the bytes .* Decode them"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_read_is_told(case):
    y, told = BAD[case]
    with pytest.raises(InputError, match=told):
        labels.read(y, "y")


def test_the_error_names_the_argument():
    with pytest.raises(InputError, match=r"^validation_data must"):
        labels.read([], "validation_data")
