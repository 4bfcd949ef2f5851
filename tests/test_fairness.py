"""Range, Gini and worst overloads: values by hand, conjugates against enumeration, LPs."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from optiterr.capped import Capped
from optiterr.comparison.figures import gini
from optiterr.fairness import Gini, Range, WorstOver, network
from optiterr.rowfunctions import RowFunction, parameters

INF = float("inf")
Fair = Range | Gini | WorstOver


def test_range_by_hand() -> None:
    """Loads 8, 4, 6 at scale 1/2: 4, 2, 3, so 2 apart, at 5; alone in its group nobody is apart."""
    function = Range.of([0, 0, 0, 1], [5, 9], [0.5, 0.5, 0.5, 1])
    assert function.value(np.array([8.0, 4.0, 6.0, 7.0])).tolist() == [10.0, 0.0]


def test_gini_by_hand() -> None:
    """8, 4, 6 at scale 1/2: pairs are 2, 1 and 1 apart, together 4, at 3; a pair 1, 6: 5 at 2."""
    function = Gini.of([0, 1, 0, 0, 1], [3, 2], [0.5, 1, 0.5, 0.5, 1])
    assert function.value(np.array([8.0, 1.0, 4.0, 6.0, 6.0])).tolist() == [12.0, 10.0]


def test_gini_at_one_over_m_squared_is_the_coefficient() -> None:
    """Loads 90, 100, 110 of 300: parts of 100, weight 1/9, and the figure of every report."""
    load = np.array([110.0, 90.0, 100.0])
    function = Gini.of([0, 0, 0], 1 / 9, 1 / 100)
    assert function.value(load)[0] == pytest.approx(gini(load))
    # 0.1 + 0.2 + 0.1 = 0.4 over 9 = 80 / 1800
    assert function.value(load)[0] == pytest.approx(80 / 1800)


def test_worst_overloads_by_hand() -> None:
    """Against 5: 8 is 3 over, 1 none, 6 one over. Worst one 3; worst 1.5: (3 + 0.5) / 1.5; at 6."""
    load = np.array([8.0, 1.0, 6.0])
    assert WorstOver.of([0, 0, 0], 5.0, 6.0).value(load).tolist() == [18.0]
    assert WorstOver.of([0, 0, 0], 5.0, 6.0, 1.5).value(load).tolist() == [14.0]


def test_conjugates_by_hand() -> None:
    """Range at 2: prices add up to 0 and those above 0 to 2 at most. Gini at 1 of three rows: the
    largest is at most 1 * 2, as are the two largest together."""
    some = Range.of([0, 0, 0], 2.0)
    assert some.conjugate(np.array([1.5, 0.5, -2.0])).tolist() == [0.0]
    assert some.conjugate(np.array([1.5, 0.6, -2.1])).tolist() == [INF]
    assert some.conjugate(np.array([1.5, 0.0, -1.0])).tolist() == [INF]
    other = Gini.of([0, 0, 0], 1.0)
    assert other.conjugate(np.array([2.0, 0.0, -2.0])).tolist() == [0.0]
    assert other.conjugate(np.array([2.1, -1.0, -1.1])).tolist() == [INF]
    assert other.conjugate(np.array([1.5, 1.0, -2.5])).tolist() == [INF]
    two = Gini.of([0, 0, 1, 1], 1.0)
    assert two.conjugate(np.array([2.0, 2.0, 1.0, -1.0])).tolist() == [INF, 0.0]
    over = WorstOver.of([0, 0], [3.0, 4.0], 2.0)
    assert over.conjugate(np.array([1.0, 0.5])).tolist() == [5.0]  # 1 * 3 + 0.5 * 4
    assert over.conjugate(np.array([1.0, -0.5])).tolist() == [INF]
    assert over.conjugate(np.array([1.5, 1.0])).tolist() == [INF]


def test_nearly_equal_large_prices_are_still_moved_inside() -> None:
    """The mean of 1e9 is taken off without leaving more than the rounding that is forgiven."""
    price = 1e9 + np.array([0.1, 0.2, -0.3])
    for function in (Range.of([0] * 3, 1.0), Gini.of([0] * 3, 1.0)):
        assert function.conjugate(function.project(price)).tolist() == [0.0]


def test_without_weight_only_prices_of_zero_are_left() -> None:
    """At factor 0 a charge is free, so every price moves to 0."""
    price = np.array([3.0, -1.0, 0.5])
    for function in (Range.of([0] * 3, 2.0), Gini.of([0] * 3, 2.0), WorstOver.of([0] * 3, 1, 2.0)):
        free = function.scaled(0.0)
        assert type(free) is type(function)
        assert np.abs(free.project(price)).max() == 0.0
        assert free.conjugate(np.zeros(3)).tolist() == [0.0]
        assert free.value(price).tolist() == [0.0]


@pytest.mark.parametrize(
    ("group", "weight", "scale", "words"),
    [
        ([0, 2], 1.0, 1.0, "holes"),
        ([-1, 0], 1.0, 1.0, "counted from 0"),
        ([0, 0], -1.0, 1.0, "weights"),
        ([0, 0], INF, 1.0, "weights"),
        ([0, 0], 1.0, 0.0, "scales"),
        ([0, 0], 1.0, INF, "scales"),
    ],
)
def test_charges_that_make_no_sense_are_refused(
    group: list[int], weight: float, scale: float, words: str
) -> None:
    """Holes in the groups, negative weights, scales of zero."""
    for kind in (Range, Gini):
        with pytest.raises(ValueError, match=words):
            kind.of(group, weight, scale)


def test_nobody_at_all_is_fair() -> None:
    """Without rows there is nothing to charge, to price or to expand."""
    none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    for function in (Range.of(none, 1.0), Gini.of(none, 1.0), WorstOver.of(none, 0.0, 1.0)):
        assert function.value(nothing).tolist() == function.conjugate(nothing).tolist() == []
        assert function.project(nothing).tolist() == []
        assert len(function.expand(nothing, nothing).col_cost) == 0


def test_they_are_row_functions_with_all_their_parameters() -> None:
    """Models, digests and solvers find what they ask for."""
    for function in (Range.of([0, 1], 1.0), Gini.of([0, 1], 1.0), WorstOver.of([0, 1], 0, 1.0)):
        assert isinstance(function, RowFunction)
        assert (function.rows, function.part.tolist()) == (2, [0, 1])
        assert set(parameters(function)) >= {"group", "scale", "weight"}


@pytest.mark.parametrize("size", range(1, 13))
def test_the_network_sorts(size: int) -> None:
    """Every row of zeros and ones, so every row of numbers (Knuth's 0-1 principle)."""
    rows = np.array(list(product([0, 1], repeat=size)))
    for a, b in network(size):
        assert a < b
        rows[:, a], rows[:, b] = np.maximum(rows[:, a], rows[:, b]), rows[:, [a, b]].min(axis=1)
    assert (np.diff(rows, axis=1) <= 0).all()


def test_the_network_of_a_hundred_stays_small() -> None:
    """Fewer than half of the 4,950 comparisons of all pairs."""
    assert len(list(network(100))) < 2475


number = st.integers(-80, 80).map(lambda one: one / 4)
positive = st.integers(1, 36).map(lambda one: one / 4)


@st.composite
def fair(draw: st.DrawFn) -> Fair:
    """Up to six rows in one or two groups."""
    rows = draw(st.integers(1, 6))
    cut = draw(st.integers(1, rows))
    group = np.array(draw(st.permutations([0] * cut + [1] * (rows - cut))))
    groups = int(group.max()) + 1
    scale = draw(st.lists(positive, min_size=rows, max_size=rows))
    weight = draw(st.lists(positive, min_size=groups, max_size=groups))
    kind = draw(st.sampled_from([Range, Gini, WorstOver]))
    if kind is WorstOver:
        target = draw(st.lists(number, min_size=rows, max_size=rows))
        size = np.bincount(group)
        count = 1 + draw(st.sampled_from([0.0, 0.5, 1.0])) * (size - 1)
        return WorstOver.of(group, target, weight, count, scale)
    return kind.of(group, weight, scale)


def vector(function: Fair) -> st.SearchStrategy[np.ndarray]:
    return st.lists(number, min_size=function.rows, max_size=function.rows).map(np.array)


def groups_of(function: Fair) -> list[np.ndarray]:
    return [np.flatnonzero(function.group == one) for one in range(len(function.weight))]


def counted(function: Fair, load: np.ndarray) -> list[float]:
    """The charge of each group, pair by pair and rep by rep."""
    found = []
    for one, rows in enumerate(groups_of(function)):
        u, weight = (function.scale * load)[rows].tolist(), float(function.weight[one])
        if isinstance(function, Range):
            found.append(weight * (max(u) - min(u)))
        elif isinstance(function, Gini):
            found.append(weight * sum(abs(a - b) for a, b in combinations(u, 2)))
        else:
            over = (function.scale * (load - function.target))[rows]
            worst = np.append(np.sort(np.maximum(over, 0.0))[::-1], 0.0)
            whole = int(function.count[one])
            total = worst[:whole].sum() + (function.count[one] - whole) * worst[whole]
            found.append(weight * total / float(function.count[one]))
    return found


@given(fair(), st.data())
def test_values_are_those_counted_pair_by_pair(function: Fair, data: st.DataObject) -> None:
    """Sorting finds what comparing all pairs finds."""
    load = data.draw(vector(function))
    assert function.value(load) == pytest.approx(counted(function, load), abs=1e-9)
    assert function.scaled(2.5).value(load) == pytest.approx(2.5 * function.value(load), abs=1e-9)


@given(fair(), st.data())
def test_no_load_beats_the_conjugate(function: Fair, data: st.DataObject) -> None:
    """Fenchel-Young, group by group: f(y) + f*(p) >= p y for every load and projected price."""
    load, price = data.draw(vector(function)), function.project(data.draw(vector(function)))
    assert np.isfinite(function.conjugate(price)).all()
    paid = np.bincount(function.part, price * load, minlength=len(function.weight))
    assert (function.value(load) + function.conjugate(price) >= paid - 1e-8).all()


@given(fair(), st.data())
def test_the_conjugate_is_the_best_over_sets_of_rows(function: Fair, data: st.DataObject) -> None:
    """A charge on differences is linear between loads that raise a set of rows together, so these
    decide whether any load gains: all sets are tried, as are the same loads lowered."""
    price = data.draw(vector(function))
    if data.draw(st.booleans()):
        price = function.project(price)
    told = function.conjugate(price)
    anchor = function.target if isinstance(function, WorstOver) else np.zeros(function.rows)
    for one, rows in enumerate(groups_of(function)):
        best, base = 0.0, float((price * anchor)[rows].sum())
        for size in range(1, len(rows) + 1):
            for chosen in combinations(rows, size):
                for sign in (1.0, -1.0):
                    load = anchor.copy()
                    load[list(chosen)] += sign / function.scale[list(chosen)]
                    gain = float((price * load)[rows].sum()) - function.value(load)[one] - base
                    best = max(best, gain)
        if best <= 1e-9:
            assert told[one] == pytest.approx(base, abs=1e-9)
        else:
            # One step gains, so longer ones gain without end.
            assert told[one] == INF


@given(fair(), st.data())
def test_projecting_twice_changes_nothing(function: Fair, data: st.DataObject) -> None:
    """A projected price is inside the domain, and one inside comes back as it is."""
    once = function.project(data.draw(vector(function)))
    assert np.isfinite(function.conjugate(once)).all()
    assert function.project(once) == pytest.approx(once, abs=1e-9)


def cheapest(function: RowFunction, load: np.ndarray, reach: float) -> tuple[float, np.ndarray]:
    """The least that the expansion costs at fixed loads, and the prices of its rows' duals."""
    span = np.full(function.rows, reach)
    expansion = function.expand(-span, span)
    assert np.isfinite(expansion.col_lower).all()
    assert np.isfinite(expansion.col_upper).all()
    shape = len(expansion.row_source), function.rows + len(expansion.col_cost)
    matrix = np.zeros(shape)
    matrix[np.arange(shape[0]), expansion.row_source] = expansion.row_scale
    at = expansion.entry_row, function.rows + expansion.entry_col
    np.add.at(matrix, at, expansion.entry_value)
    # The loads are columns, fixed one by one: the duals of these rows are the slopes of the charge.
    fixed = np.eye(function.rows, shape[1])
    below, above = np.isfinite(expansion.row_upper), np.isfinite(expansion.row_lower)
    answer = linprog(
        np.concatenate([np.zeros(function.rows), expansion.col_cost]),
        np.vstack([matrix[below], -matrix[above]]),
        np.concatenate([expansion.row_upper[below], -expansion.row_lower[above]]),
        fixed,
        load,
        bounds=[
            *((None, None) for _ in load),
            *zip(expansion.col_lower, expansion.col_upper, strict=True),
        ],
    )
    assert answer.status == 0
    return float(answer.fun), np.asarray(answer.eqlin.marginals)


@given(fair(), st.data())
def test_expansion_costs_what_the_function_says(function: Fair, data: st.DataObject) -> None:
    """At fixed loads the cheapest setting of the columns costs f(y), and its slope is a price at
    which Fenchel and Young agree: the linear program is exact, not only close."""
    load = data.draw(vector(function))
    value = function.value(load).sum()
    cost, price = cheapest(function, load, 25.0)
    assert cost == pytest.approx(value, rel=1e-7, abs=1e-6)
    price = function.project(price)
    both = value + function.conjugate(price).sum()
    assert both == pytest.approx(float(price @ load), rel=1e-6, abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.integers(7, 24), st.integers(0, 2**32 - 1))
def test_expansion_of_larger_groups(rows: int, seed: int) -> None:
    """As above, with ties, for groups of 7 to 24 rows."""
    rng = np.random.default_rng(seed)
    load = rng.integers(0, 8, rows).astype(float)
    function = Gini.of(np.zeros(rows, dtype=int), 0.5, rng.choice([0.5, 1.0, 2.0], rows))
    assert cheapest(function, load, 10.0)[0] == pytest.approx(function.value(load).sum(), abs=1e-6)


@given(fair(), st.data())
def test_a_ceiling_can_stand_on_them(function: Fair, data: st.DataObject) -> None:
    """Under a ceiling no allowed load beats the conjugate, whatever the multiplier."""
    load = np.append(data.draw(vector(function)), 0.0)
    capped = Capped.of([function], float(function.value(load[:-1]).sum()))
    price = np.append(data.draw(vector(function)), data.draw(st.sampled_from([0.0, 0.5, 2.0])))
    price = capped.project(price)
    assert capped.value(load)[0] == 0.0
    assert capped.conjugate(price)[0] >= float(price @ load) - 1e-8
