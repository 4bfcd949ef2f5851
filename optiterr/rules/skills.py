"""Skills: what an account needs and what a rep has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from optiterr.errors import DataError, Fault
from optiterr.findings import Finding, counted
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, of_rep
from optiterr.pairs import Mask
from optiterr.problem import Column, Problem
from optiterr.rules import Eligibility, Rule

Counts = NDArray[np.int64]

MOST_NAMED = 5
"""Up to this many accounts of a rep are named in a finding."""


class Skills(Rule):
    """A rep serves an account only with every skill it needs, at the level it needs."""

    algebra: ClassVar[str] = (
        r"x_{ij} \cdot \left|\{ s : \mathrm{needed}_{is} > \mathrm{level}_{js} \}\right| = 0"
        r" \quad \forall i, j"
    )

    kind: Literal["skills"] = "skills"
    needs: str | None = Field(
        "skills", description="account column that lists skills needed: 'skill' or 'skill:level'"
    )
    has: str = Field("skills", description="rep column that lists skills: 'skill' or 'skill:level'")
    separator: str = Field(
        ";", min_length=1, max_length=5, description="what stands between skills"
    )
    levels: dict[str, str] = Field(
        default_factory=dict,
        description="account number column: rep number column that must reach it",
    )

    @model_validator(mode="after")
    def _compares_something(self) -> Self:
        if self.needs is None and not self.levels:
            raise ValueError("skills needs the column that lists them, levels to compare, or both")
        if ":" in self.separator:
            raise ValueError("the separator cannot hold ':', which stands before a level")
        return self

    def reads(self) -> tuple[Column, ...]:
        found = []
        if self.needs is not None:
            found += [Column("accounts", self.needs, "text"), Column("reps", self.has, "text")]
        for needed, held in self.levels.items():
            found += [
                Column("accounts", needed, minimum=None),
                Column("reps", held, minimum=None),
            ]
        return tuple(found)

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        kind, missing = self._missing(problem, slice(None))
        return Eligibility(kind, missing == 0)

    def allows(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else self._count(problem) == 0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is not None:
            missing = np.where(self.under(problem), self._count(problem), 0)
            model.add_cost(name, self.price * missing)

    def _count(self, problem: Problem) -> Counts:
        """How many skills and levels each candidate pair misses, shape (P,)."""
        account = problem.pairs.account
        if not len(account):
            return np.zeros(0, dtype=np.int64)
        first, last = int(account[0]), int(account[-1]) + 1
        kind, missing = self._missing(problem, slice(first, last))
        return np.asarray(missing[kind[account - first], problem.pairs.rep])

    def _missing(self, problem: Problem, part: slice) -> tuple[Counts, Counts]:
        """Kinds of the accounts in ``part``, and what each rep misses for each kind."""
        kind = np.zeros(len(problem.accounts[part]), dtype=np.int64)
        missing = np.zeros((1, len(problem.reps)), dtype=np.int64)
        if self.needs is not None:
            kind, missing = self._missing_skills(problem, problem.accounts[self.needs][part])
        for needed, held in self.levels.items():
            # Only which reps reach a level matters, so levels between those of two reps are alike.
            have = problem.rep_number(held)
            steps = np.unique(have)
            place = np.searchsorted(steps, problem.account_number(needed)[part])
            lacks = np.searchsorted(steps, have) < np.arange(len(steps) + 1)[:, np.newaxis]
            used, kind = np.unique(kind * len(lacks) + place, return_inverse=True)
            missing = missing[used // len(lacks)] + lacks[used % len(lacks)]
        return kind, missing

    def _missing_skills(self, problem: Problem, needs: pd.Series[str]) -> tuple[Counts, Counts]:
        kind, wanted = pd.factorize(needs.fillna(""))
        held, texts = pd.factorize(problem.reps[self.has].fillna(""))
        faults: list[Fault] = []
        wants = [self._entries(text, f"accounts, column {self.needs!r}", faults) for text in wanted]
        owns = [self._entries(text, f"reps, column {self.has!r}", faults) for text in texts]
        if faults:
            raise DataError.of(faults)
        entries = sorted({entry for want in wants for entry in want.items()})
        at = {entry: place for place, entry in enumerate(entries)}
        asked = np.zeros((len(wants), len(entries)), dtype=np.int64)
        for row, want in enumerate(wants):
            asked[row, [at[entry] for entry in want.items()]] = 1
        lacks = np.zeros((len(owns), len(entries)), dtype=np.int64)
        for row, own in enumerate(owns):
            lacks[row] = [own.get(skill, -np.inf) < level for skill, level in entries]
        return kind.astype(np.int64), (asked @ lacks.T)[:, held]

    def _entries(self, text: str, where: str, faults: list[Fault]) -> dict[str, float]:
        """Level by skill; the highest counts where a skill is named twice."""
        found: dict[str, float] = {}
        for entry in filter(None, (part.strip() for part in str(text).split(self.separator))):
            skill, colon, level = entry.partition(":")
            try:
                number = float(level) if colon else 1.0
            except ValueError:
                number = np.nan
            if not skill.strip() or not np.isfinite(number):
                faults.append(
                    Fault(
                        where,
                        f"{entry!r} is no skill",
                        "write 'skill' or 'skill:level' with a number as level",
                    )
                )
                continue
            found[skill.strip()] = max(number, found.get(skill.strip(), -np.inf))
        return found

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        books = books[books["rep_id"].isin(problem.reps["rep_id"])]
        reps = problem.reps.set_index("rep_id", drop=False)
        gone: list[list[str]] = [[]]
        met = np.zeros(len(books), dtype=np.int64)
        if self.needs is not None:
            need, texts = pd.factorize(books[self.needs].fillna(""))
            has, held_texts = pd.factorize(books["rep_id"].map(reps[self.has].fillna("")))
            both, met = np.unique(need * len(held_texts) + has, return_inverse=True)
            ends = [divmod(int(one), len(held_texts)) for one in both]
            gone = [_unmet(texts[a], held_texts[b], self.separator) for a, b in ends]
        below = [
            (held, (books[needed] > books["rep_id"].map(reps[held])).to_numpy(dtype=bool))
            for needed, held in self.levels.items()
        ]
        count = np.array([len(one) for one in gone], dtype=np.int64)[met] if len(met) else met
        for _, low in below:
            count = count + low
        short = np.flatnonzero(count)
        account_id = books["account_id"].to_numpy(dtype=object)
        place, rep_ids = pd.factorize(books["rep_id"].iloc[short], sort=True)
        last = np.cumsum(np.bincount(place, minlength=1))[:-1]
        for at, rows in enumerate(np.split(short[np.argsort(place, kind="stable")], last)):
            named = []
            for row in rows[:MOST_NAMED]:
                lacks = gone[met[row]] + [held for held, low in below if low[row]]
                named.append(f"{account_id[row]} ({', '.join(lacks)})")
            if len(rows) > MOST_NAMED:
                named[-1] += f" and {len(rows) - MOST_NAMED:,} more"
            if named:
                yield Finding(
                    rule=name,
                    weight=self.severity,
                    where=str(rep_ids[at]),
                    amount=float(count[rows].sum()),
                    unit="missing skills",
                    message=f"rep {rep_ids[at]} serves {counted(len(rows), 'account')} without "
                    f"every skill needed: {', '.join(named)}",
                )

    def formula(self, say: Notation) -> tuple[str, ...]:
        parts = [
            f"[{say.of_account(needed)} > {of_rep(held)}]" for needed, held in self.levels.items()
        ]
        if self.needs is not None:
            needed, held = say.of_account(self.needs), of_rep(self.has)
            split = f" split at {self.separator!r}"
            parts.insert(0, f"|{needed}{split} that {held} has not, or not at the level|")
        lines = [f"missing_ij = {' + '.join(parts)}"]
        if self.price is None:
            lines.append(f"{say.every_pair}: x_ij = 0 where missing_ij > 0")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        return "" if self.price is None else say.pairs("missing_ij x_ij")


def _unmet(need: str, has: str, separator: str) -> list[str]:
    """The needed skills, as written, that a list of skills does not cover."""
    levels: dict[str, list[float]] = {}
    for entry in has.split(separator):
        if entry.strip():
            skill, _, level = (entry + ("" if ":" in entry else ":1")).partition(":")
            levels.setdefault(skill.strip(), []).append(float(level))
    asked: dict[str, list[float]] = {}
    for entry in need.split(separator):
        if entry.strip():
            skill, _, level = (entry + ("" if ":" in entry else ":1")).partition(":")
            asked.setdefault(skill.strip(), []).append(float(level))
    return [
        skill if max(wanted) == 1 else f"{skill}:{max(wanted):g}"
        for skill, wanted in asked.items()
        if not any(level >= max(wanted) for level in levels.get(skill, []))
    ]
