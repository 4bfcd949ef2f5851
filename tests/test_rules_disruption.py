"""Disruption, worked by hand."""

from __future__ import annotations

import math
from string import ascii_lowercase

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.rules.disruption import Disruption
from optiterr.rules.pool import Pool


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


def test_disruption_at_the_limit_of_large_books():
    """0.5 of 1,000,000.5 moves: within the tolerance of what stays, in the model and in words."""
    data = problem({"revenue": [1e6, 0.5]}, 2, owner=["r1", "r1"])
    rule = Disruption(of="revenue", max_amount=0)
    assert cost(rule, data, a="r1", b="r2") == 0.0
    assert amounts(rule, data, a="r1", b="r2") == {}


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


def teams():
    """Five accounts of r1 and r2 (mia) and of r3 (noa): revenue 10, 20, 30 and 40, 50.

    r4 (noa) starts with nothing. Tiers: large from 30 up, small below; the last one has none.
    """
    return problem(
        {
            "revenue": [10.0, 20.0, 30.0, 40.0, 50.0],
            "tier": ["small", "small", "large", "large", ""],
            "pipeline": [5.0, 0.0, 0.0, 5.0, 1.0],
        },
        {"manager": ["mia", "mia", "noa", "noa"], "role": ["old", "old", "old", "new"]},
        owner=["r1", "r1", "r2", "r3", "r3"],
    )


HOME = {"a": "r1", "b": "r1", "c": "r2", "d": "r3", "e": "r3"}


def test_only_accounts_that_match_count() -> None:
    """Of large accounts (c, d: 70) d moves: 40, a half is 35. The small b moves for free."""
    rule = Disruption(where={"tier": "large"}, of="revenue", max_share=0.5)
    plan = {**HOME, "d": "r4", "b": "r4"}
    assert amounts(rule, teams(), **plan) == {"all": 5.0}
    assert cost(rule, teams(), **plan) == math.inf
    assert messages(rule, teams(), **plan) == [
        "40 of 70 revenue (where tier is large) change hands, 5 more than the 35 allowed"
    ]
    assert cost(rule, teams(), **{**HOME, "c": "r4", "b": "r4"}) == 0.0
    # a limit on the book of r3, who has 40 of it
    share = Disruption(where={"tier": "large"}, of="revenue", rep_out_max_share=0.25, price=1)
    assert cost(share, teams(), **{**HOME, "d": "r4", "e": "r4"}) == 30.0


def test_only_books_of_these_reps_are_judged() -> None:
    """r4 is new: it gains 40 + 10, half of today's average (150 / 4 / 2 = 18.75) is allowed.

    r1 gains the 50 of e, and nobody asks.
    """
    rule = Disruption(where_rep={"role": "new"}, of="revenue", rep_in_max_share=0.5)
    plan = {"a": "r4", "b": "r1", "c": "r2", "d": "r4", "e": "r1"}
    assert amounts(rule, teams(), **plan) == {"r4": 31.25}
    assert cost(rule, teams(), **plan) == math.inf
    assert cost(rule, teams(), **{**plan, "a": "r1", "d": "r1"}) == 0.0
    # what the reps of mia lose is 10 of 60; the 90 that r3 loses is not asked
    lost = Disruption(where_rep={"manager": "mia"}, of="revenue", max_share=0.1, price=1)
    assert amounts(lost, teams(), **plan) == {"all": 4.0}
    assert cost(lost, teams(), **plan) == 4.0
    assert cost(Disruption(where_rep={"manager": "mia"}, price=3), teams(), **plan) == 3.0


def test_nobody_loses_more_than_one_of_the_top_two() -> None:
    """r1's top two are a and b, r3's d and e; r2 has one. Two of r1's move, one of r3's."""
    rule = Disruption(top=2, top_by="revenue", rep_out_max_amount=1)
    plan = {**HOME, "a": "r2", "b": "r2", "d": "r4"}
    assert amounts(rule, teams(), **plan) == {"r1": 1.0}
    assert cost(rule, teams(), **plan) == math.inf
    assert messages(rule, teams(), **plan) == [
        "rep r1 loses 2 of 2 accounts (top 2 by revenue), 1 more than the 1 allowed"
    ]
    assert cost(rule, teams(), **{**plan, "a": "r1"}) == 0.0


