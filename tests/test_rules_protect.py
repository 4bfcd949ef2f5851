"""Protect, worked by hand."""

from __future__ import annotations

import datetime as dt
import math
from string import ascii_lowercase

import pandas as pd
import pytest
from pydantic import ValidationError
from toys import amounts, assign, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.errors import DataError
from optiterr.findings import Weight
from optiterr.problem import Problem
from optiterr.rules.pool import Pool
from optiterr.rules.protect import Protect

TODAY = dt.date(2026, 1, 1)


def books(day: dt.date | None = TODAY) -> Problem:
    """a renews in 31 days, b in a year, c never; d is nobody's, e's and f's owners leave."""
    return problem(
        {
            "renewal": pd.to_datetime(
                ["2026-02-01", "2027-01-01", None, "2026-01-15", "2026-01-15", "2026-01-15"]
            ),
            "shielded": pd.to_datetime(
                ["2025-12-31", "2026-01-01", None, None, None, "2020-01-01"]
            ),
            "revenue": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
        },
        {"role": ["senior", "junior", "senior"]},
        owner=["r1", "r1", "r2", None, "gone", "r3"],
        leaves=["r3"],
        planning_date=day,
    )


SOON = {"renewal": {"before": "90 days"}}
EVERY = {"revenue": {"at_least": 0}}
HOME = {"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r2", "f": "r2"}


def test_protection_holds_where_the_owner_keeps_what_matches() -> None:
    """b and c do not match and move; d, e and f match but have no owner who stays."""
    rule = Protect(where=SOON)
    plan = {"a": "r1", "b": "r2", "c": "r1", "d": "r1", "e": "r2", "f": "r2"}
    assert amounts(rule, books(), **plan) == {}
    assert cost(rule, books(), **plan) == 0.0
    assert [(one.weight, one.amount, one.message) for one in findings(rule, books(), **plan)] == [
        (
            Weight.NOTE,
            2.0,
            "2 accounts that match had an owner who leaves or has left, and may go to anyone",
        )
    ]


def test_protection_fails_where_an_account_that_matches_moves() -> None:
    """a renews soon: the reason is told, or else the filter in words."""
    plan = {**HOME, "a": "r2"}
    assert cost(Protect(where=SOON), books(), **plan) == math.inf
    assert amounts(Protect(where=SOON), books(), **plan) == {"a": 1.0}
    assert messages(Protect(where=SOON), books(), **plan)[1:] == [
        "account a stays with rep r1 (renewal is before 90 days), but rep r2 serves it"
    ]
    told = Protect(where=SOON, reason="renewal soon")
    assert messages(told, books(), **{**HOME, "a": None})[1:] == [
        "account a stays with rep r1 (renewal soon), but nobody serves it"
    ]


def test_price_of_accounts_that_move_by_weight() -> None:
    """a and b move: two at 3, or 10 + 20 revenue at 0.5."""
    plan = {**HOME, "a": "r2", "b": "r2"}
    assert cost(Protect(where=EVERY, price=3), books(), **plan) == 6.0
    rule = Protect(where=EVERY, price=0.5, weight="revenue")
    assert cost(rule, books(), **plan) == 15.0
    assert amounts(rule, books(), **plan) == {"a": 10.0, "b": 20.0}
    assert messages(rule, books(), **plan)[-1] == (
        "account b with 20 revenue stays with rep r1 (revenue is at least 0), but rep r2 serves it"
    )


def test_the_last_day_is_the_limit_of_a_protection() -> None:
    """On its last day it protects; a day later it is a note that says who may move."""
    plan = {**HOME, "a": "r2"}
    last = Protect(where=EVERY, until=TODAY)
    assert cost(last, books(), **plan) == math.inf
    ended = Protect(where=EVERY, until=dt.date(2025, 12, 31))
    assert cost(ended, books(), **plan) == 0.0
    assert messages(ended, books(), **plan) == [
        "the protection ended on 2025-12-31, before the planning date 2026-01-01: "
        "3 accounts that match may move"
    ]


def test_each_account_has_its_own_last_day() -> None:
    """a's ended yesterday, b's ends today, c's never."""
    rule = Protect(where=EVERY, expires="shielded", price=1)
    assert amounts(rule, books(), **{**HOME, "a": "r2", "b": "r2", "c": "r1"}) == {
        "b": 1.0,
        "c": 1.0,
    }
    assert cost(rule, books(), **{**HOME, "a": "r2", "b": "r2", "c": "r1"}) == 2.0
    assert messages(rule, books(), **HOME)[0] == (
        "the protection of 1 account ended before the planning date 2026-01-01, by column "
        "'shielded': a"
    )


