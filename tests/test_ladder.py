"""The move ladder: its order, what its rungs cost and break, and how near the best they are."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from in_process import ORACLE, solve_here
from step_toys import EVEN, HOURS, account, drawn, scenario

from optiterr.audit import prices_of, recount
from optiterr.certificate import lower_bound
from optiterr.compile import compile_model
from optiterr.conformance.counting import plans
from optiterr.engine import read, solve_problem
from optiterr.errors import AuditError, SpecError
from optiterr.ladder import ladder
from optiterr.ladder.certifying import Counting
from optiterr.ladder.ordering import Way, best_order, improved, order_of, steepest
from optiterr.ladder.records import Ladder
from optiterr.model import Model
from optiterr.oracle import Oracle
from optiterr.pairs import Floats
from optiterr.plan import Plan
from optiterr.problem import Problem
from optiterr.scenario.loading import Scenario
from optiterr.solution import Limits, Solution, Status

# Rules of drawn instances may match nothing: that warns, and is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::optiterr.errors.OptiterrWarning")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    solve_here(monkeypatch)


def climbed(asked: Scenario, certify: int = 0) -> tuple[Ladder, Plan, Problem]:
    problem = read(asked)
    plan = solve_problem(asked, problem)
    return ladder(asked, plan, problem, certify=certify, oracle=ORACLE), plan, problem


def climb_to(asked: Scenario, certify: int = 0, **assignment: str) -> Ladder:
    """The ladder to another plan than the best."""
    problem = read(asked)
    best = solve_problem(asked, problem)
    told = recount(asked.rules, problem, pd.Series(assignment, dtype=object))
    plan = best.model_copy(
        update={"assignment": assignment, "cost": told.cost, "status": Status.OPTIMAL}
    )
    return ladder(asked, plan, problem, certify=certify, oracle=ORACLE)


def names(made: Ladder) -> list[list[str]]:
    """Accounts that move at each rung."""
    return [[move.account for move in rung.moves] for rung in made.rungs]


# --- worked by hand -----------------------------------------------------------------------------

TREES = [
    account("ash", "kim", 8),
    account("birch", "kim", 4),
    account("cedar", "kim", 2),
    account("doug", "kim", 10),
]


def test_the_largest_step_down_comes_first() -> None:
    """Kim has 24, each target is 12, each unit off costs 10 a rep.

    Rung 0: 12 + 12 off: 240. The plan gives ash and birch to Lee: 12 and 12, cost 0.
    Ash first: 16 and 8: 80 (of 240: two thirds saved); birch first: 20 and 4: 160.
    """
    made, plan, _ = climbed(scenario(TREES, {"even": EVEN}))
    moved = {one for one, rep in plan.assignment.items() if rep == "lee"}
    assert moved in ({"ash", "birch"}, {"doug", "cedar"})
    made = climb_to(
        scenario(TREES, {"even": EVEN}), ash="lee", birch="lee", cedar="kim", doug="kim"
    )
    assert names(made) == [[], ["ash"], ["birch"]]
    assert [rung.cost for rung in made.rungs] == pytest.approx([240, 80, 0])
    assert [rung.share for rung in made.rungs] == pytest.approx([0, 2 / 3, 1])
    assert [rung.moved for rung in made.rungs] == [0, 1, 2]
    assert made.order == "exact"
    assert made.rungs[1].moves[0].model_dump() == {
        "account": "ash",
        "from_rep": "kim",
        "to_rep": "lee",
        "why": "moved",
    }
    assert made.words[:4] == (
        "2 accounts move, on 2 rungs.",
        "The plan brings the cost from 240 after rung 0 down to 0.",
        "The first 1 move of 2 gives 66 % of the improvement (rung 1).",
        "Every rung keeps every hard rule.",
    )


def test_distance_from_the_best_with_as_many_moves() -> None:
    """With one move the best is doug (10): 14 and 10, 40; the rung with ash costs 80.

    Of the 240 - 40 = 200 that one move can save, 160 are saved, if the bound is tight.
    """
    made = climb_to(
        scenario(TREES, {"even": EVEN}), 3, ash="lee", birch="lee", cedar="kim", doug="kim"
    )
    first, one, two = (rung.certified for rung in made.rungs)
    assert first is not None
    assert one is not None
    assert two is not None
    assert (first.moves, one.moves, two.moves) == (0, 1, 2)
    assert first.best_found == pytest.approx(240)
    assert first.share_proved is None  # nothing to save without a move
    assert one.best_found == pytest.approx(40)
    assert one.best_bound_proved is not None
    assert one.best_bound_proved <= 40 + 1e-6
    assert one.gap_found == pytest.approx((80 - 40) / 80)
    assert one.share_proved is not None
    assert one.share_proved <= 160 / 200 + 1e-6
    assert two.gap_proved == 0.0


def test_a_rule_that_breaks_on_the_way_is_named() -> None:
    """Lee is full: a swap cannot be made one account at a time.

    Ash (6 hours) and birch (6) swap; each has 10 hours and 9 in use. Whichever goes first leaves 15
    hours with one rep: 5 too many until the other rung mends it.
    """
    swap = [
        account("ash", "kim", 5, work=6),
        account("birch", "lee", 1, work=6),
        account("cedar", "kim", 1, work=3),
        account("doug", "lee", 1, work=3),
    ]
    made = climb_to(
        scenario(swap, {"hours": HOURS, "even": EVEN}),
        2,
        ash="lee",
        birch="kim",
        cedar="kim",
        doug="lee",
    )
    assert [len(rung.breaches) for rung in made.rungs] == [0, 1, 0]
    rep = made.rungs[1].moves[0].to_rep
    assert (
        f"Rung 1 breaks hours: rep {rep} carries 15 work, 5 above the limit of 10; "
        "mended by rung 2." in made.words
    )
    assert "From rung 2 on every hard rule is kept." in made.words


def test_books_that_break_a_rule_today_are_mended_first() -> None:
    """Kim has 12 hours of 10, all of birch: birch goes first, although ash saves more.

    Each target is 5. Kim has 9: 80. Ash first: 6 and 4: 20; birch first: 8 and 2: 60.
    """
    over = [
        account("ash", "kim", 3),
        account("birch", "kim", 1, work=12),
        account("cedar", "kim", 5),
        account("doug", "lee", 1),
    ]
    reps = [{"rep_id": "kim", "hours": 10}, {"rep_id": "lee", "hours": 20}]
    asked = scenario(over, {"hours": HOURS, "even": EVEN}, reps)
    made = climb_to(asked, ash="lee", birch="lee", cedar="kim", doug="lee")
    assert names(made) == [[], ["birch"], ["ash"]]
    assert [rung.cost for rung in made.rungs] == pytest.approx([80, 60, 0])
    assert [len(rung.breaches) for rung in made.rungs] == [1, 0, 0]
    assert "Rung 0 breaks hours: rep kim carries 12 work, 2 above the limit of 10; " in " ".join(
        made.words
    )


def test_a_rung_may_be_better_than_the_plan() -> None:
    """Cedar's move is a mistake: ash and birch make 12 and 12, with cedar it is 10 and 14."""
    made = climb_to(
        scenario(TREES, {"even": EVEN}), ash="lee", birch="lee", cedar="lee", doug="kim"
    )
    assert [rung.cost for rung in made.rungs] == pytest.approx([240, 80, 0, 40])
    assert (
        "Rung 2 costs 0, less than the plan itself: stop there, or solve the scenario for longer."
    ) in made.words


