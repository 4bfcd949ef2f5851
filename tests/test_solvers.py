"""Solvers agree with counting, with each other and with the certificate."""

from __future__ import annotations

import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from model_library import FAMILIES, Case, brute_force, builder, case, library

from optiterr.certificate import certify, lower_bound
from optiterr.errors import SolverError
from optiterr.linear import linearise
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import (
    ABILITIES,
    Floats,
    Report,
    Solver,
    able,
    ensure,
    highs,
    register,
    register_of_solvers,
    rounded,
    solver,
)
from optiterr.solvers.greedy import hard_ranges
from optiterr.solvers.integers import TooWideError, digits, whole_numbers
from optiterr.solvers.pulp_any import _read_cbc

EXACT = Limits(seconds=30, gap=0.0)
CLOSE = 1e-6


@cache
def known() -> tuple[tuple[Case, float], ...]:
    """The library with the optimum of each model; ``inf`` where there is no plan."""
    return tuple((each, brute_force(each.model)[0]) for each in library(200))


def near(one: float, other: float, tolerance: float = CLOSE) -> bool:
    return abs(one - other) <= tolerance * max(1.0, abs(other))


def solve(name: str, model: Model, limits: Limits = EXACT, **more: object) -> Solution:
    function = solver(name).solve
    assert function is not None
    return function(model, limits, more.get("start"), more.get("report"))  # type: ignore[arg-type]


def relax(name: str, model: Model) -> Solution:
    function = solver(name).relax
    assert function is not None
    return function(model, EXACT, None, None)


def test_the_library_has_every_kind_of_model() -> None:
    """Two hundred models: all families, many with a plan and many without, the same every time."""
    cases = known()
    assert len(cases) == 200
    assert {each.name.rsplit("-", 1)[0] for each, _ in cases} == {*FAMILIES, "orphan"}
    feasible = sum(np.isfinite(best) for _, best in cases)
    assert 120 <= feasible <= 170
    again = [each.model.digest() for each in library(200)]
    assert again == [each.model.digest() for each, _ in cases]


def test_counting_finds_the_best_plan() -> None:
    """Loads 3 and 4, a limit of 5 on each of two reps, so they part: min(1 + 3, 5 + 2) = 4."""
    build = builder(2, Pairs.full(2, 2), 2)
    build.add_cost("travel", [1.0, 5.0, 2.0, 3.0])
    row, pair, load = [0, 1, 0, 1], range(4), [3.0, 3.0, 4.0, 4.0]
    build.add_rows("capacity", Band.of(2, upper=5.0), ["r0", "r1"], row, pair, load)
    best, plan = brute_force(build.build())
    assert best == 4.0
    assert plan is not None
    assert plan.tolist() == [0, 3]


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc"])
def test_all_solvers_find_the_optimum_and_see_when_there_is_none(name: str) -> None:
    """On 200 models: status, cost, claimed bound and a plan that costs what it should."""
    wrong = []
    for each, best in known():
        solution = solve(name, each.model)
        if not np.isfinite(best):
            good = solution.status is Status.INFEASIBLE and solution.x is None
        else:
            good = (
                solution.status is Status.OPTIMAL
                and solution.x is not None
                and solution.objective is not None
                and near(solution.objective, best)
                and near(each.model.value(solution.x), best)
            )
            # A claimed bound is no higher than the optimum, and as high as optimality needs.
            if good and solution.bound is not None:
                good = near(min(solution.bound, best), best, 2e-5)
                good &= solution.bound <= best + CLOSE * max(1.0, abs(best))
            if good and "bound" in solver(name).gives:
                good = solution.bound is not None
        if not good:
            wrong.append((each.name, best, solution))
    assert wrong == []


def test_highs_that_is_to_prove_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """With heuristics and a second root switched off: every optimum all the same, or none."""
    put: dict[str, object] = {}
    true = highs._set

    def kept(to: object, name: str, value: float) -> None:
        put[name] = value
        true(to, name, value)

    monkeypatch.setattr(highs, "_set", kept)
    highs.solve(case("cover", 1).model, EXACT)
    assert not put.keys() & highs.PROVING.keys()
    for each, best in known()[::4]:
        answer = highs.solve(each.model, EXACT, proving=True)
        assert (answer.status is Status.INFEASIBLE) == (best == np.inf)
        assert best == np.inf or near(answer.objective or 0.0, best)
    assert {name: put[name] for name in highs.PROVING} == highs.PROVING


