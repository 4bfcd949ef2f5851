"""Formulas: what they mean, what they refuse, and that no text does anything else."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measures_toys import formula, pair_values, refusal, shop, values
from pydantic import ValidationError
from toys import problem

from optiterr.measures.grammar import DEEPEST, LONGEST, parse
from optiterr.measures.tokens import FormulaError

ONE = {"x": [3.0], "y": [4.0]}


def one(text: str, **columns: float) -> float:
    """The value of a formula for a single account."""
    cells = {name: [cell] for name, cell in columns.items()} or ONE
    return values(formula(text), problem(cells, 1))[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x + y * 2", 11.0),
        ("(x + y) * 2", 14.0),
        ("y - x - 1", 0.0),
        ("y / x / 2", 4 / 6),
        ("-x ** 2", -9.0),
        ("2 * -x", -6.0),
        ("--x + +y", 7.0),
        ("y ** 0.5", 2.0),
        ("y ** -1", 0.25),
        ("min(x, y, 1)", 1.0),
        ("max(x, y)", 4.0),
        ("abs(x - y)", 1.0),
        ("sqrt(x ** 2 + y ** 2)", 5.0),
        ("log(exp(x))", 3.0),
        ("round(10 / x)", 3.0),
        ("round(10 / x, 2)", 3.33),
        ("round(2.5)", 2.0),
        ("if(x < y, 1, 2)", 1.0),
        ("if(x < 3.5 < y, 1, 2)", 1.0),
        ("if(x == 3 and not y > 4, 1, 2)", 1.0),
        ("if(x > 3 or y >= 5 or x != y, 1, 2)", 1.0),
        ("account.x + account['y']", 7.0),
        ("1e2 + .5", 100.5),
        ("unit(x, 'hours') + 1", 4.0),
    ],
)
def test_what_a_formula_means(text: str, value: float) -> None:
    """With x = 3 and y = 4."""
    assert one(text) == pytest.approx(value, abs=1e-12)


def test_names_with_blanks_and_words_of_python() -> None:
    """Any name can stand in brackets; words that mean something in Python mean nothing here."""
    cells = {"Annual Revenue": [12.0], "class": [2.0], "min": [3.0]}
    assert values(formula("account['Annual Revenue'] / class + min"), problem(cells, 1)) == [9.0]


def test_text_and_flags_are_conditions() -> None:
    """A and C are of segment A; the flag is true for A and C."""
    assert values(formula("if(segment == 'A', 5, 1)"), shop()) == [5.0, 1.0, 5.0]
    assert values(formula('if(segment != "A" or not key, 5, 1)'), shop()) == [1.0, 5.0, 1.0]
    assert values(formula("if(key, revenue, 0)"), shop()) == [10.0, 0.0, 60.0]


def test_a_number_written_out_stands_for_every_account() -> None:
    """No column is needed; accounts count as one each."""
    assert values(formula("7"), shop()) == [7.0, 7.0, 7.0]
    assert values(formula("accounts * 2"), shop()) == [2.0, 2.0, 2.0]


def test_formulas_of_pairs() -> None:
    """Six pairs in order; revenue 10, 20, 60 and quota 5, 10."""
    assert pair_values(formula("revenue / rep.quota"), shop()).tolist() == [2, 1, 4, 2, 12, 6]
    assert not formula("account.revenue").is_of_pairs
    assert formula("distance_km").is_of_pairs
    assert formula("pair.score").is_of_pairs


def test_distance_between_account_and_rep() -> None:
    """One degree on the equator: 6371.0088 km x pi / 180 = 111.195."""
    degree = 6371.0088 * math.pi / 180
    found = pair_values(formula("distance_km"), shop()) / degree
    assert found.tolist() == pytest.approx([0, 1, 1, 0, 2, 1])


def test_missing_cells_only_inside_coalesce() -> None:
    """The second cell is empty: filled by the formula, or an error that names the account."""
    data = problem({"x": [1.0, np.nan], "y": [5.0, 6.0]}, 1)
    assert values(formula("coalesce(x, 0) + 1"), data) == [2.0, 1.0]
    assert values(formula("coalesce(x * y, y, 0)"), data) == [5.0, 6.0]
    assert refusal(formula("x + 1"), data) == (
        "measure 'm', formula, character 1, 'x': is empty for account b\n"
        "    fix: fill the cells, or write coalesce(x, 0)"
    )
    assert "is empty for account b" in refusal(formula("coalesce(if(x > 1, 1, 2), 0)"), data)


def test_coalesce_tells_the_reader_that_cells_may_be_empty() -> None:
    """Its last argument and conditions must be there all the same."""
    read = {(one.name, one.missing) for one in formula("coalesce(x + if(y > 1, 1, 2), z)").reads()}
    assert read == {("x", True), ("y", False), ("z", False)}


def test_division_by_zero_names_accounts() -> None:
    """C has no visits."""
    assert refusal(formula("revenue / visits"), shop()) == (
        "measure 'm', formula, character 1, 'revenue / visits': is a division by zero for account c"
        "\n    fix: write max(visits, 1) for the divisor, or if(visits > 0, ..., 0)"
    )
    many = problem({"x": [0.0] * 8}, 1)
    assert "is a division by zero for 8 accounts: a, b, c, d, e and 3 more" in refusal(
        formula("1 / x"), many
    )


def test_division_by_zero_of_pairs_names_both_ends() -> None:
    """Quota less 5 is 0 for r1."""
    said = refusal(formula("revenue / (rep.quota - 5)"), shop())
    assert "is a division by zero for 3 pairs: a with r1, b with r1, c with r1" in said


def test_nothing_infinite_is_hidden_by_a_later_operation() -> None:
    """1 / (1 / 0) would be 0, and min(1 / 0, 5) would be 5: both are refused."""
    data = problem({"x": [0.0]}, 1)
    for text in ("1 / (1 / x)", "min(1 / x, 5)", "if(1 / x > 2, 1, 0)", "coalesce(1 / x, 1)"):
        assert "division by zero" in refusal(formula(text), data), text


def test_only_the_side_that_counts_is_worked_out() -> None:
    """Where a condition shields a division it is not made."""
    data = problem({"x": [0.0, 4.0]}, 1)
    assert values(formula("if(x > 0, 8 / x, 0)"), data) == [0.0, 2.0]
    assert values(formula("if(x > 0 and 8 / x > 1, 1, 0)"), data) == [0.0, 1.0]
    assert values(formula("if(x == 0 or 8 / x > 3, 1, 0)"), data) == [1.0, 0.0]
    assert values(formula("if(not (x > 0), 5, if(x > 3, 8 / x, 1))"), data) == [5.0, 2.0]


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("log(x)", "is the logarithm of no positive number", "write log(max(x, 1))"),
        ("sqrt(-y)", "is the root of a negative number", "write sqrt(max(-y, 0))"),
        ("(-y) ** 0.5", "is no number", "write max((-y), 1) for the base"),
        ("exp(1000 * y)", "is too large for a number", "divide by something, or check the data"),
        ("1e308 * 10 * y", "is too large for a number", "divide by something, or check the data"),
        ("(1e200 * y) ** 2", "is too large for a number", "divide by something"),
    ],
)
def test_what_is_no_number(text: str, what: str, fix: str) -> None:
    """With x = 0 and y = 4: each says why."""
    said = refusal(formula(text), problem({"x": [0.0], "y": [4.0]}, 1))
    assert f": {what} for account a\n    fix: {fix}" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "character 1: the formula ends too early; write a number, a column"),
        ("1 +", "character 4: the formula ends too early; write a number, a column"),
        ("1 + (2", "character 7: ')' is missing behind what the bracket opens; write ')' here"),
        ("x y", "character 3: 'y' cannot follow what stands before it; put + - * /"),
        ("2x", "character 2: 'x' cannot follow what stands before it; put + - * /"),
        ("* x", "character 1: '*' stands alone; write a number, a column"),
        ("maxx(1, 2)", "character 1: there is no function 'maxx'; did you mean 'max'?"),
        ("eval(1)", "character 1: there is no function 'eval'; known functions: if, min,"),
        ("max(1)", "character 1: max is given 1, and takes 2 or more; write max(a, b)"),
        ("if(x > 1, 2)", "character 1: if is given 2, and takes 3; write if(condition, value"),
        ("round(1, 2, 3)", "character 1: round is given 3, and takes 1 or 2; write round(x)"),
        ("round(x, y)", "character 10: round keeps 0 to 12 decimals; write round(x)"),
        ("x = 1", "character 3: '=' has no meaning here; write == to compare"),
        ("x ^ 2", "character 3: '^' has no meaning here; write ** for a power"),
        ("5 %", "character 3: '%' has no meaning here; write a share such as 0.05"),
        ("`x`", "character 1: '`' has no meaning here; write account['...']"),
        ("x == 'a", 'character 6: "\'" has no meaning here; close the quotes'),
        ("x ** y", "character 6: an exponent is a number of at most 10, and not 0; write it out"),
        ("x ** 11", "character 6: an exponent is a number of at most 10, and not 0; write it out"),
        ("x ** 0", "character 6: an exponent is a number of at most 10, and not 0; write it out"),
        ("x ** 2 ** 3", "character 8: a power of a power; multiply the two exponents"),
        ("x > 1", "character 1: a condition is no number; write if(condition, 1, 0)"),
        ("(x > 1) + 1", "character 1: a condition is no number; write if(condition, 1, 0)"),
        ("if(x + 1, 2, 3)", "character 4: a number is no condition; compare it, as in x > 0"),
        ("'x'", "character 1: text is no number; write account['x']"),
        ("if(x > 'a', 1, 2)", "character 4: text is compared with one column, by == or !=; write"),
        ("if(pair.x, 1, 2)", "character 4: a column of pairs is a number; compare it with a numb"),
        ("if('a' == pair.x, 1, 2)", "character 11: a column of pairs is a number; compare it"),
        ("account + 1", "character 1: 'account' is a table, not a number; write a column of it"),
        ("acount.x", "character 1: 'acount' is no table; did you mean 'account'?"),
        ("x.__class__", "character 1: 'x' is no table; write one of account, rep, pair"),
        ("rep.", "character 5: the name of a column is missing; write rep.revenue"),
        ("rep[1]", "character 5: a name in quotes is missing; write rep.revenue, or rep['Revenue"),
        ("rep[' ']", "character 5: the name is empty; write a column's name"),
        ("rep['x'", "character 8: ']' is missing behind the name; write ']' here"),
        ("unit(x, y)", "character 9: a unit is text; write unit(60, 'km/hours')"),
        ("unit(x, '%')", "character 9: '%' is no unit; write a word such as hours, days,"),
        ("1e999", "character 1: 1e999 is too large; write a smaller number"),
        ("(" * 60, "character 51: nested deeper than 50; split it into several measures"),
        ("x" * 2001, "the formula has 2,001 characters, more than 2,000; split it"),
    ],
)
def test_what_cannot_be_read(text: str, said: str) -> None:
    """Each says at which character, what and how to write it."""
    with pytest.raises(FormulaError) as error:
        parse(text)
    assert str(error.value).startswith(said)


def test_a_bad_formula_is_no_measure() -> None:
    """Pydantic reports it as any other bad setting."""
    with pytest.raises(ValidationError, match="there is no function 'maxx'; did you mean 'max'"):
        formula("maxx(1, 2)")


def test_long_sums_are_not_deep() -> None:
    """A thousand terms are one sum; fifty brackets are the limit."""
    assert one("+".join(["x"] * 990), x=2.0) == 1980.0
    assert one("(" * (DEEPEST - 1) + "x" + ")" * (DEEPEST - 1), x=2.0) == 2.0
    assert len("+".join(["x"] * 990)) < LONGEST


# ------------------------------------------------------------------------------- random formulas


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> tuple[str, str]:
    """A random formula and the same in Python."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        number = draw(st.sampled_from(["x", "y", "z", "0.5", "2.0", "3.25", "10.0"]))
        return number, number

    def inner() -> tuple[str, str]:
        return draw(formulas(depth - 1))

    shape = draw(
        st.sampled_from(["+", "-", "*", "/", "free", "sign", "**", "of two", "of one", "if"])
    )
    (a, b), (c, d) = inner(), inner()
    if shape == "free":
        op = draw(st.sampled_from(["+", "*", " - "]))
        return f"{a} {op}{c}", f"{b} {op}{d}"
    if shape == "sign":
        return f"-{a}", f"-{b}"
    if shape == "**":
        power = draw(st.sampled_from(["2", "3", "-1", "1"]))
        return f"({a})**{power}", f"({b})**{power}"
    if shape == "of two":
        name = draw(st.sampled_from(["max", "min"]))
        return f"{name}({a}, {c})", f"{name}({b}, {d})"
    if shape == "of one":
        name = draw(st.sampled_from(["abs", "round"]))
        return f"{name}({a})", f"float({name}({b}))"
    if shape == "if":
        test = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        more = draw(st.sampled_from(["", "not ", "1 < 2 and ", "3 < 2 or ", "not 2 > 1 or "]))
        (e, f), (g, h) = inner(), inner()
        return (
            f"if({more}{a} {test} {c}, {e}, {g})",
            f"(({f}) if ({more}{b} {test} {d}) else ({h}))",
        )
    return f"({a} {shape} {c})", f"({b} {shape} {d})"


