"""Specialists, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem

from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules.specialists import Specialists

SIDES = {"where": {"segment": "hospital"}, "where_rep": {"role": "medical"}}


def books():
    """a and b are hospitals, c is not; r1 is medical, r2 is not."""
    return problem(
        {"segment": ["hospital", "hospital", ""], "revenue": [10.0, 20.0, 30.0]},
        {"role": ["medical", "general"]},
    )


def test_specialists_holds_with_each_on_its_side():
    """r1 has the hospitals, r2 the rest."""
    assert amounts(Specialists(**SIDES), books(), a="r1", b="r1", c="r2") == {}
    assert cost(Specialists(**SIDES), books(), a="r1", b="r1", c="r2") == 0.0


def test_specialists_fails_on_either_side():
    """r1 has c, which is no hospital; r2 has b, which is one."""
    rule = Specialists(**SIDES)
    assert amounts(rule, books(), a="r1", b="r2", c="r1") == {"r1": 1.0, "r2": 1.0}
    assert cost(rule, books(), a="r1", b="r1", c="r1") == math.inf
    assert cost(rule, books(), a="r1", b="r2", c="r2") == math.inf
    assert messages(rule, books(), a="r1", b="r2", c="r1") == [
        "rep r1 is a specialist and serves 1 account of another kind: c",
        "rep r2 is no specialist and serves 1 account reserved for them: b",
    ]


def test_specialists_only_limit_the_specialists():
    """r1 may not have c; r2 may have everything."""
    rule = Specialists(**SIDES, mode="only")
    assert cost(rule, books(), a="r2", b="r2", c="r2") == 0.0
    assert amounts(rule, books(), a="r2", b="r2", c="r1") == {"r1": 1.0}
    assert cost(rule, books(), a="r2", b="r2", c="r1") == math.inf


def test_specialists_reserved_limit_the_others():
    """r2 may not have a or b; r1 may have everything."""
    rule = Specialists(**SIDES, mode="reserved")
    assert cost(rule, books(), a="r1", b="r1", c="r1") == 0.0
    assert amounts(rule, books(), a="r2", b="r2", c="r1") == {"r2": 2.0}
    assert messages(rule, books(), a="r2", b="r2", c="r1") == [
        "rep r2 is no specialist and serves 2 accounts reserved for them: a, b"
    ]


def test_specialists_price_of_each_account_by_its_weight():
    """r1 has c (30), r2 has b (20): 2 accounts at 3, or 50 revenue at 0.5."""
    plan = {"a": "r1", "b": "r2", "c": "r1"}
    assert cost(Specialists(**SIDES, price=3), books(), **plan) == 6.0
    rule = Specialists(**SIDES, price=0.5, weight="revenue")
    assert cost(rule, books(), **plan) == 25.0
    assert amounts(rule, books(), **plan) == {"r1": 30.0, "r2": 20.0}
    assert {(one.weight, one.unit) for one in findings(rule, books(), **plan)} == {
        (Weight.PRICED, "revenue")
    }


def test_specialists_of_zero_worth_cost_nothing():
    """A price of 0, or an account of no revenue."""
    plan = {"a": "r2", "b": "r1", "c": "r2"}
    assert cost(Specialists(**SIDES, price=0), books(), **plan) == 0.0
    data = problem({"segment": ["hospital"], "revenue": [0.0]}, {"role": ["general"]})
    rule = Specialists(**SIDES, price=2, weight="revenue")
    assert (amounts(rule, data, a="r1"), cost(rule, data, a="r1")) == ({"r1": 0.0}, 0.0)


def test_specialists_of_empty_books_break_nothing():
    """A reserved account that nobody serves is another rule's matter, as is a stranger."""
    assert amounts(Specialists(**SIDES), books(), a=None, b="stranger", c=None) == {}


def test_specialists_without_an_expert_reserve_the_kind_for_nobody():
    """No rep is a pilot: hospitals may go to nobody, the rest to anybody."""
    rule = Specialists(where=SIDES["where"], where_rep={"role": "pilot"})
    said = rule.eligibility(books())
    assert np.array_equal(said.may[said.kind], [[False, False], [False, False], [True, True]])


def test_specialists_say_who_may_serve_whom():
    """Of a, b and c in order: the filters name the sides, they exempt nobody."""
    said = Specialists(**SIDES).eligibility(books())
    assert np.array_equal(said.may[said.kind], [[True, False], [True, False], [False, True]])
    assert Specialists(**SIDES, price=1).eligibility(books()) is None


def test_specialists_read_their_columns():
    """The filters' and the weight's."""
    rule = Specialists(**SIDES, price=1, weight="revenue")
    assert rule.reads() == (Column("accounts", "revenue"),)
    assert [(one.table, one.name) for one in rule.asks()[1:]] == [
        ("accounts", "segment"),
        ("reps", "role"),
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"where": SIDES["where"]}, "say with where_rep which reps are the specialists"),
        ({"where_rep": SIDES["where_rep"]}, "say with where which accounts need specialists"),
        (SIDES | {"weight": "revenue"}, "weight multiplies what is priced"),
        (SIDES | {"mode": "some"}, "'only', 'reserved' or 'both'"),
    ],
)
def test_specialists_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Specialists(**fields)
    assert message in str(error.value)
