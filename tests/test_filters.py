"""Filters: what every condition matches, row by row, and how what cannot be read is refused."""

from __future__ import annotations

import calendar
import datetime as dt
import json
import math
import operator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from optiterr.errors import DataError, SpecError
from optiterr.filters import DEEPEST, Filter, day_of
from optiterr.problem import Column
from optiterr.scenario.loading import load

TODAY = dt.date(2026, 1, 31)


def frame() -> pd.DataFrame:
    """Five rows; the last one is empty in every column."""
    return pd.DataFrame(
        {
            "tier": [1.0, 2.0, 3.0, 0.0, np.nan],
            "segment": ["gold", "silver", "Gold", "", None],
            "skills": ["bank; cloud", "cloud", "banking", ";", None],
            "renewal": pd.to_datetime(
                ["2026-01-31", "2026-02-28", "2026-03-01", "2025-12-31", None]
            ),
            "risk": pd.Series([True, False, True, False, None], dtype=object),
        }
    )


TRUTH: list[tuple[dict[str, Any], str, str]] = [
    # column: value
    ({"segment": "gold"}, "10000", "segment is gold"),
    ({"segment": {"is": "gold"}}, "10000", "segment is gold"),
    ({"segment": ["gold", "silver"]}, "11000", "segment is one of gold, silver"),
    ({"segment": ["silver"]}, "01000", "segment is silver"),
    ({"tier": 2}, "01000", "tier is 2"),
    ({"tier": [0, 3.0]}, "00110", "tier is one of 0, 3"),
    ({"tier": -0.0}, "00010", "tier is 0"),
    ({"risk": True}, "10100", "risk is True"),
    ({"risk": False}, "01010", "risk is False"),
    ({"risk": [True, False]}, "11110", "risk is one of True, False"),
    # numbers: ends included but for more_than and less_than
    ({"tier": {"at_least": 2}}, "01100", "tier is at least 2"),
    ({"tier": {"at_most": 2}}, "11010", "tier is at most 2"),
    ({"tier": {"more_than": 2}}, "00100", "tier is more than 2"),
    ({"tier": {"less_than": 2}}, "10010", "tier is less than 2"),
    ({"tier": {"between": [1, 2]}}, "11000", "tier is between 1 and 2"),
    ({"tier": {"between": [2, 2]}}, "01000", "tier is between 2 and 2"),
    (
        {"tier": {"at_least": 1, "less_than": 3}},
        "11000",
        "tier is at least 1 and tier is less than 3",
    ),
    ({"tier": {"at_least": 1e6}}, "00000", "tier is at least 1,000,000"),
    # dates: the day itself is neither before nor after it
    ({"renewal": {"before": "2026-02-28"}}, "10010", "renewal is before 2026-02-28"),
    ({"renewal": {"after": "2026-02-28"}}, "00100", "renewal is after 2026-02-28"),
    (
        {"renewal": {"between": ["2026-01-31", "2026-02-28"]}},
        "11000",
        "renewal is between 2026-01-31 and 2026-02-28",
    ),
    (
        {"renewal": {"between": ["2026-02-28", "2026-02-28"]}},
        "01000",
        "renewal is between 2026-02-28 and 2026-02-28",
    ),
    # dates told from the planning date, 31 January 2026
    ({"renewal": {"before": "today"}}, "00010", "renewal is before today"),
    ({"renewal": {"after": "today"}}, "01100", "renewal is after today"),
    ({"renewal": {"before": "28 days"}}, "10010", "renewal is before 28 days"),
    ({"renewal": {"before": "29 days"}}, "11010", "renewal is before 29 days"),
    ({"renewal": {"after": "1 month"}}, "00100", "renewal is after 1 month"),
    (
        {"renewal": {"between": ["today", "1 month"]}},
        "11000",
        "renewal is between today and 1 month",
    ),
    ({"renewal": {"after": "-2 months"}}, "11110", "renewal is after -2 months"),
    ({"renewal": {"after": "-1 month"}}, "11100", "renewal is after -1 month"),
    (
        {"renewal": {"between": ["-5 weeks", "0 days"]}},
        "10010",
        "renewal is between -5 weeks and 0 days",
    ),
    # words of a list between semicolons, blanks around them aside
    ({"skills": {"has": "cloud"}}, "11000", "skills has cloud"),
    ({"skills": {"has": " bank "}}, "10000", "skills has bank"),
    ({"skills": "cloud"}, "01000", "skills is cloud"),
    # empty cells
    ({"segment": {"is_null": True}}, "00011", "segment is empty"),
    ({"segment": {"is_null": False}}, "11100", "segment is not empty"),
    ({"tier": {"is_null": True}}, "00001", "tier is empty"),
    ({"renewal": {"is_null": True}}, "00001", "renewal is empty"),
    ({"risk": {"is_null": False}}, "11110", "risk is not empty"),
    # not: everything else, empty cells included
    ({"segment": {"not": "gold"}}, "01111", "not (segment is gold)"),
    ({"segment": {"not": ["gold", "silver"]}}, "00111", "not (segment is one of gold, silver)"),
    ({"tier": {"not": {"at_least": 2}}}, "10011", "not (tier is at least 2)"),
    (
        {"tier": {"not": {"at_least": 1, "at_most": 2}}},
        "00111",
        "not (tier is at least 1 and tier is at most 2)",
    ),
    ({"tier": {"not": {"not": 2}}}, "01000", "not (not (tier is 2))"),
    ({"renewal": {"not": {"is_null": True}}}, "11110", "not (renewal is empty)"),
    ({"tier": {"at_least": 1, "not": 2}}, "10100", "tier is at least 1 and not (tier is 2)"),
    ({"not": {"tier": 2}}, "10111", "not (tier is 2)"),
    # not of several conditions: that not all of them hold
    (
        {"not": {"tier": {"at_least": 2}, "risk": True}},
        "11011",
        "not (tier is at least 2 and risk is True)",
    ),
    # several entries all hold; any and all take filters
    ({"tier": {"at_least": 1}, "risk": True}, "10100", "tier is at least 1 and risk is True"),
    ({"any": [{"tier": 0}, {"risk": True}]}, "10110", "tier is 0 or risk is True"),
    (
        {"all": [{"tier": {"at_least": 1}}, {"tier": {"at_most": 1}}]},
        "10000",
        "tier is at least 1 and tier is at most 1",
    ),
    (
        {"segment": {"is_null": False}, "any": [{"tier": 1}, {"tier": 2, "risk": False}]},
        "11000",
        "segment is not empty and (tier is 1 or (tier is 2 and risk is False))",
    ),
    (
        {
            "any": [
                {"all": [{"tier": 1}, {"risk": False}]},
                {"not": {"any": [{"tier": 1}, {"tier": 2}]}},
            ]
        },
        "00111",
        "(tier is 1 and risk is False) or not (tier is 1 or tier is 2)",
    ),
]


