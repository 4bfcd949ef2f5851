"""Value, worked by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from rulebook import DRAWS
from rulebook.problems import random_problem
from scipy.optimize import minimize
from test_rules_random import check_instance
from toys import amounts, assign, cost, findings, messages, problem, refusal

from optiterr.compile import compile_model
from optiterr.findings import Weight
from optiterr.problem import Column
from optiterr.response import first_error, line_error, marks
from optiterr.rules import rule_class
from optiterr.rules.earning import Books, earning
from optiterr.rules.selling import allocation
from optiterr.rules.value import Value

FINE = 1000
"""Points that make straight lines fall short by less than a millionth."""


def two_by_two():
    """Elasticity 1/2: a is worth 30² / 9 = 100, b 40² / 16 = 100; hours 36 and 64."""
    return problem({"sales": [30.0, 40.0], "n": [9.0, 16.0]}, {"capacity": [36.0, 64.0]})


def value(**fields):
    return Value(**{"sales": "sales", "elasticity": 0.5, "reference": "n", "points": FINE} | fields)


def exact(rule, data, **reps):
    """What the books earn, without straight lines."""
    return earning(rule, data, assign(**reps)).by_rep()


def test_value_of_books_of_two_by_two():
    """√(36 × 100) + √(64 × 100) = 60 + 80; the other way round the same; or √(64 × 200)."""
    rule, data = value(), two_by_two()
    assert exact(rule, data, a="r1", b="r2") == pytest.approx({"r1": 60.0, "r2": 80.0})
    assert exact(rule, data, a="r2", b="r1") == pytest.approx({"r1": 60.0, "r2": 80.0})
    assert exact(rule, data, a="r2", b="r2") == pytest.approx({"r1": 0.0, "r2": np.sqrt(12800)})
    # The ideal is √(100 × 200) = 141.42: r1 could earn (36/100 + 1/2) / 2 of it, 60.81.
    ideal = np.sqrt(20000)
    told = {"r1": 0.43 * ideal - 60.0, "r2": 0.57 * ideal - 80.0}
    assert amounts(rule, data, a="r1", b="r2") == pytest.approx(told, rel=1e-4)
    assert cost(rule, data, a="r1", b="r2") == pytest.approx(ideal - 140, rel=1e-4)
    assert cost(rule, data, a="r2", b="r2") == pytest.approx(ideal - np.sqrt(12800), rel=1e-5)


def test_value_holds_where_books_are_worth_what_their_hours_are():
    """Worth 36 and 64 beside 36 and 64 hours: every hour earns the same, nothing is lost."""
    data = problem({"sales": [18.0, 32.0], "n": [9.0, 16.0]}, {"capacity": [36.0, 64.0]})
    assert exact(value(), data, a="r1", b="r2") == pytest.approx({"r1": 36.0, "r2": 64.0})
    assert cost(value(), data, a="r1", b="r2") == pytest.approx(0.0, abs=1e-3)
    alone = problem({"sales": [18.0, 32.0], "n": [9.0, 16.0]}, {"capacity": [100.0]})
    assert amounts(value(points=5), alone, a="r1", b="r1") == {}


def test_value_that_fails_the_ideal_is_told():
    """r1 serves a, nobody serves b: what is told adds up to the ideal less 60."""
    rule, data = value(points=40), two_by_two()
    # Marks 8000 ^ (1/39) apart: at a half of all worth the line is 0.1 % low.
    assert messages(rule, data, a="r1", b=None) == [
        "rep r1 earns 59.93 sales in 36 hours with 1 account, 0.88 less than these could in "
        "ideal books",
        "rep r2 earns 0 sales in 64 hours with 0 accounts, 45.25 less than these could in ideal "
        "books",
        "1 account served by none of these reps earns nothing, 35.36 sales less than in ideal "
        "books",
        "books earn 60 sales of 141.42 in the ideal; counted by straight lines as 59.93",
    ]
    weights = [one.weight for one in findings(rule, data, a="r1", b=None)]
    assert weights == [Weight.PRICED] * 3 + [Weight.NOTE]


def one_of_a_thousand(sales=1.0):
    """a is worth 1² / 1, b 3² × 111 = 999: of r1's 1000 hours a deserves 1, the first mark."""
    columns = {"capacity": [1000.0, 9.0], "on": [1, 0]}
    return problem({"sales": [sales, 3.0], "n": [1.0, 1 / 111]}, columns)


