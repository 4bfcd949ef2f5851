"""Roll-ups: own amounts, totals and families, and that nothing is counted twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measures_toys import measure, objected, refusal, values
from toys import problem

from optiterr.groups import FamilyGroups, resolve
from optiterr.measures import Measure
from optiterr.measures.checking import Around, objections
from optiterr.problem import Groups, Problem
from optiterr.rules import Rule
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity
from optiterr.rules.pool import Pool


def books(numbers: list[float], parents: list[str], outside: str = "fault") -> Problem:
    """Accounts a, b, c, ... with what they report and their parents."""
    data = problem({"revenue": numbers, "parent": parents}, 1)
    spec = FamilyGroups(parent="parent", outside=outside)
    other = Groups(("x",), np.array([0]), np.array([0]))
    return data.with_(groups=resolve({"family": spec}, data) | {"fund": other})


def rollup(reported: str, gives: str, **settings: Any) -> Measure:
    fields = {"of": "revenue", "group": "family", "reported": reported, "gives": gives}
    return measure("rollup", **(fields | settings))


PARENTS = ["", "a", "a", "b", ""]
"""a over b and c, b over d; e is alone."""


def test_consolidated_numbers_come_apart_into_own_amounts() -> None:
    """a reports 100 with b 60 and c 10 in it: 30 its own. b reports 60 with d 25: 35 its own."""
    data = books([100.0, 60.0, 10.0, 25.0, 7.0], PARENTS)
    assert values(rollup("consolidated", "own"), data) == [30.0, 35.0, 10.0, 25.0, 7.0]
    assert values(rollup("consolidated", "total"), data) == [100.0, 60.0, 10.0, 25.0, 7.0]
    assert values(rollup("consolidated", "family"), data) == [100.0] * 4 + [7.0]


def test_own_numbers_add_up_to_totals() -> None:
    """b 35 with d 25: 60. a 30 with b's 60 and c's 10: 100."""
    data = books([30.0, 35.0, 10.0, 25.0, 7.0], PARENTS)
    assert values(rollup("own", "own"), data) == [30.0, 35.0, 10.0, 25.0, 7.0]
    assert values(rollup("own", "total"), data) == [100.0, 60.0, 10.0, 25.0, 7.0]
    assert values(rollup("own", "family"), data) == [100.0] * 4 + [7.0]


def test_a_family_headed_by_nobody_adds_up_its_branches() -> None:
    """a and b share the parent hq outside, c is below b: 5 + 20 in all, 8 of b's 20 are c's."""
    data = books([5.0, 20.0, 8.0], ["hq", "hq", "b"], "group")
    assert values(rollup("consolidated", "own"), data) == [5.0, 12.0, 8.0]
    assert values(rollup("consolidated", "family"), data) == [25.0, 25.0, 25.0]
    assert values(rollup("own", "total"), data) == [5.0, 28.0, 8.0]


def test_children_who_report_more_than_their_parent_are_an_error() -> None:
    """a reports 50, its children b and c 60 + 10: nothing is clipped, the numbers are named."""
    data = books([50.0, 60.0, 10.0, 70.0, 7.0], PARENTS)
    fix = (
        "fix: correct the numbers, or write reported: own if the number of a parent does not "
        "include its children"
    )
    assert refusal(rollup("consolidated", "own"), data) == (
        "measure 'm', account 'a': reports 50 revenue, less than the 70 of its 2 children (b, c)\n"
        f"    {fix}\n"
        "measure 'm', account 'b': reports 60 revenue, less than the 70 of its child (d)\n"
        f"    {fix}"
    )


def test_many_contradictions_are_counted() -> None:
    """22 parents of 1 with a child of 2: 20 are told, 2 counted."""
    ids = [f"p{at}" for at in range(22)] + [f"k{at}" for at in range(22)]
    data = problem(
        {"account_id": ids, "revenue": [1.0] * 22 + [2.0] * 22, "parent": [""] * 22 + ids[:22]}, 1
    )
    data = data.with_(groups=resolve({"family": FamilyGroups(parent="parent")}, data))
    said = refusal(rollup("consolidated", "own"), data)
    assert said.count("less than the 2 of its child") == 20
    assert "2 more accounts of the kind above: p20, p21" in said


def test_rounding_of_a_sum_is_no_contradiction() -> None:
    """0.1 + 0.2 is a hair more than 0.3: the parent's own amount is zero, not an error."""
    data = books([0.3, 0.1, 0.2], ["", "a", "a"])
    assert values(rollup("consolidated", "own"), data) == [0.0, 0.1, 0.2]


