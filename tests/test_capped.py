"""A ceiling on several charges: its value, its conjugate, and what solvers make of it."""

from __future__ import annotations

import numpy as np
import pytest

from optiterr.capped import Capped
from optiterr.certificate import certify, lower_bound
from optiterr.conformance import least_cost, plans
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare, parameters
from optiterr.solution import Limits, Status
from optiterr.solvers import cp_sat, highs, scip
from optiterr.spread import Spread


def band() -> Band:
    """Two loads around 3, one unit free on either side, 2 a unit beyond; at most 9."""
    return Band.of(2, low=2.0, high=4.0, upper=9.0, price_below=2.0, price_above=2.0)


def test_charges_and_the_further_load_add_up_to_the_ceiling() -> None:
    """Loads 1 and 6 cost 2 and 4; with 3 more that is 9: allowed at 9, not at 8."""
    y = np.array([1.0, 6.0, 3.0])
    assert Capped.of([band()], 9.0).total(y) == 9.0
    assert Capped.of([band()], 9.0).value(y).tolist() == [0.0]
    assert Capped.of([band()], 8.0).value(y).tolist() == [np.inf]


def test_a_hard_limit_inside_forbids_whatever_the_ceiling() -> None:
    """10 is above the band's 9."""
    assert Capped.of([band()], 1e9).value(np.array([10.0, 3.0, 0.0])).tolist() == [np.inf]


def test_no_multiplier_below_zero() -> None:
    """A ceiling never pays for being reached."""
    capped = Capped.of([band()], 9.0)
    assert capped.conjugate(np.array([0.0, 0.0, -1.0])).tolist() == [np.inf]
    assert capped.project(np.array([5.0, 0.0, -1.0])).tolist() == [5.0, 0.0, 0.0]


def test_the_conjugate_is_linear_in_the_ceiling() -> None:
    """At multiplier 2 each unit more of ceiling is worth 2."""
    price = np.array([1.0, -2.0, 2.0])
    low, high = (Capped.of([band()], ceiling).conjugate(price)[0] for ceiling in (5.0, 8.0))
    assert high - low == pytest.approx(6.0)


def functions(rng: np.random.Generator, rows: int) -> list[RowFunction]:
    """One of each kind over ``rows`` loads."""
    half = rows // 2
    return [
        Band.of(
            rows,
            lower=0.0 if rng.random() < 0.5 else -np.inf,
            low=rng.uniform(0, 1, rows),
            high=rng.uniform(1, 2, rows),
            upper=rng.uniform(2, 6, rows) if rng.random() < 0.5 else np.inf,
            price_below=rng.uniform(0, 2, rows),
            price_above=rng.uniform(0, 2, rows),
        ),
        WorstShare.of(np.zeros(rows, dtype=int), rng.uniform(0, 2, rows), 3.0, 1.5),
        Spread.of(np.arange(rows), np.arange(rows) >= half, 2, high=1.0, price=2.0),
        Piecewise.of(
            np.tile([0.0, 1.0, 3.0], (rows, 1)), np.tile([1.0, 0.0, 4.0], (rows, 1)), -1.0, 2.0
        ),
    ]


def test_fenchel_young_holds_for_any_loads_and_prices() -> None:
    """``f(y) + f*(p) >= p y`` for loads that keep the ceiling, and prices projected."""
    rng = np.random.default_rng(1)
    for _ in range(300):
        inner = functions(rng, 4)
        capped = Capped.of(inner, 5.0)
        y = rng.uniform(0, 3, capped.rows)
        y[-1] = 5.0 - capped.total(np.append(y[:-1], 0.0))
        if not np.isfinite(y[-1]):
            continue
        price = capped.project(rng.normal(size=capped.rows) * 3)
        again = capped.project(price)
        assert again == pytest.approx(price)
        assert np.isfinite(capped.conjugate(price)[0])
        assert capped.conjugate(price)[0] >= price @ y - 1e-9


def capped_model(rng: np.random.Generator) -> Model:
    """Four accounts, three reps; the first cost is minimised, the second kept below a ceiling."""
    accounts, reps = 4, 3
    pairs = Pairs.full(accounts, reps)
    ids = np.array([f"a{n}" for n in range(accounts)], dtype=object)
    names = np.array([f"r{n}" for n in range(reps)], dtype=object)
    builder = ModelBuilder(ids, names, pairs)
    builder.add_cost("first", rng.integers(0, 9, len(pairs)).astype(float))
    inner = functions(rng, reps)
    every = np.arange(len(pairs))
    size = rng.integers(1, 4, accounts)[pairs.account].astype(float)
    row = [place * reps + pairs.rep for place in range(len(inner))]
    row.append(np.full(len(pairs), len(inner) * reps))
    value = [size] * 2 + [np.ones(len(pairs)), size, rng.integers(0, 5, len(pairs)).astype(float)]
    capped = Capped.of(inner, float(rng.integers(14, 50)))
    labels = [str(one) for one in range(capped.rows)]
    builder.add_rows(
        "level",
        capped,
        labels,
        np.concatenate(row),
        np.tile(every, len(row)),
        np.concatenate(value),
    )
    return builder.build()


def test_solvers_and_bounds_agree_with_counting() -> None:
    """On 60 models: the same optimum or none, and no price proves more than it."""
    rng = np.random.default_rng(7)
    feasible = 0
    for place in range(60):
        model = capped_model(rng)
        best = least_cost(model)
        for library in (highs, cp_sat, scip) if place % 4 == 0 else (highs,):
            answer = library.solve(model, Limits(gap=0.0))
            if not np.isfinite(best):
                assert answer.status is Status.INFEASIBLE
            else:
                assert answer.objective == pytest.approx(best, abs=1e-5)
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
    assert 15 < feasible < 60


def test_same_ceiling_same_digest() -> None:
    """The functions inside take part in the model's digest, by value and not by place in memory."""
    made = [parameters(Capped.of([band()], 9.0)) for _ in range(2)]
    assert all(np.array_equal(made[0][key], made[1][key]) for key in made[0])
    assert "inner.0.Band.price_above" in made[0]
    digests = [capped_model(np.random.default_rng(3)).digest() for _ in range(2)]
    assert digests[0] == digests[1]
