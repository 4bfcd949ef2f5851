"""Groups of accounts: families of any depth, shared texts, lists in tables, and every fault."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from toys import problem

from optiterr.errors import DataError
from optiterr.groups import GroupSpec, needed_columns, resolve
from optiterr.membership import below, binding, united
from optiterr.problem import Column, Groups, Problem
from optiterr.scenario.loading import Scenario


def spec(**fields: Any) -> Any:
    return TypeAdapter(GroupSpec).validate_python(fields)


def accounts(parents: list[str], **columns: list[str]) -> Problem:
    """Accounts a, b, c, ... with these parents."""
    return problem({"parent": parents, **columns}, 1)


def made(data: Problem, **fields: Any) -> Groups:
    return resolve({"g": spec(**fields)}, data)["g"]


def refusal(data: Problem, **fields: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(DataError) as error:
        made(data, **fields)
    return [(one.where, one.what, one.fix) for one in error.value.faults]


def members(groups: Groups) -> dict[str, str]:
    """Account letters by label."""
    found: dict[str, str] = dict.fromkeys(groups.labels, "")
    for account, group in zip(groups.account, groups.group, strict=True):
        found[groups.labels[group]] += "abcdefghij"[account]
    return found


# ---------------------------------------------------------------------------------------- families


def test_a_family_is_everything_below_one_account() -> None:
    """a over b and c, b over d; e is alone. Depths: a 0, b 1, c 1, d 2, e 0."""
    family = made(accounts(["", "a", "a", "b", ""]), parent="parent")
    assert members(family) == {"a": "abcd", "e": "e"}
    assert family.parent.tolist() == [-1, 0, 0, 1, -1]
    assert family.depth.tolist() == [0, 1, 1, 2, 0]
    assert family.size.tolist() == [4, 1]
    assert family.is_hierarchy


def test_parents_may_stand_below_their_children_in_the_file() -> None:
    """c over b over a: the last row is the top."""
    family = made(accounts(["b", "c", ""]), parent="parent")
    assert members(family) == {"c": "abc"}
    assert family.depth.tolist() == [2, 1, 0]


def test_missing_cells_are_the_top_of_a_family() -> None:
    """None, as frames from Python may hold it, is an empty cell."""
    data = problem({"parent": pd.Series([None, "a"], dtype=object)}, 1)
    assert members(made(data, parent="parent")) == {"a": "ab"}


def test_an_unknown_parent_is_a_fault_with_the_way_out() -> None:
    """The nearest id, and outside: group."""
    data = problem({"account_id": ["acme", "acme uk", "bolt"], "parent": ["", "acne", "x9"]}, 1)
    assert refusal(data, parent="parent") == [
        (
            "groups.g, account 'acme uk'",
            "its parent 'acne' is not among the accounts",
            "did you mean 'acme'? or write outside: group if the parent is no account of this "
            "table; the accounts below it are then one family",
        ),
        (
            "groups.g, account 'bolt'",
            "its parent 'x9' is not among the accounts",
            "write outside: group if the parent is no account of this table; the accounts below "
            "it are then one family",
        ),
    ]


def test_accounts_below_a_parent_outside_are_one_family_headed_by_nobody() -> None:
    """a and b share the parent hq that is no account, c is below b; d is alone.

    Nobody stands at depth 0 of family hq: a and b are its children, c is one deeper.
    """
    family = made(accounts(["hq", "hq", "b", ""]), parent="parent", outside="group")
    assert members(family) == {"d": "d", "hq": "abc"}
    assert family.parent.tolist() == [-1, -1, 1, -1]
    assert family.depth.tolist() == [1, 1, 2, 0]


def test_an_account_is_not_its_own_parent() -> None:
    """Outside or not: it is a fault."""
    data = accounts(["a", ""])
    for outside in ("fault", "group"):
        assert refusal(data, parent="parent", outside=outside) == [
            (
                "groups.g, account 'a'",
                "it names itself as its parent",
                "leave the cell empty at the top of a family, or name another account",
            )
        ]


def test_each_circle_is_told_once_with_its_chain() -> None:
    """a, b, c go round; d hangs below them; e and f go round too."""
    data = accounts(["b", "c", "a", "a", "f", "e"])
    assert [(where, what) for where, what, _ in refusal(data, parent="parent")] == [
        (
            "groups.g, account 'a'",
            "its parents go in a circle: a is below b is below c is below a",
        ),
        ("groups.g, account 'e'", "its parents go in a circle: e is below f is below e"),
    ]


def test_a_long_circle_is_cut_short() -> None:
    """Eight accounts round: five are named, three counted."""
    data = accounts(["b", "c", "d", "e", "f", "g", "h", "a"])
    assert refusal(data, parent="parent")[0][1] == (
        "its parents go in a circle: a is below b is below c is below d is below e and so on "
        "through 3 more accounts is below a"
    )


def test_all_faults_of_all_groups_are_told_at_once() -> None:
    """An unknown parent, a self parent, a circle and a list in one go."""
    data = problem(
        {"parent": ["x9", "b", "d", "c"]},
        1,
        tables={"list": pd.DataFrame({"account": ["z"], "group": ["g"]})},
    )
    with pytest.raises(DataError) as error:
        resolve({"family": spec(parent="parent"), "user": spec(table="list")}, data)
    assert [one.where for one in error.value.faults] == [
        "groups.family, account 'b'",
        "groups.family, account 'a'",
        "groups.family, account 'c'",
        "groups.user, table 'list', record 1",
    ]


def test_many_faults_are_counted() -> None:
    """25 unknown parents: 20 are told, 5 counted."""
    ids = [f"n{at}" for at in range(25)]
    data = problem({"account_id": ids, "parent": [f"{one}/up" for one in ids]}, 1)
    found = refusal(data, parent="parent")
    assert len(found) == 21
    assert found[-1] == (
        "groups.g",
        "5 more of the kind above: account 'n20', account 'n21', account 'n22'",
        "mend them in the same way",
    )


def test_a_deep_family_is_resolved_at_once() -> None:
    """A chain of 50,000 accounts: the last is 49,999 below the top."""
    count = 50_000
    ids = [f"n{at}" for at in range(count)]
    data = problem({"account_id": ids, "parent": ["", *ids[:-1]]}, 1)
    family = made(data, parent="parent")
    assert family.labels == ("n0",)
    assert family.depth[-1] == count - 1
    assert below(family, 49_998, data.account_ids).size.tolist() == [2]


@st.composite
def forests(draw: st.DrawFn) -> list[int]:
    """Parents of up to nine accounts in random order, -1 at the top, without circles."""
    count = draw(st.integers(1, 9))
    order = draw(st.permutations(range(count)))
    parent = [-1] * count
    for at in range(1, count):
        above = draw(st.integers(-1, at - 1))
        parent[order[at]] = order[above] if above >= 0 else -1
    return parent


@given(forests(), st.integers(0, 4))
def test_depths_and_cuts_are_those_of_walking_up(parent: list[int], level: int) -> None:
    """Each account's way up, step by step, gives its root, its depth, and its head at a level."""
    data = accounts(["abcdefghi"[up] if up >= 0 else "" for up in parent])
    family = made(data, parent="parent")
    cut = below(family, level, data.account_ids)
    told = dict(zip(cut.account.tolist(), (cut.labels[one] for one in cut.group), strict=True))
    for at in range(len(parent)):
        way = [at]
        while parent[way[-1]] >= 0:
            way.append(parent[way[-1]])
        assert family.depth[at] == len(way) - 1
        assert family.labels[family.group[at]] == "abcdefghi"[way[-1]]
        head = "abcdefghi"[way[-1 - level]] if len(way) > level else None
        assert told.get(at) == head


