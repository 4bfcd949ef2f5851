"""Mix: how much of a kind of account each book holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.carriers import carriers
from optiterr.findings import Finding, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number
from optiterr.problem import COUNT, Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule

NOISE = 1e-12
"""A miss below this share of what is compared is rounding of the sum."""


class Mix(Rule):
    """Every rep's book holds enough, and not too much, of a kind of account.

    ``where`` says the kind; without it the whole book is meant. With ``by`` the books of all reps
    of one value, such as a manager's, are judged as one. An empty book holds its shares. A rep who
    leaves has no book.
    """

    algebra: ClassVar[str] = (
        r"\ell \le \sum_{i \in W} a_{ij} x_{ij} \le u, \qquad "
        r"s_{\min} \sum_i a_{ij} x_{ij} \le \sum_{i \in W} a_{ij} x_{ij} "
        r"\le s_{\max} \sum_i a_{ij} x_{ij} \quad \forall j"
    )

    kind: Literal["mix"] = "mix"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each unit of 'of' short or over; without it the rule is hard",
    )
    of: str = Field(
        COUNT,
        min_length=1,
        description="what is added up: 'accounts', an account measure or a pair measure",
    )
    at_least: float | None = Field(None, ge=0, description="least of the kind in each book")
    at_most: float | None = Field(None, ge=0, description="most of the kind in each book")
    share_at_least: float | None = Field(
        None, ge=0, le=1, description="least of the kind as a share of the whole book"
    )
    share_at_most: float | None = Field(
        None, ge=0, le=1, description="most of the kind as a share of the whole book"
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="rep column, such as manager: one book for each of its values, not each rep",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        shares = (self.share_at_least, self.share_at_most)
        bounds = (self.at_least, self.at_most)
        if all(bound is None for bound in (*bounds, *shares)):
            raise ValueError(
                "mix needs at_least, at_most, share_at_least or share_at_most, or several of them"
            )
        if self.where is None and any(share is not None for share in shares):
            raise ValueError(
                "a share of a book is that of a kind of account: say which kind with where"
            )
        for prefix, (least, most) in (("", bounds), ("share_", shares)):
            if least is not None and most is not None and least > most:
                raise ValueError(
                    f"{prefix}at_least ({least:g}) is above {prefix}at_most ({most:g}): "
                    "no book can be both"
                )
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column("measure", self.of)]
        return tuple(found if self.by is None else [*found, Column("reps", self.by, "text")])

    def entries_per_pair(self, problem: Problem) -> float:
        counts = self.at_least is not None or self.at_most is not None
        return float(counts + (self.share_at_least is not None) + (self.share_at_most is not None))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        who = carriers(name, problem, self.by, problem.serves & self.speaks_to(problem))
        kind = self.speaks_of(problem)
        if self.at_least is not None or self.at_most is not None:
            held = who.loads(problem, kind, self.of)
            band = self._band(len(who), self.at_least, self.at_most)
            model.add_rows(name, band, who.labels, held.row, held.pair, held.amount, "count")
        for part, share, least, most in (
            ("share-most", self.share_at_most, None, 0.0),
            ("share-least", self.share_at_least, 0.0, None),
        ):
            if share is not None:
                whole = who.loads(problem, np.ones(len(kind), dtype=bool), self.of)
                # What the kind has beyond its share of the book: never above, or below, zero.
                beyond = whole.amount * (kind[problem.pairs.account[whole.pair]] - share)
                band = self._band(len(who), least, most)
                model.add_rows(name, band, who.labels, whole.row, whole.pair, beyond, part)

    def _band(self, rows: int, least: float | None, most: float | None) -> Band:
        low, high = -np.inf if least is None else least, np.inf if most is None else most
        if self.price is None:
            return Band.of(rows, lower=low, upper=high)
        return Band.of(
            rows,
            low=low,
            high=high,
            price_below=0.0 if least is None else self.price,
            price_above=0.0 if most is None else self.price,
        )

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        amount = pd.Series(books.get(self.of, 1.0), books.index, dtype=float)
        roster = problem.reps[problem.serves & self.speaks_to(problem)]
        called = roster.set_index("rep_id", drop=False)[self.by or "rep_id"]
        holder = books["rep_id"].map(called)
        whole = amount.groupby(holder).sum().to_dict()
        kind = self.speaks_of(problem)
        held = amount[kind].groupby(holder[kind]).sum().to_dict()
        for one in sorted(set(called)) if self.by else called:
            yield from self._judged(
                name, str(one), float(held.get(one, 0.0)), float(whole.get(one, 0.0))
            )

    def _judged(self, name: str, one: str, has: float, whole: float) -> Iterator[Finding]:
        """What is wrong with one book that holds ``has`` of the kind, and ``whole`` in all."""
        kind = "" if self.where is None else f" where {self.where.words()}"
        says = f"{self.by or 'rep'} {one} holds {written(has)} {self.of}{kind}"
        if self.at_most is not None:
            words = f"{says}, {{}} more than the {written(self.at_most)} allowed"
            yield from self._missed(name, one, has - self.at_most, self.at_most, words)
        if self.at_least is not None:
            words = f"{says}, {{}} less than the {written(self.at_least)} asked"
            yield from self._missed(name, one, self.at_least - has, self.at_least, words)
        says = f"{self.by or 'rep'} {one} holds {written(has)} of {written(whole)} {self.of}{kind}"
        if self.share_at_most is not None:
            part = self.share_at_most * whole
            words = f"{says}, {{}} more than the share of {written(self.share_at_most)} allowed"
            yield from self._missed(name, one, has - part, 0.0, words, whole)
        if self.share_at_least is not None:
            part = self.share_at_least * whole
            words = f"{says}, {{}} less than the share of {written(self.share_at_least)} asked"
            yield from self._missed(name, one, part - has, 0.0, words, whole)

    def _missed(
        self, name: str, one: str, miss: float, bound: float, words: str, compared: float = 0.0
    ) -> Iterator[Finding]:
        """A finding when ``bound`` is missed by more than the tolerance, or rounding if priced."""
        free = NOISE * max(1.0, bound, compared)
        if miss <= (free if self.price is not None else TOLERANCE * max(1.0, bound)):
            return
        yield Finding(
            rule=name,
            weight=self.severity,
            where=one,
            amount=miss,
            unit=self.of,
            message=words.format(written(miss)),
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        each, held = say.each(self.by), say.load(self.of, self.by)
        whole = say.added(f"Σ_{{i ∈ I}} {say.times(self.of)}x_ij", self.by)
        at = "j" if self.by is None else "m"
        bounds = (
            ("≥", self.at_least, ""),
            ("≤", self.at_most, ""),
            ("≥", self.share_at_least, f" × {whole}"),
            ("≤", self.share_at_most, f" × {whole}"),
        )
        free = {"≥": f" − under_{at}", "≤": f" + over_{at}"}
        return tuple(
            f"{each}: {held} {sign} {number(bound)}{of}{'' if self.price is None else free[sign]}"
            for sign, bound, of in bounds
            if bound is not None
        )

    def term(self, say: Notation) -> str:
        at = "j" if self.by is None else "m"
        return "" if self.price is None else say.total(f"(all under_{at} + over_{at})", self.by)
