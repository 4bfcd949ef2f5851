"""The command line: check, solve, run, compare, explain, verify, export, list, schema.

Exit codes: 0 good; 1 the answer is bad (infeasible, or a claim that does not hold); 2 the caller
must mend something; 3 the solver failed or found nothing in time. Results go to stdout or to
``-o``, messages to stderr.
"""

from __future__ import annotations

import errno
import json
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from optiterr.errors import AuditError, Fault, OptiterrError, OptiterrWarning, nearest

if TYPE_CHECKING:
    from pydantic import BaseModel

    from optiterr.comparison.side_by_side import Comparison
    from optiterr.frontier.trading import Trade
    from optiterr.frontier.values import Frontier
    from optiterr.ladder.records import Ladder, Rung
    from optiterr.model import Model
    from optiterr.plan import Plan
    from optiterr.portfolio.records import Portfolio
    from optiterr.problem import Problem
    from optiterr.robust.record import RobustPlan
    from optiterr.runs import Running
    from optiterr.scenario.loading import Scenario
    from optiterr.scenario.schema import FileKind
    from optiterr.solution import Improvement, Status

app = typer.Typer(
    name="optiterr",
    help="Decides which sales rep serves which customer account, with a proved gap on every plan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# Ids, titles and paths are printed as they are: no console reads markup, emoji codes or numbers.
out = Console(markup=False, emoji=False)
err = Console(markup=False, emoji=False, stderr=True)

BAD, MEND, FAILED = 1, 2, 3

PLAN_FILES = ("plan.json", "assignments.csv", "moves.csv", "reps.csv", "accounts.csv")
"""What a solve writes; looked at before it, so that no solved plan is lost."""

Sets = Annotated[
    list[str] | None, typer.Option("--set", help="change a setting: rules.balance.within=0.1")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]
Folder = Annotated[Path | None, typer.Option("-o", "--output", help="folder to write to")]


def main() -> None:
    """Entry point: every error of ours ends as a message and an exit code, never a traceback."""
    warnings.showwarning = _warn
    warnings.simplefilter("always", OptiterrWarning)
    with suppress(ValueError):  # only the main thread may say what a signal does
        signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except OptiterrError as error:
        _tell(type(error).__name__, error.faults)
        sys.exit(BAD if isinstance(error, AuditError) else MEND)
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        _tell(type(error).__name__, (_fault_of(error),))
        sys.exit(MEND)


def _terminated(*_: object) -> None:
    """End by an exception, so that solvers are ended and their folders removed on the way."""
    sys.exit(128 + signal.SIGTERM)


def _tell(kind: str, faults: Sequence[Fault]) -> None:
    count = len(faults)
    err.print(f"{count} thing{'s' if count > 1 else ''} to mend ({kind})", style="bold red")
    for fault in faults:
        err.print(f"  {fault.where}", style="bold", soft_wrap=True)
        err.print(f"    {fault.what}", soft_wrap=True)
        err.print(f"    fix: {fault.fix}", style="green", soft_wrap=True)


FIXES = {
    errno.ENOENT: "make its folder first, or name another file",
    errno.EEXIST: "name a folder: a file has this name",
    errno.ENOTDIR: "name a folder: a part of this path is a file",
    errno.EISDIR: "name a file, or remove the folder of this name",
    errno.EACCES: "choose a place that you may use, or change its permissions",
    errno.EPERM: "choose a place that you may use, or change its permissions",
    errno.EROFS: "choose a place that can be written",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.ENOSPC: "free some space, or choose another disk",
}
LONGEST_PATH = 200


def _fault_of(error: OSError) -> Fault:
    """What the operating system refused, in our three parts."""
    where = str(error.filename) if error.filename is not None else "a file"
    if len(where) > LONGEST_PATH:
        where = f"{where[:LONGEST_PATH]}..."
    fix = FIXES.get(error.errno or 0, "check the path, its permissions and the disk")
    return Fault(where, error.strerror.lower() if error.strerror else str(error), fix)


def _warn(message: Any, category: type[Warning], *_: Any, **__: Any) -> None:
    if issubclass(category, OptiterrWarning):
        err.print(Text.assemble(("warning", "yellow"), f" {message}"), soft_wrap=True)


def _find(path: Path, suffix: str = ".yaml") -> Path:
    """The file at ``path``, or the scenario of that name that ships with the package."""
    from optiterr.errors import SpecError
    from optiterr.scenario.layers import packaged

    if path.exists():
        return path
    shipped = {
        one.parent.name: one
        for one in sorted(packaged("scenarios").glob(f"*/*{suffix}"))
        if one.name == f"{one.parent.name}{suffix}"
    }
    if str(path) in shipped:
        return shipped[str(path)]
    below = packaged("scenarios") / path
    if below.is_file() and not path.is_absolute() and ".." not in path.parts:
        return below
    near = nearest(str(path), shipped)
    raise SpecError(
        str(path),
        "there is no such file",
        f"did you mean the shipped scenario {near!r}?"
        if near
        else f"name a file, or a shipped scenario: {', '.join(shipped)}",
    )


def _load(path: Path, sets: list[str] | None, more: dict[str, Any] | None = None) -> Scenario:
    from optiterr.scenario.loading import load

    options = [f"solve.{key}={value}" for key, value in (more or {}).items() if value is not None]
    return load(_find(path), [*(sets or []), *options])


def _dump(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _exit_for(status: Status) -> None:
    from optiterr.solution import Status

    if status in (Status.INFEASIBLE, Status.UNBOUNDED):
        raise typer.Exit(BAD)
    if not status.has_plan:
        raise typer.Exit(FAILED)


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

    spec = _load(scenario, sets)
    problem = read(spec)
    compiled = compile_model(spec.rules, problem)
    model, blocked = compiled.model, blocking(problem, compiled)
    found = {
        one.rule: one
        for one in matches(spec.rules, problem, units_of(spec.measures, around(spec.data).units))
    }
    if as_json:
        _dump(
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
    as_json: AsJson = False,
) -> None:
    """Solve one scenario: an audited plan with a proved gap."""
    from optiterr.engine import read, save, solve_problem
    from optiterr.outputs.plan_tables import write_plan_tables
    from optiterr.runs import make_ready
    from optiterr.solving import Clock

    more = {"solver": solver, "seconds": seconds, "gap": gap, "seed": seed, "threads": threads}
    spec = _load(scenario, sets, more)
    clock = Clock()
    with clock.phase("read"):
        problem = read(spec)
    if output is not None:
        make_ready(output, [output / name for name in PLAN_FILES])
    with _watching(spec.name) as report:
        plan = solve_problem(spec, problem, clock=clock, report=report)
    if output is not None:
        plan = save(plan, spec, output / "plan.json")
        for path in write_plan_tables(plan, problem, spec.rules, output):
            err.print(f"wrote {path}", soft_wrap=True)
        err.print(f"wrote {output / 'plan.json'}", soft_wrap=True)
    if as_json:
        sys.stdout.write(plan.to_json() + "\n")
    else:
        _show_plan(plan)
    _exit_for(plan.status)


@contextmanager
def _watching(name: str) -> Iterator[Callable[[Improvement], None]]:
    """A line that follows incumbent, bound and gap while a solve goes on."""
    from optiterr.certificate import relative_gap

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as progress:
        task = progress.add_task(f"{name}: working")
        seen: dict[str, float] = {}

        def report(step: Improvement) -> None:
            if step.incumbent is not None:
                seen["incumbent"] = step.incumbent
            if step.bound is not None:
                seen["bound"] = step.bound
            text = ", ".join(f"{key} {value:,.6g}" for key, value in seen.items())
            if len(seen) == 2:
                text += f", gap {relative_gap(seen['incumbent'], seen['bound']):.2%}"
            progress.update(task, description=f"{name}: {text or 'working'}")

        yield report


def _show_plan(plan: Plan) -> None:
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
def run(
    study: Path,
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write to")] = Path(
        "out"
    ),
    sets: Sets = None,
    workers: Annotated[int, typer.Option(min=1, help="cases solved at a time")] = 2,
    as_json: AsJson = False,
) -> None:
    """Solve every case of a study and compare them with today's books in a report."""
    from optiterr.outputs import render
    from optiterr.runs import make_ready, run_study

    running = _study(study, sets)
    make_ready(output, [output / "comparison.json", output / "report.html"])
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    )
    with bar:
        task = bar.add_task(running.name, total=len(running.scenarios))

        def notify(name: str, event: Any) -> None:
            from optiterr.solution import Improvement, Status

            if event is None and not err.is_terminal:
                err.print(f"{name}: started")
            elif isinstance(event, Status):
                bar.update(task, advance=1, description=f"{running.name}: {name} {event}")
                if not err.is_terminal:
                    err.print(f"{name}: {event}")
            elif isinstance(event, Improvement) and event.incumbent is not None:
                bar.update(task, description=f"{running.name}: {name} {event.incumbent:,.6g}")

        comparison, answers = run_study(running, output, workers=workers, notify=notify)
    written = render(comparison, output)
    if as_json:
        sys.stdout.write((output / "comparison.json").read_text(encoding="utf-8"))
    else:
        _show_comparison(comparison)
    report = next(path for path in written if path.name == "report.html")
    err.print(f"report: {report}", soft_wrap=True)
    statuses = [answer.plan.status for answer in answers.values()]
    if not all(status.has_plan for status in statuses):
        _exit_for(max(statuses, key=lambda status: (not status.has_plan, status == "failed")))