# ------------------------------------------------------------------------------- texts and tables


def test_accounts_share_a_text_or_several() -> None:
    """a and c have the same investor; b has two, with blanks around; d has none."""
    data = problem({"fund": ["north", "north ; south", "south", ""]}, 1)
    funds = made(data, column="fund")
    assert members(funds) == {"north": "ab", "south": "bc"}
    assert not funds.is_hierarchy


def test_a_separator_of_null_takes_the_cell_as_one_name() -> None:
    """North; South is one name; another sign parts at that sign."""
    data = problem({"fund": ["north; south", "north|x", "north; south"]}, 1)
    assert members(made(data, column="fund", separator=None)) == {
        "north; south": "ac",
        "north|x": "b",
    }
    assert members(made(data, column="fund", separator="|")) == {
        "north": "b",
        "north; south": "ac",
        "x": "b",
    }


def test_cells_of_nothing_but_separators_are_in_no_group() -> None:
    """And a name twice in a cell is there once."""
    data = problem({"fund": [";", " ; ", "x;x"]}, 1)
    assert members(made(data, column="fund")) == {"x": "c"}


def test_groups_listed_in_a_table() -> None:
    """Rows in any order; a is in two groups."""
    table = pd.DataFrame({"who": ["b", "a", "a"], "team": ["x", "y", "x"]})
    data = problem({"revenue": [1.0, 2.0, 3.0]}, 1, tables={"teams": table})
    teams = made(data, table="teams", account="who", group="team")
    assert members(teams) == {"x": "ab", "y": "a"}
    assert teams.account.tolist() == [0, 0, 1]