@pytest.mark.parametrize(("name", "tolerance"), [("highs", 1e-6), ("glop", 1e-6), ("pdlp", 1e-4)])
def test_prices_prove_the_relaxed_value(name: str, tolerance: float) -> None:
    """The bound at the solver's prices is the relaxed optimum, and below every plan."""
    proved = 0
    for each, best in known():
        solution = relax(name, each.model)
        if solution.status is not Status.OPTIMAL:
            # No relaxed solution: then there is no plan either.
            assert (solution.status, best) == (Status.INFEASIBLE, np.inf), each.name
            continue
        assert solution.prices is not None
        assert solution.objective is not None
        bound = lower_bound(each.model, solution.prices).value
        assert near(bound, solution.objective, tolerance), (each.name, bound, solution.objective)
        assert bound <= best + CLOSE * max(1.0, abs(best)), each.name
        proved += 1
    assert proved > 140


def test_relaxations_agree() -> None:
    """HiGHS, GLOP and PDLP find the same relaxed optimum."""
    for each, _ in known()[::3]:
        values = [relax(name, each.model).objective for name in ("highs", "glop", "pdlp")]
        if values[0] is None:
            assert values == [None, None, None], each.name
        else:
            assert values[1] is not None
            assert values[2] is not None
            assert near(values[1], values[0]), each.name
            assert near(values[2], values[0], 1e-4), each.name


def test_a_plan_and_the_relaxed_prices_pass_the_certificate() -> None:
    """Solver, recount and bound fit together to the last digit."""
    for each, best in known()[:60]:
        if np.isfinite(best):
            plan, prices = solve("highs", each.model).x, relax("highs", each.model).prices
            assert plan is not None
            assert prices is not None
            certify(each.model, plan, lower_bound(each.model, prices))


def test_greedy_plans_are_plans() -> None:
    """It finds a plan where there is one here, none where there is none, and seldom a poor one."""
    optimal = total = 0
    for each, best in known()[:40]:
        solution = solve("greedy", each.model)
        if not np.isfinite(best):
            assert not solution.status.has_plan, each.name
            assert solution.x is None
            continue
        assert solution.status is Status.FEASIBLE, each.name
        assert solution.x is not None
        assert solution.objective == each.model.value(solution.x)
        assert solution.bound is None
        total += 1
        optimal += near(each.model.value(solution.x), best)
    assert optimal >= 0.9 * total


def test_greedy_fills_floors_against_cost() -> None:
    """Nobody likes r1, which must carry 2 of 4: the two that mind least go, 10 + 11."""
    build = builder(4, Pairs.full(4, 2), 2)
    build.add_cost("travel", [0.0, 13.0, 0.0, 11.0, 0.0, 12.0, 0.0, 10.0])
    build.add_rows("floor", Band.of(1, lower=2.0), ["r1"], [0] * 4, [1, 3, 5, 7], 1.0)
    solution = solve("greedy", build.build())
    assert solution.status is Status.FEASIBLE
    assert solution.objective == 21.0


def test_greedy_says_how_far_it_is_from_a_plan() -> None:
    """Loads 3 + 4 under a limit of 5 for the only rep: 2 of 5 too many."""
    build = builder(2, Pairs.full(2, 1), 1)
    build.add_rows("capacity", Band.of(1, upper=5.0), ["r0"], [0, 0], [0, 1], [3.0, 4.0])
    solution = solve("greedy", build.build())
    assert solution.status is Status.NO_SOLUTION
    assert solution.message == ("found no plan within the hard rows: they are still missed by 0.4")


def test_hard_ranges_leave_out_what_is_only_priced() -> None:
    """A price above 4 is no limit; the limits 1 and 9 are."""
    build = builder(3, Pairs.full(3, 2), 2)
    function = Band.of(1, lower=1.0, low=3.0, high=4.0, upper=9.0, price_below=1.0, price_above=1.0)
    build.add_rows("zone", function, ["r0"], [0, 0, 0], [0, 2, 4], [5.0, 5.0, 5.0])
    low, high = hard_ranges(build.build())
    # Loads may be 0 to 15, so both limits can be reached.
    assert (low.tolist(), high.tolist()) == ([1.0], [9.0])


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc", "greedy"])
def test_same_seed_and_one_thread_give_the_same_plan(name: str) -> None:
    """Two runs, one plan."""
    for family in ("l1 and capacity", "mean of worst", "stay"):
        model = case(family, 5).model
        one, other = (solve(name, model, Limits(30, 0.0, seed=7)) for _ in range(2))
        assert one.status is other.status
        if one.x is not None and other.x is not None:
            assert one.x.tolist() == other.x.tolist()


