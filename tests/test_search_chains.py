"""Chains and cycles of moves: worked by hand, against all plans, and what they never do."""

from __future__ import annotations

from itertools import permutations
from time import perf_counter
from types import MappingProxyType

import numpy as np
import pytest
from scipy import sparse
from search_toys import Floats, Ints, middle

from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.search import cooling
from optiterr.search.chains import MOST_OWN, Table, exchanged
from optiterr.search.cooling import linked
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.moves import Field
from optiterr.search.points import Lines, lines
from optiterr.search.relaxation import Relaxed

MANY = 10**6
"""Accounts looked at: as many as it takes."""


def square(cost: Floats, common: Floats | None = None, most: float = np.inf) -> Core:
    """As many reps as accounts, one account each; ``common`` of a pair loads a row of all reps,
    which may carry ``most``."""
    count = len(cost)
    pairs, nobody = Pairs.full(count, count), np.empty(0, dtype=object)
    cell = np.arange(count * count)
    one = sparse.csr_array((np.ones(len(cell)), (pairs.rep, cell)), shape=(count, len(cell)))
    blocks = [Block("one", "one", ("",) * count, one, Band.of(count, upper=1.0))]
    if common is not None:
        row = sparse.csr_array(common.reshape(1, -1))
        blocks.append(Block("common", "common", ("",), row, Band.of(1, upper=most)))
    costs = MappingProxyType({"": cost.ravel().astype(float)})
    return Core.of(Model(nobody, nobody, pairs, costs, MappingProxyType({}), tuple(blocks)))


def made(
    core: Core,
    choice: Ints,
    price: Floats | None = None,
    seed: int = 0,
    work: int = MANY,
    shaken: bool = False,
) -> Ints:
    """The plan that chains make of ``choice``, a missed limit costing 1000 a unit."""
    field, load = Field.of(core, np.arange(len(core.pairs))), core.loads(choice)
    price = np.zeros(core.rows) if price is None else price
    table = lines(core, price, load, np.full(core.rows, 1000.0), load)
    picked, _ = exchanged(core, field, choice, load, table, price, seed, work, shaken)
    after = choice.copy()
    after[field.account] = picked
    return after


def plan(core: Core, reps: tuple[int, ...]) -> Ints:
    return core.pairs.start[:-1] + np.array(reps)


RING = np.array([[4.0, 1.0, 9.0], [9.0, 4.0, 1.0], [1.0, 9.0, 4.0]])
"""Everyone at their own rep costs 12; all one on, 3; any two exchanged, 14: 4 + 1 + 9."""


@pytest.mark.parametrize("seed", range(6))
def test_a_cycle_of_three_is_made_though_no_exchange_of_two_gains(seed: int) -> None:
    """All accounts go one rep on, in whichever order they are tried."""
    core = square(RING)
    assert core.worth(made(core, plan(core, (0, 1, 2)), seed=seed)) == 3.0


def test_a_chain_ends_where_there_is_room() -> None:
    """Two accounts, three reps: the first takes the place of the second, which goes on to the rep
    that is free. Each alone would gain nothing: 5 + 5 to 1 + 2."""
    cost = np.array([[5.0, 1.0, 9.0], [9.0, 5.0, 2.0], [0.0, 0.0, 0.0]])
    core = square(cost)
    # The third account is at the first rep only in name: it has a single pair left.
    begin = plan(core, (0, 1, 2))
    keep = np.array([0, 1, 2, 3, 4, 5])
    field, load = Field.of(core, keep), core.loads(begin) - core.loads(begin[2:])
    table = lines(core, np.zeros(core.rows), load, np.full(core.rows, 1000.0), load)
    picked, change = exchanged(core, field, begin, load, table, np.zeros(3), 0, MANY)
    assert core.pairs.rep[picked].tolist() == [1, 2]
    assert change.tolist() == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize("seed", range(30))
