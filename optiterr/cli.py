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
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from optiterr.errors import AuditError, Fault, OptiterrError, OptiterrWarning, nearest

if TYPE_CHECKING:
    from optiterr.comparison.side_by_side import Comparison
    from optiterr.plan import Plan
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

    spec = _load(scenario, sets)
    problem = read(spec)
    compiled = compile_model(spec.rules, problem)
    model, blocked = compiled.model, blocking(problem, compiled)
    if as_json:
        _dump(
            {
                "scenario": spec.to_dict(),
                "fingerprint": spec.fingerprint(),
                "accounts": len(problem.accounts),
                "reps": len(problem.reps),
                "pairs": {"considered": len(model.pairs), "possible": problem.possible},
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
                f"{len(model.pairs):,} pairs",
            )
        )
        table = Table("rule", "kind", "price", "rows", "pairs forbidden")
        for name, rule in spec.rules.items():
            rows = sum(block.rows for block in model.blocks if block.rule == name)
            forbids = compiled.forbids.get(name)
            table.add_row(
                name,
                rule.kind,
                "hard" if rule.price is None else f"{rule.price:g}",
                f"{rows:,}" if rows else "",
                f"{int(forbids.sum()):,}" if forbids is not None else "",
            )
        out.print(table)
    for one in blocked:
        err.print(Text.assemble(("no plan is possible", "red"), f" {one.message}"))
    if blocked:
        raise typer.Exit(BAD)


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
    from optiterr.engine import Clock, read, save, solve_problem
    from optiterr.outputs.plan_tables import write_plan_tables
    from optiterr.runs import make_ready

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
    table.add_row("cost", f"{plan.cost:,.6g}")
    table.add_row("no plan costs less than", f"{plan.bound_proved:,.6g} (proved)")
    table.add_row("gap", f"{plan.gap_proved:.3%} (proved)")
    pairs = plan.pairs
    table.add_row("pairs", f"{pairs.considered:,} considered of {pairs.possible:,} possible")
    table.add_row("solver", f"{plan.solver.name} {plan.solver.version}".strip())
    if plan.solver.why:
        table.add_row("", plan.solver.why)
    out.print(table)
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
) -> None:
    """Compare plans that were solved before, with today's books as the baseline."""
    from optiterr.outputs import render
    from optiterr.runs import compare_plans

    comparison = compare_plans(plans)
    if output is not None:
        for path in render(comparison, output):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(comparison.model_dump_json(indent=1) + "\n")
    else:
        _show_comparison(comparison)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(help="a scenario file, or the name of a model")],
    sets: Sets = None,
    model: Annotated[
        bool, typer.Option("--model", help="WHAT names a model, not a scenario")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="write beside the file as .md")] = False,
) -> None:
    """State a scenario or a model as sets, variables, rules and algebra, in Markdown."""
    from optiterr.explain.algebra import describe, model_page

    if model:
        path, text = model_page(what)
    else:
        spec = _load(Path(what), sets)
        path = _find(Path(what))
        text = describe(spec.name, spec.title, spec.description, spec.rules)
    if write:
        target = path.with_suffix(".md")
        target.write_text(text, encoding="utf-8")
        err.print(f"wrote {target}", soft_wrap=True)
    else:
        sys.stdout.write(text)


@app.command()
def verify(
    plan: Path,
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Re-check everything a plan claims, without a solver."""
    from optiterr.verification import verify as verified

    result = verified(plan, folder=data)
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
    what: Annotated[str, typer.Argument(help="rules, solvers, models or scenarios")] = "rules",
    as_json: AsJson = False,
) -> None:
    """List the rules, solvers, models or scenarios there are."""
    from optiterr.errors import SpecError

    kinds = {"rules": _rules, "solvers": _solvers, "models": _models, "scenarios": _scenarios}
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

    return [
        (kind, " ".join((rule.__doc__ or "").split("\n\n")[0].split()), "")
        for kind, rule in registry().items()
    ]


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
        (path.parent.name, path.name, "study" if path.name.endswith(".study.yaml") else "")
        for path in sorted(root.glob("*/*.yaml"))
    ]


@app.command()
def schema(
    what: Annotated[str, typer.Argument(help="scenario, study, model or plan")] = "scenario",
) -> None:
    """Print the JSON Schema of a file, for editors and other programs."""
    from optiterr.scenario.schema import json_schema

    _dump(json_schema(cast("FileKind", what)))


if __name__ == "__main__":
    main()
