"""Deriving: the order of need, what files must hold, and every fault at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measures_toys import formula, measure, objected, shop
from toys import problem

from optiterr.errors import DataError, SpecError
from optiterr.measures import Measure, measure_class, registry
from optiterr.measures.checking import RESERVED
from optiterr.measures.deriving import derive, needed_columns
from optiterr.measures.needs import order
from optiterr.problem import Column, Problem


def test_every_measure_is_known_by_its_kind() -> None:
    """Each has a law, algebra unless it is the user's own, and every field described."""
    shipped = {kind: one for kind, one in registry().items() if "optiterr" in one.__module__}
    assert {"affinity", "cadence", "formula", "index", "lookup", "score"} <= set(shipped)
    for kind, one in shipped.items():
        assert (one.__doc__ or "").strip().split("\n\n")[0].endswith(".")
        assert one.algebra or kind == "formula"
        for name, field in one.model_json_schema()["properties"].items():
            assert name == "kind" or field.get("description"), f"{kind}.{name}"


def test_an_unknown_kind_has_a_nearest_one() -> None:
    """Or the list of all."""
    with pytest.raises(SpecError, match=r"unknown kind 'formla'\n.*did you mean 'formula'"):
        measure_class("formla")
    with pytest.raises(SpecError, match="known kinds: affinity, cadence, formula, index, lookup"):
        measure_class("zzz")


