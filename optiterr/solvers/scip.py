"""SCIP, as it comes with OR-Tools: plans and bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model
from optiterr.solution import Limits, Solution
from optiterr.solvers import Report, Solver, requires
from optiterr.solvers.linear_solver import find_plan


def solve(
    model: Model,
    limits: Limits,
    start: NDArray[np.float64] | None = None,
    report: Report | None = None,
) -> Solution:
    """The best plan that SCIP finds, with the bound that it claims; silent until it ends."""
    options = {
        "limits/gap": f"{limits.gap:.17g}",
        "randomization/randomseedshift": str(limits.seed % (2**31)),
    }
    return find_plan(
        "scip",
        model,
        limits,
        start,
        "\n".join(f"{name}={value}" for name, value in options.items()),
    )


SOLVERS = (
    Solver(
        "scip",
        "SCIP (OR-Tools), given whole arrays; one thread, and silent until it ends.",
        frozenset({"mip", "bound", "start", "seed"}),
        requires("ortools", "ortools>=9.10"),
        solve,
    ),
)
