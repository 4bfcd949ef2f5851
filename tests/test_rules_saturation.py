"""Saturation, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import linprog
from toys import amounts, assign, cost, findings, messages, problem, refusal

from optiterr.response import (
    envelope,
    logistic,
    logistic_error,
    price_error,
    profit,
    slopes,
)
from optiterr.rules.earning import Books, poured
from optiterr.rules.saturation import Saturation
from optiterr.rules.selling import allocation

FINE = 1000
"""Prices of an hour so many that books are counted within a thousandth."""
BEND = [[0, 0.5], [1, 1], [2, 1.25]]
"""Half without hours; a half more in the reference hours, a quarter in as many again; level."""


def rule(**fields):
    return Saturation(
        **{"sales": "sales", "reference": "n", "curve": BEND, "prices": FINE} | fields
    )


def two():
    """a sells 40 in 4 hours and b 20 in 4; r1 has 6 hours, r2 2."""
    return problem({"sales": [40.0, 20.0], "n": [4.0, 4.0]}, {"capacity": [6.0, 2.0]})


def earns(one, data, **reps):
    books = Books.of(one, data, assign(**reps))
    served = books.rep >= 0
    sales = poured(books, one.shape, one.transition)[1]
    return np.bincount(books.rep[served], sales, minlength=len(books.hours)).tolist()


def test_saturation_of_two_by_two():
    """r1 with a: 40, and 2 of 4 further hours: + 5. r2 with b: half of the first 10: 10 + 5."""
    assert earns(rule(), two(), a="r1", b="r2") == [45.0, 15.0]
    # Alone with both, 6 hours: a's first 4 at 5 an hour, 2 at 2.5 with either: 20 + 20 + 10 + 5.
    assert earns(rule(), two(), a="r1", b="r1") == [55.0, 0.0]
    # The ideal, 8 hours: 4 with a, 4 at 2.5: 30 + 20 + 10 = 60, as the first plan earns.
    assert cost(rule(), two(), a="r1", b="r2") == pytest.approx(0.0, abs=0.2)
    assert cost(rule(), two(), a="r1", b="r1") == pytest.approx(5.0, abs=0.2)


def test_effort_goes_to_the_best_hours_first():
    """6 hours: a's first 4 at 5 an hour, then 2 of 4 at 2.5; b's first 4 would earn 2.5 as well."""
    table = allocation(two(), rule(), assign(a="r1", b="r1"))
    assert list(table.columns) == ["account_id", "rep_id", "hours", "expected_sales", "marginal"]
    assert table["hours"].tolist() == [6.0, 0.0]
    assert table["expected_sales"].tolist() == [45.0, 10.0]
    assert table["marginal"].tolist() == [2.5, 2.5]
    # With hours without end an hour more brings nothing.
    idle = problem({"sales": [40.0], "n": [4.0]}, {"capacity": [9.0]})
    table = allocation(idle, rule(), assign(a="r1"))
    assert table.iloc[0, 2:].tolist() == [8.0, 50.0, 0.0]


def test_saturation_holds_with_hours_enough():
    """Nobody needs more than 8 hours an account: all are at the ceiling, at a price of 0."""
    data = problem({"sales": [40.0, 20.0], "n": [4.0, 4.0]}, {"capacity": [16.0, 20.0]})
    assert earns(rule(), data, a="r1", b="r1") == [75.0, 0.0]
    assert cost(rule(), data, a="r1", b="r1") == pytest.approx(0.0, abs=1e-12)
    assert amounts(rule(), data, a="r1", b="r2") == {}


def test_saturation_at_the_limit_of_an_hour_price():
    """With prices 0, 5/1000 ... 5, a book whose best hour earns 5 is counted exactly."""
    # a alone in 3 hours: 20 + 15, at 5 an hour, the dearest price there is.
    data = problem({"sales": [40.0], "n": [4.0]}, {"capacity": [3.0]})
    assert cost(rule(prices=5), data, a="r1") == pytest.approx(0.0, abs=1e-12)
    assert findings(rule(prices=5), data, a="r1")[-1].message == (
        "books earn 35 sales of 35 in the ideal; counted at 6 prices of an hour as 35"
    )


def test_saturation_that_fails_the_ideal_is_told():
    """Few prices count high: 5, 0.889, 0.158 ... and 0; exact sales stand in the note."""
    told = messages(rule(prices=5), two(), a="r2", b=None)
    # r2, a, 2 hours: 20 + 2 × 5 = 30 at price 5. The ideal at 0.889, with 8 hours
    # for each account: 8 × 0.889 + (50 − 8 × 0.889) + (25 − 8 × 0.889) = 67.89, not 60.
    assert told[-1].startswith("books earn 30 sales of 67.89 in the ideal; counted at 6 prices")
    assert told[0].startswith("rep r1 earns 0 sales in 6 hours with 0 accounts")
    assert told[1].startswith("rep r2 earns 30 sales in 2 hours with 1 account")
    assert told[2].startswith("1 account served by none of these reps earns nothing")


def test_saturation_of_zero_sales_and_zero_hours():
    """Nothing to earn costs nothing; without hours an account still has its half."""
    nothing = problem({"sales": [0.0], "n": [0.0]}, {"capacity": [3.0]})
    assert (cost(rule(), nothing, a="r1"), findings(rule(), nothing, a="r1")) == (0.0, [])
    idle = problem({"sales": [40.0], "n": [4.0]}, {"capacity": [0.0]})
    assert earns(rule(), idle, a="r1") == [20.0]
    assert cost(rule(), idle, a="r1") == 0.0
    assert cost(rule(), idle, a=None) == float("inf")


def test_saturation_of_empty_books_loses_the_ideal():
    """Nobody serves anyone: all of it is lost, 60 and what coarse prices add."""
    found = amounts(rule(), two(), a=None, b=None)
    assert sum(found.values()) == pytest.approx(60.0, abs=0.2)
    none = problem({"sales": [], "n": []}, {"capacity": [5.0]})
    assert (cost(rule(), none), findings(rule(), none)) == (0.0, [])


def test_saturation_price_of_each_unit_lost():
    """Three times as dear."""
    once = cost(rule(), two(), a="r1", b="r1")
    assert cost(rule(price=3), two(), a="r1", b="r1") == pytest.approx(3 * once)
    assert cost(rule(price=0), two(), a="r1", b="r1") == 0.0


def test_saturation_of_moves_fit_and_way():
    """a moves and loses a fifth, at half the fit: 40 × 0.8 × 0.5 = 16 in twice the hours."""
    listed = {("a", "r1"): {"fit": 1.0, "way": 1.0}, ("a", "r2"): {"fit": 0.5, "way": 2.0}}
    data = problem(
        {"sales": [40.0], "n": [4.0]}, {"capacity": [4.0, 4.0]}, owner=["r1"], pairs=listed
    )
    one = rule(transition=0.2, fit="fit", way="way")
    assert earns(one, data, a="r1") == [40.0, 0.0]
    # 8 + 4 of 8 hours: half of the first 8.
    assert earns(one, data, a="r2") == [0.0, 12.0]
    assert cost(one, data, a="r2") - cost(one, data, a="r1") == pytest.approx(28.0, abs=0.2)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"curve": None}, "needs a curve or a logistic, and not both"),
        ({"logistic": {"floor": 0, "ceiling": 2}}, "needs a curve or a logistic, and not both"),
        ({"curve": [[0, 0], [1, 1], [1, 2]]}, "[1, 2] follows [1, 1]; hours rise"),
        ({"curve": [[0, 0], [1, 1], [2, 0.5]]}, "sales never fall"),
        ({"curve": [[0.5, 0], [1, 1]]}, "the first point tells the sales without hours"),
        ({"curve": [[0, 0], [1, 0.9], [2, 1.2]]}, "does not pass through [1, 1]"),
        ({"curve": [[0, 0], [1, 1], [2, 4]]}, "does not pass through [1, 1]"),
        ({"uncertain": {"elasticity": [0.1, 0.2]}}, "a curve has none"),
    ],
)
def test_saturation_settings_that_contradict(fields, message):
    """Each is refused with what to do."""
    with pytest.raises(ValidationError) as error:
        rule(**fields)
    assert message in str(error.value)


def test_saturation_refuses_sales_in_no_hours():
    """As every response does."""
    data = problem({"sales": [1.0], "n": [0.0]}, {"capacity": [1.0]})
    assert "1 account with sales in 0 hours: a" in refusal(rule(), data)


# -- curves


def test_an_s_counts_by_its_straight_envelope():
    """0, 0.1, 1, 1.2 at 0, 0.5, 1, 2: the slow start is skipped in a straight line to (1, 1)."""
    found = envelope(np.array([[0, 0], [0.5, 0.1], [1, 1], [2, 1.2], [3, 1.2]]))
    assert found.tolist() == [[0, 0], [1, 1], [2, 1.2]]


@pytest.mark.parametrize(("floor", "ceiling", "steepness"), [(0, 2, 1), (0.3, 1.5, 2), (0, 4, 0.5)])
def test_a_logistic_goes_where_it_is_told(floor, ceiling, steepness):
    """From its floor through (1, 1) to a hundredth of the rise below its ceiling."""
    points = logistic(floor, ceiling, steepness)
    assert points[0].tolist() == [0.0, floor]
    assert points[points[:, 0] == 1.0][0, 1] == 1.0
    assert points[-1, 1] == pytest.approx(ceiling - (ceiling - floor) / 100, rel=1e-6)
    curve = envelope(points)
    assert (np.diff(slopes(curve)) < 0).all()
    # Straight lines between the corners fall short of the curve by what is stated.
    u = np.geomspace(1e-9, curve[-1, 0], 50_001)
    half = (ceiling - 1) / (1 - floor)
    exact = floor + (ceiling - floor) * u**steepness / (half + u**steepness)
    short, stated = exact - np.interp(u, *curve.T), logistic_error(floor, ceiling, steepness)
    assert 0.95 * stated <= short.max() <= stated + 1e-6
    assert stated < 3e-3 * (ceiling - floor)


def test_profit_is_the_best_corner():
    """At prices between, at and beyond the slopes."""
    curve = np.array(BEND, dtype=float)
    price = np.array([0.0, 0.1, 0.25, 0.3, 0.5, 0.6, 9.0])
    corners = curve[:, 1] - price[:, None] * curve[:, 0]
    assert profit(curve, price).tolist() == corners.max(axis=1).tolist()


def test_no_other_split_of_the_hours_earns_more_along_a_curve():
    """A linear program over stretches of hours finds the same on 100 random books."""
    rng = np.random.default_rng(21)
    for _ in range(100):
        count, reps = int(rng.integers(1, 8)), 2
        data = problem(
            {"sales": rng.uniform(0, 9, count), "n": rng.uniform(0.5, 9, count)},
            {"capacity": rng.uniform(0, 30, reps)},
        )
        one = rule(curve=None, logistic={"floor": 0.2, "ceiling": 2.0, "steepness": 1.5})
        plan = dict(zip(data.account_ids, rng.choice(["r1", "r2"], count), strict=True))
        found, curve = earns(one, data, **plan), one.shape
        for at, rep in enumerate(("r1", "r2")):
            mine = np.array([plan[account] == rep for account in data.account_ids])
            sales, n = (data.accounts[name].to_numpy()[mine] for name in ("sales", "n"))
            if not mine.any():
                assert found[at] == 0.0
                continue
            rate = (sales / n)[:, None] * slopes(curve)
            room = n[:, None] * np.diff(curve[:, 0])
            best = linprog(
                -rate.ravel(),
                A_ub=np.ones((1, rate.size)),
                b_ub=[data.reps["capacity"][at]],
                bounds=[(0, most) for most in room.ravel()],
            )
            assert found[at] == pytest.approx(float(sales.sum()) * curve[0, 1] - best.fun, rel=1e-9)


@pytest.mark.parametrize("prices", [5, 20, 80])
@pytest.mark.parametrize("shape", [{"curve": BEND}, {"curve": None, "logistic": (0.2, 2.0, 1.5)}])
def test_books_are_counted_too_high_by_no_more_than_stated(prices, shape):
    """Exact ≤ counted ≤ exact + stated share of the reference sales, on random books."""
    if "logistic" in shape:
        names = ("floor", "ceiling", "steepness")
        shape = shape | {"logistic": dict(zip(names, shape["logistic"], strict=True))}
    one, rng = rule(prices=prices, **shape), np.random.default_rng(22)
    (_, stated), worst = one.error(), 0.0
    assert stated == price_error(one.shape, prices)
    for _ in range(60):
        sales, n = rng.uniform(1, 9, 5), rng.uniform(1, 9, 5)
        data = problem({"sales": sales, "n": n}, {"capacity": [rng.uniform(1, 40)]})
        plan = dict.fromkeys("abcde", "r1")
        # Alone, the ideal is the book itself: told as counted.
        told = findings(one, data, **plan)[-1]
        counted = float(told.message.split(" sales of ")[1].split(" in the ideal")[0])
        exact = sum(earns(one, data, **plan))
        share = (counted - exact) / sales.sum()
        assert -1e-2 / sales.sum() <= share <= stated + 1e-2 / sales.sum()
        worst = max(worst, share)
    assert worst > 0.1 * stated


def test_more_prices_make_the_error_small():
    """A smooth curve is counted within 0.3 % at 40 prices and a quarter of that at twice as many;
    an S, with its straight start, within 1.2 % and half of that."""
    smooth, kinked = (envelope(logistic(0.3, 1.6, steepness)) for steepness in (1.0, 1.5))
    assert price_error(smooth, 40) < 3e-3
    assert price_error(smooth, 80) < 0.4 * price_error(smooth, 40)
    assert price_error(kinked, 80) < 0.6 * price_error(kinked, 40) < 0.02
