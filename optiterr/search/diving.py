"""A plan from the relaxation: divided accounts are settled few at a time, the weightiest first.

After each few the relaxation is solved again from where it stood, so that the others can answer
(diving; Berthold, *Primal heuristics for mixed integer programs*, 2006). Several threads try one
account each, of those that have no rep in common. Where there are many reps, all such accounts are
settled together, untried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

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
    core: Core, relaxed: Relaxed, unit: Floats, over: Callable[[], bool], threads: int = 1
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
    kernels = [kernel] if many else [kernel, *(kernel.twin() for _ in range(threads - 1))]
    least = (APART_RISE / core.reps if many else CALM_RISE) * max(1.0, abs(now.bound))
    with ThreadPoolExecutor(len(kernels)) as pool:
        while calm < CALM and not over() and len(now.divided):
            weight, x = weights(core, kernel, now, dear), kernel.x
            order = np.argsort(-weight, kind="stable")
            heavy, weight = now.divided[order], weight[order]
            solved, count = None, 0
            if many:
                solved, count = _settle_apart(core, kernel, x, heavy[weight >= APART * weight[0]])
            if solved is None:
                solved, count = _settle(core, kernels, x, heavy, over, pool)
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
    core: Core,
    kernels: Sequence[Restricted],
    x: Floats,
    heavy: Ints,
    over: Callable[[], bool],
    pool: ThreadPoolExecutor,
) -> tuple[Relaxed | None, int]:
    """The relaxation with the first of the accounts ``heavy``, one for each kernel, at the rep
    where each costs least, and how many they are; None where hard rules do not allow it.

    ``x`` is the relaxed plan over the kernel's pairs.
    """
    first = kernels[0]
    apart = islice(_apart(core, first, heavy), len(kernels))
    jobs = [
        pool.submit(_left_out, kernel, own, x[own], over)
        for kernel, own in zip(kernels, apart, strict=False)
    ]
    others = [found for job in jobs if (found := job.result()) is not None]
    while others:
        out = np.concatenate(others)
        for kernel in kernels:
            kernel.hold(out)
        solved = first.solve()
        if solved is not None and not solved.infeasible:
            return solved, len(others)
        # Together they may break what each of them keeps.
        for kernel in kernels:
            kernel.hold(out, 1.0)
        others = others[:-1]
    return None, 0


def _left_out(kernel: Restricted, own: Ints, x: Floats, over: Callable[[], bool]) -> Ints | None:
    """The places of an account's pairs ``own`` but for the cheapest of those that the relaxation
    has most of, ``x`` of each; None where hard rules allow none."""
    ranked = np.argsort(-x, kind="stable")
    several = ranked[:OPTIONS][x[ranked[:OPTIONS]] > 0]
    best, others = np.inf, None
    for at in (ranked[:1] if x[ranked[0]] >= CLEAR else several).tolist():
        left = np.delete(own, at)
        kernel.hold(left)
        solved = kernel.solve()
        kernel.hold(left, 1.0)
        if solved is not None and not solved.infeasible and solved.bound < best:
            best, others = solved.bound, left
        if over():
            break
    return others


def _apart(core: Core, kernel: Restricted, accounts: Ints) -> Iterator[Ints]:
    """The places of the pairs of each of ``accounts`` that has no rep in common with one before."""
    part, taken = kernel.part, np.zeros(core.reps, dtype=bool)
    for local in np.searchsorted(part.account, accounts).tolist():
        own = np.arange(part.model.pairs.start[local], part.model.pairs.start[local + 1])
        reps = core.pairs.rep[part.pair[own]]
        if not taken[reps].any():
            taken[reps] = True
            yield own


def _settle_apart(
    core: Core, kernel: Restricted, x: Floats, heavy: Ints
) -> tuple[Relaxed | None, int]:
    """The relaxation with those of the accounts ``heavy`` that have no rep in common each at the
    rep that has most of it in ``x``, and how many they are; None where hard rules do not allow
    it."""
    out = [np.delete(own, np.argmax(x[own])) for own in _apart(core, kernel, heavy)]
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