def middling() -> Model:
    """Thirty accounts, three reps, L1 balance: takes a solver a moment."""
    rng = np.random.default_rng(1)
    build = builder(30, Pairs.full(30, 3), 3)
    build.add_cost("travel", np.round(rng.random(90) * 10, 3))
    weight = np.round(rng.lognormal(3, 1, 30), 2)
    pairs, fair = build.pairs, weight.sum() / 3
    function = Band.of(3, low=fair, high=fair, price_below=0.5, price_above=0.5)
    labels, load = ["r0", "r1", "r2"], weight[pairs.account]
    build.add_rows("balance", function, labels, pairs.rep, np.arange(90), load)
    return build.build()


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc", "greedy"])
def test_a_start_is_used(name: str) -> None:
    """Given the best plan, the answer is no worse even with next to no time."""
    model = middling()
    best = solve("highs", model, Limits(30, 1e-3))
    assert best.x is not None
    assert best.objective is not None
    solution = solve(name, model, Limits(0.5, 1e-3), start=best.x)
    assert solution.status.has_plan
    assert solution.x is not None
    assert model.value(solution.x) <= best.objective * (1 + 1e-3) + 1e-6


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc"])
@pytest.mark.parametrize(("by", "cost"), [(0.5, 0.0), (2.0, 10.0)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_start_may_miss_a_limit_by_the_tolerance(
    name: str, by: float, cost: float, side: int
) -> None:
    """Solvers keep limits closer than the rules ask for: half a unit in a million is a plan.

    All four accounts at the first rep, which costs nothing, miss the limit, one elsewhere keeps it.
    """
    build = builder(4, Pairs.full(4, 2), 2)
    pairs = build.pairs
    build.add_cost("travel", 10.0 * pairs.rep)
    quarter, full = 250_000.0, 1_000_000.0
    load = np.where(pairs.rep == 0, quarter + side * by / 4, quarter - side * 10.0)
    limit = Band.of(1, upper=full) if side > 0 else Band.of(1, lower=full)
    build.add_rows("limit", limit, ["all"], np.zeros(8, int), np.arange(8), load)
    model = build.build()
    answer = solve(name, model, start=(pairs.rep == 0).astype(float))
    assert answer.status is Status.OPTIMAL
    assert answer.x is not None
    assert model.value(answer.x) == cost


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "greedy"])
def test_progress_is_told_with_plans(name: str) -> None:
    """Each plan told is a plan, the last is the answer, and costs and bounds only get better."""
    model, lines, plans = middling(), [], []

    def listen(improvement: Improvement, x: Floats | None = None) -> bool:
        if improvement.incumbent is not None or improvement.bound is not None:
            lines.append(improvement)
        if x is not None:
            plans.append(x)
        return False

    solution = solve(name, model, Limits(10, 1e-2), report=listen)
    assert solution.x is not None
    values = [model.value(x) for x in plans]
    assert values
    assert np.isfinite(values).all()
    assert near(min(values), model.value(solution.x))
    costs = [line.incumbent for line in lines if line.incumbent is not None]
    assert costs == sorted(costs, reverse=True)
    bounds = [line.bound for line in lines if line.bound is not None]
    assert bounds == sorted(bounds)
    assert solution.log == tuple(lines)


def hard() -> Model:
    """Sixty accounts to balance over five reps: takes a solver minutes."""
    rng = np.random.default_rng(2)
    build = builder(60, Pairs.full(60, 5), 5)
    weight = np.round(rng.lognormal(3, 1, 60), 2)
    build.add_cost("travel", np.round(rng.random(300) * 10, 3))
    fair = weight.sum() / 5
    function = Band.of(5, low=fair, high=fair, price_below=0.5, price_above=0.5)
    pairs, labels = build.pairs, [f"r{place}" for place in range(5)]
    build.add_rows("balance", function, labels, pairs.rep, np.arange(300), weight[pairs.account])
    return build.build()


