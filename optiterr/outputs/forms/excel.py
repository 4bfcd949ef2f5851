"""A comparison as an Excel workbook: words, charts, and a table on every further sheet."""

from __future__ import annotations

import gc
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from optiterr.comparison.side_by_side import Comparison
from optiterr.findings import counted
from optiterr.frontier.values import Frontier
from optiterr.outputs.forms.excel_cells import Pen, check_size
from optiterr.outputs.forms.excel_charts import DATA, draw
from optiterr.outputs.forms.excel_sheets import sheets_of, styles_of
from optiterr.outputs.forms.made import File
from optiterr.outputs.words import baseline_title

NAME = "comparison.xlsx"

MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""When every workbook says it was made: the same comparison gives the same bytes."""

OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def excel(comparison: Comparison, curves: Sequence[Frontier] = ()) -> Iterator[File]:
    """``comparison.xlsx``; the same comparison gives the same bytes.

    Numbers have every digit that comparison.json has. Text stays text, whatever it looks like; what
    is too long for a cell says so at its end, and signs that XML forbids are shown as pictures
    (``␀`` for NUL). Raises DataError, before anything is written, when a table does not fit on a
    sheet.
    """
    from xlsxwriter import Workbook

    sheets = sheets_of(comparison, curves)
    for name, table in sheets.items():
        check_size(name, table)
    content = io.BytesIO()
    with _uncollected(), Workbook(content, OPTIONS) as book:
        book.set_properties({"title": "", "author": "", "comments": "", "created": MADE})
        pen = Pen(book)
        words, charts = book.add_worksheet("Summary"), book.add_worksheet("Charts")
        for name, table in sheets.items():
            sheet = book.add_worksheet(name)
            styles = styles_of(comparison) if name == "Figures" else None
            pen.table(sheet, table, name.replace(" ", "_"), styles=styles)
            sheet.freeze_panes(1, 1)
        data = book.add_worksheet(DATA)
        draw(pen, charts, data, comparison, curves)
        notes = _say(pen, words, comparison)
    yield File(NAME, content.getvalue(), tuple(f"{NAME}: {note}" for note in notes))


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage among millions of cells, all of which are needed to the end."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _say(pen: Pen, sheet: Any, comparison: Comparison) -> list[str]:
    """Writes the sheet of words; returns what it says of cells that are not as the data is."""
    sheet.set_column(0, 0, 110)
    sheet.hide_gridlines(2)
    parts = {
        "": [sentence.text for sentence in comparison.summary],
        "How good each plan is known to be": [
            f"{case.title}: {comparison.standings[case.name]}." for case in comparison.cases
        ],
        "What is proved": [verdict.words for verdict in comparison.verdicts],
        "How to read this": [
            f"Changes are from {baseline_title(comparison)}.",
            *comparison.notes,
            "Every number has all the digits of comparison.json; cells show fewer of them. The "
            "sheet Data dictionary says what every column means.",
        ],
    }
    row = 0
    pen.text(sheet, row, 0, comparison.title, "title")
    for head, lines in parts.items():
        row += 1
        if head and lines:
            row += 1
            pen.text(sheet, row - 1, 0, head, "head")
        for line in lines:
            pen.text(sheet, row, 0, line, "words")
            row += 1
    notes = []
    if pen.cut:
        said = f"{counted(pen.cut, 'text')} too long for a cell"
        notes.append(f"{said}: cut, which the cell says; the CSV tables have all of it")
    if pen.pictured:
        said = f"{counted(pen.pictured, 'text')} with signs that XML forbids"
        notes.append(f"{said}: shown as pictures such as ␀; the CSV tables have them")
    for note in notes:
        pen.text(sheet, row, 0, f"Note: {note}.", "words")
        row += 1
    return notes
