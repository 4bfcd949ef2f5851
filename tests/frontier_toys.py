"""Tiny scenarios whose frontiers can be counted, and solvers that answer in this process."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from optiterr.compile import compile_model
from optiterr.conformance import plans
from optiterr.engine import read
from optiterr.frontier.between import goals_of
from optiterr.frontier.hands import Hands
from optiterr.goals import goal_value
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Solution
from optiterr.solvers import highs

RULES: dict[str, Any] = {
    "fair": {"kind": "balance", "measure": "workload", "per": "unit", "price": 1},
    "moves": {"kind": "disruption", "price": 1},
}


def scenario(
    hours: list[float],
    owners: list[str],
    reps: int = 2,
    rules: dict[str, Any] | None = None,
    *,
    worth: list[float] | None = None,
    room: float = 0.0,
) -> Scenario:
    """Accounts a, b, ... with these hours and owners; reps r1, r2, ...; exact answers asked."""
    records = [
        {"account_id": chr(97 + at), "workload": size, "owner": owner}
        for at, (size, owner) in enumerate(zip(hours, owners, strict=True))
    ]
    for one, value in zip(records, worth or [], strict=False):
        one["worth"] = value
    return Scenario.from_dict(
        {
            "name": "toy",
            "data": {
                "accounts": {"owner": "owner", "records": records},
                "reps": {"records": [{"rep_id": f"r{at + 1}", "room": room} for at in range(reps)]},
            },
            "rules": RULES if rules is None else rules,
            "solve": {"solver": "highs", "gap": 0},
        }
    )


def four() -> Scenario:
    """Hours 4, 3, 2 and 1, all of r1, and r2 empty.

    With k hours at r2 the books are off by |10 - k - 5| + |k - 5| = 2 |k - 5|. No move: 10. One
    move takes 4 hours at best: 2. Two take 5 (4 + 1): 0. Frontier (moves, fair): (0, 10), (1, 2),
    (2, 0).
    """
    return scenario([4, 3, 2, 1], ["r1"] * 4)


def drawn(rng: np.random.Generator) -> Scenario:
    """Three or four accounts, two or three reps, two further priced rules and a hard limit."""
    accounts, reps = int(rng.integers(3, 5)), int(rng.integers(2, 4))
    hours = [float(size) for size in rng.integers(1, 9, accounts)]
    owners = [f"r{rng.integers(1, reps + 1)}" for _ in range(accounts)]
    room = float(sum(hours)) if rng.random() < 0.7 else max(max(hours), 0.75 * sum(hours))
    rules = {
        "room": {"kind": "capacity", "measure": "workload", "limit": "room"},
        "fair": {**RULES["fair"], "price": float(rng.integers(1, 3))},
        "moves": {**RULES["moves"], "of": str(rng.choice(["accounts", "workload"]))},
        "worth": {"kind": "disruption", "of": "worth", "price": 0.5},
    }
    worth = [float(one) for one in rng.integers(0, 6, accounts)]
    return scenario(hours, owners, reps, rules, worth=worth, room=room)


def here() -> Hands:
    """HiGHS in this process, one call at a time: its threads are one pool per process."""
    lock = threading.Lock()

    def relax(model: Model, limits: Limits) -> Solution:
        with lock:
            return highs.relax(model, limits)

    def search(model: Model, limits: Limits, start: Floats | None) -> Solution:
        with lock:
            return highs.solve(model, limits, start)

    return Hands(relax, search)


def counted(
    spec: Scenario, between: list[str], problem: Problem | None = None
) -> list[tuple[float, ...]]:
    """Values of the goals of every plan that keeps all hard rules."""
    model = compile_model(spec.rules, problem or read(spec)).model
    goals = goals_of(spec.rules, between)
    found = set()
    for choice in plans(model.pairs):
        x = model.picks(choice)
        if np.isfinite(model.value(x)):
            found.add(tuple(round(goal_value(model, x, goal.rules), 9) for goal in goals))
    return sorted(found)


def undominated(rows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """The rows that no other beats or equals everywhere."""
    return [
        row
        for row in rows
        if not any(
            other != row and all(a <= b for a, b in zip(other, row, strict=True)) for other in rows
        )
    ]
