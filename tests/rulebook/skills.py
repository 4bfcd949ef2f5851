"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, price, scope, some

CASES: list[dict[str, Any]] = [
    {},
    {"levels": {"tier": "level"}},
    {"needs": None, "levels": {"tier": "level", "workload": "capacity"}},
    {"price": 2.5},
    {"price": 1.0, "levels": {"tier": "level", "workload": "level"}},
    {"needs": "skills", "has": "industry", "price": 1.0},
    {"where": {"segment": "gold"}},
    {"where_rep": {"role": "generalist"}, "levels": {"tier": "level"}},
    {"where": {"tier": {"at_least": 1}}, "where_rep": {"team": "east"}, "price": 2.0},
    {"where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "must": {},
        "should": {"levels": {"tier": "level"}, "price": 2.0},
        "gold": {
            "has": "industry",
            "where": {"segment": "gold"},
            "where_rep": {"team": "east"},
            "price": 3.0,
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    return price(rng) | some(rng, levels=lambda: {"tier": "level"}) | scope(rng)


WORKED_BY_HAND = ("separator",)
