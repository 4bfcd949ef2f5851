"""Focus: over how many categories of accounts a rep's work is spread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from optiterr.errors import DataError
from optiterr.findings import Finding, counted, listed
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, symbol
from optiterr.problem import Column, Problem
from optiterr.rules import Rule
from optiterr.spread import Spread

MOST_ROWS = 20_000_000
"""The rule needs a row for each pair that it speaks of: no more than these."""


class Focus(Rule):
    """A rep works in at most so many different categories of accounts.

    The text of a cell, as written, is the account's category; an account with an empty cell is in
    none. A rep who leaves is not judged.
    """

    algebra: ClassVar[str] = (
        r"x_{ij} \le z_{jc} \quad \forall i \in c,\ j, \qquad \sum_c z_{jc} \le k \quad \forall j"
    )

    kind: Literal["focus"] = "focus"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each category beyond at_most, rep by rep; without it the rule is hard",
    )
    column: str = Field(
        min_length=1, description="account text column that holds the category, such as industry"
    )
    at_most: int = Field(ge=0, description="most categories that a rep works in")

    def reads(self) -> tuple[Column, ...]:
        return (Column("accounts", self.column, "text"),)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        judged = np.flatnonzero(problem.serves & self.speaks_to(problem))
        part = np.full(len(problem.reps), -1, dtype=np.int64)
        part[judged] = np.arange(len(judged))
        text = problem.accounts[self.column].where(self.speaks_of(problem))
        code, texts = pd.factorize(text.where(text != ""))
        pairs = problem.row_pairs
        spoken = np.flatnonzero((part[pairs.rep] >= 0) & (code[pairs.account] >= 0))
        account, rep = pairs.account[spoken], pairs.rep[spoken]
        used, cell = np.unique(part[rep] * len(texts) + code[account], return_inverse=True)
        home = used // max(1, len(texts))
        # A rep whose candidates have no more categories than allowed needs no rows.
        many = (np.bincount(home, minlength=len(judged)) > self.at_most)[home]
        row = np.flatnonzero(many[cell])
        if len(row) > MOST_ROWS:
            raise DataError(
                f"rule {name!r}",
                f"focus needs a row for each of {len(row):,} pairs; {MOST_ROWS:,} are the most",
                "ask for fewer candidates for each account, or narrow the rule with where",
            )
        if not len(row):
            return
        account, rep = account[row], rep[row]
        cell, home = (np.cumsum(many) - 1)[cell[row]], home[many]
        most, parts = float(self.at_most), len(judged)
        if self.price is None:
            spread = Spread.of(cell, home, parts, upper=most)
        else:
            spread = Spread.of(cell, home, parts, high=most, price=self.price)
        labels = problem.rep_ids[rep] + ": " + problem.account_ids[account]
        at = problem.pairs.find(account, rep)
        here = np.flatnonzero(at >= 0)
        model.add_rows(name, spread, labels, here, at[here], 1.0)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        roster = set(problem.reps.loc[problem.serves, "rep_id"])
        category = books[self.column].fillna("").astype(str)
        told = books["rep_id"].isin(roster) & (category != "")
        for rep_id, found in category[told].groupby(books.loc[told, "rep_id"]):
            names = sorted(set(found))
            beyond = len(names) - self.at_most
            if beyond > 0:
                yield Finding(
                    rule=name,
                    weight=self.severity,
                    where=str(rep_id),
                    amount=float(beyond),
                    unit=f"values of {self.column}",
                    message=f"rep {rep_id} works in {counted(len(names), 'value')} of "
                    f"{self.column}, {beyond:,} more than the {self.at_most:,} allowed: "
                    f"{listed(names)}",
                )

    def formula(self, say: Notation) -> tuple[str, ...]:
        over = "" if self.price is None else " + over_j"
        values = f"{symbol(self.column)}({say.accounts})"
        return (
            f"∀ c ∈ {values}, i of c, j ∈ {say.reps}: x_ij ≤ z_jc",
            f"{say.each()}: Σ_{{c ∈ {values}}} z_jc ≤ {number(self.at_most)}{over}",
        )

    def term(self, say: Notation) -> str:
        return "" if self.price is None else say.total("over_j")
