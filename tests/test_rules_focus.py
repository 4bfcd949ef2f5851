"""Focus, worked by hand."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules import focus
from optiterr.rules.focus import Focus


def books():
    """Industries bank, bank, retail and tech; e has none."""
    return problem(
        {"industry": ["bank", "bank", "retail", "tech", ""], "tier": [1.0, 2.0, 1.0, 1.0, 1.0]},
        {"team": ["east", "west"]},
    )


def test_focus_holds_in_one_industry():
    """r1 has two banks and e, which is in no industry; r2 has retail and tech."""
    rule = Focus(column="industry", at_most=2)
    plan = {"a": "r1", "b": "r1", "c": "r2", "d": "r2", "e": "r1"}
    assert amounts(rule, books(), **plan) == {}
    assert cost(rule, books(), **plan) == 0.0


def test_focus_fails_in_too_many():
    """r2 has bank, retail and tech: two beyond one. Two banks are one industry."""
    rule = Focus(column="industry", at_most=1)
    plan = {"a": "r1", "b": "r2", "c": "r2", "d": "r2", "e": "r2"}
    assert amounts(rule, books(), **plan) == {"r2": 2.0}
    assert cost(rule, books(), **plan) == math.inf
    assert messages(rule, books(), **plan) == [
        "rep r2 works in 3 values of industry, 2 more than the 1 allowed: bank, retail, tech"
    ]


def test_focus_at_the_limit():
    """Three of three industries are free, three of two are not."""
    all_to_one = dict.fromkeys("abcde", "r1")
    assert cost(Focus(column="industry", at_most=3), books(), **all_to_one) == 0.0
    assert cost(Focus(column="industry", at_most=2), books(), **all_to_one) == math.inf
    assert amounts(Focus(column="industry", at_most=2), books(), **all_to_one) == {"r1": 1.0}


def test_focus_price_of_each_category_beyond():
    """r1 has bank and retail (1 beyond), r2 bank and tech (1 beyond): 2 at 2.5."""
    rule = Focus(column="industry", at_most=1, price=2.5)
    plan = {"a": "r1", "b": "r2", "c": "r1", "d": "r2", "e": "r2"}
    assert amounts(rule, books(), **plan) == {"r1": 1.0, "r2": 1.0}
    assert cost(rule, books(), **plan) == 5.0
    assert {(one.weight, one.unit) for one in findings(rule, books(), **plan)} == {
        (Weight.PRICED, "values of industry")
    }


def test_focus_of_zero_allows_no_category():
    """Only e, which is in none, may be served by r2."""
    rule = Focus(column="industry", at_most=0, where_rep={"team": "west"})
    plan = dict.fromkeys("abcd", "r1")
    assert cost(rule, books(), **plan, e="r2") == 0.0
    assert cost(rule, books(), **{**plan, "d": "r2"}, e="r1") == math.inf


def test_focus_counts_the_accounts_it_speaks_of():
    """b has tier 2: r1 has bank by a alone. r2 has retail and tech."""
    rule = Focus(column="industry", at_most=1, where={"tier": 1})
    plan = {"a": "r2", "b": "r1", "c": "r1", "d": "r2", "e": "r1"}
    # r1: bank (b, not spoken of) and retail: 1 counted; r2: bank and tech: 2
    assert amounts(rule, books(), **plan) == {"r2": 1.0}
    assert cost(rule, books(), **plan) == math.inf


def test_focus_of_empty_books_is_kept():
    """Nobody serves, or a stranger does: no rep of the roster works in anything."""
    rule = Focus(column="industry", at_most=0)
    assert amounts(rule, books(), **dict.fromkeys("abcde")) == {}
    assert amounts(rule, books(), **dict.fromkeys("abcde", "stranger")) == {}


def test_focus_of_empty_cells_only_needs_no_rows():
    """A column without any text asks nothing, empty or missing."""
    data = problem({"industry": ["", None]}, 2)
    assert cost(Focus(column="industry", at_most=0), data, a="r1", b="r2") == 0.0


def test_focus_says_nothing_of_reps_who_leave():
    """r2 leaves with two industries in today's book."""
    data = problem({"industry": ["x", "y"]}, 2, leaves=["r2"])
    assert amounts(Focus(column="industry", at_most=1), data, a="r2", b="r2") == {}
    listed = problem({"industry": ["x"]}, 2, leaves=["r2"], pairs={("a", "r2"): 0.0})
    assert cost(Focus(column="industry", at_most=0), listed, a="r2") == 0.0


def test_focus_has_rows_only_where_a_rep_could_have_too_many():
    """r2 can only be given the banks: one industry. r1 can be given both industries."""
    listed = {("a", "r1"): 0.0, ("a", "r2"): 0.0, ("b", "r1"): 0.0}
    data = problem({"industry": ["bank", "retail"]}, 2, pairs=listed)
    (block,) = compile_model({"rule": Focus(column="industry", at_most=1)}, data).model.blocks
    assert block.labels == ("r1: a", "r1: b")


def test_focus_keeps_every_text_apart_as_written():
    """'x;y' is a category of its own."""
    data = problem({"industry": ["x", "x;y"]}, 1)
    assert amounts(Focus(column="industry", at_most=1), data, a="r1", b="r1") == {"r1": 1.0}


def test_focus_names_the_first_categories():
    """Five are named, the rest counted."""
    data = problem({"zip": list("tuvwxyz")}, 1)
    assert messages(Focus(column="zip", at_most=2), data, **dict.fromkeys("abcdefg", "r1")) == [
        "rep r1 works in 7 values of zip, 5 more than the 2 allowed: t, u, v, w, x and 2 more"
    ]


def test_focus_reads_its_column():
    """As text, so that ZIP codes keep their zeros."""
    assert Focus(column="zip", at_most=1).reads() == (Column("accounts", "zip", "text"),)


def test_focus_with_too_many_rows_is_refused(monkeypatch):
    """Both reps can have each of four accounts in three industries: 8 pairs, and 8 are allowed."""
    monkeypatch.setattr(focus, "MOST_ROWS", 8)
    assert (
        cost(
            Focus(column="industry", at_most=1),
            books(),
            **dict.fromkeys("abe", "r1"),
            c="r2",
            d="r2",
        )
        == math.inf
    )
    monkeypatch.setattr(focus, "MOST_ROWS", 7)
    assert refusal(Focus(column="industry", at_most=1), books()) == (
        "rule 'rule': focus needs a row for each of 8 pairs; 7 are the most\n"
        "    fix: ask for fewer candidates for each account, or narrow the rule with where"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"column": "zip"}, "at_most"),
        ({"column": "zip", "at_most": -1}, "greater than or equal to 0"),
        ({"column": "zip", "at_most": 1.5}, "valid integer"),
        ({"column": "", "at_most": 1}, "at least 1 character"),
    ],
)
def test_focus_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Focus(**fields)
    assert message in str(error.value)
