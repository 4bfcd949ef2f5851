"""Scenario in, audited plan out; study in, comparison out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from optiterr.audit import (
    assignment_of,
    audit,
    trusted_status,
)
from optiterr.clock import Clock
from optiterr.compile import Compiled, compile_model, eligibility
from optiterr.errors import AuditError
from optiterr.explain.infeasible import (
    among_candidates,
    blocking,
    proof,
    stranded,
    unproved,
)
from optiterr.explain.matches import warn_of_nothing
from optiterr.findings import Finding
from optiterr.groups import needed_columns as group_columns
from optiterr.groups import resolve
from optiterr.measures.deriving import derive, needed_columns
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.plan import Level, PairCount, Plan, SolverReport, Step, seen_from
from optiterr.priorities import solve_levels
from optiterr.problem import Problem
from optiterr.resuming import carried, resumed
from optiterr.rules import Rule
from optiterr.scenario.loading import Scenario
from optiterr.scenario.ranking import levels_of
from optiterr.search.route import Route, route
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import demands, ensure, solver
from optiterr.solving import (
    Report,
    Stop,
    climbed,
    finite,
    left_out_models,
    limits_of,
    priced,
    proof_of,
    relax,
    search,
)
from optiterr.tables.reading import read_problem


def read(scenario: Scenario) -> Problem:
    """The validated data of ``scenario``, its groups and measures worked out.

    DataError with every fault when it is not valid; an OptiterrWarning for each rule that matches
    nothing.
    """
    asked = [column for rule in scenario.rules.values() for column in rule.asks()]

    def derived(problem: Problem) -> Problem:
        grouped = problem.with_(groups=resolve(scenario.groups, problem))
        return derive(scenario.measures, grouped, asked)

    problem = read_problem(
        scenario.data,
        [*needed_columns(scenario.measures, asked), *group_columns(scenario.groups)],
        scenario.folder,
        scenario.frames,
        eligible=partial(eligibility, scenario.rules),
        planning_date=scenario.planning_date,
        derive=derived,
    )
    warn_of_nothing(scenario.rules, problem)
    return problem


def solve(
    scenario: Scenario,
    *,
    report: Report | None = None,
    stop: Stop | None = None,
    after: Plan | None = None,
) -> Plan:
    """The plan of ``scenario``: solved, recounted from the tables, its bound proved by prices.

    Infeasible is an answer: a plan with that status and what blocks it. Raises SpecError, DataError
    or SolverError for what the caller must mend, and AuditError when a lie is caught. The search
    begins where ``after``, an earlier plan, ended: with its books and prices. ``report`` is told of
    each better plan or bound and of each phase that begins; once ``stop()`` is true, the best plan
    found so far is handed in.
    """
    clock = Clock()
    with clock.phase("read"):
        problem = read(scenario)
    return solve_problem(scenario, problem, clock=clock, report=report, stop=stop, after=after)


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
    proved = proof(compiled.model, lambda soft: relax(soft, limits), left_out)[0]
    return proved or (found if found and stranded(compiled.model, left_out()) else ())


def solve_problem(
    scenario: Scenario,
    problem: Problem,
    *,
    clock: Clock | None = None,
    report: Report | None = None,
    stop: Stop | None = None,
    after: Plan | None = None,
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
    start, ranks = _today(compiled), levels_of(scenario)
    ready = solver(chosen.solver)
    if after is not None:
        earlier = carried(after, compiled)
        ready, start = (
            resumed(chosen.solver, earlier),
            _better(model, start, earlier.whole(compiled)),
        )
    levels: tuple[Level, ...] = ()
    if "proof" in ready.gives and not ranks:
        with clock.phase("solve"):
            solution = search(chosen, model, limits, start, report, stop, ready)
        relaxed = solution
        if solution.x is not None and solution.prices is None:
            # Its process was ended before it could hand in its proof.
            with clock.phase("prices"):
                relaxed = climbed(model, limits, stop)
    else:
        with clock.phase("prices"):
            relaxed = priced(model, limits, stop)
        if relaxed.status is Status.INFEASIBLE:
            solution = relaxed
        else:
            left = max(limits.seconds - clock.seconds["prices"], 0.2 * limits.seconds)
            timed = replace(limits, seconds=left)
            with clock.phase("solve"):
                if ranks:
                    ranked = solve_levels(
                        model, ranks, chosen, timed, left_out, start, report, stop
                    )
                    solution, levels = ranked.solution, ranked.levels
                else:
                    solution = search(chosen, model, timed, start, report, stop)
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
    if report is not None:
        report(Improvement(clock.seconds.get("solve", 0.0), phase="proof"))
    plan = _audited(draft, scenario.rules, problem, compiled, solution, relaxed, clock, limits)
    return _ranked(plan, levels) if levels else plan


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
    told, prices = proof(model, lambda soft: relax(soft, limits, stop), left_out)
    if told:
        return draft.model_copy(update={"prices": prices}), Status.INFEASIBLE, told
    if problem.candidates != "nearest" or stranded(model, left_out()):
        return draft, Status.INFEASIBLE, said
    pairs = draft.pairs.model_copy(update={"proved": "considered"})
    why = (among_candidates(pairs.considered), *said)
    return draft.model_copy(update={"pairs": pairs}), Status.NO_SOLUTION, why


def _today(compiled: Compiled) -> Floats | None:
    """Today's books as picks when the model allows them, to start from."""
    owned = compiled.model.choose(compiled.problem.owner)
    if (owned < 0).any():
        return None
    x = compiled.model.picks(owned)
    return x if np.isfinite(compiled.model.value(x)) else None


