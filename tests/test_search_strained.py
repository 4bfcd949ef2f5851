"""Where a plan bends rows that the relaxation does not: pairs that become worth a look, lines that
let several of the worst come down together, and prices with weighty accounts whole."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from highspy import Highs
from scipy import sparse
from search_toys import MAKE, Floats, Ints, ground_of, middle, quarters
from test_search_parts import alone

from optiterr.fairness import WorstOver
from optiterr.linear import linearise
from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, WorstShare
from optiterr.search import decompose, ground, repricing, rounds
from optiterr.search.arms import Arm, Pool
from optiterr.search.ascent import Passes
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.neighbourhoods import Hunt, State
from optiterr.search.points import lines
from optiterr.search.relaxation import Relaxed
from optiterr.search.rounds import Rounds
from optiterr.search.watch import Watch
from optiterr.solution import Limits
from optiterr.solvers.highs import load as load_highs

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import bounds
import instances

# ----------------------------------------------------------------------------- strained rows


@pytest.fixture(autouse=True)
def early_strain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of small models are strained early."""
    monkeypatch.setattr(ground, "STRAINED", 3.0)


def two_reps() -> tuple[Ground, Ints]:
    """A giant of size 10 and accounts of sizes 4, 1 and 2, each free at its own rep and 3 dearer at
    the other; 1 a unit above 9 at rep 0, prices of 0; and the plan with the giant, 4 and 1 there.
    """
    nobody = np.empty(0, dtype=object)
    size = np.array([10.0, 4.0, 1.0, 2.0])
    matrix = np.zeros((2, 8))
    matrix[0, 0::2] = matrix[1, 1::2] = size
    block = Block("b", "b", ("0", "1"), sparse.csr_array(matrix), Band.of(2, high=9, price_above=1))
    cost = np.array([0.0, 3.0, 0.0, 3.0, 0.0, 3.0, 3.0, 0.0])
    names = MappingProxyType({"": cost})
    core = Core.of(Model(nobody, nobody, Pairs.full(4, 2), names, MappingProxyType({}), (block,)))
    found = Relaxed(np.zeros(2), 0.0, np.arange(4), np.zeros(0, np.int64), np.zeros(2), True)
    return Ground(core, found, cost, np.ones(2), 0.5), np.array([0, 2, 4, 7])


def model_of(core: Core) -> Model:
    """The model of a core."""
    nobody, costs = np.empty(0, dtype=object), MappingProxyType({"": core.cost})
    return Model(nobody, nobody, core.pairs, costs, MappingProxyType({}), core.blocks)


def test_pairs_that_a_strained_row_makes_worth_a_look() -> None:
    """Rep 0 is 6 above: a unit less saves 1. The giant out is 3 - 10, the 4 out 3 - 4, the 1 out
    3 - 1, the 2 in 3 + 2; with 2 more at most the last is left out, with 1 the one before, too."""
    here, plan = two_reps()
    assert here.strained(plan, 5.0).tolist() == [1, 3, 5, 6]
    assert here.strained(plan, 2.0).tolist() == [1, 3, 5]
    assert here.strained(plan, 1.0).tolist() == [1, 3]
    assert here.pool(plan, 1.0).tolist() == [0, 1, 2, 3, 4, 7]


@pytest.mark.parametrize(("most", "some"), [(2, True), (1, False)])
def test_where_reps_have_many_accounts_no_row_is_strained(
    monkeypatch: pytest.MonkeyPatch, most: int, some: bool
) -> None:
    """Two reps and four accounts."""
    monkeypatch.setattr(ground, "MOST_EACH", most)
    made, plan = two_reps()
    assert (len(made.strained(plan, 3.0)) > 0) is some


