"""Skills, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, cost, messages, problem, refusal

from optiterr.rules.skills import Skills


def books():
    """a needs cloud at level 2 and bank, b needs bank, c nothing; r1 has all, r2 cloud at 1."""
    return problem(
        {"skills": ["cloud:2; bank", "bank", ""], "tier": [3.0, 1.0, 2.0]},
        {"skills": ["bank;cloud:3", "cloud"], "grade": [2.0, 3.0]},
    )


def test_skills_holds():
    """r1 has bank and cloud at 3; c needs nothing of r2."""
    assert amounts(Skills(), books(), a="r1", b="r1", c="r2") == {}
    assert cost(Skills(), books(), a="r1", b="r1", c="r2") == 0.0


def test_skills_fails_without_a_skill():
    """r2 lacks cloud at 2 and bank for a, and bank for b: three in all."""
    assert amounts(Skills(), books(), a="r2", b="r2", c="r2") == {"r2": 3.0}
    assert cost(Skills(), books(), a="r1", b="r2", c="r2") == math.inf
    assert messages(Skills(), books(), a="r2", b="r2", c="r2") == [
        "rep r2 serves 2 accounts without every skill needed: a (cloud:2, bank), b (bank)"
    ]


def test_skills_at_the_limit_of_a_level():
    """Level 2 is reached by 2, not by 1.999."""
    data = problem({"skills": ["x:2"]}, {"skills": ["x:2", "x:1.999"]})
    assert amounts(Skills(), data, a="r1") == {}
    assert amounts(Skills(), data, a="r2") == {"r2": 1.0}
    assert (cost(Skills(), data, a="r1"), cost(Skills(), data, a="r2")) == (0.0, math.inf)


def test_skills_compare_number_columns():
    """Tier 3 needs grade 3: r1 has 2. Tiers 1 and 2 are within both grades."""
    rule = Skills(needs=None, levels={"tier": "grade"})
    assert amounts(rule, books(), a="r1", b="r1", c="r1") == {"r1": 1.0}
    assert messages(rule, books(), a="r1", b="r1", c="r1") == [
        "rep r1 serves 1 account without every skill needed: a (grade)"
    ]
    assert cost(rule, books(), a="r2", b="r1", c="r1") == 0.0
    assert cost(rule, books(), a="r1", b="r1", c="r1") == math.inf


def test_skills_price_of_each_missing_one():
    """a lacks cloud:2 and bank with r2 (2), and with r1 the grade (1): at 5 each."""
    rule = Skills(levels={"tier": "grade"}, price=5)
    assert cost(rule, books(), a="r2", b="r1", c="r1") == 10.0
    assert cost(rule, books(), a="r1", b="r1", c="r1") == 5.0
    assert amounts(rule, books(), a="r2", b="r2", c="r1") == {"r2": 3.0}


def test_skills_zero_needs_are_met_by_anybody():
    """An account without needs may go to a rep without skills; empty entries count for nothing."""
    data = problem({"skills": [None, " ; "]}, {"skills": [None]})
    assert amounts(Skills(), data, a="r1", b="r1") == {}
    assert cost(Skills(), data, a="r1", b="r1") == 0.0


def test_skills_empty_books_break_nothing():
    """Nobody assigned is another rule's matter."""
    assert amounts(Skills(), books(), a=None, b=None, c=None) == {}


def test_skills_named_twice_count_once_at_the_highest_level():
    """'x;x:2' needs x at 2; having 'x:2;x' is having it at 2."""
    data = problem({"skills": ["x;x:2"]}, {"skills": ["x:2;x", "x"]})
    assert amounts(Skills(), data, a="r1") == {}
    assert amounts(Skills(), data, a="r2") == {"r2": 1.0}
    assert cost(Skills(price=1), data, a="r2") == 1.0


def test_skills_names_the_first_accounts():
    """Five are named, the rest counted."""
    data = problem({"skills": ["x"] * 7}, {"skills": ["y"]})
    assert messages(Skills(), data, **dict.fromkeys("abcdefg", "r1")) == [
        "rep r1 serves 7 accounts without every skill needed: "
        "a (x), b (x), c (x), d (x), e (x) and 2 more"
    ]


def test_skills_says_who_may_serve_whom():
    """Of the kinds of accounts, in order: a only r1, b only r1, c both."""
    said = Skills().eligible(books())
    assert np.array_equal(said.may[said.kind], [[True, False], [True, False], [True, True]])
    assert Skills(price=1).eligible(books()) is None


def test_skills_that_cannot_be_read():
    """All faults of both tables at once."""
    data = problem({"skills": ["x:high", ":2"]}, {"skills": ["y:nan"]})
    assert refusal(Skills(), data) == (
        "accounts, column 'skills': 'x:high' is no skill\n"
        "    fix: write 'skill' or 'skill:level' with a number as level\n"
        "accounts, column 'skills': ':2' is no skill\n"
        "    fix: write 'skill' or 'skill:level' with a number as level\n"
        "reps, column 'skills': 'y:nan' is no skill\n"
        "    fix: write 'skill' or 'skill:level' with a number as level"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"needs": None}, "skills needs the column that lists them, levels to compare, or both"),
        ({"separator": ":"}, "the separator cannot hold ':'"),
    ],
)
def test_skills_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Skills(**fields)
    assert message in str(error.value)


def sided():
    """Three banks, two of them gold; r1 and r2 cannot bank, and r2 is a generalist."""
    return problem(
        {"skills": ["bank", "bank", "bank"], "segment": ["gold", "", "gold"]},
        {"skills": ["", "", "bank"], "role": ["expert", "generalist", "expert"]},
    )


def test_skills_of_some_accounts_say_nothing_of_others():
    """b is not gold: anybody may serve it, the gold ones need r3."""
    rule = Skills(where={"segment": "gold"})
    assert amounts(rule, sided(), a="r3", b="r1", c="r3") == {}
    assert cost(rule, sided(), a="r3", b="r1", c="r3") == 0.0
    assert amounts(rule, sided(), a="r1", b="r1", c="r3") == {"r1": 1.0}
    assert cost(rule, sided(), a="r1", b="r1", c="r3") == math.inf
    said = rule.eligibility(sided())
    assert np.array_equal(
        said.may[said.kind], [[False, False, True], [True, True, True], [False, False, True]]
    )


def test_skills_of_some_reps_have_a_price_for_those_only():
    """Experts pay 4 for each skill missed: r1 with a and b 8, r2 nothing."""
    rule = Skills(where_rep={"role": "expert"}, price=4)
    assert cost(rule, sided(), a="r1", b="r1", c="r2") == 8.0
    assert amounts(rule, sided(), a="r1", b="r1", c="r2") == {"r1": 2.0}
    both = Skills(where={"segment": "gold"}, where_rep={"role": "expert"}, price=4)
    assert cost(both, sided(), a="r1", b="r1", c="r2") == 4.0