def test_value_at_the_limit_of_the_first_line():
    """On a mark the lines are exact: √(1000 × 1) of √(1000 × 1000); below it they are straight."""
    rule, data = value(points=5, where_rep={"on": 1}), one_of_a_thousand()
    # r1 could earn 1000 (1/2 + 1/2 × 1/1000) = 500.5; b, with r2, 1000 × 1/2 × 999/1000.
    told = {"r1": 500.5 - 1000**0.5, "all": 499.5}
    assert amounts(rule, data, a="r1", b="r2") == pytest.approx(told)
    assert cost(rule, data, a="r1", b="r2") == pytest.approx(1000 - 1000**0.5)
    # A quarter of the worth: 1/4 of the height of the line, where the curve has 1/2.
    small = findings(rule, one_of_a_thousand(0.5), a="r1", b="r2")[-1].message
    assert small == (
        "books earn 15.81 sales of 999.62 in the ideal; counted by straight lines as 7.91"
    )


def test_value_of_zero_sales_and_zero_hours():
    """Nothing to earn costs nothing; a rep without hours earns nothing."""
    nothing = problem({"sales": [0.0, 0.0], "n": [0.0, 1.0]}, {"capacity": [3.0]})
    assert cost(value(), nothing, a="r1", b="r1") == 0.0
    assert findings(value(), nothing, a="r1", b="r1") == []
    idle = problem({"sales": [4.0], "n": [1.0]}, {"capacity": [0.0]})
    assert (cost(value(), idle, a="r1"), findings(value(), idle, a="r1")) == (0.0, [])
    one = problem({"sales": [4.0, 0.0], "n": [1.0, 1.0]}, {"capacity": [9.0, 0.0]})
    assert exact(value(), one, a="r2", b="r1") == {"r1": 0.0, "r2": 0.0}
    assert cost(value(), one, a="r2", b="r1") == 12.0


def test_value_of_empty_books_is_the_ideal_lost():
    """Nobody serves anyone: all of √(100 × 200) is lost; without accounts there is none."""
    found = amounts(value(), two_by_two(), a=None, b=None)
    assert sum(found.values()) == pytest.approx(np.sqrt(20000))
    none = problem({"sales": [], "n": []}, {"capacity": [5.0]})
    assert (cost(value(), none), findings(value(), none)) == (0.0, [])


def test_value_price_of_each_unit_lost():
    """Three times as dear."""
    data = two_by_two()
    once = cost(value(), data, a="r2", b="r2")
    assert cost(value(price=3), data, a="r2", b="r2") == pytest.approx(3 * once)
    assert cost(value(price=0), data, a="r2", b="r2") == 0.0


def test_value_without_reference_gives_each_account_an_equal_part():
    """100 hours for 2 accounts: sales as given at 50; 36 hours with a earn 30 √(36/50)."""
    found = exact(value(reference=None), two_by_two(), a="r1", b="r2")
    assert found == pytest.approx({"r1": 30 * 0.72**0.5, "r2": 40 * 1.28**0.5})


def team():
    """r1 owns a and b, r3 leaves and owns c, nobody owns d; r1 and r2 share a manager."""
    return problem(
        {"sales": [10.0, 10.0, 10.0, 10.0], "n": [1.0, 1.0, 1.0, 1.0]},
        {"capacity": [1.0, 1.0, 1.0, 1.0], "manager": ["mia", "mia", "mia", ""]},
        owner=["r1", "r1", "r3", None],
        leaves=["r3"],
    )


