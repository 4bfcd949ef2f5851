"""Locks: named accounts stay with a rep, or never go to one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from optiterr.errors import DataError, Fault, nearest
from optiterr.findings import Finding, Weight
from optiterr.model import ModelBuilder
from optiterr.pairs import Mask
from optiterr.problem import NOBODY, Problem
from optiterr.rules import Eligibility, Rule

MOST_COMPARED = 20_000
"""A misspelt id is compared with known ones only in tables of up to this many."""


class Keep(BaseModel):
    """An account that stays with a rep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(min_length=1, description="account id")
    rep: str | None = Field(None, description="rep id; without it today's owner")
    reason: str = Field("", description="why, in words; shown in findings")
    until: dt.date | None = Field(
        None, description="last day of the lock; without it there is none"
    )


class Forbid(BaseModel):
    """An account that never goes to a rep."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str = Field(min_length=1, description="account id")
    rep: str = Field(min_length=1, description="rep id")
    reason: str = Field("", description="why, in words; shown in findings")
    until: dt.date | None = Field(
        None, description="last day of the lock; without it there is none"
    )


class Locks(Rule):
    """Accounts named as kept are served by the rep named, and never by a rep forbidden to them."""

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

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.price is not None:
            return None
        account, rep, keeps = self._positions(problem)
        kind = np.zeros(len(problem.accounts), dtype=np.int64)
        kind[account[keeps]] = 1 + rep[keeps]
        may = np.vstack(
            [np.ones((1, len(problem.reps)), bool), np.eye(len(problem.reps), dtype=bool)]
        )
        forbidden = (
            pd.Series(rep[~keeps]).groupby(account[~keeps]).agg(lambda one: tuple(sorted(one)))
        )
        if len(forbidden):
            codes, sets = pd.factorize(forbidden)
            said = np.zeros(len(kind), dtype=np.int64)
            said[forbidden.index.to_numpy()] = 1 + codes
            open_ = np.ones((len(sets) + 1, len(problem.reps)), dtype=bool)
            for place, reps in enumerate(sets):
                open_[place + 1, list(reps)] = False
            joint, kind = np.unique(kind * len(open_) + said, return_inverse=True)
            may = may[joint // len(open_)] & open_[joint % len(open_)]
        return Eligibility(kind, may)

    def allows(self, problem: Problem) -> Mask | None:
        return None if self.price is not None else self._broken(problem) == 0

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        if self.price is None:
            return
        model.add_cost(name, self.price * self._broken(problem))

    def _broken(self, problem: Problem) -> np.ndarray:
        """How many locks each candidate pair breaks, shape (P,)."""
        account, rep, keeps = self._positions(problem)
        kept = np.full(len(problem.accounts), NOBODY, dtype=np.int64)
        kept[account[keeps]] = rep[keeps]
        wanted = kept[problem.pairs.account]
        broken = ((wanted != NOBODY) & (wanted != problem.pairs.rep)).astype(np.int64)
        at = problem.pairs.find(account[~keeps], rep[~keeps])
        broken[at[at >= 0]] += 1
        return broken

    def _positions(self, problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Account, rep and whether it is kept, for every lock in force; each pair at most once.

        DataError for every lock that cannot be read, contradicts another, or names nobody known.
        """
        faults: list[Fault] = []
        found: dict[tuple[int, int], tuple[bool, str]] = {}
        kept: dict[int, tuple[int, str]] = {}
        accounts = pd.Index(problem.account_ids)
        reps = pd.Index(problem.rep_ids)
        for where, lock, keeps in self._written(problem, faults):
            if lock.until is not None and problem.planning_date is None:
                faults.append(
                    Fault(
                        where,
                        f"the lock of account {lock.account!r} ends on {lock.until}, but the "
                        "scenario has no planning date",
                        "set planning_date, or drop until",
                    )
                )
                continue
            if lock.until is not None and lock.until < (problem.planning_date or lock.until):
                continue
            account = self._place(where, "account", lock.account, accounts, faults)
            rep = self._rep(where, lock, account, problem, reps, faults)
            if account is None or rep is None:
                continue
            other = kept.get(account)
            if keeps and other is not None and other[0] != rep:
                faults.append(
                    Fault(
                        where,
                        f"account {lock.account!r} is kept with {reps[rep]!r} here and with "
                        f"{reps[other[0]]!r} by {other[1]}",
                        "keep it with one of them",
                    )
                )
            before = found.get((account, rep))
            if before is not None and before[0] != keeps:
                faults.append(
                    Fault(
                        where,
                        f"account {lock.account!r} with rep {reps[rep]!r} is kept and forbidden "
                        f"(also by {before[1]})",
                        "drop one of the two",
                    )
                )
            found[account, rep] = (keeps, where)
            if keeps:
                kept[account] = (rep, where)
        if faults:
            raise DataError.of(faults)
        places = np.array(list(found), dtype=np.int64).reshape(-1, 2)
        return places[:, 0], places[:, 1], np.array([keeps for keeps, _ in found.values()], bool)

    def _place(
        self, where: str, noun: str, name: str, known: pd.Index, faults: list[Fault]
    ) -> int | None:
        if name in known:
            return int(known.get_loc(name))
        near = nearest(name, known) if len(known) <= MOST_COMPARED else None
        faults.append(
            Fault(
                where,
                f"unknown {noun} {name!r}",
                f"did you mean {near!r}?" if near else f"name {noun}s as the {noun}s table does",
            )
        )
        return None

    def _rep(
        self,
        where: str,
        lock: Keep | Forbid,
        account: int | None,
        problem: Problem,
        reps: pd.Index,
        faults: list[Fault],
    ) -> int | None:
        if lock.rep is not None:
            rep = self._place(where, "rep", lock.rep, reps, faults)
        elif account is None:
            return None
        else:
            rep = int(problem.owner[account])
            if rep < 0:
                faults.append(
                    Fault(
                        where,
                        f"account {lock.account!r} is kept without naming a rep, but "
                        + ("nobody owns it" if rep == NOBODY else "its owner leaves or has left"),
                        "name the rep who keeps it",
                    )
                )
                return None
        if rep is not None and isinstance(lock, Keep) and not problem.serves[rep]:
            faults.append(
                Fault(
                    where,
                    f"account {lock.account!r} is kept with rep {reps[rep]!r}, who leaves",
                    "name a rep who stays, or drop the lock",
                )
            )
            return None
        return rep

    def _written(
        self, problem: Problem, faults: list[Fault]
    ) -> Iterator[tuple[str, Keep | Forbid, bool]]:
        """Every lock as written, in the scenario and in the table, with where it stands."""
        for place, keep in enumerate(self.keep):
            yield f"rule of kind 'locks', keep, entry {place + 1}", keep, True
        for place, forbid in enumerate(self.forbid):
            yield f"rule of kind 'locks', forbid, entry {place + 1}", forbid, False
        if self.table is None:
            return
        if self.table not in problem.tables:
            near = nearest(self.table, problem.tables)
            faults.append(
                Fault(
                    "rule of kind 'locks'",
                    f"there is no table {self.table!r}",
                    f"did you mean {near!r}?" if near else f"add data.tables.{self.table}",
                )
            )
            return
        rows = problem.tables[self.table]
        lacking = [column for column in ("account", "action") if column not in rows]
        if lacking:
            faults += [
                Fault(f"table {self.table!r}", f"no column {one!r}", "add it") for one in lacking
            ]
            return
        for place, row in enumerate(rows.to_dict("records")):
            where = f"table {self.table!r}, row {place + 1}"
            given = {
                key: row[key]
                for key in ("account", "rep", "reason")
                if key in row and not pd.isna(row[key]) and str(row[key]).strip()
            }
            given = {key: str(value) for key, value in given.items()}
            action = str(row["action"]).strip()
            until = row.get("until")
            try:
                day = (
                    None if until is None or pd.isna(until) or until == "" else pd.Timestamp(until)
                )
            except (ValueError, TypeError):
                faults.append(
                    Fault(where, f"{until!r} in column 'until' is no date", "write YYYY-MM-DD")
                )
                continue
            if action not in ("keep", "forbid"):
                faults.append(
                    Fault(where, f"{action!r} in column 'action'", "write keep or forbid")
                )
            elif "account" not in given or (action == "forbid" and "rep" not in given):
                faults.append(
                    Fault(
                        where,
                        "an account or rep is missing",
                        "name the account, and whom it is forbidden to",
                    )
                )
            else:
                made = Keep if action == "keep" else Forbid
                yield where, made(**given, until=day.date() if day else None), action == "keep"

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        frames = [
            pd.DataFrame(
                [[one.account, one.rep, action, one.reason, one.until] for one in locks],
                columns=["account", "rep", "action", "reason", "until"],
            )
            for action, locks in (("keep", self.keep), ("forbid", self.forbid))
        ]
        if self.table is not None and self.table in problem.tables:
            frames.append(problem.tables[self.table].reindex(columns=frames[0].columns))
        locks = pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
        day = pd.to_datetime(locks["until"].replace("", None), errors="coerce")
        if problem.planning_date is not None:
            over = day < pd.Timestamp(problem.planning_date)
            if over.any():
                yield Finding(
                    rule=name,
                    weight=Weight.NOTE,
                    where="all",
                    amount=float(over.sum()),
                    unit="locks",
                    message=f"{over.sum():,} locks ended before {problem.planning_date} and are "
                    "ignored",
                )
            locks = locks[~over]
        blank = locks["rep"].isna() | (locks["rep"] == "")
        owner = problem.accounts.set_index("account_id")["owner_id"]
        locks = locks.assign(rep=locks["rep"].where(~blank, locks["account"].map(owner)))
        locks = locks.drop_duplicates(["account", "rep", "action"])
        locks = locks[locks["account"].isin(problem.accounts["account_id"])]
        served = locks["account"].map(assignment)
        together = served == locks["rep"]
        broken = locks.assign(served=served)[together != (locks["action"] == "keep")]
        for lock in broken.to_dict("records"):
            reason = (
                f" ({lock['reason']})" if isinstance(lock["reason"], str) and lock["reason"] else ""
            )
            now = f"rep {lock['served']}" if isinstance(lock["served"], str) else "nobody"
            yield Finding(
                rule=name,
                weight=self.severity,
                where=str(lock["account"]),
                amount=1.0,
                unit="locks",
                message=f"account {lock['account']} should stay with rep {lock['rep']} but "
                f"is served by {now}{reason}"
                if lock["action"] == "keep"
                else f"account {lock['account']} must not go to rep {lock['rep']} but does{reason}",
            )
