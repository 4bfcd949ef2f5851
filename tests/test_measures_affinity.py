"""Affinity worked by hand, its contributions, and the attributes that it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from measures_toys import formula, measure, objected, pair_values, refusal
from pydantic import ValidationError
from toys import problem

from optiterr.errors import OptiterrWarning
from optiterr.measures.checking import Around, objections, units_of
from optiterr.measures.deriving import derive
from optiterr.problem import Problem
from optiterr.protected import is_protected
from optiterr.rules.fit import Fit

PAST = pd.DataFrame(
    {
        "rep": ["r1"] * 4 + ["r2"] * 2 + ["left"] * 4,
        "won": ["true", "yes", "1", "false", "0", "no", "won", "lost", "lost", "lost"],
        "segment": ["bank"] * 4 + ["bank"] * 2 + ["farm"] * 4,
    }
)
"""Bank: r1 won 3 of 4, r2 0 of 2, so 3 of 6 in all. Farm: 1 of 4, by someone who left."""


def market(**tables: pd.DataFrame) -> Problem:
    """A bank, a farm that is also a shop, and a mill that nobody has worked for."""
    return problem(
        {"trade": ["bank", "farm; shop", "mill"], "size": [10.0, 20.0, 90.0]},
        {"knows": ["bank;mill", "shop"], "usual": [12.0, 50.0]},
        tables={"past": PAST, **tables},
    )


def affinity(**features: dict[str, Any]) -> Any:
    return measure("affinity", features=features)


EQUAL = {"kind": "equal", "account": "trade", "rep": "knows"}
NEAR = {"kind": "closeness", "account": "size", "rep": "usual", "width": 40}
RECORD = {"kind": "win_rate", "table": "past", "segment": "trade", "strength": 2}


def test_any_word_in_common() -> None:
    """r1 knows banks and mills, r2 shops."""
    assert pair_values(affinity(a=EQUAL), market()).tolist() == [1, 0, 0, 1, 1, 0]
    blank = problem({"trade": ["", ";"]}, {"knows": ["", ";"]})
    assert pair_values(affinity(a=EQUAL), blank).tolist() == [0, 0, 0, 0]


def test_closeness_falls_evenly() -> None:
    """Sizes 10, 20, 90 and 12, 50 with width 40: 1 - 2/40, 1 - 40/40, 1 - 8/40, 1 - 30/40, 0, 0."""
    assert pair_values(affinity(a=NEAR), market()) == pytest.approx([0.95, 0, 0.8, 0.25, 0, 0])


def test_features_are_averaged_by_weight() -> None:
    """Three parts of the first and one of the second: (3 x 1 + 0.95) / 4."""
    both = affinity(a={**EQUAL, "weight": 3}, b=NEAR)
    assert pair_values(both, market())[0] == pytest.approx(3.95 / 4)
    assert units_of({"m": both}, {}) == {"m": "share"}
    assert both.is_of_pairs


def test_win_rates_are_smoothed() -> None:
    """Strength 2. Bank: base 3/6, r1 (3 + 1) / (4 + 2), r2 (0 + 1) / (2 + 2). The farm's base is
    1/4 and neither rep has worked there; for the mill it is 4/10 of all."""
    data = market()
    data = replace(data, accounts=data.accounts.assign(trade=["bank", "farm", "mill"]))
    found = pair_values(affinity(a=RECORD), data)
    assert found == pytest.approx([4 / 6, 1 / 4, 0.25, 0.25, 0.4, 0.4])


def test_much_strength_leaves_the_base_and_little_the_record() -> None:
    """The bank's base is 0.5; r1 won 0.75 of it and r2 nothing."""
    much = pair_values(affinity(a={**RECORD, "strength": 1e9}), market())
    little = pair_values(affinity(a={**RECORD, "strength": 1e-9}), market())
    assert much[:2] == pytest.approx([0.5, 0.5])
    assert little[:2] == pytest.approx([0.75, 0.0], abs=1e-8)


def test_win_rates_without_segments() -> None:
    """All accounts are alike: base 4/10; r1 (3 + 0.8) / (4 + 2), r2 (0 + 0.8) / (2 + 2)."""
    one = affinity(a={"kind": "win_rate", "table": "past", "strength": 2})
    assert pair_values(one, market()) == pytest.approx([3.8 / 6, 0.2] * 3)