@pytest.mark.parametrize(
    ("reps", "earns"),
    [
        ({"a": "r1"}, {"r1": 10.0}),  # stays
        ({"a": "r4"}, {"r4": 8.0}),  # moves: a fifth is lost
        ({"a": "r2"}, {"r2": 9.0}),  # to a rep of the same manager: half of that
        ({"c": "r2"}, {"r2": 8.0}),  # the owner leaves: lost with everyone
        ({"d": "r2"}, {"r2": 10.0}),  # nobody's: nothing to lose
    ],
)
def test_value_of_an_account_that_changes_hands(reps, earns):
    """Transition loss by who owned the account, exactly and in the model alike."""
    rule, data = value(transition=0.2, same={"manager": 0.5}), team()
    found = exact(rule, data, **reps)
    assert {rep: one for rep, one in found.items() if one} == pytest.approx(earns)
    every = dict.fromkeys("abcd", "r4") | reps
    lost = sum(amounts(rule, data, **every).values())
    assert cost(rule, data, **every) == pytest.approx(lost)


def test_value_of_fit_and_way():
    """Half the fit sells half; twice the hours for an hour earn (1/2)^(1/2)."""
    listed = {("a", "r1"): {"fit": 0.5, "way": 1.0}, ("a", "r2"): {"fit": 1.0, "way": 2.0}}
    data = problem({"sales": [10.0], "n": [4.0]}, {"capacity": [4.0, 4.0]}, pairs=listed)
    rule = value(fit="fit", way="way")
    assert exact(rule, data, a="r1")["r1"] == pytest.approx(5.0)
    assert exact(rule, data, a="r2")["r2"] == pytest.approx(10 / 2**0.5)
    # The ideal: 8 hours, the best fit, no way: 10 √2; twice that with a best fit of 2.
    ideal = 10 * 2**0.5
    assert cost(rule, data, a="r1") == pytest.approx(ideal - 5.0, rel=1e-5)
    assert cost(rule, data, a="r2") == pytest.approx(ideal - 10 / 2**0.5, rel=1e-5)
    twice = value(fit="fit", way="way", best_fit=2)
    assert cost(twice, data, a="r1") == pytest.approx(2 * ideal - 5.0, rel=1e-5)


def test_value_refuses_data_that_cannot_be():
    """Sales in no hours, a fit above the best, a way that takes less than nothing."""
    data = problem({"sales": [1.0, 2.0], "n": [0.0, 1.0]}, {"capacity": [1.0]})
    assert refusal(value(), data) == (
        "rule 'rule', accounts, column 'n': 1 account with sales in 0 hours: a\n"
        "    fix: give the hours at which sales are as given, or drop reference"
    )
    listed = {("a", "r1"): {"fit": 1.5, "way": 0.5}}
    data = problem({"sales": [1.0], "n": [1.0]}, {"capacity": [1.0]}, pairs=listed)
    assert refusal(value(fit="fit", way="way"), data) == (
        "rule 'rule', pairs, column 'fit': 1.5 is above best_fit, 1\n"
        "    fix: set best_fit to the largest fit there is\n"
        "rule 'rule', pairs, column 'way': 0.5 is below 1\n"
        "    fix: count the hour with the account too: 1 + way"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"elasticity": 1.0}, "less than or equal to 0.95"),
        ({"best_fit": 2}, "name fit or drop best_fit"),
        ({"same": {"manager": 0.5}}, "set transition"),
        ({"uncertain": {}}, "needs a range"),
        ({"uncertain": {"elasticity": [0.5, 0.4]}}, "0.5 is above 0.4; least comes first"),
        ({"uncertain": {"fit": [0, 1]}}, "name fit or drop it"),
    ],
)
def test_value_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        value(**fields)
    assert message in str(error.value)


