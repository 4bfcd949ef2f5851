"""Accounts that fit with no rep: alone they are above a hard limit wherever they may go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from optiterr.findings import Finding, Weight, listed
from optiterr.model import Model
from optiterr.rowfunctions import Band, slack_of

NAMED = 20
"""So many accounts are told one by one; the rest is counted."""

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


def too_heavy(model: Model, joined_by: tuple[str, ...] = ()) -> Iterator[Finding]:
    """A finding for each account of ``model`` whose every pair alone breaks a hard limit.

    Looked at in rows without negative loads: there nothing else makes room. ``joined_by`` names the
    rules that keep accounts together.
    """
    pairs = model.pairs
    block, row, pair, load, upper = _hits(model)
    barred = np.bincount(pairs.account[np.unique(pair)], minlength=pairs.accounts)
    stuck = np.flatnonzero((barred > 0) & (barred == np.diff(pairs.start)))
    for account in stuck[:NAMED]:
        at = np.flatnonzero(pairs.account[pair] == account)
        blocks = [model.blocks[one] for one in block[at]]
        limits = [
            f"{one.rule} ({one.labels[row[hit]]}: {load[hit]:,.6g} of {upper[hit]:,.6g})"
            for one, hit in zip(blocks, at, strict=True)
        ]
        rules = list(dict.fromkeys(one.rule for one in blocks))
        name = str(model.account_ids[account])
        several = model.unit is not None and (model.unit == account).sum() > 1
        together = f", kept together by {listed(joined_by)}," if several else ""
        yield _finding(
            ", ".join(rules),
            f"account {name}",
            1.0,
            f"account {name}{together} fits with no rep: alone it is above a limit at each of "
            f"them, {listed(limits, 3)}",
        )
    rest = stuck[NAMED:]
    if len(rest):
        names = listed(model.account_ids[rest])
        what = f"{len(rest)} more accounts are alone above a limit at every rep: {names}"
        yield _finding("", "all", float(len(rest)), what)


def _hits(model: Model) -> tuple[Positions, Positions, Positions, Floats, Floats]:
    """Block, row, pair, load and limit of each entry that alone is above a hard limit."""
    ints, floats = np.zeros((3, 0), dtype=np.int64), np.zeros((2, 0))
    for number, block in enumerate(model.blocks):
        band = block.function
        if not isinstance(band, Band):
            continue
        entries = block.matrix.tocoo()
        eased = np.zeros(block.rows, dtype=bool)
        eased[entries.row[entries.data < 0]] = True
        limit = band.upper[entries.row]
        over = (entries.data > limit + slack_of(limit)) & ~eased[entries.row]
        where = np.full(int(over.sum()), number), entries.row[over], entries.col[over]
        ints = np.hstack([ints, np.vstack(where)])
        floats = np.hstack([floats, np.vstack([entries.data[over], limit[over]])])
    return ints[0], ints[1], ints[2], floats[0], floats[1]


def _finding(rule: str, where: str, amount: float, message: str) -> Finding:
    return Finding(
        rule=rule,
        weight=Weight.BREACH,
        where=where,
        amount=amount,
        unit="accounts",
        message=message,
    )
