"""What rules about a sales response have in common: who sells how much to whom, in which hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import counted, listed, written
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import Floats, Mask
from optiterr.problem import NOBODY, Column, Problem
from optiterr.rules import Rule
from optiterr.rules.earning import Books

Share = Annotated[float, Field(ge=0, le=1)]
Elasticity = Annotated[float, Field(ge=0.05, le=0.95)]
Loss = Annotated[float, Field(ge=0, le=0.95)]
Power = Annotated[float, Field(ge=0, le=10)]


class Uncertain(BaseModel):
    """How far the parameters of a response may be off: a range each, any value as likely."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    elasticity: tuple[Elasticity, Elasticity] | None = Field(
        None, description="least and most of the elasticity"
    )
    transition: tuple[Loss, Loss] | None = Field(
        None, description="least and most share of sales lost when an account changes hands"
    )
    fit: tuple[Power, Power] | None = Field(
        None,
        description="least and most exponent on the fit: 0 makes all reps alike, 1 takes it as "
        "given",
    )

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if (self.elasticity, self.transition, self.fit) == (None, None, None):
            raise ValueError("uncertain needs a range for elasticity, transition, or fit")
        for name in ("elasticity", "transition", "fit"):
            found = getattr(self, name)
            if found is not None and found[0] > found[1]:
                raise ValueError(f"{name}: {found[0]:g} is above {found[1]:g}; least comes first")
        return self


@dataclass(frozen=True, eq=False)
class Ground:
    """The numbers of a response, arrays of reps, of accounts, and of candidate pairs.

    ``heard`` marks the reps whose ``hours`` count, ``sales`` are those at best at ``reference``
    hours, 0 for accounts not spoken of; ``own`` and ``spent`` are sales and reference hours of each
    candidate pair.
    """

    heard: Mask
    hours: Floats
    sales: Floats
    reference: Floats
    own: Floats
    spent: Floats


