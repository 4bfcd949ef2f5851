"""What must not change a scenario's least cost, and what can only lower it, over all rules."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from campaigns.derived import PLAIN
from campaigns.phrases import REPS, phrase
from campaigns.scenarios import draw
from rulebook import DRAWS
from rulebook.draws import pick, quarter
from rulebook.problems import random_problem

from optiterr.compile import compile_model
from optiterr.conformance import least_cost
from optiterr.engine import read
from optiterr.errors import DataError, OptiterrError, OptiterrWarning
from optiterr.problem import Problem
from optiterr.rules import rule_class
from optiterr.rules.cost import Cost
from optiterr.scenario.loading import Scenario

Rng = np.random.Generator
Tree = dict[str, Any]

TRIED = 40
"""Random scenarios of each test."""


def least(tree: Tree) -> float | None:
    """Cost of the cheapest plan by counting the model's plans; None where it is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptiterrWarning)
        try:
            scenario = Scenario.from_dict(tree)
            return least_cost(compile_model(scenario.rules, read(scenario)).model)
        except OptiterrError:
            return None


def drawn(seed: int) -> Iterator[tuple[Tree, Rng]]:
    """Random scenarios over the whole language, their tables written in them."""
    for number in range(TRIED):
        rng = np.random.default_rng([seed, number])
        one = draw(rng)
        tree = copy.deepcopy(one.settings)
        for name, frame in one.frames.items():
            del tree["data"][name]["frame"]
            rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
            tree["data"][name]["records"] = rows
        yield tree, rng


def same(before: Tree, after: Tree) -> bool:
    """Whether both cost the same, are both infeasible, or are both refused; True if feasible."""
    costs = least(before), least(after)
    if None in costs:
        assert costs == (None, None), f"{costs}: {before}\n{after}"
        return False
    assert costs[0] == pytest.approx(costs[1], rel=1e-9, abs=1e-9), f"{before}\n{after}"
    return costs[0] is not None and bool(np.isfinite(costs[0]))


def names_largest(tree: Tree) -> bool:
    """Whether a rule names the largest accounts: of equal ones those that come first in the file"""
    return any("top" in rule for rule in tree["rules"].values())


# ------------------------------------------------------------------------------ nothing changes

NEW = {
    **{old: f"k{9 - at}" for at, old in enumerate("abcde")},
    **{f"r{at}": f"z{9 - at}" for at in range(1, 10)},
    "gone": "lost",
}
"""Ids that sort the other way round."""


def renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: renamed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one) for one in value]
    return NEW.get(value, value) if isinstance(value, str) else value


def test_renaming_every_id_changes_nothing() -> None:
    """Accounts, reps, owners, parents, locks, pairs, tables and filters by id."""
    assert sum(same(tree, renamed(tree)) for tree, _ in drawn(41)) >= TRIED / 2


def shuffled(value: Any, rng: Rng) -> Any:
    """The tree with the rows of every table in another order."""
    if not isinstance(value, dict):
        return value
    found = {key: shuffled(one, rng) for key, one in value.items()}
    if isinstance(found.get("records"), list):
        found["records"] = [found["records"][at] for at in rng.permutation(len(found["records"]))]
    return found


def test_the_order_of_rows_changes_nothing() -> None:
    """But for the largest accounts of a book, of which equal ones count as they come."""
    trees = [(tree, rng) for tree, rng in drawn(42) if not names_largest(tree)]
    found = [same(tree, tree | {"data": shuffled(tree["data"], rng)}) for tree, rng in trees]
    assert sum(found) >= TRIED / 2


def test_the_order_of_rules_measures_and_groups_changes_nothing() -> None:
    """Each is worked out after what it needs, wherever it is written."""

    def turned(tree: Tree) -> Tree:
        parts = ("rules", "measures", "groups")
        return tree | {part: dict(reversed(tree[part].items())) for part in parts}

    assert sum(same(tree, turned(tree)) for tree, _ in drawn(43)) >= TRIED / 2


