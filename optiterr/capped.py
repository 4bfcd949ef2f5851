"""A ceiling on what several charges cost together: levels of priorities, points of a frontier.

``sum_b f_b(y_b) + t <= ceiling`` over the loads of several blocks and one further load ``t``, the
cost of the picks themselves. Nothing is charged; beyond the ceiling is forbidden. With the price
``s >= 0`` of the load ``t`` as multiplier of the ceiling, the conjugate is

    s * ceiling + sum_b (s f_b)*(prices of the block)

which needs no more than the conjugates of the scaled charges (Rockafellar, *Convex Analysis*, 1970,
section 16). The bound that it proves is therefore linear in the ceiling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.rowfunctions import Expansion, RowFunction, slack_of

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
        return sum(one.rows for one in self.inner) + 1

    @property
    def part(self) -> Ints:
        """All rows belong together."""
        return np.zeros(self.rows, dtype=np.int64)

    def _split(self, rows: Floats) -> Iterator[tuple[RowFunction, Floats]]:
        first = 0
        for one in self.inner:
            yield one, rows[first : first + one.rows]
            first += one.rows

    def total(self, y: Floats) -> float:
        """What the charges and the further load add up to; ``inf`` where a hard limit is missed."""
        return float(y[-1] + sum(one.value(own).sum() for one, own in self._split(y)))

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
                    for one, own in self._split(price)
                )
            ]
        )

    def project(self, price: Floats) -> Floats:
        """Prices inside the domain: the multiplier first, then each block's at its scale."""
        multiplier = max(float(price[-1]), 0.0)
        parts = [one.scaled(multiplier).project(own) for one, own in self._split(price)]
        return np.concatenate([*parts, [multiplier]])

    def scaled(self, factor: float) -> Capped:
        """A ceiling is forbidden to break at any scale."""
        return self

    def expand(self, least: Floats, most: Floats) -> Expansion:
        """The expansions of the blocks; what their columns cost is added up in the last row."""
        pieces: list[Expansion] = []
        first = 0
        for one in self.inner:
            own = slice(first, first + one.rows)
            pieces.append(one.expand(least[own], most[own]))
            first += one.rows
        cols = np.cumsum([0, *(len(piece.col_cost) for piece in pieces)])
        rows = np.cumsum([0, *(len(piece.row_source) for piece in pieces)])
        source = np.cumsum([0, *(one.rows for one in self.inner)])
        cost = np.concatenate([np.zeros(0), *(piece.col_cost for piece in pieces)])
        priced = np.flatnonzero(cost)

        def joined(name: str, shift: Ints | None = None) -> NDArray[np.float64]:
            parts = [
                getattr(piece, name) + (0 if shift is None else shift[at])
                for at, piece in enumerate(pieces)
            ]
            return np.concatenate([np.zeros(0), *parts])

        return Expansion(
            col_cost=np.zeros(len(cost)),
            col_lower=joined("col_lower"),
            col_upper=joined("col_upper"),
            row_source=np.append(joined("row_source", source), self.rows - 1).astype(np.int64),
            row_scale=np.append(joined("row_scale"), 1.0),
            row_lower=np.append(joined("row_lower"), -np.inf),
            row_upper=np.append(joined("row_upper"), self.ceiling),
            entry_row=np.concatenate(
                [joined("entry_row", rows), np.full(len(priced), rows[-1])]
            ).astype(np.int64),
            entry_col=np.concatenate([joined("entry_col", cols), priced]).astype(np.int64),
            entry_value=np.concatenate([joined("entry_value"), cost[priced]]),
        )
