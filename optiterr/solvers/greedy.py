"""A plan without any library: picks at prices, repaired by moves and kicks; proves nothing.

Hard rows come before cost. It may find no plan where there is one: ``no_solution`` never means that
there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.capped import Capped
from optiterr.linear import linearise
from optiterr.model import Block, Model
from optiterr.rowfunctions import Band, Piecewise, RowFunction
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solver
from optiterr.solvers.priced import priced_choice
from optiterr.spread import Spread

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRIDE = 32
"""Accounts handled between two looks at the clock."""

ROUNDS = 150
"""Steps of the prices that the first plan is picked at."""

FEW = 2000
"""Up to so many accounts, a plan built account by account is tried too."""

KICKS, KICKS_EACH = 20, 3
"""The search ends after so many kicks in a row without a better plan, and so many per account."""

NEIGHBOURS = 30
"""Accounts of the reps touched by a kick that may answer it."""


def solve(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """A plan picked at prices and then improved by moves; the same for the same seed.

    Ends by itself when shaking it no longer helps, else at the limit in ``limits.seconds``.
    """
    began = perf_counter()
    clock = _Clock(limits, report, began)
    empty = np.flatnonzero(np.diff(model.pairs.start) == 0)
    if len(empty):
        text = f"account {model.account_ids[empty[0]]!r} has no candidate"
        return Solution(Status.INFEASIBLE, "greedy", "1", message=text)
    search = _Search.of(model, np.random.default_rng(limits.seed))
    built = perf_counter()
    search.begin(start, clock)
    best, best_key = search.choice.copy(), search.key()
    clock.tell(model, best, best_key)
    misses = 0
    while misses < KICKS + KICKS_EACH * model.pairs.accounts and not clock.over():
        changed = search.kick(clock)
        key = search.key()
        if _better(key, best_key):
            best, best_key, misses = search.choice.copy(), key, 0
            clock.tell(model, best, key)
        else:
            misses += 1
            for account in changed[search.choice[changed] != best[changed]].tolist():
                search.pick(account, int(best[account]))
    search.place(best)
    best_key = search.key()
    seconds = {"build": built - began, "handover": 0.0, "solve": perf_counter() - built}
    x = model.picks(best)
    value = model.value(x)
    if not np.isfinite(value):
        text = f"found no plan within the hard rows: they are still missed by {best_key[0]:.6g}"
        return Solution(Status.NO_SOLUTION, "greedy", "1", seconds=seconds, message=text)
    text = "a heuristic: no bound, and not known to be optimal"
    log = tuple(clock.lines)
    return Solution(
        Status.FEASIBLE, "greedy", "1", x, value, seconds=seconds, log=log, message=text
    )


class _Clock:
    """Knows when to end, and passes improvements on."""

    def __init__(self, limits: Limits, report: Report | None, began: float) -> None:
        self.lines: list[Improvement] = []
        self._end, self._report, self._began = began + limits.seconds, report, began
        self._third = began + limits.seconds / 3
        self._stopped = False

    def over(self) -> bool:
        if self._report is not None and not self._stopped:
            self._stopped = bool(self._report(Improvement(perf_counter() - self._began)))
        return self._stopped or perf_counter() >= self._end

    def early(self) -> bool:
        """Whether a third of the time has gone: the rest is for moves."""
        return self.over() or perf_counter() >= self._third

    def tell(self, model: Model, choice: Ints, key: tuple[float, float]) -> None:
        if key[0] > 0.0:
            return
        line = Improvement(perf_counter() - self._began, key[1])
        self.lines.append(line)
        if self._report is not None and self._report(line, model.picks(choice)):
            self._stopped = True


@dataclass(eq=False)
class _Rows:
    """The loads of one block, the range that its hard rows leave, and its charge."""

    function: RowFunction
    low: Floats
    high: Floats
    start: Ints
    row: NDArray[np.int32]
    value: Floats
    load: Floats
    apart: bool
    size: Floats

    @classmethod
    def of(cls, block: Block, low: Floats, high: Floats) -> _Rows:
        by_pair = block.matrix.tocsc()
        marks = np.stack([np.abs(low), np.abs(high), np.ones(block.rows)])
        made = cls(
            block.function,
            low,
            high,
            by_pair.indptr.astype(np.int64),
            by_pair.indices,
            by_pair.data,
            np.zeros(block.rows),
            isinstance(block.function, Band | Piecewise),
            np.where(np.isfinite(marks), marks, 0.0).max(axis=0),
        )
        made.set(made.load)
        return made

    def entries(self, pair: int) -> tuple[NDArray[np.int32], Floats]:
        own = slice(self.start[pair], self.start[pair + 1])
        return self.row[own], self.value[own]

    def add(self, pair: int, sign: float) -> None:
        row, value = self.entries(pair)
        self.load[row] += sign * value

    def set(self, load: Floats) -> None:
        """Take these loads instead."""
        self.load = load

    def missed(self, load: Floats, row: Any = slice(None), *, floors: bool = True) -> Floats:
        """How far each load lies outside its hard range, relative to the range's ends."""
        over = np.maximum(load - self.high[row], 0.0)
        if floors:
            over += np.maximum(self.low[row] - load, 0.0)
        missed = over / self.size[row]
        # Rounding of sums is no miss.
        return np.where(missed > 1e-9, missed, 0.0)

    def charged(self, load: Floats, row: Ints | None = None) -> Floats:
        """The charge of loads, each moved into its hard range first."""
        if row is None:
            return self.function.value(np.clip(load, self.low, self.high))
        values = {each.name: getattr(self.function, each.name) for each in fields(self.function)}  # type: ignore[arg-type]
        taken = type(self.function)(**{name: value[row] for name, value in values.items()})
        return taken.value(np.clip(load, self.low[row], self.high[row]))

    def steps(self, first: int, last: int, *, floors: bool) -> tuple[Floats, Floats]:
        """What picking each pair ``first .. last`` adds to the misses and to the charge."""
        count = last - first
        if not self.apart:
            return self._whole_steps(first, count, floors=floors)
        own = slice(self.start[first], self.start[last])
        row, value = self.row[own], self.value[own]
        if not len(row):
            return np.zeros(count), np.zeros(count)
        owner = np.repeat(np.arange(count), np.diff(self.start[first : last + 1]))
        before, after = self.load[row], self.load[row] + value
        miss = self.missed(after, row, floors=floors) - self.missed(before, row, floors=floors)
        both = self.charged(np.concatenate([after, before]), np.concatenate([row, row]))
        charge = both[: len(row)] - both[len(row) :]
        # An empty count is one of integers.
        total_miss = np.bincount(owner, miss, minlength=count).astype(float)
        return total_miss, np.bincount(owner, charge, minlength=count).astype(float)

    def _whole_steps(self, first: int, count: int, *, floors: bool) -> tuple[Floats, Floats]:
        """As ``steps``, for rows that are charged together: the whole block, pair by pair."""
        miss, charge = np.zeros(count), np.zeros(count)
        old_miss = self.missed(self.load, floors=floors).sum()
        old_charge = self.charged(self.load).sum()
        for place in range(count):
            row, value = self.entries(first + place)
            load = self.load.copy()
            load[row] += value
            miss[place] = self.missed(load, floors=floors).sum() - old_miss
            charge[place] = self.charged(load).sum() - old_charge
        return miss, charge


