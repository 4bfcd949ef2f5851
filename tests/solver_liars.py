"""Solvers that lie, crash, hang, eat or chatter: what a supervised solve must survive."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optiterr.cases import Case, Decision
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solve, Solver

Floats = NDArray[np.float64]


def first_plan(model: Model) -> Floats:
    """Every account takes its first candidate."""
    return model.picks(model.pairs.start[:-1])


def told(model: Model, x: Floats, report: Report | None, bound: float | None = None) -> None:
    """Report ``x`` as the best plan so far."""
    if report is not None:
        report(Improvement(0.1, model.value(x), bound), x)


def honest(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """The first plan, with its true cost."""
    x = first_plan(model)
    return Solution(Status.FEASIBLE, "honest", x=x, objective=model.value(x))


def telling(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """No plan; says the digest of the model that it was given, and then writes over its arrays."""
    said = model.digest()
    for array in (model.pairs.account, model.pairs.rep, *(one.matrix.data for one in model.blocks)):
        array[:] = 0
    return Solution(Status.NO_SOLUTION, "telling", message=said)


def placed(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """No plan; says whose child it is, where, what OPTITERR_TOLD is there, whether it leads a
    session, and how many files are open."""
    told, leads = os.environ.get("OPTITERR_TOLD", "-"), os.getsid(0) == os.getpid()
    said = f"{os.getppid()} {os.getcwd()} {told} {leads} {len(os.listdir('/proc/self/fd'))}"
    return Solution(Status.NO_SOLUTION, "placed", message=said)


def short_case(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A case with a price less than there are rows."""
    case = Case((Decision(0, 0, True),), np.zeros(model.rows - 1))
    return Solution(Status.NO_SOLUTION, "short case", cases=(case,))


def case_of_nobody(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A case about a rep that does not exist."""
    case = Case((Decision(0, len(model.rep_ids), True),), np.zeros(model.rows))
    return Solution(Status.NO_SOLUTION, "case of nobody", cases=(case,))


def wrong_plan(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Leaves the first account without a rep and calls that optimal."""
    x = first_plan(model)
    x[0] = 0.0
    return Solution(Status.OPTIMAL, "wrong plan", x=x, objective=1.0, bound=1.0)


def wrong_cost(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A true plan, said to cost half as much."""
    x = first_plan(model)
    half = model.value(x) / 2
    return Solution(Status.OPTIMAL, "wrong cost", x=x, objective=half, bound=half)


def wrong_bound(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A poor plan, said to be optimal by a bound as high as its cost."""
    x = model.picks(model.pairs.start[1:] - 1)
    cost = model.value(x)
    prices = np.zeros(model.rows)
    return Solution(Status.OPTIMAL, "wrong bound", "", x, cost, cost, prices)


def plan_without_status(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Values beside a status that has none, slipped past the check of :class:`Solution`."""
    solution = Solution(Status.INFEASIBLE, "sly")
    object.__setattr__(solution, "x", first_plan(model))
    return solution


def fractions(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Half picks as a plan."""
    return Solution(Status.OPTIMAL, "fractions", x=np.full(len(model.pairs), 0.5), objective=0.0)


def short(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """A plan with a pick too few."""
    return Solution(Status.OPTIMAL, "short", x=first_plan(model)[1:], objective=0.0)


def not_a_number(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A bound that is no number."""
    x = first_plan(model)
    return replace(honest(model, limits, start, report), x=x, bound=float("nan"))


def garbage(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """No solution at all, but a word."""
    return "optimal"  # type: ignore[return-value]


def unsendable(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """An answer that no pipe can carry."""
    return lambda: None  # type: ignore[return-value]


def raising(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """An ordinary fault."""
    raise ZeroDivisionError("the simplex tripped")


def killed(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """Reports the first plan, then is killed from outside."""
    told(model, first_plan(model), report, 1.0)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def aborting(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """A failed assertion in native code."""
    os.write(2, b"assertion failed: basis\n")
    os.abort()


def reading_nowhere(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """A true segmentation fault."""
    ctypes.string_at(0)
    raise AssertionError("unreachable")


def leaving(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """Native code that calls ``exit``."""
    os._exit(7)


def giving_up(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Ends the process with a word."""
    sys.exit("gave up")


def hanging(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """Never ends, hears nothing, and has a child that does the same; its pid is the bound."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    assert report is not None
    report(Improvement(0.0, None, float(child.pid)))
    time.sleep(600)
    raise AssertionError("unreachable")


def hanging_with_plan(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Reports a plan, then never ends."""
    told(model, first_plan(model), report, bound=-1.0)
    time.sleep(600)
    raise AssertionError("unreachable")


def hanging_with_false_plan(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Reports picks that serve nobody as a plan, then never ends."""
    told(model, np.zeros(len(model.pairs)), report)
    time.sleep(600)
    raise AssertionError("unreachable")


def obedient(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """Works until it is asked to stop, then hands in its best."""
    assert report is not None
    told(model, first_plan(model), report)
    while not report(Improvement(0.0)):
        time.sleep(0.01)
    return replace(honest(model, limits, start, report), message="stopped as asked")


def eating(model: Model, limits: Limits, start: Floats | None, report: Report | None) -> Solution:
    """Takes memory for ever, and writes to it."""
    eaten = []
    while True:
        eaten.append(np.ones(4_000_000))


def chattering(
    model: Model, limits: Limits, start: Floats | None, report: Report | None
) -> Solution:
    """Prints from Python and from below it, then answers well."""
    print("Python says hello")
    os.write(1, b"native hello\n" * 2000)
    os.write(2, b"native grumble\n" * 2000)
    return honest(model, limits, start, report)


def as_solver(solve: Solve) -> Solver:
    """A solver for this test only: not in the register."""
    return Solver(
        solve.__name__, solve.__doc__ or "", frozenset({"mip", "progress"}), nothing_missing, solve
    )


def nothing_missing() -> None:
    """Nothing to install."""
