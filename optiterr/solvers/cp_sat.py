"""CP-SAT of OR-Tools: plans and bounds from whole numbers, with the error of scaling taken off."""

from __future__ import annotations

import importlib.metadata
import threading
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solver, requires
from optiterr.solvers.integers import TooWideError, Whole, whole_numbers

Floats = NDArray[np.float64]

STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "FEASIBLE": Status.FEASIBLE,
    "INFEASIBLE": Status.INFEASIBLE,
    "UNKNOWN": Status.NO_SOLUTION,
}
"""CP-SAT status to ours; ``MODEL_INVALID`` and anything unknown is ``failed``."""

EXACT = 1e-5
"""A whole-number optimum this close, relative to its cost or to 1, is the optimum."""

ASK_SECONDS = 0.1
"""Seconds between two questions whether to stop."""


def solve(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """The best plan that CP-SAT finds, with the bound that it claims less the error of scaling.

    The whole-number optimum counts as ``optimal`` only when the error of scaling leaves no more
    than the gap asked for (or ``EXACT``); otherwise it is ``feasible`` and the message says so.
    """
    from ortools.sat.python import cp_model

    began, version = perf_counter(), importlib.metadata.version("ortools")
    mip = linearise(model, start)
    try:
        whole = whole_numbers(mip)
    except TooWideError as error:
        return Solution(Status.FAILED, "cp_sat", version, message=str(error))
    built = perf_counter()
    closed = np.flatnonzero(whole.row_lower > whole.row_upper)
    if len(closed):
        text = f"{len(closed)} rows leave no whole number between their limits"
        return Solution(Status.INFEASIBLE, "cp_sat", version, message=text)
    native = cp_model.CpModel()
    fill(native.proto, mip, whole, start)
    solver = cp_model.CpSolver()
    own = solver.parameters
    own.max_time_in_seconds = max(limits.seconds, 1e-3)
    own.relative_gap_limit = limits.gap
    own.random_seed = limits.seed % (2**31)
    own.num_workers = limits.threads
    if limits.threads == 1:
        # Slacks with wide ranges are hopeless without the relaxation.
        own.linearization_level = 2
    handed = perf_counter()
    log = _Log(cp_model, solver, mip.pairs, whole, report, began)
    with log:
        native_status = solver.solve(native, log.callback)
    status = STATUS.get(solver.status_name(native_status), Status.FAILED)
    seconds = {
        "build": built - began,
        "handover": handed - built,
        "solve": perf_counter() - handed,
    }
    x = bound = value = None
    message = "" if status is Status.OPTIMAL else f"CP-SAT: {solver.status_name(native_status)}"
    if status.has_plan:
        x = np.array(list(solver.response_proto.solution)[: mip.pairs], dtype=float)
        value = model.value(x)
        if not np.isfinite(value):
            text = f"{message}; its plan breaks a hard row".lstrip("; ")
            return Solution(Status.FAILED, "cp_sat", version, seconds=seconds, message=text)
        bound = log.cost(solver.best_objective_bound)
        allowed = max(limits.gap, EXACT) * max(1.0, abs(value))
        if status is Status.OPTIMAL and value - bound > allowed:
            status = Status.FEASIBLE
            message = f"CP-SAT: OPTIMAL in whole numbers, whose scaling may cost {whole.error:.3g}"
    elif status is Status.NO_SOLUTION and log.bound > -np.inf:
        bound = log.bound
    return Solution(
        status,
        "cp_sat",
        version,
        x,
        value,
        bound,
        seconds=seconds,
        log=tuple(log.lines),
        message=message,
    )


def fill(proto: Any, mip: Mip, whole: Whole, start: Floats | None) -> None:
    """Write ``whole`` into an empty CP-SAT proto: whole runs at once, a loop over rows only."""
    pairs, accounts = mip.pairs, mip.accounts
    if pairs:
        pick = proto.variables.add()
        pick.domain.extend((0, 1))
        proto.variables.extend([pick] * (pairs - 1))
    for low, high in zip(whole.lower[pairs:].tolist(), whole.upper[pairs:].tolist(), strict=True):
        proto.variables.add().domain.extend((low, high))
    indptr, indices, data = whole.matrix.indptr, whole.matrix.indices, whole.matrix.data
    for account in range(accounts):
        own = indices[indptr[account] : indptr[account + 1]]
        proto.constraints.add().exactly_one.literals.extend(own.tolist())
    for row in range(accounts, whole.matrix.shape[0]):
        part = slice(indptr[row], indptr[row + 1])
        linear = proto.constraints.add().linear
        linear.vars.extend(indices[part].tolist())
        linear.coeffs.extend(data[part].tolist())
        linear.domain.extend((int(whole.row_lower[row]), int(whole.row_upper[row])))
    paid = np.flatnonzero(whole.cost)
    proto.objective.vars.extend(paid.tolist())
    proto.objective.coeffs.extend(whole.cost[paid].tolist())
    proto.objective.scaling_factor = 1.0 / whole.scale
    proto.objective.offset = whole.offset * whole.scale
    if start is not None:
        proto.solution_hint.vars.extend(range(pairs))
        proto.solution_hint.values.extend(np.rint(start).astype(np.int64).tolist())


class _Log:
    """Listens to a running CP-SAT: keeps the improvement log, reports, and asks it to stop."""

    def __init__(
        self,
        cp_model: Any,
        solver: Any,
        pairs: int,
        whole: Whole,
        report: Report | None,
        began: float,
    ) -> None:
        self.lines: list[Improvement] = []
        self.best, self.bound = np.inf, -np.inf
        self._solver, self._report, self._whole, self._began = solver, report, whole, began
        self._lock, self._over = threading.Lock(), threading.Event()
        log = self

        class Callback(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]
            def on_solution_callback(self) -> None:
                x = np.array(list(self.Response().solution)[:pairs], dtype=float)
                log.tell(self.objective_value, self.best_objective_bound, x)

        self.callback = Callback()
        solver.best_bound_callback = lambda bound: self.tell(None, bound, None)
        self._asker = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> _Log:
        if self._report is not None:
            self._asker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._solver.best_bound_callback = None
        if self._report is not None:
            self._asker.join()

    def cost(self, bound: float) -> float:
        """A claimed bound with the error of scaling taken off."""
        return float(bound) - self._whole.error

    def tell(self, best: float | None, bound: float, x: Floats | None) -> None:
        with self._lock:
            self.best = min(self.best, np.inf if best is None else best)
            self.bound = max(self.bound, self.cost(bound))
            line = Improvement(
                perf_counter() - self._began,
                float(self.best) if np.isfinite(self.best) else None,
                float(self.bound) if np.isfinite(self.bound) else None,
            )
            self.lines.append(line)
            if self._report is not None and self._report(line, x):
                self._solver.stop_search()

    def _ask(self) -> None:
        assert self._report is not None
        while not self._over.wait(ASK_SECONDS):
            if self._report(Improvement(perf_counter() - self._began)):
                self._solver.stop_search()


SOLVERS = (
    Solver(
        "cp_sat",
        "CP-SAT (OR-Tools), given whole numbers; the error of scaling is taken off its bound.",
        frozenset({"mip", "bound", "start", "threads", "seed", "progress"}),
        requires("ortools", "ortools>=9.15"),
        solve,
    ),
)
