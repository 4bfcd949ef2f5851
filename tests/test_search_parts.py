"""The parts of the decomposition search: layout, passes, lines, moves, parts, relaxation, dives."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

import numpy as np
import pytest
from scipy import sparse
from search_toys import (
    MAKE,
    Floats,
    Ints,
    every_choice,
    every_value,
    middle,
    model,
    quarters,
    tiny,
)  # fmt: skip

from optiterr.capped import Capped
from optiterr.certificate import cheapest, lower_bound, reduced_cost
from optiterr.fairness import Gini, WorstOver
from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare
from optiterr.search import diving, relaxation
from optiterr.search.ascent import Passes, ascend
from optiterr.search.core import Core, charges_alone
from optiterr.search.diving import dive
from optiterr.search.exact import finish, useful
from optiterr.search.moves import Field, wander
from optiterr.search.neighbourhoods import State, adopt, rep_gaps
from optiterr.search.part import elastic, part_of
from optiterr.search.points import Lines, lines
from optiterr.search.relaxation import Relaxed, Restricted
from optiterr.search.watch import Watch
from optiterr.solution import Improvement, Limits
from optiterr.spread import Spread
from optiterr.worst_of import WorstOf

sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))

import bounds

SEEDS = range(25)


def priced(model: Model, seed: int = 0) -> Floats:
    """Random prices inside the domain of every charge."""
    rng = np.random.default_rng(seed)
    return Core.of(model).inside(rng.normal(size=model.rows) * 3)


def any_choice(pairs: Pairs, rng: np.random.Generator) -> Ints:
    return rng.integers(pairs.start[:-1], pairs.start[1:])


# --------------------------------------------------------------------------------- counting


@pytest.mark.parametrize("seed", range(12))
def test_counting_at_once_is_counting_one_by_one(seed: int) -> None:
    """What the tests below call the cost of a plan is what the model says of it."""
    made = tiny(seed)
    choices = every_choice(made.pairs)[:60]
    one_by_one = [made.value(made.picks(choice)) for choice in choices]
    assert every_value(made, choices) == pytest.approx(one_by_one, abs=1e-9)


def test_toys_hold_every_charge_and_plans_kept_and_broken() -> None:
    """Every kind of charge takes part, some models have no plan, some plans break hard rules."""
    kinds, none, broken = set(), 0, 0
    for seed in range(120):
        made = tiny(seed)
        values = every_value(made, every_choice(made.pairs))
        kinds |= {type(block.function).__name__ for block in made.blocks}
        none += int(not np.isfinite(values).any())
        broken += int((~np.isfinite(values)).sum())
    assert kinds == {
        "Band", "Piecewise", "WorstShare", "WorstOver", "Range", "Gini", "Spread", "Capped",
        "WorstOf",
    }  # fmt: skip
    assert none > 2
    assert broken > 200


# ------------------------------------------------------------------------------------ core


@pytest.mark.parametrize("seed", SEEDS)
def test_the_core_says_what_the_model_says(seed: int) -> None:
    """Loads, charges, costs, conjugates and columns of the layout are those of the model."""
    made = tiny(seed)
    core, rng = Core.of(made), np.random.default_rng(seed)
    matrix = sparse.vstack(
        [sparse.csr_array((0, len(made.pairs))), *(b.matrix for b in made.blocks)]
    )
    assert np.array_equal(core.columns.toarray(), matrix.toarray())
    for _ in range(5):
        choice = any_choice(made.pairs, rng)
        x = made.picks(choice)
        assert core.loads(choice) == pytest.approx(np.concatenate([[], *made.loads(x)]))
        assert core.worth(choice) == pytest.approx(made.value(x))
    price = priced(made, seed)
    assert core.conjugate(price) == pytest.approx(
        sum(float(one.sum()) for one in lower_bound(made, price).conjugates)
    )


# ----------------------------------------------------------------------------------- passes


@pytest.mark.parametrize("chunk", [1, 3, 20_000])
def test_regrets_are_those_of_the_certificate(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In chunks of any size, by several threads: least reduced costs, regrets, best and second."""
    monkeypatch.setattr("optiterr.search.ascent.CHUNK", chunk)
    for seed in SEEDS:
        made = tiny(seed)
        price = priced(made, seed)
        with closing(Passes(Core.of(made), 2)) as passes:
            total, regret, best, second = passes.regrets(price)
        least, reduced = cheapest(made, price), reduced_cost(made, price)
        assert total == pytest.approx(least.sum())
        assert regret == pytest.approx(reduced - least[made.pairs.account], abs=1e-9)
        assert reduced[best] == pytest.approx(least)
        assert np.array_equal(made.pairs.account[best], np.arange(made.pairs.accounts))
        for account, gap in enumerate(second):
            own = np.sort(reduced[made.pairs.account == account])
            assert gap == (pytest.approx(own[1] - own[0]) if len(own) > 1 else np.inf)


@pytest.mark.parametrize("width", [0.05, 2.0])
@pytest.mark.parametrize("seed", SEEDS[:8])
def test_smoothed_loads_are_shares_by_regret(seed: int, width: float) -> None:
    """Each account shares itself by exp(-regret / width), nothing beyond twelve widths."""
    made = tiny(seed)
    price, account = priced(made, seed), made.pairs.account
    core = Core.of(made)
    with closing(Passes(core, 1)) as passes:
        total, load = passes.smooth(price, width)
    least = cheapest(made, price)
    regret = reduced_cost(made, price) - least[account]
    share = np.where(regret < 12 * width, np.exp(-regret / width), 0.0)
    share /= np.bincount(account, share)[account]
    assert total == pytest.approx(least.sum())
    assert load == pytest.approx(core.columns @ share, abs=1e-9)


