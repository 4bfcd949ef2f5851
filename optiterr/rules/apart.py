"""Apart: accounts of one group, such as competitors, do not share a rep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.errors import DataError
from optiterr.findings import Finding, counted, listed
from optiterr.membership import binding, grouped, spans, told
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, symbol
from optiterr.problem import Column, Groups, Problem
from optiterr.rowfunctions import Band
from optiterr.rules import Rule

MOST_ROWS = 20_000_000
"""More rows, one for each group and rep, are refused."""


class Apart(Rule):
    """No rep serves two accounts of one group, or more of them than allowed.

    Accounts in no group are free, and accounts that nobody serves share no rep.
    """

    algebra: ClassVar[str] = r"\sum_{i \in G} x_{ij} \le n \quad \forall G, j"

    kind: Literal["apart"] = "apart"
    group: str | None = Field(
        None, min_length=1, description="name of the groups under groups: that are kept apart"
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="account column: accounts with the same text in it are kept apart",
    )
    most: int = Field(
        1, ge=1, le=1_000_000, description="most accounts of a group that a rep may serve"
    )

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if (self.group is None) == (self.by is None):
            raise ValueError("it keeps one sort of group apart; give either group or by")
        return self

    def reads(self) -> tuple[Column, ...]:
        return () if self.by is None else (Column("accounts", self.by, "text"),)

    def entries_per_pair(self, problem: Problem) -> float:
        members = self._binding("apart", problem)
        return len(members.account) / max(1, len(problem.accounts))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        members, pairs = self._binding(name, problem), problem.pairs
        heard = np.flatnonzero(self.speaks_to(problem))
        place = np.full(len(problem.reps), -1)
        place[heard] = np.arange(len(heard))
        rows = len(members.labels) * len(heard)
        if rows > MOST_ROWS:
            raise DataError(
                f"rule {name!r}",
                f"it needs {rows:,} rows, one for each group and rep, and at most "
                f"{MOST_ROWS:,} fit",
                "name fewer accounts with where, or fewer reps with where_rep",
            )
        which, pair = spans(pairs.start[members.account], np.diff(pairs.start)[members.account])
        to = place[pairs.rep[pair]]
        row = members.group[which] * len(heard) + to
        if self.price is None:
            band = Band.of(rows, upper=self.most)
        else:
            band = Band.of(rows, high=self.most, price_above=self.price)
        labels = np.add.outer(
            np.array(members.labels, dtype=object) + " with ", problem.rep_ids[heard]
        )
        model.add_rows(name, band, labels.ravel(), row[to >= 0], pair[to >= 0], 1.0)

    def _binding(self, name: str, problem: Problem) -> Groups:
        """The groups of which a rep could serve more accounts than allowed, and their accounts."""
        groups = grouped(f"rule {name!r}", problem, self.group, self.by)
        return binding(groups, self.speaks_of(problem), self.most)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment).dropna(subset="rep_id")
        serving = dict(zip(books["account_id"], books["rep_id"], strict=True))
        shared: dict[tuple[str, str], list[str]] = {}
        for account, label in told(problem, self.group, self.by).itertuples(index=False):
            if account in serving:
                shared.setdefault((label, serving[account]), []).append(account)
        for (label, rep), ids in sorted(shared.items()):
            if len(ids) <= self.most:
                continue
            over = len(ids) - self.most
            yield Finding(
                rule=name,
                weight=self.severity,
                where=f"{label} with {rep}",
                amount=float(over),
                unit="accounts",
                message=f"rep {rep} serves {counted(len(ids), 'account')} of "
                f"{self.group or self.by} {label}, {over} more than the {self.most} allowed: "
                f"{listed(ids)}",
            )

    def formula(self, say: Notation) -> tuple[str, ...]:
        sets = f"{symbol(str(self.group or self.by))}({say.accounts})"
        over = "" if self.price is None else " + over_Gj"
        return (f"∀ G ∈ {sets}, j ∈ {say.reps}: Σ_{{i ∈ G}} x_ij ≤ {number(self.most)}{over}",)

    def term(self, say: Notation) -> str:
        return "" if self.price is None else say.total("Σ_G over_Gj")
