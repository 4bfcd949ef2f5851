"""Whatever a solver does, a supervised solve comes back with one solution that names it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
import psutil
import pytest
import solver_liars as liars
from model_library import builder, case

from optiterr.certificate import certify, lower_bound
from optiterr.errors import AuditError, SolverError
from optiterr.model import Model
from optiterr.pairs import Pairs
from optiterr.rowfunctions import Band
from optiterr.search.decompose import DECOMPOSE
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Solve, Solver
from optiterr.solvers.supervise import supervised, supervised_relax

QUICK = Limits(seconds=0.2)


def small() -> Model:
    """Two accounts that either rep may serve, both if need be; costs 1, 5 / 2, 3: best 1 + 2."""
    build = builder(2, Pairs.full(2, 2), 2)
    build.add_cost("travel", [1.0, 5.0, 2.0, 3.0])
    build.add_rows("capacity", Band.of(2, upper=2.0), ["r0", "r1"], [0, 1, 0, 1], range(4), 1.0)
    return build.build()


def run(solve: Solve, limits: Limits = QUICK, **more: object) -> Solution:
    return supervised(liars.as_solver(solve), small(), limits, **more)  # type: ignore[arg-type]


def test_a_good_answer_comes_back_whole() -> None:
    """Values, claims, versions and phases pass the process border unchanged."""
    solution = supervised("highs", small(), Limits(seconds=20))
    assert (solution.status, solution.objective) == (Status.OPTIMAL, 3.0)
    assert solution.x is not None
    assert solution.x.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert solution.bound == pytest.approx(3.0)
    assert set(solution.seconds) == {"build", "handover", "solve", "process"}
    assert solution.version


def test_a_solver_is_given_the_same_model_byte_for_byte() -> None:
    """The digest there is the digest here, and what a solver writes over stays with it."""
    model = small()
    solution = supervised(liars.as_solver(liars.telling), model, Limits(seconds=20))
    assert solution.message == small().digest()
    assert model.digest() == small().digest()


def test_a_relaxation_comes_back_with_prices() -> None:
    """The relaxation's prices prove its value."""
    solution = supervised_relax("highs", small(), Limits(seconds=20), needs={"prices"})
    assert solution.prices is not None
    assert lower_bound(small(), solution.prices).value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("solve", "message"),
    [
        (liars.raising, "raising raised ZeroDivisionError: the simplex tripped"),
        (liars.garbage, "garbage gave a malformed answer: str, not a Solution"),
        (liars.short, "short gave a malformed answer: x has shape (3,), not (4,)"),
        (liars.fractions, "fractions gave a malformed answer: x holds values other than 0 and 1"),
        (
            liars.not_a_number,
            "not_a_number gave a malformed answer: bound is nan, not a finite number",
        ),
        (
            liars.plan_without_status,
            "plan_without_status gave a malformed answer: x beside status infeasible",
        ),
        (
            liars.short_case,
            "short_case gave a malformed answer: prices of a case has shape (1,), not (2,)",
        ),
        (
            liars.case_of_nobody,
            "case_of_nobody gave a malformed answer: a case is about an account or a rep that does "
            "not exist",
        ),
        (liars.leaving, "leaving ended without an answer (exit code 7)"),
    ],
)
def test_faults_are_reported_as_what_they_are(solve: Solve, message: str) -> None:
    """A fault is one failed solution whose message names it."""
    solution = run(solve, Limits(seconds=20))
    assert solution.status is Status.FAILED
    assert solution.x is None
    assert solution.message == message


@pytest.mark.parametrize(
    ("solve", "message"),
    [
        (
            liars.aborting,
            "aborting crashed with SIGABRT; it printed last: assertion failed: basis",
        ),
        (liars.reading_nowhere, "reading_nowhere crashed with SIGSEGV"),
    ],
)
def test_a_crash_is_one_failed_solve(solve: Solve, message: str) -> None:
    """The signal is named and this process lives on."""
    solution = run(solve, Limits(seconds=20))
    assert (solution.status, solution.message) == (Status.FAILED, message)


