"""Scenario in, audited plan out: solved, recounted, proved, verified, and lies caught."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optiterr import Scenario, diagnose, read, solve, verify
from optiterr.audit import audit, recount
from optiterr.certificate import lower_bound
from optiterr.compile import compile_model
from optiterr.engine import save
from optiterr.errors import AuditError, DataError
from optiterr.findings import Weight
from optiterr.model import Model
from optiterr.plan import Plan
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Solver
from optiterr.solving import proved_bound

ACCOUNTS = [
    {"account_id": "Ash", "owner": "Kim", "revenue": 40, "workload": 20, "skills": ""},
    {"account_id": "Birch", "owner": "Kim", "revenue": 30, "workload": 30, "skills": "german"},
    {"account_id": "Cedar", "owner": "Kim", "revenue": 20, "workload": 30, "skills": ""},
    {"account_id": "Doug", "owner": "Lee", "revenue": 10, "workload": 10, "skills": ""},
    {"account_id": "Elm", "owner": None, "revenue": 20, "workload": 10, "skills": "german"},
]
REPS = [
    {"rep_id": "Kim", "capacity": 70, "skills": "german"},
    {"rep_id": "Lee", "capacity": 70, "skills": ""},
]
RULES: dict[str, Any] = {
    "hours": {"kind": "capacity", "measure": "workload", "limit": "capacity"},
    "skills": {"kind": "skills"},
    "even": {"kind": "balance", "measure": "revenue", "price": 100, "per": "share"},
    "moves": {"kind": "disruption", "of": "revenue", "price": 1},
}
BEST = {"Ash": "Lee", "Birch": "Kim", "Cedar": "Lee", "Doug": "Kim", "Elm": "Kim"}


def scenario(
    rules: dict[str, Any] | None = None,
    accounts: list[dict[str, Any]] | None = None,
    reps: list[dict[str, Any]] | None = None,
    folder: Path = Path("."),
    **data: Any,
) -> Scenario:
    return Scenario.from_dict(
        {
            "schema": 1,
            "name": "trees",
            "data": {
                "accounts": {"records": accounts or ACCOUNTS, "owner": "owner"},
                "reps": {"records": reps or REPS},
                **data,
            },
            "rules": rules or RULES,
            "solve": {"seconds": 20, "solver": "highs"},
        },
        folder=folder,
    )


def test_the_plan_of_a_case_worked_by_hand() -> None:
    """Five accounts, two reps: Kim owns 90 of revenue, Lee 10, and Elm is nobody's.

    Birch and Elm need German, so Kim has them: 50 of revenue, 40 hours of at most 70. Ash (40 of
    revenue, 20 hours), Cedar (20, 30 hours) and Doug (10, 10 hours) are open, and Kim cannot have
    Ash and Cedar: 90 hours. Targets are 120 / 2 = 60, a miss of 60 costs 100, a moved unit 1:
    * Ash goes to Lee: Kim 70, Lee 50, misses 10 + 10: 33.3, moved 40: 73.3
    * Cedar goes: Kim 90, Lee 30: 100, moved 20: 120
    * Ash and Cedar go: Kim 50, Lee 70: 33.3, moved 60: 93.3
    * Ash and Cedar go, Doug comes: Kim 60, Lee 60: 0, moved 70: 70, the best
    * Ash goes and Doug comes, or Cedar goes and Doug comes: 80 or 70 hours; 80 is too much, and
      the other leaves Kim 100, Lee 20: 133.3 + 30
    """
    plan = solve(scenario())
    assert plan.status is Status.OPTIMAL
    assert plan.assignment == BEST
    assert plan.terms == pytest.approx({"even": 0.0, "moves": 70.0})
    assert plan.cost == pytest.approx(70.0)
    assert plan.bound_proved is not None
    assert plan.bound_proved <= plan.cost + 1e-9
    assert plan.gap is not None
    lift = 0.0 if plan.whole is None else plan.whole.lift
    apart = plan.gap.regret + plan.gap.residual - lift
    assert apart == pytest.approx(plan.cost - plan.bound_proved, abs=1e-6)
    assert plan.prices.keys() == {"hours", "even"}  # a price on every move needs no row


def test_a_plan_is_verified_from_its_file_without_a_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every claim holds again, although no solver can be called."""
    asked = scenario(folder=tmp_path)
    save(solve(asked), asked, tmp_path / "out" / "plan.json")
    monkeypatch.setattr("optiterr.solving.supervised", None)
    monkeypatch.setattr("optiterr.solving.supervised_relax", None)
    result = verify(tmp_path / "out" / "plan.json")
    assert result.holds
    assert {"cost", "proved bound", "proved gap", "model digest"} <= {
        check.what for check in result.checks
    }


