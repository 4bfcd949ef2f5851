"""PDLP, the first-order solver of OR-Tools: relaxations and prices of large models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optiterr.model import Model
from optiterr.solution import Limits, Solution
from optiterr.solvers import Report, Solver, requires
from optiterr.solvers.linear_solver import find_prices

TOLERANCE = 1e-6
"""Relative gap and infeasibility at which PDLP stops; its prices prove a bound at any tolerance."""


def relax(
    model: Model,
    limits: Limits,
    start: NDArray[np.float64] | None = None,
    report: Report | None = None,
) -> Solution:
    """The relaxed optimum, to PDLP's tolerance, and its row prices; ``x`` is no plan."""
    stop = f"eps_optimal_relative: {TOLERANCE} eps_optimal_absolute: {TOLERANCE}"
    options = (
        f"termination_criteria {{ simple_optimality_criteria {{ {stop} }} "
        f"time_sec_limit: {max(limits.seconds, 1e-3)} }} num_threads: {limits.threads}"
    )
    return find_prices("pdlp", model, limits, options)


SOLVERS = (
    Solver(
        "pdlp",
        "PDLP (OR-Tools), first order: relaxations and prices of large models, no plans.",
        frozenset({"lp", "prices", "threads", "seed"}),
        requires("ortools", "ortools>=9.15"),
        relax=relax,
    ),
)
