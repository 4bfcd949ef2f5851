"""Score: how well an account fits the picture of an ideal customer, in points for what is true."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optiterr.filters import Filter
from optiterr.measures import Measure
from optiterr.measures.mixing import Told, UnitOf
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.units import Quantity, Unit


class Points(BaseModel):
    """Points for every account that a filter matches."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    where: Filter = Field(description="the accounts that get the points")
    points: float = Field(description="how many; below 0 they are taken away")
    reason: str = Field("", max_length=10_000, description="why, in words")


class Score(Measure):
    """The points of every statement that is true of an account, added up.

    With ``out_of`` the sum is scaled so that an account of which everything with points above 0 is
    true, and nothing else, has that many.
    """

    algebra: ClassVar[str] = r"\sum_{k\,:\,i \in F_k} p_k"

    kind: Literal["score"] = "score"
    points: tuple[Points, ...] = Field(
        description="statements about accounts, each with its points"
    )
    out_of: float | None = Field(
        None, gt=0, description="what the sum of all points above 0 is scaled to"
    )

    @model_validator(mode="after")
    def _can_be_scaled(self) -> Self:
        if not self.points:
            raise ValueError("score has no points; write at least one statement with its points")
        if self.out_of is not None and not self._best:
            raise ValueError(
                "out_of scales the sum of points above 0, and there are none; "
                "drop out_of, or give points above 0"
            )
        return self

    @property
    def _best(self) -> float:
        return sum(max(one.points, 0.0) for one in self.points)

    def reads(self) -> tuple[Column, ...]:
        found = [column for one in self.points for column in one.where.columns("accounts")]
        return tuple(dict.fromkeys(found))

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        return Unit.of("points")

    def values(self, problem: Problem) -> Floats:
        total = np.zeros(len(problem.accounts))
        for one in self.points:
            total += one.points * one.where.mask(problem.accounts, problem.planning_date)
        return total if self.out_of is None else total * (self.out_of / self._best)

    def notes(self, problem: Problem) -> tuple[str, ...]:
        return tuple(
            f"points, entry {place}: no account matches it ({one.where.words()})"
            for place, one in enumerate(self.points, start=1)
            if not one.where.mask(problem.accounts, problem.planning_date).any()
        )