def bits(mask: np.ndarray) -> str:
    assert mask.dtype == bool
    return "".join(str(int(one)) for one in mask)


@pytest.mark.parametrize(("given", "matched", "words"), TRUTH, ids=[row[2] for row in TRUTH])
def test_each_condition_matches_its_rows(given: dict[str, Any], matched: str, words: str) -> None:
    """By hand: 1 for each row that passes; the words say the same to people."""
    made = Filter(given)
    assert bits(made.mask(frame(), TODAY)) == matched
    assert made.words() == words


@pytest.mark.parametrize("given", [row[0] for row in TRUTH], ids=[row[2] for row in TRUTH])
def test_filters_survive_being_written_and_read(given: dict[str, Any]) -> None:
    """Through JSON they are equal, also once they have been used."""
    made = Filter(given)
    made.mask(frame(), TODAY)
    again = Filter.model_validate_json(made.model_dump_json())
    assert again == made
    assert json.loads(made.model_dump_json()) == given
    assert bits(again.mask(frame(), TODAY)) == bits(made.mask(frame(), TODAY))


def test_no_row_of_an_empty_table_matches() -> None:
    """Of no rows none pass, whatever is asked."""
    for asked, _, _ in TRUTH:
        assert Filter(asked).mask(frame()[:0], TODAY).shape == (0,)


