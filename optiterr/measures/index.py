"""Index: several measures of an account as one number, comparable whatever they count."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, StringConstraints

from optiterr.errors import DataError, Fault
from optiterr.measures import Measure
from optiterr.measures.mixing import Told, UnitOf
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.units import Quantity, Unit

ColumnName = Annotated[str, StringConstraints(min_length=1)]
Weight = Annotated[float, Field(gt=0)]


class Index(Measure):
    """A weighted sum of measures, each divided by its mean over all accounts.

    The mean of the index is ``average``, so an account with ``average`` is an average account and
    one with twice as much weighs twice as much. Measures in any units can be put together.
    """

    algebra: ClassVar[str] = (
        r"\mathrm{average} \cdot \frac{1}{\sum_k w_k} \sum_k w_k\, \frac{a_{ik}}{\bar a_k}"
    )

    kind: Literal["index"] = "index"
    of: dict[ColumnName, Weight] = Field(
        min_length=1, description="how much each account column or measure counts, 60, 10 and 30"
    )
    average: float = Field(1000.0, gt=0, description="the index of an average account")

    def reads(self) -> tuple[Column, ...]:
        return tuple(Column("accounts", name) for name in self.of)

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        return Unit.of("points")

    def values(self, problem: Problem) -> Floats:
        columns = {name: problem.account_number(name) for name in self.of}
        faults = [
            Fault(
                f"of, {name!r}",
                "is 0 for every account, so no account can be compared with the mean",
                "leave it out, or name another column",
            )
            for name, values in columns.items()
            if not values.any()
        ]
        if faults:
            raise DataError.of(faults)
        parts = [weight * columns[name] / columns[name].mean() for name, weight in self.of.items()]
        return np.asarray(self.average * np.sum(parts, axis=0) / sum(self.of.values()))