def test_value_reads_its_columns():
    """Numbers, a way of at least 1, and texts of the columns that successors share."""
    rule = value(fit="f", way="w", transition=0.1, same={"manager": 0.5})
    assert rule.reads() == (
        Column("accounts", "sales"),
        Column("reps", "capacity"),
        Column("accounts", "n"),
        Column("pairs", "f"),
        Column("pairs", "w", minimum=1.0),
        Column("reps", "manager", "text"),
    )


# -- effort


def books_of(rng):
    """A few accounts in one book, some of them selling nothing."""
    count = int(rng.integers(1, 7))
    sales = np.where(rng.random(count) < 0.15, 0.0, rng.uniform(0.1, 50, count))
    data = problem(
        {"sales": sales, "n": rng.uniform(0.2, 30, count)}, {"capacity": [rng.uniform(1, 99)]}
    )
    rule = value(elasticity=float(rng.uniform(0.05, 0.95)))
    return rule, data, assign(**dict.fromkeys(data.account_ids, "r1"))


def test_effort_of_two_accounts_by_hand():
    """Worth 100 and 300 of 40 hours: 10 and 30; 20 √(10/4) and so on, 0.5 s / t each hour."""
    data = problem({"sales": [20.0, 30.0], "n": [4.0, 3.0]}, {"capacity": [40.0]})
    table = allocation(data, value(), assign(a="r1", b="r1"))
    assert list(table.columns) == ["account_id", "rep_id", "hours", "expected_sales", "marginal"]
    assert table["hours"].tolist() == pytest.approx([10.0, 30.0])
    assert table["expected_sales"].tolist() == pytest.approx([20 * 2.5**0.5, 30 * 10**0.5])
    # √(40 × 400) = 126.49 in all, and half of that over 40 hours for one hour more.
    assert table["expected_sales"].sum() == pytest.approx(16000**0.5)
    assert table["marginal"].tolist() == pytest.approx([16000**0.5 / 80] * 2)


def test_one_more_hour_earns_the_same_in_every_account_of_a_book():
    """Equal marginals, all hours used, on 100 random books; what sells nothing gets none."""
    rng = np.random.default_rng(11)
    for _ in range(100):
        rule, data, plan = books_of(rng)
        table = allocation(data, rule, plan)
        sells = data.accounts["sales"].to_numpy() > 0
        assert (table.loc[~sells, ["hours", "expected_sales", "marginal"]] == 0).all(axis=None)
        if not sells.any():
            continue
        assert table["hours"].sum() == pytest.approx(data.reps["capacity"].sum())
        marginal = table.loc[sells, "marginal"].to_numpy()
        assert marginal == pytest.approx(np.full(len(marginal), marginal[0]), rel=1e-9)
        total = earning(rule, data, plan).total()
        assert table["expected_sales"].sum() == pytest.approx(total, rel=1e-9)
        # An hour more is worth the marginal: the derivative of the whole book.
        more = data.with_(reps=data.reps.assign(capacity=data.reps["capacity"] + 1e-5))
        step = (earning(rule, more, plan).total() - total) / 1e-5
        assert step == pytest.approx(marginal[0], rel=1e-3)


def test_no_other_split_of_the_hours_earns_more():
    """A general optimiser finds the closed form on 100 random books."""
    rng = np.random.default_rng(12)
    for _ in range(100):
        rule, data, plan = books_of(rng)
        sales, n = (data.accounts[name].to_numpy() for name in ("sales", "n"))
        hours, b = float(data.reps["capacity"].iloc[0]), rule.elasticity

        def earns(z, sales=sales, n=n, hours=hours, b=b):
            part = np.exp(z - z.max())
            return float((sales * (hours * part / part.sum() / n) ** b).sum())

        start = np.zeros(len(sales))
        found = minimize(lambda z: -earns(z), start, method="BFGS", options={"gtol": 1e-9})
        total = earning(rule, data, plan).total()
        assert -found.fun <= total * (1 + 1e-9)
        assert -found.fun == pytest.approx(total, rel=2e-4)


# -- straight lines


