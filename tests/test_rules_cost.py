"""Cost, worked by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from toys import amounts, cost, messages, problem

from optiterr.rules.cost import Cost


def books():
    """a costs 5 by r1 and 3 by r2; b costs 0 by r1 and brings 2 by r2."""
    return problem(
        {"x": [1, 1]},
        2,
        pairs={("a", "r1"): 5.0, ("a", "r2"): 3.0, ("b", "r1"): 0.0, ("b", "r2"): -2.0},
    )


def test_cost_holds_what_the_file_says():
    """5 + 0, 3 - 2 and 5 - 2."""
    rule = Cost(value="value")
    assert cost(rule, books(), a="r1", b="r1") == 5.0
    assert cost(rule, books(), a="r2", b="r2") == 1.0
    assert cost(rule, books(), a="r1", b="r2") == 3.0


def test_cost_price_multiplies_the_value():
    """3 - 2 at 4."""
    assert cost(Cost(value="value", price=4), books(), a="r2", b="r2") == 4.0


def test_cost_is_told_by_rep():
    """r1 pays 5 for a, r2 gains 2 with b."""
    rule = Cost(value="value")
    assert amounts(rule, books(), a="r1", b="r2") == {"r1": 5.0, "r2": -2.0}
    assert messages(rule, books(), a="r1", b="r2") == [
        "rep r1 serves 1 account at 5 value",
        "rep r2 serves 1 account at -2 value",
    ]


def test_cost_of_zero_and_of_empty_books():
    """A pair at 0 costs 0; nobody and strangers cost nothing."""
    assert amounts(Cost(value="value"), books(), b="r1") == {"r1": 0.0}
    assert amounts(Cost(value="value"), books(), a=None, b="stranger") == {}


def test_cost_without_a_price_is_refused():
    """It cannot be hard; left out, the price is 1."""
    assert Cost(value="value").price == 1.0
    with pytest.raises(ValidationError, match="a cost is priced by nature"):
        Cost(value="value", price=None)


def test_cost_of_some_accounts_and_reps_is_theirs_alone():
    """Of a only: 5 by r1, 3 by r2. Of r2 only: 3 - 2. Of a with r2 only: 3."""
    data = problem(
        {"tier": [1.0, 2.0]},
        {"team": ["east", "west"]},
        pairs={("a", "r1"): 5.0, ("a", "r2"): 3.0, ("b", "r1"): 0.0, ("b", "r2"): -2.0},
    )
    some = {"where": {"tier": 1}}, {"where_rep": {"team": "west"}}
    assert cost(Cost(value="value", **some[0]), data, a="r1", b="r2") == 5.0
    assert amounts(Cost(value="value", **some[0]), data, a="r1", b="r2") == {"r1": 5.0}
    assert cost(Cost(value="value", **some[1]), data, a="r2", b="r2") == 1.0
    assert amounts(Cost(value="value", **some[1]), data, a="r1", b="r2") == {"r2": -2.0}
    both = Cost(value="value", **some[0], **some[1])
    assert [cost(both, data, a=one, b="r2") for one in ("r1", "r2")] == [0.0, 3.0]
    assert amounts(both, data, a="r1", b="r2") == {}


def test_cost_of_a_derived_measure():
    """The fee is worked out: 1 for r1, 3 for r2."""

    class Fee:
        def at(self, problem, account, rep):
            return 1.0 + 2.0 * rep

    data = problem({"x": [1, 1]}, 2).with_(pair_measures={"fee": Fee()})
    assert cost(Cost(value="fee"), data, a="r1", b="r2") == 4.0
    assert amounts(Cost(value="fee"), data, a="r1", b="r2") == {"r1": 1.0, "r2": 3.0}