def test_an_answer_that_cannot_be_sent_is_malformed() -> None:
    """What cannot be sent is said to be so."""
    solution = run(liars.unsendable, Limits(seconds=20))
    assert solution.status is Status.FAILED
    assert solution.message.startswith(
        "unsendable gave a malformed answer: function that cannot be sent ("
    )


def test_a_hang_ends_soon_after_the_limit_with_all_its_children() -> None:
    """Nothing is left running, and the answer says that there is none."""
    solution = run(liars.hanging, grace=0.5)
    assert solution.status is Status.NO_SOLUTION
    assert solution.message == "hanging ran past its limit of 0.2 s and was killed 0.5 s later"
    assert solution.seconds["process"] < 20
    assert solution.bound is not None
    assert not psutil.pid_exists(int(solution.bound))


def test_a_plan_reported_before_a_hang_is_kept() -> None:
    """Killed at the deadline, the last plan that was reported comes back as feasible."""
    solution = run(liars.hanging_with_plan, grace=0.5)
    assert solution.status is Status.FEASIBLE
    assert solution.x is not None
    # Both accounts at r0: 1 + 2.
    assert solution.x.tolist() == [1.0, 0.0, 1.0, 0.0]
    assert solution.objective == 3.0
    assert solution.bound == -1.0
    assert solution.message == (
        "hanging_with_plan ran past its limit of 0.2 s and was killed 0.5 s later; "
        "this is its best until then"
    )


def test_a_false_plan_reported_before_a_hang_is_no_plan() -> None:
    """Picks that serve nobody do not become a plan at the deadline."""
    solution = run(liars.hanging_with_false_plan, grace=0.5)
    assert solution.status is Status.NO_SOLUTION
    assert solution.x is None


def test_a_reported_plan_that_breaks_a_hard_row_is_no_plan() -> None:
    """Both accounts at r0 are a load of 2 where 1 is allowed."""
    build = builder(2, Pairs.full(2, 2), 2)
    build.add_rows("capacity", Band.of(2, upper=1.0), ["r0", "r1"], [0, 1, 0, 1], range(4), 1.0)
    liar = liars.as_solver(liars.hanging_with_plan)
    solution = supervised(liar, build.build(), QUICK, grace=0.5)
    assert solution.status is Status.NO_SOLUTION
    assert solution.message == (
        "hanging_with_plan ran past its limit of 0.2 s and was killed 0.5 s later; "
        "the plan that it had reported breaks a hard row"
    )


def test_a_stop_brings_the_best_plan() -> None:
    """A solver that listens ends by itself when asked to stop."""
    solution = run(liars.obedient, Limits(seconds=100), stop=lambda: True)
    assert (solution.status, solution.message) == (Status.FEASIBLE, "stopped as asked")


def scarce() -> Model:
    """200 accounts that 20 reps can hardly carry, at costs of their own: takes a solver minutes."""
    rng = np.random.default_rng(3)
    build = builder(200, Pairs.full(200, 20), 20)
    load = np.round(rng.uniform(5.0, 25.0, 4000), 2)
    # Who carries more costs less, so that limits bind.
    build.add_cost("travel", np.round(111.0 - 4.0 * load + rng.uniform(-10.0, 10.0, 4000), 2))
    labels = [f"r{place}" for place in range(20)]
    band = Band.of(20, upper=0.9 * load.sum() / 400.0)
    build.add_rows("capacity", band, labels, build.pairs.rep, np.arange(4000), load)
    return build.build()