def test_a_dearer_rung_is_no_place_to_stop() -> None:
    """Ash and birch change places: 6 and 6 before and after, and 9 or 3 between, at a price of 1.

    Kim 6, Lee 6: 0 off. Whichever goes first costs more than either end.
    """
    swap = [account("ash", "kim", 3), account("birch", "lee", 3), account("cedar", "kim", 3)]
    swap += [account("doug", "lee", 3)]
    rules = {"even": EVEN, "fit": {"kind": "skills", "price": 5}}
    for one, need in zip(swap, ("german", "", "", ""), strict=True):
        one["skills"] = need
    reps = [{"rep_id": "kim", "hours": 9, "skills": ""}]
    reps += [{"rep_id": "lee", "hours": 9, "skills": "german"}]
    made = climb_to(scenario(swap, rules, reps), ash="lee", birch="kim", cedar="kim", doug="lee")
    assert [rung.cost for rung in made.rungs] == pytest.approx([5, 60, 0])
    assert "No good place to stop: rung 1, dearer than one before." in made.words


def test_forced_and_unowned_accounts_come_first() -> None:
    """Ash is nobody's, birch's owner left, and skills forbid cedar's: no plan can leave them."""
    rows = [
        account("ash", None, 3, skills=""),
        account("birch", "gil", 3, skills=""),
        account("cedar", "kim", 3, skills="german"),
        account("doug", "kim", 9, skills=""),
        account("elm", "kim", 9, skills=""),
    ]
    reps = [{"rep_id": "kim", "skills": ""}, {"rep_id": "lee", "skills": "german"}]
    made, *_ = climbed(scenario(rows, {"skills": {"kind": "skills"}, "even": EVEN}, reps))
    assert names(made)[0] == ["ash", "birch", "cedar"]
    assert [move.why for move in made.rungs[0].moves] == ["new", "forced", "not allowed"]
    assert made.rungs[0].moves[1].from_rep == "gil"
    assert {move.why for rung in made.rungs[1:] for move in rung.moves} == {"moved"}
    assert "3 of them have to in every plan (rung 0)" in made.words[0]


