"""All plans told apart by a few decisions, each case with prices of its own.

An account that is heavier than a rep's part bends the prices of whichever rep serves it. One set of
prices has to suit every place that it may go to, and proves less than prices made for each of them
(branch and bound: Land and Doig, *An automatic method of solving discrete programming problems*,
1960). What the weakest case proves holds for every plan, and is proved again without a solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Decision(NamedTuple):
    """Whether the account at position ``account`` is served by the rep at position ``rep``."""

    account: int
    rep: int
    served: bool


@dataclass(frozen=True, eq=False)
class Case:
    """The plans for which every decision of ``where`` holds, and row prices for them.

    ``stakes`` (one per account) prove what whole accounts cost beyond, after looking at as many
    sets and nodes for each rep as ``looks`` says; None where prices do.
    """

    where: tuple[Decision, ...]
    prices: Floats
    stakes: Floats | None = None
    looks: tuple[int, int] | None = None


def covering(cases: Sequence[Sequence[Decision]]) -> bool:
    """Whether every plan is in one of the cases, each given by its decisions in their order.

    The first decision of all cases must be about one account and one rep, some cases have it one
    way and some the other, and so on for the further decisions of either.
    """
    if len(cases) == 1 and not cases[0]:
        return True
    if not all(cases) or len({(one[0].account, one[0].rep) for one in cases}) != 1:
        return False
    ways = [[one[1:] for one in cases if one[0].served is way] for way in (True, False)]
    return all(covering(way) for way in ways)


def allowed(model: Model, where: Sequence[Decision]) -> Mask:
    """The pairs that a plan may pick for which every decision of ``where`` holds, shape (P,)."""
    pairs = model.pairs
    keep = np.ones(len(pairs), dtype=bool)
    for account, rep, served in where:
        own = slice(pairs.start[account], pairs.start[account + 1])
        keep[own] &= (pairs.rep[own] == rep) == served
    return keep
