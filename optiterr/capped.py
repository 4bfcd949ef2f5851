"""A ceiling on what several charges cost together: levels of priorities, points of a frontier.

``sum_b f_b(y_b) + t <= ceiling`` over the loads of several blocks and one further load ``t``, the
cost of the picks themselves. Nothing is charged; beyond the ceiling is forbidden. With the price
``s >= 0`` of the load ``t`` as multiplier of the ceiling, the conjugate is

    s * ceiling + sum_b (s f_b)*(prices of the block)

which needs no more than the conjugates of the scaled charges (Rockafellar, *Convex Analysis*, 1970,
section 16). The bound that it proves is therefore linear in the ceiling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optiterr.rowfunctions import Expansion, RowFunction, slack_of
from optiterr.stacked import height, split, stacked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Capped:
    """The charges of ``inner``, one after the other, and the last row's load stay below a ceiling.

    The rows are those of ``inner`` in order, and one more for the load that is added as it is. All
    of them form one part.
    """

    inner: tuple[RowFunction, ...]
    ceiling: float

    @classmethod
    def of(cls, inner: Sequence[RowFunction], ceiling: float) -> Capped:
        """Checked constructor: a finite ceiling."""
        if not np.isfinite(ceiling):
            raise ValueError("a ceiling is finite")
        return cls(tuple(inner), float(ceiling))

    @property
    def rows(self) -> int:
        """Number of rows, the one of the further load included."""
        return height(self.inner) + 1

    @property
    def part(self) -> Ints:
        """All rows belong together."""
        return np.zeros(self.rows, dtype=np.int64)

    def total(self, y: Floats) -> float:
        """What the charges and the further load add up to; ``inf`` where a hard limit is missed."""
        return float(y[-1] + sum(one.value(own).sum() for one, own in split(self.inner, y)))

    def value(self, y: Floats) -> Floats:
        """0 up to the ceiling, ``inf`` beyond it."""
        within = self.total(y) <= self.ceiling + float(slack_of(self.ceiling))
        return np.array([0.0 if within else np.inf])

    def conjugate(self, price: Floats) -> Floats:
        """``sup_y price y - f(y)``; ``inf`` outside the domain."""
        multiplier = float(price[-1])
        if multiplier < 0:
            return np.array([np.inf])
        return np.array(
            [
                multiplier * self.ceiling
                + sum(
                    float(one.scaled(multiplier).conjugate(own).sum())
                    for one, own in split(self.inner, price)
                )
            ]
        )

    def project(self, price: Floats) -> Floats:
        """Prices inside the domain: the multiplier first, then each block's at its scale."""
        multiplier = max(float(price[-1]), 0.0)
        parts = [one.scaled(multiplier).project(own) for one, own in split(self.inner, price)]
        return np.concatenate([*parts, [multiplier]])

    def scaled(self, factor: float) -> Capped:
        """A ceiling is forbidden to break at any scale."""
        return self

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """The expansions of the blocks; what their columns cost is added up in the last row."""
        whole, _ = stacked(self.inner, least, most)
        priced = np.flatnonzero(whole.col_cost)
        own = len(whole.row_source)
        return replace(
            whole,
            col_cost=np.zeros(len(whole.col_cost)),
            row_source=np.append(whole.row_source, self.rows - 1),
            row_scale=np.append(whole.row_scale, 1.0),
            row_lower=np.append(whole.row_lower, -np.inf),
            row_upper=np.append(whole.row_upper, self.ceiling),
            entry_row=np.concatenate([whole.entry_row, np.full(len(priced), own)]),
            entry_col=np.concatenate([whole.entry_col, priced]),
            entry_value=np.concatenate([whole.entry_value, whole.col_cost[priced]]),
        )
