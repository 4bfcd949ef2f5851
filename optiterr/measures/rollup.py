"""Roll-up: an amount along families of accounts, in which no subsidiary is counted twice."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints

from optiterr.errors import DataError, Fault, meant
from optiterr.findings import counted, listed, written
from optiterr.measures import Measure
from optiterr.measures.mixing import Told, UnitOf
from optiterr.pairs import Floats
from optiterr.problem import Column, Groups, Problem
from optiterr.units import Quantity

Name = Annotated[str, StringConstraints(min_length=1)]
Positions = NDArray[np.int64]

NOISE = 1e-12
"""Children may report more than their parent by this share of its number: rounding of the sum."""

MOST_NAMED = 20
"""Accounts whose numbers contradict each other that are told one by one; the rest is counted."""


class Rollup(Measure):
    """An amount of each account along its family, in which no subsidiary is counted twice.

    Where numbers are consolidated, a parent's number includes everything below it, and its own
    amount is that number less the numbers of its children; children who report more than their
    parent are an error. Own amounts add up. The total of an account with all below it, and that of
    the whole family at each of its members, overlap: rules that add a measure up refuse them.
    """

    algebra: ClassVar[str] = (
        r"a_i = v_i - \sum_{k : \mathrm{parent}(k) = i} v_k, \qquad "
        r"t_i = \sum_{k \preceq i} a_k, \qquad f_i = \sum_{k \in F(i)} a_k"
    )

    kind: Literal["rollup"] = "rollup"
    of: Name = Field(description="account column or measure that is rolled up")
    group: Name = Field(description="name of the families under groups: that it follows")
    reported: Literal["own", "consolidated"] = Field(
        description="whether the number of a parent is its own only, or includes all below it"
    )
    gives: Literal["own", "total", "family"] = Field(
        "own",
        description="each account's own amount, which adds up; the total of the account with all "
        "below it; or that of its whole family",
    )

    @property
    def adds_up(self) -> bool:
        return self.gives == "own"

    def reads(self) -> tuple[Column, ...]:
        return (Column("accounts", self.of, additive=self.reported == "own"),)

    def measured_in(self, of: UnitOf, told: Told) -> Quantity:
        return of("accounts", self.of)

    def values(self, problem: Problem) -> Floats:
        families, number = self._families(problem), problem.account_number(self.of)
        own = self._own(problem, families, number) if self.reported == "consolidated" else number
        if self.gives == "own":
            return own
        if self.gives == "family":
            total = np.bincount(families.group, own, minlength=len(families.labels))
            return np.asarray(total[families.group])
        return number if self.reported == "consolidated" else _with_all_below(families, own)

    def _families(self, problem: Problem) -> Groups:
        if self.group not in problem.groups:
            fix = meant(self.group, problem.groups, f"add it under groups: {{{self.group}: ...}}")
            raise DataError("group", f"there are no groups called {self.group!r}", fix)
        groups = problem.groups[self.group]
        if not groups.is_hierarchy:
            raise DataError(
                "group",
                f"a roll-up follows parents, and the groups called {self.group!r} have none",
                f"make them families with groups: {{{self.group}: {{parent: ...}}}}",
            )
        return groups

    def _own(self, problem: Problem, families: Groups, number: Floats) -> Floats:
        """Consolidated numbers less those of the children; DataError where that is negative."""
        child = np.flatnonzero(families.parent >= 0)
        above = families.parent[child]
        below = np.bincount(above, number[child], minlength=len(number)).astype(float)
        own = number - below
        wrong = np.flatnonzero(own < -NOISE * below)
        if len(wrong):
            raise DataError.of(self._told(problem, families.parent, number, below, wrong))
        return np.where(own < 0, 0.0, own)

    def _told(
        self, problem: Problem, parent: Positions, number: Floats, below: Floats, wrong: Positions
    ) -> list[Fault]:
        fix = (
            "correct the numbers, or write reported: own if the number of a parent does not "
            "include its children"
        )
        faults = []
        for at in wrong[:MOST_NAMED].tolist():
            children = np.flatnonzero(parent == at)
            count = f"{len(children)} children" if len(children) > 1 else "child"
            faults.append(
                Fault(
                    f"account {problem.account_ids[at]!r}",
                    f"reports {written(number[at])} {self.of}, less than the {written(below[at])} "
                    f"of its {count} ({listed(problem.account_ids[children])})",
                    fix,
                )
            )
        rest = wrong[MOST_NAMED:]
        if len(rest):
            more = f"{counted(len(rest), 'more account')} of the kind above"
            faults.append(Fault("accounts", f"{more}: {listed(problem.account_ids[rest])}", fix))
        return faults


def _with_all_below(families: Groups, own: Floats) -> Floats:
    """The amount of each account with everything below it: the deepest accounts first."""
    total = own.copy()
    order = np.argsort(-families.depth, kind="stable")
    ends = np.flatnonzero(np.diff(families.depth[order])) + 1
    for level in np.split(order, ends):
        level = level[families.parent[level] >= 0]
        np.add.at(total, families.parent[level], total[level])
    return total
