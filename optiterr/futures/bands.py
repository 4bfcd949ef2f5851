"""Bands that rules set for the loads of reps, and who keeps them in drawn futures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.carriers import Carriers, carriers
from optiterr.futures.sampling import Drawn
from optiterr.futures.spec import BAND, FuturesSpec
from optiterr.pairs import Floats, Ints, Mask
from optiterr.problem import Problem
from optiterr.rowfunctions import slack_of
from optiterr.rules import Rule
from optiterr.rules.balance import Balance
from optiterr.rules.capacity import Capacity


@dataclass(frozen=True, eq=False)
class Book:
    """What reps carry of one measure: ``books`` (reps, accounts), ``every`` account of the rule.

    ``who`` carries, ``whose`` (carriers, reps) adds reps up.
    """

    who: Carriers
    whose: sparse.csr_array
    books: sparse.csr_array
    every: Floats
    grows: bool

    def factor(self, drawn: Drawn, month: int) -> Floats:
        """What has become of each account, (accounts, draws)."""
        stays = drawn.stays[month]
        return np.asarray(drawn.growth[month] * stays if self.grows else stays, dtype=float)


@dataclass(frozen=True, eq=False)
class Kept:
    """What one rule finds in some draws: who is out of the band, (carriers, draws), and by how
    much the worst is off, (draws,), NaN where nobody has a target or a limit."""

    out: Mask
    worst: Floats


@dataclass(frozen=True, eq=False)
class BalanceBand:
    """Loads stay within a share of a fair part of what is left to serve."""

    name: str
    measure: str
    within: float
    book: Book
    part: Floats
    group: NDArray[np.int64]
    moves: bool
    alike: bool

    @property
    def words(self) -> str:
        """The band in words."""
        return f"within {100 * self.within:g} % of the fair part"

    @property
    def labels(self) -> tuple[str, ...]:
        """Those who carry."""
        return tuple(map(str, self.book.who.labels))

    @cached_property
    def _inside(self) -> sparse.csr_array:
        """Adds carriers up to groups, (groups, carriers)."""
        known = np.flatnonzero(self.group >= 0)
        shape = (int(self.group.max(initial=-1)) + 1, len(self.group))
        return sparse.csr_array((np.ones(len(known)), (self.group[known], known)), shape=shape)

    def judge(self, drawn: Drawn, month: int) -> Kept:
        """Who leaves the band ``month`` (its place) in the draws."""
        factor, here = self.book.factor(drawn, month), drawn.here[month]
        every = self.book.books @ factor
        load = self.book.whose @ (every * here)
        able = here * drawn.ready[month][:, None]
        part = self.book.whose @ (self.part[:, None] * able)
        there = self.book.whose @ here.astype(float) > 0
        if self.alike:
            # Carriers count alike, however many reps carry together.
            part = np.minimum(part, 1.0)
        if self.moves:
            whole = self._inside @ load
        else:
            gone = self.book.whose @ (every * ~here)
            whole = (self.book.every @ factor - gone.sum(axis=0))[None, :]
        parts = self._inside @ part
        home = np.maximum(self.group, 0)
        share = np.divide(part, parts[home], out=np.zeros_like(part), where=parts[home] > 0)
        target = share * whole[home]
        low, high = target * (1 - self.within), target * (1 + self.within)
        counts = there & self.book.who.serving[:, None]
        out = counts & ((load < low - slack_of(low)) | (load > high + slack_of(high)))
        off = np.divide(load, target, out=np.full_like(load, np.nan), where=counts & (target > 0))
        return Kept(out, _worst(np.abs(off - 1)))


@dataclass(frozen=True, eq=False)
class CapacityBand:
    """Loads stay below a limit, above a least amount, or both."""

    name: str
    measure: str
    book: Book
    limit: Floats | float | None
    least: Floats | float | None
    slack: float

    @property
    def words(self) -> str:
        """The band in words."""
        parts = [] if self.limit is None else ["at most the limit"]
        if self.slack:
            parts = [f"at most {100 * (1 + self.slack):g} % of the limit"]
        return ", ".join([*parts, *([] if self.least is None else ["at least the least asked"])])

    @property
    def labels(self) -> tuple[str, ...]:
        """Those who carry."""
        return tuple(map(str, self.book.who.labels))

    def judge(self, drawn: Drawn, month: int) -> Kept:
        """Who leaves the band ``month`` (its place) in the draws."""
        here = drawn.here[month]
        load = self.book.whose @ ((self.book.books @ self.book.factor(drawn, month)) * here)
        counts = (self.book.whose @ here.astype(float) > 0) & self.book.who.serving[:, None]
        able = here * drawn.ready[month][:, None]
        out, off = np.zeros(load.shape, dtype=bool), np.full(load.shape, np.nan)
        for bound, stretch, sign in ((self.limit, self.slack, 1.0), (self.least, 0.0, -1.0)):
            if bound is None:
                continue
            mark = self._bound(bound, able)
            edge = mark * (1 + stretch)
            out |= counts & (sign * (load - edge) > slack_of(edge))
            ratio = np.divide(load, mark, out=np.full_like(load, np.nan), where=counts & (mark > 0))
            off = np.fmax(off, sign * (ratio - 1))
        return Kept(out, _worst(off))

    def _bound(self, bound: Floats | float, able: Floats) -> Floats:
        """The bound of each carrier in each draw: of the reps who are there and ready."""
        if isinstance(bound, float):
            return np.asarray(bound * np.minimum(self.book.whose @ able, 1.0))
        return np.asarray(self.book.whose @ (bound[:, None] * able))


Watched = BalanceBand | CapacityBand


def _worst(off: Floats) -> Floats:
    """The largest entry of each column, NaN where there is none."""
    return np.asarray(np.fmax.reduce(off, axis=0, initial=np.nan))


def watched(
    rules: Mapping[str, Rule], problem: Problem, spec: FuturesSpec, rep: Ints
) -> tuple[Watched, ...]:
    """The bands of the balance and capacity rules, for the books ``rep`` (-1: nobody)."""
    found: list[Watched] = []
    for name, rule in rules.items():
        if not isinstance(rule, Balance | Capacity):
            continue
        book = _book(name, rule, problem, spec, rep)
        if isinstance(rule, Balance):
            found.append(_balance(name, rule, problem, spec, book))
        else:
            limit, least = (_asked(problem, bound) for bound in (rule.limit, rule.at_least))
            found.append(CapacityBand(name, rule.measure, book, limit, least, rule.slack))
    return tuple(found)


def _asked(problem: Problem, bound: str | float | None) -> Floats | float | None:
    return problem.rep_number(bound) if isinstance(bound, str) else bound


def _balance(
    name: str, rule: Balance, problem: Problem, spec: FuturesSpec, book: Book
) -> BalanceBand:
    group = np.where(book.who.serving, 0, -1)
    if rule.groups is not None:
        group = book.who.grouped(name, problem, rule.groups)
    moves = (
        int(group.max(initial=-1)) > 0
        or rule.where_rep is not None
        or problem.is_pair_column(rule.measure)
    )
    column = rule.proportional_to
    part = np.ones(len(problem.reps)) if column is None else problem.rep_number(column)
    return BalanceBand(
        name, rule.measure, band_of(rule, spec.band), book, part, group, moves, column is None
    )


def band_of(rule: Balance, asked: float | None) -> float:
    """The share of its target that a load may be off: as asked, or else by the rule.

    A rule's own band is ``within`` where it is hard or has a dead zone, else ``hard_within``, else
    the common one.
    """
    if asked is not None:
        return asked
    if rule.price is None or rule.within > 0:
        return rule.within
    return BAND if rule.hard_within is None else rule.hard_within


def _book(
    name: str, rule: Balance | Capacity, problem: Problem, spec: FuturesSpec, rep: Ints
) -> Book:
    who = carriers(name, problem, rule.by, rule.speaks_to(problem))
    carry = np.flatnonzero(who.of >= 0)
    shape = (len(who), len(problem.reps))
    whose = sparse.csr_array((np.ones(len(carry)), (who.of[carry], carry)), shape=shape)
    spoken = rule.speaks_of(problem)
    served = np.flatnonzero((rep >= 0) & spoken)
    # A pair that the pairs file does not list carries nothing that is known.
    amount = np.nan_to_num(problem.measured(rule.measure, served, rep[served]), nan=0.0)
    books = sparse.csr_array(
        (amount, (rep[served], served)), shape=(len(problem.reps), len(problem.accounts))
    )
    every = np.zeros(len(problem.accounts))
    if not problem.is_pair_column(rule.measure):
        every[spoken] = problem.account_number(rule.measure)[spoken]
    return Book(who, whose, books, every, spec.has_grown(rule.measure))
