"""Charts of the workbook, drawn by Excel from the tables on the sheet ``Chart data``.

Titles and names of series are references to cells: text given to a chart may be run as a formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from optiterr.comparison.side_by_side import Comparison
from optiterr.frontier.values import Frontier
from optiterr.outputs.charts import CASE_COLOURS, DRAWN, colour_of
from optiterr.outputs.drawing import GREY, short
from optiterr.outputs.forms.excel_cells import Pen
from optiterr.outputs.forms.excel_sheets import frontier
from optiterr.outputs.forms.tidy import Column, Tidy, of_rows

DATA = "Chart data"
WIDE, HIGH, ACROSS = 720, 380, 2
"""Size of a chart in pixels, and how many stand side by side."""

KINDS = {"moved": "moved", "forced": "forced", "assigned": "new"}
"""Families of figures that count the moves of a case, and what they are called."""


@dataclass(frozen=True)
class _Drawn:
    """A chart to draw: its title, its numbers, and how the columns behind the first look."""

    title: str
    table: Tidy
    way: dict[str, str]
    colours: tuple[str, ...]
    across: str = ""


def draw(
    pen: Pen, charts: Any, data: Any, comparison: Comparison, curves: Sequence[Frontier]
) -> None:
    """Fills the sheets of charts and of their numbers."""
    left = 0
    for place, one in enumerate((*_loads(comparison), *_moves(comparison), *_frontiers(curves))):
        pen.text(data, 0, left, one.title, "head")
        pen.table(data, one.table, f"Chart_{place + 1}", top=1, left=left)
        chart = pen.book.add_chart(one.way)
        last = 1 + one.table.height
        for at, colour in enumerate(one.colours, start=1):
            dots = {"type": "circle", "size": 7, "fill": {"color": colour}}
            series = {
                "name": [DATA, 1, left + at],
                "categories": [DATA, 2, left, last, left],
                "values": [DATA, 2, left + at, last, left + at],
                "fill": {"color": colour},
            }
            if one.way["type"] == "scatter":
                series |= {"marker": dots, "line": {"color": colour}}
            chart.add_series(series)
        chart.set_title({"name": [DATA, 0, left], "name_font": {"size": 12}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": WIDE, "height": HIGH})
        chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#e4e7ec"}}})
        if one.way["type"] == "scatter":
            chart.set_x_axis({"name": [DATA, 1, left]})
            chart.set_y_axis({"name": [DATA, 1, left + 1]})
            chart.set_legend({"none": True})
        down, right = divmod(place, ACROSS)
        charts.insert_chart(down * 20, right * 12, chart, {"description": short(one.title, 200)})
        left += len(one.table.columns) + 1


def _loads(comparison: Comparison) -> Iterator[_Drawn]:
    lead = comparison.lead
    for case in [one for one in comparison.cases if one.has_plan][:DRAWN]:
        columns = (
            Column("rep", "name of the rep"),
            Column("today", "load today", "number", lead),
            Column(case.name, "load in the plan", "number", lead),
        )
        rows = [
            (book.name or book.rep_id, book.before[lead], book.after[lead])
            for book in case.books
            if lead in book.before and lead in book.after
        ]
        if rows:
            yield _Drawn(
                f"{lead} of each rep today and in {case.title}",
                of_rows("loads", "", columns, rows),
                {"type": "column"},
                (GREY, colour_of(comparison, case.name)),
            )


def _moves(comparison: Comparison) -> Iterator[_Drawn]:
    solved = [case for case in comparison.cases if "moved:accounts" in case.values]
    columns = (
        Column("case", "title of the case"),
        *(Column(name, "accounts", "whole") for name in KINDS.values()),
    )
    rows = [
        (case.title, *(case.values.get(f"{family}:accounts") for family in KINDS))
        for case in solved
    ]
    if rows:
        yield _Drawn(
            "Accounts that change hands",
            of_rows("changes", "", columns, rows),
            {"type": "bar", "subtype": "stacked"},
            CASE_COLOURS[: len(KINDS)],
        )


def _frontiers(curves: Sequence[Frontier]) -> Iterator[_Drawn]:
    for curve in curves:
        if len(curve.names) == 2 and curve.points:
            points = frontier(curve.model_copy(update={"today": None}))
            first, last = curve.names
            yield _Drawn(
                f"What {last} costs in {first}",
                Tidy("points", "", points.columns[1:3], points.values[1:3]),
                {"type": "scatter", "subtype": "straight_with_markers"},
                (CASE_COLOURS[0],),
            )
