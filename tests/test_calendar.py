"""Capacity as a calendar: hand-worked hours, a slow recount day by day, and every refusal."""

from __future__ import annotations

import datetime as dt
import random
import re
import warnings
from calendar import monthrange
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from optiterr import Scenario, load, solve
from optiterr.engine import read
from optiterr.errors import DataError, OptiterrWarning, SpecError
from optiterr.problem import Column, Problem
from optiterr.tables.calendar import CalendarSpec, made_units
from optiterr.tables.hours import month_starts
from optiterr.tables.reading import read_problem
from optiterr.tables.spec import DataSpec

ROOT = Path(__file__).resolve().parents[1]
DAY = dt.date.fromisoformat
H1 = {"first_day": "2027-01-01", "last_day": "2027-06-30"}
"""129 working days: January 21, February 20, March 23, April 22, May 21, June 22."""
YEAR = {"first_day": "2027-01-01", "last_day": "2027-12-31"}
"""January to June 129, then 22, 22, 22, 21, 22, 23: 261."""
RAMP = {"starts": "from", "ramp": {"curve": "hire"}, "ramps": {"hire": [0.25, 0.5, 0.75]}}


def problem(
    reps: Sequence[Mapping[str, Any]],
    calendar: Mapping[str, Any],
    *,
    tables: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    asked: Sequence[Column] = (),
    planning_date: dt.date | None = None,
    **said: Any,
) -> Problem:
    """The problem of one account and ``reps`` r1, r2, ... with one calendar, ``capacity``."""
    rows = [{"rep_id": f"r{at}", **rep} for at, rep in enumerate(reps, start=1)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    spec = DataSpec.model_validate(
        {
            "accounts": {"records": [{"account_id": "a"}], **said.pop("accounts", {})},
            "reps": {
                "records": [{name: row.get(name) for name in columns} for row in rows],
                "calendar": said.pop("calendars", {"capacity": calendar}),
                **said,
            },
            "tables": {name: {"records": rows} for name, rows in (tables or {}).items()},
        }
    )
    return read_problem(spec, asked, Path("unused"), planning_date=planning_date)


def hours(rep: Mapping[str, Any], calendar: Mapping[str, Any], **more: Any) -> float:
    """The hours of one rep; a second rep, there all year, must not change them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptiterrWarning)
        return float(
            problem([rep, dict.fromkeys(rep, None) | FULL], calendar, **more).reps["capacity"][0]
        )


FULL = {"fte": 1, "share": 1, "reserve": 0, "off": 0, "daily": 8}


def refusal(*args: Any, **more: Any) -> list[tuple[str, str, str]]:
    """Where, what and fix of every fault."""
    with pytest.raises(DataError) as caught:
        problem(*args, **more)
    return [(fault.where, fault.what, fault.fix) for fault in caught.value.faults]


# ------------------------------------------------------------------------------------ hand-worked


def test_working_days_times_hours() -> None:
    """Half a year of 129 working days at 8 hours: 1032."""
    assert hours({}, H1) == 1032


def test_the_period_begins_on_the_planning_date_when_nothing_else_is_said() -> None:
    """From 1 June 2027: 22 working days x 8 = 176."""
    calendar = {"last_day": "2027-06-30"}
    assert hours({}, calendar, planning_date=DAY("2027-06-01")) == 176


def test_one_day_is_a_period() -> None:
    """First and last day are both included: Friday 1 January 2027 counts, Saturday does not."""
    assert hours({}, {"first_day": "2027-01-01", "last_day": "2027-01-01"}) == 8
    assert hours({}, {"first_day": "2027-01-02", "last_day": "2027-01-02"}) == 0


def test_fte_share_and_reserve_multiply() -> None:
    """129 days x 8 h x 0.5 FTE x 0.8 productive x (1 - 0.1 kept free) = 371.52."""
    said = {"fte": 0.5, "productive_share": 0.8, "reserve": 0.1}
    assert hours({}, {**H1, **said}) == pytest.approx(371.52, rel=1e-12)
    columns = {"fte": "fte", "productive_share": "share", "reserve": "reserve"}
    rep = {"fte": 0.5, "share": 0.8, "reserve": 0.1}
    assert hours(rep, {**H1, **columns}) == pytest.approx(371.52, rel=1e-12)


def test_hours_of_a_day_from_a_column() -> None:
    """129 days x 7.5 h = 967.5. A day has 24 at most, and as many are allowed."""
    assert hours({"daily": 7.5}, {**H1, "hours_per_day": "daily"}) == 967.5
    assert hours({"daily": 24}, {**H1, "hours_per_day": "daily"}) == 129 * 24


def test_a_part_time_week() -> None:
    """Mondays and Saturdays of June 2027: 7, 14, 21, 28 and 5, 12, 19, 26: 8 days x 8 h."""
    june = {"first_day": "2027-06-01", "last_day": "2027-06-30"}
    assert hours({}, {**june, "workdays": ["sat", "mon"]}) == 64


def test_a_hire_in_mid_march_at_half_time_ramps_up() -> None:
    """A month since the start is 15th to 14th, whatever the months are called.

    FTE 0.5, so 4 h a day. 15 March (Monday) to 14 April: 13 + 10 = 23 days at 25 %; to 14 May:
    12 + 10 = 22 at 50 %; to 14 June: 11 + 10 = 21 at 75 %; to 30 June: 12 at 100 %.
    4 x (5.75 + 11 + 15.75 + 12) = 178.
    """
    assert hours({"fte": 0.5, "from": "2027-03-15"}, {**H1, **RAMP, "fte": "fte"}) == 178


def test_a_hire_before_the_period_is_further_up_the_ramp() -> None:
    """Start 1 December 2026: January is the second month (21 days at 50 %), February the third.

    With 20 days at 75 % in February and 88 in full to June: 8 x (10.5 + 15 + 88) = 908.
    """
    assert hours({"from": "2026-12-01"}, {**H1, **RAMP}) == 908


def test_a_hire_long_ago_gives_full_output() -> None:
    """A start in 1999 is no ramp, and no start date is none either."""
    assert hours({"from": "1999-02-28"}, {**H1, **RAMP}) == 1032
    assert hours({"from": None}, {**H1, **RAMP}) == 1032


def test_a_start_on_a_sunday_counts_months_from_that_sunday() -> None:
    """Sunday 7 March 2027 to Tuesday 6 April: 18 + 4 = 22 days at 0, then to 30 April 18 at 100 %.

    March from the 8th: 8-12, 15-19, 22-26, 29-31 = 18. April 1, 2, 5, 6 = 4; 22 - 4 = 18: 144 h.
    """
    ramp = {**RAMP, "ramps": {"hire": [0]}}
    spring = {"first_day": "2027-03-01", "last_day": "2027-04-30"}
    assert hours({"from": "2027-03-07"}, {**spring, **ramp}) == 144


@pytest.mark.parametrize(
    ("start", "months"),
    [
        ("2027-01-31", ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        ("2028-01-30", ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"]),
        ("2027-12-15", ["2027-12-15", "2028-01-15", "2028-02-15", "2028-03-15"]),
        ("2028-02-29", ["2028-02-29", "2028-03-29", "2028-04-29", "2028-05-29"]),
    ],
)
def test_months_since_a_month_end(start: str, months: list[str]) -> None:
    """A day that a month lacks is its last day, and the next month goes by the start date again."""
    assert month_starts(np.array([start], "M8[D]"), 3)[0].astype(str).tolist() == months


def test_a_start_on_31_january() -> None:
    """Sunday 31 January: first month to Saturday 27 February (20 days at 0), second to 30 March.

    28 February (Sunday) to 30 March: 22 days at 50 %; 31 March: 1 day in full. 8 x (11 + 1) = 96.
    """
    ramp = {**RAMP, "ramps": {"hire": [0, 0.5]}}
    quarter = {"first_day": "2027-01-01", "last_day": "2027-03-31"}
    assert hours({"from": "2027-01-31"}, {**quarter, **ramp}) == 96


def test_a_leaver_works_on_the_last_day() -> None:
    """Last day Wednesday 30 June of a whole year: 129 days, as the half-year has."""
    assert hours({"to": "2027-06-30"}, {**YEAR, "ends": "to"}) == 1032
    assert hours({"to": "2027-06-29"}, {**YEAR, "ends": "to"}) == 1024


def test_nobody_works_before_the_start_or_after_the_end() -> None:
    """1 February to 31 March: 20 + 23 = 43 days. Outside the period altogether: none."""
    said = {**H1, "starts": "from", "ends": "to"}
    assert hours({"from": "2027-02-01", "to": "2027-03-31"}, said) == 344
    assert hours({"from": "2027-02-01", "to": "2027-02-01"}, said) == 8
    assert hours({"from": "2027-07-01", "to": None}, said) == 0
    assert hours({"from": "2025-01-01", "to": "2026-12-31"}, said) == 0


def test_february_of_a_leap_year() -> None:
    """29 days from Tuesday 1 February 2028: five Tuesdays, four of the other days: 21 x 8."""
    assert hours({}, {"first_day": "2028-02-01", "last_day": "2028-02-29"}) == 168


def test_holidays_on_working_days_only() -> None:
    """1 January 2027 is a Friday (off), 2 January a Saturday, 1 May a Saturday: one day less.

    Twice the same day is still one day, and a day of another year is none.
    """
    days = ["2027-01-01", "2027-01-02", "2027-05-01", "2027-01-01", "2026-12-25"]
    assert hours({}, {**H1, "holidays": days}) == 1024


def test_holidays_of_a_region() -> None:
    """6 January is off in Bavaria, 8 March in Berlin, 29 March for all: two days less, one for r2.

    A rep without a region has the days of everybody only.
    """
    rows = [
        {"day": "2027-01-06", "region": "Bavaria"},
        {"day": "2027-03-08", "region": "Berlin"},
        {"day": "2027-03-29", "region": None},
    ]
    calendar = {**H1, "holidays_table": "off", "region": "land", "holidays": ["2027-04-01"]}
    reps = [{"land": "Bavaria"}, {"land": None}]
    found = problem(reps, calendar, tables={"off": rows})
    assert found.reps["capacity"].tolist() == [8 * 126, 8 * 127]


def test_a_table_of_holidays_for_everybody() -> None:
    """Without a column region the days are everybody's."""
    calendar = {**H1, "holidays_table": "off"}
    assert hours({}, calendar, tables={"off": [{"day": "2027-01-06"}]}) == 1024


def test_days_of_leave_are_spread_evenly() -> None:
    """30 of 129 working days: 99 x 8 = 792. Half a day off is half a day."""
    assert hours({"off": 30}, {**H1, "leave": "off"}) == 792
    assert hours({"off": 0.5}, {**H1, "leave": "off"}) == 1028
    assert hours({"off": 129}, {**H1, "leave": "off"}) == 0


def test_days_of_leave_of_a_new_hire_are_spread_over_the_ramp() -> None:
    """March 2027 at 50 % (23 days), April in full (22): 33.5 days; 9 of 45 off: x 0.8 = 26.8."""
    ramp = {**RAMP, "ramps": {"hire": [0.5]}, "leave": "off"}
    said = {"first_day": "2027-01-01", "last_day": "2027-04-30", **ramp}
    assert hours({"from": "2027-03-01", "off": 9}, said) == pytest.approx(8 * 26.8, rel=1e-12)


def test_leave_from_a_table() -> None:
    """Friday 1 to Friday 8 January: 6 working days. Monday 1 March at half a day: 0.5 days.

    Leave of another rep, before the period, and at a week-end takes nothing away:
    (129 - 6 - 0.5) x 8 = 980.
    """
    rows = [
        {"rep": "r1", "first_day": "2027-01-01", "last_day": "2027-01-08", "share": 1},
        {"rep": "r1", "first_day": "2027-03-01", "last_day": "2027-03-01", "share": 0.5},
        {"rep": "r1", "first_day": "2026-12-01", "last_day": "2026-12-31", "share": 1},
        {"rep": "r1", "first_day": "2027-03-06", "last_day": "2027-03-07", "share": 1},
        {"rep": "r2", "first_day": "2027-02-01", "last_day": "2027-02-28", "share": 1},
    ]
    found = problem([{}, {}], {**H1, "leave_table": "leave"}, tables={"leave": rows})
    assert found.reps["capacity"].tolist() == [980, 8 * 109]


def test_leave_takes_away_what_the_ramp_would_have_given() -> None:
    """Start 1 March at 50 % for a month: off 29 March to 2 April is 3 days at 50 %, 2 in full.

    March 23 x 0.5 + April 22 = 33.5, less 3.5 = 30 days: 240 hours. 29 March to 2 April holds
    29, 30, 31 March and 1, 2 April.
    """
    rows = [{"rep": "r1", "first_day": "2027-03-29", "last_day": "2027-04-02"}]
    ramp = {**RAMP, "ramps": {"hire": [0.5]}, "leave_table": "leave"}
    said = {"first_day": "2027-01-01", "last_day": "2027-04-30", **ramp}
    assert hours({"from": "2027-03-01"}, said, tables={"leave": rows}) == 240


def test_leave_after_the_end_takes_nothing_away() -> None:
    """Gone on 31 March (64 days); off from Wednesday 31 March to June: one day."""
    rows = [{"rep": "r1", "first_day": "2027-03-31", "last_day": "2027-06-30"}]
    said = {**H1, "ends": "to", "leave_table": "leave"}
    assert hours({"to": "2027-03-31"}, said, tables={"leave": rows}) == 504


def test_leave_of_a_departed_rep_is_nobody_s() -> None:
    """An id in data.accounts.departed is no typing error."""
    rows = [{"rep": "old", "first_day": "2027-03-01", "last_day": "2027-06-30"}]
    owned = {"records": [{"account_id": "a", "own": "old"}], "owner": "own", "departed": ["old"]}
    said = {**H1, "leave_table": "leave"}
    assert hours({}, said, tables={"leave": rows}, accounts=owned) == 1032


def test_leave_of_a_rep_whom_the_scenario_leaves_out_is_nobody_s() -> None:
    """Half a team is planned; the table of leave is the whole team's."""
    rows = [{"rep": "r2", "first_day": "2027-03-01", "last_day": "2027-06-30"}]
    reps = [{"team": "east"}, {"team": "west"}]
    said = {**H1, "leave_table": "leave"}
    found = problem(reps, said, tables={"leave": rows}, where={"team": "east"})
    assert found.reps["capacity"].tolist() == [1032]


def test_each_rep_follows_the_curve_that_a_column_names() -> None:
    """June 2027, 22 days, all start on 1 June: slow 0 h, quick 88 h, without a curve 176 h."""
    june = {"first_day": "2027-06-01", "last_day": "2027-06-30", "starts": "from"}
    ramp = {"ramp": {"column": "profile"}, "ramps": {"slow": [0, 0, 0.5], "quick": [0.5]}}
    reps = [
        {"from": "2027-06-01", "profile": profile} for profile in ("slow", "quick", None, "quick")
    ]
    with pytest.warns(OptiterrWarning, match="gives no hours"):
        found = problem(reps, {**june, **ramp})
    assert found.reps["capacity"].tolist() == [0, 88, 176, 88]


def test_several_calendars_make_several_columns() -> None:
    """Two quarters apart: 64 and 65 days; rules read them like columns of the file."""
    calendars = {
        "q1": {"first_day": "2027-01-01", "last_day": "2027-03-31"},
        "q2": {"first_day": "2027-04-01", "last_day": "2027-06-30"},
    }
    asked = [Column("reps", "q1"), Column("reps", "q2")]
    found = problem([{}], {}, calendars=calendars, asked=asked)
    assert found.rep_number("q1").tolist() == [512]
    assert found.rep_number("q2").tolist() == [520]


def test_columns_may_have_other_names_in_the_file() -> None:
    """A calendar speaks of columns by the scenario's names."""
    said = {"columns": {"fte": "FTE %"}}
    found = problem([{"FTE %": "0.5"}], {**H1, "fte": "fte"}, **said)
    assert found.reps["capacity"].tolist() == [516]


def test_the_unit_of_what_a_calendar_makes_is_hours() -> None:
    """Measures that add hours and currency are told apart by it."""
    spec = CalendarSpec.model_validate(H1)
    assert made_units({"capacity": spec, "q2": spec}) == {"capacity": "hours", "q2": "hours"}


# ------------------------------------------------------------------------------ a slow recount


def months_since(start: dt.date, day: dt.date) -> int:
    """Whole months from ``start`` to ``day``, found by trying them one after the other."""
    months = 0
    while True:
        month = start.month + months
        year, month = start.year + month // 12, month % 12 + 1
        then = dt.date(year, month, min(start.day, monthrange(year, month)[1]))
        if then > day:
            return months
        months += 1


def recounted(spec: CalendarSpec, rep: Mapping[str, Any], tables: Mapping[str, Any]) -> float:
    """The hours of a rep added up day by day, from the definition."""

    def number(said: Any) -> float:
        return rep[said] if isinstance(said, str) else said

    assert spec.first_day is not None
    daily = number(spec.hours_per_day) * number(spec.fte) * number(spec.productive_share)
    start, end = (rep[name] if name else None for name in (spec.starts, spec.ends))
    curve: Sequence[float] = ()
    if spec.ramp is not None:
        named = spec.ramp.curve or rep[spec.ramp.column]
        curve = spec.ramps[named] if named else ()
    off = set(spec.holidays)
    if spec.holidays_table:
        off |= {
            row["day"]
            for row in tables[spec.holidays_table]
            if row.get("region") in (None, rep.get(str(spec.region)))
        }
    total, worked, day = 0.0, 0, spec.first_day
    while day <= spec.last_day:
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
        there = (start is None or start <= day) and (end is None or day <= end)
        if name in spec.workdays and day not in off and there:
            worked += 1
            output = 1.0
            if start is not None and months_since(start, day) < len(curve):
                output = curve[months_since(start, day)]
            for row in tables.get("leave", ()) if spec.leave_table else ():
                if row["rep"] == rep["rep_id"] and row["first_day"] <= day <= row["last_day"]:
                    output *= 1 - row.get("share", 1.0)
            total += output
        day += dt.timedelta(1)
    if spec.leave and worked:
        total *= 1 - rep[spec.leave] / worked
    return daily * (1 - number(spec.reserve)) * total


def random_calendar(rng: random.Random) -> tuple[dict[str, Any], list[Any], dict[str, Any]]:
    """A calendar with its reps and tables; every part of the language is drawn now and then."""

    def near(day: dt.date, reach: int) -> dt.date:
        return day + dt.timedelta(rng.randint(-reach, reach))

    def maybe(chance: float) -> bool:
        return rng.random() < chance

    first = dt.date(2026, 11, 1) + dt.timedelta(rng.randint(0, 600))
    last = first + dt.timedelta(rng.choice([0, 1, 6, 27, 28, 59, 89, 180]))
    said: dict[str, Any] = {"first_day": first, "last_day": last}
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    if maybe(0.5):
        said["workdays"] = rng.sample(week, rng.randint(1, 7))
    for field, column, value in (
        ("fte", "fte", 0.8),
        ("hours_per_day", "daily", 7.5),
        ("productive_share", "share", 0.6),
        ("reserve", "reserve", 0.15),
    ):
        if maybe(0.6):
            said[field] = rng.choice([column, value])
    reps = []
    for at in range(rng.randint(1, 5)):
        start = None if maybe(0.3) else near(first, 120)
        if start and maybe(0.3):  # month ends are where months are hard to count
            start = start.replace(day=monthrange(start.year, start.month)[1])
        end = None if maybe(0.5) else (start or first) + dt.timedelta(rng.randint(0, 200))
        reps.append(
            {
                "rep_id": f"r{at + 1}",
                "fte": rng.choice([0, 0.5, 1]),
                "daily": rng.choice([6, 8]),
                "share": rng.random(),
                "reserve": rng.random(),
                "from": start,
                "to": end,
                "off": 0,
                "land": rng.choice(["north", "south", None]),
                "profile": rng.choice(["one", "two", None]),
            }
        )
    tables: dict[str, Any] = {}
    if maybe(0.8):
        said["starts"] = "from"
        said["ends"] = "to"
        if maybe(0.7):
            curves = {
                "one": [rng.random() for _ in range(rng.randint(1, 6))],
                "two": [rng.random() for _ in range(rng.randint(1, 3))],
            }
            ramp = rng.choice([{"curve": "one"}, {"column": "profile"}])
            said |= {"ramps": curves, "ramp": ramp}
    if maybe(0.5):
        said["holidays"] = [near(first, 60) for _ in range(rng.randint(0, 5))]
    if maybe(0.5):
        rows = [{"day": near(last, 60)} for _ in range(rng.randint(1, 8))]
        if maybe(0.5):
            said["region"] = "land"
            rows = [row | {"region": rng.choice(["north", "south", None])} for row in rows]
        said["holidays_table"], tables["days"] = "days", rows
    if maybe(0.5):
        rows = []
        for rep in reps:
            day = near(first, 30)
            for _ in range(rng.randint(0, 4)):
                until = day + dt.timedelta(rng.choice([0, 1, 4, 20]))
                rows.append({"rep": rep["rep_id"], "first_day": day, "last_day": until})
                day = until + dt.timedelta(rng.randint(1, 20))
        rng.shuffle(rows)
        if maybe(0.5):
            rows = [row | {"share": rng.choice([0, 0.25, 1])} for row in rows]
        if rows:
            said["leave_table"], tables["leave"] = "leave", rows
    elif maybe(0.6):
        said["leave"] = "off"
        bare = CalendarSpec.model_validate(
            {key: value for key, value in said.items() if key not in ("ramp", "ramps", "leave")}
            | {"hours_per_day": 1.0, "fte": 1.0, "productive_share": 1.0, "reserve": 0.0}
        )
        for rep in reps:
            rep["off"] = rng.choice([0, 0.5, 1]) * recounted(bare, rep, tables)
    return said, reps, tables


def test_hours_agree_with_a_count_day_by_day() -> None:
    """300 random calendars, each rep's hours as the definition adds them up one day at a time."""
    rng = random.Random(2027)
    seen: set[str] = set()
    some = 0
    for _ in range(300):
        said, reps, tables = random_calendar(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptiterrWarning)
            found = problem(reps, said, tables=tables).reps["capacity"].to_numpy()
        spec = CalendarSpec.model_validate(said)
        wanted = [recounted(spec, rep, tables) for rep in reps]
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=str(said))
        seen |= set(said)
        some += int(np.count_nonzero(found))
    assert seen == set(CalendarSpec.model_fields)
    assert some > 300


