"""Fairness of a group as one charge: range, Gini's mean difference, and the worst overloads.

Each charges the loads of all rows of a group together, after scaling, so that loads over their
targets can be compared. Range and Gini charge differences only: their conjugates are 0 on prices
that add up to 0 in each group and are not too large. Sets of prices that are large together are
found by sorting. Gini expands into a sorting network, which is exact as a linear program (Goemans,
*Smallest compact formulation for the permutahedron*, 2015; Batcher's network, 1968).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optiterr.rowfunctions import Expansion, WorstShare

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-12
"""What sums of prices may differ from 0 or pass a limit by, as a share of the limit or of 1."""


@dataclass(frozen=True, eq=False)
class Range:
    """``weight * (max_r scale_r y_r - min_r scale_r y_r)`` over the rows of each group.

    Groups are counted from 0 in ``group`` (one entry per row); ``weight`` has one entry per group.
    """

    group: Ints
    scale: Floats
    weight: Floats

    @classmethod
    def of(cls, group: ArrayLike, weight: ArrayLike, scale: ArrayLike = 1.0) -> Range:
        """Checked constructor; ``scale`` is per row."""
        return cls(*_checked(group, weight, scale))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.group)

    @property
    def part(self) -> Ints:
        """The group of each row."""
        return self.group

    def value(self, y: Floats) -> Floats:
        """Charge of each group."""
        least, most = _ends(self.group, self.scale * y, len(self.weight))
        return np.asarray(self.weight * (most - least))

    def conjugate(self, price: Floats) -> Floats:
        """0 inside the domain, ``inf`` outside."""
        each = price / self.scale
        total, up = self._sums(each)
        slack = ROUNDING * np.maximum(1.0, self.weight)
        return np.where((np.abs(total) > slack) | (up > self.weight + slack), np.inf, 0.0)

    def project(self, price: Floats) -> Floats:
        """Prices moved to add up to 0 in each group, then shrunk together to the weight."""
        each = _centred(self.group, price / self.scale, len(self.weight))
        up = self._sums(each)[1]
        shrink = np.divide(self.weight, up, out=np.ones(len(up)), where=up > self.weight)
        return np.asarray(each * shrink[self.group] * self.scale)

    def _sums(self, each: Floats) -> tuple[Floats, Floats]:
        """The sum of all prices and of those above 0, by group."""
        groups = len(self.weight)
        return _added(self.group, each, groups), _added(self.group, np.maximum(each, 0.0), groups)

    def scaled(self, factor: float) -> Range:
        """The same at ``factor`` times the weight."""
        return replace(self, weight=factor * self.weight)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """A column for the largest and one for the smallest scaled load of each group."""
        rows, groups = self.rows, len(self.weight)
        low, _ = _ends(self.group, self.scale * least, groups)
        _, high = _ends(self.group, self.scale * most, groups)
        row = np.arange(rows)
        return Expansion(
            col_cost=np.concatenate([self.weight, -self.weight]),
            col_lower=np.concatenate([low, low]),
            col_upper=np.concatenate([high, high]),
            row_source=np.concatenate([row, row]),
            row_scale=np.concatenate([self.scale, self.scale]),
            row_lower=np.concatenate([np.full(rows, -np.inf), np.zeros(rows)]),
            row_upper=np.concatenate([np.zeros(rows), np.full(rows, np.inf)]),
            entry_row=np.arange(2 * rows),
            entry_col=np.concatenate([self.group, groups + self.group]),
            entry_value=-np.ones(2 * rows),
        )


@dataclass(frozen=True, eq=False)
class Gini:
    """``weight * sum_{r<s} |scale_r y_r - scale_s y_s|`` over pairs of rows of each group.

    For a group of ``m`` rows whose scaled loads add up to ``S``, the charge is ``weight * m * S``
    times their Gini coefficient. With ``scale`` one over an equal part of a fixed total, ``S`` is
    ``m``: weight ``1 / m**2`` gives the coefficient itself. Groups are as in :class:`Range`.

    The expansion has about ``m * log2(m)**2 / 2`` columns (860 for 50 rows, 2,300 for 100).
    """

    group: Ints
    scale: Floats
    weight: Floats

    @classmethod
    def of(cls, group: ArrayLike, weight: ArrayLike, scale: ArrayLike = 1.0) -> Gini:
        """Checked constructor; ``scale`` is per row."""
        return cls(*_checked(group, weight, scale))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.group)

    @property
    def part(self) -> Ints:
        """The group of each row."""
        return self.group

    def value(self, y: Floats) -> Floats:
        """Charge of each group."""
        u = self.scale * y
        order, rank, size = self._sorted(-u)
        # The largest is larger than m - 1 others, the next larger than m - 2 and smaller than one.
        above = size - 1 - 2 * rank
        return self.weight * _added(self.group[order], above * u[order], len(self.weight))

    def _sorted(self, key: Floats) -> tuple[Ints, Ints, Ints]:
        """Rows by group and then by ``key``; the rank of each, from 0, and its group's size."""
        order = np.lexsort((key, self.group))
        size = np.bincount(self.group, minlength=len(self.weight))
        first = np.cumsum(size) - size
        return order, np.arange(self.rows) - first[self.group[order]], size[self.group[order]]

    def conjugate(self, price: Floats) -> Floats:
        """0 inside the domain, ``inf`` outside."""
        each = price / self.scale
        out = np.abs(_added(self.group, each, len(self.weight))) > self._slack
        group, largest, limit = self._largest(each)
        np.logical_or.at(out, group, largest > limit * self.weight[group] + self._slack[group])
        return np.where(out, np.inf, 0.0)

    def project(self, price: Floats) -> Floats:
        """Prices moved to add up to 0 in each group, then shrunk together into the domain."""
        each = _centred(self.group, price / self.scale, len(self.weight))
        group, largest, limit = self._largest(each)
        most = limit * self.weight[group]
        shrink = np.ones(len(self.weight))
        over = largest > most
        np.minimum.at(shrink, group[over], most[over] / largest[over])
        return np.asarray(each * shrink[self.group] * self.scale)

    @property
    def _slack(self) -> Floats:
        size = np.bincount(self.group, minlength=len(self.weight))
        return ROUNDING * np.maximum(1.0, self.weight * size**2)

    def _largest(self, each: Floats) -> tuple[Ints, Floats, Ints]:
        """For each group and each ``k`` below its size: the sum of the ``k`` largest prices, and
        the number of pairs between ``k`` rows and the others, which times the weight limits it."""
        order, rank, size = self._sorted(-each)
        group, total = self.group[order], np.cumsum(each[order])
        first = np.flatnonzero(rank == 0)
        before = (total - each[order])[first]
        some = rank < size - 1
        k = rank[some] + 1
        return group[some], (total - before[group])[some], k * (size[some] - k)

    def scaled(self, factor: float) -> Gini:
        """The same at ``factor`` times the weight."""
        return replace(self, weight=factor * self.weight)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """A column for each scaled load, and two for each comparison of a sorting network."""
        groups = len(self.weight)
        low, _ = _ends(self.group, self.scale * least, groups)
        _, high = _ends(self.group, self.scale * most, groups)
        wires, own = np.arange(self.rows), self.group.copy()
        cost = np.zeros(self.rows)
        inputs: list[tuple[int, int, int]] = []
        for one in range(groups):
            place = np.flatnonzero(self.group == one)
            wire = place.copy()
            first = self.rows + 2 * len(inputs)
            for a, b in network(len(place)):
                inputs.append((int(place[a]), int(wire[a]), int(wire[b])))
                wire[a] = self.rows + 2 * len(inputs) - 2
                wire[b] = wire[a] + 1
            fresh = self.rows + 2 * len(inputs) - first
            own = np.append(own, np.full(fresh, one))
            cost = np.append(cost, np.zeros(fresh))
            cost[wire] = self.weight[one] * (len(wire) - 1 - 2 * np.arange(len(wire)))
        source, upper, lower = np.array(inputs, dtype=np.int64).reshape(-1, 3).T
        count = len(source)
        larger = self.rows + 2 * np.arange(count)
        # Rows: each load is its column; then larger >= either input, and both outputs add up to
        # both inputs. The latter speak of columns only and borrow a load at scale 0.
        at = self.rows + np.arange(3 * count).reshape(3, count)
        either, other, both = at
        return Expansion(
            col_cost=cost,
            col_lower=low[own],
            col_upper=high[own],
            row_source=np.concatenate([wires, source, source, source]),
            row_scale=np.concatenate([self.scale, np.zeros(3 * count)]),
            row_lower=np.zeros(self.rows + 3 * count),
            row_upper=np.concatenate(
                [np.zeros(self.rows), np.full(2 * count, np.inf), np.zeros(count)]
            ),
            entry_row=np.concatenate([wires, either, either, other, other, both, both, both, both]),
            entry_col=np.concatenate(
                [wires, larger, upper, larger, lower, larger, larger + 1, upper, lower]
            ),
            entry_value=np.concatenate(
                [-np.ones(self.rows), *(np.full(count, sign) for sign in SIGNS)]
            ),
        )