def test_cells_may_be_held_in_any_way() -> None:
    """Numbers as objects, floats or nullable ones; texts as objects, strings or categories."""
    for kind in ("float64", "Float64", object):
        cells = pd.DataFrame({"x": pd.Series([1.0, None, 3.0]).astype(kind)})
        assert bits(Filter({"x": {"at_least": 2}}).mask(cells)) == "001"
        assert bits(Filter({"x": 1}).mask(cells)) == "100"
        assert bits(Filter({"x": {"is_null": True}}).mask(cells)) == "010"
    for kind in (object, "string", "str", "category"):
        cells = pd.DataFrame({"x": pd.Series(["a", None, "b;a"], dtype=object).astype(kind)})
        assert bits(Filter({"x": "a"}).mask(cells)) == "100"
        assert bits(Filter({"x": {"has": "a"}}).mask(cells)) == "101"
        assert bits(Filter({"x": {"is_null": True}}).mask(cells)) == "010"
    for kind in (object, "boolean"):
        cells = pd.DataFrame({"x": pd.Series([True, None, False], dtype=object).astype(kind)})
        assert bits(Filter({"x": False}).mask(cells)) == "001"
    days = [dt.date(2026, 1, 1), None, dt.date(2026, 1, 3)]
    cells = pd.DataFrame({"x": pd.Series(days, dtype=object)})
    assert bits(Filter({"x": {"after": "2026-01-01"}}).mask(cells)) == "001"


def test_an_hour_of_the_day_is_on_the_day() -> None:
    """A quarter to midnight on the last day is not after it."""
    cells = pd.DataFrame({"x": pd.to_datetime(["2026-01-31 23:45", "2026-02-01 00:00"])})
    assert bits(Filter({"x": {"after": "today"}}).mask(cells, TODAY)) == "01"
    assert bits(Filter({"x": {"between": ["today", "today"]}}).mask(cells, TODAY)) == "10"


@pytest.mark.parametrize(
    ("text", "today", "day"),
    [
        ("today", "2026-01-31", "2026-01-31"),
        ("2027-03-31", "2026-01-31", "2027-03-31"),
        ("1 day", "2026-01-31", "2026-02-01"),
        ("90 days", "2026-01-31", "2026-05-01"),
        ("-31 days", "2026-01-31", "2025-12-31"),
        ("+2 weeks", "2026-01-31", "2026-02-14"),
        ("1 month", "2026-01-31", "2026-02-28"),
        ("1 month", "2028-01-31", "2028-02-29"),
        ("3 months", "2026-01-31", "2026-04-30"),
        ("-2 months", "2026-01-31", "2025-11-30"),
        ("12 months", "2026-01-31", "2027-01-31"),
        ("1 year", "2028-02-29", "2029-02-28"),
        ("-4 years", "2028-02-29", "2024-02-29"),
        ("0 days", "2026-01-31", "2026-01-31"),
    ],
)
def test_days_are_told_from_the_planning_date(text: str, today: str, day: str) -> None:
    """Months and years end on the last day of a shorter month."""
    assert day_of(text, dt.date.fromisoformat(today)) == dt.date.fromisoformat(day)


def test_a_day_told_from_no_planning_date_is_refused() -> None:
    """With the column, and what to write; plain dates need no planning date."""
    for text in ("today", "90 days"):
        with pytest.raises(DataError) as error:
            Filter({"renewal": {"before": text}}).mask(frame())
        assert str(error.value) == (
            f"filter on 'renewal': {text!r} is told from the planning date, and there is none\n"
            "    fix: set planning_date: YYYY-MM-DD in the scenario, or write a date"
        )
    assert bits(Filter({"renewal": {"before": "2026-02-01"}}).mask(frame())) == "10010"


@pytest.mark.parametrize("text", ["9000 years", "-2026 years", "999999 months", "-999999 days"])
def test_days_beyond_the_calendar_are_refused(text: str) -> None:
    """No year 11026, and none before the first."""
    with pytest.raises(DataError) as error:
        Filter({"renewal": {"before": text}}).mask(frame(), TODAY)
    assert str(error.value) == (
        f"filter on 'renewal': {text!r} is no day that calendars know\n    fix: write a nearer day"
    )