def test_claims_of_highs_are_heard_between_its_plans() -> None:
    """HiGHS raises its bound far more often than it finds a plan; the last claim is as good as the
    one in its answer."""
    model = hard()
    solution = solve("highs", model, Limits(0.7, 0.0))
    assert solution.bound is not None
    log = solution.log
    raised = [a for a, b in pairwise(log) if a.incumbent == b.incumbent and a.bound != b.bound]
    assert len(raised) > 10
    last = log[-1].bound
    assert last is not None
    assert last <= solution.bound + 1e-9 * abs(solution.bound)
    assert last >= solution.bound * (1 - 1e-4)


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "greedy", "cbc"])
def test_a_stop_is_heard(name: str) -> None:
    """Asked to stop at once, a solver ends long before its limit and does not claim optimality."""

    def stop(improvement: Improvement, x: Floats | None = None) -> bool:
        return True

    solution = solve(name, hard(), Limits(200, 0.0), report=stop)
    assert solution.status in (Status.FEASIBLE, Status.NO_SOLUTION)
    assert sum(solution.seconds.values()) < 60


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc", "greedy"])
def test_a_limit_with_a_plan_is_feasible_not_optimal(name: str) -> None:
    """Out of time with a plan in hand: the plan is given, its bound stays below it."""
    model = hard()
    start = solve("greedy", model, Limits(0.2)).x
    more = {"start": start} if name != "greedy" else {}
    solution = solve(name, model, Limits(0.7, 0.0), **more)
    assert solution.status is Status.FEASIBLE
    assert solution.x is not None
    assert solution.objective == pytest.approx(model.value(solution.x))
    if solution.bound is not None:
        assert solution.bound < solution.objective
    assert solution.message


def test_values_of_the_relaxation_are_no_plan_of_cbc(tmp_path: Path) -> None:
    """Stopped without a plan, CBC writes the relaxation's values beside the word "objective"."""
    answer = tmp_path / "answer.sol"
    head = "Stopped on time (no integer solution - continuous used) - objective value 3.0\n"
    answer.write_text(head + "      0 c0    1    5\n      1 c1    1    5\n")
    status, words, values = _read_cbc(answer, 2)
    assert (status, words) == (Status.NO_SOLUTION, head.strip())
    assert values.tolist() == [0.0, 0.0]
    answer.write_text("Stopped on time - objective value 3.0\n      1 c1    1    5\n")
    status, _, values = _read_cbc(answer, 2)
    assert (status, values.tolist()) == (Status.FEASIBLE, [0.0, 1.0])
    answer.write_text("Something new - objective value 3.0\n")
    assert _read_cbc(answer, 2)[0] is Status.FAILED


def test_threads_may_change_between_two_solves() -> None:
    """HiGHS keeps one pool per process; a new size must not spoil the next answer."""
    model = middling()
    values = [solve("highs", model, Limits(30, 1e-3, threads=threads)) for threads in (1, 2, 1)]
    assert [each.status for each in values] == [Status.OPTIMAL] * 3
    objectives = [each.objective for each in values if each.objective is not None]
    assert max(objectives) <= min(objectives) * (1 + 2e-3)


def test_a_highs_option_out_of_range_is_no_silence() -> None:
    """HiGHS refuses a negative gap without a word; we do not."""
    with pytest.raises(SolverError) as caught:
        solve("highs", case("cover", 1).model, Limits(gap=-1.0))
    assert str(caught.value) == (
        "solver 'highs': option mip_rel_gap stays 0.0001 when set to -1.0\n"
        "    fix: choose a value that HiGHS takes"
    )


@pytest.mark.filterwarnings("ignore:PULP_CBC_CMD is deprecated")
@pytest.mark.parametrize("name", ["pulp:PULP_CBC_CMD", "pulp:HiGHS"])
def test_any_solver_of_pulp_can_be_called(name: str) -> None:
    """Through PuLP's objects, with statuses read from ``sol_status``."""
    for each, best in known()[:200:7]:
        solution = solve(name, each.model)
        if np.isfinite(best):
            assert solution.objective is not None, (each.name, solution)
            assert near(solution.objective, best), each.name
        else:
            assert not solution.status.has_plan, each.name


