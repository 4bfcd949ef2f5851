"""The bytes of a CSV, TSV, Parquet or Excel file as a frame of cells exactly as written."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from optiterr.errors import DataError, Fault
from optiterr.tables.places import Place

if TYPE_CHECKING:
    import pyarrow as pa

BOM = b"\xef\xbb\xbf"
SAVE_AS_UTF8 = "save it again as UTF-8 text (in Excel: the file type 'CSV UTF-8')"
BLOCK_BYTES = 1 << 24
"""Text is parsed in blocks of this size; no single row may be longer."""


def unpack(data: bytes, name: str) -> bytes:
    """What a .gz file holds."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            name, "is not a whole gzip file", "compress it again or drop .gz from its name"
        ) from error


def read_delimited(data: bytes, separator: str, name: str) -> pd.DataFrame:
    """Every cell of a CSV or TSV as text; an empty cell is an empty string.

    Quotes follow RFC 4180; lines may end in LF, CRLF or CR, also mixed. Empty lines at the end are
    no rows. Everything that would make a parser guess is refused with its row.
    """
    data = _utf8(data, name)
    place = Place(name)
    _check_quotes(data, separator, name)
    head = _header(data, separator, name)
    if len(head) == 1 and (other := next((s for s in ";\t|," if s in head[0]), None)):
        raise DataError(
            f"{name}, row 1",
            f"the header has one column, {head[0]!r}: it looks separated by {other!r}",
            f"separate the columns by {separator!r}"
            + (" or name the file .tsv" if other == "\t" else ""),
        )
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        ragged.append((row.number - 2, row.actual_columns))
        return "skip"

    keys = [str(at) for at in range(len(head))]
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, column_names=keys, block_size=BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(name, f"cannot be read as text: {error}", "save the file again") from error
    faults = place.faults(
        None,
        [position for position, _ in ragged],
        lambda at: (
            f"has {_cells(ragged[at][1])}, the header has {len(head)}",
            f"write {_cells(len(head))}; put a cell that holds {separator!r} in double quotes",
        ),
    )
    table = table.slice(1).rename_columns(head)
    if faults:
        raise DataError.of(faults)
    return _without_blank_rows(table.to_pandas(), place)


def read_parquet(data: bytes, name: str) -> pd.DataFrame:
    """The columns of a Parquet file with their types; pandas' index columns are plain columns."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise DataError(name, "is not a whole Parquet file", "write the file again") from error
    return from_arrow(table, name)


def from_arrow(table: pa.Table, name: str) -> pd.DataFrame:
    """An Arrow table as a frame in which whole numbers stay whole beside empty cells."""
    import pyarrow as pa

    check_header(table.column_names, name)
    whole = {
        getattr(pa, kind.lower())(): getattr(pd, f"{kind}Dtype")()
        for kind in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    }
    return pd.DataFrame(
        {
            key: column.to_pandas(types_mapper=whole.get if column.null_count else None)
            for key, column in zip(table.column_names, table.columns, strict=True)
        },
        index=pd.RangeIndex(table.num_rows),
    )


def read_workbook(data: bytes, sheet: str | None, name: str) -> pd.DataFrame:
    """One sheet of an Excel file; row 1 is the header. An empty cell is None.

    Numbers of a column are whole (int) when all of them are, as Excel stores every number as a
    fraction. A workbook with several sheets needs the name of one.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (python_calamine.CalamineError, OSError, zipfile.BadZipFile) as error:
        raise DataError(name, "is not an Excel file", "save it again as .xlsx") from error
    names = book.sheet_names
    if sheet is None and len(names) > 1:
        raise DataError(
            name, f"has {len(names)} sheets", f"say which with sheet: one of {', '.join(names)}"
        )
    if sheet is not None and sheet not in names:
        raise DataError(name, f"has no sheet {sheet!r}", f"its sheets: {', '.join(names)}")
    sheet = names[0] if sheet is None else sheet
    rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    errors = _error_cells(data, sheet)
    if errors:
        raise DataError.of(
            Fault(f"{name}, cell {cell}", f"holds the error {text}", "mend the formula or clear it")
            for cell, text in errors
        )
    if not rows:
        raise DataError(name, "is empty", "write a header in row 1 and a row per record")
    cells = np.empty((len(rows), max(map(len, rows))), dtype=object)
    for at, row in enumerate(rows):
        cells[at, : len(row)] = [None if cell == "" else cell for cell in row]
    used = (cells != None).any(axis=0)  # noqa: E711
    cells = cells[:, used]
    if cells.shape[1] and (cells[0] == None).all():  # noqa: E711
        raise DataError(f"{name}, row 1", "is empty", "the header must stand in row 1")
    columns = [_whole(column) for column in cells[1:].T]
    head = ["" if cell is None else str(cell) for cell in _whole(cells[0])]
    check_header(head, name)
    frame = pd.DataFrame(dict(zip(head, columns, strict=True)), dtype=object)
    return _without_blank_rows(frame, Place(name))


def _whole(cells: Any) -> Any:
    numbers = [cell for cell in cells if type(cell) is float]
    if numbers and all(cell.is_integer() and abs(cell) < 1e15 for cell in numbers):
        out = np.empty(len(cells), dtype=object)
        out[:] = [int(cell) if type(cell) is float else cell for cell in cells]
        return out
    return cells


