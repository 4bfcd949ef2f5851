"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, some

CASES: list[dict[str, Any]] = [
    {"column": "industry", "at_most": 1},
    {"column": "region", "at_most": 1, "where_rep": {"team": "east"}},
    {"column": "zip", "at_most": 0, "where": {"tier": {"at_most": 1}}},
    {"column": "industry", "at_most": 1, "price": 2.0},
    {"column": "region", "at_most": 0, "price": 0.5, "where": {"segment": "gold"}},
    {"column": "industry", "at_most": 5},
    {"column": "region", "at_most": 1, "where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "one-region": {"column": "region", "at_most": 1},
        "industries": {
            "column": "industry",
            "at_most": 1,
            "where_rep": {"team": "east"},
            "price": 3.0,
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = {
        "column": pick(rng, "industry", "region", "zip", "segment"),
        "at_most": pick(rng, 0, 1, 1, 1, 2),
    }
    return (
        fields
        | price(rng)
        | some(
            rng,
            where=lambda: pick(rng, {"tier": {"at_least": 1}}, {"at_risk": False}),
            where_rep=lambda: pick(rng, {"team": "east"}, {"not": {"role": "specialist"}}),
        )
    )