@pytest.fixture(scope="module")
def solved() -> str:
    """The text of an honest plan file."""
    return solve(scenario()).to_json()


def doctored(plan: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    change(plan)
    return plan


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (lambda p: p.update(cost=p["cost"] - 1), {"cost"}),
        (lambda p: p.update(bound_proved=p["bound_proved"] + 0.5), {"proved bound"}),
        (lambda p: p.update(gap_proved=0.5), {"proved gap"}),
        (lambda p: p["terms"].update(moves=0.0), {"cost of moves"}),
        (lambda p: p.update(status="no_solution"), {"no plan, no cost, no bound"}),
        (
            lambda p: p.update(bound_claimed=1e18),
            {"the solver's claimed bound is no more than the cost"},
        ),
        (lambda p: p["pairs"].update(proved="considered"), {"pairs that the bound covers"}),
        (lambda p: p.update(findings=p["findings"][1:]), {"findings"}),
        (lambda p: p.update(bound_claimed=10.0), {"status, by the bound that the solver claims"}),
        (lambda p: p.update(gap_improvement=0.5), {"proved gap of the improvement"}),
        (lambda p: p["gap"].update(regret=-5.0), {"regrets of accounts"}),
        (lambda p: p.update(digest="0" * 64), {"model digest"}),
        (lambda p: p.update(fingerprint="0" * 64), {"scenario fingerprint"}),
        (lambda p: p["data"].update(accounts="0"), {"data files"}),
        (lambda p: p["pairs"].update(considered=1), {"pairs considered"}),
        (lambda p: p["prices"].pop("even"), {"row prices"}),
        (lambda p: p["assignment"].update(Doug="Lee"), {"cost", "cost of even"}),
        (lambda p: p["assignment"].update(Elm="Lee"), {"hard rules broken"}),
        (lambda p: p["assignment"].pop("Elm"), {"accounts without a candidate rep"}),
        (lambda p: p["assignment"].update(Fir="Kim"), {"accounts assigned that do not exist"}),
    ],
    ids=[
        "cost",
        "bound",
        "gap",
        "term",
        "no plan",
        "claimed bound",
        "cover",
        "findings",
        "status",
        "improvement",
        "regret",
        "digest",
        "fingerprint",
        "hashes",
        "pairs",
        "prices",
        "other rep",
        "forbidden rep",
        "account left out",
        "account invented",
    ],
)
def test_a_doctored_plan_is_found_out(
    solved: str, tmp_path: Path, change: Callable[[dict[str, Any]], None], fails: set[str]
) -> None:
    """Each claim of the file is checked: change one, and verification names it."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(doctored(json.loads(solved), change)))
    result = verify(path)
    assert not result.holds
    assert fails <= {check.what for check in result.checks if not check.holds}


@pytest.mark.parametrize("name", ["cost", "bound_proved", "gap_proved", "bound_claimed"])
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_plan_file_holds_numbers_only(
    solved: str, tmp_path: Path, name: str, value: float
) -> None:
    """Infinity and NaN agree with nothing and are refused by name."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**json.loads(solved), name: value}))
    with pytest.raises(DataError, match=name):
        verify(path)


