"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, some

CASES: list[dict[str, Any]] = [
    {"group": "family"},
    {"group": "family", "level": 0, "price": 2.0},
    {"group": "family", "level": 1},
    {"group": "family", "level": 1, "price": 0.5},
    {"group": "investor"},
    {"group": "investor", "price": 1.5},
    {"group": "family", "most": 2},
    {"group": "family", "most": 2, "price": 3.0},
    {"by": "zip"},
    {"by": "segment", "where": {"revenue": {"at_most": 12}}},
    {"by": "region", "price": 1.0, "where": {"at_risk": False}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "zip": {"by": "zip"},
        "family": {"group": "family", "price": 2.0},
        "investors": {"group": "family", "most": 2, "where": {"revenue": {"at_least": 10}}},
    },
)

WORKED_BY_HAND = ("where_rep",)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    who = pick(rng, {"group": "family"}, {"group": "investor"}, {"by": "zip"}, {"by": "segment"})
    fields = who | price(rng)
    if who == {"group": "family"}:
        fields |= some(rng, level=lambda: pick(rng, 0, 1, 2))
    if rng.random() < 0.3:
        fields["where"] = pick(rng, {"segment": "gold"}, {"revenue": {"at_least": 3}})
    return fields | ({"most": 2} if rng.random() < 0.4 else {})
