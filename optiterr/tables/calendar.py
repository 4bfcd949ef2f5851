"""Capacity as a calendar: how the working hours of each rep are written down in a scenario."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from optiterr.errors import meant
from optiterr.problem import Column

RepColumn = Annotated[str, StringConstraints(min_length=1)]
"""The name of a column of the reps."""
Share = Annotated[float, Field(ge=0, le=1)]
WORKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Workday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Curve = Annotated[tuple[Share, ...], Field(min_length=1)]

HOURS = "hours"
"""The unit of every column that a calendar makes."""
MOST_DAYS = 3_660
"""The longest period of a calendar: ten years. More is a misspelt year."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Ramp(_Spec):
    """Which curve a new rep's output follows: one for all, or the one that a rep column names."""

    curve: RepColumn | None = Field(
        None, description="name of the curve that everybody with a start date follows"
    )
    column: RepColumn | None = Field(
        None,
        description="rep column with the name of the rep's curve, empty for full output at once",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.curve is None) == (self.column is None):
            raise ValueError("a ramp needs a curve or a column; give exactly one of the two")
        return self


class CalendarSpec(_Spec):
    """The hours that each rep can give to accounts, added up over the working days of a period.

    A working day is one of ``workdays`` that is no holiday, on which the rep is employed: from the
    start date (included; empty: was there before) to the end date (included; empty: stays). Each
    counts hours_per_day x fte x ramp x productive_share x (1 - reserve), less the part of it that
    the rep is on leave.

    The ramp is the share of full output in the first, second, ... month since the start date, full
    from then on and for reps without a start date. Months are calendar months: a start on 15 March
    makes the first month 15 March to 14 April. A day that a month does not have is its last day: a
    start on 31 January makes the second month 28 (29) February to 30 March, the third begin on 31
    March. A start on a day off changes nothing of that.

    Days of leave as a number are spread evenly over the rep's working days in the period. Roster
    states change no hours: a rep who does not serve carries nothing, whatever the calendar says.
    """

    first_day: dt.date | None = Field(
        None, description="first day of the period; the planning date when left out"
    )
    last_day: dt.date = Field(description="last day of the period, included")
    hours_per_day: RepColumn | Annotated[float, Field(ge=0, le=24)] = Field(
        8.0, description="hours of a full working day: a number or a rep column"
    )
    workdays: tuple[Workday, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, description="days of the week worked"
    )
    fte: RepColumn | Annotated[float, Field(ge=0)] = Field(
        1.0, description="part of a full working day that the rep works: a number or a rep column"
    )
    productive_share: RepColumn | Share = Field(
        1.0, description="share of the hours that is time for accounts: a number or a rep column"
    )
    reserve: RepColumn | Share = Field(
        0.0, description="share kept free for accounts to come: a number or a rep column"
    )
    starts: RepColumn | None = Field(
        None, description="rep column with the first day worked, empty for those there before"
    )
    ends: RepColumn | None = Field(
        None, description="rep column with the last day worked, empty for those who stay"
    )
    leave: RepColumn | None = Field(
        None, description="rep column with the number of working days off in the period"
    )
    leave_table: RepColumn | None = Field(
        None,
        description="table under data.tables with a row per leave: rep, first_day, last_day, and "
        "optionally share, the part of each day that is off",
    )
    holidays: tuple[dt.date, ...] = Field((), description="days on which nobody works")
    holidays_table: RepColumn | None = Field(
        None,
        description="table under data.tables with a row per holiday: day, and with region the "
        "region that has it, empty for everybody",
    )
    region: RepColumn | None = Field(
        None, description="rep column with the region whose holidays the rep has"
    )
    ramp: Ramp | None = Field(
        None, description="how the output of a new rep grows: {curve: name} or {column: name}"
    )
    ramps: dict[RepColumn, Curve] = Field(
        default_factory=dict,
        description="curves by name: share of full output in the first, second, ... month since "
        "the start date",
    )

    @field_validator("workdays")
    @classmethod
    def _each_day_once(cls, days: tuple[Workday, ...]) -> tuple[Workday, ...]:
        twice = next((day for day in days if days.count(day) > 1), None)
        if twice:
            raise ValueError(f"{twice!r} is named twice; name each day of the week once")
        return days

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = [fault.split("; ", 1) for fault in self._contradictions()]
        if faults:
            what, fix = ", and ".join(one[0] for one in faults), "; ".join(one[1] for one in faults)
            raise ValueError(f"{what}; {fix}")
        return self

    def _contradictions(self) -> Iterator[str]:
        """What does not go together, each as 'what; fix'."""
        if self.first_day is not None:
            yield from period_faults(self.first_day, self.last_day)
        both = (self.fte, self.hours_per_day)
        if isinstance(both[0], float) and isinstance(both[1], float) and both[0] * both[1] > 24:
            yield (
                f"an FTE of {both[0]:g} at {both[1]:g} hours is more than a day has; "
                "write the FTE as part of a full working day, such as 0.8"
            )
        if self.leave is not None and self.leave_table is not None:
            yield "leave and leave_table both say who is off; keep one of the two"
        if self.region is not None and self.holidays_table is None:
            yield "region chooses rows of a table of holidays; add holidays_table or drop region"
        if self.ramp is None and self.ramps:
            first = next(iter(self.ramps))
            yield f"ramps are given and nobody follows them; add ramp: {{curve: {first}}}"
        if self.ramp is None:
            return
        if self.starts is None:
            yield "a ramp counts months since the start date; add starts: the column with it"
        if not self.ramps:
            yield "ramp names no known curve; add ramps, such as {new-hire: [0.25, 0.5, 0.75]}"
        elif self.ramp.curve is not None and self.ramp.curve not in self.ramps:
            fix = meant(self.ramp.curve, self.ramps, f"known curves: {', '.join(self.ramps)}")
            yield f"ramp: there is no curve {self.ramp.curve!r} in ramps; {fix}"

    def reads(self) -> Mapping[str, Column]:
        """The rep columns that the calendar is worked out from, each by the field that names it."""
        found: dict[str, Column] = {}
        for name in ("hours_per_day", "fte", "productive_share", "reserve", "leave"):
            if isinstance(getattr(self, name), str):
                found[name] = Column("reps", getattr(self, name))
        for name in ("starts", "ends"):
            if getattr(self, name) is not None:
                found[name] = Column("reps", getattr(self, name), "date")
        if self.region is not None:
            found["region"] = Column("reps", self.region, "text")
        if self.ramp is not None and self.ramp.column is not None:
            found["ramp.column"] = Column("reps", self.ramp.column, "text")
        return found


def period_faults(first: dt.date, last: dt.date) -> Iterator[str]:
    """What is wrong with a period, as 'what; fix'."""
    days = (last - first).days + 1
    if days < 1:
        yield (
            f"the last day ({last}) is before the first ({first}); "
            "exchange them, or correct the year"
        )
    elif days > MOST_DAYS:
        yield (
            f"{first} to {last} is {days:,} days, more than {MOST_DAYS:,}; "
            "correct the year, or plan at most ten years"
        )


def made_units(calendars: Mapping[str, CalendarSpec]) -> dict[str, str]:
    """The unit of each rep column that ``calendars`` make."""
    return dict.fromkeys(calendars, HOURS)