def test_no_cycle_of_up_to_four_is_left(seed: int) -> None:
    """Four accounts for four places: the plan is the cheapest of all 24, at any row prices, for a
    better one would be cycles apart from it, and one of them would gain."""
    rng = np.random.default_rng(seed)
    core = square(rng.integers(0, 30, (4, 4)))
    price = rng.random(core.rows) * 20
    best = min(core.worth(plan(core, reps)) for reps in permutations(range(4)))
    for _ in range(4):
        begin = plan(core, tuple(rng.permutation(4).tolist()))
        assert core.worth(made(core, begin, price, seed)) == best


@pytest.mark.parametrize("seed", range(30))
def test_what_reps_carry_is_judged_beside_what_pairs_cost(seed: int) -> None:
    """As above, with accounts of different sizes and reps that pay for being off their targets:
    the prices of the rows guide the steps, and no cycle that gains is missed."""
    rng = np.random.default_rng(seed)
    pairs, nobody, cell = Pairs.full(4, 4), np.empty(0, dtype=object), np.arange(16)
    size = np.repeat(rng.integers(1, 9, 4), 4).astype(float)
    one, load = (
        sparse.csr_array((value, (pairs.rep, cell)), shape=(4, 16)) for value in (np.ones(16), size)
    )
    target = rng.integers(1, 9, 4).astype(float)
    off = Band.of(4, low=target, high=target, price_below=4.0, price_above=4.0)
    blocks = tuple(
        Block(name, name, ("",) * 4, matrix, function)
        for name, matrix, function in (("one", one, Band.of(4, upper=1.0)), ("off", load, off))
    )
    cost = MappingProxyType({"": rng.integers(0, 30, 16).astype(float)})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), blocks))
    price = core.inside(rng.uniform(-4.0, 4.0, core.rows))
    best = min(core.worth(plan(core, reps)) for reps in permutations(range(4)))
    for _ in range(4):
        begin = plan(core, tuple(rng.permutation(4).tolist()))
        assert core.worth(made(core, begin, price, seed)) == pytest.approx(best)


def test_a_move_counts_what_the_rep_left_saves() -> None:
    """Three accounts at a rep that pays 10 for each beyond two; one may go elsewhere for 6."""
    pairs, nobody = Pairs.full(3, 2), np.empty(0, dtype=object)
    one = sparse.csr_array((np.ones(6), (pairs.rep, np.arange(6))), shape=(2, 6))
    block = Block("many", "many", ("", ""), one, Band.of(2, high=2.0, price_above=10.0))
    cost = MappingProxyType({"": np.array([0.0, 6.0, 0.0, 50.0, 0.0, 50.0])})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,)))
    assert core.pairs.rep[made(core, np.array([0, 2, 4]))].tolist() == [1, 0, 0]


def test_a_row_of_all_reps_is_counted_before_a_chain_is_made() -> None:
    """The cycle of three loads the common row by 3: with 2 allowed it is not made, with 3 it is."""
    common = np.ones((3, 3)) - np.eye(3)
    for most, cost in ((2.0, 12.0), (3.0, 3.0)):
        core = square(RING, common, most)
        assert core.worth(made(core, plan(core, (0, 1, 2)))) == cost


def test_of_a_long_way_round_the_cheapest_closing_is_made() -> None:
    """Six accounts in a ring: all one on saves 5 each, any shorter cycle costs more than that."""
    count = 6
    cost = np.full((count, count), 50.0)
    cost[np.arange(count), np.arange(count)] = 6.0
    cost[np.arange(count), (np.arange(count) + 1) % count] = 1.0
    core = square(cost)
    assert core.worth(made(core, plan(core, tuple(range(count))))) == count


def ground(seed: int) -> tuple[Core, Ints, Lines, Floats]:
    """A model of some size with all kinds of charges, a random plan, its lines and prices."""
    model, _ = middle(seed, 40, 5)
    core, rng = Core.of(model), np.random.default_rng(seed)
    choice = rng.integers(model.pairs.start[:-1], model.pairs.start[1:])
    load, price = core.loads(choice), core.inside(rng.normal(size=core.rows))
    return core, choice, lines(core, price, load, np.full(core.rows, 5.0), load), price