def test_rows_of_reps_and_tables_may_stand_in_any_order() -> None:
    """Positions are found by id: shuffled reps and shuffled leave give the same hours."""
    rng = random.Random(5)
    ids = [f"r{at}" for at in range(1, 9)]
    rows = [
        {"rep": one, "first_day": DAY("2027-03-01"), "last_day": DAY(f"2027-03-0{at}")}
        for at, one in enumerate(ids, start=1)
    ]
    said = {**H1, "leave_table": "leave"}

    def by_id(order: list[str], rows: list[Any]) -> dict[str, float]:
        found = problem([{"rep_id": one} for one in order], said, tables={"leave": rows})
        return dict(zip(found.reps["rep_id"], found.reps["capacity"], strict=True))

    assert by_id(rng.sample(ids, 8), rng.sample(rows, 8)) == by_id(ids, rows)


# ------------------------------------------------------------------------------------ what is wrong

REPS = "data.reps.records"
CAPACITY = "data.reps.calendar.capacity"


@pytest.mark.parametrize(
    ("rep", "calendar", "fault"),
    [
        (
            {"fte": -0.5},
            {"fte": "fte"},
            ("{}, record 1, column 'fte'", "-0.5 is below 0", "write a number of at least 0"),
        ),
        (
            {"fte": None},
            {"fte": "fte"},
            (
                "{}, record 1, column 'fte'",
                "the cell is empty",
                "give the number; write 0 only where it is 0",
            ),
        ),
        (
            {"fte": 80},
            {"fte": "fte"},
            (
                "{}, record 1, column 'fte'",
                "an FTE of 80 at 8 hours is more than a day has",
                "write the FTE as part of a full working day, such as 0.8, and hours of one day",
            ),
        ),
        (
            {"share": 80},
            {"productive_share": "share"},
            (
                "{}, record 1, column 'share'",
                "80 is no share: more than 1",
                "write the share 0.8",
            ),
        ),
        (
            {"reserve": 1.1},
            {"reserve": "reserve"},
            ("{}, record 1, column 'reserve'", "1.1 is no share: more than 1", "write at most 1"),
        ),
        (
            {"from": "2027-03-15", "to": "2027-03-14"},
            {"starts": "from", "ends": "to"},
            (
                "{}, record 1, column 'to'",
                "the last day (2027-03-14) is before the first (2027-03-15)",
                "correct one of the two; the last day is one that is worked",
            ),
        ),
        (
            {"off": 129.5},
            {"leave": "off"},
            (
                "{}, record 1, column 'off'",
                "129.5 days off are more than the 129 working days from 2027-01-01 to 2027-06-30",
                "write working days off in this period only",
            ),
        ),
        (
            {"from": "2027-07-01", "off": 1},
            {"starts": "from", "leave": "off"},
            (
                "{}, record 1, column 'off'",
                "1 days off are more than the 0 working days from 2027-01-01 to 2027-06-30",
                "write working days off in this period only",
            ),
        ),
        (
            {"from": "15.3.2027"},
            {"starts": "from"},
            (
                "{}, record 1, column 'from'",
                "'15.3.2027' is no date",
                "write the date as year-month-day, for example 2026-07-01",
            ),
        ),
        (
            {"profile": "new-hyre", "from": None},
            {**RAMP, "ramp": {"column": "profile"}, "ramps": {"new-hire": [0.5]}},
            (
                "{}, record 1, column 'profile'",
                "there is no curve 'new-hyre' in ramps",
                "did you mean 'new-hire'?",
            ),
        ),
        (
            {"FTE": 1},
            {"fte": "fte"},
            (
                "{}",
                f"has no column 'fte', which {CAPACITY}.fte reads",
                "did you mean 'FTE'? write data.reps.columns: {fte: FTE}; its columns: rep_id, FTE",
            ),
        ),
        (
            {},
            {"starts": "starts"},
            (
                "{}",
                f"has no column 'starts', which {CAPACITY}.starts reads",
                "its columns: rep_id",
            ),
        ),
        (
            {"capacity": 5},
            {},
            (
                CAPACITY,
                "{} has a column 'capacity' already",
                "give what the calendar makes another name, such as capacity_hours",
            ),
        ),
        (
            {},
            {"leave_table": "leave"},
            (
                f"{CAPACITY}.leave_table",
                "there is no table 'leave' under data.tables",
                "did you mean 'leaves'?",
            ),
        ),
        (
            {},
            {"holidays_table": "bank"},
            (
                f"{CAPACITY}.holidays_table",
                "there is no table 'bank' under data.tables",
                "add data.tables.bank",
            ),
        ),
    ],
)
def test_what_a_rep_may_not_say(
    rep: dict[str, Any], calendar: dict[str, Any], fault: tuple[str, str, str]
) -> None:
    """Each is refused with its row, in these words, and alone."""
    told = refusal([rep], {**H1, **calendar}, tables={"leaves": [{"rep": "r1"}]})
    assert told == [tuple(part.replace("{}", REPS) for part in fault)]


