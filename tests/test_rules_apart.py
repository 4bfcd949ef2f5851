"""Apart: competitors with different reps, at most so many with one, or at a price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.engine import solve
from optiterr.problem import Groups, Problem
from optiterr.rules import apart
from optiterr.rules.apart import Apart
from optiterr.scenario.loading import Scenario

RIVALS = Groups(("cars", "soda"), np.array([0, 1, 2, 2, 3]), np.array([0, 0, 0, 1, 1]))
"""a, b and c build cars, c and d make soda."""


def books() -> Problem:
    """Four accounts, and three reps of whom r3 is in the west."""
    return problem(
        {"zip": ["10", "10", "", ""], "revenue": [1.0, 2.0, 3.0, 4.0]},
        {"team": ["east", "east", "west"]},
        groups={"rivals": RIVALS},
    )


def test_rivals_with_a_rep_each_holds() -> None:
    """a, b, c with one rep each; d beside a, who is no rival."""
    rule = Apart(group="rivals")
    assert findings(rule, books(), a="r1", b="r2", c="r3", d="r1") == []
    assert cost(rule, books(), a="r1", b="r2", c="r3", d="r1") == 0.0


def test_two_rivals_with_one_rep_fails() -> None:
    """a and b with r1, c and d with r2: one too many in either group."""
    rule = Apart(group="rivals")
    assert amounts(rule, books(), a="r1", b="r1", c="r2", d="r2") == {
        "cars with r1": 1.0,
        "soda with r2": 1.0,
    }
    assert messages(rule, books(), a="r1", b="r1", c="r2", d="r2")[0] == (
        "rep r1 serves 2 accounts of rivals cars, 1 more than the 1 allowed: a, b"
    )
    assert cost(rule, books(), a="r1", b="r1", c="r2", d="r2") == float("inf")


def test_exactly_at_the_limit_of_two() -> None:
    """Two car makers may share a rep, three may not; soda with two members has no row."""
    rule = Apart(group="rivals", most=2)
    assert findings(rule, books(), a="r1", b="r1", c="r2", d="r2") == []
    assert cost(rule, books(), a="r1", b="r1", c="r2", d="r2") == 0.0
    assert amounts(rule, books(), a="r1", b="r1", c="r1", d="r2") == {"cars with r1": 1.0}
    labels = compile_model({"r": rule}, books()).model.blocks[0].labels
    assert labels == ("cars with r1", "cars with r2", "cars with r3")


def test_price_of_each_account_beyond() -> None:
    """Three car makers with r1 are two too many at 5."""
    plan = {"a": "r1", "b": "r1", "c": "r1", "d": "r2"}
    assert amounts(Apart(group="rivals", price=5.0), books(), **plan) == {"cars with r1": 2.0}
    assert cost(Apart(group="rivals", price=5.0), books(), **plan) == 10.0


def test_a_price_of_zero_costs_nothing() -> None:
    """The finding is there, and nothing is paid for it."""
    rule, plan = Apart(group="rivals", price=0.0), {"a": "r1", "b": "r1", "c": "r2", "d": "r3"}
    assert amounts(rule, books(), **plan) == {"cars with r1": 1.0}
    assert cost(rule, books(), **plan) == 0.0


def test_accounts_with_the_same_text_are_apart_and_empty_cells_are_free() -> None:
    """a and b share zip 10; c and d have none."""
    rule = Apart(by="zip")
    assert findings(rule, books(), a="r1", b="r2", c="r1", d="r1") == []
    assert messages(rule, books(), a="r1", b="r1", c="r1", d="r1") == [
        "rep r1 serves 2 accounts of zip 10, 1 more than the 1 allowed: a, b"
    ]


def test_only_accounts_and_reps_that_match_are_bound() -> None:
    """a (revenue 1) does not match: b and c are left. r3 of the west may have both."""
    rule = Apart(group="rivals", where={"revenue": {"at_least": 2}}, where_rep={"team": "east"})
    assert findings(rule, books(), a="r1", b="r1", c="r2", d="r1") == []
    assert findings(rule, books(), a="r1", b="r3", c="r3", d="r1") == []
    assert cost(rule, books(), a="r1", b="r3", c="r3", d="r1") == 0.0
    assert amounts(rule, books(), a="r1", b="r2", c="r2", d="r1") == {"cars with r2": 1.0}
    assert cost(rule, books(), a="r1", b="r2", c="r2", d="r1") == float("inf")


def test_empty_books_share_no_rep() -> None:
    """Open accounts are with nobody, who is no rep."""
    assert findings(Apart(group="rivals"), books(), a=None, b=None, c=None, d=None) == []


@pytest.mark.parametrize("fields", [{}, {"group": "rivals", "by": "zip"}])
def test_settings_without_meaning_are_refused(fields: dict[str, Any]) -> None:
    """Exactly one of group and by."""
    with pytest.raises(ValueError, match="give either group or by"):
        Apart(**fields)


def test_unknown_groups_and_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups and three reps are six rows."""
    assert "did you mean 'rivals'?" in refusal(Apart(group="rival"), books())
    monkeypatch.setattr(apart, "MOST_ROWS", 5)
    said = refusal(Apart(group="rivals"), books())
    assert "it needs 6 rows" in said
    assert "where_rep" in said


def test_rivals_that_must_be_together_are_infeasible_and_told() -> None:
    """a and b share a zip that must not be split and are rivals: no plan, and both rules named."""
    scenario = Scenario.from_dict(
        {
            "name": "clash",
            "data": {
                "accounts": {
                    "records": [
                        {"account_id": "a", "zip": "10", "market": "cars"},
                        {"account_id": "b", "zip": "10", "market": "cars"},
                        {"account_id": "c", "zip": "20", "market": "soda"},
                    ]
                },
                "reps": {"records": [{"rep_id": "r1"}, {"rep_id": "r2"}]},
            },
            "rules": {
                "container": {"kind": "together", "by": "zip"},
                "rivals": {"kind": "apart", "by": "market"},
            },
        }
    )
    plan = solve(scenario)
    assert plan.status == "infeasible"
    assert [one.message for one in plan.blocking] == [
        "account a and 1 more, kept together by container, fits with no rep: alone it is above a "
        "limit at each of them, rivals (cars with r1: 2 of 1), rivals (cars with r2: 2 of 1)"
    ]
    assert plan.blocking[0].rule == "rivals"
