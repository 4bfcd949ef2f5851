"""What stands on each sheet of the workbook, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from optiterr.comparison.accounts import NOT_THERE
from optiterr.comparison.case import TODAY
from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.gathered import tables_of
from optiterr.outputs.forms.people import PLACE
from optiterr.outputs.forms.tidy import (
    Cell,
    Column,
    Tidy,
    dictionary,
    measure_columns,
    of_rows,
    spread_out,
)

ABSENT = "(not in the data)"
"""Stands where the data of a case does not have an account."""

SHEETS = {
    "books": "Books",
    "capacity": "Capacity",
    "moves": "Moves",
    "flows": "Flows",
    "accounts": "Accounts",
    "reps": "Reps",
    "differences": "Differences",
    "passages": "Differences by rep",
    "switches": "Differences by account",
    "teams": "Teams",
    "rules": "Rules",
    "findings": "Findings",
    "log": "Log",
}
"""Sheet of each tidy table; figures and accounts have a column for each case there."""

SPREAD = ("flows", "differences", "passages")
"""Tables with a column for each measure in the workbook."""

FIGURE = (
    Column("section", "the part of a report it belongs to"),
    Column("figure", "key of the figure"),
    Column("title", "the figure in words"),
    Column("unit", "what one unit is; empty: the unit of prices, or a share"),
    Column("better", "which way is better: up, down, or none"),
)


def sheets_of(comparison: Comparison, curves: Sequence[Frontier]) -> dict[str, Tidy]:
    """Every table of the workbook by the name of its sheet, in order."""
    tidy = tables_of(comparison)
    tidy["accounts"] = accounts(comparison)
    tidy |= {name: spread_out(tidy[name], "measure", "amount") for name in SPREAD}
    found = {"Figures": figures(comparison)}
    found |= {sheet: tidy[name] for name, sheet in SHEETS.items()}
    for at, curve in enumerate(curves, start=1):
        found["Frontier" if at == 1 else f"Frontier {at}"] = frontier(curve)
    named = {
        sheet: Tidy(sheet, table.about, table.columns, table.values)
        for sheet, table in found.items()
    }
    found["Data dictionary"] = dictionary(comparison, named)
    return found


def figures(comparison: Comparison) -> Tidy:
    """A row for each figure, a column for each case, then the changes and what is said of them."""
    columns = [*FIGURE]
    for case in comparison.columns:
        words = f"the figure of {case.title}; empty: it does not apply, or depends on the case"
        columns.append(Column(case.name, words, "number", "that in the column unit"))
    for case in comparison.cases:
        words = f"{case.title} less the baseline"
        columns.append(Column(f"change {case.name}", words, "number", "that in the column unit"))
        columns.append(Column(f"said {case.name}", "what may be said of that change"))

    def rows() -> Iterator[Sequence[Cell]]:
        for row in comparison.rows:
            form = row.figure
            told: list[Cell] = [row.cells[case.name].value for case in comparison.columns]
            for case in comparison.cases:
                cell = row.cells[case.name]
                verdict = "" if cell.verdict == "none" else cell.verdict
                told += [cell.change, ", ".join(filter(None, (verdict, cell.mark)))]
            yield form.section, form.key, form.title, form.unit, form.better, *told

    return of_rows("figures", "key figures, a column for each case", columns, rows())


def styles_of(comparison: Comparison) -> list[str]:
    """How the numbers of each row of figures are written."""
    ways = {"share": "share", "count": "whole", "seconds": "seconds", "amount": "number"}
    return [ways[row.figure.style] for row in comparison.rows]


def accounts(comparison: Comparison) -> Tidy:
    """A row for each account, a column for who serves it in each case."""
    table = comparison.accounts
    head = (
        Column("account_id", "account"),
        Column("account_name", "name of the account, where the data has one"),
        *PLACE,
    )
    plans = {} if table is None else {TODAY: table.today, **table.served}
    reps = [
        Column(f"rep {case}", f"rep in the case {case}; empty: nobody; {ABSENT}: as it says")
        for case in plans
    ]
    measures = [] if table is None else [name for name in table.measures if name != "accounts"]
    named = measure_columns(measures, (*head, *reps), "{} of the account, today's where it has it")
    columns = (*head, *named.values(), *reps)
    about = "every account, a column for who serves it in each case"
    if table is None:
        return Tidy("accounts", about, columns, tuple(() for _ in columns))
    told: dict[int, Cell] = {at: rep.rep_id for at, rep in enumerate(comparison.reps)}
    told[NOT_THERE] = ABSENT
    return Tidy(
        "accounts",
        about,
        columns,
        (
            *(table.ids, table.names, table.latitude, table.longitude),
            *(table.measures[name] for name in named),
            *([told.get(at) for at in served] for served in plans.values()),
        ),
    )


def frontier(curve: Frontier) -> Tidy:
    """A row for each point of a frontier, today's books last where they are one."""
    columns = (
        Column("point", "number of the point; today: today's books"),
        *(
            Column(f"goal {name}", "cost of these rules", "number", "unit of prices")
            for name in curve.names
        ),
        Column("moves", "accounts of reps who stay that go elsewhere", "whole", "accounts"),
        Column("status", "how the search ended, by the solver's word"),
        Column("bound", "no plan with as little of the other goals has less", "number"),
        Column("gap", "(value - bound) / value", "number", "share"),
    )
    points = [(str(at), one) for at, one in enumerate(curve.points, start=1)]
    points += [("today", curve.today)] if curve.today is not None else []
    rows = (
        (
            name,
            *(one.values[goal] for goal in curve.names),
            *(float(one.moves), str(one.status), one.bound, one.gap),
        )
        for name, one in points
    )
    return of_rows("frontier", f"points of the frontier of {curve.name}", columns, rows)
