"""Accounts, reps and pairs with every reference resolved: what rules compile and judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.pairs import Floats, Ints, Mask, Pairs

NOBODY = -1
"""Owner position of an account that nobody owns today."""
DEPARTED = -2
"""Owner position of an account whose owner leaves or is no longer in the roster: a forced move."""

COUNT = "accounts"
"""The measure that counts every account as one."""

Positions = NDArray[np.integer]
"""Positions of accounts or reps."""

Table = Literal["accounts", "reps", "pairs", "measure"]
Kind = Literal["number", "text", "date", "flag", "any"]


@dataclass(frozen=True, order=True)
class Column:
    """A column that a rule reads, so that the reader can validate it before anything is built.

    ``table`` ``measure`` means: a number per account or, when the pairs file has it, per pair;
    the name ``accounts`` is then always known and counts each account as one; ``tables.x`` is the
    further table ``x``. ``number`` columns hold finite floats of at least ``minimum`` (None: any),
    and may be empty only with ``missing``; ``text`` columns may be empty; ``date`` columns hold
    dates or nothing; ``flag`` columns hold true or false; ``any`` demands nothing but the column. A
    reader that adds the column up is ``additive``: it is refused a column whose values overlap,
    such as totals of a family.
    """

    table: Table | str
    name: str
    kind: Kind = "number"
    minimum: float | None = 0.0
    missing: bool = False
    additive: bool = True


class PairMeasure(Protocol):
    """A measure that is worked out for any account and rep from the tables."""

    def at(self, problem: Problem, account: Positions, rep: Positions) -> Floats:
        """The measure of each pair given by positions, shape (len(account),)."""
        ...


@dataclass(frozen=True, eq=False)
class Groups:
    """Accounts grouped by what they share: a family, an investor, a place.

    Membership ``k`` says that ``account[k]`` belongs to group ``group[k]``; an account may belong
    to several groups or none. ``labels`` names the groups. In a hierarchy ``parent`` holds the
    position of each account's parent (-1: a root) and ``depth`` its distance from the root; both
    are empty otherwise.
    """

    labels: tuple[str, ...]
    account: NDArray[np.int64]
    group: NDArray[np.int64]
    parent: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    depth: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def size(self) -> NDArray[np.int64]:
        """Number of accounts of each group, shape (groups,)."""
        return np.bincount(self.group, minlength=len(self.labels)).astype(np.int64)

    @property
    def is_hierarchy(self) -> bool:
        """Whether accounts have parents."""
        return len(self.parent) > 0


@dataclass(frozen=True, eq=False)
class Problem:
    """The data of one scenario, validated. Positions are integers; ids are strings.

    ``accounts`` and ``reps`` are frames in file order with a fresh RangeIndex and the columns
    ``account_id`` / ``rep_id`` (unique strings) plus the mapped columns under their scenario names;
    ``accounts`` has ``owner_id`` (string or missing) as written, missing too where the owner is a
    vacancy. ``owner`` has one entry per account: a rep position, NOBODY or DEPARTED.
    ``pair_columns`` hold per-pair numbers aligned with ``pairs``. ``possible`` is the number of
    pairs that any plan may use; ``pairs`` may hold fewer.
    ``tables`` are further tables that rules ask for by name. ``serves`` tells for each rep whether
    it may have accounts at all: reps that leave do not (default: every rep serves).
    ``selected`` tells, for each table with a selection, how many of how many rows it keeps.
    ``pair_measures`` are worked out for the pairs asked, in files or not. ``groups`` are the
    scenario's groups of accounts by name. ``optional`` tells which accounts may stay open (default:
    none). ``anchor`` holds the candidates that rows of single pairs speak of, when ``pairs`` are
    others.
    """

    accounts: pd.DataFrame
    reps: pd.DataFrame
    owner: Ints
    pairs: Pairs
    possible: int
    candidates: Literal["all", "nearest", "file"] = "all"
    pair_columns: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    tables: Mapping[str, pd.DataFrame] = field(default_factory=lambda: MappingProxyType({}))
    planning_date: dt.date | None = None
    hashes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    serves: Mask = field(default_factory=lambda: np.ones(0, dtype=bool))
    selected: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    pair_measures: Mapping[str, PairMeasure] = field(default_factory=lambda: MappingProxyType({}))
    groups: Mapping[str, Groups] = field(default_factory=lambda: MappingProxyType({}))
    optional: Mask = field(default_factory=lambda: np.ones(0, dtype=bool))
    anchor: Pairs | None = None

    def __post_init__(self) -> None:
        if not len(self.serves):
            object.__setattr__(self, "serves", np.ones(len(self.reps), dtype=bool))
        if not len(self.optional):
            object.__setattr__(self, "optional", np.zeros(len(self.accounts), dtype=bool))

    @cached_property
    def account_ids(self) -> NDArray[np.object_]:
        """Account ids in position order."""
        return self.accounts["account_id"].to_numpy(dtype=object)

    @cached_property
    def rep_ids(self) -> NDArray[np.object_]:
        """Rep ids in position order."""
        return self.reps["rep_id"].to_numpy(dtype=object)

    @cached_property
    def account_index(self) -> pd.Index[str]:
        """Account ids as an index that finds their positions."""
        return pd.Index(self.account_ids)

    @cached_property
    def rep_index(self) -> pd.Index[str]:
        """Rep ids as an index that finds their positions."""
        return pd.Index(self.rep_ids)

    def account_number(self, name: str) -> Floats:
        """A number per account, shape (accounts,); ``accounts`` is one for each."""
        if name == COUNT and name not in self.accounts:
            return np.ones(len(self.accounts))
        return self.accounts[name].to_numpy(dtype=float)

    def rep_number(self, name: str) -> Floats:
        """A number per rep, shape (reps,)."""
        return self.reps[name].to_numpy(dtype=float)

    def is_pair_column(self, name: str) -> bool:
        """Whether ``name`` is given or worked out per pair rather than per account."""
        return name in self.pair_columns or name in self.pair_measures

    def pair_number(self, name: str) -> Floats:
        """A measure per candidate pair, shape (P,): the pairs file's, or else the account's."""
        if name in self.pair_columns:
            return self.pair_columns[name]
        if name in self.pair_measures:
            return self.measured(name, self.pairs.account, self.pairs.rep)
        return self.account_number(name)[self.pairs.account]

    def measured(self, name: str, account: Positions, rep: Positions) -> Floats:
        """A measure of pairs given by positions, shape (len(account),).

        NaN where the pairs file holds the measure and does not list the pair.
        """
        if name in self.pair_columns:
            return np.append(self.pair_columns[name], np.nan)[self.pairs.find(account, rep)]
        if name in self.pair_measures:
            return self.pair_measures[name].at(self, account, rep)
        return self.account_number(name)[account]

    @property
    def row_pairs(self) -> Pairs:
        """The candidates that have rows of their own in rules with a row for each pair.

        Left-out pairs have none: they take part in such rows at price zero, which any bound may.
        """
        return self.pairs if self.anchor is None else self.anchor

    @cached_property
    def owned_pair(self) -> NDArray[np.int64]:
        """Position of the pair (account, its owner), or -1 where there is none."""
        return self.pairs.find(np.arange(len(self.accounts)), self.owner)

    def keep(self, mask: Mask) -> Problem:
        """The same problem with only the pairs where ``mask`` is true."""
        columns = {name: values[mask] for name, values in self.pair_columns.items()}
        return self.with_(pairs=self.pairs.keep(mask), pair_columns=MappingProxyType(columns))

    def full(self, accounts: Ints) -> Problem:
        """The same problem over every rep that serves, for the ``accounts`` at rising positions.

        Only for problems without per-pair columns: those have no further pairs.
        """
        if self.candidates == "file":
            raise ValueError("a pairs file names all pairs there are")
        pairs = Pairs.over(accounts, len(self.accounts), len(self.reps))
        if not self.serves.all():
            pairs = pairs.keep(self.serves[pairs.rep])
        return self.with_(pairs=pairs, anchor=self.row_pairs)

    def with_(self, **changes: object) -> Problem:
        """The same problem with some fields changed; ids and their index are not built again."""
        made = replace(self, **changes)  # type: ignore[arg-type]
        for name in ("account_ids", "rep_ids", "account_index", "rep_index"):
            made.__dict__[name] = getattr(self, name)
        return made

    def books(self, assignment: pd.Series[str]) -> pd.DataFrame:
        """The raw account table with the rep who serves each account, for checks.

        ``assignment`` holds rep ids by account id. The frame has the accounts' columns, ``rep_id``
        (missing where nobody serves), and the per-pair columns of the pair used (missing where the
        pair is not listed; before an account column of the same name).
        """
        frame = self.accounts.copy(deep=False)
        frame["rep_id"] = frame["account_id"].map(assignment).astype(object)
        if self.pair_columns:
            used = self.listed(frame["rep_id"])
            for name, values in self.pair_columns.items():
                frame[name] = np.append(values, np.nan)[used]
        if self.pair_measures:
            rep = self.rep_index.get_indexer(pd.Index(frame["rep_id"], dtype=object))
            known = np.flatnonzero(rep >= 0)
            for name in self.pair_measures:
                values = np.full(len(frame), np.nan)
                values[known] = self.measured(name, known, rep[known])
                frame[name] = values
        return frame

    def listed(self, rep_ids: pd.Series[str]) -> NDArray[np.int64]:
        """Position of the pair of each account with its rep in ``rep_ids``, or -1 for none."""
        rep = self.rep_index.get_indexer(pd.Index(rep_ids, dtype=object))
        return self.pairs.find(np.arange(len(rep)), rep)

    @cached_property
    def today(self) -> pd.Series[str]:
        """Today's books: owner id by account id, missing where nobody in the roster owns it."""
        ids = np.full(len(self.owner), None, dtype=object)
        held = self.owner >= 0
        ids[held] = self.rep_ids[self.owner[held]]
        return pd.Series(ids, index=self.account_ids, dtype=object)
