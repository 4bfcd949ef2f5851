"""Days that filters compare with: dates, or days told from the planning date."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pandas as pd

from optiterr.errors import DataError

DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
AHEAD = re.compile(r"([+-]?\d{1,6}) (day|week|month|year)s?", re.ASCII)
"""A day told from the planning date: "90 days", "-2 months"."""


def day_of(text: str, today: dt.date | None, what: str = "") -> dt.date:
    """The day that ``text`` means: a date, ``today``, or so many days, weeks, months, years ahead.

    Months and years end on the last day of a shorter month. DataError when the day is told from
    the planning date and there is none.
    """
    ahead = AHEAD.fullmatch(text)
    if ahead is None and text != "today":
        return dt.date.fromisoformat(text)
    if today is None:
        raise DataError(
            f"filter on {what!r}" if what else "filter",
            f"{text!r} is told from the planning date, and there is none",
            "set planning_date: YYYY-MM-DD in the scenario, or write a date",
        )
    if ahead is None:
        return today
    steps: dict[str, Any] = {f"{ahead[2]}s": int(ahead[1])}
    step = pd.DateOffset(**steps)
    try:
        return (pd.Timestamp(today) + step).date()
    except (OverflowError, ValueError) as error:
        raise DataError(
            f"filter on {what!r}" if what else "filter",
            f"{text!r} is no day that calendars know",
            "write a nearer day",
        ) from error


def is_day(text: str) -> bool:
    if text == "today" or AHEAD.fullmatch(text):
        return True
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return DATE.fullmatch(text) is not None


def is_surely_later(first: str, last: str) -> bool:
    """Whether ``first`` is after ``last``, whatever the planning date and the lengths of months."""
    if DATE.fullmatch(first) and DATE.fullmatch(last):
        return first > last
    ends = [AHEAD.fullmatch("0 days" if text == "today" else text) for text in (first, last)]
    if ends[0] is None or ends[1] is None:
        return False
    steps = [int(end[1]) for end in ends if end is not None]
    alike = ends[0][2] == ends[1][2] or 0 in steps or (steps[0] > 0 > steps[1])
    return alike and steps[0] > steps[1]
