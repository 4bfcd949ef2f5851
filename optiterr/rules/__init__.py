"""Rules: named statements about books that compile themselves and judge a finished plan."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from optiterr.errors import SpecError, meant
from optiterr.filters import Filter
from optiterr.findings import Finding, Weight
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Mask
from optiterr.problem import Column, Problem


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Kinds of accounts and the reps who may serve each.

    ``kind`` has one entry per account, counted from 0; ``may`` has shape (kinds, reps).
    """

    kind: NDArray[np.int64]
    may: Mask


class Rule(BaseModel):
    """Base of all rules. A rule with a ``price`` is soft; without one it is hard.

    A subclass declares ``kind: Literal["..."] = "..."`` and implements :meth:`compile` and
    :meth:`check`; these share parameters, never arithmetic. Its docstring is shown to users as law.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    algebra: ClassVar[str] = ""
    """The rule in LaTeX, over accounts i and reps j."""

    kind: str
    price: float | None = Field(
        None, ge=0, description="cost of each unit broken; without it the rule is hard"
    )
    where: Filter | None = Field(
        None, description="accounts that this rule speaks of; without it all of them"
    )
    where_rep: Filter | None = Field(
        None, description="reps that this rule speaks of; without it all of them"
    )

    def reads(self) -> tuple[Column, ...]:
        """The columns that must be valid before this rule can compile, those of filters aside."""
        return ()

    def asks(self) -> tuple[Column, ...]:
        """All columns that must be valid before this rule can compile."""
        accounts = () if self.where is None else self.where.columns("accounts")
        reps = () if self.where_rep is None else self.where_rep.columns("reps")
        return (*self.reads(), *accounts, *reps)

    def speaks_of(self, problem: Problem) -> Mask:
        """The accounts that this rule speaks of, shape (accounts,)."""
        if self.where is None:
            return np.ones(len(problem.accounts), dtype=bool)
        return self.where.mask(problem.accounts, problem.planning_date)

    def speaks_to(self, problem: Problem) -> Mask:
        """The reps that this rule speaks of, shape (reps,)."""
        if self.where_rep is None:
            return np.ones(len(problem.reps), dtype=bool)
        return self.where_rep.mask(problem.reps, problem.planning_date)

    def under(self, problem: Problem) -> Mask:
        """The candidate pairs of accounts and reps that this rule speaks of, shape (P,)."""
        of, to = self.speaks_of(problem), self.speaks_to(problem)
        return np.asarray(of[problem.pairs.account] & to[problem.pairs.rep])

    def books(self, problem: Problem, assignment: pd.Series[str]) -> pd.DataFrame:
        """The account table with who serves each, for checks: what this rule speaks of only.

        Without ``where_rep`` the accounts that nobody serves are there too.
        """
        books = problem.books(assignment)
        if self.where is not None:
            books = books[self.speaks_of(problem)]
        if self.where_rep is not None:
            heard = problem.reps.loc[self.speaks_to(problem), "rep_id"]
            books = books[books["rep_id"].isin(heard)]
        return books

    def joins(self, problem: Problem) -> NDArray[np.int64] | None:
        """A label for each account, -1 for none: a hard rule gives accounts of one label one rep.

        The model then holds them as one account. None: the rule keeps nothing together.
        """
        return None

    def optional(self, problem: Problem) -> Mask | None:
        """Accounts that this rule lets stay open, shape (accounts,); None: none of them."""
        return None

    def may_open(self, problem: Problem) -> Mask | None:
        """Accounts that a hard rule does not forbid to stay open; None: it forbids none."""
        return None

    def eligible(self, problem: Problem) -> Eligibility | None:
        """Which reps a hard rule leaves to each kind of account, when it can say so without pairs.

        Used to look for the nearest reps among those who may serve; must agree with :meth:`allows`.
        Written as if the rule spoke of everything: :meth:`eligibility` minds the filters.
        """
        return None

    def allows(self, problem: Problem) -> Mask | None:
        """Which candidate pairs a hard rule lets be picked, shape (P,); None: all of them.

        Written as if the rule spoke of everything: :meth:`allowed` minds the filters.
        """
        return None

    def eligibility(self, problem: Problem) -> Eligibility | None:
        """What :meth:`eligible` says, for the accounts and reps that the rule speaks of."""
        said = self.eligible(problem)
        if said is None or (self.where is None and self.where_rep is None):
            return said
        may = said.may | ~self.speaks_to(problem)
        kind = np.where(self.speaks_of(problem), said.kind, len(may))
        return Eligibility(kind, np.vstack([may, np.ones((1, may.shape[1]), dtype=bool)]))

    def allowed(self, problem: Problem) -> Mask | None:
        """What :meth:`allows` says, for the accounts and reps that the rule speaks of."""
        said = self.allows(problem)
        if said is None or (self.where is None and self.where_rep is None):
            return said
        return np.asarray(said | ~self.under(problem))

    def entries_per_pair(self, problem: Problem) -> float:
        """How many matrix entries, about, this rule makes for each pair.

        Left-out pairs are priced in chunks that keep the entries of all rules within memory.
        """
        return 1.0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        """Add this rule's costs and rows for the pairs of ``problem`` to ``model``.

        Only pairs that every rule allows are left in ``problem.pairs``. Row labels and limits
        depend on the tables alone, never on which pairs are candidates, so that left-out pairs can
        be priced.
        """
        raise NotImplementedError

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        """Judge ``assignment`` (rep id by account id, missing where nobody serves)."""
        raise NotImplementedError

    @property
    def severity(self) -> Weight:
        """What missing this rule means: a breach when hard, a priced finding when soft."""
        return Weight.BREACH if self.price is None else Weight.PRICED

    def formula(self, say: Notation) -> tuple[str, ...]:
        """What this rule asks for as lines of plain text, its own names and numbers put in.

        Rows and prohibitions, with the free columns ``over`` and ``under`` where it is priced.
        """
        return ()

    def term(self, say: Notation) -> str:
        """What the price is paid for, as a line of plain text; empty for a hard rule."""
        return ""


@cache
def registry() -> dict[str, type[Rule]]:
    """Every rule by its kind: the files of this package, then entry points ``optiterr.rules``."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    for entry in entry_points(group="optiterr.rules"):
        entry.load()
    found: dict[str, type[Rule]] = {}
    for rule in _subclasses(Rule):
        kind = rule.model_fields["kind"].default
        if isinstance(kind, str):
            if kind in found and found[kind] is not rule:
                raise SpecError(
                    f"rule kind {kind!r}",
                    f"{found[kind].__module__} and {rule.__module__} both define it",
                    "rename one of the two kinds",
                )
            found[kind] = rule
    return dict(sorted(found.items()))


def _subclasses(base: type[Any]) -> list[type[Any]]:
    return [one for child in base.__subclasses__() for one in (child, *_subclasses(child))]


def rule_class(kind: str) -> type[Rule]:
    """The rule of that kind; SpecError with the nearest known kind when there is none."""
    known = registry()
    if kind in known:
        return known[kind]
    raise SpecError(
        "rules",
        f"unknown kind {kind!r}",
        meant(kind, known, f"known kinds: {', '.join(known)}"),
    )