HARMLESS: tuple[Tree, ...] = (
    {"kind": "capacity", "measure": "accounts", "limit": 1e6},
    {"kind": "capacity", "measure": "workload", "limit": 1e12, "by": "manager", "price": 5},
    {"kind": "disruption", "max_share": 1},
    {"kind": "mix", "of": "revenue", "at_least": 0, "at_most": 1e12},
    {"kind": "focus", "column": "segment", "at_most": 99},
    {"kind": "apart", "group": "family", "most": 99},
    {"kind": "together", "group": "investor", "most": 99},
    {"kind": "protect", "where": {"account_id": "nobody"}},
    {"kind": "specialists", "where": {"tier": {"less_than": -1}}, "where_rep": {"role": "x"}},
    {"kind": "travel", "max": 30_000},
    {"kind": "span", "by": "manager", "at_most": 99},
    {"kind": "locks", "forbid": []},
    {"kind": "fit", "score": "score", "at_least": 0},
    {"kind": "cost", "value": "margin", "price": 0},
)
"""Rules that ask for nothing."""


def test_a_redundant_rule_changes_nothing() -> None:
    """A copy of every hard rule, and of the rules that ask for nothing four at a time."""
    feasible = 0
    for number, (tree, _) in enumerate(drawn(44)):
        more = {
            f"{name}-again": rule for name, rule in tree["rules"].items() if "price" not in rule
        }
        feasible += same(tree, tree | {"rules": tree["rules"] | more})
        harmless = {f"more-{at}": HARMLESS[(number + at) % len(HARMLESS)] for at in range(4)}
        same(tree, tree | {"rules": tree["rules"] | harmless})
    assert feasible >= TRIED / 2


def test_a_filter_said_otherwise_changes_nothing() -> None:
    """Twice not, itself twice, and split by any other filter or its opposite."""
    split = 0
    for tree, rng in drawn(45):
        rules = copy.deepcopy(tree["rules"])
        for rule in rules.values():
            for name, columns in (("where", PLAIN), ("where_rep", REPS)):
                if name in rule:
                    asked, other = rule[name], phrase(rng, columns)
                    ways = (
                        {"not": {"not": asked}},
                        {"all": [asked, asked]},
                        {"any": [{"all": [asked, other]}, {"all": [asked, {"not": other}]}]},
                    )
                    rule[name] = pick(rng, *ways)
                    split += 1
        same(tree, tree | {"rules": rules})
    assert split >= TRIED


AMOUNTS = ("limit", "at_least", "at_most", "max_amount", "rep_out_max_amount", "rep_in_max_amount")


def of_hours(rng: Rng) -> dict[str, Tree]:
    """Rules that all count the workload, with amounts in its unit."""
    priced = {"price": quarter(rng, 3) + 0.25} if rng.random() < 0.6 else {}
    where = {"where": {"workload": {"at_least": quarter(rng, 1)}}} if rng.random() < 0.5 else {}
    every: dict[str, Tree] = {
        "hours": {"kind": "capacity", "limit": quarter(rng, 4), **priced, **where},
        "fair": {"kind": "balance", "measure": "workload", "price": 1.0, "per": "unit"},
        "mix": {"kind": "mix", "of": "workload", "at_least": quarter(rng, 1), "at_most": 4.0,
                "price": quarter(rng, 2), **where},
        "stay": {"kind": "disruption", "of": "workload", "max_amount": quarter(rng, 4), **where},
        "calm": {"kind": "disruption", "of": "workload", "rep_in_max_amount": 2.0, "price": 0.5},
        "open": {"kind": "pool", "price": 0.5, "weight": "workload", "of": "workload",
                 "max_amount": quarter(rng, 3)},
    }  # fmt: skip
    names = rng.choice(list(every), size=3, replace=False)
    return {str(name): every[str(name)] for name in names}


def scaled(rules: Mapping[str, Tree], times: float) -> dict[str, Tree]:
    """The same rules for a workload in another unit."""
    found = {name: copy.deepcopy(rule) for name, rule in rules.items()}
    for rule in found.values():
        rule |= {name: rule[name] * times for name in AMOUNTS if name in rule}
        if "price" in rule:
            rule["price"] /= times
        if "where" in rule:
            rule["where"]["workload"]["at_least"] *= times
    return found


