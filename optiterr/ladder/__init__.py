"""The move ladder: from today's books to a plan, so that one can stop after any rung."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.audit import AGREE, Recount, assignment_of, recount
from optiterr.belonging import AGAIN, picks_of
from optiterr.compile import Compiled, compile_model
from optiterr.engine import read
from optiterr.errors import AuditError
from optiterr.ladder.certifying import Counting, Judge
from optiterr.ladder.ordering import EXACT, Way, order_of
from optiterr.ladder.records import Ladder, Move, Rung, Why
from optiterr.ladder.telling import words_of
from optiterr.model import Model
from optiterr.oracle import Oracle, watched
from optiterr.plan import Plan
from optiterr.problem import DEPARTED, NOBODY, Problem
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario
from optiterr.solving import left_out_models, limits_of

Ints = NDArray[np.int64]
Notify = Callable[[str], object]

CERTIFIED = 8
"""So many rungs, spread over the ladder, are set against the best plan with as many moves."""


def ladder(
    scenario: Scenario,
    plan: Plan,
    problem: Problem | None = None,
    *,
    certify: int | Sequence[int] = CERTIFIED,
    seconds: float | None = None,
    oracle: Oracle | None = None,
    notify: Notify | None = None,
) -> Ladder:
    """The moves from today's books to ``plan`` in an order in which one can stop at any rung.

    Rung 0 holds the accounts that move in every plan: nobody owns them, their owner leaves, rules
    forbid their owner or keep them with accounts of others. Each later rung is one account, or
    accounts that rules keep together; an account that may stay open need not move. Rungs that
    break hard rules come where no better order was found, and name what they break.

    ``certify`` says how many rungs, or which ones, are set against the best plan with as many
    moves; they share ``seconds`` (default: those of the scenario). These rungs, the first, the last
    and those that break rules are recounted from the tables, the others counted by the model.
    AuditError when the plan does not belong to the scenario, or a claim does not hold.
    """
    problem = read(scenario) if problem is None else problem
    compiled = compile_model(scenario.rules, problem)
    model = compiled.model
    after = picks_of(plan, scenario, problem, model)
    today = model.choose(problem.owner)
    before = np.where(today < 0, after, today)
    way = Way.between(model, before, after)
    steps = np.flatnonzero(before != after)[order_of(way)]
    climb = _Climb(scenario.rules, problem, model, before, after, steps)
    chosen = _chosen(certify, len(steps) + 1)
    sure = {0, len(steps), *chosen}
    told = [climb.told(rung, recounted=rung in sure) for rung in range(len(steps) + 1)]
    if abs(told[-1].cost - (plan.cost or 0.0)) > AGREE * max(1.0, abs(told[-1].cost)):
        what = f"costs {plan.cost} in its file, {told[-1].cost:.9g} recounted"
        raise AuditError("plan", what, AGAIN)
    moves = _moves(compiled, problem, plan, today, after, steps)
    rungs = _rungs(told, moves)
    home = np.where(today < 0, -1, model.pairs.rep[today])
    size = np.ones(len(home), np.int64) if model.unit is None else np.bincount(model.unit)
    judge = Judge(
        scenario.rules,
        problem,
        model,
        Counting(home.astype(np.int64), size),
        oracle or watched(scenario),
        partial(left_out_models, scenario.rules, problem),
    )
    limits = limits_of(scenario)
    limits = replace(limits, seconds=(seconds or limits.seconds) / max(1, len(chosen)))
    start = rungs[0].cost
    for place in chosen:
        if notify is not None:
            notify(f"rung {place}: best plan with as many moves")
        one = rungs[place]
        stands = judge.certify(climb.picks(place), one.cost, bool(one.breaches), start, limits)
        rungs[place] = one.model_copy(update={"certified": stands})
    return Ladder(
        name=plan.name,
        title=plan.title,
        order="exact" if len(steps) <= EXACT else "greedy",
        rungs=tuple(rungs),
        words=tuple(words_of(rungs)),
        digest=plan.digest,
        fingerprint=plan.fingerprint,
    )


@dataclass(frozen=True, eq=False)
class _Climb:
    """The books after each rung, and what they cost."""

    rules: Mapping[str, Rule]
    problem: Problem
    model: Model
    before: Ints
    after: Ints
    steps: Ints

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


def _moves(
    compiled: Compiled, problem: Problem, plan: Plan, today: Ints, after: Ints, steps: Ints
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


def _rungs(told: Sequence[Recount], moves: Sequence[tuple[Move, ...]]) -> list[Rung]:
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


def _chosen(certify: int | Sequence[int], rungs: int) -> list[int]:
    """The rungs to certify: those asked for, or so many spread from the first to the last."""
    if isinstance(certify, int):
        spread = np.linspace(0, rungs - 1, min(certify, rungs))
        return sorted({int(place) for place in np.round(spread)})
    return sorted({place for place in certify if 0 <= place < rungs})
