"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, quarter, some

CASES: list[dict[str, Any]] = [
    {"at_least": 1},
    {"at_least": 1, "at_most": 2, "where_rep": {"team": "east"}},
    {"at_most": 1, "where": {"segment": "gold"}},
    {"of": "revenue", "share_at_most": 0.5, "where": {"segment": "gold"}},
    {"of": "revenue", "share_at_least": 0.5, "where": {"region": "east"}, "price": 2.0},
    {"at_least": 2, "at_most": 2, "by": "manager", "price": 1.5},
    {
        "of": "workload",
        "at_least": 1.0,
        "at_most": 3.0,
        "share_at_least": 0.25,
        "share_at_most": 0.75,
        "by": "team",
        "where": {"tier": {"at_least": 1}},
        "where_rep": {"role": "generalist"},
        "price": 0.5,
    },
    {"of": "drive", "share_at_most": 0.6, "where": {"tier": {"at_most": 1}}, "price": 1.0},
    {"of": "drive", "at_most": 4.0, "by": "region"},
    {"at_least": 1, "where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "size": {"at_least": 1, "at_most": 2},
        "gold": {
            "of": "revenue",
            "where": {"segment": "gold"},
            "share_at_least": 0.25,
            "share_at_most": 0.5,
            "by": "manager",
            "price": 2.0,
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    kinds = ({"segment": "gold"}, {"region": "east"}, {"stage": {"at_most": 2}}, {"at_risk": True})
    fields = price(rng) | some(
        rng,
        of=lambda: pick(rng, "revenue", "workload", "drive"),
        where=lambda: pick(rng, *kinds),
        where_rep=lambda: pick(rng, {"team": "east"}, {"role": "specialist"}),
        by=lambda: pick(rng, "manager", "region"),
        at_least=lambda: quarter(rng, 1.5),
        at_most=lambda: 1.5 + quarter(rng, 6),
    )
    if "where" in fields:
        fields |= some(
            rng,
            share_at_least=lambda: quarter(rng, 0.5),
            share_at_most=lambda: 0.5 + quarter(rng, 0.5),
        )
    if {"at_least", "at_most", "share_at_least", "share_at_most"} & set(fields):
        return fields
    return fields | {"at_most": quarter(rng, 6)}
