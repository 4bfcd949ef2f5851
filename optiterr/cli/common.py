"""What every command shares: how scenarios are found, told and ended, and the entry point."""

from __future__ import annotations

import errno
import json
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table
from rich.text import Text

from optiterr.errors import AuditError, Fault, OptiterrError, OptiterrWarning, nearest

if TYPE_CHECKING:
    from optiterr.scenario.loading import Scenario
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


Sets = Annotated[
    list[str] | None, typer.Option("--set", help="change a setting: rules.balance.within=0.1")
]


AsJson = Annotated[bool, typer.Option("--json", help="print JSON on stdout")]


Folder = Annotated[Path | None, typer.Option("-o", "--output", help="folder to write to")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        out.print(f"optiterr {version('optiterr')}", highlight=False)
        raise typer.Exit


@app.callback()
def _before(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="print the version"),
    ] = False,
) -> None:
    """What may stand before every command."""


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


def find_file(path: Path, suffix: str = ".yaml") -> Path:
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


def load_scenario(
    path: Path, sets: list[str] | None, more: dict[str, Any] | None = None
) -> Scenario:
    from optiterr.scenario.loading import load

    options = [f"solve.{key}={value}" for key, value in (more or {}).items() if value is not None]
    return load(find_file(path), [*(sets or []), *options])


def dump(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def exit_for(status: Status) -> None:
    from optiterr.solution import Status

    if status in (Status.INFEASIBLE, Status.UNBOUNDED):
        raise typer.Exit(BAD)
    if not status.has_plan:
        raise typer.Exit(FAILED)


@dataclass
class Standing:
    """How far a solve has come, as far as it has told."""

    incumbent: float | None = None
    bound: float | None = None
    phase: str = ""

    def see(self, step: Improvement) -> None:
        """Takes in what a solve reports."""
        self.incumbent = self.incumbent if step.incumbent is None else step.incumbent
        self.bound = self.bound if step.bound is None else step.bound
        self.phase = step.phase or self.phase

    def __str__(self) -> str:
        """Gap, incumbent and bound in words, what matters most first: lines are cut off."""
        from optiterr.certificate import relative_gap

        words = []
        if self.incumbent is not None and self.bound is not None:
            words.append(f"gap {relative_gap(self.incumbent, self.bound):.2%}")
        known = {"incumbent": self.incumbent, "bound": self.bound}
        words += [f"{key} {value:,.6g}" for key, value in known.items() if value is not None]
        return ", ".join(words)

    @property
    def working(self) -> str:
        """The phase, then gap, incumbent and bound."""
        return ", ".join(filter(None, (self.phase, str(self)))) or "working"


def moving_line(*more: ProgressColumn, transient: bool = False) -> Progress:
    """A line that moves, where somebody watches: the time so far, ``more``, then words, which are
    cut off where they do not fit."""
    words = Column(ratio=1, no_wrap=True)
    return Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        *more,
        TextColumn("{task.description}", markup=False, table_column=words),
        console=err,
        expand=True,
        transient=transient,
        disable=not err.is_terminal,
    )


@contextmanager
def watching(name: str) -> Iterator[Callable[[Improvement], None]]:
    """A line that follows phase, gap, incumbent and bound while a solve goes on."""
    with moving_line(transient=True) as progress:
        seen = Standing()
        task = progress.add_task(f"{name}: {seen.working}")

        def report(step: Improvement) -> None:
            seen.see(step)
            progress.update(task, description=f"{name}: {seen.working}")

        yield report


@contextmanager
def stopping(what: str = "with the best plan so far") -> Iterator[Callable[[], bool]]:
    """Whether somebody asked to stop ``what``, by Ctrl-C; a second one ends the command.

    Where interrupts are ignored or belong to somebody else, they stay so.
    """
    asked = threading.Event()

    def interrupted(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        err.print(f"stopping {what}; once more ends at once", soft_wrap=True)

    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler
    ours &= threading.current_thread() is threading.main_thread()
    if ours:
        signal.signal(signal.SIGINT, interrupted)
    try:
        yield asked.is_set
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


@contextmanager
def telling(name: str) -> Iterator[Callable[[str], None]]:
    """A line that says what is being worked on."""
    with err.status(Text(f"{name}: working")) as line:
        yield lambda what: line.update(Text(f"{name}: {what}"))


def as_share(share: float | None) -> str:
    return "" if share is None else f"{share:.3%}"


def number_table(first: str, heads: list[str]) -> Table:
    """A table of numbers behind names."""
    from rich.box import SIMPLE_HEAD

    numbers = [Column(head, justify="right", overflow="fold") for head in heads]
    return Table(Column(first, overflow="fold"), *numbers, box=SIMPLE_HEAD)
