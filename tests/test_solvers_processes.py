"""Processes of solves: forked from the nursery on Linux, begun anew elsewhere, otherwise alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic

import psutil
import pytest
import solver_liars as liars
from test_solvers_supervised import lives, run, small

from optiterr.solution import Improvement, Limits, Status
from optiterr.solvers import processes
from optiterr.solvers.processes import Nursery
from optiterr.solvers.supervise import supervised

AMPLE = Limits(seconds=20)

pytestmark = pytest.mark.skipif(not processes.FORKS, reason="this system has no nursery")


@pytest.fixture(params=["forked", "anew"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which a solve gets its process."""
    monkeypatch.setattr(processes, "FORKS", request.param == "forked")
    return str(request.param)


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    """A nursery of its own, which nobody has asked yet."""
    made = Nursery()
    monkeypatch.setattr(processes, "NURSERY", made)
    yield made
    made.end()


def placed() -> tuple[int, str, str]:
    """Whose child a solve is, in which folder, and what it was told."""
    solution = run(liars.placed, AMPLE)
    parent, folder, told, *_ = solution.message.split(" ")
    return int(parent), folder, told


def files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_solve_is_forked_from_the_nursery_or_is_a_child_of_ours(way: str) -> None:
    """The nursery is one for all solves."""
    parents = {placed()[0] for _ in range(2)}
    expected = os.getpid() if way == "anew" else processes.NURSERY.pid
    assert parents == {expected}


