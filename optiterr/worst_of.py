"""The dearest of several futures, or the mean of a share of the dearest: one charge for them all.

Future ``k`` costs ``T_k = t_k + constant_k + sum_b f_kb(y_kb)``: a further load ``t_k``, the cost
of the picks themselves, and the charges of the blocks of that future. The charge is

    F = max { sum_k p_k T_k  :  0 <= p_k <= most_k,  sum_k p_k = weight }

With ``most_k = weight`` that is the dearest future (the worst regret, when the best cost of each is
taken off in ``constant``); with ``most_k = probability_k / share`` it is the conditional value at
risk, the mean of the dearest ``share`` (Rockafellar and Uryasev, 2000). The price of load ``t_k``
is the weight ``p_k`` itself, so the conjugate is

    sum_k [ sum_b (p_k f_kb)*(prices of the block) - p_k constant_k ]

and needs no more than the conjugates of the scaled charges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optiterr.rowfunctions import Expansion, RowFunction
from optiterr.stacked import height, split, stacked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WorstOf:
    """The dearest of several futures, each a sum of charges and of one further load.

    ``future`` tells for each function of ``inner`` the future that it is of, counted from 0. The
    rows are those of ``inner`` in order, then one for the further load of each future; all of them
    form one part. ``constant`` and ``most`` have one entry per future.
    """

    inner: tuple[RowFunction, ...]
    future: Ints
    constant: Floats
    most: Floats
    weight: float

    @classmethod
    def of(
        cls,
        inner: Sequence[RowFunction],
        future: ArrayLike,
        constant: ArrayLike,
        most: ArrayLike = np.inf,
        weight: float = 1.0,
    ) -> WorstOf:
        """Checked constructor; ``most`` counts up to ``weight``, and is that unless given."""
        each = np.atleast_1d(np.asarray(constant, dtype=float))
        ceiling = np.minimum(np.broadcast_to(np.asarray(most, dtype=float), each.shape), weight)
        made = cls(
            tuple(inner),
            np.asarray(future, dtype=np.int64),
            each,
            np.ascontiguousarray(ceiling),
            float(weight),
        )
        if made.future.shape != (len(made.inner),) or not len(each):
            raise ValueError("every charge belongs to a future, and there is at least one")
        if len(made.inner) and not (made.future.min() >= 0 and made.future.max() < len(each)):
            raise ValueError("futures are counted from 0")
        if not (np.isfinite(each).all() and np.isfinite(weight) and weight >= 0):
            raise ValueError("constants are finite; the weight is finite and not negative")
        if (made.most < 0).any() or made.most.sum() < weight * (1 - 1e-12):
            raise ValueError("weights of futures are not negative and add up to the whole weight")
        return made

    @property
    def futures(self) -> int:
        """Number of futures."""
        return len(self.constant)

    @property
    def rows(self) -> int:
        """Number of rows, those of the further loads included."""
        return height(self.inner) + self.futures

    @property
    def part(self) -> Ints:
        """All rows belong together."""
        return np.zeros(self.rows, dtype=np.int64)

    def _weighted(self, price: Floats) -> Iterator[tuple[RowFunction, Floats]]:
        """Each charge at the weight of its future, with the prices of its rows."""
        weight = price[-self.futures :][self.future]
        for share, (one, own) in zip(weight, split(self.inner, price), strict=True):
            yield one.scaled(float(share)), own

    def totals(self, y: Floats) -> Floats:
        """Cost of each future; ``inf`` where a hard limit is missed."""
        charges = [float(one.value(own).sum()) for one, own in split(self.inner, y)]
        total = np.bincount(self.future, charges, minlength=self.futures)
        return np.asarray(total + y[-self.futures :] + self.constant, dtype=float)

    def value(self, y: Floats) -> Floats:
        """Weighted cost of the dearest futures; ``inf`` where a hard limit of any is missed."""
        total = self.totals(y)
        if np.isinf(total).any():
            return np.array([np.inf])
        order = np.argsort(-total, kind="stable")
        before = np.cumsum(self.most[order]) - self.most[order]
        taken = np.clip(self.weight - before, 0.0, self.most[order])
        return np.array([float(taken @ total[order])])

    def conjugate(self, price: Floats) -> Floats:
        """``sup_y price y - f(y)``; ``inf`` outside the domain."""
        share, slack = price[-self.futures :], 1e-12 * max(1.0, self.weight)
        outside = (share < 0) | (share > self.most + slack)
        if outside.any() or abs(share.sum() - self.weight) > slack:
            return np.array([np.inf])
        charges = sum(float(one.conjugate(own).sum()) for one, own in self._weighted(price))
        return np.array([charges - float(share @ self.constant)])

    def project(self, price: Floats) -> Floats:
        """Prices inside the domain: the weights of the futures first, then each block's at its
        weight."""
        share = np.clip(price[-self.futures :], 0.0, self.most)
        total = share.sum()
        if abs(total - self.weight) > 1e-13 * max(1.0, self.weight):
            room = self.most - share
            if total > self.weight:
                share = share * (self.weight / total)
            elif room.sum() > 0:
                share = np.minimum(share + room * ((self.weight - total) / room.sum()), self.most)
        moved = np.concatenate([price[: -self.futures], share])
        return np.concatenate([*(one.project(own) for one, own in self._weighted(moved)), share])

    def scaled(self, factor: float) -> WorstOf:
        """As dear times ``factor``; hard limits inside stay."""
        return replace(self, most=factor * self.most, weight=factor * self.weight)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """The expansions of the blocks; one column above every future, and one excess for each
        future that cannot take the whole weight."""
        inner, owner = stacked(self.inner, least, most)
        futures, cols, rows = self.futures, len(inner.col_cost), len(inner.row_source)
        home = self.future[owner]
        ends = np.stack([inner.col_cost * inner.col_lower, inner.col_cost * inner.col_upper])
        low = np.bincount(home, ends.min(axis=0), minlength=futures) + least[-futures:]
        high = np.bincount(home, ends.max(axis=0), minlength=futures) + most[-futures:]
        # Room of 1 more keeps the ends of the columns from binding, and so out of the prices.
        bottom = float((low + self.constant).min()) - 1.0
        top = float((high + self.constant).max()) + 1.0
        partial = np.flatnonzero(self.most < self.weight)
        priced = np.flatnonzero(inner.col_cost)
        own = rows + np.arange(futures)
        return replace(
            inner,
            col_cost=np.concatenate([np.zeros(cols), [self.weight], self.most[partial]]),
            col_lower=np.concatenate([inner.col_lower, [bottom], np.zeros(len(partial))]),
            col_upper=np.concatenate(
                [inner.col_upper, [top], np.full(len(partial), top - bottom + 1.0)]
            ),
            row_source=np.append(inner.row_source, self.rows - futures + np.arange(futures)),
            row_scale=np.append(inner.row_scale, np.ones(futures)),
            row_lower=np.append(inner.row_lower, np.full(futures, -np.inf)),
            row_upper=np.append(inner.row_upper, -self.constant),
            entry_row=np.concatenate([inner.entry_row, rows + home[priced], own, own[partial]]),
            entry_col=np.concatenate(
                [
                    inner.entry_col,
                    priced,
                    np.full(futures, cols),
                    cols + 1 + np.arange(len(partial)),
                ]
            ),
            entry_value=np.concatenate(
                [
                    inner.entry_value,
                    inner.col_cost[priced],
                    -np.ones(futures + len(partial)),
                ]
            ),
        )
