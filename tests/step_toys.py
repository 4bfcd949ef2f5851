"""Tiny scenarios with books of today: for ladders, portfolios and whatever counts moves."""

from __future__ import annotations

from typing import Any

import numpy as np

from optiterr.scenario.loading import Scenario

REPS = [{"rep_id": "kim", "hours": 10}, {"rep_id": "lee", "hours": 10}]
EVEN = {"kind": "balance", "measure": "revenue", "price": 10, "per": "unit"}
HOURS = {"kind": "capacity", "measure": "work", "limit": "hours"}


def scenario(
    accounts: list[dict[str, Any]],
    rules: dict[str, Any],
    reps: list[dict[str, Any]] = REPS,
    **more: Any,
) -> Scenario:
    """Accounts with an owner column; ``gil`` has left, if anything is his."""
    left = {"departed": ["gil"]} if any(one["owner"] == "gil" for one in accounts) else {}
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "steps",
            "data": {
                "accounts": {"records": accounts, "owner": "owner", **left},
                "reps": {"records": reps},
            },
            "rules": rules,
            "solve": {"seconds": 20, "solver": "highs", "gap": 0},
            **more,
        }
    )


def account(name: str, owner: str | None, revenue: float = 1, **more: Any) -> dict[str, Any]:
    return {"account_id": name, "owner": owner, "revenue": revenue, "work": 0, **more}


def drawn(rng: np.random.Generator) -> Scenario:
    """Five accounts, two or three reps; families, leavers, nobody's, skills and tight hours."""
    reps = [
        {"rep_id": name, "hours": float(rng.integers(6, 14)), "skills": skills}
        for name, skills in zip(("kim", "lee", "max")[: rng.integers(2, 4)], "g,,g", strict=False)
    ]
    reps[0]["skills"] = "g"
    owners = [*(rep["rep_id"] for rep in reps), reps[0]["rep_id"], None, "gil"]
    rows = [
        account(
            name,
            owners[rng.integers(len(owners))],
            float(rng.integers(1, 9)),
            work=float(rng.integers(1, 6)),
            skills="g" if rng.random() < 0.2 else "",
            zip="A" if rng.random() < 0.4 else None,
        )
        for name in "abcde"
    ]
    for one in rows[:2]:
        one.update(owner=reps[0]["rep_id"], zip="A")
    rules: dict[str, Any] = {
        "hours": HOURS if rng.random() < 0.6 else {**HOURS, "price": 3},
        "even": {**EVEN, "price": float(rng.integers(1, 5))},
        "moves": {"kind": "disruption", "of": "revenue", "price": float(rng.integers(0, 2))},
    }
    if rng.random() < 0.5:
        rules["skills"] = {"kind": "skills"}
    if rng.random() < 0.5:
        rules["family"] = {"kind": "together", "by": "zip"}
    if rng.random() < 0.3:
        rules["pool"] = {"kind": "pool", "price": float(rng.integers(1, 9))}
    return scenario(rows, rules, reps)
