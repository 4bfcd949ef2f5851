"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, quarter, some

CASES: list[dict[str, Any]] = [
    {"max_share": 0.5},
    {"max_amount": 15, "of": "revenue"},
    {"of": "revenue", "rep_out_max_share": 0.5, "rep_in_max_share": 1.0},
    {"of": "revenue", "rep_out_max_amount": 12, "rep_in_max_amount": 12},
    {"price": 2.0},
    {"price": 2.0, "of": "revenue", "per": "share"},
    {"price": 2.0, "of": "revenue", "max_share": 0.2, "max_amount": 3},
    {"where": {"segment": "gold"}, "max_amount": 0},
    {"where": {"at_risk": True}, "where_rep": {"team": "east"}, "price": 2.0, "per": "share"},
    {"where_rep": {"manager": "mia"}, "of": "revenue", "rep_in_max_share": 0.5, "price": 1.0},
    {"where_rep": {"role": "generalist"}, "max_share": 0.5, "rep_in_max_amount": 0},
    {"top": 1, "top_by": "revenue", "rep_out_max_amount": 0},
    {"top": 1, "top_by": "tier", "top_of": "all", "of": "revenue", "max_share": 0.5, "price": 3.0},
    {"top": 1, "of": "workload", "price": 1.5},
    {"by": "manager", "by_out_max_share": 0.5, "by_in_max_share": 0.5},
    {"by": "manager", "of": "revenue", "by_out_max_amount": 12, "by_in_max_amount": 12},
    {
        "by": "manager",
        "by_counts": "leaves",
        "of": "revenue",
        "by_out_max_share": 0.2,
        "by_in_max_share": 0.25,
        "by_out_max_amount": 3,
        "by_in_max_amount": 1,
        "price": 2.0,
        "per": "share",
    },
    {
        "by": "team",
        "by_counts": "leaves",
        "where_rep": {"role": "generalist"},
        "by_in_max_amount": 0,
    },
    {"segments": "segment", "segment_max_share": 0.5},
    {
        "segments": "region",
        "of": "revenue",
        "segment_max_share": 0.25,
        "segment_max_amount": 3,
        "price": 0.5,
        "per": "share",
    },
    {
        "price": 2.0,
        "of": "revenue",
        "per": "share",
        "max_share": 0.2,
        "rep_out_max_share": 0.1,
        "rep_out_max_amount": 1,
        "rep_in_max_share": 0.4,
        "rep_in_max_amount": 2,
    },
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "moves": {"price": 2.0},
        "budget": {"of": "revenue", "max_share": 0.5, "rep_out_max_amount": 12.0},
        "inflow": {"of": "revenue", "rep_in_max_share": 0.5, "price": 4.0},
        "top": {"top": 1, "top_by": "revenue", "max_amount": 1},
        "managers": {
            "by": "manager",
            "by_counts": "leaves",
            "of": "revenue",
            "by_out_max_share": 0.5,
            "by_in_max_amount": 9.0,
        },
        "segments": {"segments": "segment", "segment_max_share": 0.5},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = some(
        rng,
        max_share=lambda: quarter(rng, 1),
        max_amount=lambda: quarter(rng, 8),
        rep_out_max_share=lambda: quarter(rng, 1),
        rep_out_max_amount=lambda: quarter(rng, 8),
        rep_in_max_share=lambda: quarter(rng, 2),
        rep_in_max_amount=lambda: quarter(rng, 8),
    )
    if rng.random() < 0.5:
        fields |= {"by": pick(rng, "manager", "team"), "by_counts": pick(rng, "moves", "leaves")}
        limit = pick(rng, "by_out_max_share", "by_in_max_share", "by_out_max_amount")
        fields |= {limit: quarter(rng, 1)} | some(rng, by_in_max_amount=lambda: quarter(rng, 8))
    if rng.random() < 0.5:
        limit = pick(rng, "segment_max_share", "segment_max_amount")
        fields |= {"segments": pick(rng, "segment", "region"), limit: quarter(rng, 1)}
    fields |= price(rng) if fields else {"price": quarter(rng, 3)}
    fields |= some(
        rng,
        of=lambda: pick(rng, "revenue", "workload"),
        where=lambda: pick(rng, {"segment": "gold"}, {"stage": {"at_most": 2}}, {"at_risk": False}),
        where_rep=lambda: pick(rng, {"manager": "mia"}, {"role": "specialist"}),
    )
    if rng.random() < 0.3:
        fields |= {"top": pick(rng, 1, 2), "top_by": pick(rng, "revenue", "tier")}
        fields |= {"top_of": pick(rng, "rep", "all")}
    return fields | ({"per": pick(rng, "unit", "share")} if "price" in fields else {})
