"""What an earlier plan gives to the next solve: its books and its row prices, by name.

After an edit (a lock, a new rep, another limit) most of both still fits. Prices prove a bound
whatever they are, and a plan is recounted whatever it was, so nothing here has to be believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from optiterr.compile import Compiled
from optiterr.model import Block
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.search.decompose import DECOMPOSE, resume
from optiterr.solvers import Solver, solver

Ints = NDArray[np.int64]

SLACK, ROOM = 1.05, 1e-4
"""A solve that goes on from a plan is done at a gap of so many times the plan's, and this more."""

FAR, WORSE = 0.002, 2.0
"""An edit that leaves the plan farther from the bound than this share of its cost, and than so many
times the gap it had, is a large one: then a plan is sought anew, from the earlier prices."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """An earlier plan in the terms of the model at hand.

    ``choice`` is the pair of each account, -1 where the plan has none that is still a candidate;
    ``price`` has one entry per row; ``gap`` is what the plan was proved to be from the best.
    """

    choice: Ints
    price: Floats
    gap: float

    def whole(self, compiled: Compiled) -> Floats | None:
        """The picks of the earlier plan where it is still a plan, else None."""
        if (self.choice < 0).any():
            return None
        x = compiled.model.picks(self.choice)
        return x if np.isfinite(compiled.model.value(x)) else None


def carried(plan: Plan, compiled: Compiled) -> Earlier:
    """What ``plan`` gives to the model of ``compiled``."""
    problem, model = compiled.problem, compiled.model
    rep_at = {str(rep): at for at, rep in enumerate(problem.rep_ids)}
    rep = np.array(
        [rep_at.get(plan.assignment.get(str(one), ""), -1) for one in problem.account_ids],
        dtype=np.int64,
    )
    prices = [np.zeros(0)]
    prices += [_prices(block, plan) for block in model.blocks]
    gap = plan.gap_proved if plan.gap_proved is not None else 0.0
    return Earlier(model.choose(rep), np.concatenate(prices), gap)


def _prices(block: Block, plan: Plan) -> Floats:
    """The plan's prices of the rows of ``block``; those of new reps are usual ones."""
    stored = np.array(plan.prices.get(block.name, ()), dtype=float)
    known = dict(zip(plan.reps, stored.tolist(), strict=False))
    if len(stored) == len(plan.reps) and any(label in known for label in block.labels):
        usual = float(np.median(stored)) if len(stored) else 0.0
        return np.array([known.get(label, usual) for label in block.labels])
    return stored if len(stored) == block.rows else np.zeros(block.rows)


def resumed(name: str, earlier: Earlier) -> Solver:
    """The solver ``name``, or the decomposition search going on from ``earlier``."""
    one = solver(name)
    if one is not DECOMPOSE:
        return one
    gap = max(earlier.gap, 0.0)
    go_on = partial(
        resume,
        price=earlier.price,
        begin=earlier.choice,
        gap=SLACK * gap + ROOM,
        far=max(FAR, WORSE * gap),
    )
    return Solver(one.name, one.doc, one.gives, one.missing, go_on)
