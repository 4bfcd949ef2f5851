"""The model as a plain mixed-integer program in arrays: what every solver is handed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.model import Block, Model
from optiterr.pairs import Pairs

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mip:
    """Minimise ``cost x + offset`` with ``row_lower <= matrix x <= row_upper`` and column bounds.

    The first ``pairs`` columns are the binary picks in pair order; the rest are continuous columns
    of row functions, each with finite bounds. The first ``accounts`` rows say that each account
    is served once; then follow the rows of each block. ``source`` and ``scale`` lead from the block
    rows' duals back to prices; ``extra`` tells, per block, the first extra column and row.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    offset: float
    pairs: int
    accounts: int
    source: NDArray[np.int64]
    scale: Floats
    extra: tuple[tuple[int, int], ...]

    @property
    def integer(self) -> NDArray[np.bool_]:
        """Which columns are binary."""
        return np.arange(len(self.cost)) < self.pairs

    def prices(self, duals: Floats, rows: int) -> Floats:
        """Prices of the model's ``rows`` block rows from the duals of all rows of this program.

        Duals follow the usual sign: reduced cost = cost - dual * matrix.
        """
        moved = np.asarray(duals, dtype=float)[self.accounts :] * self.scale
        return -np.bincount(self.source, moved, minlength=rows).astype(float)

    def _admitting(self, picks: Floats) -> Mip:
        """The same program, its block rows' bounds let out as far as ``picks`` needs."""
        own = self.matrix[self.accounts :]
        load = own[:, : self.pairs] @ picks
        slack = own[:, self.pairs :]
        plus, minus = slack.maximum(0.0), slack.minimum(0.0)
        lower, upper = self.lower[self.pairs :], self.upper[self.pairs :]
        row_lower, row_upper = self.row_lower.copy(), self.row_upper.copy()
        below, above = row_lower[self.accounts :], row_upper[self.accounts :]
        np.minimum(below, load + plus @ upper + minus @ lower, out=below)
        np.maximum(above, load + plus @ lower + minus @ upper, out=above)
        return replace(self, row_lower=row_lower, row_upper=row_upper)


def activity(block: Block, pairs: Pairs) -> tuple[Floats, Floats]:
    """The least and the most that each load can be when every account picks one pair."""
    matrix = block.matrix
    if not matrix.nnz:
        return np.zeros(block.rows), np.zeros(block.rows)
    account = pairs.account[matrix.indices]
    # Columns are sorted within a row, so the entries of one account in one row stand together.
    begins = np.empty(matrix.nnz, dtype=bool)
    begins[1:] = account[1:] != account[:-1]
    begins[matrix.indptr[:-1][np.diff(matrix.indptr) > 0]] = True
    owner = np.repeat(np.arange(block.rows), np.diff(matrix.indptr))
    least = most = matrix.data
    count = np.ones(1, dtype=np.int64)
    if not begins.all():
        first = np.flatnonzero(begins)
        count = np.diff(np.append(first, matrix.nnz))
        least, most = np.minimum.reduceat(least, first), np.maximum.reduceat(most, first)
        owner, account = owner[first], account[first]
    # An account with a pair outside the row may also add nothing.
    whole = count == np.diff(pairs.start)[account]
    least = np.where(whole, least, np.minimum(least, 0.0))
    most = np.where(whole, most, np.maximum(most, 0.0))
    return (
        np.bincount(owner, least, minlength=block.rows).astype(float),
        np.bincount(owner, most, minlength=block.rows).astype(float),
    )


