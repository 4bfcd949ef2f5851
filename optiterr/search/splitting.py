"""Accounts decided one after another, and what is proved of every case (:mod:`optiterr.cases`).

The case that proves least is split. Of the heaviest accounts that its relaxation divides the one is
taken that costs most wherever it goes (strong branching: Applegate, Bixby, Chvátal and Cook,
*Finding cuts in the TSP*, 1995): to the rep where it costs least, or not there. Whole accounts add
to each case what they add. What takes long is done for the case only that proves least: more rounds
of pricing, looking at whole accounts, trying accounts.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from optiterr.cases import Case, Decision, allowed
from optiterr.certificate import lower_bound
from optiterr.model import Model
from optiterr.search.ascent import Passes
from optiterr.search.core import Core, Floats, Ints, Mask
from optiterr.search.diving import weights, worth
from optiterr.search.relaxation import Relaxed, Restricted
from optiterr.undivided import FEW_NODES, FEW_SETS, Sets, Undivided, short

MOST_PAIRS = 200_000
"""Models with more pairs than this are not split: solving the relaxation again takes too long."""

MOST_CASES = 64
"""With so many cases none is split any more."""

WIDE = 2
"""Relaxations of cases are over so many pairs for each account, those of least regret."""

HEAVY = 1
"""So many accounts for each rep, the heaviest, may go to all their reps in them, and be decided."""

TRIED = 6
"""So many accounts are tried before a case is split."""

ROUNDS, CLOSE = 4, 2e-5
"""Rounds of solving and pricing for each case at most; they end where its relaxation is by no more
than that above what is proved, relative to it."""

GAIN = 0.08
"""An account is decided where that raises the relaxation by this part of the gap at least, wherever
it goes: for less, a search for better plans is of more use."""

FINISH = 0.85
"""When this share of the time is gone, no case is split any more."""


@dataclass(eq=False)
class _Leaf:
    """A case, the ``price`` of its rows, and what is proved of it at that or with ``stakes``.

    ``gone`` are the pairs that it leaves out, ``tried`` the heaviest accounts that its relaxation
    divides. It is ``closed`` where more pricing proves no more; ``looked`` says how often whole
    accounts were looked at, ``looks`` how well when that proved most.
    """

    where: tuple[Decision, ...]
    gone: Mask
    price: Floats
    tried: Ints
    value: float
    closed: bool
    stakes: Floats | None = None
    looks: tuple[int, int] | None = None
    looked: int = 0

    @property
    def case(self) -> Case:
        return Case(self.where, self.price, self.stakes, self.looks)


class Splitting:
    """Cases of ``model`` with their proofs, from the relaxation ``found`` and its ``regret`` on.

    ``dear`` says what a unit of each row is worth, ``looks`` how many sets and nodes are looked at
    for each rep.
    """

    def __init__(
        self,
        model: Model,
        core: Core,
        found: Relaxed,
        regret: Floats,
        dear: Floats,
        looks: tuple[int, int],
        threads: int,
    ) -> None:
        self._model, self._core, self._found, self._dear = model, core, found, dear
        self._looks, self._threads = ((FEW_SETS, FEW_NODES), looks), threads
        wide = min(WIDE * core.accounts, len(regret) - 1)
        self._kept = regret <= np.partition(regret, wide)[wide]
        self._kept[found.choice] = True
        heavy = np.argsort(-worth(core, found.choice, dear), kind="stable")
        self._may = np.zeros(core.accounts, dtype=bool)
        self._may[heavy[: HEAVY * core.reps]] = True
        self._kept |= self._may[core.pairs.account]

    def cases(
        self, first: Undivided, cost: float, seconds: float, idle: Callable[[], bool]
    ) -> tuple[float, tuple[Case, ...]]:
        """What the weakest of the best cases found proves, and these cases; none where ``first``,
        what is proved without them, is as good.

        ``cost`` is that of a plan: cases that prove as much are left alone. Ends after ``seconds``,
        or when ``idle()``.
        """
        begun = perf_counter()
        self._end = begun + seconds
        before = Sets(self._model, lower_bound(self._model, first.prices)).halfway()
        self._moved = first.stakes - before
        best: tuple[float, tuple[Case, ...]] = first.value, ()
        with closing(Passes(self._core, self._threads)) as self._passes:
            self._build()
            root = self._solved(())
            if root is None:
                return best
            root.value, root.looked = max(root.value, first.value), len(self._looks)
            leaves = [root]
            while perf_counter() < self._end and not idle():
                leaf = min(leaves, key=lambda one: one.value)
                if len(leaves) > 1 and leaf.value > best[0]:
                    best = leaf.value, tuple(one.case for one in leaves)
                late = perf_counter() > begun + FINISH * seconds or len(leaves) >= MOST_CASES
                done = leaf.looked == len(self._looks)
                if leaf.value >= cost or (late and done):
                    break
                if not leaf.closed:
                    closed = self._solved(leaf.where)
                    if closed is None:
                        break
                    leaves[leaves.index(leaf)] = closed
                    continue
                if not done:
                    self._look(leaf)
                    continue
                ways = self._ways(leaf, GAIN * (cost - leaf.value))
                if not ways:
                    break
                leaves.remove(leaf)
                leaves += ways
        return best

    def _build(self) -> None:
        """The relaxation over the pairs that are kept."""
        found, seconds = self._found, max(self._end - perf_counter(), 0.05)
        kept = np.flatnonzero(self._kept)
        self._kernel = Restricted(self._core, kept, found.choice, found.price, seconds)
        self._place = np.full(len(self._kept), -1)
        self._place[self._kernel.part.pair] = np.arange(len(self._kernel.part.pair))

    def _hold(self, pair: Ints, upper: float = 0.0) -> None:
        place = self._place[pair]
        self._kernel.hold(place[place >= 0], upper)

    def _open(self, gone: Mask) -> None:
        """Let in all pairs of the relaxation but those that are ``gone``."""
        self._kernel.hold(np.arange(len(self._kernel.part.pair)), 1.0)
        self._hold(np.flatnonzero(gone))

    def _solve(self) -> Relaxed | None:
        solved = self._kernel.solve()
        return None if solved is None or solved.infeasible else solved

    def _solved(self, where: tuple[Decision, ...]) -> _Leaf | None:
        """The case, closed, and what prices prove of it; None where its relaxation has no answer in
        time."""
        gone = ~allowed(self._model, where)
        for left in range(ROUNDS - 1, -1, -1):
            self._open(gone)
            now = self._solve()
            if now is None:
                return None
            leaf, fresh = self._leaf(where, gone, now)
            if leaf.closed or not left:
                leaf.closed = True
                return leaf
            self._kept |= fresh
            self._build()
        return None

    def _leaf(self, where: tuple[Decision, ...], gone: Mask, now: Relaxed) -> tuple[_Leaf, Mask]:
        """The case with the relaxation ``now``, and the pairs that are to be let into it."""
        value, fresh = self._priced(now.price, gone)
        closed = now.bound - value <= CLOSE * abs(now.bound) or not fresh.any()
        weight = weights(self._core, self._kernel, now, self._dear)
        heavy = now.divided[np.argsort(-weight, kind="stable")]
        tried = heavy[self._may[heavy]][:TRIED]
        return _Leaf(where, gone, now.price, tried, value, closed), fresh

    def _priced(self, price: Floats, gone: Mask) -> tuple[float, Mask]:
        """What ``price`` proves of all pairs but those that are ``gone``, and the pairs not kept
        that cost less than the best of those kept."""
        core = self._core
        total, regret, _, _ = self._passes.regrets(price)
        start, owner = core.pairs.start[:-1], core.pairs.account
        least = np.minimum.reduceat(np.where(gone, np.inf, regret), start)
        value = total + float(least.sum()) - core.conjugate(price) + core.constant
        inside = np.minimum.reduceat(np.where(self._kept & ~gone, regret, np.inf), start)
        return value, ~self._kept & ~gone & (regret < inside[owner])

    def _ways(self, leaf: _Leaf, gain: float) -> list[_Leaf]:
        """The cases that deciding one more account makes of this one: that account whose cheapest
        place raises the relaxation most. None where that is by no more than ``gain``."""
        pairs = self._core.pairs
        self._open(leaf.gone)
        now = self._solve()
        if now is None:
            return []
        _, regret, _, _ = self._passes.regrets(leaf.price)
        best: tuple[list[_Leaf], float, Mask] = [], now.bound + gain, self._kept
        for account in leaf.tried.tolist():
            own = np.arange(pairs.start[account], pairs.start[account + 1])
            own = own[~leaf.gone[own]]
            own = own[np.argsort(regret[own], kind="stable")]
            best = self._every_way(leaf, own, now.bound + regret[own], best[1]) or best
        if best[0]:
            self._kept |= best[2]
            self._build()
        return best[0]

    def _every_way(
        self, leaf: _Leaf, own: Ints, told: Floats, least: float
    ) -> tuple[list[_Leaf], float, Mask] | None:
        """A case for each of the pairs ``own`` of one account, the least relaxation of all, and the
        pairs that are to be let into them.

        ``told`` is what prices tell each of them to cost at least, rising: those that cannot be the
        cheapest are one case together. None where the least is no more than ``least``, or a case
        has no answer.
        """
        pairs, made, lowest = self._core.pairs, [], np.inf
        wanted = np.zeros(len(pairs), dtype=bool)
        where = leaf.where
        for at, pair in enumerate(own.tolist()):
            here = Decision(int(pairs.account[pair]), int(pairs.rep[pair]), True)
            left = own[at:] if told[at] >= lowest else own[at : at + 1]
            last = left[-1] == own[-1]
            others = np.setdiff1d(own, left)
            only = leaf.gone.copy()
            only[others] = True
            self._hold(others)
            solved = self._solve()
            if solved is not None and solved.bound > least:
                way = where if last else (*where, here)
                case, fresh = self._leaf(way, only, solved)
                made.append(case)
                wanted |= fresh
                lowest = min(lowest, solved.bound)
            self._hold(others, 1.0)
            if solved is None or solved.bound <= least:
                return None
            if last:
                break
            where = (*where, here._replace(served=False))
        return made, lowest, wanted

    def _look(self, leaf: _Leaf) -> None:
        """Look at whole accounts in a case, at few sets first, at as many as may be when it is
        still the weakest. Stakes are as far from halfway as they were before all cases."""
        small = self._model.only(~leaf.gone)
        sets = Sets(small, lower_bound(small, leaf.price))
        stakes, looks = short(sets.halfway() + self._moved), self._looks[leaf.looked]
        value = sets.bound(stakes, looks[0], self._threads, looks[1]).value
        if value > leaf.value:
            leaf.value, leaf.stakes, leaf.looks = value, stakes, looks
        leaf.looked += 1
