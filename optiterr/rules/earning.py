"""What books earn by a sales response, exactly and from the tables: for checks and uplifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.pairs import Floats, Mask
from optiterr.problem import Problem
from optiterr.response import added, earned, log_worth


class Response(Protocol):
    """The settings of a sales response, as rules about one describe them."""

    @property
    def sales(self) -> str: ...
    @property
    def hours(self) -> str: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def fit(self) -> str | None: ...
    @property
    def best_fit(self) -> float: ...
    @property
    def way(self) -> str | None: ...
    @property
    def transition(self) -> float: ...
    @property
    def same(self) -> dict[str, float]: ...
    def speaks_of(self, problem: Problem) -> Mask: ...
    def speaks_to(self, problem: Problem) -> Mask: ...


class Elastic(Response, Protocol):
    """A response of constant elasticity."""

    @property
    def elasticity(self) -> float: ...


@dataclass(frozen=True, eq=False)
class Earning:
    """What books earn at one set of parameters; an entry for each account that is spoken of.

    ``rep`` is the position in ``hours`` of the rep who serves, -1 for none of these. ``sales`` are
    those at ``reference`` hours with that rep; ``worth`` and ``best`` are the logarithms of what
    the account is worth with that rep, and at best. ``hours`` are those of each rep by id.
    """

    account_id: NDArray[np.object_]
    rep: NDArray[np.int64]
    sales: Floats
    reference: Floats
    worth: Floats
    best: Floats
    hours: dict[str, float]
    elasticity: float

    @property
    def ideal(self) -> float:
        """What all hours would earn in all accounts, pooled: no books earn more."""
        return earned(sum(self.hours.values()), self.best, self.elasticity)

    @property
    def book_worth(self) -> Floats:
        """Logarithm of what each rep's book is worth; ``-inf`` for an empty one."""
        found = np.full(len(self.hours), -np.inf)
        np.logaddexp.at(found, self.rep[self.rep >= 0], self.worth[self.rep >= 0])
        return found

    def by_rep(self) -> dict[str, float]:
        """What each rep's book earns, by id."""
        books = self.book_worth
        return {
            rep: earned(hours, books[at : at + 1], self.elasticity)
            for at, (rep, hours) in enumerate(self.hours.items())
        }

    def total(self) -> float:
        """What all books earn."""
        return float(sum(self.by_rep().values()))

    def split(self) -> tuple[Floats, Floats, Floats]:
        """Hours, sales, and sales of one more hour of each account that a rep serves.

        The last is the same for all accounts of a book that sell anything, or hours would better be
        moved.
        """
        served = self.rep >= 0
        rep, sales = self.rep[served], self.sales[served]
        books = self.book_worth
        whole = np.where(np.isfinite(books), books, 0.0)[rep]
        have = np.array(list(self.hours.values()), dtype=float)[rep]
        hours = have * np.exp(self.worth[served] - whole)
        earns, sells = np.zeros(len(rep)), sales > 0
        earns[sells] = sales[sells] * (hours / self.reference[served])[sells] ** self.elasticity
        more = np.divide(earns, hours, out=np.zeros(len(rep)), where=hours > 0) * self.elasticity
        return hours, earns, more


@dataclass(frozen=True, eq=False)
class Books:
    """Books as a response sees them, before its parameters are put in.

    ``loss`` is 0 for accounts that stay and up to 1 for those that move: the part of a transition
    loss that counts. ``spent`` are the reference hours with the way to the account.
    """

    account_id: NDArray[np.object_]
    rep: NDArray[np.int64]
    sales: Floats
    loss: Floats
    fit: Floats
    reference: Floats
    spent: Floats
    hours: dict[str, float]
    best_fit: float

    @classmethod
    def of(cls, rule: Response, problem: Problem, assignment: pd.Series[str]) -> Books:
        """The books of ``assignment`` (rep id by account id) that ``rule`` speaks of."""
        reps = problem.reps[problem.serves & rule.speaks_to(problem)]
        hours = dict(zip(reps["rep_id"].astype(str), reps[rule.hours].astype(float), strict=True))
        books = problem.books(assignment)[rule.speaks_of(problem)]
        part = sum(hours.values()) / max(1, len(books)) or 1.0
        reference = _numbers(books, rule.reference, part)
        return cls(
            books["account_id"].to_numpy(dtype=object),
            pd.Index(reps["rep_id"], dtype=object).get_indexer(pd.Index(books["rep_id"])),
            _numbers(books, rule.sales, 1.0),
            _loss(rule, problem, books),
            _numbers(books, rule.fit, 1.0, missing=0.0),
            reference,
            reference * _numbers(books, rule.way, 1.0, missing=1.0),
            hours,
            rule.best_fit,
        )

    def own(self, transition: float, strength: float = 1.0) -> Floats:
        """Sales at reference hours of each account with its rep."""
        return self.sales * (1.0 - transition * self.loss) * self.fit**strength

    def at(self, elasticity: float, transition: float, strength: float = 1.0) -> Earning:
        """What they earn; ``strength`` is an exponent on every fit, 0 makes all reps alike."""
        own = self.own(transition, strength)
        best = self.sales * self.best_fit
        return Earning(
            self.account_id,
            self.rep,
            own,
            self.spent,
            log_worth(own, self.spent, elasticity),
            log_worth(best, self.reference, elasticity),
            self.hours,
            elasticity,
        )


