"""Chains and cycles of moves: an account goes to a rep, one of whose accounts goes on, and so on.

Each rep of a cycle gives one account and takes one, so that no capacity need have room (ejection
chains, Glover, 1996; cyclic exchanges, Thompson and Psaraftis, 1993; for assignment under
capacities, Yagiura, Ibaraki and Glover, 2004). Steps are judged by regrets at the row prices and by
the rows of one rep alone; a whole chain is counted by all rows before it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.moves import Field, Standing, random_state
from optiterr.search.points import Lines

BREADTH = (8, 4, 2, 1, 1)
"""From the first account so many ways on are followed, from the second so many of each, …"""

LOOK = 80
"""Accounts of a rep that are looked at for the next step, at most."""

STIFF = 256.0
"""How much dearer missed limits are while chains are made."""

SEATS_A_SECOND = 4_000_000
"""Accounts that a usual machine looks at in a second: time for chains is handed out in them."""

MOST_OWN = 12
"""Rows of one rep that steps are judged by, at most; others only count when a chain is made."""

LEAST = 1e-9
"""A chain must gain this share of the size of the plan's cost."""


@dataclass(frozen=True, eq=False)
class Table:
    """Pairs as chains see them: ``row`` holds the rows that only one rep loads, shape (reps, width)
    and -1 where there is none, ``amount`` what each pair adds to those of its rep; ``reduced`` is
    its cost at the row prices ``price``, and ``floor`` the least that a row can cost above them.
    """

    row: Ints
    amount: Floats
    reduced: Floats
    price: Floats
    floor: Floats

    @classmethod
    def of(cls, field: Field, price: Floats, lines: Lines) -> Table:
        """The pairs of ``field`` at the row prices ``price`` of all rows; ``lines`` of its own.

        A price beyond what its row can charge is moved to the nearest one that is not.
        """
        rows, reps = len(field.rows), len(field.reps)
        price = lines.within(price[field.rows])
        col = np.repeat(np.arange(len(field.pair)), np.diff(field.first))
        by = field.rep[col]
        low, high = np.full(rows, reps), np.full(rows, -1)
        np.minimum.at(low, field.row, by)
        np.maximum.at(high, field.row, by)
        own = np.flatnonzero((low == high) & (lines.sink < 0))
        own = own[np.argsort(low[own], kind="stable")]
        count = np.bincount(low[own], minlength=reps)
        place = np.arange(len(own)) - np.repeat(np.cumsum(count) - count, count)
        own, place = own[place < MOST_OWN], place[place < MOST_OWN]
        width = int(place.max(initial=-1)) + 1
        row = np.full((reps, width), -1)
        row[low[own], place] = own
        slot = np.full(rows, -1)
        slot[own] = place
        amount = np.zeros((len(field.pair), width))
        at = slot[field.row]
        np.add.at(amount, (col[at >= 0], at[at >= 0]), field.value[at >= 0])
        reduced = field.cost + np.bincount(
            col, field.value * price[field.row], minlength=len(field.pair)
        )
        return cls(row, amount, reduced, price, lines.floor(price))


def handed(field: Field, at: Standing, price: Floats) -> tuple[Any, Any]:
    """What the loops of chains and trades take: what stays, and what changes."""
    from optiterr.search.chain_kernels import Given, Stand

    own, table = at.lines, Table.of(field, price, at.lines)
    given = Given(
        field.start,
        field.rep,
        field.cost,
        field.first,
        field.row,
        field.value,
        table.row,
        table.amount,
        table.reduced,
        table.price,
        table.floor,
        own.first,
        own.at,
        own.level,
        own.slope,
        own.before,
        own.sink,
        own.most,
        own.dear,
    )
    stand = Stand(
        at.choice, at.load, at.charge, at.total, at.seat_first, at.seat, at.seat_of, at.seats
    )
    return given, stand


def least_gain(core: Core, whole: Ints) -> float:
    """What a change of the plan ``whole`` must gain to be more than rounding."""
    return LEAST * max(1.0, float(np.abs(core.cost[whole]).sum()))


def exchanged(
    core: Core,
    field: Field,
    whole: Ints,
    load: Floats,
    lines: Lines,
    price: Floats,
    seed: int,
    work: int,
    shaken: bool = False,
) -> tuple[Ints, Floats]:
    """What chains make of the field's accounts: their pairs, and the change of the loads of the
    field's rows. The plan ``whole``, whose rows carry ``load``, gets no dearer by ``lines``.

    Without ``shaken``, chains from every account are made until none gains; with it, random kicks
    are mended by chains and kept where that gains. About ``work`` accounts are looked at.
    """
    from optiterr.search.chain_kernels import exchange, shake

    if work <= 0 or not len(field.account):
        return whole[field.account], np.zeros(len(field.rows))
    at = Standing.of(field, whole, load, lines)
    before = at.load.copy()
    given, stand = handed(field, at, price)
    breadth, state = np.array(BREADTH), random_state(seed)
    least = least_gain(core, whole)
    if shaken:
        shake(given, stand, breadth, LOOK, least, work, state)
    else:
        order = np.random.default_rng(seed).permutation(len(at.choice))
        exchange(given, stand, order, breadth, LOOK, least, work, state)
    return field.pair[at.choice], at.load - before
