"""The cells of a column as ids, numbers, texts or dates, with every fault found at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import Fault
from optiterr.pairs import Floats, Mask
from optiterr.tables.places import Place

Cells = NDArray[np.object_]

LONGEST_WHOLE = 1e15
"""Excel keeps 15 digits of a number; longer ids are damaged before they are read."""

MOST_JUDGED = 2_000
"""Cells of a column that are looked at one by one for what is wrong with them."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BLANK_WORDS = {"", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "unknown"}
YES = {"true", "t", "yes", "y", "x", "1"}
NO = {"false", "f", "no", "n", "", "0"}


def _missing(cells: pd.Series[Any]) -> Mask:
    return cells.isna().to_numpy(dtype=bool)


def _objects(cells: pd.Series[Any]) -> Cells:
    """Cells as plain Python values, None where there is nothing."""
    values = cells.to_numpy(dtype=object, copy=True)
    values[_missing(cells)] = None
    return values


def _sorted_out(
    cells: Cells, at: NDArray[Any], judge: Callable[[Any], tuple[str, str, str] | None]
) -> dict[str, list[tuple[int, str, str]]]:
    """Faulty positions among ``at`` by kind of fault, as ``judge`` says (kind, what, fix)."""
    kinds: dict[str, list[tuple[int, str, str]]] = {}
    for position in at:
        said = judge(cells[position])
        if said is not None:
            kinds.setdefault(said[0], []).append((int(position), *said[1:]))
    return kinds


def _told(kinds: dict[str, list[tuple[int, str, str]]], place: Place, column: str) -> list[Fault]:
    faults: list[Fault] = []
    for found in kinds.values():
        said = [(what, fix) for _, what, fix in found]
        faults += place.faults(column, [at for at, _, _ in found], said.__getitem__)
    return faults


# --------------------------------------------------------------------------------------------- ids


def ids(cells: pd.Series[Any], place: Place, column: str) -> tuple[Cells, list[Fault]]:
    """Ids as text exactly as written, None where the cell is empty.

    Whole numbers become their digits; numbers stored with a fraction (Excel, floats) do so only
    when all of them are whole. Ids with blanks around them are faults: they never match.
    So are ids with control characters: other programs would read back other rows.
    """
    values = _objects(cells)
    if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        plain = [type(cell) in (str, int, type(None)) for cell in values]
        kinds = _sorted_out(values, np.flatnonzero(~np.array(plain, dtype=bool)), _no_id)
        if kinds:
            return values, _told(kinds, place, column)
        values[:] = [
            None if cell is None else cell if isinstance(cell, str) else str(int(cell))
            for cell in values
        ]
    values[values == ""] = None
    rows = np.flatnonzero(padded(values))
    faults = place.faults(
        column,
        rows,
        lambda at: (
            f"id {values[rows[at]]!r} has blanks around it",
            f"write {values[rows[at]].strip()!r}",
        ),
    )
    broken = np.flatnonzero(controlled(values))
    return values, faults + place.faults(
        column,
        broken,
        lambda at: (
            f"id {values[broken[at]]!r} holds a control character",
            "write it on one line, without tabs, line breaks and other invisible characters",
        ),
    )


def padded(values: Cells) -> Mask:
    """Which texts begin or end with a blank."""
    import pyarrow as pa
    from pyarrow import compute

    text = pa.array(values, type=pa.large_string())
    same = compute.equal(text, compute.utf8_trim_whitespace(text)).fill_null(True)
    return ~np.asarray(same.to_numpy(zero_copy_only=False), dtype=bool)


def controlled(values: Cells) -> Mask:
    """Which texts hold a control character, such as a line break, other than at their ends."""
    import pyarrow as pa
    from pyarrow import compute

    text = compute.utf8_trim_whitespace(pa.array(values, type=pa.large_string()))
    held = compute.match_substring_regex(text, r"\p{Cc}").fill_null(False)
    return np.asarray(held.to_numpy(zero_copy_only=False), dtype=bool)


def _no_id(cell: Any) -> tuple[str, str, str] | None:
    if isinstance(cell, str):
        return None
    as_text = "store the column as text, with the ids as they are"
    if isinstance(cell, bool | np.bool_):
        return "bool", f"{cell} is true or false, not an id", as_text
    if isinstance(cell, int | np.integer):
        return None
    if isinstance(cell, float | np.floating | Decimal):
        if not float(cell).is_integer():
            return "fraction", f"id {cell} is a number with a fraction", as_text
        if abs(float(cell)) >= LONGEST_WHOLE:
            return "long", f"id {cell} has more digits than the table keeps", as_text
        return None
    if isinstance(cell, dt.date | dt.datetime | dt.time):
        return "date", f"id {cell} is stored as a date", as_text
    return "type", f"id {cell!r} is a {type(cell).__name__}", as_text


