"""The bound and where the gap sits: by hand, against enumeration, and against lies."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from optiterr.audit import trusted_status
from optiterr.certificate import certify, cheapest, lower_bound, reduced_cost, relative_gap
from optiterr.errors import AuditError
from optiterr.linear import activity, linearise
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, WorstShare, worst
from optiterr.solution import Solution, Status


def names(letter: str, count: int) -> np.ndarray:
    return np.array([f"{letter}{at + 1}" for at in range(count)], dtype=object)


def two_by_two(limit: float = 3.0) -> Model:
    """Workloads 2 and 3; r1 costs 1 and 1 and carries ``limit``, r2 costs 4 and 2."""
    builder = ModelBuilder(names("a", 2), names("r", 2), Pairs.full(2, 2))
    builder.add_cost("travel", [1.0, 4.0, 1.0, 2.0])
    builder.add_rows("capacity", Band.of(1, upper=limit), ["r1"], [0, 0], [0, 2], [2.0, 3.0])
    return builder.build()


def random_model(seed: int) -> Model:
    """Five accounts, three reps, every row function, some pairs missing."""
    rng = np.random.default_rng(seed)
    n, m = 5, 3
    mask = rng.random(n * m) < 0.8
    mask[::m] = True
    pairs = Pairs.full(n, m).keep(mask)
    builder = ModelBuilder(names("a", n), names("r", m), pairs)
    builder.add_cost("cost", rng.integers(-3, 9, len(pairs)))
    builder.add_constant("cost", 2.5)
    load = rng.integers(1, 6, n).astype(float)
    mean = load.sum() / m
    at, weight = np.arange(len(pairs)), load[pairs.account]
    reps = names("r", m)

    def rows(name: str, function: object) -> None:
        builder.add_rows(name, function, reps, pairs.rep, at, weight)  # type: ignore[arg-type]

    rows("cap", Band.of(m, upper=mean * rng.uniform(1.1, 2)))
    rows(
        "l1",
        Band.of(
            m,
            lower=mean * 0.2,
            low=mean,
            high=mean * 1.1,
            upper=mean * 1.7,
            price_below=2,
            price_above=3,
        ),
    )
    rows("worst", worst(np.zeros(m, int), mean, 3.0))
    rows("share", WorstShare.of([0, 0, 0], mean, 3.0, 1.5, 2.0))
    rows(
        "curve",
        Piecewise.of(
            np.tile([1.0, 3, 7], (m, 1)),
            np.tile([4.0, 1, 2], (m, 1)),
            -4,
            np.inf if seed % 2 else 5,
        ),
    )
    return builder.build()


def enumerate_best(model: Model) -> tuple[float, np.ndarray | None]:
    """The least cost over all assignments, and one that reaches it."""
    best, found = np.inf, None
    start = model.pairs.start
    for choice in product(*(range(start[i], start[i + 1]) for i in range(model.pairs.accounts))):
        x = model.picks(np.array(choice))
        value = model.value(x)
        if value < best:
            best, found = value, x
    return best, found


def test_bound_and_gap_by_hand() -> None:
    """Price 1/2 on r1's load: reduced costs 2, 4 | 2.5, 2, so 2 + 2 - 3 * 1/2 = 2.5.

    The best plan gives a1 to r1 and a2 to r2: 1 + 2 = 3. Its gap of 0.5 is the unused room
    3 - 2 = 1 at price 1/2; nobody regrets anything.
    """
    model = two_by_two()
    bound = lower_bound(model, np.array([0.5]))
    assert reduced_cost(model, bound.prices).tolist() == [2.0, 4.0, 2.5, 2.0]
    assert bound.value == pytest.approx(2.5, abs=1e-9)
    plan = certify(model, np.array([1.0, 0.0, 0.0, 1.0]), bound)
    assert plan.cost == 3.0
    assert plan.regret.tolist() == [0.0, 0.0]
    assert plan.residual[0].tolist() == [0.5]
    assert plan.gap == pytest.approx(0.5 / 3)


def test_a_price_outside_the_domain_is_moved_inside() -> None:
    """A capacity cannot have a negative price: -5 counts as 0, NaN and infinity as 0 too."""
    model = two_by_two()
    # at price 0 each account takes its cheapest rep: 1 + 1 = 2
    for price in (-5.0, np.nan, np.inf, -np.inf):
        bound = lower_bound(model, np.array([price]))
        assert bound.prices.tolist() == [0.0]
        assert bound.value == pytest.approx(2.0, abs=1e-9)


def test_bound_over_left_out_pairs_is_lower() -> None:
    """A candidate list without a1-r1 (cost 1) may not claim the dearer bound as the whole one."""
    full = two_by_two()
    builder = ModelBuilder(
        full.account_ids, full.rep_ids, full.pairs.keep(np.array([False, True, True, True]))
    )
    builder.add_cost("travel", [4.0, 1.0, 2.0])
    builder.add_rows("capacity", Band.of(1, upper=3.0), ["r1"], [0], [1], [3.0])
    short = builder.build()
    prices = np.zeros(1)
    assert lower_bound(short, prices).value == pytest.approx(5.0, abs=1e-9)
    assert lower_bound(short, prices, [full]).value == pytest.approx(2.0, abs=1e-9)


def test_an_account_without_a_pair_has_an_infinite_bound() -> None:
    """No rep may serve a1: no plan exists, and the bound says so."""
    full = two_by_two()
    builder = ModelBuilder(
        full.account_ids, full.rep_ids, full.pairs.keep(np.array([False, False, True, True]))
    )
    model = builder.build()
    assert cheapest(model, np.zeros(0)).tolist() == [np.inf, 0.0]
    assert lower_bound(model, np.zeros(0)).value == np.inf


def test_a_plan_that_serves_an_account_twice_is_no_plan() -> None:
    """Two reps for a1, or none, is refused by name."""
    model = two_by_two()
    bound = lower_bound(model, np.zeros(1))
    with pytest.raises(AuditError, match="without exactly one rep: a1"):
        certify(model, np.array([1.0, 1.0, 0.0, 1.0]), bound)
    with pytest.raises(AuditError, match="without exactly one rep: a2"):
        certify(model, np.array([1.0, 0.0, 0.0, 0.0]), bound)


def test_a_plan_that_breaks_a_hard_row_fails_the_identity() -> None:
    """Both accounts at r1 load 5 against 3: cost is infinite, and no identity can hold."""
    model = two_by_two()
    with pytest.raises(AuditError, match="regrets and residuals"):
        certify(model, np.array([1.0, 0.0, 1.0, 0.0]), lower_bound(model, np.array([0.5])))


def test_a_doctored_bound_fails_the_identity() -> None:
    """A bound raised by 0.1 is caught: the sides of the identity differ by 0.1."""
    from dataclasses import replace

    model = two_by_two()
    bound = lower_bound(model, np.array([0.5]))
    lie = replace(bound, value=bound.value + 0.1)
    with pytest.raises(AuditError, match="regrets and residuals"):
        certify(model, np.array([1.0, 0.0, 0.0, 1.0]), lie)


def test_a_wrong_conjugate_is_seen_by_the_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conjugate too low by 500 cancels in the identity; the residual of -499.5 does not."""
    model = two_by_two()
    honest = Band.conjugate
    monkeypatch.setattr(Band, "conjugate", lambda band, price: honest(band, price) - 500)
    bound = lower_bound(model, np.array([0.5]))
    with pytest.raises(AuditError, match="parts of the gap are negative"):
        certify(model, np.array([1.0, 0.0, 0.0, 1.0]), bound)