OPERATIONS = (
    "at_least, at_most, more_than, less_than, between, before, after, is, has, is_null, not"
)
PLAIN = "a value must be text, a number, true or false; for empty cells use is_null"

REFUSED: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({}, (), "asks for nothing; write a column and a value, or drop the filter"),
    ({"not": {}}, ("not",), "asks for nothing; write a column and a value, or drop the filter"),
    ({"x": {}}, ("x",), f"asks nothing of 'x'; write one of {OPERATIONS}"),
    ({"x": {"not": {}}}, ("x", "not"), f"asks nothing of 'x'; write one of {OPERATIONS}"),
    ({" ": 1}, (" ",), "names no column; write {column: value}"),
    ({"x": None}, ("x",), PLAIN),
    ({"x": ""}, ("x",), PLAIN),
    ({"x": ["a", ""]}, ("x",), PLAIN),
    ({"x": {"is": {"a": 1}}}, ("x", "is"), PLAIN),
    ({"x": math.nan}, ("x",), PLAIN),
    ({"x": 10**400}, ("x",), PLAIN),
    ({"x": dt.date(2026, 1, 1)}, ("x",), PLAIN),
    ({"x": []}, ("x",), "lists no value; write at least one"),
    ({"x": {"not": []}}, ("x", "not"), "lists no value; write at least one"),
    ({"x": ["a", 1]}, ("x",), "values are of several kinds; put all in quotes to compare text"),
    ({"x": [True, 1]}, ("x",), "values are of several kinds; put all in quotes to compare text"),
    (
        {"x": {"at_last": 1}},
        ("x", "at_last"),
        "unknown condition 'at_last'; did you mean 'at_least'?",
    ),
    ({"x": {"zzz": 1}}, ("x", "zzz"), f"unknown condition 'zzz'; write one of {OPERATIONS}"),
    ({"x": {"at_least": "5"}}, ("x", "at_least"), "'5' is not a number; write a number"),
    ({"x": {"at_least": True}}, ("x", "at_least"), "True is not a number; write a number"),
    ({"x": {"at_most": math.inf}}, ("x", "at_most"), "inf is not a number; write a number"),
    (
        {"x": {"more_than": "2027-01-01"}},
        ("x", "more_than"),
        "'2027-01-01' is not a number; write before or after",
    ),
    ({"x": {"between": 3}}, ("x", "between"), "between needs two ends; write [lowest, highest]"),
    ({"x": {"between": [3]}}, ("x", "between"), "between needs two ends; write [lowest, highest]"),
    ({"x": {"between": [2, 1]}}, ("x", "between"), "2 is above 1; write the lower end first"),
    (
        {"x": {"between": [1, "today"]}},
        ("x", "between"),
        "'today' is not a number; write before or after",
    ),
    ({"x": {"between": ["today", 5]}}, ("x", "between"), "5 is no day; write '5 days', or today"),
    (
        {"x": {"between": ["2027-01-02", "2027-01-01"]}},
        ("x", "between"),
        "'2027-01-02' is after '2027-01-01'; write the earlier day first",
    ),
    (
        {"x": {"between": ["90 days", "today"]}},
        ("x", "between"),
        "'90 days' is after 'today'; write the earlier day first",
    ),
    (
        {"x": {"between": ["1 month", "-3 weeks"]}},
        ("x", "between"),
        "'1 month' is after '-3 weeks'; write the earlier day first",
    ),
    ({"x": {"before": 90}}, ("x", "before"), "90 is no day; write '90 days', or today"),
    (
        {"x": {"after": "soon"}},
        ("x", "after"),
        "'soon' is no day; write 2027-03-31 or '90 days', or today",
    ),
    (
        {"x": {"after": "2027-02-30"}},
        ("x", "after"),
        "'2027-02-30' is no day; write 2027-03-31 or '90 days', or today",
    ),
    (
        {"x": {"after": "20270131"}},
        ("x", "after"),
        "'20270131' is no day; write 2027-03-31 or '90 days', or today",
    ),
    (
        {"x": {"is_null": "yes"}},
        ("x", "is_null"),
        "'yes' is not true or false; write true or false",
    ),
    ({"x": {"has": " "}}, ("x", "has"), "' ' is no word; write the word that the cell lists"),
    ({"x": {"has": ["a"]}}, ("x", "has"), "['a'] is no word; write the word that the cell lists"),
    (
        {"x": {"has": "a;b"}},
        ("x", "has"),
        "'a;b' is not one word; write any: [{column: {has: one}}, {column: {has: other}}], or all",
    ),
    ({"any": []}, ("any",), "lists no filter; write at least one"),
    ({"any": [{"x": 1}, 3]}, ("any", 1), "is no filter; write {column: value}"),
    ({"all": {"x": 1}}, ("all",), "all lists filters; write all: [{column: value}, ...]"),
    ({"any": "x"}, ("any",), "any lists filters; write any: [{column: value}, ...]"),
    ({"not": "x"}, ("not",), "not turns a filter around; write {column: {not: value}}"),
    (
        {"x": {"at_least": 1, "is": "a"}},
        (),
        "column 'x' is compared as number and as text; compare it as one of the two",
    ),
    (
        {"y": 1, "any": [{"x": True}, {"x": {"before": "today"}}]},
        (),
        "column 'x' is compared as flag and as date; compare it as one of the two",
    ),
]


