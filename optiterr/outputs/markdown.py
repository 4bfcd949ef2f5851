"""A comparison as Markdown: the story, the headline figures, and what is proved."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from optiterr.comparison.side_by_side import Cell, Comparison, Row
from optiterr.outputs.words import baseline_title, changed, unit_of


def report(comparison: Comparison) -> str:
    """The short report as Markdown text. Names are shown as text, never as markup."""
    lines = [f"# {_text(comparison.title)}", ""]
    for sentence in comparison.summary:
        lines += [_text(sentence.text), ""]
    lines += ["## Side by side", ""]
    lines += [f"Differences are from {_text(baseline_title(comparison))}.", ""]
    lines += _table(comparison, [row for row in comparison.rows if row.figure.headline])
    lines += ["", "## What is proved", ""]
    lines += [
        f"- {_text(case.title)}: {_text(comparison.standings[case.name])}."
        for case in comparison.cases
    ]
    lines += [f"- {_text(verdict.words)}" for verdict in comparison.verdicts]
    for case in comparison.cases:
        if case.blocking:
            lines += ["", f"## Why {_text(case.title)} has no plan", ""]
            lines += [f"- {_text(one.rule)}: {_text(one.message)}" for one in case.blocking]
    lines += ["", "## All figures", ""]
    lines += _table(comparison, comparison.rows)
    lines += ["", "## How to read this", ""]
    lines += [f"- {_text(note)}" for note in comparison.notes]
    lines += [
        f"- **{_text(row.figure.title)}**: {_text(row.figure.meaning)}" for row in comparison.rows
    ]
    return "\n".join(lines) + "\n"


def _table(comparison: Comparison, rows: Sequence[Row]) -> Iterable[str]:
    titles = [_text(case.title) for case in comparison.columns]
    yield "| | " + " | ".join(titles) + " |"
    yield "|:--|" + "--:|" * len(titles)
    for row in rows:
        cells = [_cell(row, row.cells[case.name]) for case in comparison.columns]
        unit = f" ({unit_of(row.figure)})" if unit_of(row.figure) else ""
        yield f"| {_text(row.figure.title + unit)} | " + " | ".join(cells) + " |"


def _cell(row: Row, cell: Cell) -> str:
    if cell.mark == "by case":
        return "by case"
    notes = [note for note in (changed(row.figure, cell), cell.mark) if note]
    value = row.figure.show(cell.value)
    return f"{value} ({', '.join(notes)})" if notes else value


def _text(text: str) -> str:
    """The text on one line with every character that Markdown or HTML could act on escaped."""
    flat = " ".join(text.split())
    flat = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|#~])", r"\\\1", flat)