@pytest.mark.parametrize("seed", range(150))
def test_no_prices_prove_more_than_the_optimum(seed: int) -> None:
    """With every row function in play: bound <= optimum, and the identity at the optimum."""
    model = random_model(seed)
    rng = np.random.default_rng(seed)
    best, x = enumerate_best(model)
    for scale in (0.0, 0.5, 2.0, 10.0):
        bound = lower_bound(model, rng.normal(0, scale, model.rows))
        assert bound.value <= best + 1e-9
        if x is not None:
            plan = certify(model, x, bound)
            assert plan.regret.min() >= -1e-9
            assert min(part.min() for part in plan.residual) >= -1e-9


def test_activity_is_reached_by_some_assignment() -> None:
    """Least and most load of every row, against enumeration."""
    for seed in range(20):
        model = random_model(seed)
        start = model.pairs.start
        choices = product(*(range(start[i], start[i + 1]) for i in range(model.pairs.accounts)))
        loads = np.array([model.loads(model.picks(np.array(one)))[0] for one in choices])
        least, most = activity(model.blocks[0], model.pairs)
        assert least.tolist() == loads.min(axis=0).tolist()
        assert most.tolist() == loads.max(axis=0).tolist()


def test_every_extra_column_has_finite_bounds() -> None:
    """No slack is unbounded: the linear form of every row function closes its columns."""
    for seed in range(20):
        program = linearise(random_model(seed))
        assert np.isfinite(program.lower).all()
        assert np.isfinite(program.upper).all()
        assert (program.lower <= program.upper).all()
        assert program.matrix.shape == (len(program.row_lower), len(program.cost))
        matrix = program.matrix
        step = np.diff(matrix.indices)
        same_row = np.diff(np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))) == 0
        assert (step[same_row] > 0).all()


