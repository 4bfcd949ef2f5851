"""Commands that read, solve, check again and export."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from optiterr.cli.common import (
    BAD,
    AsJson,
    Folder,
    Sets,
    app,
    dump,
    err,
    exit_for,
    load_scenario,
    out,
    stopping,
    watching,
)

if TYPE_CHECKING:
    from optiterr.model import Model
    from optiterr.plan import Plan
    from optiterr.problem import Problem
    from optiterr.scenario.loading import Scenario


PLAN_FILES = ("plan.json", "assignments.csv", "moves.csv", "reps.csv", "accounts.csv")
"""What a solve writes; looked at before it, so that no solved plan is lost."""


@app.command()
def check(
    scenario: Path,
    sets: Sets = None,
    as_json: AsJson = False,
    full: Annotated[bool, typer.Option(help="write out every setting with its default")] = False,
) -> None:
    """Read a scenario and its data, and say what would be solved; nothing is solved."""
    from optiterr.compile import compile_model
    from optiterr.engine import read
    from optiterr.explain.infeasible import blocking
    from optiterr.explain.matches import matches
    from optiterr.measures.checking import units_of
    from optiterr.scenario.measuring import around

    spec = load_scenario(scenario, sets)
    problem = read(spec)
    compiled = compile_model(spec.rules, problem)
    model, blocked = compiled.model, blocking(problem, compiled)
    found = {
        one.rule: one
        for one in matches(spec.rules, problem, units_of(spec.measures, around(spec.data).units))
    }
    if as_json:
        dump(
            {
                "scenario": spec.to_dict(),
                "fingerprint": spec.fingerprint(),
                "accounts": len(problem.accounts),
                "reps": len(problem.reps),
                "selected": {table: list(rows) for table, rows in problem.selected.items()},
                "matches": {name: asdict(one) for name, one in found.items()},
                "groups": {name: len(one.labels) for name, one in problem.groups.items()},
                "measures": list(spec.measures),
                "kept_together": len(problem.accounts) - model.pairs.accounts,
                "pairs": {"considered": model.served_pairs, "possible": problem.possible},
                "rows": {block.name: block.rows for block in model.blocks},
                "digest": model.digest(),
                "blocking": [one.model_dump(mode="json") for one in blocked],
            }
        )
    elif full:
        sys.stdout.write(spec.to_yaml())
    else:
        out.print(
            Text.assemble(
                (spec.title or spec.name, "bold"),
                f"  {len(problem.accounts):,} accounts, {len(problem.reps):,} reps, "
                f"{model.served_pairs:,} pairs",
            )
        )
        for line in _about(spec, compiled.problem, model):
            out.print(f"  {line}")
        named = Column("rule", overflow="fold", min_width=12)
        table = Table(named, "kind", "price", "speaks of", "rows", "forbids")
        for name, rule in spec.rules.items():
            rows = sum(block.rows for block in model.blocks if block.rule == name)
            forbids = compiled.forbids.get(name)
            table.add_row(
                name,
                rule.kind,
                "hard" if rule.price is None else f"{rule.price:g}",
                found[name].words() if name in found else "",
                f"{rows:,}" if rows else "",
                f"{int(forbids.sum()):,}" if forbids is not None else "",
            )
        out.print(table)
    for one in blocked:
        err.print(Text.assemble(("no plan is possible", "red"), f" {one.message}"))
    if blocked:
        raise typer.Exit(BAD)


def _about(spec: Scenario, problem: Problem, model: Model) -> Iterator[str]:
    """What a scenario makes of its tables, a line each: selections, states, groups, measures."""
    for table, (kept, rows) in problem.selected.items():
        yield f"data.{table}.where keeps {kept:,} of {rows:,} rows"
    idle = int((~problem.serves).sum())
    if idle:
        yield f"{idle:,} of {len(problem.reps):,} reps do not serve"
    for name, groups in problem.groups.items():
        several = int((groups.size > 1).sum())
        yield f"group {name}: {several:,} of {len(groups.labels):,} hold more than one account"
    joined = len(problem.accounts) - model.pairs.accounts
    if joined:
        yield f"kept together: {model.pairs.accounts:,} units stand for all accounts"
    if spec.measures:
        yield f"measures: {', '.join(spec.measures)}"
    opened = int(problem.optional.sum())
    if opened:
        yield f"{opened:,} accounts may stay open"


@app.command()
def solve(
    scenario: Path,
    output: Folder = None,
    sets: Sets = None,
    solver: Annotated[
        str | None, typer.Option(help="auto, or a name of: optiterr list solvers")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="time limit")] = None,
    gap: Annotated[float | None, typer.Option(help="relative gap that is good enough")] = None,
    seed: Annotated[int | None, typer.Option(help="seed")] = None,
    threads: Annotated[int | None, typer.Option(help="threads")] = None,
    after: Annotated[
        Path | None, typer.Option(help="an earlier plan.json to go on from after an edit")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Solve one scenario: an audited plan with a proved gap. Ctrl-C stops with the best so far."""
    from optiterr.solvers.processes import prepare

    prepare()
    from optiterr.clock import Clock
    from optiterr.engine import read, save, solve_problem
    from optiterr.outputs.plan_tables import write_plan_tables
    from optiterr.plan import Plan
    from optiterr.runs import make_ready

    earlier = None if after is None else Plan.read(after)
    more = {"solver": solver, "seconds": seconds, "gap": gap, "seed": seed, "threads": threads}
    spec = load_scenario(scenario, sets, more)
    clock = Clock()
    with clock.phase("read"):
        problem = read(spec)
    if output is not None:
        make_ready(output, [output / name for name in PLAN_FILES])
    with watching(spec.name) as report, stopping() as stop:
        plan = solve_problem(spec, problem, clock=clock, report=report, stop=stop, after=earlier)
    if output is not None:
        plan = save(plan, spec, output / "plan.json")
        for path in write_plan_tables(plan, problem, spec.rules, output):
            err.print(f"wrote {path}", soft_wrap=True)
        err.print(f"wrote {output / 'plan.json'}", soft_wrap=True)
    if as_json:
        sys.stdout.write(plan.to_json() + "\n")
    else:
        show_plan(plan)
    exit_for(plan.status)


