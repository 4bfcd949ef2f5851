"""How a difference and the standing of a case are written, alike in every report."""

from __future__ import annotations

from optiterr.comparison.figures import Figure, show
from optiterr.comparison.side_by_side import Cell, Comparison

LARGE = 10
"""A change of more than ten times the baseline is written as an amount, not as a share of it."""


def changed(figure: Figure, cell: Cell) -> str:
    """The change of a cell: points for shares, a share of the baseline for amounts."""
    if cell.change is None:
        return ""
    if cell.change == 0:
        return "="
    if figure.style in ("share", "count") or cell.relative is None or abs(cell.relative) > LARGE:
        return figure.show_change(cell.change)
    sign = "+" if cell.relative > 0 else ""
    return f"{sign}{show(cell.relative, 'share')}"


def unit_of(figure: Figure) -> str:
    """The unit behind a title, where the title does not say it already."""
    said = figure.style != "amount" or figure.unit.lower() in figure.title.lower()
    return "" if said else figure.unit


def judged(cell: Cell) -> str:
    """The verdict of a cell as a sign that does not need colour."""
    return {"better": "✓", "worse": "✗"}.get(cell.verdict, "")


def baseline_title(comparison: Comparison) -> str:
    """The baseline as people call it."""
    if comparison.baseline == comparison.today.name:
        return "today's books, judged by the rules of each case"
    return next(case.title for case in comparison.cases if case.name == comparison.baseline)
