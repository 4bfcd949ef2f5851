"""Random measures in place of plain columns, and what each is to come to, in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulebook.draws import Rng, pick, quarter

from campaigns.books import GRADES, Book, Row
from campaigns.phrases import ACCOUNTS, holds, phrase

Measure = dict[str, Any]
SHADOWED = ("workload", "revenue", "tier", "stage")
"""Columns that may become measures under the same name, so that every rule that reads them does."""

PLAIN = {
    **{kind: names for kind, names in ACCOUNTS.items() if kind != "number"},
    "number": ("zone",),
}
"""Columns that filters of measures read: none that is itself a measure."""


def derive(rng: Rng, book: Book) -> None:
    """Make some columns of accounts, and what is needed of pairs, measures of random kinds."""
    for name in SHADOWED:
        if rng.random() < 0.25 and all(row[name] is not None for row in book.known):
            kinds = ACCOUNT_KINDS if name != "workload" else [*ACCOUNT_KINDS, cadence]
            make = pick(rng, *kinds)
            book.measures[name] = make(rng, book, name)
            book.say(f"measure: {book.measures[name]['kind']}")
    if rng.random() < 0.3 and "revenue" not in book.measures:
        book.measures["family_total"] = {
            "kind": "rollup", "of": "revenue", "group": "family", "reported": "own",
            "gives": "total",
        }  # fmt: skip
        total = _totals(book, "revenue")
        for row in book.known:
            row["family_total"] = total[row["account_id"]]
        book.say("measure: rollup", "total of a family")


def _raw(book: Book, name: str) -> str:
    """The column that ``name`` is worked out from; ``name`` itself is in the table no more."""
    raw = f"{name}_raw"
    for row in book.accounts:
        row[raw] = row.pop(name)
    return raw


def _values(book: Book, name: str, value: Callable[[Row], float]) -> None:
    for row, cells in zip(book.known, book.accounts, strict=True):
        row[name] = float(value({**row, **cells}))


def scaled(rng: Rng, book: Book, name: str) -> Measure:
    raw = _raw(book, name)
    text, value = pick(
        rng,
        (f"{raw} * 2", lambda row: row[raw] * 2),
        (f"if(at_risk, {raw} + 0.5, {raw})", lambda row: row[raw] + 0.5 * row["at_risk"]),
        (
            f"if(segment == 'gold' or not (zone < -5), max({raw}, 1), {raw} ** 2 / 4)",
            lambda row: (
                max(row[raw], 1.0)
                if row["segment"] == "gold" or not row["zone"] < -5
                else row[raw] ** 2 / 4
            ),
        ),
        (
            f"max(min({raw}, 3), 0.25) + round(zone ** 2 / 100)",
            lambda row: max(min(row[raw], 3.0), 0.25) + round(row["zone"] ** 2 / 100),
        ),
    )
    _values(book, name, value)
    return {"kind": "formula", "formula": text}


def filled(rng: Rng, book: Book, name: str) -> Measure:
    raw = _raw(book, name)
    for row in book.accounts:
        row[raw] = None if rng.random() < 0.3 else row[raw]
    _values(book, name, lambda row: 0.75 if row[raw] is None else row[raw])
    return {"kind": "formula", "formula": f"coalesce({raw}, 0.75)"}


def looked_up(rng: Rng, book: Book, name: str) -> Measure:
    _raw(book, name)
    numbers = {grade: quarter(rng, 3) for grade in GRADES[:2]}
    rest = quarter(rng, 2) + 0.25
    _values(book, name, lambda row: numbers.get(row["grade"], rest))
    return {"kind": "lookup", "lookup": "grade", "values": numbers, "otherwise": rest}


def points(rng: Rng, book: Book, name: str) -> Measure:
    _raw(book, name)
    said = [{"where": phrase(rng, PLAIN, 1), "points": quarter(rng, 2)} for _ in range(2)]
    said.append({"where": {"account_id": {"is_null": False}}, "points": 0.5})
    scale = {"out_of": 3.0} if rng.random() < 0.5 else {}
    best = sum(one["points"] for one in said)
    times = 3.0 / best if scale else 1.0
    _values(
        book,
        name,
        lambda row: times * sum(one["points"] for one in said if holds(one["where"], row)),
    )
    book.units[name] = "points"
    return {"kind": "score", "points": said, **scale}


def index(rng: Rng, book: Book, name: str) -> Measure:
    raw = _raw(book, name)
    for row in book.accounts:
        row[raw] += 0.25
        row[f"{name}_more"] = quarter(rng, 2) + 0.25
    weights = {raw: 2.0, f"{name}_more": pick(rng, 1.0, 0.5)}
    mean = {
        column: sum(row[column] for row in book.accounts) / len(book.accounts) for column in weights
    }
    total = sum(weights.values())
    _values(
        book,
        name,
        lambda row: (
            2.0
            * sum(weight * row[column] / mean[column] for column, weight in weights.items())
            / total
        ),
    )
    book.units[name] = "points"
    return {"kind": "index", "of": weights, "average": 2.0}


def rolled_up(rng: Rng, book: Book, name: str) -> Measure:
    """Consolidated numbers whose own amounts are what the column held."""
    total = _totals(book, name)
    raw = _raw(book, name)
    for row in book.accounts:
        row[raw] = total[row["account_id"]]
    return {"kind": "rollup", "of": raw, "group": "family", "reported": "consolidated"}


def _totals(book: Book, name: str) -> dict[str, float]:
    """The amount of each account with everything below it."""
    total = {row["account_id"]: 0.0 for row in book.known}
    parents = {row["account_id"]: row["parent"] for row in book.accounts}
    for row in book.known:
        at = row["account_id"]
        while at in total:
            total[at] += row[name]
            at = parents[at]
    return total


def cadence(rng: Rng, book: Book, name: str) -> Measure:
    """Contacts of each grade on two channels, with an override in force and one that has ended."""
    _raw(book, name)
    plan = [
        {
            "segment": grade, "channel": channel, "contacts": float(rng.integers(0, 4)),
            "hours": quarter(rng, 1), "preparation": quarter(rng, 0.5),
            "travel": channel == "visit" and bool(rng.random() < 0.7),
        }
        for grade in GRADES for channel in ("visit", "phone")
    ]  # fmt: skip
    signed = {"owner": "head of sales", "reason": "agreed"}
    overrides = [
        {"where": {"at_risk": True}, "channel": "visit", "contacts": 2.0, **signed},
        {"where": {"zone": -6}, "channel": "phone", "hours": 1.0, "until": "2026-12-31", **signed},
        {"where": {"zone": -8}, "channel": "phone", "hours": 9.0, "until": "2025-12-31", **signed},
    ]
    overrides = [one for one in overrides if rng.random() < 0.6]

    def hours(row: Row) -> float:
        total = 0.0
        for cell in plan:
            if cell["segment"] == row["grade"]:
                now = [one for one in overrides if one["channel"] == cell["channel"]]
                now = [one for one in now if one.get("until", "9999") >= "2026-01-01"]
                for one in now:
                    if holds(one["where"], row):
                        cell = cell | {key: one[key] for key in ("contacts", "hours") if key in one}
                each = cell["hours"] + cell["preparation"] + 0.5 * cell["travel"]
                total += cell["contacts"] * each
        return total

    _values(book, name, hours)
    book.units[name] = "hours"
    said: Measure = {"kind": "cadence", "segment": "grade", "travel_hours": 0.5}
    if overrides:
        said["overrides"] = overrides
        book.say("override of a cadence")
    if rng.random() < 0.4:
        book.tables["contacts"] = plan
        return said | {"table": "contacts"}
    return said | {"plan": plan}


ACCOUNT_KINDS = [scaled, filled, looked_up, points, index, rolled_up]
