"""HiGHS through arrays: plans, bounds, relaxations and prices; the default."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optiterr.errors import SolverError
from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Improvement, Limits, Solution, Status
from optiterr.solvers import Report, Solver, requires, rounded

Floats = NDArray[np.float64]

WORTH_TELLING = 1e-6
"""A claim is told when it is better than the last by this share of itself."""

STATUS = {
    "kOptimal": Status.OPTIMAL,
    "kModelEmpty": Status.OPTIMAL,
    "kInfeasible": Status.INFEASIBLE,
    # Every column has finite bounds, so "unbounded or infeasible" can only be infeasible.
    "kUnboundedOrInfeasible": Status.INFEASIBLE,
    "kUnbounded": Status.UNBOUNDED,
    "kTimeLimit": Status.NO_SOLUTION,
    "kIterationLimit": Status.NO_SOLUTION,
    "kSolutionLimit": Status.NO_SOLUTION,
    "kInterrupt": Status.NO_SOLUTION,
    "kHighsInterrupt": Status.NO_SOLUTION,
    "kMemoryLimit": Status.NO_SOLUTION,
}
"""HiGHS model status to ours; a limit becomes ``feasible`` when there is a plan."""


PROVING: dict[str, bool | int | float] = {
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_effort": 0.0,
    "mip_pscost_minreliable": 1,
    "mip_allow_restart": False,
}
"""Options where HiGHS is to raise the bound, and others look for plans: no heuristics, a column
counts as known for branching after it was tried once, and the root is not done twice."""


def solve(
    model: Model,
    limits: Limits,
    start: Floats | None = None,
    report: Report | None = None,
    *,
    proving: bool = False,
) -> Solution:
    """The best plan that HiGHS finds, with the bound that it claims.

    Where it is ``proving``, it hardly looks for plans better than ``start``.
    """
    if not len(model.pairs):
        return _without_pairs(model)
    began = perf_counter()
    mip = linearise(model, start)
    built = perf_counter()
    highs = load(mip, limits, relaxed=False)
    for name, value in (PROVING if proving else {}).items():
        _set(highs, name, value)
    if start is not None:
        index = np.arange(mip.pairs, dtype=np.int32)
        _check(highs.setSolution(len(index), index, np.asarray(start, float)), "the start")
    log = _Log(highs, mip.pairs, report, began)
    handed = perf_counter()
    highs.run()
    status = _status(highs)
    info = highs.getInfo()
    seconds = _seconds(began, built, handed)
    x, message = None, ""
    if status in (Status.OPTIMAL, Status.NO_SOLUTION) and info.primal_solution_status == 2:
        x = rounded(np.array(highs.getSolution().col_value[: mip.pairs], dtype=float))
        if x is None:
            status, message = Status.FAILED, "a pick is neither 0 nor 1 in the plan that HiGHS gave"
        elif status is Status.NO_SOLUTION:
            status = Status.FEASIBLE
    elif status is Status.OPTIMAL:
        status, message = Status.FAILED, "HiGHS says optimal but gives no plan"
    objective = None
    if x is not None and status.has_plan:
        # Slack columns may be larger than the picks need, or smaller within the solver's tolerance:
        # what the picks cost is counted from them alone.
        counted = model.value(x)
        objective = counted if np.isfinite(counted) else float(info.objective_function_value)
    bound = float(info.mip_dual_bound)
    claims = status.has_plan or status is Status.NO_SOLUTION
    return Solution(
        status,
        "highs",
        highs.version(),
        x,
        objective,
        bound if claims and np.isfinite(bound) else None,
        seconds=seconds,
        log=tuple(log.lines),
        message=message or _words(highs),
    )


def _without_pairs(model: Model) -> Solution:
    """The answer where nothing can be picked: the one empty plan, or none."""
    nothing = np.zeros(0)
    cost = model.value(nothing)
    if model.pairs.accounts or not np.isfinite(cost):
        return Solution(Status.INFEASIBLE, "highs", message="no account has a candidate")
    return Solution(Status.OPTIMAL, "highs", x=nothing, objective=cost, bound=cost)


def relax(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """The relaxed optimum of ``model`` and its row prices; ``x`` holds fractions and is no plan."""
    began = perf_counter()
    mip = linearise(model)
    built = perf_counter()
    highs = load(mip, limits, relaxed=True)
    _Log(highs, mip.pairs, report, began)
    handed = perf_counter()
    highs.run()
    status = _status(highs)
    seconds = _seconds(began, built, handed)
    if status is not Status.OPTIMAL:
        return Solution(status, "highs", highs.version(), seconds=seconds, message=_words(highs))
    answer, value = highs.getSolution(), float(highs.getInfo().objective_function_value)
    if not answer.value_valid or not answer.dual_valid:
        text = "HiGHS says optimal but gives no values or no duals"
        return Solution(Status.FAILED, "highs", highs.version(), seconds=seconds, message=text)
    return Solution(
        status,
        "highs",
        highs.version(),
        np.array(answer.col_value[: mip.pairs], dtype=float),
        value,
        value,
        mip.prices(np.array(answer.row_dual, dtype=float), model.rows),
        seconds,
    )


def load(mip: Mip, limits: Limits, *, relaxed: bool) -> Any:
    """A ``highspy.Highs`` that holds ``mip`` and keeps to ``limits``; arrays are passed whole."""
    import highspy

    # HiGHS keeps one thread pool per process and answers "Not Set" when its size would change.
    highspy.Highs.resetGlobalScheduler(True)
    highs = highspy.Highs()
    options: dict[str, bool | int | float] = {
        "output_flag": False,
        "time_limit": float(limits.seconds),
        "threads": int(limits.threads),
        "random_seed": int(limits.seed) % (2**31),
        "mip_rel_gap": float(limits.gap),
    }
    for name, value in options.items():
        _set(highs, name, value)
    pass_model(highs, mip, relaxed=relaxed)
    return highs


def pass_model(highs: Any, mip: Mip, *, relaxed: bool) -> None:
    """Give ``mip`` to a ``highspy.Highs``."""
    import highspy

    rows, cols = mip.matrix.shape
    kinds = np.zeros(0 if relaxed else cols, dtype=np.int32)
    kinds[: mip.pairs] = int(highspy.HighsVarType.kInteger)
    _check(
        highs.passModel(
            cols,
            rows,
            mip.matrix.nnz,
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            mip.offset,
            mip.cost,
            mip.lower,
            mip.upper,
            mip.row_lower,
            mip.row_upper,
            mip.matrix.indptr.astype(np.int32, copy=False),
            mip.matrix.indices.astype(np.int32, copy=False),
            mip.matrix.data,
            np.zeros(cols, dtype=np.int32) if relaxed else kinds,
        ),
        "the model",
    )


def _set(highs: Any, name: str, value: bool | int | float) -> None:
    """Set an option and read it back: a refused one is silent otherwise."""
    highs.setOptionValue(name, value)
    _, kept = highs.getOptionValue(name)
    if kept != value:
        raise SolverError(
            "solver 'highs'",
            f"option {name} stays {kept!r} when set to {value!r}",
            "choose a value that HiGHS takes",
        )


def _check(answer: Any, what: str) -> None:
    import highspy

    if answer == highspy.HighsStatus.kError:
        raise SolverError("solver 'highs'", f"refuses {what}", "export the model and read its log")


def _status(highs: Any) -> Status:
    return STATUS.get(highs.getModelStatus().name, Status.FAILED)


def _words(highs: Any) -> str:
    name = highs.getModelStatus()
    return "" if name.name == "kOptimal" else f"HiGHS: {highs.modelStatusToString(name)}"


def _seconds(began: float, built: float, handed: float) -> dict[str, float]:
    return {
        "build": built - began,
        "handover": handed - built,
        "solve": perf_counter() - handed,
    }


class _Log:
    """Listens to a running HiGHS: keeps the improvement log, reports, and asks it to stop.

    Claims are heard wherever HiGHS asks whether to go on: it writes its own log rarely.
    """

    def __init__(self, highs: Any, pairs: int, report: Report | None, began: float) -> None:
        self.lines: list[Improvement] = []
        self._pairs, self._report, self._began = pairs, report, began
        self._best, self._bound = np.inf, -np.inf
        highs.cbMipImprovingSolution += self._improved
        highs.cbMipLogging += self._claimed
        highs.cbMipInterrupt += self._asked
        if report is not None:
            highs.cbSimplexInterrupt += self._stopped
            highs.cbIpmInterrupt += self._stopped

    def _tell(self, event: Any, x: Floats | None) -> None:
        out = event.data_out
        self._best = min(float(out.mip_primal_bound), self._best)
        self._bound = max(float(out.mip_dual_bound), self._bound)
        line = Improvement(
            perf_counter() - self._began,
            self._best if np.isfinite(self._best) else None,
            self._bound if np.isfinite(self._bound) else None,
        )
        self.lines.append(line)
        if self._report is not None and self._report(line, x):
            event.interrupt()

    def _improved(self, event: Any) -> None:
        values = np.array(event.data_out.mip_solution[: self._pairs], dtype=float)
        self._tell(event, values)

    def _claimed(self, event: Any) -> None:
        bound = float(event.data_out.mip_dual_bound)
        if bound > self._bound + WORTH_TELLING * abs(bound):
            self._tell(event, None)

    def _asked(self, event: Any) -> None:
        self._claimed(event)
        self._stopped(event)

    def _stopped(self, event: Any) -> None:
        if self._report is not None and self._report(Improvement(perf_counter() - self._began)):
            event.interrupt()


SOLVERS = (
    Solver(
        "highs",
        "HiGHS (highspy), given whole arrays; the default.",
        frozenset({"mip", "lp", "bound", "prices", "start", "threads", "seed", "progress"}),
        requires("highspy", "highspy>=1.11,<1.14"),
        solve,
        relax,
    ),
)
