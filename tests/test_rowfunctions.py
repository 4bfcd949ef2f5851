"""Row functions: values by hand, conjugates against a grid, expansions against an LP."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare, slack_of, worst


def one(function: RowFunction, load: float) -> float:
    return float(function.value(np.array([load]))[0])


def test_band_prices_what_is_outside_and_forbids_what_is_beyond() -> None:
    """Free on [8, 10], 2 a unit below, 3 a unit above, never outside [5, 12]."""
    band = Band.of(1, lower=5, low=8, high=10, upper=12, price_below=2, price_above=3)
    # 6 is 2 below 8: 2 * 2 = 4;  11.5 is 1.5 above 10: 1.5 * 3 = 4.5
    assert [one(band, y) for y in (6, 8, 9, 10, 11.5)] == [4.0, 0.0, 0.0, 0.0, 4.5]
    assert one(band, 4.9) == one(band, 12.1) == np.inf


def test_band_lets_a_load_miss_a_hard_limit_by_the_tolerance_only() -> None:
    """The limit 1000 may be missed by 1000 * 1e-6, not by twice that."""
    band = Band.of(1, upper=1000.0)
    assert one(band, 1000.001) == 0.0
    assert one(band, 1000.002) == np.inf


def test_band_conjugates_by_hand() -> None:
    """The rows of the table of conjugates: capacity, floor, hard band, L1, L1 in a hard band."""
    p = np.array([2.0])
    assert Band.of(1, upper=7).conjugate(p)[0] == 14.0  # u p
    assert Band.of(1, lower=3).conjugate(-p)[0] == -6.0  # l p
    assert Band.of(1, lower=3, upper=7).conjugate(-p)[0] == -6.0
    l1 = Band.of(1, low=5, high=5, price_below=2, price_above=2)
    assert l1.conjugate(p)[0] == 10.0  # T p
    assert l1.conjugate(p + 0.1)[0] == np.inf
    both = Band.of(1, lower=1, low=5, high=5, upper=9, price_below=1, price_above=1)
    assert both.conjugate(p)[0] == 14.0  # T p + (p - w)(u - T) = 10 + 1 * 4


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ({"lower": 3, "upper": 2}, "lower <= low"),
        ({"low": 1, "high": 2, "price_above": -1}, "not negative"),
        ({"low": 1, "high": 2, "price_above": np.inf}, "finite"),
        ({"upper": np.nan}, "NaN"),
        ({"lower": np.inf}, "no load"),
    ],
)
def test_a_band_that_makes_no_sense_is_refused(marks: dict[str, float], words: str) -> None:
    """Marks out of order, negative prices and NaN never reach a model."""
    with pytest.raises(ValueError, match=words):
        Band.of(1, **marks)


def test_piecewise_follows_its_points() -> None:
    """Through (1, 4), (3, 1), (7, 2); slope -4 before, 5 after."""
    curve = Piecewise.of([1, 3, 7], [4, 1, 2], -4, 5)
    # 0: 4 + 4;  2: halfway 4..1;  5: halfway 1..2;  8: 2 + 5
    assert [one(curve, y) for y in (0, 1, 2, 3, 5, 7, 8)] == [8, 4, 2.5, 1, 1.5, 2, 7]


def test_piecewise_with_infinite_end_slopes_is_a_hard_limit() -> None:
    """Beyond an end with an infinite slope the load is forbidden, but for the tolerance."""
    curve = Piecewise.of([0, 1], [0, 1], -np.inf, np.inf)
    assert one(curve, -0.01) == one(curve, 1.01) == np.inf
    assert one(curve, 1.0 + 5e-7) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("at", "cost", "left", "right"),
    [
        ([1, 1], [0, 0], 0, 0),
        ([0, 1, 2], [0, 1, 0], 0, 0),
        ([0, 1], [0, 1], 2, 3),
        ([0, 1], [0, 1], 0, 0.5),
        ([0, 1], [0, np.inf], 0, 1),
    ],
)
def test_piecewise_refuses_what_is_not_convex(
    at: list[float], cost: list[float], left: float, right: float
) -> None:
    """Repeated points, falling slopes and infinite costs are refused."""
    with pytest.raises(ValueError, match=r"points|convex|finite"):
        Piecewise.of(at, cost, left, right)


def test_worst_row_of_each_group() -> None:
    """Deviations 3, 1 | 4 with scales 1, 2 | 0.5: worst 3 and 2; weights 10 and 1."""
    function = worst([0, 0, 1], [5, 5, 5], [10, 1], [1, 2, 0.5])
    assert function.value(np.array([8.0, 4.0, 1.0])).tolist() == [30.0, 2.0]


def test_mean_of_the_worst_share_takes_the_last_row_in_part() -> None:
    """Deviations 4, 3, 1 and count 1.5: (4 + 0.5 * 3) / 1.5 * weight 3 = 11."""
    function = WorstShare.of([0, 0, 0], 0.0, 3.0, 1.5)
    assert function.value(np.array([-4.0, 1.0, 3.0])).tolist() == [11.0]


@pytest.mark.parametrize(
    ("group", "weight", "count"), [([0, 2], 1.0, 1.0), ([0], 1.0, 2.0), ([0], -1.0, 1.0)]
)
def test_worst_share_refuses_bad_groups(group: list[int], weight: float, count: float) -> None:
    """Holes in the groups, counts above the group's size and negative weights are refused."""
    with pytest.raises(ValueError, match=r"groups|counts"):
        WorstShare.of(group, 0.0, weight, count)


