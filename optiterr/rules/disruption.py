"""Disruption: how much of today's books may change hands. Long for its two dozen settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.filters import Filter
from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Floats, Mask
from optiterr.problem import COUNT, Column, Problem
from optiterr.rowfunctions import TOLERANCE
from optiterr.rules import Rule
from optiterr.rules.budgets import Ledger, prices
from optiterr.rules.moved import Change, Moved
from optiterr.rules.ownership import Today, largest, stays
from optiterr.rules.spoken import budget_lines

NOISE = 1e-12
"""An excess below this share of what stays or comes in is rounding of the sum."""

GAINS = ("in", "by-in")
"""Limits of what comes in; all others are of what moves away."""

LIMITS = {
    "moved": ("max_share", "max_amount"),
    "out": ("rep_out_max_share", "rep_out_max_amount"),
    "in": ("rep_in_max_share", "rep_in_max_amount"),
    "by-out": ("by_out_max_share", "by_out_max_amount"),
    "by-in": ("by_in_max_share", "by_in_max_amount"),
    "segment": ("segment_max_share", "segment_max_amount"),
}
"""By what they limit: the field that is a share of a book, and the one that is an amount."""


class Disruption(Rule):
    """No more of today's books changes hands than allowed.

    Today's books are the accounts owned by a rep who stays. Accounts that nobody owns, and accounts
    whose owner leaves or has left, may go to anyone without counting. An account that nobody serves
    any more has left its owner. Where only some accounts count, or the largest ones, the others may
    go anywhere and are in no book that a share speaks of. Where only some reps are judged, it is
    for what they lose of their own books and for what they gain from anyone; an average book is
    that of all reps who stay.
    """

    algebra: ClassVar[str] = (
        r"\sum_{i \in B} v_i (1 - x_{i,s(i)}) \le L, \qquad "
        r"\sum_{i \in B_j} v_i (1 - x_{ij}) \le L^{out}_j, \qquad "
        r"\sum_{i \in B \setminus B_j} v_i x_{ij} \le L^{in}_j \quad \forall j, \qquad "
        r"\sum_{i \in B_g} v_i (1 - x_{i,s(i)}) \le L^{out}_g, \qquad "
        r"\sum_{j \in g} \sum_{i \in B \setminus B_j} v_i x_{ij} \le L^{in}_g \quad \forall g"
    )

    kind: Literal["disruption"] = "disruption"
    where: Filter | None = Field(
        None,
        description="accounts that count, in what moves and in the books that shares speak of; "
        "without it all of them",
    )
    where_rep: Filter | None = Field(
        None,
        description="reps whose books are judged: what they lose, and what they gain from anyone; "
        "without it all of them",
    )
    of: str = Field(
        COUNT,
        min_length=1,
        description="what is counted when an account moves: 'accounts' or an account measure",
    )
    max_share: float | None = Field(
        None, ge=0, le=1, description="share of all of today's books that may move"
    )
    max_amount: float | None = Field(None, ge=0, description="amount that may move in all")
    rep_out_max_share: float | None = Field(
        None, ge=0, le=1, description="share of a rep's own book of today that the rep may lose"
    )
    rep_out_max_amount: float | None = Field(
        None, ge=0, description="amount that any one rep may lose"
    )
    rep_in_max_share: float | None = Field(
        None,
        ge=0,
        le=1000,
        description="most a rep may gain from others, as a share of today's average book",
    )
    rep_in_max_amount: float | None = Field(
        None, ge=0, description="amount that any one rep may gain from others"
    )
    top: int | None = Field(
        None,
        ge=1,
        description="count only the so many largest accounts of each of today's books; of equal "
        "ones those higher up in the table",
    )
    top_by: str | None = Field(
        None, min_length=1, description="account measure that tells the largest; without it 'of'"
    )
    top_of: Literal["rep", "all"] = Field(
        "rep", description="whether top counts the largest of each rep's book, or of all books"
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="rep column, such as manager: reps of one value lose and gain together",
    )
    by_counts: Literal["moves", "leaves"] = Field(
        "moves",
        description="what counts against a value's limits: every move of its reps, or only moves "
        "to and from reps of another value",
    )
    by_out_max_share: float | None = Field(
        None, ge=0, le=1, description="share of its reps' books of today that a value may lose"
    )
    by_out_max_amount: float | None = Field(
        None, ge=0, description="amount that the reps of any one value may lose together"
    )
    by_in_max_share: float | None = Field(
        None,
        ge=0,
        le=1000,
        description="most that the reps of a value may gain together, as a share of as many of "
        "today's average books",
    )
    by_in_max_amount: float | None = Field(
        None, ge=0, description="amount that the reps of any one value may gain together"
    )
    segments: str | None = Field(
        None, min_length=1, description="account column, such as tier: limits for each value"
    )
    segment_max_share: float | None = Field(
        None, ge=0, le=1, description="share of any one segment's accounts of today that may move"
    )
    segment_max_amount: float | None = Field(
        None, ge=0, description="amount of any one segment that may move"
    )
    per: Literal["unit", "share"] = Field(
        "unit",
        description="what a priced amount counts: units, or shares of the book a limit speaks of",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.price is None and not self._has_limits:
            raise ValueError(
                "disruption needs a price for what moves, or a limit such as max_share: 0.1"
            )
        if self.top is None and (self.top_by is not None or self.top_of != "rep"):
            raise ValueError("top_by and top_of tell what top counts: set top, or drop them")
        if self.top is not None and (self.top_by or self.of) == COUNT:
            raise ValueError(
                "top needs a measure that tells the largest accounts, for example top_by: revenue"
            )
        for column, parts in (("by", ("by-out", "by-in")), ("segments", ("segment",))):
            limits = [limit for part in parts for limit in LIMITS[part]]
            said = [limit for limit in limits if getattr(self, limit) is not None]
            if said and getattr(self, column) is None:
                raise ValueError(
                    f"{said[0]} needs {column}: the column that tells whose limit it is"
                )
            if not said and getattr(self, column) is not None:
                raise ValueError(f"{column} needs a limit, for example {limits[0]}: 0.1")
        if self.by is None and self.by_counts != "moves":
            raise ValueError("by_counts tells what counts against limits of by: set by, or drop it")
        return self

    @property
    def _has_limits(self) -> bool:
        return self._limited(*LIMITS)

    def _limited(self, *parts: str) -> bool:
        """Whether any limit of those ``parts`` is set."""
        return any(getattr(self, limit) is not None for part in parts for limit in LIMITS[part])

    def reads(self) -> tuple[Column, ...]:
        found = [] if self.of == COUNT else [Column("accounts", self.of)]
        if self.top_by not in (None, self.of):
            found.append(Column("accounts", str(self.top_by), minimum=None, additive=False))
        if self.by is not None:
            found.append(Column("reps", self.by, "text"))
        if self.segments is not None:
            found.append(Column("accounts", self.segments, "text"))
        return tuple(found)

    def entries_per_pair(self, problem: Problem) -> float:
        dense = ["in", "by-in", *(["by-out"] if self.by_counts == "leaves" else [])]
        limits = [getattr(self, limit) for part in dense for limit in LIMITS[part]]
        return max(1.0, float(sum(limit is not None for limit in limits)))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        amount, account = problem.account_number(self.of), problem.pairs.account
        books = Ledger(problem, amount, self._counts(problem), self.speaks_to(problem))
        shared = self.per == "share"
        if not self._has_limits:
            total = np.array([amount[books.ours].sum()])
            each = prices(total, self.price or 0.0, shared=shared)
            charge = np.where(books.ours, each * amount, 0.0)
            model.add_cost(name, np.where(books.stay, 0.0, charge[account]))
            model.charge_open(name, charge)
        budgets = [books.total(), books.lost(), books.gained()]
        if self.by is not None:
            budgets += books.teams(self.by, leaves=self.by_counts == "leaves")
        if self.segments is not None:
            budgets.append(books.segments(self.segments))
        for one in budgets:
            share, most = (getattr(self, limit) for limit in LIMITS[one.part])
            value = amount[account[one.pair]]
            for which, limit in _limits(share, most, one.book):
                band, part = one.band(limit, self.price, shared=shared), f"{one.part}-{which}"
                model.add_rows(name, band, one.labels, one.row, one.pair, value, part)

    def _counts(self, problem: Problem) -> Mask:
        """Accounts that count when they move, whoever owns them today, shape (accounts,)."""
        counts = stays(problem) & self.speaks_of(problem)
        if self.top is None:
            return counts
        size = problem.account_number(self.top_by or self.of)
        book = problem.owner if self.top_of == "rep" else np.zeros_like(problem.owner)
        return largest(size, book, counts, self.top)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        today = Today.of(self, problem, assignment)
        moved = self._moved(problem, today)
        forced = today.books[today.forced]
        worth = float(pd.Series(forced.get(self.of, 1.0), forced.index, dtype=float).sum())
        of = "" if self.of == COUNT else f" with {written(worth)} {self.of}"
        words = f"{of} had an owner who leaves or has left; the new rep is no move"
        yield from today.forced_note(name, worth, self.of, words)
        if not self._has_limits:
            yield from self._priced(name, moved)
            return
        changes = [moved.total()]
        if self._limited("out", "in"):
            changes += moved.reps()
        if self.by is not None:
            changes += moved.teams(self.by, problem.reps, self.by_counts == "leaves")
        if self.segments is not None:
            changes += moved.segments(self.segments, today.books[self.segments])
        for part, (share, amount) in LIMITS.items():
            for change in changes:
                if change.part == part:
                    caps = _caps(getattr(self, share), getattr(self, amount), change.book)
                    yield from self._over(name, change, caps)

    def _moved(self, problem: Problem, today: Today) -> Moved:
        books = today.books[today.stays]
        if self.top is not None:
            order = books.sort_values(self.top_by or self.of, ascending=False, kind="stable")
            held = order.groupby("owner_id") if self.top_of == "rep" else order
            books = books.loc[held.head(self.top).index.sort_values()]
        at, heard = books.index, problem.serves & self.speaks_to(problem)
        return Moved(
            pd.Series(books.get(self.of, 1.0), at, dtype=float),
            books["owner_id"],
            books["rep_id"],
            today.ours[at],
            today.moves[at],
            problem.reps.loc[heard, "rep_id"],
            int(problem.serves.sum()),
            self._unit(),
        )

    def _unit(self) -> str:
        """What is counted, in words."""
        told = []
        if self.top is not None:
            whose = " of all" if self.top_of == "all" else ""
            told.append(f"top {self.top}{whose} by {self.top_by or self.of}")
        if self.where is not None:
            told.append(f"where {self.where.words()}")
        return f"{self.of} ({', '.join(told)})" if told else self.of

    def _over(self, name: str, change: Change, caps: list[float]) -> Iterator[Finding]:
        """A finding for each of the limits ``caps`` that is exceeded."""
        for limit in caps:
            miss = change.amount - limit
            # The tolerance is taken of the bound on what the model counts: what stays or comes in.
            bound = limit if change.part in GAINS else change.book - limit
            free = NOISE if self.price is not None else TOLERANCE
            if miss <= free * max(1.0, abs(bound)):
                continue
            shared = self.price is not None and self.per == "share"
            yield Finding(
                rule=name,
                weight=self.severity,
                where=change.where,
                amount=miss / change.book if shared else miss,
                unit="share of the book" if shared else self.of,
                message=f"{change.words}, {written(miss)} more than the {written(limit)} allowed",
            )

    def _priced(self, name: str, moved: Moved) -> Iterator[Finding]:
        change, count = moved.total(), len(moved.lost)
        if change.amount <= 0:
            return
        shared = self.per == "share"
        worth = f" with {written(change.amount)} of {written(change.book)} {moved.unit}"
        if self.of == COUNT:
            worth = moved.unit.removeprefix(COUNT)
        yield Finding(
            rule=name,
            weight=Weight.PRICED,
            where="all",
            amount=change.amount / change.book if shared else change.amount,
            unit="share of the book" if shared else self.of,
            message=f"{counted(count, 'account')}{worth} move{'s' if count == 1 else ''} "
            "to another rep",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        told = f"i ∈ {say.accounts} whose owner s(i) stays"
        if self.top is not None:
            whose = "each owner's book" if self.top_of == "rep" else "all books"
            told += f", the {self.top} largest of {whose} by {self.top_by or self.of}"
        caps = {part: (getattr(self, a), getattr(self, b)) for part, (a, b) in LIMITS.items()}
        by, leaves, over = self.by or "", self.by_counts == "leaves", " + over"
        lines = budget_lines(
            say, caps, self.of, by, leaves, self.segments or "", "" if self.price is None else over
        )
        return (f"B = {{{told}}}", *lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        if self._has_limits:
            return "Σ_{rows above} over" + (" / its book" if self.per == "share" else "")
        ours = "i ∈ B" if say.reps == "J" else "i ∈ B, s(i) ∈ S"
        moved = f"Σ_{{{ours}}} {say.times(self.of)}(1 − x_i,s(i))"
        return moved if self.per == "unit" else f"{moved} / {say.whole(self.of, ours)}"


def _limits(
    share: float | None, amount: float | None, book: Floats
) -> Iterator[tuple[str, Floats]]:
    """Each limit that is set, by name: the share of each book, or the same amount for all."""
    if share is not None:
        yield "share", share * book
    if amount is not None:
        yield "amount", np.full(len(book), amount)


def _caps(share: float | None, amount: float | None, book: float) -> list[float]:
    """The limits that are set, for one book, as judged from the tables."""
    caps = [] if share is None else [share * book]
    return caps if amount is None else [*caps, amount]
