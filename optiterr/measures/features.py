"""Features of affinity: what a rep and an account have in common, each as a number from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from scipy import sparse

from optiterr.errors import DataError, Fault
from optiterr.findings import listed
from optiterr.measures.rows import PairRows, sheet
from optiterr.pairs import Floats, Mask
from optiterr.problem import Column, Problem

Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Positions = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Seen:
    """A feature of pairs: its value from 0 to 1 and, where it is an estimate, its sample size."""

    value: Floats
    sample: NDArray[np.int64] | None = None


class Feature(BaseModel):
    """Base of the features of affinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weight: float = Field(1.0, gt=0, description="how much the feature counts beside the others")

    def reads(self) -> tuple[Column, ...]:
        """The columns that must be known."""
        raise NotImplementedError

    def seen(self, problem: Problem, account: Positions, rep: Positions) -> Seen:
        """The feature of each pair given by positions."""
        raise NotImplementedError

    def notes(self, problem: Problem) -> tuple[str, ...]:
        """What looks odd but can be used; DataError when a table cannot be read."""
        return ()


class Equal(Feature):
    """1 where a text of the account and one of the rep have a word in common, else 0."""

    kind: Literal["equal"] = Field("equal", description="any word in common")
    account: Word = Field(description="account text column")
    rep: Word = Field(description="rep text column")
    separator: str = Field(";", min_length=1, max_length=5, description="what stands between words")

    def reads(self) -> tuple[Column, ...]:
        return Column("accounts", self.account, "text"), Column("reps", self.rep, "text")

    def seen(self, problem: Problem, account: Positions, rep: Positions) -> Seen:
        first, last = int(account.min()), int(account.max()) + 1
        wanted, asked = _kinds(problem.accounts[self.account][first:last])
        offered, given = _kinds(problem.reps[self.rep])
        common = _in_common(asked, given, self.separator)
        return Seen(common[wanted[account - first], offered[rep]].astype(float))


class Closeness(Feature):
    """1 where two numbers are equal, falling evenly to 0 where they are ``width`` apart or more."""

    kind: Literal["closeness"] = Field("closeness", description="two numbers near each other")
    account: Word = Field(description="account column or measure")
    rep: Word = Field(description="rep column")
    width: float = Field(gt=0, description="difference from which on nothing is left of it")

    def reads(self) -> tuple[Column, ...]:
        return (
            Column("accounts", self.account, minimum=None, additive=False),
            Column("reps", self.rep, minimum=None, additive=False),
        )

    def seen(self, problem: Problem, account: Positions, rep: Positions) -> Seen:
        left = problem.account_number(self.account)[account]
        apart = np.abs(left - problem.rep_number(self.rep)[rep])
        return Seen(np.maximum(1.0 - apart / self.width, 0.0))


class Matrix(Feature):
    """A score from 0 to 1 that a table gives for a value of the account and one of the rep."""

    kind: Literal["matrix"] = Field("matrix", description="a table of scores")
    table: Word = Field(
        description="table under data.tables with the columns account, rep and score"
    )
    account: Word = Field(
        "account_id", description="account text column that the table's account means"
    )
    rep: Word = Field("rep_id", description="rep text column that the table's rep means")
    otherwise: float | None = Field(
        None, ge=0, le=1, description="the score of what the table does not list"
    )

    def reads(self) -> tuple[Column, ...]:
        home = f"tables.{self.table}"
        return (
            Column("accounts", self.account, "text"), Column("reps", self.rep, "text"),
            Column(home, "account", "text"), Column(home, "rep", "text"), Column(home, "score"),
        )  # fmt: skip

    def seen(self, problem: Problem, account: Positions, rep: Positions) -> Seen:
        score, ends = self._scores(problem)
        codes = [
            ends[side].get_indexer(pd.Index(frame[name].fillna("").astype(object)))
            for side, frame, name in (
                (0, problem.accounts, self.account), (1, problem.reps, self.rep),
            )
        ]  # fmt: skip
        padded = np.pad(score, ((0, 1), (0, 1)), constant_values=np.nan)  # -1: not in the table
        found = padded[codes[0][account], codes[1][rep]]
        open_ = np.isnan(found)
        if open_.any() and self.otherwise is None:
            told = PairRows(problem, account, rep).told(np.flatnonzero(open_))
            raise DataError(
                f"table {self.table!r}",
                f"there is no score for {told}",
                "add it, or give otherwise",
            )
        return Seen(np.where(open_, self.otherwise or 0.0, found))

    def notes(self, problem: Problem) -> tuple[str, ...]:
        _, ends = self._scores(problem)
        sides = ((problem.accounts, self.account, ends[0]), (problem.reps, self.rep, ends[1]))
        idle = [
            f"table {self.table!r} names {listed(map(repr, unused))}, which no {name} is"
            for frame, name, end in sides
            if len(unused := end.difference(pd.Index(frame[name].fillna("").astype(object))))
        ]
        return tuple(idle)

    def _scores(self, problem: Problem) -> tuple[Floats, tuple[pd.Index[str], pd.Index[str]]]:
        """Scores by account value and rep value (NaN: none), and those values."""
        rows = sheet(problem, self.table, ("account", "rep", "score"))
        given = rows["score"].to_numpy(dtype=float)
        twice = rows.duplicated(["account", "rep"]).to_numpy(dtype=bool)
        faults = [
            Fault(f"table {self.table!r}, record {at + 1}", what, fix)
            for wrong, what, fix in (
                ((given < 0) | (given > 1) | np.isnan(given), "the score is not between 0 and 1",
                 "divide it by the best score there is"),
                (twice, "account and rep are listed above already", "keep one of the two rows"),
            )
            for at in np.flatnonzero(wrong)[:20]
        ]  # fmt: skip
        if faults:
            raise DataError.of(faults)
        left, accounts = pd.factorize(rows["account"])
        right, reps = pd.factorize(rows["rep"])
        score = np.full((len(accounts), len(reps)), np.nan)
        score[left, right] = given
        return score, (pd.Index(accounts), pd.Index(reps))


def _kinds(column: pd.Series[Any]) -> tuple[NDArray[np.int64], list[str]]:
    codes, texts = pd.factorize(column.fillna("").astype(object))
    return codes.astype(np.int64), [str(text) for text in texts]


def _in_common(asked: list[str], given: list[str], separator: str) -> Mask:
    """Which texts list a word in common, shape (asked, given)."""
    sides = [[_words(text, separator) for text in texts] for texts in (asked, given)]
    known = {word: at for at, word in enumerate(sorted(set().union(*sides[0], *sides[1])))}
    left, right = (
        sparse.csr_array(
            (
                np.ones(sum(map(len, side)), dtype=np.int32),
                (
                    np.repeat(np.arange(len(side)), [len(words) for words in side]),
                    [known[word] for words in side for word in sorted(words)],
                ),
            ),
            shape=(len(side), max(1, len(known))),
        )
        for side in sides
    )
    return np.asarray((left @ right.T).toarray() > 0)


def _words(text: str, separator: str) -> set[str]:
    return {one.strip() for one in text.split(separator)} - {""}
