"""The dearest of several futures: its value, its conjugate, and what solvers make of it."""

from __future__ import annotations

import numpy as np
import pytest
from test_capped import functions

from optiterr.capped import Capped
from optiterr.certificate import certify, lower_bound
from optiterr.conformance import least_cost, plans
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, parameters
from optiterr.solution import Limits
from optiterr.solvers import cp_sat, highs, scip
from optiterr.stacked import height, split
from optiterr.worst_of import WorstOf


def above(most: float) -> Band:
    """One load, 2 for each unit above ``most``."""
    return Band.of(1, high=most, price_above=2.0)


def two(most: float | list[float] = np.inf, weight: float = 1.0) -> WorstOf:
    """Two futures: one with a load above 3, one with a load above 1 and 10 less."""
    return WorstOf.of([above(3.0), above(1.0)], [0, 1], [0.0, -10.0], most, weight)


LOADS = np.array([5.0, 6.0, 1.0, 7.0])
"""Future 1 costs 2 * 2 + 1 = 5; future 2 costs 2 * 5 + 7 - 10 = 7."""


def test_the_dearest_future_is_charged() -> None:
    """7 of 5 and 7, and the weight counts."""
    assert two().totals(LOADS).tolist() == [5.0, 7.0]
    assert two().value(LOADS).tolist() == [7.0]
    assert two(weight=3.0).value(LOADS).tolist() == [21.0]


def test_the_dearest_share_is_a_mean() -> None:
    """Each future of probability 1/2: the dearest 80 % are 0.5/0.8 of 7 and 0.3/0.8 of 5: 6.25."""
    assert two([0.625, 0.625]).value(LOADS) == pytest.approx([6.25])
    assert two([0.5, 0.5]).value(LOADS) == pytest.approx([6.0])


def test_a_hard_limit_inside_forbids_in_any_future() -> None:
    """4 is above the limit of 3 in a future that costs nothing otherwise."""
    hard = WorstOf.of([Band.of(1, upper=3.0), above(1.0)], [0, 1], [0.0, 0.0])
    assert hard.value(np.array([4.0, 9.0, 0.0, 0.0])).tolist() == [np.inf]
    assert hard.scaled(0.0).value(np.array([4.0, 9.0, 0.0, 0.0])).tolist() == [np.inf]


def test_weights_of_futures_are_prices_that_add_up() -> None:
    """Prices of the further loads outside the weights prove nothing until they are moved inside."""
    outside = np.array([0.0, 0.0, 0.9, 0.9])
    assert two().conjugate(outside).tolist() == [np.inf]
    assert two().conjugate(np.array([0.0, 0.0, -0.5, 1.5])).tolist() == [np.inf]
    assert two().project(outside).tolist() == [0.0, 0.0, 0.5, 0.5]
    assert two([0.4, 1.0]).project(np.array([0.0, 0.0, 0.9, 0.0]))[2:].sum() == pytest.approx(1.0)
    # At weights (0.25, 0.75) a price of 0.5 is all that a load above 3 may have: 0.25 * 2.
    assert two().project(np.array([9.0, 9.0, 0.25, 0.75])).tolist() == [0.5, 1.5, 0.25, 0.75]


def test_constants_come_off_the_conjugate() -> None:
    """At weights (0.25, 0.75) and prices (0.5, 1.5): 0.5 * 3 + 1.5 * 1 + 0.75 * 10."""
    assert two().conjugate(np.array([0.5, 1.5, 0.25, 0.75])) == pytest.approx([10.5])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"future": [0]}, "belongs to a future"),
        ({"future": [0, 2]}, "counted from 0"),
        ({"constant": [0.0, np.inf]}, "finite"),
        ({"most": [0.3, 0.3]}, "add up"),
        ({"weight": -1.0}, "finite and not negative"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, object], words: str) -> None:
    """A charge without a future, a weight that cannot be reached."""
    given = {"future": [0, 1], "constant": [0.0, 0.0], **settings}
    with pytest.raises(ValueError, match=words):
        WorstOf.of([above(3.0), above(1.0)], **given)  # type: ignore[arg-type]


