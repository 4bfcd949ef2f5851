"""Commands about what is to come: uplift, futures, robust."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from optiterr.cli.common import (
    AsJson,
    Folder,
    Sets,
    app,
    dump,
    err,
    exit_for,
    load_scenario,
    number_table,
    out,
    watching,
)
from optiterr.cli.solving import PLAN_FILES

if TYPE_CHECKING:
    from optiterr.robust.record import RobustPlan


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
        dump({**found.model_dump(mode="json"), "sentence": found.sentence})
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
    table = number_table("books and rule", list(HEADS))
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
    from optiterr.robust.asking import FILE, asked, placed
    from optiterr.robust.planning import robust as planned
    from optiterr.runs import make_ready

    loaded = load_scenario(scenario, sets)
    problem = read(loaded)
    cases = {path.stem: load_scenario(path, None) for path in case or []}
    question = asked(loaded, problem, cases, spec, month, futures, minimise, hard_in)
    if output is not None:
        make_ready(output, [output / name for name in (FILE, *PLAN_FILES)])
    with watching(loaded.name) as report:
        made = planned(loaded, problem, **question, share=share, report=report)
    record = made.record
    if output is not None:
        record = placed(record, loaded, cases, output)
        (output / FILE).write_text(record.to_json() + "\n", encoding="utf-8")
        err.print(f"wrote {output / FILE}", soft_wrap=True)
        if made.plan is not None:
            save(made.plan, loaded, output / "plan.json")
            paths = write_plan_tables(made.plan, problem, loaded.rules, output)
            for path in (output / "plan.json", *paths):
                err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(record.to_json() + "\n")
    else:
        _show_robust(record, loaded.title or loaded.name)
        for one in made.nominal.blocking:
            out.print(f"  {one.message}")
    exit_for(record.status)


def _show_robust(record: RobustPlan, title: str) -> None:
    """Every future as a row, and what was reached below."""
    from optiterr.robust.telling import HEADS, aim_of, rows, sentences

    out.print(
        Text.assemble((title, "bold"), f": least {aim_of(record)}: ", (record.status, "bold"))
    )
    if not record.futures:
        return
    table = number_table("future", list(HEADS))
    for name, numbers in rows(record):
        table.add_row(name, *numbers)
    out.print(table)
    for sentence in sentences(record):
        out.print(sentence, soft_wrap=True)
