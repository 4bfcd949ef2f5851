"""Random tables of accounts, reps and pairs as rows that a scenario can hold, and who owns what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from rulebook.draws import Rng, pick, quarter
from rulebook.problems import random_problem

from optiterr.problem import DEPARTED, NOBODY

GRADES = ("A", "B", "C")
SIZES = ((2, 2), (2, 2), (2, 3), (3, 2), (3, 2), (3, 3), (4, 2))
"""Accounts and reps: few enough that every plan can be counted, open accounts included."""

TENTHS = ("workload", "revenue", "capacity")
"""Columns that hold tenths rather than quarters in some books."""

Row = dict[str, Any]


@dataclass
class Book:
    """Tables being made. ``known`` holds what each account is to come out with, measures included.

    ``units`` are those of measures and columns that have one, ``tags`` names what of the language
    takes part. ``hours`` are what the calendar called ``calendar`` gives reps. ``owner`` and
    ``serves`` are what is to be read of owners and roster.
    """

    accounts: list[Row]
    reps: list[Row]
    pairs: dict[tuple[str, str], dict[str, float]]
    candidates: str
    known: list[Row]
    tables: dict[str, list[Row]]
    departed: list[str]
    owner: list[int] = field(default_factory=list)
    serves: list[bool] = field(default_factory=list)
    measures: dict[str, dict[str, Any]] = field(default_factory=dict)
    pair_values: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    calendar: str = ""
    hours: dict[str, float] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    source: dict[str, dict[str, Any]] = field(default_factory=lambda: {"accounts": {}, "reps": {}})
    tags: set[str] = field(default_factory=set)

    @property
    def account_ids(self) -> list[str]:
        return [row["account_id"] for row in self.known]

    @property
    def rep_ids(self) -> list[str]:
        return [row["rep_id"] for row in self.reps]

    def say(self, *tags: str) -> None:
        """Note what of the language takes part."""
        self.tags.update(tags)


def book(rng: Rng) -> Book:
    """Random tables: a random problem of the rules' own tests, written out as rows."""
    data = random_problem(rng, pick(rng, *SIZES))
    accounts, reps = _rows(data.accounts), _rows(data.reps)
    candidates = str(rng.choice(["file", "all", "nearest"], p=[0.42, 0.33, 0.25]))
    owners = [row.pop("owner_id") for row in accounts]
    for row, owner in zip(accounts, owners, strict=True):
        row |= {"owner": owner, "grade": pick(rng, *GRADES)}
        if rng.random() < 0.1:
            row["stage"] = None
    for row in reps:
        row["fte"] = pick(rng, 0.5, 1.0)
    serves = [bool(one) for one in data.serves]
    if all(serves) and rng.random() < 0.3:
        reps.append(dict(reps[0]) | {"rep_id": "r9"})
        serves.append(False)
        accounts[0]["owner"] = pick(rng, accounts[0]["owner"], "r9")
    tenths = rng.random() < 0.4
    if tenths:
        # Sums of tenths miss a limit by rounding where sums of quarters meet it exactly.
        for row in (*accounts, *reps):
            row |= {name: round(row[name] * 0.4, 1) for name in TENTHS if name in row}
    found = Book(
        accounts,
        reps,
        {},
        candidates,
        known=[dict(row) for row in accounts],
        tables={"locks": _rows(data.tables["locks"])},
        departed=["gone"] if "gone" in [row["owner"] for row in accounts] else [],
        serves=serves,
    )
    found.say(f"pairs: {candidates}", *(["tenths"] if tenths else []))
    _roster(rng, found)
    if candidates == "file":
        _pairs(rng, found, data.pairs.account, data.pairs.rep, data.pair_columns)
    _groups(rng, found, data.groups)
    return found


