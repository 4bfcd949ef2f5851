"""A frontier re-checked from its file and the tables alone: no solver, nothing believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from optiterr.audit import AGREE, prices_of, recount
from optiterr.certificate import relative_gap
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.errors import AuditError
from optiterr.frontier.asking import line_of
from optiterr.frontier.desk import Chunks, held, moves_of
from optiterr.frontier.shape import efficient, in_order, knee_of
from optiterr.frontier.values import Frontier, Line, Point
from optiterr.goals import Ceiling, aim
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solving import finite, left_out_models
from optiterr.verification import Check, Verification, near, same


def verify_frontier(
    path: str | Path, *, folder: Path | None = None, frames: Mapping[str, Any] | None = None
) -> Verification:
    """Repeats everything a frontier claims: data, model, points, lines, bounds, gaps and the knee.

    ``folder`` says where the scenario's data lies when it is not where the file says. Raises
    DataError when the file or the data cannot be read at all; a claim that does not hold is a check
    that fails.
    """
    path = Path(path)
    told = Frontier.read(path)
    home = folder if folder is not None else path.parent / told.folder
    scenario = Scenario.from_dict(told.scenario, folder=home, frames=frames)
    problem = read(scenario)
    model = compile_model(scenario.rules, problem).model
    checks = [
        same("scenario fingerprint", told.fingerprint, scenario.fingerprint()),
        same("data files", str(told.data), str(dict(problem.hashes))),
        same("model digest", told.digest, model.digest()),
    ]
    left_out = held(partial(left_out_models, scenario.rules, problem), problem)
    for place, line in enumerate(told.lines, start=1):
        checks += _line_checks(f"line {place}", told, line, model, left_out)
    named = [(f"point {at}", one) for at, one in enumerate(told.points, start=1)]
    if told.today is not None:
        named.append(("today", told.today))
    for name, point in named:
        checks += _point_checks(name, told, point, scenario, problem)
    rows = [in_order(point.values, told.names) for point in told.points]
    checks.append(same("points that others dominate", "0", str(sum(efficient(rows)[1:]))))
    if rows:
        ends = (in_order(told.ideal, told.names), in_order(told.nadir, told.names))
        checks.append(same("knee", str(told.knee), str(knee_of(rows, *ends))))
    return Verification(plan=str(path), checks=tuple(checks))


def _line_checks(
    name: str, told: Frontier, line: Line, model: Model, left_out: Chunks
) -> Iterator[Check]:
    """Whether the prices of a line prove it, at its ceilings and so at all others."""
    rules = {goal.name: goal.rules for goal in told.goals}
    try:
        goal = next(one for one in told.goals if one.name == line.goal)
        bars = [Ceiling(one, rules[one], most) for one, most in line.ceilings.items()]
        target = aim(model, goal.rules, bars)
        again = line_of(goal, bars, target, prices_of(target, line.prices), left_out)
    except (AuditError, KeyError, StopIteration) as error:
        yield Check(what=f"{name}, prices", holds=False, recounted=str(error))
        return
    yield near(f"{name}, proved bound", line.bound, again.bound)
    for one, worth in again.multipliers.items():
        yield near(f"{name}, worth of {one}", line.multipliers.get(one), worth)


def _point_checks(
    name: str, told: Frontier, point: Point, scenario: Scenario, problem: Problem
) -> Iterator[Check]:
    """Whether the plan of a point keeps the rules, costs what it says and lies above the lines."""
    assignment = pd.Series(point.assignment, dtype=object).reindex(problem.account_ids)
    extra = set(point.assignment) - set(map(str, problem.account_ids))
    counted = recount(scenario.rules, problem, assignment)
    last = told.names[-1]
    bound = told.least(last, point.values)
    span = told.nadir[last] - told.ideal[last] if told.nadir else 0.0
    gap = finite(relative_gap(point.values[last], bound))
    yield same(f"{name}, accounts that do not exist", "0", str(len(extra)))
    yield same(f"{name}, hard rules broken", "0", str(len(counted.breaches)))
    yield same(f"{name}, moves", str(point.moves), str(moves_of(problem, point.assignment)))
    for goal in told.goals:
        value = sum(counted.terms.get(rule, 0.0) for rule in goal.rules)
        yield near(f"{name}, {goal.name}", point.values.get(goal.name), value)
    yield near(f"{name}, proved bound", point.bound, bound)
    yield near(f"{name}, proved gap", point.gap, gap)
    part = max(point.values[last] - bound, 0.0) / span if span > 0 else None
    yield near(f"{name}, gap of the range", point.gap_of_range, part)
    room = AGREE * max(1.0, abs(bound))
    crossed = [
        line for line in told.lines if line.at(point.values) > point.values[line.goal] + room
    ]
    yield same(f"{name}, lines that it crosses", "0", str(len(crossed)))