@pytest.mark.parametrize("shaken", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_chains_say_what_they_did_and_never_cost_more(seed: int, shaken: bool) -> None:
    """Over some of the pairs: picks stay among them, the change of the loads is what a recount
    says, the cost by the lines falls, the plan given is left alone, and a seed gives one plan."""
    core, choice, table, price = ground(seed)
    rng = np.random.default_rng(seed)
    pair = np.union1d(np.flatnonzero(rng.random(len(core.pairs)) < 0.7), choice)
    field, load, kept = Field.of(core, pair), core.loads(choice), choice.copy()
    found = [
        exchanged(core, field, choice, load, table, price, 7, 200_000, shaken) for _ in range(2)
    ]
    picked, change = found[0]
    assert np.array_equal(choice, kept)
    assert np.array_equal(found[1][0], picked)
    assert np.isin(picked, pair).all()
    assert np.array_equal(core.pairs.account[picked], field.account)
    after = choice.copy()
    after[field.account] = picked
    recount = core.loads(after) - load
    assert change == pytest.approx(recount[field.rows], abs=1e-7)
    before, now = (
        float(core.cost[one].sum()) + table.cost(core.loads(one)) for one in (choice, after)
    )
    assert now < before - 1.0


def test_kicks_get_beyond_what_chains_alone_find() -> None:
    """From where no chain gains, kicks find better plans in most models, worse ones in none."""
    better = 0
    for seed in range(12):
        core, choice, table, price = ground(seed)
        field = Field.of(core, np.arange(len(core.pairs)))
        costs = []
        for shaken in (False, True):
            load = core.loads(choice)
            choice = choice.copy()
            choice[field.account], _ = exchanged(
                core, field, choice, load, table, price, seed, MANY, shaken
            )
            costs.append(float(core.cost[choice].sum()) + table.cost(core.loads(choice)))
        assert costs[1] <= costs[0] + 1e-6
        better += costs[1] < costs[0] - 1e-3
    assert better >= 7


def test_no_work_and_no_choice_leave_the_plan() -> None:
    """With nothing to look at, or single pairs only, all stay where they are."""
    core = square(RING)
    begin = plan(core, (0, 1, 2))
    assert np.array_equal(made(core, begin, work=0), begin)
    field, load = Field.of(core, begin), core.loads(begin)
    table = lines(core, np.zeros(3), load, np.ones(3), load)
    picked, change = exchanged(core, field, begin, load, table, np.zeros(3), 0, MANY)
    assert (len(picked), change.any()) == (0, False)


def test_a_table_holds_the_rows_of_one_rep_each() -> None:
    """The common row is nobody's, the others their rep's; reduced costs count the prices of all."""
    pairs, nobody, cell = Pairs.full(3, 3), np.empty(0, dtype=object), np.arange(9)
    size, common = np.arange(9.0) + 10.0, np.arange(9.0)
    one, sizes = (
        sparse.csr_array((value, (pairs.rep, cell)), shape=(3, 9)) for value in (np.ones(9), size)
    )
    every = sparse.csr_array(common.reshape(1, 9))
    blocks = tuple(
        Block(name, name, ("",) * matrix.shape[0], matrix, Band.of(matrix.shape[0], upper=99.0))
        for name, matrix in (("one", one), ("common", every), ("size", sizes))
    )
    cost = MappingProxyType({"": RING.ravel()})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), blocks))
    field, load = Field.of(core, cell), np.zeros(7)
    price = np.array([1.0, 2.0, 3.0, 10.0, 0.0, 0.0, 0.5])
    own = lines(core, price, load, np.full(7, 100.0), load).of(field.rows)
    table = Table.of(field, price, own)
    assert table.row.tolist() == [[0, 4], [1, 5], [2, 6]]
    assert table.amount.tolist() == np.stack([np.ones(9), size], axis=1).tolist()
    wanted = RING.ravel() + np.tile([1.0, 2.0, 3.0], 3) + 10.0 * common
    wanted[2::3] += 0.5 * size[2::3]
    assert table.reduced == pytest.approx(wanted)
    # A row with nothing to pay up to 99 is cheapest there, above any price that it can charge.
    assert table.floor == pytest.approx(-99.0 * price)
    beyond = Table.of(field, np.full(7, 300.0), own)
    assert beyond.price.tolist() == [100.0] * 7
    assert Table.of(field, np.full(7, -3.0), own).price.tolist() == [0.0] * 7


