"""SCIP, as it comes with OR-Tools: plans and bounds, told while it works."""

from __future__ import annotations

import importlib.metadata
import signal
import threading
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solver, requires, rounded

Floats = NDArray[np.float64]

STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "FEASIBLE": Status.FEASIBLE,
    "INFEASIBLE": Status.INFEASIBLE,
    # Every column has finite bounds, so "infeasible or unbounded" can only be infeasible.
    "INFEASIBLE_OR_UNBOUNDED": Status.INFEASIBLE,
    "UNBOUNDED": Status.UNBOUNDED,
    "NO_SOLUTION_FOUND": Status.NO_SOLUTION,
}
"""MathOpt's reason of termination to ours; everything else is ``failed``."""

ASK_SECONDS = 0.1
"""Seconds between two questions whether to stop."""


def solve(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """The best plan that SCIP finds, with the bound that it claims.

    A stop is heard between two relaxations, not within one: on large models this may take seconds.
    """
    from ortools.math_opt import model_parameters_pb2, parameters_pb2
    from ortools.math_opt.core.python import solver as mathopt
    from pybind11_abseil.status import StatusNotOk  # type: ignore[import-untyped]

    began, version = perf_counter(), importlib.metadata.version("ortools")
    mip = linearise(model, start)
    built = perf_counter()
    own = parameters_pb2.SolveParametersProto()
    own.time_limit.FromMicroseconds(int(max(limits.seconds, 1e-3) * 1e6))
    own.relative_gap_tolerance = limits.gap
    own.random_seed = limits.seed % (2**31)
    more = model_parameters_pb2.ModelSolveParametersProto()
    if start is not None:
        _sparse(more.solution_hints.add().variable_values, np.arange(mip.pairs), np.rint(start))
    log = _Log(model, mip.pairs, report, began)
    own.gscip.bool_params["misc/catchctrlc"] = log.catches
    first = parameters_pb2.SolverInitializerProto()
    kind = parameters_pb2.SOLVER_TYPE_GSCIP
    try:
        native = mathopt.new(kind, _proto(mip), first)
        handed = perf_counter()
        with log:
            answer = native.solve(own, more, log.begin, log.events(), log.hear, None)
    except StatusNotOk as error:
        return Solution(Status.FAILED, "scip", version, message=f"SCIP: {error}")
    seconds = {
        "build": built - began,
        "handover": handed - built,
        "solve": perf_counter() - handed,
    }
    status, message = _status(answer)
    claimed = answer.termination.objective_bounds.dual_bound
    claims = status.has_plan or status is Status.NO_SOLUTION
    bound = float(claimed) if claims and _is_finite(claimed) else None
    x = value = None
    if status.has_plan:
        if not answer.solutions:
            text = f"{message or 'SCIP: OPTIMAL'}, but gives no plan"
            return Solution(Status.FAILED, "scip", version, seconds=seconds, message=text)
        best = answer.solutions[0].primal_solution
        x = rounded(_dense(best.variable_values, mip.pairs))
        if x is None:
            text = "a pick is neither 0 nor 1 in the plan that it gave"
            return Solution(Status.FAILED, "scip", version, seconds=seconds, message=text)
        # While the gap is open, slack columns of the incumbent may be larger than its picks need,
        # so that a plan met earlier costs less than the one that SCIP takes for its best.
        counted = model.value(x)
        value = counted if np.isfinite(counted) else float(best.objective_value)
        if log.x is not None and log.best < value:
            x, value = log.x, log.best
    return Solution(
        status,
        "scip",
        version,
        x,
        value,
        bound,
        seconds=seconds,
        log=tuple(log.lines),
        message=message,
    )


def _proto(mip: Mip) -> Any:
    """``mip`` as MathOpt's message: one list per array, no loop over pairs."""
    from ortools.math_opt import model_pb2

    proto = model_pb2.ModelProto()
    matrix = mip.matrix if mip.matrix.has_sorted_indices else mip.matrix.sorted_indices()
    rows, cols = matrix.shape
    proto.variables.ids.extend(range(cols))
    proto.variables.lower_bounds.extend(mip.lower.tolist())
    proto.variables.upper_bounds.extend(mip.upper.tolist())
    proto.variables.integers.extend(mip.integer.tolist())
    proto.objective.offset = mip.offset
    paid = np.flatnonzero(mip.cost)
    _sparse(proto.objective.linear_coefficients, paid, mip.cost[paid])
    proto.linear_constraints.ids.extend(range(rows))
    proto.linear_constraints.lower_bounds.extend(mip.row_lower.tolist())
    proto.linear_constraints.upper_bounds.extend(mip.row_upper.tolist())
    entries = proto.linear_constraint_matrix
    entries.row_ids.extend(np.repeat(np.arange(rows), np.diff(matrix.indptr)).tolist())
    entries.column_ids.extend(matrix.indices.tolist())
    entries.coefficients.extend(matrix.data.tolist())
    return proto


def _sparse(vector: Any, ids: NDArray[np.int64], values: Floats) -> None:
    """Write ``values`` into an empty sparse vector of MathOpt."""
    vector.ids.extend(ids.tolist())
    vector.values.extend(values.tolist())


def _dense(vector: Any, pairs: int) -> Floats:
    """The values of the first ``pairs`` columns in a sparse vector of MathOpt."""
    ids = np.array(vector.ids, dtype=np.int64)
    values, inside = np.array(vector.values, dtype=float), ids < pairs
    x = np.zeros(pairs)
    x[ids[inside]] = values[inside]
    return x


def _status(answer: Any) -> tuple[Status, str]:
    """Our status and the words that go with it."""
    from ortools.math_opt import result_pb2

    end = answer.termination
    reason = result_pb2.TerminationReasonProto.Name(end.reason).removeprefix("TERMINATION_REASON_")
    status = STATUS.get(reason, Status.FAILED)
    if status is Status.OPTIMAL:
        return status, ""
    limit = result_pb2.LimitProto.Name(end.limit) if end.limit else ""
    return status, " ".join(word for word in ("SCIP:", reason, limit, end.detail) if word)


def _is_finite(number: float) -> bool:
    """Whether ``number`` is less than what SCIP calls infinite."""
    return bool(abs(number) < 1e20)


class _Log:
    """Listens to a running SCIP: keeps the improvement log, reports, and asks it to stop.

    OR-Tools' own interrupt is heard only between nodes; the first node may take minutes. SCIP looks
    for SIGINT far more often, so a stop is sent as one. While the log is entered, SIGINT ends SCIP
    and nothing else. Only the main thread may arrange this; elsewhere a stop waits for the next
    plan or relaxation.
    """

    def __init__(self, model: Model, pairs: int, report: Report | None, began: float) -> None:
        self.lines: list[Improvement] = []
        self.x: Floats | None = None
        self.best, self._bound = np.inf, -np.inf
        self.catches = threading.current_thread() is threading.main_thread()
        self._model, self._pairs, self._report, self._began = model, pairs, report, began
        self._begun, self._over, self._asked = False, threading.Event(), False
        self._asker = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> _Log:
        if self.catches:
            # What comes before SCIP listens, or after, must not be a KeyboardInterrupt here.
            self._previous = signal.signal(signal.SIGINT, lambda *_: None)
        if self._report is not None:
            self._asker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._report is not None:
            self._asker.join()
        if self.catches:
            previous = self._previous
            signal.signal(signal.SIGINT, signal.SIG_DFL if previous is None else previous)

    def events(self) -> Any:
        """What to be told of: plans without their zeros, and relaxations without their values."""
        from ortools.math_opt import callback_pb2

        wanted = callback_pb2.CallbackRegistrationProto()
        wanted.request_registration.extend(
            (callback_pb2.CALLBACK_EVENT_MIP_SOLUTION, callback_pb2.CALLBACK_EVENT_MIP_NODE)
        )
        wanted.mip_solution_filter.skip_zero_values = True
        wanted.mip_node_filter.filter_by_ids = True
        return wanted

    def begin(self, _: list[str]) -> None:
        """SCIP prints, so it has begun to listen."""
        self._begun = True

    def hear(self, event: Any) -> Any:
        """Take down a plan or a better bound; answers whether to stop."""
        from ortools.math_opt import callback_pb2

        x = None
        if event.event == callback_pb2.CALLBACK_EVENT_MIP_SOLUTION:
            x = rounded(_dense(event.primal_solution_vector, self._pairs))
        self._tell(float(event.mip_stats.dual_bound), x)
        return callback_pb2.CallbackResultProto(terminate=self._asked)

    def _tell(self, bound: float, x: Floats | None) -> None:
        value = np.inf if x is None else self._model.value(x)
        better = value < self.best
        higher = _is_finite(bound) and bound > self._bound + 1e-9 * abs(bound)
        if better:
            self.best, self.x = value, x
        if higher:
            self._bound = bound
        if not better and not higher:
            return
        line = Improvement(
            perf_counter() - self._began,
            float(self.best) if np.isfinite(self.best) else None,
            float(self._bound) if np.isfinite(self._bound) else None,
        )
        self.lines.append(line)
        if self._report is not None and self._report(line, x if better else None):
            self._asked = True

    def _ask(self) -> None:
        assert self._report is not None
        while not self._over.wait(ASK_SECONDS):
            if not self._asked and self._report(Improvement(perf_counter() - self._began)):
                self._asked = True
            if self._asked and self._begun:
                if self.catches:
                    signal.raise_signal(signal.SIGINT)
                return


SOLVERS = (
    Solver(
        "scip",
        "SCIP (OR-Tools), given whole arrays; one thread.",
        frozenset({"mip", "bound", "start", "seed", "progress"}),
        requires("ortools", "ortools>=9.15"),
        solve,
    ),
)