def test_nearest_candidates_without_a_plan_are_not_called_infeasible(tmp_path: Path) -> None:
    """Two accounts beside r1, each rep takes one, one candidate each: r2 is left out, not away."""
    accounts = [
        {"account_id": "a", "owner": None, "latitude": 48.0, "longitude": 11.0},
        {"account_id": "b", "owner": None, "latitude": 48.0, "longitude": 11.1},
    ]
    reps = [
        {"rep_id": "r1", "seats": 1, "latitude": 48.0, "longitude": 11.0},
        {"rep_id": "r2", "seats": 1, "latitude": 52.0, "longitude": 13.0},
    ]
    rules = {"seats": {"kind": "capacity", "measure": "accounts", "limit": "seats"}}
    asked = scenario(rules, accounts, reps, tmp_path, pairs={"nearest": 1})
    plan = save(solve(asked), asked, tmp_path / "plan.json")
    assert plan.status is Status.NO_SOLUTION
    assert plan.pairs.proved == "considered"
    assert plan.blocking[0].message == (
        "there is no plan among the 2 candidate pairs; a plan that uses pairs left out may exist: "
        "raise data.pairs.nearest, or write pairs: all"
    )
    assert diagnose(asked) == ()
    assert solve(scenario(rules, accounts, reps, pairs={"nearest": 2})).status is Status.OPTIMAL
    # One seat in all is too little whichever pairs are looked at: proved over those left out too.
    few = [{**reps[0], "seats": 0}, reps[1]]
    asked = scenario(rules, accounts, few, tmp_path, pairs={"nearest": 1})
    plan = save(solve(asked), asked, tmp_path / "plan.json")
    assert plan.status is Status.INFEASIBLE
    assert verify(tmp_path / "plan.json").holds


def test_limits_missed_by_the_tolerance_are_not_proved_infeasible() -> None:
    """Forty loads of a millionth above forty limits of a million: each keeps its limit."""
    accounts = [{"account_id": f"a{at}", "owner": None, "load": 1e6 + 0.9} for at in range(40)]
    reps = [{"rep_id": f"r{at}", "room": 1e6} for at in range(40)]
    rules = {"room": {"kind": "capacity", "measure": "load", "limit": "room"}}
    asked = scenario(rules, accounts, reps)
    assert diagnose(asked) == ()
    problem = read(asked)
    one_each = pd.Series({f"a{at}": f"r{at}" for at in range(40)}, dtype=object)
    assert recount(asked.rules, problem, one_each).breaches == ()


