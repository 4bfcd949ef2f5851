"""Fit, worked by hand."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from pydantic import ValidationError
from toys import amounts, cost, messages, problem, refusal

from optiterr.rules.fit import Fit


def scored():
    """Scores of r1: 1 and 0.5; of r2: 0.25 and 0. Revenues 4 and 8."""
    return problem(
        {"revenue": [4.0, 8.0]},
        2,
        pairs={("a", "r1"): 1.0, ("a", "r2"): 0.25, ("b", "r1"): 0.5, ("b", "r2"): 0.0},
    )


def matched():
    """a is a bank in the north, b retail or bank in the south; r1 does banks, r2 retail, south."""
    return problem(
        {"industry": ["bank", "retail; bank"], "area": ["north", "south"]},
        {"does": ["bank", "retail"], "area": ["", "south;east"]},
    )


def test_fit_price_of_what_is_short_of_the_best():
    """r1 is 0 + 0.5 short, r2 0.75 + 1, at 10."""
    rule = Fit(score="value", price=10)
    assert cost(rule, scored(), a="r1", b="r1") == 5.0
    assert cost(rule, scored(), a="r2", b="r2") == 17.5
    assert amounts(rule, scored(), a="r2", b="r1") == {"r1": 0.5, "r2": 0.75}
    assert messages(rule, scored(), a="r2", b="r2") == [
        "rep r2 fits the accounts served at 0.12 of 1 on average, 1.75 points short in all"
    ]


def test_fit_price_weighted_by_a_measure():
    """0.75 of revenue 4 and 0.5 of revenue 8: 3 + 4."""
    rule = Fit(score="value", price=1, weight="revenue")
    assert cost(rule, scored(), a="r2", b="r1") == 7.0
    assert messages(rule, scored(), a="r2", b="r1")[0] == (
        "rep r1 fits the accounts served at 0.5 of 1 on average, 4 points short in all, "
        "weighted by revenue"
    )


def test_fit_holds_and_fails_and_bears_the_limit():
    """At least 0.5: r1 fits a (1) and b (exactly 0.5), r2 neither (0.25 and 0)."""
    rule = Fit(score="value", at_least=0.5)
    assert amounts(rule, scored(), a="r1", b="r1") == {}
    assert cost(rule, scored(), a="r1", b="r1") == 0.0
    assert amounts(rule, scored(), a="r2", b="r2") == {"r2": 0.75}
    assert cost(rule, scored(), a="r2", b="r1") == math.inf
    assert messages(rule, scored(), a="r2", b="r2") == [
        "rep r2 serves 2 accounts that fit below 0.5: a, b"
    ]


def test_fit_of_scores_up_to_another_best():
    """Of a best of 2, a score of 1 is 1 short."""
    assert cost(Fit(score="value", best=2, price=1), scored(), a="r1", b="r1") == 2.5


def test_fit_matches_any_word_in_common():
    """Industry: r1 matches both, r2 only b. Area: r1 none, r2 only b. Each column is a half."""
    rule = Fit(match={"industry": "does", "area": "area"}, price=1)
    assert cost(rule, matched(), a="r1", b="r1") == 1.0
    assert cost(rule, matched(), a="r2", b="r2") == 1.0
    assert cost(rule, matched(), a="r1", b="r2") == 0.5
    assert amounts(rule, matched(), a="r2", b="r2") == {"r2": 1.0}


def test_fit_match_with_weights():
    """Industry counts 3 of 4, area 1 of 4: r1 is a quarter short for each, r2 all of a."""
    rule = Fit(
        match={"industry": "does", "area": "area"}, weights={"industry": 3, "area": 1}, price=4
    )
    assert cost(rule, matched(), a="r1", b="r1") == 2.0
    assert cost(rule, matched(), a="r2", b="r2") == 4.0


def test_fit_match_as_a_hard_rule_says_who_may_serve_whom():
    """At least half: r1 may have both accounts (industry), r2 only b."""
    rule = Fit(match={"industry": "does", "area": "area"}, at_least=0.5)
    said = rule.eligible(matched())
    assert np.array_equal(said.may[said.kind], [[True, False], [True, True]])
    assert Fit(score="value", at_least=0.5).eligible(scored()) is None


def test_fit_of_zero_words_matches_nobody():
    """Neither an empty account value nor an empty rep value has a word in common."""
    data = problem({"industry": [None, ";", "bank"]}, {"does": ["bank", ""]})
    rule = Fit(match={"industry": "does"}, price=1)
    assert cost(rule, data, a="r1", b="r2", c="r1") == 2.0
    assert amounts(rule, data, a="r1", b="r1", c="r2") == {"r1": 2.0, "r2": 1.0}


def test_fit_of_empty_books_is_not_short():
    """Nobody assigned, or a pair without a score."""
    rule = Fit(score="value", price=1, at_least=0.5)
    assert amounts(rule, scored(), a=None, b="stranger") == {}


def test_fit_refuses_scores_beyond_the_best():
    """1.0 is no score where the best is 0.9."""
    assert refusal(Fit(score="value", best=0.9, price=1), scored()) == (
        "rule 'rule', pairs, column 'value': 1 score not between 0 and 0.9; "
        "the first is 1 for account 'a' and rep 'r1'\n"
        "    fix: correct the scores, or set best to the highest score there is"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"price": 1}, "fit needs either a score from the pairs file or columns to match"),
        ({"price": 1, "score": "s", "match": {"a": "b"}}, "fit needs either a score"),
        ({"score": "s"}, "fit needs a price for what is short of the best, an at_least, or both"),
        ({"price": 1, "match": {"a": "b"}, "best": 2}, "a match scores between 0 and 1: drop best"),
        ({"score": "s", "at_least": 2}, "at_least (2) is above the best score (1)"),
        (
            {"price": 1, "match": {"a": "b"}, "weights": {"c": 1}},
            "weights speak of ['c'], match of ['a']: name the same account columns",
        ),
        ({"score": "s", "at_least": 1, "weight": "w"}, "weight multiplies what is priced"),
    ],
)
def test_fit_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Fit(**fields)
    assert message in str(error.value)


def test_fit_of_accounts_that_name_the_rep_they_want():
    """a asks for r2, b for r1 or r2: one point short with r1 for a, none for b."""
    data = problem({"wants": ["r2", "r1;r2"]}, 2)
    rule = Fit(match={"wants": "rep_id"}, price=1)
    assert amounts(rule, data, a="r1", b="r1") == {"r1": 1.0}
    assert cost(rule, data, a="r1", b="r1") == 1.0
    assert cost(rule, data, a="r2", b="r2") == 0.0


def test_fit_of_many_distinct_words_stays_small():
    """3,000 cities, of which reps name 4: a full table of the cities would take 72 MB."""
    cities = [f"city {number}" for number in range(3_000)]
    rule = Fit(match={"city": "area"}, price=1)
    tracemalloc.start()
    common = rule._common(cities, ["city 1;city 2999", "nowhere", "", "city 7; city 1"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.argwhere(common).tolist() == [[1, 0], [1, 3], [7, 3], [2999, 0]]
    assert most < 10e6
    assert not rule._common(cities, [""]).any()


def sided():
    """Scores of r1: 1, 0.5 and 7 (nonsense); of r2: 0.25, 0 and 0. c is new; r2 is junior."""
    listed = {("a", "r1"): 1.0, ("a", "r2"): 0.25, ("b", "r1"): 0.5, ("b", "r2"): 0.0}
    return problem(
        {"state": ["old", "old", "new"]},
        {"grade": ["senior", "junior"]},
        pairs={**listed, ("c", "r1"): 7.0, ("c", "r2"): 0.0},
    )


def test_fit_of_some_accounts_minds_no_score_of_others():
    """c is new: its score of 7 is not looked at, and whoever serves it is not short."""
    rule = Fit(score="value", price=10, at_least=0.5, where={"state": "old"})
    assert cost(rule, sided(), a="r1", b="r1", c="r2") == 5.0
    assert cost(rule, sided(), a="r1", b="r1", c="r1") == 5.0
    assert amounts(rule, sided(), a="r1", b="r1", c="r1") == {"r1": 0.5}
    assert cost(rule, sided(), a="r1", b="r2", c="r1") == math.inf
    assert refusal(Fit(score="value", price=10), sided()) == (
        "rule 'rule', pairs, column 'value': 1 score not between 0 and 1; "
        "the first is 7 for account 'c' and rep 'r1'\n"
        "    fix: correct the scores, or set best to the highest score there is"
    )


def test_fit_of_some_reps_has_a_price_for_those_only():
    """Juniors are short 0.75 of a and 1 of b and c, at 4; seniors have no score below 0."""
    rule = Fit(score="value", price=4, where_rep={"grade": "junior"})
    assert cost(rule, sided(), a="r2", b="r2", c="r2") == 11.0
    assert cost(rule, sided(), a="r2", b="r1", c="r1") == 3.0
    assert amounts(rule, sided(), a="r2", b="r1", c="r1") == {"r2": 0.75}


def test_fit_of_a_match_for_some_accounts_and_reps():
    """Only of the north with reps of retail: a does not suit r2; b, of the south, is free."""
    rule = Fit(
        match={"industry": "does"},
        at_least=0.5,
        where={"area": "north"},
        where_rep={"does": "retail"},
    )
    assert cost(rule, matched(), a="r2", b="r2") == math.inf
    assert amounts(rule, matched(), a="r2", b="r2") == {"r2": 0.5}
    assert cost(rule, matched(), a="r1", b="r2") == 0.0
    said = rule.eligibility(matched())
    assert np.array_equal(said.may[said.kind], [[True, False], [True, True]])


def test_fit_of_a_derived_score():
    """Scores are worked out for any pair: 0.5 of r1, 1 of r2."""

    class Half:
        def at(self, problem, account, rep):
            return 0.5 + 0.5 * rep

    data = problem({"x": [1, 1]}, 2).with_(pair_measures={"match": Half()})
    assert cost(Fit(score="match", price=3), data, a="r1", b="r2") == 1.5
    assert amounts(Fit(score="match", price=3), data, a="r1", b="r2") == {"r1": 0.5}
