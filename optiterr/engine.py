"""Scenario in, audited plan out; study in, comparison out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from optiterr.audit import (
    assignment_of,
    audit,
    gap_of,
    improvement_gap,
    prove,
    trusted_status,
)
from optiterr.certificate import Bound, relative_gap
from optiterr.compile import Compiled, compile_model, eligibility, models_of_all_pairs
from optiterr.errors import AuditError, DataError
from optiterr.explain.infeasible import (
    among_candidates,
    blocking,
    proof,
    stranded,
    unproved,
)
from optiterr.findings import Finding
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import PairCount, Plan, SolverReport, Step
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario
from optiterr.search.route import Route, route
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import demands, ensure, solver
from optiterr.solvers.priced import climb
from optiterr.solvers.supervise import supervised, supervised_relax
from optiterr.tables.reading import read_problem

Report = Callable[[Improvement], None]
Stop = Callable[[], bool]

PRICING_SHARE = 0.4
"""At most this share of the time goes into the relaxed model, whose prices prove the bound."""

CLIMBING_SHARE = 0.1
"""At most this share of the time (and at least two seconds) goes into prices by climbing, when the
relaxed model took too long."""

CLIMBS = 400
"""Steps of such a climb."""

NET_SHARE = 0.1
"""This share of the time is held back for a greedy plan, in case the solver finds none."""


@dataclass
class Clock:
    """Seconds by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to phase ``name``."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begun
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 6)


def read(scenario: Scenario) -> Problem:
    """The validated data of ``scenario``; DataError with every fault when it is not valid."""
    columns = [column for rule in scenario.rules.values() for column in rule.reads()]
    return read_problem(
        scenario.data,
        columns,
        scenario.folder,
        scenario.frames,
        eligible=partial(eligibility, scenario.rules),
        planning_date=scenario.planning_date,
    )


def solve(
    scenario: Scenario,
    *,
    report: Report | None = None,
    stop: Stop | None = None,
) -> Plan:
    """The plan of ``scenario``: solved, recounted from the tables, its bound proved by prices.

    Infeasible is an answer: a plan with that status and what blocks it. Raises SpecError, DataError
    or SolverError for what the caller must mend, and AuditError when a lie is caught.
    """
    clock = Clock()
    with clock.phase("read"):
        problem = read(scenario)
    return solve_problem(scenario, problem, clock=clock, report=report, stop=stop)


def diagnose(scenario: Scenario) -> tuple[Finding, ...]:
    """What makes every plan of ``scenario`` impossible; empty when nothing is known to.

    Direct checks first; then a proof by row prices of the relaxed model. An empty answer does not
    promise a plan.
    """
    problem = read(scenario)
    compiled = compile_model(scenario.rules, problem)
    found = blocking(problem, compiled)
    if found and problem.candidates != "nearest":
        return found
    limits, left_out = limits_of(scenario), partial(left_out_models, scenario.rules, problem)
    proved = proof(compiled.model, lambda soft: _relax(soft, limits), left_out)[0]
    return proved or (found if found and stranded(compiled.model, left_out()) else ())


def solve_problem(
    scenario: Scenario,
    problem: Problem,
    *,
    clock: Clock | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
) -> Plan:
    """As :func:`solve`, for data that was read already."""
    clock = clock or Clock()
    with clock.phase("compile"):
        compiled = compile_model(scenario.rules, problem)
    model = compiled.model
    chosen = route(model, scenario.solve.solver)
    limits = limits_of(scenario)
    ensure(solver(chosen.solver), {"mip", *demands(limits, None)})
    draft = _draft(scenario, problem, compiled, chosen, clock)
    left_out = partial(left_out_models, scenario.rules, problem)
    with clock.phase("diagnose"):
        blocked = blocking(problem, compiled)
    if blocked and problem.candidates != "nearest":
        return _no_plan(draft, clock, Status.INFEASIBLE, blocked)
    if blocked:
        with clock.phase("diagnose"):
            draft, status, why = _beyond(draft, problem, model, blocked, limits, left_out, stop)
        return _no_plan(draft, clock, status, why)
    start = _today(compiled)
    with clock.phase("prices"):
        relaxed = _priced(model, limits, stop)
    if relaxed.status is Status.INFEASIBLE:
        solution = relaxed
    else:
        left = max(limits.seconds - clock.seconds["prices"], 0.2 * limits.seconds)
        with clock.phase("solve"):
            solution = _search(chosen, model, replace(limits, seconds=left), start, report, stop)
    draft = _credited(draft, solution, relaxed)
    if solution.status is Status.INFEASIBLE:
        if start is not None:
            raise AuditError(
                f"solver {solution.solver}",
                "claims that there is no plan, but today's books keep every hard rule",
                "do not believe it; try another solver and report this one",
            )
        said = unproved(solution.solver, relaxed.status is Status.INFEASIBLE)
        with clock.phase("diagnose"):
            draft, status, why = _beyond(draft, problem, model, (said,), limits, left_out, stop)
        return _no_plan(draft, clock, status, why)
    if solution.x is None:
        return _no_plan(draft, clock, solution.status, ())
    return _audited(draft, scenario.rules, problem, compiled, solution, relaxed, clock, limits)