SIGNS = (1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0)
"""Signs of the entries of a comparison, in the order in which they stand."""


class WorstOver(WorstShare):
    """The mean of the worst ``count`` scaled overloads ``(y_r - target_r)+``, times the weight.

    As :class:`WorstShare` otherwise; loads below their targets are free.
    """

    def value(self, y: Floats) -> Floats:
        """Charge of each group."""
        return super().value(np.maximum(y, self.target))

    def conjugate(self, price: Floats) -> Floats:
        """``sup_y price y - f(y)``, finite for prices of at least 0 only."""
        out = np.zeros(len(self.weight), dtype=bool)
        np.logical_or.at(out, self.group, price < 0)
        return np.where(out, np.inf, super().conjugate(price))

    def project(self, price: Floats) -> Floats:
        """Prices of at least 0, capped and shrunk."""
        return super().project(np.maximum(price, 0.0))

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """The rows of deviations above the target only."""
        both = super().expand(np.full_like(least, self.target), np.maximum(most, self.target))
        above = both.entry_row < self.rows
        return replace(
            both,
            row_source=both.row_source[: self.rows],
            row_scale=both.row_scale[: self.rows],
            row_lower=both.row_lower[: self.rows],
            row_upper=both.row_upper[: self.rows],
            entry_row=both.entry_row[above],
            entry_col=both.entry_col[above],
            entry_value=both.entry_value[above],
        )


