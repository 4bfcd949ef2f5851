"""Coverage, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, assign, cost, messages, problem

from optiterr.rules.coverage import Coverage


def books():
    """Three accounts, two reps and a third who leaves."""
    return problem({"x": [1, 2, 3]}, 3, leaves=["r3"])


def test_coverage_holds():
    """Every account has a rep who stays."""
    assert amounts(Coverage(), books(), a="r1", b="r2", c="r2") == {}
    assert cost(Coverage(), books(), a="r1", b="r2", c="r2") == 0.0


def test_coverage_fails_without_a_rep():
    """b is served by nobody, c is not even named."""
    assert amounts(Coverage(), books(), a="r1", b=None) == {"b": 1.0, "c": 1.0}
    assert messages(Coverage(), books(), a="r1", b=None, c="r1") == ["no rep serves account b"]


def test_coverage_fails_with_a_stranger_and_with_a_leaver():
    """r9 is not in the roster; r3 leaves."""
    assert messages(Coverage(), books(), a="r9", b="r3", c="r1") == [
        "account a is served by r9, not in the roster",
        "account b is served by rep r3, who leaves",
    ]
    assert cost(Coverage(), books(), a="r1", b="r3", c="r1") == math.inf


def test_coverage_fails_with_a_pair_that_the_file_lacks():
    """The file has no pair of a and r2."""
    data = problem({"x": [1]}, 2, pairs={("a", "r1"): 1.0})
    assert amounts(Coverage(), data, a="r1") == {}
    assert messages(Coverage(), data, a="r2") == [
        "account a is served by rep r2, a pair not in the pairs file"
    ]


def test_coverage_fails_for_accounts_that_do_not_exist():
    """An assignment may not speak of accounts beyond the table."""
    assert messages(Coverage(), books(), a="r1", b="r1", c="r1", z="r1") == [
        "the assignment names account z, which is not in the accounts table"
    ]


def test_coverage_limit_of_findings():
    """Up to twenty accounts are named one by one; beyond, one finding counts them."""
    many = problem({"x": range(26)}, 1)
    twenty = dict.fromkeys("abcdefghijklmnopqrst")
    rest = dict.fromkeys("uvwxyz", "r1")
    assert len(amounts(Coverage(), many, **twenty, **rest)) == 20
    found = messages(Coverage(), many, **twenty, **{**rest, "u": None})
    assert found == [
        "no rep serves account a; so it is with 20 more accounts: b, c, d, e, f and 15 more"
    ]
    assert amounts(Coverage(), many, **twenty, **{**rest, "u": None}) == {"all": 21.0}


def test_coverage_of_zero_accounts_and_of_empty_books():
    """No account needs no rep; three accounts in empty books are three breaches."""
    assert amounts(Coverage(), problem({"x": []}, 1)) == {}
    assert list(Coverage().check("rule", books(), assign())) != []
    assert amounts(Coverage(), books()) == {"a": 1.0, "b": 1.0, "c": 1.0}


def test_coverage_leaves_only_reps_who_serve():
    """r3 leaves, so no kind of account may have r3."""
    said = Coverage().eligible(books())
    assert np.array_equal(said.may, [[True, True, False]])


def test_coverage_price_is_refused():
    """There is no plan with an account left out, so there is nothing to price."""
    with pytest.raises(ValidationError, match="coverage cannot have a price"):
        Coverage(price=1)
