"""Fairness: nobody is far from their fair part, as one number that is charged for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from optiterr.carriers import Carriers, carriers
from optiterr.errors import DataError
from optiterr.fairness import Gini, Range, WorstOver
from optiterr.findings import Finding, Weight, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, symbol
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import Band, RowFunction, WorstShare
from optiterr.rules import Rule
from optiterr.rules.spoken import fair_part

SHARE = 0.2
"""The share of reps that count as the worst where none is said."""

NOISE = 1e-12
"""An amount below this is rounding of the sums."""


class Fairness(Rule):
    """The loads of reps over their fair parts are as even as possible.

    The accounts that the rule speaks of are shared out among the reps that it speaks of: in equal
    parts, or in proportion to a column. A rep is off by the load over the fair part, less 1. What
    is charged is one number for all reps: the farthest off of all (`worst`), the mean of the share
    of reps who are farthest off (`worst_share`), the largest load over its part less the smallest
    (`range`), or half the mean difference between two of them (`gini`: with equal parts the Gini
    coefficient). A small charge on the mean of all reps stands beside it, so that those who are not
    the worst count too.
    """

    algebra: ClassVar[str] = (
        r"p \left( \Phi(d) + \varepsilon \tfrac{1}{|J|} \sum_j |d_j| \right), \qquad "
        r"d_j = \frac{\sum_i a_i x_{ij}}{t_j} - 1, \qquad "
        r"\Phi \in \left\{ \max_j |d_j|,\; \tfrac{1}{k} \sum_{r \le k} |d|_{(r)},\; "
        r"\max_j d_j - \min_j d_j,\; \tfrac{1}{|J|^2} \sum_{j < k} |d_j - d_k| \right\}"
    )

    kind: Literal["fairness"] = "fairness"
    price: float | None = Field(
        ge=0, description="cost of being off by a whole fair part: 100 is 1 for each hundredth"
    )
    measure: str = Field(
        min_length=1, description="account measure to share out; 'accounts' counts them"
    )
    how: Literal["worst", "worst_share", "range", "gini"] = Field(
        "worst_share", description="which number is charged"
    )
    share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="share of reps that are the worst, with worst_share: 0.2 unless said, and at "
        "least one rep; the last one is taken in part",
    )
    of: Literal["deviation", "over"] = Field(
        "deviation",
        description="what a rep is off by: either way, or only by what is over the fair part",
    )
    small: float = Field(
        0.01,
        ge=0,
        le=1,
        description="part of the price that is charged on the mean of all reps beside it",
    )
    proportional_to: str | None = Field(
        None,
        min_length=1,
        description="rep column that fair parts are in proportion to, with by the sum of its reps; "
        "without it all parts are equal",
    )
    by: str | None = Field(
        None,
        min_length=1,
        description="rep column, such as the manager: the reps of a value carry together; without "
        "it each rep alone",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.price is None:
            raise ValueError(
                "fairness is charged for, never forbidden: give it a price, or use a balance rule "
                "with within as a hard limit for every rep"
            )
        if self.share is not None and self.how != "worst_share":
            raise ValueError(f"share stands with 'how: worst_share' only, not with {self.how!r}")
        if self.of == "over" and self.how in ("range", "gini"):
            raise ValueError(
                f"'of: over' stands with worst and worst_share; {self.how!r} compares loads"
            )
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column("measure", self.measure)]
        if self.by is not None:
            found.append(Column("reps", self.by, "text"))
        if self.proportional_to is not None:
            found.append(Column("reps", self.proportional_to))
        return tuple(found)

    def entries_per_pair(self, problem: Problem) -> float:
        return 2.0 if self.small > 0 else 1.0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        who = carriers(name, problem, self.by, self.speaks_to(problem))
        target = self._targets(name, problem, who)
        # With nothing to share out there is nothing to be off by: scales must be positive still.
        something = bool((target > 0).any())
        price = (self.price or 0.0) * something
        scale = 1.0 / np.where(target > 0, target, 1.0)
        loads = who.loads(problem, self.speaks_of(problem), self.measure)
        row = (np.cumsum(who.serving) - 1)[loads.row]
        labels, entries = who.labels[who.serving], (row, loads.pair, loads.amount)
        model.add_rows(name, self._charge(price, target, scale), labels, *entries)
        if self.small > 0:
            each = price * self.small * scale / max(len(target), 1)
            below = each if self.of == "deviation" else 0.0
            band = Band.of(
                len(target), low=target, high=target, price_below=below, price_above=each
            )
            model.add_rows(name, band, labels, *entries, part="small")

    def _charge(self, price: float, target: Floats, scale: Floats) -> RowFunction:
        """The charge on the loads of all who carry, as one group."""
        rows = len(target)
        group = np.zeros(rows, dtype=np.int64)
        if self.how == "range":
            return Range.of(group, price, scale)
        if self.how == "gini":
            return Gini.of(group, price / max(rows, 1) ** 2, scale)
        form = WorstShare if self.of == "deviation" else WorstOver
        return form.of(group, target, price, self._count(rows), scale)

    def _count(self, rows: int) -> float:
        """How many of so many carriers are the worst."""
        if self.how == "worst":
            return 1.0
        return max(1.0, (SHARE if self.share is None else self.share) * rows)

    def _targets(self, name: str, problem: Problem, who: Carriers) -> Floats:
        """The fair part of each carrier with a rep who serves."""
        if problem.is_pair_column(self.measure):
            raise DataError(
                f"rule {name!r}",
                f"{self.measure!r} depends on the rep, so what is shared out moves with the plan, "
                "and being off by it is no share of a fair part",
                "use an account measure, or a balance rule with 'per: unit'",
            )
        matches = self.speaks_of(problem)
        part = np.ones(len(who))
        if self.proportional_to is not None:
            part = who.added(problem.rep_number(self.proportional_to))
        part = np.where(who.serving, part, 0.0)
        total = float(part.sum())
        share = part / total if total > 0 else part
        target = share * problem.account_number(self.measure)[matches].sum()
        who.refuse(
            name,
            who.serving & (target <= 0) & (self.where is None or matches.any()),
            "the fair part is 0, so being off by it is no share of it",
            f"correct {self.proportional_to or self.measure!r}, or leave the rep out with "
            "where_rep",
        )
        return np.asarray(target[who.serving])

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        over = self._over_parts(problem, assignment)
        if not over:
            return
        off = {one: ratio - 1 for one, ratio in over.items()}
        off = {one: abs(d) if self.of == "deviation" else max(d, 0.0) for one, d in off.items()}
        mean = sum(off.values()) / len(off)
        aside = "off" if self.of == "deviation" else "over"
        words = (
            f"on average each {self.by or 'rep'} is {aside} by {written(mean)} of the fair part, "
            f"counted at {number(self.small)}"
        )
        for amount, where, message in (
            self._judge(over, off, aside),
            (self.small * mean, "all", words),
        ):
            if amount > NOISE:
                yield Finding(
                    rule=name,
                    weight=Weight.PRICED,
                    where=where,
                    amount=amount,
                    unit="share of the fair part",
                    message=message,
                )

    def _over_parts(self, problem: Problem, assignment: pd.Series[str]) -> dict[str, float]:
        """The load of each carrier over its fair part; empty where nothing is shared out."""
        books = self.books(problem, assignment)
        amount = pd.Series(books.get(self.measure, 1.0), books.index, dtype=float)
        given = amount.groupby(books["rep_id"]).sum().to_dict()
        every = problem.accounts[self.speaks_of(problem)]
        whole = sum(every[self.measure]) if self.measure in every else len(every)
        part: dict[str, float] = {}
        load: dict[str, float] = {}
        for rep in problem.reps[problem.serves & self.speaks_to(problem)].to_dict("records"):
            one = str(rep["rep_id" if self.by is None else self.by])
            load[one] = load.get(one, 0.0) + float(given.get(rep["rep_id"], 0.0))
            if self.proportional_to is None:
                part[one] = 1.0
            else:
                part[one] = part.get(one, 0.0) + float(rep[self.proportional_to])
        together = sum(part.values())
        if whole <= 0 or together <= 0:
            return {}
        return {
            one: load[one] / (part[one] / together * whole) for one in sorted(load) if part[one] > 0
        }

    def _judge(
        self, over: dict[str, float], off: dict[str, float], aside: str
    ) -> tuple[float, str, str]:
        """The one number for all, the carrier it is about, and what to say of it."""
        noun = self.by or "rep"
        most, least = max(over, key=over.__getitem__), min(over, key=over.__getitem__)
        if self.how == "range":
            apart = over[most] - over[least]
            return (
                *(apart, most),
                f"{noun} {most} carries {written(over[most])} of the fair part and {noun} {least} "
                f"{written(over[least])}: {written(apart)} apart",
            )
        if self.how == "gini":
            pairs = combinations(over.values(), 2)
            index = sum(abs(one - other) for one, other in pairs) / len(over) ** 2
            return (
                *(index, "all"),
                f"half the mean difference of loads over fair parts is {written(index)}",
            )
        worst = max(off, key=off.__getitem__)
        far = f"{noun} {worst} is {aside} by {written(off[worst])} of the fair part"
        if self.how == "worst":
            return off[worst], worst, f"{far}, no other by more"
        count = self._count(len(off))
        rest, total = count, 0.0
        for one in sorted(off.values(), reverse=True):
            total += min(rest, 1.0) * one
            rest = max(rest - 1.0, 0.0)
        return (
            *(total / count, worst),
            f"the worst {number(count)} of {counted(len(off), noun)} are {aside} by "
            f"{written(total / count)} of the fair part on average; {far}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        at, each = "j" if self.by is None else "m", say.each(self.by)
        carried = f"({say.load(self.measure, self.by)}) / t_{at}"
        lines = [fair_part(say, self.measure, self.by, self.proportional_to, None, fixed=True)]
        if self.how in ("range", "gini"):
            lines.append(f"{each}: u_{at} = {carried}")
            carried = f"u_{at}"
        if self.of == "over":
            lines.append(f"{each}: over_{at} = max(0, {carried} − 1)")
        elif self.how in ("worst", "worst_share") or self.small > 0:
            lines.append(f"{each}: off_{at} = |{carried} − 1|")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        at, inside = "j" if self.by is None else "m", say.each(self.by).removeprefix("∀ ")
        size = f"|{say.reps}|" if self.by is None else f"|{symbol(self.by)}({say.reps})|"
        off = "over" if self.of == "over" else "off"
        if self.how == "worst":
            index = f"max_{{{inside}}} {off}_{at}"
        elif self.how == "worst_share":
            share = SHARE if self.share is None else self.share
            index = f"Σ_{{r ≤ k}} {off}_(r) / k with k = max(1, {number(share)} × {size})"
        elif self.how == "range":
            index = f"max_{{{inside}}} u_{at} − min_{{{inside}}} u_{at}"
        else:
            index = f"Σ_{{{at} < k}} |u_{at} − u_k| / {size}²"
        if self.small == 0:
            return index
        mean = say.total(f"{off}_{at} / {size}", self.by)
        return f"({index} + {number(self.small)} × {mean})"
