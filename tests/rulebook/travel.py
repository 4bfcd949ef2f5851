"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, scope

CASES: list[dict[str, Any]] = [
    {"price": 0.01},
    {"price": 0.01, "visits": "workload"},
    {"max": 11_000},
    {"max": 6_000, "price": 0.5},
    {"measure": "drive", "price": 2.0},
    {"measure": "drive", "max": 3.0, "price": 1.0, "visits": "revenue"},
    {"max": 6_000, "where": {"segment": {"is_null": False}}},
    {"max": 6_000, "price": 0.5, "where_rep": {"team": "east"}},
    {
        "measure": "drive",
        "max": 2.5,
        "price": 2.0,
        "visits": "workload",
        "where": {"tier": {"at_least": 1}},
        "where_rep": {"role": "generalist"},
    },
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "way": {"price": 0.01, "visits": "workload", "max": 11_000.0},
        "west": {
            "price": 0.5,
            "max": 6_000.0,
            "where": {"region": "west"},
            "where_rep": {"team": "east"},
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    measure = pick(rng, "distance", "drive")
    longest = 20_000 * rng.random() if measure == "distance" else quarter(rng, 2)
    fields = {"measure": measure, "price": quarter(rng, 3)}
    if rng.random() < 0.5:
        fields["visits"] = "workload"
    if rng.random() < 0.5:
        fields["max"] = longest
    fields = fields if rng.random() < 0.7 else {"measure": measure, "max": longest}
    return fields | scope(rng)


WORKED_BY_HAND = ("latitude", "longitude")
