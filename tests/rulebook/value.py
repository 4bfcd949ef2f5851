"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {"sales": "revenue", "elasticity": 0.5},
    {"sales": "revenue", "elasticity": 0.3, "price": 2.0, "reference": "revenue", "points": 7},
    {"sales": "revenue", "elasticity": 0.95, "hours": "floor"},
    {"sales": "workload", "elasticity": 0.05, "transition": 0.15},
    {
        "sales": "revenue",
        "elasticity": 0.4,
        "transition": 0.5,
        "same": {"manager": 0.5, "region": 0.0},
    },
    {"sales": "revenue", "elasticity": 0.4, "fit": "score"},
    {
        "sales": "revenue",
        "elasticity": 0.6,
        "fit": "score",
        "best_fit": 1.25,
        "transition": 0.25,
        "uncertain": {"elasticity": [0.5, 0.7], "transition": [0.1, 0.3], "fit": [0, 1]},
    },
    {"sales": "revenue", "elasticity": 0.5, "where": {"segment": "gold"}},
    {"sales": "revenue", "elasticity": 0.5, "where_rep": {"team": "east"}},
    {"sales": "revenue", "elasticity": 0.5, "where_rep": {"role": "nobody"}},
    {"sales": "revenue", "elasticity": 0.5, "where": {"segment": "none"}, "price": 0.0},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "earn": {
            "sales": "revenue",
            "elasticity": 0.5,
            "points": 5,
            "transition": 0.2,
            "same": {"manager": 0.5},
        },
        "gold": {
            "sales": "revenue",
            "elasticity": 0.5,
            "points": 5,
            "price": 0.5,
            "where": {"segment": "gold"},
            "where_rep": {"team": "east"},
        },
    },
)

WORKED_BY_HAND = ("way",)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields: dict[str, Any] = {
        "sales": pick(rng, "revenue", "workload"),
        "elasticity": pick(rng, 0.05, 0.3, 0.5, 0.7, 0.95),
        "price": quarter(rng, 3),
    } | some(
        rng,
        reference=lambda: "revenue",
        hours=lambda: pick(rng, "capacity", "seats", "level"),
        points=lambda: pick(rng, 5, 12, 80),
    )
    if rng.random() < 0.5:
        fields |= {"fit": "score"} | some(rng, best_fit=lambda: 1.5)
    if rng.random() < 0.5:
        fields |= {"transition": pick(rng, 0.15, 0.5)}
        fields |= some(rng, same=lambda: pick(rng, {"manager": 0.5}, {"team": 0.0, "region": 0.5}))
    return fields | scope(rng)