def test_a_family_is_one_rung() -> None:
    """Ash and birch share a ZIP and move at once; cedar and doug are split today: rung 0."""
    rows = [
        account("ash", "kim", 2, zip="A"),
        account("birch", "kim", 2, zip="A"),
        account("cedar", "kim", 3, zip="B"),
        account("doug", "lee", 3, zip="B"),
        account("elm", "kim", 2, zip=None),
    ]
    rules = {"family": {"kind": "together", "by": "zip"}, "even": EVEN}
    made = climb_to(
        scenario(rows, rules), 2, ash="lee", birch="lee", cedar="kim", doug="kim", elm="kim"
    )
    assert names(made) == [["doug"], ["ash", "birch"]]
    assert [move.why for move in made.rungs[0].moves] == ["joined"]
    assert [rung.moved for rung in made.rungs] == [1, 3]
    assert made.rungs[1].certified is not None
    assert made.rungs[1].certified.moves == 2


def test_an_account_of_the_pool_need_not_move() -> None:
    """Ash is nobody's and may stay open: that it gets a rep is a rung; birch is opened.

    Doug's owner has left and nobody takes it over: doug does not move.
    """
    rows = [account("ash", None, 6), account("birch", "kim", 0), account("cedar", "lee", 6)]
    rows += [account("doug", "gil", 0)]
    rules = {"pool": {"kind": "pool", "price": 1}, "even": EVEN}
    asked = scenario(rows, rules)
    problem = read(asked)
    best = solve_problem(asked, problem)
    given = {"ash": "kim", "cedar": "lee"}
    books = pd.Series(given, dtype=object).reindex(problem.account_ids)
    cost = recount(asked.rules, problem, books).cost
    plan = best.model_copy(update={"assignment": given, "open": ("birch", "doug"), "cost": cost})
    made = ladder(asked, plan, problem, certify=0)
    assert names(made) == [[], ["ash"], ["birch"]]
    assert [(one.why, one.to_rep) for rung in made.rungs for one in rung.moves] == [
        ("new", "kim"),
        ("opened", None),
    ]


