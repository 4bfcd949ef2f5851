"""A small model cut out of a large one: some accounts free among some pairs, all others fixed.

What the other accounts load is one more account of the part, with a single pair. Rows that no free
pair touches are left out where they are charged one by one: they cost the same whatever is picked.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import MappingProxyType

import numpy as np
from scipy import sparse

from optiterr.model import Block, Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band, Piecewise, RowFunction
from optiterr.search.core import Core, Floats, Ints, Mask

REST = "(rest)"
"""Name of the account that stands for all others."""


@dataclass(frozen=True, eq=False)
class Part:
    """A model over the pairs ``pair`` of a core, the rest of its plan held fast.

    ``account`` holds the position in the core of each free account, ``row`` the row in the core of
    each row here. Costs differ from those of the whole plan by the same amount for every choice.
    """

    model: Model
    pair: Ints
    account: Ints
    row: Ints

    def choice(self, whole: Ints) -> Ints:
        """The pairs here that the plan ``whole`` of the core picks; -1 where it picks another."""
        picked = whole[self.account]
        at = np.minimum(np.searchsorted(self.pair, picked), len(self.pair) - 1)
        found = np.where(self.pair[at] == picked, at, -1)
        rest = self.model.pairs.accounts - len(self.account)
        return np.concatenate([found, np.full(rest, len(self.pair), dtype=np.int64)])

    def into(self, whole: Ints, picked: Ints) -> Ints:
        """The plan ``whole`` with the pairs ``picked`` of this part in it."""
        changed = whole.copy()
        changed[self.account] = self.pair[picked[: len(self.account)]]
        return changed


def part_of(core: Core, pair: Ints, whole: Ints, load: Floats) -> Part:
    """The part of ``core`` whose free pairs are ``pair`` (rising), the rest as in ``whole``.

    ``load`` holds the loads of ``whole``. Accounts without a pair in ``pair`` stay where they are.
    """
    owner = core.pairs.account[pair]
    account, local = np.unique(owner, return_inverse=True)
    row, col, value = entries(core, pair)
    fixed = load - core.loads(whole[account])
    fixed[np.abs(fixed) < 1e-9 * np.maximum(1.0, np.abs(load))] = 0.0
    has_rest = len(account) < core.accounts
    touched = np.zeros(core.rows, dtype=bool)
    touched[row] = True
    kept_rows, functions = [np.zeros(0, dtype=np.int64)], []
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = np.arange(start, start + block.rows)
        if isinstance(block.function, Band | Piecewise):
            take = np.flatnonzero(touched[own])
            functions.append((block, taken(block.function, take)))
            kept_rows.append(own[take])
        else:
            functions.append((block, block.function))
            kept_rows.append(own)
    rows = np.concatenate(kept_rows)
    place = np.full(core.rows, -1)
    place[rows] = np.arange(len(rows))
    width = len(pair) + has_rest
    row = place[row]
    if has_rest:
        loaded = np.flatnonzero(fixed[rows])
        row = np.concatenate([row, loaded])
        col = np.concatenate([col, np.full(len(loaded), len(pair))])
        value = np.concatenate([value, fixed[rows][loaded]])
    matrix = sparse.csr_array((value, (row, col)), shape=(len(rows), width))
    count = np.bincount(local, minlength=len(account))
    start = np.concatenate([[0], np.cumsum(count)])
    rep = core.pairs.rep[pair]
    if has_rest:
        start = np.append(start, width)
        local, rep = np.append(local, len(account)), np.append(rep, -1)
    pairs = Pairs(local.astype(np.int32), rep.astype(np.int32), start.astype(np.int64))
    cost = np.append(core.cost[pair], 0.0) if has_rest else core.cost[pair]
    blocks, at = [], 0
    for block, function in functions:
        blocks.append(
            Block(
                block.name,
                block.rule,
                ("",) * function.rows,
                matrix[at : at + function.rows],
                function,
            )
        )
        at += function.rows
    nobody = np.empty(0, dtype=object)
    model = Model(
        nobody, nobody, pairs, MappingProxyType({"": cost}), MappingProxyType({}), tuple(blocks)
    )
    return Part(model, pair, account.astype(np.int64), rows)


def has_choice(core: Core, pair: Ints) -> Mask:
    """Whether the account of each of the pairs ``pair`` has another one among them."""
    owner = core.pairs.account[pair]
    return np.asarray(np.bincount(owner, minlength=core.accounts)[owner] > 1)


def entries(core: Core, pair: Ints) -> tuple[Ints, Ints, Floats]:
    """Row, place in ``pair`` and value of every entry of the pairs ``pair``."""
    first, count = core.first[pair], core.first[pair + 1] - core.first[pair]
    col = np.repeat(np.arange(len(pair)), count)
    at = np.arange(len(col)) - np.repeat(np.cumsum(count) - count, count) + first[col]
    return core.row[at].astype(np.int64), col, core.value[at]


def taken(function: RowFunction, rows: Ints) -> RowFunction:
    """The rows ``rows`` of a function that charges them one by one."""
    values = {each.name: getattr(function, each.name)[rows] for each in fields(function)}  # type: ignore[arg-type]
    return type(function)(**values)


def elastic(part: Part, price: Floats) -> Part:
    """``part`` with hard limits priced instead: ``price`` (one per row of the core) a unit missed.

    Limits of functions that charge rows together stay as they are.
    """
    blocks: list[Block] = []
    at = 0
    for block in part.model.blocks:
        own = price[part.row[at : at + block.rows]]
        at += block.rows
        soft, limit = loosened(block.function, own)
        blocks.append(replace(block, function=soft))
        if limit is not None:
            blocks.append(replace(block, name=f"{block.name} (limit)", function=limit))
    return replace(part, model=replace(part.model, blocks=tuple(blocks)))


def loosened(function: RowFunction, price: Floats) -> tuple[RowFunction, RowFunction | None]:
    """The charge without its hard limits, and the charge for missing them."""
    far = np.full(function.rows, np.inf)
    if isinstance(function, Band):
        limit = Band(-far, function.lower, function.upper, far, price, price)
        return replace(function, lower=-far, upper=far), limit
    if isinstance(function, Piecewise):
        least = np.where(np.isinf(function.left), function.at[:, 0], -far)
        most = np.where(np.isinf(function.right), function.at[:, -1], far)
        several = function.at.shape[1] > 1
        steep = np.diff(function.cost) / np.diff(function.at) if several else np.zeros((1, 1))
        left = np.where(np.isinf(function.left), steep[:, 0], function.left)
        right = np.where(np.isinf(function.right), steep[:, -1], function.right)
        return replace(function, left=left, right=right), Band(-far, least, most, far, price, price)
    return function, None