@pytest.mark.parametrize(("given", "loc", "words"), REFUSED)
def test_what_cannot_be_read_is_refused(
    given: dict[str, Any], loc: tuple[str | int, ...], words: str
) -> None:
    """One fault, where it stands, with what to write instead."""
    with pytest.raises(ValidationError) as error:
        Filter(given)
    assert [(one["loc"], one["msg"]) for one in error.value.errors()] == [(loc, words)]


def test_all_faults_are_told_at_once() -> None:
    """Three of them, each at its place; a conflict of kinds waits until the rest can be read."""
    given = {
        "x": {"at_least": "a", "at_most": 1},
        "any": [{"y": None}, {"x": "a", "z": {"before": 3}}],
    }
    with pytest.raises(ValidationError) as error:
        Filter(given)
    assert [one["loc"] for one in error.value.errors()] == [
        ("x", "at_least"),
        ("any", 0, "y"),
        ("any", 1, "z", "before"),
    ]


def nested(depth: int, how: str) -> dict[str, Any]:
    """A filter inside so many others; an even number of nots changes nothing."""
    inner: Any = {"x": 1}
    for _ in range(depth):
        inner = {how: inner if how == "not" else [inner]}
    return dict(inner)


@pytest.mark.parametrize("how", ["not", "any", "all"])
def test_filters_may_be_nested_so_deep_and_no_deeper(how: str) -> None:
    """The deepest works, the next is refused in words, and a thousand do not break Python."""
    cells = pd.DataFrame({"x": [1.0, 2.0]})
    assert bits(Filter(nested(DEEPEST, how)).mask(cells)) == "10"
    for depth in (DEEPEST + 1, 1_000):
        with pytest.raises(ValidationError, match="nested deeper than 20; split it into several"):
            Filter(nested(depth, how))


def test_nots_of_one_column_may_be_nested_no_deeper() -> None:
    """Conditions turn around as filters do."""
    given: Any = 1
    for _ in range(1_000):
        given = {"not": given}
    with pytest.raises(ValidationError, match="nested deeper than 20"):
        Filter({"x": given})


def test_filters_tell_which_columns_they_read() -> None:
    """Each once, with what it must hold; empty cells and overlapping totals are no fault."""
    made = Filter(
        {
            "tier": {"is_null": False, "at_least": 1},
            "phone": {"is_null": True},
            "any": [{"segment": "gold"}, {"not": {"renewal": {"before": "today"}, "risk": True}}],
            "skills": {"has": "x"},
        }
    )
    kinds = {"tier": "number", "phone": "any", "segment": "text", "renewal": "date"}
    kinds |= {"risk": "flag", "skills": "text"}
    assert made.columns("reps") == tuple(
        Column("reps", name, kind, minimum=None, missing=True, additive=False)  # type: ignore[arg-type]
        for name, kind in kinds.items()
    )


