"""What the prices of a scenario trade: each term between its best and worst, each price turned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from optiterr.certificate import relative_gap
from optiterr.errors import SolverError, SpecError
from optiterr.frontier.asking import Asker, Found
from optiterr.frontier.desk import Chunks, Desk, each, moves_of
from optiterr.frontier.hands import Hands
from optiterr.frontier.sweep import Notify
from optiterr.frontier.values import Goal
from optiterr.model import Model
from optiterr.pairs import Floats
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Status
from optiterr.solving import Stop, finite

FACTORS = (0.5, 2.0)
"""Each price is halved and doubled."""

SECONDS = 10.0
"""Seconds for each of the plans, unless told otherwise."""


class _Value(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class Term(_Value):
    """One priced rule: between which values its term moves, and where the plan stands."""

    rule: str = Field(description="name of the rule")
    price: float = Field(description="its price in the scenario")
    ideal: float = Field(description="least of the term that was found, over all plans made here")
    bound: float | None = Field(description="no plan has less of the term: proved by prices")
    nadir: float = Field(description="most of the term when another one comes first")
    value: float = Field(description="the term in the plan at the scenario's prices")
    position: float | None = Field(
        description="(value - ideal) / (nadir - ideal): 0 is its best, 1 its worst; none without "
        "a range"
    )


class Turn(_Value):
    """A plan with the prices of the scenario but one; its terms are at the scenario's prices."""

    rule: str | None = Field(description="rule whose price is turned; none: the scenario's prices")
    factor: float = Field(description="what its price is multiplied by")
    terms: dict[str, float] = Field(description="cost by rule, at the scenario's prices, recounted")
    moves: int = Field(description="accounts of reps who stay that go to another rep, or nobody")
    gap: float | None = Field(description="proved gap of the plan at the turned prices")
    status: Status = Field(description="how the search ended, by the solver's word")


