"""Which solver a model is sent to when the user leaves the choice to us, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optiterr.model import Model
from optiterr.rowfunctions import Band
from optiterr.search import decompose
from optiterr.search.core import Floats
from optiterr.solution import Limits, Solution
from optiterr.solvers import Report, Solver, register, requires, solver
from optiterr.spread import Spread
from optiterr.worst_of import WorstOf

SMALL = 1_000
"""Up to so many candidate pairs a general solver is usually as good as any."""

WHOLE = 400_000
"""Up to so many pairs a general solver is asked where charges reach beyond what moves can see."""


@dataclass(frozen=True)
class Route:
    """The chosen solver and one line that says why."""

    solver: str
    why: str


def route(model: Model, asked: str = "auto") -> Route:
    """The solver for ``model``: the one asked for, or the one most likely to end well.

    Looks at the number of pairs, the accounts for each rep, how tight the limits on reps are and
    which charges there are.
    """
    if asked != "auto":
        return Route(solver(asked).name, "")
    pairs, accounts = len(model.pairs), model.pairs.accounts
    if pairs <= SMALL:
        return Route(
            "highs",
            f"{accounts:,} accounts and {pairs:,} pairs fit a general solver; "
            "a greedy plan is its safety net",
        )
    beyond = [block.rule for block in model.blocks if isinstance(block.function, Spread | WorstOf)]
    if beyond and pairs <= WHOLE:
        return Route(
            "highs",
            f"rule {beyond[0]!r} charges over many pairs at once, which moves see badly, and "
            f"{pairs:,} pairs still fit a general solver",
        )
    each = accounts / max(1, len(np.unique(model.pairs.rep)))
    return Route(
        decompose.DECOMPOSE.name,
        f"{pairs:,} pairs, {each:,.0f} accounts a rep{_tightness(model)}: "
        "more than general solvers end well with",
    )


def _tightness(model: Model) -> str:
    """How much room the tightest limits on reps leave over an equal share, in words."""
    rooms = []
    reps = len(model.rep_ids)
    for block in model.blocks:
        if isinstance(block.function, Band) and block.rows in (reps, reps - 1):
            upper = block.function.upper[np.isfinite(block.function.upper)]
            count = np.bincount(
                model.pairs.account[block.matrix.indices], minlength=model.pairs.accounts
            )
            total = np.bincount(
                model.pairs.account[block.matrix.indices],
                block.matrix.data,
                minlength=model.pairs.accounts,
            )
            load = float(np.divide(total, count, out=np.zeros(len(total)), where=count > 0).sum())
            if len(upper) == block.rows and load > 0:
                rooms.append(float(upper.sum()) / load - 1.0)
    return f", {min(rooms):.0%} room in the tightest limit" if rooms else ""


def solve(
    model: Model, limits: Limits, start: Floats | None = None, report: Report | None = None
) -> Solution:
    """The answer of the solver that :func:`route` chooses; its message begins with the reason."""
    chosen = route(model)
    one = solver(chosen.solver)
    assert one.solve is not None
    return one.solve(model, limits, start, report)


AUTO = register(
    Solver(
        "auto",
        "The solver most likely to end well, by size, shape and rules: highs or decompose.",
        frozenset({"mip", "bound", "start", "threads", "seed", "progress"}),
        requires("highspy", "highspy>=1.11,<1.14"),
        solve,
    )
)