def test_the_climb_gets_near_what_the_relaxation_is_worth() -> None:
    """With rows charged one by one, 300 steps close most of the gap that no prices at all leave."""
    for seed in (1, 2):
        made, _ = model(np.random.default_rng(seed), 120, 6, ["off", "hard", "soft", "curve"], 2)
        core = Core.of(made)
        with closing(Passes(core, 1)) as passes:
            nothing = ascend(core, passes, 1, lambda: False)
            climb = ascend(core, passes, 300, lambda: False)
            again = ascend(core, passes, 300, lambda: False)
        found, _ = bounds.bounded(made)
        best = found.bound - core.constant
        assert climb.steps == 300
        assert nothing.value < climb.value <= best + 1e-6 * max(1.0, abs(best))
        assert best - climb.value < 0.1 * (best - nothing.value)
        assert again.price.tobytes() == climb.price.tobytes()


def test_a_part_without_rows_is_no_row() -> None:
    """A spread of two rows, each a part of its own, and of a third part without any: prices are
    climbed to, and the gap is shared out, as with rows that are charged together."""
    spread = Spread.of([0, 1], [0, 1], 3, high=0.0, price=1.0)
    assert not charges_alone(spread)
    assert not charges_alone(Spread.of([0, 1], [0, 0], 1, high=0.0, price=1.0))
    assert charges_alone(Spread.of([0, 1], [0, 1], 2, high=0.0, price=1.0))
    made = sized_spread(spread)
    core = Core.of(made)
    with closing(Passes(core, 1)) as passes:
        climb = ascend(core, passes, 50, lambda: False)
        _, regret, _, _ = passes.regrets(climb.price)
    choice = np.array([0, 2])
    state = State(choice, core.loads(choice), core.worth(choice))
    assert rep_gaps(core, climb.price, regret, state, 2).shape == (2,)


def sized_spread(spread: Spread) -> Model:
    """Two accounts at two reps, a row of the spread for each rep."""
    pairs, nobody = Pairs.full(2, 2), np.empty(0, dtype=object)
    matrix = sparse.csr_array((np.ones(4), (pairs.rep, np.arange(4))), shape=(2, 4))
    block = Block("s", "s", ("r0", "r1"), matrix, spread)
    cost = MappingProxyType({"": np.array([1.0, 2.0, 3.0, 4.0])})
    return Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,))


# ------------------------------------------------------------------------------------ lines


def alone(*functions: RowFunction) -> Core:
    """A core whose rows are those of ``functions``, loaded by nothing."""
    pair = Pairs.full(1, 1)
    empty = [sparse.csr_array((one.rows, 1)) for one in functions]
    blocks = tuple(
        Block(str(at), "rule", ("",) * one.rows, matrix, one)
        for at, (one, matrix) in enumerate(zip(functions, empty, strict=True))
    )
    nobody = np.empty(0, dtype=object)
    return Core.of(Model(nobody, nobody, pair, MappingProxyType({}), MappingProxyType({}), blocks))


def near(
    function: RowFunction,
    load: Floats,
    aimed: Floats | None = None,
    price: Floats | None = None,
    hard: float = 7.0,
) -> Lines:
    """The lines of one function near ``load``."""
    rows = np.zeros(function.rows)
    return lines(
        alone(function),
        function.project(rows) if price is None else price,
        load,
        rows + hard,
        load if aimed is None else aimed,
    )


def test_a_band_by_hand() -> None:
    """Free from 2 to 4, 1 a unit below, 2 above, never outside 0 to 6: a unit missed costs 7 more.

    At -1 it is 3 below the free band and misses by 1: 3 + 7. At 8: 4 * 2 + 2 * 7 = 22.
    """
    band = Band.of(1, lower=0.0, low=2.0, high=4.0, upper=6.0, price_below=1.0, price_above=2.0)
    made = near(band, np.zeros(1))
    loads = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
    assert [made.cost(np.array([y])) for y in loads] == [10, 2, 1, 0, 0, 0, 2, 4, 22]