def test_infeasible_is_not_believed_against_books_that_keep_every_rule(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A solver that denies what today's books show is caught."""
    from optiterr import solving

    monkeypatch.setattr(solving, "supervised", lambda *_, **__: Solution(Status.INFEASIBLE, "liar"))
    accounts = [{"account_id": "a", "owner": "r", "load": 1}]
    rules = {"room": {"kind": "capacity", "measure": "load", "limit": 2}}
    with pytest.raises(AuditError, match="today's books keep every hard rule"):
        solve(scenario(rules, accounts, [{"rep_id": "r"}]))


def test_changed_data_is_found_out(tmp_path: Path) -> None:
    """A table edited after the solve no longer fits the plan."""
    pd.DataFrame(ACCOUNTS).to_csv(tmp_path / "accounts.csv", index=False)
    asked = scenario(folder=tmp_path)
    asked = Scenario.from_dict(
        {
            **asked.to_dict(),
            "data": {
                "accounts": {"file": "accounts.csv", "owner": "owner"},
                "reps": {"records": REPS},
            },
        },
        folder=tmp_path,
    )
    save(solve(asked), asked, tmp_path / "plan.json")
    assert verify(tmp_path / "plan.json").holds
    text = (tmp_path / "accounts.csv").read_text().replace("Ash,Kim,40", "Ash,Kim,41")
    (tmp_path / "accounts.csv").write_text(text)
    failed = {one.what for one in verify(tmp_path / "plan.json").checks if not one.holds}
    assert {"data files", "model digest", "cost"} <= failed


def test_a_plan_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Broken JSON and missing keys are errors with a place, not tracebacks."""
    path = tmp_path / "plan.json"
    path.write_text("{")
    with pytest.raises(DataError, match=r"plan\.json"):
        Plan.read(path)
    path.write_text('{"schema": 1, "name": "x"}')
    with pytest.raises(DataError, match="status"):
        Plan.read(path)
    with pytest.raises(DataError, match="cannot be read"):
        Plan.read(tmp_path / "none.json")


def lying(x: dict[str, str] | None = None, **claims: Any) -> Solution:
    """A solver's answer with the given assignment and claims; the optimum by default."""
    model = compile_model(scenario().rules, read(scenario())).model
    chosen = {**BEST, **(x or {})}
    accounts = list(model.account_ids)
    reps = list(model.rep_ids)
    pair = model.pairs.find(
        [accounts.index(a) for a in chosen], [reps.index(r) for r in chosen.values()]
    )
    picks = np.zeros(len(model.pairs))
    picks[pair[pair >= 0]] = 1.0
    said = {"objective": 70.0, "bound": 70.0, **claims}
    return Solution(Status.OPTIMAL, "liar", x=picks, **said)


def judge(answer: Solution) -> None:
    asked = scenario()
    problem = read(asked)
    audit(asked.rules, problem, compile_model(asked.rules, problem).model, answer)


def test_an_honest_answer_passes_the_audit() -> None:
    """The optimum with its true cost."""
    judge(lying())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: lying(objective=65.0), "claims cost 65, recounted 70"),
        (lambda: lying(bound=80.0), "no plan costs less than 80; this one costs 70"),
        (lambda: lying({"Cedar": "Kim"}), "breaks rule 'hours' at Kim"),
        (lambda: lying({"Elm": "Lee"}), "breaks rule 'coverage'"),
    ],
    ids=["objective", "bound", "capacity", "unserved"],
)
def test_a_lie_is_caught_by_the_audit(answer: Callable[[], Solution], words: str) -> None:
    """A wrong objective, a wrong bound, a broken rule and an account left out, each by name."""
    with pytest.raises(AuditError, match=words):
        judge(answer())


def test_a_rule_whose_compile_and_check_disagree_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A price that the model does not charge shows up as that rule's fault."""
    from optiterr.rules.disruption import Disruption

    monkeypatch.setattr(Disruption, "compile", lambda *_: None)
    with pytest.raises(
        AuditError, match=r"rule 'moves': costs 0 in the model but 70 in the tables"
    ):
        solve(scenario())


def test_an_account_that_nobody_may_serve_is_named_with_its_rules() -> None:
    """Elm needs Polish, which nobody speaks: the plan is infeasible and says why."""
    accounts = [
        {**one, "skills": "polish"} if one["account_id"] == "Elm" else one for one in ACCOUNTS
    ]
    plan = solve(scenario(accounts=accounts))
    assert plan.status is Status.INFEASIBLE
    assert plan.assignment == {}
    assert plan.cost is None
    assert [one.message for one in plan.blocking] == [
        "account Elm has no eligible rep: rule 'skills' forbids all 2 candidate reps"
    ]


def test_a_load_that_can_go_nowhere_else_is_named() -> None:
    """Birch (30 hours) and Elm (10) need German, only Kim has it, and she has 35 hours."""
    reps = [{**REPS[0], "capacity": 35}, {**REPS[1], "capacity": 200}]
    messages = [one.message for one in diagnose(scenario(reps=reps))]
    assert messages[0] == (
        "Kim: at least 40 whatever is picked, but the limit is 35; "
        "accounts that can go nowhere else: Birch, Elm"
    )


def test_too_little_room_in_all_is_named() -> None:
    """100 hours of work, 60 hours of capacity."""
    reps = [{**one, "capacity": 30} for one in REPS]
    found = {one.where: one for one in diagnose(scenario(reps=reps))}
    assert found["reps Kim, Lee"].amount == 40.0
    assert "can take 60 together" in found["reps Kim, Lee"].message


