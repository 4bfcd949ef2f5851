"""Cells of a workbook: text that stays text, numbers to their last digit, tables with headings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import isfinite
from typing import Any

from optiterr.errors import DataError
from optiterr.outputs.forms.plain import FORBIDDEN, headings, visible
from optiterr.outputs.forms.tidy import Cell, Tidy

LONGEST = 32_767
"""What a cell holds, in units of UTF-16."""

ROWS, COLUMNS = 1_048_576, 16_384
"""What a sheet holds, its heading included."""

EVERYWHERE = "A1:XFD1048576"

SAMPLE = 200
"""Rows that the width of a column is taken from."""

FORMATS: dict[str, dict[str, Any]] = {
    "text": {"num_format": "@", "valign": "top"},
    "words": {"num_format": "@", "text_wrap": True, "valign": "top"},
    "head": {"num_format": "@", "bold": True, "font_size": 12, "valign": "top"},
    "title": {"num_format": "@", "bold": True, "font_size": 18},
    "number": {"num_format": "#,##0.00"},
    "whole": {"num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "degrees": {"num_format": "0.00000"},
    "seconds": {"num_format": "#,##0.00"},
}


class Exact(float):
    """A number that is written with every digit it has; the writer would keep sixteen."""

    def __format__(self, _: str) -> str:
        return float.__repr__(self)


@dataclass(eq=False)
class Pen:
    """Writes cells of one workbook and counts what could not be written as it is."""

    book: Any
    formats: Mapping[str, Any] = field(init=False)
    cut: int = 0
    pictured: int = 0

    def __post_init__(self) -> None:
        self.formats = {name: self.book.add_format(one) for name, one in FORMATS.items()}

    def text(self, sheet: Any, row: int, col: int, text: str, style: str = "text") -> None:
        """Writes text as text, whatever it looks like; what is too long says so at its end."""
        if FORBIDDEN.search(text):
            self.pictured += 1
            text = visible(text)
        if _units(text) > LONGEST:
            self.cut += 1
            text = _cut(text)
        sheet.write_string(row, col, text, self.formats[style])

    def texts(self, sheet: Any, top: int, col: int, values: Sequence[Cell]) -> None:
        """Writes a column of text; nothing where there is none."""
        style = self.formats["text"]
        odd = {text for text in set(values) if isinstance(text, str) and not _plain(text)}
        for row, text in enumerate(values, top):
            if text in odd:
                self.text(sheet, row, col, str(text))
            elif text:
                sheet.write_string(row, col, text, style)

    def numbers(
        self, sheet: Any, top: int, col: int, values: Sequence[Cell], styles: Iterable[str]
    ) -> None:
        """Writes a column of numbers; nothing where there is none."""
        for row, (value, style) in enumerate(zip(values, styles, strict=False), top):
            if isinstance(value, int | float):
                if isfinite(value):
                    sheet.write_number(row, col, Exact(value), self.formats[style])
                else:  # no cell holds infinity as a number
                    self.text(sheet, row, col, repr(float(value)))

    def table(
        self,
        sheet: Any,
        table: Tidy,
        called: str,
        *,
        styles: Sequence[str] | None = None,
        top: int = 0,
        left: int = 0,
    ) -> None:
        """Writes a table with its heading at ``top``, ``left``, as a table that Excel can filter.

        ``styles`` are those of the numbers by row; without them a column's unit says it.
        """
        heads = headings([column.name for column in table.columns])
        last = top + max(1, table.height)
        place = (top, left, last, left + len(heads) - 1)
        options = {
            "name": called,
            "style": "Table Style Light 1",
            "columns": [{"header": head} for head in heads],
        }
        sheet.add_table(*place, options)
        sheet.ignore_errors({"number_stored_as_text": EVERYWHERE})
        for col, (column, values) in enumerate(zip(table.columns, table.values, strict=True), left):
            style = style_of(column.kind, column.unit)
            wide = max([len(heads[col - left]) + 3, *(_shown(one) for one in values[:SAMPLE])])
            sheet.set_column(col, col, min(max(wide, 8), 60))
            if column.kind == "text":
                self.texts(sheet, top + 1, col, values)
            else:
                own = styles if styles is not None and style == "number" else repeat(style)
                self.numbers(sheet, top + 1, col, values, own)


def style_of(kind: str, unit: str) -> str:
    """The style of a column's numbers."""
    if kind == "number" and unit in ("share", "degrees"):
        return unit
    return "seconds" if kind == "number" and unit == "s" else kind


def check_size(name: str, table: Tidy) -> None:
    """DataError when a table does not fit on a sheet."""
    for many, most, what in (
        (table.height + 1, ROWS, "rows"),
        (len(table.columns), COLUMNS, "columns"),
    ):
        if many > most:
            raise DataError(
                f"comparison.xlsx, sheet {name}",
                f"{many:,} {what} with the heading, and a sheet holds {most:,}",
                "ask for the form parquet, or use the CSV tables, or compare fewer cases",
            )


def _plain(text: str) -> bool:
    """Whether a cell surely holds the text as it is."""
    return len(text) <= LONGEST // 2 and not FORBIDDEN.search(text)


def _shown(value: Cell) -> int:
    """Signs of a value as it is shown, about."""
    if value is None:
        return 0
    return len(value) + 1 if isinstance(value, str) else len(f"{value:,.2f}") + 1


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str) -> str:
    end = f"… [cut: {len(text):,} characters, all of them in the CSV tables]"
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (LONGEST - len(end))]
    return kept.decode("utf-16-le", "ignore") + end