class Selling(Rule):
    """Base of rules by which books earn what the hours of their reps can earn in them."""

    price: float = Field(
        1.0, ge=0, description="cost of one unit of sales less than the ideal; 1 for sales in money"
    )
    sales: str = Field(
        min_length=1, description="account measure: sales, or contribution, at the reference hours"
    )
    hours: str = Field("capacity", min_length=1, description="rep column: hours to share out")
    reference: str | None = Field(
        None,
        min_length=1,
        description="account measure: hours at which sales are as given; without it an equal part "
        "of all hours for each account",
    )
    fit: str | None = Field(
        None, min_length=1, description="pair measure that sales are multiplied with, 0 to best_fit"
    )
    best_fit: float = Field(1.0, gt=0, description="largest fit that there may be")
    way: str | None = Field(
        None,
        min_length=1,
        description="pair measure: hours that an hour with the account takes, the way to it "
        "included; at least 1",
    )
    transition: Loss = Field(
        0.0,
        description="share of its sales that an account loses when it changes hands. Shi, Sridhar, "
        "Grewal and Lilien (Journal of Marketing, 2017) find 0.13 to 0.18 of a year's sales after "
        "a rep has left, and less with a similar successor; measure your own",
    )
    same: dict[str, Share] = Field(
        {},
        description="by rep column: part of the transition loss that is left when the new rep has "
        "the owner's value there; parts of several columns multiply",
    )
    uncertain: Uncertain | None = Field(
        None, description="ranges of the parameters: what an uplift is an interval over"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.fit is None and self.best_fit != 1.0:
            raise ValueError("best_fit bounds a fit, and there is none: name fit or drop best_fit")
        if self.same and self.transition == 0.0:
            raise ValueError("same tells what is left of a transition loss: set transition")
        if self.fit is None and self.uncertain is not None and self.uncertain.fit is not None:
            raise ValueError("uncertain.fit is about a fit, and there is none: name fit or drop it")
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column("accounts", self.sales), Column("reps", self.hours)]
        if self.reference is not None:
            found.append(Column("accounts", self.reference))
        if self.fit is not None:
            found.append(Column("pairs", self.fit))
        if self.way is not None:
            found.append(Column("pairs", self.way, minimum=1.0))
        return (*found, *(Column("reps", column, "text") for column in self.same))

    def total(
        self, books: Books, elasticity: float | None, transition: float, strength: float
    ) -> float:
        """What ``books`` earn at other parameters, exactly; no elasticity: the rule's own."""
        raise NotImplementedError

    def split(self, books: Books) -> tuple[Floats, Floats, Floats]:
        """Hours, sales, and sales of one more hour of each account of ``books`` that is served."""
        raise NotImplementedError

    def ground(self, name: str, problem: Problem) -> Ground:
        """The numbers to compile from; DataError for those that cannot be."""
        of, heard = self.speaks_of(problem), problem.serves & self.speaks_to(problem)
        hours = np.where(heard, problem.rep_number(self.hours), 0.0)
        sales = np.where(of, problem.account_number(self.sales), 0.0)
        part = float(hours.sum()) / max(1, int(of.sum()))
        reference = self._references(name, problem, sales, part)
        factor, ways = self._factors(name, problem)
        account = problem.pairs.account
        return Ground(
            heard,
            hours,
            sales * self.best_fit,
            reference,
            sales[account] * factor,
            reference[account] * ways,
        )

    def _references(self, name: str, problem: Problem, sales: Floats, part: float) -> Floats:
        """Reference hours of each account; DataError for accounts that sell in none."""
        if self.reference is None:
            return np.full(len(sales), part or 1.0)
        reference = problem.account_number(self.reference)
        wrong = problem.account_ids[(sales > 0) & (reference <= 0)]
        if len(wrong):
            raise DataError(
                f"rule {name!r}, accounts, column {self.reference!r}",
                f"{counted(len(wrong), 'account')} with {self.sales} in 0 hours: {listed(wrong)}",
                f"give the hours at which {self.sales} are as given, or drop reference",
            )
        return np.where(reference > 0, reference, 1.0)

    def _factors(self, name: str, problem: Problem) -> tuple[Floats, Floats]:
        """What sales and reference hours of each candidate pair are multiplied with."""
        account, rep = problem.pairs.account, problem.pairs.rep
        owner = problem.owner[account]
        lost = np.where((owner != NOBODY) & (owner != rep), self.transition, 0.0)
        for column, left in self.same.items():
            text = problem.reps[column].fillna("").to_numpy(dtype=object)
            alike = (owner >= 0) & (text[rep] != "") & (text[np.maximum(owner, 0)] == text[rep])
            lost = np.where(alike, lost * left, lost)
        factor, ways = 1.0 - lost, np.ones(len(account))
        faults = []
        if self.fit is not None:
            fit = problem.pair_number(self.fit)
            factor = factor * fit
            if (fit > self.best_fit).any():
                what = f"{written(float(fit.max()))} is above best_fit, {written(self.best_fit)}"
                faults.append((self.fit, what, "set best_fit to the largest fit there is"))
        if self.way is not None:
            ways = problem.pair_number(self.way)
            if (ways < 1).any():
                what = f"{written(float(ways.min()))} is below 1"
                faults.append((self.way, what, "count the hour with the account too: 1 + way"))
        if faults:
            raise DataError.of(
                Fault(f"rule {name!r}, pairs, column {column!r}", what, fix)
                for column, what, fix in faults
            )
        return factor, ways

    def _said(self, say: Notation) -> tuple[list[str], str, str, str]:
        """Lines on what is kept; sales, hours and sales at best of a pair, as symbols."""
        sales, lines = say.of_account(self.sales), []
        best = sales if self.fit is None else f"{sales} × {number(self.best_fit)}"
        if self.fit is not None:
            sales += f" × {say.of_account(self.fit)}"
        if self.transition:
            sales += " × kept_ij"
            left = "".join(
                f" × ({number(part)} if {of_rep(column)} is that of s(i))"
                for column, part in self.same.items()
            )
            lines.append(f"kept_ij = 1 for j = s(i), else 1 − {number(self.transition)}{left}")
        whole = f"Σ_{{j ∈ {say.reps}}} {of_rep(self.hours)} / |{say.accounts}|"
        spent = whole if self.reference is None else say.of_account(self.reference)
        if self.way is not None:
            spent = f"{spent} × {say.of_account(self.way)}"
        return lines, sales, spent, best


def allocation(problem: Problem, rule: Selling, assignment: pd.Series[str]) -> pd.DataFrame:
    """How each rep best shares out the hours among the accounts of ``assignment``.

    A row for each account that a rep serves: ``account_id``, ``rep_id``, ``hours``,
    ``expected_sales`` and ``marginal``, what one more hour would add there.
    """
    books = Books.of(rule, problem, assignment)
    served = books.rep >= 0
    hours, sales, more = rule.split(books)
    ids = np.array(list(books.hours), dtype=object)
    return pd.DataFrame(
        {
            "account_id": books.account_id[served],
            "rep_id": ids[books.rep[served]],
            "hours": hours,
            "expected_sales": sales,
            "marginal": more,
        }
    )
