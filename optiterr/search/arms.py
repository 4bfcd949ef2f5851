"""Ways to cut out neighbourhoods and to have them solved, and what is learnt of each.

A way is a solver and a pool of pairs. The one that gains most for its work is asked most often, the
others now and then: what gains most changes while a plan gets better.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.programs import Answer

FEW, MANY = 2, 40
"""Fewest and most reps of a neighbourhood."""

FIRST = 5.0
"""Reps of a neighbourhood at first."""

QUICK = 0.1
"""A program that was done with less than this much work makes the next one much larger."""

MEMORY = 0.9
"""What was learnt counts this much less with each further call."""

TRIALS = 3
"""So often each way is tried before any is preferred."""

CURIOUS = 0.15
"""Share of the rounds in which any way may be asked."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Pairs that neighbourhoods may use: ``pair`` rises, ``by_rep`` holds the same rep by rep."""

    pair: Ints
    by_rep: Ints
    first: Ints

    @classmethod
    def of(cls, core: Core, pair: Ints, reps: int) -> Pool:
        """The pool of rising pairs ``pair`` of a core with ``reps`` reps."""
        rep = core.pairs.rep[pair]
        count = np.bincount(rep, minlength=reps)
        return cls(
            pair, pair[np.argsort(rep, kind="stable")], np.concatenate([[0], np.cumsum(count)])
        )

    def between(self, members: Ints, core: Core, choice: Ints) -> Ints:
        """The pairs between the reps ``members``, of accounts that these have in ``choice``.

        Their pairs in ``choice`` are among them; rising.
        """
        member = np.zeros(len(self.first) - 1, dtype=bool)
        member[members] = True
        slices = [self.by_rep[self.first[rep] : self.first[rep + 1]] for rep in members.tolist()]
        few = np.concatenate([np.zeros(0, dtype=np.int64), *slices])
        held = member[core.pairs.rep[choice]]
        return np.union1d(few[held[core.pairs.account[few]]], choice[held])


def least(regret: Floats, count: int) -> Ints:
    """The ``count`` pairs of the least regret, and all that equal the last of them; rising."""
    count = min(len(regret), max(count, 1))
    return np.flatnonzero(regret <= np.partition(regret, count - 1)[count - 1])


@dataclass(eq=False)
class Arm:
    """One way: its solver, its pool, how many reps it takes next, what it gained for what work.

    One without a pool puts plans together, which differ in so many pairs.
    """

    solver: str
    pool: Pool | None
    size: float = FIRST
    calls: int = 0
    gained: float = field(default=0.0)
    work: float = field(default=0.0)

    @property
    def merges(self) -> bool:
        """Whether this way puts plans together."""
        return self.pool is None

    @property
    def rate(self) -> float:
        """What a unit of work gained of late."""
        return self.gained / self.work if self.work > 0 else 0.0

    def learn(self, gain: float, answer: Answer, more: float = 0.0) -> None:
        """Takes in what a neighbourhood gained, for ``more`` work beside its program's; sizes go
        where programs are just done in time."""
        self.calls += 1
        self.gained = MEMORY * self.gained + gain
        self.work = MEMORY * self.work + max(answer.work + more, 0.01)
        if answer.done is None:
            return
        grows = 1.25 if answer.work < QUICK else 1.06
        self.size = float(np.clip(self.size * (grows if answer.done else 0.94), FEW, MANY))


class Arms:
    """Chooses among ways; seeded by ``random``."""

    def __init__(self, arms: list[Arm], random: np.random.Generator) -> None:
        self._arms, self._random = arms, random

    def next(self) -> Arm:
        """The way to go next."""
        for arm in self._arms:
            if arm.calls < TRIALS:
                return arm
        best = max(arm.rate for arm in self._arms)
        if best <= 0.0 or self._random.random() < CURIOUS:
            return self._arms[int(self._random.integers(len(self._arms)))]
        return next(arm for arm in self._arms if arm.rate == best)
