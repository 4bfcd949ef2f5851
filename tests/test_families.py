"""Families as one account, as rows, and counted plan by plan: three ways to the same answer.

A rule that keeps groups together as a must is a contraction of the model. It has to agree with its
own word on every plan of all accounts, with the rows that count the reps of a group at a limit of
one, and with what a solver makes of either; and its bounds have to hold for all of them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from rulebook import DRAWS
from rulebook.draws import Rng, pick
from rulebook.problems import random_problem

from optiterr.certificate import certify, lower_bound
from optiterr.compile import compile_model, prune
from optiterr.conformance import as_series, assignments, least_cost
from optiterr.errors import DataError
from optiterr.findings import Weight
from optiterr.model import Model, ModelBuilder
from optiterr.problem import Problem
from optiterr.rules import Rule, rule_class
from optiterr.rules.together import Together, add_split_rows
from optiterr.solution import Limits, Status
from optiterr.solvers import highs

INSTANCES = 150
EACH_SOLVED = 5
AGREE = 1e-9

OTHERS = ("apart", "balance", "capacity", "cost", "disruption", "locks", "travel")
"""Kinds of rules that stand beside the family, at random."""


def families(rng: Rng) -> Together:
    """A rule that keeps groups of some sort together as a must."""
    who = pick(
        rng,
        {"group": "family"},
        {"group": "family", "level": 1},
        {"group": "investor"},
        {"by": "zip"},
        {"by": "segment", "where": {"revenue": {"at_least": 2}}},
    )
    return Together(**who)


def others(rng: Rng) -> dict[str, Rule]:
    """One or two other rules."""
    kinds = [str(rng.choice(OTHERS)) for _ in range(int(rng.integers(1, 3)))]
    return {f"{kind}-{at}": rule_class(kind)(**DRAWS[kind](rng)) for at, kind in enumerate(kinds)}


def as_rows(family: Together, rest: dict[str, Rule], data: Problem) -> Model:
    """The model in which the family is rows that count reps, and no account is contracted."""
    pruned = prune({"family": family, **rest}, data)[0]
    builder = ModelBuilder(pruned.account_ids, pruned.rep_ids, pruned.pairs)
    add_split_rows("family", pruned, builder, family._binding("family", pruned), upper=1.0)
    for name, rule in rest.items():
        rule.compile(name, pruned, builder)
    return builder.build()


def counted(rules: dict[str, Rule], data: Problem, rep: np.ndarray) -> float:
    """Cost of a plan from findings alone; ``inf`` with a breach."""
    total = 0.0
    for name, rule in rules.items():
        for one in rule.check(name, data, as_series(data, rep)):
            if one.weight is Weight.BREACH:
                return float("inf")
            if one.weight is Weight.PRICED:
                assert rule.price is not None
                total += rule.price * one.amount
    return total


def cost(model: Model, rep: np.ndarray) -> float:
    """Cost of a plan of all accounts; ``inf`` where the model has no place for it."""
    choice = model.choose(rep)
    return float("inf") if (choice < 0).any() else model.value(model.picks(choice))


def close(one: float, other: float, by: float = AGREE) -> bool:
    return one == other or abs(one - other) <= by * max(1.0, abs(one))


def test_a_contracted_family_is_the_family_counted_and_the_family_in_rows() -> None:
    """Plan by plan the same cost, the same optimum for HiGHS, valid bounds, a smaller model."""
    rng, count = np.random.default_rng(11), Counter[str]()
    while count["instances"] < INSTANCES:
        data = random_problem(rng)
        family, rest = families(rng), others(rng)
        rules: dict[str, Rule] = {"family": family, **rest}
        try:
            small = compile_model(rules, data).model
            wide = as_rows(family, rest, data)
        except DataError:
            continue
        if small.unit is None:
            continue
        said = f"{rules}\n{data}"
        best = float("inf")
        for rep in assignments(data):
            asked = counted(rules, data, rep)
            best = min(best, asked)
            assert close(cost(small, rep), asked), said
            assert close(cost(wide, rep), asked), said
        assert close(least_cost(small), best), said
        assert small.pairs.accounts < wide.pairs.accounts
        if len(wide.pairs):
            assert len(small.pairs) < len(wide.pairs)
            assert small.rows < wide.rows
        for model in (small, wide):
            for prices in rng.normal(size=(3, model.rows)) * 3:
                assert lower_bound(model, prices).value <= best + 1e-9 * max(1.0, abs(best)), said
        count["instances"] += 1
        count["infeasible"] += not np.isfinite(best)
        if count["instances"] % EACH_SOLVED == 0:
            solved_alike(small, wide, best)
    print(dict(count))
    assert 0.05 * INSTANCES < count["infeasible"] < 0.7 * INSTANCES


def solved_alike(small: Model, wide: Model, best: float) -> None:
    """HiGHS finds ``best`` in either model, and the relaxed prices of either prove a true bound."""
    for model in (small, wide):
        answer = highs.solve(model, Limits(gap=0.0))
        if not np.isfinite(best):
            assert answer.status is Status.INFEASIBLE
            continue
        assert answer.status is Status.OPTIMAL
        assert answer.objective is not None
        assert close(answer.objective, best, 1e-5)
        bound = lower_bound(model, highs.relax(model, Limits()).prices)
        assert bound.value <= best + 1e-6 * max(1.0, abs(best))
        assert answer.x is not None
        certify(model, answer.x, bound)


def test_families_in_rows_are_relaxed_without_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of one rep, the relaxed rows leave no room that the contraction would not.

    Levels of a group add up to one and are at least each member's share, which adds up to one too:
    every member has the same shares. So both bounds are the same, before large families are paid
    with their pairs: rows cannot see those.
    """
    monkeypatch.setattr("optiterr.compile.tightened", lambda model, all_pairs: model)
    rng, compared = np.random.default_rng(5), 0
    while compared < 20:
        data, family = random_problem(rng), families(rng)
        rest: dict[str, Rule] = {"load": rule_class("capacity")(limit=2.0, price=3.0)}
        small = compile_model({"family": family, **rest}, data).model
        if small.unit is None or not np.isfinite(least_cost(small)):
            continue
        models = (small, as_rows(family, rest, data))
        tight, loose = (highs.relax(model, Limits()).objective for model in models)
        assert tight == pytest.approx(loose, abs=1e-6)
        compared += 1


@pytest.mark.parametrize("most", [1, 2])
def test_a_price_that_outweighs_everything_is_a_must(most: int) -> None:
    """With a price above any other cost the cheapest priced plan is the cheapest hard one."""
    rng, tried = np.random.default_rng(7), 0
    for _ in range(80):
        data = random_problem(rng)
        way: dict[str, Rule] = {"cost": rule_class("cost")(value="margin")}
        who = pick(rng, {"group": "family"}, {"group": "investor"}, {"by": "zip"})
        must = compile_model({**way, "g": Together(**who, most=most)}, data).model
        dear = compile_model({**way, "g": Together(**who, most=most, price=1000.0)}, data).model
        best = least_cost(must)
        if np.isfinite(best):
            tried += 1
            assert close(least_cost(dear), best)
        else:
            assert least_cost(dear) >= 900.0
    assert tried > 40
