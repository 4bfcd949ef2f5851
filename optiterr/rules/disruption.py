"""Disruption: how much of today's books may change hands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, Weight, written
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
        if self.price is None and not self._limits:
            raise ValueError(
                "disruption needs a price for what moves, or a limit such as max_share: 0.1"
            )
        if self.per == "share" and self.price is None:
            raise ValueError("per: share says what a price counts: set a price or drop per")
        return self

    @property
    def _limits(self) -> tuple[str, ...]:
        return tuple(limit for limit in LIMITS if getattr(self, limit) is not None)

    def reads(self) -> tuple[Column, ...]:
        return () if self.of == COUNT else (Column("accounts", self.of),)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        amount, owner = problem.account_number(self.of), problem.owner
        base = (owner >= 0) & problem.serves[np.maximum(owner, 0)]
        account, rep = problem.pairs.account, problem.pairs.rep
        stay = np.flatnonzero(base[account] & (rep == owner[account]))
        book = np.bincount(owner[base], amount[base], minlength=len(problem.reps))
        total = float(amount[base].sum())
        if not self._limits:
            moved = np.where(base[account] & (rep != owner[account]), amount[account], 0.0)
            model.add_cost(name, self._charge(np.array([total]))[0] * moved)
        if self.max_share is not None:
            self._keep_total(name, problem, model, stay, total, self.max_share * total, "share")
        if self.max_amount is not None:
            self._keep_total(name, problem, model, stay, total, self.max_amount, "amount")
        values = amount[account]
        for part, out in (
            (
                "out-share",
                None if self.rep_out_max_share is None else self.rep_out_max_share * book,
            ),
            ("out-amount", self.rep_out_max_amount),
        ):
            if out is not None:
                band = self._at_least(book - out, book)
                model.add_rows(name, band, problem.rep_ids, rep[stay], stay, values[stay], part)
        average = total / max(1, int(problem.serves.sum()))
        come = np.flatnonzero(base[account] & (rep != owner[account]))
        for part, into in (
            (
                "in-share",
                None if self.rep_in_max_share is None else self.rep_in_max_share * average,
            ),
            ("in-amount", self.rep_in_max_amount),
        ):
            if into is not None:
                most = np.where(problem.serves, into, np.inf)
                band = self._at_most(most, np.full(len(most), average))
                model.add_rows(name, band, problem.rep_ids, rep[come], come, values[come], part)

    def _keep_total(
        self,
        name: str,
        problem: Problem,
        model: ModelBuilder,
        stay: np.ndarray,
        total: float,
        limit: float,
        part: str,
    ) -> None:
        """One row: what stays in all is at least today's books less the limit."""
        band = self._at_least(np.array([total - limit]), np.array([total]))
        value = problem.account_number(self.of)[problem.pairs.account[stay]]
        model.add_rows(name, band, ["all"], np.zeros(len(stay)), stay, value, part)

    def _charge(self, book: Floats) -> Floats:
        """Price of one unit over a limit that speaks of ``book``."""
        price = np.full(len(book), self.price or 0.0)
        if self.per == "share":
            return np.divide(price, book, where=book > 0, out=np.zeros(len(book)))
        return price

    def _at_least(self, least: Floats, book: Floats) -> Band:
        if self.price is None:
            return Band.of(len(least), lower=least)
        return Band.of(len(least), low=least, price_below=self._charge(book))

    def _at_most(self, most: Floats, book: Floats) -> Band:
        if self.price is None:
            return Band.of(len(most), upper=most)
        price = np.where(np.isfinite(most), self._charge(book), 0.0)
        return Band.of(len(most), high=most, price_above=price)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        books["_amount"] = books.get(self.of, 1.0)
        roster = problem.reps.loc[problem.serves, "rep_id"]
        owned = books["owner_id"].notna()
        stays = books["owner_id"].isin(roster)
        base = books[stays]
        moves = base[base["owner_id"] != base["rep_id"]]
        yield from self._forced(name, books[owned & ~stays])
        total, moved = float(base["_amount"].sum()), float(moves["_amount"].sum())
        unit = self.of
        if not self._limits:
            if moved > 0:
                yield self._priced(name, moves, moved, total)
            return
        for share, cap in ((self.max_share, None), (None, self.max_amount)):
            if share is not None or cap is not None:
                limit = share * total if share is not None else float(cap or 0.0)
                message = (
                    f"{written(moved)} of {written(total)} {unit} change hands, "
                    f"{{miss}} more than the {written(limit)} allowed"
                )
                yield from self._over(name, "all", moved, limit, total, total - limit, message)
        lost = moves.groupby("owner_id")["_amount"].sum()
        own = base.groupby("owner_id")["_amount"].sum()
        for share, cap in ((self.rep_out_max_share, None), (None, self.rep_out_max_amount)):
            if share is None and cap is None:
                continue
            for rep_id, out in lost.items():
                book = float(own[rep_id])
                limit = share * book if share is not None else float(cap or 0.0)
                message = (
                    f"rep {rep_id} loses {written(out)} of a book of {written(book)} {unit}, "
                    f"{{miss}} more than the {written(limit)} allowed"
                )
                yield from self._over(name, str(rep_id), out, limit, book, book - limit, message)
        come = moves[moves["rep_id"].isin(roster)].groupby("rep_id")["_amount"].sum()
        average = total / max(1, len(roster))
        for share, cap in ((self.rep_in_max_share, None), (None, self.rep_in_max_amount)):
            if share is None and cap is None:
                continue
            limit = share * average if share is not None else float(cap or 0.0)
            for rep_id, gained in come.items():
                message = (
                    f"rep {rep_id} gains {written(gained)} {unit} from other reps, "
                    f"{{miss}} more than the {written(limit)} allowed"
                )
                yield from self._over(name, str(rep_id), gained, limit, average, limit, message)

    def _over(
        self,
        name: str,
        where: str,
        moved: float,
        limit: float,
        book: float,
        bound: float,
        message: str,
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
            amount=miss / book if shared and book > 0 else miss,
            unit="share of the book" if shared else self.of,
            message=message.format(miss=written(miss)),
        )

    def _priced(self, name: str, moves: pd.DataFrame, moved: float, total: float) -> Finding:
        shared = self.per == "share"
        return Finding(
            rule=name,
            weight=Weight.PRICED,
            where="all",
            amount=moved / total if shared else moved,
            unit="share of the book" if shared else self.of,
            message=f"{len(moves):,} accounts change hands: {written(moved)} of "
            f"{written(total)} {self.of}",
        )

    def _forced(self, name: str, books: pd.DataFrame) -> Iterator[Finding]:
        """A note on accounts whose owner leaves or has left: they move whatever anyone decides."""
        if len(books):
            amount = float(books["_amount"].sum())
            worth = "" if self.of == COUNT else f" with {written(amount)} {self.of}"
            yield Finding(
                rule=name,
                weight=Weight.NOTE,
                where="all",
                amount=amount,
                unit=self.of,
                message=f"{len(books):,} accounts{worth} need a new rep because their owner leaves "
                "or has left; they do not count as moves",
            )