def limits_of(scenario: Scenario) -> Limits:
    """The limits that a scenario sets its solver."""
    asked = scenario.solve
    return Limits(asked.seconds, asked.gap, asked.seed, asked.threads, asked.memory_gb)


def left_out_models(rules: Mapping[str, Rule], problem: Problem) -> Iterator[Model]:
    """Models over the pairs that are no candidates (and those that are); none when all are."""
    if problem.candidates == "nearest":
        yield from models_of_all_pairs(rules, problem)


def _beyond(
    draft: Plan,
    problem: Problem,
    model: Model,
    said: tuple[Finding, ...],
    limits: Limits,
    left_out: Callable[[], Iterator[Model]],
    stop: Stop | None,
) -> tuple[Plan, Status, tuple[Finding, ...]]:
    """What no plan among the candidates means for all pairs: infeasible by proof, or not known.

    A proof by row prices covers the pairs left out. Without one, a scenario whose candidates are
    all pairs is infeasible by the solver's word, and one with fewer candidates is not decided.
    """
    told, prices = proof(model, lambda soft: _relax(soft, limits, stop), left_out)
    if told:
        return draft.model_copy(update={"prices": prices}), Status.INFEASIBLE, told
    if problem.candidates != "nearest" or stranded(model, left_out()):
        return draft, Status.INFEASIBLE, said
    pairs = draft.pairs.model_copy(update={"proved": "considered"})
    why = (among_candidates(pairs.considered), *said)
    return draft.model_copy(update={"pairs": pairs}), Status.NO_SOLUTION, why


def _relax(model: Model, limits: Limits, stop: Stop | None = None) -> Solution:
    """Row prices of the relaxed model, by HiGHS."""
    return supervised_relax("highs", model, limits, stop, needs=("prices",))


def _priced(model: Model, limits: Limits, stop: Stop | None) -> Solution:
    """Row prices to prove a bound with: of the relaxed model, or else those a short climb finds."""
    relaxed = _relax(model, replace(limits, seconds=limits.seconds * PRICING_SHARE), stop)
    if relaxed.prices is not None or relaxed.status is Status.INFEASIBLE:
        return relaxed
    end = time.perf_counter() + max(2.0, limits.seconds * CLIMBING_SHARE)
    over = _never if stop is None else stop
    prices = climb(model, CLIMBS, lambda: time.perf_counter() > end or over())
    return Solution(Status.NO_SOLUTION, "climb", prices=prices, message=relaxed.message)


def _never() -> bool:
    return False


def _search(
    chosen: Route,
    model: Model,
    limits: Limits,
    start: Floats | None,
    report: Report | None,
    stop: Stop | None,
) -> Solution:
    """The chosen solver's answer; when the choice was ours and it finds no plan, a greedy one."""
    ours = bool(chosen.why) and chosen.solver != "greedy"
    held = NET_SHARE * limits.seconds if ours else 0.0
    takes_start = "start" in solver(chosen.solver).gives
    answer = supervised(
        chosen.solver,
        model,
        replace(limits, seconds=limits.seconds - held),
        start=start if takes_start else None,
        report=report,
        stop=stop,
    )
    stopped = stop is not None and stop()
    if not ours or stopped or answer.status not in (Status.NO_SOLUTION, Status.FAILED):
        return answer
    net = supervised(
        "greedy",
        model,
        replace(limits, seconds=max(2.0, held), threads=1),
        report=report,
        stop=stop,
    )
    if net.x is None:
        return answer
    said = f"{answer.solver}: {answer.status} ({answer.message}); this plan is greedy's"
    return replace(net, message=said)


def _today(compiled: Compiled) -> Floats | None:
    """Today's books as picks when the model allows them, to start from."""
    owned = compiled.problem.owned_pair
    if (owned < 0).any():
        return None
    x = compiled.model.picks(owned)
    return x if np.isfinite(compiled.model.value(x)) else None


