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
        if self.per == "share" and self.price is None:
            raise ValueError("per: share says what a price counts: set a price or drop per")
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
        model.add_rows(
            name,
            band,
            problem.rep_ids,
            problem.pairs.rep,
            np.arange(len(problem.pairs)),
            problem.pair_number(self.measure),
        )

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
        books["_amount"] = books.get(self.measure, 1.0)
        carried = books.groupby("rep_id")["_amount"].sum()
        reps = problem.reps[problem.serves]
        load = reps["rep_id"].map(carried).fillna(0.0).to_numpy(dtype=float)
        if self.limit is not None:
            limit = reps[self.limit] if isinstance(self.limit, str) else load * 0 + self.limit
            asked = np.asarray(limit, dtype=float)
            over = load - (asked + self.slack * asked)
            yield from self._judge(name, reps["rep_id"], load, asked, over, "above")
        if self.at_least is not None:
            least = (
                reps[self.at_least] if isinstance(self.at_least, str) else load * 0 + self.at_least
            )
            asked = np.asarray(least, dtype=float)
            yield from self._judge(name, reps["rep_id"], load, asked, asked - load, "below")

    def _judge(
        self, name: str, ids: pd.Series[str], load: Floats, asked: Floats, miss: Floats, side: str
    ) -> Iterable[Finding]:
        """One finding for each rep who misses what is asked by more than the tolerance."""
        bound = asked * (1 + self.slack) if side == "above" else asked
        free = (NOISE if self.price is not None else TOLERANCE) * np.maximum(1.0, bound)
        stretch = f", stretched to {{:}} by a slack of {self.slack:g}" if self.slack else ""
        for at in np.flatnonzero(miss > free):
            word = f"limit of {written(asked[at])}" if side == "above" else written(asked[at])
            if side == "above":
                word += stretch.format(written(bound[at]))
            shared = self.price is not None and self.per == "share"
            yield Finding(
                rule=name,
                weight=self.severity,
                where=str(ids.iloc[at]),
                amount=float(miss[at] / asked[at]) if shared else float(miss[at]),
                unit=f"share of the {'limit' if side == 'above' else 'least'}"
                if shared
                else self.measure,
                message=f"rep {ids.iloc[at]} carries {written(load[at])} {self.measure}, "
                f"{written(miss[at])} {side} the {word if side == 'above' else f'least of {word}'}",
            )