def test_the_floor_of_a_bent_row_is_at_a_point() -> None:
    """Free between 2 and 5, 3 a unit below and 4 above: at price 1 the least is 0 - 5, at -1 it is
    0 + 2, at the slopes themselves both ends of their lines tell it."""
    core = square(RING)
    band = Band.of(3, low=2.0, high=5.0, price_below=3.0, price_above=4.0)
    block = Block("b", "b", ("",) * 3, core.blocks[0].matrix, band)
    costs = MappingProxyType({"": core.cost})
    nobody = np.empty(0, dtype=object)
    core = Core.of(Model(nobody, nobody, core.pairs, costs, MappingProxyType({}), (block,)))
    load = np.zeros(3)
    own = lines(core, load, load, np.ones(3), load)
    assert own.floor(np.array([1.0, -1.0, 4.0])).tolist() == [-5.0, 2.0, -20.0]
    assert own.floor(np.array([-3.0, 0.0, 2.0])).tolist() == [6.0, 0.0, -10.0]


def test_reps_with_very_many_rows_are_judged_by_some() -> None:
    """Of more rows than steps look at the others count when a chain is made: no limit is missed."""
    count, rows = 3, MOST_OWN + 3
    pairs, nobody = Pairs.full(count, count), np.empty(0, dtype=object)
    cell = np.arange(9)
    one = sparse.csr_array((np.ones(9), (pairs.rep, cell)), shape=(count, 9))
    blocks = tuple(
        Block(f"b{k}", f"b{k}", ("",) * count, one, Band.of(count, upper=1.0 if k else 9.0))
        for k in range(rows)
    )
    cost = MappingProxyType({"": np.array([[4.0, 1.0, 9.0]] * 3).ravel()})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), blocks))
    begin = plan(core, (0, 1, 2))
    field, load = Field.of(core, cell), core.loads(begin)
    table = lines(core, np.zeros(core.rows), load, np.ones(core.rows), load).of(field.rows)
    assert Table.of(field, np.zeros(core.rows), table).row.shape == (3, MOST_OWN)
    assert core.worth(made(core, begin)) == core.worth(begin)


def test_blocks_do_not_use_up_a_common_limit_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pairs of reps, searched side by side: in each, one account would save 10 by a move, and
    a limit of all allows a single one."""
    monkeypatch.setattr(cooling, "BLOCK", 2)
    nobody = np.empty(0, dtype=object)
    account = np.repeat(np.arange(3), 2).astype(np.int32)
    rep = np.arange(6).astype(np.int32)
    pairs = Pairs(account, rep, np.array([0, 2, 4, 6]))
    moved = sparse.csr_array(np.array([[0.0, 1.0] * 3]))
    block = Block("moved", "moved", ("",), moved, Band.of(1, upper=1.0))
    cost = MappingProxyType({"": np.array([10.0, 0.0] * 3)})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,)))
    begin, zeros = np.array([0, 2, 4]), np.zeros(1)
    found = Relaxed(zeros, 0.0, begin, np.zeros(0, dtype=np.int64), zeros, True)
    stood = Ground(core, found, np.zeros(6), np.ones(1), 1.0)
    for threads in (1, 2, 3):
        after = linked(stood, begin, 1, threads, lambda: False, perf_counter() + 60.0)
        assert (after != begin).sum() == 1
        assert core.worth(after) == 20.0
    for over, end in ((True, perf_counter() + 60.0), (False, perf_counter() - 1.0)):
        assert np.array_equal(linked(stood, begin, 1, 2, lambda over=over: over, end), begin)