@dataclass(eq=False)
class _SpreadRows(_Rows):
    """Rows that count the cells in use: how many loaded rows each cell has, and cells each part."""

    busy: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    total: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def set(self, load: Floats) -> None:
        self.load = load
        spread = self.spread
        used = np.bincount(spread.cell, load > 0.5, minlength=len(spread.home))
        self.busy = used.astype(np.int64)
        count = np.bincount(spread.home, self.busy > 0, minlength=len(spread.high))
        self.total = count.astype(np.int64)

    @property
    def spread(self) -> Spread:
        assert isinstance(self.function, Spread)
        return self.function

    def add(self, pair: int, sign: float) -> None:
        super().add(pair, sign)
        row, _ = self.entries(pair)
        for cell in self.spread.cell[row].tolist():
            was = self.busy[cell] > 0
            self.busy[cell] += int(sign)
            self.total[self.spread.home[cell]] += int(self.busy[cell] > 0) - int(was)

    def missed(self, load: Floats, row: Any = slice(None), *, floors: bool = True) -> Floats:
        return self._over(self.total.astype(float))[0]

    def charged(self, load: Floats, row: Ints | None = None) -> Floats:
        return self._over(self.total.astype(float))[1]

    def _over(self, total: Floats, part: Any = slice(None)) -> tuple[Floats, Floats]:
        """How far so many cells miss the hard limit of their part, and what they cost up to it."""
        spread = self.spread
        upper = spread.upper[part]
        beyond = np.maximum(total - upper, 0.0)
        priced = np.maximum(np.minimum(total, upper) - spread.high[part], 0.0)
        size = np.where(np.isfinite(upper), np.maximum(upper, 1.0), 1.0)
        priced = np.where(spread.price[part] > 0, spread.price[part] * priced, 0.0)
        return beyond / size, priced

    def steps(self, first: int, last: int, *, floors: bool) -> tuple[Floats, Floats]:
        count, spread = last - first, self.spread
        row = self.row[self.start[first] : self.start[last]]
        owner = np.repeat(np.arange(count), np.diff(self.start[first : last + 1]))
        cell = spread.cell[row]
        fresh = np.unique(np.stack([owner, cell])[:, self.busy[cell] == 0], axis=1)
        both = np.stack([fresh[0], spread.home[fresh[1]]])
        (own, part), added = np.unique(both, axis=1, return_counts=True)
        now = self.total[part].astype(float)
        after, before = self._over(now + added, part), self._over(now, part)
        return tuple(  # type: ignore[return-value]
            np.bincount(own, new - old, minlength=count).astype(float)
            for new, old in zip(after, before, strict=True)
        )