def _better(model: Model, first: Floats | None, second: Floats | None) -> Floats | None:
    """The cheaper of two plans, either of which may be missing."""
    both = [x for x in (first, second) if x is not None]
    return min(both, key=model.value) if both else None


def _draft(
    scenario: Scenario, problem: Problem, compiled: Compiled, chosen: Route, clock: Clock
) -> Plan:
    """Everything about the plan that is known before solving."""
    return Plan(
        status=Status.NO_SOLUTION,
        name=scenario.name,
        title=scenario.title,
        pairs=PairCount(
            considered=compiled.model.served_pairs,
            possible=max(problem.possible, compiled.model.served_pairs),
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
    # A plan of the safety net still has the prices of the solver that was chosen.
    source = draft.solver.name if relaxed is solution else relaxed.solver
    report = draft.solver.model_copy(
        update={
            "name": solution.solver,
            "version": solution.version,
            "message": solution.message,
            "prices_from": source if relaxed.prices is not None else "",
            "seconds": {
                **draft.solver.seconds,
                **{f"solver {name}": spent for name, spent in solution.seconds.items()},
            },
        }
    )
    log = tuple(
        Step(
            seconds=one.seconds,
            incumbent=finite(one.incumbent),
            bound=finite(one.bound),
            phase=one.phase,
        )
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
        proof = proof_of(
            rules,
            problem,
            model,
            solution.x,
            relaxed.prices,
            solution.stakes,
            limits.threads,
            solution.cases,
        )
        claims = proof.claims(rules, problem, model, solution.x, cost)
    assignment = assignment_of(model, solution.x)
    return draft.model_copy(
        update={
            "status": trusted_status(solution.status, cost, solution.bound, limits.gap),
            "cost": cost,
            **claims,
            "terms": counted.terms,
            "findings": counted.findings,
            "assignment": {
                str(account): str(rep) for account, rep in assignment.items() if rep is not None
            },
            "reps": tuple(map(str, problem.rep_ids)),
            "open": tuple(str(account) for account, rep in assignment.items() if rep is None),
            "prices": model.by_block(proof.bound.prices),
            "solver": draft.solver.model_copy(
                update={"seconds": {**draft.solver.seconds, **clock.seconds}}
            ),
        }
    )


def _ranked(plan: Plan, levels: tuple[Level, ...]) -> Plan:
    """The plan with its levels, each with what its terms add up to in the recount.

    It is optimal when every level is.
    """
    told = tuple(
        one.model_copy(update={"final": sum(plan.terms.get(rule, 0.0) for rule in one.rules)})
        for one in levels
    )
    optimal = all(one.status is Status.OPTIMAL for one in told)
    status = Status.OPTIMAL if optimal else Status.FEASIBLE
    return plan.model_copy(update={"levels": told, "status": status})


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
    written = plan.model_copy(update={"folder": seen_from(path, scenario.folder)})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written.to_json(), encoding="utf-8")
    return written
