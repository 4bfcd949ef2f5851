"""What is written in a scenario and its tables, beside what was read: no silent repair."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from optiterr.tables.spec import RepSource, TableSource

MOST_COMPARED = 400
"""Rows of a table whose cells are compared one by one with what was written."""


def differences(written: Any, found: Any, place: str = "") -> Iterator[str]:
    """Every value as written that came back as another, or not at all.

    Null may remove what a model says, or stand for a setting that is not there.
    """
    if isinstance(written, Mapping):
        for key, value in written.items():
            here = f"{place}.{key}".strip(".")
            if here == "model" or (value is None and not isinstance(found, Mapping)):
                continue
            if isinstance(found, Mapping) and key in found:
                if value is not None or (here.count(".") > 1 and "records" in here):
                    yield from differences(value, found[key], here)
            elif value is not None:
                yield f"{here}: {value!r} is gone"
    elif isinstance(written, list | tuple):
        if not isinstance(found, list | tuple) or len(found) != len(written):
            yield f"{place}: {written!r} became {found!r}"
            return
        for at, (one, other) in enumerate(zip(written, found, strict=True)):
            yield from differences(one, other, f"{place}.{at}")
    elif not _same(written, found):
        yield f"{place}: {written!r} became {found!r}"


def _same(written: Any, found: Any) -> bool:
    if isinstance(written, dt.date):
        written = written.isoformat()
    if isinstance(written, bool) or isinstance(found, bool):
        return written is found
    if isinstance(written, int | float) and isinstance(found, int | float):
        return float(written) == float(found)
    return type(written) is type(found) and written == found


def cells_changed(
    source: TableSource, id_name: str, frame: pd.DataFrame, folder: Path
) -> Iterator[str]:
    """Cells of a table that were read as something else than is written, rows that are gone."""
    rows = _written_rows(source, folder)
    if rows is None or len(rows) > MOST_COMPARED:
        return
    if source.where is None and len(rows) != len(frame):
        yield f"{len(rows)} rows became {len(frame)}"
    theirs = {**source.columns, id_name: source.id}  # type: ignore[attr-defined]
    by_id = {str(_id(row.get(theirs[id_name]))): row for row in rows}
    changed = {"owner_id"} | ({source.status} if isinstance(source, RepSource) else set())
    for name in frame:
        if name in changed or theirs.get(name, name) in changed:
            continue
        for one, cell in zip(frame[id_name], frame[name], strict=True):
            row = by_id.get(one)
            if row is None:
                yield f"row {one!r} is nowhere written"
            elif theirs.get(name, name) in row and not _kept(row[theirs.get(name, name)], cell):
                yield f"row {one!r}, {name}: {row[theirs.get(name, name)]!r} became {cell!r}"


def _id(cell: Any) -> Any:
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _written_rows(source: TableSource, folder: Path) -> list[dict[str, Any]] | None:
    if source.records is not None:
        return list(source.records)
    if source.file is None or not source.file.endswith(".csv"):
        return None
    try:
        text = (folder / source.file).read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    rows = [row for row in rows if row]
    if any(len(row) != len(rows[0]) for row in rows):
        return None
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def _kept(written: Any, cell: Any) -> bool:
    """Whether a cell as read is what is written: its number, its day, its text, or nothing."""
    empty = written is None or (isinstance(written, str) and not written.strip())
    if isinstance(cell, pd.Timestamp) or cell is pd.NaT:
        said = written.isoformat() if isinstance(written, dt.date) else written
        return empty if cell is pd.NaT else cell.date().isoformat() == said
    if isinstance(cell, float) and not isinstance(written, bool):
        if math.isnan(cell):
            return empty
        try:
            return float(written) == cell
        except (TypeError, ValueError):
            return False
    if cell is None or cell == "":
        return empty
    if isinstance(cell, str) and not isinstance(written, str):
        as_text = str(written).lower() if isinstance(written, bool) else str(_id(written))
        return cell == as_text or cell == str(written)
    if str(type(cell).__name__) in ("bool", "bool_") and not isinstance(written, bool):
        return str(_id(written)).strip().lower() in (
            {"true", "t", "yes", "y", "x", "1"}
            if cell
            else {"false", "f", "no", "n", "0", "none", ""}
        )
    return bool(cell == written)


def has_key_twice(path: Path) -> bool:
    """Whether another reader of YAML finds a key twice."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import YAMLError

    try:
        YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except DuplicateKeyError:
        return True
    except (YAMLError, ValueError, OverflowError, TypeError, AttributeError):
        return False
    return False