def test_rows_that_say_nothing_new_are_faults() -> None:
    """No account, no group, an unknown account, and a row said again."""
    table = pd.DataFrame(
        {"account": ["", "a", "zz", "a", "a", "b"], "group": ["x", "", "x", "y", "y", "x"]}
    )
    data = problem({"revenue": [1.0, 2.0]}, 1, tables={"t": table})
    empty = "write one, or delete the row"
    assert refusal(data, table="t") == [
        ("groups.g, table 't', record 1", "it names no account", empty),
        ("groups.g, table 't', record 2", "it names no group", empty),
        (
            "groups.g, table 't', record 3",
            "there is no account 'zz'",
            "write the id of an account, or select the rows of the table with where",
        ),
        ("groups.g, table 't', record 5", "it says again that 'a' is in 'y'", "delete it"),
    ]


def test_the_columns_that_groups_read() -> None:
    """Each once, as text."""
    specs = {
        "family": spec(parent="hq"),
        "again": spec(parent="hq"),
        "fund": spec(column="fund"),
        "user": spec(table="t", account="who"),
    }
    assert needed_columns(specs) == (
        Column("accounts", "hq", "text"),
        Column("accounts", "fund", "text"),
        Column("tables.t", "who", "text"),
        Column("tables.t", "group", "text"),
    )


# --------------------------------------------------------------------------------- groups for rules


def some() -> Groups:
    """x holds a, b, c; y holds c, d; z holds e."""
    return Groups(("x", "y", "z"), np.array([0, 1, 2, 2, 3, 4]), np.array([0, 0, 0, 1, 1, 2]))


def test_groups_that_cannot_break_a_rule_are_left_out() -> None:
    """Without b: x has a and c left, y has c and d; with more than one, z is gone."""
    bound = binding(some(), np.array([True, False, True, True, True]), 1)
    assert members(bound) == {"x": "ac", "y": "cd"}
    assert members(binding(some(), np.ones(5, dtype=bool), 2)) == {"x": "abc"}
    assert binding(some(), np.zeros(5, dtype=bool), 1).labels == ()


def test_accounts_of_two_groups_hold_them_together() -> None:
    """c is in x and y: a, b, c, d are one; f is in no group."""
    label = united(some(), 6)
    assert len(set(label[:4])) == 1
    assert label[4] not in (label[0], -1)
    assert label[5] == -1
    assert united(Groups((), np.zeros(0, int), np.zeros(0, int)), 2).tolist() == [-1, -1]


# ------------------------------------------------------------------------------------- in scenarios

DATA = {
    "accounts": {"records": [{"account_id": "a"}]},
    "reps": {"records": [{"rep_id": "r"}]},
}


def scenario(**groups: Any) -> Scenario:
    return Scenario.from_dict({"name": "x", "data": DATA, "groups": groups})


def test_groups_survive_being_written_and_read() -> None:
    """Every form, defaults written out, and another fingerprint than without groups."""
    one = scenario(
        family={"parent": "P", "outside": "group"}, fund={"column": "F"}, u={"table": "t"}
    )
    assert Scenario.from_dict(one.to_dict()) == one
    assert one.to_dict()["groups"] == {
        "family": {"parent": "P", "outside": "group"},
        "fund": {"column": "F", "separator": ";"},
        "u": {"table": "t", "account": "account", "group": "group"},
    }
    assert one.fingerprint() != scenario().fingerprint()


def test_a_layer_changes_groups_in_part_or_drops_them() -> None:
    """outside is set on top of the parent below; null removes."""
    start = {"name": "x", "data": DATA, "groups": {"family": {"parent": "P"}, "g": {"column": "c"}}}
    sets = ["groups.family.outside=group", "groups.g=null"]
    assert Scenario.from_dict(start, sets=sets).to_dict()["groups"] == {
        "family": {"parent": "P", "outside": "group"}
    }


@pytest.mark.parametrize(
    ("given", "what", "fix"),
    [
        ({}, "it does not say in one way who belongs together", "give exactly one of parent"),
        ({"parent": "P", "column": "c"}, "it does not say in one way", "give exactly one of"),
        ({"parent": "P", "outsid": "group"}, "unknown key 'outsid'", "did you mean 'outside'?"),
        ({"parent": "P", "outside": "x"}, "is not 'fault' or 'group'", "write 'fault' or 'group'"),
        ({"column": 3}, "3 is not text", "put it in quotes: '3'"),
        ("family", "it does not say in one way", "give exactly one of"),
    ],
)
def test_groups_that_say_nothing_are_refused(given: Any, what: str, fix: str) -> None:
    """Each with its place and the way out."""
    with pytest.raises(Exception, match=r"groups\.family") as error:
        scenario(family=given)
    assert what in str(error.value)
    assert f"fix: {fix}" in str(error.value)
