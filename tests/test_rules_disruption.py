"""Disruption, worked by hand."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem

from optiterr.findings import Weight
from optiterr.rules.disruption import Disruption


def books():
    """Revenue 10, 20, 15 owned by r1, r2, r2, together 45; 99 of nobody; 7 of one who left."""
    return problem(
        {"revenue": [10.0, 20.0, 15.0, 99.0, 7.0]}, 3, owner=["r1", "r2", "r2", None, "gone"]
    )


STAY = {"a": "r1", "b": "r2", "c": "r2", "d": "r3", "e": "r3"}
SWAP = {**STAY, "a": "r2", "b": "r1"}


def test_share_of_revenue_that_moves():
    """Two of three owned accounts move: 10 + 20 of 45, and 0.4 of it (18) may."""
    rule = Disruption(of="revenue", max_share=0.4)
    assert amounts(rule, books(), **SWAP) == {"all": 12.0}
    assert cost(rule, books(), **SWAP) == math.inf
    assert messages(rule, books(), **SWAP)[-1] == (
        "30 of 45 revenue change hands, 12 more than the 18 allowed"
    )


def test_disruption_holds_when_all_stay():
    """Accounts of nobody and of a rep who left may go to anyone."""
    rule = Disruption(max_share=0.0, rep_out_max_amount=0, rep_in_max_amount=0)
    assert amounts(rule, books(), **STAY) == {}
    assert cost(rule, books(), **STAY) == 0.0
    assert amounts(rule, books(), **{**STAY, "d": "r1", "e": "r2"}) == {}


def test_disruption_fails_by_amount():
    """One account may move, two do."""
    rule = Disruption(max_amount=1)
    assert amounts(rule, books(), **SWAP) == {"all": 1.0}
    assert cost(rule, books(), **SWAP) == math.inf


def test_disruption_at_the_limit():
    """15 of 45 is a third: a third may move, and 15 may move, but not 14.9."""
    plan = {**STAY, "c": "r1"}
    for rule in (
        Disruption(of="revenue", max_share=1 / 3),
        Disruption(of="revenue", max_amount=15),
    ):
        assert amounts(rule, books(), **plan) == {}
        assert cost(rule, books(), **plan) == 0.0
    assert cost(Disruption(of="revenue", max_amount=14.9), books(), **plan) == math.inf


def test_disruption_price_of_every_move():
    """30 revenue at 0.5; two accounts at 4; 2 of 3 accounts as a share at 9."""
    assert cost(Disruption(of="revenue", price=0.5), books(), **SWAP) == 15.0
    assert cost(Disruption(price=4), books(), **SWAP) == 8.0
    assert cost(Disruption(price=9, per="share"), books(), **SWAP) == pytest.approx(6.0)
    assert amounts(Disruption(of="revenue", price=0.5), books(), **SWAP) == {"all": 30.0}
    assert messages(Disruption(of="revenue", price=0.5), books(), **SWAP)[-1] == (
        "2 accounts with 30 of 45 revenue move to another rep"
    )
    assert messages(Disruption(price=4), books(), **{**STAY, "a": "r3"})[-1] == (
        "1 account moves to another rep"
    )


def test_disruption_price_beyond_a_limit():
    """30 move and 0.4 of 45 (18) is free: 12 at 0.5; as a share of 45 at 90 it is 24."""
    rule = Disruption(of="revenue", max_share=0.4, price=0.5)
    assert cost(rule, books(), **SWAP) == 6.0
    assert cost(rule, books(), **STAY) == 0.0
    shared = Disruption(of="revenue", max_share=0.4, price=90, per="share")
    assert cost(shared, books(), **SWAP) == pytest.approx(24.0)


def test_disruption_of_what_one_rep_loses():
    """r2 owns 35 and loses 20: 2.5 more than half (17.5), 10 more than 10. r1 loses all of 10."""
    share = Disruption(of="revenue", rep_out_max_share=0.5)
    assert amounts(share, books(), **SWAP) == {"r1": 5.0, "r2": 2.5}
    amount = Disruption(of="revenue", rep_out_max_amount=10)
    assert amounts(amount, books(), **SWAP) == {"r2": 10.0}
    assert cost(amount, books(), **SWAP) == math.inf
    assert messages(amount, books(), **SWAP)[-1] == (
        "rep r2 loses 20 of 35 revenue, 10 more than the 10 allowed"
    )
    priced = Disruption(of="revenue", rep_out_max_share=0.5, price=2, per="share")
    # 5 of a book of 10, and 2.5 of one of 35
    assert cost(priced, books(), **SWAP) == pytest.approx(2 * (5 / 10 + 2.5 / 35))


def test_disruption_of_what_one_rep_gains():
    """The average book is 45 / 3 = 15. r1 gains 20, 5 more than 15; d and e come on top, free."""
    plan = {**SWAP, "d": "r1", "e": "r1"}
    share = Disruption(of="revenue", rep_in_max_share=1)
    assert amounts(share, books(), **plan) == {"r1": 5.0}
    assert cost(share, books(), **plan) == math.inf
    assert messages(share, books(), **plan)[-1] == (
        "rep r1 gains 20 revenue from other reps, 5 more than the 15 allowed"
    )
    priced = Disruption(of="revenue", rep_in_max_amount=10, price=3)
    # r1 gains 20, r2 gains 10
    assert cost(priced, books(), **plan) == 30.0


def test_disruption_limits_add_up():
    """2 accounts move: 1 over the amount, 0.5 over the share (1.5); both reps lose one."""
    rule = Disruption(max_share=0.5, max_amount=1, rep_out_max_amount=0, price=2)
    assert [one.amount for one in findings(rule, books(), **SWAP)[1:]] == [0.5, 1.0, 1.0, 1.0]
    assert cost(rule, books(), **SWAP) == 7.0


def test_moves_of_accounts_that_must_move_are_noted():
    """e's owner left: one account with 7 revenue, a note and no cost."""
    found = findings(Disruption(of="revenue", price=1), books(), **STAY)
    assert [(one.weight, one.amount) for one in found] == [(Weight.NOTE, 7.0)]
    assert found[0].message == (
        "1 account with 7 revenue had an owner who leaves or has left; the new rep is no move"
    )