def test_only_accounts_of_these_owners_are_protected() -> None:
    """r2 is the junior: c stays; a and b may go, to the junior too. r3's f is not asked about."""
    rule = Protect(where=EVERY, where_rep={"role": "junior"})
    assert cost(rule, books(), **{**HOME, "a": "r2", "b": "r2"}) == 0.0
    assert cost(rule, books(), **{**HOME, "c": "r1"}) == math.inf
    assert amounts(rule, books(), **{**HOME, "c": "r1"}) == {"c": 1.0}
    assert findings(rule, books(), **HOME) == []
    said = rule.eligibility(books())
    assert said is not None
    # c (owner r2) may have r2 only; all others may have anyone
    assert (
        said.may[said.kind].tolist() == [[True] * 3] * 2 + [[False, True, False]] + [[True] * 3] * 3
    )


def test_a_protected_account_does_not_stay_open() -> None:
    """A hard protection forbids the pool; a priced one charges 10 revenue for it."""
    pool = Pool(max_amount=1)
    hard = compile_model({"rule": Protect(where=SOON), "pool": pool}, books()).problem
    assert hard.optional.tolist() == [False, True, True, True, True, True]
    rules = {"rule": Protect(where=SOON, price=1, weight="revenue"), "pool": pool}
    model = compile_model(rules, books()).model
    picked = model.picks(model.choose([-1, 0, 1, 1, 1, 1]))
    assert model.charge(picked)["rule"] == 10.0


def test_many_broken_protections_are_counted_in_one_finding() -> None:
    """21 of 21 accounts move: one finding names the first ones; 20 are told one by one."""
    for count in (20, 21):
        ids = ascii_lowercase[:count]
        data = problem({"x": [1.0] * count}, 2, owner=["r1"] * count)
        rule = Protect(where={"x": 1}, price=2)
        found = findings(rule, data, **dict.fromkeys(ids, "r2"))
        assert sum(one.amount for one in found) == count
        assert len(found) == (20 if count == 20 else 1)
    assert found[0].message == (
        "account a stays with rep r1 (x is 1), but rep r2 serves it; "
        "so it is with 20 more accounts: b, c, d, e, f and 15 more"
    )


def test_protection_of_empty_and_zero_books() -> None:
    """Nobody owns anything, or nothing matches: nothing is protected."""
    free = problem({"x": [0.0, 1.0]}, 2)
    assert findings(Protect(where={"x": 0}), free, a="r2", b="r1") == []
    assert cost(Protect(where={"x": 0}), free, a="r2", b="r1") == 0.0
    nothing = Protect(where={"revenue": 1})
    assert cost(nothing, books(), **{**HOME, "a": "r2"}) == 0.0
    weightless = problem({"x": [0.0]}, 2, owner=["r1"])
    assert cost(Protect(where={"x": 0}, price=1, weight="x"), weightless, a="r2") == 0.0
    assert amounts(Protect(where=EVERY), books(), **dict.fromkeys("abcdef")) == {
        "a": 1.0,
        "b": 1.0,
        "c": 1.0,
    }


def test_days_without_a_planning_date_are_refused() -> None:
    """For each field by name, all at once."""
    said = refusal(Protect(where=EVERY, until=TODAY, expires="shielded"), books(None))
    assert said == (
        "protect, until: the protection ends on a day, but there is no planning date\n"
        "    fix: set planning_date: YYYY-MM-DD in the scenario, or drop until\n"
        "protect, expires: the protection ends on a day, but there is no planning date\n"
        "    fix: set planning_date: YYYY-MM-DD in the scenario, or drop expires"
    )
    with pytest.raises(DataError, match="told from the planning date"):
        compile_model({"rule": Protect(where=SOON)}, books(None))


def test_settings_without_meaning_are_refused() -> None:
    """A protection of nothing in particular, and a weight that nothing multiplies."""
    with pytest.raises(ValidationError, match="Field required"):
        Protect()
    with pytest.raises(ValidationError, match="weight multiplies what is priced"):
        Protect(where=EVERY, weight="revenue")


def test_strangers_break_a_protection() -> None:
    """Books given to nobody known are judged as well."""
    assert list(Protect(where=SOON).check("rule", books(), assign(a="stranger")))[-1].message == (
        "account a stays with rep r1 (renewal is before 90 days), but rep stranger serves it"
    )