def test_rules_that_only_clash_together_are_proved_to(tmp_path: Path) -> None:
    """Even revenue within 1 % needs moves of at least 59.4 - 10 - ... but 5 % may move.

    No single row is out of reach; the two rules together are. The proof is verified again.
    """
    rules = {
        "even": {"kind": "balance", "measure": "revenue", "within": 0.01},
        "moves": {"kind": "disruption", "of": "revenue", "max_share": 0.05},
    }
    asked = scenario(rules=rules, folder=tmp_path)
    plan = solve(asked)
    assert plan.status is Status.INFEASIBLE
    assert "cannot hold together" in plan.blocking[0].message
    assert {"even", "moves"} == set(plan.blocking[0].rule.split(", "))
    assert plan.blocking[0].amount > 0.1
    save(plan, asked, tmp_path / "plan.json")
    assert verify(tmp_path / "plan.json").holds


def test_today_is_judged_by_the_same_rules() -> None:
    """Today: Kim 90 and Lee 10 of revenue, targets 60: off 30 and 50; Elm is served by nobody."""
    asked = scenario()
    problem = read(asked)
    said = recount(asked.rules, problem, problem.today)
    # 100 * (30 + 50) / 60 = 133.33, nobody moved
    assert said.terms == pytest.approx({"even": 400 / 3, "moves": 0.0})
    assert {one.rule for one in said.breaches} == {"coverage", "hours"}
    assert all(one.weight is not Weight.BREACH or one.message for one in said.findings)


