"""Thousands of tiny random scenarios: findings counted, against the model, HiGHS and bounds."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from toys import problem

from optiterr.certificate import certify, lower_bound
from optiterr.compile import compile_model
from optiterr.conformance import plans
from optiterr.errors import DataError
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules import Rule, rule_class
from optiterr.solution import Limits, Status
from optiterr.solvers import highs

ALONE, TOGETHER = 320, 220
"""Instances of each rule alone, and of several rules together: 9 x 320 + 220 = 3,100."""

EACH_SOLVED = 10
"""One in so many is solved by HiGHS and bounded by its prices too."""

AGREE = 1e-6


Rng = np.random.Generator


def random_problem(rng: Rng) -> Problem:
    """Two or three accounts and reps, quarters and ties, some pairs missing, some owners gone."""
    accounts, reps = int(rng.choice([2, 2, 3])), int(rng.choice([2, 2, 3]))
    ids, names = list("abc"[:accounts]), [f"r{place + 1}" for place in range(reps)]
    words = ["", "x", "y", "x;y", "x:2", "y:0.5;x"]
    quarters = lambda most, size: rng.integers(0, most, size) / 4  # noqa: E731
    leaves = names[1:2] if reps == 3 and rng.random() < 0.2 else []
    stays = [name for name in names if name not in leaves]
    listed = {}
    for account in ids:
        used = rng.choice(stays, size=int(rng.integers(1, len(stays) + 1)), replace=False)
        for rep in used:
            listed[account, str(rep)] = {
                "drive": float(rng.integers(0, 9)) / 4,
                "score": float(rng.integers(0, 5)) / 4,
                "margin": float(rng.integers(-8, 9)) / 4,
            }
    return problem(
        {
            "workload": quarters(9, accounts),
            "revenue": quarters(40, accounts) + 0.25,
            "skills": rng.choice(words, accounts),
            "tier": rng.integers(0, 4, accounts).astype(float),
            "industry": rng.choice(["", "x", "y", "x; y"], accounts),
            "latitude": rng.uniform(-90, 90, accounts),
            "longitude": rng.uniform(-180, 180, accounts),
        },
        {
            "capacity": quarters(16, reps) + 0.25,
            "seats": rng.integers(1, 4, reps).astype(float),
            "skills": rng.choice(words, reps),
            "level": rng.integers(0, 4, reps).astype(float),
            "industry": rng.choice(["", "x", "y"], reps),
            "team": rng.choice(["east", "west"], reps),
            "latitude": rng.uniform(-90, 90, reps),
            "longitude": rng.uniform(-180, 180, reps),
        },
        owner=[None if rng.random() < 0.2 else str(rng.choice([*names, "gone"])) for _ in ids],
        leaves=leaves,
        pairs=listed,
        tables={
            "locks": pd.DataFrame(
                {
                    "account": rng.choice(ids, 2),
                    "rep": rng.choice(stays, 2),
                    "action": rng.choice(["keep", "forbid"], 2),
                    "until": rng.choice(["2025-01-01", "", "2027-01-01"], 2),
                }
            )
        },
        planning_date=dt.date(2026, 1, 1),
    )


def pick(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def quarter(rng: Rng, most: float) -> float:
    return float(rng.integers(0, int(most * 4) + 1)) / 4


def price(rng: Rng) -> dict[str, float]:
    """No price in half of the cases."""
    return {} if rng.random() < 0.5 else {"price": quarter(rng, 3)}


def some(rng: Rng, **fields: Callable[[], Any]) -> dict[str, Any]:
    """Each field with a chance of a half."""
    return {name: draw() for name, draw in fields.items() if rng.random() < 0.5}


def capacity(rng: Rng) -> dict[str, Any]:
    fields = price(rng) | some(
        rng,
        measure=lambda: pick(rng, "revenue", "accounts", "drive"),
        limit=lambda: quarter(rng, 6) + 0.25,
        slack=lambda: quarter(rng, 0.5),
        at_least=lambda: 0.25,
        per=lambda: "share",
    )
    return fields


def balance(rng: Rng) -> dict[str, Any]:
    fields = {"measure": pick(rng, "revenue", "accounts", "workload", "drive"), "per": "unit"}
    fields |= price(rng) | some(
        rng,
        proportional_to=lambda: "seats",
        groups=lambda: "team",
        within=lambda: quarter(rng, 1),
    )
    if "groups" not in fields and fields["measure"] in ("revenue", "accounts"):
        fields["per"] = pick(rng, "unit", "share")
    if "price" in fields and rng.random() < 0.5:
        fields["hard_within"] = fields.get("within", 0.0) + quarter(rng, 1)
    return fields


def skills(rng: Rng) -> dict[str, Any]:
    return price(rng) | some(rng, levels=lambda: {"tier": "level"})


def disruption(rng: Rng) -> dict[str, Any]:
    fields = some(
        rng,
        of=lambda: "revenue",
        max_share=lambda: quarter(rng, 1),
        max_amount=lambda: quarter(rng, 8),
        rep_out_max_share=lambda: quarter(rng, 1),
        rep_out_max_amount=lambda: quarter(rng, 8),
        rep_in_max_share=lambda: quarter(rng, 2),
        rep_in_max_amount=lambda: quarter(rng, 8),
    )
    limits = set(fields) - {"of"}
    fields |= price(rng) if limits else {"price": quarter(rng, 3)}
    return fields | ({"per": pick(rng, "unit", "share")} if "price" in fields else {})


def locks(rng: Rng) -> dict[str, Any]:
    fields: dict[str, Any] = price(rng) | some(rng, table=lambda: "locks")
    for action in ("keep", "forbid"):
        if rng.random() < 0.5:
            until = {} if rng.random() < 0.5 else {"until": pick(rng, "2025-06-30", "2026-06-30")}
            fields[action] = [
                {"account": pick(rng, "a", "b"), "rep": pick(rng, "r1", "r2"), **until}
            ]
    return fields


def travel(rng: Rng) -> dict[str, Any]:
    measure = pick(rng, "distance", "drive")
    longest = 20_000 * rng.random() if measure == "distance" else quarter(rng, 2)
    fields = {"measure": measure, "price": quarter(rng, 3)}
    if rng.random() < 0.5:
        fields["visits"] = "workload"
    if rng.random() < 0.5:
        fields["max"] = longest
    return fields if rng.random() < 0.7 else {"measure": measure, "max": longest}


def fit(rng: Rng) -> dict[str, Any]:
    fields: dict[str, Any] = {"score": "score"}
    if rng.random() < 0.5:
        fields = {"match": {"industry": "industry", "skills": "skills"}}
        fields |= some(rng, weights=lambda: {"industry": 2.0, "skills": 1.0})
    if rng.random() < 0.5:
        return fields | {"at_least": quarter(rng, 1)}
    fields |= {"price": quarter(rng, 3)} | some(rng, weight=lambda: "revenue")
    return fields | some(rng, at_least=lambda: quarter(rng, 0.5))


def cost(rng: Rng) -> dict[str, Any]:
    return {"value": "margin"} | some(rng, price=lambda: quarter(rng, 3))


DRAWS: dict[str, Callable[[Rng], dict[str, Any]]] = {
    "coverage": lambda rng: {},
    "capacity": capacity,
    "balance": balance,
    "skills": skills,
    "disruption": disruption,
    "locks": locks,
    "travel": travel,
    "fit": fit,
    "cost": cost,
}


def counted_best(rules: dict[str, Rule], data: Problem) -> float:
    """Least cost over every assignment without a breach, from findings alone; ``inf`` for none."""
    best = np.inf
    for choice in plans(data.pairs):
        reps = data.rep_ids[data.pairs.rep[choice]]
        assignment = pd.Series(reps, data.account_ids, dtype=object)
        total = 0.0
        for name, rule in rules.items():
            for one in rule.check(name, data, assignment):
                if one.weight is Weight.BREACH:
                    total = np.inf
                elif one.weight is Weight.PRICED:
                    total += rule.price * one.amount
            if total == np.inf:
                break
        best = min(best, total)
    return best


def check_instance(
    rules: dict[str, Rule], data: Problem, count: Counter[str], *, solved: bool
) -> None:
    """The counted answer is the model's; of some, it is HiGHS's too, and no bound exceeds it."""
    try:
        model = compile_model(rules, data).model
    except DataError:
        # Contradictory locks, bounds or zero targets: refused with words, which other tests read.
        count["refused"] += 1
        return
    asked = counted_best(rules, data)
    values = [model.value(model.picks(choice)) for choice in plans(model.pairs)]
    best = min(values, default=np.inf)
    room = AGREE * max(1.0, abs(asked)) if np.isfinite(asked) else 0.0
    assert best == asked or abs(best - asked) <= room, f"{rules}\n{data}\n{best} is not {asked}"
    count["instances"] += 1
    count["infeasible"] += not np.isfinite(asked)
    if not solved:
        return
    answer = highs.solve(model, Limits(gap=0.0))
    if not np.isfinite(asked):
        assert answer.status is Status.INFEASIBLE
        return
    assert answer.status is Status.OPTIMAL
    assert answer.objective is not None
    assert abs(answer.objective - asked) <= 1e-5 * max(1.0, abs(asked)), rules
    relaxed = highs.relax(model, Limits())
    bound = lower_bound(model, relaxed.prices)
    assert bound.value <= asked + room
    assert bound.value == pytest.approx(relaxed.objective, abs=1e-5, rel=1e-6)
    certify(model, model.picks(list(plans(model.pairs))[int(np.argmin(values))]), bound)
    count["solved"] += 1


@pytest.mark.parametrize("kind", DRAWS)
def test_counting_findings_gives_the_model_s_optimum(kind: str) -> None:
    """Rule by rule, over random data and random settings of every field."""
    rng = np.random.default_rng([3, *kind.encode()])
    count: Counter[str] = Counter()
    for place in range(ALONE):
        if place % 4 == 0:
            data = random_problem(rng)
        rule = rule_class(kind)(**DRAWS[kind](rng))
        check_instance({"rule": rule}, data, count, solved=place % EACH_SOLVED == 0)
    print(kind, dict(count))
    assert count["instances"] + count["refused"] == ALONE
    assert count["refused"] < 0.15 * ALONE
    assert count["solved"] >= 0.4 * ALONE / EACH_SOLVED


def test_counting_findings_of_several_rules_gives_the_model_s_optimum() -> None:
    """Coverage and one to four others, of any kind, twice the same included."""
    rng = np.random.default_rng(4)
    count: Counter[str] = Counter()
    for place in range(TOGETHER):
        rules: dict[str, Rule] = {"coverage": rule_class("coverage")()}
        for extra in range(int(rng.integers(1, 5))):
            kind = str(rng.choice(list(DRAWS)[1:]))
            rules[f"{kind}-{extra}"] = rule_class(kind)(**DRAWS[kind](rng))
        check_instance(rules, random_problem(rng), count, solved=place % EACH_SOLVED == 0)
    print("together", dict(count))
    assert count["instances"] + count["refused"] == TOGETHER
    assert count["refused"] < 0.1 * TOGETHER
    assert 0.1 < count["infeasible"] / count["instances"] < 0.6


def test_thousands_are_tried() -> None:
    """At least 3,000 instances in all."""
    assert len(DRAWS) * ALONE + TOGETHER >= 3000
