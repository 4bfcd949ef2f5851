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
        return Change("moved", "all", moved, book, f"{self._of(moved, book)} change hands")

    def reps(self) -> Iterator[Change]:
        """What each rep loses and gains."""
        books = _sums(self.amount[self.ours], self.owner)
        for rep, moved in _sums(self.lost, self.owner).items():
            words = f"rep {rep} loses {self._of(moved, books[rep])}"
            yield Change("out", rep, moved, books[rep], words)
        come = self.moves & self.rep.isin(self.judged)
        for rep, moved in _sums(self.amount[come], self.rep).items():
            words = f"rep {rep} gains {self._much(moved)} from other reps"
            yield Change("in", rep, moved, self.average, words)

    def teams(self, by: str, reps: pd.DataFrame, leaves: bool) -> Iterator[Change]:
        """What the reps of each value of column ``by`` lose and gain together."""
        team = reps.set_index("rep_id")[by].fillna(NONE).replace("", NONE)
        was, now = self.owner.map(team), self.rep.map(team)
        across = self.moves & (was != now) if leaves else self.moves
        books = _sums(self.amount[self.ours], was)
        lose, gain, whom = (
            ("loses", "gains", "others") if leaves else ("lose", "gain", "other reps")
        )
        for value, moved in _sums(self.amount[self.ours & across], was).items():
            who = f"{by} {value}"
            words = (
                f"{who if leaves else f'the reps of {who}'} {lose} {self._of(moved, books[value])}"
            )
            yield Change("by-out", who, moved, books[value], words)
        size = self.judged.map(team).value_counts()
        come = across & self.rep.isin(self.judged)
        for value, moved in _sums(self.amount[come], now).items():
            who = f"{by} {value}"
            words = f"{who if leaves else f'the reps of {who}'} {gain} {self._much(moved)}"
            yield Change(
                "by-in", who, moved, self.average * int(size[value]), f"{words} from {whom}"
            )

    def segments(self, by: str, values: pd.Series[Any]) -> Iterator[Change]:
        """What moves of each segment."""
        segment = values.fillna(NONE).replace("", NONE)
        books = _sums(self.amount[self.ours], segment)
        for value, moved in _sums(self.lost, segment).items():
            words = f"{self._of(moved, books[value])} of {by} {value} change hands"
            yield Change("segment", f"{by} {value}", moved, books[value], words)

    def _much(self, moved: float) -> str:
        unit = self.unit.replace("accounts", "account", 1) if moved == 1 else self.unit
        return f"{written(moved)} {unit}"

    def _of(self, moved: float, book: float) -> str:
        return f"{written(moved)} of {written(book)} {self.unit}"


def _sums(amount: pd.Series[float], key: pd.Series[Any]) -> dict[str, float]:
    return {str(one): float(all_) for one, all_ in amount.groupby(key).sum().items()}
