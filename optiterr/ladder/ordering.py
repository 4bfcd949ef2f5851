"""The order of the steps from one plan to another, so that one can stop after any of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.explain.infeasible import elastic
from optiterr.model import Block, Model
from optiterr.pairs import Floats, Mask
from optiterr.rowfunctions import Band, Piecewise, RowFunction

Ints = NDArray[np.int64]
Loads = list[Floats]
"""One array of loads for each block along the way."""

MISS, COST = 0, 1
"""Places in a score: how far hard limits are missed, and what is paid."""

EXACT = 10
"""With at most so many steps all orders are compared."""

WINDOW = 6
"""With more steps, so many neighbours at a time are put into their best order."""


@dataclass(frozen=True, eq=False)
class Charged:
    """One block along the way: its function, and what each step adds to its loads.

    ``into`` tells whether its charge counts as cost or as a miss of hard limits. ``single`` is the
    function of the row of each entry of ``change``, where rows are charged one by one.
    """

    function: RowFunction
    change: sparse.csc_array
    into: int
    single: RowFunction | None

    def score(self, loads: Floats) -> Floats:
        """Miss and cost of ``loads``, shape (2,); a broken part counts 1 and costs nothing."""
        return np.asarray(_scored(self.function.value(loads), self.into).sum(axis=1))

    def after(self, loads: Floats, step: int) -> Floats:
        """``loads`` once ``step`` is made."""
        own = slice(self.change.indptr[step], self.change.indptr[step + 1])
        changed = loads.copy()
        changed[self.change.indices[own]] += self.change.data[own]
        return changed

    def changes(self, loads: Floats, left: Mask) -> Floats:
        """How each step in ``left`` changes the score, shape (2, steps); the others anyhow."""
        steps = self.change.shape[1]
        if self.single is None:
            found = np.zeros((2, steps))
            here = self.score(loads)
            for one in map(int, np.flatnonzero(left & (np.diff(self.change.indptr) > 0))):
                found[:, one] = self.score(self.after(loads, one)) - here
            return found
        row, step = self.change.indices, np.repeat(np.arange(steps), np.diff(self.change.indptr))
        then = _scored(self.single.value(loads[row] + self.change.data), self.into)
        now = _scored(self.function.value(loads), self.into)[:, row]
        return np.stack([np.bincount(step, each, minlength=steps) for each in then - now])


def _scored(value: Floats, into: int) -> Floats:
    """Miss and cost of each part, shape (2, parts)."""
    kept = np.isfinite(value)
    found = np.zeros((2, len(value)))
    found[into] = np.where(kept, value, 0.0)
    found[MISS] += ~kept
    return found


@dataclass(frozen=True, eq=False)
class Way:
    """The way from one plan of a model to another, a step for each of its accounts that changes.

    ``linear`` is what each step changes in the cost of pairs.
    """

    linear: Floats
    blocks: tuple[Charged, ...]
    start: Loads

    @classmethod
    def between(cls, model: Model, before: Ints, after: Ints) -> Way:
        """From picking the pairs ``before`` to picking ``after`` (positions, one per account)."""
        step = np.flatnonzero(before != after)
        gone, come = before[step], after[step]
        x = model.picks(before)
        blocks = [(one, COST) for one in model.blocks]
        blocks += [(one, MISS) for one in elastic(model).blocks]
        return cls(
            model.cost[come] - model.cost[gone],
            tuple(_charged(one, into, gone, come) for one, into in blocks),
            [one.matrix @ x for one, _ in blocks],
        )

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.linear)

    def after(self, loads: Loads, step: int) -> Loads:
        """The loads once ``step`` is made."""
        return [one.after(each, step) for one, each in zip(self.blocks, loads, strict=True)]

    def score(self, loads: Loads) -> Floats:
        """Miss and cost of ``loads``, the cost of pairs aside."""
        found = np.zeros(2)
        for one, each in zip(self.blocks, loads, strict=True):
            found += one.score(each)
        return found

    def changes(self, loads: Loads, left: Mask) -> Floats:
        """How each step in ``left`` changes miss and cost, shape (2, steps)."""
        found = np.stack([np.zeros(self.steps), self.linear])
        for one, each in zip(self.blocks, loads, strict=True):
            found += one.changes(each, left)
        return found

    def back(self) -> Way:
        """The same steps from the end to the start, each undone."""
        end = [
            each + np.asarray(one.change.sum(axis=1)).ravel()
            for one, each in zip(self.blocks, self.start, strict=True)
        ]
        undone = tuple(replace(one, change=-one.change) for one in self.blocks)
        return Way(-self.linear, undone, end)


def _charged(block: Block, into: int, gone: Ints, come: Ints) -> Charged:
    columns = block.matrix.tocsc()
    change = sparse.csc_array(columns[:, come] - columns[:, gone])
    change.eliminate_zeros()
    change.sort_indices()
    function = block.function
    single: RowFunction | None = None
    if isinstance(function, Band | Piecewise):  # every array of theirs has an entry for each row
        taken = {f.name: getattr(function, f.name)[change.indices] for f in fields(function)}
        single = replace(function, **taken)
    return Charged(function, change, into, single)


def order_of(way: Way) -> list[int]:
    """The steps in an order whose prefixes miss hard limits least and then cost least.

    What counts is the sum over all prefixes. With few steps no order is better (``EXACT``);
    otherwise the better of two greedy orders, steepest descent from the start and least loss back
    from the end, improved a few neighbours at a time.
    """
    if way.steps <= EXACT:
        return best_order(way, way.start, list(range(way.steps)))
    forth, back = steepest(way), steepest(way.back())[::-1]
    return min((improved(way, forth), improved(way, back)), key=lambda order: summed(way, order))


def steepest(way: Way) -> list[int]:
    """Each time the step after which limits are missed least, and of those the cheapest."""
    left, loads, order = np.ones(way.steps, dtype=bool), way.start, list[int]()
    while left.any():
        change = way.changes(loads, left)
        open_steps = np.flatnonzero(left)
        miss, cost = np.round(change[:, open_steps], 6)
        step = int(open_steps[np.lexsort((cost, miss))[0]])
        left[step] = False
        loads = way.after(loads, step)
        order.append(step)
    return order


def improved(way: Way, order: Sequence[int]) -> list[int]:
    """``order`` with every few neighbours in their best order, one pass from the start."""
    made, loads = list(order), way.start
    half = WINDOW // 2
    for first in range(0, len(made), half):
        own = slice(first, first + WINDOW)
        made[own] = best_order(way, loads, made[own])
        for step in made[first : first + half]:
            loads = way.after(loads, step)
    return made


def best_order(way: Way, loads: Loads, steps: Sequence[int]) -> list[int]:
    """Of all orders of ``steps`` the one whose prefixes miss least and then cost least in sum.

    By dynamic programming over the subsets of ``steps``: meant for few. Of equal ones the one that
    stays closest to the order given.
    """
    reached: list[Loads] = [loads]
    linear = np.zeros(1 << len(steps))
    total: list[tuple[float, float]] = [(0.0, 0.0)]
    last = [-1]
    for subset in range(1, 1 << len(steps)):
        top = subset.bit_length() - 1
        rest = subset ^ (1 << top)
        reached.append(way.after(reached[rest], steps[top]))
        linear[subset] = linear[rest] + way.linear[steps[top]]
        miss, cost = way.score(reached[subset])
        inside = [place for place in range(top, -1, -1) if subset >> place & 1]
        place = min(inside, key=lambda one: total[subset ^ (1 << one)])
        before = total[subset ^ (1 << place)]
        total.append(
            (round(before[0] + miss, 6), round(before[1] + cost + linear[subset], 9)),
        )
        last.append(place)
    subset, found = len(reached) - 1, list[int]()
    while subset:
        found.append(steps[last[subset]])
        subset ^= 1 << last[subset]
    return found[::-1]


def summed(way: Way, order: Sequence[int]) -> tuple[float, float]:
    """Miss and cost of all prefixes of ``order`` added up."""
    loads, total, linear = way.start, np.zeros(2), 0.0
    for step in order:
        loads = way.after(loads, step)
        linear += float(way.linear[step])
        total += way.score(loads)
        total[COST] += linear
    return round(float(total[MISS]), 6), float(total[COST])
