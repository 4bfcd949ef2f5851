"""Accounts, reps and teams over all cases, and how two plans differ: worked out on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tiny_comparison import DEGREE, RULES, plan_of, summary, tiny

from optiterr.comparison.accounts import MOST_SWITCHES
from optiterr.comparison.case import Case
from optiterr.comparison.side_by_side import Comparison, compare, summarise, summarise_today
from optiterr.pairs import Pairs
from optiterr.problem import Problem
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.cost import Cost
from optiterr.rules.coverage import Coverage
from optiterr.rules.locks import Locks
from optiterr.rules.together import Together
from optiterr.rules.travel import Travel

OTHER = {"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r2"}


def other(problem: Problem | None = None) -> Case:
    """A plan that keeps b and gives d and e to r2."""
    plan = plan_of(cost=21.0, bound=21.0, assignment=OTHER)
    return summarise("calm", plan, problem or tiny(), RULES, scenario_title="Calm")


def two(today: Problem | None = None, second: Case | None = None) -> Comparison:
    return compare(
        "s", "S", [summary(), second or other()], summarise_today(today or tiny(), RULES)
    )


def test_every_account_tells_who_serves_it() -> None:
    """Tiny: d is of nobody today and e of r3, who has left and stands behind the roster."""
    told = two()
    assert [(rep.rep_id, rep.name, rep.leaves) for rep in told.reps] == [
        ("r1", "Lee", False),
        ("r2", "Kim", False),
        ("r3", "", True),
    ]
    assert (told.reps[1].latitude, told.reps[1].longitude) == (0.0, 2.0)
    assert (told.reps[2].latitude, told.reps[2].manager) == (None, "")
    table = told.accounts
    assert table is not None
    assert table.ids == ("a", "b", "c", "d", "e")
    assert table.names == ("Acme", "Bolt", "Crux", "Dyne", "Echo")
    assert table.longitude == (0.0, 1.0, 2.0, 0.0, 1.0)
    assert list(table.measures) == ["revenue", "accounts"]
    assert table.measures["revenue"] == (10.0, 20.0, 15.0, 5.0, 10.0)
    assert table.today == (0, 0, 1, -1, 2)
    assert table.served == {"tiny": (0, 1, 1, 0, 0), "calm": (0, 0, 1, 1, 1)}


def test_data_that_differ_between_cases_are_told_apart() -> None:
    """Today's data lack e and have f: e is -2 today, f is -2 in the plan, none is dropped."""
    base = tiny()
    accounts = base.accounts.assign(account_id=["a", "b", "c", "d", "f"])
    told = two(today=replace(base, accounts=accounts, pairs=Pairs.full(5, 2)))
    table = told.accounts
    assert table is not None
    assert table.ids == ("a", "b", "c", "d", "f", "e")
    assert table.today == (0, 0, 1, -1, 2, -2)
    assert table.served["tiny"] == (0, 1, 1, 0, -2, 0)
    assert table.measures["revenue"] == (10.0, 20.0, 15.0, 5.0, 10.0, 10.0)


def test_places_outside_the_earth_are_not_told() -> None:
    """A latitude of 95 is no place; text is none; the others stay."""
    base = tiny()
    accounts = base.accounts.assign(latitude=["0", "95", "x", "0", None])
    rules = {"coverage": Coverage()}
    problem = replace(base, accounts=accounts)
    case = summarise("x", plan_of(terms={}, cost=0.0), problem, rules)
    table = compare("s", "S", [case], summarise_today(problem, rules)).accounts
    assert table is not None
    assert table.latitude == (0.0, None, None, 0.0, None)
    assert table.longitude == (0.0, None, None, 0.0, None)


def test_two_plans_differ_account_by_account() -> None:
    """b, d and e go to different reps. b alone to r1: books of 45 and 15 cost 30 instead of 10.

    d or e alone to r2 would load it with 40 or 45 of 30, and 36 are allowed: no worth, and why.
    """
    (said,) = two().differences
    assert (said.first, said.second, said.accounts, said.unmatched) == ("tiny", "calm", 3, 0)
    assert said.measures == {"accounts": 3.0, "revenue": 35.0}
    assert [(one.account_id, one.first_rep, one.second_rep) for one in said.largest] == [
        ("b", "r2", "r1"),
        ("e", "r1", "r2"),
        ("d", "r1", "r2"),
    ]
    assert [one.worth for one in said.largest] == [pytest.approx(20.0), None, None]
    assert [one.broken for one in said.largest] == ["", "hours", "hours"]
    assert [(one.first_rep, one.second_rep, one.measures) for one in said.flows] == [
        ("r1", "r2", {"accounts": 2.0, "revenue": 15.0}),
        ("r2", "r1", {"accounts": 1.0, "revenue": 20.0}),
    ]


