"""Units: their algebra, and that mixing them is told with the place and both units."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from measures_toys import formula, measure, objected

from optiterr.measures.checking import Around, objections, units_of
from optiterr.measures.grammar import parse
from optiterr.measures.mixing import mixed, unit_of
from optiterr.units import PLAIN, Quantity, Undeclared, Unit, alike, product

UNITS = {
    "accounts": {
        "visits": "count", "hours_per_visit": "hours/count", "work": "hours", "rest": "hours",
        "revenue": "currency", "margin": "share",
    },
    "reps": {"speed": "km/hours", "quota": "currency"},
    "pairs": {"score": "points"},
}  # fmt: skip


def unit(text: str) -> tuple[str | None, list[tuple[str, str, str]]]:
    """The unit of a formula over the columns above, and what is told."""
    told: list[tuple[str, str, str]] = []

    def of(table: str, name: str) -> Quantity:
        known = UNITS[table].get(name)
        return Unit.of(known) if known else Undeclared((name,), (f"data.{table}.units.{name}",))

    found = unit_of(parse(text), of, lambda *one: told.append(one))
    if isinstance(found, Undeclared):
        return f"undeclared {', '.join(found.names)}", told
    return None if found is None else str(found), told


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("hours", "hours"),
        ("hours/count", "hours/count"),
        (" hours * count / km ", "count*hours/km"),
        ("count*hours/count", "hours"),
        ("1/hours", "1/hours"),
        ("hours^2/hours", "hours"),
        ("km^2", "km^2"),
        ("share", "share"),
        ("share*hours", "hours"),
        ("hours/hours", "share"),
        ("barrels", "barrels"),
    ],
)
def test_units_multiply_and_cancel(text: str, written: str) -> None:
    """A product is sorted by word; what cancels is gone; a share is a plain number."""
    assert str(Unit.of(text)) == written
    assert Unit.of(written) == Unit.of(text)


@pytest.mark.parametrize(
    "text", ["", "%", "hours per visit", "*hours", "hours//km", "2*hours", "h^x"]
)
def test_what_is_no_unit(text: str) -> None:
    """The message says how to write one."""
    with pytest.raises(ValueError, match=r"is no unit; write a word such as hours, days, currency"):
        Unit.of(text)


def test_powers_and_roots() -> None:
    """A square root of km^2 is km; of km it is half a power."""
    assert Unit.of("km^2").power(Fraction(1, 2)) == Unit.of("km")
    assert str(Unit.of("km").power(Fraction(1, 2))) == "km^1/2"
    assert Unit.of("km").power(Fraction(0)) == PLAIN


HOURS, COUNT, U, V = Unit.of("hours"), Unit.of("count"), Undeclared(("u",), ("pu",)), Undeclared(
    ("v",), ("pv",)
)  # fmt: skip
BOTH = Undeclared(("u", "v"), ("pu", "pv"))


@pytest.mark.parametrize(
    ("left", "right", "total", "times"),
    [
        (HOURS, HOURS, HOURS, Unit.of("hours^2")),
        (HOURS, COUNT, None, Unit.of("hours*count")),
        (HOURS, PLAIN, None, HOURS),
        (HOURS, "number", HOURS, HOURS),
        (PLAIN, "number", PLAIN, PLAIN),
        ("number", "number", "number", "number"),
        (U, "number", U, U),
        (U, V, BOTH, BOTH),
        (U, HOURS, None, U),
        (U, PLAIN, None, U),
    ],
)
def test_the_table_of_mixing(left: Any, right: Any, total: Any, times: Any) -> None:
    """Sums (None: refused) and products of a unit, a share, a number and something undeclared."""
    left, right, total_, times = (
        None if one == "number" else one for one in (left, right, total, times)
    )
    for first, second in ((left, right), (right, left)):
        if total is None:
            with pytest.raises(ValueError, match="; "):
                alike(first, second)
        elif total is BOTH:
            assert set(alike(first, second).names) == {"u", "v"}
        else:
            assert alike(first, second) == total_
        made = product(first, second)
        assert made == times or set(made.names) == {"u", "v"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("visits * hours_per_visit", "hours"),
        ("visits * hours_per_visit + work", "hours"),
        ("revenue / visits", "currency/count"),
        ("work / rest", "share"),
        ("work / rest + margin", "share"),
        ("work * 2 + 3", "hours"),
        ("2 * 3", None),
        ("max(work, 1)", "hours"),
        ("coalesce(work, rest, 0)", "hours"),
        ("if(revenue > 1000, work, rest)", "hours"),
        ("round(abs(-work))", "hours"),
        ("work ** 2", "hours^2"),
        ("work ** 0.1", "hours^1/10"),
        ("sqrt(work * rest)", "hours"),
        ("log(work / rest) + exp(margin)", "share"),
        ("distance_km / rep.speed", "hours"),
        ("2 * distance_km / unit(60, 'km/hours')", "hours"),
        ("visits * unit(0.5, 'hours/count')", "hours"),
        ("unit(other, 'hours') + work", "hours"),
        ("accounts", "undeclared accounts"),
        ("other * work", "undeclared other"),
        ("other + another", "undeclared other, another"),
        ("if(segment == 'A', 1, 2)", None),
        ("pair.score", "points"),
    ],
)
def test_the_unit_of_a_formula(text: str, found: str | None) -> None:
    """Nothing is mixed in these."""
    assert unit(text) == (found, [])


@pytest.mark.parametrize(
    ("text", "where", "what", "fix"),
    [
        (
            "work + visits",
            "formula, character 1, 'work + visits'",
            "hours and count do not go together",
            "bring both to one unit, for example with * unit(2, 'hours/count') behind what is in "
            "count",
        ),
        (
            "1 + max(work, revenue)",
            "formula, character 5, 'max(work, revenue)'",
            "hours and currency do not go together",
            "bring both to one unit, for example with * unit(2, 'hours/currency') behind what is "
            "in currency",
        ),
        (
            "if(work > revenue, 1, 2)",
            "formula, character 4, 'work > revenue'",
            "hours and currency do not go together",
            "bring both to one unit, for example with * unit(2, 'hours/currency') behind what is "
            "in currency",
        ),
        (
            "work - other",
            "formula, character 1, 'work - other'",
            "one side is in hours, and nothing says what 'other' is in",
            "declare the unit: data.accounts.units.other",
        ),
        (
            "work + margin",
            "formula, character 1, 'work + margin'",
            "hours and share do not go together",
            "bring both to one unit, for example with * unit(2, 'hours') behind what is in share",
        ),
        (
            "log(work)",
            "formula, character 1, 'log(work)'",
            "log takes a plain number, and this is in hours",
            "divide by one of its unit first: x / unit(1, 'hours')",
        ),
        (
            "unit(work, 'days')",
            "formula, character 1, \"unit(work, 'days')\"",
            "this is in hours already, not in days",
            "convert it: multiply with unit(2, 'days/hours')",
        ),
    ],
)
def test_mixed_units_are_told(text: str, where: str, what: str, fix: str) -> None:
    """The place in the formula, both units, and a way out."""
    assert unit(text)[1] == [(where, what, fix)]


def test_every_mix_is_told() -> None:
    """Two in one formula."""
    assert len(unit("(work + visits) * (work + revenue)")[1]) == 2


def test_units_pass_from_measure_to_measure() -> None:
    """Effort is in hours, so effort + revenue is refused, whichever is written first."""
    made = {
        "wrong": formula("effort + revenue"),
        "effort": formula("visits * hours_per_visit"),
    }
    assert objected(made, UNITS) == [
        (
            "formula, character 1, 'effort + revenue': hours and currency do not go together",
            "bring both to one unit, for example with * unit(2, 'hours/currency') behind what is "
            "in currency",
        )
    ]
    assert units_of({"effort": made["effort"]}, UNITS)["effort"] == "hours"


def test_the_unit_stated_is_the_unit_given() -> None:
    """It may be said of what is undeclared, and not against what is known."""
    assert objected({"m": formula("other * 2", unit="hours")}, UNITS) == []
    assert units_of({"m": formula("other * 2", unit="hours")}, UNITS)["m"] == "hours"
    assert objected({"m": formula("work", unit="currency")}, UNITS) == [
        (
            "unit: the result is in hours, and unit says currency",
            "write unit: hours, or bring the result to currency",
        )
    ]
    assert objected({"m": measure("lookup", lookup="s", values={"A": 1}, unit="hours")}) == []


def test_a_measure_without_a_unit_says_where_to_declare_it() -> None:
    """A lookup has none by itself."""
    made = {"base": measure("lookup", lookup="s", values={"A": 1}), "m": formula("base + work")}
    assert objected(made, UNITS) == [
        (
            "formula, character 1, 'base + work': one side is in hours, and nothing says what "
            "'base' is in",
            "declare the unit: measures.base.unit",
        )
    ]


def test_accounts_are_a_count() -> None:
    """The measure that counts each account as one."""
    assert units_of({"m": formula("accounts + visits")}, UNITS)["m"] == "count"


class Compares:
    """A rule that compares work with a rep column."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self.pairs = pairs

    def compares(self) -> tuple[tuple[str, str], ...]:
        return self.pairs


def test_rules_that_compare_two_units() -> None:
    """Hours of work against a quota in currency; rules that say nothing are left alone."""
    rules: dict[str, object] = {
        "hours": Compares(("work", "quota")),
        "fine": Compares(("revenue", "quota"), ("unknown", "quota"), ("work", "unknown")),
        "silent": object(),
    }
    assert [str(one) for one in mixed(rules, UNITS["accounts"], UNITS["reps"])] == [
        "rules.hours: compares 'work' in hours with the reps' 'quota' in currency\n"
        "    fix: name a measure in currency or a rep column in hours, or correct the units"
    ]
    (found,) = objections({"effort": formula("work * 2")}, Around(UNITS), rules)
    assert found.place == ("rules", "hours")
