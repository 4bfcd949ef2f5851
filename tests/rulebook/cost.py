"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {"value": "margin"},
    {"value": "margin", "price": 2.5},
    {"value": "drive"},
    {"value": "margin", "where": {"segment": "gold"}},
    {"value": "margin", "where": {"tier": {"at_least": 1}}, "where_rep": {"team": "east"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "listed",
    {
        "margin": {"value": "margin", "price": 2.0},
        "gold": {"value": "drive", "where": {"segment": "gold"}, "where_rep": {"team": "east"}},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    return {"value": "margin"} | some(rng, price=lambda: quarter(rng, 3)) | scope(rng)
