"""Balance: reps carry alike, or in proportion to a column, within a band."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, Weight, written
from optiterr.model import ModelBuilder
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule

NOISE = 1e-12
"""A deviation below this share of the bound is rounding of the sum, not load."""

MOST_ENTRIES = 200_000_000
"""A moving target needs an entry for each pair and each rep of the group: no more than these."""


class Balance(Rule):
    """Every rep carries a fair part of a measure: an equal one, or one in proportion to a column.

    The part is taken of everything the accounts add up to. With groups, and for measures that
    depend on the rep, it is taken of what the rep's own group carries, and so moves with the plan.
    """

    algebra: ClassVar[str] = (
        r"(1 - \delta)\, t_j \le \sum_i a_{ij} x_{ij} \le (1 + \delta)\, t_j, \qquad "
        r"t_j = \frac{q_j}{\sum_{k \in G(j)} q_k} \sum_{k \in G(j)} \sum_i a_{ik} x_{ik}"
        r" \quad \forall j"
    )

    kind: Literal["balance"] = "balance"
    measure: str = Field(
        min_length=1, description="account or pair measure to balance; 'accounts' counts them"
    )
    proportional_to: str | None = Field(
        None,
        description="rep column that fair parts are in proportion to; without it all are equal",
    )
    groups: str | None = Field(
        None, description="rep column that names a rep's group; balance is kept inside each group"
    )
    within: float = Field(
        0.0, ge=0, le=10, description="share of the target by which a load may differ for free"
    )
    hard_within: float | None = Field(
        None,
        ge=0,
        le=10,
        description="share of the target by which a load may differ at all; beside a price only",
    )
    per: Literal["unit", "share"] = Field(
        "share",
        description="what a priced amount counts: units of the measure, or shares of the target",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.hard_within is not None and self.price is None:
            raise ValueError(
                "hard_within stands beside a price; a rule without a price is hard already: "
                "use within"
            )
        if self.hard_within is not None and self.hard_within < self.within:
            raise ValueError(
                f"hard_within ({self.hard_within:g}) is narrower than within ({self.within:g}): "
                "the price would never count"
            )
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column("measure", self.measure)]
        if self.proportional_to is not None:
            found.append(Column("reps", self.proportional_to))
        if self.groups is not None:
            found.append(Column("reps", self.groups, "text"))
        return tuple(found)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        group, share = self._shares(name, problem)
        if group.max(initial=0) > 0 or problem.is_pair_column(self.measure):
            self._moving(name, problem, model, group, share)
            return
        target = share * problem.account_number(self.measure).sum()
        price = np.full(len(share), self.price or 0.0)
        if self.price is not None and self.per == "share":
            self._refuse(
                name,
                problem,
                problem.serves & (target <= 0),
                "the target is 0, so a deviation is no share of it",
                f"write 'per: unit', or correct {self.proportional_to or self.measure!r}",
            )
            price = np.divide(price, target, where=target > 0, out=np.zeros(len(share)))
        free = np.where(problem.serves, 0.0, np.inf)
        low, high = target * (1 - self.within) - free, target * (1 + self.within) + free
        if self.price is None:
            band = Band.of(len(share), lower=low, upper=high)
        else:
            hard = 0.0 if self.hard_within is None else self.hard_within
            open_ = np.inf if self.hard_within is None else free
            band = Band.of(
                len(share),
                lower=target * (1 - hard) - open_,
                low=low,
                high=high,
                upper=target * (1 + hard) + open_,
                price_below=price * problem.serves,
                price_above=price * problem.serves,
            )
        model.add_rows(
            name,
            band,
            problem.rep_ids,
            problem.pairs.rep,
            np.arange(len(problem.pairs)),
            problem.pair_number(self.measure),
        )

    def _shares(self, name: str, problem: Problem) -> tuple[NDArray[np.int64], Floats]:
        """Each rep's group, counted from 0 (-1: has no target), and share of what it carries."""
        serves = problem.serves
        group = np.zeros(len(serves), dtype=np.int64)
        if self.groups is not None:
            text = problem.reps[self.groups].fillna("").to_numpy(dtype=object)
            self._refuse(
                name,
                problem,
                serves & (text == ""),
                f"names no group in column {self.groups!r}",
                "name one for every rep who serves",
            )
            group[serves] = np.unique(text[serves].astype(str), return_inverse=True)[1]
        group[~serves] = -1
        part = np.ones(len(serves))
        if self.proportional_to is not None:
            part = problem.rep_number(self.proportional_to)
        total = np.bincount(group[serves], part[serves], minlength=1)
        self._refuse(
            name,
            problem,
            serves & (total[group] <= 0),
            f"column {self.proportional_to!r} adds up to 0 in its group",
            "give at least one rep of the group a positive number",
        )
        share = np.divide(part, total[group], where=serves, out=np.zeros(len(serves)))
        return group, share

    def _moving(
        self,
        name: str,
        problem: Problem,
        model: ModelBuilder,
        group: NDArray[np.int64],
        share: Floats,
    ) -> None:
        """Two rows a rep, over and under a target that is a share of what the group carries."""
        if self.price is not None and self.per == "share":
            raise DataError(
                f"rule {name!r}",
                "the target is a share of what the group carries, so it moves with the plan, and a "
                "deviation cannot be priced as a share of it",
                "write 'per: unit' and give the price of one unit",
            )
        amount = problem.pair_number(self.measure)
        size = np.bincount(group[group >= 0])
        entries = int(size[np.maximum(group[problem.pairs.rep], 0)].sum())
        if entries > MOST_ENTRIES:
            raise DataError(
                f"rule {name!r}",
                f"balance inside groups needs {entries:,} entries for {len(amount):,} pairs",
                "use smaller groups, fewer candidates a account, or an account measure "
                "without groups",
            )
        parts: list[tuple[str, float, bool]] = [("", self.within, self.price is None)]
        if self.hard_within is not None:
            parts.append(("hard-", self.hard_within, True))
        for prefix, within, hard in parts:
            for side, sign in (("above", 1.0), ("below", -1.0)):
                row, pair, value = _against_group(
                    problem, group, amount, sign, -sign * share * (1 + sign * within)
                )
                band = (
                    Band.of(len(share), upper=0.0)
                    if hard
                    else Band.of(len(share), high=0.0, price_above=self.price or 0.0)
                )
                model.add_rows(name, band, problem.rep_ids, row, pair, value, part=prefix + side)

    def _refuse(
        self, name: str, problem: Problem, wrong: NDArray[np.bool_], what: str, fix: str
    ) -> None:
        faults = [Fault(f"rule {name!r}, rep {rep!r}", what, fix) for rep in problem.rep_ids[wrong]]
        if faults:
            raise DataError.of(faults)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = problem.books(assignment)
        books["_amount"] = books.get(self.measure, 1.0)
        reps = problem.reps[problem.serves].set_index("rep_id")
        if reps.empty:
            return
        table = pd.DataFrame(index=reps.index)
        table["load"] = books.groupby("rep_id")["_amount"].sum().reindex(reps.index).fillna(0.0)
        table["group"] = reps[self.groups].astype(str) if self.groups else "all"
        table["part"] = reps[self.proportional_to] if self.proportional_to else 1.0
        parts = table.groupby("group")["part"].transform("sum")
        moves = table["group"].nunique() > 1 or self.measure in problem.pair_columns
        whole = table.groupby("group")["load"].transform("sum") if moves else books["_amount"].sum()
        table["target"] = table["part"] / parts * whole
        limits = [(self.within, self.severity)]
        if self.hard_within is not None:
            limits.append((self.hard_within, Weight.BREACH))
        for within, weight in limits:
            table["over"] = table["load"] - table["target"] - within * table["target"]
            table["under"] = table["target"] - within * table["target"] - table["load"]
            for side, sign in (("over", 1), ("under", -1)):
                bound = (table["target"] * (1 + sign * within)).abs().clip(lower=1.0)
                if weight is Weight.BREACH:
                    free = TOLERANCE * (bound * 0 + 1.0 if moves else bound)
                else:
                    free = NOISE * bound
                for rep_id, row in table[table[side] > free].iterrows():
                    yield self._finding(name, weight, str(rep_id), row, side, within)

    def _finding(
        self,
        name: str,
        weight: Weight,
        rep_id: str,
        row: pd.Series[float],
        side: str,
        within: float,
    ) -> Finding:
        miss, target = float(row[side]), float(row["target"])
        shared = weight is Weight.PRICED and self.per == "share"
        band = f" with {written(within * target)} either way" if within else ""
        return Finding(
            rule=name,
            weight=weight,
            where=rep_id,
            amount=miss / target if shared else miss,
            unit="share of the target" if shared else self.measure,
            message=f"rep {rep_id} carries {written(float(row['load']))} {self.measure}, "
            f"{written(miss)} {side} the fair part of {written(target)}{band}",
        )


def _against_group(
    problem: Problem, group: NDArray[np.int64], amount: Floats, own: float, whole: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Entries of rows ``own * load_r + whole_r * (sum of the loads in the group of r)``."""
    at = group[problem.pairs.rep]
    every = np.flatnonzero(at >= 0)
    row, pair = [problem.pairs.rep[every].astype(np.int64)], [every]
    value = [own * amount[every]]
    for one in range(int(group.max(initial=-1)) + 1):
        members, inside = np.flatnonzero(group == one), np.flatnonzero(at == one)
        row.append(np.repeat(members, len(inside)))
        pair.append(np.tile(inside, len(members)))
        value.append(np.outer(whole[members], amount[inside]).ravel())
    return np.concatenate(row), np.concatenate(pair), np.concatenate(value)
