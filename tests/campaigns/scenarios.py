"""Random scenarios as plain mappings, and what their tables are to come out as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from rulebook import DRAWS
from rulebook.draws import Rng, pick, quarter

from campaigns.affine import relate
from campaigns.books import Book, Row, book
from campaigns.calendars import calendars
from campaigns.derived import derive
from campaigns.phrases import ACCOUNTS, REPS, TODAY, Phrase, depth_of, phrase
from campaigns.ranks import rank

Settings = dict[str, Any]

MOST_RULES = 5
NO_WHERE = ("coverage", "span")
NO_WHERE_REP = ("coverage", "together", "locks", "pool")


@dataclass(frozen=True, eq=False)
class Drawn:
    """A scenario as a mapping, the book that it was made of, and what of the language is in it.

    ``frames`` are the tables that are handed over beside it.
    """

    settings: Settings
    book: Book
    tags: frozenset[str]
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def draw(rng: Rng) -> Drawn:
    """A random scenario over the whole language: tables, measures, groups, rules, levels."""
    made = book(rng)
    derive(rng, made)
    if rng.random() < 0.3 and "workload" not in made.measures:
        made.units["workload"] = "hours"
        made.source["accounts"]["units"] = {"workload": "hours"}
        made.say("declared unit")
    relate(rng, made)
    calendars(rng, made)
    rules = _rules(rng, made)
    data: dict[str, Any] = {
        "accounts": _selected(rng, made, "accounts") | {"owner": "owner"},
        "reps": _selected(rng, made, "reps"),
    }
    if made.candidates == "file":
        data["pairs"] = _pairs(rng, made, data)
    elif made.candidates == "nearest":
        data["pairs"] = {"nearest": pick(rng, 1, 1, 2)}
    data["tables"] = {name: {"records": rows} for name, rows in made.tables.items()}
    settings: Settings = {
        "schema": 1, "name": "drawn", "planning_date": TODAY.isoformat(), "data": data,
        "groups": made.groups, "measures": made.measures, "rules": rules,
        "solve": {"seconds": 20, "gap": 0},
    }  # fmt: skip
    frames = _handed_over(data) if rng.random() < 0.2 else {}
    if frames:
        made.say("frames")
    levels, tags = rank(rng, rules)
    if levels:
        settings["priorities"] = levels
        made.say(*tags)
    return Drawn(settings, made, frozenset(made.tags), frames)


# ------------------------------------------------------------------------------------------- rules


def _rules(rng: Rng, made: Book) -> dict[str, Settings]:
    """One to five rules of any kinds, some with further filters."""
    found: dict[str, Settings] = {}
    kinds = [kind for kind in DRAWS if kind != "coverage"]
    for at in range(int(rng.integers(1, MOST_RULES + 1))):
        kind = str(rng.choice(kinds))
        turn = rng.random() if at == 0 else 1.0
        kind = "pool" if turn < 0.15 else "together" if turn < 0.35 else kind
        fields = DRAWS[kind](rng)
        if turn < 0.3 and kind == "together":
            fields = {name: one for name, one in fields.items() if name not in ("price", "most")}
        fields = _phrased(rng, kind, fields, made)
        found[f"{kind}-{at}"] = {"kind": kind, **_fitting(rng, kind, fields, made)}
        made.say(f"rule: {kind}", "priced" if "price" in fields else "hard")
        made.tags.update(f"{key} of a rule" for key in ("where", "where_rep") if key in fields)
        if {"by", "groups", "segments"} & fields.keys() and kind not in ("together", "apart"):
            made.say("levels: by manager, region, team")
    if made.candidates == "nearest" and rng.random() < 0.6:
        # Costs that do not follow the way, so that far pairs may be better than near ones.
        found["cost"] = {"kind": "cost", "value": "margin", "price": 1.0}
    return found


def _phrased(rng: Rng, kind: str, fields: Settings, made: Book) -> Settings:
    """The settings with a random filter put in, or joined to the one there is."""
    number = ("family_total",) if "family_total" in made.measures else ()
    columns = {**ACCOUNTS, "number": (*ACCOUNTS["number"], *number)}
    for name, over, without in (("where", columns, NO_WHERE), ("where_rep", REPS, NO_WHERE_REP)):
        if kind in without or rng.random() < 0.65:
            continue
        more = phrase(rng, over, pick(rng, 1, 2, 3))
        there = fields.get(name)
        if there is not None:
            more = pick(rng, {"all": [there, more]}, {"any": [there, more]}, there | {"not": more})
        fields = fields | {name: more}
        if depth_of(more):
            made.say(f"nested filter, {min(depth_of(more), 3)} deep")
    return fields


def _fitting(rng: Rng, kind: str, fields: Settings, made: Book) -> Settings:
    """The settings with limits in the unit of what is counted, and targets that stand still."""
    if kind == "balance" and "where_rep" in fields and "price" in fields:
        return fields | {"per": "unit"}
    if kind != "capacity" or fields.get("limit", "capacity") != "capacity":
        return fields
    measure = fields.get("measure", "workload")
    hours = made.units.get("capacity")
    if hours and (measure != "workload" or made.units.get("workload", hours) != hours):
        return fields | {"limit": quarter(rng, 6) + 0.25}
    other = made.units.get("hours_left")
    if other and measure == "workload" and made.units.get("workload", other) == other:
        return fields | {"limit": pick(rng, "capacity", "hours_left")}
    return fields


# ------------------------------------------------------------------------------------------ tables


def _selected(rng: Rng, made: Book, table: str) -> Settings:
    """The rows of accounts or reps, perhaps among others that a filter leaves out, or renamed."""
    rows: list[Row] = [dict(row) for row in (made.accounts if table == "accounts" else made.reps)]
    source: Settings = dict(made.source[table])
    if rng.random() < 0.25:
        kept, asked = _marked(rng)
        decoys = [_decoy(rng, rows[0], table, at) for at in range(pick(rng, 1, 2))]
        rows = [row | pick(rng, *kept) for row in rows]
        rows += [row | {"stand": "closed", "year": 2020, "ended": "2025-06-30"} for row in decoys]
        rows = [rows[at] for at in _mixed(rng, len(rows) - len(decoys), len(decoys))]
        source["where"] = asked
        made.say(f"selection of {table}")
    if rng.random() < 0.25:
        used = {"account_id", "rep_id", "owner", "state", "replaces", "goes"}
        names = [name for name in rows[0] if name not in used]
        theirs = {name: f"{name.title()} (old)" for name in names if rng.random() < 0.3}
        rows = [{theirs.get(name, name): cell for name, cell in row.items()} for row in rows]
        source["columns"] = theirs
        made.say("renamed columns")
    return source | {"records": rows}


def _marked(rng: Rng) -> tuple[list[Row], Phrase]:
    """Cells of rows that stay, and a filter that they pass and the closed ones do not."""
    live = [
        {"stand": "live", "year": 2026, "ended": None},
        {"stand": "new", "year": 2027, "ended": "2026-12-31"},
    ]
    asked: list[Phrase] = [
        {"stand": ["live", "new"]},
        {"not": {"stand": "closed"}},
        {"year": {"at_least": 2021}},
        {"any": [{"ended": {"is_null": True}}, {"ended": {"after": "today"}}]},
        {"stand": {"not": "closed"}, "not": {"ended": {"before": "-30 days"}}},
    ]
    return live, pick(rng, *asked)


def _decoy(rng: Rng, row: Row, table: str, at: int) -> Row:
    """A row that is to be left out: most of its cells would be refused if it were not."""
    one: Row = {name: pick(rng, None, "n/a", -1) for name in row}
    return one | {"account_id" if table == "accounts" else "rep_id": f"decoy {at}"}


def _mixed(rng: Rng, first: int, second: int) -> list[int]:
    """Positions of ``first`` rows in their order with those of ``second`` others between them."""
    places = sorted(rng.choice(first + second, size=second, replace=False).tolist())
    rest = iter(range(first))
    return [
        first + places.index(at) if at in places else next(rest) for at in range(first + second)
    ]


def _pairs(rng: Rng, made: Book, data: Mapping[str, Any]) -> Settings:
    """The listed pairs, those of rows that are left out and closed ones among them."""
    rows: list[Row] = [
        {"account_id": account, "rep_id": rep, **cells}
        for (account, rep), cells in made.pairs.items()
    ]
    source: Settings = {}
    if rng.random() < 0.25:
        closed = [
            {"account_id": one, "rep_id": rep, "open": False}
            for one in made.account_ids for rep in made.rep_ids if (one, rep) not in made.pairs
        ]  # fmt: skip
        rows = [row | {"open": True} for row in rows] + [rows[0] | one for one in closed]
        source["where"] = {"open": True}
        made.say("selection of pairs")
    if "decoy 0" in {row.get("account_id") for row in data["accounts"]["records"]}:
        rows.append(rows[0] | {"account_id": "decoy 0"})
    return source | {"records": [rows[at] for at in rng.permutation(len(rows))]}


def _handed_over(data: Settings) -> dict[str, pd.DataFrame]:
    """The accounts and the reps as frames, which stand in the place of their records."""
    frames = {}
    for name in ("accounts", "reps"):
        frames[name] = pd.DataFrame(data[name].pop("records"))
        data[name]["frame"] = name
    return frames
