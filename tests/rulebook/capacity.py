"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {},
    {"limit": 4.0},
    {"limit": 6.0, "at_least": 0.5},
    {"limit": "capacity", "slack": 0.4, "at_least": "floor"},
    {"limit": None, "at_least": "floor"},
    {"price": 2.0},
    {"price": 0.0},
    {"price": 1.5, "slack": 0.2, "at_least": 2.0, "per": "share"},
    {"measure": "accounts", "limit": 2, "price": 3, "per": "share"},
    {"measure": "drive", "limit": 5.0, "at_least": 1.0, "slack": 0.1},
    {"measure": "drive", "limit": 3.0, "price": 0.5},
    {"limit": 3.0, "where": {"segment": "gold"}},
    {"at_least": 1.0, "where_rep": {"team": "east"}, "price": 1.0},
    {"by": "manager"},
    {"by": "manager", "at_least": "floor", "slack": 0.2, "price": 2.0, "per": "share"},
    {
        "measure": "drive",
        "by": "team",
        "limit": 3.0,
        "where": {"tier": {"at_least": 1}},
        "where_rep": {"role": "generalist"},
        "price": 0.5,
    },
    {"limit": 1.0, "where": {"segment": "none"}, "where_rep": {"role": "nobody"}},
    {"by": "manager", "where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "hours": {"limit": "capacity", "slack": 0.1, "at_least": "floor"},
        "overtime": {"limit": 3.0, "price": 6.0, "per": "share"},
        "gold": {"limit": 2.0, "where": {"segment": "gold"}, "where_rep": {"team": "east"}},
        "districts": {"by": "manager", "at_least": "floor", "price": 4.0},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = price(rng) | some(
        rng,
        measure=lambda: pick(rng, "revenue", "accounts", "drive"),
        limit=lambda: quarter(rng, 6) + 0.25,
        slack=lambda: quarter(rng, 0.5),
        at_least=lambda: 0.25,
        per=lambda: "share",
        by=lambda: pick(rng, "manager", "region"),
    )
    return fields | scope(rng)
