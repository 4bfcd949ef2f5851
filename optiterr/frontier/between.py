"""Goals as they are asked for: names or kinds of priced rules, joined by plus signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from optiterr.errors import Fault, SpecError, meant
from optiterr.frontier.values import Goal
from optiterr.rules import Rule

REST = "rest"
"""The goal that adds up every priced rule that no other goal names."""

FEWEST, MOST = 2, 4
"""A frontier lies between so many goals."""


def goals_of(rules: Mapping[str, Rule], between: Sequence[str]) -> tuple[Goal, ...]:
    """The goals that ``between`` names, in its order; SpecError with all that is wrong with them.

    A goal is a rule, or a kind of rules that no rule is called by: all priced rules of that kind.
    ``a+b`` adds the terms of two up; ``rest`` (unless a rule is called so) adds up all that no
    other goal names.
    """
    priced = [name for name, rule in rules.items() if rule.price is not None]
    named: list[list[str]] = []
    for one in between:
        parts = [part.strip() for part in one.split("+")]
        named.append([name for part in parts for name in _called(rules, priced, part)])
    used = {name for parts in named for name in parts}
    rest = [name for name in priced if name not in used] if REST not in rules else None
    goals = tuple(
        Goal(name=one, rules=tuple(rest if rest and parts == [REST] else parts))
        for one, parts in zip(between, named, strict=True)
    )
    faults = list(_objections(rules, goals, priced))
    if not FEWEST <= len(goals) <= MOST:
        fix = f"name {FEWEST} to {MOST}; priced rules: {', '.join(priced) or 'none'}"
        faults.append(Fault("between", f"{len(goals)} goals make no frontier", fix))
    if faults:
        raise SpecError.of(faults)
    return goals


def _called(rules: Mapping[str, Rule], priced: Sequence[str], part: str) -> list[str]:
    """The rules that ``part`` stands for; itself where it stands for none."""
    if part in rules:
        return [part]
    return [name for name in priced if rules[name].kind == part] or [part]


def _objections(
    rules: Mapping[str, Rule], goals: Sequence[Goal], priced: Sequence[str]
) -> Iterator[Fault]:
    seen: set[str] = set()
    for goal in goals:
        where = f"between, goal {goal.name!r}"
        for name in goal.rules:
            if name == REST and name not in rules:
                yield Fault(where, "no priced rule is left for it", "name fewer rules elsewhere")
            elif name not in rules:
                known = f"priced rules: {', '.join(priced) or 'none'}"
                yield Fault(where, f"there is no rule {name!r}", meant(name, priced, known))
            elif rules[name].price is None:
                fix = "give it a price, or name another: a hard rule holds at every point"
                yield Fault(where, f"rule {name!r} is hard, so it has nothing to minimise", fix)
            elif name in seen:
                yield Fault(where, f"rule {name!r} stands in two goals", "name it once")
            seen.add(name)