def network(size: int) -> Iterator[tuple[int, int]]:
    """Comparisons that sort ``size`` values, largest first: each puts the larger one first.

    Batcher's merge exchange (Knuth, *The Art of Computer Programming* 3, algorithm 5.2.2M).
    """
    reach = 1
    while reach < size:
        step = reach
        while step >= 1:
            for start in range(step % reach, size - step, 2 * step):
                for a in range(start, min(start + step, size - step)):
                    if a // (2 * reach) == (a + step) // (2 * reach):
                        yield a, a + step
            step //= 2
        reach *= 2


def _checked(group: ArrayLike, weight: ArrayLike, scale: ArrayLike) -> tuple[Ints, Floats, Floats]:
    """The group and scale of each row and the weight of each group, or ValueError."""
    places = np.asarray(group, dtype=np.int64)
    groups = int(places.max(initial=-1)) + 1
    if (places < 0).any() or (np.bincount(places, minlength=groups) == 0).any():
        raise ValueError("groups are counted from 0 without holes")
    each = np.ascontiguousarray(np.broadcast_to(np.asarray(scale, dtype=float), places.shape))
    dear = np.ascontiguousarray(np.broadcast_to(np.asarray(weight, dtype=float), (groups,)))
    if not (np.isfinite(each) & (each > 0)).all():
        raise ValueError("scales are finite and positive")
    if not (np.isfinite(dear) & (dear >= 0)).all():
        raise ValueError("weights are finite and not negative")
    return places, each, dear


def _added(group: Ints, values: Floats, groups: int) -> Floats:
    return np.bincount(group, values, minlength=groups).astype(float)


def _ends(group: Ints, values: Floats, groups: int) -> tuple[Floats, Floats]:
    """The least and the largest of ``values`` in each group."""
    least, most = np.full(groups, np.inf), np.full(groups, -np.inf)
    np.minimum.at(least, group, values)
    np.maximum.at(most, group, values)
    return least, most


def _centred(group: Ints, values: Floats, groups: int) -> Floats:
    """``values`` less their mean in each group; taken twice, as the first leaves rounding."""
    size = np.bincount(group, minlength=groups)
    for _ in range(2):
        values = values - (_added(group, values, groups) / np.maximum(size, 1))[group]
    return values
