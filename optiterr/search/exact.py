"""The whole model without the pairs that no better plan can use, left to a general solver.

At the prices of the relaxation a plan that uses a pair costs at least the bound and the pair's
regret, and whole accounts may cost more still. Pairs whose plans cost more than the best at hand
may go (reduced-cost fixing); what the solver proves of the rest holds for the whole model.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Self

import numpy as np

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.part import part_of
from optiterr.search.watch import Watch
from optiterr.solution import Improvement, Limits, Status
from optiterr.solvers import highs

MOST_PAIRS = 40_000
"""Programs of more pairs than this are not tried."""

MOST_PROVED = 10_000
"""Of more pairs than this HiGHS hardly gets beyond the root, and plans that it finds count."""

AGAIN, BETTER = 0.3, 0.1
"""When that share of the time is gone, HiGHS begins anew where the plan that it knows of has got
better by that share of what is open: from the better one it sees far more that cannot pay."""

HANDOVER = 1e-5
"""Seconds that one thread may keep Python from another while HiGHS runs beside others."""


def useful(least: Floats, worth: float) -> Ints:
    """The pairs that a plan cheaper than ``worth`` can use; ``least`` is what plans with each cost
    at least."""
    return np.flatnonzero(least <= worth + 1e-9 * max(1.0, abs(worth)))


def few(least: Floats, worth: float) -> bool:
    """Whether HiGHS gets the useful pairs."""
    return len(useful(least, worth)) <= MOST_PAIRS


def finish(core: Core, least: Floats, watch: Watch, limits: Limits, end: float) -> None:
    """Let HiGHS search the useful pairs on one thread, until the clock shows ``end`` at most.

    Where there is a plan, threads on which others look for better ones, and not too many pairs,
    HiGHS is to prove. ``watch`` hears of all it finds. A plan that picks a pair costs at least
    ``least`` of it.
    """
    if _finish(core, least, watch, limits, end, watch.until(AGAIN)):
        _finish(core, least, watch, limits, end, np.inf)


def _finish(
    core: Core, least: Floats, watch: Watch, limits: Limits, end: float, again: float
) -> bool:
    """As :func:`finish`; whether HiGHS, proving, ended since the clock showed ``again`` and others
    had found a much better plan."""
    begin, worth = watch.best, watch.worth
    pair = useful(least, worth)
    if begin is not None:
        pair = np.union1d(pair, begin)
    if len(pair) > MOST_PAIRS or perf_counter() >= end:
        return False
    first = core.pairs.start[:-1] if begin is None else begin
    part = part_of(core, pair, first, core.loads(first))
    start = None
    if begin is None:
        apart = core.constant + _idle(core, part.row)
    else:
        start = part.model.picks(part.choice(first))
        apart = worth - part.model.value(start)
    proving = begin is not None and limits.threads > 1 and len(pair) <= MOST_PROVED
    known = worth

    def overtaken() -> bool:
        if not proving or perf_counter() <= again:
            return False
        return known - watch.worth > BETTER * (watch.worth - watch.bound)

    def told(improvement: Improvement, x: Floats | None = None) -> bool:
        nonlocal known
        if improvement.bound is not None:
            # Every plan that uses a pair left out costs more than the best at hand.
            watch.prove(min(improvement.bound + apart, worth))
        if x is not None:
            picked = part.model.choice(np.asarray(x))
            if (picked >= 0).all():
                better = part.into(first, picked)
                known = core.worth(better)
                watch.offer(better, known)
        return watch.over() or overtaken()

    left = max(end - perf_counter(), 0.05)
    asked = Limits(seconds=left, gap=limits.gap, seed=limits.seed, threads=1)
    answer = highs.solve(part.model, asked, start, told, proving=proving)
    if answer.x is not None:
        picked = part.model.choice(answer.x)
        better = part.into(first, picked)
        watch.offer(better, core.worth(better))
    if answer.bound is not None and answer.status in (Status.OPTIMAL, Status.FEASIBLE):
        watch.prove(min(answer.bound + apart, watch.worth))
    return not watch.over() and overtaken()


class Beside:
    """HiGHS on the useful pairs, on a thread of its own beside the rest of the search."""

    def __init__(self, core: Core, watch: Watch, limits: Limits) -> None:
        self._core, self._watch, self._limits = core, watch, limits
        self._pool = ThreadPoolExecutor(1)
        self._job: Future[None] | None = None
        self._usual = sys.getswitchinterval()

    def begin(self, least: Floats) -> None:
        """Let HiGHS search where the useful pairs are few; see :func:`finish`."""
        watch = self._watch
        if watch.over() or not few(least, watch.worth):
            return
        # HiGHS asks Python hundreds of times a second whether to stop, and would wait 5 ms each
        # time while another thread computes.
        sys.setswitchinterval(HANDOVER)
        self._job = self._pool.submit(finish, self._core, least, watch, self._limits, watch.end)

    @property
    def busy(self) -> bool:
        """Whether HiGHS has a thread."""
        return self._job is not None

    @property
    def threads(self) -> int:
        """Threads that are left to others."""
        return self._limits.threads - self.busy

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Waits for HiGHS, which ends when the search is over."""
        try:
            if self._job is not None:
                self._job.result()
        finally:
            sys.setswitchinterval(self._usual)
            self._pool.shutdown()


def _idle(core: Core, row: Ints) -> float:
    """What the rows beside ``row``, which no pair loads, are charged in every plan."""
    idle = np.ones(core.rows, dtype=bool)
    idle[row] = False
    total = 0.0
    for start, block in zip(core.row_start, core.blocks, strict=False):
        own = idle[start : start + block.rows]
        if own.any():
            total += float(block.function.value(np.zeros(block.rows))[own].sum())
    return total
