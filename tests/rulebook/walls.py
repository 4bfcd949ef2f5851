"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, quarter, some

CASES: list[dict[str, Any]] = [
    {"match": {"region": "region"}},
    {"match": {"region": "region"}, "where": {"tier": {"at_least": 2}}},
    {"match": {"region": "team"}, "crossings": [["west", "east"]], "owner": ["manager"]},
    {"within": {"zone": "zone"}, "most": 1.0},
    {"within": {"zone": "zone"}, "most": 2.0, "match": {"zip": "region"}, "owner": ["team"]},
    {"match": {"region": "region"}, "within": {"zone": "zone"}, "most": 2.0},
    {"owner": ["manager"], "where_rep": {"role": "generalist"}},
    {
        "match": {"region": "region", "industry": "industry"},
        "within": {"zone": "zone", "tier": "level"},
        "most": 0.5,
        "owner": ["manager", "region"],
        "price": 1.5,
    },
    {
        "match": {"region": "region", "segment": "role"},
        "crossings": [["east", "west"], ["gold", "generalist"]],
        "owner": ["industry"],
        "where_rep": {"team": "east"},
        "where": {"not": {"zip": "20"}},
        "price": 0.5,
        "weight": "revenue",
    },
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "hours": {"within": {"zone": "zone"}, "most": 2.0, "owner": ["team"]},
        "region": {"match": {"region": "region"}, "price": 2.0, "weight": "revenue"},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = price(rng) | some(
        rng,
        match=lambda: pick(rng, {"region": "region"}, {"region": "team", "industry": "industry"}),
        owner=lambda: pick(rng, ["manager"], ["region", "team"]),
        where=lambda: pick(rng, {"segment": "gold"}, {"at_risk": False}),
        where_rep=lambda: pick(rng, {"team": "east"}, {"role": "specialist"}),
    )
    if rng.random() < 0.5 or not ({"match", "owner"} & set(fields)):
        fields |= {"within": {"zone": "zone"}, "most": quarter(rng, 3)}
    if {"match", "owner"} & set(fields):
        fields |= some(rng, crossings=lambda: [pick(rng, ["east", "west"], ["mia", "noa"])])
    return fields | (some(rng, weight=lambda: "revenue") if "price" in fields else {})
