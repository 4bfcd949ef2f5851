"""Conditions on the cells of a table, joined by all, any and not, and what they say in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from sys import float_info
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.filters.days import day_of
from optiterr.findings import written
from optiterr.problem import Kind

Mask = NDArray[np.bool_]

COMPARE: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "at_least": lambda cells, ends: cells >= ends[0],
    "at_most": lambda cells, ends: cells <= ends[0],
    "more_than": lambda cells, ends: cells > ends[0],
    "less_than": lambda cells, ends: cells < ends[0],
    "between": lambda cells, ends: (cells >= ends[0]) & (cells <= ends[1]),
    "before": lambda cells, ends: cells < ends[0],
    "after": lambda cells, ends: cells > ends[0],
}
_SAID = {
    "at_least": "is at least",
    "at_most": "is at most",
    "more_than": "is more than",
    "less_than": "is less than",
    "before": "is before",
    "after": "is after",
    "is": "is",
    "has": "has",
}


@dataclass(frozen=True)
class Condition:
    """One condition on the cells of one column; empty cells fail it unless it asks for them.

    They are NaN and NaT, which no comparison holds for.
    """

    column: str
    op: str
    values: tuple[Any, ...]
    kind: Kind

    def mask(self, frame: pd.DataFrame, today: dt.date | None) -> Mask:
        """Which rows pass, shape (rows,)."""
        cells = frame[self.column]
        if self.op == "is_null":
            return _empty(cells) if self.values[0] else ~_empty(cells)
        if self.op == "has":
            return _has(cells, self.values[0])
        if self.op == "is":
            return _is(cells, self.values, self.kind)
        if self.kind == "date":
            days = pd.to_datetime(cells).to_numpy(dtype="datetime64[D]")
            ends = [np.datetime64(day_of(one, today, self.column)) for one in self.values]
            return np.asarray(COMPARE[self.op](days, ends))
        numbers = cells.to_numpy(dtype=float, na_value=np.nan)
        return np.asarray(COMPARE[self.op](numbers, self.values))

    def words(self) -> str:
        """The condition in words."""
        said = [written(one) if is_number(one) else str(one) for one in self.values]
        if self.op == "is_null":
            return f"{self.column} is {'' if self.values[0] else 'not '}empty"
        if self.op == "is" and len(said) > 1:
            return f"{self.column} is one of {', '.join(said)}"
        if self.op == "between":
            return f"{self.column} is between {said[0]} and {said[1]}"
        return f"{self.column} {_SAID[self.op]} {said[0]}"


@dataclass(frozen=True)
class Joined:
    """Filters of which all, any, or none has to hold."""

    how: Literal["all", "any", "not"]
    parts: tuple[Condition | Joined, ...]

    def mask(self, frame: pd.DataFrame, today: dt.date | None) -> Mask:
        """Which rows pass, shape (rows,)."""
        masks = [part.mask(frame, today) for part in self.parts]
        if self.how == "any":
            some: Mask = np.logical_or.reduce(masks)
            return some
        every: Mask = np.logical_and.reduce([np.ones(len(frame), dtype=bool), *masks])
        return ~every if self.how == "not" else every

    def words(self) -> str:
        """The filter in words."""
        if self.how == "not":
            return f"not ({Joined('all', self.parts).words()})"
        parts = [_core(part) for part in self.parts]
        mixed = [isinstance(part, Joined) and part.how not in ("not", self.how) for part in parts]
        told = [
            f"({part.words()})" if other and len(parts) > 1 else part.words()
            for part, other in zip(parts, mixed, strict=True)
        ]
        return (" or " if self.how == "any" else " and ").join(told)


def _core(part: Condition | Joined) -> Condition | Joined:
    """``part`` without joins of a single part around it."""
    while isinstance(part, Joined) and part.how != "not" and len(part.parts) == 1:
        part = part.parts[0]
    return part


def conditions_of(node: Joined) -> Iterator[Condition]:
    for part in node.parts:
        if isinstance(part, Joined):
            yield from conditions_of(part)
        else:
            yield part


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number that columns can hold: finite, and neither true nor false."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= float_info.max


def _empty(cells: pd.Series[Any]) -> Mask:
    missing = cells.isna().to_numpy(dtype=bool)
    if cells.dtype == object or isinstance(cells.dtype, pd.StringDtype | pd.CategoricalDtype):
        missing = missing | (cells == "").fillna(False).to_numpy(dtype=bool)
    return missing


def _is(cells: pd.Series[Any], values: tuple[Any, ...], kind: Kind) -> Mask:
    if kind in ("number", "flag"):
        return np.isin(cells.to_numpy(dtype=float, na_value=np.nan), np.array(values, dtype=float))
    return cells.isin(list(values)).to_numpy(dtype=bool)


def _has(cells: pd.Series[Any], word: str) -> Mask:
    """Cells that list ``word`` among words between semicolons."""
    codes, texts = pd.factorize(cells.astype(object).fillna(""))
    holds = [word in {one.strip() for one in str(text).split(";")} for text in texts]
    return np.array(holds, dtype=bool)[codes] if len(texts) else np.zeros(len(cells), dtype=bool)
