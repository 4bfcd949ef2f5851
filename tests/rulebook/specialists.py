"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, some

SIDES: dict[str, Any] = {"where": {"tier": {"at_least": 2}}, "where_rep": {"role": "specialist"}}

CASES: list[dict[str, Any]] = [
    SIDES,
    SIDES | {"mode": "only"},
    SIDES | {"mode": "reserved"},
    {"where": {"segment": "gold"}, "where_rep": {"level": 2}, "price": 2.0},
    SIDES | {"mode": "only", "price": 1.5, "weight": "revenue"},
    SIDES | {"mode": "reserved", "price": 0.5, "weight": "workload"},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "gold": {"where": {"segment": "gold"}, "where_rep": {"team": "east"}, "mode": "reserved"},
        "wish": SIDES | {"price": 2.0, "weight": "revenue"},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    kinds = ({"segment": "gold"}, {"tier": {"at_least": 2}}, {"at_risk": True}, {"stage": 1})
    experts = ({"role": "specialist"}, {"level": {"at_least": 2}}, {"team": "east"})
    fields = {"where": pick(rng, *kinds), "where_rep": pick(rng, *experts)}
    fields |= price(rng) | some(rng, mode=lambda: pick(rng, "only", "reserved"))
    return fields | (some(rng, weight=lambda: "revenue") if "price" in fields else {})