def test_the_top_of_all_books_together() -> None:
    """The top two of all are d and e: 40 and 50 of 90. c is the top of its rep only."""
    rule = Disruption(top=2, top_of="all", of="revenue", price=1)
    assert cost(rule, teams(), **{**HOME, "c": "r4"}) == 0.0
    assert cost(rule, teams(), **{**HOME, "c": "r4", "d": "r4"}) == 40.0
    each = Disruption(top=1, of="revenue", price=1)
    # the largest of r1, r2 and r3: b, c, e
    assert cost(each, teams(), **dict.fromkeys("abcde", "r4")) == 20.0 + 30.0 + 50.0
    assert messages(rule, teams(), **{**HOME, "d": "r4"}) == [
        "1 account with 40 of 90 revenue (top 2 of all by revenue) moves to another rep"
    ]
    count = Disruption(top=1, top_by="revenue", price=1)
    assert messages(count, teams(), **{**HOME, "e": "r4"}) == [
        "1 account (top 1 by revenue) moves to another rep"
    ]


def test_ties_at_the_top_go_to_the_account_higher_up() -> None:
    """b and c are as large: b is the top one, in the table and in the model."""
    data = problem({"revenue": [1.0, 5.0, 5.0]}, 2, owner=["r1"] * 3)
    rule = Disruption(top=1, of="revenue", max_amount=0)
    assert cost(rule, data, a="r2", b="r1", c="r2") == 0.0
    assert cost(rule, data, a="r1", b="r2", c="r1") == math.inf
    assert amounts(rule, data, a="r1", b="r2", c="r1") == {"all": 5.0}


def test_many_ties_at_the_top_are_the_same_in_the_table_and_in_the_model() -> None:
    """Twenty-six accounts of two sizes in turn: the top 15 are a, c, e ... y, then b and d."""
    data = problem({"revenue": [2.0, 1.0] * 13}, 2, owner=["r1"] * 26)
    rule = Disruption(top=15, top_by="revenue", price=1)
    for moved, count in (("acegikmoqsuwy", 13), ("bd", 2), ("fhjlnprtvxz", 0)):
        plan = {one: "r2" if one in moved else "r1" for one in ascii_lowercase}
        assert cost(rule, data, **plan) == count
        assert sum(amounts(rule, data, **plan).values()) == count


def test_top_counts_only_accounts_that_match() -> None:
    """Of r1's open pipeline the top one is a, though b is larger; r3's is d."""
    rule = Disruption(where={"pipeline": {"more_than": 0}}, top=1, top_by="pipeline", max_amount=0)
    assert cost(rule, teams(), **{**HOME, "b": "r2", "e": "r2"}) == 0.0
    assert amounts(rule, teams(), **{**HOME, "a": "r2", "d": "r4"}) == {"all": 2.0}


def test_what_a_manager_s_reps_lose_and_gain_together() -> None:
    """Within mia's team c goes to r1 (30), and b leaves it for r4 (20): 50 of 60 by moves.

    20 by leaves. noa's reps gain 20, mia's 30 by moves and nothing by leaves.
    """
    plan = {**HOME, "c": "r1", "b": "r4"}
    moves = Disruption(by="manager", of="revenue", by_out_max_share=0.5)
    assert amounts(moves, teams(), **plan) == {"manager mia": 20.0}
    assert messages(moves, teams(), **plan) == [
        "the reps of manager mia lose 50 of 60 revenue, 20 more than the 30 allowed"
    ]
    leaves = Disruption(by="manager", by_counts="leaves", of="revenue", by_out_max_amount=15)
    assert amounts(leaves, teams(), **plan) == {"manager mia": 5.0}
    assert cost(leaves, teams(), **plan) == math.inf
    assert messages(leaves, teams(), **plan) == [
        "manager mia loses 20 of 60 revenue, 5 more than the 15 allowed"
    ]
    gains = Disruption(by="manager", of="revenue", by_in_max_amount=0, price=2)
    assert amounts(gains, teams(), **plan) == {"manager mia": 30.0, "manager noa": 20.0}
    assert cost(gains, teams(), **plan) == 100.0
    assert messages(gains, teams(), **plan)[0] == (
        "the reps of manager mia gain 30 revenue from other reps, 30 more than the 0 allowed"
    )
    crossing = Disruption(by="manager", by_counts="leaves", by_in_max_share=0, price=2)
    assert cost(crossing, teams(), **plan) == 2.0
    assert messages(crossing, teams(), **plan) == [
        "manager noa gains 1 account from others, 1 more than the 0 allowed"
    ]