def test_no_move_is_a_ladder_of_one_rung() -> None:
    """The plan is today's books."""
    made, *_ = climbed(scenario([account("a", "kim"), account("b", "lee")], {"even": EVEN}), 3)
    assert len(made.rungs) == 1
    assert made.words[0] == "No account moves: the plan is today's books."


def test_moves_that_save_nothing_have_no_share() -> None:
    """From 12 and 12 to 24 and 0: dearer."""
    rows = [account("ash", "kim", 12), account("birch", "lee", 12)]
    made = climb_to(scenario(rows, {"even": EVEN}), ash="kim", birch="kim")
    assert [rung.share for rung in made.rungs] == [None, None]
    assert "no less than rung 0" in made.words[1]


def test_the_best_found_is_never_worse_than_the_rung() -> None:
    """A search that finds nothing, or only a worse plan, leaves the rung as the best plan known."""
    asked = scenario(TREES, {"even": EVEN})
    problem = read(asked)
    plan = solve_problem(asked, problem)

    def nothing(model: Model, limits: Limits, start: Floats | None) -> Solution:
        return Solution(Status.NO_SOLUTION, "none")

    def today(model: Model, limits: Limits, start: Floats | None) -> Solution:
        x = model.picks(model.choose(problem.owner))
        return Solution(Status.FEASIBLE, "today", x=x, objective=model.value(x))

    for search in (nothing, today):
        oracle = Oracle(search, ORACLE.prices)
        made = ladder(asked, plan, problem, certify=[1, 2], oracle=oracle)
        for rung in made.rungs[1:]:
            assert rung.certified is not None
            assert rung.certified.status is Status.FEASIBLE
            assert rung.certified.best_found == pytest.approx(rung.cost)


def test_a_lie_about_the_best_is_caught() -> None:
    """A plan with more moves than allowed is no plan with so few."""
    asked = scenario(TREES, {"even": EVEN})
    problem = read(asked)
    plan = solve_problem(asked, problem)

    def too_many(model: Model, limits: Limits, start: Floats | None) -> Solution:
        x = model.picks(model.choose(np.ones(4, dtype=int)))
        return Solution(Status.OPTIMAL, "liar", x=x, objective=0.0)

    with pytest.raises(AuditError, match="liar"):
        ladder(asked, plan, problem, certify=[1], oracle=Oracle(too_many, ORACLE.prices))


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "0"}, "belongs to another scenario"),
        ({"cost": 1e6}, "costs 1000000.0 in its file"),
        ({"status": Status.INFEASIBLE}, "holds no assignment: infeasible"),
        ({"assignment": {"ash": "gil"}}, "may not serve them: ash, birch"),
    ],
)
def test_a_plan_of_something_else_is_refused(change: dict[str, Any], said: str) -> None:
    """Another model, a doctored cost, no plan, no such rep."""
    asked = scenario(TREES, {"even": EVEN})
    problem = read(asked)
    plan = solve_problem(asked, problem)
    with pytest.raises(AuditError, match=said):
        ladder(asked, plan.model_copy(update=change), problem, certify=0)


# --- against counting ---------------------------------------------------------------------------


def counted_moves(model: Model, problem: Problem, choice: np.ndarray) -> int:
    """Accounts that leave where they are today, those that cannot stay there aside."""
    today = model.choose(problem.owner)
    size = np.ones(len(today)) if model.unit is None else np.bincount(model.unit)
    return int(size[(today >= 0) & (today != choice)].sum())


