"""Cost: what a pair measure says a pair costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.problem import Column, Problem
from optiterr.rules import Rule


class Cost(Rule):
    """Serving an account by a rep costs what a pair measure says."""

    algebra: ClassVar[str] = r"p \sum_{i,j} c_{ij} x_{ij}"

    kind: Literal["cost"] = "cost"
    price: float | None = Field(1.0, ge=0, description="what one unit of the value costs")
    value: str = Field(min_length=1, description="pair measure; may be negative")

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        if self.price is None:
            raise ValueError("a cost is priced by nature: drop 'price' to count the value as it is")
        return self

    def reads(self) -> tuple[Column, ...]:
        return (Column("pairs", self.value, minimum=None),)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        cost = (self.price or 0.0) * problem.pair_number(self.value)
        model.add_cost(name, np.where(self.under(problem), cost, 0.0))

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        books = books[books[self.value].notna()]
        place, reps = pd.factorize(books["rep_id"], sort=True)
        total, count = np.bincount(place, books[self.value]), np.bincount(place)
        for at, rep_id in enumerate(reps):
            yield Finding(
                rule=name,
                weight=Weight.PRICED,
                where=str(rep_id),
                amount=float(total[at]),
                unit=self.value,
                message=f"rep {rep_id} serves {counted(int(count[at]), 'account')} at "
                f"{written(float(total[at]))} {self.value}",
            )

    def term(self, say: Notation) -> str:
        return say.pairs(f"{say.of_account(self.value)} x_ij")