def test_a_manager_may_gain_a_share_of_as_many_average_books() -> None:
    """150 / 4 reps is 37.5 a book; noa's two reps may gain half of 75, and gain 50: 12.5 over."""
    plan = {**HOME, "b": "r4", "c": "r4"}
    rule = Disruption(by="manager", of="revenue", by_in_max_share=0.5, price=75, per="share")
    assert amounts(rule, teams(), **plan) == {"manager noa": pytest.approx(12.5 / 75)}
    assert cost(rule, teams(), **plan) == pytest.approx(12.5)


def test_limits_of_every_segment() -> None:
    """small: 10 + 20 of 30 move, large: none of 70, none: all of 50. Half of each may."""
    plan = {**HOME, "a": "r2", "b": "r2", "e": "r4"}
    rule = Disruption(segments="tier", of="revenue", segment_max_share=0.5)
    assert amounts(rule, teams(), **plan) == {"tier (none)": 25.0, "tier small": 15.0}
    assert cost(rule, teams(), **plan) == math.inf
    assert messages(rule, teams(), **plan)[1] == (
        "30 of 30 revenue of tier small change hands, 15 more than the 15 allowed"
    )
    priced = Disruption(segments="tier", segment_max_amount=1, price=4)
    assert cost(priced, teams(), **plan) == 4.0


def test_accounts_left_open_have_moved() -> None:
    """d (40) stays open: r3, noa and its tier lose it, and nobody gains it. b (20) goes to r4."""
    pool = Pool(max_amount=1)
    plan = {**HOME, "b": "r4", "d": None}
    for rule, paid in (
        (Disruption(of="revenue", price=1), 60.0),
        (Disruption(of="revenue", price=1, max_amount=0), 60.0),
        (Disruption(of="revenue", price=1, rep_in_max_amount=0), 20.0),
        (Disruption(of="revenue", price=1, rep_out_max_amount=20), 20.0),
        (Disruption(of="revenue", price=1, by="manager", by_out_max_amount=20), 20.0),
        (
            Disruption(
                of="revenue", price=1, by="manager", by_counts="leaves", by_out_max_amount=10
            ),
            10.0 + 30.0,
        ),
        (Disruption(of="revenue", price=1, segments="tier", segment_max_amount=0), 60.0),
    ):
        model = compile_model({"rule": rule, "pool": pool}, teams()).model
        place = {None: -1, "r1": 0, "r2": 1, "r3": 2, "r4": 3}
        picked = model.picks(model.choose([place[plan[one]] for one in "abcde"]))
        assert model.charge(picked)["rule"] == paid, rule
        assert sum(amounts(rule, teams(), **plan).values()) == paid


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"top": 3, "price": 1}, r"top needs a measure .* for example top_by: revenue"),
        ({"top_by": "revenue", "price": 1}, "top_by and top_of tell what top counts: set top"),
        ({"top_of": "all", "price": 1}, "top_by and top_of tell what top counts"),
        ({"by_out_max_share": 0.1}, "by_out_max_share needs by: the column"),
        ({"by": "manager", "price": 1}, "by needs a limit, for example by_out_max_share: 0.1"),
        ({"by_counts": "leaves", "price": 1}, "by_counts tells what counts"),
        ({"segment_max_amount": 1}, "segment_max_amount needs segments: the column"),
        ({"segments": "tier", "price": 1}, "segments needs a limit, for example segment_max_share"),
    ],
)
def test_settings_without_meaning_are_refused(fields: dict[str, object], words: str) -> None:
    """Each with what to write instead."""
    with pytest.raises(ValidationError, match=words):
        Disruption(**fields)