def test_a_column_by_its_name_in_the_file() -> None:
    """The scenario calls it otherwise, and says so."""
    assert refusal([{"FTE": 1}], {**H1, "fte": "FTE"}, columns={"fte": "FTE"}) == [
        (
            f"{REPS}, column 'FTE'",
            f"{CAPACITY}.fte reads it by this name, and the scenario calls it 'fte'",
            "write 'fte' there, or name it twice with data.reps.columns: {FTE: FTE}",
        )
    ]


def test_no_day_to_begin_with() -> None:
    """Neither a first day nor a planning date."""
    assert refusal([{}], {"last_day": "2027-06-30"}) == [
        (
            f"{CAPACITY}.first_day",
            "is left out, and there is no planning date to begin with",
            "write first_day, or set planning_date",
        )
    ]


def test_a_planning_date_after_the_last_day() -> None:
    """The period would hold no day."""
    told = refusal([{}], {"last_day": "2026-12-31"}, planning_date=DAY("2027-01-01"))
    assert told == [
        (
            CAPACITY,
            "the last day (2026-12-31) is before the first (2027-01-01)",
            "exchange them, or correct the year",
        )
    ]


def test_what_a_calendar_makes_is_a_number() -> None:
    """A rule that reads it as text is told so."""
    assert refusal([{}], H1, asked=[Column("reps", "capacity", "text")]) == [
        (
            CAPACITY,
            "a rule reads it as text, and a calendar makes numbers of hours",
            "name another column in the rule",
        )
    ]


