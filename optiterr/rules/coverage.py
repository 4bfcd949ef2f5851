"""Coverage: every account has one rep, and the rep is one who may be picked at all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import model_validator

from optiterr.findings import Finding, Weight, listed
from optiterr.model import ModelBuilder
from optiterr.pairs import Mask
from optiterr.problem import Problem
from optiterr.rules import Eligibility, Rule

MOST_NAMED = 20
"""Up to this many accounts get a finding of their own; beyond, one finding names the first."""


class Coverage(Rule):
    """Every account is served by exactly one rep of the roster."""

    algebra: ClassVar[str] = r"\sum_j x_{ij} = 1 \quad \forall i"

    kind: Literal["coverage"] = "coverage"

    @model_validator(mode="after")
    def _has_no_price(self) -> Self:
        if self.price is not None:
            raise ValueError(
                "coverage cannot have a price: an account without a rep is no plan; "
                "to leave accounts open, add a rep that stands for nobody"
            )
        return self

    def eligible(self, problem: Problem) -> Eligibility | None:
        kind = np.zeros(len(problem.accounts), dtype=np.int64)
        return Eligibility(kind, problem.serves[np.newaxis, :])

    def allows(self, problem: Problem) -> Mask | None:
        return problem.serves[problem.pairs.rep]

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        """Adds nothing: a model picks exactly one pair of each account by definition."""

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        known = problem.accounts["account_id"]
        rep = known.map(assignment)
        served = rep.notna()
        roster = problem.reps["rep_id"]
        staying = roster[problem.serves]
        strange = pd.Series(assignment.index)
        strange = strange[~strange.isin(known)]
        missed = known[~served]
        unknown = served & ~rep.isin(roster)
        leaving = served & rep.isin(roster) & ~rep.isin(staying)
        yield from self._each(name, missed, [f"account {one} has no rep" for one in missed[:20]])
        for wrong, words in (
            (unknown, "is served by {rep}, who is not in the roster"),
            (leaving, "is served by {rep}, who leaves"),
            (self._unlisted(problem, rep, served), "is served by {rep}, a pair the file lacks"),
        ):
            held = pd.DataFrame({"account": known[wrong], "rep": rep[wrong]})
            text = [
                f"account {one.account} {words.format(rep=f'rep {one.rep}')}"
                for one in held[:MOST_NAMED].itertuples()
            ]
            yield from self._each(name, held["account"], text)
        yield from self._each(
            name, strange, [f"account {one} is not in the accounts table" for one in strange[:20]]
        )

    def _unlisted(
        self, problem: Problem, rep: pd.Series[str], served: pd.Series[bool]
    ) -> pd.Series[bool]:
        """Accounts whose pair the pairs file does not have, reps in the roster only."""
        if problem.candidates != "file":
            return served & False
        used = pd.DataFrame({"account_id": problem.accounts["account_id"], "rep_id": rep})
        listed_pairs = problem.pair_table[["account_id", "rep_id"]].assign(listed=True)
        found = used.merge(listed_pairs, how="left", on=["account_id", "rep_id"])
        found.index = used.index
        return served & rep.isin(problem.reps["rep_id"]) & found["listed"].isna()

    def _each(self, name: str, accounts: pd.Series[str], text: list[str]) -> Iterable[Finding]:
        count = len(accounts)
        if count > MOST_NAMED:
            message = f"{text[0]}, and {count - 1:,} more likewise: {listed(accounts)}"
            yield Finding(
                rule=name,
                weight=Weight.BREACH,
                where="all",
                amount=count,
                unit="accounts",
                message=message,
            )
            return
        for account, message in zip(accounts, text, strict=True):
            yield Finding(
                rule=name,
                weight=Weight.BREACH,
                where=str(account),
                amount=1.0,
                unit="accounts",
                message=message,
            )