def repeated(values: Cells, place: Place, column: str) -> list[Fault]:
    """A fault for each id that stands in more than one row; empty ids do not count."""
    series = pd.Series(values, dtype=object)
    twice = np.flatnonzero((series.duplicated(keep=False) & series.notna()).to_numpy(dtype=bool))
    if not len(twice):
        return []
    codes, names = pd.factorize(values[twice])
    again = series.iloc[twice].duplicated().to_numpy(dtype=bool)
    second = twice[again][np.unique(codes[again], return_index=True)[1]]
    return place.faults(
        column,
        second,
        lambda n: (
            f"id {names[n]!r} stands in {place.rows(twice[codes == n], 8)}",
            "keep one of the rows, or give each an id of its own",
        ),
    )


def empty(values: Cells, place: Place, column: str) -> list[Fault]:
    """A fault for each row without an id."""
    rows = np.flatnonzero(values == None)  # noqa: E711
    return place.faults(column, rows, lambda at: ("the id is empty", "give the row an id"))


# ----------------------------------------------------------------------------------------- numbers


def numbers(
    cells: pd.Series[Any],
    place: Place,
    column: str,
    minimum: float | None,
    missing: bool = False,
) -> tuple[Floats, list[Fault]]:
    """Finite numbers of at least ``minimum``; anything else is a fault that says what to write.

    With ``missing`` an empty cell is no fault but NaN.
    """
    values = _fast_numbers(cells)
    if values is None or not np.isfinite(values).all():
        raw = _objects(cells)
        values = np.array([_number(cell) for cell in raw], dtype=float)  # None becomes NaN
        bad = np.flatnonzero(~np.isfinite(values))
        if missing:
            bad = bad[[raw[at] is not None and str(raw[at]).strip() != "" for at in bad]]
        faults = _told(_sorted_out(raw, bad[:MOST_JUDGED], _no_number), place, column)
        if len(bad) > MOST_JUDGED:
            last = place.rows(bad[-1:])
            what = f"{len(bad) - MOST_JUDGED} more cells hold no number, down to {last}"
            faults.append(Fault(place.column(column), what, "mend the cells above first"))
    else:
        faults = []
    if minimum is not None:
        low = np.flatnonzero(values < minimum)
        faults += place.faults(
            column,
            low,
            lambda at: (
                f"{values[low[at]]:g} is below {minimum:g}",
                f"write a number of at least {minimum:g}",
            ),
        )
    return values, faults


def _fast_numbers(cells: pd.Series[Any]) -> Floats | None:
    """The numbers of a column that holds nothing else, or None to look at each cell."""
    dtype = cells.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return cells.to_numpy(dtype=float)
    kind = pd.api.types.infer_dtype(cells, skipna=False)
    if kind in ("integer", "floating", "mixed-integer-float"):
        try:
            return cells.to_numpy(dtype=float)
        except (OverflowError, TypeError, ValueError):
            return None
    if kind == "string":
        import pyarrow as pa
        from pyarrow import compute

        try:
            text = compute.ascii_trim_whitespace(pa.array(cells, type=pa.large_string()))
            cast = compute.cast(text, pa.float64())
        except pa.ArrowInvalid:
            return None
        return np.asarray(cast.to_numpy(zero_copy_only=False), dtype=float)
    return None


def _number(cell: Any) -> float | None:
    if isinstance(cell, bool | np.bool_) or cell is None:
        return None
    if isinstance(cell, str):
        text = cell.strip(" \t\r\n")
        return float(text) if NUMBER.fullmatch(text) else None
    if isinstance(cell, int | float | np.integer | np.floating | Decimal):
        try:
            return float(cell)
        except OverflowError:
            return None
    return None


def _no_number(cell: Any) -> tuple[str, str, str]:
    """The kind of fault of a cell that is no finite number, what is wrong, and what to write."""
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in BLANK_WORDS):
        said = "the cell is empty" if cell in (None, "") else f"{cell!r} stands for no number"
        return "blank", said, "give the number; write 0 only where it is 0"
    if not isinstance(cell, str):
        if isinstance(cell, int | float | np.number | Decimal) and not isinstance(cell, bool):
            return "infinite", f"{cell} is not finite", "write a finite number"
        return "type", f"{cell} ({type(cell).__name__}) is no number", "write a number"
    text = cell.strip()
    return _repairable(text) or (
        "text",
        f"{text!r} is no number",
        "write a plain number like 1234.5",
    )


