"""Mix, worked by hand."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules.mix import Mix

GOLD = {"segment": "gold"}


def books():
    """Revenue 10, 20, 30 and 40; a and b are gold. r1 and r2 have manager mia, r3 has noa."""
    return problem(
        {"revenue": [10.0, 20.0, 30.0, 40.0], "segment": ["gold", "gold", "", "silver"]},
        {"manager": ["mia", "mia", "noa"], "team": ["east", "west", "west"]},
    )


def test_mix_holds_with_enough_of_the_kind():
    """Gold: r1 has a, r2 has b, r3 none; at most one each is asked."""
    rule = Mix(at_most=1, where=GOLD)
    assert amounts(rule, books(), a="r1", b="r2", c="r3", d="r3") == {}
    assert cost(rule, books(), a="r1", b="r2", c="r3", d="r3") == 0.0


def test_mix_fails_with_too_many_or_too_few():
    """r1 has both gold accounts, one more than 1; r2 and r3 have none, one less than 1."""
    rule = Mix(at_least=1, at_most=1, where=GOLD)
    plan = {"a": "r1", "b": "r1", "c": "r2", "d": "r3"}
    assert amounts(rule, books(), **plan) == {"r1": 1.0, "r2": 1.0, "r3": 1.0}
    assert cost(rule, books(), **plan) == math.inf
    assert messages(rule, books(), **plan) == [
        "rep r1 holds 2 accounts where segment is gold, 1 more than the 1 allowed",
        "rep r2 holds 0 accounts where segment is gold, 1 less than the 1 asked",
        "rep r3 holds 0 accounts where segment is gold, 1 less than the 1 asked",
    ]


def test_mix_without_a_kind_bounds_the_size_of_books():
    """Four accounts: r1 has three, one too many; r3 has none, one too few."""
    rule = Mix(at_least=1, at_most=2)
    plan = {"a": "r1", "b": "r1", "c": "r1", "d": "r2"}
    assert messages(rule, books(), **plan) == [
        "rep r1 holds 3 accounts, 1 more than the 2 allowed",
        "rep r3 holds 0 accounts, 1 less than the 1 asked",
    ]
    assert cost(rule, books(), a="r1", b="r1", c="r2", d="r3") == 0.0


def test_mix_at_the_limit_of_a_share():
    """r1 has a and c, 10 of 40: a quarter. 0.25 allows it, and asks for no more; 0.24 does not."""
    plan = {"a": "r1", "b": "r2", "c": "r1", "d": "r2"}
    # r2 has 20 of 60: a third
    heard = {"team": "east"}
    for rule in (
        Mix(of="revenue", share_at_most=0.25, where=GOLD, where_rep=heard),
        Mix(of="revenue", share_at_least=0.25, where=GOLD, where_rep=heard),
    ):
        assert (amounts(rule, books(), **plan), cost(rule, books(), **plan)) == ({}, 0.0)
    # 10 - 0.24 * 40 = 0.4
    tight = Mix(of="revenue", share_at_most=0.24, where=GOLD, where_rep=heard)
    assert amounts(tight, books(), **plan) == pytest.approx({"r1": 0.4})
    assert cost(tight, books(), **plan) == math.inf


def test_mix_at_the_limit_within_the_tolerance_only():
    """A limit of 10 bears 10.000009 (a millionth of it), but not 10.00002."""
    rule = Mix(of="revenue", at_most=10)
    for revenue, kept in ((10 + 9e-6, True), (10 + 2e-5, False)):
        data = problem({"revenue": [revenue]}, 1)
        assert (amounts(rule, data, a="r1") == {}) is kept
        assert (cost(rule, data, a="r1") == 0.0) is kept


def test_mix_price_of_each_unit_short_or_over():
    """r1 has 30 of 30 in gold, r2 0 of 70. Of a half, r1 is 30 - 15 = 15 over, r2 35 short."""
    plan = {"a": "r1", "b": "r1", "c": "r2", "d": "r2"}
    most = Mix(of="revenue", share_at_most=0.5, where=GOLD, price=2)
    assert (amounts(most, books(), **plan), cost(most, books(), **plan)) == ({"r1": 15.0}, 30.0)
    least = Mix(of="revenue", share_at_least=0.5, where=GOLD, price=2)
    assert (amounts(least, books(), **plan), cost(least, books(), **plan)) == ({"r2": 35.0}, 70.0)
    assert [(one.weight, one.unit, one.message) for one in findings(most, books(), **plan)] == [
        (
            Weight.PRICED,
            "revenue",
            "rep r1 holds 30 of 30 revenue where segment is gold, "
            "15 more than the share of 0.5 allowed",
        )
    ]
    assert messages(least, books(), **plan) == [
        "rep r2 holds 0 of 70 revenue where segment is gold, 35 less than the share of 0.5 asked"
    ]


def test_mix_price_of_counts():
    """r3 has four accounts, two over 2; r1 and r2 are one short of 1 each: 4 at 1.5."""
    rule = Mix(at_least=1, at_most=2, price=1.5)
    assert cost(rule, books(), a="r3", b="r3", c="r3", d="r3") == 6.0


def test_mix_by_manager_joins_the_books():
    """mia's reps have a and b together: 2 gold, one over; noa has none. r1 alone would do."""
    rule = Mix(at_most=1, where=GOLD, by="manager")
    plan = {"a": "r1", "b": "r2", "c": "r3", "d": "r3"}
    assert amounts(Mix(at_most=1, where=GOLD), books(), **plan) == {}
    assert amounts(rule, books(), **plan) == {"mia": 1.0}
    assert cost(rule, books(), **plan) == math.inf
    assert messages(rule, books(), **plan) == [
        "manager mia holds 2 accounts where segment is gold, 1 more than the 1 allowed"
    ]
    assert cost(rule, books(), a="r1", b="r3", c="r2", d="r2") == 0.0


