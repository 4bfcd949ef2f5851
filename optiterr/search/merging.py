"""Several good plans put together: what they agree on stays, the rest is a small program.

Plans that were cooled from other random numbers differ in a few accounts in a hundred. A program
over only the pairs that some of them use is small, and its best plan has the best part of each
(tour merging: Cook and Seymour, 2003).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optiterr.search.core import Core, Ints

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
