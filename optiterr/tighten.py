"""Accounts larger than a rep's part, written so that dividing them gains nothing.

An account that alone takes a rep beyond the point from where each unit is charged the same costs
that charge wherever it goes: it can be paid with the pair, and the rest of its load left out of the
row (coefficient tightening; Savelsbergh, *Preprocessing and probing techniques for mixed integer
programming problems*, 1994). Likewise the worst rep is at least as far off as the largest account
takes anyone. No plan costs more or less; what a relaxation or row prices prove is higher.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Block, Model
from optiterr.rowfunctions import Band, Piecewise, WorstShare

Floats = NDArray[np.float64]

MOST_GROUPS = 64
"""Charges on the worst of more groups than this are left as they are."""


def tightened(model: Model, *, all_pairs: bool = True) -> Model:
    """``model`` with the same cost for every plan, and a higher relaxation for large accounts.

    Rows, pairs and names stay. ``all_pairs`` tells whether plans can use no pairs but these: only
    then is the worst rep known to be off by what the largest account is.
    """
    costs = dict(model.costs)
    blocks = []
    for block in model.blocks:
        made, paid = _capped(block)
        if paid is not None:
            costs[block.rule] = costs.get(block.rule, 0.0) + paid
        blocks.append(_floored(model, made) if all_pairs else made)
    return replace(model, costs=MappingProxyType(costs), blocks=tuple(blocks))


def _capped(block: Block) -> tuple[Block, Floats | None]:
    """The block with no entry beyond where its row is charged by the unit, and what pairs pay."""
    most, price = _ends(block)
    if not np.isfinite(most).any():
        return block, None
    matrix = block.matrix
    row = np.repeat(np.arange(block.rows), np.diff(matrix.indptr))
    negative = np.bincount(row, matrix.data < 0, minlength=block.rows) > 0
    most = np.where(negative, np.inf, most)
    beyond = matrix.data - most[row]
    large = np.flatnonzero(beyond > 0)
    if not len(large):
        return block, None
    paid = np.bincount(
        matrix.indices[large], price[row[large]] * beyond[large], minlength=matrix.shape[1]
    )
    less = matrix.copy()
    less.data[large] = most[row[large]]
    return replace(block, matrix=less), paid.astype(float)


def _ends(block: Block) -> tuple[Floats, Floats]:
    """From which load on, if any, each row costs the same for each unit more; and that cost."""
    function = block.function
    if isinstance(function, Band):
        free = np.isinf(function.upper) & (function.high >= function.lower)
        most, price = function.high, function.price_above
    elif isinstance(function, Piecewise):
        most, price = function.at[:, -1], function.right
        free = np.isfinite(price)
    else:
        return np.full(block.rows, np.inf), np.zeros(block.rows)
    return np.where(free & (most > 0) & (price > 0), most, np.inf), np.where(free, price, 0.0)


def _floored(model: Model, block: Block) -> Block:
    """The block with the worst of each group no better than the largest account allows."""
    function, matrix = block.function, block.matrix
    if not isinstance(function, WorstShare) or len(function.weight) > MOST_GROUPS:
        return block
    if (matrix.data < 0).any() or not len(model.pairs):
        return block
    row = np.repeat(np.arange(block.rows), np.diff(matrix.indptr))
    off = function.scale[row] * (matrix.data - function.target[row])
    floor = function.floor.copy()
    for group in np.flatnonzero(function.count == 1.0):
        each = np.zeros(matrix.shape[1])
        own = np.flatnonzero((function.group[row] == group) & (off > 0))
        np.maximum.at(each, matrix.indices[own], off[own])
        served = np.flatnonzero(np.diff(model.pairs.start))
        least = np.minimum.reduceat(each, model.pairs.start[served])
        floor[group] = max(floor[group], float(least.max(initial=0.0)))
    return replace(block, function=replace(function, floor=floor))