def _study(path: Path, sets: list[str] | None) -> Running:
    from optiterr.errors import SpecError
    from optiterr.runs import running_of

    try:
        found = _find(path, ".study.yaml")
    except SpecError:
        found = _find(path)
    return running_of(found, sets or [])


def _show_comparison(comparison: Comparison) -> None:
    from optiterr.outputs.terminal import summary_table

    out.print(summary_table(comparison))


@app.command()
def compare(
    plans: Annotated[list[Path], typer.Argument(help="plan.json files")],
    output: Folder = None,
    as_json: AsJson = False,
    curves: Annotated[
        list[Path] | None,
        typer.Option("--frontier", help="frontier.json of two goals, drawn in report.html"),
    ] = None,
) -> None:
    """Compare plans that were solved before, with today's books as the baseline."""
    from optiterr.frontier.values import Frontier
    from optiterr.outputs import render
    from optiterr.runs import compare_plans

    comparison, drawn = compare_plans(plans), [Frontier.read(path) for path in curves or ()]
    if output is not None:
        for path in render(comparison, output, drawn):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(comparison.model_dump_json(indent=1) + "\n")
    else:
        _show_comparison(comparison)


@app.command()
def explain(
    what: Annotated[
        str, typer.Argument(help="a scenario file; the name of a model; the kind of a rule, or all")
    ],
    sets: Sets = None,
    model: Annotated[
        bool, typer.Option("--model", help="WHAT is a model, or a scenario, to be stated in full")
    ] = False,
    rule: Annotated[
        bool, typer.Option("--rule", help="WHAT is the kind of a rule, or all of them")
    ] = False,
    write: Annotated[
        bool,
        typer.Option("--write", help="write beside the file as .md; pages of rules to docs/rules"),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="write to this file; all rules: folder")
    ] = None,
) -> None:
    """State a scenario or a model as sets, data, variables, rows and terms, or explain a rule."""
    if rule:
        _explain_rules(what, output, write)
        return
    path, text = _stated(what, sets, model)
    if write or output is not None:
        _write_page(output or path.with_suffix(".md"), text)
    else:
        sys.stdout.write(text)


