"""Specialists: who serves a kind of account, and what else they may serve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, counted, listed
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Mask
from optiterr.problem import COUNT, Column, Problem
from optiterr.rules import Eligibility, Rule


class Specialists(Rule):
    """Specialists serve their kind of account: nothing else, or nobody else does, or both.

    ``where`` says the kind of account and ``where_rep`` the specialists. ``only``: a specialist
    serves no account of another kind. ``reserved``: an account of the kind goes to no other rep.
    An account that nobody serves breaks nothing.
    """

    algebra: ClassVar[str] = (
        r"x_{ij} = 0 \quad \forall i \notin W,\ j \in S \ \text{(only)}, \qquad "
        r"x_{ij} = 0 \quad \forall i \in W,\ j \notin S \ \text{(reserved)}"
    )

    kind: Literal["specialists"] = "specialists"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each account served against the rule, times its weight; "
        "without it the rule is hard",
    )
    mode: Literal["only", "reserved", "both"] = Field(
        "both",
        description="only: specialists serve nothing else; reserved: nobody else serves the kind; "
        "both: both",
    )
    weight: str = Field(
        COUNT,
        min_length=1,
        description="what the price counts of an account: 'accounts' or an account measure",
    )

    @model_validator(mode="after")
    def _names_both_sides(self) -> Self:
        if self.where is None:
            raise ValueError("say with where which accounts need specialists")
        if self.where_rep is None:
            raise ValueError("say with where_rep which reps are the specialists")
        if self.price is None and self.weight != COUNT:
            raise ValueError("weight multiplies what is priced: set a price or drop weight")
        return self

    def reads(self) -> tuple[Column, ...]:
        return () if self.weight == COUNT else (Column("accounts", self.weight),)

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        special = self.speaks_to(problem)
        other, own = np.ones((2, len(special)), dtype=bool)
        if self.mode != "reserved":
            other &= ~special
        if self.mode != "only":
            own &= special
        return Eligibility(self.speaks_of(problem).astype(np.int64), np.vstack([other, own]))

    def allows(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else ~self._wrong(problem)

    def eligibility(self, problem: Problem) -> Eligibility | None:
        """What :meth:`eligible` says: the filters name the two sides and exempt nobody."""
        return self.eligible(problem)

    def allowed(self, problem: Problem) -> Mask | None:
        """What :meth:`allows` says: the filters name the two sides and exempt nobody."""
        return self.allows(problem)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is not None:
            weight = problem.account_number(self.weight)[problem.pairs.account]
            model.add_cost(name, self.price * weight * self._wrong(problem))

    def _wrong(self, problem: Problem) -> Mask:
        """Which candidate pairs are against the rule, shape (P,)."""
        kind = self.speaks_of(problem)[problem.pairs.account]
        special = self.speaks_to(problem)[problem.pairs.rep]
        if self.mode == "only":
            return np.asarray(special & ~kind)
        return np.asarray(kind & ~special if self.mode == "reserved" else kind != special)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        rep = books["rep_id"]
        expert = rep.isin(problem.reps.loc[self.speaks_to(problem), "rep_id"])
        wrong = rep.isin(problem.reps["rep_id"]) & (expert != self.speaks_of(problem))
        if self.mode != "both":
            wrong &= expert if self.mode == "only" else ~expert
        worth = pd.Series(books.get(self.weight, 1.0), books.index, dtype=float)
        for rep_id, book in books[wrong].groupby("rep_id"):
            served = counted(len(book), "account")
            if expert[book.index[0]]:
                words = f"rep {rep_id} is a specialist and serves {served} of another kind"
            else:
                words = f"rep {rep_id} is no specialist and serves {served} reserved for them"
            yield Finding(
                rule=name,
                weight=self.severity,
                where=str(rep_id),
                amount=float(worth[book.index].sum()),
                unit=self.weight,
                message=f"{words}: {listed(book['account_id'])}",
            )

    def formula(self, say: Notation) -> tuple[str, ...]:
        only, reserved = "i ∉ W, j ∈ S", "i ∈ W, j ∉ S"
        wrong = {"only": only, "reserved": reserved, "both": f"{only}, and {reserved}"}[self.mode]
        kept = "x_ij = 0" if self.price is None else "wrong_ij = 1"
        return (f"∀ {wrong}: {kept}",)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        return f"Σ_{{i ∈ I, j ∈ J}} {say.times(self.weight)}wrong_ij x_ij"