def test_a_measure_may_be_called_anything() -> None:
    """One called 'first' is added up like any other: 1 each, three accounts differ."""
    base = tiny()
    problem = replace(base, accounts=base.accounts.assign(first=1.0, second=2.0))
    cases = [
        summarise(name, plan_of(assignment=plan), problem, RULES)
        for name, plan in (("x", plan_of().assignment), ("y", OTHER))
    ]
    (said,) = compare("s", "S", cases, summarise_today(problem, RULES)).differences
    assert (said.measures["first"], said.measures["second"]) == (3.0, 6.0)
    assert [flow.measures["second"] for flow in said.flows] == [4.0, 2.0]


def test_a_rep_that_the_first_plan_lacks_is_said() -> None:
    """The second plan has r9 in place of r2: its accounts differ, and nothing is judged there."""
    base = tiny()
    reps = base.reps.assign(rep_id=["r1", "r9"])
    owner = np.array([0, 0, -2, -1, -2], dtype=np.int32)
    problem = replace(base, reps=reps, owner=owner)
    plan = plan_of(assignment={"a": "r1", "b": "r9", "c": "r9", "d": "r1", "e": "r1"})
    second = summarise("nine", plan, problem, RULES)
    (said,) = two(second=second).differences
    assert {(one.account_id, one.second_rep, one.broken) for one in said.largest} == {
        ("b", "r9", "(rep)"),
        ("c", "r9", "(rep)"),
    }
    assert all(one.worth is None for one in said.largest)


def test_accounts_of_one_plan_only_are_counted() -> None:
    """The second case has no e: one account is unmatched, and e is no difference."""
    base = tiny()
    problem = replace(
        base,
        accounts=base.accounts[:4],
        owner=base.owner[:4],
        pairs=Pairs.full(4, 2),
        possible=8,
        optional=np.zeros(4, dtype=bool),
    )
    plan = plan_of(assignment={"a": "r1", "b": "r1", "c": "r2", "d": "r1"})
    second = summarise("few", plan, problem, RULES)
    (said,) = two(second=second).differences
    assert (said.accounts, said.unmatched) == (1, 1)


def test_the_largest_are_told_and_all_are_counted() -> None:
    """201 accounts differ: 200 are listed, those of the largest effect first, 201 are counted."""
    count = MOST_SWITCHES + 1
    accounts = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(count)],
            "owner_id": None,
            "revenue": np.arange(count, dtype=float),
        }
    )
    reps = pd.DataFrame({"rep_id": ["r1", "r2"]})
    owner = np.full(count, -1, dtype=np.int32)
    problem = Problem(accounts, reps, owner, Pairs.full(count, 2), 2 * count)
    rules = {"even": Balance(measure="revenue", price=1)}

    def case(name: str, rep: str) -> Case:
        every = dict.fromkeys(accounts["account_id"], rep)
        return summarise(name, plan_of(assignment=every, terms={"even": 2.0}), problem, rules)

    told = compare("s", "S", [case("x", "r1"), case("y", "r2")], summarise_today(problem, rules))
    (said,) = told.differences
    assert (said.accounts, len(said.largest)) == (201, 200)
    # All 20,100 lie with r1. One of 200 to r2: (200 + 200) / 10,050 nearer to the targets.
    assert said.largest[0].account_id == "a200"
    assert said.largest[0].worth == pytest.approx(-400 / 10_050)


def test_a_comparison_read_from_a_file_keeps_what_it_knew() -> None:
    """Cases without their tables compare as before; only single accounts are no longer told."""
    told = two()
    again = compare("s", "S", told.cases, told.today)
    assert again.accounts is None
    assert (again.reps, again.differences, again.teams) == ((), (), ())
    assert again.rows == told.rows


def with_managers(*names: str | None) -> tuple[Problem, Comparison]:
    base = tiny()
    problem = replace(base, reps=base.reps.assign(manager=list(names)))
    case = summarise("tiny", plan_of(bound=20.0), problem, RULES)
    return problem, compare("s", "S", [case], summarise_today(problem, RULES))


