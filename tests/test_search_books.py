"""Whole books: the program over them by hand and against all books, dives, and the search."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from optiterr.certificate import lower_bound
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.search import decompose
from optiterr.search.booking import Booking, bookable
from optiterr.search.books import Shelf
from optiterr.search.core import Core
from optiterr.search.exact import finish
from optiterr.search.watch import Watch
from optiterr.solution import Limits, Status
from optiterr.solvers import highs
from optiterr.undivided import Sets


def never() -> bool:
    return False


def jobs(
    seed: int, accounts: int = 8, reps: int = 3, room: float = 1.05, budget: bool = False
) -> Model:
    """Jobs for agents with hard capacities around a hidden plan; a budget on half of the jobs."""
    rng = np.random.default_rng([51, seed])
    ids = (
        np.array([f"{one}{at}" for at in range(n)], dtype=object)
        for one, n in (("a", accounts), ("r", reps))
    )
    made = ModelBuilder(*ids, Pairs.full(accounts, reps))
    use = rng.integers(5, 25, (accounts, reps)).astype(float)
    cost = np.round(60 - 2 * use + rng.integers(-8, 9, use.shape))
    hidden = rng.integers(0, reps, accounts)
    load = np.bincount(hidden, use[np.arange(accounts), hidden], minlength=reps)
    limit = np.maximum(np.ceil(room * load), 5.0)
    made.add_cost("cost", cost.ravel())
    made.add_rep_rows("capacity", Band.of(reps, upper=limit), use.ravel())
    made.add_rep_rows(
        "part",
        Band.of(reps, low=load.mean(), high=load.mean(), price_below=1.0, price_above=0.5),
        use.ravel(),
    )
    if budget:
        # Jobs that leave agent 0 or come to it: a row that several agents load.
        moved = (np.arange(reps)[None, :] != hidden[:, None]) * 1.0
        made.add_rows(
            "moved",
            Band.of(1, upper=max(1.0, accounts // 3)),
            ["all"],
            np.zeros(accounts * reps, dtype=int),
            np.arange(accounts * reps),
            moved.ravel(),
        )
    return made.build()


def booking(model: Model) -> Booking:
    relaxed = highs.relax(model, Limits(seconds=10.0))
    assert relaxed.prices is not None
    hard = np.full(model.rows, 1e4)
    return Booking(model, Core.of(model), relaxed.prices, hard)


def every_book(model: Model) -> list[tuple[int, np.ndarray, float]]:
    """Each set of accounts for each rep whose own rows allow it, and what it costs."""
    reps = int(model.pairs.rep.max()) + 1
    accounts = model.pairs.accounts
    found = []
    for rep in range(reps):
        for picks in product((False, True), repeat=accounts):
            pair = np.arange(accounts)[np.array(picks)] * reps + rep
            x = np.zeros(len(model.pairs))
            x[pair] = 1.0
            cost = float(model.cost @ x)
            for block in model.blocks:
                if block.rows == reps:
                    cost += float(block.function.value(block.matrix @ x)[rep])
            if np.isfinite(cost):
                found.append((rep, pair, cost))
    return found


def mixed_of_every_book(model: Model) -> float:
    """The cheapest mix of all books, by scipy: what generation has to arrive at."""
    books = every_book(model)
    accounts, reps = model.pairs.accounts, int(model.pairs.rep.max()) + 1
    equal = np.zeros((accounts + reps, len(books)))
    budget = [block for block in model.blocks if block.rows == 1]
    over = np.zeros((len(budget), len(books)))
    for at, (rep, pair, _) in enumerate(books):
        equal[model.pairs.account[pair], at] = 1.0
        equal[accounts + rep, at] = 1.0
        for row, block in enumerate(budget):
            over[row, at] = block.matrix[:, pair].sum()
    upper = [block.function.upper[0] for block in budget]
    answer = linprog(
        [cost for _, _, cost in books],
        A_ub=over if budget else None,
        b_ub=upper if budget else None,
        A_eq=equal,
        b_eq=np.ones(accounts + reps),
    )
    assert answer.status == 0
    return float(answer.fun)


@pytest.mark.parametrize("budget", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_generation_arrives_at_the_cheapest_mix_of_all_books(seed: int, budget: bool) -> None:
    model = jobs(seed, budget=budget)
    made = booking(model)
    assert made.generate(never)
    found = made.proved
    assert found is not None
    least = mixed_of_every_book(model)
    assert found.value == pytest.approx(least, rel=1e-5)
    # Those payments prove it again, at the prices that they go with.
    sets = Sets(model, lower_bound(model, found.prices))
    assert sets.bound(found.stakes, 100_000).value == pytest.approx(least, rel=1e-5)
    best = highs.solve(model, Limits(seconds=20.0, gap=0.0)).objective
    assert best is not None
    assert found.value <= best + 1e-6


def test_a_mix_of_books_by_hand() -> None:
    """One account for two reps, each 3 off its part with it and 3 without: no book hides it."""
    ids = np.array(["a"], dtype=object), np.array(["r0", "r1"], dtype=object)
    made = ModelBuilder(*ids, Pairs.full(1, 2))
    made.add_cost("travel", [1.0, 2.0])
    part = Band.of(2, low=1.0, high=1.0, price_below=3.0, price_above=3.0, upper=[9.0, 9.0])
    made.add_rep_rows("even", part, 2.0)
    model = made.build()
    shelf = Shelf(model, Core.of(model), np.arange(2), np.arange(2), np.zeros(2))
    assert shelf.cost(0, np.array([0])) == 4.0
    assert shelf.cost(1, np.array([], dtype=np.int64)) == 3.0
    both = np.arange(2)
    assert shelf.add(np.array([True, False]), both) == 2
    assert shelf.add(np.array([True, False]), both) == 0
    shelf.pay(np.array([0.0]), 50.0, 200.0)
    mixed = shelf.mixed()
    assert mixed is not None
    assert mixed.cost == pytest.approx(7.0)
    assert mixed.share == pytest.approx([1.0, 1.0])
    # The other way round costs one more, and is not taken; held, it is.
    assert shelf.add(np.array([False, True]), both) == 2
    assert shelf.mixed().cost == pytest.approx(7.0)  # type: ignore[union-attr]
    other = int(np.flatnonzero(shelf.reps == 1)[1])
    shelf.hold(np.array([other]))
    assert shelf.mixed().cost == pytest.approx(8.0)  # type: ignore[union-attr]
    # Even where serving an account twice is paid for, nobody else gets it, nor the rep a book more.
    shelf.pay(np.array([5.0]), 0.0, -200.0)
    assert np.flatnonzero(shelf.mixed().share).tolist() in ([other], [1, other])  # type: ignore[union-attr]
    shelf.pay(np.array([0.0]), 50.0, 200.0)
    served, busy = shelf.taken(np.array([other]))
    assert served.tolist() == [True]
    assert busy.tolist() == [False, True]
    assert shelf.choice(np.array([other])).tolist() == [1]
    shelf.release()
    assert shelf.mixed().cost == pytest.approx(7.0)  # type: ignore[union-attr]


def test_books_that_break_a_hard_row_are_left_out() -> None:
    model = jobs(1, room=1.0)
    shelf = Shelf(model, Core.of(model), np.arange(6), np.tile(np.arange(3), 2), np.zeros(6))
    everything = model.pairs.rep == 0
    assert shelf.cost(0, np.flatnonzero(everything)) == np.inf
    assert shelf.add(everything, np.array([0])) == 0
    assert len(shelf) == 0


def test_dives_make_plans_of_books() -> None:
    """Each account once, what is left over is said; mostly one of a few dives makes a good plan."""
    good = 0
    for seed in range(10):
        model = jobs(seed, accounts=12, reps=4, budget=seed % 2 == 0)
        best = highs.solve(model, Limits(seconds=20.0, gap=0.0)).objective
        assert best is not None
        dived = booking(model)
        dived.generate(never)
        mixed = dived.shelf.mixed()
        rng, worths = np.random.default_rng(seed), [np.inf]
        for turn in range(6):
            choice = dived.dive(rng if turn else None, never, np.inf)
            assert choice is not None
            served = choice >= 0
            assert (model.pairs.account[choice[served]] == np.flatnonzero(served)).all()
            if served.all():
                worths.append(model.value(model.picks(choice)))
                assert worths[-1] >= best - 1e-6
        good += min(worths) <= best + 0.02 * abs(best)
        # Nothing is held afterwards, and more books can only make the mix cheaper.
        after = dived.shelf.mixed()
        assert mixed is not None
        assert after is not None
        assert after.cost <= mixed.cost + 1e-6
    assert good >= 7


def test_a_dive_that_cannot_be_better_is_given_up() -> None:
    model = jobs(2, accounts=12, reps=4)
    dived = booking(model)
    assert dived.generate(never)
    assert dived.proved is not None
    assert dived.dive(None, never, dived.proved.value) is None
    assert dived.dive(None, lambda: True, np.inf) is None


def test_a_rep_without_any_book_ends_a_dive() -> None:
    """Rep r1 must have 3 to 4 units, and every account has 2: no set of them is a book."""
    ids = (np.array([f"{one}{at}" for at in range(2)], dtype=object) for one in "ar")
    made = ModelBuilder(*ids, Pairs.full(2, 2))
    made.add_cost("travel", [1.0, 2.0, 2.0, 1.0])
    limits = Band.of(2, lower=[0.0, 3.0], upper=[9.0, 3.5])
    made.add_rep_rows("hours", limits, 2.0)
    model = made.build()
    dived = booking(model)
    dived.generate(never)
    assert dived.dive(None, never, np.inf) is None


def test_where_books_are_looked_for() -> None:
    assert bookable(jobs(1))
    assert bookable(jobs(1, accounts=24, reps=3))
    assert not bookable(jobs(1, accounts=25, reps=3))


def test_the_search_proves_more_with_books(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Five jobs an agent and hardly any room: the bound is nearer to the plan."""
    model = jobs(3, accounts=40, reps=8, room=1.02)
    limits = Limits(seconds=4.0, gap=1e-4, seed=1, threads=2)
    found = decompose.solve(model, limits)
    monkeypatch.setattr(decompose, "bookable", lambda model: False)
    without = decompose.solve(model, limits)
    assert found.objective is not None
    assert found.prices is not None
    assert found.stakes is not None
    assert found.seconds["books"] > 0.0
    for answer in (found, without):
        assert answer.prices is not None
        assert answer.stakes is not None
    proved, less = (
        Sets(model, lower_bound(model, one.prices)).bound(one.stakes, 100_000).value  # type: ignore[arg-type]
        for one in (found, without)
    )
    assert proved > less
    assert proved <= found.objective + 1e-6
    assert without.objective is None or proved <= without.objective + 1e-6