def _error_cells(data: bytes, sheet: str) -> list[tuple[str, str]]:
    """Addresses and texts of cells with an Excel error, which the reader gives as empty cells."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    link = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
        links = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
        wanted = {one.get(link) for one in book.iter(f"{space}sheet") if one.get("name") == sheet}
        targets = [one.get("Target", "") for one in links if one.get("Id") in wanted]
        found: list[tuple[str, str]] = []
        for target in targets:
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            text = parts.read(path)
            if b't="e"' not in text:
                continue
            found += [
                (cell.get("r", "?"), cell.findtext(f"{space}v") or "#?")
                for cell in ElementTree.fromstring(text).iter(f"{space}c")
                if cell.get("t") == "e"
            ]
    return found


def _utf8(data: bytes, name: str) -> bytes:
    """The bytes without a byte order mark, with a line end at the end; only UTF-8 text passes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(name, "is UTF-16 text", SAVE_AS_UTF8)
    data = data.removeprefix(BOM)
    if not data.strip():
        raise DataError(name, "is empty", "write a header line and a line per record")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = _line(data, error.start)
        raise DataError(
            f"{name}, line {row}",
            f"byte 0x{data[error.start]:02x} is not UTF-8 text",
            SAVE_AS_UTF8,
        ) from error
    if (nul := data.find(b"\0")) >= 0:
        raise DataError(
            f"{name}, line {_line(data, nul)}",
            f"holds a NUL byte ({data.count(0)} in all)",
            "export the table again: the file is damaged or is no text file",
        )
    return data if data.endswith((b"\n", b"\r")) else data + b"\n"


def _line(data: bytes, at: int) -> int:
    return 1 + len(re.findall(rb"\r\n|\n|\r", data[:at]))


def _header(data: bytes, separator: str, name: str) -> list[str]:
    """The names in row 1, which may hold quoted line breaks."""
    end = (
        BLOCK_BYTES
        if b'"' in data[:BLOCK_BYTES]
        else 1 + min(at for at in (data.find(b"\n"), data.find(b"\r"), len(data)) if at >= 0)
    )
    text = io.StringIO(data[:end].decode("utf-8", errors="ignore"), newline="")
    try:
        head = next(csv.reader(text, delimiter=separator))
    except csv.Error as error:
        fix = "write the names of the columns in row 1"
        raise DataError(f"{name}, row 1", "is no header", fix) from error
    if not head:
        raise DataError(f"{name}, row 1", "is empty", "the header must stand in row 1")
    check_header(head, name)
    return head


def _check_quotes(data: bytes, separator: str, name: str) -> None:
    """Refuse a quote that never closes or closes before its cell ends: parsers guess there."""
    if b'"' not in data:
        return
    text = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(text == ord('"'))
    if len(quotes) % 2 == 0:
        ends = np.array([ord(separator), ord("\n"), ord("\r"), ord('"')], dtype=np.uint8)
        before = np.isin(text[np.maximum(quotes[0::2] - 1, 0)], ends) | (quotes[0::2] == 0)
        if before.all() and np.isin(text[quotes[1::2] + 1], ends).all():
            return
    rows = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True)
    row = 0
    try:
        for row, _ in enumerate(rows, start=1):  # noqa: B007
            pass
    except csv.Error as error:
        endless = "unexpected end" in str(error)
        raise DataError(
            f"{name}, row {row + 1}",
            "a quote is opened and never closed"
            if endless
            else "text stands after a closing quote",
            'close each quoted cell with a double quote and write "" for a quote inside it',
        ) from error


def check_header(head: Sequence[object], name: str) -> None:
    """Refuse columns without a name and two columns of one name."""
    faults = []
    where = f"{name}, header"
    for at, column in enumerate(head, start=1):
        if not isinstance(column, str):
            what = f"column {at} is named {column!r}, which is no text"
            faults.append(Fault(where, what, "name the column with text"))
        elif not column.strip():
            fix = "name it or delete it (pandas: to_csv(..., index=False) writes no index column)"
            faults.append(Fault(where, f"column {at} has no name", fix))
    texts = [column for column in head if isinstance(column, str) and column.strip()]
    for column in dict.fromkeys(texts):
        if texts.count(column) > 1:
            alike = [str(at) for at, one in enumerate(head, start=1) if one == column]
            what = f"columns {' and '.join(alike)} are all named {column!r}"
            faults.append(Fault(where, what, "give each column a name of its own"))
    if faults:
        raise DataError.of(faults)


def _without_blank_rows(frame: pd.DataFrame, place: Place) -> pd.DataFrame:
    """The frame without the empty lines at its end; an empty line among the rows is a fault."""
    blank = np.arange(len(frame))
    for column in frame.columns:
        cells = frame[column].iloc[blank]
        blank = blank[(cells.isna() | (cells == "")).to_numpy(dtype=bool)]
    last = len(frame)
    while len(blank) and blank[-1] == last - 1:
        last, blank = last - 1, blank[:-1]
    if len(blank):
        raise DataError.of(
            place.faults(None, blank, lambda at: ("is empty", "delete the row or fill it in"))
        )
    return frame.iloc[:last]


def _cells(count: int) -> str:
    return f"{count} cell" if count == 1 else f"{count} cells"
