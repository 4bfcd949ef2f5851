"""Prices of the relaxation once more, with the weightiest accounts whole where a plan has them.

The relaxation divides weighty accounts among reps, and its prices tell nothing of the rows that one
of them bends when it is whole. Once a plan has settled where they go, the relaxation of all the
others answers that, and its prices, regrets and loads are what moves go by from then on. They prove
nothing about the model: its bound stays that of the first prices.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from time import perf_counter

import numpy as np

from optiterr.search.ascent import Passes
from optiterr.search.core import Core, Floats, Ints, Mask
from optiterr.search.diving import worth
from optiterr.search.relaxation import Relaxed, Restricted

HELD_A_REP = 2
"""Accounts that are held, the weightiest, for each rep."""

ROUNDS = 4
"""Rounds of solving and pricing at most."""

CLOSE = 1e-5
"""A round ends it that lowers the value by no more, relative to the value."""


def repriced(
    core: Core, found: Relaxed, plan: Ints, dear: Floats, threads: int, end: float
) -> tuple[Relaxed, Floats] | None:
    """The relaxation ``found`` with the weightiest accounts as in ``plan``, and regrets at its
    prices; its bound is that of ``found``.

    An account weighs what its loads are worth at ``dear``, one for each row. None where there is
    nothing to go by, or HiGHS does not get there before the clock shows ``end``.
    """
    kernel = found.kernel
    if kernel is None:
        return None
    held = np.argsort(-worth(core, plan, dear), kind="stable")[: HELD_A_REP * core.reps]
    open_ = np.ones(core.accounts, dtype=bool)
    open_[held] = False
    allowed = open_[core.pairs.account]
    allowed[plan[held]] = True
    kept = np.zeros(len(allowed), dtype=bool)
    kept[kernel.part.pair] = True
    kept[found.choice] = True
    kept &= allowed
    kept[plan] = True
    now, answer = found, None
    with closing(Passes(core, threads)) as passes:
        for _ in range(ROUNDS):
            _, regret, _, _ = passes.regrets(now.price)
            least = np.minimum.reduceat(np.where(kept, regret, np.inf), core.pairs.start[:-1])
            kept |= allowed & (regret < least[core.pairs.account])
            whole = now.choice.copy()
            whole[held] = plan[held]
            solved = _solved(core, kept, whole, now.price, end)
            if solved is None:
                break
            settled = answer is not None and now.bound - solved.bound <= CLOSE * abs(now.bound)
            now = answer = solved
            if settled:
                break
        if answer is None:
            return None
        _, regret, _, _ = passes.regrets(answer.price)
    return replace(answer, bound=found.bound, kernel=None), regret


def _solved(core: Core, kept: Mask, whole: Ints, price: Floats, end: float) -> Relaxed | None:
    """The relaxation over the pairs ``kept``; None unless it is solved before the clock shows
    ``end``."""
    left = end - perf_counter()
    if left <= 0.0:
        return None
    solved = Restricted(core, np.flatnonzero(kept), whole, price, left).solve()
    return None if solved is None or solved.infeasible else solved