def test_scip_stops_with_its_best_plan() -> None:
    """Asked to stop once it has told of a plan, SCIP ends by itself and hands in its best."""
    model, told = scarce(), threading.Event()

    def listen(improvement: Improvement) -> None:
        if improvement.incumbent is not None and improvement.bound is not None:
            told.set()

    solution = supervised(
        "scip", model, Limits(seconds=100, gap=0.0), report=listen, stop=told, needs={"progress"}
    )
    assert solution.status is Status.FEASIBLE
    assert solution.message.startswith("SCIP: FEASIBLE LIMIT_INTERRUPTED")
    assert solution.x is not None
    assert solution.bound is not None
    assert solution.objective is not None
    assert solution.objective == pytest.approx(model.value(solution.x))
    assert solution.bound < solution.objective
    incumbents = [line.incumbent for line in solution.log if line.incumbent is not None]
    assert min(incumbents) == pytest.approx(solution.objective)


def test_a_deaf_solver_is_ended_when_asked_to_stop() -> None:
    """One that does not listen is killed, and its last plan comes back."""
    told = threading.Event()
    solution = run(
        liars.hanging_with_plan,
        Limits(seconds=1.0),
        report=lambda _: told.set(),
        stop=told,
        grace=0.3,
    )
    assert solution.status is Status.FEASIBLE
    assert solution.message == (
        "hanging_with_plan was asked to stop, did not within 0.4 s and was killed; "
        "this is its best until then"
    )


def test_a_solver_killed_from_outside_leaves_its_best_plan() -> None:
    """Both accounts at r0, 1 + 2; where r0 may serve one only, nothing is left of it."""
    solution = run(liars.killed, Limits(seconds=20))
    assert (solution.status, solution.objective, solution.bound) == (Status.FEASIBLE, 3.0, 1.0)
    assert solution.message == (
        "killed crashed with SIGKILL (out of memory, or ended from outside); "
        "this is its best until then"
    )
    build = builder(2, Pairs.full(2, 2), 2)
    build.add_rows("capacity", Band.of(2, upper=1.0), ["r0", "r1"], [0, 1, 0, 1], range(4), 1.0)
    solution = supervised(liars.as_solver(liars.killed), build.build(), Limits(seconds=20))
    assert (solution.status, solution.x) == (Status.FAILED, None)
    assert solution.message == (
        "killed crashed with SIGKILL (out of memory, or ended from outside)"
    )


def test_a_memory_eater_is_ended_and_named() -> None:
    """The limit is a limit of the process, not of this machine."""
    solution = run(liars.eating, Limits(seconds=60, memory_gb=0.5))
    assert solution.status is Status.NO_SOLUTION
    assert solution.message.startswith("eating memory: ")
    assert "of the 0.5 GB allowed" in solution.message


