"""Thousands of tiny random scenarios: findings counted, against the model, HiGHS and bounds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rulebook import DRAWS
from rulebook.problems import random_problem

from optiterr.certificate import certify, lower_bound
from optiterr.compile import compile_model, with_optional
from optiterr.conformance import as_series, assignments, plans
from optiterr.errors import DataError
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules import Rule, rule_class
from optiterr.solution import Limits, Status
from optiterr.solvers import highs

ALONE, TOGETHER = 130, 220
"""Instances of each rule alone, and of several rules together."""

EACH_SOLVED = 10
"""One in so many is solved by HiGHS and bounded by its prices too."""

AGREE = 1e-6


Rng = np.random.Generator


def counted_best(rules: dict[str, Rule], data: Problem) -> float:
    """Least cost over every assignment without a breach, from findings alone; ``inf`` for none."""
    best = np.inf
    data = with_optional(rules, data)
    for rep in assignments(data):
        assignment = as_series(data, rep)
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
