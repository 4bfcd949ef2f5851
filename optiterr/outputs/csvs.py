"""Tidy CSV tables of a comparison, and a dictionary of their columns.

Cells hold exactly what the data holds: an id or a name that begins with ``=``, ``+``, ``-`` or
``@`` is written as it is, so that files can be joined by id again. A spreadsheet may take such a
cell for a formula: import the files there with every column as text. The dictionary says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from optiterr.comparison.side_by_side import Comparison
from optiterr.outputs.forms.gathered import tables_of
from optiterr.outputs.forms.tidy import Cell, Tidy, dictionary


def tables(comparison: Comparison) -> Mapping[str, str]:
    """Text of every CSV file by its name."""
    found = tables_of(comparison)
    found["dictionary"] = dictionary(comparison, found)
    return {f"{name}.csv": text_of(table) for name, table in found.items()}


def text_of(table: Tidy) -> str:
    """A table as CSV text with its heading."""
    return _csv((column.name for column in table.columns), table.rows())


def _csv(head: Iterable[str], rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
