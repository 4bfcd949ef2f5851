"""Span, worked by hand."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from toys import amounts, cost, findings, messages, problem, refusal

from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.rules.span import Span


def roster():
    """mia has r1, r2 and r3, noa has r4; r5 of kim leaves. r1 and r4 are seniors."""
    return problem(
        {"x": [1.0]},
        {
            "manager": ["mia", "mia", "mia", "noa", "kim"],
            "role": ["senior", "junior", "junior", "senior", "senior"],
        },
        leaves=["r5"],
    )


def test_span_holds():
    """3 and 1 lie between 1 and 3; kim has nobody who serves and is not judged."""
    rule = Span(by="manager", at_least=1, at_most=3)
    assert amounts(rule, roster(), a="r1") == {}
    assert cost(rule, roster(), a="r1") == 0.0


def test_span_fails_and_refuses_the_data():
    """mia has one too many, noa one too few: no plan could mend it, and both are named."""
    rule = Span(by="manager", at_least=2, at_most=2)
    assert refusal(rule, roster()) == (
        "rule 'rule': manager mia has 3 reps, not at least 2 and at most 2\n"
        "    fix: move reps in the roster, change the span, or give the rule a price\n"
        "rule 'rule': manager noa has 1 rep, not at least 2 and at most 2\n"
        "    fix: move reps in the roster, change the span, or give the rule a price"
    )
    assert amounts(rule, roster(), a="r1") == {"mia": 1.0, "noa": 1.0}
    assert {one.weight for one in findings(rule, roster(), a="r1")} == {Weight.BREACH}


def test_span_at_the_limit():
    """At most 3 bears mia's three, at most 2 does not."""
    assert cost(Span(by="manager", at_most=3), roster(), a="r4") == 0.0
    assert "manager mia has 3 reps, not at most 2" in refusal(
        Span(by="manager", at_most=2), roster()
    )


def test_span_price_of_each_rep_short_or_over():
    """At least 5: mia is 2 short, noa 4; at 1.5 that is 9 for every plan."""
    rule = Span(by="manager", at_least=5, price=1.5)
    assert amounts(rule, roster(), a="r1") == {"mia": 2.0, "noa": 4.0}
    assert cost(rule, roster(), a="r1") == cost(rule, roster(), a="r4") == 9.0
    assert messages(rule, roster(), a="r1") == [
        "manager mia has 3 reps, not at least 5",
        "manager noa has 1 rep, not at least 5",
    ]
    # At most 1: mia is 2 over.
    assert cost(Span(by="manager", at_most=1, price=1.5), roster(), a="r1") == 3.0


def test_span_counts_the_reps_it_speaks_to():
    """One junior each: mia has two, noa none, and is still judged."""
    rule = Span(by="manager", at_least=1, where_rep={"role": "junior"}, price=1)
    assert amounts(rule, roster(), a="r1") == {"noa": 1.0}
    assert cost(rule, roster(), a="r1") == 1.0


def test_span_of_zero_allows_nobody():
    """Nobody may report to mia or noa: 3 + 1 too many."""
    assert cost(Span(by="manager", at_most=0, price=1), roster(), a="r1") == 4.0
    assert cost(Span(by="manager", at_least=0, price=1), roster(), a="r1") == 0.0


def test_span_is_the_same_for_empty_books():
    """The roster decides, not the plan."""
    rule = Span(by="manager", at_least=2, price=1)
    assert amounts(rule, roster(), a=None) == amounts(rule, roster(), a="r4") == {"noa": 1.0}


def test_span_by_an_empty_cell_is_refused():
    """r2 reports to nobody; r3 does neither, and is not counted."""
    data = problem({"x": [1.0]}, {"team": ["east", None, ""], "role": ["a", "a", "b"]})
    rule = Span(by="team", at_least=1, where_rep={"role": "a"})
    assert refusal(rule, data) == (
        "rule 'rule', rep 'r2': column 'team' is empty, so the rep counts for nobody\n"
        "    fix: name the team of every rep who serves, or leave the rep out with where_rep"
    )
    kept = Span(by="team", at_least=1, where_rep={"team": "east"})
    assert (amounts(kept, data, a="r1"), cost(kept, data, a="r1")) == ({}, 0.0)


def test_span_reads_its_column():
    """As text."""
    assert Span(by="region", at_most=4).reads() == (Column("reps", "region", "text"),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"by": "manager"}, "span needs an at_least, an at_most, or both"),
        ({"by": "manager", "at_least": 3, "at_most": 2}, "at_least (3) is above at_most (2)"),
        ({"by": "manager", "at_most": 2, "where": {"x": 1}}, "span counts reps, not accounts"),
        ({"by": "manager", "at_most": 2.5}, "valid integer"),
    ],
)
def test_span_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        Span(**fields)
    assert message in str(error.value)