def test_disruption_of_reps_who_leave_is_free():
    """r3 leaves and owns c: c must move, so only a and b count."""
    data = problem({"x": [1, 1, 1]}, 3, owner=["r1", "r2", "r3"], leaves=["r3"])
    rule = Disruption(price=1)
    assert cost(rule, data, a="r1", b="r2", c="r1") == 0.0
    assert cost(rule, data, a="r2", b="r2", c="r1") == 1.0
    # two reps stay with two accounts: the average book is 1
    assert cost(Disruption(rep_in_max_share=0.5, price=1), data, a="r2", b="r2", c="r2") == 0.5


def test_disruption_of_zero_books():
    """Nobody owns anything: nothing can move, and a share of nothing costs nothing."""
    data = problem({"revenue": [1.0, 2.0]}, 2)
    for rule in (
        Disruption(max_share=0),
        Disruption(price=1, per="share", of="revenue"),
        Disruption(price=1, per="share", max_share=0, rep_in_max_share=0, rep_out_max_share=0),
    ):
        assert amounts(rule, data, a="r2", b="r1") == {}
        assert cost(rule, data, a="r2", b="r1") == 0.0


def test_disruption_of_empty_books_counts_every_loss():
    """All three owned accounts are with nobody: 45 gone, and nobody gained."""
    rule = Disruption(of="revenue", max_amount=0)
    assert amounts(rule, books(), **dict.fromkeys("abcde")) == {"all": 45.0}
    assert amounts(Disruption(rep_in_max_amount=0), books(), **dict.fromkeys("abcde")) == {}


def test_disruption_without_limit_or_price_is_refused():
    """It would say nothing."""
    with pytest.raises(ValidationError, match=r"needs a price for what moves, or a limit such as"):
        Disruption()
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        Disruption(max_share=8)
