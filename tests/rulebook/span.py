"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, some

CASES: list[dict[str, Any]] = [
    {"by": "manager", "at_least": 1, "at_most": 2},
    {"by": "region", "at_least": 2, "price": 3.0},
    {"by": "team", "at_least": 2, "at_most": 4, "price": 1.5},
    {"by": "manager", "at_least": 1, "price": 1.0, "where_rep": {"role": "specialist"}},
    {"by": "manager", "at_most": 0, "price": 0.5},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "teams": {"by": "manager", "at_least": 1, "at_most": 2},
        "districts": {"by": "region", "at_least": 2, "price": 3.0},
    },
)

WORKED_BY_HAND = ("where",)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem: mostly kept where they are hard."""
    fields: dict[str, Any] = {"by": pick(rng, "manager", "region", "team")}
    if rng.random() < 0.5:
        fields |= {"at_most": pick(rng, 2, 3, 3, 3)} | some(rng, at_least=lambda: 1)
        return fields | some(rng, where_rep=lambda: {"level": {"at_least": 0}})
    fields |= {"price": quarter(rng, 3), "at_least": pick(rng, 0, 1, 2)}
    return fields | some(
        rng, at_most=lambda: pick(rng, 2, 3), where_rep=lambda: {"role": "specialist"}
    )
