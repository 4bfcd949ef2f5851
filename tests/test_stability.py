"""Stability in many currencies at once: each budget alone, all of them, and what cannot matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from rulebook import DRAWS
from rulebook.problems import random_problem
from toys import problem

from optiterr.compile import compile_model
from optiterr.conformance import least_cost
from optiterr.engine import solve
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.rules.cost import Cost
from optiterr.rules.disruption import LIMITS, Disruption
from optiterr.rules.protect import Protect
from optiterr.rules.relationships import Relationships
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Status
from optiterr.solvers import highs

OWNER = {"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r3", "f": "r3"}
MANAGER = {"r1": "mia", "r2": "mia", "r3": "noa"}
REVENUE = dict(zip("abcdef", [10.0, 20.0, 15.0, 5.0, 30.0, 12.0], strict=True))
WORKLOAD = dict(zip("abcdef", [2.0, 1.0, 3.0, 2.0, 1.0, 4.0], strict=True))
PIPELINE = dict(zip("abcdef", [0.0, 4.0, 2.0, 6.0, 3.0, 1.0], strict=True))
CONTACTS = dict(zip("abcdef", [4.0, 1.0, 2.0, 2.0, 5.0, 3.0], strict=True))
TIER = dict(zip("abcdef", ["A", "B", "A", "B", "A", "B"], strict=True))
WAY = {
    "a": {"r1": 7.0, "r2": 1.0, "r3": 3.0},
    "b": {"r1": 6.0, "r2": 2.0, "r3": 0.0},
    "c": {"r1": 1.0, "r2": 9.0, "r3": 2.0},
    "d": {"r1": 3.0, "r2": 5.0, "r3": 0.0},
    "e": {"r1": 2.0, "r2": 1.0, "r3": 8.0},
    "f": {"r1": 0.0, "r2": 4.0, "r3": 9.0},
}
"""What each pair costs: every account is cheaper with another rep than with its owner."""

Plan = Mapping[str, str]


def books() -> Problem:
    columns = {"revenue": REVENUE, "workload": WORKLOAD, "pipeline": PIPELINE}
    columns |= {"contacts": CONTACTS, "tier": TIER}
    return problem(
        {name: list(values.values()) for name, values in columns.items()},
        {"manager": list(MANAGER.values())},
        owner=list(OWNER.values()),
        pairs={(i, j): way for i, ways in WAY.items() for j, way in ways.items()},
    )


def out(plan: Plan, of: Mapping[str, float], *reps: str) -> float:
    """What these reps lose."""
    return sum(of[i] for i in plan if OWNER[i] in reps and plan[i] != OWNER[i])


def come(plan: Plan, of: Mapping[str, float], *reps: str) -> float:
    """What these reps gain."""
    return sum(of[i] for i in plan if plan[i] in reps and plan[i] != OWNER[i])


EVERYONE = ("r1", "r2", "r3")
ONE = dict.fromkeys("abcdef", 1.0)
RISK = {i: REVENUE[i] if i in "bcf" else 0.0 for i in REVENUE}

BUDGETS: dict[str, tuple[dict[str, Any], Callable[[Plan], list[float]]]] = {
    # settings, and by how much a plan exceeds each limit, from the tables above
    "accounts in all": ({"max_amount": 3}, lambda plan: [out(plan, ONE, *EVERYONE) - 3]),
    "half of revenue": (
        {"of": "revenue", "max_share": 0.5},
        lambda plan: [out(plan, REVENUE, *EVERYONE) - 92 / 2],
    ),
    "workload of each rep": (
        {"of": "workload", "rep_out_max_share": 0.5},
        # r1 has 2 + 1, r2 3 + 2, r3 1 + 4
        lambda plan: [
            out(plan, WORKLOAD, "r1") - 1.5,
            out(plan, WORKLOAD, "r2") - 2.5,
            out(plan, WORKLOAD, "r3") - 2.5,
        ],
    ),
    "pipeline each rep gains": (
        {"of": "pipeline", "rep_in_max_amount": 5},
        lambda plan: [come(plan, PIPELINE, j) - 5 for j in EVERYONE],
    ),
    "the top account of each rep": (
        {"top": 1, "top_by": "revenue", "rep_out_max_amount": 0},
        # b with 20, c with 15, e with 30
        lambda plan: [float(plan["b"] != "r1"), float(plan["c"] != "r2"), float(plan["e"] != "r3")],
    ),
    "contacts that leave a manager": (
        {"of": "contacts", "by": "manager", "by_counts": "leaves", "by_out_max_amount": 2},
        lambda plan: [
            sum(CONTACTS[i] for i in plan if MANAGER[OWNER[i]] == m != MANAGER[plan[i]]) - 2
            for m in ("mia", "noa")
        ],
    ),
    "revenue a manager's reps gain": (
        {"of": "revenue", "by": "manager", "by_in_max_share": 0.5},
        # an average book is 92 / 3: mia has two reps, noa one
        lambda plan: [
            come(plan, REVENUE, "r1", "r2") - 92 / 3,
            come(plan, REVENUE, "r3") - 92 / 6,
        ],
    ),
    "a share of each tier": (
        {"segments": "tier", "segment_max_share": 0.4},
        # three accounts of each tier: 1.2 may move
        lambda plan: [
            sum(plan[i] != OWNER[i] for i in plan if TIER[i] == tier) - 1.2 for tier in "AB"
        ],
    ),
    "revenue in part of the books": (
        {"of": "revenue", "where": {"contacts": {"at_most": 3}, "tier": "B"}, "max_amount": 20},
        # b, d and f
        lambda plan: [sum(REVENUE[i] for i in "bdf" if plan[i] != OWNER[i]) - 20],
    ),
}


def counted(wanted: list[str], price: float | None) -> float:
    """The least cost over all 729 plans, from the tables above alone."""
    best = np.inf
    for reps in product(EVERYONE, repeat=6):
        plan = dict(zip("abcdef", reps, strict=True))
        total = sum(WAY[i][j] for i, j in plan.items())
        for name in wanted:
            over = [max(0.0, excess) for excess in BUDGETS[name][1](plan)]
            if price is not None:
                total += price * sum(over)
            elif max(over) > 1e-9:
                total = np.inf
        best = min(best, total)
    return best


def solved(wanted: list[str], price: float | None) -> float:
    rules: dict[str, Rule] = {"way": Cost(value="value")}
    for name in wanted:
        rules[name] = Disruption(**BUDGETS[name][0], price=price)
    answer = highs.solve(compile_model(rules, books()).model, Limits(gap=0.0))
    assert answer.status is Status.OPTIMAL
    assert answer.objective is not None
    return answer.objective


@pytest.mark.parametrize("price", [None, 0.25], ids=["hard", "priced"])
@pytest.mark.parametrize("name", BUDGETS)
def test_each_budget_binds_alone(name: str, price: float | None) -> None:
    """Without budgets every account moves, at 1 + 0 + 1 + 0 + 1 + 0; each budget costs more."""
    assert counted([], None) == solved([], None) == 3.0
    best = counted([name], price)
    assert best > 3.0
    assert solved([name], price) == pytest.approx(best)


@pytest.mark.parametrize("price", [None, 0.25], ids=["hard", "priced"])
def test_all_budgets_at_once(price: float | None) -> None:
    """Nine budgets in five currencies: in all, by rep, by manager, by tier; dearer than each."""
    best = counted(list(BUDGETS), price)
    assert best > max(counted([name], price) for name in BUDGETS)
    assert solved(list(BUDGETS), price) == pytest.approx(best)


def least(rule: Rule, data: Problem) -> float:
    """The least cost under ``rule`` with costs of pairs beside it."""
    return least_cost(compile_model({"rule": rule, "way": Cost(value="margin")}, data).model)


def test_loosening_a_budget_never_costs_more() -> None:
    """Each limit of 150 random settings raised by a half, one after the other."""
    rng = np.random.default_rng(17)
    cheaper = 0
    for _ in range(150):
        data, fields = random_problem(rng), DRAWS["disruption"](rng)
        tight = least(Disruption(**fields), data)
        for limit in [one for pair in LIMITS.values() for one in pair if one in fields]:
            most = 1.0 if "share" in limit and "_in_" not in limit else 100.0
            loose = Disruption(**{**fields, limit: min(most, fields[limit] + 0.5)})
            found = least(loose, data)
            assert found <= tight + 1e-9 or tight == np.inf, fields
            cheaper += found < tight - 1e-9
    assert cheaper > 20


def test_scaling_a_measure_and_its_amounts_changes_nothing() -> None:
    """Revenue in quarters of a unit: four times the numbers, a quarter of the price of a unit."""
    rng = np.random.default_rng(18)
    charged = 0
    for _ in range(150):
        data, fields = random_problem(rng), {**DRAWS["disruption"](rng), "of": "revenue"}
        larger = replace(data, accounts=data.accounts.assign(revenue=data.accounts["revenue"] * 4))
        scaled = {
            name: 4 * value if name.endswith("amount") else value for name, value in fields.items()
        }
        if fields.get("per", "unit") == "unit" and "price" in fields:
            scaled["price"] = fields["price"] / 4
        if "where" in fields and "revenue" in str(fields["where"]):
            continue
        before, after = least(Disruption(**fields), data), least(Disruption(**scaled), larger)
        assert after == before or after == pytest.approx(before), fields
        charged += np.isfinite(before)
    assert charged > 75


def test_a_longer_protection_never_costs_less() -> None:
    """Protected until tomorrow instead of yesterday; and hard instead of priced."""
    rng = np.random.default_rng(19)
    dearer = 0
    for _ in range(100):
        data, fields = random_problem(rng), DRAWS["protect"](rng)
        ended = least(Protect(**{**fields, "until": "2025-12-31"}), data)
        valid = least(Protect(**{**fields, "until": "2026-01-02"}), data)
        hard = least(
            Protect(**{**fields, "price": None, "weight": "accounts", "until": None}), data
        )
        assert ended <= valid + 1e-9
        assert valid <= hard + 1e-9
        dearer += valid > ended + 1e-9
    assert dearer > 10


def test_the_price_of_relationships_scales_with_their_value() -> None:
    """Twice the value at half of the price is the same; a smaller factor never costs more."""
    rng = np.random.default_rng(20)
    cheaper = 0
    for _ in range(100):
        data, fields = random_problem(rng), {**DRAWS["relationships"](rng), "value": "revenue"}
        double = replace(data, accounts=data.accounts.assign(revenue=data.accounts["revenue"] * 2))
        before = least(Relationships(**fields), data)
        half = least(Relationships(**{**fields, "price": fields["price"] / 2}), double)
        assert half == before or half == pytest.approx(before)
        alike = least(Relationships(**{**fields, "same": {"manager": 0.0, "team": 0.5}}), data)
        alone = least(Relationships(**{**fields, "same": {}}), data)
        assert alike <= alone + 1e-9
        cheaper += alike < alone - 1e-9
    assert cheaper > 5


def test_a_scenario_states_its_policy_from_files_to_proof() -> None:
    """Three accounts of r1 must not all stay (2 seats). a renews in 30 days; b is a 6-year bond.

    c has known its owner for 365 days and moves at 30 * 365 / 365.25 / 4, half of r1's top two.
    """
    scenario = Scenario.from_dict(
        {
            "name": "policy",
            "planning_date": "2026-01-01",
            "data": {
                "accounts": {
                    "owner": "owner_id",
                    "records": [
                        {"account_id": "a", "owner_id": "r1", "revenue": 10, "tier": 1}
                        | {"renewal": "2026-01-31", "since": "2025-06-01", "hours": 1},
                        {"account_id": "b", "owner_id": "r1", "revenue": 20, "tier": 1}
                        | {"renewal": "2026-12-31", "since": "2020-01-01", "hours": 1},
                        {"account_id": "c", "owner_id": "r1", "revenue": 30, "tier": 2}
                        | {"renewal": "", "since": "2025-01-01", "hours": 1},
                    ],
                },
                "reps": {
                    "records": [
                        {"rep_id": "r1", "seats": 2, "manager": "mia"},
                        {"rep_id": "r2", "seats": 2, "manager": "noa"},
                    ]
                },
            },
            "measures": {"worth": {"kind": "formula", "formula": "revenue * hours"}},
            "rules": {
                "seats": {"kind": "capacity", "measure": "accounts", "limit": "seats"},
                "renewals": {
                    "kind": "protect",
                    "where": {"renewal": {"between": ["today", "90 days"]}},
                    "until": "2026-06-30",
                },
                "top": {
                    "kind": "disruption",
                    "top": 2,
                    "top_by": "worth",
                    "rep_out_max_share": 0.5,
                },
                "tiers": {
                    "kind": "disruption",
                    "of": "worth",
                    "segments": "tier",
                    "segment_max_share": 1.0,
                },
                "bonds": {
                    "kind": "relationships",
                    "price": 1.0,
                    "value": "worth",
                    "since": "since",
                    "tenure": [[0, 0.0], [4, 1.0]],
                },
            },
        }
    )
    plan = solve(scenario)
    assert plan.status == "optimal"
    assert plan.assignment == {"a": "r1", "b": "r1", "c": "r2"}
    assert plan.cost == pytest.approx(30 * 365 / 365.25 / 4)
    assert plan.bound_proved is not None
    assert plan.bound_proved <= plan.cost + 1e-9
