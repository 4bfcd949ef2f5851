"""What every way to search a plan stands on: the relaxation, regrets, and which reps are near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.points import Lines, lines
from optiterr.search.relaxation import Relaxed
from optiterr.undivided import MOST_EACH

STRAINED = 10.0
"""A row is strained where it is charged so many usual regrets more than prices tell."""

MOST_STRAINED = 2_000_000
"""Pairs of strained rows that are looked at, at most: those of the most strained."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What moves need to know: regrets at the prices of the relaxation, and prices of misses."""

    core: Core
    found: Relaxed
    regret: Floats
    hard: Floats
    usual: float

    @classmethod
    def of(cls, core: Core, found: Relaxed, regret: Floats, hard: Floats) -> Ground:
        """The ground of the relaxation ``found``."""
        return cls(core, found, regret, hard, usual_regret(regret, core.accounts))

    def lines(self, load: Floats, firm: float = 1.0, together: bool = False) -> Lines:
        """What moves near ``load`` are charged, missed limits ``firm`` times as dear."""
        found = self.found
        return lines(self.core, found.price, load, firm * self.hard, found.load, together)

    def cost(self, choice: Ints, load: Floats, firm: float = 1.0) -> float:
        """Cost of a plan with missed limits at ``firm`` times their prices."""
        return float(self.core.cost[choice].sum()) + self.lines(load, firm).cost(load)

    def pool(self, choice: Ints, most: float) -> Ints:
        """The pairs of at most that regret, those of the plan at hand, and those that are worth a
        look where rows are strained."""
        kept = self.regret <= most
        kept[choice] = True
        kept[self.strained(choice, most)] = True
        return np.flatnonzero(kept)

    def strained(self, choice: Ints, most: float) -> Ints:
        """Pairs beside those of the plan ``choice`` that cost at most ``most`` more than the
        account's best, its strained rows being charged at the slopes at hand; rising.

        A row is strained where the plan is charged much more than the prices of the relaxation
        tell, as when one rep has to serve an account that the relaxation divides. Its price then
        tells nothing of what is worth a move into or out of it. Accounts that no such row has to do
        with are left out. None where reps have so many accounts that it hardly matters whether
        these are whole.
        """
        core = self.core
        if core.accounts > MOST_EACH * core.reps:
            return np.zeros(0, dtype=np.int64)
        pair, change = self._strain(core.loads(choice))
        if not len(pair):
            return pair
        now = choice[core.pairs.account[pair]]
        moved = np.unique(core.pairs.account[pair[now == pair]])
        begin, count = core.pairs.start[moved], np.diff(core.pairs.start)[moved]
        own = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
        pairs = np.union1d(pair, own)
        now = choice[core.pairs.account[pairs]]

        def dearer(which: Ints) -> Floats:
            at = np.minimum(np.searchsorted(pair, which), len(pair) - 1)
            return self.regret[which] + np.where(pair[at] == which, change[at], 0.0)

        more, owner = dearer(pairs) - dearer(now), core.pairs.account[pairs]
        other, least = pairs != now, np.full(core.accounts, np.inf)
        np.minimum.at(least, owner[other], more[other])
        return np.asarray(pairs[other & (more <= most + np.minimum(least[owner], 0.0))])

    def _strain(self, load: Floats) -> tuple[Ints, Floats]:
        """The pairs, rising, that load a strained row, and what each costs more by its slopes."""
        core, table = self.core, self.lines(load)
        price = table.within(self.found.price)
        beyond = table.charge(load) - price * load - table.floor(price)
        rows = np.flatnonzero((table.sink < 0) & (beyond > STRAINED * self.usual))
        count = np.concatenate([np.diff(block.matrix.indptr) for block in core.blocks] or [rows])
        rows = rows[np.argsort(-beyond[rows], kind="stable")]
        rows = np.sort(rows[np.cumsum(count[rows]) <= MOST_STRAINED])
        step = table.slopes(load)[rows] - price[rows]
        pair, change = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
        ends = np.searchsorted(rows, [*core.row_start, core.rows])
        for start, block, low, high in zip(
            core.row_start, core.blocks, ends, ends[1:], strict=False
        ):
            own = block.matrix[rows[low:high] - start]
            pair.append(own.indices.astype(np.int64))
            change.append(own.data * np.repeat(step[low:high], np.diff(own.indptr)))
        pairs, place = np.unique(np.concatenate(pair), return_inverse=True)
        moved = np.bincount(place, np.concatenate(change), minlength=len(pairs))
        return pairs, moved.astype(float)


def usual_regret(regret: Floats, accounts: int) -> float:
    """The usual regret of a second pair worth a look: the median of as many as accounts."""
    count = min(len(regret), 2 * accounts)
    extras = np.partition(regret, count - 1)[:count]
    extras = extras[extras > 0]
    return float(np.median(extras)) if len(extras) else 1.0


def neighbours(core: Core, pool: Ints, choice: Ints, reps: int) -> Any:
    """How many accounts of one rep may go to another, both ways, shape (reps, reps)."""
    here, there = core.pairs.rep[choice[core.pairs.account[pool]]], core.pairs.rep[pool]
    far = here != there
    count = np.ones(int(far.sum()))
    one_way = sparse.coo_array((count, (here[far], there[far])), shape=(reps, reps)).tocsr()
    return (one_way + one_way.T).tocsr()
