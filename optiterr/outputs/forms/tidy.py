"""A comparison as tidy tables: one row per fact, with the meaning and unit of every column.

The tables are what CSV, Parquet and Excel files are written from. Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from optiterr.comparison.side_by_side import Comparison

Cell = str | float | None
Kind = Literal["text", "number", "whole"]


@dataclass(frozen=True)
class Column:
    """A column of a table: its name, what it means, its unit, and what its cells are."""

    name: str
    meaning: str
    kind: Kind = "text"
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Tidy:
    """A table column by column; the cells of a row are in step. None: there is no such value."""

    name: str
    about: str
    columns: tuple[Column, ...]
    values: tuple[Sequence[Cell], ...]

    @property
    def height(self) -> int:
        """How many rows it has."""
        return len(self.values[0])

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """The rows, one by one."""
        return zip(*self.values, strict=True)


def of_rows(
    name: str, about: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> Tidy:
    """The table of some rows."""
    every = list(rows)
    values = tuple(zip(*every, strict=True)) if every else tuple(() for _ in columns)
    return Tidy(name, about, tuple(columns), values)


def spread_out(table: Tidy, key: str, value: str) -> Tidy:
    """The table with a column for each measure instead of a row: ``key`` names it, ``value`` is it.

    Rows that are alike but for the two become one, where the first of them was.
    """
    heads = [column.name for column in table.columns]
    names, numbers = (table.values[heads.index(one)] for one in (key, value))
    kept = [at for at, head in enumerate(heads) if head not in (key, value)]
    columns = [table.columns[at] for at in kept]
    found: dict[tuple[Cell, ...], dict[str, Cell]] = {}
    rows = zip(*(table.values[at] for at in kept), strict=True)
    for row, name, number in zip(rows, names, numbers, strict=True):
        found.setdefault(row, {})[str(name)] = number
    named = measure_columns(map(str, names), columns, f"{{}}: {table.about}")
    lines = ((*row, *(one.get(name) for name in named)) for row, one in found.items())
    return of_rows(table.name, table.about, (*columns, *named.values()), lines)


def measure_columns(
    measures: Iterable[str], taken: Iterable[Column], meaning: str
) -> dict[str, Column]:
    """A column for each measure; one that is called like another column gets a line behind it."""
    used = {column.name for column in taken}
    names = dict.fromkeys(measures)
    found = {}
    for measure in names:
        name = measure
        while name in used or (name != measure and name in names):
            name += "_"
        used.add(name)
        found[measure] = Column(name, meaning.format(measure), "number", measure)
    return found


DICTIONARY = (
    Column("table", "name of the table; * for all of them"),
    Column("column", "column of the table, or key of a figure"),
    Column("meaning", "what stands there"),
    Column("unit", "what one unit is; empty: none, or the unit of prices"),
    Column("type", "text, number, whole (a number without decimals), or figure"),
)

EXACT = (
    "UTF-8, commas, numbers with a point. Cells are exact: text that begins with = + - or @ is "
    "written as it is; import every column as text where a spreadsheet might run formulas, or open "
    "comparison.xlsx, where text stays text"
)
"""What a reader of the CSV files has to know."""


def dictionary(comparison: Comparison, tables: Mapping[str, Tidy]) -> Tidy:
    """What every column of ``tables`` and every figure means."""
    return of_rows(
        "dictionary",
        "what every column and every figure means",
        DICTIONARY,
        _dictionary(comparison, tables),
    )


def _dictionary(comparison: Comparison, tables: Mapping[str, Tidy]) -> Iterator[Sequence[Cell]]:
    yield "*", "", EXACT, "", ""
    for table in tables.values():
        yield table.name, "", table.about, "", ""
        for column in table.columns:
            yield table.name, column.name, column.meaning, column.unit, column.kind
    for row in comparison.rows:
        yield "figures", row.figure.key, row.figure.meaning, row.figure.unit, "figure"
