"""The columns of hours that the calendars of a scenario make of what it says about each rep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from optiterr.errors import Fault, meant
from optiterr.pairs import Floats
from optiterr.problem import Column
from optiterr.tables.asked import Table, unfound
from optiterr.tables.calendar import CalendarSpec, period_faults
from optiterr.tables.columns import Cells
from optiterr.tables.days_off import (
    Days,
    Holidays,
    Leave,
    above_one,
    read_holidays,
    read_leave,
    table_of,
)
from optiterr.tables.hours import WorkingDays, full_days
from optiterr.tables.roster import Roster
from optiterr.tables.spec import DataSpec

HOURS_OF_A_DAY = 24
NO_DAYS = np.zeros(0, dtype="datetime64[D]")
NO_HOLIDAYS = Holidays(NO_DAYS, np.zeros(0, dtype=object))
NO_LEAVE = Leave(np.zeros(0, dtype=np.int64), NO_DAYS, NO_DAYS, np.zeros(0))


def with_calendars(
    columns: Iterable[Column], spec: DataSpec, reps: Table | None, faults: list[Fault]
) -> list[Column]:
    """``columns`` without those that calendars make, and with those that calendars read."""
    calendars = spec.reps.calendar
    asked = []
    for column in columns:
        if column.table != "reps" or column.name not in calendars:
            asked.append(column)
        elif column.kind not in ("number", "any"):
            what = f"a rule reads it as {column.kind}, and a calendar makes numbers of hours"
            fix = "name another column in the rule"
            faults.append(Fault(f"data.reps.calendar.{column.name}", what, fix))
    if reps is None:
        return asked
    there = list(reps.frame.columns)
    for name, calendar in calendars.items():
        place = f"data.reps.calendar.{name}"
        if name in there:
            what = f"{reps.place.name} has a column {name!r} already"
            fix = f"give what the calendar makes another name, such as {name}_hours"
            faults.append(Fault(place, what, fix))
        for key, column in calendar.reads().items():
            if column.name in there:
                asked.append(column)
            elif column.name not in reps.written:  # else already told
                faults.append(unfound(column, reps, f"{place}.{key}"))
    return asked


def add_hours(
    spec: DataSpec,
    tables: Mapping[str, Table | None],
    rep_ids: Cells,
    roster: Roster,
    planning_date: dt.date | None,
    faults: list[Fault],
    oddities: list[str],
) -> None:
    """Add the column that each calendar makes to the reps, whose other columns are validated.

    A column is not made where something it needs is faulty.
    """
    reps = tables["reps"]
    assert reps is not None
    gone = {*spec.accounts.departed, *reps.left_out}
    for name, calendar in spec.reps.calendar.items():
        field, known = f"data.reps.calendar.{name}", len(faults)
        period = _period(calendar, field, planning_date, faults)
        start, end = _dates(reps, calendar.starts), _dates(reps, calendar.ends)
        each = _hours_a_day(reps, calendar, faults)
        curve = _curves(reps, calendar, faults)
        faults += _backward(reps, calendar, start, end)
        holidays = _holidays(calendar, field, tables, faults)
        leave = _leave(calendar, field, tables, rep_ids, gone, faults)
        if period is None or len(faults) > known:
            continue
        region = _texts(reps, calendar.region)
        oddities += _look(reps, calendar, field, period, holidays, region)
        working = WorkingDays.of(*period, calendar.workdays, holidays, region)
        days = full_days(working, start, end, curve, leave)
        if calendar.leave is not None:
            worked = full_days(working, start, end, np.zeros((len(days), 0)), NO_LEAVE)
            days = days * _not_on_leave(reps, calendar.leave, worked, period, faults)
        hours = each * days
        undated = np.flatnonzero(roster.awaited & np.isnat(start))
        if calendar.starts is not None and len(undated):
            oddities.append(
                f"{reps.place.column(reps.name(calendar.starts))}, {reps.place.rows(undated)}: a "
                f"placeholder without a first day, whom {field} counts from {period[0]} on; when "
                "does the hire start?"
            )
        idle = np.flatnonzero(roster.serves & (hours == 0))
        if len(idle):
            oddities.append(
                f"{reps.place.name}, {reps.place.rows(idle)}: serves, and {field} gives no hours "
                f"from {period[0]} to {period[1]}; are the dates, the state and the shares right?"
            )
        if name not in reps.frame:
            reps.frame[name] = hours


def _period(
    calendar: CalendarSpec, field: str, planning_date: dt.date | None, faults: list[Fault]
) -> tuple[dt.date, dt.date] | None:
    """First and last day of the calendar; None with a fault where they make no period."""
    first = calendar.first_day or planning_date
    if first is None:
        what = "is left out, and there is no planning date to begin with"
        faults.append(Fault(f"{field}.first_day", what, "write first_day, or set planning_date"))
        return None
    wrong = [Fault(field, *one.split("; ", 1)) for one in period_faults(first, calendar.last_day)]
    faults += wrong
    return None if wrong else (first, calendar.last_day)


def _numbers(reps: Table, said: str | float) -> Floats:
    """A number per rep: one for all, or a column; NaN where the column has a fault."""
    if isinstance(said, str):
        return reps.numbers.get(said, np.full(len(reps.frame), np.nan))
    return np.full(len(reps.frame), said)


def _dates(reps: Table, column: str | None) -> Days:
    """A day per rep, NaT where there is none."""
    if column in reps.frame and reps.frame[column].dtype.kind == "M":
        return reps.frame[column].to_numpy().astype("datetime64[D]")
    return np.full(len(reps.frame), np.datetime64("NaT", "D"))


def _texts(reps: Table, column: str | None) -> Cells:
    """A word per rep, '' where there is none or the cell has a fault."""
    words = np.full(len(reps.frame), "", dtype=object)
    if column is not None and column in reps.frame:
        words[:] = [one if isinstance(one, str) else "" for one in reps.frame[column]]
    return words


def _hours_a_day(reps: Table, calendar: CalendarSpec, faults: list[Fault]) -> Floats:
    """Hours that each rep gives to accounts on a full day at full output."""
    fte, hours = _numbers(reps, calendar.fte), _numbers(reps, calendar.hours_per_day)
    share, reserve = (
        _numbers(reps, calendar.productive_share), _numbers(reps, calendar.reserve)
    )  # fmt: skip
    for said, values in ((calendar.productive_share, share), (calendar.reserve, reserve)):
        if isinstance(said, str):
            faults += above_one(values, reps.place, reps.name(said))
    long = np.flatnonzero(fte * hours > HOURS_OF_A_DAY)
    column = next(
        (reps.name(one) for one in (calendar.fte, calendar.hours_per_day) if isinstance(one, str)),
        "",
    )
    faults += reps.place.faults(
        column,
        long,
        lambda n: (
            f"an FTE of {fte[long[n]]:g} at {hours[long[n]]:g} hours is more than a day has",
            "write the FTE as part of a full working day, such as 0.8, and hours of one day",
        ),
    )
    return fte * hours * share * (1 - reserve)


def _curves(reps: Table, calendar: CalendarSpec, faults: list[Fault]) -> Floats:
    """The share of full output of each rep by month since the start, shape (reps, months)."""
    names = np.full(len(reps.frame), "", dtype=object)
    if calendar.ramp is not None and calendar.ramp.column is None:
        names[:] = calendar.ramp.curve
    elif calendar.ramp is not None:
        names = _texts(reps, calendar.ramp.column)
        known = list(calendar.ramps)
        odd = np.flatnonzero(~np.isin(names, ["", *known]))
        faults += reps.place.faults(
            reps.name(str(calendar.ramp.column)),
            odd,
            lambda n: (
                f"there is no curve {names[odd[n]]!r} in ramps",
                meant(names[odd[n]], known, f"known curves: {', '.join(known)}"),
            ),
        )
    months = max((len(curve) for curve in calendar.ramps.values()), default=0)
    shares = np.ones((len(names), months))
    for name, curve in calendar.ramps.items():
        shares[names == name, : len(curve)] = curve
    return shares


def _backward(reps: Table, calendar: CalendarSpec, start: Days, end: Days) -> list[Fault]:
    rows = np.flatnonzero(end < start)
    return reps.place.faults(
        reps.name(str(calendar.ends)),
        rows,
        lambda n: (
            f"the last day ({end[rows[n]]}) is before the first ({start[rows[n]]})",
            "correct one of the two; the last day is one that is worked",
        ),
    )


def _holidays(
    calendar: CalendarSpec, field: str, tables: Mapping[str, Table | None], faults: list[Fault]
) -> Holidays:
    """All holidays: those that the calendar lists, which are everybody's, and those of its table"""
    day = np.array(calendar.holidays, dtype="datetime64[D]")
    region = np.full(len(day), "", dtype=object)
    if calendar.holidays_table is not None:
        place = f"{field}.holidays_table"
        table = table_of(calendar.holidays_table, place, tables, faults)
        if table is not None:
            more = read_holidays(table, calendar.region is not None, place, faults)
            day, region = np.append(day, more.day), np.append(region, more.region)
    return Holidays(day, region)