LEAVE = {"rep": "r1", "first_day": "2027-02-01", "last_day": "2027-02-05", "share": 1}


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        (
            [LEAVE | {"rep": "r11"}],
            [("record 1, column 'rep'", "rep 'r11' is not in data.reps", "did you mean 'r1'?")],
        ),
        (
            [LEAVE | {"rep": None}],
            [("record 1, column 'rep'", "the id is empty", "give the row an id")],
        ),
        (
            [LEAVE | {"last_day": None}],
            [
                (
                    "record 1, column 'last_day'",
                    "the day is empty",
                    "write the day, or delete the row",
                )
            ],
        ),
        (
            [LEAVE | {"last_day": "2027-01-31"}],
            [
                (
                    "record 1, column 'last_day'",
                    "the leave ends on 2027-01-31, before it begins on 2027-02-01",
                    "correct one of the two days",
                )
            ],
        ),
        (
            [LEAVE | {"share": 50}, LEAVE | {"share": -1, "rep": "r2"}],
            [
                ("record 2, column 'share'", "-1 is below 0", "write a number of at least 0"),
                (
                    "record 1, column 'share'",
                    "50 is no share: more than 1",
                    "write the share 0.5",
                ),
            ],
        ),
        (
            # The second lies within the first; the third begins on its last day.
            [
                LEAVE | {"last_day": "2027-02-20"},
                LEAVE | {"first_day": "2027-02-03"},
                LEAVE | {"first_day": "2027-02-20", "last_day": "2027-02-28"},
                LEAVE | {"first_day": "2027-03-01", "last_day": "2027-03-01"},
                LEAVE | {"rep": "r2"},
            ],
            [
                (
                    "record 2",
                    "the leave from 2027-02-03 to 2027-02-05 overlaps that of record 1, which is "
                    "over on 2027-02-20",
                    "let each day off stand in one row",
                ),
                (
                    "record 3",
                    "the leave from 2027-02-20 to 2027-02-28 overlaps that of record 1, which is "
                    "over on 2027-02-20",
                    "let each day off stand in one row",
                ),
            ],
        ),
    ],
    ids=["unknown", "nobody", "open", "backward", "shares", "overlap"],
)
def test_what_leave_may_not_say(
    rows: list[dict[str, Any]], faults: list[tuple[str, str, str]]
) -> None:
    """Each row is refused by its number."""
    told = refusal([{}, {}], {**H1, "leave_table": "leave"}, tables={"leave": rows})
    assert told == [(f"data.tables.leave.records, {where}", *rest) for where, *rest in faults]


