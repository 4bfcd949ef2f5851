"""Capacity: what a rep carries stays below a limit, or above a least amount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.carriers import Carriers, carriers
from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, grown
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule

NOISE = 1e-12
"""An excess below this share of the bound is rounding of the sum, not load."""


class Capacity(Rule):
    """No rep carries more of a measure than the limit, or less than the least asked for.

    With ``by``, all reps of one manager, district or region carry together, and what they carry is
    bounded by the sum of their columns, or by one number. Reps who do not serve add nothing.
    """

    algebra: ClassVar[str] = (
        r"\ell_j \le \sum_i w_{ij} x_{ij} \le (1 + \mathrm{slack})\, c_j \quad \forall j"
    )

    kind: Literal["capacity"] = "capacity"
    measure: str = Field(
        "workload", min_length=1, description="account or pair measure that is added up"
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="rep column, such as the manager: the reps of a value carry together; without "
        "it each rep alone",
    )
    limit: str | Annotated[float, Field(ge=0)] | None = Field(
        "capacity",
        description="most that a rep carries: a rep column, or one number for all; with by, the "
        "sum of the column over the reps of a value, or one number for each value",
    )
    at_least: str | Annotated[float, Field(ge=0)] | None = Field(
        None, description="least that a rep carries: a rep column, or one number for all, as limit"
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
        by = () if self.by is None else (Column("reps", self.by, "text"),)
        return (
            Column("measure", self.measure),
            *by,
            *(Column("reps", bound) for bound in self._columns),
        )

    def compares(self) -> tuple[tuple[str, str], ...]:
        """The measure with each rep column that bounds it: both are in one unit."""
        return tuple((self.measure, bound) for bound in self._columns)

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(bound for bound in (self.limit, self.at_least) if isinstance(bound, str))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        who = carriers(name, problem, self.by, self.speaks_to(problem))
        limit, least = _bound(problem, who, self.limit), _bound(problem, who, self.at_least)
        limit[np.isnan(limit)], least[np.isnan(least)] = np.inf, -np.inf
        most = limit * (1 + self.slack)
        self._refuse(name, who, limit, least, most)
        rows = len(who)
        if self.price is None:
            band = Band.of(rows, lower=least, upper=most)
        else:
            above, below = np.full(rows, self.price), np.full(rows, self.price)
            if self.per == "share":
                above = np.divide(self.price, limit, where=limit > 0, out=np.zeros(rows))
                below = np.divide(self.price, least, where=least > 0, out=np.zeros(rows))
            band = Band.of(
                rows,
                low=least,
                high=most,
                price_above=np.where(np.isfinite(most), above, 0.0),
                price_below=np.where(np.isfinite(least), below, 0.0),
            )
        loads = who.loads(problem, self.speaks_of(problem), self.measure)
        model.add_rows(name, band, who.labels, loads.row, loads.pair, loads.amount)

    def _refuse(self, name: str, who: Carriers, limit: Floats, least: Floats, most: Floats) -> None:
        """DataError for carriers whose bounds contradict each other or cannot be shared out."""
        faults = [
            Fault(
                f"rule {name!r}, {who.noun} {who.labels[row]!r}",
                f"at_least is {written(least[row])} but the limit is {written(most[row])}",
                "correct one of the two: no load can be both",
            )
            for row in np.flatnonzero(least > most)
        ]
        if self.price is not None and self.per == "share":
            faults += who.faults(
                name,
                limit == 0,
                "the limit is 0, so an excess is no share of it",
                "write 'per: unit', or correct the limit",
            )
        if faults:
            raise DataError.of(faults)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        amount = pd.Series(books.get(self.measure, 1.0), books.index, dtype=float)
        given = amount.groupby(books["rep_id"]).sum().to_dict()
        carried: dict[str, float] = {}
        asked: dict[str, dict[str, float]] = {}
        for rep in problem.reps[problem.serves & self.speaks_to(problem)].to_dict("records"):
            one = str(rep["rep_id" if self.by is None else self.by])
            carried[one] = carried.get(one, 0.0) + float(given.get(rep["rep_id"], 0.0))
            sums = asked.setdefault(one, dict.fromkeys(self._columns, 0.0))
            for column in sums:
                sums[column] += float(rep[column])
        stretch = f", stretched by {written(self.slack)} of itself" if self.slack else ""
        for one in carried if self.by is None else sorted(carried):
            load = carried[one]
            if self.limit is not None:
                limit = asked[one][self.limit] if isinstance(self.limit, str) else self.limit
                bound, words = limit + self.slack * limit, f"above the limit of {written(limit)}"
                yield from self._missed(
                    name, one, load, load - bound, bound, limit, words + stretch
                )
            if self.at_least is not None:
                least = (
                    asked[one][self.at_least] if isinstance(self.at_least, str) else self.at_least
                )
                words = f"below the least of {written(least)}"
                yield from self._missed(name, one, load, least - load, least, least, words)

    def _missed(
        self,
        name: str,
        one: str,
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
            where=one,
            amount=miss / whole if shared and whole > 0 else miss,
            unit=f"share of the {self.measure} asked" if shared else self.measure,
            message=f"{self.by or 'rep'} {one} carries {written(carried)} {self.measure}, "
            f"{written(miss)} {words}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        each, load = say.each(self.by), say.load(self.measure, self.by)
        at = "j" if self.by is None else "m"
        over, under = ("", "") if self.price is None else (f" + over_{at}", f" − under_{at}")
        lines = []
        if self.limit is not None:
            limit = grown(self.slack, say.bound(self.limit, self.by))
            lines.append(f"{each}: {load} ≤ {limit}{over}")
        if self.at_least is not None:
            lines.append(f"{each}: {load} ≥ {say.bound(self.at_least, self.by)}{under}")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        at = "j" if self.by is None else "m"
        parts = [
            f"{column}_{at}" + (f" / {say.bound(bound, self.by)}" if self.per == "share" else "")
            for column, bound in (("over", self.limit), ("under", self.at_least))
            if bound is not None
        ]
        return say.total(parts[0] if len(parts) == 1 else f"({' + '.join(parts)})", self.by)


def _bound(problem: Problem, who: Carriers, bound: str | float | None) -> Floats:
    """The bound of each carrier, NaN where there is none."""
    if isinstance(bound, str):
        values = who.added(problem.rep_number(bound))
    else:
        values = np.full(len(who), np.nan if bound is None else bound)
    values[~who.serving] = np.nan
    return values