def test_same_input_gives_the_same_digest_and_any_change_another() -> None:
    """Cost, limit, names and pairs all count."""
    first, again, other = two_by_two(), two_by_two(), two_by_two(limit=3.5)
    assert first.digest() == again.digest()
    assert first.digest() != other.digest()
    builder = ModelBuilder(names("b", 2), names("r", 2), Pairs.full(2, 2))
    builder.add_cost("travel", [1.0, 4.0, 1.0, 2.0])
    builder.add_rows("capacity", Band.of(1, upper=3.0), ["r1"], [0, 0], [0, 2], [2.0, 3.0])
    assert builder.build().digest() != first.digest()


def test_builder_refuses_what_no_solver_could_read() -> None:
    """Infinite costs, two blocks of one name and labels that do not match the rows."""
    builder = ModelBuilder(names("a", 1), names("r", 1), Pairs.full(1, 1))
    with pytest.raises(ValueError, match="not finite"):
        builder.add_cost("travel", [np.inf])
    builder.add_rows("cap", Band.of(1, upper=1), ["r1"], [0], [0], [1.0])
    with pytest.raises(ValueError, match="exists already"):
        builder.add_rows("cap", Band.of(1, upper=1), ["r1"], [0], [0], [1.0])
    with pytest.raises(ValueError, match="2 charges for 1 labels"):
        builder.add_rows("floor", Band.of(2, lower=1), ["r1"], [0], [0], [1.0])


def test_relative_gap_at_the_edges() -> None:
    """Zero when cost and bound meet, infinite when a free plan has an unproved bound."""
    assert relative_gap(0.0, 0.0) == 0.0
    assert relative_gap(-2.0, -3.0) == 0.5
    assert relative_gap(0.0, -1.0) == np.inf
    assert relative_gap(5.0, 5.1) == 0.0


@pytest.mark.parametrize(
    ("bound", "status"),
    [(9.999, Status.OPTIMAL), (9.0, Status.FEASIBLE), (None, Status.FEASIBLE)],
)
def test_optimal_needs_a_bound_that_supports_it(bound: float | None, status: Status) -> None:
    """A solver that says optimal with a bound 10 % away, or none, is taken as feasible."""
    assert trusted_status(Status.OPTIMAL, 10.0, bound, 1e-4) is status


def test_a_solution_with_values_but_no_plan_status_cannot_exist() -> None:
    """Values exist exactly when the status says so."""
    with pytest.raises(ValueError, match="contradict"):
        Solution(Status.INFEASIBLE, "liar", x=np.ones(1))
    with pytest.raises(ValueError, match="contradict"):
        Solution(Status.OPTIMAL, "liar")