def test_tables_without_the_columns_that_are_read() -> None:
    """Each missing column of leave and holidays is named, all at once, with what may be meant."""
    tables = {
        "leave": [{"rep": "r1", "first": "x", "last_day": "2027-01-01"}],
        "off": [{"date": 1}],
    }
    said = {**H1, "leave_table": "leave", "holidays_table": "off"}
    assert refusal([{}], said, tables=tables) == [
        (
            "data.tables.off.records",
            f"has no column 'day', which {CAPACITY}.holidays_table reads",
            "its columns: date",
        ),
        (
            "data.tables.leave.records",
            f"has no column 'first_day', which {CAPACITY}.leave_table reads",
            "did you mean 'first'? write data.tables.leave.columns: {first_day: first}; "
            "its columns: rep, first, last_day",
        ),
    ]


def test_holidays_of_regions_need_to_know_where_a_rep_is() -> None:
    """Else a day off in one region would be one for nobody, or for all."""
    tables = {"off": [{"day": "2027-01-06", "region": "Bavaria"}]}
    ((where, what, fix),) = refusal([{}], {**H1, "holidays_table": "off"}, tables=tables)
    assert where == "data.tables.off.records, column 'region'"
    assert what == "holidays of regions, and the calendar does not say where a rep is"
    assert fix == f"write {CAPACITY}.region: the rep column with the region"