number = st.floats(-20, 20).map(lambda v: round(v, 2))
positive = st.floats(0.1, 9).map(lambda v: round(v, 2))


@st.composite
def bands(draw: st.DrawFn) -> Band:
    marks = sorted(draw(st.lists(number, min_size=4, max_size=4)))
    lower = marks[0] if draw(st.booleans()) else -np.inf
    upper = marks[3] if draw(st.booleans()) else np.inf
    low = marks[1] if draw(st.booleans()) else lower
    high = marks[2] if draw(st.booleans()) else upper
    return Band.of(
        1,
        lower=lower,
        low=low,
        high=high,
        upper=upper,
        price_below=draw(positive),
        price_above=draw(positive),
    )


@st.composite
def curves(draw: st.DrawFn) -> Piecewise:
    at = sorted(draw(st.lists(number, min_size=1, max_size=4, unique=True)))
    slopes = sorted(draw(st.lists(number, min_size=len(at) + 1, max_size=len(at) + 1)))
    cost = [draw(number)]
    for step, slope in zip(np.diff(at), slopes[1:-1], strict=True):
        cost.append(cost[-1] + step * slope)
    left = slopes[0] if draw(st.booleans()) else -np.inf
    right = slopes[-1] if draw(st.booleans()) else np.inf
    return Piecewise.of(at, cost, left, right)


@st.composite
def worsts(draw: st.DrawFn) -> WorstShare:
    rows = draw(st.integers(1, 4))
    count = draw(st.one_of(st.just(1.0), st.floats(1, rows)))
    made = WorstShare.of(
        [0] * rows,
        draw(st.lists(number, min_size=rows, max_size=rows)),
        draw(positive),
        count,
        draw(st.lists(positive, min_size=rows, max_size=rows)),
    )
    floor = draw(positive) if count == 1.0 and draw(st.booleans()) else 0.0
    return replace(made, floor=np.array([floor]))


functions = st.one_of(bands(), curves(), worsts())


@given(functions, st.data())
def test_no_load_beats_the_conjugate(function: RowFunction, data: st.DataObject) -> None:
    """Fenchel-Young: f(y) + f*(p) >= p y for every load and every projected price."""
    draw = st.lists(number, min_size=function.rows, max_size=function.rows)
    load, price = np.array(data.draw(draw)), function.project(np.array(data.draw(draw)))
    both = function.value(load).sum() + function.conjugate(price).sum()
    assert np.isfinite(function.conjugate(price)).all()
    # A load in the tolerance beyond a hard limit may gain its price times that tolerance.
    slack = 1e-4 * (1 + np.abs(price).max())
    assert both >= price @ load - slack


@given(functions, st.data())
def test_the_conjugate_is_reached(function: RowFunction, data: st.DataObject) -> None:
    """f*(p) is not only an upper bound: some load on a fine grid of corners comes up to it."""
    draw = st.lists(number, min_size=function.rows, max_size=function.rows)
    price = function.project(np.array(data.draw(draw)))
    if isinstance(function, WorstShare):
        # All as far off as costs nothing more than the floor.
        load = function.target + np.sign(price) * function.floor[0] / function.scale
        best = price @ load - function.value(load).sum()
    else:
        marks = (
            [function.lower[0], function.low[0], function.high[0], function.upper[0], 0.0]
            if isinstance(function, Band)
            else function.at[0]
        )
        loads = np.array([[mark] for mark in marks if np.isfinite(mark)])
        best = max(float(price @ y - function.value(y)[0]) for y in loads)
    assert best == pytest.approx(float(function.conjugate(price).sum()), abs=1e-9)


@given(functions, st.data())
def test_projecting_twice_changes_nothing(function: RowFunction, data: st.DataObject) -> None:
    """A projected price is inside the domain, and one inside comes back unchanged."""
    draw = st.lists(number, min_size=function.rows, max_size=function.rows)
    once = function.project(np.array(data.draw(draw)))
    assert function.project(once) == pytest.approx(once, abs=1e-9)


@given(functions, st.data())
def test_expansion_costs_what_the_function_says(function: RowFunction, data: st.DataObject) -> None:
    """For a fixed load, the cheapest setting of the extra columns costs f(y), or none exists."""
    draw = st.lists(number, min_size=function.rows, max_size=function.rows)
    load = np.array(data.draw(draw))
    span = np.full(function.rows, 25.0)
    expansion = function.expand(-span, span)
    assert np.isfinite(expansion.col_upper).all()
    value = function.value(load).sum()
    matrix = np.zeros((len(expansion.row_source), len(expansion.col_cost)))
    np.add.at(matrix, (expansion.entry_row, expansion.entry_col), expansion.entry_value)
    fixed = expansion.row_scale * load[expansion.row_source]
    upper, lower = expansion.row_upper - fixed, fixed - expansion.row_lower
    if not len(expansion.col_cost):
        holds = (upper >= -slack_of(expansion.row_upper)).all() and (
            lower >= -slack_of(expansion.row_lower)
        ).all()
        assert holds == np.isfinite(value)
        return
    rows = np.vstack([matrix[np.isfinite(upper)], -matrix[np.isfinite(lower)]])
    limits = np.concatenate([upper[np.isfinite(upper)], lower[np.isfinite(lower)]])
    answer = linprog(
        expansion.col_cost,
        rows,
        limits,
        bounds=list(zip(expansion.col_lower, expansion.col_upper, strict=True)),
    )
    if np.isfinite(value):
        assert answer.status == 0
        assert answer.fun == pytest.approx(value, rel=1e-6, abs=1e-4)
    else:
        assert answer.status == 2
