"""Filters read from plain mappings; everything that cannot be read is noted with its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from optiterr.errors import meant
from optiterr.filters.conditions import COMPARE, Condition, Joined, conditions_of, is_number
from optiterr.filters.days import is_day, is_surely_later
from optiterr.problem import Kind

Place = tuple[str | int, ...]
Faults = list[tuple[Place, str]]

DEEPEST = 20
"""Filters may be nested this deep."""

OPERATIONS = (*COMPARE, "is", "has", "is_null", "not")


def parse(given: Mapping[str, Any], place: Place, faults: Faults, depth: int) -> Joined:
    """The filter that a mapping describes; what cannot be read is noted."""
    parts: list[Condition | Joined] = []
    if depth > DEEPEST:
        faults.append((place, f"nested deeper than {DEEPEST}; split it into several rules"))
        return Joined("all", ())
    if not given:
        faults.append((place, "asks for nothing; write a column and a value, or drop the filter"))
    for key, value in given.items():
        at = (*place, key)
        if key in ("any", "all") and isinstance(value, list):
            parts.append(Joined(key, tuple(_several(value, at, faults, depth))))  # type: ignore[arg-type]
        elif key == "not" and isinstance(value, Mapping):
            parts.append(Joined("not", (parse(value, at, faults, depth + 1),)))
        elif key in ("any", "all"):
            faults.append((at, f"{key} lists filters; write {key}: [{{column: value}}, ...]"))
        elif key == "not":
            faults.append((at, "not turns a filter around; write {column: {not: value}}"))
        elif not key.strip():
            faults.append((at, "names no column; write {column: value}"))
        else:
            parts += _conditions(key, value, at, faults, depth)
    kinds: dict[str, Kind] = {}
    for part in conditions_of(Joined("all", tuple(parts))):
        before = kinds.setdefault(part.column, part.kind)
        if "any" in (before, part.kind):
            kinds[part.column] = before if part.kind == "any" else part.kind
        elif before != part.kind and not any(at[: len(place)] == place for at, _ in faults):
            faults.append(
                (
                    place,
                    f"column {part.column!r} is compared as {before} and as {part.kind}; "
                    "compare it as one of the two",
                )
            )
    return Joined("all", tuple(parts))


def _several(given: list[Any], place: Place, faults: Faults, depth: int) -> Iterator[Joined]:
    if not given:
        faults.append((place, "lists no filter; write at least one"))
    for at, one in enumerate(given):
        if isinstance(one, Mapping):
            yield parse(one, (*place, at), faults, depth + 1)
        else:
            faults.append(((*place, at), "is no filter; write {column: value}"))


def _conditions(
    column: str, value: Any, place: Place, faults: Faults, depth: int
) -> Iterator[Condition | Joined]:
    """The conditions on one column."""
    if not isinstance(value, Mapping):
        yield from _equals(column, value, place, faults)
        return
    if depth > DEEPEST:
        faults.append((place, f"nested deeper than {DEEPEST}; split it into several rules"))
        return
    if not value:
        faults.append((place, f"asks nothing of {column!r}; write one of {_operations()}"))
    for op, asked in value.items():
        at = (*place, op)
        if op == "not":
            inner = tuple(_conditions(column, asked, at, faults, depth + 1))
            yield Joined("not", inner)
        elif op == "is":
            yield from _equals(column, asked, at, faults)
        elif op == "is_null":
            if isinstance(asked, bool):
                yield Condition(column, op, (asked,), "any")
            else:
                faults.append((at, f"{asked!r} is not true or false; write true or false"))
        elif op == "has":
            if not (isinstance(asked, str) and asked.strip()):
                faults.append((at, f"{asked!r} is no word; write the word that the cell lists"))
            elif ";" in asked:
                several = "any: [{column: {has: one}}, {column: {has: other}}]"
                faults.append((at, f"{asked!r} is not one word; write {several}, or all"))
            else:
                yield Condition(column, op, (asked.strip(),), "text")
        elif op in COMPARE:
            yield from _comparison(column, op, asked, at, faults)
        else:
            fix = meant(op, OPERATIONS, f"write one of {_operations()}")
            faults.append((at, f"unknown condition {op!r}; {fix}"))


def _operations() -> str:
    return ", ".join(OPERATIONS)


def _equals(column: str, value: Any, place: Place, faults: Faults) -> Iterator[Condition]:
    values = value if isinstance(value, list) else [value]
    kinds = {_kind(one) for one in values}
    if not values:
        faults.append((place, "lists no value; write at least one"))
    elif None in kinds or "" in values:
        faults.append(
            (place, "a value must be text, a number, true or false; for empty cells use is_null")
        )
    elif len(kinds) > 1:
        faults.append((place, "values are of several kinds; put all in quotes to compare text"))
    else:
        yield Condition(column, "is", tuple(values), kinds.pop())  # type: ignore[arg-type]


def _comparison(
    column: str, op: str, asked: Any, place: Place, faults: Faults
) -> Iterator[Condition]:
    ends = asked if op == "between" else [asked]
    if op == "between" and not (isinstance(asked, list) and len(asked) == 2):
        faults.append((place, "between needs two ends; write [lowest, highest]"))
        return
    dated = op in ("before", "after") or (op == "between" and isinstance(ends[0], str))
    for end in ends:
        if dated and not (isinstance(end, str) and is_day(end)):
            hint = f"write '{end:g} days'" if is_number(end) else "write 2027-03-31 or '90 days'"
            faults.append((place, f"{end!r} is no day; {hint}, or today"))
            return
        if not dated and not is_number(end):
            also = "before or after" if isinstance(end, str) and is_day(end) else "a number"
            faults.append((place, f"{end!r} is not a number; write {also}"))
            return
    if op == "between" and not dated and ends[0] > ends[1]:
        faults.append((place, f"{ends[0]:g} is above {ends[1]:g}; write the lower end first"))
        return
    if op == "between" and dated and is_surely_later(*ends):
        faults.append((place, f"{ends[0]!r} is after {ends[1]!r}; write the earlier day first"))
        return
    yield Condition(column, op, tuple(ends), "date" if dated else "number")


def _kind(value: Any) -> Kind | None:
    if isinstance(value, bool):
        return "flag"
    if is_number(value):
        return "number"
    return "text" if isinstance(value, str) else None
