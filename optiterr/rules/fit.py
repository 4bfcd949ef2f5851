"""Fit: how well a rep suits an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy import sparse

from optiterr.errors import DataError
from optiterr.findings import Finding, Weight, counted, listed, written
from optiterr.model import ModelBuilder
from optiterr.notation import Notation, number, of_rep
from optiterr.pairs import Floats, Mask
from optiterr.problem import Column, Problem
from optiterr.protected import refuse
from optiterr.rowfunctions import TOLERANCE
from optiterr.rules import Eligibility, Rule

Kinds = NDArray[np.int64]


class Fit(Rule):
    """An account goes to a rep who suits it; what is short of the best fit costs.

    An empty account value matches no rep.
    """

    algebra: ClassVar[str] = (
        r"p \sum_{i,j} n_i\, (\mathrm{best} - s_{ij})\, x_{ij}, \qquad "
        r"x_{ij} = 0 \text{ where } s_{ij} < s_{\min}"
    )

    kind: Literal["fit"] = "fit"
    price: float | None = Field(
        None,
        ge=0,
        description="cost of each point short of the best fit; without it only at_least counts",
    )
    score: str | None = Field(
        None, description="pair measure that holds a score between 0 and best"
    )
    best: float = Field(1.0, gt=0, description="the best score there is")
    match: dict[str, str] = Field(
        default_factory=dict,
        description="account text column: rep text column; a match is any word in common",
    )
    weights: dict[str, Annotated[float, Field(gt=0)]] | None = Field(
        None, description="how much each matched account column counts; without it all count alike"
    )
    weight: str | None = Field(
        None, description="account measure that the shortfall is multiplied with"
    )
    separator: str = Field(";", min_length=1, max_length=5, description="what stands between words")
    at_least: float | None = Field(None, ge=0, description="lowest score that may be picked")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        refuse(*(name for _, name in self.compared()))
        if (self.score is None) == (not self.match):
            raise ValueError("fit needs either a score from the pairs file or columns to match")
        if self.price is None and self.at_least is None:
            raise ValueError(
                "fit needs a price for what is short of the best, an at_least, or both"
            )
        if self.match and self.best != 1.0:
            raise ValueError("a match scores between 0 and 1: drop best")
        if self.at_least is not None and self.at_least > self.best:
            raise ValueError(
                f"at_least ({self.at_least:g}) is above the best score ({self.best:g}): "
                "no pair could be picked"
            )
        if self.weights is not None and set(self.weights) != set(self.match):
            raise ValueError(
                f"weights speak of {sorted(self.weights)}, match of {sorted(self.match)}: "
                "name the same account columns"
            )
        if self.weight is not None and self.price is None:
            raise ValueError("weight multiplies what is priced: set a price or drop weight")
        return self

    def compared(self) -> tuple[tuple[str, str], ...]:
        """Table and name of each column by which reps are compared with accounts."""
        score = () if self.score is None else (("pairs", self.score),)
        wanted = (("accounts", name) for name in self.match)
        return (*score, *wanted, *(("reps", name) for name in self.match.values()))

    def reads(self) -> tuple[Column, ...]:
        found = [] if self.score is None else [Column("pairs", self.score)]
        for wanted, offered in self.match.items():
            found += [Column("accounts", wanted, "text"), Column("reps", offered, "text")]
        if self.weight is not None:
            found.append(Column("accounts", self.weight))
        return tuple(found)

    def eligible(self, problem: Problem) -> Eligibility | None:
        if self.at_least is None or not self.match:
            return None
        kind = np.zeros(len(problem.accounts), dtype=np.int64)
        score = np.zeros((1, len(problem.reps)))
        for weight, account, rep, common in self._matches(problem, slice(None)):
            used, kind = np.unique(kind * len(common) + account, return_inverse=True)
            score = score[used // len(common)] + weight * common[used % len(common)][:, rep]
        return Eligibility(kind, score >= self._least)

    def allows(self, problem: Problem) -> Mask | None:
        if self.at_least is None:
            return None
        return self._score(problem) >= self._least

    def compile(self, name: str, problem: Problem, model: ModelBuilder) -> None:
        score, under = self._score(problem), self.under(problem)
        wrong = np.flatnonzero(under & ((score < 0) | (score > self.best)))
        if self.score is not None and len(wrong):
            at = wrong[0]
            account = problem.account_ids[problem.pairs.account[at]]
            raise DataError(
                f"rule {name!r}, pairs, column {self.score!r}",
                f"{counted(len(wrong), 'score')} not between 0 and {self.best:g}; the first is "
                f"{written(score[at])} for account {account!r} "
                f"and rep {problem.rep_ids[problem.pairs.rep[at]]!r}",
                "correct the scores, or set best to the highest score there is",
            )
        if self.price is None:
            return
        short = np.maximum(self.best - score, 0.0)
        if self.weight is not None:
            short *= problem.account_number(self.weight)[problem.pairs.account]
        model.add_cost(name, np.where(under, self.price * short, 0.0))

    @property
    def _least(self) -> float:
        least = self.at_least or 0.0
        return least - TOLERANCE * max(1.0, least)

    def _score(self, problem: Problem) -> Floats:
        """Score of each candidate pair, shape (P,)."""
        if self.score is not None:
            return problem.pair_number(self.score)
        score = np.zeros(len(problem.pairs))
        if not len(score):
            return score
        account, to = problem.pairs.account, problem.pairs.rep
        first, last = int(account[0]), int(account[-1]) + 1
        for weight, kind, rep, common in self._matches(problem, slice(first, last)):
            score += weight * common[kind[account - first], rep[to]]
        return score

    def _matches(self, problem: Problem, part: slice) -> Iterator[tuple[float, Kinds, Kinds, Mask]]:
        """For each column: its weight, kinds of the accounts in ``part`` and of the reps, and which
        kinds have a word in common, shape (account kinds, rep kinds)."""
        weights = self.weights or dict.fromkeys(self.match, 1.0)
        for wanted, offered in self.match.items():
            account, asked = pd.factorize(problem.accounts[wanted][part].fillna(""))
            rep, given = pd.factorize(problem.reps[offered].fillna(""))
            common = self._common(list(asked), list(given))
            yield weights[wanted] / sum(weights.values()), account, rep, common

    def _common(self, asked: list[str], given: list[str]) -> Mask:
        """Which texts have a word in common, shape (asked, given)."""
        left, right = ([self._words(text) for text in texts] for texts in (asked, given))
        shared = set().union(*left) & set().union(*right)
        at = {word: place for place, word in enumerate(sorted(shared))}
        ends = [
            _incidence([[at[word] for word in words & shared] for words in side], len(at))
            for side in (left, right)
        ]
        return np.asarray((ends[0] @ ends[1].T).astype(bool).toarray())

    def _words(self, text: str) -> set[str]:
        """The words that a text lists."""
        return {one.strip() for one in text.split(self.separator)} - {""}

    def check(self, name: str, problem: Problem, assignment: pd.Series[str]) -> Iterable[Finding]:
        books = self.books(problem, assignment)
        books = books[books["rep_id"].isin(problem.reps["rep_id"])]
        score = self._scores(problem, books)
        known = ~np.isnan(score)
        books, score = books[known], score[known]
        place, reps = pd.factorize(books["rep_id"], sort=True)
        if self.price is not None:
            often = 1.0 if self.weight is None else books[self.weight].to_numpy(dtype=float)
            short = np.bincount(place, (self.best - score) * often)
            mean = np.bincount(place, score) / np.bincount(place)
            by = "" if self.weight is None else f", weighted by {self.weight}"
            for at in np.flatnonzero(short > 0).tolist():
                total = float(short[at])
                yield Finding(
                    rule=name,
                    weight=Weight.PRICED,
                    where=str(reps[at]),
                    amount=total,
                    unit="points",
                    message=f"rep {reps[at]} fits the accounts served at {written(mean[at])} "
                    f"of {written(self.best)} on average, {written(total)} points short in all{by}",
                )
        if self.at_least is None:
            return
        low = self.at_least - score > TOLERANCE * max(1.0, self.at_least)
        for at in np.unique(place[low]).tolist():
            below = low & (place == at)
            ids = books["account_id"].to_numpy(dtype=object)[below]
            yield Finding(
                rule=name,
                weight=Weight.BREACH,
                where=str(reps[at]),
                amount=float((self.at_least - score[below]).sum()),
                unit="points",
                message=f"rep {reps[at]} serves {counted(len(ids), 'account')} that fit below "
                f"{written(self.at_least)}: {listed(ids)}",
            )

    def _scores(self, problem: Problem, books: pd.DataFrame) -> Floats:
        """Score of each account with its rep: found by id, words compared as sets."""
        if self.score is not None:
            return books[self.score].to_numpy(dtype=float)
        reps = problem.reps.set_index("rep_id", drop=False)
        total, whole = np.zeros(len(books)), 0.0
        for wanted, offered in self.match.items():
            weight = 1.0 if self.weights is None else self.weights[wanted]
            asked, texts = pd.factorize(books[wanted].fillna(""))
            given, offers = pd.factorize(books["rep_id"].map(reps[offered].fillna("")))
            both, met = np.unique(asked * max(1, len(offers)) + given, return_inverse=True)
            ends = [divmod(int(one), len(offers)) for one in both]
            hits = np.array([self._have_common(texts[a], offers[b]) for a, b in ends], dtype=bool)
            total += weight * (hits[met] if len(met) else met)
            whole += weight
        return np.asarray(total / whole)

    def _have_common(self, asked: str, given: str) -> bool:
        left, right = ({one.strip() for one in t.split(self.separator)} for t in (asked, given))
        return bool((left & right) - {""})

    def formula(self, say: Notation) -> tuple[str, ...]:
        if self.score is not None:
            score = say.of_account(self.score)
        else:
            weights = self.weights or dict.fromkeys(self.match, 1.0)
            parts = [
                f"{number(weights[asked])} [{say.of_account(asked)} ∩ {of_rep(given)} ≠ ∅]"
                for asked, given in self.match.items()
            ]
            whole = number(sum(weights.values()))
            score = f"({' + '.join(parts)}) / {whole}, words parted by {self.separator!r}"
        lines = [f"s_ij = {score}"]
        if self.at_least is not None:
            lines.append(f"{say.every_pair}: x_ij = 0 where s_ij < {number(self.at_least)}")
        return tuple(lines)

    def term(self, say: Notation) -> str:
        if self.price is None:
            return ""
        weight = "" if self.weight is None else say.times(self.weight)
        return say.pairs(f"{weight}({number(self.best)} − s_ij) x_ij")


def _incidence(held: list[list[int]], words: int) -> sparse.csr_array:
    """Which text (row) holds which word (column); most texts hold few of all words."""
    start = np.concatenate([[0], np.cumsum([len(one) for one in held], dtype=np.int64)])
    word = np.array([at for one in held for at in one], dtype=np.int64)
    return sparse.csr_array(
        (np.ones(len(word), dtype=np.int32), word, start), shape=(len(held), words)
    )
