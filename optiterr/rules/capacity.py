"""Capacity: what a rep carries stays below a limit, or above a least amount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, written
from optiterr.model import ModelBuilder
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule

NOISE = 1e-12
"""An excess below this share of the bound is rounding of the sum, not load."""


class Capacity(Rule):
    """No rep carries more of a measure than the limit, or less than the least asked for."""

    algebra: ClassVar[str] = (
        r"\ell_j \le \sum_i w_{ij} x_{ij} \le (1 + \mathrm{slack})\, c_j \quad \forall j"
    )

    kind: Literal["capacity"] = "capacity"
    measure: str = Field(
        "workload", min_length=1, description="account or pair measure that is added up"
    )
    limit: str | Annotated[float, Field(ge=0)] | None = Field(
        "capacity", description="most that a rep carries: a rep column or one number for all"
    )
    at_least: str | Annotated[float, Field(ge=0)] | None = Field(
        None, description="least that a rep carries: a rep column or one number for all"
    )
    slack: float = Field(
        0.0, ge=0, le=10, description="share by which the limit may be stretched before it counts"
    )
    per: Literal["unit", "share"] = Field(
        "unit",
        description="what a priced amount counts: units of the measure, or shares of the limit",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.limit is None and self.at_least is None:
            raise ValueError("capacity needs a limit, an at_least, or both")
        if self.limit is None and self.slack > 0:
            raise ValueError(
                "slack stretches the limit, and there is none: set limit or drop slack"
            )
        if (
            isinstance(self.limit, float)
            and isinstance(self.at_least, float)
            and self.at_least > self.limit * (1 + self.slack)
        ):
            raise ValueError(
                f"at_least ({self.at_least:g}) is above the limit ({self.limit:g}): "
                "no load can be both"
            )
        return self

    def reads(self) -> tuple[Column, ...]:
        bounds = (self.limit, self.at_least)
        return (
            Column("measure", self.measure),
            *(Column("reps", bound) for bound in bounds if isinstance(bound, str)),
        )

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        limit, least = self._bound(problem, self.limit), self._bound(problem, self.at_least)
        limit[np.isnan(limit)], least[np.isnan(least)] = np.inf, -np.inf
        most = limit * (1 + self.slack)
        self._refuse(name, problem, limit, least, most)
        reps = len(problem.reps)
        if self.price is None:
            band = Band.of(reps, lower=least, upper=most)
        else:
            above, below = np.full(reps, self.price), np.full(reps, self.price)
            if self.per == "share":
                above = np.divide(self.price, limit, where=limit > 0, out=np.zeros(reps))
                below = np.divide(self.price, least, where=least > 0, out=np.zeros(reps))
            band = Band.of(
                reps,
                low=least,
                high=most,
                price_above=np.where(np.isfinite(most), above, 0.0),
                price_below=np.where(np.isfinite(least), below, 0.0),
            )
        model.add_rep_rows(name, band, problem.pair_number(self.measure))

    def _bound(self, problem: Problem, bound: str | float | None) -> Floats:
        """The bound of each rep, NaN where there is none."""
        if isinstance(bound, str):
            values = problem.rep_number(bound).copy()
        else:
            values = np.full(len(problem.reps), np.nan if bound is None else bound)
        values[~problem.serves] = np.nan
        return values

    def _refuse(
        self, name: str, problem: Problem, limit: Floats, least: Floats, most: Floats
    ) -> None:
        """DataError for reps whose bounds contradict each other or cannot be shared out."""
        faults = [
            Fault(
                f"rule {name!r}, rep {problem.rep_ids[rep]!r}",
                f"at_least is {written(least[rep])} but the limit is {written(most[rep])}",
                "correct one of the two: no load can be both",
            )
            for rep in np.flatnonzero(least > most)
        ]
        if self.price is not None and self.per == "share":
            faults += [
                Fault(
                    f"rule {name!r}, rep {problem.rep_ids[rep]!r}",
                    "the limit is 0, so an excess is no share of it",
                    "write 'per: unit', or correct the limit",
                )
                for rep in np.flatnonzero(limit == 0)
            ]
        if faults:
            raise DataError.of(faults)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        amount = pd.Series(books.get(self.measure, 1.0), books.index, dtype=float)
        load = amount.groupby(books["rep_id"]).sum().to_dict()
        stretch = f", stretched by {written(self.slack)} of itself" if self.slack else ""
        for rep in problem.reps[problem.serves].to_dict("records"):
            carried = float(load.get(rep["rep_id"], 0.0))
            if self.limit is not None:
                limit = float(rep[self.limit] if isinstance(self.limit, str) else self.limit)
                bound, words = limit + self.slack * limit, f"above the limit of {written(limit)}"
                yield from self._missed(
                    name, rep["rep_id"], carried, carried - bound, bound, limit, words + stretch
                )
            if self.at_least is not None:
                asked = rep[self.at_least] if isinstance(self.at_least, str) else self.at_least
                least, words = float(asked), f"below the least of {written(float(asked))}"
                yield from self._missed(
                    name, rep["rep_id"], carried, least - carried, least, least, words
                )

    def _missed(
        self,
        name: str,
        rep_id: str,
        carried: float,
        miss: float,
        bound: float,
        whole: float,
        words: str,
    ) -> Iterable[Finding]:
        """A finding when the bound is missed by more than the tolerance."""
        if miss <= (TOLERANCE if self.price is None else NOISE) * max(1.0, bound):
            return
        shared = self.price is not None and self.per == "share"
        yield Finding(
            rule=name,
            weight=self.severity,
            where=rep_id,
            amount=miss / whole if shared and whole > 0 else miss,
            unit=f"share of the {self.measure} asked" if shared else self.measure,
            message=f"rep {rep_id} carries {written(carried)} {self.measure}, "
            f"{written(miss)} {words}",
        )
