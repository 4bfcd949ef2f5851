"""Settings of one rule that the tests of all rules try."""

from __future__ import annotations

from typing import Any

from rulebook.draws import Rng, pick, quarter, scope, some

JUDGED = [[0, 0.5], [0.5, 0.875], [1, 1], [2, 1.125]]
ADBUDG = {"floor": 0.25, "ceiling": 1.5, "steepness": 2}

CASES: list[dict[str, Any]] = [
    {"sales": "revenue", "curve": JUDGED, "prices": 8},
    {"sales": "revenue", "logistic": ADBUDG, "price": 2.0, "reference": "revenue", "prices": 5},
    {"sales": "revenue", "curve": [[0, 0], [1, 1]], "hours": "floor", "prices": 8},
    {
        "sales": "revenue",
        "curve": JUDGED,
        "prices": 8,
        "transition": 0.5,
        "same": {"manager": 0.5, "region": 0.0},
        "uncertain": {"transition": [0.4, 0.6]},
    },
    {"sales": "revenue", "curve": JUDGED, "fit": "score", "best_fit": 1.25, "prices": 8},
    {"sales": "revenue", "curve": JUDGED, "where": {"segment": "gold"}, "prices": 8},
    {"sales": "revenue", "curve": JUDGED, "where_rep": {"team": "east"}, "prices": 8},
    {"sales": "revenue", "curve": JUDGED, "where_rep": {"role": "nobody"}},
    {"sales": "revenue", "curve": JUDGED, "where": {"segment": "none"}, "price": 0.0},
    {"sales": "revenue", "curve": JUDGED, "price": 0.0, "prices": 5},
]

PROGRAM: tuple[str, dict[str, dict[str, Any]]] = (
    "near",
    {
        "earn": {
            "sales": "revenue",
            "curve": JUDGED,
            "prices": 5,
            "transition": 0.2,
            "where_rep": {"team": "east"},
        },
    },
)

WORKED_BY_HAND = ("way",)


def draw(rng: Rng) -> dict[str, Any]:
    """Random settings for the columns of a random problem."""
    fields: dict[str, Any] = {
        "sales": pick(rng, "revenue", "workload"),
        "price": quarter(rng, 3),
        "prices": pick(rng, 5, 9),
    } | some(
        rng, reference=lambda: "revenue", hours=lambda: pick(rng, "capacity", "seats", "level")
    )
    if rng.random() < 0.5:
        fields |= {"curve": pick(rng, JUDGED, [[0, 0], [1, 1]], [[0, 0], [1, 1], [2, 1.5]])}
    else:
        fields |= {"logistic": pick(rng, ADBUDG, {"floor": 0, "ceiling": 3, "steepness": 1})}
    if rng.random() < 0.5:
        fields |= {"fit": "score"} | some(rng, best_fit=lambda: 1.5)
    if rng.random() < 0.5:
        fields |= {"transition": pick(rng, 0.15, 0.5)}
        fields |= some(rng, same=lambda: pick(rng, {"manager": 0.5}, {"team": 0.0, "region": 0.5}))
    return fields | scope(rng)
