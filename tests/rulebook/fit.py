"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {"score": "score", "price": 3.0},
    {"score": "score", "at_least": 0.25},
    {"score": "score", "best": 1.5, "price": 1.0, "weight": "revenue", "at_least": 0.5},
    {"match": {"industry": "industry"}, "price": 2.0},
    {
        "match": {"industry": "industry", "skills": "skills"},
        "weights": {"industry": 2, "skills": 1},
        "price": 2.0,
        "weight": "revenue",
    },
    {"match": {"skills": "skills"}, "at_least": 0.0, "price": 1.0},
    {"match": {"industry": "industry"}, "at_least": 1.0, "where": {"segment": "gold"}},
    {
        "match": {"industry": "industry"},
        "at_least": 0.5,
        "price": 1.0,
        "where_rep": {"team": "east"},
    },
    {
        "score": "score",
        "at_least": 0.25,
        "price": 3.0,
        "weight": "workload",
        "where": {"tier": {"at_least": 1}},
        "where_rep": {"role": "generalist"},
    },
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "listed",
    {
        "score": {"score": "score", "at_least": 0.25, "price": 8.0},
        "gold": {
            "match": {"industry": "industry"},
            "price": 2.0,
            "where": {"segment": "gold"},
            "where_rep": {"team": "east"},
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields: dict[str, Any] = {"score": "score"} | scope(rng)
    if rng.random() < 0.5:
        fields = {"match": {"industry": "industry", "skills": "skills"}} | scope(rng)
        fields |= some(rng, weights=lambda: {"industry": 2.0, "skills": 1.0})
    if rng.random() < 0.5:
        return fields | {"at_least": quarter(rng, 1)}
    fields |= {"price": quarter(rng, 3)} | some(rng, weight=lambda: "revenue")
    return fields | some(rng, at_least=lambda: quarter(rng, 0.5))


WORKED_BY_HAND = ("separator",)
