"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price

CASES: list[dict[str, Any]] = [
    {"group": "investor"},
    {"group": "investor", "price": 2.0},
    {"group": "family", "most": 2},
    {"group": "family", "most": 2, "price": 1.5},
    {"by": "segment"},
    {"by": "zip", "price": 0.5, "where_rep": {"team": "east"}},
    {"group": "family", "where": {"revenue": {"at_least": 12}}, "where_rep": {"team": "east"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "competitors": {"group": "investor"},
        "zip": {"by": "zip", "price": 2.0, "where_rep": {"team": "east"}},
        "family": {"group": "family", "most": 2, "where": {"revenue": {"at_least": 10}}},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    who = pick(rng, {"group": "family"}, {"group": "investor"}, {"by": "zip"}, {"by": "segment"})
    fields = who | price(rng)
    if rng.random() < 0.3:
        fields["where"] = pick(rng, {"segment": "gold"}, {"revenue": {"at_least": 3}})
    if rng.random() < 0.3:
        fields["where_rep"] = {"team": "east"}
    return fields | ({"most": 2} if rng.random() < 0.3 else {})