def show_plan(plan: Plan) -> None:
    out.print(Text.assemble((plan.title or plan.name, "bold"), ": ", (plan.status, "bold")))
    if not plan.has_plan:
        for one in plan.blocking:
            out.print(f"  {one.message}")
        if plan.solver.message:
            out.print(f"  {plan.solver.name}: {plan.solver.message}")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    if plan.levels:
        table.add_row("cost, all levels added up", f"{plan.cost:,.6g}")
    else:
        table.add_row("cost", f"{plan.cost:,.6g}")
        table.add_row("no plan costs less than", f"{plan.bound_proved:,.6g} (proved)")
        gap = "" if plan.gap_proved is None else f"{plan.gap_proved:.3%} (proved)"
        table.add_row("gap", gap)
    pairs = plan.pairs
    table.add_row("pairs", f"{pairs.considered:,} considered of {pairs.possible:,} possible")
    table.add_row("solver", f"{plan.solver.name} {plan.solver.version}".strip())
    if plan.solver.why:
        table.add_row("", plan.solver.why)
    out.print(table)
    if plan.levels:
        named = Column("rules", overflow="fold")
        ranks = Table("level", named, "least", "status", "here", "proved: at least", "gap")
        for place, level in enumerate(plan.levels, start=1):
            gap = "" if level.gap_proved is None else f"{level.gap_proved:.2%}"
            least, here, proved = (
                f"{number:,.6g}" for number in (level.value, level.final, level.bound_proved)
            )
            rules = ", ".join(level.rules)
            ranks.add_row(str(place), rules, least, level.status, here, proved, gap)
        out.print(ranks)
    terms = Table("rule", "cost", "findings")
    for name, rule in plan.scenario["rules"].items():
        found = sum(one.rule == name for one in plan.findings)
        hard = rule["price"] is None
        cost = "kept" if hard else f"{plan.terms.get(name, 0.0):,.6g}"
        terms.add_row(name, cost, f"{found:,}" if found else "")
    out.print(terms)


@app.command()
def export(
    scenario: Path,
    output: Annotated[Path, typer.Option("-o", "--output", help="a .mps or .lp file")],
    sets: Sets = None,
) -> None:
    """Write the compiled model as an MPS or LP file whose names lead back to accounts and reps."""
    from optiterr.compile import compile_model
    from optiterr.engine import read
    from optiterr.solvers.export import write_model

    spec = load_scenario(scenario, sets)
    write_model(compile_model(spec.rules, read(spec)).model, output)
    err.print(f"wrote {output}", soft_wrap=True)