def test_mix_judges_only_the_reps_it_speaks_to():
    """r2 and r3 are west; r1 may have nothing, and has no part in mia's book."""
    rule = Mix(at_least=1, where_rep={"team": "west"})
    assert amounts(rule, books(), a="r2", b="r2", c="r3", d="r3") == {}
    joined = Mix(at_least=1, by="manager", where_rep={"team": "west"})
    assert amounts(joined, books(), a="r1", b="r1", c="r1", d="r3") == {"mia": 1.0}


def test_mix_of_zero_allows_none_of_the_kind():
    """at_most 0 and share 0 say the same; an account of another kind is welcome."""
    for rule in (Mix(at_most=0, where=GOLD), Mix(share_at_most=0, where=GOLD)):
        assert amounts(rule, books(), a="r1", b="r2", c="r3", d="r3") == {"r1": 1.0, "r2": 1.0}
        assert cost(rule, books(), a="r1", b="r2", c="r3", d="r3") == math.inf


def test_mix_empty_books_hold_their_shares_but_not_their_counts():
    """Nobody is assigned: half of nothing is nothing, and one account is missing."""
    nobody = {"a": None, "b": None, "c": None, "d": None}
    assert amounts(Mix(share_at_least=0.5, where=GOLD), books(), **nobody) == {}
    assert amounts(Mix(at_least=1), books(), **nobody) == {"r1": 1.0, "r2": 1.0, "r3": 1.0}


def test_mix_of_a_pair_measure():
    """a takes 2 hours with r1 and 5 with r2; the limit of 3 leaves r1."""
    data = problem({"x": [0.0]}, 2, pairs={("a", "r1"): 2, ("a", "r2"): 5})
    rule = Mix(of="value", at_most=3)
    assert (cost(rule, data, a="r1"), cost(rule, data, a="r2")) == (0.0, math.inf)
    assert amounts(rule, data, a="r2") == {"r2": 2.0}


def test_mix_says_nothing_of_reps_who_leave():
    """r2 leaves: no book is asked of r2, and today's book of r2 is another rule's matter."""
    data = problem({"x": [1.0, 2.0]}, 2, leaves=["r2"])
    rule = Mix(at_least=1, at_most=1)
    assert amounts(rule, data, a="r2", b="r2") == {"r1": 1.0}


def test_mix_with_nobody_to_judge_asks_nothing():
    """No rep is in the team asked for."""
    rule = Mix(at_least=3, where_rep={"team": "north"})
    assert cost(rule, books(), a="r1", b="r1", c="r1", d="r1") == 0.0


def test_mix_reads_its_columns():
    """The filters' columns are asked besides."""
    rule = Mix(of="revenue", at_most=1, by="manager", where=GOLD)
    assert rule.reads() == (Column("measure", "revenue"), Column("reps", "manager", "text"))
    assert [one.name for one in rule.asks()] == ["revenue", "manager", "segment"]


def test_mix_by_an_empty_cell_is_refused():
    """r2 serves and has no manager; r3 has none either, and leaves."""
    data = problem({"x": [1.0]}, {"manager": ["mia", "", ""]}, leaves=["r3"])
    assert refusal(Mix(at_most=1, by="manager"), data) == (
        "rule 'rule', rep 'r2': has nothing in column 'manager'\n"
        "    fix: fill it in for every rep who serves"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "mix needs at_least, at_most, share_at_least or share_at_most"),
        ({"share_at_most": 0.5}, "say which kind with where"),
        ({"at_least": 2, "at_most": 1}, "at_least (2) is above at_most (1): no book can be both"),
        (
            {"share_at_least": 0.5, "share_at_most": 0.25, "where": GOLD},
            "share_at_least (0.5) is above share_at_most (0.25)",
        ),
        ({"share_at_most": 1.5, "where": GOLD}, "less than or equal to 1"),
        ({"at_least": -1}, "greater than or equal to 0"),
    ],
)
def test_mix_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Mix(**fields)
    assert message in str(error.value)
