"""What formulas are worked out for: all accounts, or pairs of accounts and reps by position."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.errors import DataError, meant
from optiterr.findings import counted, listed
from optiterr.measures.tree import Name
from optiterr.pairs import Floats, great_circle_km
from optiterr.problem import COUNT, Column, Problem

LATITUDE = "latitude"
LONGITUDE = "longitude"
COORDINATES = tuple(
    Column(table, name, minimum=least)
    for table in ("accounts", "reps")
    for name, least in ((LATITUDE, -90.0), (LONGITUDE, -180.0))
)
"""What the distance between account and rep is worked out from."""

MOST_NAMED = 5
"""Accounts that a message names; the others are counted."""


@dataclass(frozen=True, eq=False)
class AccountRows:
    """A row for each account."""

    problem: Problem

    def __len__(self) -> int:
        return len(self.problem.accounts)

    def cells(self, name: Name) -> NDArray[Any]:
        """The account column that ``name`` means."""
        return column(self.problem, "accounts", name.name, name.kind)

    def distance(self) -> Floats:
        """Accounts alone are at no distance from anything."""
        raise AssertionError("only pairs have a distance")

    def told(self, at: NDArray[np.int64]) -> str:
        """The accounts at these positions, named for people."""
        return told_accounts(self.problem, at)


@dataclass(frozen=True, eq=False)
class PairRows:
    """A row for each pair of an account and a rep, given by positions."""

    problem: Problem
    account: NDArray[Any]
    rep: NDArray[Any]
    _known: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.account)

    def cells(self, name: Name) -> NDArray[Any]:
        """The column that ``name`` means: the account's, the rep's, or the pair's own."""
        if name.table == "pairs":
            return self._of_pairs(name.name)
        at = self.account if name.table == "accounts" else self.rep
        return np.asarray(column(self.problem, name.table, name.name, name.kind)[at])

    def distance(self) -> Floats:
        """Great-circle km from the account to the rep."""
        if "" not in self._known:
            ends = [
                column(self.problem, table, name, "number")[at]
                for table, at in (("accounts", self.account), ("reps", self.rep))
                for name in (LATITUDE, LONGITUDE)
            ]
            self._known[""] = great_circle_km(*ends)
        return self._known[""]

    def told(self, at: NDArray[np.int64]) -> str:
        """The pairs at these positions, named for people."""
        accounts, reps = self.problem.account_ids[self.account], self.problem.rep_ids[self.rep]
        names = (f"{accounts[one]} with {reps[one]}" for one in at[: MOST_NAMED + 1])
        return _told("pair", len(at), names)

    def _of_pairs(self, name: str) -> Floats:
        if not self.problem.is_pair_column(name):
            raise unknown(name, "pairs", [*self.problem.pair_columns, *self.problem.pair_measures])
        if name not in self._known:
            self._known[name] = self.problem.measured(name, self.account, self.rep)
        return self._known[name]


def column(problem: Problem, table: str, name: str, kind: str) -> NDArray[Any]:
    """A column of accounts or reps; DataError with the nearest name when there is none."""
    frame = problem.accounts if table == "accounts" else problem.reps
    if name == COUNT and table == "accounts" and name not in frame:
        return np.ones(len(frame))
    if name not in frame:
        raise unknown(name, table, [str(one) for one in frame.columns])
    types = {"number": float, "flag": bool, "text": object}
    return np.asarray(frame[name].to_numpy(dtype=types[kind]))


def sheet(problem: Problem, table: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """A further table with these columns; DataError when it or one of them is not there."""
    if table not in problem.tables:
        fix = meant(table, problem.tables, f"add it under data: tables: {table}:")
        raise DataError("data.tables", f"there is no table {table!r}", fix)
    frame = problem.tables[table]
    lacking = [one for one in columns if one not in frame]
    if lacking:
        raise DataError(
            f"data.tables.{table}",
            f"has no column {listed(map(repr, lacking), 9)}",
            f"add it, or map it under columns; it has {listed(frame.columns, 20)}",
        )
    return frame.reset_index(drop=True)


def unknown(name: str, table: str, known: Iterable[str]) -> DataError:
    """What to say of a column that is not there."""
    known = list(known)
    fix = meant(name, known, f"known: {listed(known, 20) or 'none'}")
    return DataError(f"data.{table}", f"there is no column or measure {name!r}", fix)


def told_accounts(problem: Problem, at: NDArray[np.int64]) -> str:
    """The accounts at these positions, named for people."""
    return _told("account", len(at), problem.account_ids[at[: MOST_NAMED + 1]])


def _told(noun: str, count: int, names: Iterable[object]) -> str:
    first = listed(list(names)[:MOST_NAMED])
    more = f" and {count - MOST_NAMED:,} more" if count > MOST_NAMED else ""
    return f"{noun} {first}" if count == 1 else f"{counted(count, noun)}: {first}{more}"
