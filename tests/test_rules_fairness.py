"""Fairness, worked by hand, counted over random draws, and leximin against enumeration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from rulebook.fairness import draw
from rulebook.problems import random_problem
from toys import cost, findings, messages, problem, refusal

from optiterr.compile import compile_model, with_optional
from optiterr.conformance import as_series, assignments, plans
from optiterr.engine import solve
from optiterr.errors import DataError
from optiterr.notation import Notation
from optiterr.rules.coverage import Coverage
from optiterr.rules.fairness import Fairness
from optiterr.rules.leximin import leximin
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits
from optiterr.solvers import greedy


def fair(**fields: Any) -> Fairness:
    """A rule about revenue at 100 without the small charge, unless said."""
    return Fairness(**({"measure": "revenue", "price": 100, "small": 0} | fields))


def books(**columns: Any):
    """Revenue 10, 20, 30 and 60, together 120; three reps, parts of 40 each."""
    seats = {"seats": [1.0, 2.0, 3.0], "team": ["east", "east", "west"]}
    return problem({"revenue": [10.0, 20.0, 30.0, 60.0]}, seats | columns)


EVEN = {"a": "r1", "b": "r2", "c": "r1", "d": "r3"}
"""Carried 40, 20 and 60 of 40 each: off by 0, 0.5 under and 0.5 over."""

STEEP = {"a": "r1", "b": "r2", "c": "r3", "d": "r3"}
"""Carried 10, 20 and 90 of 40 each: off by 0.75 and 0.5 under, and by 1.25 over."""


def total(rule: Fairness, plan: dict[str, str]) -> float:
    """The amounts found, which at the price are what the model charges."""
    found = sum(one.amount for one in findings(rule, books(), **plan))
    assert cost(rule, books(), **plan) == pytest.approx(rule.price * found)
    return found


def test_fairness_holds_when_all_carry_their_part():
    """Seats 1, 2 and 3 of 120: 20, 40 and 60. b alone is 20, a and c are 40, d is 60."""
    for how in ("worst", "worst_share", "range", "gini"):
        rule = fair(how=how, proportional_to="seats", small=1)
        assert total(rule, {"a": "r2", "b": "r1", "c": "r2", "d": "r3"}) == 0.0


def test_fairness_fails_by_the_worst_rep():
    """Off by 0.75, 0.5 and 1.25: the worst is r3."""
    rule = fair(how="worst")
    assert total(rule, STEEP) == pytest.approx(1.25)
    [found] = findings(rule, books(), **STEEP)
    assert (found.where, found.unit) == ("r3", "share of the fair part")
    assert messages(rule, books(), **STEEP) == [
        "rep r3 is off by 1.25 of the fair part, no other by more"
    ]


def test_fairness_of_the_worst_share_takes_the_last_rep_in_part():
    """Half of three reps is 1.5: (1.25 + 0.5 x 0.75) / 1.5 = 13/12. All three: 2.5 / 3."""
    rule = fair(share=0.5)
    assert total(rule, STEEP) == pytest.approx(13 / 12)
    assert messages(rule, books(), **STEEP) == [
        "the worst 1.5 of 3 reps are off by 1.08 of the fair part on average; rep r3 is off by "
        "1.25 of the fair part"
    ]
    assert total(fair(share=1), STEEP) == pytest.approx(2.5 / 3)


def test_fairness_of_a_share_below_one_rep_is_the_worst_rep():
    """0.2 of three reps is 0.6: one rep at least."""
    assert total(fair(), STEEP) == pytest.approx(1.25)
    assert total(fair(share=0.01), STEEP) == pytest.approx(1.25)


def test_fairness_of_what_is_over_only():
    """Over by 0, 0 and 1.25: the worst two of three carry 1.25 between them, all three as well."""
    assert total(fair(how="worst", of="over"), STEEP) == pytest.approx(1.25)
    rule = fair(share=2 / 3, of="over", small=0.1)
    # 1.25 / 2, and a tenth of 1.25 / 3
    assert total(rule, STEEP) == pytest.approx(0.625 + 0.125 / 3)
    assert messages(rule, books(), **STEEP)[1] == (
        "on average each rep is over by 0.42 of the fair part, counted at 0.1"
    )


def test_fairness_of_the_range():
    """Loads over parts: 0.25, 0.5 and 2.25, so 2 apart."""
    rule = fair(how="range")
    assert total(rule, STEEP) == pytest.approx(2.0)
    assert messages(rule, books(), **STEEP) == [
        "rep r3 carries 2.25 of the fair part and rep r1 0.25: 2 apart"
    ]


def test_fairness_of_gini_is_the_coefficient():
    """10, 20 and 90: pairs are 10, 80 and 70 apart, 160 over 3 x 120."""
    rule = fair(how="gini")
    assert total(rule, STEEP) == pytest.approx(160 / 360)
    assert messages(rule, books(), **STEEP) == [
        "half the mean difference of loads over fair parts is 0.44"
    ]


def test_fairness_small_price_on_those_who_are_not_the_worst():
    """Off by 0, 0.5 and 0.5: the worst is 0.5, a hundredth of the mean is 0.01 x 1/3."""
    rule = Fairness(measure="revenue", price=100, how="worst")
    assert total(rule, EVEN) == pytest.approx(0.5 + 0.01 / 3)
    assert cost(rule, books(), **EVEN) == pytest.approx(50 + 1 / 3)
    assert messages(rule, books(), **EVEN)[1] == (
        "on average each rep is off by 0.33 of the fair part, counted at 0.01"
    )


def test_fairness_price_of_zero_costs_nothing():
    """It is found all the same."""
    assert cost(fair(price=0, how="gini", small=1), books(), **STEEP) == 0.0
    assert len(findings(fair(price=0, how="gini", small=1), books(), **STEEP)) == 2


def test_fairness_by_a_column_judges_teams():
    """East 10 + 20, west 90: 60 each, off by 0.5. By seats 3 and 3 as well; by reps 80 and 40."""
    assert total(fair(how="worst", by="team"), STEEP) == pytest.approx(0.5)
    assert total(fair(how="worst", by="team", proportional_to="seats"), STEEP) == pytest.approx(0.5)
    assert messages(fair(how="range", by="team"), books(), **STEEP) == [
        "team west carries 1.5 of the fair part and team east 0.5: 1 apart"
    ]


def test_fairness_speaks_of_some_accounts_and_some_reps():
    """b and c are 50 for the two of the east: 25 each. r1 carries none, r2 carries 20."""
    rule = fair(how="worst", where={"revenue": {"between": [20, 30]}}, where_rep={"team": "east"})
    assert total(rule, STEEP) == pytest.approx(1.0)
    assert [one.where for one in findings(rule, books(), **STEEP)] == ["r1"]


def test_fairness_counts_accounts():
    """One, one and two of 4/3 each: off by 1/4, 1/4 and 1/2."""
    assert total(fair(measure="accounts", how="worst"), STEEP) == pytest.approx(0.5)


def test_fairness_of_empty_books():
    """Everybody is off by a whole part when nobody serves; among themselves they are even."""
    nobody = dict.fromkeys("abcd")
    assert [one.amount for one in findings(fair(how="worst"), books(), **nobody)] == [1.0]
    assert findings(fair(how="range"), books(), **nobody) == []
    assert findings(fair(of="over"), books(), **nobody) == []


def test_fairness_of_no_accounts_is_free():
    """A filter that matches nothing shares out nothing."""
    rule = fair(how="range", where={"revenue": {"more_than": 1000}}, small=1)
    assert total(rule, STEEP) == 0.0


def test_fairness_leaves_out_reps_who_leave():
    """r3 leaves: 60 each for two, of which r1 carries 90."""
    data = problem({"revenue": [10.0, 20.0, 30.0, 60.0]}, 3, leaves=["r3"])
    plan = {"a": "r2", "b": "r2", "c": "r1", "d": "r1"}
    assert [one.amount for one in findings(fair(how="worst"), data, **plan)] == [0.5]
    assert cost(fair(how="worst"), data, **plan) == pytest.approx(50.0)


def test_fairness_refuses_a_part_of_zero():
    """No seats, no part; nothing to share, no part either: named rep by rep."""
    data = books(seats=[0.0, 2.0, 0.0])
    said = refusal(fair(proportional_to="seats"), data)
    assert [f"rep 'r{at}'" in said for at in (1, 2, 3)] == [True, False, True]
    assert "the fair part is 0, so being off by it is no share of it" in said
    assert "correct 'seats', or leave the rep out with where_rep" in said
    zero = problem({"revenue": [0.0, 0.0]}, 2)
    assert "correct 'revenue'" in refusal(fair(), zero)


def test_fairness_refuses_measures_that_depend_on_the_rep():
    """What is to be shared out would depend on who gets it."""
    data = problem({"x": [0.0]}, 1, pairs={("a", "r1"): 2.0})
    said = refusal(fair(measure="value"), data)
    assert "'value' depends on the rep" in said
    assert "balance rule with 'per: unit'" in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"price": None}, "use a balance rule with within"),
        ({"how": "range", "share": 0.2}, "share stands with 'how: worst_share' only"),
        ({"how": "gini", "of": "over"}, "'gini' compares loads"),
        ({"share": 0.0}, "greater than 0"),
        ({"small": 2.0}, "less than or equal to 1"),
    ],
)
def test_fairness_is_no_hard_limit_and_says_what_does_not_fit(fields, words):
    """Refused when the scenario is read, with what to write instead."""
    with pytest.raises(ValidationError, match=words):
        fair(**fields)
    with pytest.raises(ValidationError, match="price"):
        Fairness(measure="revenue")


def test_fairness_formulas_name_what_is_counted():
    """Parts, deviations and the one number, with the numbers of the rule."""
    rule = fair(share=0.5, small=0.01, proportional_to="seats")
    assert rule.formula(Notation()) == (
        "t_j = (seats_j / Σ_{k ∈ J} seats_k) × Σ_{i ∈ I} revenue_i",
        "∀ j ∈ J: off_j = |(Σ_{i ∈ I} revenue_i x_ij) / t_j − 1|",
    )
    assert rule.term(Notation()) == (
        "(Σ_{r ≤ k} off_(r) / k with k = max(1, 0.5 × |J|) + 0.01 × Σ_{j ∈ J} off_j / |J|)"
    )
    assert fair(how="range", by="team").formula(Notation()) == (
        "t_m = Σ_{i ∈ I} revenue_i / |{team_k: k ∈ J}|",
        "∀ m ∈ team(J): u_m = (Σ_{j ∈ J: team_j = m} Σ_{i ∈ I} revenue_i x_ij) / t_m",
    )
    assert fair(how="gini").term(Notation()) == "Σ_{j < k} |u_j − u_k| / |J|²"
    assert fair(how="worst", of="over").formula(Notation(reps="S"))[1] == (
        "∀ j ∈ S: over_j = max(0, (Σ_{i ∈ I} revenue_i x_ij) / t_j − 1)"
    )


def test_greedy_minds_a_single_rep_whom_the_rule_speaks_of():
    """r1 alone should carry all 120; each account that goes elsewhere is seen to cost."""
    rules = {"coverage": Coverage(), "fair": fair(how="worst", where_rep={"team": "west"})}
    model = compile_model(rules, books()).model
    assert greedy.solve(model, Limits(seconds=5)).objective == pytest.approx(0.0)


DRAWS = 300


def test_random_draws_are_charged_what_is_counted():
    """Random settings over random books: every plan costs price times what is found in it, and the
    cheapest is the same however it is counted."""
    rng = np.random.default_rng(8)
    count = 0
    while count < DRAWS:
        data = random_problem(rng)
        for _ in range(4):
            rule = Fairness(**draw(rng))
            try:
                model = compile_model({"rule": rule}, data).model
            except DataError:
                continue
            count += 1
            best = min(model.value(model.picks(choice)) for choice in plans(model.pairs))
            found = [
                sum(one.amount for one in rule.check("rule", data, as_series(data, rep)))
                for rep in assignments(with_optional({"rule": rule}, data))
                if (model.choose(rep) >= 0).all()
            ]
            assert best == pytest.approx(rule.price * min(found), abs=1e-9)


def deviations(revenue: np.ndarray, rep: np.ndarray, reps: int) -> tuple[float, ...]:
    """How far each rep is off an equal part, the farthest first, free of rounding."""
    load = np.bincount(rep, revenue, minlength=reps) / (revenue.sum() / reps)
    return tuple(np.round(np.sort(np.abs(load - 1))[::-1], 9))


@pytest.mark.parametrize("seed", range(4))
def test_levels_of_leximin_give_the_plan_of_enumeration(seed):
    """Of all plans, the one whose deviations are the least in the order of a dictionary."""
    rng = np.random.default_rng(seed)
    reps = 3 + seed % 2
    revenue = rng.integers(1, 30, 5).astype(float)
    rules = leximin("fair", Fairness(measure="revenue", price=100), reps)
    accounts = [{"account_id": f"a{at}", "revenue": float(v)} for at, v in enumerate(revenue)]
    plan = solve(
        Scenario.from_dict(
            {
                "name": "leximin",
                "data": {
                    "accounts": {"records": accounts},
                    "reps": {"records": [{"rep_id": f"r{at}"} for at in range(reps)]},
                },
                "rules": {name: rule.model_dump() for name, rule in rules.items()},
                "priorities": [[name] for name in rules],
                "solve": {"solver": "highs", "gap": 0},
            }
        )
    )
    got = np.array([int(plan.assignment[f"a{at}"][1:]) for at in range(5)])
    every = np.indices((reps,) * 5).reshape(5, -1).T
    assert deviations(revenue, got, reps) == min(deviations(revenue, one, reps) for one in every)
    assert len(plan.levels) == reps


def test_leximin_keeps_what_the_rule_says():
    """Shares of 1, 2 and 3 of three; no small charge; measure, price and filters as they were."""
    rules = leximin("fair", fair(of="over", where={"revenue": 10}, how="worst", small=0.5), 3)
    assert list(rules) == ["fair-1", "fair-2", "fair-3"]
    assert [rule.share for rule in rules.values()] == [1 / 3, 2 / 3, 1.0]
    for rule in rules.values():
        assert (rule.how, rule.of, rule.small, rule.price) == ("worst_share", "over", 0.0, 100)
        assert rule.where is not None