def test_another_unit_changes_nothing() -> None:
    """The workload times four, limits and filters too, prices a quarter."""
    feasible = 0
    for tree, rng in drawn(46):
        name = tree["data"]["accounts"].get("columns", {}).get("workload", "workload")
        if "workload" in tree["measures"]:
            continue
        tree["rules"], tree["measures"] = of_hours(rng), {}
        more = copy.deepcopy(tree) | {"rules": scaled(tree["rules"], 4.0)}
        for row in more["data"]["accounts"]["records"]:
            if isinstance(row.get(name), float):
                row[name] *= 4.0
        feasible += same(tree, more)
    assert feasible >= TRIED / 4


# ---------------------------------------------------------------------------- nothing costs more


def raised(fields: Tree, **by: float) -> Tree:
    """The settings with those that are set raised, not below zero."""
    return fields | {
        name: max(0, fields[name] + step)
        for name, step in by.items()
        if isinstance(fields.get(name), int | float)
    }


def cheaper(fields: Tree) -> Tree:
    return fields | ({"price": fields["price"] / 2} if "price" in fields else {})


def softened(fields: Tree) -> Tree:
    return fields | {"price": fields.get("price", 2.0)}


def narrowed(fields: Tree) -> Tree:
    return fields | {
        "where": {"all": [fields.get("where", {"stage": {"at_least": 0}}), {"tier": 1}]}
    }


def without(*names: str) -> Callable[[Tree], Tree]:
    return lambda fields: {name: one for name, one in fields.items() if name not in names}


LOOSER: Mapping[str, tuple[Callable[[Tree], Tree], ...]] = {
    "apart": (cheaper, softened, narrowed, lambda f: f | {"most": f.get("most", 1) + 1}),
    "balance": (
        cheaper,
        lambda f: raised(f, within=0.5, hard_within=0.5),
        lambda f: softened(f) | {"per": "unit"} if "price" not in f else f,
    ),
    "capacity": (
        cheaper,
        lambda f: raised(f, limit=1, slack=0.25, at_least=-0.25),
        lambda f: softened(f) if f.get("per") != "share" else f,
    ),
    "disruption": (
        cheaper,
        lambda f: raised(f, max_amount=2, rep_out_max_amount=2, rep_in_max_amount=2),
        lambda f: raised(f, segment_max_amount=2, by_out_max_amount=2, by_in_max_amount=2),
        lambda f: f | {name: 1.0 for name in f if name.endswith("_share") and name[:4] != "rep_"},
    ),
    "fit": (cheaper, lambda f: raised(f, at_least=-0.25)),
    "locks": (cheaper, softened, lambda f: without("keep")(f), lambda f: without("forbid")(f)),
    "pool": (
        cheaper,
        lambda f: raised(f, max_amount=1),
        lambda f: f | ({"max_share": 1.0} if "max_share" in f else {}),
    ),
    "protect": (cheaper, softened, narrowed, lambda f: f | {"until": "2025-12-31"}),
    "relationships": (cheaper, narrowed, lambda f: raised(f, unknown=-1) if "unknown" in f else f),
    "skills": (cheaper, softened, narrowed, lambda f: without("levels")(f)),
    "together": (cheaper, softened, narrowed, lambda f: f | {"most": f.get("most", 1) + 1}),
    "travel": (cheaper, narrowed, lambda f: raised(f, max=1)),
}
"""Changes of a rule's settings that ask for less; the other kinds have theirs in
test_metamorphic_composition.py."""


def cheapest(kind: str, fields: Tree, data: Problem) -> float:
    """Cost of the cheapest plan beside costs of pairs; infinite where the data are refused."""
    rules = {"rule": rule_class(kind)(**fields), "cost": Cost(value="margin")}
    try:
        return least_cost(compile_model(rules, data).model)
    except DataError:
        return np.inf


@pytest.mark.parametrize("kind", LOOSER)
def test_asking_for_less_never_costs_more(kind: str) -> None:
    """Wider limits, fewer accounts spoken of, half the price, a price instead of none."""
    rng = np.random.default_rng([47, *kind.encode()])
    lower = 0
    for _ in range(TRIED):
        data, fields = random_problem(rng), DRAWS[kind](rng)
        before = cheapest(kind, fields, data)
        for loosen in LOOSER[kind]:
            after = cheapest(kind, loosen(fields), data)
            assert after <= before + 1e-9, f"{fields} costs {before:g}, {loosen(fields)} {after:g}"
            lower += after < before - 1e-9
    assert lower >= 5