def test_two_measures_of_one_kind_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second is named."""

    class Other(Measure):
        kind: str = "score"

    registry.cache_clear()
    try:
        with pytest.raises(SpecError, match="both define it"):
            registry()
    finally:
        Other.model_fields["kind"].default = None
        registry.cache_clear()


def test_measures_come_after_those_they_read() -> None:
    """Else in the order written."""
    made = {
        "c": formula("a + b"),
        "b": formula("a * 2"),
        "d": formula("1"),
        "a": formula("visits"),
        "e": formula("pair.f"),
        "f": formula("a * rep.quota"),
    }
    assert order(made) == ("d", "a", "f", "b", "e", "c")
    data = derive(made, shop())
    assert data.account_number("c").tolist() == [3.0, 6.0, 0.0]
    assert data.pair_number("e").tolist() == [5.0, 10.0, 10.0, 20.0, 0.0, 0.0]
    assert data.is_pair_column("e")
    assert list(data.pair_measures) == ["f", "e"]


def test_the_problem_given_is_left_alone() -> None:
    """Deriving makes a new one; without measures it is the same."""
    data = shop()
    made = derive({"m": formula("visits")}, data)
    assert "m" not in data.accounts
    assert "m" in made.accounts
    assert derive({}, data) is data


def test_circles_are_refused() -> None:
    """One of two, one of itself; measures that only hang on them are not told."""
    made = {
        "a": formula("b + 1"),
        "b": formula("a + 1"),
        "c": formula("c * 2"),
        "d": formula("a + c"),
    }
    with pytest.raises(SpecError) as error:
        order(made)
    assert str(error.value) == (
        "measures.a: it cannot be worked out: a needs b needs a\n"
        "    fix: work one of them out without the others\n"
        "measures.c: it cannot be worked out: c needs itself\n"
        "    fix: read a column of another name, or call the measure otherwise"
    )
    with pytest.raises(SpecError):
        derive(made, shop())


def test_what_files_must_hold() -> None:
    """What rules ask for and measures read, without the measures themselves."""
    made = {"effort": formula("visits * 2"), "trip": formula("effort * distance_km")}
    asked = [Column("accounts", "effort"), Column("measure", "trip"), Column("reps", "effort")]
    found = {(one.table, one.name) for one in needed_columns(made, asked)}
    assert found == {
        ("reps", "effort"),
        ("accounts", "visits"),
        *((table, name) for table in ("accounts", "reps") for name in ("latitude", "longitude")),
    }


def test_unknown_columns_are_told_with_the_nearest() -> None:
    """All of them, of accounts, of reps and of pairs."""
    made = {"m": formula("vists * rep.qouta"), "n": formula("hours")}
    with pytest.raises(DataError) as error:
        derive(made, shop())
    assert [str(fault) for fault in error.value.faults] == [
        "measure 'm', data.accounts: there is no column or measure 'vists'\n"
        "    fix: did you mean 'visits'?",
        "measure 'm', data.reps: there is no column or measure 'qouta'\n"
        "    fix: did you mean 'quota'?",
        "measure 'n', data.accounts: there is no column or measure 'hours'\n"
        "    fix: known: accounts, account_id, owner_id, visits, revenue, segment, key, latitude, "
        "longitude, m, n",
    ]
    late = derive({"m": formula("pair.margin"), "k": formula("distance_km")}, shop())
    with pytest.raises(DataError, match=r"data\.pairs: there is no column or measure 'margin'"):
        late.pair_number("m")


def test_the_count_of_accounts_is_a_number_only() -> None:
    """There is no text of that name unless a file has it."""
    one = measure("lookup", lookup="accounts", values={"A": 1})
    with pytest.raises(DataError, match="there is no column or measure 'accounts'"):
        derive({"m": one}, shop())
    with pytest.raises(DataError, match="there is no column or measure 'accounts'"):
        derive({"m": formula("if(accounts == 'A', 1, 0)")}, shop())


def test_every_faulty_measure_is_told_and_what_hangs_on_it_is_not() -> None:
    """Two divide by zero; a third needs one of them."""
    made = {
        "a": formula("1 / visits"),
        "b": formula("a + 1"),
        "c": formula("2 / visits"),
        "d": formula("visits"),
    }
    with pytest.raises(DataError) as error:
        derive(made, shop())
    assert [fault.where.split(",")[0] for fault in error.value.faults] == [
        "measure 'a'", "measure 'c'",
    ]  # fmt: skip


def test_a_measure_cannot_be_called_like_a_column() -> None:
    """Which of the two would be meant?"""
    with pytest.raises(DataError) as error:
        derive({"revenue": formula("visits"), "b": formula("revenue * 2")}, shop())
    assert str(error.value) == (
        "measure 'revenue': accounts have a column 'revenue'\n    fix: give it another name"
    )


def test_measures_below_what_rules_can_use() -> None:
    """A capacity reads hours of at least 0; where nobody asks for that, any number will do."""
    made = {"m": formula("visits - 1"), "p": formula("rep.quota - 6")}
    data = derive(made, shop())
    assert data.account_number("m").tolist() == [0.0, 1.0, -1.0]
    with pytest.raises(DataError) as error:
        derive(made, shop(), [Column("accounts", "m")])
    assert str(error.value) == (
        "measure 'm', result: is below 0 for account c (the first: -1)\n"
        "    fix: rules read it as a number of at least 0; keep it there, for example with "
        "max(..., 0)"
    )
    late = derive(made, shop(), [Column("pairs", "p")])
    with pytest.raises(DataError, match="measure 'p', result: is below 0 for 3 pairs: a with r1"):
        late.pair_number("p")


def test_measures_read_as_what_they_are_not() -> None:
    """Of pairs as of accounts, of accounts as of pairs, as text."""
    made = {
        "trip": formula("distance_km"),
        "effort": formula("visits"),
        "a": formula("trip + 1"),
        "b": formula("pair.effort"),
        "c": formula("if(effort == 'x', 1, 0)"),
    }
    assert objected(made) == [
        (
            "reads 'trip' of accounts, and it is a measure of pairs of account and rep",
            "in a formula write pair.trip; else name a measure of accounts",
        ),
        (
            "reads 'effort' of pairs, and it is a measure of accounts",
            "in a formula write effort; else name a measure of pairs",
        ),
        (
            "reads the measure 'effort' as text, and a measure is a number",
            "read a column of the accounts, or compare the number",
        ),
    ]
    with pytest.raises(SpecError, match=r"measures.a: reads 'trip' of accounts"):
        derive(made, shop())


@pytest.mark.parametrize("name", RESERVED)
def test_names_that_mean_something_else(name: str) -> None:
    """A measure called accounts would be the count of accounts."""
    assert objected({name: formula("1")}) == [
        (f"the name {name!r} means something else in rules and formulas", "choose another name")
    ]


def listed() -> Problem:
    """Three of four pairs, each with a score."""
    return problem(
        {"visits": [1.0, 2.0]},
        {"quota": [5.0, 10.0]},
        pairs={
            ("a", "r1"): {"score": 0.5},
            ("a", "r2"): {"score": 0.25},
            ("b", "r1"): {"score": 1},
        },
    )


def test_measures_of_listed_pairs_are_missing_elsewhere() -> None:
    """(b, r2) is not in the file; a measure that does not read the file is known for it."""
    made = {
        "points": formula("pair.score * visits"),
        "twice": formula("pair.points * 2"),
        "free": formula("rep.quota"),
    }
    data = derive(made, listed())
    account, rep = np.array([0, 1, 1]), np.array([1, 0, 1])
    assert data.pair_number("twice").tolist() == [1.0, 0.5, 4.0]
    assert data.measured("points", account, rep)[:2].tolist() == [0.25, 2.0]
    assert np.isnan(data.measured("points", account, rep)[2])
    assert np.isnan(data.measured("twice", account, rep)[2])
    assert data.measured("free", account, rep).tolist() == [10.0, 5.0, 10.0]


def test_measures_survive_a_choice_of_pairs() -> None:
    """Fewer candidates, or the left-out ones, give the same numbers for the same pairs."""
    data = derive({"m": formula("revenue / rep.quota")}, shop())
    whole = data.pair_number("m")
    keep = np.array([True, False, False, True, True, False])
    assert data.keep(keep).pair_number("m").tolist() == whole[keep].tolist()
    assert data.full(np.array([2])).pair_number("m").tolist() == whole[4:].tolist()


def test_results_that_are_no_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a measure of somebody else's making gives back."""
    one = measure("lookup", lookup="segment", values={"A": 1, "B": 2})
    wrong: Any = lambda self, problem: np.array([1.0, np.nan, np.inf])  # noqa: E731
    monkeypatch.setattr(type(one), "values", wrong)
    with pytest.raises(DataError, match="'m', result: is no finite number for 2 accounts: b, c"):
        derive({"m": one}, shop())
