"""Accounts that always go to one rep, as one account: a smaller model with the same plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from optiterr.model import Block, Model
from optiterr.pairs import Pairs

Ints = NDArray[np.int64]


def units(labels: Sequence[Ints], accounts: int) -> Ints | None:
    """Position of each account when those that share a label are one; None when none do.

    Each entry of ``labels`` labels all accounts, -1 for none. Accounts that are together by way of
    others are together too. Positions follow the first account of each unit.
    """
    from_account: list[Ints] = []
    to_label: list[Ints] = []
    nodes = accounts
    for each in labels:
        member = np.flatnonzero(each >= 0)
        from_account.append(member)
        to_label.append(nodes + each[member])
        nodes += int(each.max(initial=-1)) + 1
    ends = (
        np.concatenate([np.zeros(0, np.int64), *from_account]),
        np.concatenate([np.zeros(0, np.int64), *to_label]),
    )
    graph = sparse.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(nodes, nodes))
    part = connected_components(graph, directed=False)[1][:accounts]
    _, first, where = np.unique(part, return_index=True, return_inverse=True)
    if len(first) == accounts:
        return None
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[where]


def contract(model: Model, unit: Ints) -> Model:
    """``model`` with the accounts of each unit as one: it may go where all of them may.

    Costs and loads of the merged pairs add up, so every plan that keeps units together costs the
    same in both models.
    """
    pairs, size = model.pairs, np.bincount(unit)
    width = len(model.rep_ids)
    key = unit[pairs.account] * width + pairs.rep
    used, where, count = np.unique(key, return_inverse=True, return_counts=True)
    kept = count == size[used // width]
    place = np.where(kept, np.cumsum(kept) - 1, -1)[where]
    alive = np.flatnonzero(place >= 0)
    merged = Pairs.of(used[kept] // width, used[kept] % width, len(size))

    def added(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(place[alive], values[alive], minlength=len(merged)).astype(float)

    def block(one: Block) -> Block:
        matrix = one.matrix.tocoo()
        col = place[matrix.col]
        there = col >= 0
        made = sparse.coo_array(
            (matrix.data[there], (matrix.row[there], col[there].astype(np.int32))),
            shape=(one.rows, len(merged)),
        ).tocsr()
        made.sum_duplicates()
        made.eliminate_zeros()
        return replace(one, matrix=made)

    first = np.full(len(size), -1, dtype=np.int64)
    first[unit[::-1]] = np.arange(len(unit))[::-1]
    names = model.account_ids[first].copy()
    for several in np.flatnonzero(size > 1):
        names[several] = f"{names[several]} and {size[several] - 1} more"
    return replace(
        model,
        account_ids=names,
        pairs=merged,
        costs=MappingProxyType({name: added(cost) for name, cost in model.costs.items()}),
        blocks=tuple(block(one) for one in model.blocks),
        unit=unit,
        every_id=model.account_ids,
    )
