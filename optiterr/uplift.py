"""Uplift: what a plan earns more than today's books, by one sales response, with an interval.

Both books are judged by the response of the scenario's own rule of kind value or saturation, hours
shared out as best can be in each. The interval is over the ranges of its parameters: each is drawn
anew, and both books earn with the same draw. No number from elsewhere enters.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from optiterr.engine import read
from optiterr.errors import DataError, OptiterrWarning, SpecError, meant
from optiterr.findings import counted, written
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.rules.earning import Books
from optiterr.rules.selling import Selling, Uncertain
from optiterr.scenario.loading import Scenario

COVER = 0.9
"""The interval holds this share of the draws, as many below it as above."""


class UpliftWarning(OptiterrWarning):
    """An uplift says less than its number does."""


class Range(BaseModel):
    """A number and the interval that it lies in for most draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(description="at the parameters of the rule")
    low: float = Field(description="a twentieth of the draws is below")
    high: float = Field(description="a twentieth of the draws is above")

    @classmethod
    def of(cls, value: float, draws: np.ndarray) -> Range:
        """``value`` with the interval of its ``draws``."""
        low, high = np.quantile(draws, [(1 - COVER) / 2, (1 + COVER) / 2])
        return cls(value=value, low=float(low), high=float(high))


class Uplift(BaseModel):
    """What a plan is expected to earn more than today's books.

    ``share`` is the uplift divided by what today's books earn. Accounts that no rep of the rule
    serves earn nothing: ``unserved_today`` and ``unserved`` count them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str = Field(description="the plan judged")
    rule: str = Field(description="the rule whose response judges it")
    of: str = Field(description="what is earned: the sales measure of the rule")
    today: Range = Field(description="what today's books earn")
    then: Range = Field(description="what the books of the plan earn")
    uplift: Range = Field(description="the difference, draw by draw")
    share: Range = Field(description="the difference as a share of today, draw by draw")
    gains: float = Field(description="share of the draws in which the plan earns more than today")
    unserved_today: int = Field(description="accounts that earn nothing today")
    unserved: int = Field(description="accounts that earn nothing in the plan")
    idle_today: int = Field(description="reps with hours and no account today, who earn nothing")
    uncertain: Uncertain = Field(description="the ranges that were drawn from")
    draws: int = Field(description="how many times the parameters were drawn")
    seed: int = Field(description="seed of the draws")
    command: str = Field("", description="what to type to get these numbers again")

    @property
    def undecided(self) -> bool:
        """Whether the interval leaves open if the plan earns more or less than today's books."""
        return self.uplift.low <= 0.0 <= self.uplift.high

    @property
    def sentence(self) -> str:
        """The uplift in words, its interval with it."""
        up = self.uplift
        if up.low == up.high == 0.0:
            return f"The plan earns what today's books earn: {written(self.today.value)} {self.of}."
        return (
            f"The plan is expected to earn {_signed(up.value)} {self.of} a year beside today's "
            f"books ({self.share.value:+.1%}); between {_signed(up.low)} and {_signed(up.high)} "
            f"({self.share.low:+.1%} to {self.share.high:+.1%}) in nine of ten draws of "
            f"{_told(self.uncertain)}."
        )

    def cautions(self) -> list[str]:
        """What a reader must know beside the number."""
        found = []
        if self.undecided:
            found.append(
                "the interval contains 0: these ranges do not tell whether the plan earns more "
                "than today's books"
            )
        if self.unserved_today:
            found.append(
                f"{counted(self.unserved_today, 'account')} with no rep today "
                f"{'earns' if self.unserved_today == 1 else 'earn'} nothing in today's books: "
                "serving them is part of the uplift"
            )
        if self.idle_today:
            found.append(
                f"{counted(self.idle_today, 'rep')} without an account today "
                f"{'earns' if self.idle_today == 1 else 'earn'} nothing in today's books: putting "
                "their hours to use is part of the uplift"
            )
        return found


def _signed(number: float) -> str:
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return sign + written(float(f"{abs(number):.4g}"))


def _told(ranges: Uncertain) -> str:
    said = [
        f"{name} {low:g} to {high:g}"
        for name, (low, high) in ranges.model_dump(exclude_none=True).items()
    ]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)


