"""Small programs solved with an amount of work, not of seconds: a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from optiterr.linear import Mip, linearise
from optiterr.model import Model
from optiterr.search.core import Floats, Ints

SOLVERS = ("cp_sat", "highs")
"""Solvers of small programs, the usually better one first."""

NODES = 25
"""Nodes of HiGHS that count as one unit of work; a unit is about a second of CP-SAT."""

ROOT = 1 / NODES
"""Work in which HiGHS does only the root."""

GAP = 1e-5
"""Relative gap at which a small program counts as solved."""


ITERATIONS = 4_000
"""Steps of the simplex method of HiGHS that are told as one unit of work."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The pairs picked in a small program, if any, whether it is solved (None where nothing of that
    kind was tried), and units of work."""

    picked: Ints | None
    done: bool | None
    work: float


def solved(model: Model, begin: Ints | None, by: str, work: float, seed: int, end: float) -> Answer:
    """What solver ``by`` makes of ``model``.

    ``begin`` is a plan to start from. Stops after ``work`` units, or when the clock shows ``end``.
    """
    seconds = end - perf_counter()
    if seconds <= 0.0:
        return Answer(None, False, 0.0)
    start = None if begin is None else model.picks(begin)
    ask = _cp_sat if by == "cp_sat" else _highs
    return ask(model, linearise(model, start), start, work, seed, seconds)


def _cp_sat(
    model: Model, mip: Mip, start: Floats | None, work: float, seed: int, seconds: float
) -> Answer:
    from ortools.sat.python import cp_model

    from optiterr.solvers.cp_sat import fill
    from optiterr.solvers.integers import TooWideError, whole_numbers

    try:
        whole = whole_numbers(mip)
    except TooWideError:
        return Answer(None, True, 0.0)
    if (whole.row_lower > whole.row_upper).any():
        return Answer(None, True, 0.0)
    native = cp_model.CpModel()
    fill(native.proto, mip, whole, start)
    solver = cp_model.CpSolver()
    own = solver.parameters
    own.max_deterministic_time = work
    own.max_time_in_seconds = seconds
    own.relative_gap_limit = GAP
    own.random_seed = seed % (2**31)
    own.num_workers = 1
    own.linearization_level = 2
    status = solver.status_name(solver.solve(native))
    spent = float(solver.response_proto.deterministic_time)
    if status not in ("OPTIMAL", "FEASIBLE"):
        return Answer(None, status == "INFEASIBLE", spent)
    values = np.array(list(solver.response_proto.solution)[: mip.pairs], dtype=float)
    return Answer(model.choice(values), status == "OPTIMAL", spent)


def _highs(
    model: Model, mip: Mip, start: Floats | None, work: float, seed: int, seconds: float
) -> Answer:
    import highspy

    from optiterr.solvers.highs import pass_model

    highs = highspy.Highs()
    options: dict[str, bool | int | float] = {
        "output_flag": False,
        "time_limit": float(seconds),
        "threads": 1,
        "random_seed": seed % (2**31),
        "mip_rel_gap": GAP,
        "mip_max_nodes": max(1, int(work * NODES)),
    }
    for name, value in options.items():
        highs.setOptionValue(name, value)
    pass_model(highs, mip, relaxed=False)
    if start is not None:
        index = np.arange(mip.pairs, dtype=np.int32)
        highs.setSolution(len(index), index, start)
    highs.run()
    done = highs.getModelStatus().name in ("kOptimal", "kInfeasible")
    told = highs.getInfo()
    spent = max(told.simplex_iteration_count, 0) / ITERATIONS
    if told.primal_solution_status != 2:
        return Answer(None, done, spent)
    values = np.rint(np.array(highs.getSolution().col_value[: mip.pairs], dtype=float))
    return Answer(model.choice(values), done, spent)