def test_win_rates_by_account() -> None:
    """The table names accounts: a and b are both banks, so their opportunities are one segment."""
    data = problem(
        {"trade": ["bank", "bank"]},
        2,
        tables={
            "past": pd.DataFrame(
                {"rep": ["r1", "r1", "r2"], "won": [True, False, False], "account": ["a", "b", "b"]}
            )
        },
    )
    record = {**RECORD, "by": "account"}
    # base 1/3; r1 (1 + 2/3) / (2 + 2), r2 (0 + 2/3) / (1 + 2)
    assert pair_values(affinity(a=record), data) == pytest.approx([5 / 12, 2 / 9] * 2)
    data.tables["past"].loc[2, "account"] = "bb"
    assert refusal(affinity(a=record), data) == (
        "measure 'm', table 'past', record 3: 'bb' is no account\n    fix: did you mean 'b'? give "
        "the table a segment column where accounts are gone"
    )


def test_open_opportunities_are_refused() -> None:
    """An empty result is neither won nor lost; a table without rows has no past."""
    data = market(past=PAST.assign(won=["", "true", "?", *["false"] * 7]))
    assert refusal(affinity(a=RECORD), data) == (
        "measure 'm', table 'past', record 1 and 1 more: '' is neither won nor lost\n"
        "    fix: write true or false; leave out opportunities that are still open"
    )
    assert "has no rows, so there is no past to learn from" in refusal(
        affinity(a=RECORD), market(past=PAST.iloc[:0])
    )


def scores(**columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"account": ["bank", "mill"], "rep": ["r1", "r2"], "score": [0.5, 1.0],
                         **columns})  # fmt: skip


def test_a_matrix_of_scores() -> None:
    """Bank with r1 0.5, mill with r2 1, all others 0.1."""
    given = {"kind": "matrix", "table": "t", "account": "trade", "otherwise": 0.1}
    assert pair_values(affinity(a=given), market(t=scores())).tolist() == [
        0.5, 0.1, 0.1, 0.1, 0.1, 1.0,
    ]  # fmt: skip
    del given["otherwise"]
    assert refusal(affinity(a=given), market(t=scores())) == (
        "measure 'm', table 't': there is no score for 4 pairs: a with r2, b with r1, b with r2, "
        "c with r1\n    fix: add it, or give otherwise"
    )


def test_a_matrix_that_is_wrong() -> None:
    """Scores outside 0 to 1, pairs listed twice, values that nobody has."""
    given = {"kind": "matrix", "table": "t", "account": "trade", "otherwise": 0}
    assert "table 't', record 2: the score is not between 0 and 1" in refusal(
        affinity(a=given), market(t=scores(score=[1.0, 1.5]))
    )
    twice = scores(account=["bank", "bank"], rep=["r1", "r1"])
    assert "record 2: account and rep are listed above already" in refusal(
        affinity(a=given), market(t=twice)
    )
    said = "feature 'a': table 't' names 'bnak', which no trade is"
    with pytest.warns(OptiterrWarning, match=said):
        derive({"m": affinity(a=given)}, market(t=scores(account=["bnak", "mill"])))


def test_contributions_add_up_and_show_the_sample() -> None:
    """Each feature of pairs (a, r1) and (b, r2): the sum is the affinity."""
    both = affinity(trade={**EQUAL, "weight": 3}, record=RECORD)
    data = market()
    account, rep = np.array([0, 1]), np.array([0, 1])
    table = both.contributions(data, account, rep)
    assert table["feature"].tolist() == ["trade", "trade", "record", "record"]
    assert table["weight"].tolist() == [0.75, 0.75, 0.25, 0.25]
    assert table["value"].tolist() == pytest.approx([1.0, 1.0, 4 / 6, 0.4])
    assert table["sample"].tolist() == [pd.NA, pd.NA, 4, 0]
    total = table.groupby(["account_id", "rep_id"])["contribution"].sum()
    assert total.tolist() == pytest.approx(both.at(data, account, rep).tolist())
    none = both.contributions(data, account[:0], rep[:0])
    assert list(none.columns) == list(table.columns)
    assert len(none) == 0


def test_affinity_of_some_pairs_is_that_of_all() -> None:
    """Left-out pairs are worked out in parts."""
    data, one = market(), affinity(a=EQUAL, b=NEAR, c=RECORD)
    whole = pair_values(one, data)
    part = one.at(data, data.pairs.account[3:], data.pairs.rep[3:])
    assert part.tolist() == whole[3:].tolist()
    assert one.at(data, data.pairs.account[:0], data.pairs.rep[:0]).tolist() == []


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({}, "at least 1 item"),
        ({"a": {**NEAR, "width": 0}}, "greater than 0"),
        ({"a": {**EQUAL, "weight": 0}}, "greater than 0"),
        ({"a": {"kind": "equals"}}, "equals"),
        ({"a": {"kind": "win_rate", "table": "t", "by": "account"}}, "add segment: the account"),
    ],
)
def test_what_is_no_affinity(features: dict[str, Any], said: str) -> None:
    """Weights and widths are above zero."""
    with pytest.raises(ValidationError, match=said):
        affinity(**features)