def uplift(
    rule: Selling,
    problem: Problem,
    assignment: pd.Series[str],
    *,
    draws: int = 500,
    seed: int = 7,
    name: str = "value",
    plan: str = "plan",
) -> Uplift:
    """What ``assignment`` (rep id by account id) earns more than today's books by ``rule``.

    The ranges are those of ``rule.uncertain``; SpecError when it has none. The same seed gives the
    same draws, whatever ranges there are.
    """
    if rule.uncertain is None:
        raise SpecError(
            f"rule {name!r}",
            "has no ranges of its parameters, and an uplift without an interval tells nothing",
            "add 'uncertain: {transition: [0.1, 0.2]}' to the rule, or give --transition 0.1:0.2",
        )
    now, then = Books.of(rule, problem, problem.today), Books.of(rule, problem, assignment)
    values = np.array(
        [
            [rule.total(books, *parameters) for books in (now, then)]
            for parameters in _parameters(rule, rule.uncertain, draws, seed)
        ]
    )
    middle = [rule.total(books, None, rule.transition, 1.0) for books in (now, then)]
    more = values[:, 1] - values[:, 0]
    share = np.divide(more, values[:, 0], out=np.zeros(draws), where=values[:, 0] > 0)
    gain = middle[1] - middle[0]
    busy = np.bincount(now.rep[now.rep >= 0], minlength=len(now.hours)) > 0
    return Uplift(
        plan=plan,
        rule=name,
        of=rule.sales,
        today=Range.of(middle[0], values[:, 0]),
        then=Range.of(middle[1], values[:, 1]),
        uplift=Range.of(gain, more),
        share=Range.of(gain / middle[0] if middle[0] > 0 else 0.0, share),
        gains=float((more > 0).mean()),
        unserved_today=int((now.rep < 0).sum()),
        unserved=int((then.rep < 0).sum()),
        idle_today=int((~busy & (np.array(list(now.hours.values())) > 0)).sum()),
        uncertain=rule.uncertain,
        draws=draws,
        seed=seed,
    )


def _parameters(
    rule: Selling, ranges: Uncertain, draws: int, seed: int
) -> Iterator[tuple[float | None, float, float]]:
    """Elasticity (None: the rule's own), transition loss and exponent of the fit of each draw."""
    unit = np.random.default_rng(seed).random((draws, 3))
    still = rule.transition, rule.transition
    ends = ranges.elasticity or (0.0, 0.0), ranges.transition or still, ranges.fit or (1.0, 1.0)
    low, high = np.array(ends).T
    for b, t, f in low + unit * (high - low):
        yield None if ranges.elasticity is None else float(b), float(t), float(f)


def uplift_of_plan(
    path: Path,
    *,
    rule: str | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    draws: int = 500,
    seed: int = 7,
    folder: Path | None = None,
    frames: Mapping[str, Any] | None = None,
) -> Uplift:
    """The uplift of the plan in file ``path``, by the response of its scenario.

    ``rule`` names the rule where several say what books earn. ``ranges`` replace those of the
    rule, name by name. Warns (UpliftWarning) of what the number alone does not tell.
    """
    plan = Plan.read(path)
    home = folder if folder is not None else path.parent / plan.folder
    scenario = Scenario.from_dict(plan.scenario, folder=home, frames=frames)
    name = _chosen(scenario, rule)
    response = scenario.rules[name]
    assert isinstance(response, Selling)
    if ranges:
        response = _with_ranges(name, response, ranges)
    if not plan.has_plan:
        raise DataError(
            str(path), f"holds no assignment: its status is {plan.status}", "name a solved plan"
        )
    problem = read(scenario)
    if dict(problem.hashes) != dict(plan.data):
        raise DataError(
            str(path),
            "the data files are not those that the plan was made of",
            "solve the scenario again, or name the folder of its data",
        )
    assignment = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
    found = uplift(response, problem, assignment, draws=draws, seed=seed, name=name, plan=plan.name)
    told = [f"optiterr uplift {path} --rule {name} --draws {draws} --seed {seed}"]
    told += [f"--{key} {low:g}:{high:g}" for key, (low, high) in (ranges or {}).items()]
    told += [] if folder is None else [f"--data {folder}"]
    found = found.model_copy(update={"command": " ".join(told)})
    for caution in found.cautions():
        warnings.warn(caution, UpliftWarning, stacklevel=2)
    return found


def _chosen(scenario: Scenario, asked: str | None) -> str:
    """The rule that is asked for, or the only one."""
    there = [name for name, rule in scenario.rules.items() if isinstance(rule, Selling)]
    if asked is None and len(there) == 1:
        return there[0]
    if not there:
        raise SpecError(
            f"scenario {scenario.name!r}",
            "has no rule of kind value or saturation, so nothing says what books earn",
            "add a rule of kind value, with price: 0 if it should only judge",
        )
    if asked in there:
        return str(asked)
    raise SpecError(
        f"scenario {scenario.name!r}",
        f"has {counted(len(there), 'rule')} about what books earn"
        + ("" if asked is None else f", and {asked!r} is none of them"),
        meant(asked or "", there, f"--rule with one of: {', '.join(there)}"),
    )


def _with_ranges(name: str, rule: Selling, ranges: Mapping[str, tuple[float, float]]) -> Selling:
    """The rule with some of its ranges replaced; SpecError for ranges that cannot be."""
    given = {} if rule.uncertain is None else rule.uncertain.model_dump(exclude_none=True)
    try:
        return type(rule).model_validate({**rule.model_dump(), "uncertain": {**given, **ranges}})
    except ValidationError as error:
        raise SpecError(
            f"ranges of rule {name!r}",
            "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()),
            "write LEAST:MOST, for example --elasticity 0.2:0.4",
        ) from error
