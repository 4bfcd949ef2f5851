"""Several good plans put together: what they agree on stays, the rest is a small program.

Plans that were cooled from other random numbers differ in a few accounts in a hundred. A program
over only the pairs that some of them use is small, and its best plan has the best part of each
(tour merging: Cook and Seymour, 2003). Many plans are put together two by two.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from optiterr.search.core import Core, Ints
from optiterr.search.part import part_of
from optiterr.search.programs import ROOT, solved
from optiterr.search.watch import Watch

Costed = tuple[Ints, float]
"""A plan and its cost."""

MOST = 12
"""So many used plans are kept at most, the cheapest."""


class Plans:
    """Plans that were cooled, the cheapest of them: new ones, and those that were used."""

    def __init__(self) -> None:
        self._used: list[tuple[float, Ints]] = []
        self._new: list[tuple[float, Ints]] = []

    def add(self, choice: Ints, cost: float, *, used: bool = False) -> None:
        """Keep a plan."""
        if used:
            kept = sorted([*self._used, (cost, choice)], key=lambda each: each[0])
            self._used = kept[:MOST]
        else:
            self._new.append((cost, choice))

    def every(self) -> list[Costed]:
        """All plans that are kept."""
        return [(choice, cost) for cost, choice in (*self._used, *self._new)]

    def new(self) -> Ints | None:
        """The cheapest new plan, used from now on; None where there is none."""
        if not self._new:
            return None
        at = int(np.argmin([cost for cost, _ in self._new]))
        cost, choice = self._new.pop(at)
        self.add(choice, cost, used=True)
        return choice

    def used(self, random: np.random.Generator) -> list[Ints]:
        """The plans that were used, shuffled."""
        return [self._used[at][1] for at in random.permutation(len(self._used))]


def differing(plans: Sequence[Ints]) -> Ints:
    """The pairs that ``plans`` use for accounts that have not the same pair in all; rising."""
    stacked = np.stack(plans)
    return np.unique(stacked[:, (stacked != stacked[0]).any(axis=0)])


def put_together(choice: Ints, others: Sequence[Ints], most: int) -> Ints:
    """The pairs in which ``choice`` and the first of ``others`` differ, and, while they are no more
    than ``most``, the next ones; rising."""
    plans, pairs = [choice], choice[:0]
    for one in others:
        more = differing([*plans, one])
        if len(more) > most and len(plans) > 1:
            break
        plans.append(one)
        pairs = more
    return pairs


def near(core: Core, pairs: Ints, choice: Ints, members: Ints, reps: int) -> Ints:
    """Those of ``pairs`` that lie at the reps ``members``, as do the pairs of their accounts in
    ``choice``."""
    member = np.zeros(reps, dtype=bool)
    member[members] = True
    inside = (
        member[core.pairs.rep[pairs]] & member[core.pairs.rep[choice[core.pairs.account[pairs]]]]
    )
    return pairs[inside]


def knockout(
    core: Core, watch: Watch, plans: Sequence[Costed], seconds: float, threads: int, end: float
) -> Costed:
    """What is left of one or more ``plans``, which keep all hard rules, when they are put together
    two by two: the cheapest with the dearest, the next with the last but one, and so on, and what
    comes of them again.

    ``watch`` hears of all plans. HiGHS solves the root of each program and looks for plans there,
    where nearly all of the gain is, for ``seconds`` at most; none is solved once the clock shows
    ``end``: then the cheapest plan is left.
    """
    left, seed = list(plans), 0
    with ThreadPoolExecutor(threads) as pool:
        while len(left) > 1:
            left.sort(key=lambda each: each[1])
            half = len(left) // 2
            jobs = [
                pool.submit(_both, core, watch, left[at], left[-1 - at], seconds, seed + at, end)
                for at in range(half)
            ]
            seed += half
            left = left[half : len(left) - half]
            for job in jobs:
                left.append(job.result())
                watch.offer(*left[-1])
    return min(left, key=lambda each: each[1])


def _both(
    core: Core, watch: Watch, good: Costed, other: Costed, seconds: float, seed: int, end: float
) -> Costed:
    """The best that was found of two plans put together; ``good`` is the cheaper one."""
    choice = good[0]
    pairs = differing([choice, other[0]])
    if not len(pairs) or watch.over():
        return good
    part = part_of(core, pairs, choice, core.loads(choice))
    until = min(end, perf_counter() + seconds)
    picked = solved(part.model, part.choice(choice), "highs", ROOT, seed, until).picked
    if picked is None or (picked < 0).any():
        return good
    found = part.into(choice, picked)
    return min(good, (found, core.worth(found)), key=lambda each: each[1])
