"""Levels of priorities: true lexicographic plans, each level with a proof of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rulebook import DRAWS
from rulebook.problems import random_problem

from optiterr.certificate import certify, lower_bound
from optiterr.compile import compile_model
from optiterr.conformance import plans
from optiterr.engine import save as saved
from optiterr.engine import solve
from optiterr.errors import DataError, SpecError
from optiterr.goals import Ceiling, aim, goal_value
from optiterr.rules import Rule, rule_class
from optiterr.scenario.formulation import PriorityLevel
from optiterr.scenario.loading import Scenario
from optiterr.scenario.ranking import levels_of
from optiterr.solution import Limits, Status
from optiterr.solvers import highs
from optiterr.verification import verify


def scenario(priorities: list[Any], **rules: Any) -> Scenario:
    """Four accounts of 4, 3, 2 and 1 hours, all owned by r1; r2 is empty.

    A perfect split is 5 and 5; each move costs 1.
    """
    hours = {"a": 4, "b": 3, "c": 2, "d": 1}
    return Scenario.from_dict(
        {
            "name": "ranked",
            "data": {
                "accounts": {
                    "owner": "owner",
                    "records": [
                        {"account_id": one, "workload": size, "owner": "r1"}
                        for one, size in hours.items()
                    ],
                },
                "reps": {"records": [{"rep_id": "r1"}, {"rep_id": "r2"}]},
            },
            "rules": {
                "fair": {"kind": "balance", "measure": "workload", "per": "unit", "price": 1},
                "moves": {"kind": "disruption", "price": 1},
                **rules,
            },
            "priorities": priorities,
            "solve": {"solver": "highs", "gap": 0},
        }
    )


def test_the_first_level_is_never_given_up_for_the_second() -> None:
    """Balance first: 5 and 5 takes two moves (a and d, or b and c). Moves first: none, 5 off each.

    Off target by 5 on both sides is 10 in units.
    """
    fair = solve(scenario([["fair"], ["moves"]]))
    assert fair.terms == {"fair": 0.0, "moves": 2.0}
    assert [level.value for level in fair.levels] == [0.0, 2.0]
    calm = solve(scenario([["moves"], ["fair"]]))
    assert calm.terms == {"fair": 10.0, "moves": 0.0}
    assert [level.status for level in calm.levels] == [Status.OPTIMAL] * 2
    assert calm.status is Status.OPTIMAL


def test_a_tolerance_buys_the_next_level_room() -> None:
    """Two units of balance may go: a alone moves, 6 and 4 are off by 2 in all, for one move."""
    plan = solve(scenario([{"rules": ["fair"], "by": 2}, ["moves"]]))
    assert plan.terms == {"fair": 2.0, "moves": 1.0}
    first, second = plan.levels
    assert (first.value, first.most, first.final) == (0.0, 2.0, 2.0)
    assert (second.value, second.final) == (1.0, 1.0)
    assert first.bound_proved == pytest.approx(0.0, abs=1e-6)


def test_rules_without_a_level_come_last_together() -> None:
    """Only balance is named; moves and the second disruption follow as one level."""
    ranked = scenario([["fair"]], more={"kind": "disruption", "of": "workload", "price": 2})
    assert [level.rules for level in levels_of(ranked)] == [("fair",), ("moves", "more")]
    assert levels_of(scenario([])) == ()


@pytest.mark.parametrize(
    ("priorities", "what", "fix"),
    [
        ([["fair"], ["move"]], "there is no rule 'move'", "did you mean 'moves'?"),
        ([["fair"], ["fair"]], "rule 'fair' stands in two levels", "name it once"),
        ([["coverage"]], "rule 'coverage' is hard", "a hard rule holds at every level"),
        ([[]], "a level without a rule", "name the rules"),
    ],
)
def test_levels_that_mean_nothing_are_refused(priorities: list[Any], what: str, fix: str) -> None:
    """Where, what, fix; all before anything is solved."""
    with pytest.raises(SpecError) as caught:
        scenario(priorities)
    (fault,) = caught.value.faults
    assert what in fault.what
    assert fix in fault.fix


def test_a_plan_with_levels_is_verified_and_doctored_ones_are_not(tmp_path: Path) -> None:
    """Every level's bound is proved again from its prices; a better one is not believed."""
    ranked = scenario([{"rules": ["fair"], "within": 0.5, "by": 1}, ["moves"]])
    plan = saved(solve(ranked), ranked, tmp_path / "plan.json")
    assert verify(tmp_path / "plan.json").holds
    told = json.loads(plan.to_json())
    for field, value in (("bound_proved", 0.9), ("most", 99.0), ("final", -1.0), ("value", 7.0)):
        doctored = json.loads(json.dumps(told))
        doctored["levels"][0][field] = value
        (tmp_path / "lie.json").write_text(json.dumps(doctored), encoding="utf-8")
        assert not verify(tmp_path / "lie.json").holds, field
    fewer = {**told, "levels": told["levels"][:1]}
    (tmp_path / "lie.json").write_text(json.dumps(fewer), encoding="utf-8")
    assert not verify(tmp_path / "lie.json").holds


def random_rules(rng: np.random.Generator) -> dict[str, Rule]:
    """Three or four rules of any kind; those with a price can be levels."""
    rules: dict[str, Rule] = {"coverage": rule_class("coverage")()}
    kinds = [kind for kind in DRAWS if kind != "coverage"]
    for place in range(int(rng.integers(3, 5))):
        kind = str(rng.choice(kinds))
        rules[f"{kind}-{place}"] = rule_class(kind)(**DRAWS[kind](rng))
    return rules


def test_levels_equal_counting_on_random_scenarios() -> None:
    """At each level: HiGHS finds what counting finds among the plans that keep the levels before,
    and the bound of its relaxed prices never exceeds it."""
    rng = np.random.default_rng(11)
    counted = 0
    for _ in range(120):
        rules, data = random_rules(rng), random_problem(rng)
        try:
            model = compile_model(rules, data).model
        except DataError:
            continue
        priced = [name for name, rule in rules.items() if rule.price is not None]
        every = [model.picks(choice) for choice in plans(model.pairs)]
        alive = [x for x in every if np.isfinite(model.value(x))]
        if len(priced) < 2 or not alive:
            continue
        ceilings: list[Ceiling] = []
        for place, name in enumerate(priced):
            level = PriorityLevel(rules=(name,), by=float(rng.integers(0, 3)) / 4)
            best = min(goal_value(model, x, level.rules) for x in alive)
            target = aim(model, level.rules, ceilings)
            answer = highs.solve(target, Limits(gap=0.0))
            assert answer.objective == pytest.approx(best, abs=1e-5, rel=1e-6), (rules, name)
            relaxed = highs.relax(target, Limits())
            bound = lower_bound(target, relaxed.prices)
            assert bound.value <= best + 1e-6 * max(1.0, abs(best))
            certify(target, answer.x, bound)
            most = best + level.by
            ceilings.append(Ceiling(f"level {place + 1}", level.rules, most))
            room = 1e-6 * max(1.0, abs(most))
            alive = [x for x in alive if goal_value(model, x, level.rules) <= most + room]
            counted += 1
    assert counted >= 120
