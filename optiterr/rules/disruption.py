"""Disruption: how much of today's books may change hands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.pairs import Floats
from optiterr.problem import COUNT, Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule

NOISE = 1e-12
"""An excess below this share of what stays or comes in is rounding of the sum."""

LIMITS = (
    "max_share",
    "max_amount",
    "rep_out_max_share",
    "rep_out_max_amount",
    "rep_in_max_share",
    "rep_in_max_amount",
)


class Disruption(Rule):
    """No more of today's books changes hands than allowed.

    Today's books are the accounts owned by a rep who stays. Accounts that nobody owns, and accounts
    whose owner leaves or has left, may go to anyone without counting.
    """

    algebra: ClassVar[str] = (
        r"\sum_{i \in B} v_i (1 - x_{i,s(i)}) \le L, \qquad "
        r"\sum_{i \in B_j} v_i (1 - x_{ij}) \le L^{out}_j, \qquad "
        r"\sum_{i \in B \setminus B_j} v_i x_{ij} \le L^{in}_j \quad \forall j"
    )

    kind: Literal["disruption"] = "disruption"
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
        return self

    @property
    def _has_limits(self) -> bool:
        return any(getattr(self, limit) is not None for limit in LIMITS)

    def reads(self) -> tuple[Column, ...]:
        return () if self.of == COUNT else (Column("accounts", self.of),)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        amount, owner = problem.account_number(self.of), problem.owner
        base = (owner >= 0) & problem.serves[np.maximum(owner, 0)]
        account, rep = problem.pairs.account, problem.pairs.rep
        book = np.bincount(owner[base], amount[base], len(problem.reps)).astype(float)
        total = np.array([book.sum()])
        average = np.full(len(book), total[0] / max(1, problem.serves.sum()))
        is_owner = rep == owner[account]
        stay, come = (
            np.flatnonzero(base[account] & is_owner),
            np.flatnonzero(base[account] & ~is_owner),
        )
        if not self._has_limits:
            cost = np.zeros(len(account))
            cost[come] = self._charge(total) * amount[account[come]]
            model.add_cost(name, cost)
        stays, comes = amount[account[stay]], amount[account[come]]
        nothing = np.zeros(len(stay), dtype=np.int64)
        for part, limit in _limits(self.max_share, self.max_amount, total):
            band = self._at_least(total - limit, total)
            model.add_rows(name, band, ["all"], nothing, stay, stays, f"moved-{part}")
        for part, limit in _limits(self.rep_out_max_share, self.rep_out_max_amount, book):
            band = self._at_least(book - limit, book)
            model.add_rows(name, band, problem.rep_ids, rep[stay], stay, stays, f"out-{part}")
        for part, limit in _limits(self.rep_in_max_share, self.rep_in_max_amount, average):
            band = self._at_most(limit, average)
            model.add_rows(name, band, problem.rep_ids, rep[come], come, comes, f"in-{part}")

    def _charge(self, book: Floats) -> Floats:
        """Price of one unit over a limit that speaks of ``book``."""
        price = np.full(len(book), self.price or 0.0)
        if self.per == "unit":
            return price
        return np.asarray(np.divide(price, book, where=book > 0, out=np.zeros(len(book))))

    def _at_least(self, least: Floats, book: Floats) -> Band:
        if self.price is None:
            return Band.of(len(least), lower=least)
        return Band.of(len(least), low=least, price_below=self._charge(book))

    def _at_most(self, most: Floats, book: Floats) -> Band:
        if self.price is None:
            return Band.of(len(most), upper=most)
        return Band.of(len(most), high=most, price_above=self._charge(book))

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        roster = problem.reps.loc[problem.serves, "rep_id"]
        amount = pd.Series(books.get(self.of, 1.0), books.index, dtype=float)
        owner, rep = books["owner_id"], books["rep_id"]
        stays = owner.isin(roster)
        yield from self._forced(name, amount[owner.notna() & ~stays])
        moves = stays & (owner != rep)
        total, moved = float(amount[stays].sum()), float(amount[moves].sum())
        if not self._has_limits:
            if moved > 0:
                yield self._priced(name, int(moves.sum()), moved, total)
            return
        words = f"{written(moved)} of {written(total)} {self.of} change hands"
        for limit in _caps(self.max_share, self.max_amount, total):
            yield from self._over(name, "all", moved, limit, total, total - limit, words)
        if self.rep_out_max_share is not None or self.rep_out_max_amount is not None:
            own = amount[stays].groupby(owner[stays]).sum().to_dict()
            for rep_id, out in amount[moves].groupby(owner[moves]).sum().to_dict().items():
                book = float(own[rep_id])
                words = f"rep {rep_id} loses {written(out)} of {written(book)} {self.of}"
                for limit in _caps(self.rep_out_max_share, self.rep_out_max_amount, book):
                    yield from self._over(name, str(rep_id), out, limit, book, book - limit, words)
        if self.rep_in_max_share is not None or self.rep_in_max_amount is not None:
            average, come = total / max(1, len(roster)), moves & rep.isin(roster)
            for rep_id, gained in amount[come].groupby(rep[come]).sum().to_dict().items():
                words = f"rep {rep_id} gains {written(gained)} {self.of} from other reps"
                for limit in _caps(self.rep_in_max_share, self.rep_in_max_amount, average):
                    yield from self._over(name, str(rep_id), gained, limit, average, limit, words)

    def _over(
        self,
        name: str,
        where: str,
        moved: float,
        limit: float,
        book: float,
        bound: float,
        words: str,
    ) -> Iterator[Finding]:
        """A finding when more moved than the limit; ``bound`` is what the tolerance is taken of."""
        miss = moved - limit
        free = NOISE if self.price is not None else TOLERANCE
        if miss <= free * max(1.0, abs(bound)):
            return
        shared = self.price is not None and self.per == "share"
        yield Finding(
            rule=name,
            weight=self.severity,
            where=where,
            amount=miss / book if shared else miss,
            unit="share of the book" if shared else self.of,
            message=f"{words}, {written(miss)} more than the {written(limit)} allowed",
        )

    def _priced(self, name: str, count: int, moved: float, total: float) -> Finding:
        shared = self.per == "share"
        worth = "" if self.of == COUNT else f" with {written(moved)} of {written(total)} {self.of}"
        return Finding(
            rule=name,
            weight=Weight.PRICED,
            where="all",
            amount=moved / total if shared else moved,
            unit="share of the book" if shared else self.of,
            message=f"{counted(count, 'account')}{worth} move{'s' if count == 1 else ''} "
            "to another rep",
        )

    def _forced(self, name: str, amounts: pd.Series[float]) -> Iterator[Finding]:
        """A note on accounts whose owner leaves or has left: they move whatever anyone decides."""
        if amounts.empty:
            return
        amount = float(amounts.sum())
        worth = "" if self.of == COUNT else f" with {written(amount)} {self.of}"
        yield Finding(
            rule=name,
            weight=Weight.NOTE,
            where="all",
            amount=amount,
            unit=self.of,
            message=f"{counted(len(amounts), 'account')}{worth} had an owner who leaves or has "
            "left; the new rep is no move",
        )


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
