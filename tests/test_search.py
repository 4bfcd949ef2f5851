"""The decomposition search as a solver: right against counting, honest at its end, repeatable."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from search_toys import PLAIN, Floats, Ints, every_choice, every_value, model, tiny

from optiterr import solve as solve_scenario
from optiterr import verify
from optiterr.certificate import certify, lower_bound, relative_gap
from optiterr.engine import save
from optiterr.model import Model, ModelBuilder
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.scenario.loading import load
from optiterr.search import decompose, exact
from optiterr.search.core import Core
from optiterr.search.decompose import solve
from optiterr.search.rounds import Rounds
from optiterr.search.route import SMALL, route
from optiterr.search.watch import Watch
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import able, highs, solver
from optiterr.solvers.supervise import supervised
from optiterr.spread import Spread

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ROOT / "scenarios"
sys.path.append(str(ROOT / "benchmarks"))

import instances  # noqa: E402

SEEN_BY_MOVES = [*(kind for kind in PLAIN if kind != "spread"), "capped"]
"""Charges whose hard limits moves can see; those of a spread, or inside a future, they cannot."""


def hard_model(seed: int = 1, accounts: int = 60, reps: int = 6) -> tuple[Model, Ints]:
    """Costs, a target and hard limits on two loads; the plan that it was drawn around keeps all."""
    for draw in range(50):
        rng = np.random.default_rng([seed, draw])
        made, hidden = model(rng, accounts, reps, ["both", "hard", "soft"], least=2)
        if np.isfinite(made.value(made.picks(hidden))):
            return made, hidden
    raise AssertionError("no plan in fifty draws")


def judged(made: Model, answer: Solution, least: float | None = None) -> None:
    """What holds of every answer: its plan is one, its claims are those of its own numbers."""
    assert answer.solver == "decompose"
    bound = -np.inf if answer.bound is None else answer.bound
    if answer.prices is not None:
        proved = lower_bound(made, answer.prices)
        assert proved.value <= (np.inf if least is None else least + 1e-6 * max(1, abs(least)))
        if answer.message.endswith("of the bound of the relaxation"):
            # Nobody's claim: the prices alone prove it.
            assert proved.value == pytest.approx(answer.bound, rel=1e-6, abs=1e-6)
        if answer.x is not None:
            # The identity: regrets and residuals are what lies between cost and bound.
            assert certify(made, answer.x, proved).cost == pytest.approx(answer.objective)
    if answer.x is not None:
        assert answer.objective is not None
        assert answer.objective == made.value(answer.x)
        assert np.isfinite(answer.objective)
        closed = relative_gap(answer.objective, bound) <= 1e-4
        assert (answer.status is Status.OPTIMAL) == closed
    if least is None:
        return
    room = 1e-6 * max(1.0, abs(least)) if np.isfinite(least) else 0.0
    assert bound <= least + room
    if answer.status is Status.INFEASIBLE:
        assert least == np.inf
    if answer.objective is not None:
        assert answer.objective >= least - room
    if answer.status is Status.OPTIMAL:
        assert answer.objective == pytest.approx(least, rel=1.1e-4, abs=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_it_agrees_with_counting(threads: int) -> None:
    """Never better than the cheapest of all plans, optimal where it says so, infeasible only when
    there is no plan; and it finds a plan and proves it for most."""
    ends: dict[Status, int] = dict.fromkeys(Status, 0)
    with_plan = 0
    for number in range(16):
        made = tiny([23, threads, number])
        least = float(every_value(made, every_choice(made.pairs)).min())
        answer = solve(made, Limits(seconds=3, threads=threads))
        judged(made, answer, least)
        ends[answer.status] += 1
        with_plan += int(np.isfinite(least))
    assert ends[Status.OPTIMAL] >= 0.7 * with_plan
    assert ends[Status.FAILED] == 0


def test_infeasible_is_said_where_fractions_show_it() -> None:
    """Three accounts of size 2 at reps that may have 2 each: two reps are too few, three do."""
    for reps, status in ((2, Status.INFEASIBLE), (3, Status.OPTIMAL)):
        answer = solve(sized([2.0] * 3, reps, 2.0), Limits(seconds=2.0))
        assert answer.status is status
    # Sizes 3, 3, 3 and 1 in two reps of 5: fractions fit, whole accounts do not.
    answer = solve(sized([3.0, 3.0, 3.0, 1.0], 2, 5.0), Limits(seconds=0.5))
    assert answer.status is Status.NO_SOLUTION
    assert answer.message == "found no plan within the hard rules in the time given"
    assert answer.bound is not None


def sized(size: list[float], reps: int, most: float) -> Model:
    """Accounts of these sizes at any of ``reps`` reps, each with a size of at most ``most``."""
    pairs = Pairs.full(len(size), reps)
    ids = np.array([f"a{at}" for at in range(len(size))], dtype=object)
    names = np.array([f"r{at}" for at in range(reps)], dtype=object)
    builder = ModelBuilder(ids, names, pairs)
    builder.add_cost("cost", np.arange(len(pairs)) % 5 + 1.0)
    builder.add_rep_rows("cap", Band.of(reps, upper=most), np.array(size)[pairs.account])
    return builder.build()


def test_an_account_without_a_candidate_is_named() -> None:
    """There is no plan, and the first such account is told."""
    whole = sized([1.0, 1.0], 2, 9.0)
    pairs = whole.pairs.keep(whole.pairs.account == 0)
    builder = ModelBuilder(whole.account_ids, whole.rep_ids, pairs)
    answer = solve(builder.build(), Limits(seconds=1.0))
    assert (answer.status, answer.message) == (
        Status.INFEASIBLE, "account 'a1' has no candidate",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_models_of_some_size_get_a_plan(seed: int) -> None:
    """Four kinds of charges over 120 accounts: a plan cheaper than the one that the model was drawn
    around, and a certificate that adds up."""
    rng = np.random.default_rng([31, seed])
    kinds = [str(kind) for kind in rng.choice(SEEN_BY_MOVES, 4, replace=False)]
    made, hidden = model(rng, 120, 6, kinds, least=2)
    cost = made.value(made.picks(hidden))
    assert np.isfinite(cost)
    answer = solve(made, Limits(seconds=1.2))
    judged(made, answer)
    assert answer.objective is not None
    assert answer.objective < cost


# ------------------------------------------------------------------------------------ starts


def test_a_start_is_never_made_worse() -> None:
    """From the best of all plans the best comes back, from any other one at most as dear; with no
    time at all the start itself, if it is a plan."""
    started = 0
    for number in range(12):
        made = tiny([29, number])
        choices = every_choice(made.pairs)
        values = every_value(made, choices)
        kept = np.flatnonzero(np.isfinite(values))
        if not len(kept):
            continue
        started += 1
        for at in (int(values.argmin()), int(kept[-1])):
            answer = solve(made, Limits(seconds=1e-6), made.picks(choices[at]))
            judged(made, answer, float(values.min()))
            assert answer.objective is not None
            assert answer.objective <= values[at] + 1e-9
    assert started > 6


def test_books_of_today_that_break_limits_are_no_plan() -> None:
    """A start beyond a hard limit is not handed back, not even when there is no time."""
    made, _ = hard_model()
    first = made.pairs.start[:-1]
    assert made.value(made.picks(first)) == np.inf
    assert solve(made, Limits(seconds=1e-6), made.picks(first)).status is not Status.OPTIMAL
    answer = solve(made, Limits(seconds=2.0), made.picks(first))
    judged(made, answer)
    assert answer.status.has_plan


def test_half_a_start_is_no_plan() -> None:
    """A start that leaves accounts out does not pass for a plan, whatever it would cost."""
    made = sized([1.0] * 4, 3, 9.0)
    costs = np.full(12, 5.0)
    costs[-1] = 1.0
    made = replace(made, costs={"cost": costs})
    # The accounts that are left out are not served by the cheapest pair of another one.
    for start in (made.picks(np.array([0, 3])), np.zeros(12)):
        answer = solve(made, Limits(seconds=1e-6), start)
        judged(made, answer, 5.0 + 5.0 + 5.0 + 1.0)


# ----------------------------------------------------------------------------- stop and repeat


class Heard:
    """A report that keeps plans, and asks to stop once ``enough`` says so."""

    def __init__(self, enough: Callable[[Improvement], bool] = lambda line: False) -> None:
        self.plans: list[Floats] = []
        self.costs: list[float] = []
        self.bounds: list[float] = []
        self._enough = enough

    def __call__(self, improvement: Improvement, x: Floats | None = None) -> bool:
        if x is not None:
            self.plans.append(x.copy())
        if improvement.incumbent is not None:
            self.costs.append(improvement.incumbent)
        if improvement.bound is not None:
            self.bounds.append(improvement.bound)
        return self._enough(improvement)


def test_a_stop_brings_the_best_plan_at_once() -> None:
    """Asked to stop at its first plan, it hands in the best one and does not use its time."""
    made, _ = hard_model(2)
    heard = Heard(lambda line: line.incumbent is not None)
    answer = solve(made, Limits(seconds=60.0, gap=0.0), report=heard)
    judged(made, replace(answer, status=Status.FEASIBLE))
    assert answer.objective == min(heard.costs)
    assert sum(answer.seconds.values()) < 20.0


def test_a_stop_before_anything_brings_an_answer() -> None:
    """Asked to stop from the beginning: no plan, or one; never an error."""
    made, _ = hard_model(2)
    answer = solve(made, Limits(seconds=60.0), report=Heard(lambda line: True))
    judged(made, answer)
    assert sum(answer.seconds.values()) < 20.0


def test_what_is_reported_gets_better_only() -> None:
    """Costs fall, bounds rise, every reported plan is one and costs what was said with it."""
    made, _ = hard_model(3)
    heard = Heard()
    answer = solve(made, Limits(seconds=0.8, gap=0.0), report=heard)
    assert heard.plans
    assert (np.diff(heard.costs) <= 0).all()
    assert (np.diff(heard.bounds) >= 0).all()
    for x in heard.plans:
        assert made.value(x) in heard.costs
    assert answer.objective == min(heard.costs)
    assert [line.incumbent for line in answer.log if line.incumbent is not None] == heard.costs


def test_each_phase_is_told_when_it_begins() -> None:
    """In the order of the search, and what gets better names the phase it was found in; the
    seconds are those of the phases told."""
    made, _ = hard_model(3)
    lines: list[Improvement] = []
    heard = Heard(lambda line: bool(lines.append(line)))
    answer = solve(made, Limits(seconds=2.0, gap=0.0), report=heard)
    told = [line.phase for line in lines if line.empty and line.phase]
    assert told[:4] == ["build", "prices", "relaxation", "dive"]
    assert {"moves", "neighbourhoods"} <= set(told)
    assert set(told) == set(answer.seconds)
    assert sum(answer.seconds.values()) <= lines[-1].seconds + 1.0
    last = ""
    for line in lines:
        last = line.phase if line.empty and line.phase else last
        assert line.phase in ("", last)
        assert line.phase or line.empty
    assert [line for line in lines if not line.empty] == list(answer.log)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_finds_the_same_first_plan(threads: int) -> None:
    """Dive and moves are counted in tries: their plan is the same bytes for a seed and number of
    threads, and another one for another seed."""
    made, _ = hard_model(4, 100)

    def first(seed: int) -> bytes:
        heard = Heard(lambda line: line.incumbent is not None)
        solve(made, Limits(seconds=40.0, gap=0.0, seed=seed, threads=threads), report=heard)
        return heard.plans[0].tobytes()

    one, again, other = first(5), first(5), first(6)
    assert one == again
    assert one != other


def test_an_answer_that_ends_by_itself_is_the_same_again() -> None:
    """With a gap that it reaches, plan, cost and bound of two runs are the same bytes."""
    made = instances.make("geo", 150, 5, 2).model
    runs = [solve(made, Limits(seconds=60.0, gap=0.02, seed=3)) for _ in range(2)]
    assert [run.status for run in runs] == [Status.OPTIMAL] * 2
    assert runs[0].x is not None
    assert runs[1].x is not None
    assert runs[0].x.tobytes() == runs[1].x.tobytes()
    assert (runs[0].objective, runs[0].bound) == (runs[1].objective, runs[1].bound)


# --------------------------------------------------------------------------- watched, and whole


def test_it_is_found_by_name_and_says_what_it_gives() -> None:
    """Plans, bounds with a proof, starts, threads, seeds, and a word to stop."""
    assert {"decompose"} <= set(able({"mip", "bound", "proof", "start", "threads", "seed"}))
    assert "lp" not in solver("decompose").gives


@pytest.mark.parametrize(("threads", "most"), [(1, 10_000), (2, 10_000), (2, 10)])
def test_highs_only_proves_where_others_look_for_plans(
    monkeypatch: pytest.MonkeyPatch, threads: int, most: int
) -> None:
    """With one thread it is the one that looks; of many pairs it looks as well."""
    monkeypatch.setattr(exact, "MOST_PROVED", most)
    seen = []
    true = exact.highs.solve

    def heard(*given: Any, proving: bool) -> Solution:
        seen.append(proving)
        return true(*given, proving=proving)

    monkeypatch.setattr(exact.highs, "solve", heard)
    made, _ = hard_model()
    answer = solve(made, Limits(seconds=2.0, gap=0.0, threads=threads))
    assert set(seen) == {threads > 1 and most > 10}
    assert answer.x is not None


@pytest.mark.parametrize(("gain", "times"), [(0.2, 2), (0.05, 1)])
def test_highs_begins_anew_once_where_others_found_a_much_better_plan(
    monkeypatch: pytest.MonkeyPatch, gain: float, times: int
) -> None:
    """A fifth of what is open is worth it, a twentieth is not; the second time it goes on."""
    made, _ = hard_model()
    core = Core.of(made)
    every = [highs.solve(made, Limits(seconds=5.0, gap=gap, seed=1)) for gap in (0.9, 1e-4)]
    poor, good = (made.choice(one.x) for one in every if one.x is not None)
    limits = Limits(seconds=10.0, gap=0.0, threads=2)
    watch = Watch(made, limits, None, perf_counter())
    watch.offer(poor, core.worth(poor))
    saved = core.worth(poor) - core.worth(good)
    assert saved > 0
    watch.prove(core.worth(good) - saved / gain)
    began: list[float] = []

    def found(model: Model, asked: Limits, start: Floats, told: Any, *, proving: bool) -> Solution:
        began.append(made.value(start[: len(made.pairs)]))
        assert not told(Improvement(0.0))
        watch.offer(good, core.worth(good))
        told(Improvement(0.0))
        return Solution(Status.NO_SOLUTION, "highs")

    monkeypatch.setattr(exact, "AGAIN", 0.0)
    monkeypatch.setattr(exact.highs, "solve", found)
    exact.finish(core, np.full(len(made.pairs), -np.inf), watch, limits, watch.end)
    assert began == pytest.approx([core.worth(poor), core.worth(good)][:times])


def test_threads_hand_over_promptly_beside_highs_and_as_usual_afterwards() -> None:
    """HiGHS asks Python all the time whether to stop; a thread that computes must let it."""
    usual, seen = sys.getswitchinterval(), set()

    def told(line: Improvement, x: Floats | None = None) -> bool:
        seen.add(sys.getswitchinterval())
        return False

    made, _ = hard_model(6)
    solve(made, Limits(seconds=1.0, gap=0.0, threads=2, seed=1), report=told)
    assert min(seen) < 1e-4 < usual
    assert sys.getswitchinterval() == usual


@pytest.mark.parametrize(("most", "beside"), [(10_000, True), (1, False)])
def test_highs_begins_beside_the_later_rounds_of_moves_where_few_pairs_are_left(
    monkeypatch: pytest.MonkeyPatch, most: int, beside: bool
) -> None:
    """It takes a thread of theirs; with too many pairs left they keep all and it never begins."""
    seen: list[tuple[str, int]] = []

    class Seen(Rounds):
        def early(self, threads: int) -> None:
            seen.append(("early", threads))
            super().early(threads)

        def rest(self, threads: int, most: float = np.inf) -> None:
            seen.append(("rest", threads))
            super().rest(threads, most)

    def finished(*_: object) -> None:
        seen.append(("highs", 1))

    monkeypatch.setattr(exact, "MOST_PAIRS", most)
    monkeypatch.setattr(exact, "finish", finished)
    monkeypatch.setattr(decompose, "Rounds", Seen)
    made, _ = hard_model(6)
    solve(made, Limits(seconds=1.0, gap=0.0, threads=2, seed=1))
    if beside:
        assert seen[0] == ("early", 2)
        assert sorted(seen[1:]) == [("highs", 1), ("rest", 1)]
    else:
        assert seen == [("early", 2), ("rest", 2)]


def test_in_a_process_of_its_own_it_says_the_same() -> None:
    """Watched, from a start, with two threads: a plan no worse; prices pass the border."""
    made, hidden = hard_model(6)
    answer = supervised(
        "decompose",
        made,
        Limits(seconds=1.0, threads=2, seed=2),
        start=made.picks(hidden),
        needs=("proof",),
    )
    judged(made, answer)
    assert answer.prices is not None
    assert answer.objective is not None
    assert answer.objective <= made.value(made.picks(hidden))
    assert {"build", "prices", "relaxation", "process"} <= set(answer.seconds)


def test_a_watched_search_stops_when_asked() -> None:
    """The word to stop passes the border, and the best plan so far comes back."""
    made, _ = hard_model(7)
    stop = threading.Event()

    def told(line: Improvement) -> None:
        if line.incumbent is not None:
            stop.set()

    answer = supervised(
        "decompose", made, Limits(seconds=60.0, gap=0.0), report=told, stop=stop, grace=20.0
    )
    assert answer.status.has_plan
    assert answer.x is not None
    assert np.isfinite(made.value(answer.x))
    assert "killed" not in answer.message


def test_a_scenario_is_solved_audited_and_verified(tmp_path: Path) -> None:
    """The quickstart by this solver: audited, its gap proved by its own prices, verified anew."""
    scenario = load(SCENARIOS / "quickstart" / "quickstart.yaml")
    asked = scenario.solve.model_copy(update={"solver": "decompose", "seconds": 2.0})
    plan = solve_scenario(scenario.model_copy(update={"solve": asked}))
    assert plan.status in (Status.OPTIMAL, Status.FEASIBLE)
    assert plan.has_plan
    assert plan.gap_proved is not None
    assert plan.gap_proved < 0.2
    assert plan.solver.name == "decompose"
    save(plan, scenario, tmp_path / "plan.json")
    found = verify(tmp_path / "plan.json")
    assert found.holds, [check for check in found.checks if not check.holds]


# ------------------------------------------------------------------------------------- routes


def of_size(accounts: int, reps: int, **functions: object) -> Model:
    """A model of so many pairs, whose rows nothing loads but what the reps are given."""
    builder = ModelBuilder(
        np.array([f"a{at}" for at in range(accounts)], dtype=object),
        np.array([f"r{at}" for at in range(reps)], dtype=object),
        Pairs.full(accounts, reps),
    )
    for name, function in functions.items():
        builder.add_rep_rows(name, function, 1.0)  # type: ignore[arg-type]
    return builder.build()


def test_small_models_go_to_a_general_solver() -> None:
    """As many pairs as count as small are the last that do."""
    chosen = route(of_size(SMALL // 20, 20))
    assert (chosen.solver, chosen.why) == (
        "highs",
        f"{SMALL // 20:,} accounts and {SMALL:,} pairs fit a general solver; "
        "a greedy plan is its safety net",
    )
    assert route(of_size(SMALL // 20 + 1, 20)).solver == "decompose"


def test_large_models_go_to_the_decomposition_and_the_tightest_limit_is_told() -> None:
    """2,000 accounts at 20 reps who may have 110 each: 2,200 places, a tenth more than needed."""
    chosen = route(of_size(2000, 20))
    assert chosen.solver == "decompose"
    assert chosen.why == "40,000 pairs, 100 accounts a rep: more than general solvers end well with"
    limits = {"hours": Band.of(20, upper=110.0), "calls": Band.of(20, upper=150.0)}
    assert route(of_size(2000, 20, **limits)).why == (
        "40,000 pairs, 100 accounts a rep, 10% room in the tightest limit: "
        "more than general solvers end well with"
    )


def test_charges_that_moves_cannot_see_go_to_a_general_solver_while_it_can() -> None:
    """A spread over the reps: named, up to 400,000 pairs; beyond that the decomposition."""
    spread = Spread.of(np.arange(20), np.zeros(20, dtype=int), 1, high=3.0, price=1.0)
    chosen = route(of_size(20_000, 20, families=spread))
    assert chosen.solver == "highs"
    assert chosen.why == (
        "rule 'families' charges over many pairs at once, which moves see badly, and 400,000 pairs "
        "still fit a general solver"
    )
    assert route(of_size(20_001, 20, families=spread)).solver == "decompose"


def test_a_solver_that_is_asked_for_is_taken() -> None:
    """Without a word why, and by its known name only."""
    assert route(of_size(2000, 20), "highs").solver == "highs"
    assert route(of_size(2000, 20), "highs").why == ""