def test_a_solve_is_where_its_parent_is(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folder and environment are those of the time of the solve, not of the nursery's beginning."""
    assert placed()[1:] == (os.getcwd(), "-")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPTITERR_TOLD", "so")
    assert placed()[1:] == (str(tmp_path), "so")
    monkeypatch.delenv("OPTITERR_TOLD")
    assert placed()[2] == "-"


def test_nothing_of_the_nursery_s_is_open_in_a_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads a session of its own and has as many open files as one begun anew, also beside
    another."""
    began, done = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(
            run, liars.obedient, Limits(seconds=100), report=lambda _: began.set(), stop=done
        )
        assert began.wait(20.0)
        forked = run(liars.placed, AMPLE).message
        done.set()
        other.result()
    monkeypatch.setattr(processes, "FORKS", False)
    anew = run(liars.placed, AMPLE).message
    assert forked.split(" ")[1:] == anew.split(" ")[1:]
    assert forked.split(" ")[3] == "True"


def test_an_end_is_told_as_it_was(way: str) -> None:
    """Exit codes and signals, a last word on the error output, and answers."""
    assert run(liars.leaving, AMPLE).message == "leaving ended without an answer (exit code 7)"
    assert run(liars.giving_up, AMPLE).message == (
        "giving_up ended without an answer (exit code 1); it printed last: gave up"
    )
    assert run(liars.aborting, AMPLE).message == (
        "aborting crashed with SIGABRT; it printed last: assertion failed: basis"
    )
    assert run(liars.killed, AMPLE).status is Status.FEASIBLE
    assert supervised("highs", small(), AMPLE).status is Status.OPTIMAL


def test_a_hang_and_what_it_began_are_ended(way: str) -> None:
    """At its deadline, and nothing is left of it."""
    solution = run(liars.hanging, grace=0.5)
    assert solution.message == "hanging ran past its limit of 0.2 s and was killed 0.5 s later"
    assert solution.bound is not None
    assert not psutil.pid_exists(int(solution.bound))


def test_solves_side_by_side_have_processes_of_their_own(way: str) -> None:
    """Eight on four threads, some of which crash."""
    solves = [liars.honest, liars.aborting, liars.leaving, liars.placed] * 2
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda one: run(one, AMPLE).message, solves))
    assert found[:3] == found[4:7]
    assert found[0] == ""
    assert "SIGABRT" in found[1]
    assert "exit code 7" in found[2]


def test_no_file_stays_open(way: str) -> None:
    """Here and in the nursery."""
    run(liars.honest, AMPLE)
    before = files()
    there = f"/proc/{processes.NURSERY.pid}/fd" if way == "forked" else "/proc/self/fd"
    theirs = len(os.listdir(there))
    for one in (liars.honest, liars.aborting, liars.raising):
        run(one, AMPLE)
    run(liars.hanging_with_plan, grace=0.2)
    assert files() == before
    end = monotonic() + 5.0
    while len(os.listdir(there)) > theirs and monotonic() < end:
        threading.Event().wait(0.02)
    assert len(os.listdir(there)) <= theirs


def test_a_nursery_can_be_begun_ahead(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first solve then uses that one; where processes are begun anew there is none."""
    with monkeypatch.context() as patch:
        patch.setattr(processes, "FORKS", False)
        processes.prepare()
        assert nursery.pid is None
    processes.prepare()
    ahead = nursery.pid
    processes.prepare()
    assert placed()[0] == nursery.pid == ahead


def test_a_nursery_that_was_ended_is_begun_anew(nursery: Nursery) -> None:
    """Between two solves the second has another."""
    first = placed()[0]
    os.kill(first, signal.SIGKILL)
    second = placed()[0]
    assert second == nursery.pid != first


def test_an_idle_nursery_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so long without a solve, but not while one runs."""
    nursery = Nursery(idle=1.0)
    monkeypatch.setattr(processes, "NURSERY", nursery)
    first = placed()[0]
    process = nursery._process
    assert process is not None
    assert process.wait(20.0) == 0
    second = placed()[0]
    assert second != first
    assert run(liars.hanging_with_plan, Limits(seconds=1.5), grace=0.3).status is Status.FEASIBLE
    assert placed()[0] == second
    nursery.end()


def test_a_solve_outlives_its_nursery(nursery: Nursery) -> None:
    """What runs goes on, is asked to stop, and hands in its plan."""
    told = threading.Event()

    def listen(_: Improvement) -> None:
        if not told.is_set():
            os.kill(nursery.pid, signal.SIGKILL)
            told.set()

    solution = run(liars.obedient, Limits(seconds=100), report=listen, stop=told)
    assert (solution.status, solution.message) == (Status.FEASIBLE, "stopped as asked")


def test_a_solve_that_hangs_without_its_nursery_is_ended(nursery: Nursery) -> None:
    """As any other."""

    solves: list[int] = []

    def listen(line: Improvement) -> None:
        assert line.bound is not None
        solves.append(psutil.Process(int(line.bound)).ppid())
        os.kill(nursery.pid, signal.SIGKILL)

    solution = run(liars.hanging, report=listen, grace=0.5)
    assert solution.message == "hanging ran past its limit of 0.2 s and was killed 0.5 s later"
    assert solution.bound is not None
    assert not lives(int(solution.bound))
    assert [lives(one) for one in solves] == [False]


def test_without_a_nursery_a_solve_is_begun_anew(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be begun, or answers nothing."""
    with monkeypatch.context() as patch:
        patch.setattr(Nursery, "_begin", lambda self: None)
        assert placed()[0] == os.getpid()
    monkeypatch.setattr(processes, "_asked", lambda *_: None)
    assert placed()[0] == os.getpid()


def test_an_environment_too_long_to_tell_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the process is begun anew, and the nursery stays for others."""
    before = placed()[0]
    for place in range(20):
        monkeypatch.setenv(f"OPTITERR_LONG_{place}", "x" * 100_000)
    monkeypatch.setenv("OPTITERR_TOLD", "all")
    parent, _, told = placed()
    assert (parent, told) == (os.getpid(), "all")
    assert before == processes.NURSERY.pid


FORKING = """
import os, sys
sys.path[:0] = sys.argv[1:]
import solver_liars as liars
from test_solvers_supervised import run
from optiterr.solution import Limits
if __name__ == "__main__":
    first = run(liars.placed, Limits(seconds=20)).message.split()[0]
    pid = os.fork()
    other = run(liars.placed, Limits(seconds=20)).message.split()[0]
    if pid:
        os.waitpid(pid, 0)
    print(first, other, "here" if pid else "there", flush=True)
"""


def test_a_fork_of_ours_has_a_nursery_of_its_own() -> None:
    """And both end with their processes."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = [line.split() for line in done.stdout.splitlines()]
    told = {where: (first, other) for first, other, where in said}
    assert told["here"][0] == told["here"][1] == told["there"][0] != told["there"][1]
    end = monotonic() + 10.0
    left = {int(one) for pair in told.values() for one in pair}
    while any(map(lives, left)) and monotonic() < end:
        threading.Event().wait(0.02)
    assert not [one for one in left if lives(one)]
