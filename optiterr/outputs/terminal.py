"""A comparison as a table that reads well in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from optiterr.comparison.figures import show
from optiterr.comparison.side_by_side import Comparison

MOST_VERDICTS = 6
"""Sentences about two costs that a terminal shows; the report has all of them."""


def verdict_lines(comparison: Comparison) -> Iterator[str]:
    """What is proved of every two costs, a sentence each, the first few of them."""
    words = [verdict.words for verdict in comparison.verdicts]
    yield from words[:MOST_VERDICTS]
    if len(words) > MOST_VERDICTS:
        yield f"... and {len(words) - MOST_VERDICTS:,} more pairs: see report.md"


def summary_table(comparison: Comparison) -> Table:
    """One line per case, today's books first: status, cost, proved gap, moves, spread, seconds."""
    lead = comparison.lead
    columns = {
        "cost": "cost",
        "gap": "proved gap",
        "moved:accounts": "accounts moved",
        f"moved_share:{lead}": f"{lead} moved",
        f"spread:{lead}": f"{lead} spread",
        "seconds": "time",
    }
    rows = {row.figure.key: row for row in comparison.rows}
    shown = {key: title for key, title in columns.items() if key in rows}
    # Names are shown as they are: Text is never read as markup.
    title = Text(comparison.title, style="table.title")
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("case", style="bold", no_wrap=True)
    table.add_column("status")
    for heading in shown.values():
        table.add_column(Text(heading), justify="right")
    for case in comparison.columns:
        cells = [case.values.get(key) for key in shown]
        styles = [rows[key].figure.style for key in shown]
        table.add_row(
            Text(case.name),
            "" if case.is_today else case.status,
            *(
                "" if value is None else show(value, style)
                for value, style in zip(cells, styles, strict=True)
            ),
        )
    return table
