"""Budgets on change as rows: the pairs that keep today's books, and those that bring others in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optiterr.pairs import Floats, Mask
from optiterr.problem import Problem
from optiterr.rowfunctions import Band
from optiterr.rules.ownership import grouped

Positions = NDArray[np.int64]
Labels = Sequence[str] | NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Budget:
    """Rows of one budget, loaded with what stays (``is_loss``) or with what comes in.

    ``book`` is the book that shares of each row speak of. Entry ``k`` loads row ``row[k]`` when
    ``pair[k]`` is picked.
    """

    part: str
    is_loss: bool
    labels: Labels
    book: Floats
    row: Positions
    pair: Positions

    def band(self, limit: Floats, price: float | None, *, shared: bool) -> Band:
        """What stays is at least the book less the limit; what comes in is at most the limit.

        With a price, what misses that is charged: each unit, or (``shared``) each whole book.
        """
        rows, least = len(limit), self.book - limit
        if price is None:
            return Band.of(rows, lower=least) if self.is_loss else Band.of(rows, upper=limit)
        each = prices(self.book, price, shared=shared)
        if self.is_loss:
            return Band.of(rows, low=least, price_below=each)
        return Band.of(rows, high=limit, price_above=each)


def prices(book: Floats, price: float, *, shared: bool) -> Floats:
    """Price of one unit: ``price``, or what it is of the price of a whole ``book``."""
    whole = np.full(len(book), price)
    if not shared:
        return whole
    return np.asarray(np.divide(whole, book, where=book > 0, out=np.zeros(len(book))))


@dataclass(frozen=True, eq=False)
class Ledger:
    """Today's books of a problem: ``amount`` of each account, whether it ``counts``, and which reps
    are ``heard``: their losses and gains are judged.
    """

    problem: Problem
    amount: Floats
    counts: Mask
    heard: Mask

    @cached_property
    def owner(self) -> Positions:
        """Owner of each account that counts; any rep for the others."""
        return np.maximum(self.problem.owner, 0).astype(np.int64)

    @cached_property
    def ours(self) -> Mask:
        """Accounts that count and whose owner is judged, shape (accounts,)."""
        return np.asarray(self.counts & self.heard[self.owner])

    @cached_property
    def stay(self) -> Mask:
        """Pairs of an account with its owner of today, shape (P,)."""
        return np.asarray(self.problem.pairs.rep == self.problem.owner[self.problem.pairs.account])

    def total(self) -> Budget:
        """One row: all that moves."""
        return self._loss("moved", ["all"], np.zeros(len(self.amount), np.int64), self.stay)

    def lost(self) -> Budget:
        """A row for what each rep loses."""
        return self._loss("out", self.problem.rep_ids, self.owner, self.stay)

    def gained(self) -> Budget:
        """A row for what each rep gains from others."""
        ids = self.problem.rep_ids
        return self._gain("in", ids, np.arange(len(ids)), ~self.stay)

    def teams(self, by: str, *, leaves: bool) -> list[Budget]:
        """A row for what the reps of each value of ``by`` lose together, and for what they gain.

        ``leaves``: an account that stays with reps of the value is neither lost nor gained.
        """
        team, labels = grouped(self.problem.reps[by])
        pairs, kept = self.problem.pairs, self.stay
        if leaves:
            kept = team[pairs.rep] == team[self.owner][pairs.account]
        return [
            self._loss("by-out", labels, team[self.owner], kept),
            self._gain("by-in", labels, team, ~kept),
        ]

    def segments(self, by: str) -> Budget:
        """A row for what moves of the accounts of each value of ``by``."""
        row = np.zeros(len(self.amount), dtype=np.int64)
        ours = self.ours
        row[ours], labels = grouped(self.problem.accounts.loc[ours, by])
        return self._loss("segment", labels, row, self.stay)

    def _loss(self, part: str, labels: Labels, row: Positions, kept: Mask) -> Budget:
        """``row`` has one entry per account; the pairs ``kept`` lose nothing."""
        ours = self.ours
        book = np.bincount(row[ours], self.amount[ours], len(labels)).astype(float)
        pair = np.flatnonzero(kept & ours[self.problem.pairs.account])
        return Budget(part, True, labels, book, row[self.problem.pairs.account[pair]], pair)

    def _gain(self, part: str, labels: Labels, row: Positions, comes: Mask) -> Budget:
        """``row`` has one entry per rep; shares speak of an average book for each rep of a row."""
        pairs, judged = self.problem.pairs, self.problem.serves & self.heard
        average = self.amount[self.counts].sum() / max(1, self.problem.serves.sum())
        book = average * np.bincount(row[judged], minlength=len(labels))
        pair = np.flatnonzero(comes & self.counts[pairs.account] & self.heard[pairs.rep])
        return Budget(part, False, labels, book, row[pairs.rep[pair]], pair)
