"""Together: families, investors and containers with one rep, with few, or at a price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toys import amounts, assign, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.problem import Groups, Problem
from optiterr.rules import Rule, together
from optiterr.rules.pool import Pool
from optiterr.rules.together import Together

HIERARCHY = Groups(
    ("a", "e"),
    np.arange(5),
    np.array([0, 0, 0, 0, 1]),
    np.array([-1, 0, 0, 1, -1]),
    np.array([0, 1, 1, 2, 0]),
)
"""a over b and c, b over d; e is alone."""

FUNDS = Groups(("north", "south"), np.array([0, 1, 1, 2]), np.array([0, 0, 1, 1]))
"""north holds a and b, south holds b and c."""


def books(**groups: Groups) -> Problem:
    """Five accounts and three reps; two share a zip, one has none."""
    return problem(
        {"zip": ["10", "20", "10", "20", ""], "revenue": [1.0, 2.0, 3.0, 4.0, 5.0]},
        3,
        groups={"family": HIERARCHY, "fund": FUNDS, **groups},
    )


def test_a_family_with_one_rep_holds() -> None:
    """a, b, c, d with r1, and e, who belongs to no other, with r2."""
    rule = Together(group="family")
    assert findings(rule, books(), a="r1", b="r1", c="r1", d="r1", e="r2") == []
    assert cost(rule, books(), a="r1", b="r1", c="r1", d="r1", e="r2") == 0.0


def test_a_family_with_two_reps_fails() -> None:
    """a, c, d with r1 and b with r2: one rep more than one."""
    rule = Together(group="family")
    assert amounts(rule, books(), a="r1", b="r2", c="r1", d="r1", e="r1") == {"a": 1.0}
    assert messages(rule, books(), a="r1", b="r2", c="r1", d="r1", e="r1") == [
        "family a (4 accounts) is split over 2 reps: r1 3, r2 1"
    ]
    assert cost(rule, books(), a="r1", b="r2", c="r1", d="r1", e="r1") == float("inf")


def test_a_family_that_must_be_together_is_one_account_of_the_model() -> None:
    """Four accounts become one: two accounts and six pairs instead of five and fifteen."""
    compiled = compile_model({"family": Together(group="family")}, books())
    assert compiled.joined_by == ("family",)
    assert compiled.model.pairs.accounts == 2
    assert len(compiled.model.pairs) == 6
    assert compiled.model.rows == 0


def test_a_level_keeps_branches_together_and_frees_what_is_above() -> None:
    """From level 1 down: b with d is a branch, c is one of its own; a is above and free."""
    rule = Together(group="family", level=1)
    assert findings(rule, books(), a="r3", b="r1", c="r2", d="r1", e="r3") == []
    assert amounts(rule, books(), a="r1", b="r1", c="r1", d="r2", e="r1") == {"b": 1.0}
    assert cost(rule, books(), a="r3", b="r1", c="r2", d="r1", e="r3") == 0.0
    assert cost(rule, books(), a="r1", b="r1", c="r1", d="r2", e="r1") == float("inf")


def test_level_zero_is_the_whole_family() -> None:
    """The same as no level."""
    same = Together(group="family", level=0), Together(group="family")
    data = books()
    digests = [compile_model({"rule": rule}, data).model.digest() for rule in same]
    assert digests[0] == digests[1]


def test_a_level_below_everybody_asks_for_nothing() -> None:
    """Nobody is 7 deep."""
    rule = Together(group="family", level=7, price=1.0)
    assert cost(rule, books(), a="r1", b="r2", c="r3", d="r1", e="r1") == 0.0
    assert findings(rule, books(), a="r1", b="r2", c="r3", d="r1", e="r1") == []


def test_a_container_is_not_split_and_empty_cells_are_free() -> None:
    """a and c share zip 10, b and d zip 20; e has none and goes where it likes."""
    rule = Together(by="zip")
    assert findings(rule, books(), a="r1", b="r2", c="r1", d="r2", e="r3") == []
    assert messages(rule, books(), a="r1", b="r2", c="r2", d="r2", e="r3") == [
        "zip 10 (2 accounts) is split over 2 reps: r1 1, r2 1"
    ]


def test_exactly_at_the_limit_of_several_reps() -> None:
    """Two reps for a family of four are allowed, three are one too many."""
    rule = Together(group="family", most=2)
    assert findings(rule, books(), a="r1", b="r2", c="r1", d="r2", e="r3") == []
    assert cost(rule, books(), a="r1", b="r2", c="r1", d="r2", e="r3") == 0.0
    assert messages(rule, books(), a="r1", b="r2", c="r3", d="r1", e="r3") == [
        "family a (4 accounts) is split over 3 reps, 1 more than the 2 allowed: r1 2, r2 1, r3 1"
    ]
    assert cost(rule, books(), a="r1", b="r2", c="r3", d="r1", e="r3") == float("inf")


def test_price_of_each_rep_beyond_the_first() -> None:
    """Family a over three reps: 2 beyond one, at 4.5 each; a price of zero costs nothing."""
    plan = {"a": "r1", "b": "r2", "c": "r3", "d": "r1", "e": "r1"}
    assert amounts(Together(group="family", price=4.5), books(), **plan) == {"a": 2.0}
    assert cost(Together(group="family", price=4.5), books(), **plan) == 9.0
    assert cost(Together(group="family", price=4.5, most=2), books(), **plan) == 4.5
    assert cost(Together(group="family", price=0.0), books(), **plan) == 0.0


def test_each_fund_of_an_account_with_two_is_priced() -> None:
    """a, c with r1 and b, of both funds, with r2: either fund has one rep too many."""
    rule = Together(group="fund", price=3.0)
    plan = {"a": "r1", "b": "r2", "c": "r1", "d": "r1", "e": "r1"}
    assert amounts(rule, books(), **plan) == {"north": 1.0, "south": 1.0}
    assert cost(rule, books(), **plan) == 6.0


def test_funds_that_share_an_account_are_one() -> None:
    """As a must, b holds a and c together: three accounts of the model remain."""
    rule = Together(group="fund")
    assert compile_model({"fund": rule}, books()).model.pairs.accounts == 3
    assert amounts(rule, books(), a="r1", b="r1", c="r2", d="r1", e="r1") == {"south": 1.0}
    assert cost(rule, books(), a="r1", b="r1", c="r2", d="r1", e="r1") == float("inf")


def test_only_accounts_that_match_are_bound() -> None:
    """Without b (revenue 2) the family a, c, d may leave b out, but not c."""
    rule = Together(group="family", where={"revenue": {"not": 2}})
    assert findings(rule, books(), a="r1", b="r2", c="r1", d="r1", e="r1") == []
    assert cost(rule, books(), a="r1", b="r2", c="r1", d="r1", e="r1") == 0.0
    assert messages(rule, books(), a="r1", b="r2", c="r2", d="r1", e="r1") == [
        "family a (3 accounts) is split over 2 reps: r1 2, r2 1"
    ]


def test_a_group_of_one_or_of_nobody_is_free() -> None:
    """No row, no label; empty groups as well."""
    lonely = Groups(("x", "y"), np.array([0]), np.array([0]))
    for price in (None, 1.0):
        rule = Together(group="g", price=price)
        model = compile_model({"g": rule}, books(g=lonely)).model
        assert model.pairs.accounts == 5
        assert model.rows == 0


def test_empty_books_split_nothing() -> None:
    """Nobody serves anything."""
    for rule in (Together(group="family"), Together(group="family", price=1.0)):
        assert findings(rule, books(), a=None, b=None, c=None, d=None, e=None) == []


def test_an_open_account_parts_a_family_that_must_be_together() -> None:
    """Half served is a breach, all open is not; the model lets the family be open as a whole."""
    rules: dict[str, Rule] = {"family": Together(group="family"), "pool": Pool(price=1.0)}
    model = compile_model(rules, books()).model
    family = [model.choose([0, 0, 0, rep, 0])[0] for rep in (0, -1)]
    assert family[0] >= 0
    assert family[1] == -1
    assert (model.choose([-1] * 5) >= 0).all()
    assert messages(rules["family"], books(), a="r1", b="r1", c="r1", d=None, e="r1") == [
        "family a (4 accounts) is served in part: r1 3, nobody 1"
    ]
    assert amounts(rules["family"], books(), a="r1", b="r2", c="r1", d=None, e="r1") == {"a": 2.0}


def test_open_accounts_do_not_count_where_reps_are_counted() -> None:
    """r1 and nobody are one rep; r1, r2 and nobody are two."""
    rule = Together(group="family", price=1.0)
    assert findings(rule, books(), a="r1", b="r1", c=None, d=None, e="r1") == []
    assert messages(rule, books(), a="r1", b="r2", c=None, d=None, e="r1") == [
        "family a (4 accounts) is split over 2 reps: r1 1, r2 1, nobody 2"
    ]


def test_findings_are_breaches_or_priced() -> None:
    """Without a price the plan is not valid."""
    plan = assign(a="r1", b="r2", c="r1", d="r1", e="r1")
    for price, weight in ((None, Weight.BREACH), (1.0, Weight.PRICED)):
        (found,) = Together(group="family", price=price).check("rule", books(), plan)
        assert (found.weight, found.unit) == (weight, "reps")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "give either group or by"),
        ({"group": "family", "by": "zip"}, "give either group or by"),
        ({"by": "zip", "level": 1}, "level cuts a family; give group"),
        ({"by": "zip", "where_rep": {"team": "x"}}, "drop where_rep, and use where"),
        ({"by": "zip", "most": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_without_meaning_are_refused(fields: dict[str, Any], words: str) -> None:
    """Each with what to write instead."""
    with pytest.raises(ValueError, match=words):
        Together(**fields)


def test_unknown_groups_and_levels_of_what_has_none_are_refused() -> None:
    """The nearest name; and what would make them families."""
    assert refusal(Together(group="famly"), books()) == (
        "rule 'rule': there are no groups called 'famly'\n    fix: did you mean 'family'?"
    )
    assert refusal(Together(group="xyz"), books()).endswith("fix: add it under groups: {xyz: ...}")
    assert refusal(Together(group="fund", level=1), books()) == (
        "rule 'rule': level cuts families, and the groups called 'fund' have no parents\n"
        "    fix: drop level, or make them families with groups: {fund: {parent: ...}}"
    )


def test_more_rows_than_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 accounts of a family at 3 reps are 12 rows; a must with one rep needs none."""
    monkeypatch.setattr(together, "MOST_ROWS", 11)
    said = refusal(Together(group="family", price=1.0), books())
    assert "it needs 12 rows" in said
    assert "needs no rows" in said
    assert cost(Together(group="family"), books(), **dict.fromkeys("abcde", "r1")) == 0.0
