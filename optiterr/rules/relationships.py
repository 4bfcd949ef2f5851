"""Relationships: what is lost when an account changes hands, by tenure and recency."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.filters import Filter
from optiterr.findings import Finding, Weight, counted, listed, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import Floats
from optiterr.problem import COUNT, DEPARTED, Column, Problem
from optiterr.rules import Rule
from optiterr.rules.ownership import Today, owned

DAYS_A_YEAR = 365.25
"""Years with an owner are days divided by this."""

Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]


def _rising(points: tuple[Point, ...]) -> tuple[Point, ...]:
    for (before, _), (after, _) in pairwise(points):
        if after <= before:
            raise ValueError(
                f"points must rise from left to right, and {after:g} follows {before:g}: sort them "
                "and give each place one factor"
            )
    return points


Curve = Annotated[tuple[Point, ...], Field(min_length=1), AfterValidator(_rising)]
"""Points of a curve: straight lines between them, level before the first and after the last."""


class Relationships(Rule):
    """An account that changes hands costs what its relationship with the owner is worth.

    That is its value, times a factor for the years with the owner, times a factor for the days
    since the last touch. A new rep like the owner keeps a part of it; an account that nobody serves
    loses all of it. Accounts that nobody owns have no relationship to lose, and what is lost with
    an owner who leaves or has left is no decision and costs nothing here.
    """

    algebra: ClassVar[str] = (
        r"p \sum_{i \in B} v_i\, f(t_i)\, g(d_i) \sum_{j \ne s(i)} x_{ij} "
        r"\prod_{c:\, c(j) = c(s(i))} \lambda_c"
    )

    kind: Literal["relationships"] = "relationships"
    price: float = Field(ge=0, description="cost of one unit of value lost")
    where_rep: Filter | None = Field(
        None, description="owners whose accounts have a relationship to lose; without it all"
    )
    value: str = Field(
        COUNT,
        min_length=1,
        description="what a whole relationship is worth: 'accounts' or an account measure",
    )
    since: str | None = Field(
        None, min_length=1, description="account date column: owner of the account since that day"
    )
    tenure: Curve | None = Field(
        None, description="points [years with the owner, factor], for example [[0, 0], [3, 1]]"
    )
    last_touch: str | None = Field(
        None, min_length=1, description="account date column: last day owner and account spoke"
    )
    recency: Curve | None = Field(
        None,
        description="points [days since the last touch, factor], for example [[0, 1], [365, 0]]",
    )
    unknown: float | None = Field(
        None, ge=0, description="factor for an empty date; without it every date is needed"
    )
    same: dict[str, Share] = Field(
        {},
        description="by rep column: part of the loss that is left when the new rep has the owner's "
        "value there; parts of several columns multiply",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for column, curve in (("since", "tenure"), ("last_touch", "recency")):
            named = getattr(self, column) is not None
            if named != (getattr(self, curve) is not None):
                have, lack = (column, curve) if named else (curve, column)
                raise ValueError(f"{have} needs {lack} beside it: a date column and a curve")
        if self.tenure is None and self.recency is None and not self.same:
            raise ValueError(
                "relationships need since and tenure, last_touch and recency, or same; to price "
                "every move alike write a rule of kind disruption"
            )
        if self.unknown is not None and self.tenure is None and self.recency is None:
            raise ValueError("unknown stands for empty dates: name a date column, or drop it")
        return self

    @property
    def _curves(self) -> tuple[tuple[str, Curve, float], ...]:
        """Date column, points, and days in a unit of their first number."""
        found = ((self.since, self.tenure, DAYS_A_YEAR), (self.last_touch, self.recency, 1.0))
        return tuple((on, of, unit) for on, of, unit in found if on is not None and of is not None)

    def reads(self) -> tuple[Column, ...]:
        value = () if self.value == COUNT else (Column("accounts", self.value),)
        dates = (Column("accounts", date, "date") for date, _, _ in self._curves)
        return (*value, *dates, *(Column("reps", name, "text") for name in self.same))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        lost = self.price * self._worth(problem)
        account, rep = problem.pairs.account, problem.pairs.rep
        owner = problem.owner[account]
        cost = np.where(rep == owner, 0.0, lost[account])
        for column, left in self.same.items():
            texts = problem.reps[column].fillna("").astype(object)
            code = pd.factorize(texts.where(texts != "", None))[0]
            alike = (code[rep] >= 0) & (code[rep] == code[np.maximum(owner, 0)])
            cost[alike] *= left
        model.add_cost(name, cost)
        model.charge_open(name, lost)

    def _worth(self, problem: Problem) -> Floats:
        """What each account's relationship is worth, shape (accounts,); 0 without an owner.

        DataError for dates that are missing or yet to come, of accounts that have or had an owner.
        """
        ours = owned(self, problem)
        judged = ours | (self.speaks_of(problem) & (problem.owner == DEPARTED))
        worth = np.where(ours, problem.account_number(self.value), 0.0)
        faults: list[Fault] = []
        for column, points, unit in self._curves:
            if problem.planning_date is None:
                faults.append(
                    Fault(
                        f"relationships, {column}",
                        "days are counted up to the planning date, and there is none",
                        "set planning_date: YYYY-MM-DD in the scenario",
                    )
                )
                continue
            then = problem.accounts[column].to_numpy(dtype="datetime64[D]")
            empty = np.isnat(then)
            days = (np.datetime64(problem.planning_date) - then).astype(float)
            days[empty] = np.nan
            ids = problem.account_ids
            if self.unknown is None and (judged & empty).any():
                faults.append(_no_date(column, ids[judged & empty]))
            if (judged & (days < 0)).any():
                faults.append(_ahead(column, ids[judged & (days < 0)], problem.planning_date))
            place, factor = np.array(points).T
            known = np.interp(days / unit, place, factor)
            worth *= np.where(empty, self.unknown or 0.0, known)
        if faults:
            raise DataError.of(faults)
        return worth

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        today = Today.of(self, problem, assignment)
        worth = float(self._recounted(problem, today.books[today.forced]).sum())
        words = f" had an owner who leaves or has left: relationships worth {written(worth)} "
        words += f"{self.value} are lost by no decision here"
        yield from today.forced_note(name, worth, self.value, words)
        gone = today.books[today.ours & today.moves]
        lost = self._recounted(problem, gone)
        reps = problem.reps.set_index("rep_id", drop=False)
        for column, left in self.same.items():
            texts = reps[column].fillna("").to_dict()
            was, now = gone["owner_id"].map(texts), gone["rep_id"].map(texts)
            lost = lost.where((was != now) | now.isna() | (now == ""), lost * left)
        for rep_id, each in lost[lost > 0].groupby(gone["owner_id"], sort=True):
            yield self._finding(name, str(rep_id), each, gone["account_id"])

    def _recounted(self, problem: Problem, books: pd.DataFrame) -> pd.Series[float]:
        """What each of the ``books``' relationships is worth, date by date."""
        worth = pd.Series(books.get(self.value, 1.0), books.index, dtype=float)
        for column, points, unit in self._curves:
            day = pd.to_datetime(pd.Series(problem.planning_date, books.index))
            days = (day - pd.to_datetime(books[column])).dt.days
            told = {day: _on(points, day / unit) for day in days.dropna().unique().tolist()}
            worth = worth * days.map(told).astype(float).fillna(self.unknown)
        return worth

    def _finding(
        self, name: str, rep_id: str, lost: pd.Series[float], ids: pd.Series[str]
    ) -> Finding:
        total = float(lost.sum())
        return Finding(
            rule=name,
            weight=Weight.PRICED,
            where=rep_id,
            amount=total,
            unit=self.value,
            message=f"rep {rep_id} loses {counted(len(lost), 'account')}, and relationships worth "
            f"{written(total)} {self.value} with {'it' if len(lost) == 1 else 'them'}: "
            f"{listed(ids[lost.index])}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        lost, lines = say.of_account(self.value), []
        for letter, (date, points, unit) in zip("fg", self._curves, strict=False):
            counted = "days" if unit == 1.0 else "years"
            lost += f" × {letter}({counted} since {say.of_account(date)})"
            told = ", ".join(f"({number(at)}, {number(factor)})" for at, factor in points)
            empty = "" if self.unknown is None else f"; {number(self.unknown)} for an empty date"
            lines.append(f"{letter} goes through {told}, level before and after{empty}")
        for column, left in self.same.items():
            lost += f" × ({number(left)} if {of_rep(column)} is that of s(i))"
        ours = f"i ∈ {say.accounts} ∩ B" + ("" if say.reps == "J" else " with s(i) ∈ S")
        return (f"∀ {ours}, j ≠ s(i): lost_ij = {lost}", *lines)

    def term(self, say: Notation) -> str:
        return "Σ_{i, j ≠ s(i)} lost_ij x_ij, and all of it where i stays open"


def _on(points: tuple[Point, ...], place: float) -> float:
    """The factor at one place of a curve, walked along its points."""
    (left, factor), *others = points
    if place <= left:
        return factor
    for right, then in others:
        if place <= right:
            return factor + (then - factor) * (place - left) / (right - left)
        left, factor = right, then
    return factor


def _no_date(column: str, ids: NDArray[np.object_]) -> Fault:
    return Fault(
        f"accounts, column {column!r}",
        f"{counted(len(ids), 'account')} with an owner {'has' if len(ids) == 1 else 'have'} no "
        f"date: {listed(ids)}",
        "fill in the dates, or say which factor an empty date has, for example unknown: 1",
    )


def _ahead(column: str, ids: NDArray[np.object_], day: dt.date) -> Fault:
    return Fault(
        f"accounts, column {column!r}",
        f"{counted(len(ids), 'account')} {'has' if len(ids) == 1 else 'have'} a date after the "
        f"planning date {day}: {listed(ids)}",
        "correct the dates, or set planning_date to a later day",
    )