def test_a_row_that_is_little_above_is_not_strained(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is charged 6 more than its price of 0 tells: less than 13 usual regrets of a half."""
    here, plan = two_reps()
    monkeypatch.setattr(ground, "STRAINED", 11.9)
    assert len(here.strained(plan, 5.0)) == 4
    monkeypatch.setattr(ground, "STRAINED", 12.1)
    assert not len(here.strained(plan, 5.0))
    assert here.pool(plan, 1.0).tolist() == [0, 2, 4, 7]


def test_of_many_strained_rows_the_most_strained_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With 6 above at rep 0 and 3 above at rep 1 nothing is saved by leaving either. With room for
    the four pairs of one row it is rep 0's, which the giant and the 4 would leave; with room for
    three, none."""
    here, plan = two_reps()
    above = Band.of(2, high=[9.0, -1.0], price_above=1)
    block = replace(here.core.blocks[0], function=above)
    here = replace(here, core=replace(here.core, blocks=(block,)))
    assert not len(here.strained(plan, 1.0))
    monkeypatch.setattr(ground, "MOST_STRAINED", 4)
    assert here.strained(plan, 1.0).tolist() == [1, 3]
    monkeypatch.setattr(ground, "MOST_STRAINED", 3)
    assert not len(here.strained(plan, 1.0))


@pytest.mark.parametrize("seed", range(12))
def test_strained_pairs_are_those_of_every_pair_counted(seed: int) -> None:
    """Against slopes by differences, all pairs and all rows one by one."""
    made, choice = middle([seed, 31], 60, 5)
    here, _ = ground_of(made)
    core = here.core
    load = core.loads(choice)
    table = here.lines(load)
    price = table.within(here.found.price)
    step = np.zeros(core.rows)
    for row in range(core.rows):
        beyond = table.charge(load)[row] - price[row] * load[row] - table.floor(price)[row]
        if table.sink[row] < 0 and beyond > ground.STRAINED * here.usual:
            more = load.copy()
            more[row] += 1e-4
            slope = (table.charge(more) - table.charge(load))[row] / 1e-4
            step[row] = round(slope, 6) - price[row]
    dearer = here.regret + core.columns.T @ step
    touched = np.asarray(abs(core.columns).T @ (step != 0)) > 0
    now = choice[core.pairs.account]
    seen = (touched | touched[now]) & (now != np.arange(len(now)))
    expected = []
    for pair in np.flatnonzero(seen).tolist():
        others = np.flatnonzero((core.pairs.account == core.pairs.account[pair]) & seen)
        best = min(dearer[now[pair]], dearer[others].min())
        if dearer[pair] - best <= 2.0 * here.usual:
            expected.append(pair)
    assert here.strained(choice, 2.0 * here.usual).tolist() == expected


def test_neighbourhoods_use_strained_pairs() -> None:
    """The accounts that rep 0 would rather be rid of have a way out, beside the pairs of the plan,
    which are the whole pool; the reach is two usual regrets of a half. Accounts with no way out but
    the plan's own pair, as the other two, are left out."""
    here, plan = two_reps()
    model = model_of(here.core)
    limits = Limits(seconds=10.0, gap=0.0)
    hunt = Hunt(here, Watch(model, limits, None, perf_counter()), 1, 1)
    state = State(plan, here.core.loads(plan), here.core.worth(plan))
    (task,) = hunt._choose(state, Arm("highs", Pool.of(here.core, plan, 2)))
    assert task.pairs.tolist() == [0, 1, 2, 3]


# ---------------------------------------------------------------------- the worst rows together


def test_rows_behind_the_worst_are_charged_a_share() -> None:
    """10, 8, 8, 5, 1 and 0 off, weight 12: levels 8, 8 and 1 below the worst, the worst two and the
    worst four. Beyond 1 a unit costs 3, beyond 8 it costs 12: 45 for the 10, 21 for each 8, 12 for
    the 5, and the level that all reach, 1, costs 12."""
    function = WorstShare.of([0] * 6, 0.0, 12.0, 1.0)
    load = np.array([10.0, 8.0, -8.0, 5.0, 1.0, 0.0])
    rows = np.zeros(6)
    made = lines(alone(function), rows, load, rows + 1, load, together=True)
    assert made.charge(load).tolist() == [45.0, 21.0, 21.0, 12.0, 0.0, 0.0]
    assert made.cost(load) == 111.0
    assert lines(alone(function), rows, load, rows + 1, load).cost(load) == 120.0
    # One that comes down costs as much less as its share; where three do, it is all of it.
    assert made.charge(load - [1, 1, -1, 0, 0, 0]).tolist() == [33.0, 18.0, 18.0, 12.0, 0.0, 0.0]


def test_shares_of_one_side_only() -> None:
    """As above, but what is below its target is free."""
    function = WorstOver.of([0] * 6, 0.0, 12.0, 1.0)
    load = np.array([10.0, 8.0, -8.0, 5.0, 1.0, 0.0])
    rows = np.zeros(6)
    made = lines(alone(function), rows, load, rows + 1, load, together=True)
    # Levels 8, 5 and 0: 3 a unit from 0, 6 from 5, 12 from 8.
    assert made.charge(load).tolist() == [57.0, 33.0, 0.0, 15.0, 3.0, 0.0]


@pytest.mark.parametrize("kind", ["worst", "several", "over"])
def test_lines_together_are_as_steep_at_most(kind: str) -> None:
    """At the plan at hand no row is charged less than by the worst alone, some are more; a unit
    costs at most what it costs the worst row."""
    more = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(3, 12))
        function = MAKE[kind](rng, quarters(rng, 0, 9, rows))
        assert isinstance(function, WorstShare)
        load, zero = quarters(rng, 0, 12, rows), np.zeros(rows)
        core = alone(function)
        made = lines(core, zero, load, zero + 1, load, together=True)
        plain = lines(core, zero, load, zero + 1, load)
        assert (made.charge(load) >= plain.charge(load) - 1e-9).all()
        more += int((made.charge(load) > plain.charge(load) + 1e-9).any())
        far = load + 1000.0
        steep = (function.weight / function.count)[function.group] * function.scale
        assert made.charge(far + 1) - made.charge(far) == pytest.approx(steep)
    assert more


