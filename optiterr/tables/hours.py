"""Working hours, counted: the days of a period that a rep works, the ramp and leave among them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optiterr.pairs import Floats
from optiterr.tables.calendar import WORKDAYS
from optiterr.tables.columns import Cells
from optiterr.tables.days_off import Days, Holidays, Leave, Positions

THURSDAY = 3
"""Day of the week of 1970-01-01, from which dates are counted; Monday is 0."""


@dataclass(frozen=True, eq=False)
class WorkingDays:
    """The working days of a period, counted: ``before[g, t]`` lie before its day ``t`` in region g.

    ``region`` holds each rep's region, ``days`` the length of the period.
    """

    first: np.datetime64
    before: Positions
    region: Positions

    @classmethod
    def of(
        cls,
        first: dt.date,
        last: dt.date,
        workdays: Collection[str],
        holidays: Holidays,
        region: Cells,
    ) -> WorkingDays:
        """Days from ``first`` to ``last`` on ``workdays`` that are no holiday of the region."""
        start = np.datetime64(first, "D")
        days = (last - first).days + 1
        codes, names = pd.factorize(region)
        week = (np.arange(days) + start.astype(np.int64) + THURSDAY) % 7
        worked = np.isin(week, [WORKDAYS.index(day) for day in workdays])
        works = np.tile(worked, (len(names), 1))
        at = (holidays.day - start).astype(np.int64)
        inside = (at >= 0) & (at < days)
        for code, name in enumerate(names):
            off = inside & ((holidays.region == "") | (holidays.region == name))
            works[code, at[off]] = False
        before = np.zeros((len(names), days + 1), dtype=np.int64)
        np.cumsum(works, axis=1, out=before[:, 1:])
        return cls(start, before, codes.astype(np.int64))

    @property
    def days(self) -> int:
        """Length of the period in days."""
        return int(self.before.shape[1]) - 1

    def at(self, day: Days) -> Positions:
        """How many days of the period lie before ``day``; none before an empty one."""
        return np.clip((day - self.first).astype(np.int64), 0, self.days)

    def counted(self, rep: Positions, until: Positions) -> Positions:
        """Working days before position ``until`` of the period for each rep; shapes broadcast."""
        return self.before[self.region[rep], until]


def month_starts(start: Days, months: int) -> Days:
    """The first day of the first, second, ... month since ``start``, shape (reps, months + 1).

    Always counted from ``start``, so that 31 January, 28 February, 31 March follow each other.
    """
    month = start.astype("datetime64[M]")[:, None] + np.arange(months + 1)
    first = month.astype("datetime64[D]")
    longest = ((month + 1).astype("datetime64[D]") - first).astype(np.int64) - 1
    day = (start - start.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64)
    starts: Days = first + np.minimum(day[:, None], longest)
    return starts


def full_days(working: WorkingDays, start: Days, end: Days, curve: Floats, leave: Leave) -> Floats:
    """Working days of each rep, each weighted by the ramp and by the part that is not on leave.

    ``curve`` holds the shares of full output by month since ``start``, shape (reps, months); output
    is full from then on. An empty ``start`` is before the period and at full output, an empty
    ``end`` after it. Works with the ends of months, never with single days, so that its size is
    reps times months.
    """
    reps, months = curve.shape
    edges = np.empty((reps, months + 2), dtype=np.int64)
    edges[:, :-1] = working.at(month_starts(start, months))
    edges[:, -1] = working.days
    output = np.column_stack([curve, np.ones(reps)])
    gone = np.where(np.isnat(end), working.days, working.at(end + 1))

    def given(rep: Positions, until: Positions) -> Floats:
        """Full days of ``rep`` before position ``until`` of the period, leave not taken off."""
        upto = np.minimum(edges[rep], np.minimum(until, gone[rep])[:, None])
        worked = np.diff(working.counted(rep[:, None], upto), axis=1)
        return np.asarray((worked * output[rep]).sum(axis=1), dtype=float)

    everyone = np.arange(reps)
    whole = given(everyone, np.full(reps, working.days))
    away = given(leave.rep, working.at(leave.last + 1)) - given(leave.rep, working.at(leave.first))
    return whole - np.bincount(leave.rep, leave.share * away, reps)
