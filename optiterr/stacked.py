"""Several row functions one after the other, as the inner part of one that charges them together.

Their rows stand in order: first those of the first function, then those of the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from optiterr.rowfunctions import Expansion, RowFunction

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def height(inner: Sequence[RowFunction]) -> int:
    """Number of rows of all of them."""
    return sum(one.rows for one in inner)


def split(
    inner: Sequence[RowFunction], rows: Floats
) -> Iterator[tuple[RowFunction, NDArray[np.float64]]]:
    """Each function with its own entries of ``rows``; entries behind the last one are left out."""
    first = 0
    for one in inner:
        yield one, rows[first : first + one.rows]
        first += one.rows


def stacked(
    inner: Sequence[RowFunction], least: Floats, most: Floats
) -> tuple[Expansion, NDArray[np.int64]]:
    """The expansions of all functions as one, and the function that each of its columns is of."""
    bounds = zip(split(inner, least), split(inner, most), strict=True)
    pieces = [one.expand(low, high) for (one, low), (_, high) in bounds]
    col = np.cumsum([0, *(len(piece.col_cost) for piece in pieces)])
    row = np.cumsum([0, *(len(piece.row_source) for piece in pieces)])
    source = np.cumsum([0, *(one.rows for one in inner)])

    def floats(name: str) -> Floats:
        return np.concatenate([np.zeros(0), *(getattr(piece, name) for piece in pieces)])

    def ints(name: str, shift: Ints) -> Ints:
        parts = [getattr(piece, name) + by for piece, by in zip(pieces, shift, strict=False)]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64)

    whole = Expansion(
        col_cost=floats("col_cost"),
        col_lower=floats("col_lower"),
        col_upper=floats("col_upper"),
        row_source=ints("row_source", source),
        row_scale=floats("row_scale"),
        row_lower=floats("row_lower"),
        row_upper=floats("row_upper"),
        entry_row=ints("entry_row", row),
        entry_col=ints("entry_col", col),
        entry_value=floats("entry_value"),
    )
    return whole, np.repeat(np.arange(len(pieces)), np.diff(col))