def test_a_walled_curve_by_hand() -> None:
    """Points (1, 5), (3, 1), (4, 2), a wall below the first, slope 3 behind the last.

    At 0 the first line goes on: 5 + 2, and a unit missed costs 7: 14. At 6: 2 + 2 * 3.
    """
    curve = Piecewise.of([[1.0, 3.0, 4.0]], [[5.0, 1.0, 2.0]], -np.inf, 3.0)
    made = near(curve, np.zeros(1))
    assert [made.cost(np.array([y])) for y in (0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 6.0)] == [
        14.0, 5.0, 3.0, 1.0, 1.5, 2.0, 8.0,
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["hard", "soft", "off", "both", "curve", "wall"])
def test_rows_charged_one_by_one_are_charged_as_they_are(kind: str) -> None:
    """Inside hard limits as the function says; a missed limit costs its price a unit more."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        function = MAKE[kind](rng, quarters(rng, 0, 9, 5))
        made = near(function, np.zeros(5))
        for _ in range(10):
            load = quarters(rng, -6, 16, 5)
            missed = how_far_missed(function, load)
            cost = made.charge(load)
            kept = missed == 0
            assert cost[kept] == pytest.approx(function.value(load)[kept])
            assert not np.isfinite(function.value(load)[~kept]).any()
            # Behind its walls the charge goes on as it would without them.
            behind = without_walls(function, load) + 7.0 * missed
            assert cost[~kept] == pytest.approx(behind[~kept])


def without_walls(function: RowFunction, load: Floats) -> Floats:
    """What a band or a curve costs when it forbids nothing; a curve goes on as its ends lead."""
    if isinstance(function, Band):
        below, above = np.maximum(function.low - load, 0), np.maximum(load - function.high, 0)
        # An infinite mark has no price: there is nothing beyond it.
        below, above = (np.where(np.isfinite(side), side, 0.0) for side in (below, above))
        return function.price_below * below + function.price_above * above
    assert isinstance(function, Piecewise)
    steep = np.diff(function.cost) / np.diff(function.at)
    steep = steep if steep.shape[1] else np.zeros((function.rows, 1))
    left = np.where(np.isinf(function.left), steep[:, 0], function.left)
    right = np.where(np.isinf(function.right), steep[:, -1], function.right)
    return Piecewise(function.at, function.cost, left, right).value(load)


def how_far_missed(function: RowFunction, load: Floats) -> Floats:
    """How far each load is beyond its hard limits."""
    if isinstance(function, Band):
        return np.abs(load - np.clip(load, function.lower, function.upper))
    assert isinstance(function, Piecewise)
    low = np.where(np.isinf(function.left), function.at[:, 0], -np.inf)
    high = np.where(np.isinf(function.right), function.at[:, -1], np.inf)
    return np.abs(load - np.clip(load, low, high))


@pytest.mark.parametrize("kind", ["worst", "several", "over", "range"])
def test_rows_charged_together_never_cost_less(kind: str) -> None:
    """Whatever the loads near which they are drawn and those aimed at, lines are no less than the
    charge, and as much at the plan that they are near (a range: at the one aimed at)."""
    touched = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(2, 8))
        function = MAKE[kind](rng, quarters(rng, 0, 9, rows))
        load, aimed = quarters(rng, 0, 12, rows), quarters(rng, 0, 12, rows)
        assert near(function, aimed).cost(aimed) == pytest.approx(
            function.value(aimed).sum(), abs=1e-6
        )
        made = near(function, load, aimed)
        for other in (load, aimed, *(quarters(rng, -3, 15, rows) for _ in range(10))):
            assert made.cost(other) >= function.value(other).sum() - 1e-6
        touched += int(made.cost(load) > function.value(load).sum() + 0.1)
        if kind != "range":
            assert made.cost(load) == pytest.approx(function.value(load).sum(), abs=1e-6)
    # A plan far from the one aimed at may be charged too much.
    assert touched or kind != "range"


def test_the_worst_rows_are_charged_from_the_level_below_them() -> None:
    """The worst two of 3, 5 and 9 off: 7, whatever is aimed at. One more unit of the worst or the
    second costs a half, a unit less of either saves as much; the third is free up to there."""
    function = WorstShare.of([0, 0, 0], 0.0, 1.0, 2.0)
    load = np.array([3.0, -5.0, 9.0])
    for aimed in (load, np.full(3, 8.0), np.zeros(3)):
        made = near(function, load, aimed)
        assert made.cost(load) == pytest.approx(7.0)
        for step, more in (([0, 0, 1], 0.5), ([0, -1, 0], 0.5), ([0, 1, 0], -0.5), ([-1, 0, 0], 0)):
            assert made.cost(load + step) == pytest.approx(7.0 + more)
    # The worst one and a half: 9 and half of 5, over 1.5.
    half = WorstShare.of([0, 0, 0], 0.0, 1.0, 1.5)
    assert near(half, load).cost(load) == pytest.approx((9.0 + 2.5) / 1.5)
    # Over only: -5 is free, the worst two are 9 and 3.
    over = WorstOver.of([0, 0, 0], 0.0, 1.0, 2.0)
    assert near(over, load).cost(load) == pytest.approx(6.0)
    assert near(over, load).cost(np.array([3.0, -50.0, 9.0])) == pytest.approx(6.0)


def test_gini_is_charged_half_by_what_it_is_aimed_at() -> None:
    """Loads 1, 2 and 6 aimed at, weight 1: 1 + 5 + 4 = 10. The line of a row turns by 1 at each of
    them, so half a unit more costs the largest 3/4 and the middle one 1/4, and saves the smallest
    1/4; half a unit less saves the largest 1/4 and costs the others 1/4 and 3/4."""
    function, aimed = Gini.of([0, 0, 0], 1.0), np.array([1.0, 2.0, 6.0])
    made = near(function, aimed)
    assert made.cost(aimed) == pytest.approx(10.0, abs=1e-6)
    for step, up, down in (([0, 0, 0.5], 0.75, -0.25), ([0, 0.5, 0], 0.25, 0.25)):
        assert made.cost(aimed + step) == pytest.approx(10.0 + up, abs=1e-6)
        assert made.cost(aimed - step) == pytest.approx(10.0 + down, abs=1e-6)
    step = np.array([0.5, 0, 0])
    assert made.cost(aimed + step) == pytest.approx(9.75, abs=1e-6)
    assert made.cost(aimed - step) == pytest.approx(10.75, abs=1e-6)


def test_gini_is_never_charged_less_than_halfway() -> None:
    """The mean of what the loads cost and what those aimed at cost, or more; and as much at them,
    whether charged or counted under a ceiling."""
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(2, 8))
        function = MAKE["gini"](rng, quarters(rng, 0, 9, rows))
        aimed = quarters(rng, 0, 12, rows)
        made, there = near(function, quarters(rng, 0, 12, rows), aimed), function.value(aimed).sum()
        assert made.cost(aimed) == pytest.approx(there, abs=1e-6)
        for _ in range(10):
            load = quarters(rng, -3, 15, rows)
            assert made.cost(load) >= (function.value(load).sum() + there) / 2 - 1e-6
        capped, further = Capped.of([function], there), np.append(aimed, 1.0)
        assert near(capped, further).cost(further) == pytest.approx(7.0, abs=1e-5)


def test_charges_that_have_no_lines_are_charged_at_their_prices() -> None:
    """Two cells in use, one free, 2 each beyond: at prices 2 and 2 two cost 2, as the function
    says, one costs 0 and none -2: never more than the function."""
    function = Spread.of([0, 1], [0, 0], 1, high=1.0, price=2.0)
    made = near(function, np.zeros(2), price=np.array([2.0, 2.0]))
    loads = [[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    assert [made.cost(np.array(load)) for load in loads] == [2.0, 0.0, -2.0]
    rng = np.random.default_rng(5)
    for _ in range(100):
        worst = WorstOf.of([MAKE["soft"](rng, quarters(rng, 0, 5, 2))] * 2, [0, 1], [0.0, -1.0])
        price = worst.project(rng.normal(size=worst.rows) * 2)
        load = quarters(rng, 0, 9, worst.rows)
        made = near(worst, load, price=price)
        assert made.cost(load) <= worst.value(load).sum() + 1e-9


def test_what_stands_under_a_ceiling_adds_up() -> None:
    """A band over by 2 at price 2, the worst of two rows 3 off, a further load of 4: 11. A ceiling
    of 9 is missed by 2, at 7 a unit; one of 12 is kept."""
    band = Band.of(1, high=4.0, price_above=2.0)
    worst = WorstShare.of([0, 0], 1.0, 1.0)
    load = np.array([6.0, 4.0, 2.0, 4.0])
    assert near(Capped.of([band, worst], 9.0), load).cost(load) == pytest.approx(14.0)
    assert near(Capped.of([band, worst], 12.0), load).cost(load) == pytest.approx(0.0)
    # With no row charged by price the lines are the ceiling itself, missed or kept.
    rng = np.random.default_rng(2)
    for _ in range(60):
        inner = [MAKE[kind](rng, quarters(rng, 0, 9, 3)) for kind in ("soft", "curve", "off")]
        capped = Capped.of(inner, float(quarters(rng, 0, 30, 1)[0]))
        load = quarters(rng, 0, 9, capped.rows)
        missed = max(capped.total(load) - capped.ceiling, 0.0)
        assert near(capped, load).cost(load) == pytest.approx(7.0 * missed)


def test_a_priced_charge_under_a_ceiling_counts_in_the_units_of_the_ceiling() -> None:
    """At multiplier 0.5, prices 1 of two cells are 2 each of what the ceiling counts: with a
    further load of 1 the two cells come to 3, which a ceiling of 2 misses by 1."""
    spread = Spread.of([0, 1], [0, 0], 1, high=1.0, price=2.0)
    load, price = np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.5])
    assert near(Capped.of([spread], 2.0), load, price=price).cost(load) == pytest.approx(7.0)
    assert near(Capped.of([spread], 3.0), load, price=price).cost(load) == pytest.approx(0.0)


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_lines_of_some_rows_are_those_of_all(seed: int) -> None:
    """Picked in any order, each row costs what it did, and ceilings stay as they are."""
    made = tiny([3, seed])
    core, rng = Core.of(made), np.random.default_rng(seed)
    load = core.loads(any_choice(made.pairs, rng))
    whole = lines(core, priced(made, seed), load, np.ones(core.rows), load)
    rows = rng.permutation(core.rows)[: core.rows // 2]
    some = whole.of(rows)
    other = load + quarters(rng, -2, 2, core.rows)
    assert np.array_equal(some.charge(other[rows]), whole.charge(other)[rows])
    assert np.array_equal(some.sink, whole.sink[rows])
    assert some.most is whole.most


# ------------------------------------------------------------------------------------ moves


def ground(seed: int, accounts: int = 40, reps: int = 5) -> tuple[Core, Ints, Lines]:
    """A model of some size, a random plan of it, and the lines near that plan."""
    made, _ = middle(seed, accounts, reps)
    core, rng = Core.of(made), np.random.default_rng(seed)
    choice = any_choice(made.pairs, rng)
    load = core.loads(choice)
    return core, choice, lines(core, priced(made, seed), load, np.full(core.rows, 5.0), load)


def cost_of(core: Core, table: Lines, choice: Ints) -> float:
    return float(core.cost[choice].sum()) + table.cost(core.loads(choice))


@pytest.mark.parametrize("seed", range(15))
def test_wandering_says_what_it_did(seed: int) -> None:
    """Over some of the pairs: picks stay among them, what is said of the loads is what a recount
    says, the plan given is left alone, and the same seed gives the same plan."""
    core, choice, table = ground(seed)
    rng = np.random.default_rng(seed)
    pair = np.union1d(np.flatnonzero(rng.random(len(core.pairs)) < 0.6), choice)
    field = Field.of(core, pair)
    load, kept = core.loads(choice), choice.copy()
    found = [wander(core, field, choice, load, table, 3000, 9.0, 9.0, of) for of in (9, 9, 10)]
    picked, change = found[0]
    assert np.array_equal(choice, kept)
    assert np.isin(picked, pair).all()
    assert np.array_equal(core.pairs.account[picked], field.account)
    after = choice.copy()
    after[field.account] = picked
    assert (after != choice).sum() > 5
    recount = core.loads(after) - load
    assert change == pytest.approx(recount[field.rows], abs=1e-7)
    elsewhere = np.setdiff1d(np.arange(core.rows), field.rows)
    assert not recount[elsewhere].any()
    assert np.array_equal(found[1][0], picked)
    assert not np.array_equal(found[2][0], picked)


@pytest.mark.parametrize("seed", range(15))
def test_without_heat_nothing_gets_dearer(seed: int) -> None:
    """Cold moves lower the cost by the lines, ceilings included, and never raise it."""
    core, choice, table = ground(seed)
    field = Field.of(core, np.arange(len(core.pairs)))
    costs = [cost_of(core, table, choice)]
    for step in range(6):
        load = core.loads(choice)
        choice = choice.copy()
        choice[field.account], _ = wander(core, field, choice, load, table, 200, 1e-12, 1e-12, step)
        costs.append(cost_of(core, table, choice))
    noise = 1e-9 * max(1.0, abs(costs[0]))
    assert (np.diff(costs) <= noise).all()
    assert costs[-1] < costs[0] - 1.0


def test_only_active_accounts_begin_moves() -> None:
    """One account begins moves, and with nobody to make room for it, it alone moves."""
    core, choice, table = ground(4)
    # Every other account has a single pair left, so that only account 0 has a choice.
    own = np.arange(core.pairs.start[0], core.pairs.start[1])
    field = Field.of(core, np.union1d(own, choice))
    assert field.account.tolist() == [0]
    load = core.loads(choice)
    picked, _ = wander(core, field, choice, load, table, 50, 5.0, 5.0, 1)
    assert picked[0] in own
    none = np.zeros(0, dtype=np.int64)
    picked, change = wander(core, field, choice, load, table, 50, 5.0, 5.0, 1, none)
    assert picked[0] == choice[0]
    assert not change.any()


def test_a_field_without_the_plans_pick_is_refused() -> None:
    """Moves cannot begin where the plan is not."""
    core, choice, _ = ground(4)
    others = np.setdiff1d(np.arange(len(core.pairs)), choice)
    with pytest.raises(ValueError, match="not among the pairs"):
        Field.of(core, others).inside(choice)


# ------------------------------------------------------------------------------------ parts


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_tells_plans_apart_as_the_whole_does(seed: int) -> None:
    """Some accounts free among some pairs: two choices differ in the part by what they differ in
    the whole, with limits loosened too where none is missed; broken is broken in both."""
    made = tiny([11, seed])
    core, rng = Core.of(made), np.random.default_rng(seed)
    choices = every_choice(made.pairs)
    values = every_value(made, choices)
    kept = np.flatnonzero(np.isfinite(values))
    if not len(kept):
        return
    whole = choices[rng.choice(kept)]
    free = rng.random(core.accounts) < 0.6
    pair = np.flatnonzero(free[made.pairs.account] & (rng.random(len(made.pairs)) < 0.8))
    if not len(pair):
        return
    part = part_of(core, pair, whole, core.loads(whole))
    loose = elastic(part, np.full(core.rows, 50.0))
    inside = [
        choice
        for choice in choices
        if np.isin(choice[part.account], pair).all()
        and np.array_equal(np.delete(choice, part.account), np.delete(whole, part.account))
    ]
    apart = []
    for choice in inside:
        picked = part.choice(choice)
        assert np.array_equal(part.into(whole, picked), choice)
        mine, all_in_all = part.model.value(part.model.picks(picked)), core.worth(choice)
        assert np.isfinite(mine) == np.isfinite(all_in_all)
        if np.isfinite(mine):
            apart.append(all_in_all - mine)
            assert loose.model.value(loose.model.picks(picked)) == pytest.approx(mine, abs=1e-9)
        elif all(isinstance(block.function, Band | Piecewise) for block in made.blocks):
            assert np.isfinite(loose.model.value(loose.model.picks(picked)))
    assert apart == pytest.approx([apart[0]] * len(apart) if apart else [])


def test_a_missed_limit_costs_its_price_in_an_elastic_part() -> None:
    """Two accounts of size 2 and 3 at a rep that may have 4: 1 too much, at 10 a unit."""
    pairs = Pairs.full(2, 2)
    size = np.array([2.0, 2.0, 3.0, 3.0])
    matrix = sparse.csr_array((size, (pairs.rep, np.arange(4))), shape=(2, 4))
    block = Block("cap", "cap", ("r0", "r1"), matrix, Band.of(2, upper=4.0))
    nobody = np.empty(0, dtype=object)
    cost = MappingProxyType({"": np.array([1.0, 2.0, 3.0, 4.0])})
    made = Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,))
    core, both = Core.of(made), np.array([0, 2])
    part = part_of(core, np.arange(4), both, core.loads(both))
    assert part.model.value(part.model.picks(part.choice(both))) == np.inf
    loose = elastic(part, np.full(2, 10.0)).model
    assert loose.value(loose.picks(both)) == 1.0 + 3.0 + 10.0
    state = State(both, core.loads(both), 14.0, np.full(2, 10.0))
    # Moving the second account to the other rep costs 1 more and saves 10.
    assert adopt(core, state, np.array([1]), np.array([3])) == pytest.approx(9.0)
    assert state.cost == pytest.approx(5.0)
    assert adopt(core, state, np.array([1]), np.array([2])) == 0.0
    assert state.choice.tolist() == [0, 3]


# ------------------------------------------------------------------------------- relaxation


@pytest.mark.parametrize("number", range(40))
def test_no_bound_crosses_and_gaps_add_up(number: int) -> None:
    """Climb, relaxation and random prices prove no more than the cheapest of all plans costs; the
    relaxation is the program's; the certificate's identity holds."""
    assert bounds.count_tiny([7, number])["models"] == 1


@pytest.mark.parametrize("number", range(20))
def test_the_relaxation_is_the_programs(number: int) -> None:
    """200 accounts, 8 reps: worth what HiGHS finds for the whole program, to 1e-6, from all pairs
    and from few."""
    assert bounds.count_middle([7, number])["models"] == 1


def test_a_row_without_a_free_pair_proves_what_it_costs() -> None:
    """One account with one rep, size 5, 2 for each unit above 3: 1 + 4. The price is not what the
    climb left, 0.5, but the slope 2: 1 + 2 * 5 - 2 * 3."""
    band = Band.of(1, high=3.0, price_above=2.0)
    found = fixed(band)
    assert found.bound == pytest.approx(5.0)
    assert found.price.tolist() == [2.0]
    # A curve with points (4, 0) and (6, 6): slope 3 at 5.
    assert fixed(Piecewise.of([[4.0, 6.0]], [[0.0, 6.0]], 0.0, 9.0)).price.tolist() == [3.0]
    # At a kink every price between the slopes will do: 0.5 stays.
    assert fixed(Band.of(1, high=5.0, price_above=2.0)).price.tolist() == [0.5]


def fixed(function: RowFunction) -> Relaxed:
    """The relaxation of one account that costs 1 and loads 5, from the price 0.5."""
    pairs, nobody = Pairs.full(1, 1), np.empty(0, dtype=object)
    block = Block("b", "b", ("r",), sparse.csr_array(np.array([[5.0]])), function)
    cost = MappingProxyType({"": np.array([1.0])})
    core = Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,)))
    start = np.array([0.5])
    with closing(Passes(core, 1)) as passes:
        return relaxation.relaxed(core, passes, start, perf_counter() + 10, lambda bound: None)


def test_a_limit_missed_by_accounts_without_a_choice_is_infeasible() -> None:
    """Load 5 where 4 is allowed, and nobody who could go elsewhere."""
    assert fixed(Band.of(1, upper=4.0)).infeasible
    assert not fixed(Band.of(1, upper=5.0)).infeasible


def test_many_accounts_with_one_candidate_each() -> None:
    """Hardly more pairs than accounts: the pairs beyond the best are then fewer than asked for."""
    made = next(
        one for one in map(tiny, range(1000))
        if one.pairs.accounts >= 4 and len(one.pairs) == one.pairs.accounts and one.rows
    )  # fmt: skip
    found, _ = bounds.bounded(made, 1)
    assert found.infeasible or found.solved


# ------------------------------------------------------------------------------------ dives


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("most", "threads"), [(300, 1), (300, 2), (0, 1)])
def test_a_dive_keeps_what_it_settled(
    seed: int, most: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accounts made whole stay whole, the relaxation only gets dearer, loads and choice are those
    of its picks; one by one, two by two and many at a time."""
    monkeypatch.setattr(diving, "MOST_TRIED", most)
    made, _ = middle([seed, 5], 60, 5)
    found, _ = bounds.bounded(made)
    if found.infeasible or not len(found.divided):
        return
    core = Core.of(made)
    held: dict[int, float] = {}
    hold = Restricted.hold

    together: list[Ints] = []

    def told(self: Restricted, place: Ints, upper: float = 0.0) -> None:
        held.update(dict.fromkeys(np.asarray(place).tolist(), upper))
        if upper == 0.0:
            together.append(np.asarray(place))
        hold(self, place, upper)

    monkeypatch.setattr(Restricted, "hold", told)
    dived, settled = dive(core, found, np.ones(core.rows), lambda: False, threads)
    kernel = dived.kernel
    assert kernel is not None
    pairs = kernel.part.model.pairs
    for places in together:
        accounts = np.unique(pairs.account[places])
        reps = [pairs.rep[pairs.start[one] : pairs.start[one + 1]] for one in accounts.tolist()]
        assert len(np.unique(np.concatenate(reps))) == sum(map(len, reps))
    assert dived.bound >= found.bound - 1e-6 * abs(found.bound)
    out = [place for place, upper in held.items() if upper == 0.0]
    assert out
    assert kernel.x[out].max() <= 1e-7
    owner = kernel.part.model.pairs.account
    assert len(np.unique(owner[out])) == settled
    left = np.bincount(np.delete(owner, [*out, len(owner) - 1])[: len(owner)], minlength=1)
    for place in np.flatnonzero(left == 1):
        own = np.flatnonzero(owner[: len(kernel.part.pair)] == place)
        stays = np.setdiff1d(own, out)
        if len(stays) == 1 and len(own) > 1:
            assert kernel.x[stays[0]] == pytest.approx(1.0)
            account = kernel.part.account[place]
            assert dived.choice[account] == kernel.part.pair[stays[0]]
            assert account not in dived.divided
    x = np.zeros(len(core.pairs))
    x[dived.choice] = 1.0
    x[kernel.part.pair] = kernel.x
    assert dived.load == pytest.approx(core.columns @ x, abs=1e-6)


