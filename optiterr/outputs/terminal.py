"""A comparison as a table that reads well in a terminal."""

from __future__ import annotations

from rich.table import Table

from optiterr.case import TODAY
from optiterr.compare import Comparison
from optiterr.figures import show

SHOWN = ("cost", "saving", "bound", "gap", "status", "moved_share", "seconds")


def summary_table(comparison: Comparison) -> Table:
    """Cases side by side with today's books: status, cost, proved gap, balance and moves."""
    table = Table(title=comparison.title, title_justify="left")
    table.add_column("")
    for case in comparison.columns:
        table.add_column(case.name, justify="right")
    table.add_row("status", *(case.status for case in comparison.columns))
    for row in comparison.rows:
        if not row.figure.key.startswith(SHOWN):
            continue
        cells = [row.cells.get(case.name) for case in comparison.columns]
        table.add_row(
            row.figure.title,
            *(
                "" if cell is None or cell.value is None else show(cell.value, row.figure.style)
                for cell in cells
            ),
        )
    assert TODAY
    return table