def python_value(text: str, names: dict[str, float]) -> float | None:
    """What Python makes of it; None where it is undefined or too large."""
    try:
        found = eval(text, dict(names))
    except (ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


@settings(max_examples=400, deadline=None, derandomize=True)
@given(formulas(), *[st.sampled_from([0.0, 1.0, -1.5, 2.0, 7.25, -0.125]) for _ in range(3)])
def test_arithmetic_is_python_s(texts: tuple[str, str], x: float, y: float, z: float) -> None:
    """Random formulas give what Python gives, and are refused just where Python has no number."""
    names = {"x": x, "y": y, "z": z}
    data = problem({name: [cell] for name, cell in names.items()}, 1)
    expected = python_value(texts[1], names)
    if expected is None:
        assert " for account a" in refusal(formula(texts[0]), data)
    else:
        assert values(formula(texts[0]), data)[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="xyz01.+-*/()<>=!,'\"[] \n", max_size=60),
        st.lists(
            st.sampled_from(
                ["if(", "max(", "(", ")", ",", "x", "rep.", "account['x']", "**", "2", "-", "not",
                 "and", "unit(", "'km'", "==", "pair.s", "coalesce(", "distance_km", "__class__",
                 "lambda", "import"]
            ),
            max_size=25,
        ).map(" ".join),
    )
)  # fmt: skip
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    """Whatever is written is a formula or our error; nothing else can come out."""
    try:
        found = parse(text)
    except FormulaError as error:
        what, _, fix = str(error).partition("; ")
        assert what
        assert fix
    else:
        assert found.text == text


def test_a_million_accounts_are_quick() -> None:
    """Five operations over a million accounts in well under 0.2 s (best of three)."""
    count = 1_000_000
    cells = {name: np.linspace(1.0, 2.0, count) for name in ("x", "y", "z")}
    rows = replace(shop(), accounts=pd.DataFrame({"account_id": np.arange(count), **cells}))
    asked = formula("x * 2 + y / z - max(x, y)")
    spent = []
    for _ in range(3):
        begun = time.perf_counter()
        asked.values(rows)
        spent.append(time.perf_counter() - begun)
    assert min(spent) < 0.2
