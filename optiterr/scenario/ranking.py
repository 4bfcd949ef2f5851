"""The levels of a scenario's priorities: checked against its rules, and completed."""

from __future__ import annotations

from collections.abc import Iterator

from optiterr.errors import meant
from optiterr.scenario.formulation import ModelSpec, PriorityLevel
from optiterr.scenario.tree import Faults, Node


def levels_of(spec: ModelSpec) -> tuple[PriorityLevel, ...]:
    """Every level, with the priced rules that none names as the last one; empty without any."""
    named = [
        one
        if isinstance(one, PriorityLevel)
        else PriorityLevel.model_construct(rules=one, within=0.0, by=0.0)
        for one in spec.priorities
    ]
    if not named:
        return ()
    known = {rule for level in named for rule in level.rules}
    rest = tuple(
        name for name, rule in spec.rules.items() if rule.price is not None and name not in known
    )
    return (*named, PriorityLevel(rules=rest)) if rest else tuple(named)


def check_priorities(spec: ModelSpec, tree: Node, faults: Faults, case: str) -> None:
    """Notes rules that are unknown, cost nothing, or stand in two levels."""
    below = tree.value.get("priorities") if isinstance(tree.value, dict) else None
    for place, what, fix in _objections(spec):
        node = below
        if node is not None and isinstance(node.value, list) and place < len(node.value):
            node = node.value[place]
        faults.add((node or tree).origin, what, fix, ("priorities", place), case)


def _objections(spec: ModelSpec) -> Iterator[tuple[int, str, str]]:
    seen: set[str] = set()
    priced = [name for name, rule in spec.rules.items() if rule.price is not None]
    for place, level in enumerate(levels_of(spec)[: len(spec.priorities)]):
        if not level.rules:
            yield place, "a level without a rule", "name the rules that it adds up, or drop it"
        for name in level.rules:
            if name not in spec.rules:
                fix = meant(name, priced, f"priced rules: {', '.join(priced) or 'none'}")
                yield place, f"there is no rule {name!r}", fix
            elif spec.rules[name].price is None:
                fix = "give it a price, or drop it here: a hard rule holds at every level"
                yield place, f"rule {name!r} is hard, so it has nothing to minimise", fix
            elif name in seen:
                yield place, f"rule {name!r} stands in two levels", "name it once"
            seen.add(name)