@dataclass(eq=False)
class _CappedRows(_Rows):
    """Rows whose charges stay below a ceiling: what is above it is missed, nothing is charged."""

    def missed(self, load: Floats, row: Any = slice(None), *, floors: bool = True) -> Floats:
        assert isinstance(self.function, Capped)
        ceiling = self.function.ceiling
        total = self.function.total(np.clip(load, self.low, self.high))
        over = max(total - ceiling, 0.0) / max(1.0, abs(ceiling))
        return np.array([over if over > 1e-9 else 0.0])

    def charged(self, load: Floats, row: Ints | None = None) -> Floats:
        return np.zeros(1)


ROWS: dict[type, type[_Rows]] = {Spread: _SpreadRows, Capped: _CappedRows}
"""Row functions that are searched in ways of their own."""


@dataclass(eq=False)
class _Search:
    """The picks so far and the loads that they make; moves change both together."""

    model: Model
    rng: np.random.Generator
    blocks: list[_Rows]
    choice: Ints

    @classmethod
    def of(cls, model: Model, rng: np.random.Generator) -> _Search:
        low, high = hard_ranges(model)
        blocks = [
            ROWS.get(type(block.function), _Rows).of(
                block, low[first : first + block.rows], high[first : first + block.rows]
            )
            for first, block in zip(model.row_start, model.blocks, strict=False)
            if block.rows
        ]
        return cls(model, rng, blocks, np.full(model.pairs.accounts, -1, dtype=np.int64))

    def key(self) -> tuple[float, float]:
        """First how far hard rows are missed, then the cost: less is better."""
        missed = sum(float(block.missed(block.load).sum()) for block in self.blocks)
        charge = sum(float(block.charged(block.load).sum()) for block in self.blocks)
        return missed, self.model.constant + float(self.model.cost[self.choice].sum()) + charge

    def pick(self, account: int, pair: int) -> None:
        old = int(self.choice[account])
        for block in self.blocks:
            if old >= 0:
                block.add(old, -1.0)
            if pair >= 0:
                block.add(pair, 1.0)
        self.choice[account] = pair

    def place(self, choice: Ints) -> None:
        """Pick the pairs of ``choice`` instead of all picks; loads are added up afresh."""
        self.choice = choice.copy()
        x = self.model.picks(choice)
        for block, load in zip(
            self.blocks, (load for load in self.model.loads(x) if len(load)), strict=True
        ):
            block.set(load.copy())

    def best(self, account: int, *, floors: bool) -> int:
        """The pair that an account without one should pick now."""
        first, last = (int(end) for end in self.model.pairs.start[account : account + 2])
        miss, cost = np.zeros(last - first), self.model.cost[first:last].copy()
        for block in self.blocks:
            own_miss, own_cost = block.steps(first, last, floors=floors)
            miss += own_miss
            cost += own_cost
        least = miss <= miss.min() + 1e-12
        return first + int(np.flatnonzero(least)[np.argmin(cost[least])])

    def begin(self, start: Floats | None, clock: _Clock) -> None:
        """A first plan: ``start`` if it is one, else the better of two ways to build one."""
        given = self.model.choice(start) if start is not None else np.full(1, -1)
        if (given >= 0).all():
            self.place(given)
            self.improve(np.arange(len(given)), clock, rounds=100)
            return
        choice, regret = priced_choice(self.model, ROUNDS, clock.early)
        self.place(choice)
        # Accounts that hardly mind are moved first.
        self.improve(np.argsort(regret, kind="stable"), clock, rounds=100)
        if len(choice) > FEW:
            return
        priced, key = self.choice.copy(), self.key()
        self.clear()
        if not self._one_by_one(clock):
            self.place(priced)
            return
        self.improve(np.arange(len(choice)), clock, rounds=100)
        if not _better(self.key(), key):
            self.place(priced)

    def clear(self) -> None:
        """Take all picks back."""
        self.choice = np.full_like(self.choice, -1)
        for block in self.blocks:
            block.set(np.zeros_like(block.load))

    def _one_by_one(self, clock: _Clock) -> bool:
        """Each account in turn picks what is best then; False when time runs out."""
        for place, account in enumerate(self._order().tolist()):
            if place % STRIDE == STRIDE - 1 and clock.over():
                return False
            self.pick(account, self.best(account, floors=False))
        return True

    def _order(self) -> Ints:
        """Accounts with heavy loads on hard rows first, then by what their second best costs."""
        owner, cost = self.model.pairs.account, self.model.cost
        start, count = self.model.pairs.start, np.diff(self.model.pairs.start)
        regret, weight = np.zeros(len(count)), np.zeros(len(count))
        several = np.flatnonzero(count > 1)
        ranked = cost[np.lexsort((cost, owner))]
        regret[several] = ranked[start[several] + 1] - ranked[start[several]]
        for block in self.blocks:
            hard = np.isfinite(block.high)[block.row] & (block.value > 0)
            pair = np.repeat(np.arange(len(cost)), np.diff(block.start))[hard]
            np.maximum.at(weight, owner[pair], block.value[hard] / block.size[block.row[hard]])
        return np.lexsort((-regret, -np.round(weight, 3)))

    def improve(self, accounts: Ints, clock: _Clock, rounds: int) -> None:
        """Move each of ``accounts`` to its best pair, in turn, while that makes the plan better."""
        key = self.key()
        for _ in range(rounds):
            for place, account in enumerate(accounts.tolist()):
                if place % STRIDE == STRIDE - 1 and clock.over():
                    return
                self.pick(account, -1)
                self.pick(account, self.best(account, floors=True))
            now = self.key()
            if not _better(now, key):
                return
            key = now

    def kick(self, clock: _Clock) -> Ints:
        """Move a few accounts at random and let others of the reps they reach answer.

        Returns the accounts that may have changed.
        """
        accounts, start, rep = len(self.choice), self.model.pairs.start, self.model.pairs.rep
        count = min(accounts, int(self.rng.integers(1, 4)))
        kicked = self.rng.choice(accounts, size=count, replace=False)
        for account in kicked.tolist():
            self.pick(account, int(self.rng.integers(start[account], start[account + 1])))
        near = np.flatnonzero(np.isin(rep[self.choice], rep[self.choice[kicked]]))
        near = near[~np.isin(near, kicked)]
        near = self.rng.permutation(near)[:NEIGHBOURS]
        self.improve(near, clock, rounds=1)
        self.improve(kicked, clock, rounds=1)
        return np.concatenate([near, kicked])


