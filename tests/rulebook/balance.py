"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, quarter, scope, some

CASES: list[dict[str, Any]] = [
    {"measure": "revenue", "within": 0.4},
    {"measure": "accounts", "within": 0.5},
    {"measure": "revenue", "proportional_to": "capacity", "within": 0.5},
    {"measure": "revenue", "price": 3.0},
    {"measure": "revenue", "price": 3.0, "per": "unit", "within": 0.1},
    {"measure": "workload", "price": 2.0, "within": 0.2, "hard_within": 0.9},
    {"measure": "accounts", "price": 1.0, "proportional_to": "floor", "per": "unit"},
    {"measure": "revenue", "groups": "team", "within": 0.3},
    {"measure": "revenue", "groups": "team", "within": 0.1, "price": 2.0, "per": "unit"},
    {
        "measure": "workload",
        "groups": "team",
        "proportional_to": "level",
        "price": 2.0,
        "per": "unit",
        "hard_within": 0.5,
    },
    {"measure": "drive", "within": 0.6},
    {"measure": "drive", "price": 1.0, "per": "unit", "proportional_to": "capacity"},
    {"measure": "revenue", "within": 0.5, "where": {"segment": {"not": "silver"}}},
    {"measure": "revenue", "price": 2.0, "where": {"segment": "none"}},
    {"measure": "revenue", "within": 0.3, "where_rep": {"role": "generalist"}},
    {"measure": "workload", "by": "manager", "within": 0.4},
    {"measure": "accounts", "by": "manager", "proportional_to": "capacity", "price": 2.0},
    {
        "measure": "revenue",
        "by": "manager",
        "groups": "team",
        "where": {"tier": {"at_least": 1}},
        "price": 1.0,
        "per": "unit",
    },
    {
        "measure": "drive",
        "by": "region",
        "where_rep": {"level": {"at_most": 2}},
        "proportional_to": "level",
        "price": 1.0,
        "per": "unit",
        "within": 0.1,
        "hard_within": 0.9,
    },
    {"measure": "revenue", "where_rep": {"role": "nobody"}},
    {"measure": "revenue", "by": "manager", "groups": "team", "where_rep": {"role": "nobody"}},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "revenue": {"measure": "revenue", "within": 0.25, "hard_within": 0.5, "price": 6.0},
        "teams": {"measure": "workload", "groups": "team", "within": 0.5},
        "east": {"measure": "accounts", "where_rep": {"team": "east"}, "within": 0.5},
        "gold": {
            "measure": "revenue",
            "by": "manager",
            "proportional_to": "level",
            "where": {"segment": "gold"},
            "price": 2.0,
        },
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields = {"measure": pick(rng, "revenue", "accounts", "workload", "drive"), "per": "unit"}
    fields |= price(rng) | some(
        rng,
        proportional_to=lambda: "seats",
        groups=lambda: "team",
        within=lambda: quarter(rng, 1),
    )
    if rng.random() < 1 / 3:
        by = pick(rng, "manager", "region") if "groups" not in fields else "team"
        fields |= {"by": by}
    fields |= scope(rng)
    moving = {"groups", "where_rep"} & set(fields)
    if not moving and fields["measure"] in ("revenue", "accounts"):
        fields["per"] = pick(rng, "unit", "share")
    if "price" in fields and rng.random() < 0.5:
        fields["hard_within"] = fields.get("within", 0.0) + quarter(rng, 1)
    return fields
