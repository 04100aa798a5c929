"""What is told of types that may be wrong, and that nothing is told where all is plain."""

import numpy as np
import pytest

from autonas import doubts


def objects(*values):
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("values", "kind", "told"),
    [
        (np.array([20240101, 20241231]), "numeric", "looks like dates, written as yyyymmdd"),
        (np.array([1_700_000_000.0, 1_700_086_400.0, np.nan]), "numeric", "looks like seconds since 1970"),
        (objects(*["1.5"] * 19, "?"), "numeric", "1 of 20 values of the column 'c' are '?', which count as gaps"),
        (objects(*["2024-01-01"] * 9, "n/a"), "date", "which count as gaps: the others are date"),
        (objects(*["1.5"] * 19, "1,5"), "categorical", "1 of 20 values are no number, such as '1,5'"),
        (objects(*["2024-01-01"] * 19, "soon"), "categorical", "1 of 20 values are no ISO date, such as 'soon'"),
        (objects("01/02/2024", "03.04.24"), "categorical", "holds dates such as '01/02/2024'"),
    ],
)
def test_doubts_are_told(values, kind, told):
    (text,) = doubts.of(values, "c", kind)
    assert told in text
    assert "'c'" in text


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([20241399, 20240101]), "numeric"),
        (np.array([5, 5]), "numeric"),
        (np.array([1.5, 2.0]), "numeric"),
        (np.array([True, False]), "boolean"),
        (objects("red", "green", None), "categorical"),
        (objects("1", "2", "red", "green"), "categorical"),
        (objects("1.5", "2"), "numeric"),
    ],
)
def test_nothing_is_told_where_all_is_plain(values, kind):
    assert doubts.of(values, "c", kind) == []
