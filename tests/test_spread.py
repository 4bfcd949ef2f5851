"""Spread: how many cells are in use, its conjugate against a grid, its expansion against an LP."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from optiterr.rowfunctions import RowFunction
from optiterr.spread import Spread

INF = float("inf")


def three_cells(**settings: Any) -> Spread:
    """Rows 0 and 1 in cell 0, row 2 in cell 1, both of part 0; row 3 in cell 2 of part 1."""
    return Spread.of([0, 0, 1, 2], [0, 0, 1], 2, **settings)


def test_a_cell_is_in_use_once_however_many_rows_are_loaded() -> None:
    """Part 0: rows 0, 1 make one cell, with row 2 two cells; one is free, each further costs 5."""
    spread = three_cells(high=1, price=5)
    assert spread.value(np.array([1.0, 1.0, 0.0, 1.0])).tolist() == [0.0, 0.0]
    assert spread.value(np.array([1.0, 0.0, 1.0, 0.0])).tolist() == [5.0, 0.0]
    assert spread.value(np.zeros(4)).tolist() == [0.0, 0.0]


def test_a_part_counts_with_its_own_limit_and_price() -> None:
    """Two cells of part 0 at limit 2; one of part 1 above its limit 0 at price 3."""
    spread = three_cells(high=[2, 0], price=[7, 3])
    assert spread.value(np.ones(4)).tolist() == [0.0, 3.0]


def test_a_hard_limit_forbids() -> None:
    """One cell at most: two are forbidden, one is not, and the tolerance is forgiven."""
    spread = three_cells(upper=1)
    assert spread.value(np.array([1.0, 1.0, 0.0, 1.0])).tolist() == [0.0, 0.0]
    assert spread.value(np.array([1.0, 0.0, 1.0, 1.0])).tolist() == [INF, 0.0]
    assert spread.value(np.array([1.0, 0.0, 5e-7, 1.0])).tolist() == [0.0, 0.0]


def test_priced_first_and_then_forbidden() -> None:
    """Free up to 0, 2 each up to 1, none above: a second cell is forbidden."""
    spread = three_cells(high=0, upper=1, price=2)
    assert spread.value(np.array([1.0, 0.0, 0.0, 0.0])).tolist() == [2.0, 0.0]
    assert spread.value(np.ones(4)).tolist() == [INF, 2.0]


def test_conjugates_by_hand() -> None:
    """A cell is as dear as its prices together; a part is worth its dearest cell.

    Prices 1, 2 | 2 make cells of 3 and 2. Limit 1: 3 * 1. Free to 1, then 4 each: 3 * 1 as well,
    since 3 < 4. Free to 0, then 2 each up to 2: (3 - 2) * 2 = 2. Below zero no price is allowed.
    """
    price = np.array([1.0, 2.0, 2.0, 0.0])
    assert three_cells(upper=1).conjugate(price).tolist() == [3.0, 0.0]
    assert three_cells(high=1, price=4).conjugate(price).tolist() == [3.0, 0.0]
    assert three_cells(high=0, upper=2, price=2).conjugate(price).tolist() == [2.0, 0.0]
    assert three_cells(high=1, price=2.5).conjugate(price).tolist() == [INF, 0.0]
    assert three_cells(upper=1).conjugate(-price).tolist() == [INF, 0.0]


def test_prices_are_shrunk_together_into_the_domain() -> None:
    """A cell of 3 against a price of 1.5 halves both of its prices; negative ones become 0."""
    spread = three_cells(high=1, price=1.5)
    found = spread.project(np.array([1.0, 2.0, 1.0, -3.0]))
    assert found == pytest.approx([0.5, 1.0, 1.0, 0.0], abs=1e-9)
    assert np.isfinite(spread.conjugate(found)).all()
    hard = three_cells(upper=1)
    assert hard.project(np.array([9.0, 9.0, 9.0, -1.0])).tolist() == [9.0, 9.0, 9.0, 0.0]


def test_a_part_without_cells_is_spread_over_none() -> None:
    """Its charge and its conjugate are zero, whatever the prices of others."""
    spread = Spread.of([0], [1], 2, upper=1)
    assert spread.value(np.array([1.0])).tolist() == [0.0, 0.0]
    assert spread.conjugate(np.array([2.0])).tolist() == [0.0, 2.0]


def test_a_spread_is_a_row_function() -> None:
    """It has everything that models, bounds and solvers ask for."""
    spread = three_cells(upper=1)
    assert isinstance(spread, RowFunction)
    assert spread.rows == 4
    assert spread.part.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("cell", "home", "settings", "words"),
    [
        ([1], [0], {"upper": 1}, "belongs to a cell"),
        ([-1], [0], {"upper": 1}, "belongs to a cell"),
        ([0], [1], {"upper": 1}, "belongs to a part"),
        ([0], [0], {"high": 2, "upper": 1}, "0 <= high <= upper"),
        ([0], [0], {"high": -1, "price": 1}, "0 <= high <= upper"),
        ([0], [0], {"high": 1, "price": -1}, "not negative"),
        ([0], [0], {"high": 1, "price": INF}, "finite"),
    ],
)
def test_a_spread_that_makes_no_sense_is_refused(
    cell: list[int], home: list[int], settings: dict[str, Any], words: str
) -> None:
    """Rows without a cell, cells without a part, limits out of order and negative prices."""
    with pytest.raises(ValueError, match=words):
        Spread.of(cell, home, 1, **settings)


@st.composite
def spreads(draw: st.DrawFn) -> Spread:
    """Up to four rows in up to three cells of up to two parts, with whole limits."""
    parts, cells = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    rows = draw(st.integers(1, 4))
    home = draw(st.lists(st.integers(0, parts - 1), min_size=cells, max_size=cells))
    cell = draw(st.lists(st.integers(0, cells - 1), min_size=rows, max_size=rows))
    marks = [
        sorted(draw(st.lists(st.integers(0, 3), min_size=2, max_size=2))) for _ in range(parts)
    ]
    price = [draw(st.integers(0, 12)) / 4 for _ in range(parts)]
    upper = [high_upper[1] if draw(st.booleans()) else INF for high_upper in marks]
    return Spread.of(cell, home, parts, high=[one[0] for one in marks], upper=upper, price=price)


quarters = st.integers(-12, 12).map(lambda one: one / 4)


def vector(spread: Spread) -> st.SearchStrategy[Any]:
    return st.lists(quarters, min_size=spread.rows, max_size=spread.rows).map(np.array)


@given(spreads(), st.data())
def test_no_load_beats_the_conjugate(spread: Spread, data: st.DataObject) -> None:
    """Fenchel-Young, part by part: f(y) + f*(p) >= p y for every load and projected price."""
    load, price = data.draw(vector(spread)), spread.project(data.draw(vector(spread)))
    paid = np.bincount(spread.part, price * load, minlength=len(spread.high))
    both = spread.value(load) + spread.conjugate(price)
    assert np.isfinite(spread.conjugate(price)).all()
    assert (both >= paid - 1e-9).all()


@given(spreads(), st.data())
def test_the_conjugate_is_the_best_on_a_grid(spread: Spread, data: st.DataObject) -> None:
    """All loads of -1 to 4 in whole steps: the largest p y - f(y) of each part is f*(p).

    Limits are at most 3 and whole, so the best load is on the grid.
    """
    price = spread.project(data.draw(vector(spread)))
    best = np.full(len(spread.high), -INF)
    for load in product(range(-1, 5), repeat=spread.rows):
        y = np.array(load, dtype=float)
        paid = np.bincount(spread.part, price * y, minlength=len(best))
        best = np.maximum(best, paid - spread.value(y))
    assert spread.conjugate(price) == pytest.approx(best, abs=1e-9)


@given(spreads(), st.data())
def test_outside_the_domain_there_is_no_best(spread: Spread, data: st.DataObject) -> None:
    """Where the conjugate is infinite, larger loads gain without end; else nothing moves."""
    price = data.draw(vector(spread))
    told = spread.conjugate(price)
    if np.isfinite(told).all():
        assert spread.project(price) == pytest.approx(price, rel=1e-9, abs=1e-12)
        return
    part = int(np.flatnonzero(np.isinf(told))[0])
    gains = []
    for size in (100.0, 200.0):
        gain = -INF
        for sign in product((-1.0, 0.0, 1.0), repeat=spread.rows):
            y = size * np.array(sign)
            paid = np.bincount(spread.part, price * y, minlength=len(told))[part]
            gain = max(gain, paid - spread.value(y)[part])
        gains.append(gain)
    assert gains[1] > gains[0] + 1.0


@given(spreads(), st.data())
def test_projecting_twice_changes_nothing(spread: Spread, data: st.DataObject) -> None:
    """A projected price is inside the domain, and one inside comes back as it is."""
    once = spread.project(data.draw(vector(spread)))
    assert np.isfinite(spread.conjugate(once)).all()
    assert spread.project(once).tolist() == once.tolist()


@given(spreads(), st.data())
def test_expansion_costs_what_the_function_says(spread: Spread, data: st.DataObject) -> None:
    """For fixed loads the cheapest setting of the extra columns costs f(y), or there is none."""
    load = np.array(data.draw(vector(spread)))
    expansion = spread.expand(np.full(spread.rows, -3.0), np.full(spread.rows, 3.0))
    assert np.isfinite(expansion.col_upper).all()
    matrix = np.zeros((len(expansion.row_source), len(expansion.col_cost)))
    np.add.at(matrix, (expansion.entry_row, expansion.entry_col), expansion.entry_value)
    assert np.isinf(expansion.row_lower).all()
    room = expansion.row_upper - expansion.row_scale * load[expansion.row_source]
    counted = np.isfinite(room)
    answer = linprog(
        expansion.col_cost,
        matrix[counted],
        room[counted],
        bounds=list(zip(expansion.col_lower, expansion.col_upper, strict=True)),
    )
    value = spread.value(load).sum()
    if np.isfinite(value):
        assert answer.status == 0
        assert answer.fun == pytest.approx(value, rel=1e-6, abs=1e-6)
    else:
        assert answer.status == 2