def linearise(model: Model, start: Floats | None = None) -> Mip:
    """The plain program of ``model``: same optimum, whole arrays, finite slack.

    A plan ``start`` may miss a hard limit by the tolerance of the rules, and a solver whose own is
    smaller would refuse it: bounds of rows are let out as far as it needs. What is proved of that
    program holds for the model, too.
    """
    pairs, accounts = len(model.pairs), model.pairs.accounts
    cost, lower, upper = [model.cost], [np.zeros(pairs)], [np.ones(pairs)]
    row_lower, row_upper = [np.ones(accounts)], [np.ones(accounts)]
    source, scale = [np.zeros(0, np.int64)], [np.zeros(0)]
    extra: list[tuple[int, int]] = []
    cols, rows = pairs, accounts
    pieces: list[sparse.csr_array] = []
    slack_row, slack_col, slack_value = [], [], []
    for row, block in zip(model.row_start, model.blocks, strict=False):
        # A slack that ends at what loads can reach would take a share of the row's price: room of 1
        # more keeps its end from binding, so that the duals are prices of the row function.
        least, most = activity(block, model.pairs)
        expansion = block.function.expand(least - 1.0, most + 1.0)
        extra.append((cols, rows))
        plain = len(expansion.row_source) == block.rows and (expansion.row_scale == 1.0).all()
        if plain:
            pieces.append(block.matrix)
        else:
            scaled = block.matrix[expansion.row_source]
            scaled.data = scaled.data * np.repeat(expansion.row_scale, np.diff(scaled.indptr))
            scaled.eliminate_zeros()
            pieces.append(scaled)
        cost.append(expansion.col_cost)
        lower.append(expansion.col_lower)
        upper.append(expansion.col_upper)
        row_lower.append(expansion.row_lower)
        row_upper.append(expansion.row_upper)
        source.append(row + expansion.row_source)
        scale.append(expansion.row_scale)
        slack_row.append(rows + expansion.entry_row)
        slack_col.append(cols + expansion.entry_col)
        slack_value.append(expansion.entry_value)
        cols += len(expansion.col_cost)
        rows += len(expansion.row_source)
    mip = Mip(
        np.concatenate(cost),
        np.concatenate(lower),
        np.concatenate(upper),
        _stack(model.pairs, pieces, slack_row, slack_col, slack_value, rows, cols),
        np.concatenate(row_lower),
        np.concatenate(row_upper),
        model.constant,
        pairs,
        accounts,
        np.concatenate(source),
        np.concatenate(scale),
        tuple(extra),
    )
    if start is None or not np.isfinite(model.value(start)):
        return mip
    return mip._admitting(np.asarray(start, dtype=float))


def _stack(
    pairs: Pairs,
    pieces: list[sparse.csr_array],
    slack_row: list[NDArray[np.int64]],
    slack_col: list[NDArray[np.int64]],
    slack_value: list[Floats],
    rows: int,
    cols: int,
) -> sparse.csr_array:
    """The rows of all blocks under the coverage rows, each with its slack entries at the end."""
    width = [np.diff(pairs.start), *(np.diff(piece.indptr) for piece in pieces)]
    plain = np.concatenate(width).astype(np.int64)
    at_row = np.concatenate([np.zeros(0, np.int64), *slack_row]).astype(np.int64)
    order = np.argsort(at_row, kind="stable")
    at_row = at_row[order]
    col = np.concatenate([np.zeros(0, np.int64), *slack_col])[order]
    value = np.concatenate([np.zeros(0), *slack_value])[order]
    slacks = np.bincount(at_row, minlength=rows)
    indptr = np.concatenate([[0], np.cumsum(plain + slacks)])
    indices = np.empty(indptr[-1], dtype=np.int32)
    data = np.empty(indptr[-1])
    # The slack entries of a row sit in its last places; everything else keeps its order.
    rank = np.arange(len(at_row)) - np.searchsorted(at_row, at_row)
    place = indptr[at_row] + plain[at_row] + rank
    own = np.ones(indptr[-1], dtype=bool)
    own[place] = False
    indices[place], data[place] = col, value
    picks, ones = np.arange(len(pairs), dtype=np.int32), np.ones(len(pairs))
    first = 0
    for part_width, part_indices, part_data in zip(
        width,
        [picks, *(piece.indices for piece in pieces)],
        [ones, *(piece.data for piece in pieces)],
        strict=True,
    ):
        last = first + len(part_width)
        span = slice(indptr[first], indptr[last])
        if slacks[first:last].any():
            indices[span][own[span]], data[span][own[span]] = part_indices, part_data
        else:
            indices[span], data[span] = part_indices, part_data
        first = last
    # Positions of one kind keep the arrays as they are; scipy would widen the indices otherwise.
    narrow = indptr.astype(np.int32 if indptr[-1] <= np.iinfo(np.int32).max else np.int64)
    return sparse.csr_array((data, indices, narrow), shape=(rows, cols))
