"""Commands about the trade between goals: frontier, trade, ladder, portfolio."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from optiterr.cli.common import (
    AsJson,
    Folder,
    Sets,
    app,
    as_share,
    err,
    exit_for,
    load_scenario,
    number_table,
    out,
    telling,
)
from optiterr.cli.solving import show_plan

if TYPE_CHECKING:
    from optiterr.frontier.trading import Trade
    from optiterr.frontier.values import Frontier
    from optiterr.ladder.records import Ladder, Rung
    from optiterr.portfolio.records import Portfolio


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
    from optiterr.ladder.writing import FILES, placed, write
    from optiterr.runs import make_ready

    read, spec = plan_and_scenario(plan, data)
    if output is not None:
        make_ready(output, [output / name for name in FILES])
    with telling(read.name) as notify:
        made = climb(spec, read, certify=certify, seconds=seconds, notify=notify)
    if output is not None:
        made = placed(made, spec, output)
        for path in write(made, output):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    else:
        _show_ladder(made)


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

    spec = load_scenario(scenario, sets)
    if output is not None:
        names = [f"plan-{place + 1}/plan.json" for place in range(plans)]
        make_ready(output, [output / name for name in ["portfolio.json", *names]])
    with telling(spec.name) as notify:
        made = carve(spec, plans, within, by, notify=notify)
    if output is not None:
        for path in write(made, spec, output):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    elif made.members:
        _show_portfolio(made)
    else:
        show_plan(made.plans[0])
    exit_for(made.plans[0].status)


def _show_portfolio(made: Portfolio) -> None:
    """The plans side by side, where they differ, and what to know of them below."""
    names = [one.name for one in made.members]
    out.print(Text.assemble((made.title or made.name, "bold"), f": {len(names)} plans"))
    costs = Table("", *names)
    costs.add_row("cost", *(f"{one.cost:,.6g}" for one in made.members))
    costs.add_row("gap (proved)", *(as_share(one.gap_proved) for one in made.members))
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

    spec = load_scenario(scenario, sets)
    if output is not None:
        make_ready(output, [output / name for name in FILES])
    with telling(spec.name) as notify:
        made = swept(spec, [*(between or []), *(more or [])], points, workers, seconds, notify)
    if output is not None:
        made = saved(made, spec, output / FILES[0])
        for path in (output / FILES[0], *render_frontier(made, output)):
            err.print(f"wrote {path}", soft_wrap=True)
    if as_json:
        sys.stdout.write(made.to_json() + "\n")
    else:
        _show_frontier(made)
    exit_for(made.status)


def _show_frontier(made: Frontier) -> None:
    """The points as a table, and what they say below."""
    out.print(Text.assemble((made.title or made.name, "bold"), f": {len(made.points)} plans"))
    table = number_table("plan", [*made.names, "moves", "proved", "gap", "of range"])
    rows = [("today", made.today)] if made.today is not None else []
    for place, one in enumerate(made.points):
        rows.append((f"{place + 1}{' knee' if place == made.knee else ''}", one))
    for name, point in rows:
        table.add_row(
            name,
            *(f"{point.values[goal]:,.6g}" for goal in made.names),
            f"{point.moves:,}",
            f"{point.bound:,.6g}",
            as_share(point.gap),
            as_share(point.gap_of_range),
        )
    out.print(table)
    out.print(
        f"proved: no plan with as little of the others has less {made.names[-1]}; of range: the "
        "gap as a share of what that goal ranges over",
        soft_wrap=True,
    )
    for sentence in made.sentences:
        out.print(sentence, soft_wrap=True)


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

    spec = load_scenario(scenario, sets)
    if output is not None:
        make_ready(output, [output / "trade.json"])
    with telling(spec.name) as notify:
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
    stand = number_table("term", heads)
    for term in made.terms:
        numbers = (term.ideal, term.bound, term.value, term.nadir)
        told = ("" if one is None else show(one) for one in numbers)
        place = "" if term.position is None else f"{term.position:.2f}"
        stand.add_row(term.rule, f"{term.price:g}", *told, place)
    out.print(stand)
    names = [term.rule for term in made.terms]
    turns = number_table("price", [*names, "accounts moved", "gap"])
    for turn in (made.plan, *made.turns):
        head = "as written" if turn.rule is None else f"{turn.rule} x {turn.factor:g}"
        cells = [show(turn.terms[name]) for name in names]
        turns.add_row(head, *cells, f"{turn.moves:,}", as_share(turn.gap))
    out.print(turns)
    out.print(
        "position: 0 at the best value of the term, 1 at its worst when another term comes first. "
        "Terms are at the scenario's prices; each plan was searched for "
        f"{made.seconds:g} s at most.",
        soft_wrap=True,
    )
