"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, some

CASES: list[dict[str, Any]] = [
    {"where": {"renewal": {"after": "today", "before": "90 days"}}},
    {"where": {"stage": {"at_least": 1}}, "reason": "open opportunity"},
    {"where": {"at_risk": True}, "price": 2.5, "weight": "revenue"},
    {"where": {"stage": {"at_least": 0}}, "where_rep": {"role": "generalist"}},
    {"where": {"since": {"after": "-90 days"}}, "until": "2026-01-01"},
    {"where": {"stage": {"at_least": 1}}, "until": "2025-12-31", "price": 1.0},
    {"where": {"stage": {"at_least": 0}}, "expires": "renewal"},
    {"where": {"stage": {"at_least": 0}}, "expires": "last_touch", "price": 1.5},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "renewals": {"where": {"renewal": {"before": "90 days"}}, "reason": "renewal soon"},
        "at-risk": {"where": {"at_risk": True}, "price": 2.0, "weight": "revenue"},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    where = pick(
        rng,
        {"renewal": {"between": ["today", "90 days"]}},
        {"stage": {"at_least": 2}},
        {"at_risk": True},
        {"not": {"segment": "gold"}},
    )
    fields = {"where": where} | price(rng)
    fields |= some(
        rng,
        where_rep=lambda: pick(rng, {"manager": "mia"}, {"role": "specialist"}),
        until=lambda: pick(rng, "2025-12-31", "2026-01-01", "2027-01-01"),
        expires=lambda: pick(rng, "renewal", "since"),
        reason=lambda: "stays",
    )
    return fields | (some(rng, weight=lambda: "revenue") if "price" in fields else {})
