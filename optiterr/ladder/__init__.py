"""The move ladder: from today's books to a plan, so that one can stop after any rung."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from optiterr.audit import AGREE
from optiterr.belonging import AGAIN, picks_of
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.errors import AuditError, SpecError
from optiterr.ladder.certifying import Judge
from optiterr.ladder.climbing import Climb, counting_of, moves_of, rungs_of
from optiterr.ladder.ordering import EXACT
from optiterr.ladder.records import Ladder
from optiterr.ladder.telling import words_of
from optiterr.oracle import Oracle, watched
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solving import left_out_models, limits_of

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
    AuditError when the plan does not belong to the scenario, or a claim does not hold. Refuses a
    scenario with priorities (SpecError): there is no one cost to order the moves by.
    """
    if scenario.priorities:
        raise SpecError(
            "priorities",
            "a ladder orders moves by cost, and the levels of priorities do not add up to one cost",
            "drop priorities, give each rule a price and solve again; optiterr frontier shows what "
            "one level costs another",
        )
    problem = read(scenario) if problem is None else problem
    compiled = compile_model(scenario.rules, problem)
    model = compiled.model
    after = picks_of(plan, scenario, problem, model)
    climb = Climb.of(scenario.rules, problem, model, after)
    steps = climb.steps
    chosen = _chosen(certify, len(steps) + 1)
    sure = {0, len(steps), *chosen}
    told = [climb.told(rung, recounted=rung in sure) for rung in range(len(steps) + 1)]
    if abs(told[-1].cost - (plan.cost or 0.0)) > AGREE * max(1.0, abs(told[-1].cost)):
        what = f"costs {plan.cost} in its file, {told[-1].cost:.9g} recounted"
        raise AuditError("plan", what, AGAIN)
    moves = moves_of(compiled, problem, climb.today, after, steps)
    rungs = rungs_of(told, moves)
    judge = Judge(
        scenario.rules,
        problem,
        model,
        counting_of(model, climb.today),
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
        scenario=plan.scenario,
        data=plan.data,
    )


def _chosen(certify: int | Sequence[int], rungs: int) -> list[int]:
    """The rungs to certify: those asked for, or so many spread from the first to the last."""
    if isinstance(certify, int):
        spread = np.linspace(0, rungs - 1, min(certify, rungs))
        return sorted({int(place) for place in np.round(spread)})
    return sorted({place for place in certify if 0 <= place < rungs})
