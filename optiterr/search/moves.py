"""Moves of accounts between reps, at random and ever more careful, over the pairs worth a look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.part import entries
from optiterr.search.points import Lines


@dataclass(frozen=True, eq=False)
class Field:
    """The pairs ``pair`` of a core that moves may use, laid out by account.

    ``account`` holds the accounts that have a choice among them, ``rows`` the rows that they load
    and ``reps`` their reps; ``start``, ``rep``, ``cost``, ``first``, ``row`` and ``value`` are as
    in :class:`Core`, counted among these pairs, accounts, rows and reps only.
    """

    pair: Ints
    account: Ints
    start: Ints
    rep: Ints
    cost: Floats
    first: Ints
    row: Ints
    value: Floats
    rows: Ints
    reps: Ints

    @classmethod
    def of(cls, core: Core, pair: Ints) -> Field:
        """The field over rising positions ``pair``; accounts with one of them have no choice."""
        owner = core.pairs.account[pair]
        count = np.bincount(owner, minlength=core.accounts)
        pair = pair[count[owner] > 1]
        account, count = np.unique(core.pairs.account[pair], return_counts=True)
        row, col, value = entries(core, pair)
        first = np.concatenate([[0], np.cumsum(np.bincount(col, minlength=len(pair)))])
        reps, rep = _counted(core.pairs.rep[pair].astype(np.int64))
        rows, row = _counted(row)
        return cls(
            pair,
            account.astype(np.int64),
            np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            rep,
            core.cost[pair],
            first.astype(np.int64),
            row,
            value,
            rows,
            reps,
        )

    def inside(self, whole: Ints) -> Ints:
        """The place in ``pair`` of each account's pick in ``whole``; ValueError without one."""
        picked = whole[self.account]
        at = np.minimum(np.searchsorted(self.pair, picked), max(len(self.pair) - 1, 0))
        if len(picked) and (self.pair[at] != picked).any():
            raise ValueError("a pick of the plan is not among the pairs of the field")
        return at


def _counted(values: Ints) -> tuple[Ints, Ints]:
    """The different values in rising order, and the place of each value among them."""
    used = np.zeros(int(values.max(initial=-1)) + 1, dtype=bool)
    used[values] = True
    place = np.cumsum(used) - 1
    return np.flatnonzero(used), place[values]


def wander(
    core: Core,
    field: Field,
    whole: Ints,
    load: Floats,
    lines: Lines,
    tries: int,
    hot: float,
    cold: float,
    seed: int,
    active: Ints | None = None,
) -> tuple[Ints, Floats]:
    """What ``tries`` random changes make of the field's accounts: their pairs, and the change of
    the loads of the field's rows.

    Worse changes are taken ever more seldom, from heat ``hot`` down to ``cold``. ``active`` are the
    places of the accounts that begin a change, all unless given. ``whole`` and ``load`` stay.
    """
    from optiterr.search.kernels import anneal

    choice = field.inside(whole)
    if not len(choice) or tries <= 0 or (active is not None and not len(active)):
        return whole[field.account], np.zeros(len(field.rows))
    own = lines.of(field.rows)
    now = load[field.rows]
    before = now.copy()
    total = lines.added(lines.charge(load))
    seats = np.bincount(field.rep[choice], minlength=len(field.reps))
    room = np.bincount(field.rep, minlength=len(field.reps))
    seat_first = np.concatenate([[0], np.cumsum(room)])
    seat = np.zeros(seat_first[-1], dtype=np.int64)
    order = np.argsort(field.rep[choice], kind="stable")
    seat_of = np.empty(len(choice), dtype=np.int64)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(seats) - seats, seats)
    seat_of[order] = rank
    seat[seat_first[field.rep[choice[order]]] + rank] = order
    anneal(
        field.start,
        field.rep,
        field.cost,
        field.first,
        field.row,
        field.value,
        choice,
        now,
        own.charge(now),
        own.first,
        own.at,
        own.level,
        own.slope,
        own.before,
        own.sink,
        total,
        own.most,
        own.dear,
        seat_first,
        seat,
        seat_of,
        seats,
        np.arange(len(choice)) if active is None else active,
        tries,
        hot,
        cold,
        np.array([_spread(seed)], dtype=np.uint64),
    )
    return field.pair[choice], now - before


def _spread(seed: int) -> int:
    """A seed whose bits are mixed, never 0 (splitmix64, Steele, Lea and Flood, 2014)."""
    whole = 2**64 - 1
    z = (seed + 0x9E3779B97F4A7C15) & whole
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & whole
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & whole
    return (z ^ (z >> 31)) or 1
