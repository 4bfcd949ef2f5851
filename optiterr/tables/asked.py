"""The columns that a scenario names and its rules read: found, renamed and validated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optiterr.errors import DataError, Fault, meant, nearest
from optiterr.pairs import Floats
from optiterr.problem import COUNT, Column
from optiterr.tables import columns as read_as
from optiterr.tables.columns import Cells
from optiterr.tables.oddities import degrees, two_units
from optiterr.tables.places import Place
from optiterr.tables.spec import Coordinates, PairSource, TableSource, place_of, read_table


@dataclass
class Table:
    """A table under its scenario names; ``written`` has the file's name of each renamed column.

    ``numbers`` are the columns validated as numbers, ``identified`` those validated as ids.
    ``left_out`` are the ids of rows that a selection leaves out, ``rows`` counts all with them (0:
    there is no selection).
    """

    key: str
    place: Place
    frame: pd.DataFrame
    written: dict[str, str]
    sha256: str
    numbers: dict[str, Floats] = field(default_factory=dict)
    identified: set[str] = field(default_factory=set)
    left_out: frozenset[str] = frozenset()
    rows: int = 0

    def name(self, column: str) -> str:
        """The name of ``column`` in the file, for messages."""
        return self.written.get(column, column)

    def ids(self, column: str, faults: list[Fault], unique: bool = True) -> Cells:
        """The ids in ``column``, which holds them as text from now on; None where empty."""
        if column not in self.frame:
            return np.full(len(self.frame), None, dtype=object)
        values, found = read_as.ids(self.frame[column], self.place, self.name(column))
        if unique:
            found += read_as.empty(values, self.place, self.name(column))
            found += read_as.repeated(values, self.place, self.name(column))
            if not len(values):
                found.append(
                    Fault(self.place.name, "has no rows", f"{self.key} needs at least one")
                )
        faults += found
        self.identified.add(column)
        self.frame[column] = pd.Series(values)
        return values


def load(
    source: TableSource | PairSource,
    key: str,
    own: Mapping[str, str],
    folder: Path,
    frames: Mapping[str, Any],
    faults: list[Fault],
) -> Table | None:
    """The table of ``source`` with its columns renamed, or None when it cannot be read at all.

    ``own`` adds the names of id columns to those of ``source.columns``. Columns that are not
    renamed keep their names; a column may be given several names.
    """
    place = place_of(source, key)
    try:
        frame, sha256 = read_table(source, folder, frames, key)
    except DataError as error:
        faults += error.faults
        return None
    names = {**own, **source.columns}
    there = list(frame.columns)
    for ours, theirs in names.items():
        if theirs not in there:
            faults.append(_misnamed(place, theirs, there, key, ours, ours not in source.columns))
    columns: dict[str, Any] = {}
    for theirs in there:
        given = [ours for ours, one in names.items() if one == theirs] or [theirs]
        for ours in given:
            if ours == theirs and names.get(ours, theirs) != theirs:
                faults.append(
                    Fault(
                        place.column(theirs),
                        f"the scenario already calls {names[ours]!r} {ours!r}",
                        f"name this one too, for example {key}.columns: {{{ours}_2: {theirs}}}",
                    )
                )
            else:
                columns[ours] = frame[theirs].array
    for ours in source.units:
        if ours not in columns and ours not in names:
            what = f"{ours!r} is no column of {place.name}"
            faults.append(Fault(f"{key}.units", what, meant(ours, columns, _said(list(columns)))))
    renamed = pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))
    return Table(key, place, renamed, names, sha256)


def _misnamed(
    place: Place, theirs: str, there: Sequence[str], key: str, ours: str, own: bool
) -> Fault:
    near = _alike(theirs, there)
    option = {"account_id": "id", "owner_id": "owner"}.get(ours, "id")
    if key == "data.pairs":
        option = {"account_id": "account", "rep_id": "rep"}.get(ours, "rep")
    write = f"{key}.{option}: " if own else f"{key}.columns: {{{ours}: "
    end = "" if own else "}"
    if near:
        fix = f"did you mean {near!r}? write {write}{near}{end}; "
    else:
        fix = f"say which it is with {key}.{option}; " if own else ""
    return Fault(place.name, f"has no column {theirs!r}", f"{fix}{_said(there)}")


def _alike(word: str, known: Iterable[str]) -> str | None:
    """The known name most like ``word``, whatever the case of its letters."""
    plain = {re.sub(r"[\W_]", "", one).casefold(): one for one in known}
    near = nearest(re.sub(r"[\W_]", "", word).casefold(), plain)
    return None if near is None else plain[near]


def _said(names: Sequence[str]) -> str:
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return f"its columns: {', '.join(names[:30]) or 'none'}{more}"


# ---------------------------------------------------------------------------------- what rules read


def validate(
    asked: Iterable[Column],
    tables: Mapping[str, Table | None],
    by: Coordinates | None,
    faults: list[Fault],
) -> list[str]:
    """Bring every asked column to its kind and return what looks odd but can be used as written.

    Number columns become floats, texts have no missing cells, dates are datetime64. ``tables`` has
    accounts, reps and, where the scenario lists them, pairs; None stands for a table that could not
    be read. ``by`` names the coordinates that the search for nearest reps needs.
    """
    asked = list(asked)
    if by is not None:
        names = (by.latitude, by.longitude)
        asked += [Column("accounts", name, minimum=None) for name in names]
        asked += [Column("reps", name, minimum=None) for name in names]
    wanted: dict[str, dict[str, list[Column]]] = {"accounts": {}, "reps": {}, "pairs": {}}
    accounts, pairs = tables["accounts"], tables.get("pairs")
    for column in dict.fromkeys(asked):
        where = _table_of(column, tables, faults)
        if where is None:
            continue
        table = tables.get(where)
        if where not in tables and where.startswith("tables."):
            short, known = where[7:], [one[7:] for one in tables if one.startswith("tables.")]
            what = f"there is no table {short!r}, and its column {column.name!r} is read"
            fix = meant(short, known, f"add it: tables: {{{short}: {{file: ...}}}}")
            faults.append(Fault("data.tables", what, fix))
        elif where not in tables:
            what = f"a rule reads {column.name!r} of each pair, and data.pairs is no table of pairs"
            fix = f"give data.pairs a file with the column {column.name!r}"
            faults.append(Fault("data.pairs", what, fix))
        elif table is not None and column.name not in table.frame:
            if column.name not in table.written:  # else already told
                faults.append(unfound(column, table, _reader(column, by), pairs))
        elif table is not None:
            wanted.setdefault(where, {}).setdefault(column.name, []).append(column)
    if accounts is not None and pairs is not None:
        faults += [
            _ambiguous(name, accounts, pairs)
            for name in wanted["pairs"]
            if name in wanted["accounts"]
        ]
    oddities: list[str] = []
    for where, columns in wanted.items():
        table = tables.get(where)
        if table is not None:
            for name, readers in columns.items():
                typed(table, name, readers, faults)
            oddities += _look(table, by, faults)
    return oddities


def _table_of(
    column: Column, tables: Mapping[str, Table | None], faults: list[Fault]
) -> str | None:
    """The table that has the column; None where nothing is to be looked up."""
    accounts, pairs = tables["accounts"], tables.get("pairs")
    of_account = accounts is not None and column.name in accounts.frame
    counts = column.kind == "number" and not column.missing and not of_account
    if column.name == COUNT and column.table in ("accounts", "measure") and counts:
        return None
    if column.table != "measure":
        return column.table
    if pairs is None or column.name not in pairs.frame:
        unread = accounts is None or ("pairs" in tables and pairs is None)
        return "accounts" if of_account or not unread else None
    if accounts is None or not of_account:
        return "pairs"
    faults.append(_ambiguous(column.name, accounts, pairs))
    return None


def _ambiguous(name: str, accounts: Table, pairs: Table) -> Fault:
    other = f"data.accounts.columns: {{{name}_of_account: {accounts.name(name)}}}"
    return Fault(
        pairs.place.column(pairs.name(name)),
        f"{accounts.place.name} has a column {name!r} too: which of the two is meant?",
        f"name one of them otherwise, for example {other}",
    )


def _reader(column: Column, by: Coordinates | None) -> str:
    nearest_reps = by is not None and column.name in (by.latitude, by.longitude)
    return "data.pairs.nearest" if nearest_reps else "a rule"


def unfound(column: Column, table: Table, reader: str, pairs: Table | None = None) -> Fault:
    """What to say when ``reader`` reads a column that the table does not have."""
    ours = [one for one, theirs in table.written.items() if theirs == column.name]
    if ours:
        return Fault(
            table.place.column(column.name),
            f"{reader} reads it by this name, and the scenario calls it {ours[0]!r}",
            f"write {ours[0]!r} {'in the rule' if reader == 'a rule' else 'there'}, "
            f"or name it twice with {table.key}.columns: {{{column.name}: {column.name}}}",
        )
    near = _alike(column.name, table.frame.columns)
    if near is None and column.table == "measure" and pairs is not None:
        there = _alike(column.name, pairs.frame.columns)
        table, near = (table, near) if there is None else (pairs, there)
    written = None if near is None else table.name(near)
    write = f"{table.key}.columns: {{{column.name}: {written}}}"
    fix = f"did you mean {written!r}? write {write}; " if near else ""
    return Fault(
        table.place.name,
        f"has no column {column.name!r}, which {reader} reads",
        fix + _said([table.name(one) for one in table.frame.columns]),
    )


def typed(table: Table, name: str, readers: list[Column], faults: list[Fault]) -> None:
    """Bring the column ``name`` to the kind that its ``readers`` ask for; faults are noted."""
    cells, place, written = table.frame[name], table.place, table.name(name)
    kinds = sorted({reader.kind for reader in readers} - {"any"})
    if len(kinds) > 1:
        first = (
            f"{table.key}.columns: {{{name}_{kinds[0]}: {written}, {name}_{kinds[1]}: {written}}}"
        )
        what = f"one rule reads it as {kinds[0]}, another as {kinds[1]}"
        faults.append(Fault(place.column(written), what, f"name it twice, as in {first}"))
    elif kinds == ["number"] and name in table.identified:
        second = f"{table.key}.columns: {{{name}_number: {written}}}"
        what = "a rule reads it as a number, and it holds ids"
        fix = f"name another column in the rule, or this one twice with {second}"
        faults.append(Fault(place.column(written), what, fix))
    elif kinds == ["number"]:
        least = [reader.minimum for reader in readers if reader.minimum is not None]
        blank = all(reader.missing for reader in readers if reader.kind == "number")
        values, found = read_as.numbers(cells, place, written, max(least, default=None), blank)
        table.numbers[name] = values
        table.frame[name] = values
        faults += found
    elif kinds == ["date"]:
        table.frame[name], found = read_as.dates(cells, place, written)
        faults += found
    elif kinds == ["flag"]:
        table.frame[name], found = read_as.flags(cells, place, written)
        faults += found
    elif kinds == ["text"] and name not in table.identified:
        texts, found = read_as.texts(cells, place, written)
        table.frame[name] = pd.Series(texts)
        faults += found


def _look(table: Table, by: Coordinates | None, faults: list[Fault]) -> list[str]:
    """Check coordinates and look for two units in one column."""
    oddities = []
    pairs = _coordinates(table.numbers, by)
    for north, east in pairs:
        latitude, longitude = table.numbers[north], table.numbers[east]
        names = (table.name(north), table.name(east))
        faults += degrees(latitude, longitude, table.place, names)
        zero = np.flatnonzero((latitude == 0) & (longitude == 0))
        if len(zero):
            oddities.append(
                f"{table.place.name}, {table.place.rows(zero)}: latitude 0, longitude 0 lies "
                "in the sea off Africa and often stands for an unknown address; give the true one"
            )
    coordinates = {name for pair in pairs for name in pair}
    for name, values in table.numbers.items():
        if name in coordinates or (clusters := two_units(values)) is None:
            continue
        low, high, odd = clusters
        oddities.append(
            f"{table.place.column(table.name(name))}: values fall in two groups about a factor of "
            f"1000 apart, around {low:.6g} and around {high:.6g}; the smaller group has "
            f"{int(odd.sum())} values ({table.place.rows(np.flatnonzero(odd))}): are they in "
            "another unit? Bring them to one unit, or ignore this if they are right"
        )
    return oddities


def _coordinates(names: Iterable[str], by: Coordinates | None) -> list[tuple[str, str]]:
    """Names of latitude and longitude columns that belong together."""
    known = list(names)
    found = [(by.latitude, by.longitude)] if by and {by.latitude, by.longitude} <= {*known} else []
    for north in known:
        if re.search(r"(^|_)lat(itude)?($|_)", north, re.IGNORECASE):
            for east in ("longitude", "long", "lon", "lng"):
                name = re.sub(r"lat(itude)?", east, north, count=1, flags=re.IGNORECASE)
                if name in known and (north, name) not in found:
                    found.append((north, name))
    return found
