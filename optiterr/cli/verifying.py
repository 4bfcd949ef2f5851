"""The command that re-checks a plan, or a file about plans, without a solver."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from optiterr.cli.common import BAD, AsJson, app, dump, out

if TYPE_CHECKING:
    from optiterr.verification import Verification

MARKS = {"rungs": "ladder", "members": "portfolio", "minimise": "robust", "points": "frontier"}
"""What each kind of file holds and no other does: earlier files do not say their kind."""


@app.command()
def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help="plan.json, or frontier.json, ladder.json, portfolio.json or robust.json"
        ),
    ],
    data: Annotated[Path | None, typer.Option(help="folder of the data, if it moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Re-check everything a plan claims, or a file about plans, without a solver."""
    result = _verifier(file)(file, folder=data)
    if as_json:
        dump({**result.model_dump(mode="json"), "holds": result.holds})
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


def _verifier(path: Path) -> Callable[..., Verification]:
    """Who re-checks the file at ``path``, by what it says that it holds; plans unless told."""
    kind = _kind(path)
    if kind == "frontier":
        from optiterr.frontier.verifying import verify_frontier

        return verify_frontier
    if kind == "ladder":
        from optiterr.ladder.verifying import verify_ladder

        return verify_ladder
    if kind == "portfolio":
        from optiterr.portfolio.verifying import verify_portfolio

        return verify_portfolio
    if kind == "robust":
        from optiterr.robust.verifying import verify_robust

        return verify_robust
    from optiterr.verification import verify as verify_plan

    return verify_plan


def _kind(path: Path) -> str:
    """What the JSON file at ``path`` holds; ``plan`` where it does not say or cannot be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "plan"
    if not isinstance(said, dict):
        return "plan"
    marked = (kind for mark, kind in MARKS.items() if mark in said)
    return str(said.get("kind") or next(marked, "plan"))