class Trade(_Value):
    """What a weighted sum does: the range of each term, and what each price buys.

    ``payoff`` has a row for each term: the terms of the plan that minimises it first and then all
    others at their prices. Every plan was searched for ``seconds`` at most, so values are those of
    plans found; a difference smaller than the gaps of two plans says nothing.
    """

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this format")
    kind: Literal["trade"] = Field("trade", description="what this file holds")
    name: str = Field(description="name of the scenario")
    title: str = Field("", description="title of the scenario")
    terms: tuple[Term, ...] = Field(description="each priced rule")
    payoff: tuple[dict[str, float], ...] = Field(description="terms when each one comes first")
    plan: Turn = Field(description="the plan at the scenario's prices")
    turns: tuple[Turn, ...] = Field(description="the plans with one price halved or doubled")
    seconds: float = Field(description="most seconds for each plan")
    fingerprint: str = Field(description="SHA-256 of the scenario")

    def to_json(self) -> str:
        """The trade as JSON text; numbers round-trip exactly."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False)


def repriced(model: Model, rule: str, factor: float) -> Model:
    """The model with the price of ``rule`` multiplied; its hard limits stay."""
    costs = {name: one * (factor if name == rule else 1.0) for name, one in model.costs.items()}
    constants = {
        name: one * (factor if name == rule else 1.0) for name, one in model.constants.items()
    }
    blocks = tuple(
        replace(block, function=block.function.scaled(factor)) if block.rule == rule else block
        for block in model.blocks
    )
    return replace(
        model,
        costs=MappingProxyType(costs),
        constants=MappingProxyType(constants),
        blocks=blocks,
    )


def trade(
    scenario: Scenario,
    seconds: float = SECONDS,
    workers: int = 2,
    report: Notify | None = None,
    *,
    hands: Hands | None = None,
    stop: Stop | None = None,
) -> Trade:
    """The range of every priced term, and what halving and doubling each price does to all terms.

    With k priced rules that is one plan at the scenario's prices, k plans that put one term first,
    and 2 k with one price turned, each searched for ``seconds``, ``workers`` at a time. Raises
    SpecError without a priced rule or with priorities, and SolverError when no plan is found in
    time.
    """
    if scenario.priorities:
        what = "no price trades anything between levels: the first one always wins"
        fix = "drop priorities to see what the prices do; optiterr frontier shows what levels cost"
        raise SpecError("priorities", what, fix)
    desk = Desk.of(scenario, None, workers, hands, stop)
    table = _Table(desk, replace(desk.limits, seconds=seconds), report)
    if not table.priced:
        raise SpecError("trade", "no rule has a price", "give one to what should be weighed")
    plan, start = table.turned(None, 1.0, desk.books)
    turns = [(rule, factor) for rule in table.priced for factor in FACTORS]
    payoff = each([partial(table.first, rule, start) for rule in table.priced], workers, desk.halt)
    plans = each(
        [partial(table.turned, rule, factor, start) for rule, factor in turns], workers, desk.halt
    )
    turned = [one for one, _ in plans]
    return Trade(
        name=scenario.name,
        title=scenario.title,
        terms=_terms(scenario, payoff, [plan, *turned]),
        payoff=tuple(terms for terms, _ in payoff),
        plan=plan,
        turns=tuple(turned),
        seconds=seconds,
        fingerprint=scenario.fingerprint(),
    )


@dataclass(frozen=True, eq=False)
class _Table:
    """The plans of one trade."""

    desk: Desk
    limits: Limits
    report: Notify | None

    @property
    def priced(self) -> tuple[str, ...]:
        return tuple(n for n, rule in self.desk.scenario.rules.items() if rule.price is not None)

    def turned(self, rule: str | None, factor: float, start: Floats | None) -> tuple[Turn, Floats]:
        """The plan with the price of ``rule`` multiplied, and its picks."""
        every = Goal(name="all", rules=self.priced)
        target, chunks = self.desk.model, self.desk.left_out
        if rule is not None:
            target = repriced(target, rule, factor)
            chunks = partial(_all_repriced, chunks, rule, factor)
        asker = Asker(target, (every,), (), self.limits, chunks, self.desk.hands)
        found = self._told(
            f"{rule or 'as written'} x {factor:g}",
            asker.least(every, {}, start, self.limits.seconds)[0],
        )
        assert found.x is not None
        again, reps = self.desk.counted(found.x, found.solver)
        gap = None
        if found.line is not None:
            gap = finite(relative_gap(found.values[0], found.line.bound))
        turn = Turn(
            rule=rule,
            factor=factor,
            terms={name: again.terms[name] for name in self.priced},
            moves=moves_of(self.desk.problem, reps),
            gap=gap,
            status=found.status,
        )
        return turn, found.x

    def first(self, rule: str, start: Floats) -> tuple[dict[str, float], float | None]:
        """The terms of the plan that minimises ``rule``, then all others; and the proved least."""
        others = tuple(name for name in self.priced if name != rule)
        goals = (Goal(name=rule, rules=(rule,)),)
        asker = Asker(
            self.desk.model, goals, others, self.limits, self.desk.left_out, self.desk.hands
        )
        found = self._told(f"{rule} first", asker.point({}, start, self.limits.seconds))
        assert found.x is not None
        terms = self.desk.counted(found.x, found.solver)[0].terms
        bound = None if found.line is None else finite(found.line.bound)
        return {name: terms[name] for name in self.priced}, bound

    def _told(self, what: str, found: Found) -> Found:
        if found.x is None:
            raise SolverError(
                "trade",
                f"no plan was found ({found.status})",
                "give more seconds; 'optiterr solve' says what blocks every plan",
            )
        if self.report is not None:
            self.report(f"{what}: {found.values[0]:,.6g} ({found.seconds:.1f} s)")
        return found


def _all_repriced(chunks: Chunks, rule: str, factor: float) -> Iterator[Model]:
    return (repriced(one, rule, factor) for one in chunks())


def _terms(
    scenario: Scenario,
    payoff: Sequence[tuple[dict[str, float], float | None]],
    plans: Sequence[Turn],
) -> tuple[Term, ...]:
    rows, found = [terms for terms, _ in payoff], []
    for rule, (_, bound) in zip(rows[0], payoff, strict=True):
        price, value = scenario.rules[rule].price, plans[0].terms[rule]
        assert price is not None
        ideal = min(row[rule] for row in [*rows, *(one.terms for one in plans)])
        nadir = max(*(row[rule] for row in rows), value)
        wide = nadir - ideal
        position = (value - ideal) / wide if wide > 0 else None
        found.append(
            Term(
                rule=rule,
                price=price,
                ideal=ideal,
                bound=bound,
                nadir=nadir,
                value=value,
                position=position,
            )
        )
    return tuple(found)