def test_zero_and_single_accounts() -> None:
    """Families of one report what is theirs."""
    data = books([0.0, 4.0], ["", ""])
    for gives in ("own", "total", "family"):
        assert values(rollup("consolidated", gives), data) == [0.0, 4.0]


@given(st.lists(st.tuples(st.integers(-1, 8), st.integers(0, 40)), min_size=1, max_size=9))
def test_there_and_back_counts_every_account_once(drawn: list[tuple[int, int]]) -> None:
    """Totals of own amounts, taken as consolidated numbers, come apart into the same amounts.

    And the sum of own amounts over everybody is the sum of the totals of the tops.
    """
    own = [amount / 4 for _, amount in drawn]
    parents = ["abcdefghi"[up] if 0 <= up < at else "" for at, (up, _) in enumerate(drawn)]
    data = books(own, parents)
    totals = values(rollup("own", "total"), data)
    again = books(totals, parents)
    assert values(rollup("consolidated", "own"), again) == own
    tops = [total for total, parent in zip(totals, parents, strict=True) if not parent]
    assert sum(tops) == sum(own)
    assert values(rollup("own", "family"), data) == values(rollup("consolidated", "family"), again)


def test_unknown_groups_and_groups_without_parents_are_refused() -> None:
    """The nearest name; and what would make them families."""
    data = books([1.0], [""])
    assert refusal(rollup("own", "total", group="famly"), data) == (
        "measure 'm', group: there are no groups called 'famly'\n    fix: did you mean 'family'?"
    )
    assert refusal(rollup("own", "total", group="fund"), data) == (
        "measure 'm', group: a roll-up follows parents, and the groups called 'fund' have none\n"
        "    fix: make them families with groups: {fund: {parent: ...}}"
    )


def test_the_unit_is_that_of_the_amount() -> None:
    """Currency stays currency, and a unit that says otherwise is told."""
    units = {"accounts": {"revenue": "currency"}}
    assert objected({"m": rollup("own", "total", unit="currency")}, units) == []
    said = objected({"m": rollup("own", "total", unit="hours")}, units)
    assert "the result is in currency" in said[0][0]


def against(rule: Rule, **measures: Measure) -> list[tuple[tuple[str, str], str, str]]:
    found = objections(measures, Around(), {"rule": rule})
    return [(one.place, one.what, one.fix) for one in found]


TWICE = (
    ("rules", "rule"),
    "adds up 'm', which counts subsidiaries twice when added up",
    "use gives: own, or use it where nothing is added up: in filters and formulas",
)


@pytest.mark.parametrize("gives", ["total", "family"])
@pytest.mark.parametrize(
    "rule",
    [Balance(measure="m", within=0.1), Capacity(measure="m", limit=1), Pool(price=1, weight="m")],
)
def test_rules_that_add_up_refuse_what_overlaps(rule: Rule, gives: str) -> None:
    """Balance, capacity and the price of a pool count every subsidiary twice with it."""
    assert against(rule, m=rollup("own", gives)) == [TWICE]


def test_own_amounts_may_be_added_up_and_totals_may_filter() -> None:
    """The way out that the error names works."""
    assert against(Balance(measure="m", within=0.1), m=rollup("own", "own")) == []
    big = Capacity(measure="own", limit=1, where={"m": {"at_least": 100}})
    rollups = {"own": rollup("own", "own"), "m": rollup("own", "family")}
    assert against(big, **rollups) == []


def test_a_roll_up_of_a_total_as_own_amounts_is_refused() -> None:
    """Taken as own amounts they would be added up again; taken as consolidated they come apart."""
    total = rollup("own", "total")
    twice = objected({"t": total, "m": rollup("own", "total", of="t")})
    assert [what for what, _ in twice] == [
        "adds up 't', which counts subsidiaries twice when added up"
    ]
    back = rollup("consolidated", "own", of="t")
    assert objected({"t": total, "m": back}) == []