def test_faults_of_everything_are_told_at_once() -> None:
    """Of two calendars, a table, a rule's column and the accounts' ids."""
    calendars = {
        "one": {**H1, "fte": "fte", "leave_table": "leave"},
        "two": {"last_day": "2027-06-30", "starts": "from"},
    }
    told = refusal(
        [{"fte": -1, "from": "soon", "weight": "x"}],
        {},
        calendars=calendars,
        tables={"leave": [LEAVE | {"rep": "r8"}]},
        asked=[Column("reps", "weight")],
        accounts={"records": [{"account_id": None}]},
    )
    assert [what for _, what, _ in told] == [
        "the id is empty",
        "'x' is no number",
        "-1 is below 0",
        "'soon' is no date",
        "rep 'r8' is not in data.reps",
        "is left out, and there is no planning date to begin with",
    ]


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (
            {"first_day": "2027-07-01"},
            "the last day (2027-06-30) is before the first (2027-07-01); exchange them, or correct "
            "the year",
        ),
        (
            {"last_day": "2207-06-30"},
            "2027-01-01 to 2207-06-30 is 65,924 days, more than 3,660; correct the year",
        ),
        (
            {"fte": 100},
            "an FTE of 100 at 8 hours is more than a day has; write the FTE as part of a full",
        ),
        (
            {"leave": "off", "leave_table": "leave"},
            "leave and leave_table both say who is off; keep one of the two",
        ),
        (
            {"region": "land"},
            "region chooses rows of a table of holidays; add holidays_table or drop region",
        ),
        (
            {"ramps": {"hire": [0.5]}},
            "ramps are given and nobody follows them; add ramp: {curve: hire}",
        ),
        (
            {"ramp": {"curve": "hire"}, "ramps": {"hire": [0.5]}},
            "a ramp counts months since the start date; add starts: the column with it",
        ),
        (
            {"ramp": {"curve": "hire"}},
            "a ramp counts months since the start date, and ramp names no known curve; add starts: "
            "the column with it; add ramps, such as {new-hire: [0.25, 0.5, 0.75]}",
        ),
        (
            {**RAMP, "ramp": {"curve": "hier"}},
            "ramp: there is no curve 'hier' in ramps; did you mean 'hire'?",
        ),
        (
            {**RAMP, "ramp": {"curve": "hire", "column": "profile"}},
            "a ramp needs a curve or a column; give exactly one of the two",
        ),
        ({**RAMP, "ramp": {}}, "a ramp needs a curve or a column; give exactly one of the two"),
        ({"workdays": ["mon", "mon"]}, "'mon' is named twice; name each day of the week once"),
        ({"workdays": []}, "at least 1 item"),
        ({**RAMP, "ramps": {"hire": []}}, "at least 1 item"),
        ({**RAMP, "ramps": {"hire": [25]}}, "less than or equal to 1"),
        ({"reserve": 1.5}, "less than or equal to 1"),
        ({"hours_per_day": 25}, "less than or equal to 24"),
        ({"workdays": ["monday"]}, "Input should be 'mon', 'tue'"),
    ],
)
def test_calendars_that_contradict_themselves(calendar: dict[str, Any], words: str) -> None:
    """Refused when the scenario is read, before any table is."""
    with pytest.raises(ValidationError, match=re.escape(words)):
        CalendarSpec.model_validate({**H1, **calendar})


