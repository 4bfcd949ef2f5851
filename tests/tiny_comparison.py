"""Five accounts, two reps and one plan, small enough to work out on paper."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optiterr.comparison.case import Case
from optiterr.comparison.side_by_side import summarise
from optiterr.pairs import Pairs
from optiterr.plan import PairCount, Plan, SolverReport, Step
from optiterr.problem import DEPARTED, NOBODY, Problem
from optiterr.rules import Rule
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.coverage import Coverage
from optiterr.rules.disruption import Disruption
from optiterr.rules.travel import Travel

DEGREE = 6371.0088 * np.pi / 180
"""Kilometres of one degree on the equator."""

RULES: dict[str, Rule] = {
    "coverage": Coverage(),
    "hours": Capacity(measure="revenue", limit="hours", slack=0.2),
    "even": Balance(measure="revenue", price=30),
    "travel": Travel(price=0.1),
    "calm": Disruption(of="revenue", max_share=0.5),
}


def tiny() -> Problem:
    """Five accounts on the equator, two reps who stay, one who left (r3), one account of nobody.

    account   a   b   c   d       e            rep   hours  degrees east
    revenue   10  20  15  5       10           r1    40     0
    owner     r1  r1  r2  nobody  r3 (left)    r2    30     2
    degrees   0   1   2   0       1
    """
    accounts = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d", "e"],
            "name": ["Acme", "Bolt", "Crux", "Dyne", "Echo"],
            "owner_id": ["r1", "r1", "r2", None, "r3"],
            "revenue": [10.0, 20.0, 15.0, 5.0, 10.0],
            "latitude": 0.0,
            "longitude": [0.0, 1.0, 2.0, 0.0, 1.0],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": ["r1", "r2"],
            "name": ["Lee", "Kim"],
            "hours": [40.0, 30.0],
            "latitude": 0.0,
            "longitude": [0.0, 2.0],
        }
    )
    owner = np.array([0, 0, 1, NOBODY, DEPARTED], dtype=np.int32)
    return Problem(accounts, reps, owner, Pairs.full(5, 2), 10)


def plan_of(cost: float | None = None, bound: float | None = None, **changes: object) -> Plan:
    """The plan a->r1, b->r2, c->r2, d->r1, e->r1: 25 and 35 of revenue, two degrees of way.

    Target 30 each, so 5/30 + 5/30 off target at 30 a share: 10. Way 0.1 x 2 degrees.
    """
    terms = {"even": 10.0, "travel": 0.2 * DEGREE}
    cost = sum(terms.values()) if cost is None else cost
    fields: dict[str, object] = {
        "status": "feasible",
        "name": "tiny",
        "cost": cost,
        "bound_proved": bound,
        "bound_claimed": None if bound is None else bound + 1,
        "gap_proved": None if bound is None else (cost - bound) / cost,
        "terms": terms,
        "findings": (),
        "assignment": {"a": "r1", "b": "r2", "c": "r2", "d": "r1", "e": "r1"},
        "pairs": PairCount(considered=8, possible=10),
        "solver": SolverReport(
            name="highs",
            version="1.11",
            seconds={"solve": 1.5, "solver moves": 1.25, "audit": 0.25},
        ),
        "log": (Step(seconds=0.5, incumbent=50.0), Step(seconds=1.5, incumbent=cost, bound=bound)),
        "fingerprint": "f" * 64,
        "scenario": {},
    }
    return Plan.model_validate(fields | changes)


def summary(**changes: object) -> Case:
    return summarise("tiny", plan_of(bound=20.0, **changes), tiny(), RULES, scenario_title="Tiny")
