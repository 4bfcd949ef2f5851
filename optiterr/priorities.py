"""Levels of priorities solved one after the other, each with a bound of its own.

At each level the terms of its rules are minimised while every level before it stays below what it
reached, plus its tolerance. There are no weights between levels. The ceilings are rows of the model
(:mod:`optiterr.goals`), so that prices prove a bound at each level as they do elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

import numpy as np

from optiterr.audit import prices_of, prove, trusted_status
from optiterr.certificate import Bound, relative_gap
from optiterr.goals import Ceiling, aim, goal_value
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import Level
from optiterr.scenario.formulation import PriorityLevel
from optiterr.search.route import Route
from optiterr.solution import Limits, Solution, Status
from optiterr.solving import Report, Stop, finite, priced, search

Chunks = Callable[[], Iterator[Model]]
"""Models of the same rows over the pairs left out; none where all pairs are candidates."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """The answer of all levels: the last solution (its ``x`` keeps every level) and each level."""

    solution: Solution
    levels: tuple[Level, ...]


def solve_levels(
    model: Model,
    levels: Iterable[PriorityLevel],
    chosen: Route,
    limits: Limits,
    left_out: Chunks,
    start: Floats | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
) -> Ranked:
    """The plan that is best at the first level, then at the second among those, and so on.

    The time is shared out evenly among the levels that are left. A level whose search finds nothing
    better keeps the plan of the level before, and says so in its status. Without a plan at the
    first level there is none.
    """
    levels, end = tuple(levels), perf_counter() + limits.seconds
    best, found, ceilings = start, list[Level](), list[Ceiling]()
    last = Solution(Status.NO_SOLUTION, chosen.solver)
    for place, level in enumerate(levels):
        share = max(end - perf_counter(), 0.1 * limits.seconds) / (len(levels) - place)
        target = aim(model, level.rules, ceilings)
        relaxed = priced(target, replace(limits, seconds=share), stop)
        answer = relaxed
        if relaxed.status is not Status.INFEASIBLE:
            answer = search(chosen, target, replace(limits, seconds=share), best, report, stop)
        if place == 0 and answer.x is None:
            return Ranked(answer, ())
        kept = _better(model, level.rules, answer.x, best if place else None)
        best, value = kept, goal_value(model, kept, level.rules)
        status = answer.status if answer.x is kept else _kept(answer)
        status = trusted_status(status, value, answer.bound, limits.gap)
        last = replace(answer, x=kept, status=status)
        most = value + max(level.within * abs(value), level.by)
        bound = bound_of(target, relaxed.prices, level, ceilings, left_out)
        found.append(
            Level(
                rules=level.rules,
                value=value,
                final=value,
                most=most,
                bound_proved=bound.value,
                bound_claimed=finite(answer.bound),
                gap_proved=finite(relative_gap(value, bound.value)),
                status=status,
                prices=target.by_block(bound.prices),
            )
        )
        ceilings.append(Ceiling(f"level {place + 1}", level.rules, most))
    assert best is not None
    done = [one.model_copy(update={"final": goal_value(model, best, one.rules)}) for one in found]
    objective = model.value(best)
    # What a solver claims speaks of its level's terms, not of all of them.
    return Ranked(replace(last, x=best, objective=objective, bound=None), tuple(done))


def _better(
    model: Model, rules: tuple[str, ...], x: Floats | None, before: Floats | None
) -> Floats:
    """The plan that is better at this level; the one before keeps all ceilings, too."""
    if x is None or before is None:
        kept = before if x is None else x
        assert kept is not None
        return kept
    return x if goal_value(model, x, rules) <= goal_value(model, before, rules) else before


def _kept(answer: Solution) -> Status:
    """The status of a level that keeps the plan of the level before."""
    return Status.FEASIBLE if answer.status is not Status.OPTIMAL else Status.OPTIMAL


def bound_of(
    target: Model,
    prices: Floats | None,
    level: PriorityLevel,
    ceilings: Iterable[Ceiling],
    left_out: Chunks,
) -> Bound:
    """The bound that ``prices`` prove for one level, over the pairs left out, too."""
    made = partial(aim, rules=level.rules, ceilings=tuple(ceilings))
    return prove(target, prices, map(made, left_out()))


def proved_again(
    model: Model, levels: Iterable[Level], left_out: Chunks
) -> Iterator[tuple[Level, float]]:
    """Each level of a plan file and the bound that its prices prove, without a solver.

    AuditError when the prices do not fit the model.
    """
    ceilings: list[Ceiling] = []
    for place, level in enumerate(levels):
        target = aim(model, level.rules, ceilings)
        prices = prices_of(target, level.prices)
        wanted = PriorityLevel(rules=level.rules)
        yield level, bound_of(target, prices, wanted, ceilings, left_out).value
        ceilings.append(Ceiling(f"level {place + 1}", level.rules, level.most))


def within(levels: Iterable[Level]) -> bool:
    """Whether the plan keeps what every level lets it have."""
    return all(one.final <= one.most + 1e-6 * max(1.0, np.abs(one.most)) for one in levels)
