"""Lookup: a number for each category of account."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, StringConstraints

from optiterr.errors import DataError, Fault, meant
from optiterr.measures import Measure
from optiterr.measures.rows import told_accounts
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem


class Lookup(Measure):
    """The number that stands beside the account's category.

    A category without a number is an error, unless ``otherwise`` gives one for all others.
    """

    algebra: ClassVar[str] = r"v_{c(i)}"

    kind: Literal["lookup"] = "lookup"
    lookup: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="account text column with the category"
    )
    numbers: dict[str, float] = Field(
        alias="values", min_length=1, description="the number of each category"
    )
    otherwise: float | None = Field(
        None, description="the number of every other category, and of an empty cell"
    )

    def reads(self) -> tuple[Column, ...]:
        return (Column("accounts", self.lookup, "text"),)

    def values(self, problem: Problem) -> Floats:
        codes, texts = pd.factorize(problem.accounts[self.lookup].fillna("").astype(object))
        found = [self.numbers.get(str(one), self.otherwise) for one in texts]
        faults = []
        for code, (text, number) in enumerate(zip(texts, found, strict=True)):
            if number is None:
                at = np.flatnonzero(codes == code)
                fix = meant(str(text), self.numbers, "add it under values, or give otherwise")
                if not text:
                    fix = "fill the cells, or give otherwise"
                said = f"{text!r} has no number" if text else "the cell is empty"
                faults.append(
                    Fault(f"lookup {self.lookup!r}", f"{said}: {told_accounts(problem, at)}", fix)
                )
        if faults:
            raise DataError.of(faults)
        return np.array(found, dtype=float)[codes] if found else np.zeros(len(codes))
