"""Counting over how many cells something is spread: reps of a family, industries of a rep.

The level of a cell is the largest load among its rows, and zero where none is loaded: with one row
for each pair that may be picked, it is one exactly when any of them is. A part is charged on the
sum of the levels of its cells, so on the number of cells in use. The charge is convex, with a
conjugate in closed form: for prices that are not negative it is the band's conjugate at the dearest
cell, a cell being as dear as its prices add up to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optiterr.rowfunctions import Expansion, band_conjugate, slack_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Spread:
    """The number of cells in use is free up to ``high``, priced above, and never above ``upper``.

    ``cell`` names the cell of each row and ``home`` the part of each cell, both counted from 0.
    ``high``, ``upper`` and ``price`` have one entry per part. A part may have no cells: it is then
    spread over none.
    """

    cell: Ints
    home: Ints
    high: Floats
    upper: Floats
    price: Floats

    @classmethod
    def of(
        cls,
        cell: ArrayLike,
        home: ArrayLike,
        parts: int,
        *,
        high: ArrayLike | None = None,
        upper: ArrayLike = np.inf,
        price: ArrayLike = 0.0,
    ) -> Spread:
        """Checked constructor; ``high`` is the hard limit unless given."""

        def each(value: ArrayLike) -> Floats:
            return np.ascontiguousarray(np.broadcast_to(np.asarray(value, dtype=float), (parts,)))

        most = each(upper)
        made = cls(
            np.asarray(cell, dtype=np.int64),
            np.asarray(home, dtype=np.int64),
            most if high is None else each(high),
            most,
            each(price),
        )
        if len(made.cell) and (made.cell.min() < 0 or made.cell.max() >= len(made.home)):
            raise ValueError("every row belongs to a cell")
        if len(made.home) and (made.home.min() < 0 or made.home.max() >= parts):
            raise ValueError("every cell belongs to a part")
        if not ((made.high >= 0) & (made.high <= made.upper)).all():
            raise ValueError("a spread needs 0 <= high <= upper")
        if not (np.isfinite(made.price) & (made.price >= 0)).all():
            raise ValueError("the prices of a spread are finite and not negative")
        return made

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.cell)

    @property
    def part(self) -> Ints:
        """The part of each row."""
        return self.home[self.cell]

    def value(self, y: Floats) -> Floats:
        """Charge of each part; ``inf`` where more cells are in use than ``upper``."""
        level = np.zeros(len(self.home))
        np.maximum.at(level, self.cell, y)
        total = np.bincount(self.home, level, minlength=len(self.high)).astype(float)
        over = np.where(self.price > 0, np.maximum(total - self.high, 0.0), 0.0)
        outside = total > self.upper + slack_of(self.upper)
        return np.where(outside, np.inf, self.price * over)

    def conjugate(self, price: Floats) -> Floats:
        """``sup_y price y - f(y)`` of each part; ``inf`` outside the domain."""
        dear = np.zeros(len(self.high))
        np.maximum.at(dear, self.home, np.bincount(self.cell, price, minlength=len(self.home)))
        value = band_conjugate(dear, self.high, self.upper, self.price)
        out = np.zeros(len(self.high), dtype=bool)
        np.logical_or.at(out, self.part, price < 0)
        return np.where(out, np.inf, value)

    def project(self, price: Floats) -> Floats:
        """Prices that are not negative, shrunk together where a cell would be too dear."""
        up = np.maximum(price, 0.0)
        most = np.where(np.isfinite(self.upper), np.inf, self.price)
        most = np.where(np.isfinite(self.high), most, 0.0)[self.home]
        total = np.bincount(self.cell, up, minlength=len(self.home))
        shrink = np.ones(len(self.home))
        # A hair below, so that the sum of the shrunk prices stays inside for sure.
        dear = total > most
        shrink[dear] = most[dear] / total[dear] * (1 - 1e-12)
        return np.asarray(up * shrink[self.cell])

    def scaled(self, factor: float) -> Spread:
        """The same hard limits at ``factor`` times the price."""
        return replace(self, price=factor * self.price)

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """A column for the level of each cell and for what each part is above ``high``."""
        cells, parts = len(self.home), len(self.high)
        top = np.zeros(cells)
        np.maximum.at(top, self.cell, np.maximum(most, 0.0))
        row = np.arange(self.rows)
        # A part's own row adds up levels only; it borrows the load of any of its rows at scale 0.
        source = np.full(parts, -1)
        source[self.part] = row
        counted = np.flatnonzero((source >= 0) & np.isfinite(self.high))
        own = np.full(parts, -1)
        own[counted] = self.rows + np.arange(len(counted))
        total = np.bincount(self.home, top, minlength=parts)
        priced = counted[(self.price[counted] > 0) & (self.upper[counted] > self.high[counted])]
        limit = np.where(self.price > 0, self.high, self.upper)[counted]
        inside = np.flatnonzero(own[self.home] >= 0)
        return Expansion(
            col_cost=np.concatenate([np.zeros(cells), self.price[priced]]),
            col_lower=np.zeros(cells + len(priced)),
            col_upper=np.concatenate(
                [top, np.maximum(np.minimum(self.upper, total) - self.high, 0.0)[priced]]
            ),
            row_source=np.concatenate([row, source[counted]]),
            row_scale=np.concatenate([np.ones(self.rows), np.zeros(len(counted))]),
            row_lower=np.full(self.rows + len(counted), -np.inf),
            row_upper=np.concatenate([np.zeros(self.rows), limit]),
            entry_row=np.concatenate([row, own[self.home[inside]], own[priced]]),
            entry_col=np.concatenate([self.cell, inside, cells + np.arange(len(priced))]),
            entry_value=np.concatenate(
                [-np.ones(self.rows), np.ones(len(inside)), -np.ones(len(priced))]
            ),
        )
