"""Days off: the holidays and the leave that the calendars of the reps take from tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import Fault, nearest
from optiterr.pairs import Floats, Mask
from optiterr.problem import Column
from optiterr.tables import columns as read_as
from optiterr.tables.asked import Table, unfound
from optiterr.tables.columns import Cells
from optiterr.tables.places import Place

Days = NDArray[np.datetime64]
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Holidays:
    """Days on which nobody works, or only those of a region; region '' is everybody's."""

    day: Days
    region: Cells


@dataclass(frozen=True, eq=False)
class Leave:
    """Days off of single reps: positions of reps, first and last day, and the share of each day."""

    rep: Positions
    first: Days
    last: Days
    share: Floats


def table_of(
    name: str, field: str, tables: Mapping[str, Table | None], faults: list[Fault]
) -> Table | None:
    """The table of ``data.tables`` that ``field`` of a calendar names; None with a fault if none.

    None without a fault stands for a table that could not be read: that is told already.
    """
    key = f"tables.{name}"
    if key not in tables:
        known = [one.removeprefix("tables.") for one in tables if one.startswith("tables.")]
        near = nearest(name, known)
        fix = f"did you mean {near!r}?" if near else f"add data.tables.{name}"
        faults.append(Fault(field, f"there is no table {name!r} under data.tables", fix))
    return tables.get(key)


def read_holidays(table: Table, by_region: bool, field: str, faults: list[Fault]) -> Holidays:
    """The holidays of a table with the column ``day`` and, when ``by_region``, ``region``."""
    found: list[Fault] = []
    day = _dates(table, "day", field, found)
    regional = "region" in table.frame
    region = np.full(len(day), "", dtype=object)
    if by_region and _column(table, "region", field, found) is not None:
        region, told = read_as.texts(table.frame["region"], table.place, table.name("region"))
        found += told
    elif regional and not by_region:
        found.append(
            Fault(
                table.place.column(table.name("region")),
                "holidays of regions, and the calendar does not say where a rep is",
                f"write {field.rpartition('.')[0]}.region: the rep column with the region",
            )
        )
    faults += found
    return Holidays(day, region)


def read_leave(
    table: Table, rep_ids: Cells, gone: Collection[str], field: str, faults: list[Fault]
) -> Leave:
    """The leave of a table with the columns rep, first_day, last_day and perhaps share.

    Faults are unknown reps, empty days, a last day before the first, shares outside 0 to 1, and
    leave that overlaps other leave of the same rep. Leave of reps who are ``gone``, departed or
    left out of the scenario, counts for nobody.
    """
    found: list[Fault] = []
    first = _dates(table, "first_day", field, found)
    last = _dates(table, "last_day", field, found)
    rep = _reps(table, rep_ids, gone, field, found)
    share = np.ones(len(rep))
    if "share" in table.frame:
        written = table.name("share")
        share, told = read_as.numbers(table.frame["share"], table.place, written, 0.0)
        found += told + above_one(share, table.place, written)
    backward = np.flatnonzero(last < first)
    found += table.place.faults(
        table.name("last_day"),
        backward,
        lambda n: (
            f"the leave ends on {last[backward[n]]}, before it begins on {first[backward[n]]}",
            "correct one of the two days",
        ),
    )
    found += _overlaps(table.place, rep, first, last)
    faults += found
    known = np.flatnonzero(rep >= 0) if not found else np.zeros(0, dtype=np.int64)
    return Leave(rep[known], first[known], last[known], share[known])


def above_one(shares: Floats, place: Place, written: str) -> list[Fault]:
    """A fault for each share that is more than 1."""
    rows = np.flatnonzero(shares > 1)

    def say(n: int) -> tuple[str, str]:
        value = float(shares[rows[n]])
        meant = f"write the share {value / 100:g}" if 2 < value <= 100 else "write at most 1"
        return f"{value:g} is no share: more than 1", meant

    return place.faults(written, rows, say)


def _reps(
    table: Table, rep_ids: Cells, gone: Collection[str], field: str, faults: list[Fault]
) -> Positions:
    """Position of each row's rep, -1 for one who is gone."""
    nobody = np.full(len(table.frame), -1, dtype=np.int64)
    cells = _column(table, "rep", field, faults)
    if cells is None:
        return nobody
    place, written = table.place, table.name("rep")
    ids, found = read_as.ids(cells, place, written)
    if found:
        faults += found
        return nobody
    faults += read_as.empty(ids, place, written)
    known = {one: at for at, one in enumerate(rep_ids) if one is not None}
    rep = pd.Series(ids, dtype=object).map(known).fillna(-1).to_numpy(dtype=np.int64)
    left = pd.Series(ids, dtype=object).isin(list(gone)).to_numpy(dtype=bool)
    rows = np.flatnonzero((rep < 0) & ~left & pd.notna(ids))

    def unknown(n: int) -> tuple[str, str]:
        one = str(ids[rows[n]])
        near = nearest(one, known)
        fix = f"did you mean {near!r}?" if near else "use an id of data.reps, or delete the row"
        return f"rep {one!r} is not in data.reps", fix

    faults += place.faults(written, rows, unknown)
    return rep


def _overlaps(place: Place, rep: Positions, first: Days, last: Days) -> list[Fault]:
    """A fault for each leave that begins before an earlier leave of the same rep is over.

    Rows that have another fault are not looked at.
    """
    order = np.lexsort((last, first, rep))
    order = order[(rep[order] >= 0) & (first[order] <= last[order])]
    if not len(order):
        return []
    until = last[order].astype(np.int64) * len(rep) + order  # the latest last day, and whose it is
    held = pd.Series(until).groupby(rep[order]).cummax()
    before = held.groupby(rep[order]).shift(1)
    there: Mask = before.notna().to_numpy(dtype=bool)
    latest = before.fillna(0).to_numpy(dtype=np.int64)
    over = np.flatnonzero(there & (latest // len(rep) >= first[order].astype(np.int64)))
    rows, others = order[over], latest[over] % len(rep)
    ranked = np.argsort(rows, kind="stable")
    rows, others = rows[ranked], others[ranked]
    return place.faults(
        None,
        rows,
        lambda n: (
            f"the leave from {first[rows[n]]} to {last[rows[n]]} overlaps that of "
            f"{place.rows(others[n : n + 1])}, which is over on {last[others[n]]}",
            "let each day off stand in one row",
        ),
    )


def _dates(table: Table, column: str, field: str, faults: list[Fault]) -> Days:
    """The days of a column, in which no cell may be empty; NaT where there is a fault."""
    cells = _column(table, column, field, faults)
    if cells is None:
        return np.full(len(table.frame), np.datetime64("NaT", "D"))
    dates, found = read_as.dates(cells, table.place, table.name(column))
    days = dates.to_numpy().astype("datetime64[D]")
    if not found:
        rows = np.flatnonzero(np.isnat(days))
        found = table.place.faults(
            table.name(column),
            rows,
            lambda n: ("the day is empty", "write the day, or delete the row"),
        )
    faults += found
    return days


def _column(table: Table, column: str, field: str, faults: list[Fault]) -> pd.Series[Any] | None:
    """The cells of a column that a calendar needs; None with a fault where there is none."""
    if column in table.frame:
        return table.frame[column]
    if column not in table.written:  # else already told
        faults.append(unfound(Column("reps", column), table, field))
    return None