# --------------------------------------------------------------------------------- what looks odd


@pytest.mark.parametrize(
    ("rep", "calendar", "words"),
    [
        (
            {"from": "2028-01-01"},
            {"starts": "from"},
            f"{REPS}, record 1: serves, and {CAPACITY} gives no hours from 2027-01-01 to "
            "2027-06-30; are the dates, the state and the shares right?",
        ),
        (
            {},
            {"holidays": ["2026-12-24", "2026-12-25"]},
            f"{CAPACITY}: none of its 2 holidays is a day from 2027-01-01 to 2027-06-30; "
            "is the year right?",
        ),
        (
            {"land": "Bavarai"},
            {"holidays_table": "off", "region": "land"},
            f"{REPS}, column 'land', record 1: {CAPACITY}.holidays_table has no holiday of region "
            "'Bavarai'; is it written the same way there?",
        ),
        (
            {"state": "placeholder", "from": None},
            {"starts": "from"},
            f"{REPS}, column 'from', record 1: a placeholder without a first day, whom {CAPACITY} "
            "counts from 2027-01-01 on; when does the hire start?",
        ),
    ],
)
def test_what_is_warned_of(rep: dict[str, Any], calendar: dict[str, Any], words: str) -> None:
    """Used as written, and said."""
    tables = {"off": [{"day": "2027-01-06", "region": "Bavaria"}]}
    roster = {"status": "state"} if "state" in rep else {}
    with pytest.warns(OptiterrWarning, match=re.escape(words)):
        problem([rep], {**H1, **calendar}, tables=tables, **roster)