def test_rungs_against_the_best_of_all_plans() -> None:
    """On 100 instances: no rung is better than the best with as many moves, no bound above it.

    Rungs are nested, cost what the tables say, break what they say, and end in the plan.
    """
    rng = np.random.default_rng(5)
    seen = dict.fromkeys(("climbed", "judged", "tight", "broken", "forced", "several"), 0)
    while seen["climbed"] < 100:
        asked = drawn(rng)
        problem = read(asked)
        plan = solve_problem(asked, problem)
        if not plan.has_plan:
            continue
        seen["climbed"] += 1
        made = ladder(asked, plan, problem, certify=3, oracle=ORACLE)
        model = compile_model(asked.rules, problem).model
        every = [
            (counted_moves(model, problem, choice), model.value(model.picks(choice)))
            for choice in plans(model.pairs)
        ]
        if seen["climbed"] % 3 == 0:
            check_rungs(asked, problem, made, plan)
        for rung in made.rungs:
            seen["broken"] += bool(rung.breaches)
            seen["several"] += rung.rung > 0 and len(rung.moves) > 1
            stands = rung.certified
            if stands is None:
                continue
            best = min((cost for moves, cost in every if moves <= stands.moves), default=np.inf)
            bound = stands.best_bound_proved
            assert bound is None or bound <= best + 1e-6
            if rung.breaches:
                assert stands.gap_proved is None
                assert stands.share_proved is None
            else:
                assert rung.cost >= best - 1e-6
            if np.isfinite(best):
                assert stands.best_found == pytest.approx(best, abs=1e-5)
                seen["judged"] += 1
                seen["tight"] += bound is not None and bound > best - 1e-6
            else:
                assert stands.status == "infeasible"
            for gap in (stands.gap_found, stands.gap_proved):
                assert gap is None or gap >= 0
            if stands.share_proved is not None and rung.cost <= made.rungs[0].cost:
                assert 0 <= stands.share_proved <= 1 + 1e-9
        seen["forced"] += bool(made.rungs[0].moves)
    assert seen["judged"] > 200
    assert min(seen.values()) >= 4, seen


def check_rungs(asked: Scenario, problem: Problem, made: Ladder, plan: Plan) -> None:
    """Every rung recounted from the moves in the file alone."""
    books = dict(problem.today)
    moved: list[str] = []
    for rung in made.rungs:
        for move in rung.moves:
            assert move.to_rep is None or books[move.account] != move.to_rep
            books[move.account] = move.to_rep
            moved.append(move.account)
        told = recount(asked.rules, problem, pd.Series(books, dtype=object))
        assert rung.moved == len(moved) == len(set(moved))
        assert rung.terms == pytest.approx(told.terms)
        assert rung.cost == pytest.approx(told.cost)
        assert rung.breaches == told.breaches
    assert {one: rep for one, rep in books.items() if rep is not None} == plan.assignment
    assert made.rungs[-1].breaches == ()
    assert made.rungs[-1].cost == pytest.approx(plan.cost)


def test_the_prices_of_a_rung_prove_its_bound_again() -> None:
    """From the file and the tables, without a solver."""
    asked = scenario(TREES, {"even": EVEN})
    made, _, problem = climbed(asked, 3)
    model = compile_model(asked.rules, problem).model
    today = model.pairs.rep[model.choose(problem.owner)].astype(np.int64)
    counting = Counting(today, np.ones(len(today), dtype=np.int64))
    for rung in made.rungs:
        stands = rung.certified
        assert stands is not None
        target = counting.within(model, stands.moves)
        again = lower_bound(target, prices_of(target, stands.prices)).value
        assert again == pytest.approx(stands.best_bound_proved)


# --- the order ----------------------------------------------------------------------------------


def score(way: Way, order: list[int]) -> tuple[float, float]:
    """Miss and cost of all prefixes of ``order``, added up one by one."""
    miss = cost = linear = 0.0
    loads = way.start
    for step in order:
        loads = way.after(loads, step)
        linear += way.linear[step]
        one = way.score(loads)
        miss, cost = miss + one[0], cost + one[1] + linear
    return round(miss, 5), round(cost, 5)


def ways(count: int) -> list[Way]:
    """From today's books, as far as they are picks, to some plan of drawn instances."""
    rng, found = np.random.default_rng(11), list[Way]()
    while len(found) < count:
        asked = drawn(rng)
        problem = read(asked)
        model = compile_model(asked.rules, problem).model
        if (np.diff(model.pairs.start) == 0).any():
            continue
        after = np.array(
            [rng.integers(a, b) for a, b in pairwise(model.pairs.start)], dtype=np.int64
        )
        before = model.choose(problem.owner)
        found.append(Way.between(model, np.where(before < 0, after, before), after))
    return found


