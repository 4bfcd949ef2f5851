"""Pool: who may stay open, what it costs, and where it ends."""

from __future__ import annotations

import pytest
from toys import amounts, assign, cost, findings, messages, problem

from optiterr.compile import compile_model
from optiterr.engine import solve
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules.capacity import Capacity
from optiterr.rules.coverage import Coverage
from optiterr.rules.locks import Keep, Locks
from optiterr.rules.pool import Pool
from optiterr.scenario.loading import Scenario


def three() -> Problem:
    """Three accounts of 10, 20 and 30 revenue; the first two are small."""
    return problem(
        {"revenue": [10.0, 20.0, 30.0], "tier": ["small", "small", "large"]}, 2, owner=["r1"] * 3
    )


def test_pool_holds_and_costs_nothing_when_all_are_served() -> None:
    """No open account, no finding, no cost."""
    rule = Pool(price=5.0)
    assert findings(rule, three(), a="r1", b="r1", c="r2") == []
    assert cost(rule, three(), a="r1", b="r1", c="r2") == 0.0


def test_price_counts_each_open_account_by_its_weight() -> None:
    """a and b stay open: 2 accounts at 5, or 10 + 20 revenue at 0.5."""
    assert cost(Pool(price=5.0), three(), a=None, b=None, c="r1") == 10.0
    by_revenue = Pool(price=0.5, weight="revenue")
    assert cost(by_revenue, three(), a=None, b=None, c="r1") == 15.0
    assert amounts(by_revenue, three(), a=None, b=None, c="r1") == {"all": 30.0}
    assert messages(by_revenue, three(), a=None, b=None, c="r1") == [
        "2 accounts with 30 revenue stay open: a, b"
    ]


def test_an_account_that_does_not_match_fails_to_stay_open() -> None:
    """c is large: it must be served, by the model and by coverage's word."""
    rule = Pool(price=5.0, where={"tier": "small"})
    assert cost(rule, three(), a="r1", b="r1", c=None) == float("inf")
    data = compile_model({"pool": rule}, three()).problem
    found = list(Coverage().check("coverage", data, assign(a=None, b="r1", c=None)))
    assert [one.message for one in found] == ["no rep serves account c"]


def test_exactly_at_the_limit_of_a_cap() -> None:
    """Half of 60 revenue may stay open: c (30) just does, b and c (50) do not."""
    rule = Pool(of="revenue", max_share=0.5)
    assert cost(rule, three(), a="r1", b="r1", c=None) == 0.0
    assert cost(rule, three(), a="r1", b=None, c=None) == float("inf")
    over = [
        one
        for one in findings(rule, three(), a="r1", b=None, c=None)
        if one.weight is Weight.BREACH
    ]
    assert [one.message for one in over] == [
        "50 of 60 revenue stay open, 20 more than the 30 allowed"
    ]


def test_a_cap_of_zero_lets_nothing_stay_open() -> None:
    """The pool exists, and nothing fits into it."""
    rule = Pool(price=1.0, max_amount=0)
    assert cost(rule, three(), a=None, b="r1", c="r1") == float("inf")
    assert cost(rule, three(), a="r2", b="r1", c="r1") == 0.0


def test_empty_books_are_all_open() -> None:
    """Nobody serves anything: three accounts in the pool."""
    assert amounts(Pool(price=1.0), three(), a=None, b=None, c=None) == {"all": 3.0}


def test_a_kept_account_does_not_stay_open() -> None:
    """A lock forbids the pool, and says that nobody serves."""
    rules = {"pool": Pool(price=1.0), "locks": Locks(keep=(Keep(account="a", rep="r1"),))}
    data = compile_model(rules, three()).problem
    assert data.optional.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "every account could stay open for nothing"),
        ({"price": 1.0, "where_rep": {"team": "east"}}, "nobody serves an open account"),
        ({"max_amount": 1, "weight": "revenue"}, "weight multiplies what is priced"),
        ({"price": 1.0, "of": "revenue"}, "'of' is what caps count"),
    ],
)
def test_settings_without_meaning_are_refused(fields: dict[str, object], words: str) -> None:
    """Each with what to write instead."""
    with pytest.raises(ValueError, match=words):
        Pool(**fields)


def test_a_plan_with_open_accounts_is_audited_and_proved() -> None:
    """One rep for 5 hours, accounts of 3, 2 and 2: 3 + 2 are served, one of the 2 stays open.

    Serving all takes 7 hours. Open costs 10 an account by hour: 20 for an account of 2 hours.
    """
    scenario = Scenario.from_dict(
        {
            "name": "pool",
            "data": {
                "accounts": {
                    "records": [
                        {"account_id": "a", "workload": 3},
                        {"account_id": "b", "workload": 2},
                        {"account_id": "c", "workload": 2},
                    ]
                },
                "reps": {"records": [{"rep_id": "r1", "capacity": 5}]},
            },
            "rules": {
                "hours": {"kind": "capacity"},
                "pool": {"kind": "pool", "price": 10, "weight": "workload"},
            },
        }
    )
    assert isinstance(scenario.rules["hours"], Capacity)
    plan = solve(scenario)
    assert plan.status == "optimal"
    assert plan.cost == 20.0
    assert len(plan.open) == 1
    assert set(plan.assignment) | set(plan.open) == {"a", "b", "c"}
    assert plan.bound_proved is not None
    assert plan.bound_proved <= 20.0
