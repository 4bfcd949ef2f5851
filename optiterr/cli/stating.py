"""Commands that state what a scenario says and what there is to say: explain, list, schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from optiterr.cli.common import (
    AsJson,
    Sets,
    app,
    dump,
    err,
    find_file,
    load_scenario,
    out,
)

if TYPE_CHECKING:
    from pydantic import BaseModel


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
        return find_file(Path(what)), scenario_page(load_scenario(Path(what), sets))
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
        dump([dict(zip(("name", "what", "note"), line, strict=True)) for line in lines])
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
    what: Annotated[
        str,
        typer.Argument(
            help="scenario, study, model, plan, comparison, frontier, ladder, portfolio or robust"
        ),
    ] = "scenario",
) -> None:
    """Print the JSON Schema of a file, for editors and other programs."""
    from optiterr.outputs.schemas import schema_of

    dump(schema_of(what))
