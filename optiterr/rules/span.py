"""Span: how many reps a manager, a district or a region has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, counted
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, symbol
from optiterr.problem import Column, Problem
from optiterr.rules import Rule


class Span(Rule):
    """Every manager has enough reps who serve, and not too many.

    Managers are the values of a column among the reps who serve. The roster alone decides: no plan
    can mend a span, so a hard one that is broken refuses the data, and a priced one costs every
    plan the same.
    """

    algebra: ClassVar[str] = r"\ell \le |\{ j : m_j = m \}| \le u \quad \forall m"

    kind: Literal["span"] = "span"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each rep short or over; without it a broken span refuses the data",
    )
    by: str = Field(min_length=1, description="rep column whose values are judged: manager, region")
    at_least: int | None = Field(None, ge=0, description="least reps of each value")
    at_most: int | None = Field(None, ge=0, description="most reps of each value")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("span needs an at_least, an at_most, or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"at_least ({self.at_least}) is above at_most ({self.at_most}): no span can be both"
            )
        if self.where is not None:
            raise ValueError("span counts reps, not accounts: drop where, or use where_rep")
        return self

    def reads(self) -> tuple[Column, ...]:
        return (Column("reps", self.by, "text"),)

    def entries_per_pair(self, problem: Problem) -> float:
        return 0.0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        text = problem.reps[self.by].fillna("").astype(str)
        counts = self.speaks_to(problem) & problem.serves
        faults = [
            Fault(
                f"rule {name!r}, rep {rep_id!r}",
                f"column {self.by!r} is empty, so the rep counts for nobody",
                f"name the {self.by} of every rep who serves, or leave the rep out with where_rep",
            )
            for rep_id in problem.rep_ids[counts & (text == "").to_numpy()]
        ]
        if faults:
            raise DataError.of(faults)
        told = np.unique(text[problem.serves & (text != "").to_numpy()].astype(str))
        size = text[counts].value_counts().reindex(told, fill_value=0).to_numpy(dtype=np.int64)
        short = np.maximum((self.at_least or 0) - size, 0)
        over = np.maximum(size - (size.max(initial=0) if self.at_most is None else self.at_most), 0)
        if self.price is not None:
            model.add_constant(name, self.price * float((short + over).sum()))
        elif (short + over).any():
            raise DataError.of(
                Fault(
                    f"rule {name!r}",
                    self._words(str(told[at]), int(size[at])),
                    "move reps in the roster, change the span, or give the rule a price",
                )
                for at in np.flatnonzero(short + over)
            )

    def _words(self, one: str, size: int) -> str:
        """What to say of a value that so many reps have, which are too few or too many."""
        bounds = (self.at_least, self.at_most)
        asked = " and ".join(
            f"at {end} {bound:,}"
            for end, bound in zip(("least", "most"), bounds, strict=True)
            if bound is not None
        )
        return f"{self.by} {one} has {counted(size, 'rep')}, not {asked}"

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        heard = dict(zip(problem.reps["rep_id"], self.speaks_to(problem), strict=True))
        sizes: dict[str, int] = {}
        for rep in problem.reps[problem.serves].to_dict("records"):
            if not pd.isna(rep[self.by]) and rep[self.by] != "":
                one = str(rep[self.by])
                sizes[one] = sizes.get(one, 0) + bool(heard[rep["rep_id"]])
        for one, size in sorted(sizes.items()):
            miss = 0 if self.at_least is None else max(self.at_least - size, 0)
            if self.at_most is not None and size > self.at_most:
                miss = size - self.at_most
            if miss:
                yield Finding(
                    rule=name,
                    weight=self.severity,
                    where=one,
                    amount=float(miss),
                    unit="reps",
                    message=self._words(one, size),
                )

    def formula(self, say: Notation) -> tuple[str, ...]:
        size = f"|{{j ∈ {say.reps}: {symbol(self.by)}_j = m}}|"
        over, under = ("", "") if self.price is None else (" + over_m", " − under_m")
        lines = [
            f"∀ m ∈ {symbol(self.by)}(J): {size} {sign} {number(bound)}{slack}"
            for sign, bound, slack in (("≥", self.at_least, under), ("≤", self.at_most, over))
            if bound is not None
        ]
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        bounds = (("under_m", self.at_least), ("over_m", self.at_most))
        parts = [column for column, bound in bounds if bound is not None]
        return f"Σ_{{m ∈ {symbol(self.by)}(J)}} ({' + '.join(parts)}), the same for every plan"