def test_no_order_is_better_than_the_exact_one() -> None:
    """Against all permutations; greedy orders are permutations, and mending makes none worse."""
    shorter = 0
    for way in ways(60):
        best = min(score(way, list(order)) for order in permutations(range(way.steps)))
        assert score(way, order_of(way)) == best
        for greedy in (steepest(way), steepest(way.back())[::-1]):
            assert sorted(greedy) == list(range(way.steps))
            assert best <= score(way, improved(way, greedy)) <= score(way, greedy)
            shorter += score(way, greedy) > best
    assert shorter > 0


def test_a_broken_limit_counts_once_and_by_its_excess() -> None:
    """Kim has 15 hours of 10: one limit is broken, by half of itself. Costs come after that.

    Ash saves most (3 of revenue), birch mends the hours: the steepest order has birch first, both
    from today on and, as the last to be undone, back from the plan.
    """
    over = [
        account("ash", "kim", 3),
        account("birch", "kim", 1, work=15),
        account("cedar", "kim", 5),
        account("doug", "lee", 1),
    ]
    reps = [{"rep_id": "kim", "hours": 10}, {"rep_id": "lee", "hours": 20}]
    problem = read(asked := scenario(over, {"hours": HOURS, "even": EVEN}, reps))
    model = compile_model(asked.rules, problem).model
    before, after = model.choose([0, 0, 0, 1]), model.choose([1, 1, 0, 1])
    way = Way.between(model, before, after)
    assert way.score(way.start).tolist() == pytest.approx([1.5, 80.0])
    assert steepest(way) == [1, 0]
    assert steepest(way.back()) == [0, 1]


def test_changes_are_those_of_the_scores() -> None:
    """What a step changes at once is the difference of the scores before and after it."""
    for way in ways(30):
        loads = way.start
        for step in range(way.steps):
            left = np.ones(way.steps, dtype=bool)
            after = way.after(loads, step)
            change = way.score(after) - way.score(loads)
            change[1] += way.linear[step]
            assert way.changes(loads, left)[:, step] == pytest.approx(change, abs=1e-9)
            loads = after
        assert [each.tolist() for each in way.back().start] == [
            pytest.approx(each.tolist()) for each in loads
        ]


def test_many_steps_are_ordered_greedily_and_alike_each_time() -> None:
    """Sixteen accounts, all with Kim today, half of them to be Lee's."""
    rows = [account(f"a{place:02}", "kim", float(1 + place % 7)) for place in range(30)]
    asked = scenario(rows, {"even": EVEN})
    given = {row["account_id"]: "lee" if place % 2 else "kim" for place, row in enumerate(rows)}
    one, two = climb_to(asked, **given), climb_to(asked, **given)
    assert one.order == "greedy"
    assert one.to_json() == two.to_json()
    costs = [rung.cost for rung in one.rungs]
    sizes = [rows[int(rung.moves[0].account[1:])]["revenue"] for rung in one.rungs[1:]]
    assert costs == sorted(costs, reverse=True)
    assert sizes == sorted(sizes, reverse=True)


def test_best_order_of_none_is_none() -> None:
    """No steps, no order."""
    (way,) = ways(1)
    assert best_order(way, way.start, []) == []


def test_priorities_are_refused() -> None:
    """Levels do not add up to one cost, so there is nothing to order the moves by."""
    rules = {"even": EVEN, "calm": {"kind": "disruption", "of": "revenue", "price": 100}}
    with pytest.raises(SpecError) as caught:
        climbed(scenario(TREES, rules, priorities=[["even"], ["calm"]]), 2)
    (fault,) = caught.value.faults
    assert fault.where == "priorities"
    assert "do not add up to one cost" in fault.what
    assert "drop priorities, give each rule a price and solve again" in fault.fix