def test_highs_may_begin_without_a_plan() -> None:
    """It then gets every pair, and what it proves holds for the model, constants and all."""
    model = jobs(4, accounts=12, reps=4, budget=True)
    made = ModelBuilder(model.account_ids, model.rep_ids, model.pairs)
    made.add_cost("cost", model.cost)
    made.add_constant("fee", 100.0)
    for block in model.blocks:
        row, pair = block.matrix.nonzero()
        made.add_rows(block.name, block.function, block.labels, row, pair, block.matrix.data)
    # A row that nobody loads is charged for that.
    made.add_rows("idle", Band.of(1, low=5.0, price_below=2.0), ["x"], [], [], [])
    whole = made.build()
    watch = Watch(whole, Limits(seconds=20.0, gap=0.0), None, 0.0)
    watch.end = np.inf
    core = Core.of(whole)
    finish(core, np.full(len(whole.pairs), -np.inf), watch, Limits(seconds=20.0, gap=0.0), np.inf)
    best = highs.solve(whole, Limits(seconds=20.0, gap=0.0))
    assert best.status is Status.OPTIMAL
    assert watch.worth == pytest.approx(best.objective)
    assert watch.bound == pytest.approx(best.objective)
    assert whole.value(whole.picks(watch.best)) == pytest.approx(watch.worth)  # type: ignore[arg-type]
