"""Today's books, as rules about change read them: who loses an account when it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optiterr.findings import Finding, Weight, counted
from optiterr.pairs import Floats, Ints, Mask
from optiterr.problem import Problem
from optiterr.rules import Rule

Positions = NDArray[np.int64]

NONE = "(none)"
"""Stands for the empty text where accounts or reps are grouped by a column."""


def stays(problem: Problem) -> Mask:
    """Accounts owned by a rep who stays, shape (accounts,): moving them is a decision."""
    return np.asarray((problem.owner >= 0) & problem.serves[np.maximum(problem.owner, 0)])


def owned(rule: Rule, problem: Problem) -> Mask:
    """Accounts under the rule's ``where`` whose owner stays and is under its ``where_rep``."""
    heard = rule.speaks_to(problem)[np.maximum(problem.owner, 0)]
    return np.asarray(stays(problem) & heard & rule.speaks_of(problem))


def largest(size: Floats, book: Ints, among: Mask, count: int) -> Mask:
    """The ``count`` largest accounts of each book, of those ``among``, shape (accounts,).

    Of equal ones those that come first.
    """
    at = np.flatnonzero(among)
    order = at[np.lexsort((-size[at], book[at]))]
    rank = np.arange(len(order)) - np.searchsorted(book[order], book[order])
    found = np.zeros(len(size), dtype=bool)
    found[order[rank < count]] = True
    return found


def grouped(texts: pd.Series[str]) -> tuple[Positions, NDArray[np.object_]]:
    """Codes and their labels, sorted, of a text column; empty texts are a group of their own."""
    named = texts.fillna("").astype(object).replace("", NONE)
    codes, labels = pd.factorize(named, sort=True)
    return codes.astype(np.int64), np.asarray(labels, dtype=object)


@dataclass(frozen=True, eq=False)
class Today:
    """Today's books beside a finished plan, read from the tables alone.

    ``books`` are the accounts under the rule's ``where``, with the rep who serves each. ``stays``
    marks those whose owner stays, ``ours`` those among them whose owner is under ``where_rep``, and
    ``forced`` those whose owner leaves or has left: with ``where_rep`` only owners it speaks of.
    ``moves`` marks those of ``stays`` that another rep serves, or nobody.
    """

    books: pd.DataFrame
    stays: pd.Series[bool]
    ours: pd.Series[bool]
    forced: pd.Series[bool]
    moves: pd.Series[bool]

    @classmethod
    def of(cls, rule: Rule, problem: Problem, assignment: pd.Series[str]) -> Today:
        """What ``assignment`` does to the books that ``rule`` speaks of."""
        served = problem.accounts["account_id"].map(assignment).astype(object)
        books = problem.accounts.assign(rep_id=served)
        if rule.where is not None:
            books = books[rule.speaks_of(problem)]
        owner = books["owner_id"]
        roster = problem.reps.loc[problem.serves, "rep_id"]
        stay = owner.isin(roster)
        heard = pd.Series(True, books.index)
        if rule.where_rep is not None:
            heard = owner.isin(problem.reps.loc[rule.speaks_to(problem), "rep_id"])
        return cls(
            books,
            stay,
            stay & heard,
            owner.notna() & ~stay & heard,
            stay & (owner != books["rep_id"]),
        )

    def forced_note(self, name: str, amount: float, unit: str, words: str) -> list[Finding]:
        """What is known of accounts that move whatever anyone decides: a note, where there are any.

        ``words`` follow their number.
        """
        count = int(self.forced.sum())
        if not count:
            return []
        message = f"{counted(count, 'account')}{words}"
        weight = Weight.NOTE
        return [
            Finding(
                rule=name, weight=weight, where="all", amount=amount, unit=unit, message=message
            )
        ]