def drawn(rng: np.random.Generator, rows: int, futures: int) -> WorstOf:
    """Charges of every kind in a few futures, weighted in one of four ways."""
    inner = [one for _ in range(futures) for one in functions(rng, rows)]
    future = np.repeat(np.arange(futures), len(inner) // futures)
    probability = rng.dirichlet(np.ones(futures))
    most = [np.inf, probability, probability / 0.6, probability / 0.3][int(rng.integers(4))]
    constant = -rng.integers(0, 9, futures).astype(float)
    made = WorstOf.of(inner, future, constant, most)
    return made.scaled(float(rng.integers(1, 4)))


def test_fenchel_young_holds_for_any_loads_and_prices() -> None:
    """``f(y) + f*(p) >= p y`` for prices projected, and a projection is projected already."""
    rng = np.random.default_rng(1)
    for _ in range(200):
        made = drawn(rng, 4, 3)
        y = rng.uniform(0, 3, made.rows)
        price = made.project(rng.normal(size=made.rows) * 3)
        assert made.project(price) == pytest.approx(price, abs=1e-12)
        assert np.isfinite(made.conjugate(price)[0])
        if np.isfinite(made.value(y)[0]):
            assert made.value(y)[0] + made.conjugate(price)[0] >= price @ y - 1e-8


def test_the_conjugate_is_reached() -> None:
    """At the prices that support the charge at a load, value and conjugate meet."""
    # Future 2 is the dearest, its load above its mark: all weight there, at price 2.
    price = np.array([0.0, 2.0, 0.0, 1.0])
    paid = float(price @ LOADS)
    assert two().value(LOADS)[0] + two().conjugate(price)[0] == pytest.approx(paid)


def worst_model(rng: np.random.Generator) -> Model:
    """Four accounts, three reps, two or three futures; some costs and half of all under a cap."""
    accounts, reps, futures = 4, 3, int(rng.integers(2, 4))
    pairs = Pairs.full(accounts, reps)
    ids = np.array([f"a{n}" for n in range(accounts)], dtype=object)
    names = np.array([f"r{n}" for n in range(reps)], dtype=object)
    builder = ModelBuilder(ids, names, pairs)
    builder.add_cost("first", rng.integers(0, 3, len(pairs)).astype(float))
    made = drawn(rng, reps, futures)
    every, inner = np.arange(len(pairs)), height(made.inner)
    row, value = [], []
    for place in range(len(made.inner)):
        size = rng.integers(1, 3, accounts)[pairs.account].astype(float)
        row.append(place * reps + pairs.rep)
        value.append(np.ones(len(pairs)) if place % 4 == 2 else size)
    for future in range(futures):
        row.append(np.full(len(pairs), inner + future))
        value.append(rng.integers(0, 5, len(pairs)).astype(float))
    label = [str(one) for one in range(made.rows)]
    both = np.concatenate(row), np.tile(every, len(row)), np.concatenate(value)
    builder.add_rows("worst", made, label, *both)
    if rng.random() < 0.3:
        capped = Capped.of([made], float(rng.integers(2, 20)))
        builder.add_rows("cap", capped, [*label, "pairs"], *both)
    return builder.build()


def test_solvers_and_bounds_agree_with_counting() -> None:
    """On 60 models: the same optimum or none, and no price proves more than it."""
    rng = np.random.default_rng(7)
    feasible = 0
    for place in range(60):
        model = worst_model(rng)
        best = least_cost(model)
        for library in (highs, cp_sat, scip) if place % 6 == 0 else (highs,):
            answer = library.solve(model, Limits(gap=0.0))
            if np.isfinite(best):
                assert answer.objective == pytest.approx(best, abs=1e-5)
            else:
                assert answer.objective is None
        if not np.isfinite(best):
            continue
        feasible += 1
        relaxed = highs.relax(model, Limits())
        assert relaxed.prices is not None
        bound = lower_bound(model, relaxed.prices)
        assert bound.value == pytest.approx(relaxed.objective, abs=1e-5)
        assert bound.value <= best + 1e-6
        assert lower_bound(model, rng.normal(size=model.rows) * 4).value <= best + 1e-6
        x = next(
            model.picks(choice)
            for choice in plans(model.pairs)
            if np.isfinite(model.value(model.picks(choice)))
        )
        certify(model, x, bound)
    assert feasible > 30


def test_same_charge_same_digest() -> None:
    """Every number inside takes part in the digest, by value and not by place in memory."""
    one, other = parameters(two()), parameters(two())
    assert all(np.array_equal(one[key], other[key]) for key in one)
    assert {"future", "constant", "most", "weight", "inner.1.Band.high"} <= set(one)
    digests = [worst_model(np.random.default_rng(3)).digest() for _ in range(2)]
    assert digests[0] == digests[1]


def test_rows_are_split_in_order() -> None:
    """Two charges of one row each; what stands behind them is left out."""
    inner = two().inner
    assert height(inner) == 2
    assert [own.tolist() for _, own in split(inner, LOADS)] == [[5.0], [6.0]]
