"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, some

CASES: list[dict[str, Any]] = [
    {"price": 2.0},
    {"price": 0.5, "weight": "revenue", "where": {"segment": "gold"}},
    {"price": 1.0, "max_share": 0.5},
    {"max_amount": 1},
    {"price": 0.1, "of": "revenue", "max_share": 0.4, "max_amount": 20.0, "weight": "workload"},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "inside-sales": {
            "where": {"tier": {"at_most": 1}},
            "price": 3.0,
            "of": "revenue",
            "max_share": 0.5,
            "max_amount": 1.0,
        }
    },
)

WORKED_BY_HAND = ("where_rep",)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = some(
        rng,
        where=lambda: pick(rng, {"segment": "gold"}, {"stage": {"at_most": 2}}, {"at_risk": True}),
        price=lambda: quarter(rng, 3),
        max_share=lambda: quarter(rng, 1),
        max_amount=lambda: quarter(rng, 3),
    )
    if "price" in fields:
        fields |= some(rng, weight=lambda: "revenue")
    if {"max_share", "max_amount"} & set(fields):
        return fields | some(rng, of=lambda: pick(rng, "workload", "revenue"))
    return {"price": quarter(rng, 3)} | fields
