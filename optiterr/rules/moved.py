"""What a plan does to today's books, counted from the tables: for checks of budgets on change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from optiterr.findings import written
from optiterr.rules.ownership import NONE


@dataclass(frozen=True)
class Change:
    """What one book loses, or gains; ``book`` is the book that shares of it speak of."""

    part: str
    where: str
    amount: float
    book: float
    words: str


@dataclass(frozen=True, eq=False)
class Moved:
    """The accounts that count in a plan, aligned: how much, whose today, whose then.

    ``ours`` marks accounts whose owner is judged, ``moves`` those with another rep or none.
    ``judged`` are the reps whose gains are judged, ``serving`` counts the reps who stay. ``unit``
    says what is counted, in words.
    """

    amount: pd.Series[float]
    owner: pd.Series[str]
    rep: pd.Series[str]
    ours: pd.Series[bool]
    moves: pd.Series[bool]
    judged: pd.Series[str]
    serving: int
    unit: str

    @property
    def average(self) -> float:
        """Today's average book, over all reps who stay."""
        return float(self.amount.sum()) / max(1, self.serving)

    @property
    def lost(self) -> pd.Series[float]:
        """The amount of each account that moves away from an owner who is judged."""
        return self.amount[self.ours & self.moves]

    def total(self) -> Change:
        """All that moves."""
        moved, book = float(self.lost.sum()), float(self.amount[self.ours].sum())
        return Change("moved", "all", moved, book, f"{self.of(moved, book)} change hands")

    def losses(self) -> Iterator[Change]:
        """What each rep loses."""
        books = _sums(self.amount[self.ours], self.owner)
        for rep, moved in _sums(self.lost, self.owner).items():
            words = f"rep {rep} loses {self.of(moved, books[rep])}"
            yield Change("out", rep, moved, books[rep], words)

    def gains(self) -> Iterator[Change]:
        """What each rep gains."""
        come = self.moves & self.rep.isin(self.judged)
        for rep, moved in _sums(self.amount[come], self.rep).items():
            words = f"rep {rep} gains {self.much(moved)} from other reps"
            yield Change("in", rep, moved, self.average, words)

    def teams(self, by: str, reps: pd.DataFrame, leaves: bool) -> Teams:
        """The same by the values of column ``by``; with ``leaves`` only what leaves its value."""
        team = reps.set_index("rep_id")[by].fillna(NONE).replace("", NONE)
        return Teams(self, by, team, leaves)

    def segments(self, by: str, values: pd.Series[Any]) -> Iterator[Change]:
        """What moves of each segment."""
        segment = values.fillna(NONE).replace("", NONE)
        books = _sums(self.amount[self.ours], segment)
        for value, moved in _sums(self.lost, segment).items():
            words = f"{self.of(moved, books[value])} of {by} {value} change hands"
            yield Change("segment", f"{by} {value}", moved, books[value], words)

    def much(self, moved: float) -> str:
        """The amount ``moved`` in words."""
        unit = self.unit.replace("accounts", "account", 1) if moved == 1 else self.unit
        return f"{written(moved)} {unit}"

    def of(self, moved: float, book: float) -> str:
        """The amount ``moved`` of a book in words."""
        return f"{written(moved)} of {written(book)} {self.unit}"


@dataclass(frozen=True, eq=False)
class Teams:
    """What the reps of each value of column ``by`` lose and gain together.

    ``team`` is the value of each rep, by id; with ``leaves`` moves inside a value count as none.
    """

    moved: Moved
    by: str
    team: pd.Series[str]
    leaves: bool

    def losses(self) -> Iterator[Change]:
        """What each value loses."""
        one, was = self.moved, self.moved.owner.map(self.team)
        books = _sums(one.amount[one.ours], was)
        for value, moved in _sums(one.amount[one.ours & self._across(was)], was).items():
            who, lose = self._who(value), "loses" if self.leaves else "lose"
            words = f"{who} {lose} {one.of(moved, books[value])}"
            yield Change("by-out", f"{self.by} {value}", moved, books[value], words)

    def gains(self) -> Iterator[Change]:
        """What each value gains."""
        one = self.moved
        size = one.judged.map(self.team).value_counts()
        come = self._across(one.owner.map(self.team)) & one.rep.isin(one.judged)
        gain, whom = ("gains", "others") if self.leaves else ("gain", "other reps")
        for value, moved in _sums(one.amount[come], one.rep.map(self.team)).items():
            words = f"{self._who(value)} {gain} {one.much(moved)} from {whom}"
            book = one.average * int(size[value])
            yield Change("by-in", f"{self.by} {value}", moved, book, words)

    def _across(self, was: pd.Series[str]) -> pd.Series[bool]:
        """The accounts that count: those that move, or those of them that change the value."""
        now = self.moved.rep.map(self.team)
        return self.moved.moves & (was != now) if self.leaves else self.moved.moves

    def _who(self, value: str) -> str:
        return f"{self.by} {value}" if self.leaves else f"the reps of {self.by} {value}"


def _sums(amount: pd.Series[float], key: pd.Series[Any]) -> dict[str, float]:
    return {str(one): float(all_) for one, all_ in amount.groupby(key).sum().items()}
