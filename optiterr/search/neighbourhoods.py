"""A few reps at a time as a small program, everything else held fast, again and again.

Reps whose accounts and rows hold more of the gap are looked at more often, each with reps that it
shares accounts with (large neighbourhood search, Shaw, 1998, with the gap as the guide). Who solves
them, and how deep they are, is learnt from what is gained for the work. One way solves nothing: it
kicks accounts of many reps at random and mends by chains.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from optiterr.search.arms import FEW, MANY, Arm, Arms, Pool, least
from optiterr.search.chains import SEATS_A_SECOND, STIFF, exchanged
from optiterr.search.cooling import missed_rows, simmers
from optiterr.search.core import Core, Floats, Ints, charges_alone
from optiterr.search.ground import Ground, neighbours
from optiterr.search.merging import Plans, near, put_together
from optiterr.search.moves import Field
from optiterr.search.part import elastic, entries, has_choice, loosened, part_of
from optiterr.search.programs import SOLVERS, Answer, solved
from optiterr.search.rounds import Rounds
from optiterr.search.watch import Watch

MOST_PAIRS = 6000
"""Neighbourhoods with more pairs than this shrink."""

THIN, DEEP = 2.5, 12.0
"""Pairs that neighbourhoods may use, so many for each account, those of the least regret: of many
reps the thin ones, of few the deep ones."""

BARE = 1.05
"""Where reps have so many accounts that plans simmer, all neighbourhoods are of this kind: hardly
any pairs, of even more reps."""

NEAR = 1.5
"""So many pairs for each account are for chains."""

REACH = 2.0
"""Where rows are strained, pairs that cost so many usual regrets more than an account's own."""

CHAINS = "chains"
"""The way that kicks accounts and mends by chains."""

MOST_DEEP = 4_000_000
"""In models with more pairs than this, deep neighbourhoods are not tried."""

WORK, BRIEF, MERGING = 1.0, 0.3, 10.0
"""Units of work that one neighbourhood is worth, one of hardly any pairs, and one program that puts
plans together."""

MERGED_EACH = 50
"""Pairs in which plans that are put together may differ, for each unit of size; where two differ in
more they are put together around one rep."""

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
class Task:
    """Something to look for: the best use of ``pairs`` between the reps ``members``, or what
    ``plans`` put together make, one more being made where one is ``lacking``."""

    pairs: Ints
    members: Ints
    seed: int
    plans: tuple[Ints, ...] = ()
    lacking: bool = False


@dataclass(frozen=True, eq=False)
class Found:
    """Accounts of a neighbourhood, the pair found for each, and what came of the search; and a plan
    that was made for it, with its cost and the work that it took."""

    account: Ints
    pair: Ints
    answer: Answer
    made: tuple[Ints, float] | None = None
    work: float = 0.0


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
    return found + _of_reps(core, state.choice, row_gap, reps)


def rep_misses(core: Core, state: State, reps: int) -> Floats:
    """How many missed hard limits sit with each rep."""
    return _of_reps(core, state.choice, missed_rows(core, state.load).astype(float), reps)


def _of_reps(core: Core, choice: Ints, amount: Floats, reps: int) -> Floats:
    """What each rep has of ``amount``, one for each row: it goes to the reps of the pairs that load
    the row, shared evenly."""
    row, col, _ = entries(core, choice)
    users = np.bincount(row, minlength=core.rows)
    share = np.divide(amount, users, out=np.zeros(core.rows), where=users > 0)
    rep = core.pairs.rep[choice[col]]
    return np.bincount(rep, share[row], minlength=reps).astype(float)


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


