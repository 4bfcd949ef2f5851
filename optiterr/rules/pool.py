"""Pool: accounts that may stay open, at a price and within caps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, Weight, counted, listed, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number
from optiterr.pairs import Mask
from optiterr.problem import COUNT, Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule


class Pool(Rule):
    """Accounts that match may stay open: nobody serves them, at a price for each and within caps.

    All other accounts must be served. An account that another rule keeps with a rep cannot stay
    open.
    """

    algebra: ClassVar[str] = (
        r"\sum_j x_{ij} + o_i = 1 \quad \forall i \in W, \qquad p \sum_{i \in W} v_i\, o_i, "
        r"\qquad \sum_{i \in W} a_i\, o_i \le L"
    )

    kind: Literal["pool"] = "pool"
    weight: str = Field(
        COUNT,
        min_length=1,
        description="what the price counts of an open account: 'accounts' or an account measure",
    )
    of: str = Field(
        COUNT, min_length=1, description="what the caps count: 'accounts' or an account measure"
    )
    max_share: float | None = Field(
        None, ge=0, le=1, description="most that may stay open, as a share of what matches"
    )
    max_amount: float | None = Field(None, ge=0, description="most that may stay open in all")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.price is None and self.max_share is None and self.max_amount is None:
            raise ValueError(
                "a pool needs a price for each open account, a cap, or both; without them every "
                "account could stay open for nothing"
            )
        if self.where_rep is not None:
            raise ValueError("nobody serves an open account: drop where_rep and use where")
        if self.price is None and self.weight != COUNT:
            raise ValueError("weight multiplies what is priced: set a price or drop weight")
        if self.max_share is None and self.max_amount is None and self.of != COUNT:
            raise ValueError("'of' is what caps count: set max_share or max_amount, or drop it")
        return self

    def reads(self) -> tuple[Column, ...]:
        named = dict.fromkeys([self.weight, self.of])
        return tuple(Column("accounts", name) for name in named if name != COUNT)

    def optional(self, problem: Problem) -> Mask | None:
        return self.speaks_of(problem)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        matches = self.speaks_of(problem)
        if self.price is not None:
            cost = self.price * problem.account_number(self.weight)
            model.charge_open(name, np.where(matches, cost, 0.0))
        amount = problem.account_number(self.of)
        whole = float(amount[matches].sum())
        at = np.flatnonzero(matches)
        caps = (
            ("share", None if self.max_share is None else self.max_share * whole),
            ("amount", self.max_amount),
        )
        for part, limit in caps:
            if limit is not None:
                band = Band.of(1, upper=limit)
                zeros = np.zeros(len(at), dtype=np.int64)
                model.add_open_rows(name, band, ["all"], zeros, at, amount[at], part)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        nobody = books[books["rep_id"].isna()]
        worth = pd.Series(nobody.get(self.weight, 1.0), nobody.index, dtype=float)
        paid = float(worth.sum())
        if len(nobody):
            by = "" if self.weight == COUNT else f" with {written(paid)} {self.weight}"
            yield Finding(
                rule=name,
                weight=Weight.NOTE if self.price is None else Weight.PRICED,
                where="all",
                amount=paid,
                unit=self.weight,
                message=f"{counted(len(nobody), 'account')}{by} "
                f"stay{'s' if len(nobody) == 1 else ''} open: {listed(nobody['account_id'])}",
            )
        amount = pd.Series(nobody.get(self.of, 1.0), nobody.index, dtype=float)
        whole = float(pd.Series(books.get(self.of, 1.0), books.index, dtype=float).sum())
        left = float(amount.sum())
        for limit in (
            None if self.max_share is None else self.max_share * whole,
            self.max_amount,
        ):
            if limit is not None and left - limit > TOLERANCE * max(1.0, limit):
                yield Finding(
                    rule=name,
                    weight=Weight.BREACH,
                    where="all",
                    amount=left - limit,
                    unit=self.of,
                    message=f"{written(left)} of {written(whole)} {self.of} stay open, "
                    f"{written(left - limit)} more than the {written(limit)} allowed",
                )

    def formula(self, say: Notation) -> tuple[str, ...]:
        every = f"Σ_{{i ∈ {say.accounts}}}"
        lines = [f"∀ i ∈ {say.accounts}: Σ_{{j ∈ J}} x_ij + o_i = 1, unless a hard rule keeps i"]
        left = f"{every} {say.times(self.of)}o_i"
        if self.max_share is not None:
            whole = say.whole(self.of, f"i ∈ {say.accounts}")
            lines.append(f"{left} ≤ {number(self.max_share)} × {whole}")
        if self.max_amount is not None:
            lines.append(f"{left} ≤ {number(self.max_amount)}")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        return f"Σ_{{i ∈ {say.accounts}}} {say.times(self.weight)}o_i"