def _draft(
    scenario: Scenario, problem: Problem, compiled: Compiled, chosen: Route, clock: Clock
) -> Plan:
    """Everything about the plan that is known before solving."""
    return Plan(
        status=Status.NO_SOLUTION,
        name=scenario.name,
        title=scenario.title,
        pairs=PairCount(
            considered=len(compiled.model.pairs),
            possible=max(problem.possible, len(compiled.model.pairs)),
        ),
        solver=SolverReport(
            name=chosen.solver,
            why=chosen.why,
            seconds=dict(clock.seconds),
            seed=scenario.solve.seed,
            threads=scenario.solve.threads,
        ),
        digest=compiled.model.digest(),
        fingerprint=scenario.fingerprint(),
        scenario=scenario.to_dict(),
        data=dict(problem.hashes),
        versions=versions(),
    )


def _credited(draft: Plan, solution: Solution, relaxed: Solution) -> Plan:
    """The draft with the solver's report and claims filled in."""
    report = draft.solver.model_copy(
        update={
            "name": solution.solver,
            "version": solution.version,
            "message": solution.message,
            "prices_from": relaxed.solver if relaxed.prices is not None else "",
            "seconds": {
                **draft.solver.seconds,
                **{f"solver {name}": spent for name, spent in solution.seconds.items()},
            },
        }
    )
    log = tuple(
        Step(seconds=one.seconds, incumbent=finite(one.incumbent), bound=finite(one.bound))
        for one in solution.log
    )
    return draft.model_copy(
        update={"solver": report, "log": log, "bound_claimed": finite(solution.bound)}
    )


def _no_plan(draft: Plan, clock: Clock, status: Status, why: tuple[Finding, ...]) -> Plan:
    report = draft.solver.model_copy(update={"seconds": {**draft.solver.seconds, **clock.seconds}})
    return draft.model_copy(update={"status": status, "blocking": why, "solver": report})


def _audited(
    draft: Plan,
    rules: Mapping[str, Rule],
    problem: Problem,
    compiled: Compiled,
    solution: Solution,
    relaxed: Solution,
    clock: Clock,
    limits: Limits,
) -> Plan:
    model = compiled.model
    assert solution.x is not None
    with clock.phase("audit"):
        counted = audit(rules, problem, model, solution)
        cost = counted.cost
    with clock.phase("proof"):
        bound, pairs = proved_bound(rules, problem, model, relaxed.prices)
        gap = gap_of(model, solution.x, bound, cost)
        improvement = improvement_gap(rules, problem, cost, bound.value)
    assignment = assignment_of(model, solution.x)
    return draft.model_copy(
        update={
            "status": trusted_status(solution.status, cost, solution.bound, limits.gap),
            "cost": cost,
            "bound_proved": bound.value,
            "gap_proved": finite(relative_gap(cost, bound.value)),
            "gap_improvement": improvement,
            "gap": gap,
            "terms": counted.terms,
            "findings": counted.findings,
            "assignment": {str(account): str(rep) for account, rep in assignment.items()},
            "pairs": pairs,
            "prices": model.by_block(bound.prices),
            "solver": draft.solver.model_copy(
                update={"seconds": {**draft.solver.seconds, **clock.seconds}}
            ),
        }
    )


def proved_bound(
    rules: Mapping[str, Rule],
    problem: Problem,
    model: Model,
    prices: Floats | None,
) -> tuple[Bound, PairCount]:
    """The bound over *all* pairs that the rules allow, and how many those are.

    With candidates chosen by distance, the pairs left out are priced too, a chunk at a time.
    """
    if problem.candidates != "nearest":
        possible = len(model.pairs)
        return prove(model, prices), PairCount(considered=possible, possible=possible)
    counted = 0

    def chunks() -> Iterator[Model]:
        nonlocal counted
        for chunk in models_of_all_pairs(rules, problem):
            counted += len(chunk.pairs)
            yield chunk

    bound = prove(model, prices, chunks())
    return bound, PairCount(considered=len(model.pairs), possible=counted)


def finite(value: float | None) -> float | None:
    """``value``, or None where it is infinite or no number: plans hold numbers only."""
    return value if value is not None and np.isfinite(value) else None


def versions() -> dict[str, str]:
    """Versions of the software that takes part in a solve, by distribution name."""
    found = {}
    for name in ("optiterr", "numpy", "scipy", "pandas", "highspy", "ortools", "pulp"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def save(plan: Plan, scenario: Scenario, path: Path) -> Plan:
    """Writes ``plan`` to ``path`` with the way from there to the scenario's data; returns it."""
    try:
        folder = os.path.relpath(scenario.folder.resolve(), path.parent.resolve())
    except ValueError as error:  # another drive on Windows
        raise DataError(
            str(path),
            "lies on another drive than the data",
            "choose a folder on the drive of the scenario",
        ) from error
    written = plan.model_copy(update={"folder": Path(folder).as_posix()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written.to_json(), encoding="utf-8")
    return written
