"""Value: what the reps' hours earn in their books, by a sales response of constant elasticity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import Floats
from optiterr.problem import Problem
from optiterr.response import first_error, line_error, marks
from optiterr.rowfunctions import Piecewise
from optiterr.rules.earning import Books, earning, shares_deserved
from optiterr.rules.selling import Elasticity, Selling

NOISE = 1e-12
"""A loss below this share of the ideal is rounding."""


class Value(Selling):
    """Books earn what the hours of their reps can earn in them, and less than the ideal is a loss.

    An account has given sales at its reference hours; with other hours they change by a power of
    them, the elasticity. Fit, the way to it, and a change of hands make them smaller. Each rep
    shares out the hours as best can be. The ideal are all hours pooled over all accounts, each with
    the best fit there may be and none moved; no books earn more. The curve is counted by straight
    lines between points on it, so books earn at least what is counted, and a note gives both. An
    account whose owner leaves or has left loses the transition with everyone; one that nobody
    served loses none; one that nobody serves earns nothing.
    """

    algebra: ClassVar[str] = (
        r"p \Big( \rho \sum_j h_j - \rho \sum_j h_j^{\,b} \big( \sum_i d_{ij} x_{ij} \big)^{1-b} "
        r"\Big), \qquad d_{ij} = \sum_k h_k \frac{a_{ij}}{\sum_l \hat a_l}, \qquad "
        r"a_{ij} = \Big( \frac{v_i q_{ij} m_{ij}}{(n_i k_{ij})^b} \Big)^{1/(1-b)}, \qquad "
        r"\rho = \Big( \frac{\sum_l \hat a_l}{\sum_k h_k} \Big)^{1-b}"
    )

    kind: Literal["value"] = "value"
    elasticity: Elasticity = Field(
        description="percent by which sales change when hours change by one percent, as a share: "
        "0.3 means that twice the hours bring 2^0.3 = 1.23 times the sales"
    )
    points: int = Field(
        60,
        ge=5,
        le=1000,
        description="points of the curve between which straight lines run; twice as many make the "
        "error a quarter",
    )

    def total(
        self, books: Books, elasticity: float | None, transition: float, strength: float
    ) -> float:
        own = self.elasticity if elasticity is None else elasticity
        return books.at(own, transition, strength).total()

    def split(self, books: Books) -> tuple[Floats, Floats, Floats]:
        return books.at(self.elasticity, self.transition).split()

    def error(self, problem: Problem) -> tuple[float, float]:
        """How far the straight lines fall short of the curve, at most.

        First a share of what a book earns, for books that deserve at least a thousandth of a fair
        part of all hours; then, for smaller books, a share of what such a thousandth earns.
        """
        books = self._books(problem)
        return line_error(books, self.points, self.elasticity), first_error(self.elasticity)

    def _books(self, problem: Problem) -> int:
        return max(1, int((problem.serves & self.speaks_to(problem)).sum()))

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        given, b = self.ground(name, problem), self.elasticity
        whole = float(given.hours.sum())
        # All rates are divided by the best one, so that no power leaves the range of numbers.
        rate = given.sales / given.reference**b
        top = float(rate.max(initial=0.0)) or 1.0
        best = float(((rate / top) ** (1 / (1 - b))).sum())
        ideal = whole**b * top * best ** (1 - b)
        model.add_constant(name, self.price * ideal)
        own = given.own / given.spent**b / top
        deserved = whole / (best or 1.0) * own ** (1 / (1 - b))
        at = marks(whole or 1.0, self._books(problem), self.points)
        hours = given.hours[given.heard, None] / (whole or 1.0)
        cost = -self.price * ideal * hours**b * (at / at[-1]) ** (1 - b)
        lines = Piecewise.of(np.broadcast_to(at, cost.shape), cost, -np.inf, 0.0)
        rep, row = problem.pairs.rep, np.cumsum(given.heard) - 1
        pair = np.flatnonzero(given.heard[rep])
        ids = problem.rep_ids[given.heard]
        model.add_rows(name, lines, ids, row[rep[pair]], pair, deserved[pair])

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        told = earning(self, problem, assignment)
        ideal, whole, b = told.ideal, sum(told.hours.values()), self.elasticity
        if ideal <= 0:
            return
        rep, served = told.rep, told.rep >= 0
        own, best = shares_deserved(told)
        load = np.bincount(rep[served], own[served], minlength=len(told.hours))
        part = np.bincount(rep[served], best[served], minlength=len(told.hours))
        size = np.bincount(rep[served], minlength=len(told.hours))
        at = marks(1.0, max(1, len(told.hours)), self.points)
        height = np.interp(load, at, at ** (1 - b))
        unit, straight = f"{self.sales} lost", 0.0
        for place, (one, hours) in enumerate(told.hours.items()):
            earns = ideal * (hours / whole) ** b * float(height[place])
            straight += earns
            lost = ideal * (b * hours / whole + (1 - b) * float(part[place])) - earns
            if lost > NOISE * ideal:
                yield Finding(
                    rule=name,
                    weight=Weight.PRICED,
                    where=one,
                    amount=lost,
                    unit=unit,
                    message=f"rep {one} earns {written(earns)} {self.sales} in {written(hours)} "
                    f"hours with {counted(int(size[place]), 'account')}, {written(lost)} less than "
                    "these could in ideal books",
                )
        lost, idle = ideal * (1 - b) * float(best[~served].sum()), int((~served).sum())
        if lost > NOISE * ideal:
            yield Finding(
                rule=name,
                weight=Weight.PRICED,
                where="all",
                amount=lost,
                unit=unit,
                message=f"{counted(idle, 'account')} served by none of these reps "
                f"earn{'s' if idle == 1 else ''} nothing, {written(lost)} {self.sales} less than "
                "in ideal books",
            )
        exact = told.total()
        yield Finding(
            rule=name,
            weight=Weight.NOTE,
            where="all",
            amount=exact,
            unit=self.sales,
            message=f"books earn {written(exact)} {self.sales} of {written(ideal)} in the ideal; "
            f"counted by straight lines as {written(straight)}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        b = number(self.elasticity)
        lines, sales, spent, best = self._said(say)
        return (
            *lines,
            f"a_ij = ({sales} / ({spent})^{b})^(1 / (1 − {b})), and â_i the same at best: {best}, "
            "moved by nobody, without a way",
            f"{say.each()}: earned_j = {of_rep(self.hours)}^{b} "
            f"(Σ_{{i ∈ {say.accounts}}} a_ij x_ij)^(1 − {b}), by straight lines between "
            f"{self.points + 1} points",
        )

    def term(self, say: Notation) -> str:
        b = number(self.elasticity)
        return (
            f"(({say.total(of_rep(self.hours))})^{b} (Σ_{{i ∈ {say.accounts}}} â_i)^(1 − {b}) "
            f"− {say.total('earned_j')})"
        )