def _stated(what: str, sets: list[str] | None, model: bool) -> tuple[Path, str]:
    """The file that ``what`` names, and the statement of the scenario or model in it."""
    from optiterr.errors import SpecError
    from optiterr.explain.statement import is_model, model_page, scenario_page

    if not (model and is_model(what)):
        return _find(Path(what)), scenario_page(_load(Path(what), sets))
    if sets:
        fix = "name a scenario, or drop --set"
        raise SpecError(what, "a model is stated as it is written", fix)
    return model_page(what)


def _explain_rules(what: str, output: Path | None, write: bool) -> None:
    """The page of one rule, or with ``all`` the pages of all of them and their index."""
    from optiterr.explain.pages import FOLDER, pages, rule_page

    if what != "all":
        text = rule_page(what)
        if write or output is not None:
            _write_page(output or FOLDER / f"{what}.md", text)
        else:
            sys.stdout.write(text)
        return
    made = pages()
    if write or output is not None:
        for name, text in made.items():
            _write_page((output or FOLDER) / name, text)
    else:
        sys.stdout.write("\n".join(made.values()))


def _write_page(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    err.print(f"wrote {target}", soft_wrap=True)


@app.command()
def verify(
    plan: Path,
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Re-check everything a plan claims, without a solver."""
    from optiterr.frontier.verifying import is_frontier, verify_frontier
    from optiterr.verification import verify as verified

    result = (verify_frontier if is_frontier(plan) else verified)(plan, folder=data)
    if as_json:
        _dump({**result.model_dump(mode="json"), "holds": result.holds})
    else:
        table = Table("claim", "holds", "in the file", "recounted")
        for one in result.checks:
            mark = Text("yes", "green") if one.holds else Text("no", "bold red")
            table.add_row(one.what, mark, one.claimed, one.recounted)
        out.print(table)
        count = len(result.checks)
        if result.holds:
            out.print(f"all {count} checks hold")
        else:
            wrong = sum(not one.holds for one in result.checks)
            out.print(f"{wrong} of {count} do not hold", style="bold red")
    if not result.holds:
        raise typer.Exit(BAD)


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

    spec = _load(scenario, sets)
    write_model(compile_model(spec.rules, read(spec)).model, output)
    err.print(f"wrote {output}", soft_wrap=True)


@app.command("list")
def list_(
    what: Annotated[
        str, typer.Argument(help="rules, measures, solvers, models or scenarios")
    ] = "rules",
    as_json: AsJson = False,
) -> None:
    """List the rules, measures, solvers, models or scenarios there are."""
    from optiterr.errors import SpecError

    kinds = {
        "rules": _rules,
        "measures": _measures,
        "solvers": _solvers,
        "models": _models,
        "scenarios": _scenarios,
    }
    if what not in kinds:
        raise SpecError("list", f"nothing to list under {what!r}", f"one of: {', '.join(kinds)}")
    lines = kinds[what]()
    if as_json:
        _dump([dict(zip(("name", "what", "note"), line, strict=True)) for line in lines])
        return
    table = Table("name", "what", "")
    for line in lines:
        table.add_row(*line)
    out.print(table)


Lines = list[tuple[str, str, str]]


def _rules() -> Lines:
    from optiterr.rules import registry

    return [(kind, _law(rule), _settings_of(rule)) for kind, rule in registry().items()]


def _measures() -> Lines:
    from optiterr.measures import registry

    return [(kind, _law(one), _settings_of(one)) for kind, one in registry().items()]


def _law(one: type[BaseModel]) -> str:
    """The first paragraph of a docstring."""
    return " ".join((one.__doc__ or "").split("\n\n")[0].split())


def _settings_of(one: type[BaseModel]) -> str:
    """The settings of a rule or a measure, those that every one of them has aside."""
    common = {"kind", "price", "where", "where_rep", "unit", "description"}
    return " ".join(
        field.alias or name for name, field in one.model_fields.items() if name not in common
    )


def _solvers() -> Lines:
    from optiterr.solvers import register_of_solvers

    return [
        (name, one.doc, one.missing() or ", ".join(sorted(one.gives)))
        for name, one in register_of_solvers().items()
    ]


def _models() -> Lines:
    from optiterr.scenario.layers import packaged
    from optiterr.scenario.loading import load_model

    found = [load_model(path.stem) for path in sorted(packaged("models").glob("*.yaml"))]
    return [(one.name, one.title, ", ".join(one.rules)) for one in found]


def _scenarios() -> Lines:
    from optiterr.scenario.layers import packaged

    root = packaged("scenarios")
    return [
        (where.parent.as_posix(), where.name, "study" if where.match("*.study.yaml") else "")
        for where in sorted(path.relative_to(root) for path in root.rglob("*.yaml"))
    ]


@app.command()
def schema(
    what: Annotated[str, typer.Argument(help="scenario, study, model or plan")] = "scenario",
) -> None:
    """Print the JSON Schema of a file, for editors and other programs."""
    from optiterr.scenario.schema import json_schema

    _dump(json_schema(cast("FileKind", what)))


@app.command()
def uplift(
    plan: Annotated[
        Path, typer.Argument(help="plan.json of a scenario with a rule of kind value or saturation")
    ],
    rule: Annotated[
        str | None, typer.Option(help="the rule, if several say what books earn")
    ] = None,
    draws: Annotated[int, typer.Option(min=20, max=100_000, help="draws of parameters")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="seed of the draws")] = 7,
    elasticity: Annotated[str | None, typer.Option(help="range LEAST:MOST")] = None,
    transition: Annotated[str | None, typer.Option(help="range LEAST:MOST")] = None,
    fit: Annotated[str | None, typer.Option(help="range LEAST:MOST of the exponent")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """What a plan earns more than today's books, with an interval over the parameters."""
    from optiterr.uplift import uplift_of_plan

    given = {"elasticity": elasticity, "transition": transition, "fit": fit}
    ranges = {name: _range(name, text) for name, text in given.items() if text is not None}
    found = uplift_of_plan(plan, rule=rule, ranges=ranges, draws=draws, seed=seed, folder=data)
    if as_json:
        _dump({**found.model_dump(mode="json"), "sentence": found.sentence})
        return
    out.print(found.sentence, soft_wrap=True)
    out.print(f"again: {found.command}", soft_wrap=True)


def _range(name: str, text: str) -> tuple[float, float]:
    """``0.2:0.4`` as two numbers."""
    from optiterr.errors import SpecError

    low, colon, high = text.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError as error:
        raise SpecError(
            f"--{name}", f"{text!r} is no range", "write LEAST:MOST, such as 0.2:0.4"
        ) from error


@app.command()
def ladder(
    plan: Annotated[Path, typer.Argument(help="a plan.json file")],
    output: Folder = None,
    certify: Annotated[
        int, typer.Option(min=0, help="rungs set against the best plan with as many moves")
    ] = 8,
    seconds: Annotated[
        float | None, typer.Option(help="time for all of these; without it the scenario's")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Put the moves of a plan into an order in which one can stop after any of them."""
    from optiterr.belonging import plan_and_scenario
    from optiterr.ladder import ladder as climb
    from optiterr.ladder.writing import FILES, write
    from optiterr.runs import make_ready

    read, spec = plan_and_scenario(plan, data)
    if output is not None:
        make_ready(output, [output / name for name in FILES])
    with _telling(read.name) as notify:
        made = climb(spec, read, certify=certify, seconds=seconds, notify=notify)
    if output is not None:
        for path in write(made, output):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    else:
        _show_ladder(made)


@contextmanager
def _telling(name: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being worked on."""
    with err.status(Text(f"{name}: working")) as line:
        yield lambda what: line.update(Text(f"{name}: {what}"))


SHOWN = 24
"""So many rungs are shown one by one; of a longer ladder those set against the best, and some."""


def _show_ladder(made: Ladder) -> None:
    """The ladder as a table, and what to know of it below."""
    from rich.box import SIMPLE_HEAD

    out.print(Text.assemble((made.title or made.name, "bold"), ": from today's books to the plan"))
    rungs = list(made.rungs)
    if len(rungs) > SHOWN:
        step = -(-len(rungs) // SHOWN)
        last = rungs[-1].rung
        rungs = [one for one in rungs if one.certified or one.rung % step == 0 or one.rung == last]
    named = [Column(name, overflow="fold") for name in ("account", "from → to")]
    numbers = [
        Column(name, no_wrap=True, justify="right")
        for name in ("moved", "cost", "saved", "breaks", "at best", "of that")
    ]
    table = Table(
        Column("rung", no_wrap=True), *named, *numbers, box=SIMPLE_HEAD, collapse_padding=True
    )
    for one in rungs:
        table.add_row(*_rung(one), *_standing(one))
    out.print(table)
    if len(rungs) < len(made.rungs):
        out.print(f"{len(rungs)} of {len(made.rungs):,} rungs; all of them are in ladder.csv (-o)")
    for line in made.words:
        out.print(line, soft_wrap=True)


def _rung(one: Rung) -> tuple[str, ...]:
    """The cells of one rung: who moves, and what the books are like after it."""
    from optiterr.findings import listed

    ways = [f"{move.from_rep or 'nobody'} → {move.to_rep or 'open'}" for move in one.moves]
    return (
        str(one.rung),
        listed((move.account for move in one.moves), most=2),
        listed(dict.fromkeys(ways), most=2),
        f"{one.moved:,}",
        f"{one.cost:,.5g}",
        "" if one.share is None else f"{one.share:.1%}",
        f"{len(one.breaches):,}" if one.breaches else "",
    )


def _standing(one: Rung) -> tuple[str, str]:
    """The proved bound on plans with as many moves, and the share of its saving reached."""
    stands = one.certified
    if stands is None:
        return "", ""
    bound, share = stands.best_bound_proved, stands.share_proved
    return (
        "none" if bound is None else f"{bound:,.5g}",
        "" if share is None else f"{share:.1%}",
    )


@app.command()
def portfolio(
    scenario: Path,
    output: Folder = None,
    plans: Annotated[int, typer.Option(min=1, help="plans to choose from")] = 3,
    within: Annotated[
        float, typer.Option(min=0, help="share above the best cost that a plan may cost")
    ] = 0.02,
    by: Annotated[
        str, typer.Option(help="what is counted where plans differ: accounts, or a measure")
    ] = "accounts",
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Solve for plans near the best that differ as much as possible, to choose from."""
    from optiterr.portfolio import portfolio as carve
    from optiterr.portfolio import write
    from optiterr.runs import make_ready

    spec = _load(scenario, sets)
    if output is not None:
        names = [f"plan-{place + 1}/plan.json" for place in range(plans)]
        make_ready(output, [output / name for name in ["portfolio.json", *names]])
    with _telling(spec.name) as notify:
        made = carve(spec, plans, within, by, notify=notify)
    if output is not None:
        for path in write(made, spec, output):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    elif made.members:
        _show_portfolio(made)
    else:
        _show_plan(made.plans[0])
    _exit_for(made.plans[0].status)


def _show_portfolio(made: Portfolio) -> None:
    """The plans side by side, where they differ, and what to know of them below."""
    names = [one.name for one in made.members]
    out.print(Text.assemble((made.title or made.name, "bold"), f": {len(names)} plans"))
    costs = Table("", *names)
    costs.add_row("cost", *(f"{one.cost:,.6g}" for one in made.members))
    costs.add_row("gap (proved)", *(_share(one.gap_proved) for one in made.members))
    for term in made.members[0].terms:
        costs.add_row(term, *(f"{one.terms[term]:,.6g}" for one in made.members))
    out.print(costs)
    measured = made.by != "accounts"
    differ = Table(f"accounts that differ ({made.by})" if measured else "accounts that differ")
    for name in names:
        differ.add_column(name)
    for name, counts, amounts in zip(names, made.accounts, made.amounts, strict=True):
        cells = [
            f"{count:,} ({amount:,.6g})" if measured else f"{count:,}"
            for count, amount in zip(counts, amounts, strict=True)
        ]
        differ.add_row(name, *cells)
    out.print(differ)
    for line in made.words:
        out.print(line, soft_wrap=True)


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.3%}"


@app.command()
def frontier(
    scenario: Path,
    more: Annotated[list[str] | None, typer.Argument(help="further goals", metavar="GOAL")] = None,
    between: Annotated[
        list[str] | None,
        typer.Option(
            help="goals: a priced rule, a kind of rules, several joined by +, or rest for all "
            "others; the last goal is minimised under ceilings on those before it"
        ),
    ] = None,
    points: Annotated[int, typer.Option(min=2, help="most plans to search for")] = 12,
    output: Folder = None,
    sets: Sets = None,
    workers: Annotated[int, typer.Option(min=1, help="plans searched at a time")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="time for all plans together")] = 300.0,
    as_json: AsJson = False,
) -> None:
    """Search the plans between two to four goals: --between disruption balance."""
    from optiterr.frontier import frontier as swept
    from optiterr.frontier import saved
    from optiterr.outputs.frontier import FILES, render_frontier
    from optiterr.runs import make_ready

    spec = _load(scenario, sets)
    if output is not None:
        make_ready(output, [output / name for name in FILES])
    with _telling(spec.name) as notify:
        made = swept(spec, [*(between or []), *(more or [])], points, workers, seconds, notify)
    if output is not None:
        made = saved(made, spec, output / FILES[0])
        for path in (output / FILES[0], *render_frontier(made, output)):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    else:
        _show_frontier(made)
    _exit_for(made.status)


def _show_frontier(made: Frontier) -> None:
    """The points as a table, and what they say below."""
    out.print(Text.assemble((made.title or made.name, "bold"), f": {len(made.points)} plans"))
    table = _numbers("plan", [*made.names, "moves", "proved", "gap", "of range"])
    rows = [("today", made.today)] if made.today is not None else []
    for place, one in enumerate(made.points):
        rows.append((f"{place + 1}{' knee' if place == made.knee else ''}", one))
    for name, point in rows:
        table.add_row(
            name,
            *(f"{point.values[goal]:,.6g}" for goal in made.names),
            f"{point.moves:,}",
            f"{point.bound:,.6g}",
            _share(point.gap),
            _share(point.gap_of_range),
        )
    out.print(table)
    out.print(
        f"proved: no plan with as little of the others has less {made.names[-1]}; of range: the "
        "gap as a share of what that goal ranges over",
        soft_wrap=True,
    )
    for sentence in made.sentences:
        out.print(sentence, soft_wrap=True)


def _numbers(first: str, heads: list[str]) -> Table:
    """A table of numbers behind names."""
    from rich.box import SIMPLE_HEAD

    numbers = [Column(head, justify="right", overflow="fold") for head in heads]
    return Table(Column(first, overflow="fold"), *numbers, box=SIMPLE_HEAD)


@app.command()
def trade(
    scenario: Path,
    output: Folder = None,
    sets: Sets = None,
    workers: Annotated[int, typer.Option(min=1, help="plans searched at a time")] = 2,
    seconds: Annotated[float, typer.Option(min=1, help="time for each plan")] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Say what the prices do: the range of each term, and what halving or doubling each changes."""
    from optiterr.frontier.trading import trade as weighed
    from optiterr.runs import make_ready

    spec = _load(scenario, sets)
    if output is not None:
        make_ready(output, [output / "trade.json"])
    with _telling(spec.name) as notify:
        made = weighed(spec, seconds, workers, notify)
    if output is not None:
        (output / "trade.json").write_text(made.to_json() + "\n", encoding="utf-8")
        err.print(f"wrote {output / 'trade.json'}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    else:
        _show_trade(made)


def _show_trade(made: Trade) -> None:
    """Where each term stands between its best and its worst, and what each price changes."""
    from optiterr.comparison.figures import show

    out.print(Text.assemble((made.title or made.name, "bold"), ": what the prices trade"))
    heads = ["price", "best", "proved", "plan", "worst", "position"]
    stand = _numbers("term", heads)
    for term in made.terms:
        numbers = (term.ideal, term.bound, term.value, term.nadir)
        told = ("" if one is None else show(one) for one in numbers)
        place = "" if term.position is None else f"{term.position:.2f}"
        stand.add_row(term.rule, f"{term.price:g}", *told, place)
    out.print(stand)
    names = [term.rule for term in made.terms]
    turns = _numbers("price", [*names, "accounts moved", "gap"])
    for turn in (made.plan, *made.turns):
        head = "as written" if turn.rule is None else f"{turn.rule} x {turn.factor:g}"
        cells = [show(turn.terms[name]) for name in names]
        turns.add_row(head, *cells, f"{turn.moves:,}", _share(turn.gap))
    out.print(turns)
    out.print(
        "position: 0 at the best value of the term, 1 at its worst when another term comes first. "
        "Terms are at the scenario's prices; each plan was searched for "
        f"{made.seconds:g} s at most.",
        soft_wrap=True,
    )


@app.command()
def futures(
    plan: Annotated[Path, typer.Argument(help="a plan.json file")],
    output: Folder = None,
    spec: Annotated[
        Path | None, typer.Option(help="a YAML file of futures; options stand on top of it")
    ] = None,
    growth: Annotated[float | None, typer.Option(help="mean growth a year, as a share")] = None,
    growth_sd: Annotated[float | None, typer.Option(help="its standard deviation")] = None,
    churn: Annotated[float | None, typer.Option(help="share of accounts that leave a year")] = None,
    attrition: Annotated[float | None, typer.Option(help="share of reps who leave a year")] = None,
    band: Annotated[
        float | None, typer.Option(help="judge balance by this share of the target")
    ] = None,
    months: Annotated[str | None, typer.Option(help="months to look at: 3,6,12")] = None,
    draws: Annotated[int | None, typer.Option(help="futures to draw")] = None,
    seed: Annotated[int | None, typer.Option(help="seed")] = None,
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw futures, and say how likely a plan and today's books stay within their bands."""
    from optiterr.belonging import plan_and_scenario
    from optiterr.futures.shelf_life import shelf_life
    from optiterr.futures.spec import read_futures
    from optiterr.futures.telling import HEADS, rows, sentences
    from optiterr.runs import make_ready

    changes = {"growth": growth, "growth_sd": growth_sd, "churn": churn, "attrition": attrition}
    asked = {"band": band, "draws": draws, "seed": seed, "months": _months(months)}
    drawn = read_futures(spec, changes | asked)
    made, scenario = plan_and_scenario(plan, data)
    if output is not None:
        make_ready(output, [output / "futures.json"])
    life = shelf_life(scenario, made, drawn)
    text = life.model_dump_json(indent=1) + "\n"
    if output is not None:
        (output / "futures.json").write_text(text, encoding="utf-8")
        err.print(f"wrote {output / 'futures.json'}", soft_wrap=True)
    if as_json:
        sys.stdout.write(text)
        return
    out.print(Text.assemble((made.title or made.name, "bold"), ": how long the plan keeps"))
    table = _numbers("books and rule", list(HEADS))
    for name, numbers in rows(life):
        table.add_row(name, *numbers)
    out.print(table)
    for sentence in sentences(life):
        out.print(sentence, soft_wrap=True)


def _months(text: str | None) -> list[int] | None:
    """Months from text such as 3,6,12."""
    from optiterr.errors import SpecError

    if text is None:
        return None
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdecimal() for part in parts):
        raise SpecError("--months", f"{text!r} is no list of months", "write them as 3,6,12")
    return [int(part) for part in parts]


@app.command()
def robust(
    scenario: Path,
    output: Folder = None,
    sets: Sets = None,
    futures: Annotated[int, typer.Option(min=0, help="futures to draw, beside today")] = 5,
    case: Annotated[
        list[Path] | None,
        typer.Option(help="a scenario with the same accounts and other measures, as a future"),
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="a YAML file of futures to draw from")] = None,
    month: Annotated[int, typer.Option(min=1, max=120, help="months from now")] = 12,
    minimise: Annotated[
        str, typer.Option(help="mean, cvar, worst-cost or worst-regret")
    ] = "worst-regret",
    share: Annotated[float, typer.Option(help="cvar: the dearest share of the futures")] = 0.2,
    hard_in: Annotated[str, typer.Option(help="where hard rules hold: today, or all")] = "today",
    as_json: AsJson = False,
) -> None:
    """Search one plan for several futures: best on average, in the worst share, by worst regret."""
    from optiterr.engine import read, save
    from optiterr.outputs.plan_tables import write_plan_tables
    from optiterr.robust.asking import asked
    from optiterr.robust.planning import robust as planned
    from optiterr.runs import make_ready

    loaded = _load(scenario, sets)
    problem = read(loaded)
    cases = {path.stem: _load(path, None) for path in case or []}
    question = asked(loaded, problem, cases, spec, month, futures, minimise, hard_in)
    if output is not None:
        make_ready(output, [output / name for name in ("robust.json", *PLAN_FILES)])
    with _watching(loaded.name) as report:
        made = planned(loaded, problem, **question, share=share, report=report)
    if output is not None:
        (output / "robust.json").write_text(made.record.to_json() + "\n", encoding="utf-8")
        err.print(f"wrote {output / 'robust.json'}", soft_wrap=True)
        if made.plan is not None:
            save(made.plan, loaded, output / "plan.json")
            paths = write_plan_tables(made.plan, problem, loaded.rules, output)
            for path in (output / "plan.json", *paths):
                err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.record.to_json() + "\n")
    else:
        _show_robust(made.record, loaded.title or loaded.name)
        for one in made.nominal.blocking:
            out.print(f"  {one.message}")
    _exit_for(made.record.status)


def _show_robust(record: RobustPlan, title: str) -> None:
    """Every future as a row, and what was reached below."""
    from optiterr.robust.telling import HEADS, aim_of, rows, sentences

    out.print(
        Text.assemble((title, "bold"), f": least {aim_of(record)}: ", (record.status, "bold"))
    )
    if not record.futures:
        return
    table = _numbers("future", list(HEADS))
    for name, numbers in rows(record):
        table.add_row(name, *numbers)
    out.print(table)
    for sentence in sentences(record):
        out.print(sentence, soft_wrap=True)


if __name__ == "__main__":
    main()
