"""From the tables of a scenario to a problem in which every reference resolves."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import DataError, Fault, OptiterrWarning
from optiterr.pairs import Mask, Pairs
from optiterr.problem import Column, Problem
from optiterr.tables.asked import Table, load, validate
from optiterr.tables.candidates import all_pairs, nearest_pairs, pairs_of
from optiterr.tables.references import Listed, keys_of, listed_pairs, owners
from optiterr.tables.roster import read_roster
from optiterr.tables.selection import select, without_left_out
from optiterr.tables.spec import DataSpec, PairSource, TableSource
from optiterr.tables.staffing import add_hours, with_calendars

MOST_PAIRS = 200_000_000
"""More candidate pairs do not fit a usual memory: their positions alone take 8 bytes each."""

Eligible = Callable[[Problem], tuple[NDArray[np.int64], Mask]]


def read_problem(
    spec: DataSpec,
    columns: Iterable[Column],
    folder: Path,
    frames: Mapping[str, Any] | None = None,
    eligible: Eligible | None = None,
    planning_date: dt.date | None = None,
    derive: Callable[[Problem], Problem] | None = None,
) -> Problem:
    """The validated data of ``spec``; all faults of all tables are raised as one DataError.

    Only ``columns`` must hold what their kind says; others are carried as they are. Files are
    looked for in ``folder``; ``frames`` are tables handed over by name and are never modified.
    ``eligible`` tells which reps each kind of account may have (default: every rep); only the
    search for nearest reps asks it. ``derive`` adds what is worked out from the tables (groups,
    measures) before candidates are chosen.
    """
    faults: list[Fault] = []
    tables = _load_all(spec, Path(folder), frames or {}, planning_date, faults)
    accounts, reps, listing = (tables.get(key) for key in ("accounts", "reps", "pairs"))
    by = spec.pairs.by if isinstance(spec.pairs, PairSource) and spec.pairs.nearest else None
    oddities: list[str] = []
    columns = with_calendars(columns, spec, reps, faults)
    if accounts is None or reps is None:
        for table, column in ((accounts, "account_id"), (reps, "rep_id")):
            if table is not None:
                table.ids(column, faults)
        validate(columns, tables, by, faults)
        raise DataError.of(faults)
    account_ids = accounts.ids("account_id", faults)
    rep_ids = reps.ids("rep_id", faults)
    roster = read_roster(reps, rep_ids, spec.reps, spec.accounts.departed, faults)
    owner = owners(accounts, rep_ids, roster, spec.accounts, faults, oddities, reps.left_out)
    listed = None
    if listing is not None:
        listed = listed_pairs(
            listing, accounts, account_ids, rep_ids, spec.accounts.departed, faults
        )
    oddities += validate(columns, tables, by, faults)
    add_hours(spec, tables, rep_ids, roster, planning_date, faults, oddities)
    faults += _reserved(accounts, listing, spec)
    if faults:
        raise DataError.of(faults)
    for oddity in oddities:
        warnings.warn(oddity, OptiterrWarning, stacklevel=2)
    read = {key: table for key, table in tables.items() if table is not None}
    problem = Problem(
        accounts=accounts.frame,
        reps=reps.frame,
        owner=owner,
        pairs=Pairs.of([], [], len(owner)),
        possible=len(owner) * int(roster.serves.sum()),
        tables=MappingProxyType({name: read[f"tables.{name}"].frame for name in spec.tables}),
        planning_date=planning_date,
        selected=MappingProxyType(
            {key: (len(table.frame), table.rows) for key, table in read.items() if table.rows}
        ),
        hashes=MappingProxyType({key: table.sha256 for key, table in read.items()}),
        serves=roster.serves,
    )
    if derive is not None:
        problem = derive(problem)
    return _with_candidates(problem, spec, listed, eligible)


def _load_all(
    spec: DataSpec,
    folder: Path,
    frames: Mapping[str, Any],
    planning_date: dt.date | None,
    faults: list[Fault],
) -> dict[str, Table | None]:
    """Every table by its key below ``data``, as selected; None where it cannot be read."""
    own = {"account_id": spec.accounts.id}
    if spec.accounts.owner is not None:
        own["owner_id"] = spec.accounts.owner
    sources: list[tuple[str, TableSource | PairSource, dict[str, str]]] = [
        ("accounts", spec.accounts, own),
        ("reps", spec.reps, {"rep_id": spec.reps.id}),
    ]
    if isinstance(spec.pairs, PairSource) and spec.pairs.nearest is None:
        names = {"account_id": spec.pairs.account, "rep_id": spec.pairs.rep}
        sources.append(("pairs", spec.pairs, names))
    sources += [(f"tables.{name}", table, {}) for name, table in spec.tables.items()]
    tables: dict[str, Table | None] = {}
    for key, source, names in sources:
        table = load(source, f"data.{key}", names, folder, frames, faults)
        tables[key] = table and select(table, source.where, planning_date, faults)
    accounts, reps, listing = (tables.get(key) for key in ("accounts", "reps", "pairs"))
    if accounts and reps and listing:
        tables["pairs"] = without_left_out(listing, accounts, reps)
    return tables


def _reserved(accounts: Table, listing: Table | None, spec: DataSpec) -> list[Fault]:
    """Columns called like those that hold the rep who serves and today's owner of an account."""
    faults = []
    if "rep_id" in accounts.frame:
        written = accounts.name("rep_id")
        owns = f"if it is today's owner, write data.accounts.owner: {written}; else "
        faults.append(
            Fault(
                accounts.place.column(written),
                "'rep_id' is the name of the rep who serves an account in a plan",
                (owns if spec.accounts.owner is None else "")
                + "give it another name, here and in the rules that read it, with "
                f"data.accounts.columns: {{other_rep: {written}}}",
            )
        )
    if listing is not None and "owner_id" in listing.numbers:
        written = listing.name("owner_id")
        faults.append(
            Fault(
                listing.place.column(written),
                "'owner_id' is the name of today's owner of an account",
                "give it another name, here and in the rules that read it, with "
                f"data.pairs.columns: {{owner_value: {written}}}",
            )
        )
    return faults


