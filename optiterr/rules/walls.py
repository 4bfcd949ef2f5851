"""Walls: regions, time zones and teams that accounts and reps do not cross."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.findings import Finding, counted, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep, symbol
from optiterr.pairs import Floats, Mask
from optiterr.problem import COUNT, Column, Problem
from optiterr.rowfunctions import TOLERANCE, slack_of
from optiterr.rules import Eligibility, Rule

Positions = NDArray[np.integer]

MOST_NAMED = 5
"""Up to this many accounts of a rep are named in a finding."""

MOST_CELLS = 100_000_000
"""Reps are told for each kind of account up to this many kinds times reps; beyond, pair by pair."""

Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, eq=False)
class Wall:
    """Where each account and each rep stands, NaN for nowhere, and how far apart they may be.

    ``opened`` holds pairs of the ``texts`` numbered that may be crossed all the same, each as
    ``account * texts + rep``.
    """

    account: Floats
    rep: Floats
    most: float
    texts: int = 0
    opened: Floats = field(default_factory=lambda: np.zeros(0))


class Side(NamedTuple):
    """One wall as judged: what each account and its rep have there, and which of them cross it."""

    name: str
    account: NDArray[np.object_]
    rep: NDArray[np.object_]
    crossed: Mask


class Walls(Rule):
    """Accounts and reps do not cross walls.

    There is a wall where two texts differ, where two numbers lie too far apart, and where today's
    owner belongs elsewhere than the rep. An account with an empty cell, or without an owner who
    stays, is behind no wall; a rep with an empty cell crosses every wall there is.
    """

    algebra: ClassVar[str] = (
        r"x_{ij} = 0 \ \text{ where } g_i \ne g_j, \quad |z_i - z_j| > d, \ \text{ or } "
        r"m_{s(i)} \ne m_j"
    )

    kind: Literal["walls"] = "walls"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each wall crossed by an account, times its weight; "
        "without it the rule is hard",
    )
    match: dict[Name, Name] = Field(
        default_factory=dict,
        description="account text column: rep text column that must hold the same text",
    )
    within: dict[Name, Name] = Field(
        default_factory=dict,
        description="account number column: rep number column that must lie near, such as time "
        "zones in hours",
    )
    most: float | None = Field(
        None, ge=0, description="largest difference between the numbers of within"
    )
    owner: tuple[Name, ...] = Field(
        (),
        description="rep columns, such as manager, that must hold the same text for the rep as for "
        "today's owner",
    )
    crossings: tuple[tuple[Name, Name], ...] = Field(
        (), description="pairs of values of match and owner that may be crossed, both ways"
    )
    weight: str = Field(
        COUNT,
        min_length=1,
        description="what the price counts of an account: 'accounts' or an account measure",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not (self.match or self.within or self.owner):
            raise ValueError("walls need match, within or owner, or several of them")
        if self.within and self.most is None:
            raise ValueError("say with most how far apart the numbers of within may lie")
        if self.most is not None and not self.within:
            raise ValueError("most is the largest difference of within: name its columns")
        if self.crossings and not (self.match or self.owner):
            raise ValueError("crossings are pairs of texts: they need match or owner")
        if self.price is None and self.weight != COUNT:
            raise ValueError("weight multiplies what is priced: set a price or drop weight")
        if len(set(self.owner)) < len(self.owner):
            raise ValueError("owner names a column twice: its wall would count twice")
        return self

    def reads(self) -> tuple[Column, ...]:
        found = [Column("reps", column, "text") for column in self.owner]
        for account, rep in self.match.items():
            found += [Column("accounts", account, "text"), Column("reps", rep, "text")]
        for account, rep in self.within.items():
            found += [
                Column("accounts", account, minimum=None, missing=True),
                Column("reps", rep, minimum=None, missing=True),
            ]
        if self.weight != COUNT:
            found.append(Column("accounts", self.weight))
        return tuple(found)

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        joint = np.zeros(len(problem.accounts), dtype=np.int64)
        for wall in self._walls(problem):
            code, texts = pd.factorize(wall.account)
            joint = np.unique(joint * (len(texts) + 1) + code, return_inverse=True)[1]
        _, first, kind = np.unique(joint, return_index=True, return_inverse=True)
        kinds, reps = len(first), len(problem.reps)
        if kinds * reps > MOST_CELLS:
            return None
        crossed = self._crossed(problem, np.repeat(first, reps), np.tile(np.arange(reps), kinds))
        return Eligibility(kind, crossed.reshape(kinds, reps) == 0)

    def allows(self, problem: Problem) -> Mask | None:
        if self.price is not None:
            return None
        crossed = self._crossed(problem, problem.pairs.account, problem.pairs.rep)
        return np.asarray(crossed == 0)

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is not None:
            account, rep = problem.pairs.account, problem.pairs.rep
            worth = self.price * problem.account_number(self.weight)[account]
            model.add_cost(name, worth * self.under(problem) * self._crossed(problem, account, rep))

    def _crossed(self, problem: Problem, account: Positions, rep: Positions) -> Positions:
        """How many walls stand between the ends of each pair given by positions."""
        count = np.zeros(len(account), dtype=np.int64)
        for wall in self._walls(problem):
            mine, its = wall.account[account], wall.rep[rep]
            at = np.flatnonzero(~np.isnan(mine) & ~(np.abs(mine - its) <= wall.most))
            if len(wall.opened):
                at = at[~np.isin(mine[at] * wall.texts + its[at], wall.opened)]
            count[at] += 1
        return count

    def _walls(self, problem: Problem) -> Iterator[Wall]:
        """Every wall of the rule, one by one."""
        accounts, reps = problem.accounts, problem.reps
        for left, right in self.match.items():
            yield self._wall_of_texts(accounts[left], reps[right])
        stays = (problem.owner >= 0) & problem.serves[np.maximum(problem.owner, 0)]
        for column in self.owner:
            owned = reps[column].iloc[np.where(stays, problem.owner, 0)]
            yield self._wall_of_texts(owned.where(stays), reps[column])
        for left, right in self.within.items():
            if self.most is not None:
                most = self.most + float(slack_of(self.most))
                yield Wall(problem.account_number(left), problem.rep_number(right), most)

    def _wall_of_texts(self, left: pd.Series[str], right: pd.Series[str]) -> Wall:
        """The wall between texts that differ: texts are numbered, so that others lie apart."""
        both = pd.concat([left, right], ignore_index=True)
        code, texts = pd.factorize(both.where(both != ""))
        place = np.where(code < 0, np.nan, code)
        ends = pd.Index(texts).get_indexer(
            pd.Index([one for pair in self.crossings for one in pair])
        )
        a, b = ends.reshape(-1, 2).T.astype(float)
        opened = np.concatenate([a * len(texts) + b, b * len(texts) + a])
        known = np.tile((a >= 0) & (b >= 0), 2)
        return Wall(place[: len(left)], place[len(left) :], 0.0, len(texts), opened[known])

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        books = books[books["rep_id"].isin(problem.reps["rep_id"])]
        sides = list(self._sides(problem, books))
        count = np.sum([side.crossed for side in sides], axis=0)
        worth = count * pd.Series(books.get(self.weight, 1.0), books.index, dtype=float).to_numpy()
        account_id = books["account_id"].to_numpy(dtype=object)
        at = pd.Series(np.flatnonzero(count))
        for rep_id, group in at.groupby(books["rep_id"].to_numpy(dtype=object)[at]):
            rows = group.to_numpy()
            named = [
                f"{account_id[row]} ({', '.join(_told(sides, row))})" for row in rows[:MOST_NAMED]
            ]
            more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
            yield Finding(
                rule=name,
                weight=self.severity,
                where=str(rep_id),
                amount=float(worth[rows].sum()),
                unit="walls" if self.weight == COUNT else self.weight,
                message=f"rep {rep_id} serves {counted(len(rows), 'account')} across walls: "
                f"{', '.join(named)}{more}",
            )

    def _sides(self, problem: Problem, books: pd.DataFrame) -> Iterator[Side]:
        """What stands on either side of every wall, for each account that somebody serves."""
        reps = problem.reps.set_index("rep_id", drop=False)
        served, owned = books["rep_id"], books["owner_id"]
        texts = [(one, books[one], served.map(reps[other])) for one, other in self.match.items()]
        staying = reps[problem.serves]
        texts += [(one, owned.map(staying[one]), served.map(reps[one])) for one in self.owner]
        opened = {pair for a, b in self.crossings for pair in ((a, b), (b, a))}
        for name, left, right in texts:
            mine = left.fillna("").to_numpy(dtype=object)
            its = right.fillna("").to_numpy(dtype=object)
            crossed = [
                a != "" and a != b and (a, b) not in opened for a, b in zip(mine, its, strict=True)
            ]
            yield Side(name, mine, its, np.array(crossed, dtype=bool))
        for one, other in self.within.items():
            place, base = books[one], served.map(reps[other])
            far = self.most or 0.0
            near = (place - base).abs() <= far + TOLERANCE * max(1.0, far)
            across = (place.notna() & ~near).to_numpy(dtype=bool)
            yield Side(one, place.to_numpy(dtype=object), base.to_numpy(dtype=object), across)

    def formula(self, say: Notation) -> tuple[str, ...]:
        walls = [f"[{say.of_account(ours)} ≠ {of_rep(its)}]" for ours, its in self.match.items()]
        walls += [f"[{symbol(column)}_s(i) ≠ {of_rep(column)}]" for column in self.owner]
        walls += [
            f"[|{say.of_account(ours)} − {of_rep(its)}| > {number(self.most or 0.0)}]"
            for ours, its in self.within.items()
        ]
        lines = [f"crossed_ij = {' + '.join(walls)}"]
        if self.crossings:
            pairs = ", ".join(f"{left} and {right}" for left, right in self.crossings)
            lines.append(f"nothing is crossed between {pairs}")
        if self.price is None:
            lines.append(f"{say.every_pair}: x_ij = 0 where crossed_ij > 0")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        return say.pairs(f"{say.times(self.weight)}crossed_ij x_ij")


def _told(sides: Iterable[Side], row: int) -> Iterator[str]:
    """The walls that the account in ``row`` crosses, with what stands on either side."""
    for side in sides:
        if side.crossed[row]:
            yield f"{side.name} {_said(side.account[row])} to {_said(side.rep[row])}"


def _said(cell: str | float | None) -> str:
    if isinstance(cell, str):
        return cell or "none"
    return "none" if cell is None or np.isnan(cell) else written(cell)