def two_and_two(budget: float) -> Core:
    """Account 0 at reps 0 and 1 (10 dearer), account 1 at 2 and 3 (9 dearer); a load of more than
    0.75 costs 20 a unit at reps 0 and 2, and both draw on the ``budget``."""
    both = np.array([0, 0, 1, 1], dtype=np.int32)
    pairs = Pairs(both, np.arange(4, dtype=np.int32), np.array([0, 2, 4]))
    each, nobody = Band.of(2, high=0.75, price_above=20.0), np.empty(0, dtype=object)
    own = sparse.csr_array(np.array([[1.0, 0, 0, 0], [0, 0, 1, 0]]))
    total = sparse.csr_array(np.array([[1.0, 0, 1, 0]]))
    blocks = (
        Block("own", "own", ("", ""), own, each),
        Block("budget", "budget", ("",), total, Band.of(1, upper=budget)),
    )
    cost = MappingProxyType({"": np.array([0.0, 10.0, 0.0, 9.0])})
    return Core.of(Model(nobody, nobody, pairs, cost, MappingProxyType({}), blocks))


def dived_two(
    budget: float, threads: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[relaxation.Relaxed, int, list[list[list[int]]]]:
    """The dive over those two, how many it settled, and the pairs left out each time: of its
    program, then of the program's twins."""
    core = two_and_two(budget)
    with closing(Passes(core, 1)) as passes:
        found = relaxation.relaxed(
            core, passes, np.zeros(core.rows), perf_counter() + 10, lambda bound: None
        )
    assert found.divided.tolist() == [0, 1]
    assert found.kernel is not None
    asked: dict[Restricted, list[list[int]]] = {found.kernel: []}
    hold = Restricted.hold

    def told(self: Restricted, place: Ints, upper: float = 0.0) -> None:
        if upper == 0.0:
            asked.setdefault(self, []).append(np.asarray(place).tolist())
        hold(self, place, upper)

    monkeypatch.setattr(Restricted, "hold", told)
    dived, settled = dive(core, found, np.ones(core.rows), lambda: False, threads)
    return dived, settled, list(asked.values())


@pytest.mark.parametrize(
    ("budget", "solves", "choice"),
    [(2.0, [[1, 3]], [0, 2]), (1.6, [[1, 3], [1], [0], [1], [3], [3], [2], [2]], [0, 3])],
)
def test_accounts_without_a_rep_in_common_are_settled_together(
    budget: float, solves: list[list[int]], choice: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three quarters of both are at reps 0 and 2, where each costs 5 as a whole. Where the budget
    allows that, both are settled at once; else account 0 alone, the dearer one, which is tried at
    both its reps and settled at rep 0. Account 1, now alone, cannot be at rep 2, is tried at both,
    and settled at rep 3."""
    monkeypatch.setattr(diving, "MOST_TRIED", 3)
    dived, settled, asked = dived_two(budget, 1, monkeypatch)
    assert settled == 2
    assert dived.choice.tolist() == choice
    assert asked == [solves]


@pytest.mark.parametrize(
    ("budget", "first", "second", "choice"),
    [
        (2.0, [[1], [0], [1, 3]], [[3], [2], [1, 3]], [0, 2]),
        (1.6, [[1], [0], [1, 3], [1], [3], [2], [2]], [[3], [2], [1, 3], [1], [2]], [0, 3]),
    ],
)
def test_two_threads_try_an_account_each(
    budget: float,
    first: list[list[int]],
    second: list[list[int]],
    choice: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Account 0 is tried at reps 0 and 1 in one program, account 1 at 2 and 3 in its twin. Each is
    cheapest where it would break the budget together with the other: then only account 0 is settled
    in both, and account 1 is tried again."""
    dived, settled, asked = dived_two(budget, 2, monkeypatch)
    assert settled == 2
    assert dived.choice.tolist() == choice
    assert asked == [first, second]


# ------------------------------------------------------------------------- the useful pairs


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_that_better_plans_use_stay(seed: int) -> None:
    """At any prices, every plan cheaper than the one at hand uses useful pairs only."""
    made = tiny([13, seed])
    core, rng = Core.of(made), np.random.default_rng(seed)
    choices = every_choice(made.pairs)
    values = every_value(made, choices)
    kept = np.flatnonzero(np.isfinite(values))
    if not len(kept):
        return
    found, _ = bounds.bounded(made)
    for price in (found.price, priced(made, seed)):
        with closing(Passes(core, 1)) as passes:
            total, regret, _, _ = passes.regrets(price)
        bound = total - core.conjugate(price) + core.constant
        worth = values[rng.choice(kept)]
        pair = useful(bound + regret, worth)
        assert np.isin(choices[values < worth], pair).all()
        assert np.isin(choices[values.argmin()], pair).all()


def test_fixing_leaves_something_out() -> None:
    """Among models with a plan, some have pairs that no better plan can use."""
    fewer = 0
    for seed in SEEDS:
        made = tiny([13, seed])
        found, _ = bounds.bounded(made)
        least = every_value(made, every_choice(made.pairs)).min()
        if np.isfinite(least):
            core = Core.of(made)
            with closing(Passes(core, 1)) as passes:
                _, regret, _, _ = passes.regrets(found.price)
            fewer += len(useful(found.bound + regret, least)) < len(made.pairs)
    assert fewer > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_the_whole_left_to_a_solver_finds_the_optimum(seed: int) -> None:
    """From any plan: the best plan is the cheapest of all, and the bound is no more than it."""
    made = tiny([17, seed])
    core, rng = Core.of(made), np.random.default_rng(seed)
    choices = every_choice(made.pairs)
    values = every_value(made, choices)
    kept = np.flatnonzero(np.isfinite(values))
    if not len(kept):
        return
    found, _ = bounds.bounded(made)
    with closing(Passes(core, 1)) as passes:
        _, regret, _, _ = passes.regrets(found.price)
    limits = Limits(seconds=20, gap=0.0)
    watch = Watch(made, limits, None, perf_counter())
    watch.prove(found.bound)
    at = rng.choice(kept)
    watch.offer(choices[at], float(values[at]))
    finish(core, found.bound + regret, watch, limits, watch.end)
    room = 1e-6 * max(1.0, abs(values.min()))
    assert watch.worth == pytest.approx(values.min(), abs=room)
    assert watch.bound <= values.min() + room
    assert watch.bound == pytest.approx(values.min(), abs=1e-4 * max(1.0, abs(values.min())))


# ------------------------------------------------------------------------------------ watch


def watched(
    report: Callable[..., bool] | None = None, seconds: float = 60.0, gap: float = 0.01
) -> Watch:
    made = model(np.random.default_rng(1), 2, 2, [], least=2)[0]
    return Watch(made, Limits(seconds=seconds, gap=gap), report, perf_counter())


def test_the_best_never_gets_worse() -> None:
    """Worse and equal plans and lower bounds change nothing; what is handed in is copied."""
    watch, plan = watched(), np.array([0, 2])
    assert watch.gap == np.inf
    assert watch.offer(plan, 10.0)
    plan[0] = 1
    assert not watch.offer(plan, 10.0)
    assert not watch.offer(plan, 12.0)
    assert not watch.offer(plan, np.inf)
    assert not watch.offer(plan, np.nan)
    assert watch.best is not None
    assert (watch.best.tolist(), watch.worth) == ([0, 2], 10.0)
    watch.prove(4.0)
    watch.prove(3.0)
    assert watch.bound == 4.0
    assert watch.gap == pytest.approx(0.6)
    assert watch.offer(plan, 8.0)
    assert watch.gap == pytest.approx(0.5)
    assert [(line.incumbent, line.bound) for line in watch.lines] == [
        (10.0, None), (10.0, 4.0), (8.0, 4.0),
    ]  # fmt: skip


def test_the_end_comes_by_gap_by_time_and_by_word() -> None:
    """Each of the three alone ends the search, and a word to stop is not forgotten."""
    watch = watched()
    assert not watch.over()
    watch.offer(np.array([0, 2]), 100.0)
    watch.prove(98.9)
    assert not watch.over()
    watch.prove(99.0)
    assert watch.closed
    assert watch.over()
    assert watched(seconds=0.0).over()
    words = iter([False, True, False, False])
    watch = watched(lambda line, x=None: next(words))
    assert [watch.over() for _ in range(3)] == [False, True, True]


def test_a_report_hears_of_plans_as_picks_and_may_stop() -> None:
    """The first plan comes as zeros and ones; what the report answers is the word to stop."""
    heard: list[tuple[Improvement, Floats | None]] = []

    def report(line: Improvement, x: Floats | None = None) -> bool:
        heard.append((line, x))
        return line.incumbent is not None

    watch = watched(report)
    watch.prove(1.0)
    assert not watch.over()
    watch.offer(np.array([0, 2]), 5.0)
    assert watch.over()
    told = [(line, x) for line, x in heard if line.incumbent is not None]
    assert len(told) == 1
    assert told[0][1] is not None
    assert told[0][1].tolist() == [1.0, 0.0, 1.0, 0.0]
    assert (told[0][0].incumbent, told[0][0].bound) == (5.0, 1.0)


def test_shares_of_the_time_end_with_it() -> None:
    """Half of 10 seconds is 5 after the beginning; no share goes beyond the end, which leaves 0.2
    for handing in."""
    made = model(np.random.default_rng(1), 2, 2, [])[0]
    watch = Watch(made, Limits(seconds=10.0), None, 1000.0)
    assert watch.until(0.5) == 1005.0
    assert watch.until(1.0) == watch.end == pytest.approx(1009.8)
