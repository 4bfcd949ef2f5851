"""Who belongs to which group: families cut at a level, groups narrowed, united, or shared texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from optiterr.errors import DataError, meant
from optiterr.pairs import Mask
from optiterr.problem import Groups, Problem

Positions = NDArray[np.int64]


def grouped(where: str, problem: Problem, group: str | None, by: str | None) -> Groups:
    """The groups called ``group``, or those of accounts with the same text in column ``by``.

    DataError that names ``where`` when there are no groups of that name.
    """
    if by is not None:
        return shared(problem.accounts[by], lambda text: [text] if text else [])
    if group not in problem.groups:
        fix = meant(str(group), problem.groups, f"add it under groups: {{{group}: ...}}")
        raise DataError(where, f"there are no groups called {group!r}", fix)
    return problem.groups[str(group)]


def told(problem: Problem, group: str | None, by: str | None) -> pd.DataFrame:
    """Account id and label of each membership, as the tables tell it; for checks."""
    ids = problem.accounts["account_id"]
    if by is not None:
        cells = problem.accounts[by]
        return pd.DataFrame({"account_id": ids, "label": cells})[cells.notna() & (cells != "")]
    groups = problem.groups[str(group)]
    labels = [groups.labels[one] for one in groups.group]
    return pd.DataFrame({"account_id": ids.iloc[groups.account], "label": labels})


def below(groups: Groups, level: int, account_ids: NDArray[np.object_]) -> Groups:
    """The families cut at ``level``: an account that deep with all below it is one group.

    Level 0 is the whole family. Accounts above the level are in no group.
    """
    if level == 0:
        return groups
    at = np.arange(len(groups.parent))
    steps = np.maximum(groups.depth - level, 0)
    up = np.where(groups.parent < 0, at, groups.parent)
    while steps.any():
        at = np.where(steps % 2 == 1, up[at], at)
        up, steps = up[up], steps // 2
    inside = np.flatnonzero(groups.depth >= level)
    heads, group = np.unique(at[inside], return_inverse=True)
    return Groups(tuple(account_ids[heads]), inside, group.astype(np.int64))


def binding(groups: Groups, accounts: Mask, most: int) -> Groups:
    """Only the memberships of ``accounts`` (a mask), and only groups with more than ``most``."""
    kept = accounts[groups.account]
    size = np.bincount(groups.group[kept], minlength=len(groups.labels))
    large = size > most
    kept &= large[groups.group]
    number = np.cumsum(large) - 1
    labels = tuple(label for label, one in zip(groups.labels, large, strict=True) if one)
    return Groups(labels, groups.account[kept], number[groups.group[kept]])


def united(groups: Groups, accounts: int) -> Positions:
    """One label for all accounts that groups hold together, by way of others too; -1 for the rest.

    ``accounts`` is the number of all accounts.
    """
    nodes = accounts + len(groups.labels)
    ends = (groups.account, accounts + groups.group)
    graph = sparse.coo_array(
        (np.ones(len(groups.account), dtype=np.int8), ends), shape=(nodes, nodes)
    )
    part = connected_components(graph, directed=False)[1][:accounts].astype(np.int64)
    alone = np.ones(accounts, dtype=bool)
    alone[groups.account] = False
    return np.where(alone, -1, part)


def shared(cells: pd.Series[Any], parts: Callable[[str], list[str]]) -> Groups:
    """The groups that the texts of ``cells`` name, each account in all that its cell names."""
    code, different = pd.factorize(texts(cells))
    names = [parts(text) for text in different]
    size = np.array([len(one) for one in names], dtype=np.int64)
    labels = sorted({name for one in names for name in one})
    number = {name: at for at, name in enumerate(labels)}
    known = np.array([number[name] for one in names for name in sorted(one)], dtype=np.int64)
    account, at = spans((np.cumsum(size) - size)[code], size[code])
    return Groups(tuple(labels), account, known[at])


def spans(start: Positions, size: Positions) -> tuple[Positions, Positions]:
    """Positions ``start[k]`` to ``start[k] + size[k] - 1`` of each ``k``, after each ``k``."""
    which = np.repeat(np.arange(len(start)), size)
    return which, np.arange(len(which)) + (start - np.cumsum(size) + size)[which]


def texts(cells: pd.Series[Any]) -> NDArray[np.object_]:
    """Cells as text, empty where there is nothing."""
    return cells.astype(object).where(cells.notna(), "").to_numpy(dtype=object)
