"""Commands that set plans side by side and write every form of a report: run, compare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import TextColumn

from optiterr.cli.common import (
    AsJson,
    Folder,
    Sets,
    Standing,
    app,
    err,
    exit_for,
    find_file,
    moving_line,
    out,
    stopping,
    telling,
)

if TYPE_CHECKING:
    from optiterr.comparison.side_by_side import Comparison
    from optiterr.frontier.values import Frontier
    from optiterr.outputs.forms.writing import Written
    from optiterr.runs import Running
    from optiterr.solution import Improvement, Status

Forms = Annotated[
    list[str] | None,
    typer.Option(
        "-f",
        "--forms",
        help="more files beside report.html: excel,parquet,geojson,kml,routes,pictures or all",
    ),
]

Open = Annotated[bool, typer.Option("--open", help="open report.html in the browser")]

FEW = 6
"""Up to so many files of a form are told one by one."""


@app.command()
def run(
    study: Path,
    output: Annotated[Path, typer.Option("-o", "--output", help="folder to write to")] = Path(
        "out"
    ),
    sets: Sets = None,
    workers: Annotated[int, typer.Option(min=1, help="cases solved at a time")] = 2,
    as_json: AsJson = False,
    forms: Forms = None,
    show: Open = False,
) -> None:
    """Solve every case of a study and compare them with today's books in a report.

    Ctrl-C stops with the best plans so far: cases not begun are left out.
    """
    from optiterr.solvers.processes import prepare

    prepare()
    from optiterr.outputs.forms.writing import forms_asked
    from optiterr.runs import make_ready, run_study

    asked = forms_asked(forms or ())
    running = _study(study, sets)
    make_ready(output, [output / "comparison.json", output / "report.html"])
    with _following(running) as notify, stopping("with the best plans so far") as stop:
        comparison, answers = run_study(running, output, workers=workers, notify=notify, stop=stop)
    for name in running.scenarios:
        if name not in answers:
            err.print(f"{name}: left out, for it had not begun", soft_wrap=True)
    if comparison.baseline != running.baseline:
        err.print(f"the baseline is {comparison.baseline}, for {running.baseline} is left out")
    report = _write(comparison, output, asked, tell=False)
    if as_json:
        sys.stdout.write((output / "comparison.json").read_text(encoding="utf-8"))
    else:
        _show_comparison(comparison)
    err.print(f"report: {report}", soft_wrap=True)
    if show:
        _open(report)
    statuses = [answer.plan.status for answer in answers.values()]
    if not all(status.has_plan for status in statuses):
        exit_for(max(statuses, key=lambda status: (not status.has_plan, status == "failed")))


@contextmanager
def _following(running: Running) -> Iterator[Callable[[str, Improvement | Status | None], None]]:
    """A line of cases done; phase, gap, incumbent and bound of the case that told of itself last.

    Where nobody watches, a line when a case starts and one when it ends.
    """
    from optiterr.solution import Improvement

    seen = {name: Standing() for name in running.scenarios}
    with moving_line(TextColumn("{task.completed}/{task.total}")) as line:
        task = line.add_task(running.name, total=len(running.scenarios))

        def notify(name: str, event: Improvement | Status | None) -> None:
            if event is None:
                if not err.is_terminal:
                    err.print(f"{name}: started")
            elif isinstance(event, Improvement):
                seen[name].see(event)
                line.update(task, description=f"{running.name}: {name}: {seen[name].working}")
            else:
                line.update(task, advance=1, description=f"{running.name}: {name} {event}")
                if not err.is_terminal:
                    # The bound heard last may be long overtaken where a solver tells little.
                    cost = seen[name].incumbent
                    err.print(f"{name}: {event}" + ("" if cost is None else f", cost {cost:,.6g}"))

        yield notify


def _study(path: Path, sets: list[str] | None) -> Running:
    from optiterr.errors import SpecError
    from optiterr.runs import running_of

    try:
        found = find_file(path, ".study.yaml")
    except SpecError:
        found = find_file(path)
    return running_of(found, sets or [])


def _show_comparison(comparison: Comparison) -> None:
    from optiterr.outputs.terminal import summary_table, verdict_lines

    out.print(summary_table(comparison))
    for line in verdict_lines(comparison):
        out.print(line, highlight=False)


@app.command()
def compare(
    plans: Annotated[list[Path], typer.Argument(help="plan.json files")],
    output: Folder = None,
    as_json: AsJson = False,
    curves: Annotated[
        list[Path] | None,
        typer.Option("--frontier", help="frontier.json, drawn in report.html"),
    ] = None,
    forms: Forms = None,
    show: Open = False,
) -> None:
    """Compare plans that were solved before, with today's books as the baseline."""
    from optiterr.errors import SpecError
    from optiterr.frontier.values import Frontier
    from optiterr.outputs.forms.writing import forms_asked
    from optiterr.runs import compare_plans

    asked = forms_asked(forms or ())
    if output is None and (asked or show):
        option = "--forms" if asked else "--open"
        raise SpecError(option, "there is no folder to write to", "name one with -o")
    drawn = [Frontier.read(path) for path in curves or ()]
    comparison = compare_plans(plans)
    if output is not None:
        report = _write(comparison, output, asked, drawn)
    if as_json:
        sys.stdout.write(comparison.to_json() + "\n")
    else:
        _show_comparison(comparison)
    if output is not None and show:
        _open(report)


def _write(
    comparison: Comparison,
    folder: Path,
    forms: Iterable[str],
    curves: Iterable[Frontier] = (),
    *,
    tell: bool = True,
) -> Path:
    """Writes the report and further forms, and says what is written; the way to the page."""
    from optiterr.outputs import render
    from optiterr.outputs.forms.writing import write_forms

    drawn = list(curves)
    with telling("report") as say:
        for path in render(comparison, folder, drawn):
            if tell:
                err.print(f"wrote {path}", soft_wrap=True)
        for name in forms:
            say(f"writing {name}")
            write_forms(comparison, folder, [name], drawn, tell=_tell_form)
    return folder / "report.html"


def _tell_form(written: Written) -> None:
    if len(written.paths) <= FEW:
        for path in written.paths:
            err.print(f"wrote {path}", soft_wrap=True)
    else:
        folder = written.paths[-1].parent
        err.print(f"wrote {len(written.paths):,} files to {folder}", soft_wrap=True)
    for note in written.notes:
        err.print(f"note: {note}", soft_wrap=True)


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        err.print(f"no browser could be started: open {page} yourself", soft_wrap=True)
