"""Random measures of pairs, and what each is to come to for an account and a rep, in plain Python.

Where no file lists pairs, every measure of pairs that rules read is one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulebook.draws import Rng, pick, quarter

from campaigns.books import GRADES, Book, Row

Measure = dict[str, Any]
Value = Callable[[Row, Row], float]
NEEDED = ("drive", "score", "margin")


def relate(rng: Rng, book: Book) -> None:
    """Give every pair ``drive``, ``score`` and ``margin``: columns of a file, or measures."""
    for name in NEEDED:
        listed = book.candidates == "file"
        if listed and rng.random() < 0.75:
            continue
        said, value = MAKE[name](rng, book)
        if listed and name != "score" and rng.random() < 0.5:
            said, value = _of_the_file(rng, book, name)
        elif listed:
            for cells in book.pairs.values():
                cells.pop(name)
        book.measures[name] = said
        book.pair_values[name] = value
        book.say(f"measure: {said['kind']}", "measure of pairs")


def _beside(book: Book, name: str, other: str) -> str:
    """``other`` as it may be added to the column ``name``: in the same unit."""
    unit = book.units.get(name)
    return other if unit is None else f"unit({other}, '{unit}')"


def _of_the_file(rng: Rng, book: Book, name: str) -> tuple[Measure, Value | None]:
    raw = f"{name}_raw"
    for cells in book.pairs.values():
        cells[raw] = cells.pop(name)
    pairs = book.pairs
    return {"kind": "formula", "formula": f"pair.{raw} * 2 + rep.level"}, (
        lambda a, r: pairs[a["account_id"], r["rep_id"]][raw] * 2 + r["level"]
    )


def drive(rng: Rng, book: Book) -> tuple[Measure, Value | None]:
    times = quarter(rng, 1)
    level = _beside(book, "workload", f"rep.level * {times}")
    return pick(
        rng,
        ({"kind": "formula", "formula": "distance_km / 5000", "unit": "km"}, None),
        (
            {
                "kind": "formula",
                "formula": f"{level} + workload",
            },
            lambda a, r: r["level"] * times + a["workload"],
        ),
        (
            {"kind": "formula", "formula": "if(segment == 'gold', rep.seats, 1.5)"},
            lambda a, r: r["seats"] if a["segment"] == "gold" else 1.5,
        ),
        _travel(rng, book),
    )


def _travel(rng: Rng, book: Book) -> tuple[Measure, Value]:
    """A cadence with travel that depends on the rep."""
    visits = {grade: float(rng.integers(0, 3)) for grade in GRADES}
    plan = [
        {"segment": grade, "channel": "visit", "contacts": one, "hours": 0.25, "travel": True}
        for grade, one in visits.items()
    ]
    said = {
        "kind": "cadence", "segment": "grade", "plan": plan,
        "travel_hours": "unit(rep.level / 4, 'hours')",
    }  # fmt: skip
    return said, lambda a, r: visits[a["grade"]] * (0.25 + r["level"] / 4)


def margin(rng: Rng, book: Book) -> tuple[Measure, Value | None]:
    level, seats = _beside(book, "revenue", "rep.level"), _beside(book, "tier", "rep.seats")
    return pick(
        rng,
        (
            {
                "kind": "formula",
                "formula": f"revenue / 4 - {level}",
            },
            lambda a, r: a["revenue"] / 4 - r["level"],
        ),
        (
            {"kind": "formula", "formula": f"-({seats} - tier * 1.5)"},
            lambda a, r: -(r["seats"] - a["tier"] * 1.5),
        ),
        ({"kind": "formula", "formula": "1 - distance_km / unit(10000, 'km')"}, None),
    )


def score(rng: Rng, book: Book) -> tuple[Measure, Value | None]:
    """Some features of affinity with random weights."""
    some: dict[str, tuple[Measure, Value]] = {
        "trade": (
            {"kind": "equal", "account": "industry", "rep": "industry"},
            lambda a, r: float(bool(_words(a["industry"]) & _words(r["industry"]))),
        ),
        "size": (
            {"kind": "closeness", "account": "tier", "rep": "level", "width": 2.0},
            lambda a, r: max(1 - abs(a["tier"] - r["level"]) / 2, 0.0),
        ),
        "matrix": _matrix(rng, book),
        "past": _past(rng, book),
    }
    names = list(rng.choice(list(some), size=int(rng.integers(1, 4)), replace=False))
    weights = {name: float(rng.integers(1, 4)) for name in names}
    for name, table in (("matrix", "liking"), ("past", "deals")):
        if name not in names:
            del book.tables[table]
    features = {str(name): some[name][0] | {"weight": weights[name]} for name in names}
    for one in features.values():
        book.say(f"feature: {one['kind']}")
    return (
        {"kind": "affinity", "features": features},
        lambda a, r: (
            sum(weights[name] * some[name][1](a, r) for name in names) / sum(weights.values())
        ),
    )


def _words(cell: Any) -> set[str]:
    return {word.strip() for word in (cell or "").split(";")} - {""}


def _matrix(rng: Rng, book: Book) -> tuple[Measure, Value]:
    cells = {
        (grade, role): quarter(rng, 1)
        for grade in GRADES for role in ("specialist", "generalist") if rng.random() < 0.8
    } or {("A", "specialist"): 0.5}  # fmt: skip
    book.tables["liking"] = [
        {"account": grade, "rep": role, "score": value} for (grade, role), value in cells.items()
    ]
    said = {
        "kind": "matrix", "table": "liking", "account": "grade", "rep": "role", "otherwise": 0.25,
    }  # fmt: skip
    return said, lambda a, r: cells.get((a["grade"], r["role"]), 0.25)


def _past(rng: Rng, book: Book) -> tuple[Measure, Value]:
    deals = [
        {
            "rep": pick(rng, *book.rep_ids, "gone before"),
            "segment": pick(rng, *GRADES[:2]),
            "won": bool(rng.random() < 0.4),
        }
        for _ in range(int(rng.integers(1, 9)))
    ]
    book.tables["deals"] = deals

    def rate(a: Row, r: Row) -> float:
        here = [one for one in deals if one["segment"] == a["grade"]]
        base = _share(here or deals)
        mine = [one for one in here if one["rep"] == r["rep_id"]]
        return (sum(one["won"] for one in mine) + 4 * base) / (len(mine) + 4)

    return {"kind": "win_rate", "table": "deals", "segment": "grade", "strength": 4.0}, rate


def _share(deals: list[Row]) -> float:
    return sum(one["won"] for one in deals) / len(deals)


MAKE = {"drive": drive, "score": score, "margin": margin}
