"""The best plan with so many moves: how far a rung can be from it at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.audit import audit, gap_of, prove
from optiterr.certificate import relative_gap
from optiterr.explain.infeasible import proof
from optiterr.ladder.records import Certified
from optiterr.model import Block, Model
from optiterr.oracle import Oracle
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.rowfunctions import Band
from optiterr.rules import Rule
from optiterr.solution import Limits, Status
from optiterr.solving import finite

Ints = NDArray[np.int64]

MOVES = "(moves)"
"""Block and term of the row that counts moves; no rule of a scenario can be called so."""


@dataclass(frozen=True, eq=False)
class Counting:
    """What counts as a move: a unit that leaves rep ``home`` (-1: free), ``size`` accounts each."""

    home: Ints
    size: Ints

    def made(self, model: Model, x: Floats) -> int:
        """How many accounts the picks ``x`` move."""
        home = self.home[model.pairs.account[x > 0.5]]
        left = (home >= 0) & (home != model.pairs.rep[x > 0.5])
        return int(self.size[left].sum())

    def within(self, model: Model, most: int) -> Model:
        """``model`` with at most so many moves. Works on a model over further pairs alike."""
        home = self.home[model.pairs.account]
        away = np.flatnonzero((home >= 0) & (model.pairs.rep != home))
        amount = self.size[model.pairs.account[away]].astype(float)
        matrix = sparse.csr_array(
            (amount, (np.zeros(len(away), dtype=np.int32), away.astype(np.int32))),
            shape=(1, len(model.pairs)),
        )
        row = Block(MOVES, MOVES, ("all",), matrix, Band.of(1, upper=float(most)))
        return replace(model, blocks=(*model.blocks, row))


@dataclass(frozen=True, eq=False)
class Judge:
    """Everything that is needed to set a rung against the best plan with as many moves."""

    rules: Mapping[str, Rule]
    problem: Problem
    model: Model
    counting: Counting
    oracle: Oracle
    left_out: Callable[[], Iterator[Model]]

    def certify(
        self, x: Floats, cost: float, breaks: bool, start: float, limits: Limits
    ) -> Certified:
        """How the books ``x`` of a rung, recounted at ``cost``, stand against the best.

        ``breaks`` tells whether they break a hard rule: then they are compared with nothing.
        ``start`` is the cost of rung 0. AuditError when a plan or a bound is a lie.
        """
        moves = self.counting.made(self.model, x)
        target = self.counting.within(self.model, moves)
        timed = replace(limits, seconds=0.4 * limits.seconds)
        relaxed = self.oracle.prices(target, timed)
        if relaxed.status is Status.INFEASIBLE:
            return self._none(target, moves, timed)
        bound = prove(target, relaxed.prices, self._chunks(moves))
        if not breaks:
            gap_of(target, x, bound, cost)
        rest = replace(limits, seconds=0.6 * limits.seconds)
        answer = self.oracle.plan(target, rest, None if breaks else x)
        best = None if breaks else cost
        if answer.x is not None:
            found = audit(self.rules, self.problem, target, answer).cost
            best = found if best is None else min(best, found)
        elif answer.status is Status.INFEASIBLE:
            return self._none(target, moves, timed)
        proved = finite(bound.value)
        return Certified(
            moves=moves,
            status=answer.status if best is None or answer.status.has_plan else Status.FEASIBLE,
            best_found=best,
            best_bound_proved=proved,
            gap_found=gap_from(cost, best, breaks),
            gap_proved=gap_from(cost, proved, breaks),
            share_proved=None if breaks or not moves else share_from(start, cost, proved),
            prices=target.by_block(bound.prices),
        )

    def _chunks(self, moves: int) -> Iterator[Model]:
        """Models over the pairs left out that count moves, too."""
        return (self.counting.within(one, moves) for one in self.left_out())

    def _none(self, target: Model, moves: int, limits: Limits) -> Certified:
        """No plan with so few moves, proved by prices where they can."""
        told, prices = proof(
            target,
            lambda soft: self.oracle.prices(soft, limits),
            partial(self._chunks, moves),
        )
        return Certified(moves=moves, status=Status.INFEASIBLE, blocking=told, prices=prices)


def gap_from(cost: float, best: float | None, breaks: bool) -> float | None:
    """The gap of a rung to ``best``; None where it breaks rules or there is nothing to compare."""
    return None if breaks or best is None else finite(relative_gap(cost, best))


def share_from(start: float, cost: float, proved: float | None) -> float | None:
    """The share of ``start - proved`` that is reached; None where there is nothing to reach."""
    if proved is None or start - proved <= 1e-9 * max(1.0, abs(start)):
        return None
    return (start - cost) / (start - proved)
