"""What the filters of a scenario match: accounts, reps, and how much money that is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optiterr.errors import OptiterrWarning
from optiterr.findings import counted, written
from optiterr.problem import Problem
from optiterr.rules import Rule

MONEY = "revenue"
"""The account column whose sum is shown where no column is declared in currency."""


@dataclass(frozen=True)
class Match:
    """How many of the accounts and reps a rule speaks of, and what those accounts are worth.

    ``reps`` is None for a rule without a filter of reps; ``money`` adds up column ``of``, and is
    None where there is none.
    """

    rule: str
    accounts: int
    reps: int | None
    money: float | None
    of: str

    def words(self) -> str:
        """The match in a few words."""
        said = counted(self.accounts, "account")
        if self.money is not None:
            said += f", {written(self.money)} {self.of}"
        return said if self.reps is None else f"{said}; {counted(self.reps, 'rep')}"


def matches(
    rules: Mapping[str, Rule], problem: Problem, units: Mapping[str, str] | None = None
) -> tuple[Match, ...]:
    """What each rule with a filter matches, in the order of the rules.

    ``units`` are the declared units of account columns: the first one in currency is added up, or
    else the column ``revenue``.
    """
    of = next((name for name, unit in (units or {}).items() if unit == "currency"), MONEY)
    money = _numbers(problem, of)
    found = []
    for name, rule in rules.items():
        if rule.where is None and rule.where_rep is None:
            continue
        mask = rule.speaks_of(problem)
        found.append(
            Match(
                name,
                int(mask.sum()),
                None if rule.where_rep is None else int(rule.speaks_to(problem).sum()),
                None if money is None else float(money[mask].sum()),
                of,
            )
        )
    return tuple(found)


def warn_of_nothing(rules: Mapping[str, Rule], problem: Problem) -> None:
    """An OptiterrWarning for each rule whose filters match no account or no rep."""
    for name, words in _of_nothing(rules, problem):
        warnings.warn(f"rule {name!r} {words}", OptiterrWarning, stacklevel=3)


def _of_nothing(rules: Mapping[str, Rule], problem: Problem) -> Iterator[tuple[str, str]]:
    for name, rule in rules.items():
        for noun, given, mask in (
            ("account", rule.where, rule.speaks_of),
            ("rep", rule.where_rep, rule.speaks_to),
        ):
            if given is not None and not mask(problem).any():
                yield name, f"matches no {noun}, so it asks for nothing: {given.words()}"


def _numbers(problem: Problem, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """A column of the accounts as numbers; None where it does not hold any."""
    if name not in problem.accounts:
        return None
    values = pd.to_numeric(problem.accounts[name], errors="coerce").to_numpy(dtype=float)
    return None if np.isnan(values).any() else values
