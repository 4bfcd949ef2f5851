"""Random priorities, and what each level comes to: the least among the plans that are left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rulebook.draws import Rng, pick, quarter

from optiterr.audit import prove
from optiterr.certificate import certify
from optiterr.goals import Ceiling, aim
from optiterr.model import Model
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.solution import Limits
from optiterr.solvers import highs
from optiterr.solving import left_out_models

SHARE = 0.4
"""So many scenarios with a priced rule have priorities."""

BY_ITSELF = ("cost", "saturation", "value")
"""Kinds of rules that have a price of 1 unless the file gives another."""

AGREE = 1e-6
SOLVED = 1e-5
"""Values may differ by so much, times the larger of 1 and their size: of counts, and of solvers."""

Terms = Mapping[str, float]


def rank(rng: Rng, rules: Mapping[str, Mapping[str, Any]]) -> tuple[list[Any], list[str]]:
    """Priorities over the priced rules as a file holds them, and tags; empty for most scenarios.

    Some levels have tolerances, some add up several rules, and some rules stand in none.
    """
    priced = _priced(rules)
    if not priced or rng.random() >= SHARE:
        return [], []
    order = [str(one) for one in rng.permutation(priced)]
    named = order[: int(rng.integers(1, len(order) + 1))]
    levels, tags = [], ["priorities"]
    if len(named) < len(order):
        tags.append("priorities: rules without a level")
    while named:
        count = pick(rng, 1, 1, 2)
        levels.append(_level(rng, named[:count]))
        named = named[count:]
    if any(isinstance(one, dict) for one in levels):
        tags.append("priorities: tolerance")
    if any(len(one) > 1 for one, *_ in read(levels, {})):
        tags.append("priorities: several rules in a level")
    return levels, tags


def _priced(rules: Mapping[str, Any]) -> list[str]:
    """The rules with a price, in the order of the file."""
    return [
        name
        for name, one in rules.items()
        if one.get("price") is not None or one.get("kind") in BY_ITSELF
    ]


def _level(rng: Rng, rules: list[str]) -> Any:
    """One level, with or without tolerances."""
    if rng.random() < 0.4:
        return rules
    more = {
        name: quarter(rng, most) for name, most in (("within", 1), ("by", 2)) if pick(rng, 0, 1)
    }
    return {"rules": rules, **more}


def read(levels: Sequence[Any], rules: Mapping[str, Any]) -> list[tuple[list[str], float, float]]:
    """Rules, relative and absolute tolerance of each level; what stands in none comes last.

    ``rules`` are those of the scenario file.
    """
    found = [
        (list(one), 0.0, 0.0)
        if isinstance(one, list)
        else (list(one["rules"]), one.get("within", 0.0), one.get("by", 0.0))
        for one in levels
    ]
    named = {rule for one, *_ in found for rule in one}
    rest = [name for name in _priced(rules) if name not in named]
    return [*found, (rest, 0.0, 0.0)] if found and rest else found


@dataclass(frozen=True)
class Level:
    """One level counted: the least of the candidates, of all pairs, and what later ones may add."""

    rules: list[str]
    best: float
    best_of_all: float
    most: float


def sequence(
    levels: Sequence[tuple[list[str], float, float]],
    counted: Sequence[tuple[Terms, bool]],
    reached: Sequence[float] = (),
) -> Iterator[Level]:
    """Each level by counting: of the plans that keep what is before it, the least.

    ``counted`` holds the terms of every plan that keeps the hard rules, and whether it is among the
    candidates. Ceilings follow from the values ``reached`` where a solver told them.
    """
    left = list(counted)
    for place, (rules, within, by) in enumerate(levels):
        value = [sum(terms.get(rule, 0.0) for rule in rules) for terms, _ in left]
        inside = [one for one, (_, candidate) in zip(value, left, strict=True) if candidate]
        best, told = min(inside), min(inside)
        if place < len(reached):
            told = reached[place]
        most = told + max(within * abs(told), by)
        yield Level(rules, best, min(value), most)
        room = AGREE * max(1.0, abs(most))
        left = [one for one, this in zip(left, value, strict=True) if this <= most + room]


def levels_hold(
    levels: Sequence[tuple[list[str], float, float]],
    counted: Sequence[tuple[Terms, bool]],
    rules: Mapping[str, Rule],
    problem: Problem,
    model: Model,
) -> None:
    """At each level: HiGHS finds what counting finds, and no prices prove more, over all pairs."""
    ceilings: list[Ceiling] = []
    for place, level in enumerate(sequence(levels, counted), start=1):
        target = aim(model, level.rules, ceilings)
        answer = highs.solve(target, Limits(seconds=60, gap=0.0))
        told = f"level {place}, {level.rules}: HiGHS says {answer.status} {answer.objective}"
        assert answer.x is not None, told
        value = target.value(answer.x)
        near = SOLVED * max(1.0, abs(level.best))
        assert abs(value - level.best) <= near, f"{told}, its plan {value}, counted {level.best}"
        prices = highs.relax(target, Limits()).prices
        chunks = [aim(one, level.rules, ceilings) for one in left_out_models(rules, problem)]
        bound = prove(target, prices, chunks)
        room = SOLVED * max(1.0, abs(level.best_of_all))
        assert bound.value <= level.best_of_all + room, (
            f"level {place}, {level.rules}: prices prove {bound.value}, counted {level.best_of_all}"
        )
        if not chunks:
            certify(target, answer.x, bound)
        ceilings.append(Ceiling(f"level {place}", tuple(level.rules), level.most))


def plan_holds(
    levels: Sequence[tuple[list[str], float, float]],
    counted: Sequence[tuple[Terms, bool]],
    plan: Plan,
) -> None:
    """The levels of a plan are those of counting, kept by it, and not below their bounds."""
    assert [list(one.rules) for one in plan.levels] == [one for one, *_ in levels]
    reached = [one.value for one in plan.levels]
    for told, level in zip(plan.levels, sequence(levels, counted, reached), strict=True):
        said = f"level {told.rules}: {told.value}, counted {level.best}"
        assert abs(told.value - level.best) <= SOLVED * max(1.0, abs(level.best)), said
        room = SOLVED * max(1.0, abs(level.best_of_all))
        assert told.bound_proved <= level.best_of_all + room, f"{said}, proved {told.bound_proved}"
        assert told.final <= told.most + SOLVED * max(1.0, abs(told.most)), f"{said}, {told.final}"
        assert np.isclose(told.most, level.most, rtol=1e-6, atol=1e-6), f"{said}, {told.most}"
        final = sum(plan.terms[rule] for rule in told.rules)
        assert np.isclose(final, told.final, rtol=1e-6, atol=1e-6), f"{said}, {told.final}, {final}"
