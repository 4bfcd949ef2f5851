"""Locks: named accounts stay with a rep, or never go to one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from optiterr.errors import DataError, Fault, meant, nearest
from optiterr.findings import Finding, Weight, counted, listed
from optiterr.model import ModelBuilder
from optiterr.notation import Notation
from optiterr.pairs import Mask
from optiterr.problem import DEPARTED, NOBODY, Problem
from optiterr.rules import Eligibility, Rule
from optiterr.rules.spoken import lock_words

Positions = NDArray[np.int64]
InForce = tuple[Positions, Positions, Mask]

MOST_NAMED = 20
"""Up to this many broken locks get a finding of their own; beyond, one finding counts them."""

MOST_COMPARED = 20_000
"""A misspelt id is compared with known ones only in tables of up to this many."""


class Keep(BaseModel):
    """An account that stays with a rep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(min_length=1, description="account id")
    rep: str | None = Field(None, description="rep id; without it today's owner")
    reason: str = Field("", description="why, in words; shown in findings")
    until: dt.date | None = Field(None, description="last day of the lock; empty: it never ends")


class Forbid(BaseModel):
    """An account that never goes to a rep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(min_length=1, description="account id")
    rep: str = Field(min_length=1, description="rep id")
    reason: str = Field("", description="why, in words; shown in findings")
    until: dt.date | None = Field(None, description="last day of the lock; empty: it never ends")


class Locks(Rule):
    """Accounts named as kept are served by the rep named, and never by a rep forbidden to them.

    A kept account cannot stay open. Locks of accounts that the rule does not speak of do not count.
    """

    algebra: ClassVar[str] = (
        r"x_{ij} = 1 \quad \forall (i, j) \in \mathrm{keep}, \qquad "
        r"x_{ij} = 0 \quad \forall (i, j) \in \mathrm{forbid}"
    )

    kind: Literal["locks"] = "locks"
    keep: tuple[Keep, ...] = Field((), description="accounts that stay with a rep")
    forbid: tuple[Forbid, ...] = Field((), description="accounts that never go to a rep")
    table: str | None = Field(
        None,
        description="name of a table: account, rep, action (keep or forbid), reason, until",
    )

    @model_validator(mode="after")
    def _names_its_reps(self) -> Self:
        if self.where_rep is not None:
            raise ValueError("each lock names its rep: drop where_rep, and use where for accounts")
        return self

    def may_open(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else _kept(problem, self._in_force(problem)) == NOBODY

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        account, rep, keeps = self._in_force(problem)
        reps = len(problem.reps)
        kind = np.zeros(len(problem.accounts), dtype=np.int64)
        kind[account[keeps]] = 1 + rep[keeps]
        may = np.vstack([np.ones((1, reps), dtype=bool), np.eye(reps, dtype=bool)])
        at, banned = account[~keeps], rep[~keeps]
        order = np.lexsort((banned, at))
        sets = pd.Series(banned[order].astype(str)).groupby(at[order]).agg(",".join)
        codes, known = pd.factorize(sets)
        which = pd.Series(codes + 1, sets.index)
        opened = np.ones((1 + len(known), reps), dtype=bool)
        opened[which.reindex(at).to_numpy(), banned] = False
        said = which.reindex(range(len(kind)), fill_value=0).to_numpy()
        joint, kind = np.unique(kind * len(opened) + said, return_inverse=True)
        return Eligibility(kind, may[joint // len(opened)] & opened[joint % len(opened)])

    def allows(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else _broken(problem, self._in_force(problem)) == 0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is not None:
            locks = self._in_force(problem)
            model.add_cost(name, self.price * _broken(problem, locks))
            model.charge_open(name, self.price * (_kept(problem, locks) != NOBODY))

    def _in_force(self, problem: Problem) -> InForce:
        """Account, rep and whether it is kept, for every lock that counts, each at most once.

        DataError for every lock that cannot be read, contradicts another, or names nobody known.
        """
        faults: list[Fault] = []
        locks = self._written(problem, faults)
        dated = locks["until"].notna()
        if problem.planning_date is None:
            for lock in locks[dated].itertuples():
                what = f"the lock of account {lock.account!r} ends, but there is no planning date"
                faults.append(Fault(str(lock.where), what, "set planning_date, or drop until"))
        else:
            locks = locks[~dated | (locks["until"] >= pd.Timestamp(problem.planning_date))]
        named = locks["rep"].notna().to_numpy()
        account = problem.account_index.get_indexer(pd.Index(locks["account"]))
        counts = np.append(self.speaks_of(problem), True)[account]  # unknown accounts are told
        locks, account, named = locks[counts], account[counts], named[counts]
        rep = problem.rep_index.get_indexer(pd.Index(locks["rep"].where(named, "")))
        owner = np.append(problem.owner, NOBODY)[account]
        rep = np.where(named | (account < 0), rep, owner).astype(np.int64)
        keeps = (locks["action"] == "keep").to_numpy()
        faults += [
            _unknown(str(lock.where), "account", str(lock.account), problem.account_index)
            for lock in locks[account < 0].itertuples()
        ]
        faults += [
            _unknown(str(lock.where), "rep", str(lock.rep), problem.rep_index)
            for lock in locks[named & (rep < 0)].itertuples()
        ]
        blank = ~named & (account >= 0)
        gone = keeps & (rep >= 0) & ~problem.serves[np.maximum(rep, 0)]
        for wrong, what in (
            (blank & (rep == NOBODY), "is kept without naming a rep, but nobody owns it"),
            (blank & (rep == DEPARTED), "is kept with its owner, who leaves or has left"),
            (gone, "is kept with a rep who leaves"),
        ):
            faults += [
                Fault(str(lock.where), f"account {lock.account!r} {what}", "name a rep who stays")
                for lock in locks[wrong].itertuples()
            ]
        usable = (account >= 0) & (rep >= 0)
        locks = locks[usable].assign(at=account[usable], to=rep[usable])
        faults += _contradictions(locks)
        if faults:
            raise DataError.of(faults)
        locks = locks.drop_duplicates(["at", "to"])
        keeps = (locks["action"] == "keep").to_numpy()
        return locks["at"].to_numpy(np.int64), locks["to"].to_numpy(np.int64), keeps

    def _written(self, problem: Problem, faults: list[Fault]) -> pd.DataFrame:
        """Every lock as written, here and in the table: account, rep, action, until, where."""
        entries: list[tuple[str, Sequence[Keep | Forbid]]]
        entries = [("keep", self.keep), ("forbid", self.forbid)]
        rows = [
            (lock.account, lock.rep, action, lock.until, f"locks, {action}, entry {place + 1}")
            for action, locks in entries
            for place, lock in enumerate(locks)
        ]
        columns = ["account", "rep", "action", "until", "where"]
        here = pd.DataFrame(rows, columns=columns, dtype=object)
        here["until"] = pd.to_datetime(here["until"])
        if self.table is None:
            return here
        if self.table not in problem.tables:
            fix = meant(self.table, problem.tables, f"add it under data: tables: {self.table}:")
            faults.append(Fault("locks, table", f"there is no table {self.table!r}", fix))
            return here
        given = problem.tables[self.table]
        lacking = [column for column in ("account", "rep", "action") if column not in given]
        if lacking:
            what = f"no column {', '.join(map(repr, lacking))}"
            faults.append(Fault(f"table {self.table!r}", what, "add it, or map it under columns"))
            return here
        made = given.reindex(columns=columns).astype(object)
        made["where"] = [f"table {self.table!r}, row {place + 1}" for place in range(len(made))]
        for column in ("account", "rep", "action"):
            text = made[column].map(str, na_action="ignore").str.strip()
            made[column] = text.where(text.notna() & (text != ""), None)
        written = made["until"].where(made["until"] != "", None)
        made["until"] = pd.to_datetime(written, errors="coerce", format="mixed")
        for wrong, what, fix in (
            (~made["action"].isin(["keep", "forbid"]), "the action is unknown", "keep or forbid"),
            (made["account"].isna(), "no account is named", "the account's id"),
            (made["rep"].isna() & (made["action"] == "forbid"), "no rep is named", "the rep's id"),
            (made["until"].isna() & written.notna(), "'until' is no date", "YYYY-MM-DD"),
        ):
            faults += [Fault(where, what, f"write {fix}") for where in made["where"][wrong]]
        made = made[made["account"].notna() & made["action"].isin(["keep", "forbid"])]
        return pd.concat([here, made], ignore_index=True) if len(here) else made

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        locks: list[Mapping[Hashable, object]]
        locks = [{**dict(lock), "action": "keep"} for lock in self.keep]
        locks += [{**dict(lock), "action": "forbid"} for lock in self.forbid]
        if self.table in problem.tables:
            locks += problem.tables[str(self.table)].to_dict("records")
        owned_by = problem.accounts["owner_id"].to_numpy(dtype=object)
        owner = dict(zip(problem.account_ids, owned_by, strict=True))
        aside = set(problem.account_ids[~self.speaks_of(problem)])
        serving = assignment.to_dict()
        day, ended, broken = problem.planning_date, 0, dict[tuple[str, str], str]()
        for lock in locks:
            account, until = _said(lock, "account") or "", _said(lock, "until")
            if account in aside:
                continue
            if until is not None and day is not None and pd.Timestamp(until).date() < day:
                ended += 1
                continue
            kept, served = _said(lock, "action") == "keep", serving.get(account)
            rep = _said(lock, "rep") or str(owner.get(account))
            if (served == rep) == kept:
                continue
            now = "nobody serves it" if pd.isna(served) else f"rep {served} serves it"
            words = f"kept with rep {rep}, but {now}"
            if not kept:
                words = f"forbidden to rep {rep}, who serves it"
            reason = _said(lock, "reason")
            broken[account, rep] = f"account {account} is {words}" + (
                f" ({reason})" if reason else ""
            )
        for (account, _), message in broken.items() if len(broken) <= MOST_NAMED else ():
            yield _finding(name, self.severity, account, 1, message)
        if len(broken) > MOST_NAMED:
            first, more = next(iter(broken.values())), counted(len(broken) - 1, "more lock")
            others = listed(account for account, _ in list(broken)[1:])
            message = f"{first}; {more} are broken: {others}"
            yield _finding(name, self.severity, "all", len(broken), message)
        if ended:
            counts = f"count{'s' if ended == 1 else ''}"
            before = f"ended before the planning date {day} and no longer {counts}"
            yield _finding(name, Weight.NOTE, "all", ended, f"{counted(ended, 'lock')} {before}")

    def formula(self, say: Notation) -> tuple[str, ...]:
        lines = [f"x_ij = 1 for (i, j) = {lock_words(self.keep)}"] if self.keep else []
        if self.forbid:
            lines.append(f"x_ij = 0 for (i, j) = {lock_words(self.forbid)}")
        if self.table is not None:
            lines.append(f"x_ij = 1 or 0 as table {self.table!r} keeps or forbids")
        if self.price is not None:
            lines.append("broken_ij = how many of these are broken when rep j serves account i")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        return "" if self.price is None else say.pairs("broken_ij x_ij")


def _finding(name: str, weight: Weight, where: str, count: int, message: str) -> Finding:
    amount = float(count)
    return Finding(
        rule=name, weight=weight, where=where, amount=amount, unit="locks", message=message
    )


def _kept(problem: Problem, locks: InForce) -> Positions:
    """The rep that each account is kept with, NOBODY for none, shape (accounts,)."""
    account, rep, keeps = locks
    kept = np.full(len(problem.accounts), NOBODY, dtype=np.int64)
    kept[account[keeps]] = rep[keeps]
    return kept


def _broken(problem: Problem, locks: InForce) -> Positions:
    """How many locks each candidate pair breaks, shape (P,)."""
    account, rep, keeps = locks
    wanted = _kept(problem, locks)[problem.pairs.account]
    broken = np.where((wanted != NOBODY) & (wanted != problem.pairs.rep), 1, 0)
    at = problem.pairs.find(account[~keeps], rep[~keeps])
    broken[at[at >= 0]] += 1
    return broken


def _said(lock: Mapping[Hashable, object], key: str) -> str | None:
    """What a lock says under ``key``; None for blanks of any sort."""
    value = lock.get(key)
    missing = value is None or value is pd.NA or value is pd.NaT or value != value
    return None if missing else str(value).strip() or None


def _unknown(where: str, noun: str, name: str, known: pd.Index[str]) -> Fault:
    """What is wrong with a name that no table has, and what to write instead."""
    near = nearest(name, known) if len(known) <= MOST_COMPARED else None
    fix = f"did you mean {near!r}?" if near else f"write an id of the {noun}s table"
    return Fault(where, f"unknown {noun} {name!r}", fix)


def _contradictions(locks: pd.DataFrame) -> list[Fault]:
    """Accounts kept with two reps, and pairs both kept and forbidden."""
    kept = locks[locks["action"] == "keep"].drop_duplicates(["at", "to"])
    twice = kept[kept.duplicated("at")]
    both = locks.drop_duplicates(["at", "to", "action"])
    both = both[both.duplicated(["at", "to"])]
    return [
        Fault(str(lock.where), f"account {lock.account!r} {what}", fix)
        for wrong, what, fix in (
            (twice, "is kept with another rep too", "keep it with one rep"),
            (both, "is kept with a rep and forbidden to that rep", "drop one of the two locks"),
        )
        for lock in wrong.itertuples()
    ]