def stubborn() -> Model:
    """100 accounts, 10 tight reps, costs that fall as loads rise: minutes for any solver."""
    rng = np.random.default_rng(5)
    accounts, reps = 100, 10
    pairs = Pairs.full(accounts, reps)
    load = rng.integers(1, 101, len(pairs)).astype(float)
    build = ModelBuilder(
        np.array([f"a{at}" for at in range(accounts)], dtype=object),
        np.array([f"r{at}" for at in range(reps)], dtype=object),
        pairs,
    )
    build.add_cost("cost", 111 - load + rng.integers(-10, 11, len(pairs)))
    limit = np.floor(0.8 * np.bincount(pairs.rep, load) / reps)
    band = Band.of(reps, upper=limit)
    build.add_rows("room", band, build.rep_ids, pairs.rep, np.arange(len(pairs)), load)
    return build.build()


@pytest.mark.filterwarnings("ignore:PULP_CBC_CMD is deprecated")
def test_cbc_stopped_by_time_is_not_optimal() -> None:
    """PuLP calls this run "Optimal" in ``status``; ours reads what is true."""
    solution = solve("pulp:PULP_CBC_CMD", stubborn(), Limits(1.0, 0.0))
    assert solution.status in (Status.FEASIBLE, Status.NO_SOLUTION)
    solution = solve("cbc", stubborn(), Limits(1.0, 0.0))
    assert solution.status in (Status.FEASIBLE, Status.NO_SOLUTION)


def test_an_unknown_solver_of_pulp_is_refused() -> None:
    """The nearest name is told."""
    with pytest.raises(SolverError) as caught:
        solve("pulp:GLPK_CDM", case("cover", 1).model)
    assert str(caught.value) == (
        "solver: PuLP knows no solver 'GLPK_CDM'\n    fix: did you mean 'pulp:GLPK_CMD'?"
    )


def test_digits_of_decimals_and_of_what_is_none() -> None:
    """Sums of decimals count as decimals, thirds do not."""
    values = np.array([3.0, 0.5, 0.1 + 0.2, 123456.25, 1 / 3, np.inf, 0.0])
    assert digits(values).tolist() == [0, 1, 1, 2, 7, 0, 0]


def test_decimals_are_scaled_without_error() -> None:
    """Loads of two digits become hundredths; the costs of one digit stay exact."""
    build = builder(2, Pairs.full(2, 1), 1)
    build.add_cost("travel", [0.5, 1.5])
    function = Band.of(1, high=2.25, price_above=3.0)
    build.add_rows("overflow", function, ["r0"], [0, 0], [0, 1], [1.5, 1.25])
    whole = whole_numbers(linearise(build.build()))
    assert whole.error == 0.0
    # Load 2.75 is 0.5 over 2.25: 150 + 125 - slack <= 225, and a hundredth over costs 0.03.
    assert whole.matrix.toarray()[2].tolist() == [150, 125, -1]
    assert whole.row_upper[2] == 225
    assert (whole.cost / whole.scale).tolist() == pytest.approx([0.5, 1.5, 0.03])


def test_the_error_of_scaling_is_taken_off_the_bound() -> None:
    """Thirds cannot be scaled exactly: the bound stays below the optimum all the same."""
    model = case("worst and piecewise", 0).model
    best, _ = brute_force(model)
    solution = solve("cp_sat", model)
    whole = whole_numbers(linearise(model))
    assert 0.0 < whole.error < 1e-3
    assert solution.bound is not None
    assert best - 1e-4 < solution.bound <= best


def test_numbers_too_wide_for_whole_numbers_fail_by_name() -> None:
    """A third, to a millionth, beside 1e14 in one row: more than 64 bits hold."""
    build = builder(2, Pairs.full(2, 1), 1)
    build.add_rows("limit", Band.of(1, upper=1.0), ["r0"], [0, 0], [0, 1], [1 / 3, 1e14])
    with pytest.raises(TooWideError):
        whole_numbers(linearise(build.build()))
    solution = solve("cp_sat", build.build())
    assert solution.status is Status.FAILED
    assert solution.message == "the numbers of a row span too many digits for whole numbers"


