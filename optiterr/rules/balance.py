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

    def entries_per_pair(self, problem: Problem) -> float:
        teams = pd.Series(np.zeros(len(problem.reps)))
        if self.groups is not None:
            teams = problem.reps[self.groups]
        sizes = teams[problem.serves].value_counts(dropna=False)
        if len(sizes) < 2 and not problem.is_pair_column(self.measure):
            return 1.0
        return (2.0 if self.hard_within is None else 4.0) * float(sizes.max())

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
                "write 'per: unit', or correct " + repr(self.proportional_to or self.measure),
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
        model.add_rep_rows(name, band, problem.pair_number(self.measure))

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
        amount = pd.Series(books.get(self.measure, 1.0), books.index, dtype=float)
        carried = amount.groupby(books["rep_id"]).sum().to_dict()
        teams: dict[str, list[tuple[str, float, float]]] = {}
        for rep in problem.reps[problem.serves].to_dict("records"):
            part = 1.0 if self.proportional_to is None else float(rep[self.proportional_to])
            team = "" if self.groups is None else str(rep[self.groups])
            load = float(carried.get(rep["rep_id"], 0.0))
            teams.setdefault(team, []).append((str(rep["rep_id"]), part, load))
        moves = len(teams) > 1 or self.measure in problem.pair_columns
        every = float(amount.sum())
        for members in teams.values():
            parts = sum(part for _, part, _ in members)
            whole = sum(load for _, _, load in members) if moves else every
            for rep_id, part, load in members:
                target = part / parts * whole if parts else 0.0
                yield from self._judge(
                    name, rep_id, load, target, self.within, self.severity, moves
                )
                if self.hard_within is not None:
                    yield from self._judge(
                        name, rep_id, load, target, self.hard_within, Weight.BREACH, moves
                    )

    def _judge(
        self,
        name: str,
        rep_id: str,
        load: float,
        target: float,
        within: float,
        weight: Weight,
        moves: bool,
    ) -> Iterable[Finding]:
        """A finding when a load leaves the band around its target by more than the tolerance."""
        room = within * target
        over = load > target
        miss = (load - target if over else target - load) - room
        bound = max(1.0, abs(target + room if over else target - room))
        if weight is Weight.BREACH:
            free = TOLERANCE if moves else TOLERANCE * bound
        else:
            free = NOISE * bound
        if miss <= free:
            return
        shared = weight is Weight.PRICED and self.per == "share" and target > 0
        band = f" with {written(room)} either way" if within else ""
        yield Finding(
            rule=name,
            weight=weight,
            where=rep_id,
            amount=miss / target if shared else miss,
            unit="share of the target" if shared else self.measure,
            message=f"rep {rep_id} carries {written(load)} {self.measure}, {written(miss)} "
            f"{'over' if over else 'under'} the fair part of {written(target)}{band}",
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