# ------------------------------------------------------------------------- prices once more


def held_optimum(core: Core, model: Model, held: Ints, plan: Ints) -> float:
    """The relaxation over all pairs with ``held`` as in ``plan``, by HiGHS from nothing."""
    mip = linearise(model)
    highs: Highs = load_highs(mip, Limits(seconds=60.0), relaxed=True)
    out = np.zeros(len(core.pairs), dtype=bool)
    out[np.isin(core.pairs.account, held)] = True
    out[plan[held]] = False
    places = np.flatnonzero(out).astype(np.int32)
    zeros = np.zeros(len(places))
    highs.changeColsBounds(len(places), places, zeros, zeros)
    highs.run()
    return float(highs.getInfo().objective_function_value)


def proved_with(core: Core, price: Floats, held: Ints, plan: Ints) -> float:
    """What the prices prove of all plans that have ``held`` as in ``plan``."""
    reduced = core.cost + core.columns.T @ price
    least = np.minimum.reduceat(reduced, core.pairs.start[:-1])
    least[held] = reduced[plan[held]]
    return float(least.sum() - core.conjugate(price) + core.constant)


@pytest.mark.parametrize("seed", [0, 2, 4, 6, 7, 8, 9, 11, 12, 13])
def test_prices_once_more_are_those_of_the_rest(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They prove the optimum of the relaxation in which the weightiest stay where the plan has
    them, over all pairs; the bound stays that of the whole relaxation."""
    monkeypatch.setattr(repricing, "HELD_A_REP", 3)
    made, plan = middle([seed, 41], 120, 5)
    found, _ = bounds.bounded(made)
    core = Core.of(made)
    assert np.isfinite(core.worth(plan))
    dear = np.abs(found.price) + 0.1
    answer = repricing.repriced(core, found, plan, dear, 1, perf_counter() + 60)
    assert answer is not None
    now, regret = answer
    weight = np.array([(abs(core.columns[:, [pair]]).T @ dear).item() for pair in plan])
    held = np.argsort(-weight, kind="stable")[:15]
    value = held_optimum(core, made, held, plan)
    scale = max(1.0, abs(value))
    assert value >= found.bound - 1e-6 * scale
    assert proved_with(core, now.price, held, plan) == pytest.approx(value, abs=1e-5 * scale)
    assert now.bound == found.bound
    assert (now.choice[held] == plan[held]).all()
    with closing(Passes(core, 1)) as passes:
        assert regret.tolist() == passes.regrets(now.price)[1].tolist()


def test_pairs_that_were_out_of_sight_are_priced_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a kernel with no pair but one for each account the same optimum is reached."""
    monkeypatch.setattr(repricing, "ROUNDS", 60)
    monkeypatch.setattr(repricing, "CLOSE", -np.inf)
    made, plan = middle([4, 41], 120, 5)
    found, _ = bounds.bounded(made)
    core = Core.of(made)
    dear = np.abs(found.price) + 0.1
    few: Any = SimpleNamespace(part=SimpleNamespace(pair=found.choice))
    blind = replace(found, kernel=few)
    answer = repricing.repriced(core, blind, plan, dear, 1, perf_counter() + 60)
    assert answer is not None
    held = np.argsort(-(abs(core.columns).T @ dear)[plan], kind="stable")[:10]
    value = held_optimum(core, made, held, plan)
    assert proved_with(core, answer[0].price, held, plan) == pytest.approx(
        value, abs=1e-4 * abs(value)
    )


def test_no_time_and_no_relaxation_are_no_prices() -> None:
    """Then moves go on by what they have."""
    made, plan = middle([1, 41], 120, 5)
    found, _ = bounds.bounded(made)
    core = Core.of(made)
    dear = np.ones(core.rows)
    assert repricing.repriced(core, found, plan, dear, 1, perf_counter() - 1) is None
    without = replace(found, kernel=None)
    assert repricing.repriced(core, without, plan, dear, 1, perf_counter() + 60) is None


def test_a_large_search_goes_by_prices_with_weighty_accounts_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the dive had no time: they come from the best plan then, serve moves and
    neighbourhoods, and change nothing of what is proved."""
    made = instances.make("books", 120, 6, 1).model
    monkeypatch.setattr(repricing, "HELD_A_REP", 10)
    monkeypatch.setattr(rounds, "MOST_MERGED", 100)
    monkeypatch.setattr(rounds, "TRIES_AN_ACCOUNT", 200)
    limits = Limits(seconds=3.0, gap=0.0, seed=1, threads=1)
    plans: list[Ints] = []
    hunted: list[Ground] = []
    answers: list[tuple[Relaxed, Floats]] = []
    original = decompose.repriced

    def told(core: Core, found: Relaxed, plan: Ints, *rest: float) -> tuple[Relaxed, Floats] | None:
        plans.append(plan)
        assert np.isfinite(core.worth(plan))
        answer = original(core, found, plan, *rest)  # type: ignore[arg-type]
        assert answer is not None
        answers.append(answer)
        return answer

    class Seen(Hunt):
        def __init__(self, ground: Ground, *rest: object) -> None:
            hunted.append(ground)
            super().__init__(ground, *rest)  # type: ignore[arg-type]

    went: list[Ground] = []
    go_by = Rounds.go_by

    def gone(self: Rounds, ground: Ground) -> None:
        went.append(ground)
        go_by(self, ground)

    monkeypatch.setattr(Rounds, "go_by", gone)
    monkeypatch.setattr(decompose, "repriced", told)
    monkeypatch.setattr(decompose, "Hunt", Seen)
    assert decompose.solve(made, limits).objective is not None
    assert not plans
    hunted.clear()
    monkeypatch.setattr(decompose, "DIVE_SHARE", 0.0)
    found = decompose.solve(made, limits)
    assert len(plans) == 1
    assert went == hunted
    assert hunted[0].found is answers[0][0]
    assert hunted[0].regret is answers[0][1]
    assert found.prices is not None
    assert found.objective is not None
    assert found.bound is not None
    assert not np.array_equal(found.prices, answers[0][0].price)
    assert found.bound <= found.objective


def test_without_a_plan_moves_go_by_the_first_prices() -> None:
    here, _ = two_reps()
    model = model_of(here.core)
    limits = Limits(seconds=10.0, gap=0.0)
    watch = Watch(model, limits, None, perf_counter())
    assert decompose._repriced(here, watch, limits) is here