# -------------------------------------------------------------------------- against a slow reader


def slow(given: dict[str, Any], row: dict[str, Any], today: dt.date) -> bool:
    """Whether one row passes, as the words of the language say it: one cell at a time."""
    for key, asked in given.items():
        if key == "any":
            passes = any(slow(one, row, today) for one in asked)
        elif key == "all":
            passes = all(slow(one, row, today) for one in asked)
        elif key == "not":
            passes = not slow(asked, row, today)
        else:
            passes = slow_cell(asked, row[key], today)
        if not passes:
            return False
    return True


COMPARED = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "more_than": operator.gt,
    "less_than": operator.lt,
    "after": operator.gt,
    "before": operator.lt,
}


def slow_cell(asked: Any, cell: Any, today: dt.date) -> bool:
    if isinstance(asked, list):
        return any(slow_cell(one, cell, today) for one in asked)
    if not isinstance(asked, dict):
        return cell is not None and type(cell) is type(asked) and cell == asked
    for op, end in asked.items():
        empty = cell is None or cell == ""
        if op == "not":
            passes = not slow_cell(end, cell, today)
        elif op == "is":
            passes = slow_cell(end, cell, today)
        elif op == "is_null":
            passes = empty is end
        elif op == "has":
            passes = not empty and end in [word.strip() for word in cell.split(";")]
        elif empty:
            passes = False
        elif op == "between":
            passes = slow_end(end[0], today) <= cell <= slow_end(end[1], today)
        else:
            passes = COMPARED[op](cell, slow_end(end, today))
        if not passes:
            return False
    return True


def slow_end(end: Any, today: dt.date) -> Any:
    """A number, or the day that a text means, counted month by month."""
    if not isinstance(end, str):
        return end
    if end == "today":
        return today
    if " " not in end:
        return dt.date(*(int(part) for part in end.split("-")))
    count, unit = end.split(" ")
    if unit[:3] in ("day", "wee"):
        return today + dt.timedelta(days=int(count) * (7 if unit[:3] == "wee" else 1))
    months = today.year * 12 + today.month - 1 + int(count) * (12 if unit[:3] == "yea" else 1)
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(today.day, last))


NUMBERS = st.sampled_from([-1.5, 0.0, 1.0, 2.0, 2.5])
WORDS = st.sampled_from(["a", "b", "A", "a b"])
DAYS = st.dates(dt.date(2024, 1, 25), dt.date(2024, 4, 5))
ENDS = st.one_of(
    DAYS.map(str),
    st.just("today"),
    st.builds(
        lambda count, unit: f"{count} {unit}s",
        st.integers(-3, 3),
        st.sampled_from(["day", "week", "month", "year"]),
    ),
)
LISTS = st.lists(WORDS, max_size=3).map("; ".join)


def one_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


