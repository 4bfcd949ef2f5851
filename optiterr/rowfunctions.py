"""Convex costs of row loads: what a load costs, what a price on it proves, how a solver sees it.

A row function ``f`` charges the loads ``y`` of the rows of one block. It knows three things, all
vectorised over the rows: its ``value``, its ``conjugate`` ``f*(p) = sup_y p y - f(y)`` (finite
only for prices inside a domain, onto which ``project`` moves any price), and how to ``expand`` into
plain columns and rows. Conjugates follow Rockafellar, *Convex Analysis* (1970), section 12.

Rows that are charged together (the worst of a team, say) form one *part*; otherwise every row is a
part of its own. ``value`` and ``conjugate`` return one number a part.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE = 1e-6
"""The one tolerance: a load may miss a bound by this much, times the larger of 1 and the bound."""


def slack_of(bound: ArrayLike) -> Floats:
    """How far a load may miss ``bound`` and still count as keeping it."""
    size = np.abs(np.asarray(bound, dtype=float))
    return np.where(np.isfinite(size), TOLERANCE * np.maximum(1.0, size), 0.0)


@dataclass(frozen=True, eq=False)
class Expansion:
    """Plain columns and rows that stand for a row function in a mixed-integer program.

    Local row ``k`` reads ``row_lower[k] <= row_scale[k] * y[row_source[k]] + entries <=
    row_upper[k]``, where the entries add ``entry_value`` times local column ``entry_col``. The
    price of block row ``r`` is minus the sum of ``row_scale * dual`` over its local rows.
    """

    col_cost: Floats
    col_lower: Floats
    col_upper: Floats
    row_source: Ints
    row_scale: Floats
    row_lower: Floats
    row_upper: Floats
    entry_row: Ints
    entry_col: Ints
    entry_value: Floats


@runtime_checkable
class RowFunction(Protocol):
    """What every row function offers; loads and prices have one entry per row of the block."""

    @property
    def rows(self) -> int:
        """Number of rows charged."""
        ...

    @property
    def part(self) -> Ints:
        """The part that each row belongs to, counted from 0."""
        ...

    def value(self, y: Floats) -> Floats:
        """Cost of loads ``y``, one number a part; ``inf`` where a hard bound is missed."""
        ...

    def conjugate(self, price: Floats) -> Floats:
        """``sup_y price y - f(y)``, one number a part; ``inf`` outside the domain."""
        ...

    def project(self, price: Floats) -> Floats:
        """Prices inside the domain of the conjugate; those already inside come back unchanged."""
        ...

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """Columns and rows for a solver, given the least and most that each load can be."""
        ...

    def scaled(self, factor: float) -> RowFunction:
        """The function ``factor`` (at least 0) times as dear; hard limits stay at any factor."""
        ...


def parameters(function: RowFunction) -> dict[str, Floats]:
    """The arrays that define ``function``, by name: what a digest or a file has to keep.

    Those of functions inside it stand under their place, and a name for their kind.
    """
    found: dict[str, Floats] = {}
    for f in fields(function):  # type: ignore[arg-type]
        value = getattr(function, f.name)
        if not isinstance(value, tuple):
            found[f.name] = value
            continue
        for at, one in enumerate(value):
            place = f"{f.name}.{at}.{type(one).__name__}"
            found |= {f"{place}.{name}": each for name, each in parameters(one).items()}
    return found


def _rows(value: ArrayLike, rows: int) -> Floats:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=float), (rows,)))


@dataclass(frozen=True, eq=False)
class Band:
    """A load is free between ``low`` and ``high``, priced outside, and never outside the limits.

    ``f(y) = price_below (low - y)+ + price_above (y - high)+`` on ``lower <= y <= upper``, else
    ``inf``. Any of the four marks may be infinite. This covers capacity, floor, hard band, L1
    around a target (``low == high``), L1 with a dead zone, and L1 inside a hard band.
    """

    lower: Floats
    low: Floats
    high: Floats
    upper: Floats
    price_below: Floats
    price_above: Floats

    @classmethod
    def of(
        cls,
        rows: int,
        *,
        lower: ArrayLike = -np.inf,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
        upper: ArrayLike = np.inf,
        price_below: ArrayLike = 0.0,
        price_above: ArrayLike = 0.0,
    ) -> Band:
        """A band over ``rows`` rows; ``low`` and ``high`` are the hard limits unless given."""
        hard_low, hard_high = _rows(lower, rows), _rows(upper, rows)
        band = cls(
            hard_low,
            hard_low if low is None else _rows(low, rows),
            hard_high if high is None else _rows(high, rows),
            hard_high,
            _rows(price_below, rows),
            _rows(price_above, rows),
        )
        marks = (band.lower, band.low, band.high, band.upper)
        if any(np.isnan(mark).any() for mark in marks):
            raise ValueError("the marks of a band cannot be NaN")
        for smaller, larger in pairwise(marks):
            if (smaller > larger).any():
                raise ValueError("a band needs lower <= low <= high <= upper")
        for price in (band.price_below, band.price_above):
            if not (np.isfinite(price) & (price >= 0)).all():
                raise ValueError("the prices of a band are finite and not negative")
        if (band.lower == np.inf).any() or (band.upper == -np.inf).any():
            raise ValueError("a hard limit of a band leaves no load at all")
        return band

    @property
    def rows(self) -> int:
        return len(self.lower)

    @property
    def part(self) -> Ints:
        return np.arange(self.rows)

    def value(self, y: Floats) -> Floats:
        below = np.maximum(np.where(self.price_below > 0, self.low - y, 0.0), 0.0)
        above = np.maximum(np.where(self.price_above > 0, y - self.high, 0.0), 0.0)
        outside = (y < self.lower - slack_of(self.lower)) | (y > self.upper + slack_of(self.upper))
        return np.where(outside, np.inf, self.price_below * below + self.price_above * above)

    def conjugate(self, price: Floats) -> Floats:
        # p y - f(y) climbs up to high while p > 0, then on to upper while p > price_above.
        up, down = np.maximum(price, 0.0), np.maximum(-price, 0.0)
        return band_conjugate(up, self.high, self.upper, self.price_above) + band_conjugate(
            down, -self.low, -self.lower, self.price_below
        )

    def project(self, price: Floats) -> Floats:
        most = np.where(np.isfinite(self.upper), np.inf, self.price_above)
        most = np.where(np.isfinite(self.high), most, 0.0)
        least = np.where(np.isfinite(self.lower), -np.inf, -self.price_below)
        least = np.where(np.isfinite(self.low), least, 0.0)
        return np.clip(price, least, most)

    def scaled(self, factor: float) -> Band:
        prices = {
            "price_below": factor * self.price_below,
            "price_above": factor * self.price_above,
        }
        return replace(self, **prices)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        rows = np.arange(self.rows)
        over = rows[(self.price_above > 0) & np.isfinite(self.high) & (self.upper > self.high)]
        under = rows[(self.price_below > 0) & np.isfinite(self.low) & (self.low > self.lower)]
        row_upper, row_lower = self.upper.copy(), self.lower.copy()
        row_upper[over], row_lower[under] = self.high[over], self.low[under]
        room_over = np.maximum(np.minimum(self.upper, most)[over] - self.high[over], 0.0)
        room_under = np.maximum(self.low[under] - np.maximum(self.lower, least)[under], 0.0)
        return Expansion(
            col_cost=np.concatenate([self.price_above[over], self.price_below[under]]),
            col_lower=np.zeros(len(over) + len(under)),
            col_upper=np.concatenate([room_over, room_under]),
            row_source=rows,
            row_scale=np.ones(self.rows),
            row_lower=row_lower,
            row_upper=row_upper,
            entry_row=np.concatenate([over, under]),
            entry_col=np.arange(len(over) + len(under)),
            entry_value=np.concatenate([-np.ones(len(over)), np.ones(len(under))]),
        )


def band_conjugate(price: Floats, high: Floats, upper: Floats, above: Floats) -> Floats:
    """``sup_y price y - f(y)`` for prices of at least 0, f free to ``high``, then ``above``."""
    return np.asarray(
        _times(price, high) + _times(np.maximum(price - above, 0.0), _room(upper, high))
    )


def _room(larger: Floats, smaller: Floats) -> Floats:
    """``larger - smaller``, with 0 where both are the same infinity."""
    return np.where(
        larger == smaller,
        0.0,
        np.subtract(larger, smaller, where=larger != smaller, out=np.zeros_like(larger)),
    )


def _times(price: Floats, mark: Floats) -> Floats:
    """``price * mark`` with ``0 * inf = 0``."""
    product = np.zeros_like(mark)
    return np.multiply(price, mark, where=price != 0, out=product)


@dataclass(frozen=True, eq=False)
class Piecewise:
    """A convex cost given by points: straight lines between them, given slopes beyond the ends.

    ``at`` and ``cost`` have shape (rows, points) and at least one point a row. ``left`` is the
    slope before the first point (``-inf`` forbids it) and ``right`` the slope after the last one.
    """

    at: Floats
    cost: Floats
    left: Floats
    right: Floats

    @classmethod
    def of(cls, at: ArrayLike, cost: ArrayLike, left: ArrayLike, right: ArrayLike) -> Piecewise:
        """Checked constructor: points rise, slopes never fall."""
        at, cost = np.atleast_2d(np.asarray(at, float)), np.atleast_2d(np.asarray(cost, float))
        made = cls(at, cost, _rows(left, len(at)), _rows(right, len(at)))
        if at.shape != cost.shape or not (np.isfinite(at).all() and np.isfinite(cost).all()):
            raise ValueError("points and their costs are finite and of one shape")
        if (np.diff(at, axis=1) <= 0).any():
            raise ValueError("points must rise along each row")
        slopes = np.hstack([made.left[:, None], made._slopes, made.right[:, None]])
        with np.errstate(invalid="ignore"):
            falls = np.diff(slopes, axis=1) < -1e-9 * np.maximum(1.0, np.abs(slopes[:, 1:]))
        if np.isnan(slopes).any() or falls.any():
            raise ValueError("the cost must be convex: slopes never fall from left to right")
        if (made.left == np.inf).any() or (made.right == -np.inf).any():
            raise ValueError("the end slopes must leave some load possible")
        return made

    @property
    def _slopes(self) -> Floats:
        return np.asarray(np.diff(self.cost, axis=1) / np.diff(self.at, axis=1))

    @property
    def rows(self) -> int:
        return len(self.at)

    @property
    def part(self) -> Ints:
        return np.arange(self.rows)

    def value(self, y: Floats) -> Floats:
        first, last = self.at[:, 0], self.at[:, -1]
        before, after = np.maximum(first - y, 0.0), np.maximum(y - last, 0.0)
        before = np.where(np.isinf(self.left) & (before <= slack_of(first)), 0.0, before)
        after = np.where(np.isinf(self.right) & (after <= slack_of(last)), 0.0, after)
        inside = np.clip(y, first, last)
        step = np.clip(inside[:, None] - self.at[:, :-1], 0.0, np.diff(self.at, axis=1))
        climb = (step * self._slopes).sum(axis=1)
        return np.asarray(
            self.cost[:, 0] + climb + _times(before, -self.left) + _times(after, self.right)
        )

    def conjugate(self, price: Floats) -> Floats:
        best = (price[:, None] * self.at - self.cost).max(axis=1)
        return np.where((price < self.left) | (price > self.right), np.inf, best)

    def project(self, price: Floats) -> Floats:
        return np.clip(price, self.left, self.right)

    def scaled(self, factor: float) -> Piecewise:
        # An end slope that forbids goes on forbidding: 0 * inf would be NaN.
        with np.errstate(invalid="ignore"):
            left = np.where(np.isinf(self.left), self.left, factor * self.left)
            right = np.where(np.isinf(self.right), self.right, factor * self.right)
        return Piecewise(self.at, factor * self.cost, left, right)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        # load = first point - before + steps + after: one column each.
        rows, points = self.at.shape
        lengths = np.diff(self.at, axis=1)
        row = np.arange(rows)
        room_before = np.maximum(self.at[:, 0] - least, 0.0)
        room_after = np.maximum(most - self.at[:, -1], 0.0)
        open_left, open_right = np.isfinite(self.left), np.isfinite(self.right)
        cost = np.hstack(
            [
                np.where(open_left, -self.left, 0.0)[:, None],
                self._slopes,
                np.where(open_right, self.right, 0.0)[:, None],
            ]
        )
        room = np.hstack(
            [
                np.where(open_left, room_before, 0.0)[:, None],
                lengths,
                np.where(open_right, room_after, 0.0)[:, None],
            ]
        )
        sign = np.hstack([np.ones((rows, 1)), -np.ones((rows, points))])
        # The cost at the first point is a constant; it rides on a column fixed at one.
        return Expansion(
            col_cost=np.concatenate([cost.ravel(), self.cost[:, 0]]),
            col_lower=np.concatenate([np.zeros(cost.size), np.ones(rows)]),
            col_upper=np.concatenate([room.ravel(), np.ones(rows)]),
            row_source=row,
            row_scale=np.ones(rows),
            row_lower=self.at[:, 0].copy(),
            row_upper=self.at[:, 0].copy(),
            entry_row=np.repeat(row, points + 1),
            entry_col=np.arange(cost.size),
            entry_value=sign.ravel(),
        )


@dataclass(frozen=True, eq=False)
class WorstShare:
    """The mean of the worst ``count`` scaled deviations in each group, times the group's weight.

    ``F(y) = weight / count * (sum of the count largest of scale_r |y_r - target_r|)``: the
    conditional value at risk of the deviations (Rockafellar and Uryasev, 2000). ``count`` 1 is the
    worst row (min-max); it may be fractional, and at least 1. Groups are counted from 0 in
    ``group`` (one entry per row); ``weight`` and ``count`` have one entry per group. A group with
    ``count`` 1 is charged for a deviation of ``floor`` at least.
    """

    group: Ints
    target: Floats
    scale: Floats
    weight: Floats
    count: Floats
    floor: Floats

    @classmethod
    def of(
        cls,
        group: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike,
        count: ArrayLike = 1.0,
        scale: ArrayLike = 1.0,
    ) -> WorstShare:
        """Checked constructor; ``target`` and ``scale`` are per row."""
        group = np.asarray(group, dtype=np.int64)
        rows = len(group)
        groups = int(group.max(initial=-1)) + 1
        made = cls(
            group,
            _rows(target, rows),
            _rows(scale, rows),
            _rows(weight, groups),
            _rows(count, groups),
            np.zeros(groups),
        )
        size = np.bincount(group, minlength=groups)
        if (size == 0).any() or (group < 0).any():
            raise ValueError("groups are counted from 0 without holes")
        if not (np.isfinite(made.target).all() and (made.scale > 0).all()):
            raise ValueError("targets are finite and scales positive")
        if (made.weight < 0).any() or (made.count < 1).any() or (made.count > size).any():
            raise ValueError("weights are not negative; counts lie between 1 and the group's size")
        return made

    @property
    def rows(self) -> int:
        return len(self.group)

    @property
    def part(self) -> Ints:
        return self.group

    def _worst(self, amounts: Floats) -> Floats:
        """Sum of the ``count`` largest amounts in each group, the last one taken in part."""
        order = np.lexsort((-amounts, self.group))
        group = self.group[order]
        first = np.searchsorted(group, np.arange(len(self.weight)))
        rank = np.arange(len(group)) - first[group]
        taken = np.clip(self.count[group] - rank, 0.0, 1.0)
        worst = np.bincount(group, taken * amounts[order], minlength=len(self.weight))
        return worst.astype(float)

    def value(self, y: Floats) -> Floats:
        worst = self._worst(self.scale * np.abs(y - self.target))
        return self.weight / self.count * np.maximum(worst, self.floor)

    def conjugate(self, price: Floats) -> Floats:
        size = np.abs(price) / self.scale
        total = np.bincount(self.group, size, minlength=len(self.weight))
        ceiling = self.weight / self.count
        slack = 1e-12 * np.maximum(1.0, self.weight)
        out = total > self.weight + slack
        np.logical_or.at(out, self.group, size > (ceiling + slack)[self.group])
        value = np.bincount(self.group, self.target * price, minlength=len(self.weight))
        unpriced = np.maximum(self.weight - total, 0.0)
        return np.where(out, np.inf, value - unpriced * self.floor)

    def project(self, price: Floats) -> Floats:
        """Prices capped row by row, then shrunk together until the group's budget holds."""
        ceiling = (self.weight / self.count)[self.group] * self.scale
        capped = np.clip(price, -ceiling, ceiling)
        total = np.bincount(self.group, np.abs(capped) / self.scale, minlength=len(self.weight))
        shrink = np.ones(len(self.weight))
        over = total > self.weight
        shrink[over] = self.weight[over] / total[over]
        return np.asarray(capped * shrink[self.group])

    def scaled(self, factor: float) -> WorstShare:
        return replace(self, weight=factor * self.weight)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        # weight * (level + excess / count), with level + excess_r >= scale_r |y_r - target_r|.
        rows, groups = self.rows, len(self.weight)
        reach = self.scale * np.maximum(np.abs(least - self.target), np.abs(most - self.target))
        top = np.zeros(groups)
        np.maximum.at(top, self.group, reach)
        top = np.maximum(top, self.floor)
        row = np.arange(rows)
        shared = (self.count > 1)[self.group]
        excess = row[shared]
        place = np.full(rows, -1)
        place[excess] = groups + np.arange(len(excess))
        source = np.concatenate([row, row])
        entry_row = np.concatenate([np.arange(2 * rows), excess, rows + excess])
        entry_col = np.concatenate([self.group, self.group, place[excess], place[excess]])
        return Expansion(
            col_cost=np.concatenate([self.weight, (self.weight / self.count)[self.group[excess]]]),
            col_lower=np.concatenate([self.floor, np.zeros(len(excess))]),
            col_upper=np.concatenate([top, reach[excess]]),
            row_source=source,
            row_scale=np.concatenate([self.scale, -self.scale]),
            row_lower=np.full(2 * rows, -np.inf),
            row_upper=np.concatenate([self.scale * self.target, -self.scale * self.target]),
            entry_row=entry_row,
            entry_col=entry_col,
            entry_value=-np.ones(len(entry_row)),
        )


def worst(
    group: ArrayLike, target: ArrayLike, weight: ArrayLike, scale: ArrayLike = 1.0
) -> WorstShare:
    """The largest scaled deviation in each group, times its weight (min-max)."""
    return WorstShare.of(group, target, weight, 1.0, scale)