@pytest.mark.parametrize("b", [0.05, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("points", [5, 40, 400])
def test_straight_lines_fall_short_by_no_more_than_stated(b, points):
    """And by nearly that somewhere; nowhere are they above the curve."""
    books = 3
    at = marks(1.0, books, points)
    load = np.geomspace(at[1], 1.0, 40_001)
    short = 1 - np.interp(load, at, at ** (1 - b)) / load ** (1 - b)
    stated = line_error(books, points, b)
    assert short.min() >= -1e-12
    assert 0.99 * stated <= short.max() <= stated + 1e-12
    low = np.linspace(0.0, at[1], 10_001)
    short = low ** (1 - b) - low / at[1] * at[1] ** (1 - b)
    stated = first_error(b) * at[1] ** (1 - b)
    assert 0.99 * stated <= short.max() <= stated + 1e-12


def test_the_model_earns_no_more_than_the_books_and_little_less():
    """On random plans: exact sales less stated error ≤ what the model counts ≤ exact sales."""
    rng = np.random.default_rng(13)
    for _ in range(60):
        data = problem(
            {"sales": rng.uniform(1, 9, 8), "n": rng.uniform(1, 9, 8)},
            {"capacity": rng.uniform(1, 9, 3)},
        )
        rule = value(elasticity=float(rng.uniform(0.1, 0.9)), points=int(rng.integers(5, 60)))
        reps = dict(zip("abcdefgh", rng.choice(["r1", "r2", "r3"], 8), strict=True))
        told = earning(rule, data, assign(**reps))
        counted = told.ideal - cost(rule, data, **reps)
        share, small = rule.error(data)
        hours = data.reps["capacity"].to_numpy()
        mark = told.ideal * (hours / hours.sum()) ** rule.elasticity * 3000 ** (rule.elasticity - 1)
        each = np.array(list(told.by_rep().values()))
        short = np.where(each < mark, small * mark, share * each)
        assert counted <= each.sum() * (1 + 1e-9)
        assert counted >= each.sum() - short.sum() - 1e-9


def test_conjugate_of_the_lines_is_near_that_of_the_curve():
    """Of −B y^c at price −μ it is B (1 − c) (c B / μ)^(c / (1 − c))."""
    data = problem({"sales": np.ones(4), "n": np.ones(4)}, {"capacity": [4.0]})
    block = compile_model({"rule": value()}, data).model.blocks[0]
    # One rep has all 4 hours: the curve is 4^(1/2) y^(1/2) on loads up to 4.
    for mu in (0.6, 0.8, 1.5, 3.0):
        found = float(block.function.conjugate(np.array([-mu]))[0])
        assert found == pytest.approx(2 * 0.5 * (0.5 * 2 / mu), rel=1e-4)


def test_plans_are_told_alike_by_findings_and_model_on_random_draws():
    """Brute force over random data, alone and beside limits: 200 instances and more."""
    rng = np.random.default_rng(14)
    count: Counter[str] = Counter()
    for place in range(208):
        if place % 4 == 0:
            data = random_problem(rng)
        rules = {"earn": Value(**DRAWS["value"](rng))}
        if place % 2:
            rules["room"] = rule_class("capacity")(price=1.0)
            rules["stay"] = rule_class("disruption")(max_share=0.5)
        check_instance(rules, data, count, solved=place % 13 == 0)
    assert count["instances"] >= 200
    assert count["solved"] >= 8


def test_fit_may_be_taken_as_nothing():
    """With strength 0 all reps are alike; books are counted once for all draws."""
    data = problem({"sales": [10.0], "n": [1.0]}, {"capacity": [1.0]}, pairs={("a", "r1"): 0.5})
    books = Books.of(value(fit="value"), data, pd.Series({"a": "r1"}, dtype=object))
    assert books.at(0.5, 0.0).total() == pytest.approx(5.0)
    assert books.at(0.5, 0.0, strength=0.0).total() == pytest.approx(10.0)
    assert books.at(0.5, 0.0, strength=2.0).total() == pytest.approx(2.5)