def _repairable(text: str) -> tuple[str, str, str] | None:
    """What a person meant by a number in writing, said rather than done."""
    if re.fullmatch(r"[+-]?(inf|infinity)", text, re.IGNORECASE) or NUMBER.fullmatch(text):
        return "infinite", f"{text!r} is not finite", "write a finite number"
    bare = re.sub(r"[\s\u00a0\u202f'’_]", "", text)
    if bracket := re.fullmatch(r"\((.+)\)", bare):
        bare = f"-{bracket[1]}"
    unit = re.search(r"[$€£¥₹]|usd|eur|gbp|chf", bare, re.IGNORECASE)
    percent = "%" in bare
    bare = re.sub(r"[$€£¥₹%]|usd|eur|gbp|chf", "", bare, flags=re.IGNORECASE)
    grouped = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", bare)
    european = re.fullmatch(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+", bare)
    if grouped:
        bare = bare.replace(",", "")
    elif european:
        bare = bare.replace(".", "").replace(",", ".")
    if not NUMBER.fullmatch(bare):
        return None
    if percent:
        share = f"{float(bare) / 100:.12g}"
        return "percent", f"{text!r} carries a percent sign", f"write the share {share}"
    if unit:
        return "currency", f"{text!r} carries a currency sign", f"write {bare}"
    if bare.startswith("-") and text.startswith("("):
        return "brackets", f"{text!r} is a negative number in brackets", f"write {bare}"
    if european and not grouped:
        return "comma", f"{text!r} has a decimal comma", f"write {bare}"
    return "separators", f"{text!r} has thousands separators", f"write {bare}"


# ------------------------------------------------------------------------------------ other kinds


def texts(cells: pd.Series[Any], place: Place, column: str) -> tuple[Cells, list[Fault]]:
    """Texts; an empty string where the cell is empty. Numbers and dates are written out."""
    values = _objects(cells)
    if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        odd = np.array([isinstance(cell, list | dict | set | np.ndarray) for cell in values])
        rows = np.flatnonzero(odd)
        if len(rows):
            return values, place.faults(
                column,
                rows,
                lambda at: ("the cell holds a list", "write one text, parts joined by ;"),
            )
        values[:] = [_written(cell) for cell in values]
    values[values == None] = ""  # noqa: E711
    return values, []


def _written(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell)).lower()
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def dates(cells: pd.Series[Any], place: Place, column: str) -> tuple[pd.Series[Any], list[Fault]]:
    """Dates (datetime64, midnight), NaT where the cell is empty; text must be year-month-day."""
    values = _objects(cells)
    days = np.full(len(values), np.datetime64("NaT", "D"))
    wrong: dict[str, list[tuple[int, str, str]]] = {}
    for at, cell in enumerate(values):
        try:
            days[at] = _day(cell)
        except ValueError:
            fix = "write the date as year-month-day, for example 2026-07-01"
            said = repr(cell) if isinstance(cell, str) else f"{cell} ({type(cell).__name__})"
            wrong.setdefault("date", []).append((at, f"{said} is no date", fix))
    return pd.Series(days.astype("datetime64[s]")), _told(wrong, place, column)


def _day(cell: Any) -> np.datetime64:
    if cell is None or cell == "":
        return np.datetime64("NaT", "D")
    if isinstance(cell, dt.datetime):
        if cell.tzinfo is not None or cell.time() != dt.time():
            raise ValueError
        cell = cell.date()
    if isinstance(cell, dt.date):
        return np.datetime64(cell.isoformat(), "D")
    if isinstance(cell, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", cell, re.ASCII):
        return np.datetime64(dt.date.fromisoformat(cell).isoformat(), "D")
    raise ValueError


def flags(cells: pd.Series[Any], place: Place, column: str) -> tuple[Mask, list[Fault]]:
    """True or false per row; an empty cell is false, any other word a fault."""
    values = [_written(cell) for cell in _objects(cells)]
    words = np.array(["" if one is None else one.strip().lower() for one in values], dtype=object)
    said = np.isin(words, list(YES))
    rows = np.flatnonzero(~said & ~np.isin(words, list(NO)))
    return said, place.faults(
        column,
        rows,
        lambda at: (
            f"{values[rows[at]]!r} is neither true nor false",
            "write true or false; an empty cell is false",
        ),
    )
