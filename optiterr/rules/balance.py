"""Balance: reps carry alike, or in proportion to a column, within a band."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.carriers import Carriers, Loads, carriers
from optiterr.errors import DataError
from optiterr.findings import Finding, Weight, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, band
from optiterr.pairs import Floats
from optiterr.problem import Column, Problem
from optiterr.rowfunctions import TOLERANCE, Band
from optiterr.rules import Rule
from optiterr.rules.spoken import fair_part

Positions = NDArray[np.int64]

NOISE = 1e-12
"""A deviation below this share of the bound is rounding of the sum, not load."""

MOST_ENTRIES = 200_000_000
"""A moving target needs an entry for each pair and each rep of the group: no more than these."""


class Balance(Rule):
    """Every rep carries a fair part of a measure: an equal one, or one in proportion to a column.

    The part is taken of everything the accounts add up to. With groups, with ``where_rep``, and for
    measures that depend on the rep, it is taken of what the rep's own group carries, and so moves
    with the plan. With ``by``, all reps of one manager, district or region carry together, and each
    of these carries a fair part.
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
    by: str | None = Field(
        None,
        min_length=1,
        description="rep column, such as the manager: the reps of a value carry together; without "
        "it each rep alone",
    )
    proportional_to: str | None = Field(
        None,
        description="rep column that fair parts are in proportion to, with by the sum of its reps; "
        "without it all parts are equal",
    )
    groups: str | None = Field(
        None,
        description="rep column that names a rep's group; balance is kept inside each group. With "
        "by, all reps of a value belong to one group",
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
        if self.by is not None:
            found.append(Column("reps", self.by, "text"))
        if self.proportional_to is not None:
            found.append(Column("reps", self.proportional_to))
        if self.groups is not None:
            found.append(Column("reps", self.groups, "text"))
        return tuple(found)

    def entries_per_pair(self, problem: Problem) -> float:
        heard = problem.reps[problem.serves & self.speaks_to(problem)]
        one = heard[self.by or "rep_id"]
        if self.groups is None:
            sizes = pd.Series([one.nunique()])
        else:
            sizes = one.groupby(heard[self.groups], dropna=False).nunique()
        if not self._moves(problem, len(sizes)):
            return 1.0
        return (2.0 if self.hard_within is None else 4.0) * float(sizes.max())

    def _moves(self, problem: Problem, groups: int) -> bool:
        """Whether targets depend on what the plan gives to each group."""
        return groups > 1 or self.where_rep is not None or problem.is_pair_column(self.measure)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        who = carriers(name, problem, self.by, self.speaks_to(problem))
        group, share = self._shares(name, problem, who)
        loads = who.loads(problem, self.speaks_of(problem), self.measure)
        if self._moves(problem, int(group.max(initial=-1)) + 1):
            self._moving(name, model, who, loads, group, share)
            return
        band = self._band(name, problem, who, share)
        model.add_rows(name, band, who.labels, loads.row, loads.pair, loads.amount)

    def _band(self, name: str, problem: Problem, who: Carriers, share: Floats) -> Band:
        """The band around targets that are shares of everything."""
        matches, rows = self.speaks_of(problem), len(who)
        target = share * problem.account_number(self.measure)[matches].sum()
        price = np.full(rows, self.price or 0.0)
        if self.price is not None and self.per == "share":
            who.refuse(
                name,
                who.serving & (target <= 0) & (self.where is None or matches.any()),
                "the target is 0, so a deviation is no share of it",
                "write 'per: unit', or correct " + repr(self.proportional_to or self.measure),
            )
            price = np.divide(price, target, where=target > 0, out=np.zeros(rows))
        free = np.where(who.serving, 0.0, np.inf)
        low, high = target * (1 - self.within) - free, target * (1 + self.within) + free
        if self.price is None:
            return Band.of(rows, lower=low, upper=high)
        hard = 0.0 if self.hard_within is None else self.hard_within
        open_ = np.inf if self.hard_within is None else free
        return Band.of(
            rows,
            lower=target * (1 - hard) - open_,
            low=low,
            high=high,
            upper=target * (1 + hard) + open_,
            price_below=price * who.serving,
            price_above=price * who.serving,
        )

    def _shares(self, name: str, problem: Problem, who: Carriers) -> tuple[Positions, Floats]:
        """Each carrier's group, counted from 0 (-1: none serves), and share of what it carries."""
        group = np.where(who.serving, 0, -1)
        if self.groups is not None:
            group = who.grouped(name, problem, self.groups)
        part = who.serving.astype(float)
        if self.proportional_to is not None:
            part = who.added(problem.rep_number(self.proportional_to))
        total = np.bincount(group[who.serving], part[who.serving], minlength=1)
        who.refuse(
            name,
            who.serving & (total[group] <= 0),
            f"column {self.proportional_to!r} adds up to 0 in its group",
            "give at least one rep of the group a positive number",
        )
        return group, np.divide(part, total[group], where=who.serving, out=np.zeros(len(who)))

    def _moving(
        self,
        name: str,
        model: ModelBuilder,
        who: Carriers,
        loads: Loads,
        group: Positions,
        share: Floats,
    ) -> None:
        """Two rows a carrier, over and under a target that is a share of what the group carries."""
        if self.price is not None and self.per == "share":
            raise DataError(
                f"rule {name!r}",
                "the target is a share of what the group carries, so it moves with the plan, and a "
                "deviation cannot be priced as a share of it",
                "write 'per: unit' and give the price of one unit",
            )
        size = np.bincount(group[group >= 0], minlength=1)
        count = int(size[group[loads.row]].sum())
        if count > MOST_ENTRIES:
            raise DataError(
                f"rule {name!r}",
                f"balance inside groups needs {count:,} entries for {len(loads.pair):,} pairs",
                "use smaller groups, fewer candidates a account, or an account measure "
                "without groups",
            )
        parts: list[tuple[str, float, bool]] = [("", self.within, self.price is None)]
        if self.hard_within is not None:
            parts.append(("hard-", self.hard_within, True))
        for prefix, within, hard in parts:
            for side, sign in (("above", 1.0), ("below", -1.0)):
                row, pair, value = _against_group(
                    loads, group, sign, -sign * share * (1 + sign * within)
                )
                band = (
                    Band.of(len(who), upper=0.0)
                    if hard
                    else Band.of(len(who), high=0.0, price_above=self.price or 0.0)
                )
                model.add_rows(name, band, who.labels, row, pair, value, part=prefix + side)

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        amount = pd.Series(books.get(self.measure, 1.0), books.index, dtype=float)
        given = amount.groupby(books["rep_id"]).sum().to_dict()
        parts: dict[str, float] = {}
        loads: dict[str, float] = {}
        teams: dict[str, list[str]] = {}
        for rep in problem.reps[problem.serves & self.speaks_to(problem)].to_dict("records"):
            one = str(rep["rep_id" if self.by is None else self.by])
            if one not in parts:
                team = "" if self.groups is None else str(rep[self.groups])
                teams.setdefault(team, []).append(one)
                parts[one], loads[one] = 0.0, 0.0
            loads[one] += float(given.get(rep["rep_id"], 0.0))
            if self.proportional_to is None:
                parts[one] = 1.0
            else:
                parts[one] += float(rep[self.proportional_to])
        moves = self._moves(problem, len(teams))
        every = float(amount.sum())
        for members in teams.values():
            whole = sum(loads[one] for one in members) if moves else every
            together = sum(parts[one] for one in members)
            for one in members if self.by is None else sorted(members):
                target = parts[one] / together * whole if together else 0.0
                yield from self._judge(
                    name, one, loads[one], target, self.within, self.severity, moves
                )
                if self.hard_within is not None:
                    yield from self._judge(
                        name, one, loads[one], target, self.hard_within, Weight.BREACH, moves
                    )

    def _judge(
        self,
        name: str,
        one: str,
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
            where=one,
            amount=miss / target if shared else miss,
            unit="share of the target" if shared else self.measure,
            message=f"{self.by or 'rep'} {one} carries {written(load)} {self.measure}, "
            f"{written(miss)} {'over' if over else 'under'} the fair part of "
            f"{written(target)}{band}",
        )

    def formula(self, say: Notation) -> tuple[str, ...]:
        at = "j" if self.by is None else "m"
        load, each = say.load(self.measure, self.by), say.each(self.by)
        lines = [
            fair_part(say, self.measure, self.by, self.proportional_to, self.groups),
            f"{each}: {band(self.within, load, f't_{at}', '' if self.price is None else at)}",
        ]
        if self.hard_within is not None:
            lines.append(f"{each}: {band(self.hard_within, load, f't_{at}')}")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        at = "j" if self.by is None else "m"
        part = f" / t_{at}" if self.per == "share" else ""
        return say.total(f"(under_{at} + over_{at}){part}", self.by)


def _against_group(
    loads: Loads, group: Positions, own: float, whole: Floats
) -> tuple[Positions, Positions, Floats]:
    """Entries of rows ``own * load_r + whole_r * (sum of the loads in the group of r)``."""
    at = group[loads.row]
    row, pair, value = [loads.row], [loads.pair], [own * loads.amount]
    for one in range(int(group.max(initial=-1)) + 1):
        members, inside = np.flatnonzero(group == one), np.flatnonzero(at == one)
        row.append(np.repeat(members, len(inside)))
        pair.append(np.tile(loads.pair[inside], len(members)))
        value.append(np.outer(whole[members], loads.amount[inside]).ravel())
    return np.concatenate(row), np.concatenate(pair), np.concatenate(value)
