"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, price, scope, some

CASES: list[dict[str, Any]] = [
    {},
    {"keep": [{"account": "a", "reason": "renewal"}]},
    {
        "keep": [{"account": "b", "rep": "ann"}],
        "forbid": [{"account": "a", "rep": "ann"}, {"account": "b", "rep": "bob"}],
    },
    {"table": "locks"},
    {"table": "locks", "price": 2.0},
    {
        "keep": [{"account": "b", "until": "2026-06-30"}],
        "forbid": [{"account": "a", "rep": "ann", "until": "2025-01-01"}],
        "price": 3.0,
    },
    {"table": "locks", "where": {"segment": "gold"}},
    {"table": "locks", "where": {"tier": {"at_least": 1}}, "price": 2.0},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "keep": {"keep": [{"account": "a"}]},
        "wish": {"table": "locks", "price": 1},
        "west": {"table": "locks", "where": {"region": "west"}, "price": 4},
    },
)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields: dict[str, Any] = price(rng) | some(rng, table=lambda: "locks")
    for action in ("keep", "forbid"):
        if rng.random() < 0.5:
            until = {} if rng.random() < 0.5 else {"until": pick(rng, "2025-06-30", "2026-06-30")}
            fields[action] = [
                {"account": pick(rng, "a", "b"), "rep": pick(rng, "r1", "r2"), **until}
            ]
    return fields | scope(rng, "where")


WORKED_BY_HAND = ("where_rep",)
