"""GLOP, the simplex solver of OR-Tools: relaxations and prices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model
from optiterr.solution import Limits, Solution
from optiterr.solvers import Report, Solver, requires
from optiterr.solvers.linear_solver import find_prices


def relax(
    model: Model,
    limits: Limits,
    start: NDArray[np.float64] | None = None,
    report: Report | None = None,
) -> Solution:
    """The relaxed optimum and its row prices; ``x`` holds fractions and is no plan."""
    return find_prices("glop", model, limits, f"random_seed: {limits.seed % (2**31)}")


SOLVERS = (
    Solver(
        "glop",
        "GLOP (OR-Tools), simplex: relaxations and prices, no plans.",
        frozenset({"lp", "prices", "seed"}),
        requires("ortools", "ortools>=9.15"),
        relax=relax,
    ),
)