def test_books_by_manager() -> None:
    """Mia has r1 (30 today, 25 then), Noa r2 (15, 35).

    b (20) goes from Mia to Noa; d (5, of nobody) and e (10, of r3 who left) come to Mia.
    """
    told = with_managers("Mia", "Noa")[1]
    mia, noa = told.teams
    assert (mia.case, mia.manager, mia.reps) == ("tiny", "Mia", ("r1",))
    assert (mia.before["revenue"], mia.after["revenue"]) == (30.0, 25.0)
    assert mia.moves_in == {"accounts": 2.0, "revenue": 15.0}
    assert mia.moves_out == noa.moves_in == {"accounts": 1.0, "revenue": 20.0}
    assert (noa.before["revenue"], noa.after["revenue"]) == (15.0, 35.0)
    assert noa.moves_within == {"accounts": 0.0, "revenue": 0.0}
    assert [rep.manager for rep in told.reps] == ["Mia", "Noa", ""]


def test_moves_inside_a_team_are_no_moves_of_the_team() -> None:
    """Both reps are Mia's: b changes the rep inside. A rep without one is a team of its own."""
    (mia,) = with_managers("Mia", "Mia")[1].teams
    assert mia.moves_within == {"accounts": 1.0, "revenue": 20.0}
    assert mia.moves_out["accounts"] == 0.0
    some = with_managers("Mia", None)[1].teams
    assert [(team.manager, team.reps) for team in some] == [("Mia", ("r1",)), ("", ("r2",))]
    assert with_managers(None, None)[1].teams == ()


def test_a_move_says_what_it_is_worth_and_why() -> None:
    """b back to r1: books of 45 and 15 cost 30 instead of 10. d and e had no rep to go back to."""
    moves = {move.account_id: move for move in summary().moves}
    assert moves["b"].worth == pytest.approx(20.0)
    assert moves["b"].why == "balances revenue"
    assert (moves["d"].worth, moves["d"].why) == (None, "nobody owns it today")
    assert (moves["e"].worth, moves["e"].why) == (None, "the owner leaves or has left")


def judged(rules: dict[str, object], **assignment: str) -> dict[str, tuple[float | None, str]]:
    plan = plan_of(assignment={"a": "r1", "b": "r1", "c": "r2", "d": "r1", "e": "r1"} | assignment)
    case = summarise("x", plan, tiny(), rules)  # type: ignore[arg-type]
    return {move.account_id: (move.worth, move.why) for move in case.moves}


def test_reasons_follow_the_charge_that_rises_most() -> None:
    """c goes from r2 beside it to r1 two degrees away: undoing that saves the way, and is said so.

    a was with r2, two degrees away, and goes to r1 beside it: nearer by so much.
    """
    far = judged({"travel": Travel(price=1.0)}, c="r1")["c"]
    assert far == (
        pytest.approx(-2 * DEGREE),
        "undoing it alone would save 222.4: not the cheapest plan",
    )
    near = replace(tiny(), owner=np.array([1, 0, 1, -1, -2], dtype=np.int32))
    case = summarise("x", plan_of(), near, {"travel": Travel(price=1.0)})
    (move,) = (move for move in case.moves if move.account_id == "a")
    assert move.worth == pytest.approx(2 * DEGREE)
    assert move.why == "nearer by 222.4 km"


def test_reasons_name_the_hard_rule_that_would_break() -> None:
    """b must not be with r1; r1 has room for 36 of the 45 it had with b; b goes where c goes."""
    locks = Locks.model_validate({"forbid": [{"account": "b", "rep": "r1"}]})
    assert judged({"never": locks}, b="r2")["b"] == (
        None,
        "needed: never would be broken without it",
    )
    room = Capacity(measure="revenue", limit=36)
    assert judged({"room": room}, b="r2")["b"] == (
        None,
        "frees capacity: room would be broken without it",
    )
    base = tiny()
    family = Together(by="family")
    problem = replace(base, accounts=base.accounts.assign(family=["", "x", "x", "", ""]))
    case = summarise("x", plan_of(), problem, {"family": family})
    (move,) = (move for move in case.moves if move.account_id == "b")
    assert (move.worth, move.why) == (None, "goes with accounts that family keeps together")


def test_every_priced_rule_can_be_a_reason() -> None:
    """A fit that r2 has and r1 lacks: its own name and what it costs less. Way without places."""
    base = tiny()
    cost = Cost(value="hourly", price=1.0)
    listed = replace(
        base,
        candidates="file",
        pair_columns={"hourly": np.array([1.0, 1.0, 9.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])},
    )
    case = summarise("x", plan_of(), listed, {"hours": cost})
    (move,) = (move for move in case.moves if move.account_id == "b")
    assert (move.worth, move.why) == (pytest.approx(7.0), "hours costs 7 less")
    room = Capacity(measure="revenue", limit=30, price=2.0, per="unit")
    # r1 carries 25 and r2 35, so 5 above; with b back 45 and 15, so 15 above: 10 more at 2 each.
    assert judged({"room": room}, b="r2")["b"] == (pytest.approx(20.0), "frees capacity (room)")
