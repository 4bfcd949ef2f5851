"""Random filters, and a plain reading of them row by row that knows nothing of the real one."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import Any

from rulebook.draws import Rng, pick, quarter

TODAY = dt.date(2026, 1, 1)
"""The planning date of the random problems."""

Row = Mapping[str, Any]
Phrase = dict[str, Any]

ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "text": ("segment", "region", "zip", "industry", "account_id"),
    "number": ("tier", "zone", "stage", "revenue", "workload"),
    "date": ("renewal", "since", "last_touch"),
    "flag": ("at_risk",),
}
REPS: Mapping[str, tuple[str, ...]] = {
    "text": ("team", "manager", "region", "role", "rep_id"),
    "number": ("level", "seats", "zone", "capacity"),
}
WORDS_OF: Mapping[str, tuple[str, ...]] = {
    "segment": ("gold", "silver"),
    "region": ("east", "west"),
    "zip": ("10", "20"),
    "industry": ("x", "y", "x; y"),
    "team": ("east", "west"),
    "manager": ("mia", "noa"),
    "role": ("specialist", "generalist"),
    "account_id": ("a", "b", "c"),
    "rep_id": ("r1", "r2", "r3"),
}
DAYS = ("today", "90 days", "-30 days", "2 months", "1 year", "-1 week", "2026-03-01", "2025-11-15")


def phrase(rng: Rng, columns: Mapping[str, tuple[str, ...]], depth: int = 2) -> Phrase:
    """A random filter over ``columns`` by kind, nested at most ``depth`` deep."""
    found: Phrase = {}
    for _ in range(pick(rng, 1, 1, 2)):
        how = rng.random()
        if depth and how < 0.15:
            found["not"] = phrase(rng, columns, depth - 1)
        elif depth and how < 0.45:
            parts = [phrase(rng, columns, depth - 1) for _ in range(pick(rng, 1, 2, 2, 3))]
            found[pick(rng, "any", "all")] = parts
        else:
            kind = str(rng.choice(list(columns)))
            name = pick(rng, *columns[kind])
            found[name] = condition(rng, kind, name, depth)
    return found


def condition(rng: Rng, kind: str, name: str, depth: int) -> Any:
    """What is asked of one column."""
    if depth and rng.random() < 0.1:
        return {"not": condition(rng, kind, name, depth - 1)}
    if rng.random() < 0.1:
        return {"is_null": bool(rng.random() < 0.5)}
    if kind == "flag":
        return bool(rng.random() < 0.5)
    if kind == "text":
        words = WORDS_OF[name]
        return pick(
            rng,
            pick(rng, *words),
            list(words[:2]),
            {"is": pick(rng, *words)},
            {"has": pick(rng, *words).split(";")[0]},
        )
    if kind == "date":
        ends = sorted((pick(rng, *DAYS), pick(rng, *DAYS)), key=day)
        return pick(
            rng,
            {"before": ends[0]},
            {"after": ends[0]},
            {"between": ends},
            {"after": ends[0], "before": ends[1]},
        )
    low = quarter(rng, 3)
    return pick(
        rng,
        {"at_least": low},
        {"at_most": low},
        {"more_than": low},
        {"less_than": low},
        {"between": [low, low + quarter(rng, 2)]},
        low,
        [0, 1, low],
    )


def holds(asked: Phrase, row: Row) -> bool:
    """Whether a row passes a filter: each entry has to hold."""
    for key, value in asked.items():
        if key in ("any", "all") and isinstance(value, list):
            said = (any if key == "any" else all)(holds(one, row) for one in value)
        elif key == "not" and isinstance(value, dict):
            said = not holds(value, row)
        else:
            said = meets(row[key], value)
        if not said:
            return False
    return True


def meets(cell: Any, asked: Any) -> bool:
    """Whether a cell meets what is asked of it; an empty one meets nothing but is_null."""
    empty = cell is None or cell == ""
    if not isinstance(asked, dict):
        return not empty and cell in (asked if isinstance(asked, list) else [asked])
    return all(_meets(cell, empty, op, end) for op, end in asked.items())


def _meets(cell: Any, empty: bool, op: str, end: Any) -> bool:
    if op == "is_null":
        return empty is end
    if op == "not":
        return not meets(cell, end)
    if op == "is":
        return meets(cell, end)
    if empty:
        return False
    if op == "has":
        return str(end).strip() in [word.strip() for word in str(cell).split(";")]
    dated = op in ("before", "after") or (op == "between" and isinstance(end[0], str))
    value = dt.date.fromisoformat(cell) if dated else cell
    ends = [day(one) if dated else one for one in (end if op == "between" else [end])]
    return {
        "at_least": lambda: value >= ends[0],
        "at_most": lambda: value <= ends[0],
        "more_than": lambda: value > ends[0],
        "less_than": lambda: value < ends[0],
        "before": lambda: value < ends[0],
        "after": lambda: value > ends[0],
        "between": lambda: ends[0] <= value <= ends[-1],
    }[op]()


def day(text: str) -> dt.date:
    """The day that a text of a filter means, told from TODAY."""
    if text == "today":
        return TODAY
    number, _, unit = text.partition(" ")
    if not unit:
        return dt.date.fromisoformat(text)
    unit = unit.removesuffix("s")
    if unit in ("day", "week"):
        return TODAY + dt.timedelta(days=int(number) * (7 if unit == "week" else 1))
    months = TODAY.month - 1 + int(number) * (12 if unit == "year" else 1)
    year, month = TODAY.year + months // 12, months % 12 + 1
    return dt.date(year, month, min(TODAY.day, calendar.monthrange(year, month)[1]))


def depth_of(asked: Any) -> int:
    """How deep filters stand in a filter."""
    if isinstance(asked, dict):
        return max(
            ((key in ("any", "all", "not")) + depth_of(value) for key, value in asked.items()),
            default=0,
        )
    return max(map(depth_of, asked), default=0) if isinstance(asked, list) else 0
