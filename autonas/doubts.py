"""What the user should know of the types that were found for the columns of a table: in words, with what to do about it.

A type that was inferred wrongly costs a column: one slip among a thousand numbers makes categories of them, which come once
each and are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autonas.columns import CATEGORICAL, DATE, ISO, NUMERIC, gaps, is_mark, is_number
from autonas.labels import few

MOST = 0.9  # share of texts that are numbers or dates, from which on the others are surely slips
_OTHER_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T].*)?")
_OTHER_NUMBER = re.compile(r"[-+]?[$€£¥]?\s?[-+]?(\d{1,3}([,.'\s]\d{3})+|\d+)([.,]\d+)?\s?[%$€£¥]?")
_SECONDS = (946_684_800, 2_208_988_800)  # from 2000 to 2040, since 1970


def of(values: np.ndarray, column: str, kind: str) -> list[str]:
    """What the user should know of a type that was found: in words, with what to do about it; nothing where all is plain.

    Args:
        values: What `plain` returned.
        column: Its name.
        kind: The type that `infer` found, of the values as `unmarked` returns them.
    """
    if kind == NUMERIC and values.dtype.kind in "iuf":
        return _looks_like_dates(values, column)
    if values.dtype.kind != "O":
        return []
    counts = Counter(value for value in values.tolist() if value is not None)
    marks = {value: count for value, count in counts.items() if is_mark(value)}
    if kind in (NUMERIC, DATE):
        told = (
            f"{sum(marks.values())} of {len(values)} values of the column {column!r} are {few(np.array(list(marks)))}"
        )
        return [f"{told}, which count as gaps: the others are {kind}."] if marks else []
    rest = {value: count for value, count in counts.items() if value not in marks}
    return _nearly(rest, len(values), column) if kind == CATEGORICAL and rest else []


def _nearly(counts: dict[Any, int], rows: int, column: str) -> list[str]:
    """What is told of categories, most of which are numbers or dates."""

    def others(fits: Callable[[Any], bool]) -> list[Any]:
        wrong = [value for value in counts if not fits(value)]
        return wrong if sum(counts[value] for value in wrong) <= (1 - MOST) * sum(counts.values()) else [*counts]

    if not others(_is_other_date):
        hint = "pandas.to_datetime reads most forms; then it is a date."
        return [
            f"The column {column!r} is taken as categorical, but holds dates such as {next(iter(counts))!r}. {hint}"
        ]
    for kind, what, fits in ((NUMERIC, "number", is_number), (DATE, "ISO date", _is_date)):
        wrong = others(fits)
        if 0 < len(wrong) < len(counts):
            told = f"{sum(counts[value] for value in wrong)} of {rows} values are no {what}, such as {wrong[0]!r}"
            hint = (
                f"Clean them, or leave them empty, so that it is {kind}; types={{{column!r}: 'categorical'}} means it."
            )
            return [f"The column {column!r} is taken as categorical, for {told}. {hint}"]
    spelt = [value for value in counts if not is_number(value)]
    if spelt and not others(_is_other_number):
        hint = f"Make numbers of them, so that it is numeric; types={{{column!r}: 'categorical'}} means it."
        return [f"The column {column!r} is taken as categorical, but holds numbers such as {spelt[0]!r}. {hint}"]
    return []


def _looks_like_dates(values: np.ndarray, column: str) -> list[str]:
    present = values[~gaps(values)]
    if len(present) < 2 or (present != np.round(present)).any() or present.min() == present.max():
        return []
    day, month = present % 100, present // 100 % 100
    spelt = (present >= 19_000_101) & (present <= 21_001_231) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    seconds = (present >= _SECONDS[0]) & (present <= _SECONDS[1])
    what = "dates, written as yyyymmdd" if spelt.all() else "seconds since 1970" if seconds.all() else ""
    hint = f"If so, say types={{{column!r}: 'date'}}; types={{{column!r}: 'numeric'}} means numbers."
    return [f"The column {column!r} looks like {what}, with values such as {present[0]:.0f}. {hint}"] if what else []


def _is_date(value: Any) -> bool:
    return isinstance(value, str) and bool(ISO.fullmatch(value))


def _is_other_number(value: Any) -> bool:
    return is_number(value) or (isinstance(value, str) and bool(_OTHER_NUMBER.fullmatch(value.strip())))


def _is_other_date(value: Any) -> bool:
    return isinstance(value, str) and bool(_OTHER_DATE.fullmatch(value))
