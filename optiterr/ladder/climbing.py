"""The books after each rung of a ladder: who has moved, what it costs, which rules are broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.audit import AGREE, Recount, assignment_of, recount
from optiterr.compile import Compiled
from optiterr.errors import AuditError
from optiterr.ladder.certifying import Counting
from optiterr.ladder.ordering import Way, order_of
from optiterr.ladder.records import Move, Rung, Why
from optiterr.model import Model
from optiterr.problem import DEPARTED, NOBODY, Problem
from optiterr.rules import Rule

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Climb:
    """The books after each rung, and what they cost."""

    rules: Mapping[str, Rule]
    problem: Problem
    model: Model
    today: Ints
    before: Ints
    after: Ints
    steps: Ints

    @classmethod
    def of(
        cls,
        rules: Mapping[str, Rule],
        problem: Problem,
        model: Model,
        after: Ints,
        steps: Ints | None = None,
    ) -> Climb:
        """From today's books to picking ``after``; in the order of :func:`order_of` if not told."""
        today = model.choose(problem.owner)
        before = np.where(today < 0, after, today)
        if steps is None:
            order = order_of(Way.between(model, before, after))
            steps = np.flatnonzero(before != after)[order]
        return cls(rules, problem, model, today, before, after, steps)

    def picks(self, rung: int) -> NDArray[np.float64]:
        """What is picked after ``rung``."""
        choice, moved = self.before.copy(), self.steps[:rung]
        choice[moved] = self.after[moved]
        return self.model.picks(choice)

    def told(self, rung: int, *, recounted: bool) -> Recount:
        """What the books after ``rung`` cost and break.

        From the tables where ``recounted`` or where the model says that a hard rule is broken, and
        from the model otherwise. AuditError where the two say different things.
        """
        x = self.picks(rung)
        charged = self.model.charge(x)
        said = sum(charged.values())
        if np.isfinite(said) and not recounted:
            priced = [name for name, rule in self.rules.items() if rule.price is not None]
            return Recount((), {name: charged.get(name, 0.0) for name in priced})
        counted = recount(self.rules, self.problem, assignment_of(self.model, x))
        agree = abs(said - counted.cost) <= AGREE * max(1.0, abs(counted.cost))
        if np.isfinite(said) == bool(counted.breaches) or (np.isfinite(said) and not agree):
            broken = f", where {len(counted.breaches)} hard rules are broken"
            what = f"costs {said:.9g} in the model but {counted.cost:.9g} in the tables{broken}"
            fix = "a rule's compile and its check disagree: this is a fault in the rule"
            raise AuditError(f"rung {rung}", what, fix)
        return counted


def moves_of(
    compiled: Compiled, problem: Problem, today: Ints, after: Ints, steps: Ints
) -> list[tuple[Move, ...]]:
    """The accounts that move at each rung, rung 0 first, in the order of the tables."""
    model, owner = compiled.model, problem.owner
    accounts = np.arange(len(owner))
    unit = accounts if model.unit is None else model.unit
    rung_of = np.zeros(model.pairs.accounts, dtype=np.int64)
    rung_of[steps] = np.arange(1, len(steps) + 1)
    to = model.pairs.rep[after][unit]
    to = np.where(to == model.open_rep, -1, to)
    # Where today's owner is gone, an account that stays open is left by nobody: it does not move.
    changed = np.flatnonzero(np.where(owner < 0, to >= 0, to != owner))
    allowed = compiled.problem.pairs.find(accounts, owner) >= 0
    found: list[list[Move]] = [[] for _ in range(len(steps) + 1)]
    names = problem.accounts.get("owner_id", pd.Series(None, index=problem.accounts.index))
    for account in changed:
        why: Why = "moved"
        if owner[account] == NOBODY:
            why = "new"
        elif owner[account] == DEPARTED:
            why = "forced"
        elif to[account] < 0:
            why = "opened"
        elif today[unit[account]] < 0:
            why = "joined" if allowed[account] else "not allowed"
        name = names[account]
        found[rung_of[unit[account]]].append(
            Move(
                account=str(problem.account_ids[account]),
                from_rep=None if pd.isna(name) else str(name),
                to_rep=str(problem.rep_ids[to[account]]) if to[account] >= 0 else None,
                why=why,
            )
        )
    return [tuple(each) for each in found]


def rungs_of(told: Sequence[Recount], moves: Sequence[tuple[Move, ...]]) -> list[Rung]:
    """The rungs, with the share of the whole improvement that each has reached."""
    room = told[0].cost - told[-1].cost
    gains = room > 1e-9 * max(1.0, abs(told[0].cost))
    moved = np.cumsum([len(each) for each in moves])
    return [
        Rung(
            rung=place,
            moves=each,
            moved=int(moved[place]),
            cost=counted.cost,
            terms=counted.terms,
            breaches=counted.breaches,
            share=(told[0].cost - counted.cost) / room if gains else None,
        )
        for place, (counted, each) in enumerate(zip(told, moves, strict=True))
    ]


def counting_of(model: Model, today: Ints) -> Counting:
    """What counts as a move: leaving the rep of ``today``; free where there is none."""
    home = np.where(today < 0, -1, model.pairs.rep[today])
    size = np.ones(len(home), np.int64) if model.unit is None else np.bincount(model.unit)
    return Counting(home.astype(np.int64), size)
