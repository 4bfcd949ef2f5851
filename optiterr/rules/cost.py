"""Cost: what the pairs file says a pair costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.problem import Column, Problem
from optiterr.rules import Rule


class Cost(Rule):
    """Serving an account by a rep costs what the pairs file says."""

    algebra: ClassVar[str] = r"p \sum_{i,j} c_{ij} x_{ij}"

    kind: Literal["cost"] = "cost"
    price: float | None = Field(1.0, ge=0, description="what one unit of the value costs")
    value: str = Field(min_length=1, description="measure of the pairs file; may be negative")

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        if self.price is None:
            raise ValueError("a cost is priced by nature: drop 'price' to count the value as it is")
        return self

    def reads(self) -> tuple[Column, ...]:
        return (Column("pairs", self.value, minimum=None),)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        model.add_cost(name, (self.price or 0.0) * problem.pair_number(self.value))

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        paid = books.dropna(subset=[self.value]).groupby("rep_id")[self.value].agg(["sum", "count"])
        for rep_id, row in paid.iterrows():
            yield Finding(
                rule=name,
                weight=Weight.PRICED,
                where=str(rep_id),
                amount=float(row["sum"]),
                unit=self.value,
                message=f"rep {rep_id} serves {counted(int(row['count']), 'account')} at "
                f"{written(float(row['sum']))} {self.value}",
            )