def _rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame as cells of a scenario: dates as text, None where there is nothing."""
    return [{name: _cell(cell) for name, cell in row.items()} for row in frame.to_dict("records")]


def _cell(cell: Any) -> Any:
    if pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat()
    return cell.item() if isinstance(cell, np.generic) else cell


def _roster(rng: Rng, made: Book) -> None:
    """Who leaves, as a column of states, as true and false, or not at all."""
    idle = [row["rep_id"] for row, serves in zip(made.reps, made.serves, strict=True) if not serves]
    vacant: list[str] = []
    if rng.random() < (0.5 if idle else 0.3):
        gone = [*idle, *made.departed]
        for row in made.reps:
            state = pick(rng, "active", "active", "On leave", "placeholder")
            row["replaces"] = None
            if row["rep_id"] in idle:
                state = pick(rng, "leaver", "vacancy")
                vacant += [row["rep_id"]] if state == "vacancy" else []
            elif gone and rng.random() < 0.5:
                state, row["replaces"] = "backfill", gone.pop()
            row["state"] = state
            made.say(f"state: {state.lower().replace(' ', '_')}")
        made.source["reps"] |= {"status": "state", "backfill_for": "replaces"}
    elif idle:
        for row in made.reps:
            row["goes"] = row["rep_id"] in idle
        made.source["reps"]["leaves"] = "goes"
        made.say("leaves")
    place = {rep: at for at, rep in enumerate(made.rep_ids)}
    for row in made.known:
        owner = row["owner"]
        if owner is None or owner in vacant:
            made.owner.append(NOBODY)
        else:
            gone_ = owner in idle or owner in made.departed
            made.owner.append(DEPARTED if gone_ else place[owner])
    if made.departed:
        made.source["accounts"]["departed"] = list(made.departed)
        made.say("departed")


def _pairs(rng: Rng, made: Book, account: Any, rep: Any, columns: Any) -> None:
    """The listed pairs with their measures; those of owners who stay are listed always."""
    ids, names = made.account_ids, made.rep_ids
    for at in range(len(account)):
        cells = {name: float(values[at]) for name, values in columns.items()}
        made.pairs[ids[account[at]], names[rep[at]]] = cells
    for row, owner in zip(made.known, made.owner, strict=True):
        if owner >= 0 and (row["account_id"], names[owner]) not in made.pairs:
            cells = {"drive": quarter(rng, 2), "score": quarter(rng, 1), "margin": -quarter(rng, 2)}
            made.pairs[row["account_id"], names[owner]] = cells


def _groups(rng: Rng, made: Book, groups: Any) -> None:
    """Families by parent and shared investors, as a column or as a table."""
    family, ids = groups["family"], made.account_ids
    outside = rng.random() < 0.25
    for at, row in enumerate(made.accounts):
        parent = int(family.parent[at])
        row["parent"] = ids[parent] if parent >= 0 else None
        if parent < 0 and outside and rng.random() < 0.5:
            row["parent"] = "holding"
    made.groups["family"] = {"parent": "parent"} | ({"outside": "group"} if outside else {})
    parents = {row["account_id"]: row["parent"] for row in made.accounts}
    made.members["family"] = {(one, _top(one, parents)) for one in ids}
    funds: dict[str, list[str]] = {one: [] for one in ids}
    for account, group in zip(groups["investor"].account, groups["investor"].group, strict=True):
        funds[ids[account]].append(groups["investor"].labels[group])
    made.members["investor"] = {(one, fund) for one, some in funds.items() for fund in some}
    if rng.random() < 0.5:
        for row in made.accounts:
            row["investors"] = "; ".join(funds[row["account_id"]])
        made.groups["investor"] = {"column": "investors"}
    else:
        made.tables["holdings"] = [
            {"account": one, "group": fund} for one, fund in sorted(made.members["investor"])
        ] or [{"account": ids[0], "group": "south fund"}]
        made.members["investor"] |= set() if made.members["investor"] else {(ids[0], "south fund")}
        made.groups["investor"] = {"table": "holdings"}
    made.say("groups: parent", f"groups: {next(iter(made.groups['investor']))}")
    if outside:
        made.say("groups: parent outside")


def _top(one: str, parents: dict[str, Any]) -> str:
    """The head of an account's family: the last parent there is, in the table or not."""
    while parents.get(one) is not None:
        one = parents[one]
    return one
