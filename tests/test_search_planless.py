"""A search without a plan: what keeps the plan at hand from being one comes first."""

from __future__ import annotations

from time import perf_counter
from types import MappingProxyType

import numpy as np
import pytest
from scipy import sparse
from search_toys import Ints, ground_of, middle

from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.search import decompose, rounds
from optiterr.search.arms import Arm, Pool
from optiterr.search.core import Core
from optiterr.search.ground import Ground
from optiterr.search.neighbourhoods import Hunt, State, rep_misses
from optiterr.search.rounds import Rounds
from optiterr.search.watch import Watch
from optiterr.solution import Limits, Status

LIMITS = Limits(seconds=20.0, gap=0.0, seed=1)


def limited(most: list[float], both: float) -> Model:
    """Six accounts of size 1 at three reps, a limit for each rep, and ``both`` for reps 0 and 1
    together."""
    pairs, nobody = Pairs.full(6, 3), np.empty(0, dtype=object)
    every = np.arange(len(pairs))
    first = every[pairs.rep < 2]
    row = np.concatenate([pairs.rep, np.full(len(first), 3)])
    matrix = sparse.csr_array(
        (np.ones(len(row)), (row, np.concatenate([every, first]))), shape=(4, len(pairs))
    )
    block = Block(
        "size", "size", ("r0", "r1", "r2", "both"), matrix, Band.of(4, upper=[*most, both])
    )
    cost = MappingProxyType({"": 1.0 + every % 3})
    return Model(nobody, nobody, pairs, cost, MappingProxyType({}), (block,))


def at(core: Core, reps: list[int]) -> Ints:
    return core.pairs.start[:-1] + np.array(reps)


def test_a_missed_limit_is_shared_by_the_reps_that_load_it() -> None:
    """Rep 0 serves three of the two that it may; with rep 1, five of four: of that, three fifths
    are its own."""
    core = Core.of(limited([2, 6, 6], 4))
    choice = at(core, [0, 0, 0, 1, 1, 2])
    state = State(choice, core.loads(choice), 0.0, np.ones(core.rows))
    assert rep_misses(core, state, 3).tolist() == pytest.approx([1.6, 0.4, 0.0])
    kept = at(core, [0, 0, 1, 1, 2, 2])
    assert rep_misses(core, State(kept, core.loads(kept), 0.0), 3).tolist() == [0.0, 0.0, 0.0]


def test_neighbourhoods_begin_at_missed_limits_while_there_is_no_plan() -> None:
    """Rep 2 alone misses its limit; the gap lies with the others. Every first rep is rep 2 then,
    and hardly any once limits are no matter."""
    model = limited([6, 6, 0], 12)
    here, _ = ground_of(model)
    choice = at(here.core, [1, 1, 1, 1, 1, 2])
    seeds: dict[bool, list[int]] = {}
    for planless in (True, False):
        hunt = Hunt(here, Watch(model, LIMITS, None, perf_counter()), 1, 1)
        arm = Arm("highs", Pool.of(here.core, np.arange(len(here.core.pairs)), 3))
        arm.size = 1.0
        hard = np.ones(here.core.rows) if planless else None
        state = State(choice, here.core.loads(choice), 0.0, hard)
        seeds[planless] = [int(hunt._choose(state, arm)[0].members[0]) for _ in range(60)]
    assert seeds[True].count(2) > 50
    assert seeds[False].count(2) < 30


def planless(seed: int, accounts: int, reps: int) -> tuple[Model, Ground, Ints]:
    """A model, its ground and a plan that misses hard limits: that of cheapest pairs."""
    for each in range(seed, seed + 50):
        model = middle(each, accounts, reps)[0]
        ground, first = ground_of(model)
        if not np.isfinite(ground.core.worth(first)):
            return model, ground, first
    raise AssertionError("no such model")


def test_limits_get_dearer_with_each_turn_in_which_they_are_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neighbourhoods find nothing, and moves neither: each turn begins from the same plan, limits
    four times as dear as before, up to a point."""
    model, ground, first = planless(7, 60, 4)
    watch = Watch(model, LIMITS, None, perf_counter())
    seen: list[float] = []

    def run(self: Hunt, state: State, end: float) -> State:
        assert state.hard is not None
        assert state.choice is first
        seen.append(float((state.hard / ground.hard)[0]))
        self.rounds += 1
        if len(seen) == 8:
            watch.end = -np.inf
        return state

    monkeypatch.setattr(Hunt, "run", run)
    monkeypatch.setattr(decompose, "mended", lambda ground, choice, *_: choice)
    made = Rounds(ground, watch, first, LIMITS, True)
    beside = decompose.Beside(ground.core, watch, LIMITS)
    with beside:
        decompose._hunted(ground, watch, made, LIMITS, None, beside, None)
    assert seen == [16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 65536.0]


def test_moves_mend_what_neighbourhoods_begin_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that moves left with missed limits is mended before the first neighbourhood."""
    model, ground, first = planless(7, 60, 4)
    watch = Watch(model, LIMITS, None, perf_counter())
    begun: list[State] = []

    def run(self: Hunt, state: State, end: float) -> State:
        begun.append(state)
        watch.end = -np.inf
        return state

    monkeypatch.setattr(Hunt, "run", run)
    made = Rounds(ground, watch, first, LIMITS, True)
    beside = decompose.Beside(ground.core, watch, LIMITS)
    with beside:
        decompose._hunted(ground, watch, made, LIMITS, None, beside, None)
    assert watch.best is not None
    assert begun[0].hard is None
    assert begun[0].choice is watch.best


def test_chains_do_not_undo_what_was_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a plan that chains make misses a limit that was kept before, the plan before counts."""
    model, _, first = planless(7, 60, 4)
    ground, _ = ground_of(model)
    monkeypatch.setattr(rounds, "linked", lambda *_: first)
    watch = Watch(model, LIMITS, None, perf_counter())
    made = Rounds(ground, watch, first, LIMITS, True)
    made.early(1)
    assert watch.best is not None
    assert np.isfinite(ground.core.worth(made.choice))


def test_a_plan_is_found_where_moves_had_not_mended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole search, its moves ending with missed limits."""
    monkeypatch.setattr(rounds, "mended", lambda ground, choice, *_: choice)
    model, *_ = planless(7, 60, 4)
    answer = decompose.solve(model, Limits(seconds=20.0, gap=0.02, seed=1))
    assert answer.status in (Status.OPTIMAL, Status.FEASIBLE)
