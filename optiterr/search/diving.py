"""A plan from the relaxation: divided accounts are settled few at a time, the weightiest first.

After each few the relaxation is solved again from where it stood, so that the others can answer
(diving; Berthold, *Primal heuristics for mixed integer programs*, 2006). Where there are many reps,
accounts that have no rep in common are settled together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.part import entries
from optiterr.search.relaxation import Relaxed, Restricted

CLEAR = 0.9
"""An account with this much at one rep gets that rep untried."""

OPTIONS = 3
"""So many reps are tried for a divided account."""

CALM, CALM_RISE = 12, 2e-5
"""A dive ends when so many accounts in a row raised the relaxation by less than this share each."""

MOST_TRIED = 300
"""Of more reps, accounts are settled many at a time and untried, each at the rep with most of it:
programs are large there and settle one account of hundreds."""

APART = 0.1
"""Accounts that are settled together weigh at least so much of the weightiest."""

APART_RISE = 4e-4
"""There a dive ends when each account raised the relaxation by less than this share of what it is
for one rep."""


def dive(
    core: Core, relaxed: Relaxed, unit: Floats, over: Callable[[], bool]
) -> tuple[Relaxed, int]:
    """The relaxation with its weightiest divided accounts made whole, and a choice for the others;
    and how many were.

    Ends when the rest is light, when hard rules leave no way on, or when ``over()``. The choice may
    miss hard limits, and the bound holds for nothing but this dive.
    """
    kernel = relaxed.kernel
    if kernel is None or not len(relaxed.divided):
        return relaxed, 0
    now = relaxed
    dear = dearness(relaxed, unit)
    calm = settled = 0
    many = core.reps > MOST_TRIED
    least = (APART_RISE / core.reps if many else CALM_RISE) * max(1.0, abs(now.bound))
    while calm < CALM and not over() and len(now.divided):
        solved, count = _settle_apart(core, kernel, now, dear) if many else (None, 0)
        if solved is None:
            solved, count = _settle(core, kernel, now, dear, over), 1
        if solved is None:
            break
        light = solved.bound - now.bound <= count * least
        calm = calm + count if light else 0
        now = solved
        settled += count
    return replace(now, kernel=kernel), settled


def dearness(relaxed: Relaxed, unit: Floats) -> Floats:
    """What a unit of each row is worth: its price, or a part of ``unit`` where that is more."""
    return np.maximum(np.abs(relaxed.price), 0.1 * unit)


def _settle(
    core: Core, kernel: Restricted, now: Relaxed, dear: Floats, over: Callable[[], bool]
) -> Relaxed | None:
    """The relaxation with the weightiest divided account at the rep where it costs least."""
    part, x = kernel.part, kernel.x
    account = int(now.divided[np.argmax(weights(core, kernel, now, dear))])
    local = int(np.searchsorted(part.account, account))
    own = np.arange(part.model.pairs.start[local], part.model.pairs.start[local + 1])
    ranked = own[np.argsort(-x[own], kind="stable")]
    options = ranked[:1] if x[ranked[0]] >= CLEAR else ranked[:OPTIONS][x[ranked[:OPTIONS]] > 0]
    best, best_place = None, -1
    for place in options.tolist():
        others = own[own != place]
        kernel.hold(others)
        solved = kernel.solve()
        if solved is None or solved.infeasible:
            pass
        elif best is None or solved.bound < best.bound:
            best, best_place = solved, place
        kernel.hold(others, 1.0)
        if over():
            break
    if best is None:
        return None
    kernel.hold(own[own != best_place])
    return kernel.solve() if len(options) > 1 and place != best_place else best


def _settle_apart(
    core: Core, kernel: Restricted, now: Relaxed, dear: Floats
) -> tuple[Relaxed | None, int]:
    """The relaxation with weighty divided accounts that have no rep in common each at the rep that
    has most of it, and how many they are; None where hard rules do not allow it."""
    part, x = kernel.part, kernel.x
    weight = weights(core, kernel, now, dear)
    order = np.argsort(-weight, kind="stable")
    weighty = order[weight[order] >= APART * weight[order[0]]]
    taken = np.zeros(core.reps, dtype=bool)
    out: list[Ints] = []
    for local in np.searchsorted(part.account, now.divided[weighty]).tolist():
        own = np.arange(part.model.pairs.start[local], part.model.pairs.start[local + 1])
        reps = core.pairs.rep[part.pair[own]]
        if not taken[reps].any():
            taken[reps] = True
            out.append(np.delete(own, np.argmax(x[own])))
    others = np.concatenate(out)
    kernel.hold(others)
    solved = kernel.solve()
    if solved is None or solved.infeasible:
        kernel.hold(others, 1.0)
        return None, 0
    return solved, len(out)


def weights(core: Core, kernel: Restricted, now: Relaxed, dear: Floats) -> Floats:
    """How much each divided account weighs: what its loads are worth, times how divided it is."""
    place = np.searchsorted(kernel.part.pair, now.choice[now.divided])
    share = kernel.x[place]
    return np.asarray(worth(core, now.choice[now.divided], dear) * (0.05 + share * (1 - share)))


def worth(core: Core, pair: Ints, dear: Floats) -> Floats:
    """What the loads of each pair in ``pair`` are worth where a unit of a row is worth ``dear``."""
    row, col, value = entries(core, pair)
    found = np.bincount(col, np.abs(value) * dear[row], minlength=len(pair))
    return found.astype(float)