def _better(new: tuple[float, float], old: tuple[float, float]) -> bool:
    if abs(new[0] - old[0]) > 1e-9:
        return new[0] < old[0]
    return new[1] < old[1] - 1e-9 * max(1.0, abs(old[1]))


def hard_ranges(model: Model) -> tuple[Floats, Floats]:
    """The least and the most that each block row may load, whatever it is charged."""
    mip = linearise(model)
    rows = mip.matrix.shape[0]
    extra = mip.matrix[:, mip.pairs :]
    plus, minus = extra.maximum(0.0), (-extra).maximum(0.0)
    lower, upper = mip.lower[mip.pairs :], mip.upper[mip.pairs :]
    least = plus @ lower - minus @ upper
    most = plus @ upper - minus @ lower
    low, high = (mip.row_lower - most)[mip.accounts :], (mip.row_upper - least)[mip.accounts :]
    assert len(low) == rows - mip.accounts
    # Rows at scale zero speak of extra columns only.
    loads = np.flatnonzero(mip.scale)
    low, high, scale = low[loads], high[loads], mip.scale[loads]
    low, high = np.where(scale < 0, high, low) / scale, np.where(scale < 0, low, high) / scale
    tightest_low, tightest_high = np.full(model.rows, -np.inf), np.full(model.rows, np.inf)
    np.maximum.at(tightest_low, mip.source[loads], low)
    np.minimum.at(tightest_high, mip.source[loads], high)
    return tightest_low, tightest_high


def _nothing_missing() -> None:
    """It needs numpy only."""
    return None


SOLVERS = (
    Solver(
        "greedy",
        "Prices, moves and kicks in plain numpy: a plan at any size, without a bound.",
        frozenset({"mip", "start", "seed", "progress"}),
        _nothing_missing,
        solve,
    ),
)