def _leave(
    calendar: CalendarSpec,
    field: str,
    tables: Mapping[str, Table | None],
    rep_ids: Cells,
    gone: Collection[str],
    faults: list[Fault],
) -> Leave:
    if calendar.leave_table is not None:
        place = f"{field}.leave_table"
        table = table_of(calendar.leave_table, place, tables, faults)
        if table is not None:
            return read_leave(table, rep_ids, gone, place, faults)
    return NO_LEAVE


def _not_on_leave(
    reps: Table, column: str, worked: Floats, period: tuple[dt.date, dt.date], faults: list[Fault]
) -> Floats:
    """The part of its ``worked`` days that each rep is there, by the number of days off."""
    off = _numbers(reps, column)
    rows = np.flatnonzero(off > worked)
    faults += reps.place.faults(
        reps.name(column),
        rows,
        lambda n: (
            f"{off[rows[n]]:g} days off are more than the {worked[rows[n]]:g} working days from "
            f"{period[0]} to {period[1]}",
            "write working days off in this period only",
        ),
    )
    return 1 - np.divide(off, worked, where=worked > 0, out=np.zeros(len(off)))


def _look(
    reps: Table,
    calendar: CalendarSpec,
    field: str,
    period: tuple[dt.date, dt.date],
    holidays: Holidays,
    region: Cells,
) -> list[str]:
    """What looks odd about holidays: none in the period, or none for the region of a rep."""
    first, last = (np.datetime64(day, "D") for day in period)
    oddities = []
    if len(holidays.day) and not ((holidays.day >= first) & (holidays.day <= last)).any():
        oddities.append(
            f"{field}: none of its {len(holidays.day)} holidays is a day from {first} to {last}; "
            "is the year right?"
        )
    rows = np.flatnonzero(~np.isin(region, ["", *holidays.region]))
    if len(rows):
        oddities.append(
            f"{reps.place.column(reps.name(str(calendar.region)))}, {reps.place.rows(rows)}: "
            f"{field}.holidays_table has no holiday of region {region[rows[0]]!r}; "
            "is it written the same way there?"
        )
    return oddities
