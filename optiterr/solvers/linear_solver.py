"""Row prices from OR-Tools' linear solvers, which are given whole arrays."""

from __future__ import annotations

import importlib.metadata
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.solution import Limits, Solution, Status

Floats = NDArray[np.float64]

STATUS = {
    "OPTIMAL": Status.OPTIMAL,
    "FEASIBLE": Status.FEASIBLE,
    "INFEASIBLE": Status.INFEASIBLE,
    "UNBOUNDED": Status.UNBOUNDED,
    "NOT_SOLVED": Status.NO_SOLUTION,
    "CANCELLED_BY_USER": Status.NO_SOLUTION,
}
"""OR-Tools' linear solver status to ours; everything else is ``failed``."""


def find_prices(name: str, model: Model, limits: Limits, options: str) -> Solution:
    """The relaxed optimum of ``model`` and its row prices by OR-Tools' solver ``name``."""
    began, version = perf_counter(), importlib.metadata.version("ortools")
    mip = linearise(model)
    built = perf_counter()
    status, native, seconds = _run(name, _helper(mip), limits, options, began, built)
    if status is not Status.OPTIMAL or not native.has_solution():
        # A relaxation stopped on the way has no prices worth a name.
        ended = Status.NO_SOLUTION if status is Status.FEASIBLE else status
        ended = Status.FAILED if ended is Status.OPTIMAL else ended
        return Solution(ended, name, version, seconds=seconds, message=_words(native))
    values = np.array(native.variable_values(), dtype=float)[: mip.pairs]
    return Solution(
        status,
        name,
        version,
        values,
        float(native.objective_value()),
        None,
        mip.prices(np.array(native.dual_values(), dtype=float), model.rows),
        seconds,
    )


def _helper(mip: Mip) -> Any:
    from ortools.linear_solver.python import model_builder_helper

    helper: Any = model_builder_helper.ModelBuilderHelper()
    matrix = mip.matrix
    narrow = (matrix.data, matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32))
    helper.fill_model_from_sparse_data(
        mip.lower,
        mip.upper,
        mip.cost,
        mip.row_lower,
        mip.row_upper,
        sparse.csr_matrix(narrow, shape=matrix.shape),
    )
    helper.set_objective_offset(mip.offset)
    return helper


def _run(
    name: str, helper: Any, limits: Limits, options: str, began: float, built: float
) -> tuple[Status, Any, dict[str, float]]:
    from ortools.linear_solver.python import model_builder_helper

    native = model_builder_helper.ModelSolverHelper(name)
    native.enable_output(False)
    native.set_time_limit_in_seconds(max(limits.seconds, 1e-3))
    if options:
        native.set_solver_specific_parameters(options)
    handed = perf_counter()
    native.solve(helper)
    seconds = {
        "build": built - began,
        "handover": handed - built,
        "solve": perf_counter() - handed,
    }
    return STATUS.get(native.status().name, Status.FAILED), native, seconds


def _words(native: Any) -> str:
    return f"OR-Tools: {native.status().name} {native.status_string()}".strip()
