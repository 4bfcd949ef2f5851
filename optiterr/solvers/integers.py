"""A mixed-integer program in whole numbers, and how far its optimum may be from the true one.

Solvers that know integers only (CP-SAT) are handed this. Rows of decimals with few digits are
scaled exactly. Other rows are scaled so finely that a plan within the whole-number rows keeps the
true rows to the audit's tolerance, and are widened so that no true plan is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from optiterr.linear import Mip
from optiterr.rowfunctions import TOLERANCE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_DIGITS = 6
"""Decimals with more digits than this are scaled by rounding."""

FINE = 1e-8
"""A rounded column steps by at most this share of the bounds of its rows."""

WIDEST = 2.0**60
"""No sum of whole numbers may reach this; integers of 64 bits end at 2**63."""

COST_WIDTH = 2.0**57
"""Costs are scaled to add up to about this when they are not decimals of few digits."""


class TooWideError(ValueError):
    """The numbers of a program span too many digits for whole numbers of 64 bits."""


@dataclass(frozen=True, eq=False)
class Whole:
    """Minimise ``(cost x) / scale + offset`` over whole ``x`` within bounds and rows.

    Row bounds that do not bind are the ends of int64. ``error`` is how much dearer than the true
    optimum the whole-number optimum may be, in cost: take it off any bound.
    """

    cost: Ints
    lower: Ints
    upper: Ints
    matrix: sparse.csr_array
    row_lower: Ints
    row_upper: Ints
    scale: float
    offset: float
    error: float


def digits(values: Floats, most: int = MOST_DIGITS) -> NDArray[np.int64]:
    """Decimal digits after the point of each value; ``most + 1`` where there are more."""
    found = np.full(np.shape(values), most + 1, dtype=np.int64)
    found[~np.isfinite(values)] = 0
    for places in range(most, -1, -1):
        moved = values * 10.0**places
        # Sums of decimals carry a few roundings: 64 of them still count as the decimal.
        with np.errstate(invalid="ignore"):
            gap = np.abs(moved - np.rint(moved))
        near = gap <= 64 * np.finfo(float).eps * np.abs(moved)
        found[near & (np.abs(moved) < 2.0**50)] = places
    return found


def whole_numbers(mip: Mip) -> Whole:
    """``mip`` in whole numbers; raises TooWideError when 64 bits cannot hold them."""
    rows, cols = mip.matrix.shape
    matrix = mip.matrix
    row = np.repeat(np.arange(rows), np.diff(matrix.indptr))
    col, value = matrix.indices, matrix.data
    extra = np.asarray(col >= mip.pairs)
    idle = np.bincount(col, minlength=cols) == 0
    idle[: mip.pairs] = False

    part = _parts(rows, cols, row[extra], col[extra])
    scale, rounds = _scales(mip, part, row, extra)
    unit = np.ones(cols)
    unit[mip.pairs :] = scale[part[rows + mip.pairs :]]
    # An extra column counts in steps of 1 / unit, so its entries keep their size; a row in which
    # extra columns count by prices takes a finer step of its own.
    finer = _finer(rows, row[extra], value[extra])
    row_scale, row_rounds = scale[part[:rows]] * finer, rounds[part[:rows]] | (finer > 1)

    true = value * row_scale[row] / unit[col]
    entries = np.rint(true)
    lower = np.floor(_near(mip.lower * unit))
    upper = np.ceil(_near(mip.upper * unit))
    steps = np.where(extra, np.maximum(np.abs(lower), np.abs(upper))[col], 1.0)
    miss = np.bincount(row, np.abs(entries - true) * steps, minlength=rows)
    miss += np.bincount(row[extra], 0.5 * np.abs(true[extra]), minlength=rows)
    miss = np.where(row_rounds, miss, 0.0)
    # Columns without a row take their cheaper end; they only carry a constant.
    rest = np.where(mip.cost >= 0, mip.lower, mip.upper)[idle]
    offset = mip.offset + float(mip.cost[idle] @ rest)
    lower[idle] = upper[idle] = 0.0

    price = np.where(idle, 0.0, mip.cost / unit)
    reach = np.maximum(np.abs(lower), np.abs(upper))
    cost, cost_scale, error = _costs(mip, price, reach)
    rounded = rounds[part[rows + mip.pairs :]] & ~idle[mip.pairs :]
    error += float(0.5 * np.abs(price[mip.pairs :][rounded]).sum())

    widest = np.bincount(row, np.abs(entries) * reach[col], minlength=rows)
    if max(widest.max(initial=0.0), reach.max(initial=0.0)) >= WIDEST:
        raise TooWideError("the numbers of a row span too many digits for whole numbers")
    ends = np.iinfo(np.int64)
    row_lower = np.full(rows, ends.min, dtype=np.int64)
    row_upper = np.full(rows, ends.max, dtype=np.int64)
    low = np.ceil(_near(mip.row_lower * row_scale - miss))
    high = np.floor(_near(mip.row_upper * row_scale + miss))
    bound = (low > -WIDEST) & (low > -widest)
    row_lower[bound] = np.minimum(low[bound], WIDEST).astype(np.int64)
    bound = (high < WIDEST) & (high < widest)
    row_upper[bound] = np.maximum(high[bound], -WIDEST).astype(np.int64)
    return Whole(
        cost,
        lower.astype(np.int64),
        upper.astype(np.int64),
        sparse.csr_array((entries.astype(np.int64), col, matrix.indptr), shape=matrix.shape),
        row_lower,
        row_upper,
        cost_scale,
        offset,
        error,
    )


def _finer(rows: int, row: Ints, value: Floats) -> Floats:
    """Steps per step of a row's scale that its entries ``value`` of extra columns need."""
    odd = np.abs(value) != 1.0
    places = np.zeros(rows, dtype=np.int64)
    np.maximum.at(places, row[odd], np.minimum(digits(value[odd], MOST_DIGITS), MOST_DIGITS))
    return np.asarray(10.0**places)


