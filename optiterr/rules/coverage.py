"""Coverage: every account has one rep, and the rep is one who may be picked at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import model_validator

from optiterr.findings import Finding, Weight, counted, listed
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Mask
from optiterr.problem import Problem
from optiterr.rules import Eligibility, Rule

MOST_NAMED = 20
"""Up to this many accounts get a finding of their own; beyond, one finding names the first."""


class Coverage(Rule):
    """Every account is served by exactly one rep of the roster.

    Accounts that a pool lets stay open may be served by nobody.
    """

    algebra: ClassVar[str] = r"\sum_j x_{ij} = 1 \quad \forall i"

    kind: Literal["coverage"] = "coverage"

    @model_validator(mode="after")
    def _speaks_of_all(self) -> Self:
        if self.where is not None or self.where_rep is not None:
            raise ValueError(
                "coverage speaks of every account and rep; to leave accounts open add a rule of "
                "kind pool"
            )
        if self.price is not None:
            raise ValueError(
                "coverage cannot have a price: without a rep for every account there is no plan; "
                "drop the price, and add a rule of kind pool to leave accounts open"
            )
        return self

    def eligible(self, problem: Problem) -> Eligibility | None:
        kind = np.zeros(len(problem.accounts), dtype=np.int64)
        return Eligibility(kind, problem.serves[np.newaxis, :])

    def allows(self, problem: Problem) -> Mask | None:
        return None if problem.serves.all() else problem.serves[problem.pairs.rep]

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        """Adds nothing: a model picks exactly one pair of each account by definition."""

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        known = problem.accounts["account_id"]
        rep = known.map(assignment).astype(object)
        stays = rep.isin(problem.reps.loc[problem.serves, "rep_id"]).to_numpy()
        listed_pair = problem.listed(rep) >= 0 if problem.candidates == "file" else stays
        open_ = problem.optional & rep.isna().to_numpy()
        if not ((stays & listed_pair) | open_).all():
            served, on_roster = rep.notna(), rep.isin(problem.reps["rep_id"])
            for wrong, words in (
                (~served & ~open_, "no rep serves account {account}"),
                (served & ~on_roster, "account {account} is served by {rep}, not in the roster"),
                (on_roster & ~stays, "account {account} is served by rep {rep}, who leaves"),
                (
                    stays & ~listed_pair,
                    "account {account} is served by rep {rep}, a pair not in the pairs file",
                ),
            ):
                yield from self._findings(name, known[wrong], rep[wrong], words)
        named = pd.Index(assignment.index, dtype=object)
        strange = pd.Series(named[problem.account_index.get_indexer(named) < 0], dtype=object)
        words = "the assignment names account {account}, which is not in the accounts table"
        yield from self._findings(name, strange, strange, words)

    def _findings(
        self, name: str, accounts: pd.Series[str], reps: pd.Series[str], words: str
    ) -> Iterable[Finding]:
        """A breach for each account, or one for all when they are many."""
        many = len(accounts) > MOST_NAMED
        for account, rep in zip(accounts[: 1 if many else None], reps, strict=False):
            message = words.format(account=account, rep=rep)
            if many:
                others = counted(len(accounts) - 1, "more account")
                message += f"; so it is with {others}: {listed(accounts.iloc[1:])}"
            yield Finding(
                rule=name,
                weight=Weight.BREACH,
                where="all" if many else str(account),
                amount=float(len(accounts)) if many else 1.0,
                unit="accounts",
                message=message,
            )

    def formula(self, say: Notation) -> tuple[str, ...]:
        return ("∀ i ∈ I: Σ_{j ∈ J} x_ij = 1  (or o_i = 1 where a pool lets i stay open)",)
