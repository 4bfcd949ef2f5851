"""What every way to search a plan stands on: the relaxation, regrets, and which reps are near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from optiterr.search.core import Core, Floats, Ints
from optiterr.search.points import Lines, lines
from optiterr.search.relaxation import Relaxed


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

    def lines(self, load: Floats, firm: float = 1.0) -> Lines:
        """What moves near ``load`` are charged, missed limits ``firm`` times as dear."""
        return lines(self.core, self.found.price, load, firm * self.hard, self.found.load)

    def cost(self, choice: Ints, load: Floats, firm: float = 1.0) -> float:
        """Cost of a plan with missed limits at ``firm`` times their prices."""
        return float(self.core.cost[choice].sum()) + self.lines(load, firm).cost(load)

    def pool(self, choice: Ints, most: float) -> Ints:
        """The pairs of at most that regret, and those of the plan at hand."""
        kept = self.regret <= most
        kept[choice] = True
        return np.flatnonzero(kept)


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
