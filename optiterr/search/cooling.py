"""A plan by random moves that cool down, block of reps by block of reps.

A stage divides the reps into blocks of neighbours and lets accounts move inside each, several
blocks at a time; the next stage draws other blocks. Missed hard limits cost a price and are driven
out at the end by moves around the rows that miss them. Chains then change many accounts at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from optiterr.search.chains import SEATS_A_SECOND, STIFF, exchanged
from optiterr.search.core import Core, Floats, Ints, Mask
from optiterr.search.ground import Ground, neighbours
from optiterr.search.moves import Field, wander
from optiterr.search.points import Lines
from optiterr.search.trades import REACH as TRADED
from optiterr.search.trades import traded

STAGES = 20
"""Stages of cooling."""

LEAST = 0.05
"""Where time is short a stage has so much of its tries, or trades, at least."""

REACH = 3.0
"""Pairs with a regret of up to so many times the heat take part in a stage."""

FLOOR = 0.25
"""But no stage looks at less than pairs with a regret of so many usual ones."""

BLOCK = 150
"""Reps of a block. A model of up to twice as many is one block."""

FIRM = tuple(4.0**k for k in range(1, 9))
"""How much dearer missed limits become, step by step, until the plan keeps them."""

MEND = 400
"""Tries for each account around a missed limit, in each step."""

MILD = 0.05
"""Heat of the last tries of a step, in usual regrets; the first ones have four times as much."""

LINKED = 2.0
"""Pairs with a regret of up to so many usual ones take part in chains."""

LINKS = 1000
"""Accounts that chains look at, for each account of the model, at most."""

TURN = 2.0
"""Chains are made for so many seconds of a usual machine, then it is asked whether to go on."""

MANY = 150
"""With at least so many accounts a rep, plans are cooled further by trades."""

SIMMER = tuple((0.1 * 0.8**k, 4.0 ** min(k, 5)) for k in range(8))
"""Heat of each stage of trades, in usual regrets, and how dear missed limits are in it."""

SWEEPS = 10
"""So many trades are drawn in a stage for each two reps that share accounts."""


Job = Callable[[Field, Ints, Floats, Lines, int], tuple[Ints, Floats]]
"""From a field, a plan with its loads, what they are charged and a seed: the pairs of the field's
accounts and the change of the loads of its rows."""


@dataclass(frozen=True)
class Cooling:
    """Heat of the first and of the last stage, in usual regrets of a second pair, and how much
    dearer than at first missed limits are."""

    hot: float
    cold: float
    firm: float


GENTLE = Cooling(0.3, 0.05, 1.0)
"""For models with room."""

TIGHT = Cooling(0.5, 0.15, 2.0)
"""For models with little room: accounts freeze in sooner, and what misses a limit is hard to mend.
"""

WARM = Cooling(0.06, 0.05, 1.0)
"""For going on from a plan that is good already."""


def cooled(
    ground: Ground,
    choice: Ints,
    tries: int,
    seed: int,
    threads: int,
    over: Callable[[], bool],
    how: Cooling = GENTLE,
    end: float = np.inf,
) -> Ints:
    """The plan after all stages; it may miss hard limits a little.

    Stages that would not be done when the clock shows ``end`` have fewer tries: a plan that is not
    cooled to the last heat is worth little.
    """
    core, pace = ground.core, Pace(STAGES, end)
    heats = ground.usual * np.geomspace(how.hot, how.cold, STAGES + 1)
    random = np.random.default_rng(seed)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for high, low in pairwise(heats.tolist()):
            if over():
                break
            pairs = ground.pool(choice, max(REACH * high, FLOOR * ground.usual))
            fields = list(_fields(core, pairs, choice, random))
            weight = sum(len(field.account) for field in fields)

            def job(
                field: Field,
                plan: Ints,
                load: Floats,
                table: Lines,
                one: int,
                heat: tuple[float, float] = (high, low),
                weight: int = weight,
                part: float = pace.part,
            ) -> tuple[Ints, Floats]:
                share = int(part * tries / STAGES * len(field.account) / weight)
                return wander(core, field, plan, load, table, share, *heat, one)

            choice = _side_by_side(
                ground, fields, pool, threads, choice, how.firm, random, over, job
            )
            pace.done()
    return choice


class Pace:
    """How much of what was meant for each of ``stages`` there is time for until the clock shows
    ``end``: ``part`` of it, as long as the stages before leave less than all."""

    def __init__(self, stages: int, end: float, now: Callable[[], float] = perf_counter) -> None:
        self.part = 1.0
        self._left, self._end, self._now = stages, end, now
        self._mark = now()

    def done(self) -> None:
        """One more stage is done."""
        mark = self._now()
        whole, self._mark = (mark - self._mark) / self.part, mark
        self._left -= 1
        if self._left and whole > 0.0:
            each = max(self._end - mark, 0.0) / self._left
            self.part = min(1.0, max(LEAST, each / whole))


def _side_by_side(
    ground: Ground,
    fields: list[Field],
    pool: ThreadPoolExecutor,
    threads: int,
    choice: Ints,
    firm: float,
    random: np.random.Generator,
    over: Callable[[], bool],
    job: Job,
) -> Ints:
    """The plan after the job of every field, several at once, until ``over()``."""
    load = ground.core.loads(choice)
    for at in range(0, len(fields), threads):
        if over():
            break
        batch, table = fields[at : at + threads], ground.lines(load, firm, together=True)
        jobs = [
            pool.submit(job, field, choice, load, table, int(random.integers(2**62)))
            for field in batch
        ]
        choice, load = choice.copy(), load.copy()
        for field, done in zip(batch, jobs, strict=True):
            choice[field.account], change = done.result()
            load[field.rows] += change
    return choice


def _fields(core: Core, pairs: Ints, choice: Ints, random: np.random.Generator) -> Iterator[Field]:
    """Fields over blocks of reps: pairs inside one block, of accounts that it has now."""
    reps = core.reps
    if reps <= 2 * BLOCK:
        fields = [Field.of(core, pairs)]
    else:
        block = blocks(neighbours(core, pairs, choice, reps), random)
        own = block[core.pairs.rep[pairs]]
        inside = own == block[core.pairs.rep[choice[core.pairs.account[pairs]]]]
        pairs, own = pairs[inside], own[inside]
        order = np.argsort(own, kind="stable")
        ends = np.searchsorted(own[order], np.arange(int(block.max()) + 2))
        fields = [Field.of(core, pairs[order[low:high]]) for low, high in pairwise(ends.tolist())]
    for field in fields:
        if len(field.account):
            yield field


def blocks(shared: Any, random: np.random.Generator) -> Ints:
    """The block of each rep: reps that share accounts, about ``BLOCK`` of them together."""
    reps = shared.shape[0]
    block = np.full(reps, -1, dtype=np.int64)
    count = 0
    for seed in random.permutation(reps).tolist():
        if block[seed] >= 0:
            continue
        block[seed] = count
        border: dict[int, float] = {}
        last, size = seed, 1
        while size < BLOCK:
            own = slice(shared.indptr[last], shared.indptr[last + 1])
            for rep, weight in zip(
                shared.indices[own].tolist(), shared.data[own].tolist(), strict=True
            ):
                if block[rep] < 0:
                    border[rep] = border.get(rep, 0.0) + weight
            border.pop(last, None)
            if not border:
                break
            last = max(border, key=lambda rep: (border[rep], -rep))
            del border[last]
            block[last] = count
            size += 1
        count += 1
    return block


def simmers(core: Core) -> bool:
    """Whether plans are cooled further by trades: where reps have few accounts, single moves and
    chains do as well."""
    return core.accounts >= MANY * core.reps


def simmered(
    ground: Ground,
    choice: Ints,
    seed: int,
    threads: int,
    over: Callable[[], bool],
    end: float = np.inf,
) -> Ints:
    """The plan cooled further by trades, missed hard limits becoming ever dearer.

    As it is unless it :func:`simmers`. Where time is short until the clock shows ``end``, fewer
    trades are drawn in each stage.
    """
    core = ground.core
    if not simmers(core):
        return choice
    pace = Pace(len(SIMMER), end)
    random = np.random.default_rng(seed)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for share, firm in SIMMER:
            heat = share * ground.usual
            pairs = ground.pool(choice, TRADED * heat)
            heats = np.full(max(1, round(pace.part * SWEEPS)), heat)
            job = partial(traded, core, price=ground.found.price, heats=heats)
            fields = list(_fields(core, pairs, choice, random))
            choice = _side_by_side(ground, fields, pool, threads, choice, firm, random, over, job)
            pace.done()
    return choice


def mended(ground: Ground, choice: Ints, seed: int, over: Callable[[], bool]) -> Ints:
    """The plan with missed hard limits driven out as far as moves around them can."""
    core = ground.core
    for step, firm in enumerate(FIRM):
        load = core.loads(choice)
        missed = missed_rows(core, load)
        if not missed.any() or over():
            break
        table = ground.lines(load, firm)
        pairs = ground.pool(choice, REACH * (step + 1) * ground.usual * 0.25)
        field = Field.of(core, pairs)
        # Accounts that could load or leave a row that misses its limit.
        near = missed[field.rows][field.row]
        account = np.repeat(
            np.repeat(np.arange(len(field.account)), np.diff(field.start)), np.diff(field.first)
        )
        active = np.unique(account[near])
        heat = MILD * ground.usual
        choice = choice.copy()
        choice[field.account], _ = wander(
            core,
            field,
            choice,
            load,
            table,
            MEND * len(active),
            4 * heat,
            heat,
            seed + step,
            active,
        )
    return choice


def linked(
    ground: Ground, choice: Ints, seed: int, threads: int, over: Callable[[], bool], end: float
) -> Ints:
    """The plan after chains from all accounts; no dearer, missed limits being very dear.

    Ends when none gains, by ``over``, or when the clock shows ``end``.
    """
    core = ground.core
    random = np.random.default_rng(seed)
    pairs = ground.pool(choice, LINKED * ground.usual)
    fields = list(_fields(core, pairs, choice, random))
    load = core.loads(choice)
    with ThreadPoolExecutor(max(1, threads)) as pool:
        for at in range(0, len(fields), threads):
            batch = fields[at : at + threads]
            left = LINKS * max(len(field.account) for field in batch)
            while left > 0 and not over():
                seats = int(min(left, SEATS_A_SECOND * min(TURN, end - perf_counter())))
                table = ground.lines(load, STIFF)
                jobs = [
                    pool.submit(
                        exchanged, core, field, choice, load, table, ground.found.price, one, seats
                    )
                    for field, one in zip(
                        batch, random.integers(2**62, size=len(batch)).tolist(), strict=True
                    )
                ]
                before = choice
                for field, job in zip(batch, jobs, strict=True):
                    # What one block uses up of a common budget may be missing in another.
                    picked, change = job.result()
                    later, heavier = choice.copy(), load.copy()
                    later[field.account] = picked
                    heavier[field.rows] += change
                    saved = core.cost[choice].sum() - core.cost[later].sum()
                    if table.cost(heavier) - table.cost(load) < saved:
                        choice, load = later, heavier
                left -= max(seats, 1)
                if choice is before:
                    break
    return choice


def missed_rows(core: Core, load: Floats) -> Mask:
    """Rows whose charge is infinite: a hard limit is missed there, or in their part."""
    missed = np.zeros(core.rows, dtype=bool)
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        broken = ~np.isfinite(block.function.value(load[own]))
        missed[own] = broken[block.function.part]
    return missed
