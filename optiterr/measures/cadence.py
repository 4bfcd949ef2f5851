"""Cadence: hours of work, from how often and for how long each segment is contacted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from optiterr.errors import DataError, Fault, meant
from optiterr.findings import listed
from optiterr.measures import Measure
from optiterr.measures.arithmetic import evaluate
from optiterr.measures.contacts import (
    FIELDS,
    Applied,
    ContactPlan,
    Override,
    PlanRow,
    Spent,
    Word,
    spent,
)
from optiterr.measures.formula import columns_of
from optiterr.measures.grammar import parse
from optiterr.measures.mixing import Told, UnitOf, unit_of
from optiterr.measures.rows import AccountRows, PairRows, sheet, told_accounts
from optiterr.measures.tree import Formula
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.units import Quantity, Unit

HOURS = Unit.of("hours")
Positions = NDArray[np.int64]


def _checked(travel: float | str) -> float | str:
    if isinstance(travel, str):
        parse(travel)
    elif travel < 0:
        raise ValueError(f"{travel:g} hours of travel; write 0 or more")
    return travel


class Cadence(Measure):
    """The hours a year that the plan of contacts asks for, over all channels of the segment.

    Each contact takes its hours, its preparation, and the travel where the channel travels. An
    override replaces what the plan says of a channel for the accounts it matches, until its last
    day. An account of a segment that the plan does not know is an error, and so are two
    overrides of one channel of one account.
    """

    algebra: ClassVar[str] = (
        r"\sum_{c} n_{s(i)c}\,\left(h_{s(i)c} + p_{s(i)c} + t_{s(i)c}\, w_{ij}\right)"
    )

    kind: Literal["cadence"] = "cadence"
    segment: Word = Field(description="account text column with the segment")
    plan: tuple[PlanRow, ...] | None = Field(
        None, description="contacts of each segment on each channel"
    )
    table: Word | None = Field(
        None,
        description="the plan as a table under data.tables with the columns segment, channel, "
        "contacts, hours, preparation and travel",
    )
    travel_hours: Annotated[float | str, AfterValidator(_checked)] | None = Field(
        None,
        description="hours of travel of one contact: a number, or a formula such as trip_hours or "
        "2 * distance_km / unit(60, 'km/hours'), which gives hours for each account and rep",
    )
    overrides: tuple[Override, ...] = Field(
        (), description="what the plan says otherwise for some accounts, with an owner and a reason"
    )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.plan is None) == (self.table is None):
            raise ValueError("cadence needs a plan or a table; give exactly one of the two")
        if self.plan == ():
            raise ValueError("the plan has no rows; write at least one")
        seen: set[tuple[str, str]] = set()
        for row in self.plan or ():
            if (row.segment, row.channel) in seen:
                raise ValueError(
                    f"segment {row.segment!r} has channel {row.channel!r} twice in the plan; "
                    "keep one of the two rows"
                )
            seen.add((row.segment, row.channel))
        travels = any(row.travel for row in self.plan or ())
        travels = travels or any(one.travel for one in self.overrides)
        if travels and self.travel_hours is None:
            raise ValueError("a channel travels, and nothing says how long; add travel_hours")
        return self

    @property
    def formula(self) -> Formula | None:
        """How long travel takes, where it is a formula."""
        return parse(self.travel_hours) if isinstance(self.travel_hours, str) else None

    @property
    def is_of_pairs(self) -> bool:
        return self.formula is not None and self.formula.is_of_pairs

    def reads(self) -> tuple[Column, ...]:
        found = [Column("accounts", self.segment, "text")]
        if self.table is not None:
            home = f"tables.{self.table}"
            found += [Column(home, name, "text") for name in ("segment", "channel")]
            found += [Column(home, name) for name in ("contacts", "hours", "preparation")]
            found.append(Column(home, "travel", "flag"))
        found += columns_of(self.formula) if self.formula else ()
        found += [one for override in self.overrides for one in override.where.columns("accounts")]
        return tuple(dict.fromkeys(found))

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        given = unit_of(self.formula, of, told) if self.formula else HOURS
        if self.formula and isinstance(given, Unit) and given != HOURS:
            told(
                f"travel_hours, {self.formula.place(self.formula.tree)}",
                f"travel is in hours, and this is in {given}",
                f"bring it to hours, for example with / unit(2, '{given.over(HOURS)}')",
            )
        return HOURS

    def values(self, problem: Problem) -> Floats:
        hours, trips = self._spent(problem, slice(None))
        return hours + trips * self._travel(AccountRows(problem)) if trips.any() else hours

    def at(self, problem: Problem, account: Any, rep: Any) -> Floats:
        if not len(account):
            return np.zeros(0)
        first = int(np.min(account))
        hours, trips = self._spent(problem, slice(first, int(np.max(account)) + 1))
        travel = self._travel(PairRows(problem, account, rep))
        return np.asarray(hours[account - first] + trips[account - first] * travel)

    def notes(self, problem: Problem) -> tuple[str, ...]:
        """Overrides that ended or match nothing; DataError when the plan cannot be read."""
        if self.is_of_pairs:  # found now rather than at the first pair
            self._spent(problem, slice(None))
        applied = self._applied(problem, slice(None))
        held = {one.place for one in applied}
        ended = [
            f"overrides, entry {place} ({one.words}) ended on {one.until}, before the planning "
            f"date {problem.planning_date}, and is ignored"
            for place, one in enumerate(self.overrides, start=1)
            if place not in held
        ]
        idle = [
            f"overrides, entry {one.place} ({one.override.words}) matches no account"
            for one in applied
            if not one.mask.any()
        ]
        return (*ended, *idle)

    def _spent(self, problem: Problem, part: slice) -> tuple[Floats, Floats]:
        """Hours without travel and contacts with travel of the accounts in ``part``."""
        plan = self._plan(problem)
        self._check_channels(plan)
        texts = problem.accounts[self.segment][part].fillna("").astype(object)
        segment = plan.segments.get_indexer(pd.Index(texts))
        at = np.arange(len(problem.accounts))[part]
        faults = [
            Fault(
                f"segment {self.segment!r}",
                (f"the plan has no segment {one!r}" if one else "the segment is empty")
                + f" for {told_accounts(problem, at[(texts == one).to_numpy(dtype=bool)])}",
                meant(one, plan.segments, "add it to the plan") if one else "fill the cells",
            )
            for one in pd.unique(texts[segment < 0])
        ]
        if faults:
            raise DataError.of(faults)
        found = spent(plan, segment, self._applied(problem, part))
        faults = [*self._clashes(found, problem, at), *self._gaps(found, problem, at)]
        if found.trips.any() and self.travel_hours is None:
            what = "a channel travels, and nothing says how long"
            faults.append(Fault("travel_hours", what, "add travel_hours"))
        if faults:
            raise DataError.of(faults)
        return found.hours, found.trips

    def _plan(self, problem: Problem) -> ContactPlan:
        if self.table is None:
            rows = pd.DataFrame([row.model_dump() for row in self.plan or ()])
            return ContactPlan.of(rows, "plan")
        return ContactPlan.of(sheet(problem, self.table, ("segment", "channel", *FIELDS)),
                              f"table {self.table!r}")  # fmt: skip

    def _check_channels(self, plan: ContactPlan) -> None:
        faults = [
            Fault(
                f"overrides, entry {place}",
                f"the plan has no channel {one.channel!r}",
                meant(one.channel, plan.channels, f"its channels: {listed(plan.channels, 20)}"),
            )
            for place, one in enumerate(self.overrides, start=1)
            if one.channel not in plan.channels
        ]
        if faults:
            raise DataError.of(faults)

    def _applied(self, problem: Problem, part: slice) -> list[Applied]:
        """The overrides in force, each with the accounts of ``part`` that it matches."""
        today, frame = problem.planning_date, problem.accounts[part]
        dated = [place for place, one in enumerate(self.overrides, start=1) if one.until]
        if dated and today is None:
            raise DataError.of(
                Fault(
                    f"overrides, entry {place}",
                    "it ends, and there is no planning date",
                    "set planning_date in the scenario, or drop until",
                )
                for place in dated
            )
        return [
            Applied(place, one, one.where.mask(frame, today))
            for place, one in enumerate(self.overrides, start=1)
            if one.until is None or today is None or one.until >= today
        ]

    def _clashes(self, found: Spent, problem: Problem, at: Positions) -> Iterator[Fault]:
        for first, second, mask in found.twice:
            yield Fault(
                f"overrides, entries {first.place} and {second.place}",
                f"both change {first.override.channel!r} of {told_accounts(problem, at[mask])} "
                f"(owners {first.override.owner} and {second.override.owner})",
                "narrow one of them, for example with not",
            )

    def _gaps(self, found: Spent, problem: Problem, at: Positions) -> Iterator[Fault]:
        for one, mask in found.lacking:
            yield Fault(
                f"overrides, entry {one.place}",
                f"the plan has no {one.override.channel!r} for the segment of "
                f"{told_accounts(problem, at[mask])}",
                "give both contacts and hours here, or narrow the filter",
            )

    def _travel(self, rows: AccountRows | PairRows) -> Floats | float:
        """Hours of travel of one contact, for each row."""
        if self.formula is None:
            return float(self.travel_hours or 0.0)
        found = evaluate(self.formula, rows)
        low = np.flatnonzero(found < 0)
        if len(low):
            raise DataError("travel_hours", f"is below 0 for {rows.told(low)}", "write max(..., 0)")
        return found