# ------------------------------------------------------------------------------------- end to end

SCENARIO = """schema: 1
name: hire
planning_date: 2027-01-01
data:
  accounts:
    id: account
    owner: owner
    records: {accounts}
  reps:
    id: rep
    status: state
    calendar:
      capacity: {{last_day: 2027-03-31, fte: fte, starts: start}}
    records:
    - {{rep: stay, state: active, fte: 1, start: null}}
    - {{rep: gone, state: leaver, fte: 1, start: null}}
    - {{rep: hire, state: placeholder, fte: 0.5, start: 2027-03-01}}
rules:
  calm: {{kind: disruption, max_share: 0}}
  load: {{kind: capacity, measure: hours, limit: capacity}}
solve: {{seconds: 20}}
"""


def scenario(tmp_path: Path, of_leaver: int) -> Scenario:
    """Eight accounts of 50 hours stay with their rep; some of 40 hours are a leaver's."""
    rows = [f"{{account: s{at}, owner: stay, hours: 50}}" for at in range(8)]
    rows += [f"{{account: g{at}, owner: gone, hours: 40}}" for at in range(of_leaver)]
    path = tmp_path / "hire.yaml"
    path.write_text(SCENARIO.format(accounts=f"[{', '.join(rows)}]"))
    return load(path)


def test_a_leaver_s_accounts_go_where_there_is_room(tmp_path: Path) -> None:
    """Nothing may move, and the leaver's four accounts do: two to each, as the hours allow.

    The first quarter has 64 working days: stay gives 512 h, 400 of them taken, so two accounts of
    40 h fit. The hire starts in March at half time: 23 days x 4 h = 92 h, two accounts again.
    """
    plan = solve(scenario(tmp_path, 4))
    assert plan.status == "optimal"
    assert read(scenario(tmp_path, 4)).rep_number("capacity").tolist() == [512, 512, 92]
    given = pd.Series(plan.assignment)
    assert given[[f"s{at}" for at in range(8)]].eq("stay").all()
    assert given[[f"g{at}" for at in range(4)]].value_counts().to_dict() == {"stay": 2, "hire": 2}
    notes = [finding.message for finding in plan.findings if finding.rule == "calm"]
    assert notes == ["4 accounts had an owner who leaves or has left; the new rep is no move"]


def test_a_fifth_account_of_the_leaver_fits_nowhere(tmp_path: Path) -> None:
    """stay has 32 h left and the hire 12: the half-time start in March is a hard limit."""
    assert solve(scenario(tmp_path, 5)).status == "infeasible"


def test_a_calendar_survives_writing_and_reading(tmp_path: Path) -> None:
    """With every default written out the scenario asks the same, and dates stay dates."""
    first = scenario(tmp_path, 4)
    path = tmp_path / "again.yaml"
    path.write_text(first.to_yaml())
    assert load(path) == first
    assert load(path).fingerprint() == first.fingerprint()
    longer = scenario(tmp_path, 4).to_dict()
    longer["data"]["reps"]["calendar"]["capacity"]["last_day"] = "2027-04-30"
    assert Scenario.from_dict(longer).fingerprint() != first.fingerprint()


def test_a_case_may_change_one_setting_of_a_calendar(tmp_path: Path) -> None:
    """Settings by their dotted place: half the hours; an unknown key is refused by its name."""
    path = tmp_path / "hire.yaml"
    scenario(tmp_path, 4)
    half = load(path, ["data.reps.calendar.capacity.productive_share=0.5"])
    assert read(half).rep_number("capacity").tolist() == [256, 256, 46]
    with pytest.raises(SpecError, match="did you mean 'reserve'"):
        load(path, ["data.reps.calendar.capacity.reserved=0.5"])


# ------------------------------------------------------------------------------------------- docs


def test_the_worked_example_of_the_docs(tmp_path: Path) -> None:
    """The scenario of docs/calendar.md loads, and gives the hours that its table states."""
    text = (ROOT / "docs" / "calendar.md").read_text(encoding="utf-8")
    block = next(
        one for one in re.findall(r"^```yaml\n(.*?)^```", text, re.S | re.M) if "schema" in one
    )
    path = tmp_path / "example.yaml"
    path.write_text(block)
    found = read(load(path))
    stated = dict(re.findall(r"^\| (\w+) \|.*\| ([\d.]+) \|$", text, re.M))
    assert stated == {
        rep: f"{value:g}"
        for rep, value in zip(found.rep_ids, found.rep_number("capacity"), strict=True)
    }
    assert found.owner.tolist() == [0, -2, -1]
    assert solve(load(path)).has_plan
