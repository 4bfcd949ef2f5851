"""Protect: accounts that match a filter stay with today's owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.filters import Filter
from optiterr.findings import Finding, Weight, counted, listed, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Mask
from optiterr.problem import COUNT, Column, Problem
from optiterr.rules import Eligibility, Rule
from optiterr.rules.ownership import Today, owned

MOST_NAMED = 20
"""Up to this many accounts get a finding of their own; beyond, one finding counts them."""


class Protect(Rule):
    """Accounts that match stay with today's owner, up to and including the last day of protection.

    Accounts that nobody owns, and accounts whose owner leaves or has left, may go to anyone. A
    protected account that nobody serves has not stayed.
    """

    algebra: ClassVar[str] = (
        r"x_{i,s(i)} = 1 \quad \forall i \in W \cap B, \qquad \text{or} \qquad "
        r"p \sum_{i \in W \cap B} v_i (1 - x_{i,s(i)})"
    )

    kind: Literal["protect"] = "protect"
    price: float | None = Field(
        None, ge=0, description="cost of each protected account that moves; without it none may"
    )
    where: Filter = Field(description="accounts that are protected")
    where_rep: Filter | None = Field(
        None, description="owners whose accounts are protected; without it all of them"
    )
    until: dt.date | None = Field(
        None, description="last day on which this rule protects; without it there is none"
    )
    expires: str | None = Field(
        None,
        min_length=1,
        description="account date column: last day of each account's protection; empty: none",
    )
    reason: str = Field("", description="why, in words; shown in findings")
    weight: str = Field(
        COUNT,
        min_length=1,
        description="what the price counts of an account that moves: 'accounts' or a measure",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.price is None and self.weight != COUNT:
            raise ValueError("weight multiplies what is priced: set a price or drop weight")
        return self

    def reads(self) -> tuple[Column, ...]:
        weight = () if self.weight == COUNT else (Column("accounts", self.weight),)
        expires = () if self.expires is None else (Column("accounts", self.expires, "date"),)
        return (*weight, *expires)

    def allowed(self, problem: Problem) -> Mask | None:
        # where_rep speaks of the owner, not of the rep who is given the account.
        return self.allows(problem)

    def eligibility(self, problem: Problem) -> Eligibility | None:
        return self.eligible(problem)

    def allows(self, problem: Problem) -> Mask | None:
        if self.price is not None:
            return None
        account, rep = problem.pairs.account, problem.pairs.rep
        return np.asarray(~self._protected(problem)[account] | (rep == problem.owner[account]))

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        kind = np.where(self._protected(problem), 1 + problem.owner, 0).astype(np.int64)
        reps = len(problem.reps)
        return Eligibility(kind, np.vstack([np.ones((1, reps), bool), np.eye(reps, dtype=bool)]))

    def may_open(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else ~self._protected(problem)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is None:
            return
        lost = np.where(self._protected(problem), problem.account_number(self.weight), 0.0)
        lost *= self.price
        account, rep = problem.pairs.account, problem.pairs.rep
        model.add_cost(name, np.where(rep == problem.owner[account], 0.0, lost[account]))
        model.charge_open(name, lost)

    def _protected(self, problem: Problem) -> Mask:
        """Accounts under protection on the planning date, shape (accounts,)."""
        protected = owned(self, problem)
        if self.until is None and self.expires is None:
            return protected
        day = self._day(problem)
        if self.until is not None and self.until < day:
            protected[:] = False
        if self.expires is not None:
            last = problem.accounts[self.expires].to_numpy(dtype="datetime64[D]")
            protected &= np.isnat(last) | (last >= np.datetime64(day))
        return protected

    def _day(self, problem: Problem) -> dt.date:
        if problem.planning_date is not None:
            return problem.planning_date
        fields = [name for name in ("until", "expires") if getattr(self, name) is not None]
        raise DataError.of(
            Fault(
                f"protect, {name}",
                "the protection ends on a day, but there is no planning date",
                f"set planning_date: YYYY-MM-DD in the scenario, or drop {name}",
            )
            for name in fields
        )

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        today = Today.of(self, problem, assignment)
        day = problem.planning_date
        if self.until is not None and day is not None and self.until < day:
            yield self._note(
                name,
                today.ours,
                f"the protection ended on {self.until}, before the planning date {day}: "
                f"{counted(int(today.ours.sum()), 'account')} that match may move",
            )
            return
        guarded = today.ours
        if self.expires is not None and day is not None:
            ended = pd.to_datetime(today.books[self.expires]) < pd.Timestamp(day)
            guarded = guarded & ~ended
            if (today.ours & ended).any():
                ended &= today.ours
                yield self._note(
                    name,
                    ended,
                    f"the protection of {counted(int(ended.sum()), 'account')} ended before the "
                    f"planning date {day}, by column {self.expires!r}: "
                    f"{listed(today.books.loc[ended, 'account_id'])}",
                )
        words = " that match had an owner who leaves or has left, and may go to anyone"
        yield from today.forced_note(name, float(today.forced.sum()), COUNT, words)
        yield from self._moved(name, today.books[guarded & today.moves])

    def _moved(self, name: str, gone: pd.DataFrame) -> Iterator[Finding]:
        """A finding for each account of ``gone``, or one for all when they are many."""
        why = self.reason or self.where.words()
        worth = pd.Series(gone.get(self.weight, 1.0), gone.index, dtype=float)
        many = len(gone) > MOST_NAMED
        for at, account in enumerate(gone["account_id"].iloc[: 1 if many else None]):
            rep = gone["rep_id"].iloc[at]
            now = "nobody serves it" if pd.isna(rep) else f"rep {rep} serves it"
            by = "" if self.weight == COUNT else f" with {written(worth.iloc[at])} {self.weight}"
            message = f"account {account}{by} stays with rep {gone['owner_id'].iloc[at]} ({why}), "
            message += f"but {now}"
            if many:
                others = counted(len(gone) - 1, "more account")
                message += f"; so it is with {others}: {listed(gone['account_id'].iloc[1:])}"
            yield Finding(
                rule=name,
                weight=self.severity,
                where="all" if many else str(account),
                amount=float(worth.sum() if many else worth.iloc[at]),
                unit=self.weight,
                message=message,
            )

    def _note(self, name: str, accounts: pd.Series[bool], message: str) -> Finding:
        return Finding(
            rule=name,
            weight=Weight.NOTE,
            where="all",
            amount=float(accounts.sum()),
            unit=COUNT,
            message=message,
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        guarded = f"i ∈ {say.accounts} ∩ B" + ("" if say.reps == "J" else " with s(i) ∈ S")
        until = "" if self.until is None else f", if the planning date is not after {self.until}"
        if self.expires is not None:
            until += f", not where {say.of_account(self.expires)} is before the planning date"
        kept = "x_i,s(i) = 1" if self.price is None else "lost_i = 1 − x_i,s(i)"
        why = f"  ({self.reason})" if self.reason else ""
        return (f"∀ {guarded}{until}: {kept}{why}",)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        return f"Σ_i {say.times(self.weight)}lost_i"
