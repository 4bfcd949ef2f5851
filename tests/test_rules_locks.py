"""Locks, worked by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.rules.locks import Locks
from optiterr.rules.pool import Pool

TODAY = dt.date(2026, 7, 1)


def books(**more):
    """a owned by r1, b by r2, c by nobody, d by one who left."""
    return problem({"x": [1, 2, 3, 4]}, 3, owner=["r1", "r2", None, "gone"], **more)


STAY = {"a": "r1", "b": "r2", "c": "r1", "d": "r3"}


def test_locks_holds():
    """a stays with its owner, c goes where it should, b is not with r3."""
    rule = Locks(
        keep=[{"account": "a"}, {"account": "c", "rep": "r1"}],
        forbid=[{"account": "b", "rep": "r3"}],
    )
    assert amounts(rule, books(), **STAY) == {}
    assert cost(rule, books(), **STAY) == 0.0


def test_locks_fails_for_kept_and_forbidden_accounts():
    """a left r1 and b went to r3."""
    rule = Locks(
        keep=[{"account": "a", "reason": "renewal in May"}],
        forbid=[{"account": "b", "rep": "r3", "reason": "conflict"}],
    )
    plan = {**STAY, "a": "r2", "b": "r3"}
    assert amounts(rule, books(), **plan) == {"a": 1.0, "b": 1.0}
    assert messages(rule, books(), **plan) == [
        "account a is kept with rep r1, but rep r2 serves it (renewal in May)",
        "account b is forbidden to rep r3, who serves it (conflict)",
    ]
    for place in ("a", "b"):
        assert cost(rule, books(), **{**STAY, place: plan[place]}) == math.inf


def test_locks_price_of_each_broken_one():
    """Both locks broken at 4; a forbidden pair that is not used costs nothing."""
    rule = Locks(keep=[{"account": "a"}], forbid=[{"account": "b", "rep": "r3"}], price=4)
    assert cost(rule, books(), **{**STAY, "a": "r2", "b": "r3"}) == 8.0
    assert cost(rule, books(), **{**STAY, "a": "r3", "b": "r1"}) == 4.0
    assert amounts(rule, books(), **{**STAY, "a": "r3", "b": "r1"}) == {"a": 1.0}


def test_locks_written_twice_count_once():
    """Kept with its owner, by name and without."""
    rule = Locks(keep=[{"account": "a"}, {"account": "a", "rep": "r1"}], price=4)
    assert cost(rule, books(), **{**STAY, "a": "r2"}) == 4.0
    assert amounts(rule, books(), **{**STAY, "a": "r2"}) == {"a": 1.0}


def test_locks_at_the_limit_of_their_time():
    """A lock until today counts, one until yesterday does not and is noted."""
    data = books(planning_date=TODAY)
    rule = Locks(
        keep=[
            {"account": "a", "until": TODAY},
            {"account": "b", "until": TODAY - dt.timedelta(days=1)},
        ]
    )
    plan = {**STAY, "a": "r3", "b": "r3"}
    found = findings(rule, data, **plan)
    assert [(one.weight, one.where, one.amount) for one in found] == [
        (Weight.BREACH, "a", 1.0),
        (Weight.NOTE, "all", 1.0),
    ]
    assert (
        found[1].message == "1 lock ended before the planning date 2026-07-01 and no longer counts"
    )
    assert cost(rule, data, **{**STAY, "b": "r3"}) == 0.0
    assert cost(rule, data, **{**STAY, "a": "r3"}) == math.inf


def test_locks_from_a_table():
    """Keep a with its owner, forbid b to r3, an old lock of c; blanks of any sort mean nothing."""
    table = pd.DataFrame(
        {
            "account": ["a", "b ", "c"],
            "rep": [None, "r3", "r2"],
            "action": ["keep", "forbid", "keep"],
            "reason": ["tender", float("nan"), ""],
            "until": [pd.Timestamp("2027-01-01"), None, "2026-06-30"],
        }
    )
    data = books(tables={"protected": table}, planning_date=TODAY)
    rule = Locks(table="protected")
    plan = {**STAY, "a": "r3", "b": "r3"}
    assert messages(rule, data, **plan) == [
        "account a is kept with rep r1, but rep r3 serves it (tender)",
        "account b is forbidden to rep r3, who serves it",
        "1 lock ended before the planning date 2026-07-01 and no longer counts",
    ]
    assert cost(rule, data, **STAY) == 0.0
    assert cost(rule, data, **{**STAY, "b": "r3"}) == math.inf
    assert cost(Locks(table="protected", price=1), data, **plan) == 2.0


def test_locks_from_a_table_without_any_rep():
    """A column of blanks: a stays with its owner."""
    table = pd.DataFrame({"account": ["a"], "rep": [None], "action": ["keep"]})
    data = books(tables={"t": table})
    assert cost(Locks(table="t"), data, **STAY) == 0.0
    assert amounts(Locks(table="t"), data, **{**STAY, "a": "r2"}) == {"a": 1.0}
    assert cost(Locks(table="t"), data, **{**STAY, "a": "r2"}) == math.inf


def test_locks_beyond_the_limit_of_findings_are_counted():
    """Of 22 accounts kept with r1, r2 serves all: one finding for 22 broken locks, at 2 each."""
    letters = "abcdefghijklmnopqrstuv"
    data = problem({"x": range(22)}, 2)
    rule = Locks(keep=[{"account": one, "rep": "r1"} for one in letters], price=2)
    plan = dict.fromkeys(letters, "r2")
    assert amounts(rule, data, **plan) == {"all": 22.0}
    assert messages(rule, data, **plan) == [
        "account a is kept with rep r1, but rep r2 serves it; "
        "21 more locks are broken: b, c, d, e, f and 16 more"
    ]
    assert cost(rule, data, **plan) == 44.0
    assert len(amounts(rule, data, **{**plan, "a": "r1", "b": "r1"})) == 20


def test_locks_of_zero_entries_lock_nothing():
    """An empty list is allowed: a study may clear it."""
    assert amounts(Locks(), books(), **STAY) == {}
    assert cost(Locks(), books(), **STAY) == 0.0


def test_locks_in_empty_books_are_broken():
    """A kept account that nobody serves is not kept; nothing forbidden is done."""
    rule = Locks(keep=[{"account": "a"}], forbid=[{"account": "b", "rep": "r3"}])
    assert messages(rule, books(), **dict.fromkeys("abcd")) == [
        "account a is kept with rep r1, but nobody serves it"
    ]


def test_locks_say_who_may_serve_whom():
    """a only r1; b not r3; c neither r1 nor r2; d anyone."""
    rule = Locks(
        keep=[{"account": "a"}],
        forbid=[
            {"account": "b", "rep": "r3"},
            {"account": "c", "rep": "r2"},
            {"account": "c", "rep": "r1"},
            {"account": "a", "rep": "r3"},
        ],
    )
    said = rule.eligible(books())
    assert np.array_equal(
        said.may[said.kind],
        [[True, False, False], [True, True, False], [False, False, True], [True, True, True]],
    )
    assert Locks(keep=[{"account": "a"}], price=1).eligible(books()) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"keep": [{"account": "A1"}]},
            "locks, keep, entry 1: unknown account 'A1'\n"
            "    fix: write an id of the accounts table",
        ),
        (
            {"forbid": [{"account": "a", "rep": "r11"}]},
            "locks, forbid, entry 1: unknown rep 'r11'\n    fix: did you mean 'r1'?",
        ),
        (
            {"keep": [{"account": "c"}]},
            "locks, keep, entry 1: account 'c' is kept without naming a rep, but nobody owns it\n"
            "    fix: name a rep who stays",
        ),
        (
            {"keep": [{"account": "d"}]},
            "locks, keep, entry 1: account 'd' is kept with its owner, who leaves or has left\n"
            "    fix: name a rep who stays",
        ),
        (
            {"keep": [{"account": "a", "until": "2026-01-01"}]},
            "locks, keep, entry 1: the lock of account 'a' ends, but there is no planning date\n"
            "    fix: set planning_date, or drop until",
        ),
        (
            {"keep": [{"account": "a"}, {"account": "a", "rep": "r2"}]},
            "locks, keep, entry 2: account 'a' is kept with another rep too\n"
            "    fix: keep it with one rep",
        ),
        (
            {"keep": [{"account": "a"}], "forbid": [{"account": "a", "rep": "r1"}]},
            "locks, forbid, entry 1: account 'a' is kept with a rep and forbidden to that rep\n"
            "    fix: drop one of the two locks",
        ),
        (
            {"table": "protectd"},
            "locks, table: there is no table 'protectd'\n    fix: did you mean 'protected'?",
        ),
    ],
)
def test_locks_that_cannot_be_kept_are_refused(fields, message):
    """Each fault with where it stands and what to write."""
    empty = pd.DataFrame({"account": [], "rep": [], "action": []})
    assert refusal(Locks(**fields), books(tables={"protected": empty})) == message


def test_locks_with_a_rep_who_leaves_are_refused():
    """r3 leaves."""
    data = problem({"x": [1]}, 3, leaves=["r3"])
    assert refusal(Locks(keep=[{"account": "a", "rep": "r3"}]), data) == (
        "locks, keep, entry 1: account 'a' is kept with a rep who leaves\n"
        "    fix: name a rep who stays"
    )
    assert cost(Locks(forbid=[{"account": "a", "rep": "r3"}]), data, a="r1") == 0.0


def test_locks_tables_with_faults_name_every_row():
    """An unknown action, no account, no rep and no date, all at once."""
    table = pd.DataFrame(
        {
            "account": ["a", "", "b", "c"],
            "rep": ["r1", "r1", "", "r1"],
            "action": ["hold", "keep", "forbid", "keep"],
            "until": ["", "", "", "soon"],
        }
    )
    assert refusal(Locks(table="t"), books(tables={"t": table}, planning_date=TODAY)) == (
        "table 't', row 1: the action is unknown\n    fix: write keep or forbid\n"
        "table 't', row 2: no account is named\n    fix: write the account's id\n"
        "table 't', row 3: no rep is named\n    fix: write the rep's id\n"
        "table 't', row 4: 'until' is no date\n    fix: write YYYY-MM-DD"
    )
    bare = pd.DataFrame({"account": ["a"]})
    assert refusal(Locks(table="t"), books(tables={"t": bare})) == (
        "table 't': no column 'rep', 'action'\n    fix: add it, or map it under columns"
    )


def test_locks_fields_are_checked():
    """A forbidden pair needs a rep; unknown fields are refused."""
    with pytest.raises(ValidationError, match="Field required"):
        Locks(forbid=[{"account": "a"}])
    with pytest.raises(ValidationError, match="Extra inputs"):
        Locks(keep=[{"account": "a", "because": "x"}])


def test_locks_of_other_accounts_do_not_count():
    """Gold accounts only: a stays with r1; b may go to r3, which another rule may forbid."""
    data = problem({"segment": ["gold", "", ""]}, 3, owner=["r1", "r2", None])
    rule = Locks(
        keep=[{"account": "a"}, {"account": "c", "rep": "r1"}],
        forbid=[{"account": "b", "rep": "r3"}],
        where={"segment": "gold"},
    )
    assert amounts(rule, data, a="r1", b="r3", c="r2") == {}
    assert cost(rule, data, a="r1", b="r3", c="r2") == 0.0
    assert amounts(rule, data, a="r2", b="r3", c="r2") == {"a": 1.0}
    assert cost(rule, data, a="r2", b="r3", c="r2") == math.inf
    priced = rule.model_copy(update={"price": 3.0})
    assert cost(priced, data, a="r2", b="r3", c="r2") == 3.0


def test_locks_of_other_accounts_are_not_judged():
    """b's locks contradict each other and c has no owner: another rule's matter. Unknown
    accounts are told all the same, and so are ended locks of those that count only."""
    data = problem({"x": [1.0, 2.0, 2.0]}, 3, owner=["r1", "r2", None], planning_date=TODAY)
    twice = [{"account": "b", "rep": one} for one in ("r1", "r2")]
    ended = {"account": "b", "until": TODAY - dt.timedelta(days=1)}
    rule = Locks(keep=[{"account": "a"}, *twice, {"account": "c"}, ended], where={"x": 1})
    assert messages(rule, data, a="r1", b="r1", c="r1") == []
    assert cost(rule, data, a="r1", b="r1", c="r1") == 0.0
    assert "is kept with another rep too" in refusal(rule.model_copy(update={"where": None}), data)
    assert "unknown account 'z1'" in refusal(
        Locks(keep=[{"account": "z1", "rep": "r1"}], where={"x": 1}), data
    )


def test_locks_that_name_reps_refuse_a_filter_of_reps():
    """With what to write instead."""
    with pytest.raises(ValidationError, match="drop where_rep, and use where for accounts"):
        Locks(where_rep={"role": "x"})


def test_locks_have_a_price_when_a_kept_account_stays_open():
    """a is kept: open it costs 4, as with r2. b is forbidden to r3: open it costs nothing."""
    rule = Locks(keep=[{"account": "a"}], forbid=[{"account": "b", "rep": "r3"}], price=4)
    rules = {"pool": Pool(price=0.0), "locks": rule}
    model = compile_model(rules, books()).model
    for plan, charge in (([-1, -1, 0, 0], 4.0), ([0, -1, 0, 0], 0.0), ([1, 2, -1, -1], 8.0)):
        assert model.charge(model.picks(model.choose(plan)))["locks"] == charge
    assert messages(rule, books(), a=None, b=None, c="r1", d="r1") == [
        "account a is kept with rep r1, but nobody serves it"
    ]


def test_locks_let_no_kept_account_stay_open():
    """a is kept: it must be served. Locks of accounts that are not spoken of say nothing."""
    keep = [{"account": "a"}, {"account": "b"}]
    hard, some = Locks(keep=keep), Locks(keep=keep, where={"x": 1})
    assert hard.may_open(books()).tolist() == [False, False, True, True]
    assert some.may_open(books()).tolist() == [False, True, True, True]
    assert Locks(keep=keep, price=1).may_open(books()) is None
    model = compile_model({"pool": Pool(price=1.0), "locks": some}, books()).model
    assert (model.choose([-1, 0, 0, 0]) < 0).tolist() == [True, False, False, False]