def turned(conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Conditions of a column, or the opposite."""
    nulls = st.fixed_dictionaries({"is_null": st.booleans()})
    plain = conditions | nulls
    return plain | plain.map(lambda one: {"not": one})


def ops(names: list[str], ends: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(names), ends, min_size=1, max_size=2)


CONDITIONS = st.one_of(
    st.tuples(
        st.just("number"),
        turned(
            one_of(NUMBERS)
            | ops(["at_least", "at_most", "more_than", "less_than"], NUMBERS)
            | st.lists(NUMBERS, min_size=2, max_size=2).map(lambda two: {"between": sorted(two)})
        ),
    ),
    st.tuples(st.just("text"), turned(one_of(WORDS) | WORDS.map(lambda one: {"is": one}))),
    st.tuples(st.just("list"), turned(WORDS.map(lambda one: {"has": one}))),
    st.tuples(
        st.just("date"),
        turned(
            ops(["before", "after"], ENDS)
            | st.lists(DAYS.map(str), min_size=2, max_size=2).map(
                lambda two: {"between": sorted(two)}
            )
        ),
    ),
    st.tuples(st.just("flag"), turned(one_of(st.booleans()))),
).map(lambda pair: {pair[0]: pair[1]})

FILTERS = st.recursive(
    CONDITIONS
    | st.lists(CONDITIONS, min_size=1, max_size=3).map(
        lambda all_: {k: v for one in all_ for k, v in one.items()}
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"any": some}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"all": some}),
        inner.map(lambda one: {"not": one}),
        st.tuples(inner, inner).map(lambda two: {**two[0], **two[1]}),
    ),
    max_leaves=6,
)

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.none() | NUMBERS,
            "text": st.none() | st.just("") | WORDS,
            "list": st.none() | LISTS,
            "date": st.none() | DAYS,
            "flag": st.none() | st.booleans(),
        }
    ),
    max_size=6,
)


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows as the reader of tables makes them."""
    kinds = {"number": "float64", "text": object, "list": object, "flag": object}
    made = pd.DataFrame(rows, columns=[*kinds, "date"], dtype=object).astype(kinds)
    made["date"] = pd.to_datetime(made["date"])
    return made


@settings(max_examples=300, deadline=None)
@given(FILTERS, ROWS, DAYS)
def test_random_filters_match_what_a_slow_reader_matches(
    given: dict[str, Any], rows: list[dict[str, Any]], today: dt.date
) -> None:
    """Whole columns at once, or cell by cell: the same rows; and again after JSON."""
    made = Filter(given)
    expected = [slow(given, row, today) for row in rows]
    assert made.mask(table(rows), today).tolist() == expected
    assert Filter.model_validate_json(made.model_dump_json()) == made
    assert made.words()


# ---------------------------------------------------------------------------------- from a file


def scenario(tmp_path: Path, where: str) -> Path:
    path = tmp_path / "calm.yaml"
    path.write_text(
        "schema: 1\nname: calm\ndata:\n  accounts: {file: accounts.csv}\n  reps: {file: reps.csv}\n"
        f"rules:\n  hours:\n    kind: capacity\n    where:\n{where}",
        encoding="utf-8",
    )
    return path


def test_filters_are_read_from_a_file(tmp_path: Path) -> None:
    """As YAML writes them, dates without quotes included; written out, they read back."""
    text = """\
      segment: [gold, silver]
      since: {before: 2026-01-31}
      any:
        - at_risk: true
        - not: {tier: {between: [1, 2.5]}}
"""
    made = load(scenario(tmp_path, text))
    found = made.rules["hours"].where
    assert found is not None
    assert found.root == {
        "segment": ["gold", "silver"],
        "since": {"before": "2026-01-31"},
        "any": [{"at_risk": True}, {"not": {"tier": {"between": [1, 2.5]}}}],
    }
    assert found.words() == (
        "segment is one of gold, silver and since is before 2026-01-31 and "
        "(at_risk is True or not (tier is between 1 and 2.5))"
    )
    again = type(made).from_dict(made.to_dict())
    assert again.rules == made.rules
    assert again.fingerprint() == made.fingerprint()


def test_faults_of_a_filter_name_their_place_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line and column of each, all at once."""
    monkeypatch.chdir(tmp_path)
    text = """\
      tier: {at_last: 1}
      any:
        - segment: []
        - since: {before: 90}
"""
    with pytest.raises(SpecError) as error:
        load(scenario(tmp_path, text).name)
    assert str(error.value) == (
        "calm.yaml:10:14, rules.hours.where.tier.at_last: unknown condition 'at_last'\n"
        "    fix: did you mean 'at_least'?\n"
        "calm.yaml:12:11, rules.hours.where.any.0.segment: lists no value\n"
        "    fix: write at least one\n"
        "calm.yaml:13:19, rules.hours.where.any.1.since.before: 90 is no day\n"
        "    fix: write '90 days', or today"
    )


def test_a_filter_that_is_no_mapping_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of filters is not one."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"calm.yaml:9:5, rules.hours.where: .* is not a mapping"):
        load(scenario(tmp_path, "      - segment: gold\n").name)
