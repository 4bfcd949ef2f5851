"""A few reps at a time as a small program, everything else held fast, again and again.

Reps whose accounts and rows hold more of the gap are looked at more often, each with reps that it
shares accounts with (large neighbourhood search, Shaw, 1998, with the gap as the guide). Who solves
them, and how deep they are, is learnt from what is gained for the work. One way solves nothing: it
kicks accounts of many reps at random and mends by chains.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from optiterr.search.arms import FEW, MANY, Arm, Arms, Pool, least
from optiterr.search.chains import SEATS_A_SECOND, STIFF, exchanged
from optiterr.search.core import Core, Floats, Ints, charges_alone
from optiterr.search.ground import Ground, neighbours
from optiterr.search.moves import Field
from optiterr.search.part import elastic, entries, loosened, part_of
from optiterr.search.programs import SOLVERS, Answer, solved
from optiterr.search.watch import Watch

MOST_PAIRS = 6000
"""Neighbourhoods with more pairs than this shrink."""

THIN, DEEP = 2.5, 12.0
"""Pairs that neighbourhoods may use, so many for each account, those of the least regret: of many
reps the thin ones, of few the deep ones."""

NEAR = 1.5
"""So many pairs for each account are for chains."""

CHAINS = "chains"
"""The way that kicks accounts and mends by chains."""

MOST_DEEP = 4_000_000
"""In models with more pairs than this, deep neighbourhoods are not tried."""

WORK = 1.0
"""Units of work that one neighbourhood is worth."""

FRESH = 8
"""After so many rounds it is counted anew which reps share accounts."""


@dataclass(eq=False)
class State:
    """The plan at hand, its loads and its cost; ``hard`` prices missed limits while there is none.

    ``cost`` counts them at that price too, so that it is finite.
    """

    choice: Ints
    load: Floats
    cost: float
    hard: Floats | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """Accounts of a neighbourhood, the pair found for each, and what came of the search."""

    account: Ints
    pair: Ints
    answer: Answer


def rep_gaps(core: Core, price: Floats, regret: Floats, state: State, reps: int) -> Floats:
    """How much of the gap sits with each rep: regrets of its accounts, residuals of its rows."""
    rep = core.pairs.rep[state.choice]
    found = np.bincount(rep, np.minimum(regret[state.choice], 1e300), minlength=reps).astype(float)
    row_gap = np.zeros(core.rows)
    for start, block in zip(core.row_start, core.blocks, strict=False):
        function = block.function
        if not charges_alone(function):
            continue
        own = slice(start, start + block.rows)
        y, p = state.load[own], price[own]
        value = function.value(y)
        value = np.where(np.isfinite(value), value, 0.0)
        row_gap[own] = np.maximum(value + function.conjugate(p) - p * y, 0.0)
    # A row's residual goes to the reps of the pairs that load it, shared evenly.
    row, col, _ = entries(core, state.choice)
    users = np.bincount(row, minlength=core.rows)
    share = np.divide(row_gap, users, out=np.zeros(core.rows), where=users > 0)
    found += np.bincount(rep[col], share[row], minlength=reps)
    return found


def cluster(shared: Any, seed: int, size: int, random: np.random.Generator) -> Ints:
    """The rep ``seed`` and others around it: each next one shares accounts with those chosen."""
    chosen = [seed]
    weight = np.zeros(shared.shape[0])
    while len(chosen) < size:
        last = chosen[-1]
        own = slice(shared.indptr[last], shared.indptr[last + 1])
        weight[shared.indices[own]] += shared.data[own]
        weight[chosen] = 0.0
        open_ = np.flatnonzero(weight)
        if not len(open_):
            break
        key = np.log(weight[open_]) + random.gumbel(size=len(open_))
        chosen.append(int(open_[np.argmax(key)]))
    return np.array(sorted(chosen), dtype=np.int64)


class Hunt:
    """Chooses neighbourhoods, has them solved and keeps what is better; seeded.

    ``ground`` holds the regrets of all pairs at the prices of the relaxation.
    """

    def __init__(
        self,
        ground: Ground,
        watch: Watch,
        seed: int,
        threads: int,
        solvers: tuple[str, ...] = SOLVERS,
    ) -> None:
        core, regret = ground.core, ground.regret
        self._ground, self._core = ground, core
        self._watch, self._threads = watch, threads
        self._random = np.random.default_rng(seed)
        self._reps = int(core.pairs.rep.max(initial=0)) + 1
        self._thin = Pool.of(core, least(regret, int(THIN * core.accounts)), self._reps)
        pools = [self._thin]
        if len(regret) <= MOST_DEEP:
            pools.append(Pool.of(core, least(regret, int(DEEP * core.accounts)), self._reps))
        arms = [Arm(by, pool) for pool in pools for by in solvers]
        near = Pool.of(core, least(regret, int(NEAR * core.accounts)), self._reps)
        self._arms = Arms([*arms, Arm(CHAINS, near, MANY)], self._random)
        self._tired = np.zeros(self._reps)
        self._shared: Any = None
        self.rounds = self.wins = 0

    def run(self, state: State, end: float) -> State:
        """The plan after neighbourhoods were solved until the clock shows ``end``."""
        with ThreadPoolExecutor(self._threads) as threads:
            while perf_counter() < end and not self._watch.over():
                arm = self._arms.next()
                chosen = self._choose(state, arm)
                if not chosen:
                    break
                tasks = [
                    threads.submit(self._solve, state, pairs, arm.solver, seed, end)
                    for pairs, _, seed in chosen
                ]
                for (_, members, _), task in zip(chosen, tasks, strict=True):
                    self._take(state, members, arm, task.result())
                self.rounds += 1
        return state

    def _choose(self, state: State, arm: Arm) -> list[tuple[Ints, Ints, int]]:
        """Disjoint neighbourhoods, one for each thread: pairs, reps and seed."""
        core = self._core
        if self.rounds % FRESH == 0:
            # Pairs of the plan take part even when they are not among the pairs worth a look.
            pool = np.union1d(self._thin.pair, state.choice)
            self._shared = neighbours(core, pool, state.choice, self._reps)
        price, regret = self._ground.found.price, self._ground.regret
        weight = rep_gaps(core, price, regret, state, self._reps)
        weight = (weight + 0.02 * weight.mean()) * 0.6**self._tired
        taken = np.zeros(self._reps, dtype=bool)
        found = []
        for _ in range(self._threads):
            weight[taken] = 0.0
            if not weight.sum() > 0:
                break
            seed = int(self._random.choice(self._reps, p=weight / weight.sum()))
            members = cluster(self._shared, seed, round(arm.size), self._random)
            members = members[~taken[members]]
            taken[members] = True
            pairs = arm.pool.between(members, core, state.choice)
            if len(pairs) > MOST_PAIRS and arm.solver in SOLVERS:
                arm.size = max(FEW, 0.8 * arm.size)
            found.append((pairs, members, int(self._random.integers(2**30))))
        return found

    def _solve(self, state: State, pairs: Ints, by: str, seed: int, end: float) -> Found:
        if by == CHAINS:
            return self._chained(state, pairs, seed, end)
        part = part_of(self._core, pairs, state.choice, state.load)
        if not len(part.account):
            return Found(part.account, part.account, Answer(None, True, 0.0))
        model = part.model if state.hard is None else elastic(part, state.hard).model
        answer = solved(model, part.choice(state.choice), by, WORK, seed, end)
        picked = answer.picked
        if picked is None or (picked < 0).any():
            return Found(part.account[:0], part.account[:0], answer)
        return Found(part.account, part.pair[picked[: len(part.account)]], answer)

    def _chained(self, state: State, pairs: Ints, seed: int, end: float) -> Found:
        """What kicks and chains make of the accounts of ``pairs``."""
        field, price = Field.of(self._core, pairs), self._ground.found.price
        table = self._ground.lines(state.load, STIFF)
        seats = int(min(WORK, max(end - perf_counter(), 0.0)) * SEATS_A_SECOND)
        pair, _ = exchanged(
            self._core, field, state.choice, state.load, table, price, seed, seats, shaken=True
        )
        return Found(field.account, pair, Answer(None, None, WORK))

    def _take(self, state: State, members: Ints, arm: Arm, found: Found) -> None:
        """Keep what is found when it makes the plan better, and learn from it."""
        gain = adopt(self._core, state, found.account, found.pair)
        arm.learn(gain, found.answer)
        self._tired *= 0.98
        self._tired[members] += 3.0 / len(members)
        if gain > 0:
            self.wins += 1
            self._tired[members] = 0.0
            if state.hard is None or np.isfinite(self._core.charge(state.load)):
                self._watch.offer(state.choice, self._core.worth(state.choice))


def adopt(core: Core, state: State, account: Ints, pair: Ints) -> float:
    """Give the accounts the pairs ``pair`` when that makes the plan cheaper; what is gained."""
    old = state.choice[account]
    moved = np.flatnonzero(old != pair)
    if not len(moved):
        return 0.0
    account, pair, old = account[moved], pair[moved], old[moved]
    load = state.load + core.loads(pair) - core.loads(old)
    choice_cost = float((core.cost[pair] - core.cost[old]).sum())
    before, after = _charge(core, state.load, state.hard), _charge(core, load, state.hard)
    gain = before - after - choice_cost
    if not gain > 1e-9 * max(1.0, abs(state.cost)):
        return 0.0
    state.choice = state.choice.copy()
    state.choice[account] = pair
    state.load = load
    state.cost -= gain
    return gain


def _charge(core: Core, load: Floats, hard: Floats | None) -> float:
    """What the rows charge, missed limits at the prices ``hard`` where given."""
    if hard is None:
        return core.charge(load)
    total = 0.0
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        for function in loosened(block.function, hard[own]):
            if function is not None:
                total += float(function.value(load[own]).sum())
    return total
