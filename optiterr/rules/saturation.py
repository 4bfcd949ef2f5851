"""Saturation: what the reps' hours earn in their books along a curve that levels off."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.response import (
    envelope,
    hour_prices,
    logistic,
    logistic_error,
    price_error,
    profit,
    slopes,
)
from optiterr.rules.earning import Books, poured
from optiterr.rules.selling import Selling
from optiterr.worst_of import WorstOf

NOISE = 1e-12
"""A loss below this share of the ideal is rounding."""

Point = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]


class Logistic(BaseModel):
    """A curve in the shape of an S, by where it starts, where it ends, and how steep it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    floor: float = Field(ge=0, lt=1, description="sales without any hours; 1 is as at reference")
    ceiling: float = Field(gt=1, le=100, description="sales with hours without end")
    steepness: float = Field(
        1.0, ge=0.3, le=6, description="1 rises less and less from the start; more makes an S"
    )


class Saturation(Selling):
    """Books earn what hours can earn along a curve that levels off; less than the ideal is a loss.

    An account has given sales at its reference hours, and the curve tells what part of them it has
    with other hours. Where a curve is an S, its straight envelope counts: hours in bursts. Fit, the
    way to it, and a change of hands make sales smaller. Each rep shares out the hours as best can
    be. The ideal are all hours pooled over all accounts, each with the best fit there may be and
    none moved; no books earn more. Books are looked at at a number of prices of an hour, so they
    are counted a little too high, and a note gives the exact sales. An account whose owner leaves
    or has left loses the transition with everyone; one that nobody serves earns nothing.
    """

    algebra: ClassVar[str] = (
        r"p \Big( \hat V - \sum_j \min_k \big( \lambda_k h_j + \sum_i g_{ij}(\lambda_k)\, x_{ij} "
        r"\big) \Big), \qquad g_{ij}(\lambda) = \max_t\, v_{ij}\, r(t / n_{ij}) - \lambda t, "
        r"\qquad \hat V = \min_k \big( \lambda_k \sum_j h_j + \sum_i \hat g_i(\lambda_k) \big)"
    )

    kind: Literal["saturation"] = "saturation"
    curve: tuple[Point, ...] | None = Field(
        None,
        min_length=2,
        description="points [hours, sales] as parts of those at reference, from [0, ...] through "
        "[1, 1]; level behind the last, for example [[0, 0.4], [0.5, 0.8], [1, 1], [2, 1.2]]",
    )
    logistic: Logistic | None = Field(None, description="a curve by its shape, instead of points")
    prices: int = Field(
        40, ge=5, le=1000, description="prices of an hour at which books are looked at"
    )

    @model_validator(mode="after")
    def _has_a_shape(self) -> Self:
        if (self.curve is None) == (self.logistic is None):
            raise ValueError("saturation needs a curve or a logistic, and not both")
        for before, after in pairwise(self.curve or ()):
            if after[0] <= before[0] or after[1] < before[1]:
                raise ValueError(
                    f"curve: [{after[0]:g}, {after[1]:g}] follows [{before[0]:g}, {before[1]:g}]; "
                    "hours rise from point to point, and sales never fall"
                )
        if self.curve is not None and self.curve[0][0] != 0:
            raise ValueError("curve: the first point tells the sales without hours: [0, ...]")
        if len(self.shape) < 2 or abs(float(np.interp(1.0, *self.shape.T)) - 1.0) > 1e-9:
            raise ValueError(
                "the curve, or its straight envelope, does not pass through [1, 1]: sales are as "
                "given at reference hours; with an S, take reference hours beyond its steep part"
            )
        if self.uncertain is not None and self.uncertain.elasticity is not None:
            raise ValueError("uncertain.elasticity: a curve has none; drop it")
        return self

    @property
    def shape(self) -> Floats:
        """The corners of the curve, or of its envelope."""
        return _shape(self.curve, self.logistic)

    def error(self) -> tuple[float, float]:
        """How far books are counted too low and too high, at most, as shares of reference sales.

        Too low by the points of a logistic, as far as it goes; too high by the prices of an hour,
        for books whose best hour more earns at least a thousandth of the best hour anywhere.
        """
        given = self.logistic
        low = 0.0
        if given is not None:
            low = logistic_error(given.floor, given.ceiling, given.steepness)
        return low, price_error(self.shape, self.prices)

    def entries_per_pair(self, problem: Problem) -> float:
        return self.prices + 1.0

    def total(
        self, books: Books, elasticity: float | None, transition: float, strength: float
    ) -> float:
        return float(poured(books, self.shape, transition, strength)[1].sum())

    def split(self, books: Books) -> tuple[Floats, Floats, Floats]:
        return poured(books, self.shape, self.transition)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        given, curve = self.ground(name, problem), self.shape
        rate = given.sales / given.reference
        levels = hour_prices(float(rate.max(initial=0.0) * slopes(curve)[0]), self.prices)
        if levels[-1] == 0:
            return
        best = [_profits(curve, given.sales, given.reference, level).sum() for level in levels]
        ideal = float((levels * given.hours.sum() + best).min())
        model.add_constant(name, self.price * ideal)
        profits = [_profits(curve, given.own, given.spent, level) for level in levels]
        labels = [f"hour at {level:.6g}" for level in levels]
        rep, count = problem.pairs.rep, len(levels)
        for at in np.flatnonzero(given.heard):
            pair = np.flatnonzero(rep == at)
            # The least of profit + hours at a price, as the dearest of their negatives.
            least = WorstOf.of((), [], -levels * given.hours[at], weight=self.price)
            entry = -np.array([one[pair] for one in profits]).ravel()
            row = np.repeat(np.arange(count), len(pair))
            part = str(problem.rep_ids[at])
            model.add_rows(name, least, labels, row, np.tile(pair, count), entry, part)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = Books.of(self, problem, assignment)
        curve, reps = self.shape, len(books.hours)
        hours, rep = np.array(list(books.hours.values())), books.rep
        own, best = books.own(self.transition), books.sales * self.best_fit
        steepest = float((best / np.where(best > 0, books.reference, 1.0)).max(initial=0.0))
        levels = hour_prices(steepest * float(slopes(curve)[0]), self.prices)
        if levels[-1] == 0:
            return
        served = rep >= 0
        counts, could, idle, whole = np.full(reps, np.inf), np.zeros(reps), 0.0, np.inf
        for level in levels:
            mine = _gains(curve, own, books.spent, level)[served]
            every = _gains(curve, best, books.reference, level)
            looked = level * hours + np.bincount(rep[served], mine, minlength=reps)
            counts = np.minimum(counts, looked)
            if level * hours.sum() + every.sum() < whole:
                whole = float(level * hours.sum() + every.sum())
                could = level * hours + np.bincount(rep[served], every[served], minlength=reps)
                idle = float(every[~served].sum())
        size = np.bincount(rep[served], minlength=reps)
        unit = f"{self.sales} lost"
        for place, (one, has) in enumerate(books.hours.items()):
            lost = float(could[place] - counts[place])
            if lost > NOISE * whole:
                yield Finding(
                    rule=name,
                    weight=Weight.PRICED,
                    where=one,
                    amount=lost,
                    unit=unit,
                    message=f"rep {one} earns {written(float(counts[place]))} {self.sales} in "
                    f"{written(has)} hours with {counted(int(size[place]), 'account')}, "
                    f"{written(lost)} less than these could in ideal books",
                )
        if idle > NOISE * whole:
            alone = int((~served).sum())
            yield Finding(
                rule=name,
                weight=Weight.PRICED,
                where="all",
                amount=idle,
                unit=unit,
                message=f"{counted(alone, 'account')} served by none of these reps "
                f"earn{'s' if alone == 1 else ''} nothing, {written(idle)} {self.sales} less than "
                "in ideal books",
            )
        exact = self.total(books, None, self.transition, 1.0)
        yield Finding(
            rule=name,
            weight=Weight.NOTE,
            where="all",
            amount=exact,
            unit=self.sales,
            message=f"books earn {written(exact)} {self.sales} of {written(whole)} in the ideal; "
            f"counted at {len(levels)} prices of an hour as {written(float(counts.sum()))}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        lines, sales, spent, best = self._said(say)
        if self.logistic is not None:
            given = self.logistic
            shape = (
                f"r goes from floor {number(given.floor)} through (1, 1) to ceiling "
                f"{number(given.ceiling)}, steepness {number(given.steepness)}, by "
                f"{len(self.shape)} points"
            )
        else:
            told = ", ".join(f"({number(u)}, {number(s)})" for u, s in self.shape.tolist())
            shape = f"r goes through {told}, level behind"
        return (
            *lines,
            shape,
            f"g_ij(λ) = max over t of {sales} r(t / ({spent})) − λ t, and ĝ_i the same at best: "
            f"{best}, moved by nobody, without a way",
            f"{say.each()}: earned_j = least over {self.prices + 1} λ of "
            f"λ {of_rep(self.hours)} + Σ_{{i ∈ {say.accounts}}} g_ij(λ) x_ij",
        )

    def term(self, say: Notation) -> str:
        return (
            f"(least over λ of (λ {say.total(of_rep(self.hours))} + Σ_{{i ∈ {say.accounts}}} "
            f"ĝ_i(λ)) − {say.total('earned_j')})"
        )


@cache
def _shape(curve: tuple[Point, ...] | None, given: Logistic | None) -> Floats:
    if given is not None:
        return envelope(logistic(given.floor, given.ceiling, given.steepness))
    return envelope(np.array(curve, dtype=float))


def _profits(curve: Floats, sales: Floats, reference: Floats, level: float) -> Floats:
    """What accounts earn beyond their hours at that price of an hour, at best."""
    price = np.divide(level * reference, sales, out=np.zeros(len(sales)), where=sales > 0)
    return sales * profit(curve, price)


def _gains(curve: Floats, sales: Floats, reference: Floats, level: float) -> Floats:
    """The same, read off straight lines between the prices at which the best hours jump."""
    jumps = np.append(slopes(curve), 0.0)[::-1]
    height = [float((curve[:, 1] - jump * curve[:, 0]).max()) for jump in jumps]
    price = level * reference / np.where(sales > 0, sales, 1.0)
    return np.asarray(sales * np.interp(price, jumps, height))
