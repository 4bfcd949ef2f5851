"""Trades between two reps: up to four accounts change hands at once, drawn by what that costs.

Where reps have many accounts, hardly any two of them are so alike that swapping them keeps what is
balanced; of the ways to trade two for two there are so many that some do. They are found by halves:
all sets of up to two accounts, sorted by what they move in the row that is bent most, and to each
the sets that fit it (Horowitz and Sahni, 1974). Of all trades of a pair of reps, and of making
none, one is drawn in proportion to ``exp(-cost / heat)``: plans cool as they do by single moves,
but go on doing so where those are stuck.
"""

from __future__ import annotations

import numpy as np

from optiterr.search.chains import BREADTH, handed, least_gain
from optiterr.search.core import Core, Floats, Ints
from optiterr.search.ground import neighbours
from optiterr.search.moves import Field, Standing, random_state
from optiterr.search.points import Lines

FEW = 8
"""Accounts on each side that take part in a trade, at most; of more, as many at random."""

REACH = 4.0
"""Accounts whose move costs up to so many times the heat take part."""


def traded(
    core: Core,
    field: Field,
    whole: Ints,
    load: Floats,
    lines: Lines,
    seed: int,
    price: Floats,
    heats: Floats,
) -> tuple[Ints, Floats]:
    """What trades make of the field's accounts: their pairs, and the change of the loads of the
    field's rows.

    For each of ``heats`` so many pairs of reps are drawn as share accounts. Trades are looked for
    at the row prices ``price`` of rows that several reps load, and counted by all rows before they
    are made. At heat 0 the best one is, and the plan ``whole``, whose rows carry ``load``, gets no
    dearer by ``lines``.
    """
    from optiterr.search.trade_kernels import trade

    still = whole[field.account], np.zeros(len(field.rows))
    if not len(field.account):
        return still
    reps = int(field.reps[-1]) + 1
    shared = neighbours(core, field.pair, whole, reps)[field.reps][:, field.reps].tocoo()
    once = shared.row < shared.col
    one, other = shared.row[once].astype(np.int64), shared.col[once].astype(np.int64)
    if not len(one):
        return still
    at = Standing.of(field, whole, load, lines)
    before = at.load.copy()
    given, stand = handed(field, at, price)
    least, state = least_gain(core, whole), random_state(seed)
    trade(given, stand, np.array(BREADTH), one, other, FEW, REACH, heats, least, state)
    return field.pair[at.choice], at.load - before
