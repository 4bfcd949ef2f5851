"""Rules on what books are made of: what must not change a plan's cost, and what cannot raise it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rulebook import DRAWS
from rulebook.problems import random_problem

from optiterr.compile import compile_model
from optiterr.conformance import least_cost, plans
from optiterr.errors import DataError
from optiterr.problem import Problem
from optiterr.rules import Rule
from optiterr.rules.cost import Cost
from optiterr.rules.focus import Focus
from optiterr.rules.mix import Mix
from optiterr.rules.span import Span
from optiterr.rules.specialists import Specialists
from optiterr.rules.walls import Walls

RULES: dict[str, type[Rule]] = {
    "mix": Mix,
    "focus": Focus,
    "specialists": Specialists,
    "walls": Walls,
    "span": Span,
}

Fields = dict[str, Any]

TRIED = 60
"""Random settings of each rule."""


def moved(fields: Fields, **by: float) -> Fields:
    """The settings with those bounds that are set moved, not below zero."""
    return fields | {
        name: type(fields[name])(max(0, fields[name] + step))
        for name, step in by.items()
        if name in fields
    }


def without(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def opened(fields: Fields, *pair: str) -> Fields:
    return fields | {"crossings": [*fields.get("crossings", []), list(pair)]}


LOOSER: Mapping[str, tuple[Callable[[Fields], Fields], ...]] = {
    "mix": (
        lambda f: moved(f, at_least=-1, at_most=1, share_at_least=-0.25),
        lambda f: f | ({"share_at_most": 1.0} if "share_at_most" in f else {}),
        lambda f: f | {"price": f.get("price", 2.0) / 2},
    ),
    "focus": (
        lambda f: moved(f, at_most=1),
        lambda f: f | {"where": {"all": [f.get("where", {"tier": {"at_least": 0}}), {"stage": 1}]}},
        lambda f: f | {"price": f.get("price", 2.0) / 2},
    ),
    "specialists": (
        lambda f: f | ({"mode": "only"} if f.get("mode", "both") == "both" else {}),
        lambda f: f | ({"mode": "reserved"} if f.get("mode", "both") == "both" else {}),
        lambda f: f | {"price": f.get("price", 2.0) / 2},
    ),
    "walls": (
        lambda f: moved(f, most=1),
        lambda f: opened(f, "east", "west") if {"match", "owner"} & set(f) else f,
        lambda f: without(f, "owner", "crossings") if "within" in f and "match" not in f else f,
        lambda f: f | {"price": f.get("price", 2.0) / 2},
    ),
    "span": (
        lambda f: moved(f, at_least=-1, at_most=1),
        lambda f: f | {"price": f.get("price", 2.0) / 2},
    ),
}


def least(kind: str, fields: Fields, data: Problem) -> float:
    """Cost of the cheapest plan beside costs of pairs; infinite where the data are refused."""
    rules = {"rule": RULES[kind](**fields), "cost": Cost(value="margin")}
    try:
        return least_cost(compile_model(rules, data).model)
    except DataError:
        return np.inf


@pytest.mark.parametrize("kind", RULES)
def test_loosening_never_costs_more(kind: str) -> None:
    """Wider bounds, fewer accounts spoken of, half the price, a price instead of none."""
    rng = np.random.default_rng([7, *kind.encode()])
    cheaper = 0
    for _ in range(TRIED):
        data, fields = random_problem(rng), DRAWS[kind](rng)
        before = least(kind, fields, data)
        for loosen in LOOSER[kind]:
            after = least(kind, loosen(fields), data)
            assert after <= before + 1e-9, f"{fields} costs {before:g}, {loosen(fields)} {after:g}"
            cheaper += after < before - 1e-9
    assert cheaper >= 5


def renamed(data: Problem) -> Problem:
    """The same problem with other ids, which sort the other way round."""
    accounts, reps = data.accounts.copy(), data.reps.copy()
    new = {rep: f"z{9 - place}" for place, rep in enumerate(reps["rep_id"])}
    reps["rep_id"] = reps["rep_id"].map(new)
    accounts["owner_id"] = accounts["owner_id"].map(new | {"gone": "lost"}).astype(object)
    accounts["account_id"] = [f"k{9 - place}" for place in range(len(accounts))]
    return replace(data, accounts=accounts, reps=reps)


@pytest.mark.parametrize("kind", RULES)
def test_renaming_ids_changes_nothing(kind: str) -> None:
    """Every plan costs what it cost, and what is found in it is as much."""
    rng = np.random.default_rng([8, *kind.encode()])
    for _ in range(TRIED):
        data, rule = random_problem(rng), RULES[kind](**DRAWS[kind](rng))
        try:
            model = compile_model({"rule": rule}, data).model
        except DataError:
            with pytest.raises(DataError):
                compile_model({"rule": rule}, renamed(data))
            continue
        other = compile_model({"rule": rule}, renamed(data)).model
        assert np.array_equal(model.pairs.rep, other.pairs.rep)
        for choice in plans(model.pairs):
            assert model.value(model.picks(choice)) == other.value(other.picks(choice)), rule
        before = [found.amount for found in rule.check("rule", data, data.today)]
        after = [found.amount for found in rule.check("rule", renamed(data), renamed(data).today)]
        assert sorted(before) == pytest.approx(sorted(after))
