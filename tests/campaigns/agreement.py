"""One random scenario, end to end: every plan counted from findings, against all that is claimed.

Read and compiled as a scenario file would be; what was read compared with what was written; every
assignment judged by the rules' findings and by the model; bounds by any prices; solvers; the whole
way through ``solve`` and ``verify``.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rulebook.draws import Rng

from campaigns.counting import AGREE, Counted, counted
from campaigns.phrases import holds
from campaigns.ranks import levels_hold, plan_holds
from campaigns.ranks import read as read_levels
from campaigns.scenarios import Drawn
from optiterr.certificate import certify
from optiterr.compile import compile_model
from optiterr.conformance import plans
from optiterr.engine import read, save, solve_problem
from optiterr.errors import OptiterrError, OptiterrWarning
from optiterr.model import Model
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Status
from optiterr.solvers import highs, solver
from optiterr.solving import proved_bound
from optiterr.verification import verify


@dataclass(frozen=True)
class Asked:
    """What is tried of a scenario beside counting: solvers in this process, and the whole way."""

    solvers: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a scenario: agreed, infeasible (and agreed), or refused with a reason.

    ``tags`` name what the model has: accounts kept together as one, accounts that may stay open.
    """

    kind: str
    reason: str = ""
    plans: int = 0
    tags: tuple[str, ...] = ()