def test_the_register_knows_all_and_imports_nothing_heavy() -> None:
    """Every solver says what it gives and what is missing without loading a library."""
    import subprocess

    code = (
        "import sys; from optiterr.solvers import register_of_solvers as r;"
        "[one.missing() for one in r().values()];"
        "print(sorted({'highspy', 'ortools', 'pulp'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
    names = set(register_of_solvers())
    assert {"highs", "cp_sat", "scip", "glop", "pdlp", "cbc", "greedy", "gurobi", "cplex"} <= names


def test_able_names_those_that_can() -> None:
    """Installed solvers only, in order."""
    assert {"glop", "highs", "pdlp"} <= set(able({"lp", "prices"}))
    assert "cp_sat" not in able({"prices"})
    assert "glop" not in able({"mip"})


def test_an_unknown_solver_is_met_with_the_nearest_name() -> None:
    """A typing error costs one look."""
    with pytest.raises(SolverError) as caught:
        solver("higs")
    assert str(caught.value) == "solver: unknown solver 'higs'\n    fix: did you mean 'highs'?"
    with pytest.raises(SolverError, match="known solvers: auto, cbc, copt"):
        solver("zzz")


def test_what_a_solver_cannot_do_is_refused_by_name() -> None:
    """Prices from CP-SAT, threads from SCIP, plans from GLOP."""
    for name, need in (("cp_sat", "prices"), ("scip", "threads"), ("glop", "mip")):
        with pytest.raises(SolverError) as caught:
            ensure(solver(name), {need})
        fault = caught.value.faults[0]
        assert (fault.where, fault.what) == (f"solver {name!r}", f"cannot give {need!r}")
        assert "highs" in fault.fix
    with pytest.raises(SolverError, match="nobody can give 'magic'"):
        ensure(solver("highs"), {"magic"})


def test_a_solver_of_a_higher_floor_enters_the_register_once() -> None:
    """The same again is fine; another of the same name is refused."""

    def plan(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
        return Solution(Status.NO_SOLUTION, "tower")

    tower = Solver("tower", "test", frozenset({"mip"}), lambda: None, plan)
    assert register(tower) is register(tower) is solver("tower")
    with pytest.raises(SolverError, match="two solvers have this name"):
        register(Solver("highs", "test", frozenset({"mip"}), lambda: None, plan))


def test_abilities_and_functions_belong_together() -> None:
    """A solver that says it finds plans has a function that does."""
    with pytest.raises(ValueError, match="'mip' and a solve function"):
        Solver("odd", "", frozenset({"mip"}), lambda: None)
    with pytest.raises(ValueError, match="unknown abilities"):
        Solver("odd", "", frozenset({"flight"}), lambda: None)
    for one in register_of_solvers().values():
        assert one.gives <= set(ABILITIES)


def test_picks_are_rounded_only_when_they_are_picks() -> None:
    """1e-5 off is a pick; 2e-5 off, or no number, is none."""
    picks = rounded(np.array([1e-5, 1 - 1e-5, -1e-6]))
    assert picks is not None
    assert picks.tolist() == [0.0, 1.0, 0.0]
    for odd in (2e-5, 0.5, 2.0, np.nan, -1.0):
        assert rounded(np.array([0.0, odd])) is None


def test_cp_sat_knows_a_row_that_no_whole_load_can_meet() -> None:
    """Loads of 1 and 2 can never be 1.5: infeasible, not an invalid model."""
    pairs = Pairs.full(2, 2)
    build = ModelBuilder(
        np.array(["a", "b"], dtype=object), np.array(["r", "s"], dtype=object), pairs
    )
    load = np.array([1.0, 1.0, 2.0, 2.0])
    build.add_rows("even", Band.of(2, lower=1.5, upper=1.5), ["r", "s"], pairs.rep, range(4), load)
    answer = solver("cp_sat").solve(build.build(), Limits(), None, None)
    assert answer.status is Status.INFEASIBLE
    assert answer.message == "2 rows leave no whole number between their limits"


@pytest.mark.parametrize("name", ["highs", "cp_sat", "scip", "cbc"])
def test_a_model_without_any_pair_is_infeasible(name: str) -> None:
    """Two accounts, one rep, nobody may serve anybody; a row that is not empty of price."""
    build = ModelBuilder(
        np.array(["a", "b"], dtype=object), np.array(["r"], dtype=object), Pairs.of([], [], 2)
    )
    build.add_rows("floor", Band.of(1, low=2.0, price_below=3.0), ["r"], [], [], [])
    assert solver(name).solve(build.build(), EXACT, None, None).status is Status.INFEASIBLE