def places(count: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return [
        {"latitude": round(float(a), 3), "longitude": round(float(b), 3)}
        for a, b in rng.uniform([45, 5], [50, 12], (count, 2))
    ]


def test_the_bound_over_nearest_candidates_holds_for_all_pairs() -> None:
    """With the two nearest of six reps as candidates, the proved bound never beats the optimum
    over all pairs, and the plan says how many pairs were looked at."""
    accounts = [
        {"account_id": f"a{at}", "owner": None, "revenue": 1 + at % 3, **place}
        for at, place in enumerate(places(24, 1))
    ]
    reps = [{"rep_id": f"r{at}", **place} for at, place in enumerate(places(6, 2))]
    rules = {
        "way": {"kind": "travel", "price": 0.01},
        "even": {"kind": "balance", "measure": "revenue", "within": 0.2, "price": 20},
    }
    whole = solve(scenario(rules, accounts, reps))
    near = solve(scenario(rules, accounts, reps, pairs={"nearest": 2}))
    assert (near.pairs.considered, near.pairs.possible) == (48, 144)
    assert whole.pairs.considered == 144
    assert whole.cost is not None
    assert near.cost is not None
    assert near.bound_proved is not None
    assert near.bound_proved <= whole.cost + 1e-9 <= near.cost + 2e-9


def test_left_out_pairs_lower_the_bound() -> None:
    """One nearest rep only: the true bound is lower than the one over candidates."""
    accounts = [
        {"account_id": f"a{at}", "owner": None, "revenue": 1.0, **place}
        for at, place in enumerate(places(12, 3))
    ]
    reps = [{"rep_id": f"r{at}", **place} for at, place in enumerate(places(3, 4))]
    rules = {
        "way": {"kind": "travel", "price": 0.0001},
        "even": {"kind": "balance", "measure": "revenue", "price": 20},
    }
    asked = scenario(rules, accounts, reps, pairs={"nearest": 1})
    problem = read(asked)
    model = compile_model(asked.rules, problem).model
    prices = np.full(model.rows, 0.0)
    prices[0] = 5.0
    bound, pairs = proved_bound(asked.rules, problem, model, prices)

    assert pairs.possible == 36
    assert bound.value < lower_bound(model, prices).value


def test_without_relaxed_prices_a_climb_proves_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the relaxation takes too long, prices found by plain steps still prove a bound."""
    from optiterr import solving

    monkeypatch.setattr(
        solving, "supervised_relax", lambda *_, **__: Solution(Status.NO_SOLUTION, "late")
    )
    plan = solve(scenario())
    assert plan.solver.prices_from == "climb"
    assert plan.cost == pytest.approx(70.0)
    assert plan.bound_proved is not None
    assert 0.0 < plan.bound_proved <= 70.0


def test_a_plan_of_the_safety_net_keeps_what_the_search_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The search found prices and no plan; greedy's plan is held against those prices."""
    from optiterr import engine, solving
    from optiterr.search.route import Route

    model = compile_model(scenario().rules, read(scenario())).model
    relaxed = solving.supervised_relax("highs", model, Limits(seconds=20))
    by_name = solving.supervised

    def planless(one: str | Solver, *asked: Any, **more: Any) -> Solution:
        if one == "greedy":
            return by_name(one, *asked, **more)
        bound = relaxed.objective
        return Solution(Status.NO_SOLUTION, "decompose", bound=bound, prices=relaxed.prices)

    monkeypatch.setattr(solving, "supervised", planless)
    monkeypatch.setattr(engine, "route", lambda *_: Route("decompose", "it is large"))
    plan = solve(scenario())
    assert (plan.solver.name, plan.solver.prices_from) == ("greedy", "decompose")
    assert relaxed.objective is not None
    assert plan.bound_proved is not None
    assert plan.bound_proved >= relaxed.objective - 1e-6
    assert plan.bound_claimed == pytest.approx(relaxed.objective)


def test_a_search_that_was_killed_leaves_a_plan_with_a_proved_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its plan was reported, its proof was not: a climb proves more than prices of zero do."""
    from optiterr import solving

    by_highs = solving.supervised

    def killed(one: object, model: Model, *_: object, **__: object) -> Solution:
        x = by_highs("highs", model, Limits(seconds=20)).x
        return Solution(Status.FEASIBLE, "decompose", x=x, objective=70.0)

    monkeypatch.setattr(solving, "supervised", killed)
    said = scenario().to_dict()
    said["solve"]["solver"] = "decompose"
    asked = Scenario.from_dict(said, folder=Path("."))
    plan = solve(asked)
    assert (plan.solver.name, plan.solver.prices_from) == ("decompose", "climb")
    assert plan.cost == pytest.approx(70.0)
    unpriced = compile_model(asked.rules, read(asked)).model
    assert plan.bound_proved is not None
    assert lower_bound(unpriced, np.zeros(unpriced.rows)).value < plan.bound_proved <= 70.0


def test_the_same_scenario_gives_the_same_plan_twice() -> None:
    """One thread and a seed: digest, assignment, cost and prices are equal."""
    first, second = solve(scenario()), solve(scenario())
    same = (
        "digest",
        "fingerprint",
        "assignment",
        "cost",
        "bound_proved",
        "prices",
        "terms",
        "data",
    )
    assert {key: getattr(first, key) for key in same} == {key: getattr(second, key) for key in same}


def test_progress_tells_what_is_worked_on_and_the_plan_keeps_it() -> None:
    """The phases of the search, then the proof; HiGHS has no phases to tell of."""
    told: list[Improvement] = []
    body = scenario().to_dict()
    body["solve"] |= {"solver": "decompose"}
    plan = solve(Scenario.from_dict(body, folder=Path(".")), report=told.append)
    assert {"prices", "relaxation"} <= {line.phase for line in told}
    assert (told[-1].phase, told[-1].empty) == ("proof", True)
    assert plan.log
    assert {step.phase for step in plan.log} <= {line.phase for line in told} - {"", "proof"}
    assert {step.phase for step in solve(scenario()).log} <= {""}


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    """What is written is read back the same, to the last digit."""
    asked = scenario(folder=tmp_path)
    written = save(solve(asked), asked, tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == written