def test_chatter_stays_in_the_child(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing that a solver prints reaches our output, and it does not spoil the answer."""
    solution = run(liars.chattering, Limits(seconds=20))
    assert solution.status is Status.FEASIBLE
    assert capfd.readouterr() == ("", "")


def test_improvements_arrive_in_order() -> None:
    """A report hears of better and better plans, and the log keeps them."""
    heard: list[Improvement] = []
    each = case("l1", 2).model
    solution = supervised("greedy", each, Limits(seconds=20), report=heard.append)
    assert solution.log == tuple(heard)
    costs = [line.incumbent for line in heard if line.incumbent is not None]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == pytest.approx(solution.objective)


def test_phases_arrive_too_and_are_no_improvements() -> None:
    """Each is told when it begins; the log keeps plans and bounds only, with their phases."""
    heard: list[Improvement] = []
    each = case("l1", 2).model
    solution = supervised(DECOMPOSE, each, Limits(seconds=20), report=heard.append)
    begun = [line.phase for line in heard if line.empty]
    assert begun[:3] == ["build", "prices", "relaxation"]
    assert solution.log == tuple(line for line in heard if not line.empty)
    assert {line.phase for line in solution.log} <= set(begun)


def test_a_function_that_no_child_can_import_is_refused() -> None:
    """A local function cannot travel; this is said before anything runs."""
    local = replace(liars.as_solver(liars.honest), solve=lambda *_: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(SolverError, match="cannot be sent to a child process") as caught:
        supervised(local, small(), QUICK)
    assert caught.value.faults[0].fix == "define it at the top level of a module"


def test_a_missing_solver_is_refused_with_what_to_install() -> None:
    """Nothing runs; the message is the command to type."""
    absent = replace(liars.as_solver(liars.honest), missing=_install_it)
    with pytest.raises(SolverError) as caught:
        supervised(absent, small(), QUICK)
    assert str(caught.value) == "solver 'honest': is not installed\n    fix: pip install honest"


def _install_it() -> str:
    return "pip install honest"


def test_an_account_left_out_is_caught_by_the_certificate() -> None:
    """A well-formed x that is no plan does not pass the audit."""
    model = small()
    solution = run(liars.wrong_plan, Limits(seconds=20))
    assert solution.x is not None
    with pytest.raises(AuditError, match="accounts without exactly one rep: a0"):
        certify(model, solution.x, lower_bound(model, np.zeros(model.rows)))


def test_a_false_cost_is_caught_by_a_recount() -> None:
    """What the plan costs is counted, not believed: 1 + 2, not 1.5."""
    solution = run(liars.wrong_cost, Limits(seconds=20))
    assert solution.x is not None
    assert (solution.objective, small().value(solution.x)) == (1.5, 3.0)


def test_a_false_bound_is_not_proved_by_its_prices() -> None:
    """The claimed bound 8 = 5 + 3 is above what its own prices prove: 1 + 2."""
    model = small()
    solution = run(liars.wrong_bound, Limits(seconds=20))
    assert solution.x is not None
    assert solution.prices is not None
    proved = lower_bound(model, solution.prices)
    assert (solution.bound, proved.value) == (8.0, pytest.approx(3.0))
    assert certify(model, solution.x, proved).gap == pytest.approx(5 / 8)


def test_needs_are_checked_before_anything_runs() -> None:
    """A solver asked for what it cannot do is refused by name, with those that can."""
    with pytest.raises(SolverError) as caught:
        supervised("greedy", small(), QUICK, needs={"bound"})
    assert caught.value.faults[0].what == "cannot give 'bound'"
    fix = caught.value.faults[0].fix
    assert fix.startswith("use one that can: ")
    named = fix.removeprefix("use one that can: ").split(", ")
    assert {"cp_sat", "highs", "scip"} <= set(named)
    assert "greedy" not in named
    with pytest.raises(SolverError, match="cannot give 'prices'"):
        supervised_relax(
            Solver("plain", "", frozenset({"lp"}), liars.nothing_missing, relax=liars.honest),
            small(),
            QUICK,
            needs={"prices"},
        )


ORPHANING = """
import sys
sys.path[:0] = sys.argv[1:]
import solver_liars as liars
from test_solvers_supervised import scarce
from optiterr.solution import Limits
from optiterr.solvers.supervise import supervised
if __name__ == "__main__":
    supervised(
        liars.as_solver(liars.hanging), scarce(), Limits(seconds=100),
        report=lambda step: print(int(step.bound), flush=True),
    )
"""


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_parent_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    """The child sees that its parent is gone, ends what it started and removes the job's folder."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHANING, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    child = psutil.Process(grandchild).ppid()
    (folder,) = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == ["notes"]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = monotonic() + 20.0
    while (lives(child) or lives(grandchild)) and monotonic() < end:
        threading.Event().wait(0.02)
    assert (lives(child), lives(grandchild)) == (False, False)
    assert list(tmp_path.iterdir()) == []


def test_the_current_folder_is_not_searched_for_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files named like modules beside the data are neither run nor taken for the package."""
    spoil = "raise SystemExit('a file of the current folder was run')\n"
    (tmp_path / "pickle.py").write_text(spoil, encoding="utf-8")
    (tmp_path / "optiterr").mkdir()
    (tmp_path / "optiterr" / "__init__.py").write_text(spoil, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert supervised("highs", small(), Limits(seconds=20)).status is Status.OPTIMAL
    # Nor when the parent itself would search that folder, and first of all.
    monkeypatch.syspath_prepend("")
    (tmp_path / "pickle.py").unlink()
    assert supervised("highs", small(), Limits(seconds=20)).status is Status.OPTIMAL
