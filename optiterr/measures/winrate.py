"""Win rate: how often a rep won opportunities like this before, smoothed where there were few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault, nearest
from optiterr.measures.features import Feature, Positions, Seen, Word
from optiterr.measures.rows import sheet
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem

WON = ("true", "yes", "y", "1", "won")
LOST = ("false", "no", "n", "0", "lost")
MOST_COMPARED = 20_000
"""A misspelt id is compared with known ones only in tables of up to this many."""


@dataclass(frozen=True, eq=False)
class Past:
    """Opportunities by segment and rep, shape (segments, reps); the last row is of no segment.

    ``base`` is the win rate of each segment over all reps, those who left included.
    """

    segments: pd.Index[str]
    won: Floats
    sample: NDArray[np.int64]
    base: Floats


class WinRate(Feature):
    """The rep's share of won opportunities in the account's segment, drawn to what all reps reach.

    (won + strength x base) / (opportunities + strength), where base is the share that all reps
    together won in the segment, or in all segments where nobody has worked in that one. Reps who
    left count in the base. Without ``segment`` all accounts are one segment.
    """

    kind: Literal["win_rate"] = Field("win_rate", description="past results, smoothed")
    table: Word = Field(
        description="table under data.tables with a row per closed opportunity: rep, won (true or "
        "false), and segment, or account where by is account"
    )
    segment: Word | None = Field(
        None, description="account text column with the segment; without it there is one for all"
    )
    by: Literal["segment", "account"] = Field(
        "segment", description="what the table has: the segment, or the id of an account"
    )
    strength: float = Field(
        10.0, gt=0, description="opportunities that the base counts as beside the rep's own"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.by == "account" and self.segment is None:
            raise ValueError(
                "by: account looks up the segment of each account, and none is named; "
                "add segment: the account column, or drop by"
            )
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column(f"tables.{self.table}", name, "text") for name in self._columns]
        if self.segment is not None:
            found.append(Column("accounts", self.segment, "text"))
        return tuple(found)

    def seen(self, problem: Problem, account: Positions, rep: Positions) -> Seen:
        past = self._past(problem)
        row = self._rows(problem, past.segments)[account]
        won, sample, base = past.won[row, rep], past.sample[row, rep], past.base[row]
        return Seen((won + self.strength * base) / (sample + self.strength), sample)

    def notes(self, problem: Problem) -> tuple[str, ...]:
        self._past(problem)
        return ()

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("rep", "won") if self.segment is None else ("rep", "won", self.by)

    def _rows(self, problem: Problem, segments: pd.Index[str]) -> NDArray[np.int64]:
        """The row of each account in the past: the last where nobody worked in its segment."""
        if self.segment is None:
            return np.zeros(len(problem.accounts), dtype=np.int64)
        texts = problem.accounts[self.segment].fillna("").astype(object)
        return np.asarray(segments.get_indexer(pd.Index(texts)), dtype=np.int64)

    def _past(self, problem: Problem) -> Past:
        rows = sheet(problem, self.table, self._columns)
        if not len(rows):
            what = "has no rows, so there is no past to learn from"
            raise DataError(f"table {self.table!r}", what, "add closed opportunities")
        faults: list[Fault] = []
        won = self._won(rows, faults)
        names = self._segments(problem, rows, faults)
        if faults:
            raise DataError.of(faults)
        segment, segments = pd.factorize(names)
        rep = problem.rep_index.get_indexer(pd.Index(rows["rep"].astype(object)))
        shape = (len(segments) + 1, len(problem.reps))
        known = rep >= 0
        cell = segment[known] * shape[1] + rep[known]
        count = np.bincount(segment, minlength=shape[0])
        wins = np.bincount(segment, won, minlength=shape[0])
        overall = won.mean()
        return Past(
            pd.Index(segments, dtype=object),
            np.bincount(cell, won[known], shape[0] * shape[1]).reshape(shape).astype(float),
            np.bincount(cell, None, shape[0] * shape[1]).reshape(shape).astype(np.int64),
            np.where(count > 0, wins / np.maximum(count, 1), overall),
        )

    def _won(self, rows: pd.DataFrame, faults: list[Fault]) -> Floats:
        said = rows["won"].map(lambda cell: _said(cell))
        faults += self._told(
            ~said.isin([*WON, *LOST]), rows["won"], "is neither won nor lost",
            "write true or false; leave out opportunities that are still open",
        )  # fmt: skip
        return np.asarray(said.isin(WON).to_numpy(), dtype=float)

    def _segments(self, problem: Problem, rows: pd.DataFrame, faults: list[Fault]) -> Any:
        """The segment of each opportunity."""
        if self.segment is None:
            return np.full(len(rows), "", dtype=object)
        if self.by == "segment":
            return rows["segment"].fillna("").astype(object).to_numpy()
        at = problem.account_index.get_indexer(pd.Index(rows["account"].astype(object)))
        unknown = pd.Series(at < 0, rows.index)
        near = None
        if unknown.any() and len(problem.account_index) <= MOST_COMPARED:
            near = nearest(str(rows["account"][unknown].iloc[0]), problem.account_index)
        fix = f"did you mean {near!r}? " if near else ""
        faults += self._told(
            unknown, rows["account"], "is no account",
            f"{fix}give the table a segment column where accounts are gone",
        )  # fmt: skip
        return problem.accounts[self.segment].fillna("").to_numpy(dtype=object)[at]

    def _told(
        self, wrong: pd.Series[bool], cells: pd.Series[Any], what: str, fix: str
    ) -> list[Fault]:
        """One fault for all rows that are wrong in the same way."""
        at = np.flatnonzero(wrong)
        if not len(at):
            return []
        rows = f"record {at[0] + 1}" + (f" and {len(at) - 1:,} more" if len(at) > 1 else "")
        return [Fault(f"table {self.table!r}, {rows}", f"{cells.iloc[at[0]]!r} {what}", fix)]


def _said(cell: object) -> str:
    """A cell as a lower-case word; whole floats as whole numbers."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip().lower()