def tried(drawn: Drawn, rng: Rng, asked: Asked) -> Outcome:
    """The outcome of a scenario; AssertionError with what was promised and what came instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", OptiterrWarning)
        try:
            scenario = Scenario.from_dict(drawn.settings, frames=drawn.frames)
            problem = read(scenario)
            model = compile_model(scenario.rules, problem).model
        except OptiterrError as error:
            return Outcome("refused", reason_of(error))
        assert Scenario.from_dict(scenario.to_dict()) == scenario, "written and read, it differs"
        as_written(drawn, scenario, problem)
        found = counted(scenario.rules, problem, model)
        bounded(scenario.rules, problem, model, found, rng)
        for name in asked.solvers:
            solved(name, model, found.least)
        levels = read_levels(drawn.settings.get("priorities", ()), drawn.settings["rules"])
        if levels and np.isfinite(found.least):
            levels_hold(levels, found.terms, scenario.rules, problem, model)
        if asked.whole or (levels and asked.solvers):
            whole_way(scenario, problem, found, levels)
    kind = "agreed" if np.isfinite(found.least) else "infeasible"
    return Outcome(kind, plans=found.plans, tags=tuple(_tags(model, found)))


def _tags(model: Model, found: Counted) -> Iterator[str]:
    if model.unit is not None:
        yield "model: accounts kept together are one"
    if model.open_rep >= 0:
        yield "model: accounts may stay open"
    if found.least_of_all < found.least:
        yield "model: a pair that is no candidate would be better"


def reason_of(error: OptiterrError) -> str:
    """Why a scenario is refused, its names and numbers taken out; every fault says all it must."""
    for fault in error.faults:
        assert fault.where, fault
        assert fault.what, fault
        assert fault.fix, fault
    return re.sub(r"'[^']*'|-?\d[\d.,]*", "_", error.faults[0].what)[:110]


# ------------------------------------------------------------------------------ what was read


def as_written(drawn: Drawn, scenario: Scenario, problem: Problem) -> None:
    """What was read is what was written: rows, owners, measures, hours, groups and filters."""
    book = drawn.book
    assert problem.account_ids.tolist() == book.account_ids, "other accounts are left"
    assert problem.rep_ids.tolist() == book.rep_ids, "other reps are left"
    assert problem.owner.tolist() == book.owner, f"owners {problem.owner}, written {book.owner}"
    assert problem.serves.tolist() == book.serves, "other reps serve"
    for name in book.measures:
        if name in problem.accounts:
            value = [row[name] for row in book.known]
            same = np.allclose(problem.account_number(name), value, rtol=1e-9, atol=1e-9)
            assert same, f"measure {name}: {problem.account_number(name)}, by hand {value}"
    reps = [dict(row) for row in book.reps]
    if book.calendar:
        for row in reps:
            row[book.calendar] = book.hours[row["rep_id"]]
        hours = [row[book.calendar] for row in reps]
        same = np.allclose(problem.rep_number(book.calendar), hours, rtol=1e-9, atol=1e-9)
        assert same, f"calendar: {problem.rep_number(book.calendar)}, by hand {hours}"
    _pairs_as_written(drawn, problem, reps)
    for name, groups in problem.groups.items():
        members = {
            (str(problem.account_ids[account]), groups.labels[group])
            for account, group in zip(groups.account, groups.group, strict=True)
        }
        assert members == book.members[name], f"group {name}: {members}"
    for name, rule in scenario.rules.items():
        for asks, rows, mask in (
            (rule.where, book.known, rule.speaks_of(problem)),
            (rule.where_rep, reps, rule.speaks_to(problem)),
        ):
            said = [asks is None or holds(asks.root, row) for row in rows]
            assert mask.tolist() == said, f"rule {name}, filter {asks}: {mask}, by hand {said}"


def _pairs_as_written(drawn: Drawn, problem: Problem, reps: list[dict[str, Any]]) -> None:
    book, pairs = drawn.book, problem.pairs
    for name, value in book.pair_values.items():
        found = problem.measured(name, pairs.account, pairs.rep)
        assert np.isfinite(found).all(), f"measure {name}: {found}"
        if value is not None:
            by_hand = [
                value(book.known[account], reps[rep])
                for account, rep in zip(pairs.account, pairs.rep, strict=True)
            ]
            assert np.allclose(found, by_hand), f"measure {name}: {found}, by hand {by_hand}"
    if book.candidates == "file":
        listed = {
            (account, rep) for account, rep in book.pairs if book.serves[book.rep_ids.index(rep)]
        }
        ids = zip(problem.account_ids[pairs.account], problem.rep_ids[pairs.rep], strict=True)
        assert set(ids) == listed, "other pairs are candidates"


# ------------------------------------------------------------------------- bounds and solvers


def bounded(
    rules: dict[str, Rule], problem: Problem, model: Model, found: Counted, rng: Rng
) -> None:
    """No prices prove more than the least cost over all pairs, and the gap adds up for the best."""
    prices = [np.zeros(model.rows)]
    prices += [rng.normal(size=model.rows) * (1 + np.abs(model.cost).max(initial=0.0))]
    relaxed = highs.relax(model, Limits())
    if relaxed.prices is not None:
        prices.append(relaxed.prices)
    best = min(plans(model.pairs), key=lambda one: model.value(model.picks(one)), default=None)
    for one in prices:
        bound, _ = proved_bound(rules, problem, model, one)
        room = AGREE * max(1.0, abs(found.least_of_all))
        assert not bound.value > found.least_of_all + room, (
            f"prices {one} prove {bound.value}, a plan costs {found.least_of_all}"
        )
        if best is not None and np.isfinite(found.least):
            certify(model, model.picks(best), bound)


def solved(name: str, model: Model, least: float) -> None:
    """Solver ``name`` finds a plan of the least cost, or says that there is none."""
    function = solver(name).solve
    assert function is not None
    answer = function(model, Limits(seconds=60, gap=0.0), None, None)
    said = f"{name} says {answer.status} {answer.objective}, counted {least}"
    if not np.isfinite(least):
        assert answer.status is Status.INFEASIBLE, said
        return
    assert answer.status.has_plan, said
    assert answer.x is not None, said
    value = model.value(answer.x)
    assert abs(value - least) <= 1e-5 * max(1.0, abs(least)), f"{said}, its plan costs {value}"


def whole_way(
    scenario: Scenario,
    problem: Problem,
    found: Counted,
    levels: Sequence[tuple[list[str], float, float]] = (),
) -> None:
    """Solved, audited, saved and verified; nothing that is claimed contradicts the counting."""
    plan = solve_problem(scenario, problem)
    if plan.has_plan:
        assert plan.cost is not None
        if levels:
            plan_holds(levels, found.terms, plan)
        else:
            assert abs(plan.cost - found.least) <= 1e-5 * max(1.0, abs(found.least)), plan.cost
        assert plan.bound_proved is not None
        assert plan.bound_proved <= found.least_of_all + 1e-5 * max(1.0, abs(found.least_of_all))
    else:
        assert not np.isfinite(found.least), f"{plan.status}, counted {found.least}"
        if plan.status is Status.INFEASIBLE:
            assert not np.isfinite(found.least_of_all), f"infeasible, a plan costs {found}"
        else:
            assert problem.candidates == "nearest", plan.status
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        save(plan, scenario, path)
        checks = verify(path, frames=scenario.frames)
    assert checks.holds, [one for one in checks.checks if not one.holds]