def _with_candidates(
    problem: Problem, spec: DataSpec, listed: Listed | None, eligible: Eligible | None
) -> Problem:
    """The problem with the candidate pairs that ``spec`` asks for."""
    accounts, serves = len(problem.owner), problem.serves
    if listed is not None:
        return _with_listed(problem, listed)
    nearest = spec.pairs.nearest if isinstance(spec.pairs, PairSource) else None
    count = accounts * min(int(serves.sum()), nearest or len(serves))
    if count > MOST_PAIRS:
        raise DataError(
            "data.pairs",
            f"{count} candidate pairs are more than {MOST_PAIRS}",
            "ask for the nearest reps only, for example pairs: {nearest: 30}",
        )
    if nearest is None or not isinstance(spec.pairs, PairSource):
        return replace(problem, pairs=all_pairs(accounts, serves))
    by = spec.pairs.by
    kind, may = np.zeros(accounts, dtype=np.int64), np.ones((1, len(serves)), dtype=bool)
    if eligible is not None:
        kind, may = eligible(problem)
    pairs = nearest_pairs(
        (problem.account_number(by.latitude), problem.account_number(by.longitude)),
        (problem.rep_number(by.latitude), problem.rep_number(by.longitude)),
        problem.owner,
        nearest,
        kind,
        may & serves,
    )
    return replace(problem, pairs=pairs, candidates="nearest")


def _with_listed(problem: Problem, listed: Listed) -> Problem:
    """The listed pairs of reps who serve; each owner is a candidate too where rows hold no measure.

    A measure of an owner's pair cannot be invented: such a pair must be listed.
    """
    accounts, reps = len(problem.owner), len(problem.serves)
    used = np.flatnonzero((listed.rep >= 0) & np.append(problem.serves, False)[listed.rep])
    keys = keys_of(listed.account[used], listed.rep[used], reps)
    order = used if (np.diff(keys) > 0).all() else used[np.argsort(keys, kind="stable")]
    pairs = Pairs.of(listed.account[order], listed.rep[order], accounts)
    owned = np.flatnonzero(problem.owner >= 0)
    absent = owned[pairs.find(owned, problem.owner[owned]) < 0]
    place, columns = listed.table.place, listed.table.numbers
    faults = []
    if columns and len(absent):
        ids = problem.account_ids[absent], problem.rep_ids[problem.owner[absent]]
        home = listed.accounts
        faults += home.place.faults(
            home.name("owner_id"),
            absent,
            lambda n: (
                f"{ids[0][n]!r} is owned by {ids[1][n]!r}, a pair that {place.name} does not list",
                f"add the pair to {place.name} with its {', '.join(columns)}",
            ),
        )
    elif len(absent):
        both = (
            np.concatenate([pairs.account, absent]),
            np.concatenate([pairs.rep, problem.owner[absent]]),
        )
        pairs = pairs_of(*both, accounts, reps)
    lonely = np.flatnonzero(np.diff(pairs.start) == 0)
    lonely = np.setdiff1d(lonely, absent)
    faults += listed.accounts.place.faults(
        None,
        lonely,
        lambda n: (
            f"{place.name} lists no rep who serves for account {problem.account_ids[lonely[n]]!r}",
            f"add at least one pair to {place.name}",
        ),
    )
    if faults:
        raise DataError.of(faults)
    return replace(
        problem,
        pairs=pairs,
        possible=len(pairs),
        candidates="file",
        pair_columns=MappingProxyType({name: values[order] for name, values in columns.items()}),
    )
