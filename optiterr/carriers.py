"""Who carries a load: each rep alone, or together all reps with the same value of a column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import DataError, Fault
from optiterr.pairs import Floats, Mask
from optiterr.problem import Problem

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Carriers:
    """Those whose loads a rule bounds: a row each, named by ``labels``.

    ``of`` holds for each rep the position of the carrier that the rep's accounts load, -1 for none:
    reps that a rule does not speak to, and reps who do not serve. ``noun`` says what a label names:
    a rep, or the column whose value it is.
    """

    noun: str
    labels: NDArray[np.object_]
    of: Positions

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def serving(self) -> Mask:
        """Which carriers have a rep who serves; the others are bound by nothing."""
        found = np.zeros(len(self), dtype=bool)
        found[self.of[self.of >= 0]] = True
        return found

    def added(self, values: Floats) -> Floats:
        """A number of each rep, added up over the reps of each carrier."""
        carry = self.of >= 0
        total = np.bincount(self.of[carry], values[carry], minlength=len(self))
        return total.astype(float)

    def loads(self, problem: Problem, accounts: Mask, measure: str) -> Loads:
        """What each candidate pair of ``accounts`` adds to its carrier; others add nothing."""
        row = self.of[problem.pairs.rep]
        pair = np.flatnonzero((row >= 0) & accounts[problem.pairs.account])
        return Loads(row[pair], pair, problem.pair_number(measure)[pair])

    def grouped(self, rule: str, problem: Problem, column: str) -> Positions:
        """The group of each carrier by a rep column, counted from 0; -1 where no rep serves.

        DataError for reps without a group, and for carriers whose reps are in several.
        """
        carry = self.of >= 0
        group = np.full(len(self), -1, dtype=np.int64)
        what, fix = f"names no group in column {column!r}", "name one for every rep who serves"
        text = _values(rule, problem, column, carry, what, fix)[carry]
        code = np.unique(text, return_inverse=True)[1]
        group[self.of[carry]] = code
        several = self.of[carry][code != group[self.of[carry]]]
        self.refuse(
            rule,
            np.isin(np.arange(len(self)), several),
            f"its reps are in several groups of column {column!r}",
            f"name a column that is the same for all reps of a {self.noun}, or drop groups",
        )
        return group

    def faults(self, rule: str, wrong: Mask, what: str, fix: str) -> list[Fault]:
        """The same fault for each carrier that is ``wrong``."""
        where = f"rule {rule!r}, {self.noun}"
        return [Fault(f"{where} {label!r}", what, fix) for label in self.labels[wrong]]

    def refuse(self, rule: str, wrong: Mask, what: str, fix: str) -> None:
        """DataError with that fault for each carrier that is ``wrong``, if any is."""
        if wrong.any():
            raise DataError.of(self.faults(rule, wrong, what, fix))


@dataclass(frozen=True, eq=False)
class Loads:
    """What candidate pairs add to the loads of carriers: position of each, and how much."""

    row: Positions
    pair: Positions
    amount: Floats


def carriers(rule: str, problem: Problem, by: str | None, reps: Mask) -> Carriers:
    """Each of the ``reps`` alone, or the values of rep column ``by`` that those who serve have.

    DataError for reps who serve and have no value. Depends on the tables only.
    """
    if by is None:
        serves = problem.serves[reps]
        of = np.full(len(reps), -1, dtype=np.int64)
        of[np.flatnonzero(reps)[serves]] = np.flatnonzero(serves)
        return Carriers("rep", problem.rep_ids[reps], of)
    carry = reps & problem.serves
    what, fix = f"has nothing in column {by!r}", "fill it in for every rep who serves"
    values = _values(rule, problem, by, carry, what, fix)
    labels, place = np.unique(values[carry], return_inverse=True)
    of = np.full(len(reps), -1, dtype=np.int64)
    of[carry] = place
    return Carriers(by, labels.astype(object), of)


def _values(
    rule: str, problem: Problem, column: str, reps: Mask, what: str, fix: str
) -> NDArray[np.str_]:
    """The text of each rep in ``column``; DataError for those of ``reps`` where it is empty."""
    text = problem.reps[column].fillna("").to_numpy(dtype=object)
    empty = problem.rep_ids[reps & (text == "")]
    if len(empty):
        raise DataError.of(Fault(f"rule {rule!r}, rep {rep!r}", what, fix) for rep in empty)
    return text.astype(str)