def between(pair: Ints, members: Ints, core: Core, choice: Ints) -> Ints:
    """Those of the pairs ``pair`` that lie between the reps ``members``."""
    here = np.isin(core.pairs.rep[pair], members)
    return pair[here & np.isin(core.pairs.rep[choice[core.pairs.account[pair]]], members)]


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
        rounds: Rounds | None = None,
    ) -> None:
        core, regret = ground.core, ground.regret
        self._ground, self._core = ground, core
        self._watch, self._threads = watch, threads
        self._random = np.random.default_rng(seed)
        self._reps = core.reps
        self._thin = least(regret, int(THIN * core.accounts))
        self._work, pools = WORK, [self._thin]
        if simmers(core) and watch.best is not None:
            self._work, pools = BRIEF, [least(regret, int(BARE * core.accounts))]
        elif len(regret) <= MOST_DEEP:
            pools.append(least(regret, int(DEEP * core.accounts)))
        pool = partial(Pool.of, core, reps=self._reps)
        arms = [Arm(by, each) for each in map(pool, pools) for by in solvers]
        arms.append(Arm(CHAINS, pool(least(regret, int(NEAR * core.accounts))), MANY))
        self._rounds = rounds
        self._ways = [Arms(arms, self._random)]
        if rounds is not None and rounds.merge:
            merging = [Arm(by, None) for by in solvers]
            self._ways.append(Arms(merging, self._random))
        self._tired = np.zeros(self._reps)
        self._shared: Any = None
        self.rounds = self.wins = 0

    def run(self, state: State, end: float) -> State:
        """The plan after neighbourhoods were solved until the clock shows ``end``."""
        with ThreadPoolExecutor(self._threads) as threads:
            while perf_counter() < end and not self._watch.over():
                arm = self._ways[self.rounds % len(self._ways)].next()
                tasks = self._merges() if arm.merges else self._choose(state, arm)
                if not tasks:
                    break
                jobs = [threads.submit(self._solve, state, task, arm, end) for task in tasks]
                before = state.choice
                for task, job in zip(tasks, jobs, strict=True):
                    self._take(state, task.members, arm, job.result(), before)
                self.rounds += 1
        return state

    def _merges(self) -> list[Task]:
        """Plans to put together, for each thread others."""
        assert self._rounds is not None
        random, plans = self._random, self._rounds.plans
        tasks = []
        for _ in range(self._threads):
            others, new = plans.used(random), plans.new()
            first = [] if new is None else [new]
            seed = int(random.integers(2**30))
            every = np.arange(self._reps)
            tasks.append(Task(every[:0], every, seed, (*first, *others), new is None))
        return tasks

    def _choose(self, state: State, arm: Arm) -> list[Task]:
        """Disjoint neighbourhoods, one for each thread."""
        core = self._core
        assert arm.pool is not None
        strained = self._ground.strained(state.choice, REACH * self._ground.usual)
        if self.rounds % FRESH == 0:
            # Pairs of the plan take part even when they are not among the pairs worth a look.
            pool = np.union1d(np.union1d(self._thin, state.choice), strained)
            self._shared = neighbours(core, pool, state.choice, self._reps)
        price, regret = self._ground.found.price, self._ground.regret
        weight = np.zeros(self._reps)
        if state.hard is not None:
            # There is no plan yet: nothing counts but what keeps this one from being one.
            weight = rep_misses(core, state, self._reps)
        if not weight.any():
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
            pairs = np.union1d(pairs, between(strained, members, core, state.choice))
            pairs = pairs[has_choice(core, pairs)]
            if len(pairs) > MOST_PAIRS and arm.solver in SOLVERS:
                arm.size = max(FEW, 0.8 * arm.size)
            found.append(Task(pairs, members, int(self._random.integers(2**30))))
        return found

    def _solve(self, state: State, task: Task, arm: Arm, end: float) -> Found:
        if arm.merges:
            return self._merged(state, task, arm, end)
        if not len(task.pairs):
            return Found(task.pairs, task.pairs, Answer(None, True, 0.0))
        if arm.solver == CHAINS:
            return self._chained(state, task.pairs, task.seed, end)
        return self._decided(state, task.pairs, arm.solver, self._work, task.seed, end)

    def _decided(
        self, state: State, pairs: Ints, by: str, work: float, seed: int, end: float
    ) -> Found:
        """What solver ``by`` makes of the program of ``pairs``."""
        part = part_of(self._core, pairs, state.choice, state.load)
        if not len(part.account):
            return Found(part.account, part.account, Answer(None, True, 0.0))
        model = part.model if state.hard is None else elastic(part, state.hard).model
        answer = solved(model, part.choice(state.choice), by, work, seed, end)
        picked = answer.picked
        if picked is None or (picked < 0).any():
            return Found(part.account[:0], part.account[:0], answer)
        return Found(part.account, part.pair[picked[: len(part.account)]], answer)

    def _merged(self, state: State, task: Task, arm: Arm, end: float) -> Found:
        """The plan at hand put together with those of the task, or with one made for it."""
        plans, work = list(task.plans), 0.0
        made: tuple[Ints, float] | None = None
        if task.lacking:
            assert self._rounds is not None
            choice, cost, work = self._rounds.another(task.seed)
            made = choice, cost
            plans.insert(0, choice)
        most = int(arm.size * MERGED_EACH)
        pairs = put_together(state.choice, plans, most)
        if len(pairs) > most:
            random = np.random.default_rng(task.seed)
            size = int(self._reps * most / len(pairs)) + 1
            members = cluster(self._shared, int(random.integers(self._reps)), size, random)
            pairs = near(self._core, pairs, state.choice, members, self._reps)
        found = self._decided(state, pairs, arm.solver, MERGING, task.seed, end)
        return replace(found, made=made, work=work)

    def _chained(self, state: State, pairs: Ints, seed: int, end: float) -> Found:
        """What kicks and chains make of the accounts of ``pairs``."""
        field, price = Field.of(self._core, pairs), self._ground.found.price
        table = self._ground.lines(state.load, STIFF)
        seats = int(min(WORK, max(end - perf_counter(), 0.0)) * SEATS_A_SECOND)
        pair, _ = exchanged(
            self._core, field, state.choice, state.load, table, price, seed, seats, shaken=True
        )
        return Found(field.account, pair, Answer(None, None, WORK))

    def _take(self, state: State, members: Ints, arm: Arm, found: Found, before: Ints) -> None:
        """Keep what is found when it makes the plan better, and learn from it.

        It was looked for in the plan ``before``.
        """
        gain = adopt(self._core, state, found.account, found.pair)
        arm.learn(gain, found.answer, found.work)
        if arm.merges and self._rounds is not None:
            _learnt(self._rounds.plans, state, found, before, gain)
        self._tired *= 0.98
        self._tired[members] += 3.0 / len(members)
        if gain > 0:
            self.wins += 1
            self._tired[members] = 0.0
            if state.hard is None or np.isfinite(self._core.charge(state.load)):
                self._watch.offer(state.choice, self._core.worth(state.choice))


def _learnt(plans: Plans, state: State, found: Found, before: Ints, gain: float) -> None:
    """Keep the plans that came of putting plans together, for the next time."""
    if found.made is not None:
        plans.add(*found.made, used=True)
    if gain == 0 and state.choice is not before:
        # Another thread was first: what this one made of the plan is put together with that.
        other = before.copy()
        other[found.account] = found.pair
        if (other != before).any():
            plans.add(other, state.cost)


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
