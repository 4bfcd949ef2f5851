"""Together: the accounts of a group are served by one rep, or by few."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.errors import DataError
from optiterr.findings import Finding, counted, listed
from optiterr.membership import below, binding, grouped, spans, told, united
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, symbol
from optiterr.problem import Column, Groups, Problem
from optiterr.rules import Rule
from optiterr.spread import Spread

MOST_ROWS = 20_000_000
"""More rows, one for each account of a group and each of its candidate reps, are refused."""


class Together(Rule):
    """The accounts of a group are served by one rep, or by no more reps than allowed.

    Accounts in no group are free, and so is a group of one. When one rep is a must, an open account
    parts a group too: all of its accounts stay open or none, and accounts of several groups hold
    those groups together. When several reps may share a group, or a price is paid for them, open
    accounts do not count.
    """

    algebra: ClassVar[str] = (
        r"\sum_j \max_{i \in G} x_{ij} \le n \quad \forall G, \qquad "
        r"p \sum_G \Bigl( \sum_j \max_{i \in G} x_{ij} - n \Bigr)^+"
    )

    kind: Literal["together"] = "together"
    group: str | None = Field(
        None, min_length=1, description="name of the groups under groups: that are kept together"
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="account column: accounts with the same text in it are kept together",
    )
    level: int | None = Field(
        None,
        ge=0,
        le=1_000_000,
        description="keep a family together from this level down: 0 is the whole family, 1 each "
        "child of its top account with all below it; accounts above the level are free",
    )
    most: int = Field(
        1, ge=1, le=1_000_000, description="most reps over whom a group may be spread"
    )

    @model_validator(mode="after")
    def _says_who(self) -> Self:
        if (self.group is None) == (self.by is None):
            raise ValueError("it keeps one sort of group together; give either group or by")
        if self.level is not None and self.by is not None:
            raise ValueError("level cuts a family; give group: the name of a hierarchy, or drop it")
        if self.where_rep is not None:
            raise ValueError(
                "a group is together whichever rep it has; drop where_rep, and use where to say "
                "which accounts are meant"
            )
        return self

    @property
    def is_one_account(self) -> bool:
        """Whether the accounts of a group are as one account of the model."""
        return self.price is None and self.most == 1

    def reads(self) -> tuple[Column, ...]:
        return () if self.by is None else (Column("accounts", self.by, "text"),)

    def joins(self, problem: Problem) -> NDArray[np.int64] | None:
        if not self.is_one_account:
            return None
        try:
            members = self._binding("together", problem)
        except DataError:
            return None  # compile tells it under the rule's name
        return united(members, len(problem.accounts))

    def entries_per_pair(self, problem: Problem) -> float:
        if self.is_one_account:
            return 0.0
        members = self._binding("together", problem)
        return len(members.account) / max(1, len(problem.accounts))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        members = self._binding(name, problem)
        if self.is_one_account:
            return
        if self.price is None:
            add_split_rows(name, problem, model, members, upper=self.most)
        else:
            add_split_rows(name, problem, model, members, high=self.most, price=self.price)

    def _binding(self, name: str, problem: Problem) -> Groups:
        """The groups that more reps than allowed could share, and their accounts."""
        groups = grouped(f"rule {name!r}", problem, self.group, self.by)
        if self.level is not None:
            if len(problem.accounts) and not groups.is_hierarchy:
                raise DataError(
                    f"rule {name!r}",
                    f"level cuts families, and the groups called {self.group!r} have no parents",
                    f"drop level, or make them families with groups: {{{self.group}: "
                    "{parent: ...}}",
                )
            groups = below(groups, self.level, problem.account_ids)
        return binding(groups, self.speaks_of(problem), self.most)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        serving = dict(zip(books["account_id"], books["rep_id"].fillna(""), strict=True))
        tally: dict[str, dict[str, int]] = {}
        for account, label in self._members(problem).itertuples(index=False):
            if account in serving:
                each = tally.setdefault(label, {})
                each[serving[account]] = each.get(serving[account], 0) + 1
        for label, each in sorted(tally.items()):
            nobody = each.pop("", 0)
            in_part = self.is_one_account and nobody > 0 and len(each) > 0
            if len(each) > self.most or in_part:
                yield self._finding(name, label, each, nobody)

    def _finding(self, name: str, label: str, each: dict[str, int], nobody: int) -> Finding:
        """What to say of a group of which reps serve so many accounts ``each``."""
        over = len(each) - self.most
        order = sorted(each, key=lambda rep: (-each[rep], rep))
        shares = listed((f"{rep} {each[rep]}" for rep in order), 10)
        words = f"split over {counted(len(each), 'rep')}" if over > 0 else "served in part"
        if self.most > 1:
            words += f", {over} more than the {self.most} allowed"
        size = sum(each.values()) + nobody
        return Finding(
            rule=name,
            weight=self.severity,
            where=label,
            amount=float(over + (nobody > 0 and self.is_one_account)),
            unit="reps",
            message=f"{self.group or self.by} {label} ({counted(size, 'account')}) is {words}: "
            f"{shares}{f', nobody {nobody}' if nobody else ''}",
        )

    def _members(self, problem: Problem) -> pd.DataFrame:
        """Account id and label of each membership, parents followed one by one."""
        if not self.level:
            return told(problem, self.group, self.by)
        groups, ids = problem.groups[str(self.group)], problem.accounts["account_id"]
        parent, depth = groups.parent.tolist(), groups.depth.tolist()
        head = list(range(len(parent)))
        for at in sorted(head, key=depth.__getitem__):
            if depth[at] > self.level:
                head[at] = head[parent[at]]
        members = pd.DataFrame({"account_id": ids, "label": ids.iloc[head].to_numpy()})
        return members[groups.depth >= self.level]

    def formula(self, say: Notation) -> tuple[str, ...]:
        sets = f"{symbol(str(self.group or self.by))}({say.accounts})"
        if self.level is not None:
            sets += f" from level {self.level} down"
        if self.is_one_account:
            return (f"∀ G ∈ {sets}: x_ij = x_kj for all i, k ∈ G and j ∈ J: G is one account",)
        over = "" if self.price is None else " + over_G"
        return (
            f"∀ G ∈ {sets}, i ∈ G, j ∈ J: x_ij ≤ z_Gj",
            f"∀ G ∈ {sets}: Σ_{{j ∈ J}} z_Gj ≤ {number(self.most)}{over}",
        )

    def term(self, say: Notation) -> str:
        return "" if self.price is None else "Σ_G over_G"


def add_split_rows(
    name: str,
    problem: Problem,
    model: ModelBuilder,
    members: Groups,
    *,
    upper: float = np.inf,
    high: float | None = None,
    price: float = 0.0,
) -> None:
    """Rows that count the reps of each group: one for each membership and candidate rep of it."""
    pairs, reps = problem.row_pairs, len(problem.reps)
    start, size = pairs.start[members.account], np.diff(pairs.start)[members.account]
    if size.sum() > MOST_ROWS:
        raise DataError(
            f"rule {name!r}",
            f"it needs {size.sum():,} rows, one for each account of a group and each of its "
            f"candidate reps, and at most {MOST_ROWS:,} fit",
            "name fewer accounts with where, fewer reps with data.pairs: {nearest: 30}, or keep "
            "groups with one rep as a must (no price, most: 1), which needs no rows",
        )
    which, pair = spans(start, size)
    group, account, rep = members.group[which], members.account[which], pairs.rep[pair]
    used, cell = np.unique(group * reps + rep, return_inverse=True)
    spread = Spread.of(
        cell, used // max(1, reps), len(members.labels), high=high, upper=upper, price=price
    )
    named = np.array(members.labels, dtype=object)[group] + ": " + problem.account_ids[account]
    at = pair if pairs is problem.pairs else problem.pairs.find(account, rep)
    row = np.flatnonzero(at >= 0)
    model.add_rows(name, spread, named + " with " + problem.rep_ids[rep], row, at[row], 1.0)
