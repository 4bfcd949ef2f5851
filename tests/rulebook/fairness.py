"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {"measure": "revenue", "price": 3.0},
    {"measure": "accounts", "price": 3.0, "how": "worst", "small": 0.0},
    {"measure": "revenue", "price": 2.0, "how": "worst", "of": "over", "small": 0.5},
    {"measure": "workload", "price": 2.0, "how": "worst_share", "share": 0.5},
    {"measure": "revenue", "price": 2.0, "share": 1.0, "of": "over", "small": 0.0},
    {"measure": "revenue", "price": 4.0, "how": "range", "proportional_to": "capacity"},
    {"measure": "accounts", "price": 4.0, "how": "range", "small": 0.0, "by": "manager"},
    {"measure": "revenue", "price": 5.0, "how": "gini"},
    {"measure": "accounts", "price": 5.0, "how": "gini", "proportional_to": "level"},
    {"measure": "revenue", "price": 2.0, "by": "manager", "proportional_to": "capacity"},
    {"measure": "revenue", "price": 2.0, "where": {"segment": {"not": "silver"}}},
    {"measure": "accounts", "price": 2.0, "how": "gini", "where": {"segment": "none"}},
    {"measure": "revenue", "price": 2.0, "how": "worst", "where_rep": {"role": "generalist"}},
    {
        "measure": "revenue",
        "price": 1.0,
        "how": "range",
        "by": "region",
        "where": {"tier": {"at_least": 1}},
        "where_rep": {"level": {"at_most": 2}},
    },
    {"measure": "revenue", "price": 2.0, "share": 0.5, "where_rep": {"role": "nobody"}},
    {"measure": "revenue", "price": 2.0, "how": "gini", "where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "worst": {"measure": "revenue", "price": 6.0, "how": "worst", "small": 0.0},
        "half": {"measure": "accounts", "price": 6.0, "share": 0.5, "small": 0.1},
        "over": {"measure": "workload", "price": 2.0, "how": "worst", "of": "over"},
        "range": {
            "measure": "revenue",
            "price": 2.0,
            "how": "range",
            "proportional_to": "level",
            "small": 0.0,
            "where": {"segment": "gold"},
            "where_rep": {"team": "east"},
        },
        "gini": {"measure": "revenue", "price": 9.0, "how": "gini", "small": 0.0},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    how = pick(rng, "worst", "worst_share", "range", "gini")
    fields = {
        "measure": pick(rng, "revenue", "accounts", "workload"),
        "price": quarter(rng, 3),
        "how": how,
        "small": pick(rng, 0.0, 0.01, 0.5),
    }
    if how == "worst_share":
        fields["share"] = pick(rng, 0.3, 0.5, 0.75, 1.0)
    if how in ("worst", "worst_share"):
        fields["of"] = pick(rng, "deviation", "over")
    by = pick(rng, "manager", "region", "team")
    return fields | some(rng, proportional_to=lambda: "seats", by=lambda: by) | scope(rng)