def _numbers(
    books: pd.DataFrame, column: str | None, otherwise: float, missing: float | None = None
) -> Floats:
    """A column of numbers, ``missing`` where it has none; ``otherwise`` where none is named."""
    if column is None:
        return np.full(len(books), otherwise)
    found = books[column].astype(float)
    return np.asarray(found if missing is None else found.fillna(missing), dtype=np.float64)


def _loss(rule: Response, problem: Problem, books: pd.DataFrame) -> Floats:
    """The part of a transition loss that counts for each account, by who owned it."""
    roster = problem.reps.loc[problem.serves].set_index("rep_id")
    owner, rep = books["owner_id"], books["rep_id"]
    loss = pd.Series(1.0, books.index).where(owner.notna() & (owner != rep), 0.0)
    for column, left in rule.same.items():
        texts = roster[column].fillna("").to_dict()
        was, now = owner.map(texts), rep.map(texts)
        loss = loss.where((was != now) | now.isna() | (now == ""), loss * left)
    return np.asarray(loss, dtype=np.float64)


def earning(rule: Elastic, problem: Problem, assignment: pd.Series[str]) -> Earning:
    """What ``assignment`` (rep id by account id) earns by the response of ``rule``."""
    return Books.of(rule, problem, assignment).at(rule.elasticity, rule.transition)


def shares_deserved(told: Earning) -> tuple[Floats, Floats]:
    """Each account's share of all hours in the ideal: with its rep, and at best."""
    whole = added(told.best)
    whole = whole if np.isfinite(whole) else 0.0
    return np.exp(told.worth - whole), np.exp(told.best - whole)


def poured(
    books: Books, curve: Floats, transition: float, strength: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Hours, sales, and sales of one more hour of each served account along a concave ``curve``.

    Exactly the best split: each account offers its stretches of hours, straight pieces of its
    curve; a rep takes those that earn most an hour until the hours are used.
    """
    served = np.flatnonzero(books.rep >= 0)
    own, spent, rep = (
        books.own(transition, strength)[served],
        books.spent[served],
        books.rep[served],
    )
    pieces, accounts = len(curve) - 1, len(served)
    length = np.outer(spent, np.diff(curve[:, 0])).ravel()
    gain = np.outer(own, np.diff(curve[:, 1])).ravel()
    rate = gain / np.where(length > 0, length, 1.0)
    account = np.repeat(np.arange(accounts), pieces)
    hours = np.array(list(books.hours.values()), dtype=float)
    # Two stable sorts are faster than one by both, the second over numbers as short as may be.
    book = rep[account].astype(np.min_scalar_type(len(hours)))
    order = np.argsort(-rate, kind="stable")
    order = order[np.argsort(book[order], kind="stable")]
    length, gain, rate = length[order], gain[order], rate[order]
    account, book = account[order], book[order]
    ahead = np.cumsum(length) - length
    first = np.concatenate([[0.0], np.cumsum(np.bincount(book, length, minlength=len(hours)))])
    left = hours[book] - (ahead - first[book])
    taken = np.clip(left / np.where(length > 0, length, 1.0), 0.0, 1.0)
    more = np.zeros(accounts)
    np.maximum.at(more, account, np.where(taken < 1.0, rate, 0.0))
    used = np.bincount(account, taken * length, minlength=accounts).astype(float)
    sold = np.bincount(account, taken * gain, minlength=accounts)
    return used, np.asarray(own * curve[0, 1] + sold), more
