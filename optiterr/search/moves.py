"""Moves of accounts between reps, at random and ever more careful, over the pairs worth a look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.part import entries, has_choice
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
        pair = pair[has_choice(core, pair)]
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


@dataclass(frozen=True, eq=False)
class Standing:
    """Where the accounts of a field stand in a plan; the loops change its arrays in place.

    ``choice`` holds the place in the field of each account's pair, ``load`` and ``charge`` what the
    field's rows carry and cost by ``lines``, ``total`` what ceilings add up to. The first
    ``seats[r]`` entries of ``seat`` from ``seat_first[r]`` on are the accounts of rep ``r``, and
    ``seat_of`` is the place of each account there.
    """

    lines: Lines
    choice: Ints
    load: Floats
    charge: Floats
    total: Floats
    seat_first: Ints
    seat: Ints
    seat_of: Ints
    seats: Ints

    @classmethod
    def of(cls, field: Field, whole: Ints, load: Floats, lines: Lines) -> Standing:
        """The accounts of ``field`` as in the plan ``whole``, whose rows carry ``load``."""
        choice = field.inside(whole)
        own, now = lines.of(field.rows), load[field.rows]
        rep = field.rep[choice]
        seats = np.bincount(rep, minlength=len(field.reps))
        room = np.bincount(field.rep, minlength=len(field.reps))
        seat_first = np.concatenate([[0], np.cumsum(room)])
        order = np.argsort(rep, kind="stable")
        rank = np.arange(len(order)) - np.repeat(np.cumsum(seats) - seats, seats)
        seat = np.zeros(seat_first[-1], dtype=np.int64)
        seat[seat_first[rep[order]] + rank] = order
        seat_of = np.empty(len(choice), dtype=np.int64)
        seat_of[order] = rank
        total = lines.added(lines.charge(load))
        return cls(own, choice, now, own.charge(now), total, seat_first, seat, seat_of, seats)


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

    if tries <= 0 or not len(field.account) or (active is not None and not len(active)):
        return whole[field.account], np.zeros(len(field.rows))
    at = Standing.of(field, whole, load, lines)
    before = at.load.copy()
    anneal(
        field.start,
        field.rep,
        field.cost,
        field.first,
        field.row,
        field.value,
        at.choice,
        at.load,
        at.charge,
        at.lines.first,
        at.lines.at,
        at.lines.level,
        at.lines.slope,
        at.lines.before,
        at.lines.sink,
        at.total,
        at.lines.most,
        at.lines.dear,
        at.seat_first,
        at.seat,
        at.seat_of,
        at.seats,
        np.arange(len(at.choice)) if active is None else active,
        tries,
        hot,
        cold,
        random_state(seed),
    )
    return field.pair[at.choice], at.load - before


def random_state(seed: int) -> NDArray[np.uint64]:
    """The state of the loops' random numbers from a seed whose bits are mixed, never 0
    (splitmix64, Steele, Lea and Flood, 2014)."""
    whole = 2**64 - 1
    z = (seed + 0x9E3779B97F4A7C15) & whole
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & whole
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & whole
    return np.array([(z ^ (z >> 31)) or 1], dtype=np.uint64)
