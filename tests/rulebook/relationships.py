"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, some

TENURE = [[0, 0.0], [1, 0.25], [3, 1.0]]
RECENCY = [[0, 1.0], [90, 0.75], [365, 0.25]]

CASES: list[dict[str, Any]] = [
    {"price": 2.0, "since": "since", "tenure": TENURE, "unknown": 0.5},
    {
        "price": 1.0,
        "value": "revenue",
        "last_touch": "last_touch",
        "recency": RECENCY,
        "unknown": 1,
    },
    {
        "price": 0.5,
        "value": "revenue",
        "since": "since",
        "tenure": TENURE,
        "last_touch": "last_touch",
        "recency": RECENCY,
        "unknown": 0.0,
        "same": {"manager": 0.5, "team": 0.25},
    },
    {"price": 3.0, "same": {"manager": 0.0}},
    {"price": 3.0, "same": {"region": 0.5}, "where": {"segment": "gold"}},
    {
        "price": 3.0,
        "since": "since",
        "tenure": [[2, 0.5]],
        "unknown": 2.0,
        "where_rep": {"role": "specialist"},
    },
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "known": {
            "price": 0.5,
            "value": "revenue",
            "since": "since",
            "tenure": TENURE,
            "unknown": 1.0,
            "same": {"manager": 0.5},
        }
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields: dict[str, Any] = {"price": quarter(rng, 3), "unknown": quarter(rng, 2)}
    dates = pick(rng, ("since",), ("last_touch",), ("since", "last_touch"))
    if "since" in dates:
        fields |= {"since": "since", "tenure": TENURE}
    if "last_touch" in dates:
        fields |= {"last_touch": "last_touch", "recency": RECENCY}
    return fields | some(
        rng,
        value=lambda: pick(rng, "revenue", "workload"),
        same=lambda: pick(rng, {"manager": 0.5}, {"team": 0.25, "region": 0.5}),
        where=lambda: pick(rng, {"segment": "gold"}, {"stage": {"at_most": 2}}),
        where_rep=lambda: pick(rng, {"manager": "mia"}, {"role": "specialist"}),
    )