# ---------------------------------------------------------------------------- protected attributes


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("gender", "sex or gender"),
        ("Rep Gender", "sex or gender"),
        ("repgender", "sex or gender"),
        ("contactSex", "sex or gender"),
        ("SALUTATION", "sex or gender"),
        ("age", "age"),
        ("rep_age_2027", "age"),
        ("AgeGroup", "age"),
        ("BirthDate", "age"),
        ("date of birth", "age"),
        ("DOB", "age"),
        ("race", "race or ethnic origin"),
        ("ethnicity", "race or ethnic origin"),
        ("mother_tongue", "race or ethnic origin"),
        ("Nationality", "nationality or citizenship"),
        ("dual-citizenship", "nationality or citizenship"),
        ("national_origin", "nationality or citizenship"),
        ("religion", "religion or belief"),
        ("religious_view", "religion or belief"),
        ("marital_status", "family status"),
        ("is_pregnant", "family status"),
        ("number of children", "family status"),
        ("disability", "disability or health"),
        ("health_status", "disability or health"),
        ("sexual_orientation", "sexual orientation"),
        ("political_party", "political opinion"),
        ("union_member", "union membership"),
        ("veteran", "military status"),
    ],
)
def test_protected_names(name: str, attribute: str) -> None:
    """However the words are written together."""
    assert is_protected(name) == attribute


@pytest.mark.parametrize(
    "name",
    ["industry", "language", "education", "size", "interests", "stage", "account_age", "AgeOfDeal",
     "customer health", "manager", "package", "agency", "essex", "region", "average", "page",
     "company_birth_year", "workload", "coverage", "rep_id", "segment", "tenure", "trace"],
)  # fmt: skip
def test_names_that_are_not_protected(name: str) -> None:
    """Words that only look like one, and words that are about companies."""
    assert is_protected(name) is None


def test_protected_features_are_refused() -> None:
    """By the column's name, by the feature's own, on either side."""
    for one in (
        {"a": {**EQUAL, "rep": "rep_gender"}},
        {"a": {**EQUAL, "account": "contact_religion"}},
        {"age": NEAR},
        {"a": {**NEAR, "rep": "age"}},
        {"a": {**RECORD, "segment": "nationality"}},
    ):
        with pytest.raises(ValidationError, match="and people are not matched by that; use what"):
            affinity(**one)


def test_a_new_name_does_not_hide_an_attribute() -> None:
    """The file's name counts, for columns of accounts, of reps and of further tables."""
    one = {"m": affinity(a=EQUAL, b=RECORD)}
    for table, ours in (("reps", "knows"), ("accounts", "trade"), ("tables.past", "segment")):
        (said,) = objected(one, written={table: {ours: "Gender"}}, tables=("past",))
        assert said[0] == (
            f"column {ours!r}, which is 'Gender' in the file, seems to hold sex or gender, and "
            "people are not matched by that"
        )
        assert said[1].startswith("use what the work needs: industry, language, education,")


def test_a_measure_does_not_hide_an_attribute() -> None:
    """A feature made of a measure is made of what the measure reads."""
    made = {"years": formula("2027 - birth_year"), "m": affinity(a={**NEAR, "account": "years"})}
    assert "column 'birth_year' seems to hold age" in objected(made)[0][0]


def test_formulas_of_pairs_do_not_compare_people_by_it_either() -> None:
    """A formula of accounts alone compares nobody."""
    assert (
        "seems to hold sex or gender"
        in objected({"m": formula("if(rep.gender == 'f', 1, 0)")})[0][0]
    )
    assert objected({"m": formula("birth_year * 2")}) == []


def test_fit_refuses_protected_columns_too() -> None:
    """In match and in score; also under a new name."""
    for settings in ({"match": {"trade": "religion"}}, {"match": {"age": "x"}}, {"score": "race"}):
        with pytest.raises(ValidationError, match=r"seems to hold .* use what the work needs"):
            Fit.model_validate({"price": 1, **settings})
    fit = Fit(match={"trade": "likes"}, price=1)
    around = Around(written={"reps": {"likes": "Religion"}})
    (said,) = objections({}, around, {"fit": fit})
    assert said.place == ("rules", "fit")
    assert "which is 'Religion' in the file" in said.what


def test_tables_that_nobody_declared() -> None:
    """With the nearest one."""
    assert objected({"m": affinity(a=RECORD)}, tables=("pasts",)) == [
        ("there is no table 'past'", "did you mean 'pasts'?")
    ]
