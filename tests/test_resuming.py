"""Going on from an earlier plan: its books and prices by name, and nothing believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optiterr import Scenario, load, solve
from optiterr.compile import compile_model
from optiterr.engine import read
from optiterr.plan import Plan
from optiterr.resuming import carried, resumed
from optiterr.search import decompose
from optiterr.search.diving import dive
from optiterr.solution import Limits

QUICK = Path("scenarios/quickstart/quickstart.yaml")


def trees(capacity: float = 70, more: tuple[str, ...] = (), **rules: Any) -> Scenario:
    """Three accounts of 40, 30 and 10 hours, and reps Kim, Lee and ``more``."""
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "trees",
            "data": {
                "accounts": {
                    "records": [
                        {"account_id": "Ash", "owner": "Kim", "hours": 40},
                        {"account_id": "Birch", "owner": "Kim", "hours": 30},
                        {"account_id": "Cedar", "owner": "Lee", "hours": 10},
                    ],
                    "owner": "owner",
                },
                "reps": {
                    "records": [
                        {"rep_id": name, "capacity": capacity} for name in ("Kim", *more, "Lee")
                    ]
                },
            },
            "rules": {
                "room": {"kind": "capacity", "measure": "hours", "limit": "capacity"},
                "even": {"kind": "balance", "measure": "hours", "price": 3, "per": "unit"},
                "moves": {"kind": "disruption", "of": "accounts", "price": 5},
                **rules,
            },
            "solve": {"seconds": 10, "solver": "decompose"},
        }
    )


def moved_prices(plan: Plan) -> Plan:
    """The plan with prices that can be told apart: 1, 2, ... in each block."""
    prices = {name: tuple(float(k + 1) for k in range(len(p))) for name, p in plan.prices.items()}
    return plan.model_copy(update={"prices": prices})


def test_decompose_finds_the_plan_worked_by_hand() -> None:
    """Targets are 40 each: Kim keeps Ash (40), Birch (30) goes to Lee (10): 1 move, no miss.

    Staying costs 3 x (30 + 30) = 180; moving Birch costs 5.
    """
    plan = solve(trees())
    assert plan.assignment == {"Ash": "Kim", "Birch": "Lee", "Cedar": "Lee"}
    assert plan.cost == 5.0
    assert plan.bound_proved is not None
    assert plan.bound_proved <= 5.0
    assert plan.solver.name == "decompose"


def test_prices_find_their_rows_by_rep_when_a_rep_joins() -> None:
    """Kim and Lee keep their prices though Max now stands between them; Max gets the median."""
    plan = moved_prices(solve(trees()))
    now = trees(more=("Max",))
    compiled = compile_model(now.rules, read(now))
    earlier = carried(plan, compiled)
    blocks = compiled.model.by_block(earlier.price)
    assert compiled.model.blocks[0].labels == ("Kim", "Max", "Lee")
    assert blocks["room"] == (1.0, 1.5, 2.0)
    assert (earlier.choice >= 0).all()


def test_an_account_whose_rep_may_not_serve_it_any_more_has_no_pair() -> None:
    """Birch went to Lee; locked to Kim it has to be looked at anew, and the others stay."""
    plan = solve(trees())
    now = trees(stay={"kind": "locks", "keep": [{"account": "Birch", "rep": "Kim"}]})
    compiled = compile_model(now.rules, read(now))
    earlier = carried(plan, compiled)
    assert (earlier.choice < 0).tolist() == [False, True, False]
    assert earlier.whole(compiled) is None


def test_an_earlier_plan_from_another_world_does_no_harm() -> None:
    """A plan of other accounts, reps and rules gives nothing, and the answer is the same."""
    foreign = solve(load(QUICK))
    plan = solve(trees(), after=foreign)
    assert plan.cost == solve(trees()).cost == 5.0


def test_going_on_after_an_edit_finds_a_plan_within_the_new_rules() -> None:
    """Birch is locked to Kim: whole books again, the lock kept, and the bound proved anew."""
    first = solve(trees())
    now = trees(stay={"kind": "locks", "keep": [{"account": "Birch", "rep": "Kim"}]})
    plan = solve(now, after=first)
    assert plan.assignment["Birch"] == "Kim"
    assert plan.cost is not None
    fresh = solve(now)
    assert fresh.cost is not None
    assert fresh.bound_proved is not None
    assert plan.cost >= fresh.bound_proved
    assert np.isclose(plan.cost, fresh.cost)


def test_a_large_edit_begins_anew_from_the_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hire whose book is empty: the plan is far from the bound, and a dive finds another.

    After a lock it is near enough, and nothing dives.
    """
    dives = []

    def counted(*told: Any) -> Any:
        dives.append(1)
        return dive(*told)

    monkeypatch.setattr(decompose, "dive", counted)
    monkeypatch.setattr(decompose, "bookable", lambda model: False)
    first = solve(trees())

    def again(now: Scenario) -> int:
        compiled = compile_model(now.rules, read(now))
        earlier = carried(first, compiled)
        dives.clear()
        go_on = resumed("decompose", earlier).solve
        assert go_on is not None
        answer = go_on(compiled.model, Limits(2.0, 0.0, 0, 1), None, None)
        assert answer.x is not None
        return len(dives)

    assert again(trees(more=("Max",))) == 1
    assert again(trees(stay={"kind": "locks", "keep": [{"account": "Ash", "rep": "Kim"}]})) == 0