def _near(values: Floats) -> Floats:
    """``values``, with those that are whole but for rounding made whole."""
    with np.errstate(invalid="ignore"):
        whole = np.rint(values)
        near = np.abs(values - whole) <= 64 * np.finfo(float).eps * np.abs(values)
    return np.where(near, whole, values)


def _parts(rows: int, cols: int, row: Ints, col: NDArray[np.integer]) -> NDArray[np.int64]:
    """Rows and columns that share extra columns get one number: they share one scale."""
    graph = sparse.coo_array(
        (np.ones(len(row), dtype=np.int8), (row, rows + col)), shape=(rows + cols, rows + cols)
    )
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _scales(
    mip: Mip, part: NDArray[np.int64], row: Ints, extra: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """The scale of each part, and whether its numbers are rounded there."""
    rows, value = mip.matrix.shape[0], mip.matrix.data
    parts = int(part.max(initial=-1)) + 1
    places = np.zeros(parts, dtype=np.int64)
    np.maximum.at(places, part[row[~extra]], digits(value[~extra]))
    few = places <= MOST_DIGITS
    # With extra columns the bounds must sit on the grid too, and entries must keep their size.
    marks = places.copy()
    has_extra = np.zeros(parts, dtype=bool)
    has_extra[part[row[extra]]] = True
    for bound in (mip.row_lower, mip.row_upper):
        np.maximum.at(marks, part[:rows], np.where(has_extra[part[:rows]], digits(bound), 0))
    for bound in (mip.lower[mip.pairs :], mip.upper[mip.pairs :]):
        own = part[rows + mip.pairs :]
        np.maximum.at(marks, own, np.where(has_extra[own], digits(bound), 0))
    odd = np.zeros(parts, dtype=bool)
    odd[part[row[extra & (np.abs(value) != 1.0)]]] = True
    exact = (marks <= MOST_DIGITS) & ~odd

    # Rounded parts: fine enough for the tolerance and for the cost of a step.
    size = np.full(parts, np.inf)
    for bound in (mip.row_lower, mip.row_upper):
        held = np.isfinite(bound)
        np.minimum.at(size, part[:rows][held], np.maximum(1.0, np.abs(bound[held])))
    size[~np.isfinite(size)] = 1.0
    count = np.bincount(row, minlength=rows)
    longest = np.zeros(parts)
    np.maximum.at(longest, part[:rows], np.where(few[part[:rows]], 0.0, 0.5 * count))
    held_extra = np.bincount(row[extra], np.abs(value[extra]), minlength=rows)
    stretch = np.zeros(parts)
    np.maximum.at(stretch, part[:rows], 0.5 * held_extra)
    wanted = np.maximum(4 * (longest + stretch) / TOLERANCE, 0.5 / FINE) / size
    # Powers of ten keep the cost of a step a decimal of few digits.
    step = np.where(few, 10.0 ** np.minimum(places, MOST_DIGITS), 1.0)
    rounded = step * 10.0 ** np.ceil(np.log10(np.maximum(wanted / step, 1.0)))
    return np.where(exact, 10.0 ** np.minimum(marks, MOST_DIGITS), rounded), ~exact


def _costs(mip: Mip, price: Floats, reach: Floats) -> tuple[Ints, float, float]:
    """Whole costs, their scale, and how far rounding may move the cost of a plan."""
    owner = np.repeat(np.arange(mip.accounts), np.diff(mip.matrix.indptr[: mip.accounts + 1]))

    def total(each: Floats) -> float:
        most = np.zeros(mip.accounts)
        np.maximum.at(most, owner, np.abs(each[: mip.pairs]))
        return float(most.sum() + (np.abs(each) * reach)[mip.pairs :].sum())

    width = total(price)
    if width == 0.0:
        return np.zeros(len(price), dtype=np.int64), 1.0, 0.0
    if not np.isfinite(width):
        raise TooWideError("a column that is charged has no finite bound")
    places = int(digits(price, 12).max(initial=0))
    scale = 10.0**places
    if places > 12 or width * scale >= COST_WIDTH:
        scale = 2.0 ** np.floor(np.log2(COST_WIDTH / width))
    cost = np.rint(price * scale)
    exact = places <= 12 and scale == 10.0**places
    error = 0.0 if exact else total(cost / scale - price)
    return cost.astype(np.int64), float(scale), error
