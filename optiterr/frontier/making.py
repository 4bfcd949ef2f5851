"""A scenario in, its frontier out: every point recounted, every bound proved by prices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from optiterr.certificate import relative_gap
from optiterr.engine import versions
from optiterr.errors import AuditError
from optiterr.frontier.asking import Asker, Found
from optiterr.frontier.between import goals_of
from optiterr.frontier.desk import Desk, moves_of
from optiterr.frontier.hands import Hands
from optiterr.frontier.shape import efficient, in_order, knee_of, sentences, volume_of
from optiterr.frontier.sweep import RESOLUTION, Notify, Sweep
from optiterr.frontier.values import Dropped, Frontier, Goal, Line, Point
from optiterr.plan import seen_from
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solution import Status
from optiterr.solving import Stop, finite

SECONDS = 300.0
"""Seconds for all points together, unless told otherwise."""


def frontier(
    scenario: Scenario,
    between: Sequence[str],
    points: int = 12,
    workers: int = 2,
    seconds: float = SECONDS,
    report: Notify | None = None,
    *,
    problem: Problem | None = None,
    hands: Hands | None = None,
    resolution: float = RESOLUTION,
    stop: Stop | None = None,
) -> Frontier:
    """The frontier between two to four goals, each a priced rule or several joined by ``+``.

    The last goal is minimised under ceilings on those before it; at every point the others are then
    minimised as well, so that no point is weakly dominated, and at last the priced rules that stand
    in no goal. At most ``points`` such searches are made, ``workers`` at a time; ``seconds`` is for
    all of them together. Priorities of the scenario play no part. ``report`` hears a line for each
    point. Without any plan there are no points. Raises SpecError for goals that cannot be, and
    AuditError when a point is not what its solver says.
    """
    began = perf_counter()
    goals = goals_of(scenario.rules, between)
    desk = Desk.of(scenario, problem, workers, hands, stop)
    named = {rule for goal in goals for rule in goal.rules}
    rest = tuple(
        name
        for name, rule in scenario.rules.items()
        if rule.price is not None and name not in named
    )
    asker = Asker(desk.model, goals, rest, desk.limits, desk.left_out, desk.hands)
    sweep = Sweep(asker, points, workers, seconds, resolution, report, desk.halt)
    sweep.run(desk.books)
    return _drawn(desk, sweep).model_copy(update={"seconds": round(perf_counter() - began, 3)})


def _drawn(desk: Desk, sweep: Sweep) -> Frontier:
    """The frontier of everything found, without what is dominated."""
    goals, scenario = sweep.asker.goals, desk.scenario
    names = [goal.name for goal in goals]
    plans = [one for one in sweep.found if one.x is not None and len(sweep.payoff) == len(goals)]
    kept, dominated, repeated = efficient([one.values for one in plans])
    count = partial(point_of, desk, goals, sweep.lines)
    ideal, nadir = (sweep.ideal, sweep.nadir) if plans else ({}, {})
    span = nadir[names[-1]] - ideal[names[-1]] if plans else 0.0
    points = tuple(count(plans[at], span) for at in kept)
    today = None
    if desk.books is not None:
        values = sweep.asker.values(desk.books)
        same = Found({}, desk.books, values, Status.FEASIBLE, None, 0.0)
        today = count(same, span)
    rows = [in_order(one.values, names) for one in points]
    ends = (in_order(ideal, names), in_order(nadir, names)) if plans else ([], [])
    return Frontier(
        name=scenario.name,
        title=scenario.title,
        status=_status(sweep, points),
        goals=goals,
        points=points,
        today=today,
        payoff=tuple(dict(zip(names, one.values, strict=True)) for one in sweep.payoff),
        ideal=ideal,
        nadir=nadir,
        lines=tuple(sweep.lines),
        knee=knee_of(rows, *ends),
        volume=volume_of(rows, *ends),
        sentences=(*sentences(points, today, names), *_ranked(scenario)),
        dropped=Dropped(
            dominated=dominated,
            repeated=repeated,
            without=sum(one.x is None for one in sweep.found),
            known=sweep.known,
        ),
        gap_asked=sweep.asker.limits.gap,
        seconds=0.0,
        solver=sweep.solver,
        digest=desk.model.digest(),
        data=dict(desk.problem.hashes),
        fingerprint=scenario.fingerprint(),
        scenario=scenario.to_dict(),
        versions=versions(),
    )


def _ranked(scenario: Scenario) -> tuple[str, ...]:
    """That priorities play no part, where there are any."""
    told = "The priorities of the scenario play no part here: each goal is traded for the others."
    return (told,) if scenario.priorities else ()


def _status(sweep: Sweep, points: Sequence[Point]) -> Status:
    if not points:
        none = any(one.status is Status.INFEASIBLE for one in sweep.found)
        return Status.INFEASIBLE if none else Status.NO_SOLUTION
    exact = all(one.status is Status.OPTIMAL for one in points)
    return Status.OPTIMAL if exact else Status.FEASIBLE


def point_of(
    desk: Desk, goals: Sequence[Goal], lines: Sequence[Line], found: Found, span: float
) -> Point:
    """The point of one plan, after it was recounted from the tables."""
    assert found.x is not None
    counted, reps = desk.counted(found.x, found.solver)
    values = {goal.name: sum(counted.terms[rule] for rule in goal.rules) for goal in goals}
    last = goals[-1].name
    bound = max((line.at(values) for line in lines if line.goal == last), default=-np.inf)
    value = values[last]
    if bound > value + 1e-6 * max(1.0, abs(value)):
        raise AuditError(
            f"goal {last!r}",
            f"a plan has {value:.9g}, but the prices prove that none has less than {bound:.9g}",
            "a row function or the model is wrong: do not use this frontier",
        )
    if not np.isfinite(bound):
        raise AuditError(
            f"goal {last!r}",
            "nothing is proved: no prices were found in the time given",
            "give more seconds",
        )
    return Point(
        values=values,
        terms=counted.terms,
        moves=moves_of(desk.problem, reps),
        ceilings=dict(found.ceilings),
        status=found.status,
        bound=bound,
        gap=finite(relative_gap(value, bound)),
        gap_of_range=max(value - bound, 0.0) / span if span > 0 else None,
        seconds=round(found.seconds, 3),
        assignment={account: rep for account, rep in reps.items() if rep is not None},
        open=tuple(account for account, rep in reps.items() if rep is None),
    )


def saved(made: Frontier, scenario: Scenario, path: Path) -> Frontier:
    """Writes the frontier to ``path`` with the way from there to the data; returns it."""
    written = made.model_copy(update={"folder": seen_from(path, scenario.folder)})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written.to_json() + "\n", encoding="utf-8")
    return written
