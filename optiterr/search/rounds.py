"""Moves in rounds: a short cooling, so that a plan is there early, then ever longer ones, or as
many as there is time for, whose plans are put together two by two."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

import numpy as np

from optiterr.search.chains import STIFF
from optiterr.search.cooling import (
    BLOCK,
    GENTLE,
    TIGHT,
    WARM,
    Cooling,
    cooled,
    linked,
    mended,
    simmered,
    simmers,
)
from optiterr.search.core import Ints
from optiterr.search.ground import Ground
from optiterr.search.merging import Costed, Plans, knockout
from optiterr.search.watch import Watch
from optiterr.solution import Limits

SHARE, HUNTED = 0.7, 0.58
"""Moves end when this share of the time is gone; at the second one where neighbourhoods then gain
more: of few accounts a rep, and too many to put plans together beside them."""

TRIES_A_SECOND = 1_500_000
"""Moves that a usual machine tries in a second: the time for moves is handed out in tries."""

TRIES_AN_ACCOUNT = 4000
"""Tries for each account of the first cooling, at most; in each later round there are twice as
many as in the one before."""

COLD = 0.6
"""Where trades follow, a cooling ends when this share of the time that is left is gone."""

EARLY = 8
"""The first of several rounds of cooling takes one part in so many: a plan is there early."""

ROUNDS = 5
"""Rounds of cooling where one block holds all reps, at most: in the first two both ways, then the
better one, for as long as that makes better plans."""

FEW_ROUNDS = 2
"""Rounds of cooling where plans are put together afterwards, at most."""

MOST_MERGED, EACH_MERGED = 2_500, 50
"""Plans are put together beside neighbourhoods in models of so many accounts at most, and of so
many a rep at least: of fewer, small programs of a few reps do better."""

PLANS, MOST_PLANS = 16, 64
"""So many plans are cooled to be put together two by two; where there is time for longer coolings
than are of use, more of them, up to the second number."""

COOLED, PAIRED, END = 0.6, 0.05, 0.85
"""Cooling plans to be put together ends at the first share of the time, putting them together at
the last; each two take at most the second."""

PAYS = 0.003
"""Plans are put together two by two where the first two, put together, close so much of the gap."""


class Rounds:
    """The plans that moves make of ``first``; ``watch`` hears of those that keep the hard rules.

    ``plans`` keeps them; ``merge`` tells whether they are worth being put together, ``large``
    whether to look for better prices once there is one. Unless ``sought``, ``first`` is good
    already, and is only looked around.
    """

    def __init__(
        self, ground: Ground, watch: Watch, first: Ints, limits: Limits, sought: bool
    ) -> None:
        self._ground, self._watch, self._limits, self._sought = ground, watch, limits, sought
        self._first = first
        self._best: Costed = (first, np.inf)
        # One block is cooled by one thread: the others cool with other numbers, the best counts.
        accounts, reps = ground.core.accounts, ground.core.reps
        self._several = sought and reps <= 2 * BLOCK
        self.merge = self._several and EACH_MERGED * reps <= accounts <= MOST_MERGED
        self.large = self._several and accounts > MOST_MERGED
        self._simmers = self.large and simmers(ground.core)
        self._end = watch.until(HUNTED if self.large and not self._simmers else SHARE)
        seconds = max(self._end - perf_counter(), 0.05 * limits.seconds)
        self._tries = int(seconds * TRIES_A_SECOND)
        self._most = TRIES_AN_ACCOUNT * accounts
        self._pays = False
        self._ways = [TIGHT, GENTLE] * max(1, limits.threads // 2)
        self._turn = 0
        if self._several:
            self._most = min(self._most, self._tries // EARLY)
        self._short = self._most
        self.plans = Plans()

    @property
    def choice(self) -> Ints:
        """The best plan so far; it may miss hard limits."""
        return self._best[0]

    def early(self, threads: int) -> None:
        """The first of several rounds; nothing where there is only one."""
        if not self._several or self._over(self._end):
            return
        self._round(threads)
        if not self.merge:
            if self.large and len(self._whole()) < 2:
                # Whether it pays to put plans together is seen at two.
                self._side_by_side(self._short, self._ways, 50, threads, self._end)
            best, before = self._best, self._watch.worth
            self._together(threads, 2)
            gap = before - self._watch.bound
            self._pays = np.isfinite(before) and before - self._watch.worth >= PAYS * gap
            if not self._pays:
                # The next round need not be better than that.
                self._best = best

    def go_by(self, ground: Ground) -> None:
        """Make further plans by what ``ground`` tells, from its own on."""
        if ground is not self._ground:
            self._ground, self._first = ground, ground.found.choice

    def rest(self, threads: int, most: float = np.inf) -> None:
        """All rounds that are left, for as long as they make better plans, in ``most`` seconds.

        None where a large model's plans simmer and there is one: neighbourhoods make more of it.
        """
        seconds = max(0.0, min(most, self._end - perf_counter()))
        self._end = min(self._end, perf_counter() + seconds)
        self._tries = min(self._tries, int(seconds * TRIES_A_SECOND))
        if self._over(self._end) or (self._simmers and self._watch.best is not None):
            return
        if not self._several:
            how = GENTLE if self._sought else WARM
            tries = min(self._tries * threads, self._most) // (1 if self._sought else 20)
            seed = self._limits.seed
            self._best = self._told(self._cooled(tries, seed, threads, how, self._end))
        elif self._pays:
            self._paired(threads)
        else:
            most = FEW_ROUNDS if self.merge else ROUNDS
            while self._turn < most and self._tries > 0 and self._round(threads):
                pass

    def another(self, seed: int) -> tuple[Ints, float, float]:
        """One more plan, made as shortly as those of the first round, and its cost; and how many
        seconds of a usual machine that takes. Threads may ask side by side."""
        how = GENTLE if seed % 2 else TIGHT
        choice, cost = self._told(self._cooled(self._short, seed, 1, how, self._watch.end))
        return choice, cost, self._short / TRIES_A_SECOND

    def _round(self, threads: int) -> bool:
        """Make one more round; whether it made a better plan and there may be another."""
        each = min(self._tries, self._most)
        before = self._best
        found = self._side_by_side(each, self._ways, 100 * self._turn, threads, self._end)
        self._tries -= each * len(self._ways) // min(len(self._ways), threads)
        self._most *= 2
        if self._turn > 0:
            self._ways = [self._ways[int(np.argmin([cost for _, cost in found]))]] * threads
        self._turn += 1
        return self._best is not before and not self._watch.over()

    def _paired(self, threads: int) -> None:
        """Plans of many short coolings, put together two by two."""
        end = min(self._end, self._watch.until(COOLED))
        tries = int(max(0.0, end - perf_counter()) * threads * TRIES_A_SECOND)
        each = max(1, min(self._most, tries // PLANS))
        ways = [(GENTLE, TIGHT)[at % 2] for at in range(min(tries // each, MOST_PLANS))]
        self._side_by_side(each, ways, 100, threads, end)
        self._together(threads)

    def _together(self, threads: int, most: int | None = None) -> None:
        """The plans so far put together two by two; the ``most`` cheapest of them only."""
        core, seconds = self._ground.core, self._limits.seconds
        whole = sorted(self._whole(), key=lambda one: one[1])[:most]
        if whole:
            end = self._watch.until(END)
            choice, _ = knockout(core, self._watch, whole, PAIRED * seconds, threads, end)
            self._best = choice, self._cost(choice)
            self.plans.add(*self._best)

    def _whole(self) -> list[Costed]:
        """The plans so far that keep the hard rules, and what they cost."""
        plans = [(choice, self._ground.core.worth(choice)) for choice, _ in self.plans.every()]
        return [one for one in plans if np.isfinite(one[1])]

    def _side_by_side(
        self, tries: int, ways: Sequence[Cooling], seed: int, threads: int, end: float
    ) -> list[Costed]:
        """One plan for each of ``ways``, until the clock shows ``end``; kept, and told."""
        seed += self._limits.seed
        with ThreadPoolExecutor(threads) as pool:
            jobs = [
                pool.submit(self._cooled, tries, seed + number, 1, how, end)
                for number, how in enumerate(ways)
            ]
            found = [self._told(job.result()) for job in jobs]
        for choice, cost in found:
            self.plans.add(choice, cost)
        self._best = min([self._best, *found], key=lambda one: one[1])
        return found

    def _over(self, end: float) -> bool:
        return perf_counter() > end or self._watch.over()

    def _cooled(self, tries: int, seed: int, threads: int, how: Cooling, end: float) -> Costed:
        """A plan by cooling, trades, mending and chains, and its cost; missed limits are very dear
        in it. Nothing but the first plan once the clock shows ``end``."""
        if self._over(end):
            return self._first, np.inf
        ground, over = self._ground, partial(self._over, end)
        now = perf_counter()
        cold = now + COLD * (end - now) if simmers(ground.core) else end
        choice = cooled(ground, self._first, tries, seed, threads, over, how, cold)
        choice = simmered(ground, choice, seed, threads, over, end)
        whole = mended(ground, choice, seed, self._watch.over)
        choice = linked(ground, whole, seed, threads, over, end)
        worth = ground.core.worth
        if not np.isfinite(worth(choice)) and np.isfinite(worth(whole)):
            # A little of a limit was worth missing: moves had driven out what is dearer still.
            choice = whole
        return choice, self._cost(choice)

    def _told(self, made: Costed) -> Costed:
        """The same plan, offered: in the order in which plans were asked for, not made."""
        self._watch.offer(made[0], self._ground.core.worth(made[0]))
        return made

    def _cost(self, choice: Ints) -> float:
        """The cost of a plan, missed limits being very dear."""
        return self._ground.cost(choice, self._ground.core.loads(choice), STIFF)
