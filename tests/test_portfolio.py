"""A portfolio: plans near the best that differ as much as they can, against enumeration."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import ORACLE, solve_here
from step_toys import EVEN, account, drawn, scenario

from optiterr.audit import prices_of, recount
from optiterr.certificate import lower_bound
from optiterr.compile import compile_model
from optiterr.conformance.counting import plans as all_plans
from optiterr.engine import read, solve_problem
from optiterr.errors import AuditError, DataError, SpecError
from optiterr.goals import Ceiling, aim
from optiterr.ladder import ladder
from optiterr.portfolio import portfolio, write
from optiterr.portfolio.differing import likeness
from optiterr.portfolio.records import Portfolio
from optiterr.rowfunctions import worst
from optiterr.scenario.loading import Scenario
from optiterr.solution import Status
from optiterr.verification import verify

# Rules of drawn instances may match nothing: that warns, and is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::optiterr.errors.OptiterrWarning")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    solve_here(monkeypatch)


def carved(asked: Scenario, count: int = 3, within: float = 0.0, by: str = "accounts") -> Portfolio:
    return portfolio(asked, count, within, by, oracle=ORACLE)


FOUR = [account("ash", None, 3), account("birch", None, 3)]
FOUR += [account("cedar", None, 1), account("doug", None, 1)]
"""Each target is 4: best are the plans that part ash from birch and cedar from doug."""


def test_as_good_and_as_different_as_can_be() -> None:
    """Of the four best plans, with 3 + 1 each, the second gives every account to the other rep.

    The third differs from each of the two in two accounts: one pair changes sides.
    """
    made = carved(scenario(FOUR, {"even": EVEN}))
    assert [one.cost for one in made.members] == [0.0, 0.0, 0.0]
    assert made.accounts == ((0, 4, 2), (4, 0, 2), (2, 2, 0))
    assert [one.difference for one in made.members] == [None, 4.0, 2.0]
    assert [one.status for one in made.members[1:]] == ["optimal", "optimal"]
    assert made.whole == 4.0
    assert made.words[0].startswith(
        "plan-2 costs as much as the best and differs from plan-1 in 4 of 4 accounts"
    )


def test_a_measure_decides_what_differs_most() -> None:
    """Only ash and birch may change places, or cedar and doug: by value it is the large ones.

    At a price of 1 for each moved unit from books of 3 + 1 each, changing the small ones costs 2
    and the large ones 6. By accounts both differ in two: the cheaper one, by cost, is the small.
    """
    rows = [{**one, "owner": "kim" if place in (0, 2) else "lee"} for place, one in enumerate(FOUR)]
    rules = {
        "even": {**EVEN, "price": 100},
        "moves": {"kind": "disruption", "of": "revenue", "price": 1},
        # A plan of cost 0 has nothing near it: one unit is paid whatever happens.
        "skills": {"kind": "skills", "price": 10},
    }
    for one in rows:
        one["skills"] = "german" if one["account_id"] == "ash" else ""
    reps = [{"rep_id": "kim", "skills": ""}, {"rep_id": "lee", "skills": ""}]
    asked = scenario(rows, rules, reps)
    small, large = carved(asked, 2, 0.6), carved(asked, 2, 0.6, "revenue")
    assert [one.cost for one in small.members] == [10.0, 12.0]
    assert [one.cost for one in large.members] == [10.0, 16.0]
    assert small.amounts[0] == (0.0, 2.0)
    assert large.accounts[0] == (0, 2)
    assert large.amounts[0] == (0.0, 6.0)
    assert "6 of 8 revenue of accounts" in large.words[0]
    assert large.members[1].above_best == pytest.approx(0.6)


def test_fewer_plans_where_none_differs() -> None:
    """The only plan of its cost stays alone, and the portfolio says so."""
    rows = [account("ash", "kim", 1), account("birch", "lee", 2)]
    rules = {"moves": {"kind": "disruption", "of": "revenue", "price": 1}}
    made = carved(scenario(rows, rules))
    assert len(made.members) == len(made.plans) == 1
    assert made.words == (
        "There are 1 plan, not 3: no further one that differs was found within 0 % of the best "
        "cost.",
    )


def test_no_plan_no_portfolio() -> None:
    """An infeasible scenario gives its answer, and no members."""
    rows = [account("ash", "kim", work=99)]
    rules = {"hours": {"kind": "capacity", "measure": "work", "limit": "hours"}}
    made = carved(scenario(rows, rules))
    assert made.members == ()
    assert made.plans[0].status is Status.INFEASIBLE
    assert made.words == ("There is no plan to start from.",)


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("sales", "there is no account measure 'sales'"),
        ("segment", "holds something else than numbers"),
        ("debt", "debt is -1"),
    ],
)
def test_measures_that_cannot_count(by: str, said: str) -> None:
    """One that is not there, text, and a negative number."""
    rows = [{**one, "debt": -1.0, "segment": "smb"} for one in FOUR]
    rules = {
        "even": EVEN,
        "moves": {
            "kind": "disruption",
            "top": 1,
            "top_by": "debt",
            "segments": "segment",
            "segment_max_share": 1,
        },
    }
    with pytest.raises((DataError, SpecError), match=said):
        carved(scenario(rows, rules), by=by)


def test_what_cannot_be_asked_is_refused() -> None:
    """No plans, less than the best, priorities, and a plan of another scenario."""
    asked = scenario(FOUR, {"even": EVEN})
    for count, within in ((0, 0.1), (3, -0.1)):
        with pytest.raises(SpecError, match="cannot be asked for"):
            carved(asked, count, within)
    with pytest.raises(SpecError, match="priorities do not add up to one cost"):
        carved(scenario(FOUR, {"even": EVEN}, priorities=[["even"]]))
    other = solve_problem(asked, read(asked)).model_copy(update={"digest": "0"})
    with pytest.raises(AuditError, match="belongs to another scenario"):
        portfolio(asked, 2, 0.0, best=other, oracle=ORACLE)


def test_against_all_plans() -> None:
    """On 64 instances: within the ceiling, as different as any plan, the cheapest of those.

    The proved bound is never below the largest difference there is, and can be proved again from
    the file.
    """
    rng = np.random.default_rng(3)
    seen = dict.fromkeys(("instances", "second", "third", "lonely", "tight", "dearer"), 0)
    while seen["instances"] < 64:
        asked = drawn(rng)
        within = float(rng.choice([0.0, 0.1, 0.5]))
        by = "accounts" if rng.random() < 0.5 else "revenue"
        problem = read(asked)
        best = solve_problem(asked, problem)
        if not best.has_plan:
            continue
        seen["instances"] += 1
        made = portfolio(asked, 3, within, by, problem, best=best, oracle=ORACLE)
        assert best.cost is not None
        model = compile_model(asked.rules, problem).model
        amount = problem.account_number(by)
        near = []
        for choice in all_plans(model.pairs):
            cost = model.value(model.picks(choice))
            if cost <= best.cost * (1 + within) + 1e-6 * max(1.0, best.cost):
                near.append((model.served_by(choice), cost))
        picked = [
            pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids).to_numpy()
            for plan in made.plans
        ]

        def apart(one: Any, other: Any, amount: np.ndarray = amount) -> float:
            same = (one == other) | (pd.isna(one) & pd.isna(other))
            return float(amount[~same].sum())

        for place in range(1, 3):
            least = [min(apart(one, each) for each in picked[:place]) for one, _ in near]
            if place == len(made.members):
                seen["lonely"] += 1
                assert max(least) == 0
                break
            member = made.members[place]
            assert member.difference == pytest.approx(max(least), abs=1e-6)
            cheapest = min(
                cost for far, (_, cost) in zip(least, near, strict=True) if far > max(least) - 1e-6
            )
            assert member.cost == pytest.approx(cheapest, abs=1e-5)
            assert member.difference_proved is not None
            assert member.difference_proved >= max(least) - 1e-6
            seen["second" if place == 1 else "third"] += 1
            seen["tight"] += member.difference_proved < max(least) + 1e-6
            seen["dearer"] += member.cost > best.cost + 1e-6
        for one, plan in zip(made.members, made.plans, strict=True):
            books = pd.Series(plan.assignment, dtype=object).reindex(problem.account_ids)
            told = recount(asked.rules, problem, books)
            assert told.breaches == ()
            assert told.cost == pytest.approx(one.cost)
            assert plan.bound_proved is not None
            assert plan.bound_proved <= best.cost + 1e-9
        for row, one in enumerate(picked):
            assert list(made.amounts[row]) == pytest.approx([apart(one, other) for other in picked])
    assert min(seen.values()) >= 5, seen


def test_the_prices_of_a_plan_prove_its_bound_again() -> None:
    """From the portfolio and the tables, without a solver."""
    asked = scenario(FOUR, {"even": EVEN})
    made, problem = carved(asked), read(asked)
    model = compile_model(asked.rules, problem).model
    assert made.ceiling is not None
    near = aim(model, (), [Ceiling("cost", tuple(model.terms), made.ceiling)])
    reps = [
        problem.rep_index.get_indexer([plan.assignment[one] for one in problem.account_ids])
        for plan in made.plans
    ]
    for place in (1, 2):
        charge = partial(lambda rows: worst(np.zeros(rows, dtype=int), 0.0, 1.0))
        target = likeness(near, reps[:place], np.ones(4), charge)
        again = lower_bound(target, prices_of(target, made.members[place].prices)).value
        assert made.members[place].difference_proved == pytest.approx(min(4.0, 4.0 - again))


def test_every_plan_is_verified_from_its_file(tmp_path: Path) -> None:
    """Each holds on its own, and the portfolio reads back the same without its plans."""
    asked = scenario(FOUR, {"even": EVEN})
    made = carved(asked, within=0.3)
    paths = write(made, asked, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "plan-1/plan.json",
        "plan-2/plan.json",
        "plan-3/plan.json",
        "portfolio.json",
    ]
    for path in paths[:-1]:
        assert verify(path, folder=tmp_path).holds
    assert Portfolio.read(paths[-1]) == made.model_copy(update={"plans": ()})


def test_bounds_cover_pairs_that_are_no_candidates() -> None:
    """Each account has its nearest reps as candidates; the bound holds for plans with any rep.

    So does that of the rungs of a ladder.
    """
    rng = np.random.default_rng(2)
    wider = 0
    for _ in range(12):
        near, every = spread_out(rng, {"nearest": 1}), spread_out(rng, "all")
        problem = read(near)
        best = solve_problem(near, problem)
        made = portfolio(near, 2, 0.5, problem=problem, best=best, oracle=ORACLE)
        whole = read(every)
        model = compile_model(every.rules, whole).model
        assert best.cost is not None
        picked = model.choose(whole.rep_index.get_indexer([*best.assignment.values()]))
        costs = [(choice, model.value(model.picks(choice))) for choice in all_plans(model.pairs)]
        most = max(
            int((choice != picked).sum()) for choice, cost in costs if cost <= 1.5 * best.cost
        )
        if len(made.members) > 1:
            proved = made.members[1].difference_proved
            assert proved is not None
            assert proved >= most - 1e-6
            wider += most > (made.members[1].difference or 0)
        today = model.choose(whole.owner)
        for rung in ladder(near, best, problem, certify=9, oracle=ORACLE).rungs:
            assert rung.certified is not None
            bound = rung.certified.best_bound_proved
            least = min(
                cost for choice, cost in costs if (choice != today).sum() <= rung.certified.moves
            )
            assert bound is None or bound <= least + 1e-6
    assert wider > 0


def spread_out(rng: np.random.Generator, pairs: Any) -> Scenario:
    """Four accounts and three reps on a map; the same for two calls that follow each other."""
    state = rng.bit_generator.state

    def place() -> dict[str, float]:
        return {"latitude": float(rng.uniform(47, 50)), "longitude": float(rng.uniform(8, 13))}

    owners = ("kim", "lee", "max")
    rows = [{**account(name, "kim", float(rng.integers(1, 9))), **place()} for name in "abcd"]
    reps = [{"rep_id": name, **place()} for name in owners]
    if pairs != "all":
        rng.bit_generator.state = state
    rules = {"even": {**EVEN, "price": 3}, "travel": {"kind": "travel", "price": 0.02}}
    made = scenario(rows, rules, reps).to_dict()
    return Scenario.from_dict({**made, "data": {**made["data"], "pairs": pairs}})


def test_the_same_each_time() -> None:
    """Same scenario, same bytes."""
    asked = drawn(np.random.default_rng(8))
    assert carved(asked, within=0.5).to_json() == carved(asked, within=0.5).to_json()
