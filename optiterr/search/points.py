"""What the moves of a search are charged: every row function as straight lines, row by row.

Functions that charge rows one by one are taken as they are, with a price on missing a hard limit.
Functions that charge rows together are taken near a plan: the level just below the worst row is
held, and each row is charged for going beyond it, which never costs less than the function, and as
much at the plan at hand (Rockafellar and Uryasev, 2000); differences of pairs are charged half.
Others are charged at their row prices, which never costs more. So a plan that was searched by these
lines is judged again by the functions themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optiterr.capped import Capped
from optiterr.fairness import Gini, Range, WorstOver
from optiterr.rowfunctions import Band, Piecewise, RowFunction, WorstShare
from optiterr.search.core import Core, Floats, Ints
from optiterr.stacked import split
from optiterr.straight import straight


@dataclass(frozen=True, eq=False)
class Lines:
    """Points of each row's charge: ``at``, the cost ``level`` there, the ``slope`` behind each and
    the slope ``before`` the first (one per row). ``first`` tells where a row's points begin.

    A row with ``sink`` of at least 0 is not charged: it adds to that ceiling, and all that is added
    may reach ``most``, at the price ``dear`` beyond. ``constant`` is what held levels cost.
    """

    first: Ints
    at: Floats
    level: Floats
    slope: Floats
    before: Floats
    sink: Ints
    most: Floats
    dear: Floats
    constant: float = 0.0

    def charge(self, load: Floats) -> Floats:
        """What each row costs."""
        from optiterr.charging import charge_all

        found = np.empty(len(load))
        charge_all(load, self.first, self.at, self.level, self.slope, self.before, found)
        return found

    def slopes(self, load: Floats) -> Floats:
        """How steep the charge of each row is at its load; behind a point, the slope there."""
        row = np.repeat(np.arange(len(load)), np.diff(self.first))
        behind = np.bincount(row, self.at <= load[row], minlength=len(load)).astype(np.int64)
        return np.where(behind > 0, self.slope[self.first[:-1] + behind - 1], self.before)

    def within(self, price: Floats) -> Floats:
        """Each price moved to between the first and the last slope of its row."""
        return np.clip(price, self.before, self.slope[self.first[1:] - 1])

    def floor(self, price: Floats) -> Floats:
        """The least that each row can cost above ``price`` times its load, at prices between its
        first and last slope: slopes rise, so it is at a point."""
        row = np.repeat(np.arange(len(price)), np.diff(self.first))
        least = np.full(len(price), np.inf)
        np.minimum.at(least, row, self.level - price[row] * self.at)
        return least

    def added(self, charge: Floats) -> Floats:
        """What the rows of each ceiling add up to."""
        inside = self.sink >= 0
        return np.bincount(self.sink[inside], charge[inside], minlength=len(self.most)).astype(
            float
        )

    def of(self, rows: Ints) -> Lines:
        """The lines of some rows, in that order; ceilings stay as they are."""
        count = np.diff(self.first)[rows]
        first = np.concatenate([[0], np.cumsum(count)])
        at = np.arange(first[-1]) - np.repeat(first[:-1], count)
        at += np.repeat(self.first[rows], count)
        return Lines(
            first,
            self.at[at],
            self.level[at],
            self.slope[at],
            self.before[rows],
            self.sink[rows],
            self.most,
            self.dear,
        )

    def cost(self, load: Floats) -> float:
        """What all rows cost, ceilings included."""
        charge = self.charge(load)
        over = np.maximum(self.added(charge) - self.most, 0.0)
        return float(charge[self.sink < 0].sum() + (self.dear * over).sum()) + self.constant


RANKS = (1, 2, 4)
"""While plans cool, the worst row is charged the whole weight, so many of the worst their share."""


def lines(
    core: Core,
    price: Floats,
    load: Floats,
    hard: Floats,
    aimed: Floats,
    together: bool = False,
) -> Lines:
    """The lines of every row function near the loads ``load``.

    ``price`` holds row prices and ``hard`` what a unit of a missed hard limit costs in each row;
    ``aimed`` the loads of the relaxation, which tell the ends and distances worth reaching.
    ``together`` charges the rows right behind the worst one a share, too: rows at the same level
    come down together or not at all. That is not what the function charges, but a way there.
    """
    made = _Made(RANKS if together else RANKS[:1])
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = slice(start, start + block.rows)
        made.add(block.function, price[own], load[own], hard[own], aimed[own], sink=-1)
    return made.lines()


class _Made:
    """Collects the points of one row after the other."""

    def __init__(self, ranks: tuple[int, ...]) -> None:
        self._ranks = ranks
        self._counts: list[Ints] = []
        self._at: list[Floats] = []
        self._slope: list[Floats] = []
        self._before: list[Floats] = []
        self._base: list[Floats] = []
        self._sink: list[Ints] = []
        self._most: list[float] = []
        self._dear: list[float] = []
        self._constant = 0.0

    def add(
        self,
        function: RowFunction,
        price: Floats,
        load: Floats,
        hard: Floats,
        aimed: Floats,
        sink: int,
    ) -> None:
        """The rows of ``function``, charged or added to ceiling ``sink``."""
        if isinstance(function, Band | Piecewise):
            self._put(*straight(function, hard), sink)
        elif isinstance(function, WorstShare):
            self._worst(function, load, sink)
        elif isinstance(function, Range):
            self._range(function, load, aimed, sink)
        elif isinstance(function, Gini):
            self._gini(function, load, aimed, sink)
        elif isinstance(function, Capped) and sink < 0:
            self._capped(function, price, load, hard, aimed)
        else:
            self._priced(function, function.project(price), sink)

    def _priced(self, function: RowFunction, price: Floats, sink: int) -> None:
        """Each row is charged its price, less the conjugate: never more than the function."""
        zero = np.zeros((function.rows, 1))
        self._hold(-float(function.conjugate(price).sum()), sink)
        self._put(zero, price[:, None], price, zero[:, 0], sink)

    def _put(self, at: Floats, slope: Floats, before: Floats, base: Floats, sink: int) -> None:
        """Rows with equally many points; ``base`` is the cost at the first point."""
        rows, points = at.shape
        self._counts.append(np.full(rows, points, dtype=np.int64))
        self._at.append(at.ravel())
        self._slope.append(slope.ravel())
        self._before.append(np.ascontiguousarray(before))
        self._base.append(np.ascontiguousarray(base))
        self._sink.append(np.full(rows, sink, dtype=np.int64))

    def _worst(self, function: WorstShare, load: Floats, sink: int) -> None:
        """Each row is charged for going beyond the level of the rows just below the worst, and a
        share for going beyond lower ones, where several are to come down together."""
        one_sided = isinstance(function, WorstOver)
        gap = load - function.target
        away = function.scale * (np.maximum(gap, 0.0) if one_sided else np.abs(gap))
        ranks = np.array(self._ranks if sink < 0 else RANKS[:1])
        level = np.zeros((len(function.weight), len(ranks)))
        for group, each in enumerate(level):
            inside = away[function.group == group]
            for at, rank in enumerate((function.count[group] * ranks).astype(np.int64)):
                each[at] = _largest(inside, rank + 1)
        level = np.maximum(level, function.floor[:, None])
        self._hold(float((function.weight * level[:, -1]).sum()), sink)
        reach = level[function.group] / function.scale[:, None]
        weight = (function.weight / function.count)[function.group] * function.scale
        dear = weight[:, None] / ranks
        up, zero = function.target[:, None] + reach[:, ::-1], np.zeros(len(dear))
        if one_sided:
            self._put(up, dear[:, ::-1], zero, zero, sink)
            return
        down = function.target[:, None] - reach
        slope = np.hstack([-dear[:, 1:], zero[:, None], dear[:, ::-1]])
        base = (dear[:, 1:] * np.diff(down)).sum(axis=1)
        self._put(np.hstack([down, up]), slope, -dear[:, 0], base, sink)

    def _range(self, function: Range, load: Floats, aimed: Floats, sink: int) -> None:
        """Each row is charged for going beyond the ends of its group, those of the relaxation."""
        scaled = function.scale * aimed
        groups = len(function.weight)
        low, high = np.full(groups, np.inf), np.full(groups, -np.inf)
        np.minimum.at(low, function.group, scaled)
        np.maximum.at(high, function.group, scaled)
        self._hold(float((function.weight * (high - low)).sum()), sink)
        dear = function.weight[function.group] * function.scale
        at = np.stack([low, high], axis=1)[function.group] / function.scale[:, None]
        slope = np.stack([np.zeros(len(dear)), dear], axis=1)
        self._put(at, slope, -dear, np.zeros(len(dear)), sink)

    def _hold(self, cost: float, sink: int) -> None:
        """``cost`` is paid whatever the loads: it takes from the ceiling that it stands under."""
        if sink < 0:
            self._constant += cost
        else:
            self._most[sink] -= cost

    def _gini(self, function: Gini, load: Floats, aimed: Floats, sink: int) -> None:
        """Each row is charged for its distance from those of the relaxation, at half the weight.

        As much as the function at those loads, and never less than halfway from there to what it
        charges elsewhere: two sets of numbers are at least as far from each other as each is spread
        in itself (Székely and Rizzo, 2013). The whole weight would never charge too little, but it
        holds rows so stiffly that plans come out dearer.
        """
        for row in range(function.rows):
            own = np.flatnonzero(function.group == function.group[row])
            others = np.sort(function.scale[own] * aimed[own]) / function.scale[row]
            others = np.maximum.accumulate(others + 1e-9 * np.arange(len(others)))
            dear = function.weight[function.group[row]] * function.scale[row] / 2
            slope = dear * (2.0 * np.arange(1, len(own) + 1) - len(own))
            before, base = -dear * len(own), dear * (others - others[0]).sum()
            self._put(others[None, :], slope[None, :], np.array([before]), np.array([base]), sink)

    def _capped(
        self, function: Capped, price: Floats, load: Floats, hard: Floats, aimed: Floats
    ) -> None:
        sink = len(self._most)
        # Prices of the rows are in the unit of what the ceiling costs; inside it, its own counts.
        price = price / price[-1] if price[-1] > 0 else np.zeros_like(price)
        self._most.append(function.ceiling)
        self._dear.append(float(hard[-1]))
        arrays = (split(function.inner, each) for each in (price, load, hard, aimed))
        for (one, cost), (_, now), (_, dear), (_, then) in zip(*arrays, strict=True):
            self.add(one, cost, now, dear, then, sink)
        self._put(np.zeros((1, 1)), np.ones((1, 1)), np.ones(1), np.zeros(1), sink)

    def lines(self) -> Lines:
        """All rows as one table."""
        counts = np.concatenate([np.zeros(0, np.int64), *self._counts])
        first = np.concatenate([[0], np.cumsum(counts)])
        at = np.concatenate([np.zeros(0), *self._at])
        slope = np.concatenate([np.zeros(0), *self._slope])
        base = np.concatenate([np.zeros(0), *self._base])
        # The cost at a point: that at the row's first one and the steps since.
        climb = np.zeros(len(at))
        climb[1:] = slope[:-1] * np.diff(at)
        climb[first[:-1]] = 0.0
        total = np.cumsum(climb)
        row = np.repeat(np.arange(len(counts)), counts)
        level = total - total[first[:-1]][row] + base[row]
        return Lines(
            first,
            at,
            level,
            slope,
            np.concatenate([np.zeros(0), *self._before]),
            np.concatenate([np.zeros(0, np.int64), *self._sink]),
            np.array(self._most),
            np.array(self._dear),
            self._constant,
        )


def _largest(values: Floats, rank: int) -> float:
    """The value of that rank, the largest having rank 1; 0 where there are fewer."""
    return float(np.partition(values, -rank)[-rank]) if rank <= len(values) else 0.0
